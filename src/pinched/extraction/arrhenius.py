r"""The straight line through logarithms against $1 / k_\mathrm{B} T$: what every activation energy is read from.

`fit_line` averages what was measured at one temperature first: repeats at one temperature share whatever else
differs between two (contact, device, drift), so that they do not count as further temperatures. `retention`
(lives), `conduction_activation` (barriers, traps, hops) name what the slope means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats

from pinched import constants
from pinched._errors import PinchedError

FEWEST = 3
"""Fewest different temperatures: two always lie on a line, whose slope then has no error."""


def inverse_energy(kelvin: Float[np.ndarray, " *point"] | float) -> Float[np.ndarray, " *point"]:
    """1 / (k_B T) in 1/eV."""
    return np.asarray(constants.E / (constants.K_B * np.asarray(kelvin, dtype=np.float64)))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Line:
    """y = intercept + slope / (k_B T)."""

    temperature: Float[np.ndarray, " point"]
    """Different temperatures (K), rising."""
    value: Float[np.ndarray, " point"]
    """Mean of y at each."""
    intercept: float
    """y at 1 / T = 0."""
    slope: float
    """Slope (eV)."""
    covariance: Float[np.ndarray, "2 2"]
    """Covariance of intercept and slope."""

    @property
    def reach(self) -> float:
        """Standard errors of a 95 % interval: t of the number of temperatures less 2."""
        return float(stats.t.ppf(0.975, self.temperature.size - 2))

    @property
    def slope_interval(self) -> tuple[float, float]:
        """95 % interval of the slope (eV)."""
        half = self.reach * float(np.sqrt(self.covariance[1, 1]))
        return self.slope - half, self.slope + half

    @property
    def intercept_interval(self) -> tuple[float, float]:
        """95 % interval of the intercept."""
        half = self.reach * float(np.sqrt(self.covariance[0, 0]))
        return self.intercept - half, self.intercept + half

    def at(self, kelvin: float) -> tuple[float, float, float]:
        """y at `kelvin` (K) and its 95 % interval: value, low, high."""
        x = np.array([1.0, float(inverse_energy(kelvin))])
        middle = self.intercept + self.slope * float(x[1])
        half = self.reach * float(np.sqrt(x @ self.covariance @ x))
        return middle, middle - half, middle + half


def fit_line(kelvin: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"], *, what: str) -> Line:
    """Least-squares line through the mean of `y` at each temperature `kelvin` (K, equal within 0.1 K).

    Raises `PinchedError` below 3 different temperatures or for one not above zero; `what` names the points there.
    """
    kelvin, y = np.asarray(kelvin, dtype=np.float64), np.asarray(y, dtype=np.float64)
    groups, inverse, counts = np.unique(np.round(kelvin, 1), return_inverse=True, return_counts=True)
    if groups.size < FEWEST or not (kelvin > 0).all() or not np.isfinite(y).all():
        raise PinchedError(
            f"{kelvin.size} {what} at {groups.size} temperatures give no activation energy: at least 3 different "
            "temperatures (K) with values above zero are needed, since two always lie on a line. Measure at one more."
        )
    temperature, value = (np.bincount(inverse, weights=w) / counts for w in (kelvin, y))
    x = inverse_energy(temperature)
    away = x - x.mean()
    power = float(away @ away)
    slope = float(away @ value) / power
    residual = value - value.mean() - slope * away
    variance = float(residual @ residual) / (x.size - 2)
    # From the centred line back to 1 / T = 0: intercept = centre - slope * mean.
    turn = np.array([[1.0, -x.mean()], [0.0, 1.0]])
    centred = variance * np.diag([1.0 / x.size, 1.0 / power])
    return Line(
        temperature=temperature,
        value=value,
        intercept=float(value.mean() - slope * x.mean()),
        slope=slope,
        covariance=turn @ centred @ turn.T,
    )
