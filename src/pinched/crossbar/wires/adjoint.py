r"""Gradient of anything that depends on the effective conductance, by the conductance of every cell.

With u the voltages on the cells when word line i has 1 V, and a those when bit line j has, reciprocity gives
$\partial G_{ij} / \partial g_{kl} = -u^{(i)}_{kl} a^{(j)}_{kl}$.
"""

from __future__ import annotations

import numpy as np

from pinched.crossbar.wires import direct, sparse
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
    found = np.stack([_by_fields(g, wiring, w) for g, w in zip(flat, weights, strict=True)])
    return found.reshape(conductance.shape)


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
