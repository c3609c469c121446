r"""Profile intervals of a fit: how far one parameter can go when all others follow.

`fit_device` states intervals from the covariance at the best fit, which takes the valley around it for straight.
`profile_intervals` walks along the valley: one parameter is held, the others are fitted again, and the interval ends
where the cost has risen by the quantile of chi squared. Use it for the parameters that you publish; a valley that
leads to the edge of the search range has an open end, and the parameter is not identified, whatever the covariance
says. It takes some twenty fits a parameter, each from the one before. Samples count as independent, as in the fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize, stats

from pinched._errors import PinchedError
from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.devices._fit_problem import Problem
from pinched.devices.fitting import DeviceFit, residual_scale

_WALKS = 12
"""Steps outward or inward for one end of an interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileInterval:
    """Interval of one parameter, in its unit, by its profile."""

    name: str
    unit: str
    value: float
    """Value of the fit."""
    low: float
    high: float
    open_low: bool
    """True where the cost never rose enough down to the end of the search range: `low` is that end."""
    open_high: bool
    better: float
    """Cost by which a fit along the profile undercut the given fit; above 1 that one was not the best."""


def profile_intervals(
    fit: DeviceFit,
    names: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    progress: Progress | None = None,
) -> tuple[ProfileInterval, ...]:
    """Profile intervals of the parameters `names` of `fit` (all free ones when None) at confidence `level`.

    Raises `PinchedError` for a name that was not fitted and a level outside 0 to 1.
    """
    require(DeviceFit, 0 < level < 1, f"level is {level}; it is a share between 0 and 1, such as 0.95.")
    known = [p.name for p in fit.parameters]
    wanted = known if names is None else list(names)
    for name in wanted:
        if name not in known:
            raise PinchedError(f"{name} was not fitted; free were {', '.join(known)}.")
    problem = Problem(
        law=fit.device,
        ranges=dict(fit.ranges),
        targets=list(fit.targets),
        floor=fit.floor_current,
        series=fit.series_resistance,
    )
    best = np.array([r.share(p.value) for p, r in zip(fit.parameters, problem.ranges.values(), strict=True)])
    profile = _Profile(problem, best, residual_scale(fit.residuals), float(stats.chi2.ppf(level, 1)))
    found = []
    for name in (progress or Silent()).track(wanted, "profiles", len(wanted)):
        k = known.index(name)
        sigma = math.sqrt(max(float(fit.covariance[k, k]), 0.0))
        first = min(max(math.sqrt(profile.rise) * sigma, 1e-6), 0.2)
        (low, open_low), (high, open_high) = (profile.end(k, side, first) for side in (-1.0, 1.0))
        ends = [float(problem.ranges[name].value(s)) for s in (low, high)]
        if ends[0] > ends[1]:
            ends, open_low, open_high = ends[::-1], open_high, open_low
        found.append(
            ProfileInterval(
                name=name,
                unit=fit.parameters[k].unit,
                value=fit.parameters[k].value,
                low=ends[0],
                high=ends[1],
                open_low=open_low,
                open_high=open_high,
                better=max(0.0, profile.base - profile.lowest),
            )
        )
    return tuple(found)


class _Profile:
    """Costs along profiles of one fit; remembers the lowest that it met."""

    def __init__(self, problem: Problem, best: np.ndarray, scale: float, rise: float) -> None:
        self.problem, self.best, self.scale, self.rise = problem, best, scale, rise
        self.base = self._cost(*self._evaluate(best)[:1])
        self.lowest = self.base

    def _evaluate(self, share: Float[np.ndarray, " parameter"]) -> tuple[np.ndarray, np.ndarray]:
        try:
            return self.problem.residuals(np.clip(share, 0.0, 1.0), 1e-6)
        except PinchedError:
            size = sum(int(t.used.sum()) for t in self.problem.targets)
            return np.full(size, 50.0), np.zeros((size, share.size))

    def _cost(self, residual: np.ndarray) -> float:
        """Robust sum of squares in units of the residuals' own scale: that of `fit_device`, where 1 is e-fold."""
        return float((2.0 * (np.sqrt(1.0 + residual**2) - 1.0)).sum()) / self.scale**2

    def held(self, k: int, share: float, start: np.ndarray) -> tuple[float, np.ndarray]:
        """(cost, shares) of the best fit with parameter `k` at `share`, sought from `start`."""
        others = np.delete(np.arange(start.size), k)
        kept: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

        def whole(free: np.ndarray) -> np.ndarray:
            at = start.copy()
            at[k], at[others] = share, free
            return at

        def evaluated(free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            key = free.tobytes()
            if key not in kept:
                kept.clear()
                kept[key] = self._evaluate(whole(free))
            return kept[key]

        if others.size == 0:
            return self._cost(self._evaluate(whole(np.zeros(0)))[0]), whole(np.zeros(0))
        found = optimize.least_squares(
            lambda free: evaluated(free)[0], np.clip(start[others], 1e-6, 1 - 1e-6),
            jac=lambda free: evaluated(free)[1][:, others],  # type: ignore[arg-type]
            bounds=(0.0, 1.0), loss="soft_l1", f_scale=1.0, max_nfev=25, x_scale="jac",
        )  # fmt: skip
        cost = self._cost(self._evaluate(whole(found.x))[0])
        self.lowest = min(self.lowest, cost)
        return cost, whole(found.x)

    def end(self, k: int, side: float, first: float) -> tuple[float, bool]:
        """Share at which the cost has risen by `rise` on one side, and whether it never did."""
        inside, outside, at_outside = 0.0, math.inf, math.nan
        at_inside = 0.0
        room = (1.0 - self.best[k]) if side > 0 else self.best[k]
        if room <= 0:
            return float(self.best[k]), True
        step, start = min(first, room), self.best
        for _ in range(_WALKS):
            cost, shares = self.held(k, float(self.best[k] + side * step), start)
            above = cost - min(self.base, self.lowest)
            if above < self.rise:
                inside, at_inside, start = step, above, shares
                if step >= room:
                    return float(self.best[k] + side * room), True
            else:
                outside, at_outside = step, above
            if math.isfinite(outside):
                if outside - inside < 0.02 * outside:
                    break
                # The cost goes about with the square of the distance: its root is nearly straight.
                low, high = math.sqrt(max(at_inside, 0.0)), math.sqrt(at_outside)
                share = (math.sqrt(self.rise) - low) / (high - low) if high > low else 0.5
                step = inside + (outside - inside) * min(max(share, 0.1), 0.9)
            else:
                step = min(2.5 * step, room)
        reached = 0.5 * (inside + outside) if math.isfinite(outside) else inside
        return float(self.best[k] + side * min(reached, room)), not math.isfinite(outside)
