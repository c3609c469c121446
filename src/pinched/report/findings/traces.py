"""What pulse traces, retention and endurance show; each trace by itself, with the reason where a fit is missing.

A pulse trace that was recorded sample by sample (voltage and time beside every state) is cut into pulses and reads
as well, and what follows its last pulse counts as a retention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pinched._errors import PinchedError
from pinched._parallel import shared
from pinched._progress import Progress
from pinched.data.sweep import IVSweep
from pinched.data.traces import Endurance, PulseTrace, Retention
from pinched.extraction.endurance import Criterion, DeviceLife, Survival, extract_endurance, fit_survival
from pinched.extraction.noise import NoiseLaw, Telegraph, extract_telegraph, fit_noise_law, read_noise_of
from pinched.extraction.plasticity import Scale, UpdateFit, fit_update
from pinched.extraction.pulses import PulseEvents, extract_pulses
from pinched.extraction.retention import (
    Arrhenius,
    Drift,
    RetentionFit,
    describe_drift,
    fit_arrhenius,
    fit_retention,
)
from pinched.extraction.series import SpectrumFit, fit_spectrum
from pinched.extraction.short_term import relaxation_after

GOOD_MISFIT = 0.1
"""Largest misfit, as a share of the window, of a trace that counts as potentiation or depression."""

CHANGED = 1.5
"""A resistance that has changed by this factor is lost: the time until then is the retention time."""

EVEN = 0.2
"""Steps of time within this share of their median count as equal: spectra and dwell times need that."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PulseFinding:
    """One pulse trace and what it shows."""

    trace: PulseTrace
    """As it was recorded."""
    states: PulseTrace
    """The state after each pulse: `trace` itself, or what its reads say where it was recorded sample by sample."""
    fit: UpdateFit | None = None
    """Potentiation or depression of `states`; None where they are neither."""
    events: PulseEvents | None = None
    """Its pulses and reads, where voltage and time of every sample are known."""
    reason: str = ""
    """Why there is no fit."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RetentionFinding:
    """One state that was left alone, and what it shows."""

    trace: Retention
    drift: Drift | None = None
    """Change and read noise; None below 3 reads."""
    fit: RetentionFit | None = None
    """Law and extrapolation."""
    telegraph: Telegraph | None = None
    """Levels of telegraph noise, or the verdict that there are none."""
    spectrum: SpectrumFit | None = None
    """Spectral density of the resistance."""
    reasons: tuple[str, ...] = ()
    """Why something is missing, one sentence each."""


def find_pulses(
    traces: Sequence[PulseTrace], *, workers: int = 1, progress: Progress | None = None
) -> tuple[PulseFinding, ...]:
    """Fit each of `traces`, all traces of a file on the scale (G or ln G) that misses them less."""
    events = [_events(trace) for trace in traces]
    states = [trace if one is None else one.to_trace() for trace, one in zip(traces, events, strict=True)]
    both = shared(_updates, states, workers=workers, progress=progress, description="pulse traces")
    by_file: dict[str, list[int]] = {}
    for k, trace in enumerate(traces):
        by_file.setdefault(trace.provenance.file, []).append(k)
    scale_of = {}
    for file, members in by_file.items():
        misfit = [
            np.median([both[k][0][s].misfit if s in both[k][0] else np.inf for k in members]) for s in Scale
        ]
        scale_of[file] = list(Scale)[int(np.argmin(misfit))]
    found = []
    for k, (trace, (fits, reason)) in enumerate(zip(traces, both, strict=True)):
        fit, why = fits.get(scale_of[trace.provenance.file]), reason
        if fit is not None and fit.misfit > GOOD_MISFIT:
            why = f"the update law misses the trace by {fit.misfit:.2g} of its window: no potentiation or depression"
            fit = None
        found.append(
            PulseFinding(
                trace=trace,
                states=states[k],
                fit=fit,
                events=events[k],
                reason="" if fit is not None else why,
            )
        )
    return tuple(found)


def _updates(trace: PulseTrace) -> tuple[dict[Scale, UpdateFit], str]:
    fits: dict[Scale, UpdateFit] = {}
    reason = ""
    for scale in Scale:
        try:
            fits[scale] = fit_update(trace, scale=scale)
        except PinchedError as error:
            reason = str(error)
    return fits, reason


def sampled(trace: PulseTrace) -> IVSweep | None:
    """`trace` as voltage and current against time, where every sample has both; None otherwise."""
    if trace.amplitude is None or trace.time is None:
        return None
    # At 0 V there is no conductance, and the current is none: without these samples pulses would look longer.
    current = np.where(trace.amplitude == 0, 0.0, trace.amplitude * trace.conductance)
    keep = np.isfinite(trace.amplitude) & np.isfinite(trace.time) & np.isfinite(current)
    if keep.sum() < 2:
        return None
    return IVSweep(
        voltage=trace.amplitude[keep],
        current=current[keep],
        time=trace.time[keep],
        device=trace.device,
        cycle=trace.cycle,
        provenance=trace.provenance,
    )


def _events(trace: PulseTrace) -> PulseEvents | None:
    sweep = sampled(trace)
    if sweep is None:
        return None
    try:
        events = extract_pulses(sweep, read_voltage=trace.read_voltage)
    except (PinchedError, ValueError):
        return None
    return events if len(events) else None


def relaxations(found: Sequence[PulseFinding]) -> tuple[Retention, ...]:
    """What the reads after the last pulse of each recorded train show of the state that it left."""
    traces = []
    for one in found:
        sweep = sampled(one.trace)
        if one.events is None or sweep is None:
            continue
        try:
            trace = relaxation_after(sweep, one.events, -1)
        except PinchedError:
            continue
        if len(trace) >= 3:
            traces.append(trace)
    return tuple(traces)


def find_retention(
    traces: Sequence[Retention], *, seed: int = 0, workers: int = 1, progress: Progress | None = None
) -> tuple[RetentionFinding, ...]:
    """Drift, law, extrapolation and noise of each of `traces`."""
    work = partial(_retention, seed=seed)
    return tuple(shared(work, traces, workers=workers, progress=progress, description="retention"))


def _retention(trace: Retention, seed: int) -> RetentionFinding:
    reasons: list[str] = []
    drift = fit = telegraph = spectrum = None
    try:
        drift = describe_drift(trace)
        fit = fit_retention(trace, seed=seed)
    except PinchedError as error:
        reasons.append(str(error))
    step = _step(trace)
    if step is None:
        reasons.append("the reads are not evenly spaced in time: no spectrum, no dwell times")
    else:
        try:
            spectrum = fit_spectrum(trace.resistance, step)
        except PinchedError as error:
            reasons.append(str(error))
        try:
            telegraph = extract_telegraph(trace.resistance, step, seed=seed)
        except PinchedError as error:
            reasons.append(str(error))
    return RetentionFinding(
        trace=trace, drift=drift, fit=fit, telegraph=telegraph, spectrum=spectrum, reasons=tuple(reasons)
    )


def _step(trace: Retention) -> float | None:
    """Time (s) between two reads where all are equally far apart; None otherwise."""
    steps = np.diff(trace.time)
    if steps.size < 2 or not np.isfinite(steps).all():
        return None
    middle = float(np.median(steps))
    even = np.abs(steps - middle) <= EVEN * middle
    return middle if middle > 0 and even.mean() > 0.95 else None


def find_noise_law(found: Sequence[RetentionFinding]) -> NoiseLaw | None:
    """Read noise against conductance over the states of `found`; None where they are too few or too alike."""
    usable = [one.trace for one in found if one.drift is not None and one.drift.reads >= 20]
    try:
        return fit_noise_law(*read_noise_of(usable)) if usable else None
    except PinchedError:
        return None


def find_arrhenius(found: Sequence[RetentionFinding]) -> Arrhenius | None:
    """Activation of the time until a resistance has changed by `CHANGED`; None below three temperatures.

    Only times within what was measured count: an extrapolation would be extrapolated twice.
    """
    kelvin, seconds = [], []
    for one in found:
        trace = one.trace
        if trace.temperature is None or len(trace) < 2:
            continue
        since = trace.time - np.nanmin(trace.time)
        moved = np.abs(np.log(trace.resistance / trace.resistance[0])) > np.log(CHANGED)
        if moved.any() and since[int(np.argmax(moved))] > 0:
            kelvin.append(trace.temperature)
            seconds.append(float(since[int(np.argmax(moved))]))
    try:
        return fit_arrhenius(np.array(kelvin), np.array(seconds))
    except PinchedError:
        return None


def find_survival(
    traces: Sequence[Endurance], criterion: Criterion
) -> tuple[tuple[DeviceLife, ...], Survival | None]:
    """The life of each device by `criterion`, and the Kaplan-Meier curve where there are two or more."""
    if not traces:
        return (), None
    lives = extract_endurance(traces, criterion)
    return lives, fit_survival(lives) if len(lives) > 1 else None
