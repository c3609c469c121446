r"""Gradient of anything that depends on the effective conductance, by the conductance of every cell.

With u the voltages on the cells when word line i has 1 V, and a those when bit line j has, reciprocity gives
$\partial G_{ij} / \partial g_{kl} = -u^{(i)}_{kl} a^{(j)}_{kl}$.
"""

from __future__ import annotations

import numpy as np

from pinched.crossbar.wires import conjugate, direct
from pinched.crossbar.wires.planes import Planes
from pinched.crossbar.wires.wiring import Wiring


def gradient(conductance: np.ndarray, wiring: Wiring, weight: np.ndarray) -> np.ndarray:
    """Sum over (word line, bit line) of `weight` times the effective conductance, differentiated by each cell.

    `conductance` (S) and `weight` (any unit per S) are (..., word line, bit line).
    """
    if direct.ideal(wiring) and np.isfinite(conductance).all():
        return np.array(weight)
    lines, columns = conductance.shape[-2:]
    flat, weights = (x.reshape(-1, lines, columns) for x in (conductance, weight))
    solver = _by_lines if direct.iterable(conductance, wiring) else _by_fields
    found = np.stack([solver(g, wiring, w) for g, w in zip(flat, weights, strict=True)])
    return found.reshape(conductance.shape)


_TOLERANCE = 1e-9
"""Of the voltages in a gradient."""


def _by_lines(cells: np.ndarray, wiring: Wiring, weight: np.ndarray) -> np.ndarray:
    """By conjugate gradients, with a pair of solutions for each line of the kind that has fewer."""
    ready = conjugate.prepared(cells, wiring)
    lines, columns = cells.shape
    found = np.zeros(cells.shape)
    nothing = np.zeros(lines), np.zeros(columns)
    by_words = lines <= columns
    for k in range(min(lines, columns)):
        other = weight[k] if by_words else weight[:, k]
        if not other.any():
            continue
        one = np.zeros(lines if by_words else columns)
        one[k] = 1.0
        pairs = (
            ((one, nothing[1]), (nothing[0], other)) if by_words else ((nothing[0], one), (other, nothing[1]))
        )
        product = -1.0
        for word, bit in pairs:
            words, bits, _ = ready.voltages(word, bit, _TOLERANCE)
            product = product * (words - bits)
        found += product
    return found


def _by_fields(cells: np.ndarray, wiring: Wiring, weight: np.ndarray) -> np.ndarray:
    lines, columns = cells.shape
    planes = Planes(layers=1, shape=(lines, columns))
    words, bits = planes.terminals
    factored = planes.network(wiring, cells, np.concatenate([words.ravel(), bits.ravel()])).factored()
    on_word, on_bit = planes.cells()
    found = np.zeros(cells.shape)
    step = max(1, 2**24 // planes.count)
    for first in range(0, lines, step):
        chosen = np.arange(first, min(first + step, lines))
        drive = np.zeros((lines + columns, 2 * chosen.size))
        drive[chosen, np.arange(chosen.size)] = 1.0
        drive[lines:, chosen.size :] = weight[chosen].T
        voltage, _, _ = factored.solve(drive)
        across = np.nan_to_num(voltage[on_word[0]] - voltage[on_bit[0]])
        found -= (across[..., : chosen.size] * across[..., chosen.size :]).sum(-1)
    return found
