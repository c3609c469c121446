r"""Is a record a staircase, or a smooth curve that noise makes look like one? The test before any plateau is named.

The null hypothesis is a curve without features shorter than `FINEST` samples: a regression spline, its knots chosen
by the Bayesian criterion, with noise of the spectrum that the record has around it (white, flicker, what there is).
The statistic is by how much a partition into levels and slopes is cheaper than the spline, and its distribution is
that of surrogates of the null (theiler1992testing). Slow noise wanders between apparent levels in the surrogates too,
so that it proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import interpolate

from pinched._random import generator
from pinched.extraction.segmentation import partition_cost

FINEST = 10
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
    """Share of smooth surrogates that gain as much from steps; 1 where `gain` is not above zero."""
    columns: int
    """Free numbers of the best smooth curve."""
    curve: Float[np.ndarray, " sample"]
    """The best smooth curve, in the unit of the record."""


def against_smooth(
    values: Float[np.ndarray, " sample"],
    sigma: Float[np.ndarray, " sample"],
    *,
    surrogates: int = 99,
    seed: int = 0,
) -> SmoothTest:
    """Test `values` with noise `sigma` (same unit) against smooth curves, by up to `surrogates` draws.

    The first surrogate that gains as much ends the drawing: the p-value is then that of a test with so many draws.
    """
    n = values.size
    bases = _bases(n, 1.0 / sigma)
    y = values / sigma
    price = np.log(n)
    columns, basis, smooth = _best(bases, y[:, None], price)
    fitted = basis @ (basis.T @ y)
    gain = float(smooth[0]) - partition_cost(values, sigma)
    p_value = 1.0
    if gain > 0:
        rng = generator(seed, "plateaus", "surrogates")
        p_value = 1.0 / (surrogates + 1)
        for k in range(surrogates):
            drawn = fitted + _same_spectrum(y - fitted, rng)
            other = float(_best(bases, drawn[:, None], price)[2][0]) - partition_cost(drawn * sigma, sigma)
            if other >= gain:
                p_value = 1.0 / (k + 1)
                break
    return SmoothTest(gain=gain, p_value=p_value, columns=columns, curve=fitted * sigma)


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


def _best(bases: list[np.ndarray], y: np.ndarray, price: float) -> tuple[int, np.ndarray, np.ndarray]:
    """Columns and basis of the cheapest smooth curve through the first column of `y`, and the cheapest costs of all."""
    total = (y**2).sum(axis=0)
    costs = np.array([total - ((b.T @ y) ** 2).sum(axis=0) + price * b.shape[1] for b in bases])
    best = int(np.argmin(costs[:, 0]))
    return bases[best].shape[1], bases[best], costs.min(axis=0)


def _same_spectrum(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise with the power of `x` at each frequency."""
    spectrum = np.fft.rfft(x - x.mean())
    turned = spectrum * np.exp(2j * np.pi * rng.random(spectrum.size))
    turned[0] = 0.0
    if x.size % 2 == 0:
        # The highest frequency of an even record is real.
        turned[-1] = abs(spectrum[-1]) * rng.choice((-1.0, 1.0))
    return np.fft.irfft(turned, x.size)
