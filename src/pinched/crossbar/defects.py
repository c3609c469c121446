r"""Finding the cells that work before anything is stored, and using only those.

`DefectMap` tests every cell (a '1', then a '0', each read back), keeps a map of the good ones, and stores the bits in
them in reading order. It is what a low yield asks for: 40 % of working cells take 2.5 times the area and a map, while
a code or spare cells that can face 60 % of dead cells do not exist. The test costs each cell two pulses or more of
its endurance.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int32
from scipy import stats
from torch import Tensor

from pinched._params import quantity, require
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.writing import Writer, Writing

Map = Int32[Tensor, "array position"]
"""Cell of its array on which each position of the physical plane lies; -1 where good cells ran out."""


@dataclass(frozen=True, slots=True)
class DefectMap:
    """Test all cells, use the good ones. A cell is good when it took a '1' and then a '0' and read both right.

    In an array with too few good cells the last bits have no cell and read '0'; `ProgrammedMemory.unplaced` counts
    them. `DefectMap.for_yield` gives the area that makes this rare.
    """

    area: float = quantity(1.0, "1", "a", "cells of the array per cell that is needed")

    def __post_init__(self) -> None:
        require(
            self, self.area >= 1.0, f"area is {self.area}; an array has at least the cells that are needed."
        )

    @classmethod
    def for_yield(cls, good: float, cells: int, *, confidence: float = 0.99) -> DefectMap:
        """The map with the smallest area in which `confidence` of all arrays have `cells` good cells.

        `good` is the share of cells that pass the test (see `good_share`): the yield times the share of working
        devices that can be written and read. Closed form (binomial). Raises `PinchedError` for a share of 0, where
        no area suffices.
        """
        require(cls, 0.0 < good <= 1.0, f"the share of good cells is {good}; with none, no area suffices.")
        require(cls, cells >= 1, f"cells is {cells}; at least one cell is needed.")
        require(cls, 0.0 < confidence < 1.0, f"confidence is {confidence}; a share between 0 and 1.")
        low, high = cells, cells
        while _enough(high, good, cells) < confidence:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _enough(middle, good, cells) < confidence else (low, middle)
        return cls(high / cells)

    def shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Word lines and bit lines of an array for `rows` x `columns` cells that are needed."""
        # Rounded up at the ninth digit: 2.5 x 63 word lines are 157.5 bit lines, not 157.5000001 rounded up twice.
        return rows, int(-(-round(columns * self.area, 9) // 1))

    def place(self, writer: Writer, writing: Writing, positions: int) -> Map:
        """Test every cell with `writing`, and give the first good ones to `positions` of the physical plane."""
        require(
            self,
            positions <= writer.cells,
            f"{positions} cells are needed, but an array has {writer.cells}. Give it the shape that "
            "Repair.memory_shape says.",
        )
        everything = torch.arange(writer.arrays * writer.cells)
        good = writing.write_verified(writer, everything, torch.ones_like(everything, dtype=torch.bool))
        # A cell that failed its '1' is bad already: no pulse, no time and no wear on it for the '0'.
        passed = good.nonzero().view(-1)
        good[passed] = writing.write_verified(writer, passed, torch.zeros_like(passed, dtype=torch.bool))
        plane = good.view(writer.arrays, writer.cells)
        array, cell = plane.nonzero(as_tuple=True)
        rank = plane.cumsum(-1, dtype=torch.int32)[array, cell] - 1
        kept = rank < positions
        table = torch.full((writer.arrays, positions), -1, dtype=torch.int32)
        table[array[kept], rank[kept].long()] = cell[kept].int()
        return table


def good_share(memory: ReramMemory, *, amplitude: float | None = None) -> float:
    """Share (0 to 1) of the cells of `memory` that pass the test with pulses up to `amplitude` (V).

    Counted over the cells as they were drawn, so that correlations count; the write voltage without an amplitude.
    Draw a few arrays, and give the share to `DefectMap.for_yield`.
    """
    volt = memory.write_voltage if amplitude is None else amplitude
    switches = memory.working & (memory.v_set <= volt) & (memory.v_reset <= volt)
    told = (memory.lrs < memory.threshold) & (memory.hrs >= memory.threshold)
    return float((switches & told).double().mean())


def _enough(total: int, good: float, cells: int) -> float:
    return float(stats.binom.sf(cells - 1, total, good))
