r"""Conjugate gradients with exact lines: the kernels of `conjugate`.

Word lines are eliminated exactly (each is a tridiagonal system), the iteration runs on the nodes of the bit lines,
and the bit lines, exact again, are its preconditioner. One step is two passes over memory: down the bit lines with
the new residual, and back up them, where each group of eight word lines is solved as soon as its direction is known.
All factors come from conductances seen along a line, sums of positive numbers, so that nothing cancels even on a line
that floats.

Matrices are (word line, bit line) padded to whole vectors, a row is `stride` numbers. Word line factors are stored in
groups of eight lines, (group, bit line, lane).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.crossbar.wires._lanes import (
    LANES,
    add,
    divide,
    fma,
    fnma,
    load,
    mul,
    spread,
    store,
    subtract,
    total,
    transpose_in,
    transpose_out,
    transpose_product,
)

WORD, BIT = 0, 1


@njit(cache=True, nogil=True)
def factor(cells, shape, wires, near_word, far_word, near_bit, far_bit, word_factor, bit_factor, line):
    """Reciprocal pivots of all lines: `word_factor` (group, bit line, lane) and `bit_factor` like `cells`.

    `shape` is (lines, columns, padded lines, padded columns, stride), `wires` the conductance (S) of a segment of
    either kind, near and far those between the ends of the lines and their terminals. A line that is joined to
    nothing has factors of 0.
    """
    lines, columns, high, wide, stride = shape
    gw, gb = wires[WORD], wires[BIT]
    segment = spread(gw)
    one = spread(1.0)
    for group in range(high // LANES):
        base = group * wide * LANES
        seen = load(near_word, group * LANES)
        for j in range(0, wide, LANES):
            transpose_in(cells, group * LANES * stride + j, stride, line, 0)
            for k in range(LANES):
                along = add(seen, load(line, k * LANES))
                if j + k == columns - 1:
                    along = add(along, load(far_word, group * LANES))
                last = j + k == wide - 1
                found = divide(one, along if last else add(along, segment))
                store(word_factor, base + (j + k) * LANES, found)
                seen = mul(mul(segment, along), found)
        # Nothing at all on a line, not even a terminal: no current ever, and no division by zero.
        for k in range((wide - 1) * LANES, wide * LANES):
            if not np.isfinite(word_factor[base + k]):
                word_factor[base + k] = 0.0
    for j in range(wide):
        line[j] = far_bit[j]
    segment = spread(gb)
    for i in range(lines):
        row = i * stride
        last = i == lines - 1
        for j in range(0, wide, LANES):
            along = add(load(line, j), load(cells, row + j))
            found = divide(one, add(along, load(near_bit, j) if last else segment))
            store(bit_factor, row + j, found)
            store(line, j, mul(mul(segment, along), found))
    row = (lines - 1) * stride
    for j in range(wide):
        if not np.isfinite(bit_factor[row + j]):
            bit_factor[row + j] = 0.0


@njit(cache=True, nogil=True)
def _word_lines(base, wide, gw, word_factor, line):
    """Solve eight word lines: `line` (bit line, lane) holds currents (A) and becomes voltages (V)."""
    segment = spread(gw)
    x = spread(0.0)
    for j in range(0, wide * LANES, LANES):
        e = load(word_factor, base + j)
        x = fma(mul(segment, e), x, mul(e, load(line, j)))
        store(line, j, x)
    x = load(line, (wide - 1) * LANES)
    for j in range((wide - 2) * LANES, -LANES, -LANES):
        e = mul(segment, load(word_factor, base + j))
        x = fma(e, x, load(line, j))
        store(line, j, x)


@njit(cache=True, nogil=True)
def word_voltages(cells, shape, wires, word_factor, near, far, injected, word_current, voltage, found, line):
    """`found` = voltages (V) of the word lines when the bit lines have `voltage`.

    `near` and `far` are the currents (A) of the terminals of each word line, `word_current` those that flow into its
    nodes besides, where `injected`.
    """
    columns, high, wide, stride = shape[1], shape[2], shape[3], shape[4]
    for group in range(high // LANES):
        row = group * LANES * stride
        for j in range(0, wide, LANES):
            for k in range(LANES):
                at = row + k * stride + j
                flow = mul(load(cells, at), load(voltage, at))
                if injected:
                    flow = add(flow, load(word_current, at))
                store(found, at, flow)
            transpose_in(found, row + j, stride, line, j * LANES)
        _add_ends(group, columns, near, far, line)
        _word_lines(group * wide * LANES, wide, wires[WORD], word_factor, line)
        for j in range(0, wide, LANES):
            transpose_out(line, j * LANES, found, row + j, stride)


@njit(cache=True, nogil=True)
def _add_ends(group, columns, near, far, line):
    store(line, 0, add(load(line, 0), load(near, group * LANES)))
    last = (columns - 1) * LANES
    store(line, last, add(load(line, last), load(far, group * LANES)))


@njit(cache=True, nogil=True)
def start(cells, shape, wires, word_factor, near, far, residual, line):
    """`residual` = currents (A) into bit lines at 0 V from word lines with the terminal currents `near`, `far`."""
    columns, high, wide, stride = shape[1], shape[2], shape[3], shape[4]
    for group in range(high // LANES):
        row = group * LANES * stride
        for j in range(0, wide * LANES, LANES):
            store(line, j, spread(0.0))
        _add_ends(group, columns, near, far, line)
        _word_lines(group * wide * LANES, wide, wires[WORD], word_factor, line)
        for j in range(0, wide, LANES):
            transpose_out(line, j * LANES, residual, row + j, stride)
            for k in range(LANES):
                at = row + k * stride + j
                store(residual, at, mul(load(residual, at), load(cells, at)))


@njit(cache=True, nogil=True)
def _down(shape, gb, bit_factor, step, product, residual, half):
    """New residual, and the preconditioner half way: returns the square of the residual in its norm."""
    lines, wide, stride = shape[0], shape[3], shape[4]
    alpha, segment = spread(step), spread(gb)
    sum0, sum1 = spread(0.0), spread(0.0)
    for i in range(lines):
        row = i * stride
        above = row - stride
        for j in range(0, wide, LANES):
            at = row + j
            r = fnma(alpha, load(product, at), load(residual, at))
            store(residual, at, r)
            y = r if i == 0 else fma(segment, load(half, above + j), r)
            z = mul(load(bit_factor, at), y)
            store(half, at, z)
            if j & LANES:
                sum0 = fma(y, z, sum0)
            else:
                sum1 = fma(y, z, sum1)
    return total(add(sum0, sum1))


@njit(cache=True, nogil=True)
def _up(
    cells,
    shape,
    wires,
    near_bit,
    far_bit,
    word_factor,
    bit_factor,
    turn,
    half,
    direction,
    product,
    line,
    below,
    turned,
):
    """New direction and its product with the matrix; returns direction times product."""
    lines, high, wide, stride = shape[0], shape[2], shape[3], shape[4]
    gb = wires[BIT]
    segment, beta = spread(gb), spread(turn)
    dot = 0.0
    for j in range(0, wide, LANES):
        store(below, j, spread(0.0))
    for group in range((lines - 1) // LANES, -2, -1):
        if group >= 0:
            for i in range(min(lines, (group + 1) * LANES) - 1, group * LANES - 1, -1):
                row = i * stride
                for j in range(0, wide, LANES):
                    at = row + j
                    x = fma(mul(segment, load(bit_factor, at)), load(below, j), load(half, at))
                    store(below, j, x)
                    store(direction, at, fma(beta, load(direction, at), x))
        # One group behind: the product needs the row above.
        if group + 1 < high // LANES and group + 1 <= (lines - 1) // LANES:
            dot += _product(
                cells,
                shape,
                wires,
                near_bit,
                far_bit,
                word_factor,
                group + 1,
                direction,
                product,
                line,
                turned,
            )
    return dot


@njit(cache=True, nogil=True)
def _product(cells, shape, wires, near_bit, far_bit, word_factor, group, direction, product, line, turned):
    """Product of the matrix and `direction` in eight rows; returns their share of direction times product."""
    lines, wide, stride = shape[0], shape[3], shape[4]
    segment = spread(wires[BIT])
    first = group * LANES * stride
    for j in range(0, wide, LANES):
        transpose_product(direction, first + j, stride, cells, line, j * LANES)
    _word_lines(group * wide * LANES, wide, wires[WORD], word_factor, line)
    dot = spread(0.0)
    for j in range(0, wide, LANES):
        transpose_out(line, j * LANES, turned, 0, LANES)
        for k in range(LANES):
            i = group * LANES + k
            if i >= lines:
                break
            at = i * stride + j
            p = load(direction, at)
            flow = mul(load(cells, at), subtract(p, load(turned, k * LANES)))
            if i > 0:
                flow = fma(segment, subtract(p, load(direction, at - stride)), flow)
            else:
                flow = fma(load(far_bit, j), p, flow)
            if i < lines - 1:
                flow = fma(segment, subtract(p, load(direction, at + stride)), flow)
            else:
                flow = fma(load(near_bit, j), p, flow)
            store(product, at, flow)
            dot = fma(p, flow, dot)
    return total(dot)


@njit(cache=True, nogil=True)
def iterate(
    cells, shape, wires, near_bit, far_bit, word_factor, bit_factor, residual, voltage, whole, tolerance, most,
    half, direction, product, line, below, turned,
):  # fmt: skip
    """Solve for the `voltage` (V) of the bit lines, from 0, with the currents `residual` (A), which are used up.

    Without `whole` only the first and the last row of `voltage` are kept up, and the steps end when all that will
    still change in the current of any terminal is expected to be `tolerance` of the largest; with it, when that holds
    for the whole array in the norm of the energy as well. Returns (steps, estimated error).
    """
    lines, wide, stride = shape[0], shape[3], shape[4]
    last = (lines - 1) * stride
    gb = wires[BIT]
    for i in range(lines):
        for j in range(0, wide, LANES):
            store(direction, i * stride + j, spread(0.0))
            store(product, i * stride + j, spread(0.0))
            if whole or i == 0 or i == lines - 1:
                store(voltage, i * stride + j, spread(0.0))
    alpha, size, before, error, energy = 0.0, 0.0, 0.0, np.inf, 0.0
    slow = np.zeros(3)
    for step in range(most + 1):
        old = size
        size = _down(shape, gb, bit_factor, alpha, product, residual, half)
        if size <= 0.0:
            return step, 0.0
        if step > 0 and error <= tolerance:
            return step, error
        if step == most:
            return step, error
        slope = _up(
            cells, shape, wires, near_bit, far_bit, word_factor, bit_factor, size / old if step > 0 else 0.0, half,
            direction, product, line, below, turned,
        )  # fmt: skip
        if slope <= 0.0:
            return step, error
        alpha = size / slope
        change, largest = 0.0, 0.0
        scale = spread(alpha)
        for i in range(lines):
            if whole or i == 0 or i == lines - 1:
                for j in range(0, wide, LANES):
                    at = i * stride + j
                    store(voltage, at, fma(scale, load(direction, at), load(voltage, at)))
        for j in range(wide):
            change = max(
                change, abs(alpha * direction[last + j] * near_bit[j]), abs(alpha * direction[j] * far_bit[j])
            )
            largest = max(largest, abs(voltage[last + j] * near_bit[j]), abs(voltage[j] * far_bit[j]))
        # The energy that a step takes away falls from step to step as the square of the error does.
        taken = alpha * size
        if step > 0:
            slow[step % 3] = min(taken / before, 0.9999)
            rate = np.sqrt(slow.max())
            error = change / largest * rate / (1.0 - rate) if largest > 0.0 else 0.0
            if whole or largest == 0.0:
                error = max(error, np.sqrt(taken / (energy + taken)) * rate / (1.0 - rate))
        before = taken
        energy += taken
    return most, error
