r"""Sweeps and pulse trains of filaments that open and close channel by channel, for many devices at once.

`sweep_filaments` applies a waveform as a source-meter does, step by step under a compliance; `pulse_filaments` a
train of pulses with a read after each. Both draw `QuantumFilament` exactly: within a step the voltage of the
source is constant, events are drawn one by one with the rates after each of them (gillespie1977exact). Device k
draws the same whatever the number of devices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from pinched._params import require
from pinched._random import generator, stream_key
from pinched._units import to_si
from pinched.constants import G_0
from pinched.data.sweep import IVSweep, Provenance
from pinched.data.traces import PulseTrace
from pinched.data.waveforms import Waveform
from pinched.devices._noise_kernels import MOST_EVENTS, channel_jumps
from pinched.devices.laws.quantum_filament import QuantumFilament

_SIMULATED = "pinched.devices.filament"


@dataclass(frozen=True, kw_only=True, slots=True)
class FilamentCircuit:
    """What stands between source and filament."""

    compliance_set: float | None = None
    """Limit (A) of positive current; it decides the room for channels too. None is no limit."""
    compliance_reset: float | None = None
    """Limit (A) of negative current."""
    series_resistance: float = 0.0
    """Resistance (ohm) of leads and electrodes."""
    noise_current: float = 0.0
    """Standard deviation (A) of a reading of the current,"""
    noise_relative: float = 0.0
    """and the part that is a share of it."""

    def __post_init__(self) -> None:
        limits = [x for x in (self.compliance_set, self.compliance_reset) if x is not None]
        require(self, all(x > 0 for x in limits), f"a compliance of {limits} A is no limit; give None.")
        rest = (self.series_resistance, self.noise_current, self.noise_relative)
        require(self, min(rest) >= 0, f"series resistance and noise are {rest}; none is negative.")


def sweep_filaments(
    device: QuantumFilament,
    waveform: Waveform,
    *,
    points: int = 1000,
    circuit: FilamentCircuit | None = None,
    channels: int = 0,
    devices: int = 1,
    seed: int = 0,
    name: str = "filament",
) -> list[IVSweep]:
    """Sweeps of `devices` filaments under `waveform`, sampled at `points` steps of constant voltage.

    `channels` are open before the first step. Each sample is read at the end of its step. Raises `PinchedError` for
    fewer than two points or a start beyond the room.
    """
    own = circuit or FilamentCircuit()
    require(QuantumFilament, points >= 2, f"{points} points are too few, take at least 2.")
    time = np.linspace(waveform.time[0], waveform.time[-1], points)
    volts = waveform.at(time)
    found = []
    for k in range(devices):
        counts, extra = _run(device, volts, np.full(points, time[1] - time[0]), own, channels, seed, k)
        g = _conductances(device, counts, extra)
        current = _current(volts, g, own, k, seed, "sweep noise")
        found.append(
            IVSweep(
                voltage=volts, current=current, time=time, compliance_current=own.compliance_set,
                device=name if devices == 1 else f"{name} {k + 1}", provenance=Provenance(simulated_by=_SIMULATED),
            )
        )  # fmt: skip
    return found


def pulse_filaments(
    device: QuantumFilament,
    amplitudes: Sequence[float],
    *,
    width: str | float,
    read_voltage: str | float = "0.1 V",
    circuit: FilamentCircuit | None = None,
    channels: int = 0,
    devices: int = 1,
    seed: int = 0,
    name: str = "filament",
) -> list[PulseTrace]:
    """State of `devices` filaments before the first of pulses of `amplitudes` (V) and `width` (s) and after each.

    Reads are without a limit and disturb nothing. `channels` are open before the first pulse.
    """
    own = circuit or FilamentCircuit()
    volts = np.asarray(amplitudes, dtype=np.float64)
    length, read = to_si(width, "s"), to_si(read_voltage, "V")
    require(
        QuantumFilament,
        volts.size > 0 and length > 0 and read > 0,
        f"{volts.size} pulses of {length} s, read at {read} V: give pulses, a width and a read voltage above zero.",
    )
    found = []
    for k in range(devices):
        counts, extra = _run(device, volts, np.full(volts.size, length), own, channels, seed, k)
        # A filament that nothing has touched scatters from its own draw: level 0 is the leakage.
        counts, extra = np.insert(counts, 0, channels), np.insert(extra, 0, 0.0)
        g = _conductances(device, counts, extra)
        g = g / (1.0 + own.series_resistance * g)
        noise = generator(seed, "filament read", name, k).standard_normal(g.size)
        g = g + np.hypot(own.noise_current / read, own.noise_relative * g) * noise
        found.append(
            PulseTrace(
                conductance=g, amplitude=np.insert(volts, 0, 0.0),
                width=np.insert(np.full(volts.size, length), 0, 0.0),
                read_voltage=read, compliance_current=own.compliance_set,
                device=name if devices == 1 else f"{name} {k + 1}", provenance=Provenance(simulated_by=_SIMULATED),
            )
        )  # fmt: skip
    return found


def _run(
    device: QuantumFilament, volts: np.ndarray, lengths: np.ndarray, own: FilamentCircuit, channels: int, seed: int,
    number: int,
) -> tuple[Int64[np.ndarray, " step"], Float[np.ndarray, " step"]]:  # fmt: skip
    room = device.capacity(own.compliance_set)
    require(
        QuantumFilament,
        0 <= channels <= device.capacity(None),
        f"{channels} channels are said to be open; there is room for {device.capacity(None)}.",
    )
    numbers = np.array(
        [
            device.quantum, device.rate_set, device.threshold_set, device.scale_set, device.slowing_set,
            device.rate_reset, device.threshold_reset, device.scale_reset, device.slowing_reset, device.backward,
            np.inf if own.compliance_set is None else own.compliance_set,
            np.inf if own.compliance_reset is None else own.compliance_reset,
            own.series_resistance, device.conductance_hrs, G_0,
        ]
    )  # fmt: skip
    key = stream_key(seed, "filament events")
    counts, extra, events = channel_jumps(volts, lengths, numbers, channels, room, key[0], key[1], number)
    require(
        QuantumFilament,
        events < MOST_EVENTS,
        f"more than {MOST_EVENTS} events: at these voltages the filament switches faster than anybody can count. "
        "Lower the voltage or the rates.",
    )
    return counts, extra


def _conductances(device: QuantumFilament, counts: np.ndarray, extra: np.ndarray) -> np.ndarray:
    off = np.where(counts > 0, np.maximum(device.scatter * extra, -0.4 * device.quantum), 0.0)
    return (counts * device.quantum + off) * G_0 + device.conductance_hrs


def _current(
    volts: np.ndarray, g: np.ndarray, own: FilamentCircuit, number: int, seed: int, stream: str
) -> np.ndarray:
    current = volts * g / (1.0 + own.series_resistance * g)
    noise = generator(seed, stream, number).standard_normal(g.size)
    current = current + np.hypot(own.noise_current, own.noise_relative * current) * noise
    high = np.inf if own.compliance_set is None else own.compliance_set
    low = -np.inf if own.compliance_reset is None else -own.compliance_reset
    return np.clip(current, low, high)
