"""Which solver takes an array: the one place that chooses between `merging`, `conjugate` and `sparse`."""

from __future__ import annotations

import dataclasses

import numpy as np

from pinched.crossbar.wires import merging, sparse
from pinched.crossbar.wires.solution import ArraySolution
from pinched.crossbar.wires.wiring import Wiring


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
    found = np.stack([sparse.effective(g[None], wiring)[0, :, 0] for g in flat])
    return found.reshape(conductance.shape)


def solve(
    conductance: np.ndarray, wiring: Wiring, word_voltage: np.ndarray, bit_voltage: np.ndarray
) -> ArraySolution:
    """Every voltage and current of the array `conductance` (word line, bit line)."""
    return _flat(sparse.solve(conductance[None], wiring, word_voltage[None], bit_voltage[None]))


def plain(conductance: np.ndarray, wiring: Wiring) -> bool:
    """True where blocks can be merged: wires that conduct, no short-circuited cell, one end of each line connected."""
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
