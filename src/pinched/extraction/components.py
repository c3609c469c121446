r"""Two sources of scatter as draws: what devices and their cycles may scatter by, given how they did.

Generalised inference (weerahandi1993generalized): of every variance between devices that a chi-squared draw of
the weighted spread of device means leads to (wald1940variance). `variability.variance_components` makes intervals
of it, `parameter_draws` those of fitted distributions. Nobody else needs this module.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scatter:
    """Device means and both sums of squares of values that several devices repeat."""

    means: Float[np.ndarray, " device"]
    """Mean of each device."""
    counts: Int[np.ndarray, " device"]
    """Values of each device."""
    within: float
    """Sum of squares around the device means."""
    between: float
    """Weighted sum of squares of the device means around the mean of all values."""

    @property
    def cycle(self) -> float:
        """Estimated variance of the cycles of one device."""
        return self.within / (int(self.counts.sum()) - self.counts.size)

    @property
    def device(self) -> float:
        """Estimated variance between devices (analysis of variance); 0 where cycles explain the difference."""
        n, k = float(self.counts.sum()), self.counts.size
        size = (n - float((self.counts**2).sum()) / n) / (k - 1)
        return max(0.0, (self.between / (k - 1) - self.cycle) / size)

    def draws(
        self, count: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, " draw"], Float[np.ndarray, " draw"]]:
        """`count` draws of the variances between devices and between cycles that the data allow."""
        k = self.counts.size
        cycle = self.within / rng.chisquare(int(self.counts.sum()) - k, count)
        return _device_variance(self.means, self.counts, cycle, rng.chisquare(k - 1, count)), cycle


def scatter_of(values: Float[np.ndarray, " value"], devices: Int[np.ndarray, " value"]) -> Scatter:
    """The `Scatter` of finite `values` of `devices` (any numbers)."""
    _, inverse, counts = np.unique(devices, return_inverse=True, return_counts=True)
    means = np.bincount(inverse, weights=values) / counts
    return Scatter(
        means=means,
        counts=counts,
        within=float(((values - means[inverse]) ** 2).sum()),
        between=float((counts * (means - values.mean()) ** 2).sum()),
    )


def _device_variance(
    means: Float[np.ndarray, " device"],
    counts: Int[np.ndarray, " device"],
    cycle: Float[np.ndarray, " draw"],
    chi_squared: Float[np.ndarray, " draw"],
) -> Float[np.ndarray, " draw"]:
    """The variance between devices at which their means, weighted by their precision, spread as drawn; 0 if none."""

    def spread(device: Float[np.ndarray, " draw"]) -> Float[np.ndarray, " draw"]:
        weight = 1.0 / np.maximum(device[:, None] + cycle[:, None] / counts, 1e-300)
        centre = (weight * means).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        return (weight * (means - centre) ** 2).sum(axis=1)

    # The spread falls as the variance rises; no weight exceeds 1 / device, which bounds the root.
    low, high = np.zeros_like(cycle), float(((means - means.mean()) ** 2).sum()) / chi_squared
    for _ in range(50):
        middle = 0.5 * (low + high)
        above = spread(middle) > chi_squared
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(low > 0, high, 0.0)
