"""What every distribution of device numbers offers; the families themselves are in `distributions` and `families`.

A distribution maps standard normal numbers to values (`from_normal`) and values to probabilities (`cdf`), fits one
sample (`fit`) or many at once (`fit_many`), and names coordinates in which the error of a fit has the same
distribution whatever the parameters are (`to_free`): that is what exact intervals are made of (`parameter_draws`).
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from jaxtyping import Float

Values = Float[np.ndarray, " value"]
Parameters = Float[np.ndarray, "draw parameter"]
"""One row per fit, the parameters in the order of the fields of the family."""

CHUNK = 2_000_000
"""Values that are drawn and fitted at once: some tens of megabytes."""


class Distribution(ABC):
    """What every distribution here offers; values and parameters carry the unit of the data."""

    __slots__ = ()
    name: ClassVar[str]
    located: ClassVar[bool] = False
    """Whether `to_free` gives a location and the logarithm of a scale, and the family moves and widens with them."""

    @classmethod
    @abstractmethod
    def fit(cls, values: Values) -> Distribution:
        """Maximum-likelihood fit to finite `values` that the family admits."""

    @classmethod
    @abstractmethod
    def fit_many(cls, samples: Float[np.ndarray, "draw value"]) -> Parameters:
        """Maximum-likelihood fits of many samples of one size, one per row."""

    @classmethod
    @abstractmethod
    def admits(cls, values: Values) -> bool:
        """Whether `values` lie in the support of this family."""

    @classmethod
    @abstractmethod
    def to_free(cls, parameters: Parameters) -> Parameters:
        """Parameters as numbers without bounds; location and ln(scale) where `located`."""

    @classmethod
    @abstractmethod
    def from_free(cls, free: Parameters) -> Parameters:
        """The inverse of `to_free`."""

    @abstractmethod
    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Natural logarithm of the probability density at `values`."""

    @abstractmethod
    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Probability of a value not above `values`."""

    @abstractmethod
    def from_normal(self, normal: np.ndarray) -> np.ndarray:
        """The value at the same quantile as standard normal numbers `normal`."""

    def refits(self, n: int, draws: int, rng: np.random.Generator) -> Parameters:
        """Fits to `draws` samples of `n` independent values of this distribution."""
        rows = max(1, CHUNK // n)
        parts = [
            self.fit_many(self.from_normal(rng.standard_normal((min(rows, draws - start), n))))
            for start in range(0, draws, rows)
        ]
        return np.vstack(parts)

    @property
    def vector(self) -> Float[np.ndarray, " parameter"]:
        """The parameters in the order of the fields."""
        return np.array(list(self.parameters.values()))

    @property
    def median(self) -> float:
        """The median, in the unit of the data."""
        return float(self.from_normal(np.array(0.0)))

    @property
    def parameters(self) -> dict[str, float]:
        """Name and value of each parameter."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
