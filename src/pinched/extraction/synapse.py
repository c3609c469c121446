r"""Potentiation and depression of one synapse fitted together, by equations 2 to 4 of roy2025quantum.

$$ G_\mathrm{LTP} = B (1 - e^{-P/A}) + G_\min, \qquad G_\mathrm{LTD} = -B (1 - e^{+(P - P_\max)/A}) + G_\max, \qquad
   B = \frac{G_\max - G_\min}{1 - e^{-P_\max/A}}, $$

P counting down from P_max in depression. The paper prints $e^{-(P - P_\max)/A}$ in the second: for P within 0 to
P_max and A > 0 that rises above G_max and never reaches G_min; chen2018neurosim, which it follows, has the sign
used here. A is not the same for both directions, the window is. `fit_synapse` shares it between them, so that both
traces tell where it ends; for one direction, or for repeats and devices, see `plasticity` (`fit_update`,
`summarise_updates`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import optimize, stats

from pinched._errors import PinchedError
from pinched.data.traces import PulseTrace
from pinched.extraction.nonlinearity import (
    CURVATURE_MAX,
    Convention,
    Direction,
    nonlinearity_of,
    progress,
)
from pinched.extraction.plasticity import distinguishable_levels, fit_update
from pinched.extraction.pulse_noise import part_noise

MISFIT = 0.05
"""Root mean square residual over the window above which the exponential is not the law."""


WALK = 0.4
"""Ratio of write to read noise above which it decides the weights: trains without any show a quarter by chance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """One direction of a synapse."""

    direction: Direction
    pulses: int
    """Pulses that cross the window."""
    curvature: float
    """P_max / A."""
    curvature_error: float
    """Its standard error; knows that errors of writes add up."""
    curvature_interval: tuple[float, float]
    """95 % interval of it."""

    def nonlinearity(self, convention: Convention) -> float:
        """The nonlinearity by `convention`."""
        return nonlinearity_of(self.curvature, convention, pulses=self.pulses, direction=self.direction)

    def interval(self, convention: Convention) -> tuple[float, float]:
        """95 % interval of it; both ends infinite where A is stated and a straight line is possible."""
        low, high = self.curvature_interval
        if convention in (Convention.PULSES, Convention.NORMALISED) and low <= 0 <= high:
            return (-math.inf, math.inf)
        ends = sorted(
            nonlinearity_of(end, convention, pulses=self.pulses, direction=self.direction)
            for end in (low, high)
        )
        return (ends[0], ends[1])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SynapseFit:
    """Potentiation and depression with one window."""

    source: ClassVar[str] = "chen2018neurosim"
    g_min: float
    """Lower end of the window (S),"""
    g_max: float
    """upper end (S),"""
    g_min_error: float
    """and their standard errors (S)."""
    g_max_error: float
    up: Branch
    down: Branch
    misfit: float
    """Root mean square residual over the window."""
    read_noise: float
    """Noise of one read over the window,"""
    write_noise: float
    """and of one pulse."""
    falls_from: int | None
    """Pulse after which the potentiation falls back by more than noise and a tenth of the window; None if it
    does not."""
    levels: int
    """States that the noise of reads and one pulse lets apart, three standard deviations of both neighbours
    between."""

    @property
    def dynamic_range(self) -> float:
        """g_max over g_min; infinite where the fit puts g_min at or below zero."""
        return self.g_max / self.g_min if self.g_min > 0 else math.inf

    @property
    def asymmetry(self) -> float:
        """Label of potentiation minus that of depression: 0 where depression retraces potentiation."""
        return self.up.nonlinearity(Convention.NEUROSIM_LABEL) - self.down.nonlinearity(
            Convention.NEUROSIM_LABEL
        )

    @property
    def asymmetry_interval(self) -> tuple[float, float]:
        """95 % interval of `asymmetry`, both directions taken as independent."""
        half = 0.0
        for side in (self.up, self.down):
            low, high = side.interval(Convention.NEUROSIM_LABEL)
            half = math.hypot(half, 0.5 * (high - low))
        return (self.asymmetry - half, self.asymmetry + half)

    @property
    def text(self) -> str:
        """The verdict in one line."""
        if self.falls_from is not None:
            return f"potentiation falls back after pulse {self.falls_from}: no saturating law describes it"
        if self.misfit > MISFIT:
            return (
                f"the exponential misses the traces by {100 * self.misfit:.1f} % of the window: do not read its "
                "nonlinearity as the device's"
            )
        labels = [side.nonlinearity(Convention.NEUROSIM_LABEL) for side in (self.up, self.down)]
        return f"labels {labels[0]:.2f} and {labels[1]:.2f}, {self.levels} levels that noise lets apart"

    def conductance(
        self, direction: Direction, pulse: Float[np.ndarray, " pulse"]
    ) -> Float[np.ndarray, " pulse"]:
        """Fitted conductance (S) after `pulse` pulses in `direction`, from its own end of the window."""
        up = direction is Direction.POTENTIATION
        side = self.up if up else self.down
        share = progress(np.asarray(pulse, dtype=np.float64) / side.pulses, side.curvature)
        return self.g_min + (self.g_max - self.g_min) * (share if up else 1.0 - share)


def fit_synapse(up: PulseTrace, down: PulseTrace) -> SynapseFit:
    """Fit a potentiation `up` and the depression `down` that follows it; index 0 is the state before the first pulse.

    Missing reads (NaN) are left out. Raises `PinchedError` for fewer than 5 states in either direction, for a
    potentiation that falls, or a depression that rises, on the whole.
    """
    singles = fit_update(up), fit_update(down)
    for fit, wanted in zip(singles, Direction, strict=True):
        if fit.direction is not wanted:
            raise PinchedError(
                f"the trace of {wanted} goes from {fit.start:.4g} S to {fit.end:.4g} S: the wrong way. Were the two "
                "traces swapped, or does the device answer the other polarity?"
            )
    counts = len(up) - 1, len(down) - 1
    places = [np.flatnonzero(np.isfinite(t.conductance)) for t in (up, down)]
    y = np.concatenate([t.conductance[p] for t, p in zip((up, down), places, strict=True)])
    x = [p / n for p, n in zip(places, counts, strict=True)]

    def shares(c: np.ndarray) -> np.ndarray:
        return np.concatenate([progress(x[0], float(c[0])), 1.0 - progress(x[1], float(c[1]))])

    # The depression begins where the potentiation ended: errors of its writes go on from there.
    writes = np.concatenate([places[0], counts[0] + places[1]]).astype(np.float64)
    start = np.clip([f.curvature for f in singles], -0.9 * CURVATURE_MAX, 0.9 * CURVATURE_MAX)
    c, g = _least_squares(shares, y, np.eye(y.size), start)
    noise = part_noise(y, _jacobian(shares, c, g))
    if noise.write > WALK * noise.read:
        # Each state counts as what the noises let it say: a walk of the writes weighs on late states most.
        covariance = noise.read**2 * np.eye(y.size) + noise.write**2 * np.minimum.outer(writes, writes)
        floor = (1e-9 * float(np.ptp(y))) ** 2
        white = np.linalg.inv(np.linalg.cholesky(covariance + floor * np.eye(y.size)))
        c, g = _least_squares(shares, y, white, c)
        jacobian = white @ _jacobian(shares, c, g)
        errors = np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian)))
    else:
        errors = np.sqrt(np.diag(noise.covariance(_jacobian(shares, c, g))))
    half = float(stats.t.ppf(0.975, max(y.size - 4, 1)))
    model = shares(c)
    left = y - (g[0] + (g[1] - g[0]) * model)
    window = float(g[1] - g[0])
    low, high = float(g[0]), float(g[1])
    state = np.linspace(low, high, 65)
    deviation = math.hypot(noise.read, noise.write)
    return SynapseFit(
        g_min=low, g_max=high, g_min_error=float(errors[0]), g_max_error=float(errors[1]),
        up=_branch(Direction.POTENTIATION, counts[0], float(c[0]), float(errors[2]), half),
        down=_branch(Direction.DEPRESSION, counts[1], float(c[1]), float(errors[3]), half),
        misfit=math.sqrt(float(np.mean(left**2))) / window, read_noise=noise.read / window,
        write_noise=noise.write / window, falls_from=_falls(up, window, noise.read),
        levels=distinguishable_levels(state, np.full(state.size, max(deviation, 1e-6 * window))),
    )  # fmt: skip


Shares = Callable[[np.ndarray], np.ndarray]


def _least_squares(
    shares: Shares, y: np.ndarray, white: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both curvatures and both ends of the window; linear in the ends, which are projected out."""
    seen = white @ y
    scale = float(np.linalg.norm(seen - seen.mean()))

    def ends(c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        s = shares(c)
        design = white @ np.column_stack([1.0 - s, s])
        return design, np.linalg.lstsq(design, seen, rcond=None)[0]

    def residual(c: np.ndarray) -> np.ndarray:
        design, g = ends(c)
        return (seen - design @ g) / scale

    found = optimize.least_squares(
        residual, start, bounds=(-CURVATURE_MAX, CURVATURE_MAX), xtol=1e-10, ftol=1e-12,
        x_scale=np.maximum(np.abs(start), 0.5),
    )  # fmt: skip
    return found.x, ends(found.x)[1]


def _jacobian(shares: Shares, c: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Derivatives of the states by both ends and both curvatures."""
    s = shares(c)
    h = 1e-4 * np.maximum(np.abs(c), 0.1)
    bends = [
        (g[1] - g[0]) * (shares(c + step) - shares(c - step)) / (2.0 * float(step.sum()))
        for step in (np.array([h[0], 0.0]), np.array([0.0, h[1]]))
    ]
    return np.column_stack([1.0 - s, s, *bends])


def _branch(direction: Direction, pulses: int, curvature: float, error: float, half: float) -> Branch:
    ends = (curvature - half * error, curvature + half * error)
    return Branch(
        direction=direction,
        pulses=pulses,
        curvature=curvature,
        curvature_error=error,
        curvature_interval=ends,
    )


def _falls(up: PulseTrace, window: float, read: float) -> int | None:
    """Where a potentiation turns round: its top, if the last states lie clearly below."""
    known = np.flatnonzero(np.isfinite(up.conductance))
    g = up.conductance[known]
    # Three states together: one high read is no top.
    smooth = np.convolve(g, np.ones(3) / 3.0, mode="valid")
    top = int(np.argmax(smooth))
    fall = float(smooth[top] - smooth[-1])
    return int(known[top + 1]) if fall > max(0.1 * window, 4.0 * read) else None
