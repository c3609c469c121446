r"""Multi-level cells: which level reads as which after a bake, and what that costs in bits.

`borders_between` sets the sense borders (between measured levels, or between the bands that cells were written
into), `confuse_levels` counts which level reads as which, `relaxation` how each level moved and widened. Give
resistances cell by cell; a file that holds several reads of an array one after another is cut by `split_reads`,
an array that was written as a checkerboard gets its levels from `checkerboard`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched.extraction.intervals import binomial_interval, bootstrap_interval


class Coding(Enum):
    """How the number of a level stands in bits."""

    PLAIN = "plain"
    """Level 3 is 011, level 4 is 100: a neighbour may cost every bit."""
    GRAY = "Gray"
    """Neighbours differ in one bit."""

    def words(self, levels: int) -> Int[np.ndarray, "level bit"]:
        """The bits of each of `levels` levels, the highest first."""
        number = np.arange(levels)
        if self is Coding.GRAY:
            number = number ^ (number >> 1)
        bits = max(1, int(np.ceil(np.log2(levels))))
        return (number[:, None] >> np.arange(bits)[::-1]) & 1


def checkerboard(cells: int, levels: int, *, row: int) -> Int[np.ndarray, " cell"]:
    """Levels 0 .. levels-1 of `cells` cells written as (k + k // row) mod levels: every level beside every other."""
    k = np.arange(cells)
    return (k + k // row) % levels


def split_reads(resistance: Float[np.ndarray, " value"], cells: int) -> Float[np.ndarray, "read cell"]:
    """Reads of an array of `cells` cells that stand one after another; raises `PinchedError` for a broken one."""
    if cells < 1 or resistance.size == 0 or resistance.size % cells:
        raise PinchedError(
            f"{resistance.size} values are no whole number of reads of {cells} cells. Is the file cut off, "
            "or the number of cells another?"
        )
    return resistance.reshape(-1, cells)


def borders_between(
    resistance: Float[np.ndarray, " cell"], level: Int[np.ndarray, " cell"]
) -> Float[np.ndarray, " border"]:
    """Borders (ohm) halfway on a log scale between the medians of neighbouring levels; level 0 is the lowest R.

    Raises `PinchedError` where a level has no cell, or where the medians do not rise with the level.
    """
    number = int(level.max(initial=0)) + 1
    groups = [resistance[(level == k) & (resistance > 0)] for k in range(number)]
    empty = [k for k, group in enumerate(groups) if group.size == 0]
    if number < 2 or empty:
        raise PinchedError(
            f"{number} levels, of which {empty} have no cell: each needs at least one resistance."
        )
    medians = [float(np.median(group)) for group in groups]
    return borders_of_bands([(median, median) for median in medians])


def borders_of_bands(bands: list[tuple[float, float]]) -> Float[np.ndarray, " border"]:
    """Borders (ohm): geometric mean of the upper end of each band (low, high in ohm) and the lower end of the next.

    Raises `PinchedError` where bands overlap or do not rise.
    """
    low, high = np.array([b[0] for b in bands]), np.array([b[1] for b in bands])
    if low.size < 2 or not (
        (low[1:] >= high[:-1]).all() and (low <= high).all() and (np.diff(low) > 0).all()
    ):
        raise PinchedError(
            f"the bands {bands} ohm do not rise one above the other. Sort the levels by resistance."
        )
    return np.sqrt(high[:-1] * low[1:])


def read_levels(
    resistance: Float[np.ndarray, " cell"], borders: Float[np.ndarray, " border"]
) -> Int[np.ndarray, " cell"]:
    """Level of each cell (0 is the lowest resistance; a border belongs to the level above it); -1 where NaN."""
    return np.where(np.isfinite(resistance), np.digitize(resistance, borders), -1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LevelConfusion:
    """Which level reads as which."""

    source: ClassVar[str] = "clopper1934"
    counts: Int[np.ndarray, "level level"] = quantity(
        dataclasses.MISSING,
        "1",
        "n",
        "cells of each level before (row) that read as each level after (column)",
    )
    borders: Float[np.ndarray, " border"] = quantity(
        dataclasses.MISSING, "ohm", "R", "resistances between the levels"
    )
    cells: int = 0
    """Cells counted; those without a read before or after are left out."""
    changed: int = 0
    """Cells that read as another level."""
    changed_interval: tuple[float, float] = (float("nan"), float("nan"))
    """Exact 95 % interval of the share of changed cells."""

    @property
    def changed_share(self) -> float:
        """Share of cells that read as another level."""
        return self.changed / self.cells

    def bit_error_rate(self, coding: Coding) -> float:
        """Wrong bits over all bits, the number of a level being written by `coding`."""
        words = coding.words(self.counts.shape[0])
        wrong = (words[:, None, :] != words[None, :, :]).sum(axis=2)
        return float((wrong * self.counts).sum() / (words.shape[1] * self.cells))


def confuse_levels(
    before: Int[np.ndarray, " before"],
    after: Float[np.ndarray, " after"],
    borders: Float[np.ndarray, " border"],
) -> LevelConfusion:
    """Count which level of `before` reads as which, from resistances `after` (ohm) and `borders` (ohm).

    `before` is what was written (`checkerboard`) or what was read then (`read_levels`): the second leaves cells
    that were wrong from the start out of the blame. Raises `PinchedError` where no cell has both.
    """
    now, levels = read_levels(after, borders), borders.size + 1
    if before.size != now.size:
        raise PinchedError(f"{before.size} cells before and {now.size} after: both must list the same cells.")
    keep = (before >= 0) & (now >= 0)
    if not keep.any() or before.max() >= levels:
        raise PinchedError(
            f"{int(keep.sum())} cells with levels up to {before.max(initial=-1)} do not fit {borders.size} borders."
        )
    counts = np.zeros((levels, levels), dtype=np.int64)
    np.add.at(counts, (before[keep], now[keep]), 1)
    cells = int(keep.sum())
    changed = cells - int(np.trace(counts))
    return LevelConfusion(
        counts=counts,
        borders=borders,
        cells=cells,
        changed=changed,
        changed_interval=binomial_interval(changed, cells),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelRelaxation:
    """How the cells of one level moved after programming."""

    level: int
    cells: int
    before: float = quantity(dataclasses.MISSING, "ohm", "R", "median resistance before")
    shift: float = quantity(dataclasses.MISSING, "1", r"\Delta\ln R", "median of ln(R after / R before)")
    shift_interval: tuple[float, float] = (float("nan"), float("nan"))
    """95 % bootstrap interval of `shift`."""
    spread: float = quantity(
        float("nan"), "1", r"\sigma", "standard deviation (n - 1) of ln(R after / R before); NaN for one cell"
    )


def relaxation(
    before: Float[np.ndarray, " before"],
    after: Float[np.ndarray, " after"],
    level: Int[np.ndarray, " level"],
    *,
    seed: int = 0,
) -> tuple[LevelRelaxation, ...]:
    """How far the cells of each `level` moved between two reads (ohm) of them; empty levels are left out."""
    if not before.size == after.size == level.size:
        raise PinchedError(
            f"{before.size} cells before, {after.size} after, {level.size} levels: give the same cells."
        )
    found = []
    for k in range(int(level.max(initial=-1)) + 1):
        mine = (level == k) & (before > 0) & (after > 0)
        if mine.any():
            move = np.log(after[mine] / before[mine])
            found.append(
                LevelRelaxation(
                    level=k,
                    cells=int(mine.sum()),
                    before=float(np.median(before[mine])),
                    shift=float(np.median(move)),
                    shift_interval=bootstrap_interval(move, seed=seed, resamples=1000),
                    spread=float(move.std(ddof=1)) if move.size > 1 else float("nan"),
                )
            )
    return tuple(found)
