r"""What a small sample can say about rare values, and whether a fitted family holds at all.

`tail_probability` gives P(X > x) twice: from the fitted family with the interval of its parameters (narrow, and
only as true as the family), and from counting (wide, and true whatever the family). Where no value lies beyond
x the second is all that the data prove: 47 devices cannot show that fewer than 7 % fail. Print both.
`goodness_of_fit` asks whether values like these come from the family at all; its p-value is simulated, because
the textbook one assumes that no parameter was fitted, and is then far too kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float
from scipy import special, stats

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.extraction.distributions import Distribution, Lognormal, Normal, kolmogorov_distance
from pinched.extraction.intervals import binomial_interval


class Side(StrEnum):
    """Which tail is meant."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, kw_only=True, slots=True)
class TailProbability:
    """Probability of a value beyond a limit, from a family and from counting."""

    limit: float
    """The limit, in the unit of the data."""
    side: Side
    """Which side of it is counted."""
    n: int
    """How many values stand behind it."""
    fitted: float
    """Probability by the fitted family."""
    fitted_interval: tuple[float, float]
    """95 % interval of `fitted`, the family taken for granted."""
    beyond: int
    """How many values lie beyond the limit; -1 where only a published fit is known."""
    counted_interval: tuple[float, float]
    """Exact 95 % binomial interval of beyond / n: holds for any family."""

    @property
    def supported(self) -> bool:
        """Whether at least one value lies beyond the limit; else `fitted` is an extrapolation of the family."""
        return self.beyond > 0

    @property
    def text(self) -> str:
        """Both answers in one line, for a report."""
        low, high = (100 * p for p in self.fitted_interval)
        words = f"{100 * self.fitted:.2g} % [{low:.2g}, {high:.2g}] by the fitted family"
        if self.beyond < 0:
            return words
        low, high = (100 * p for p in self.counted_interval)
        counted = f"{self.beyond} of {self.n} counted [{low:.2g}, {high:.2g}] %"
        return (
            words + "; " + counted + ("" if self.supported else ": beyond the data, the family is believed")
        )


class Method(StrEnum):
    """How the interval of a fitted tail is found."""

    COVERING = "covering"
    """Exact for normal and lognormal, mirrored parametric bootstrap for the others: 95 % means 95 %."""
    PERCENTILE = "percentile"
    """Plain percentiles of refits, as many papers print them; both ends come out too low (for comparison)."""


def tail_interval(
    distribution: Distribution,
    n: int,
    limit: float,
    side: Side = Side.ABOVE,
    *,
    method: Method = Method.COVERING,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of P(X beyond `limit`) of `distribution`, which was fitted to `n` independent values.

    Normal and lognormal have an exact answer (owen1968survey): the standardised distance of the limit is a
    noncentral t. Other families are drawn from and fitted again, `resamples` times (parametric bootstrap); the
    quantiles of the normal score are then mirrored about the estimate, since it is the error that is drawn.
    Raises `PinchedError` below 3 values.
    """
    if n < 3:
        raise PinchedError(f"{n} values are too few for an interval of a tail; at least 3 are needed.")
    if isinstance(distribution, Normal | Lognormal) and method is Method.COVERING:
        if isinstance(distribution, Normal):
            centre, spread, at = distribution.mean, distribution.std, limit
        else:
            if limit <= 0:
                raise PinchedError(f"the limit is {limit}; a lognormal quantity needs one above zero.")
            centre, spread, at = distribution.mu, distribution.sigma, float(np.log(limit))
        # The fit divides by n, the t statistic by n - 1.
        distance = (at - centre) / (spread * np.sqrt(n / (n - 1.0)))
        low, high = sorted(
            float(special.ndtr(-_noncentrality(distance * np.sqrt(n), n - 1, p) / np.sqrt(n)))
            for p in (0.025, 0.975)
        )
    else:
        rng = generator(seed, "bootstrap", "tail")
        here = _score(distribution, limit)
        scores = np.array(
            [
                _score(type(distribution).fit(distribution.from_normal(rng.standard_normal(n))), limit)
                for _ in range(resamples)
            ]
        )
        a, b = np.percentile(scores, [2.5, 97.5])
        ends = (a, b) if method is Method.PERCENTILE else (2 * here - a, 2 * here - b)
        low, high = sorted(float(special.ndtr(-z)) for z in ends)
    return (low, high) if side is Side.ABOVE else (1.0 - high, 1.0 - low)


def _score(distribution: Distribution, limit: float) -> float:
    # Finite at both ends, so that quantiles of scores exist.
    return float(np.clip(special.ndtri(distribution.cdf(np.array([limit]))[0]), -8.0, 8.0))


def _noncentrality(statistic: float, freedom: int, p: float) -> float:
    """The noncentrality at which `statistic` is the p-quantile of t; it falls as p rises."""
    found = float(special.nctdtrinc(freedom, p, statistic))
    if np.isfinite(found):
        return found
    low, high = statistic - 40.0 - abs(statistic), statistic + 40.0 + abs(statistic)
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if stats.nct.cdf(statistic, freedom, middle) > p else (low, middle)
    return 0.5 * (low + high)


def tail_probability(
    values: Float[np.ndarray, " value"],
    limit: float,
    side: Side = Side.ABOVE,
    *,
    family: type[Distribution] = Lognormal,
    resamples: int = 2000,
    seed: int = 0,
) -> TailProbability:
    """P(X beyond `limit`) from `values` (one per device, any unit, NaN dropped): by `family`, and by counting.

    Raises `PinchedError` below 3 values, or where `family` does not admit the values. Cycles of one device are
    no independent values: give one number per device, such as its median.
    """
    x = np.asarray(values, dtype=np.float64)
    x = x[np.isfinite(x)]
    if x.size < 3 or not family.admits(x):
        raise PinchedError(
            f"{x.size} values from {x.min(initial=np.inf):g} up cannot be fitted by a {family.name} distribution. "
            "Give at least 3 values; magnitudes for quantities below zero."
        )
    fit = family.fit(x)
    above = 1.0 - float(fit.cdf(np.array([limit]))[0])
    beyond = int((x > limit).sum() if side is Side.ABOVE else (x < limit).sum())
    return TailProbability(
        limit=limit,
        side=side,
        n=int(x.size),
        fitted=above if side is Side.ABOVE else 1.0 - above,
        fitted_interval=tail_interval(fit, x.size, limit, side, resamples=resamples, seed=seed),
        beyond=beyond,
        counted_interval=binomial_interval(beyond, x.size),
    )


class Distance(StrEnum):
    """How far an empirical distribution is from a fitted one."""

    KOLMOGOROV_SMIRNOV = "Kolmogorov-Smirnov"
    """Largest distance: sees shifts in the middle."""
    ANDERSON_DARLING = "Anderson-Darling"
    """Squared distances weighted towards the ends: sees tails, and has more power for most departures."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GoodnessOfFit:
    """Whether values may come from a family whose parameters were fitted to them."""

    family: str
    """Name of the family."""
    distance: Distance
    """Which distance was taken."""
    statistic: float
    """Its value for the data."""
    p_value: float
    """Share of samples of the fitted family, fitted again, that lie at least as far off; never below 1/(B + 1)."""
    n: int
    """How many values were tested."""


def goodness_of_fit(
    values: Float[np.ndarray, " value"],
    family: type[Distribution],
    *,
    distance: Distance = Distance.ANDERSON_DARLING,
    resamples: int = 500,
    seed: int = 0,
) -> GoodnessOfFit:
    """Test `values` (independent, NaN dropped) against `family` by parametric bootstrap (stute1993bootstrap).

    Raises `PinchedError` below 8 values, where no test has any power, or where `family` does not admit them.
    """
    x = np.asarray(values, dtype=np.float64)
    x = x[np.isfinite(x)]
    if x.size < 8 or not family.admits(x):
        raise PinchedError(
            f"{x.size} values from {x.min(initial=np.inf):g} up cannot be tested against a {family.name} "
            "distribution. Give at least 8 values that the family admits."
        )
    measure = kolmogorov_distance if distance is Distance.KOLMOGOROV_SMIRNOV else anderson_darling
    fit = family.fit(x)
    found = measure(fit, x)
    rng = generator(seed, "bootstrap", "goodness", family.name)
    further = 0
    for _ in range(resamples):
        sample = fit.from_normal(rng.standard_normal(x.size))
        further += measure(family.fit(sample), sample) >= found
    return GoodnessOfFit(
        family=family.name,
        distance=distance,
        statistic=found,
        p_value=(further + 1) / (resamples + 1),
        n=int(x.size),
    )


def anderson_darling(distribution: Distribution, values: Float[np.ndarray, " value"]) -> float:
    """The Anderson-Darling statistic A squared of `values` against `distribution` (anderson1954test)."""
    n = values.size
    # Kept off 0 and 1, where one value far outside would make the statistic infinite.
    p = np.clip(distribution.cdf(np.sort(values)), 1e-15, 1.0 - 1e-15)
    weight = 2.0 * np.arange(1, n + 1) - 1.0
    return float(-n - (weight * (np.log(p) + np.log1p(-p[::-1]))).sum() / n)
