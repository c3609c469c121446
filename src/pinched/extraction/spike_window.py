r"""Spikes: the learning window of spike timing, how it depends on the rate, and memory that turns from short to long.

`fit_timing_window` fits the two exponentials of bi1998synaptic,

$$ \Delta G / G = A_\pm\, e^{\mp \Delta t / \tau_\pm} \quad (\Delta t \gtrless 0), $$

each side for itself, with intervals; `fit_rate` finds the rate at which depression turns to potentiation;
`fit_transition` how many pulses make a memory that stays (ohno2011short). Measured or simulated
(`devices.spikes`), the numbers are found alike; facilitation by pairs is in `short_term`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import optimize, stats

from pinched._errors import PinchedError
from pinched.data.traces import Retention


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowSide:
    """One side of a learning window."""

    amplitude: float
    """Relative change of the conductance at no delay, by the fit,"""
    amplitude_interval: tuple[float, float]
    """its 95 % interval,"""
    time_constant: float
    """the decay (s), NaN where the side has no change that noise does not explain,"""
    time_constant_interval: tuple[float, float]
    """and its 95 % interval."""
    pairs: int
    """Delays on this side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimingWindow:
    """A learning window."""

    source: ClassVar[str] = "bi1998synaptic"
    after: WindowSide
    """The second spike comes after the first one: delays above zero,"""
    before: WindowSide
    """or before it: delays below zero."""
    misfit: float
    """Root mean square residual over the largest change; above 0.2 the window is no pair of exponentials."""

    def at(self, delay: Float[np.ndarray, " pair"]) -> Float[np.ndarray, " pair"]:
        """The fitted relative change at `delay` (s); the mean of both sides at 0."""
        out = np.zeros(np.shape(delay))
        for side, sign in ((self.after, 1.0), (self.before, -1.0)):
            if math.isfinite(side.time_constant):
                share = np.where(sign * delay > 0, 1.0, np.where(delay == 0, 0.5, 0.0))
                out = out + share * side.amplitude * np.exp(-np.abs(delay) / side.time_constant)
        return out

    @property
    def hebbian(self) -> bool | None:
        """True where after potentiates and before depresses, False the other way round, None for other windows."""
        a, b = self.after.amplitude, self.before.amplitude
        known = math.isfinite(self.after.time_constant) and math.isfinite(self.before.time_constant)
        return (a > 0) if known and a * b < 0 else None


def fit_timing_window(delay: Float[np.ndarray, " pair"], change: Float[np.ndarray, " pair"]) -> TimingWindow:
    """Fit relative changes `change` at delays `delay` (s), in any order; a delay of 0 belongs to no side.

    Raises `PinchedError` for fewer than 4 delays on both sides together, or values that are missing.
    """
    dt, dg = np.asarray(delay, dtype=np.float64), np.asarray(change, dtype=np.float64)
    if dt.shape != dg.shape or not np.isfinite(dt).all() or not np.isfinite(dg).all() or (dt != 0).sum() < 4:
        raise PinchedError(
            f"{dt.size} delays and {dg.size} changes, {int((~np.isfinite(dg)).sum())} of them missing: a window "
            "needs at least 4 delays other than 0, each with its change."
        )
    after, before = _side(dt[dt > 0], dg[dt > 0]), _side(-dt[dt < 0], dg[dt < 0])
    window = TimingWindow(after=after, before=before, misfit=0.0)
    used = dt != 0
    rest = dg[used] - window.at(dt[used])
    largest = float(np.abs(dg).max())
    misfit = math.sqrt(float(np.mean(rest**2))) / largest if largest > 0 else 0.0
    return TimingWindow(after=after, before=before, misfit=misfit)


def _side(t: np.ndarray, y: np.ndarray) -> WindowSide:
    none = (float("nan"), float("nan"))
    if t.size < 3 or not (y != 0).any() or np.ptp(t) == 0:
        return WindowSide(
            amplitude=0.0, amplitude_interval=none, time_constant=float("nan"), time_constant_interval=none,
            pairs=int(t.size),
        )  # fmt: skip

    def cost(log_tau: float) -> float:
        e = np.exp(-t / math.exp(log_tau))
        return float(y @ y - (e @ y) ** 2 / (e @ e))

    low, high = math.log(0.1 * float(t.min())), math.log(30.0 * float(t.max()))
    grid = np.linspace(low, high, 121)
    k = int(np.argmin([cost(x) for x in grid]))
    found = optimize.minimize_scalar(
        cost, bounds=(float(grid[max(k - 1, 0)]), float(grid[min(k + 1, grid.size - 1)])), method="bounded"
    )
    tau = math.exp(float(found.x))  # type: ignore[attr-defined]
    e = np.exp(-t / tau)
    amplitude = float(e @ y / (e @ e))
    jacobian = np.column_stack([e, amplitude * e * t / tau])
    free = max(t.size - 2, 1)
    squares = float(((y - amplitude * e) ** 2).sum())
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * squares / free
    factor = float(stats.t.ppf(0.975, free))
    half, ratio = factor * math.sqrt(float(covariance[0, 0])), factor * math.sqrt(float(covariance[1, 1]))
    # A decay as long as can be sought says that the side does not decay.
    lasting = k in (0, grid.size - 1)
    return WindowSide(
        amplitude=amplitude, amplitude_interval=(amplitude - half, amplitude + half), time_constant=tau,
        time_constant_interval=none if lasting else (tau * math.exp(-ratio), tau * math.exp(min(ratio, 300.0))),
        pairs=int(t.size),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RateDependence:
    """Change of a conductance by trains of equal spikes at several rates."""

    rate: Float[np.ndarray, " train"]
    """Rate (1/s), rising."""
    change: Float[np.ndarray, " train"]
    """Relative change by each train."""
    threshold: float
    """Rate (1/s) at which depression turns to potentiation (sliding threshold); NaN where the sign does not
    change."""
    half: float
    """Rate (1/s) at which half of the largest change is reached; NaN where all trains are beyond it."""
    rises: bool
    """Whether the change rises from each rate to the next."""


def fit_rate(rate: Float[np.ndarray, " train"], change: Float[np.ndarray, " train"]) -> RateDependence:
    """Rate dependence of relative changes `change` by trains at `rate` (1/s), interpolated in the logarithm of it.

    Raises `PinchedError` for fewer than 3 trains, rates that are not above zero or that repeat.
    """
    order = np.argsort(rate)
    r, y = np.asarray(rate, dtype=np.float64)[order], np.asarray(change, dtype=np.float64)[order]
    if (
        r.size < 3
        or r.size != y.size
        or not (r > 0).all()
        or (np.diff(r) == 0).any()
        or not np.isfinite(y).all()
    ):
        raise PinchedError(
            f"{r.size} rates and {y.size} changes: at least 3 different rates above zero are "
            "needed, each with a change."
        )

    def crossing(level: float) -> float:
        at = np.flatnonzero((y[:-1] < level) & (y[1:] >= level))
        if at.size == 0:
            return float("nan")
        k = int(at[0])
        share = (level - y[k]) / (y[k + 1] - y[k])
        return float(np.exp(np.log(r[k]) + share * np.log(r[k + 1] / r[k])))

    return RateDependence(
        rate=r,
        change=y,
        threshold=crossing(0.0),
        half=crossing(0.5 * float(y.max())),
        rises=bool((np.diff(y) > 0).all()),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Transition:
    """What is left of a memory after trains of more and more pulses."""

    source: ClassVar[str] = "ohno2011short"
    pulses: Float[np.ndarray, " train"]
    """Pulses of each train, rising."""
    kept: Float[np.ndarray, " train"]
    """Share of the change that does not decay: the fitted end over the fitted start, both above the state before."""
    time_constant: Float[np.ndarray, " train"]
    """Decay (s) of the part that does; NaN where nothing decays."""
    needed: float
    """Pulses after which half of the change stays, interpolated; NaN where that is never reached, or always."""

    @property
    def text(self) -> str:
        """The verdict in one line."""
        if math.isfinite(self.needed):
            return f"half of the change stays after {self.needed:.3g} pulses"
        word = "long-term from the first train" if self.kept[0] >= 0.5 else "short-term in all trains"
        return f"{word}: kept {100 * self.kept[0]:.0f} .. {100 * self.kept[-1]:.0f} %"


def fit_transition(pulses: Sequence[float], relaxations: Sequence[Retention], *, before: float) -> Transition:
    """Short to long term: `relaxations` after trains of `pulses` pulses from the conductance `before` (S).

    Each is fitted by $G_\\infty + \\Delta G\\, e^{-t/\\tau}$ over its own time. Raises `PinchedError` for unequal
    numbers of both, fewer than 2, or a relaxation of fewer than 5 reads.
    """
    if len(pulses) != len(relaxations) or len(pulses) < 2:
        raise PinchedError(
            f"{len(pulses)} numbers of pulses and {len(relaxations)} relaxations: give at least 2 of each, in pairs."
        )
    order = np.argsort(pulses, kind="stable").tolist()
    kept, taus = np.empty(len(order)), np.empty(len(order))
    for k, j in enumerate(order):
        one = relaxations[j]
        good = np.isfinite(one.resistance) & (one.resistance > 0)
        if int(good.sum()) < 5:
            raise PinchedError(
                f"the relaxation after {pulses[j]:g} pulses has {int(good.sum())} reads; 5 are needed."
            )
        t, g = one.time[good] - one.time[good][0], 1.0 / one.resistance[good]
        start, end, taus[k] = _decay(t, g)
        kept[k] = (end - before) / (start - before) if start != before else float("nan")
    n = np.asarray(pulses, dtype=np.float64)[order]
    at = np.flatnonzero((kept[:-1] < 0.5) & (kept[1:] >= 0.5))
    needed = float("nan")
    if at.size:
        j = int(at[0])
        needed = float(n[j] + (0.5 - kept[j]) / (kept[j + 1] - kept[j]) * (n[j + 1] - n[j]))
    return Transition(pulses=n, kept=kept, time_constant=taus, needed=needed)


def _decay(t: np.ndarray, g: np.ndarray) -> tuple[float, float, float]:
    span = float(t[-1])

    def fit(log_tau: float) -> tuple[float, np.ndarray]:
        design = np.column_stack([np.ones_like(t), np.exp(-t / math.exp(log_tau))])
        c = np.linalg.lstsq(design, g, rcond=None)[0]
        return float(((g - design @ c) ** 2).sum()), c

    grid = np.linspace(math.log(span / 300.0), math.log(3.0 * span), 80)
    costs = [fit(x)[0] for x in grid]
    k = int(np.argmin(costs))
    found = optimize.minimize_scalar(
        lambda x: fit(x)[0],
        bounds=(float(grid[max(k - 1, 0)]), float(grid[min(k + 1, grid.size - 1)])),
        method="bounded",
    )
    log_tau = float(found.x)  # type: ignore[attr-defined]
    end, change = fit(log_tau)[1]
    flat = float(((g - g.mean()) ** 2).sum())
    # Two numbers more must explain more than noise does by chance.
    if flat <= 0 or flat - costs[k] < 10.0 * costs[k] / max(t.size - 3, 1):
        return float(g.mean()), float(g.mean()), float("nan")
    return float(end + change), float(end), math.exp(log_tau)
