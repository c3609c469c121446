r"""Distributions of device numbers and their fits.

`Lognormal` for resistances and filament voltages (spread over decades), `Normal` where the spread is
small against the mean, `Weibull` for weakest-link quantities. `fit_distribution` fits all three by
maximum likelihood and keeps the one with the smallest Akaike information criterion; it takes the others of
`families` too.

Every distribution maps a standard normal number to a value (`from_normal`), so that correlated devices
can be drawn from correlated normal numbers (a Gaussian copula).
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int
from scipy import special, stats

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.extraction.intervals import bootstrap_indices

Values = Float[np.ndarray, " value"]


class Distribution(ABC):
    """What every distribution here offers; values and parameters carry the unit of the data."""

    __slots__ = ()
    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def fit(cls, values: Values) -> Distribution:
        """Maximum-likelihood fit to finite `values` that the family admits."""

    @classmethod
    @abstractmethod
    def admits(cls, values: Values) -> bool:
        """Whether `values` lie in the support of this family."""

    @abstractmethod
    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Natural logarithm of the probability density at `values`."""

    @abstractmethod
    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Probability of a value not above `values`."""

    @abstractmethod
    def from_normal(self, normal: np.ndarray) -> np.ndarray:
        """The value at the same quantile as standard normal numbers `normal`."""

    @property
    def median(self) -> float:
        """The median, in the unit of the data."""
        return float(self.from_normal(np.array(0.0)))

    @property
    def parameters(self) -> dict[str, float]:
        """Name and value of each parameter."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]


def _normal_cdf(values: np.ndarray, mean: float, std: float) -> np.ndarray:
    # No spread at all is a step; scipy would divide by zero.
    return np.asarray(stats.norm.cdf(values, mean, std) if std > 0 else np.where(values >= mean, 1.0, 0.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Normal(Distribution):
    """Normal distribution."""

    name: ClassVar[str] = "normal"
    mean: float = quantity(dataclasses.MISSING, "unit of the data", r"\mu", "mean")
    std: float = quantity(dataclasses.MISSING, "unit of the data", r"\sigma", "standard deviation")

    def __post_init__(self) -> None:
        require(self, self.std >= 0, f"std is {self.std}; it cannot be negative.")

    @classmethod
    def fit(cls, values: Values) -> Normal:
        """Maximum-likelihood fit (standard deviation with divisor n)."""
        return cls(mean=float(values.mean()), std=float(values.std()))

    @classmethod
    def admits(cls, values: Values) -> bool:  # noqa: ARG003
        """Always: the support is the real line."""
        return True

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Natural logarithm of the probability density at `values`."""
        return np.asarray(stats.norm.logpdf(values, self.mean, self.std))

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Probability of a value not above `values`."""
        return np.asarray(_normal_cdf(np.asarray(values), self.mean, self.std))

    def from_normal(self, normal: np.ndarray) -> np.ndarray:
        """The value at the same quantile as standard normal numbers `normal`."""
        return np.asarray(self.mean + self.std * normal)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lognormal(Distribution):
    """Lognormal distribution; `mu` and `sigma` belong to the natural logarithm of the value."""

    name: ClassVar[str] = "lognormal"
    mu: float = quantity(dataclasses.MISSING, "1", r"\mu", "mean of ln(value / unit)")
    sigma: float = quantity(dataclasses.MISSING, "1", r"\sigma", "standard deviation of ln(value)")

    def __post_init__(self) -> None:
        require(self, self.sigma >= 0, f"sigma is {self.sigma}; it cannot be negative.")

    @classmethod
    def fit(cls, values: Values) -> Lognormal:
        """Maximum-likelihood fit (sigma with divisor n)."""
        logs = np.log(values)
        return cls(mu=float(logs.mean()), sigma=float(logs.std()))

    @classmethod
    def admits(cls, values: Values) -> bool:
        """Only positive values."""
        return bool((values > 0).all())

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Natural logarithm of the probability density at `values`."""
        return np.asarray(stats.norm.logpdf(np.log(values), self.mu, self.sigma) - np.log(values))

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Probability of a value not above `values`."""
        positive = np.maximum(values, np.finfo(float).tiny)
        return np.asarray(
            np.where(
                np.asarray(values) > 0, _normal_cdf(np.asarray(np.log(positive)), self.mu, self.sigma), 0.0
            )
        )

    def from_normal(self, normal: np.ndarray) -> np.ndarray:
        """The value at the same quantile as standard normal numbers `normal`."""
        return np.asarray(np.exp(self.mu + self.sigma * normal))


@dataclass(frozen=True, kw_only=True, slots=True)
class Weibull(Distribution):
    """Two-parameter Weibull distribution, cdf 1 - exp(-(value / scale)^shape)."""

    name: ClassVar[str] = "Weibull"
    shape: float = quantity(dataclasses.MISSING, "1", "k", "shape (Weibull slope)")
    scale: float = quantity(dataclasses.MISSING, "unit of the data", r"\lambda", "scale (63.2 % quantile)")

    def __post_init__(self) -> None:
        require(
            self,
            self.shape > 0 and self.scale > 0,
            f"shape {self.shape} and scale {self.scale} must be positive.",
        )

    @classmethod
    def fit(cls, values: Values) -> Weibull:
        """Maximum-likelihood fit; the shape solves its profile equation (one root), by bisection."""
        logs = np.log(values)
        centred = logs - logs.max()
        if np.ptp(logs) < 1e-12:
            raise PinchedError(
                "all values are equal: a Weibull slope cannot be fitted. Use Normal or Lognormal."
            )

        # d(log likelihood)/d(shape) falls from +inf to below zero as the shape grows.
        def score(shape: float) -> float:
            weight = np.exp(shape * centred)
            return 1.0 / shape + logs.mean() - logs.max() - (weight * centred).sum() / weight.sum()

        low, high = 1e-3, 1.0
        while score(high) > 0 and high < 1e9:
            high *= 2.0
        for _ in range(200):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if score(middle) > 0 else (low, middle)
            if high - low < 1e-12 * high:
                break
        scale = np.exp(logs.max()) * np.mean(np.exp(high * centred)) ** (1.0 / high)
        return cls(shape=float(high), scale=float(scale))

    @classmethod
    def admits(cls, values: Values) -> bool:
        """Only positive values that are not all equal."""
        return bool((values > 0).all() and np.ptp(values) > 1e-12 * values.max())

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Natural logarithm of the probability density at `values`."""
        return np.asarray(stats.weibull_min.logpdf(values, self.shape, scale=self.scale))

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Probability of a value not above `values`."""
        return np.asarray(stats.weibull_min.cdf(values, self.shape, scale=self.scale))

    def from_normal(self, normal: np.ndarray) -> np.ndarray:
        """The value at the same quantile as standard normal numbers `normal`."""
        # log_ndtr keeps the upper tail, where 1 - cdf would round to zero.
        return np.asarray(self.scale * (-special.log_ndtr(-normal)) ** (1.0 / self.shape))


@dataclass(frozen=True, kw_only=True, slots=True)
class DistributionFit:
    """A fitted distribution with its uncertainty; values that were all negative are fitted by magnitude."""

    distribution: Distribution
    """The chosen family with its parameters, of the magnitude |value|."""
    sign: int
    """-1 when the values were all negative (V_RESET), else 1: value = sign * magnitude."""
    n: int
    """How many values were fitted."""
    interval: dict[str, tuple[float, float]]
    """95 % bootstrap interval of each parameter, over devices when devices repeat."""
    aic: dict[str, float]
    """Akaike information criterion of each family that was tried; smaller is better."""
    ks_distance: float
    """Largest distance between the empirical and the fitted cumulative distribution (Kolmogorov-Smirnov)."""


def kolmogorov_distance(distribution: Distribution, values: Values) -> float:
    """Largest distance between the empirical distribution of `values` and the cdf of `distribution`."""
    p, rank, n = distribution.cdf(np.sort(values)), np.arange(values.size), values.size
    return float(np.max(np.maximum((rank + 1) / n - p, p - rank / n)))


def fit_distribution(
    values: np.ndarray,
    *,
    families: tuple[type[Distribution], ...] = (Normal, Lognormal, Weibull),
    devices: Int[np.ndarray, " value"] | None = None,
    seed: int = 0,
    resamples: int = 1000,
) -> DistributionFit:
    """Fit `families` to `values` (any unit; NaN dropped) and keep the one with the smallest AIC.

    `devices` numbers the device of each value: the bootstrap then draws devices, since cycles of one
    device are not independent. Raises `PinchedError` for fewer than 3 values, mixed signs where only
    positive families were allowed, or values that are all equal.
    """
    values = np.asarray(values, dtype=np.float64)
    keep = np.isfinite(values)
    values = values[keep]
    groups = None if devices is None else np.asarray(devices)[keep]
    if values.size < 3:
        raise PinchedError(
            f"{values.size} finite values are too few for a distribution; at least 3 are needed."
        )
    sign = -1 if (values < 0).all() else 1
    magnitude = sign * values
    if np.ptp(magnitude) == 0:
        raise PinchedError(f"all {values.size} values equal {values[0]:g}: there is no spread to fit.")
    fits = {family: family.fit(magnitude) for family in families if family.admits(magnitude)}
    if not fits:
        names = ", ".join(family.name for family in families)
        raise PinchedError(
            f"the values reach from {magnitude.min():g} to {magnitude.max():g}; none of {names} admits that."
        )
    aic = {
        family: 2.0 * len(fit.parameters) - 2.0 * float(fit.log_density(magnitude).sum())
        for family, fit in fits.items()
    }
    best = min(aic, key=lambda family: aic[family])
    chosen = fits[best]
    draws = []
    for index in bootstrap_indices(values.size, groups, resamples=resamples, seed=seed, address="fit"):
        sample = magnitude[index]
        if np.ptp(sample) > 0:
            draws.append(list(best.fit(sample).parameters.values()))
    low, high = np.percentile(np.array(draws), [2.5, 97.5], axis=0)
    return DistributionFit(
        distribution=chosen,
        sign=sign,
        n=int(values.size),
        interval={
            name: (float(a), float(b)) for name, a, b in zip(chosen.parameters, low, high, strict=True)
        },
        aic={family.name: value for family, value in aic.items()},
        ks_distance=kolmogorov_distance(chosen, magnitude),
    )
