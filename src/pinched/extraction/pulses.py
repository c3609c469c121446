r"""Read-write trains: a trace of voltage and current against time, cut into pulses and reads.

`extract_pulses` gives the state before and after each write pulse, its energy $\int V I\,dt$ and when inside
the pulse the device switched (Fig. 3e of marraccini2025fast); `pulses_until` counts pulses to a threshold on
any `PulseTrace`. Everything is measured on the samples: a pulse that holds too few of them has an energy and
a switching time that nobody can tell, and the record says so instead of multiplying nominal values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from pinched._errors import PinchedError
from pinched._params import require
from pinched._units import to_si
from pinched.data.sweep import IVSweep, Provenance
from pinched.data.traces import PulseTrace
from pinched.extraction.transitions import CONTRAST

FEWEST = 4
"""Fewest samples inside a pulse for an energy: with fewer the trapezium rule is a guess at the shape."""

READ_ROOM = 0.2
"""A sample within this share of the read voltage is one of a read; what lies beyond is an edge or a write."""


class Timing(StrEnum):
    """How a switching time was found."""

    MEASURED = "measured"
    WITHIN_FIRST_SAMPLE = "within the first sample"
    """The new state is there at the first sample of the flat top: the time is an upper bound."""
    NO_SWITCH = "no switch"
    """The conductance changed by less than a factor of 1.5 inside the pulse."""
    CANNOT_TELL = "cannot tell"
    """Fewer than 4 samples inside the pulse."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PulseEvents:
    """One entry per write pulse, in measured order; NaN where a value cannot be told."""

    start: Float[np.ndarray, " pulse"]
    """Time (s) at which |V| passes half of the amplitude, interpolated."""
    amplitude: Float[np.ndarray, " pulse"]
    """Signed amplitude (V): the median of the samples above nine tenths of the largest |V|."""
    width: Float[np.ndarray, " pulse"]
    """Time (s) from half of the amplitude to half of the amplitude."""
    samples: Int[np.ndarray, " pulse"]
    """Samples above half of the amplitude."""
    conductance_before: Float[np.ndarray, " pulse"]
    """Conductance (S) at the reads between the pulse before and this one; NaN where none was taken."""
    conductance_after: Float[np.ndarray, " pulse"]
    """Conductance (S) at the reads between this pulse and the next,"""
    read_first: Float[np.ndarray, " pulse"]
    """at the first sample of them,"""
    read_last: Float[np.ndarray, " pulse"]
    """and at the last one: they differ where the state relaxes."""
    peak_current: Float[np.ndarray, " pulse"]
    """Largest |I| (A) during the pulse."""
    conductance_first: Float[np.ndarray, " pulse"]
    """I / V (S) at the first sample of the flat top of the pulse itself,"""
    conductance_last: Float[np.ndarray, " pulse"]
    """and at its last one."""
    energy: Float[np.ndarray, " pulse"]
    """Integral of V I over the pulse with its edges (J); NaN below 4 samples."""
    energy_error: Float[np.ndarray, " pulse"]
    """Error of the integral from the sampling (J): its change when every second sample is left out."""
    switching_time: Float[np.ndarray, " pulse"]
    """Time (s) from `start` until I / V passes the geometric mean of its first and last value."""
    timing: tuple[Timing, ...]
    """How each switching time was found."""
    read_voltage: float
    """Magnitude of the read voltage (V)."""
    device: str
    provenance: Provenance

    def __len__(self) -> int:
        return self.start.size

    def to_trace(self) -> PulseTrace:
        """The state after each pulse; index 0 is the state before the first one."""
        require(self, len(self) > 0, "there is no pulse to make a trace of.")
        return PulseTrace(
            conductance=np.concatenate([self.conductance_before[:1], self.conductance_after]),
            amplitude=np.concatenate([[0.0], self.amplitude]),
            width=np.concatenate([[0.0], self.width]),
            time=np.concatenate([self.start[:1], self.start + self.width]),
            read_voltage=self.read_voltage,
            device=self.device,
            provenance=self.provenance,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """When a trace first reached a threshold."""

    pulses: int | None
    """Pulses applied until then; None when it never did."""
    time: float
    """Sum of the pulse widths until then (s); NaN when they are unknown."""
    stays: bool
    """True where every later state is beyond the threshold too."""


def pulses_until(trace: PulseTrace, threshold: str | float, *, first_is_start: bool = True) -> Crossing:
    """Pulses of `trace` until the conductance reaches `threshold` (S), from whichever side it starts.

    `first_is_start`: index 0 is the state before the first pulse, as `PulseEvents.to_trace` makes it.
    """
    level = to_si(threshold, "S")
    g = trace.conductance
    known = np.flatnonzero(np.isfinite(g))
    if known.size == 0:
        return Crossing(pulses=None, time=float("nan"), stays=False)
    rising = bool(g[known[0]] < level)
    beyond = g >= level if rising else g <= level
    if not beyond.any():
        return Crossing(pulses=None, time=float("nan"), stays=False)
    at = int(np.argmax(beyond))
    skipped = int(first_is_start)
    # A first state that is beyond already needs no pulse.
    count = max(at + 1 - skipped, 0)
    time = float("nan") if trace.width is None else float(np.sum(trace.width[skipped : at + 1]))
    later = known[known > at]
    return Crossing(pulses=count, time=time, stays=bool(beyond[later].all()))


def extract_pulses(sweep: IVSweep, *, read_voltage: str | float | None = None) -> PulseEvents:
    """Cut the time trace `sweep` into write pulses and reads at `read_voltage` (V, magnitude; None: guessed).

    A write is a stretch of |V| above twice the read voltage, a read a stretch within 20 % of it; the base may
    be 0 V or the read voltage itself. Raises `PinchedError` for a trace without time, without a pulse, or
    where a read voltage is not given and no second level can be seen.
    """
    time = sweep.time
    if time is None:
        raise PinchedError(
            "the trace has no time: pulses need one. Name the time column when reading the file."
        )
    if (np.diff(time) < 0).any():
        raise PinchedError("the time of the trace runs backwards: sort the samples or cut the trace there.")
    magnitude = np.abs(sweep.voltage)
    read = abs(to_si(read_voltage, "V")) if read_voltage is not None else guess_read_voltage(sweep.voltage)
    pulses = _stretches(magnitude, sweep.voltage, 2.0 * read)
    if not pulses:
        raise PinchedError(
            f"no |V| above twice the read voltage ({read:g} V): there is no pulse. Give `read_voltage`."
        )
    reading = np.abs(magnitude - read) <= READ_ROOM * read
    borders = [0, *(p.stop for p in pulses)], [*(p.start for p in pulses), time.size]
    states = np.array(
        [_conductance(sweep, reading, slice(a, b)) for a, b in zip(borders[0], borders[1], strict=True)]
    )
    parts = [_pulse(sweep, time, piece) for piece in pulses]
    return PulseEvents(
        start=np.array([p.start for p in parts]),
        amplitude=np.array([p.amplitude for p in parts]),
        width=np.array([p.width for p in parts]),
        samples=np.array([p.samples for p in parts], dtype=np.int64),
        conductance_before=states[:-1, 0],
        conductance_after=states[1:, 0],
        read_first=states[1:, 1],
        read_last=states[1:, 2],
        peak_current=np.array([float(np.abs(sweep.current[p]).max()) for p in pulses]),
        conductance_first=np.array([p.first for p in parts]),
        conductance_last=np.array([p.last for p in parts]),
        energy=np.array([p.energy for p in parts]),
        energy_error=np.array([p.energy_error for p in parts]),
        switching_time=np.array([p.switching_time for p in parts]),
        timing=tuple(p.timing for p in parts),
        read_voltage=read,
        device=sweep.device,
        provenance=sweep.provenance,
    )


def guess_read_voltage(voltage: Float[np.ndarray, " sample"]) -> float:
    """The lowest level (V) at which |V| rests that is well below the highest: the read of a train.

    A level is a place where two samples in a row agree within 5 % and that holds at least 1 % of the
    samples above zero. Raises `PinchedError` where there is one level only.
    """
    v = np.abs(voltage)
    # Offsets and noise of the base: a thousandth of the largest voltage is no level.
    above = v > 1e-3 * v.max(initial=0.0)
    flat = above[1:] & above[:-1] & (np.abs(np.diff(v)) <= 0.05 * np.maximum(v[1:], v[:-1]))
    logs = np.sort(np.log(v[1:][flat]))
    groups = np.split(logs, np.flatnonzero(np.diff(logs) > math.log(1.3)) + 1)
    levels = [float(np.exp(np.median(g))) for g in groups if g.size >= max(0.01 * above.sum(), 1)]
    if len(levels) < 2 or levels[0] > 0.4 * levels[-1]:
        raise PinchedError(
            f"the voltage rests at {', '.join(f'{x:.3g} V' for x in levels) or 'no level'}: writes and reads "
            "cannot be told apart. Give `read_voltage`."
        )
    return levels[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pulse:
    start: float
    amplitude: float
    width: float
    samples: int
    first: float
    last: float
    energy: float
    energy_error: float
    switching_time: float
    timing: Timing


def _stretches(
    magnitude: Float[np.ndarray, " sample"], voltage: Float[np.ndarray, " sample"], border: float
) -> list[slice]:
    """Runs of samples with |V| above `border` and one sign."""
    state = np.where(magnitude > border, np.sign(voltage), 0.0)
    cuts = np.flatnonzero(np.diff(state)) + 1
    edges = [0, *cuts.tolist(), state.size]
    return [slice(a, b) for a, b in pairwise(edges) if state[a] != 0]


def _conductance(
    sweep: IVSweep, reading: Bool[np.ndarray, " sample"], piece: slice
) -> tuple[float, float, float]:
    v, i = sweep.voltage[piece][reading[piece]], sweep.signed_current[piece][reading[piece]]
    if v.size == 0:
        return float("nan"), float("nan"), float("nan")
    # The least-squares slope through the origin weighs each sample by what it says.
    return float(v @ i) / float(v @ v), float(i[0] / v[0]), float(i[-1] / v[-1])


def _pulse(sweep: IVSweep, time: Float[np.ndarray, " sample"], piece: slice) -> _Pulse:
    # One sample more on each side: the edges carry energy and are where half of the amplitude is passed.
    wide = slice(max(piece.start - 1, 0), min(piece.stop + 1, time.size))
    t, v, i = time[wide], sweep.voltage[wide], sweep.signed_current[wide]
    u = np.abs(v)
    top = u >= 0.9 * float(u.max())
    amplitude = float(np.median(v[top]))
    high = np.flatnonzero(u >= 0.5 * abs(amplitude))
    start, stop = _edge(t, u, int(high[0]), -1, amplitude), _edge(t, u, int(high[-1]), 1, amplitude)
    flat = np.flatnonzero(top)
    flat = np.arange(flat[0], flat[-1] + 1)
    g = i[flat] / v[flat]
    energy = error = float("nan")
    if high.size >= FEWEST:
        power = v * i
        energy = float(np.trapezoid(power, t))
        thin = np.unique([*range(0, t.size, 2), t.size - 1])
        error = abs(energy - float(np.trapezoid(power[thin], t[thin])))
    delay, timing = _switching(t[flat] - start, g)
    return _Pulse(
        start=start, amplitude=amplitude, width=stop - start, samples=int(high.size), first=float(g[0]),
        last=float(g[-1]), energy=energy, energy_error=error, switching_time=delay, timing=timing,
    )  # fmt: skip


def _edge(
    t: Float[np.ndarray, " sample"], u: Float[np.ndarray, " sample"], at: int, step: int, amplitude: float
) -> float:
    """Time at which |V| passes half of the amplitude between sample `at` and its neighbour outside."""
    out = at + step
    if not 0 <= out < t.size:
        return float(t[at])
    share = (u[at] - 0.5 * abs(amplitude)) / (u[at] - u[out]) if u[at] > u[out] else 0.0
    return float(t[at] + share * (t[out] - t[at]))


def _switching(delay: Float[np.ndarray, " top"], g: Float[np.ndarray, " top"]) -> tuple[float, Timing]:
    if g.size < FEWEST or not (g > 0).all():
        return float("nan"), Timing.CANNOT_TELL
    # The level before and after from a few samples each: one sample is noise.
    few = max(min(g.size // 10, 5), 1)
    before, after = float(np.median(g[:few])), float(np.median(g[-few:]))
    if abs(math.log(after / before)) < CONTRAST:
        return float("nan"), Timing.NO_SWITCH
    passed = (g >= math.sqrt(before * after)) == (after > before)
    at = int(np.argmax(passed))
    if at == 0:
        return float(delay[0]), Timing.WITHIN_FIRST_SAMPLE
    # Logarithmic between the two samples, as conductances change.
    share = (0.5 * math.log(before * after) - math.log(g[at - 1])) / math.log(g[at] / g[at - 1])
    return float(delay[at - 1] + share * (delay[at] - delay[at - 1])), Timing.MEASURED
