"""Compiled loops over memory cells: one pass where elementwise operations would make fifteen.

`pulse_cells` and `read_cells` are what `pinched.crossbar.writing.Writer` calls; the rules are those of
`pinched.crossbar.cells.pulsed`, and a test holds the two together. They let other threads run. Arrays are flat, one
entry per cell of all arrays, and changed in place; a cell stands in `index` once. `drifted` are the resistances (ohm)
of the cells of `index` where time has changed them, and empty where none has passed.
"""

import numba
import numpy as np

# Rows of the counts that both kernels add to, one column per array.
SET_PULSES, RESET_PULSES, READS, SET_STEPS, RESET_STEPS, READ_STEPS, ENERGY_LOW, ENERGY_HIGH, TOUCHED = range(
    9
)
COUNTS = 9


@numba.njit(cache=True, nogil=True)
def pulse_cells(
    index, bits, volt, v_set, v_reset, lrs, hrs, drifted, working, limit, state, writes,
    wears, end, shape, widths, compliance, counts,
):  # fmt: skip # pragma: no cover - compiled
    """One pulse of `volt` (V) on each cell of `index`, SET where `bits`, else RESET; which were written anew.

    `limit` has one entry for all cells or one each; with `wears` a cell beyond it goes to the state `end`.
    `shape` is word lines and bit lines, `widths` those of SET and RESET (s), `compliance` in A.
    """
    rows, columns = shape
    level = np.float32(volt)
    lines = np.zeros((2, counts.shape[1] * rows), dtype=np.uint8)
    anew = np.empty(index.size, dtype=np.bool_)
    for k in range(index.size):
        cell, bit = index[k], bits[k]
        line = cell // columns
        array = line // rows
        writes[cell] += 1
        survives = writes[cell] <= (limit[0] if limit.size == 1 else limit[cell])
        worn = wears and working[cell] and not survives
        needs = v_set[cell] if bit else v_reset[cell]
        anew[k] = working[cell] and survives and needs <= level
        old = state[cell]
        new = end if worn else (bit if anew[k] else old)
        state[cell] = new
        before = float(lrs[cell] if old else hrs[cell])
        after = float(lrs[cell] if new else hrs[cell])
        if drifted.size > 0:
            before = float(drifted[k])
            after = after if anew[k] or worn else before
        width = widths[0] if bit else widths[1]
        counts[ENERGY_LOW, array] += volt * min(volt / max(before, after), compliance) * width
        counts[ENERGY_HIGH, array] += volt * min(volt / min(before, after), compliance) * width
        kind = 0 if bit else 1
        counts[kind, array] += 1.0
        counts[TOUCHED, array] += 1.0
        lines[kind, line] = 1
    for kind in range(2):
        for line in range(lines.shape[1]):
            counts[SET_STEPS + kind, line // rows] += lines[kind, line]
    return anew


@numba.njit(cache=True, nogil=True)
def read_cells(
    index, threshold, lrs, hrs, drifted, state, shape, energy, counts
):  # pragma: no cover - compiled
    """Which cells of `index` lie below `threshold` (ohm); `energy` (V^2 s) over R is that of one read."""
    rows, columns = shape
    level = np.float32(threshold)
    found = np.empty(index.size, dtype=np.bool_)
    lines = np.zeros(counts.shape[1] * rows, dtype=np.uint8)
    for k in range(index.size):
        cell = index[k]
        line = cell // columns
        array = line // rows
        resistance = lrs[cell] if state[cell] else hrs[cell]
        if drifted.size > 0:
            resistance = drifted[k]
        found[k] = resistance < level
        taken = energy / float(resistance)
        counts[ENERGY_LOW, array] += taken
        counts[ENERGY_HIGH, array] += taken
        counts[READS, array] += 1.0
        lines[line] = 1
    for line in range(lines.size):
        counts[READ_STEPS, line // rows] += lines[line]
    return found
