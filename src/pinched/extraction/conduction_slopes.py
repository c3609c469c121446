r"""Slope of an I-V in log-log against voltage, and the pieces in which it is constant.

The model-free look before any law: slope 1 is ohmic, 2 the square law of space charge, more between two of
them the filling of traps, a slope that rises without end an exponential law. `slope_curve` draws it,
`slope_regions` cuts it. A slope of 2 alone is no proof of space charge: `fit_conduction` compares laws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched.extraction.conduction_laws import Volts

BINS_PER_DECADE = 30
"""Samples are averaged in such bins of log V: a linear sweep would put most of its samples into its last third."""

MOST_REGIONS = 4
"""Ohmic, square, trap filling, square again: no published curve shows more."""

FEWEST_BINS = 4
"""A line through fewer bins is no region."""


class SlopeKind(StrEnum):
    """What the slope of a region is called; a name of the slope, not of a mechanism."""

    BELOW = "below 1"
    OHMIC = "1, ohmic"
    BETWEEN = "between 1 and 2"
    SQUARE = "2, square law"
    STEEP = "above 2, trap filling or exponential"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SlopeCurve:
    """d ln I / d ln V against voltage."""

    voltage: Float[np.ndarray, " point"]
    """Voltages (V, magnitude), rising."""
    slope: Float[np.ndarray, " point"]
    """Local slope of ln I against ln V."""
    error: Float[np.ndarray, " point"]
    """Its standard error from the scatter around the local line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlopeRegion:
    """A range of voltage with one slope."""

    v_low: float
    """Lower end (V): where the line meets that of the region below."""
    v_high: float
    """Upper end (V)."""
    slope: float
    interval: tuple[float, float]
    """95 % interval of the slope."""
    intercept: float
    """ln I (A) of the line at 1 V."""

    @property
    def kind(self) -> SlopeKind:
        """The name of the slope; within 0.15 of 1 and 0.25 of 2, or where the interval holds 1 or 2."""
        low, high = self.interval
        for kind, value, room in ((SlopeKind.OHMIC, 1.0, 0.15), (SlopeKind.SQUARE, 2.0, 0.25)):
            if abs(self.slope - value) <= room or (low <= value <= high and high - low < 1.0):
                return kind
        if self.slope < 1:
            return SlopeKind.BELOW
        return SlopeKind.BETWEEN if self.slope < 2 else SlopeKind.STEEP


def slope_curve(voltage: Volts, current: Volts, *, width: float = 0.2) -> SlopeCurve:
    """Local slopes of `current` (A) at `voltage` (V), by magnitude, over windows of `width` decades.

    Points whose window holds fewer than 5 samples are left out. Raises `PinchedError` where none remains.
    """
    x, y = _logs(voltage, current)
    reach = width * math.log(10.0) / 2.0
    at, slope, error = [], [], []
    for centre in np.arange(x[0], x[-1] + 1e-12, math.log(10.0) / BINS_PER_DECADE):
        near = np.abs(x - centre) <= reach
        if near.sum() < 5 or np.ptp(x[near]) < reach:
            continue
        b, _, variance = _line(x[near], y[near])
        at.append(math.exp(float(centre)))
        slope.append(b)
        error.append(math.sqrt(variance))
    if not at:
        raise PinchedError(
            f"no window of {width} decades holds 5 of the {x.size} samples. Widen it, or sample more finely."
        )
    return SlopeCurve(voltage=np.array(at), slope=np.array(slope), error=np.array(error))


def slope_regions(voltage: Volts, current: Volts) -> tuple[SlopeRegion, ...]:
    """Ranges of constant slope of `current` (A) against `voltage` (V), by magnitude, from low to high voltage.

    The least-squares cut into up to 4 lines, their number by the Bayesian information criterion. Raises
    `PinchedError` for fewer than 8 samples that are not zero.
    """
    x, y = _logs(voltage, current)
    bins = np.floor((x - x[0]) / (math.log(10.0) / BINS_PER_DECADE)).astype(np.int64)
    _, inverse, counts = np.unique(bins, return_inverse=True, return_counts=True)
    bx, by = (np.bincount(inverse, weights=values) / counts for values in (x, y))
    n = bx.size
    cost = _costs(bx, by)
    best = np.full((MOST_REGIONS + 1, n + 1), np.inf)
    cut = np.zeros((MOST_REGIONS + 1, n + 1), dtype=np.int64)
    best[0, 0] = 0.0
    for k in range(1, MOST_REGIONS + 1):
        for end in range(FEWEST_BINS * k, n + 1):
            total = best[k - 1, :end] + cost[:end, end]
            cut[k, end] = int(np.argmin(total))
            best[k, end] = total[cut[k, end]]
    # No instrument resolves 0.1 %: below it a misfit is rounding, and more regions would explain rounding.
    floor = n * 1e-6
    score = [n * math.log((best[k, n] + floor) / n) + 3 * k * math.log(n) for k in range(1, MOST_REGIONS + 1)]
    finite = [s if math.isfinite(best[k + 1, n]) else math.inf for k, s in enumerate(score)]
    if not math.isfinite(min(finite)):
        # Too few bins for any cut: one line through all of them.
        return _regions(bx, by, [0, n])
    edges, end = [n], n
    for k in range(int(np.argmin(finite)) + 1, 0, -1):
        end = int(cut[k, end])
        edges.append(end)
    return _regions(bx, by, edges[::-1])


def _logs(voltage: Volts, current: Volts) -> tuple[Float[np.ndarray, " kept"], Float[np.ndarray, " kept"]]:
    v, i = np.abs(voltage), np.abs(current)
    keep = (v > 0) & (i > 0)
    if keep.sum() < 8:
        raise PinchedError(
            f"{int(keep.sum())} of {v.size} samples have a voltage and a current; at least 8 are needed."
        )
    order = np.argsort(v[keep], kind="stable")
    return np.log(v[keep])[order], np.log(i[keep])[order]


def _line(x: Volts, y: Volts) -> tuple[float, float, float]:
    """Slope, value at x = 0 and variance of the slope."""
    dx = x - x.mean()
    power = float(dx @ dx)
    slope = float(dx @ y) / power
    residual = y - y.mean() - slope * dx
    return (
        slope,
        float(y.mean()) - slope * float(x.mean()),
        float(residual @ residual) / max(x.size - 2, 1) / power,
    )


def _costs(x: Volts, y: Volts) -> Float[np.ndarray, "start end"]:
    """Sum of squares around the line through bins start .. end-1, infinite where they are too few."""
    n = x.size
    # Centred on their means, the sums of squares keep their digits.
    x, y = x - x.mean(), y - y.mean()
    sums = [np.concatenate([[0.0], np.cumsum(v)]) for v in (np.ones(n), x, y, x * x, x * y, y * y)]
    m, sx, sy, sxx, sxy, syy = (s[None, :] - s[:, None] for s in sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = sxx - sx * sx / m
        squares = syy - sy * sy / m - (sxy - sx * sy / m) ** 2 / power
    return np.where((m >= FEWEST_BINS) & (power > 0), np.maximum(squares, 0.0), np.inf)


def _regions(x: Volts, y: Volts, edges: list[int]) -> tuple[SlopeRegion, ...]:
    lines = [_line(x[a:b], y[a:b]) for a, b in pairwise(edges)]
    borders = [float(x[0])]
    for k, edge in enumerate(edges[1:-1]):
        (b0, a0, _), (b1, a1, _) = lines[k], lines[k + 1]
        meet = (a0 - a1) / (b1 - b0) if b1 != b0 else math.inf
        # Lines of a jump meet anywhere: the border is then between its bins.
        near = x[max(edge - 3, 0)] <= meet <= x[min(edge + 2, x.size - 1)]
        borders.append(meet if near else 0.5 * float(x[edge - 1] + x[edge]))
    borders.append(float(x[-1]))
    return tuple(
        SlopeRegion(
            v_low=math.exp(borders[k]),
            v_high=math.exp(borders[k + 1]),
            slope=slope,
            interval=(slope - 1.96 * math.sqrt(variance), slope + 1.96 * math.sqrt(variance)),
            intercept=intercept,
        )
        for k, (slope, intercept, variance) in enumerate(lines)
    )
