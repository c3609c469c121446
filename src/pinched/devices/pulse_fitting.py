r"""`fit_pulses`: potentiation and depression of one or many devices as one update law with its spread.

Every trace is fitted on its own (`extraction.plasticity.fit_update`), then the traces are put together: ends of the
window and nonlinearity each get a mean, a spread between devices and one between the repeats of a device, with
the error of the single fits taken off both. The nonlinearity is kept as NeuroSim's label, in which neither a
straight line nor a step is infinite; `PulseFit.nonlinearity` states it by any `Convention`. `PulseFit.law` is the
middle device, `PulseFit.draw` a population, `PulseFit.noise` what single pulses scatter.

Use `fit_update` for one trace alone, `updates.TableUpdate.of` where the verdict says that no exponential fits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy import stats

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched.data.traces import PulseTrace
from pinched.devices.updates.neurosim import NeuroSimUpdate
from pinched.devices.updates.noise import RangeNoise
from pinched.devices.variability import Within, vary
from pinched.extraction.distributions import Lognormal, Normal
from pinched.extraction.nonlinearity import (
    LABEL_UNIT,
    Convention,
    Direction,
    bow_slopes,
    curvature_from,
    nonlinearity_of,
)
from pinched.extraction.plasticity import UpdateFit, fit_update
from pinched.extraction.synapse import MISFIT

_LARGEST_LABEL = 9.7


@dataclass(frozen=True, kw_only=True, slots=True)
class Population:
    """One quantity over devices and repeats, on the scale that it is named by."""

    mean: float
    low: float
    """Lower end of the 95 % interval of the mean, NaN where a single trace leaves it open,"""
    high: float
    """and upper end."""
    device_to_device: float
    """Standard deviation between devices; NaN for one device."""
    cycle_to_cycle: float
    """Standard deviation between the repeats of a device, errors of the fits taken off; NaN without repeats."""
    devices: int
    traces: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PulseFit:
    """The update law of a population of pulsed devices."""

    law: NeuroSimUpdate
    """The middle device: means of all quantities below."""
    g_min: Population
    """Lower end of the window, as the natural logarithm of siemens,"""
    g_max: Population
    """upper end, likewise."""
    label_up: Population
    """NeuroSim's label of potentiation,"""
    label_down: Population
    """of depression: below zero where early pulses move most."""
    correlation: Float[np.ndarray, "4 4"] = quantity(
        None,
        "1",
        r"\rho",
        "between devices, of ln g_min, ln g_max, label_up, label_down; none below 5 devices",
    )
    noise: RangeNoise
    """Noise of a single pulse, read noise taken off."""
    read_noise: float
    """Noise of a single read over the window; the median trace."""
    misfit: float
    """Root mean square residual over the window; the median trace."""
    traces: tuple[UpdateFit, ...]
    """The fits of the single traces, in the order given."""
    devices: tuple[str, ...]
    """Device of each trace."""
    verdict: str
    """What to think of the law, in words."""

    def nonlinearity(self, direction: Direction, convention: Convention) -> tuple[float, float, float]:
        """Mean nonlinearity by `convention`, and the ends of its 95 % interval.

        A in pulses and A / N are infinite for a straight line: both ends are where the interval holds one.
        """
        side = self.label_up if direction is Direction.POTENTIATION else self.label_down
        pulses = float(self.law.pulses_up if direction is Direction.POTENTIATION else self.law.pulses_down)

        def stated(label: float) -> float:
            if not math.isfinite(label):
                return math.nan
            held = min(max(label, -_LARGEST_LABEL), _LARGEST_LABEL)
            curvature = curvature_from(held, Convention.NEUROSIM_LABEL, pulses=pulses, direction=direction)
            return nonlinearity_of(curvature, convention, pulses=pulses, direction=direction)

        low, high = sorted((stated(side.low), stated(side.high)))
        if convention in (Convention.PULSES, Convention.NORMALISED) and side.low <= 0 <= side.high:
            low, high = -math.inf, math.inf
        return stated(side.mean), low, high

    def draw(self, shape: tuple[int, ...], *, seed: int = 0) -> NeuroSimUpdate:
        """Devices of this population as one law with tensors: the spread between devices, correlated.

        A spread that is unknown (one device) is left out; draws have addresses. `shape` is as `vary` takes it.
        """
        middle = math.exp(0.5 * (self.g_min.mean + self.g_max.mean))
        rows = [
            ("g_min", self.g_min, 0.0, middle),
            ("g_max", self.g_max, middle, math.inf),
            ("label_up", self.label_up, -_LARGEST_LABEL, _LARGEST_LABEL),
            ("label_down", self.label_down, -_LARGEST_LABEL, _LARGEST_LABEL),
        ]
        kept = [k for k, row in enumerate(rows) if row[1].device_to_device > 0]
        if not kept:
            raise PinchedError(
                f"{len(set(self.devices))} device(s) show no spread between devices: there is nothing to draw. Give "
                "traces of several devices."
            )
        spreads = {}
        for k in kept:
            name, side, low, high = rows[k]
            # The conductances are spread in their logarithm.
            kind = (
                Lognormal(mu=side.mean, sigma=side.device_to_device)
                if name.startswith("g_")
                else Normal(mean=side.mean, std=side.device_to_device)
            )
            spreads[name] = Within(kind, low=low, high=high)
        correlation = np.asarray(self.correlation)[np.ix_(kept, kept)]
        return vary(self.law, spreads, shape, seed=seed, correlation=correlation)


def fit_pulses(traces: PulseTrace | Sequence[PulseTrace]) -> PulseFit:
    """Fit the exponential update law to potentiation and depression `traces` of one or several devices.

    Each trace goes one way; index 0 is the state before its first pulse. Devices are told apart by
    `PulseTrace.device`, repeats are several traces of one direction of a device. Raises `PinchedError` where one
    direction is missing, for a trace with fewer than 5 states, and for conductances that are not above zero.
    """
    given = [traces] if isinstance(traces, PulseTrace) else list(traces)
    if not given:
        raise PinchedError("no traces were given to fit.")
    fits = []
    for k, trace in enumerate(given):
        try:
            fits.append(fit_update(trace))
        except PinchedError as error:
            raise PinchedError(f"trace {k + 1} ({trace.device} {trace.label}): {error}") from None
    devices = tuple(t.device for t in given)
    sides = {d: [k for k, f in enumerate(fits) if f.direction is d] for d in Direction}
    for direction, found in sides.items():
        if not found:
            raise PinchedError(
                f"none of {len(fits)} traces is a {direction.value}. An update law has both directions: give traces "
                "that rise and traces that fall, each on its own."
            )
    measured = [t.conductance[np.isfinite(t.conductance)] for t in given]
    for k, states in enumerate(measured):
        if (states <= 0).any():
            raise PinchedError(
                f"trace {k + 1} ({devices[k]}) holds {states.min():g} S; a conductance is above zero. Are these "
                "currents, or was an offset subtracted?"
            )
    # A fitted end below zero says that the exponential misses, which the verdict tells; the window ends at the reads.
    ends = np.array(
        [[f.g_min if f.g_min > 0 else s.min(), f.g_max] for f, s in zip(fits, measured, strict=True)]
    )
    errors = [f.curvature_error * float(bow_slopes(np.array(f.curvature))) / LABEL_UNIT for f in fits]
    labels = [f.nonlinearity(Convention.NEUROSIM_LABEL) for f in fits]
    every = list(range(len(fits)))
    # Ends of a window are known to the noise of a read or so; the fit's own error of them is below that.
    read = [f.read_noise for f in fits]
    end_errors = np.array(
        [[r * (f.g_max - f.g_min) / e for e in pair] for r, f, pair in zip(read, fits, ends, strict=True)]
    )
    end_errors /= np.sqrt(np.array([max(f.pulses, 4) for f in fits]) / 4.0)[:, None]
    quantities = {
        "g_min": _population(np.log(ends[:, 0]), end_errors[:, 0], devices, every),
        "g_max": _population(np.log(ends[:, 1]), end_errors[:, 1], devices, every),
        "label_up": _population(np.array(labels), np.array(errors), devices, sides[Direction.POTENTIATION]),
        "label_down": _population(np.array(labels), np.array(errors), devices, sides[Direction.DEPRESSION]),
    }
    counts = {d: float(np.median([fits[k].pulses for k in found])) for d, found in sides.items()}
    held = {
        name: min(max(quantities[name].mean, -_LARGEST_LABEL), _LARGEST_LABEL)
        for name in ("label_up", "label_down")
    }
    law = NeuroSimUpdate(
        g_min=math.exp(quantities["g_min"].mean),
        g_max=math.exp(quantities["g_max"].mean),
        pulses_up=counts[Direction.POTENTIATION],
        pulses_down=counts[Direction.DEPRESSION],
        label_up=held["label_up"],
        label_down=held["label_down"],
    )
    result = PulseFit(
        law=law,
        **quantities,
        correlation=_correlation(np.log(ends), np.array(labels), devices, sides),
        noise=RangeNoise(sigma=float(np.median([f.write_noise for f in fits]))),
        read_noise=float(np.median(read)),
        misfit=float(np.median([f.misfit for f in fits])),
        traces=tuple(fits),
        devices=devices,
        verdict="",
    )
    return replace(result, verdict=_verdict(result))


def _groups(devices: Sequence[str], members: Sequence[int]) -> list[list[int]]:
    names = dict.fromkeys(devices[k] for k in members)
    return [[k for k in members if devices[k] == name] for name in names]


def _population(
    values: Float[np.ndarray, " trace"],
    errors: Float[np.ndarray, " trace"],
    devices: Sequence[str],
    members: Sequence[int],
) -> Population:
    """One-way random effects by moments: variance between devices, between repeats, and the known errors."""
    groups = _groups(devices, members)
    means = np.array([values[g].mean() for g in groups])
    own = float(np.mean(errors[list(members)] ** 2))
    rest = sum(len(g) - 1 for g in groups)
    within = (
        sum(float(((values[g] - values[g].mean()) ** 2).sum()) for g in groups) / rest if rest else math.nan
    )
    scatter = within if rest else own
    # Of the mean of a device the repeats average out; what is left between means is the devices'.
    harmonic = float(np.mean([1.0 / len(g) for g in groups]))
    between = float(means.var(ddof=1)) if len(groups) > 1 else math.nan
    mean = float(means.mean())
    if len(groups) > 1:
        half = float(stats.t.ppf(0.975, len(groups) - 1)) * math.sqrt(between / len(groups))
    elif rest:
        half = float(stats.t.ppf(0.975, rest)) * math.sqrt(within / len(groups[0]))
    else:
        half = float(stats.norm.ppf(0.975)) * math.sqrt(own)
    return Population(
        mean=mean,
        low=mean - half,
        high=mean + half,
        device_to_device=math.sqrt(max(between - scatter * harmonic, 0.0)) if len(groups) > 1 else math.nan,
        cycle_to_cycle=math.sqrt(max(within - own, 0.0)) if rest else math.nan,
        devices=len(groups),
        traces=len(members),
    )


def _correlation(
    logs: Float[np.ndarray, "trace end"],
    labels: Float[np.ndarray, " trace"],
    devices: Sequence[str],
    sides: dict[Direction, list[int]],
) -> Float[np.ndarray, "4 4"]:
    """Correlation of the devices' means; the unit matrix where fewer than 5 devices have both directions."""
    rows = []
    for name in dict.fromkeys(devices):
        own = {d: [k for k in found if devices[k] == name] for d, found in sides.items()}
        if all(own.values()):
            every = [k for found in own.values() for k in found]
            up, down = own[Direction.POTENTIATION], own[Direction.DEPRESSION]
            rows.append([*logs[every].mean(axis=0), labels[up].mean(), labels[down].mean()])
    if len(rows) < 5:
        return np.eye(4)
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.corrcoef(np.array(rows), rowvar=False)
    matrix[~np.isfinite(matrix)] = 0.0
    np.fill_diagonal(matrix, 1.0)
    # Of few devices the sample correlation overshoots; pulled towards none it stays positive definite.
    shrink = len(rows) / (len(rows) + 4.0)
    return shrink * matrix + (1.0 - shrink) * np.eye(4)


def _verdict(fit: PulseFit) -> str:
    said = f"the exponential update describes the traces to {100 * fit.misfit:.1f} % of the window"
    if fit.misfit > MISFIT:
        said = (
            f"the exponential update misses the traces by {100 * fit.misfit:.1f} % of the window: do not read its "
            "nonlinearity as the device's; take the measured table (TableUpdate.of)"
        )
    straight = [
        word
        for word, side in (("potentiation", fit.label_up), ("depression", fit.label_down))
        if side.low <= 0 <= side.high
    ]
    if straight:
        said += f"; {' and '.join(straight)} cannot be told from a straight line"
    steep = [
        w
        for w, s in (("potentiation", fit.label_up), ("depression", fit.label_down))
        if abs(s.mean) >= _LARGEST_LABEL
    ]
    if steep:
        said += f"; {' and '.join(steep)} is a single step, whose label is open"
    if fit.label_up.devices == 1:
        said += "; one device tells nothing of the spread between devices"
    return said + "."
