r"""Pulse pairs and spikes: paired-pulse facilitation and spike-timing dependence, computed from a law.

`paired_pulses` applies two equal pulses at each of several distances and fits the decay of the facilitation with
`extraction.short_term`: for laws that forget (`wox`, `diffusive`) or stay warm (`second_order`). `spike_timing`
applies one spike to each electrode at each of several delays and gives what is left of it: the learning window.
`spike_rate` applies the same number of spikes at each of several rates, `pulse_memory` more and more pulses, each
with the relaxation after it; `extraction.spike_window` fits all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float

from pinched._params import quantity, require
from pinched._units import to_si
from pinched.data.traces import Retention
from pinched.data.waveforms import Waveform, pulse_train
from pinched.devices.circuit import Circuit
from pinched.devices.drive import drive
from pinched.devices.law import Law, Param, device_shape
from pinched.devices.trace import Trace
from pinched.extraction.short_term import Facilitation, Index, fit_facilitation
from pinched.extraction.spike_window import RateDependence, Transition, fit_rate, fit_transition


def paired_pulses(
    device: Law,
    *,
    amplitude: str | float,
    width: str | float,
    gaps: Sequence[float],
    convention: Index,
    rise: str | float = 0.0,
    circuit: Circuit | None = None,
    initial_state: Sequence[Param] | None = None,
    points: int = 400,
    rtol: float = 1e-6,
    seed: int = 0,
) -> Facilitation:
    """Facilitation of two pulses of `amplitude` (V) and `width` (s) at each of `gaps` (s at 0 V between them).

    Each pair meets the device in its initial state; the response is the largest |current| of a pulse. `rise` (s) is
    the length of each edge; the record's gap counts from half of the amplitude to half of it, one `rise` more.
    Raises `PinchedError` for a law of several devices, fewer than one gap, and gaps that are not above zero.
    """
    _require_one(device)
    require(type(device), len(gaps) > 0, "there is no gap: give at least one.")
    edge, flat, volts = to_si(rise, "s"), to_si(width, "s"), to_si(amplitude, "V")
    first, second = np.zeros(len(gaps)), np.zeros(len(gaps))
    for k, gap in enumerate(gaps):
        waveform = pulse_train(volts, width=flat, gap=float(gap), count=2, rise=edge)
        # The gap before the first pulse would let a device that is not at rest move before it is asked.
        waveform = Waveform(time=waveform.time[1:] - waveform.time[1], voltage=waveform.voltage[1:])
        run = drive(
            device,
            waveform,
            circuit=circuit,
            points=points,
            initial_state=initial_state,
            rtol=rtol,
            seed=seed,
        )
        current, time = np.abs(run.trace.current.detach().numpy()), run.trace.time.numpy()
        # Nothing flows at 0 V: the middle of the gap parts the two responses.
        middle = flat + 2.0 * edge + 0.5 * gap
        first[k], second[k] = current[time < middle].max(), current[time > middle].max()
    return fit_facilitation(np.asarray(gaps, dtype=np.float64) + edge, first, second, convention=convention)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpikeTiming:
    """What pairs of spikes leave, against the delay between them."""

    source: ClassVar[str] = "kim2015experimental"
    delay: Float[np.ndarray, " pair"] = quantity(
        None,
        "s",
        r"\Delta t",
        "time from the spike before to the spike after; below zero where it comes first",
    )
    change: Float[np.ndarray, " pair"] = quantity(
        None, "1", r"\Delta G / G", "relative change of the conductance, read after the rest"
    )


def spike_timing(
    device: Law,
    before: Waveform,
    after: Waveform,
    delays: Sequence[float],
    *,
    rest: str | float,
    read_voltage: str | float = "0.1 V",
    circuit: Circuit | None = None,
    initial_state: Sequence[Param] | None = None,
    points: int = 400,
    rtol: float = 1e-6,
    seed: int = 0,
) -> SpikeTiming:
    """Relative change of the conductance by the spike `before` on the top and `after` on the bottom electrode.

    The device sees the difference of the two, `after` starting each of `delays` (s) later than `before` (earlier
    where below zero). It is read at `read_voltage` (V) after a `rest` (s), without disturbing it. Each pair meets
    the device in its initial state. Raises `PinchedError` for a law of several devices and for spikes that do not
    begin and end at 0 V.
    """
    _require_one(device)
    for spike in (before, after):
        _require_quiet(device, spike)
    volts, pause = to_si(read_voltage, "V"), to_si(rest, "s")
    change = np.zeros(len(delays))
    for k, delay in enumerate(delays):
        waveform = _difference(before, after, float(delay), pause)
        trace = drive(
            device,
            waveform,
            circuit=circuit,
            points=points,
            initial_state=initial_state,
            rtol=rtol,
            seed=seed,
        ).trace
        change[k] = _left_behind(device, trace, volts)
    return SpikeTiming(delay=np.asarray(delays, dtype=np.float64), change=change)


def spike_rate(
    device: Law,
    spike: Waveform,
    rates: Sequence[float],
    *,
    count: int,
    rest: str | float,
    read_voltage: str | float = "0.1 V",
    circuit: Circuit | None = None,
    initial_state: Sequence[Param] | None = None,
    points: int = 1000,
    rtol: float = 1e-6,
    seed: int = 0,
) -> RateDependence:
    """Relative change of the conductance by `count` times `spike` at each of `rates` (1/s), read after a `rest` (s).

    Each train meets the device in its initial state. Raises `PinchedError` for a law of several devices, a spike that
    does not begin and end at 0 V or lasts longer than the time to the next one.
    """
    _require_one(device)
    _require_quiet(device, spike)
    volts, pause = to_si(read_voltage, "V"), to_si(rest, "s")
    change = np.zeros(len(rates))
    for k, rate in enumerate(rates):
        require(
            type(device),
            rate > 0 and 1.0 / rate >= spike.duration,
            f"spikes of {spike.duration:g} s do not fit a rate of {rate:g} per second.",
        )
        time = np.concatenate([spike.time - spike.time[0] + j / rate for j in range(count)])
        waveform = Waveform(
            time=np.append(time, time[-1] + pause), voltage=np.append(np.tile(spike.voltage, count), 0.0)
        )
        trace = drive(
            device,
            waveform,
            circuit=circuit,
            points=points,
            initial_state=initial_state,
            rtol=rtol,
            seed=seed,
        ).trace
        change[k] = _left_behind(device, trace, volts)
    return fit_rate(np.asarray(rates, dtype=np.float64), change)


def pulse_memory(
    device: Law,
    counts: Sequence[int],
    *,
    amplitude: str | float,
    width: str | float,
    gap: str | float,
    rest: str | float,
    reads: int = 60,
    read_voltage: str | float = "0.1 V",
    circuit: Circuit | None = None,
    initial_state: Sequence[Param] | None = None,
    rtol: float = 1e-6,
    seed: int = 0,
) -> Transition:
    """Short to long term: trains of `counts` pulses, each followed by a `rest` (s) with `reads` that disturb nothing.

    `amplitude` (V), `width` (s) and `gap` (s) are those of each pulse; every train meets the device in its initial
    state. Raises `PinchedError` for a law of several devices.
    """
    _require_one(device)
    volts, pause = to_si(read_voltage, "V"), to_si(rest, "s")
    before, relaxations = 0.0, []
    for count in counts:
        train = pulse_train(amplitude, width=width, gap=gap, count=int(count))
        waveform = Waveform(time=train.time[1:] - train.time[1], voltage=train.voltage[1:])
        ends = float(waveform.time[-1]) - to_si(gap, "s")
        waveform = Waveform(
            time=np.append(waveform.time, ends + pause), voltage=np.append(waveform.voltage, 0.0)
        ) if ends + pause > waveform.time[-1] else waveform  # fmt: skip
        times = ends + np.linspace(0.0, pause, reads)
        times = np.concatenate([[0.0], times[times <= waveform.time[-1]]])
        trace = drive(
            device, waveform, circuit=circuit, times=times, initial_state=initial_state, rtol=rtol, seed=seed
        ).trace
        conductances = [_read(device, trace.state[:, k], volts) / volts for k in range(times.size)]
        before = conductances[0]
        relaxations.append(
            Retention(time=times[1:] - ends, resistance=1.0 / np.array(conductances[1:]), read_voltage=volts)
        )
    return fit_transition([float(c) for c in counts], relaxations, before=before)


def _left_behind(device: Law, trace: Trace, volts: float) -> float:
    """Relative change of the conductance from the start of `trace` to its end, read at `volts`."""
    return _read(device, trace.state[:, -1], volts) / _read(device, trace.state[:, 0], volts) - 1.0


def _read(device: Law, column: torch.Tensor, volts: float) -> float:
    return float(device.current(_state(column), torch.tensor(volts, dtype=torch.float64)))


def _require_quiet(device: Law, spike: Waveform) -> None:
    require(
        type(device),
        spike.voltage[0] == 0 and spike.voltage[-1] == 0,
        f"a spike goes from {spike.voltage[0]:g} V to {spike.voltage[-1]:g} V; it must begin and end at 0 V.",
    )


def _require_one(device: Law) -> None:
    require(
        type(device),
        device_shape(device) == (),
        f"it holds devices of shape {device_shape(device)}; pulses are paired on one device at a time.",
    )


def _state(column: torch.Tensor) -> torch.Tensor:
    return column[0] if column.shape[0] == 1 else column


def _difference(before: Waveform, after: Waveform, delay: float, rest: float) -> Waveform:
    """before(t) - after(t - delay) as straight pieces, jumps kept, and a rest at the end."""
    start = min(0.0, delay)
    spikes = [
        Waveform(time=before.time - before.time[0] - start, voltage=before.voltage),
        Waveform(time=after.time - after.time[0] + delay - start, voltage=after.voltage),
    ]
    times = np.unique(np.concatenate([s.time for s in spikes]))
    left = _just_before(spikes[0], times) - _just_before(spikes[1], times)
    right = spikes[0].at(times) - spikes[1].at(times)
    corners, values = np.repeat(times, 2), np.column_stack([left, right]).ravel()
    keep = np.ones(corners.size, dtype=bool)
    keep[1::2] = left != right
    return Waveform(
        time=np.append(corners[keep], times[-1] + rest), voltage=np.append(values[keep], values[-1])
    )


def _just_before(waveform: Waveform, times: Float[np.ndarray, " corner"]) -> Float[np.ndarray, " corner"]:
    """Voltage (V) just before `times`: on the near side of a jump."""
    turned = Waveform(time=-waveform.time[::-1], voltage=waveform.voltage[::-1])
    return turned.at(-times)
