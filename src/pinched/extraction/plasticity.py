r"""Potentiation and depression: range, nonlinearity, asymmetry, spread and levels of pulse-driven states.

`fit_update` fits one trace by the exponential update that NeuroSim uses (chen2018neurosim),

$$ G(n) = G_0 + (G_N - G_0) \frac{1 - e^{-n/A}}{1 - e^{-N/A}}, $$

for either direction: A > 0 where early pulses move most. "Nonlinearity" means three things in papers, so the
convention must be named: the label of NeuroSim's table (largest distance from the straight line / 0.098995,
minus for depression), A in pulses, or alpha = 1 / A per pulse. A label of 5.08 is not A = 5.08.
A device that spans decades moves by ratios: fit it with `Scale.LOGARITHMIC` or the fit says that it misses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import optimize

from pinched._errors import PinchedError
from pinched.data.traces import PulseTrace
from pinched.extraction.intervals import Summary, summarise

LABEL_UNIT = 0.098995
"""Distance from the straight line for a label of 1: NeuroSim's table is proportional to it to five digits."""

CURVATURE_MAX = 200.0
"""Largest N / A: a hundredth of the window is then left after 2.3 % of the pulses, which is a step."""


class Convention(Enum):
    """What a number called nonlinearity means."""

    NEUROSIM_LABEL = auto()
    """Label of NeuroSim's table; above zero for potentiation, below for depression, where early pulses do most."""
    PULSES = auto()
    """A in pulses; infinite for a straight line."""
    ALPHA = auto()
    """1 / A, per pulse; 0 for a straight line."""


class Scale(StrEnum):
    """The quantity that follows the exponential."""

    LINEAR = "G"
    LOGARITHMIC = "ln G"


class Direction(StrEnum):
    """Whether the conductance rises or falls."""

    POTENTIATION = "potentiation"
    DEPRESSION = "depression"


def bow_of(curvature: float) -> float:
    """Largest distance of the normalised curve from the straight line, for `curvature` N / A of either sign."""
    c = abs(curvature)
    if c < 1e-4:
        # The exact form is a difference of equal numbers here; its series is c/8 (1 - c^2/192).
        return math.copysign(c / 8.0, curvature)
    a = 1.0 / c
    scale = -1.0 / math.expm1(-c)
    return math.copysign(scale - a - a * math.log(scale / a), curvature)


def label_from_pulses(pulses: float, count: float) -> float:
    """NeuroSim's label for A = `pulses` on a trace of `count` pulses; 0 for an infinite A."""
    return bow_of(count / pulses) / LABEL_UNIT if math.isfinite(pulses) else 0.0


def pulses_from_label(label: float, count: float) -> float:
    """A in pulses for NeuroSim's `label` on a trace of `count` pulses: the exact inverse, not the table.

    Raises `PinchedError` for a label beyond 9.8: the curve would leave the unit square.
    """
    if label == 0:
        return math.inf
    if abs(label) * LABEL_UNIT >= bow_of(CURVATURE_MAX):
        raise PinchedError(f"a nonlinearity label of {label} is none: labels lie between -9.8 and 9.8.")
    curvature = optimize.brentq(
        lambda c: bow_of(c) - abs(label) * LABEL_UNIT, 1e-9, CURVATURE_MAX, xtol=1e-13
    )
    return math.copysign(count / float(curvature), label)  # type: ignore[arg-type]


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
    """Standard error of the curvature, from the residuals."""
    misfit: float
    """Root mean square residual over the window, both on `scale`: above 0.05 the exponential is not the law."""
    step_noise: float
    """Cycle-to-cycle noise of a single pulse over the window (NeuroSim's sigma): scatter of the steps around the
    fitted ones; read noise is in it, so it is an upper bound."""

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
        match convention:
            case Convention.NEUROSIM_LABEL:
                sign = 1.0 if self.direction is Direction.POTENTIATION else -1.0
                return sign * bow_of(self.curvature) / LABEL_UNIT
            case Convention.PULSES:
                return math.inf if self.curvature == 0 else self.pulses / self.curvature
            case Convention.ALPHA:
                return self.curvature / self.pulses

    def conductance(self, pulse: Float[np.ndarray, " pulse"]) -> Float[np.ndarray, " pulse"]:
        """The fitted conductance (S) after `pulse` pulses."""
        ends = _to_scale(np.array([self.start, self.end]), self.scale)
        y = ends[0] + (ends[1] - ends[0]) * _progress(pulse / self.pulses, self.curvature)
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
        p = _progress(x, curvature)
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
    p = _progress(x, curvature)
    design = np.column_stack([1.0 - p, p])
    ends = np.linalg.lstsq(design, y, rcond=None)[0]
    r = y - design @ ends
    h = 1e-4 * max(abs(curvature), 0.1)
    bend = (ends[1] - ends[0]) * (_progress(x, curvature + h) - _progress(x, curvature - h)) / (2.0 * h)
    jacobian = np.column_stack([design, bend])
    variance = float(r @ r) / max(g.size - 3, 1)
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
        curvature_error=math.sqrt(variance * float(np.linalg.pinv(jacobian.T @ jacobian)[2, 2])),
        misfit=math.sqrt(float(np.mean(r**2))) / window,
        # A gap of missing reads makes one step of several pulses, whose noise grows with the root of them.
        step_noise=float(np.std(steps / np.sqrt(np.diff(n)), ddof=1)) / window,
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


def _progress(x: np.ndarray, curvature: float) -> np.ndarray:
    """(1 - e^(-c x)) / (1 - e^(-c)) from 0 to 1, for c of either sign, straight at 0."""
    if abs(curvature) < 1e-6:
        return x + 0.5 * curvature * x * (1.0 - x)
    if curvature < 0:
        # The same curve turned by half a turn: no exponential of a large number.
        return 1.0 - _progress(1.0 - x, -curvature)
    return np.expm1(-curvature * x) / math.expm1(-curvature)
