r"""Potentiation and depression: range, nonlinearity, asymmetry, spread and levels of pulse-driven states.

`fit_update` fits one trace by the exponential update that NeuroSim uses (chen2018neurosim),

$$ G(n) = G_0 + (G_N - G_0) \frac{1 - e^{-n/A}}{1 - e^{-N/A}}, $$

for either direction: A > 0 where early pulses move most. What a "nonlinearity" is must be named, see `nonlinearity`.
A device that spans decades moves by ratios: fit it with `Scale.LOGARITHMIC` or the fit says that it misses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import optimize, stats

from pinched._errors import PinchedError
from pinched.data.traces import PulseTrace
from pinched.extraction.intervals import Summary, summarise
from pinched.extraction.nonlinearity import (
    CURVATURE_MAX,
    Convention,
    Direction,
    nonlinearity_of,
    progress,
)
from pinched.extraction.pulse_noise import part_noise


class Scale(StrEnum):
    """The quantity that follows the exponential."""

    LINEAR = "G"
    LOGARITHMIC = "ln G"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class UpdateFit:
    """One potentiation or depression trace, fitted."""

    source: ClassVar[str] = "chen2018neurosim"

    direction: Direction
    scale: Scale
    start: float
    """Fitted conductance (S) before the first pulse,"""
    end: float
    """and after the last one."""
    pulses: int
    """Pulses N of the trace."""
    curvature: float
    """N / A: above zero where early pulses move most."""
    curvature_error: float
    """Standard error of the curvature; knows that errors of writes add up."""
    curvature_interval: tuple[float, float]
    """95 % interval of the curvature."""
    misfit: float
    """Root mean square residual over the window, both on `scale`: above 0.05 the exponential is not the law."""
    step_noise: float
    """Cycle-to-cycle noise of a single pulse over the window (NeuroSim's sigma): scatter of the steps around the
    fitted ones; read noise is in it, so it is an upper bound."""
    write_noise: float
    """Noise of a single pulse over the window, the noise of reads taken off (`part_noise`),"""
    read_noise: float
    """and the noise of a single read."""

    @property
    def g_min(self) -> float:
        """Lower end of the range (S)."""
        return min(self.start, self.end)

    @property
    def g_max(self) -> float:
        """Upper end of the range (S)."""
        return max(self.start, self.end)

    def nonlinearity(self, convention: Convention) -> float:
        """The nonlinearity by `convention`; see there for sign and unit."""
        return nonlinearity_of(self.curvature, convention, pulses=self.pulses, direction=self.direction)

    def nonlinearity_interval(self, convention: Convention) -> tuple[float, float]:
        """95 % interval of the nonlinearity; infinite ends where A is stated and a straight line is possible."""
        low, high = self.curvature_interval
        ends = sorted(
            nonlinearity_of(end, convention, pulses=self.pulses, direction=self.direction)
            for end in (low, high)
        )
        if convention in (Convention.PULSES, Convention.NORMALISED) and low <= 0 <= high:
            # A goes to infinity and comes back from minus infinity as the curvature passes 0.
            return (-math.inf, math.inf)
        return (ends[0], ends[1])

    def conductance(self, pulse: Float[np.ndarray, " pulse"]) -> Float[np.ndarray, " pulse"]:
        """The fitted conductance (S) after `pulse` pulses."""
        ends = _to_scale(np.array([self.start, self.end]), self.scale)
        y = ends[0] + (ends[1] - ends[0]) * progress(pulse / self.pulses, self.curvature)
        return np.exp(y) if self.scale is Scale.LOGARITHMIC else y


def fit_update(trace: PulseTrace, *, scale: Scale = Scale.LINEAR) -> UpdateFit:
    """Fit the update law to `trace`, whose index 0 is the state before the first pulse, NaN left out.

    Raises `PinchedError` for fewer than 5 states, states that are all equal, or a state that is not above
    zero on the logarithmic scale.
    """
    known = np.isfinite(trace.conductance)
    n, g = np.flatnonzero(known).astype(np.float64), trace.conductance[known]
    if g.size < 5 or np.ptp(g) == 0:
        raise PinchedError(
            f"{g.size} states spanning {np.ptp(g) if g.size else 0:g} S: at least 5 different ones are needed."
        )
    if scale is Scale.LOGARITHMIC and (g <= 0).any():
        raise PinchedError(f"a conductance of {g.min():g} S has no logarithm. Fit with Scale.LINEAR.")
    y = _to_scale(g, scale)
    count = float(len(trace) - 1)
    x = n / count

    def residual(curvature: float) -> np.ndarray:
        # Linear in both ends: they are projected out, and one number is searched.
        p = progress(x, curvature)
        design = np.column_stack([1.0 - p, p])
        return y - design @ np.linalg.lstsq(design, y, rcond=None)[0]

    # Evenly in asinh: fine around the straight line, coarse where the curve is a step anyway.
    grid = np.sinh(np.linspace(-np.arcsinh(CURVATURE_MAX), np.arcsinh(CURVATURE_MAX), 81))
    costs = [float(residual(c) @ residual(c)) for c in grid]
    k = int(np.argmin(costs))
    low, high = float(grid[max(k - 1, 0)]), float(grid[min(k + 1, grid.size - 1)])
    found = optimize.minimize_scalar(
        lambda c: float(residual(c) @ residual(c)), bounds=(low, high), method="bounded",
        options={"xatol": 1e-9 * max(abs(low), abs(high), 1.0)},
    )  # fmt: skip
    curvature = float(found.x)  # type: ignore[attr-defined]
    p = progress(x, curvature)
    design = np.column_stack([1.0 - p, p])
    ends = np.linalg.lstsq(design, y, rcond=None)[0]
    r = y - design @ ends
    h = 1e-4 * max(abs(curvature), 0.1)
    bend = (ends[1] - ends[0]) * (progress(x, curvature + h) - progress(x, curvature - h)) / (2.0 * h)
    jacobian = np.column_stack([design, bend])
    noise = part_noise(y, jacobian)
    error = math.sqrt(float(noise.covariance(jacobian)[2, 2]))
    half = float(stats.t.ppf(0.975, max(g.size - 3, 1))) * error
    window = abs(float(ends[1] - ends[0]))
    steps = np.diff(y) - np.diff(y - r)
    shown = np.exp(ends) if scale is Scale.LOGARITHMIC else ends
    return UpdateFit(
        direction=Direction.POTENTIATION if ends[1] > ends[0] else Direction.DEPRESSION,
        scale=scale,
        start=float(shown[0]),
        end=float(shown[1]),
        pulses=len(trace) - 1,
        curvature=curvature,
        curvature_error=error,
        curvature_interval=(curvature - half, curvature + half),
        misfit=math.sqrt(float(np.mean(r**2))) / window,
        # A gap of missing reads makes one step of several pulses, whose noise grows with the root of them.
        step_noise=float(np.std(steps / np.sqrt(np.diff(n)), ddof=1)) / window,
        write_noise=noise.write / window,
        read_noise=noise.read / window,
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plasticity:
    """Repeats of potentiation and depression of one or several devices, with their spread."""

    convention: Convention
    """What the nonlinearities are."""
    g_min: Summary
    """Lower end of the range (S) over all traces,"""
    g_max: Summary
    """upper end (S)."""
    pulses_up: Summary
    """Pulses of a potentiation trace,"""
    pulses_down: Summary
    """of a depression trace."""
    nonlinearity_up: Summary
    nonlinearity_down: Summary
    asymmetry: float
    """Difference of the median labels, up minus down: 0 where depression retraces potentiation, whatever the
    convention of the rest; NaN where a direction is missing."""
    step_noise: float
    """Median cycle-to-cycle noise of a single pulse over the window."""
    spread: float
    """Standard deviation over repeats of the conductance after the same pulse, over the window: the median over
    pulses and directions; NaN below 2 repeats."""


def summarise_updates(fits: Sequence[UpdateFit], *, convention: Convention) -> Plasticity:
    """Ranges, nonlinearities by `convention` and their spread over `fits`; raises `PinchedError` for none."""
    if not fits:
        raise PinchedError("there are no fits to summarise. Fit at least one trace with fit_update.")
    up = [f for f in fits if f.direction is Direction.POTENTIATION]
    down = [f for f in fits if f.direction is Direction.DEPRESSION]

    def of(values: list[float]) -> Summary:
        return summarise(np.array(values, dtype=np.float64))

    labels = [of([f.nonlinearity(Convention.NEUROSIM_LABEL) for f in side]).median for side in (up, down)]
    return Plasticity(
        convention=convention,
        g_min=of([f.g_min for f in fits]),
        g_max=of([f.g_max for f in fits]),
        pulses_up=of([float(f.pulses) for f in up]),
        pulses_down=of([float(f.pulses) for f in down]),
        nonlinearity_up=of([f.nonlinearity(convention) for f in up]),
        nonlinearity_down=of([f.nonlinearity(convention) for f in down]),
        asymmetry=labels[0] - labels[1],
        step_noise=float(np.median([f.step_noise for f in fits])),
        spread=_spread([side for side in (up, down) if len(side) > 1]),
    )


def _spread(groups: list[list[UpdateFit]]) -> float:
    shares = []
    for side in groups:
        window = float(np.median([f.g_max - f.g_min for f in side]))
        n = np.arange(1.0, min(f.pulses for f in side) + 1)
        curves = np.array([f.conductance(n) for f in side])
        shares.extend((curves.std(axis=0, ddof=1) / window).tolist())
    return float(np.median(shares)) if shares else float("nan")


def distinguishable_levels(
    conductance: Float[np.ndarray, " level"], sigma: Float[np.ndarray, " level"], *, sigmas: float = 3.0
) -> int:
    """States that noise allows between the ends of `conductance` (S, rising) with noise `sigma` (S) there.

    Neighbours are `sigmas` of both apart, so that a border half way is crossed once in 740 reads at 3. The
    number of pulses is no number of levels. Raises `PinchedError` for a noise that is not above zero.
    """
    if conductance.size < 2 or (np.diff(conductance) <= 0).any() or not (sigma > 0).all():
        raise PinchedError("levels need at least 2 rising conductances, each with a noise above zero.")
    # Each level occupies 2 sigmas sigma(G): the integral of 1 / that counts the gaps.
    gaps = float(np.trapezoid(1.0 / (2.0 * sigmas * sigma), conductance))
    return 1 + math.floor(gaps * (1.0 + 1e-12))


def _to_scale(g: np.ndarray, scale: Scale) -> np.ndarray:
    return np.log(g) if scale is Scale.LOGARITHMIC else g
