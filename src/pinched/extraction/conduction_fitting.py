r"""Least squares for one conduction law in $\ln I$: parameters, intervals, criterion.

The machinery of `conduction.fit_conduction`; nothing here compares laws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from pinched.extraction.conduction_laws import Law, Volts
from pinched.extraction.conduction_sanity import Film, Sanity, check_law

RESOLUTION = 1e-4
"""Relative error that no current is better than, however smooth: exact ties of simulated curves stay ties."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedLaw:
    """One law, fitted."""

    law: Law
    error: dict[str, float]
    """Standard error of each parameter, in its unit; NaN where the parameter ended at its bound."""
    interval: dict[str, tuple[float, float]]
    """95 % interval of each parameter; (NaN, NaN) at a bound."""
    at_bound: tuple[str, ...]
    """Parameters that ended at the edge of their range: the law is its simpler limit there."""
    aicc: float
    """Akaike criterion with the correction for few samples, up to a constant of the data; smaller is better."""
    misfit: float
    """Root mean square of the weighted residuals of ln I: 0.05 is a misfit of 5 %."""
    sanity: Sanity
    """Whether the parameters are physically possible."""


def fit_vector(law: type[Law], v: Volts, y: Volts, weight: Volts, temperature: float) -> np.ndarray:
    """The free numbers of `law` with the least weighted squares of ln I (`y`) at voltages `v` (V)."""
    root = np.sqrt(weight)
    low, high = np.array(law.bounds(v)).T
    closed = np.isfinite(low) & np.isfinite(high)
    ends = np.where(closed, low, -1.0), np.where(closed, high, 1.0)
    middle, half = (ends[0] + ends[1]) / 2.0, (ends[1] - ends[0]) / 2.0

    # A sine between two bounds: the search may run along the edge and leave it again. Clipping, which is
    # right for the one-sided bound of a straight line, would hold it there.
    def inside(free: np.ndarray) -> np.ndarray:
        return np.where(closed, middle + half * np.sin(free), np.clip(free, low, high))

    def residual(free: np.ndarray) -> np.ndarray:
        return root * (y - law.curve(inside(free), v, temperature))

    best, least = np.empty(0), np.inf
    for start in law.starts(v, y):
        share = np.clip((start - middle) / half, -0.99, 0.99)
        free = np.where(closed, np.arcsin(np.where(closed, share, 0.0)), start)
        # full_output: a start that runs out of steps is one that another start beats, and no warning.
        found = optimize.leastsq(residual, free, xtol=1e-9, ftol=1e-11, maxfev=200, full_output=True)[0]
        squares = float(np.sum(residual(found) ** 2))
        if squares < least:
            best, least = inside(found), squares
    return best


def effective_samples(residual: np.ndarray) -> float:
    """How many independent samples `residual` is worth: fewer where neighbours err alike."""
    r = residual - residual.mean()
    power = float(r @ r)
    lag = float(r[1:] @ r[:-1]) / power if power > 0 else 0.0
    # Only what chance does not do: the lag-1 autocorrelation of white noise scatters by 1 / sqrt(n).
    if lag < 2.0 / math.sqrt(r.size):
        return float(r.size)
    return max(r.size * (1.0 - lag) / (1.0 + lag), 1.0)


def describe_fit(
    law: type[Law], vector: np.ndarray, residual: np.ndarray, v: Volts, weight: Volts, n: float, film: Film
) -> FittedLaw:
    """The law of `vector` with intervals and criterion, from `residual` that counts as `n` independent samples."""
    low, high = np.array(law.bounds(v)).T
    slack = 1e-4 * np.maximum(np.abs(vector), 1.0)
    pinned = (vector - low < slack) | (high - vector < slack)
    free = np.flatnonzero(~pinned)
    squares = float(residual @ residual)
    step = 1e-5 * np.maximum(np.abs(vector), 1e-2)
    columns: list[np.ndarray] = []
    for k in free:
        # Both ways, and never over a bound, where the curve ends.
        ahead, behind = vector.copy(), vector.copy()
        ahead[k], behind[k] = min(vector[k] + step[k], high[k]), max(vector[k] - step[k], low[k])
        change = law.curve(ahead, v, film.temperature) - law.curve(behind, v, film.temperature)
        columns.append(np.asarray(np.sqrt(weight) * change / (ahead[k] - behind[k])))
    freedom = max(n - free.size, 1e-9)
    deviation = math.sqrt(squares / residual.size * n / freedom)
    made = law.from_vector(vector, film.temperature)
    names = list(made.parameters)
    error = dict.fromkeys(names, float("nan"))
    if columns:
        design = np.array(columns).T
        # Per sample: correlated residuals carry the information of n, not of all samples.
        covariance = np.linalg.pinv(design.T @ design) * deviation**2 * residual.size / n
        for name, value in _propagate(law, vector, free, covariance, film.temperature).items():
            error[name] = value if names.index(name) in free else float("nan")
    reach = float(stats.t.ppf(0.975, freedom)) if freedom >= 1 else float("inf")
    interval = {
        name: (getattr(made, name) - reach * error[name], getattr(made, name) + reach * error[name])
        for name in names
    }
    k = free.size + 1  # the scatter is a parameter too
    spare = n - k - 1
    penalty = 2.0 * k + 2.0 * k * (k + 1) / spare if spare > 0 else float("inf")
    return FittedLaw(
        law=made,
        error=error,
        interval=interval,
        at_bound=tuple(name for name, at in zip(names, pinned, strict=True) if at),
        aicc=n * math.log(squares / residual.size + RESOLUTION**2) + penalty,
        misfit=math.sqrt(squares / float(weight.sum())),
        sanity=check_law(made, interval, film, float(v.max())),
    )


def _propagate(
    law: type[Law], vector: np.ndarray, free: np.ndarray, covariance: np.ndarray, temperature: float
) -> dict[str, float]:
    values = {}
    slopes: dict[str, list[float]] = {}
    for k in free:
        step = 1e-6 * max(abs(float(vector[k])), 1e-2)
        ahead, behind = vector.copy(), vector.copy()
        ahead[k] += step
        behind[k] -= step
        up, down = (law.from_vector(p, temperature).parameters for p in (ahead, behind))
        for name in up:
            slopes.setdefault(name, []).append((up[name] - down[name]) / (2.0 * step))
    for name, gradient in slopes.items():
        g = np.array(gradient)
        values[name] = math.sqrt(max(float(g @ covariance @ g), 0.0))
    return values
