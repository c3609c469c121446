r"""Is a record a staircase, or a smooth curve that noise makes look like one? The test before any plateau is named.

The null hypothesis is a curve without features shorter than `FINEST` samples: a regression spline, its knots chosen
by the Bayesian criterion, with noise of the spectrum that the record has around it (white, flicker, what there is).
A partition into levels and slopes must be cheaper than the spline, and cheaper than partitions of surrogates of the
null are (theiler1992testing). Slow noise wanders between apparent levels in the surrogates too,
so that it proves nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import interpolate, stats

from pinched._random import generator
from pinched.extraction.segmentation import partition_cost

FINEST = 5
"""Samples between knots of the finest smooth curve: what turns within fewer is a step."""

MOST_KNOTS = 128
"""Largest number of pieces of the spline, however long the record."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SmoothTest:
    """A record against the hypothesis of a smooth curve."""

    source: ClassVar[str] = "theiler1992testing"
    gain: float
    """By how much (in units of chi-squared) steps describe the record better than the best smooth curve; prices of
    both paid. Below zero the smooth curve is the better description."""
    p_value: float
    """Probability of a smooth curve that a partition describes as cheaply; 1 where `gain` is not above zero."""
    excess: float
    """By how many standard deviations the partition is cheaper than those of the surrogates; 0 where none was
    drawn."""
    columns: int
    """Free numbers of the best smooth curve."""
    curve: Float[np.ndarray, " sample"]
    """The best smooth curve, in the unit of the record."""


def against_smooth(
    values: Float[np.ndarray, " sample"],
    sigma: Float[np.ndarray, " sample"],
    *,
    surrogates: int = 39,
    seed: int = 0,
) -> SmoothTest:
    """Test `values` with noise `sigma` (same unit) against smooth curves, by up to `surrogates` draws.

    The first surrogate that is cut as cheaply ends the drawing: it settles that the p-value is not small.
    """
    n = values.size
    bases = _bases(n, 1.0 / sigma)
    y = values / sigma
    price = np.log(n)
    columns, basis, smooth = _best(bases, y, price)
    fitted = basis @ (basis.T @ y)
    cost = partition_cost(values, sigma)
    gain, p_value, excess = smooth - cost, 1.0, 0.0
    if gain > 0:
        rng = generator(seed, "plateaus", "surrogates")
        others: list[float] = []
        while len(others) < surrogates and min(others, default=np.inf) > cost:
            others.append(partition_cost((fitted + _same_spectrum(y - fitted, rng)) * sigma, sigma))
        mean, spread = (
            float(np.mean(others)),
            max(float(np.std(others, ddof=1)) if len(others) > 1 else 1.0, 1.0),
        )
        excess = (mean - cost) / spread
        if min(others) <= cost:
            p_value = 1.0 / len(others)
        else:
            # Nobody draws a million surrogates: their costs are sums of many terms, close to normal.
            p_value = float(stats.t.sf(excess / math.sqrt(1.0 + 1.0 / len(others)), len(others) - 1))
    return SmoothTest(gain=gain, p_value=p_value, excess=excess, columns=columns, curve=fitted * sigma)


def _bases(n: int, scale: np.ndarray) -> list[np.ndarray]:
    """Orthonormal columns, each row times `scale`: polynomials up to a cubic, then cubic splines of more pieces."""
    x = np.linspace(-1.0, 1.0, n)
    found = [np.polynomial.legendre.legvander(x, degree) for degree in range(4) if degree < n - 1]
    pieces = 2
    while pieces <= min(n // FINEST, MOST_KNOTS):
        knots = np.concatenate([[-1.0] * 4, np.linspace(-1.0, 1.0, pieces + 1)[1:-1], [1.0] * 4])
        found.append(interpolate.BSpline.design_matrix(x, knots, 3).toarray())
        pieces = pieces + 1 if pieces < 4 else int(pieces * 1.5)
    return [np.linalg.qr(columns * scale[:, None])[0] for columns in found]


def _best(bases: list[np.ndarray], y: np.ndarray, price: float) -> tuple[int, np.ndarray, float]:
    """Columns, basis and cost of the cheapest smooth curve through `y`."""
    costs = [float(y @ y - ((b.T @ y) ** 2).sum() + price * b.shape[1]) for b in bases]
    best = int(np.argmin(costs))
    return bases[best].shape[1], bases[best], costs[best]


def _same_spectrum(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise with the power of `x` at each frequency."""
    spectrum = np.fft.rfft(x - x.mean())
    turned = spectrum * np.exp(2j * np.pi * rng.random(spectrum.size))
    turned[0] = 0.0
    if x.size % 2 == 0:
        # The highest frequency of an even record is real.
        turned[-1] = abs(spectrum[-1]) * rng.choice((-1.0, 1.0))
    return np.fft.irfft(turned, x.size)
