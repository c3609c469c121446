r"""Further families of distributions, and whether there are two populations.

`Gamma` for waiting times and sums of jumps; `LognormalMixture` where two kinds of devices or of switching are
mixed. Give them to `fit_distribution(families=...)`. A second population always fits better: `bimodality`
believes it only when both BIC and a simulated likelihood ratio say so.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import special, stats

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched._random import generator
from pinched.extraction.distribution import Distribution, Parameters, Values
from pinched.extraction.distributions import Lognormal, Weibull


@dataclass(frozen=True, kw_only=True, slots=True)
class Gamma(Distribution):
    """Gamma distribution: the waiting time until `shape` independent jumps, where `shape` is a whole number."""

    name: ClassVar[str] = "gamma"
    # Nearly: the larger the scatter, the less does it move and widen like a location and a scale.
    located: ClassVar[bool] = True
    shape: float = quantity(dataclasses.MISSING, "1", "k", "shape")
    scale: float = quantity(dataclasses.MISSING, "unit of the data", r"\theta", "scale; the mean is k theta")

    def __post_init__(self) -> None:
        good = self.shape > 0 and self.scale > 0
        require(self, good, f"shape {self.shape} and scale {self.scale} must be positive.")

    @classmethod
    def fit(cls, values: Values) -> Gamma:
        """Maximum-likelihood fit; raises `PinchedError` where all values are equal."""
        if float(np.log(values.mean()) - np.log(values).mean()) <= 1e-14:
            raise PinchedError(
                "all values are equal: a gamma shape cannot be fitted. Use Normal or Lognormal."
            )
        shape, scale = cls.fit_many(values[None])[0]
        return cls(shape=float(shape), scale=float(scale))

    @classmethod
    def fit_many(cls, samples: Float[np.ndarray, "draw value"]) -> Parameters:
        """Shape and scale of each row; ln k - digamma(k) = ln(mean) - mean(ln) has one root, by Newton steps."""
        mean = samples.mean(axis=1)
        gap = np.maximum(np.log(mean) - np.log(np.maximum(samples, 1e-300)).mean(axis=1), 1e-14)
        # Closed-form start within 1.5 % of the root; steps in 1/k converge from there for every gap.
        k = (3.0 - gap + np.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
        for _ in range(20):
            miss = np.log(k) - special.digamma(k) - gap
            k = 1.0 / (1.0 / k + miss / (k**2 * (1.0 / k - special.polygamma(1, k))))
        return np.column_stack([k, mean / k])

    @classmethod
    def to_free(cls, parameters: Parameters) -> Parameters:
        """ln(mean) and the logarithm of the relative scatter, 1 / sqrt(shape)."""
        return np.column_stack([np.log(parameters[:, 0] * parameters[:, 1]), -0.5 * np.log(parameters[:, 0])])

    @classmethod
    def from_free(cls, free: Parameters) -> Parameters:
        """The inverse of `to_free`."""
        shape = np.exp(-2.0 * free[:, 1])
        return np.column_stack([shape, np.exp(free[:, 0]) / shape])

    @classmethod
    def admits(cls, values: Values) -> bool:
        """Only positive values that are not all equal."""
        return Weibull.admits(values)

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Natural logarithm of the probability density at `values`."""
        return np.asarray(stats.gamma.logpdf(values, self.shape, scale=self.scale))

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Probability of a value not above `values`."""
        return np.asarray(stats.gamma.cdf(values, self.shape, scale=self.scale))

    def from_normal(self, normal: np.ndarray) -> np.ndarray:
        """The value at the same quantile as standard normal numbers `normal`."""
        # Each tail from its own side: 1 - cdf would round to zero.
        z = np.asarray(normal, dtype=np.float64)
        low, high = (
            special.gammaincinv(self.shape, special.ndtr(z)),
            special.gammainccinv(self.shape, special.ndtr(-z)),
        )
        return np.asarray(self.scale * np.where(z < 0, low, high))


@dataclass(frozen=True, kw_only=True, slots=True)
class LognormalMixture(Distribution):
    """Two lognormal populations, the lower one first; fitted by expectation and maximisation (dempster1977em)."""

    name: ClassVar[str] = "two lognormals"
    weight: float = quantity(dataclasses.MISSING, "1", "w", "share of the lower population")
    mu_low: float = quantity(dataclasses.MISSING, "1", r"\mu_1", "mean of ln(value), lower population")
    sigma_low: float = quantity(
        dataclasses.MISSING, "1", r"\sigma_1", "standard deviation of ln(value), lower one"
    )
    mu_high: float = quantity(dataclasses.MISSING, "1", r"\mu_2", "mean of ln(value), higher population")
    sigma_high: float = quantity(
        dataclasses.MISSING, "1", r"\sigma_2", "standard deviation of ln(value), higher one"
    )

    def __post_init__(self) -> None:
        require(self, 0 <= self.weight <= 1, f"weight is {self.weight}; it is a share from 0 to 1.")
        good = self.sigma_low > 0 and self.sigma_high > 0
        require(self, good, f"sigma_low {self.sigma_low} and sigma_high {self.sigma_high} must be positive.")

    @classmethod
    def fit(cls, values: Values) -> LognormalMixture:
        """Maximum-likelihood fit, best of three starts; no sigma below 5 % of the whole."""
        parameters = cls.fit_many(values[None])
        return cls(
            **dict(zip([f.name for f in dataclasses.fields(cls)], parameters[0].tolist(), strict=True))
        )

    @classmethod
    def fit_many(cls, samples: Float[np.ndarray, "draw value"]) -> Parameters:
        """The five parameters of each row."""
        return _expectation_maximisation(np.log(samples))[0]

    @classmethod
    def to_free(cls, parameters: Parameters) -> Parameters:
        """Logit of the weight, both means, the logarithm of both deviations."""
        w, m1, s1, m2, s2 = parameters.T
        return np.column_stack([special.logit(np.clip(w, 1e-9, 1.0 - 1e-9)), m1, np.log(s1), m2, np.log(s2)])

    @classmethod
    def from_free(cls, free: Parameters) -> Parameters:
        """The inverse of `to_free`."""
        w, m1, s1, m2, s2 = free.T
        return np.column_stack([special.expit(w), m1, np.exp(s1), m2, np.exp(s2)])

    @classmethod
    def admits(cls, values: Values) -> bool:
        """Only positive values, at least 8, not all equal."""
        return bool(values.size >= 8 and (values > 0).all() and np.ptp(np.log(values)) > 1e-12)

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Natural logarithm of the probability density at `values`."""
        logs = np.log(values)
        with np.errstate(divide="ignore"):  # a weight of 0 or 1 leaves one population
            low = np.log(self.weight) + stats.norm.logpdf(logs, self.mu_low, self.sigma_low)
            high = np.log1p(-self.weight) + stats.norm.logpdf(logs, self.mu_high, self.sigma_high)
        return np.asarray(np.logaddexp(low, high) - logs)

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Probability of a value not above `values`."""
        logs = np.log(np.maximum(values, np.finfo(float).tiny))
        low = special.ndtr((logs - self.mu_low) / self.sigma_low)
        high = special.ndtr((logs - self.mu_high) / self.sigma_high)
        return np.where(np.asarray(values) > 0, self.weight * low + (1.0 - self.weight) * high, 0.0)

    def from_normal(self, normal: np.ndarray) -> np.ndarray:
        """The value at the same quantile as standard normal numbers `normal`, by bisection."""
        z = np.asarray(normal, dtype=np.float64)
        a, b = self.mu_low + self.sigma_low * z, self.mu_high + self.sigma_high * z
        # A mixture's quantile lies between those of its parts.
        low, high = np.minimum(a, b), np.maximum(a, b)
        target = special.ndtr(-np.abs(z))
        for _ in range(60):
            middle = 0.5 * (low + high)
            below, above = (
                self.weight * special.ndtr(s * (middle - self.mu_low) / self.sigma_low)
                + (1.0 - self.weight) * special.ndtr(s * (middle - self.mu_high) / self.sigma_high)
                for s in (1.0, -1.0)
            )
            # The smaller tail decides, so that neither rounds to one.
            short = np.where(z < 0, below < target, above > target)
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return np.asarray(np.exp(0.5 * (low + high)))


def _expectation_maximisation(
    logs: Float[np.ndarray, "sample value"],
) -> tuple[Float[np.ndarray, "sample 5"], Float[np.ndarray, " sample"]]:
    """Weight, means and deviations of two normal populations in each sample, and the log likelihood (of the logs)."""
    whole = logs.std(axis=1, keepdims=True)
    best, best_likelihood = np.zeros((logs.shape[0], 5)), np.full(logs.shape[0], -np.inf)
    parts, both = [], logs
    for share in (0.2, 0.5, 0.8):
        cut = np.quantile(logs, share, axis=1, keepdims=True)
        below = (logs <= cut).astype(float)
        for _ in range(150):
            w = np.clip(below.mean(axis=1, keepdims=True), 1e-6, 1.0 - 1e-6)
            parts = []
            for member, weight in ((below, w), (1.0 - below, 1.0 - w)):
                total = np.maximum(member.sum(axis=1, keepdims=True), 1e-9)
                mu = (member * logs).sum(axis=1, keepdims=True) / total
                sigma = np.sqrt((member * (logs - mu) ** 2).sum(axis=1, keepdims=True) / total)
                # The likelihood has no bound where a population shrinks on one value, and a spike is no population.
                sigma = np.maximum(sigma, 0.05 * whole)
                parts.append((weight, mu, sigma, np.log(weight / sigma) - 0.5 * ((logs - mu) / sigma) ** 2))
            both = np.logaddexp(parts[0][3], parts[1][3])
            below = np.exp(parts[0][3] - both)
        likelihood = both.sum(axis=1) - 0.5 * np.log(2 * np.pi) * logs.shape[1]
        (w, m1, s1, _), (_, m2, s2, _) = parts
        swap = m1 > m2
        found = np.hstack([np.where(swap, 1 - w, w), np.where(swap, m2, m1), np.where(swap, s2, s1),
                           np.where(swap, m1, m2), np.where(swap, s1, s2)])  # fmt: skip
        better = likelihood > best_likelihood
        best[better], best_likelihood[better] = found[better], likelihood[better]
    return best, best_likelihood


@dataclass(frozen=True, kw_only=True, slots=True)
class Bimodality:
    """One lognormal population or two."""

    single: Lognormal
    """The fit of one population."""
    mixture: LognormalMixture
    """The fit of two."""
    bic_gain: float
    """BIC of one minus BIC of two; above zero the mixture pays for its three parameters."""
    p_value: float
    """Share of samples of one population whose likelihood gains as much from a second; never below 1/(B + 1)."""

    @property
    def two(self) -> bool:
        """Whether two populations are accepted: by BIC and at 5 % by the simulated likelihood ratio."""
        return self.bic_gain > 0 and self.p_value < 0.05


def bimodality(values: Float[np.ndarray, " value"], *, resamples: int = 199, seed: int = 0) -> Bimodality:
    """Fit one and two lognormals to `values` (positive, independent, any unit, NaN dropped), and test the second.

    The likelihood ratio of mixtures follows no chi-squared law, so it is simulated (mclachlan1987bootstrapping).
    Raises `PinchedError` below 8 values or for values that are not positive.
    """
    x = np.asarray(values, dtype=np.float64)
    x = x[np.isfinite(x)]
    if not LognormalMixture.admits(x):
        raise PinchedError(
            f"{x.size} values from {x.min(initial=np.inf):g} up cannot be tested for two populations. "
            "Give at least 8 positive values that differ."
        )
    single, mixture, n = Lognormal.fit(x), LognormalMixture.fit(x), x.size

    def gain(logs: Float[np.ndarray, "sample value"]) -> Float[np.ndarray, " sample"]:
        one = -0.5 * n * (np.log(2 * np.pi * logs.var(axis=1)) + 1.0)
        return 2.0 * (_expectation_maximisation(logs)[1] - one)

    found = float(gain(np.log(x)[None])[0])
    null = gain(generator(seed, "bootstrap", "bimodality").standard_normal((resamples, n)))
    return Bimodality(
        single=single,
        mixture=mixture,
        bic_gain=found - 3.0 * float(np.log(n)),
        p_value=(int((null >= found).sum()) + 1) / (resamples + 1),
    )
