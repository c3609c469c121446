"""`coverage`: how often stated intervals hold a known truth, with the error of that share itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.extraction.intervals import binomial_interval

Stated = tuple[float, float, float]
"""Lower end of a stated interval, the truth, upper end."""

Draw = Callable[[np.random.Generator], Mapping[str, Stated]]
"""Draws one data set and states an interval for each quantity."""

BAND = (0.93, 0.97)
"""Share of 95 % intervals that should hold the truth."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One kind of data with a known truth."""

    name: str
    """What is estimated, and from what kind of data."""
    n: str
    """How much data each set holds, in words."""
    draw: Draw
    exact: bool = True
    """Whether the share should lie within `BAND`; otherwise the interval promises at least 95 % (counts, bounds)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """How often the intervals of one quantity held."""

    case: Case
    quantity: str
    repetitions: int
    """Data sets with an interval."""
    held: int
    """Intervals that held the truth."""

    @property
    def share(self) -> float:
        """Share of intervals that held the truth."""
        return self.held / self.repetitions

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of `share` itself: so many repetitions prove so much."""
        return binomial_interval(self.held, self.repetitions)

    @property
    def good(self) -> bool:
        """Whether the band lies within what the repetitions allow (three standard errors)."""
        low, high = binomial_interval(self.held, self.repetitions, level=0.9973)
        return high >= BAND[0] and (not self.case.exact or low <= BAND[1])


def coverage(case: Case, *, repetitions: int = 400, seed: int = 0) -> tuple[Coverage, ...]:
    """Draw `repetitions` data sets of `case` and count; one `Coverage` per quantity.

    Data set k is the same whatever the number of repetitions. Raises `PinchedError` where nothing is drawn.
    """
    if repetitions < 1:
        raise PinchedError(f"{repetitions} repetitions show nothing; give at least 1.")
    held: dict[str, int] = {}
    tried: dict[str, int] = {}
    for k in range(repetitions):
        for quantity, (low, truth, high) in case.draw(
            generator(seed, "coverage", case.name, case.n, k)
        ).items():
            if np.isnan(low) or np.isnan(high):
                continue
            tried[quantity] = tried.get(quantity, 0) + 1
            held[quantity] = held.get(quantity, 0) + int(low <= truth <= high)
    return tuple(
        Coverage(case=case, quantity=name, repetitions=count, held=held[name])
        for name, count in tried.items()
    )
