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
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int
from scipy import special, stats

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.extraction.distribution import Distribution, Parameters, Values
from pinched.extraction.parameter_draws import parameter_draws


def _normal_cdf(values: np.ndarray, mean: float, std: float) -> np.ndarray:
    # No spread at all is a step; scipy would divide by zero.
    return np.asarray(stats.norm.cdf(values, mean, std) if std > 0 else np.where(values >= mean, 1.0, 0.0))


def _normal_refits(mean: float, std: float, n: int, draws: int, rng: np.random.Generator) -> Parameters:
    # The mean of n is normal, n s^2 chi-squared, and the two are independent.
    means = mean + std / np.sqrt(n) * rng.standard_normal(draws)
    return np.column_stack([means, std * np.sqrt(rng.chisquare(n - 1, draws) / n)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Normal(Distribution):
    """Normal distribution."""

    name: ClassVar[str] = "normal"
    located: ClassVar[bool] = True
    mean: float = quantity(dataclasses.MISSING, "unit of the data", r"\mu", "mean")
    std: float = quantity(dataclasses.MISSING, "unit of the data", r"\sigma", "standard deviation")

    def __post_init__(self) -> None:
        require(self, self.std >= 0, f"std is {self.std}; it cannot be negative.")

    @classmethod
    def fit(cls, values: Values) -> Normal:
        """Maximum-likelihood fit (standard deviation with divisor n)."""
        return cls(mean=float(values.mean()), std=float(values.std()))

    @classmethod
    def fit_many(cls, samples: Float[np.ndarray, "draw value"]) -> Parameters:
        """Mean and standard deviation (divisor n) of each row."""
        return np.column_stack([samples.mean(axis=1), samples.std(axis=1)])

    def refits(self, n: int, draws: int, rng: np.random.Generator) -> Parameters:
        """Means and deviations of samples of `n`, from their known distributions."""
        return _normal_refits(self.mean, self.std, n, draws, rng)

    @classmethod
    def to_free(cls, parameters: Parameters) -> Parameters:
        """Mean and ln(std)."""
        return np.column_stack([parameters[:, 0], np.log(np.maximum(parameters[:, 1], 1e-300))])

    @classmethod
    def from_free(cls, free: Parameters) -> Parameters:
        """The inverse of `to_free`."""
        return np.column_stack([free[:, 0], np.exp(free[:, 1])])

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
    located: ClassVar[bool] = True
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
    def fit_many(cls, samples: Float[np.ndarray, "draw value"]) -> Parameters:
        """mu and sigma (divisor n) of each row."""
        return Normal.fit_many(np.log(samples))

    def refits(self, n: int, draws: int, rng: np.random.Generator) -> Parameters:
        """mu and sigma of samples of `n`, from their known distributions."""
        return _normal_refits(self.mu, self.sigma, n, draws, rng)

    @classmethod
    def to_free(cls, parameters: Parameters) -> Parameters:
        """mu and ln(sigma)."""
        return Normal.to_free(parameters)

    @classmethod
    def from_free(cls, free: Parameters) -> Parameters:
        """The inverse of `to_free`."""
        return Normal.from_free(free)

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
    located: ClassVar[bool] = True
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
        """Maximum-likelihood fit; raises `PinchedError` where all values are equal."""
        if np.ptp(np.log(values)) < 1e-12:
            raise PinchedError(
                "all values are equal: a Weibull slope cannot be fitted. Use Normal or Lognormal."
            )
        shape, scale = cls.fit_many(values[None])[0]
        return cls(shape=float(shape), scale=float(scale))

    @classmethod
    def fit_many(cls, samples: Float[np.ndarray, "draw value"]) -> Parameters:
        """Shape and scale of each row: the shape solves its profile equation, which has one root."""
        logs = np.log(np.maximum(samples, 1e-300))
        top = logs.max(axis=1, keepdims=True)
        x = logs - top
        middle = x.mean(axis=1)
        # In 1 / shape the equation is nearly straight: Newton steps from the value of moments, halved at most.
        shape = 1.2825 / np.maximum(x.std(axis=1), 1e-9)
        for _ in range(30):
            weight = np.exp(shape[:, None] * x)
            total = weight.sum(axis=1)
            first = (weight * x).sum(axis=1) / total
            second = (weight * x * x).sum(axis=1) / total - first**2
            miss = 1.0 / shape + middle - first
            step = miss / (1.0 + shape**2 * second)
            new = shape / np.clip(1.0 - step * shape, 0.5, 2.0)
            done = bool((np.abs(new - shape) <= 1e-12 * shape).all())
            shape = new
            if done:
                break
        scale = np.exp(top[:, 0] + np.log(np.exp(shape[:, None] * x).mean(axis=1)) / shape)
        return np.column_stack([shape, scale])

    @classmethod
    def to_free(cls, parameters: Parameters) -> Parameters:
        """Location and ln(scale) of ln(value): ln(scale) and -ln(shape)."""
        return np.column_stack([np.log(parameters[:, 1]), -np.log(parameters[:, 0])])

    @classmethod
    def from_free(cls, free: Parameters) -> Parameters:
        """The inverse of `to_free`."""
        return np.column_stack([np.exp(-free[:, 1]), np.exp(free[:, 0])])

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
    """95 % interval of each parameter, the family taken for granted (`parameter_draws` says how)."""
    aic: dict[str, float]
    """Akaike information criterion of each family that was tried; smaller is better."""
    ks_distance: float
    """Largest distance between the empirical and the fitted cumulative distribution (Kolmogorov-Smirnov)."""
    draws: Float[np.ndarray, "draw parameter"] = dataclasses.field(repr=False, compare=False)
    """Parameters that may have led to the values, one set per row, in the order of `interval`."""

    def quantile(self, share: float) -> tuple[float, float, float]:
        """The magnitude that `share` (0 to 1) of the values stay below, and its 95 % interval: value, low, high.

        Raises `PinchedError` for a share outside 0 to 1.
        """
        if not 0.0 < share < 1.0:
            raise PinchedError(f"a quantile of {share} does not exist; give a share between 0 and 1.")
        z, family = np.array(special.ndtri(share)), type(self.distribution)
        drawn = [
            float(family(**dict(zip(self.interval, row, strict=True))).from_normal(z))
            for row in self.draws.tolist()
        ]
        low, high = np.percentile(drawn, [2.5, 97.5])
        return float(self.distribution.from_normal(z)), float(low), float(high)


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

    `devices` numbers the device of each value, since cycles of one device are not independent; with one device
    the values count as a series in its order. `resamples` draws make the intervals. Raises `PinchedError` for fewer
    than 3 values, mixed signs where only
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
    draws = parameter_draws(chosen, magnitude, groups, draws=resamples, seed=seed)
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return DistributionFit(
        distribution=chosen,
        sign=sign,
        n=int(values.size),
        interval={
            name: (float(a), float(b)) for name, a, b in zip(chosen.parameters, low, high, strict=True)
        },
        aic={family.name: value for family, value in aic.items()},
        ks_distance=kolmogorov_distance(chosen, magnitude),
        draws=draws,
    )
