r"""Cutting a noisy record into level and sloping pieces: exact penalised change points.

`partition` finds, among all ways to cut a record, the one with the smallest

$$ \sum_\mathrm{pieces} \Big[ \sum_i \Big(\frac{g_i - m_i}{\sigma_i}\Big)^2 + \beta \Big], $$

where the model m of a piece is a constant or, for a higher price, a straight line. The minimum is exact: optimal
partitioning with the pruning of killick2012optimal, in time that grows with the length for records with many steps.
`difference_noise` tells the noise of neighbours from their steps. It is written here and not taken from a library
because each sample has its own noise, pieces may slope, and a verdict asks for a hundred partitions per record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from pinched._errors import PinchedError
from pinched._plateau_kernels import cheapest_pieces, difference_losses

LEVEL_PRICE = 2.0
"""Price of one more level piece in units of ln n: one level and one place, the place among n. White noise without
any step is then cut in about one record of a hundred (`calibration.plateaus` measures it)."""

SLOPE_PRICE = 4.0
"""What a slope costs on top, in units of ln n."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Partition:
    """A record cut into pieces; arrays have one entry per piece."""

    start: Int[np.ndarray, " piece"]
    """First sample of each piece."""
    stop: Int[np.ndarray, " piece"]
    """One after its last sample."""
    sloped: Bool[np.ndarray, " piece"]
    """Whether the piece is a straight line with a slope rather than a level."""
    first: Float[np.ndarray, " piece"]
    """Fitted value at the first sample,"""
    last: Float[np.ndarray, " piece"]
    """and at the last one; equal for a level. In the unit of the record."""
    error: Float[np.ndarray, " piece"]
    """Standard error of the mean of the piece."""
    cost: float
    """Sum of squares over noise, plus prices."""

    def __len__(self) -> int:
        return self.start.size

    def values(self) -> Float[np.ndarray, " sample"]:
        """The fitted record."""
        return np.concatenate(
            [np.linspace(self.first[k], self.last[k], self.stop[k] - self.start[k]) for k in range(len(self))]
        )


def partition(
    values: Float[np.ndarray, " sample"],
    sigma: Float[np.ndarray, " sample"],
    *,
    level_price: float | None = None,
    slope_price: float | None = None,
) -> Partition:
    """The cheapest cut of `values` (any unit) with noise `sigma` (same unit) into levels and slopes.

    Prices are in units of chi-squared; None takes `LEVEL_PRICE` ln n, and `SLOPE_PRICE` ln n more for a slope;
    an infinite `slope_price` allows levels only. Raises `PinchedError` for fewer than 2 samples, a value that is
    missing or a noise that is not above zero.
    """
    n = values.size
    if n < 2 or sigma.shape != values.shape or not np.isfinite(values).all() or not (sigma > 0).all():
        raise PinchedError(
            f"{n} samples, {int((~np.isfinite(values)).sum())} of them missing, noise from "
            f"{float(np.min(sigma, initial=np.inf)):g}: a cut needs at least 2 finite samples and a noise above zero "
            "for each. Leave out what is missing."
        )
    level = LEVEL_PRICE * np.log(n) if level_price is None else level_price
    slope = level + SLOPE_PRICE * np.log(n) if slope_price is None else slope_price
    middle = float(np.median(values))
    start, sloped, cost = cheapest_pieces(values - middle, 1.0 / sigma**2, float(level), float(slope))
    stop = np.append(start[1:], n)
    first, last, error = _fit(values, 1.0 / sigma**2, start, stop, sloped)
    return Partition(
        start=start, stop=stop, sloped=sloped, first=first, last=last, error=error, cost=float(cost)
    )


def partition_cost(values: Float[np.ndarray, " sample"], sigma: Float[np.ndarray, " sample"]) -> float:
    """The cost of `partition` at its own prices, without the pieces."""
    n = values.size
    level = LEVEL_PRICE * np.log(n)
    slope = level + SLOPE_PRICE * np.log(n)
    return float(cheapest_pieces(values - float(np.median(values)), 1.0 / sigma**2, level, slope)[2])


def _fit(
    values: np.ndarray, weight: np.ndarray, start: np.ndarray, stop: np.ndarray, sloped: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, last, error = np.empty(start.size), np.empty(start.size), np.empty(start.size)
    for k, (a, b) in enumerate(zip(start.tolist(), stop.tolist(), strict=True)):
        w, g = weight[a:b], values[a:b]
        total = float(w.sum())
        mean = float(w @ g) / total
        error[k] = total**-0.5
        first[k] = last[k] = mean
        if sloped[k]:
            t = np.arange(b - a, dtype=np.float64)
            t -= float(w @ t) / total
            slope = float(w @ (t * g)) / float(w @ t**2)
            first[k], last[k] = mean + slope * t[0], mean + slope * t[-1]
    return first, last, error


@dataclass(frozen=True, kw_only=True, slots=True)
class DifferenceNoise:
    """Noise of single samples: a part added and a part that grows with the value."""

    added: float
    """Standard deviation of the part added, in the unit of the record times that of `size`."""
    relative: float
    """Standard deviation of the part that is a share of the value."""

    def sigma(
        self, values: Float[np.ndarray, " sample"], size: Float[np.ndarray, " sample"]
    ) -> Float[np.ndarray, " sample"]:
        """Standard deviation of each sample around `values`."""
        return np.sqrt((self.added * size) ** 2 + (self.relative * values) ** 2)


def difference_noise(
    values: Float[np.ndarray, " sample"], size: Float[np.ndarray, " sample"]
) -> DifferenceNoise:
    """The noise of `values` from what neighbours differ by; steps among them are outvoted.

    `size` is how strongly the part added acts on each sample (1 / V for a conductance I / V, else 1). Most likely
    values for differences of which an unknown share are steps (a wide normal distribution mixed in). Second
    differences take the place of first ones where they are much smaller: the record then slopes. Raises
    `PinchedError` below 8 samples.
    """
    if values.size < 8:
        raise PinchedError(
            f"{values.size} samples are too few to tell noise from steps; at least 8 are needed."
        )
    level = np.abs(running_median(values))
    tries = []
    for stencil in (np.array([1.0, -1.0]), np.array([1.0, -2.0, 1.0])):
        d = np.convolve(values, stencil, mode="valid")
        square = stencil**2
        a, m = (np.convolve(part**2, square, mode="valid") for part in (size, level))
        tries.append(_mixture(d, a, m))
    flat, bent = (float(np.median(n.sigma(level, size))) for n in tries)
    return tries[1] if bent < 0.7 * flat else tries[0]


def _mixture(d: np.ndarray, a: np.ndarray, m: np.ndarray) -> DifferenceNoise:
    size = np.abs(d) / 0.6745
    # Equal neighbours (a coarse converter): a billionth stands in for the noise.
    tiny = 1e-9 * float(np.sqrt(m.max())) + 1e-300
    # Each part alone, sample by sample: states that differ by decades have no common scale in siemens.
    middle = np.log(
        [
            max(float(np.median(size / np.sqrt(a))), tiny / float(np.sqrt(np.median(a)))),
            max(float(np.median(size / np.sqrt(np.maximum(m, tiny**2)))), 1e-9),
        ]
    )
    reach = 7.0
    for points in (15, 9, 9, 9):
        steps = np.linspace(-reach, reach, points)
        added, relative = np.exp(middle[0] + steps), np.exp(middle[1] + steps)
        j, k = np.unravel_index(int(np.argmin(difference_losses(d, a, m, added, relative))), (points, points))
        middle, reach = np.log([added[j], relative[k]]), reach * 2.0 / (points - 1)
    return DifferenceNoise(added=float(np.exp(middle[0])), relative=float(np.exp(middle[1])))


def running_median(values: Float[np.ndarray, " sample"]) -> Float[np.ndarray, " sample"]:
    """Median of each sample and its two neighbours on each side."""
    padded = np.pad(values, 2, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)
