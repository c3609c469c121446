"""Large blocks of an array merged by BLAS: the numbers of `merge_plan.whole_plan`.

A merge is a Cholesky factor of the nodes on the cut, its inverse (a product with it costs twice the operations of a
triangular solve, and a tenth of the time at these sizes), and one symmetric update.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.crossbar.wires._blas import downdate, multiply
from pinched.crossbar.wires._lanes import LANES, fnma, load, spread, store
from pinched.crossbar.wires._part_kernels import part_matrix
from pinched.crossbar.wires.merge_plan import (
    CUT,
    KIND,
    LEAF,
    OUT,
    PART,
    REST,
    ROWS,
    RUN_COUNT,
    RUNS,
    A,
    B,
)

_BLOCK = 32


@njit(cache=True, nogil=True)
def merged(
    blas, plan, part, program, leaf, cells, height, width, conductances, inputs, room, part_room, found
):  # fmt: skip
    """Write the effective conductance (S, (input, output)) of `cells` (word line, bit line) to `found`.

    `conductances` (S): first segment of a word line with its source, other segments, last segment of a bit line with
    its amplifier, other segments. `inputs` is the number of word lines.
    """
    steps, maps, runs = plan
    work, panel, solved, inverse, small = room
    part_steps, part_work = part[0], part_room[0]
    columns = cells.shape[1] // width
    lines = cells.shape[0] // height
    ready = 0
    terminals = 2 * (height + width)
    for s in range(steps.shape[0]):
        step = steps[s]
        if step[KIND] == LEAF:
            if ready % LANES == 0:
                _eight_parts(
                    steps,
                    s,
                    part,
                    program,
                    leaf,
                    cells,
                    height,
                    width,
                    lines,
                    columns,
                    conductances,
                    part_room,
                )
            lane = ready % LANES
            ready += 1
            start = part_steps[part_steps.shape[0] - 1, OUT]
            for i in range(terminals):
                p = maps[step[ROWS] + i]
                for j in range(i + 1):
                    q = maps[step[ROWS] + j]
                    place = start + max(p, q) * terminals + min(p, q)
                    work[step[OUT] + i * terminals + j] = part_work[place * LANES + lane]
            continue
        cut, rest = step[CUT], step[REST]
        root = s == steps.shape[0] - 1
        _assemble(step, maps, runs, work, panel, inputs if root else rest)
        _invert(blas, panel, cut, inverse, small)
        # Row by row, `panel` is (rest, cut); column by column it is its transpose.
        _solve(blas, inverse, panel, solved, cut, rest)
        if not root:
            downdate(blas, rest, cut, solved, 0, cut, work, step[OUT], rest)
            continue
        outputs = rest - inputs
        # The block (output, input) of the reduced matrix; the current out of an output is its negative.
        for j in range(outputs):
            for i in range(inputs):
                found[i, j] = -work[step[OUT] + (inputs + j) * rest + i]
        flat = found.reshape(found.size)
        multiply(
            blas, True, False, outputs, inputs, cut, 1.0, solved, inputs * cut, cut, solved, 0, cut, 1.0, flat, 0,
            outputs,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _eight_parts(
    steps, s, part, program, leaf, cells, height, width, lines, columns, conductances, part_room
):
    """The matrices of the next eight parts in the order of the steps, one per lane."""
    part_steps, part_maps, part_runs = part
    sparse_cells, counts, code, matrix = program
    part_work, part_panel, gathered, slots, sides, pivots = part_room
    first_word, word, last_bit, bit = sides
    lane = 0
    part = 0
    while lane < LANES:
        if s < steps.shape[0] and steps[s, KIND] != LEAF:
            s += 1
            continue
        # Lanes left over at the end repeat the last part.
        if s < steps.shape[0]:
            part = steps[s, PART]
            s += 1
        row, column = part // columns, part % columns
        first_word[lane] = conductances[0] if column == 0 else conductances[1]
        word[lane] = conductances[1]
        last_bit[lane] = conductances[2] if row == lines - 1 else conductances[3]
        bit[lane] = conductances[3]
        for i in range(height):
            for j in range(width):
                gathered[(i * width + j) * LANES + lane] = cells[row * height + i, column * width + j]
        lane += 1
    part_matrix(
        part_steps, part_maps, part_runs, sparse_cells, counts, code, matrix, gathered, first_word, word, last_bit,
        bit, leaf[0], leaf[1], width // leaf[1], part_work, part_panel, slots, pivots,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _assemble(step, maps, runs, work, panel, wanted):
    """The rows of both blocks in the order of the front: columns that are eliminated to `panel`, others to OUT.

    Of the others the first `wanted`; fewer than all are those of the root, which needs them in its last rows alone.
    """
    cut, rest = step[CUT], step[REST]
    size = cut + rest
    last = cut + wanted if wanted < rest else 0
    for row in range(size):
        in_a = maps[step[ROWS] + row]
        in_b = maps[step[ROWS] + size + row]
        from_a = step[A] + in_a * step[A + 1]
        from_b = step[B] + in_b * step[B + 1]
        for r in range(step[RUNS], step[RUNS] + step[RUN_COUNT]):
            start = runs[r, 0]
            if start > row or (start >= cut and (start >= cut + wanted or row < last)):
                break
            length = min(runs[r, 1], row + 1 - start)
            a, b = from_a + runs[r, 2], from_b + runs[r, 3]
            there = in_a >= 0 and runs[r, 2] >= 0
            here = in_b >= 0 and runs[r, 3] >= 0
            if start < cut:
                target, place = panel, row * cut + start
            else:
                target, place = work, step[OUT] + (row - cut) * rest + start - cut
            k = 0
            if there and here:
                for k in range(length):
                    target[place + k] = work[a + k] + work[b + k]
            elif there or here:
                # By hand, eight at a time: the compiler cannot know that source and target lie apart.
                source = a if there else b
                while k + LANES <= length:
                    store(target, place + k, load(work, source + k))
                    k += LANES
                while k < length:
                    target[place + k] = work[source + k]
                    k += 1
            else:
                zero = spread(0.0)
                while k + LANES <= length:
                    store(target, place + k, zero)
                    k += LANES
                while k < length:
                    target[place + k] = 0.0
                    k += 1


@njit(cache=True, nogil=True)
def _solve(blas, inverse, panel, solved, cut, rest):
    """`solved` = the inverse factor times the rows of `panel` below the cut, which is (rest, cut) row by row."""
    start = cut * cut
    if cut < 2 * _BLOCK:
        multiply(
            blas, True, False, cut, rest, cut, 1.0, inverse, 0, cut, panel, start, cut, 0.0, solved, 0, cut
        )
        return
    # The inverse is triangular: leave out what is zero, in steps that BLAS still likes.
    step = max(_BLOCK, (cut // 4 + 7) // 8 * 8)
    for k in range(0, cut, step):
        b = min(step, cut - k)
        multiply(
            blas,
            True,
            False,
            b,
            rest,
            k + b,
            1.0,
            inverse,
            k * cut,
            cut,
            panel,
            start,
            cut,
            0.0,
            solved,
            k,
            cut,
        )


@njit(cache=True, nogil=True)
def _invert(blas, panel, n, inverse, small):
    """The inverse of the Cholesky factor of the first n rows of `panel`, lower triangle row by row, to `inverse`.

    `panel` is overwritten; above the diagonal `inverse` is 0.
    """
    for i in range(n):
        for j in range(i + 1, n):
            inverse[i * n + j] = 0.0
    # By halves, with a stack of our own: a compiled function that calls itself cannot be kept on disk.
    stack = np.zeros((24, 3), dtype=np.int64)
    stack[0, 1] = n
    top = 0
    while top >= 0:
        k, size, stage = stack[top]
        a = (size // 2 + 7) // 8 * 8
        b = size - a
        place, corner = (k + a) * n + k, (k + a) * n + k + a
        if size <= _BLOCK:
            _invert_small(panel, inverse, n, k, size, small)
            top -= 1
            continue
        stack[top, 2] += 1
        if stage == 0:
            top += 1
            stack[top, 0], stack[top, 1], stack[top, 2] = k, a, 0
        elif stage == 1:
            # L21 = A21 L11^-T is made where the inverse has room, and taken from there; A22 loses L21 L21^T.
            multiply(
                blas,
                True,
                False,
                a,
                b,
                a,
                1.0,
                inverse,
                k * n + k,
                n,
                panel,
                place,
                n,
                0.0,
                inverse,
                place,
                n,
            )
            downdate(blas, b, a, inverse, place, n, panel, corner, n)
            # -L21 L11^-1 to the panel, to be multiplied by L22^-1 when that is known.
            multiply(
                blas,
                False,
                False,
                a,
                b,
                a,
                -1.0,
                inverse,
                k * n + k,
                n,
                inverse,
                place,
                n,
                0.0,
                panel,
                place,
                n,
            )
            top += 1
            stack[top, 0], stack[top, 1], stack[top, 2] = k + a, b, 0
        else:
            multiply(
                blas, False, False, a, b, b, 1.0, panel, place, n, inverse, corner, n, 0.0, inverse, place, n
            )
            top -= 1


@njit(cache=True, nogil=True)
def _invert_small(panel, inverse, n, k, b, small):
    """Cholesky factor and its inverse of the diagonal block of size b, at most _BLOCK, at k.

    `small` is room for a column and the inverse, each row padded to whole vectors with zeros.
    """
    wide = (b + LANES - 1) // LANES * LANES
    factor, column = _BLOCK * _BLOCK, 2 * _BLOCK * _BLOCK
    for i in range(b):
        for j in range(i + 1):
            small[factor + i * wide + j] = panel[(k + i) * n + k + j]
        for j in range(i + 1, wide):
            small[factor + i * wide + j] = 0.0
        for j in range(wide):
            small[i * wide + j] = 0.0
    for j in range(wide):
        small[column + j] = 0.0
    for p in range(b):
        root = 1.0 / np.sqrt(small[factor + p * wide + p])
        for i in range(p, b):
            x = small[factor + i * wide + p] * root
            small[factor + i * wide + p] = x
            small[column + i] = x
        # Columns up to p are final: what the update writes there belongs to nobody, so leave them out.
        first = (p + 1) // LANES * LANES
        for j in range(first, p + 1):
            small[column + j] = 0.0
        for i in range(p + 1, b):
            x = spread(small[column + i])
            for j in range(first, i + 1, LANES):
                place = factor + i * wide + j
                store(small, place, fnma(x, load(small, column + j), load(small, place)))
    for i in range(b):
        own = factor + i * wide
        root = 1.0 / small[own + i]
        small[i * wide + i] = 1.0
        for t in range(i):
            x = spread(small[own + t])
            for j in range(0, t + 1, LANES):
                place = i * wide + j
                store(small, place, fnma(x, load(small, t * wide + j), load(small, place)))
        for j in range(i + 1):
            small[i * wide + j] *= root
    for i in range(b):
        for j in range(i + 1):
            inverse[(k + i) * n + k + j] = small[i * wide + j]
