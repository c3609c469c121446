"""Arrays by sparse nodal analysis: anything goes, at the price of a sparse LU. See `nodal`."""

from __future__ import annotations

import numpy as np

from pinched._errors import PinchedError
from pinched.crossbar.wires.nodal import Factored
from pinched.crossbar.wires.planes import Planes
from pinched.crossbar.wires.solution import ArraySolution, Method
from pinched.crossbar.wires.wiring import Wiring


def effective(cells: np.ndarray, wiring: Wiring) -> np.ndarray:
    """Matrix (S) from the word planes' lines to the bit planes' lines of `cells` (layer, word line, bit line).

    The shape is (word plane, word line, bit plane, bit line).
    """
    planes = Planes(layers=cells.shape[0], shape=(cells.shape[1], cells.shape[2]))
    words, bits = planes.terminals
    held = np.concatenate([words.ravel(), bits.ravel()])
    factored = planes.network(wiring, cells, held).factored()
    # Reciprocity: the fewer terminals are driven, the others read.
    by_words = words.size <= bits.size
    count = min(words.size, bits.size)
    driven = np.zeros((held.size, count))
    driven[np.arange(count) + (0 if by_words else words.size), np.arange(count)] = 1.0
    _, current, _ = factored.solve(driven)
    found = -current[words.size :].T if by_words else -current[: words.size]
    return np.ascontiguousarray(found).reshape(*words.shape, *bits.shape)


def currents(cells: np.ndarray, wiring: Wiring, volts: np.ndarray) -> tuple[np.ndarray, float]:
    """Currents (A, (input, lines of all bit planes)) for `volts` (V, (input, lines of all word planes)), residual."""
    planes = Planes(layers=cells.shape[0], shape=(cells.shape[1], cells.shape[2]))
    words, bits = planes.terminals
    held = np.concatenate([words.ravel(), bits.ravel()])
    factored = planes.network(wiring, cells, held).factored()
    _, current, residual = factored.solve(np.concatenate([volts.T, np.zeros((bits.size, volts.shape[0]))]))
    return -current[words.size :].T, residual


def solve(
    cells: np.ndarray, wiring: Wiring, word_voltage: np.ndarray, bit_voltage: np.ndarray
) -> ArraySolution:
    """Everything about the stack `cells` (layer, word line, bit line) in S.

    `word_voltage` (word plane, word line) and `bit_voltage` (bit plane, bit line) in V, NaN for a floating line.
    """
    planes = Planes(layers=cells.shape[0], shape=(cells.shape[1], cells.shape[2]))
    held, values = held_terminals(planes, word_voltage, bit_voltage)
    factored = planes.network(wiring, cells, held).factored()
    voltage, current, residual = factored.solve(values[:, None])
    return gathered(planes, factored, cells, voltage[:, 0], current[:, 0], residual, 0)


def held_terminals(
    planes: Planes, word_voltage: np.ndarray, bit_voltage: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of the terminals that do not float, and their voltages; raises `PinchedError` when all float."""
    terminals = np.concatenate([t.ravel() for t in planes.terminals])
    values = np.concatenate([word_voltage.ravel(), bit_voltage.ravel()])
    given = ~np.isnan(values)
    if not given.any():
        raise PinchedError(
            "every line floats (all voltages are NaN), so no voltage in the array is defined. Give at least one line "
            "a voltage; 0 V grounds it."
        )
    return terminals[given], values[given]


def gathered(
    planes: Planes, factored: Factored, cells: np.ndarray, voltage: np.ndarray, current: np.ndarray,
    residual: float, iterations: int,
) -> ArraySolution:  # fmt: skip
    """The solution of a stack of linear `cells` (S) from its node voltages and terminal currents."""
    flow = np.zeros(planes.count)
    flow[factored.network.held] = current
    words, bits = planes.terminals
    on_word, on_bit = planes.cells()
    device_voltage = voltage[on_word] - voltage[on_bit]
    # 0 S times an undefined voltage is still no current.
    device_current = np.zeros(cells.shape)
    np.multiply(cells, device_voltage, out=device_current, where=(cells > 0) & np.isfinite(cells))
    device_current[np.isinf(cells)] = np.nan
    if np.isfinite(cells).all():
        # Sums of what flows through the cells: the drop over a first segment loses digits where little flows.
        through = np.where(np.isnan(device_current), 0.0, device_current)
        held = np.isin(words, factored.network.held), np.isin(bits, factored.network.held)
        on_words, on_bits = np.zeros(words.shape), np.zeros(bits.shape)
        for layer in range(planes.layers):
            on_words[(layer + 1) // 2] += through[layer].sum(axis=1)
            on_bits[layer // 2] += through[layer].sum(axis=0)
        flow[words], flow[bits] = np.where(held[0], on_words, 0.0), -np.where(held[1], on_bits, 0.0)
    crossing = np.stack([voltage[planes.crossings(p)] for p in range(planes.layers + 1)])
    return ArraySolution(
        word_line_current=flow[words],
        bit_line_current=-flow[bits],
        word_voltage=crossing[0::2],
        bit_voltage=crossing[1::2],
        device_voltage=device_voltage,
        device_current=np.where(
            np.isnan(device_voltage) & (cells > 0) & np.isfinite(cells), 0.0, device_current
        ),
        residual=residual,
        iterations=iterations,
        method=Method.SPARSE,
    )
