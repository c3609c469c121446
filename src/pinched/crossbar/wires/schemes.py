"""Reading one cell of a passive array: what the lines that are not selected do, and what sneaks through them.

The selected word line has the read voltage, the selected bit line 0 V. `Scheme` says what the others have: grounded
(no sneak current into the reading, the most power), at V/2 or V/3 (as in writing), or floating (the least power, the
largest sneak current).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from pinched._params import require
from pinched._units import to_si
from pinched.crossbar.wires.array import Crossbar
from pinched.crossbar.wires.nonlinear import NonlinearCrossbar
from pinched.crossbar.wires.solution import ArraySolution


class Scheme(Enum):
    """Voltages of the other word lines and bit lines, as shares of that of the selected word line."""

    GROUNDED = (0.0, 0.0)
    HALF = (1 / 2, 1 / 2)
    THIRD = (1 / 3, 2 / 3)
    FLOATING = (np.nan, np.nan)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CellReading:
    """One cell read in its array."""

    current: float = field(metadata={"unit": "A"})
    """Out of the selected bit line: what the amplifier sees."""
    cell_current: float = field(metadata={"unit": "A"})
    """Through the selected cell."""
    cell_voltage: float = field(metadata={"unit": "V"})
    """On the selected cell; less than what was applied by the IR drop."""
    sneak_path_current: float = field(metadata={"unit": "A"})
    """`current` less `cell_current`: through all other cells of the bit line."""
    power: float = field(metadata={"unit": "W"})
    """Of all terminals together."""
    solution: ArraySolution
    """Every voltage and current."""


def scheme_voltages(
    shape: tuple[int, int], word_line: int, bit_line: int, voltage: float, scheme: Scheme
) -> tuple[np.ndarray, np.ndarray]:
    """Voltages (V) of all word lines and all bit lines, NaN where one floats."""
    word = np.full(shape[0], scheme.value[0] * voltage)
    bit = np.full(shape[1], scheme.value[1] * voltage)
    word[word_line], bit[bit_line] = voltage, 0.0
    return word, bit


def read_cell(
    array: Crossbar | NonlinearCrossbar,
    word_line: int,
    bit_line: int,
    *,
    voltage: str | float,
    scheme: Scheme = Scheme.GROUNDED,
) -> CellReading:
    """Read the cell at `word_line`, `bit_line` with `voltage` (V).

    Raises `PinchedError` for a cell that is not there.
    """
    lines, columns = array.shape
    require(
        array,
        0 <= word_line < lines and 0 <= bit_line < columns,
        f"there is no cell ({word_line}, {bit_line}) in an array of {lines} x {columns}; lines count from 0.",
    )
    word, bit = scheme_voltages(array.shape, word_line, bit_line, to_si(voltage, "V"), scheme)
    found = array.solve(word, bit)
    current = float(found.bit_line_current[bit_line])
    cell = float(found.device_current[word_line, bit_line])
    power = np.nansum(word * found.word_line_current) - np.nansum(bit * found.bit_line_current)
    return CellReading(
        current=current,
        cell_current=cell,
        cell_voltage=float(found.device_voltage[word_line, bit_line]),
        sneak_path_current=current - cell,
        power=float(power),
        solution=found,
    )
