"""Which solver takes an array: the one place that chooses between `merging`, `conjugate` and `sparse`."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pinched.crossbar.wires import conjugate, merging, sparse
from pinched.crossbar.wires.solution import ArraySolution, Method, Reading, relative
from pinched.crossbar.wires.wiring import Wiring

# Seconds, roughly, on one core: only their ratio matters, and only for speed.
_MERGE = 5e-5, 1.5e-7, 33.0 / 20e9
"""Of the effective matrix: at least, times cells, times lines^3."""
_STEP = 1e-6, 6e-9
"""Of a step of conjugate gradients: at least, times cells."""
_ROUNDING = 1e-13
"""Tolerance of currents that are to be exact: below it they only change by rounding."""
_FEW = 40
"""More inputs than this are never worth the iteration."""


def effective(conductance: np.ndarray, wiring: Wiring) -> np.ndarray:
    """Effective conductance (S) of every array of `conductance` (..., word line, bit line)."""
    if ideal(wiring) and np.isfinite(conductance).all():
        return np.array(conductance)
    lines, columns = conductance.shape[-2:]
    flat = conductance.reshape(-1, lines, columns)
    if plain(conductance, wiring):
        word, bit, source, sense = (float(r) for r in (wiring.word, wiring.bit, wiring.source, wiring.sense))
        found = merging.effective(flat, 1.0 / (word + source), 1.0 / word, 1.0 / (bit + sense), 1.0 / bit)
        return found.reshape(conductance.shape)
    if iterable(conductance, wiring):
        # Both ends connected: every word line in turn, to rounding.
        one = np.eye(lines)
        found = np.stack([conjugate.prepared(g, wiring).currents(one, _ROUNDING)[0] for g in flat])
        return found.reshape(conductance.shape)
    found = np.stack([sparse.effective(g[None], wiring)[0, :, 0] for g in flat])
    return found.reshape(conductance.shape)


def few(conductance: np.ndarray, wiring: Wiring, volts: np.ndarray, tolerance: float) -> Reading | None:
    """Currents for `volts` (V, (input, word line)) without the effective matrix; None where that is faster.

    `conductance` is one array. The first input tells how many steps the others will take.
    """
    if not iterable(conductance, wiring) and volts.shape[0] < min(conductance.shape):
        current, residual = sparse.currents(conductance[None], wiring, volts)
        return Reading(current=current, method=Method.SPARSE, residual=residual, iterations=0)
    if not iterable(conductance, wiring) or volts.shape[0] > _FEW:
        return None
    lines, columns = conductance.shape
    size = lines * columns
    matrix = _MERGE[0] + _MERGE[1] * size + _MERGE[2] * size * (lines + columns) / 2
    ready = conjugate.prepared(conductance, wiring)
    current, steps, residual = ready.currents(volts[:1], tolerance)
    if (volts.shape[0] - 1) * max(steps, 1) * (_STEP[0] + _STEP[1] * size) > matrix:
        return None
    if volts.shape[0] > 1:
        rest, more, larger = ready.currents(volts[1:], tolerance)
        current = np.concatenate([current, rest])
        steps, residual = max(steps, more), max(residual, larger)
    return Reading(current=current, method=Method.CONJUGATE_GRADIENTS, residual=residual, iterations=steps)


def iterable(conductance: np.ndarray, wiring: Wiring) -> bool:
    """True where conjugate gradients work: wires that conduct and no short-circuited cell."""
    return wiring.plain and bool(np.isfinite(conductance).all())


def solve(
    conductance: np.ndarray,
    wiring: Wiring,
    word_voltage: np.ndarray,
    bit_voltage: np.ndarray,
    tolerance: float,
) -> ArraySolution:
    """Every voltage and current of the array `conductance` (word line, bit line)."""
    held = ~np.isnan(word_voltage), ~np.isnan(bit_voltage)
    if iterable(conductance, wiring) and _anchored(conductance, *held):
        return _by_lines(conductance, wiring, word_voltage, bit_voltage, tolerance)
    return _flat(sparse.solve(conductance[None], wiring, word_voltage[None], bit_voltage[None]))


def _anchored(cells: np.ndarray, word_held: np.ndarray, bit_held: np.ndarray) -> bool:
    """True where every line is joined by cells, over any number of lines, to one that has a voltage."""
    if word_held.all() and bit_held.all():
        return True
    lines = word_held.size
    rows, columns = np.nonzero(cells)
    joined = coo_array(
        (np.ones(rows.size), (rows, lines + columns)), shape=(lines + bit_held.size, lines + bit_held.size)
    )
    _, island = connected_components(joined, directed=False)
    return set(island) == set(island[np.concatenate([word_held, bit_held])])


def _by_lines(
    cells: np.ndarray, wiring: Wiring, word_voltage: np.ndarray, bit_voltage: np.ndarray, tolerance: float
) -> ArraySolution:
    word_held, bit_held = ~np.isnan(word_voltage), ~np.isnan(bit_voltage)
    lines = conjugate.prepared(cells, wiring, word_held, bit_held)
    given = np.where(word_held, word_voltage, 0.0), np.where(bit_held, bit_voltage, 0.0)
    words, bits, steps = lines.voltages(*given, tolerance)
    return solved(cells * (words - bits), lines, words, bits, given, (word_held, bit_held), steps)


def solved(
    flow: np.ndarray, lines: conjugate.Lines, words: np.ndarray, bits: np.ndarray,
    given: tuple[np.ndarray, np.ndarray], held: tuple[np.ndarray, np.ndarray], steps: int,
) -> ArraySolution:  # fmt: skip
    """The solution with these voltages (V) of the nodes, and `flow` (A) through the cells."""
    into_words, into_bits = lines.balance(flow, words, bits, *given)
    # Sums of what flows through the cells: the drop over a first segment loses digits where little flows.
    word_current, bit_current = (
        np.where(h, flow.sum(axis), 0.0) for h, axis in zip(held, (1, 0), strict=True)
    )
    wrong = float(max(np.abs(into_words).max(), np.abs(into_bits).max()))
    return ArraySolution(
        word_line_current=word_current,
        bit_line_current=bit_current,
        word_voltage=words,
        bit_voltage=bits,
        device_voltage=words - bits,
        device_current=flow,
        residual=relative(
            wrong, (word_current, bit_current), float(np.abs(words).max()), float(lines.wires.max())
        ),
        iterations=steps,
        method=Method.CONJUGATE_GRADIENTS,
    )


def plain(conductance: np.ndarray, wiring: Wiring) -> bool:
    """True where blocks can be merged: wires that conduct, no short-circuited cell, lines connected at one end."""
    return wiring.plain and not any(wiring.both_ends) and bool(np.isfinite(conductance).all())


def ideal(wiring: Wiring) -> bool:
    """True where nothing stands between the terminals and the cells."""
    return all(not np.any(r) for r in (wiring.word, wiring.bit, wiring.source, wiring.sense))


def _flat(found: ArraySolution) -> ArraySolution:
    """The solution of a stack of one layer as that of an array: no axes of planes and layers."""
    names = (
        "word_line_current", "bit_line_current", "word_voltage", "bit_voltage", "device_voltage", "device_current",
    )  # fmt: skip
    return dataclasses.replace(found, **{name: getattr(found, name)[0] for name in names})
