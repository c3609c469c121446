r"""Voltage waveforms: what a source applies, as corner points joined by straight lines.

`triangle` for hysteresis loops, `sine` for pinched loops at a frequency, `staircase` for what a source-meter
really does, `pulse_train` for programming, endurance and plasticity. All return a `Waveform`; `sample` turns it
into arrays.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._params import quantity, require
from pinched._units import to_si


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Waveform:
    """A piecewise linear voltage: corners (time, voltage), time never falling, two equal times a jump."""

    time: Float[np.ndarray, " corner"] = quantity(dataclasses.MISSING, "s", "t", "times of the corners")
    voltage: Float[np.ndarray, " corner"] = quantity(dataclasses.MISSING, "V", "V", "voltages at the corners")

    def __post_init__(self) -> None:
        for name in ("time", "voltage"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        shapes = self.time.shape, self.voltage.shape
        require(
            self,
            shapes[0] == shapes[1] and len(shapes[0]) == 1 and self.time.size >= 2,
            f"time and voltage must be equal lists of at least 2 corners, they have shapes {shapes}.",
        )
        require(
            self,
            bool(np.isfinite(self.time).all() and np.isfinite(self.voltage).all()),
            "a corner is not finite.",
        )
        require(self, bool((np.diff(self.time) >= 0).all()), "time must not run backwards.")

    @property
    def duration(self) -> float:
        """Time from the first to the last corner (s)."""
        return float(self.time[-1] - self.time[0])

    def middles(self, count: int) -> Float[np.ndarray, " sample"]:
        """Moments (s) in the middles of `count` equal parts: neither the first nor the last corner is among them."""
        return self.time[0] + self.duration * (np.arange(count) + 0.5) / count

    def at(self, time: Float[np.ndarray, " sample"]) -> Float[np.ndarray, " sample"]:
        """Voltage (V) at `time` (s), held before the first and after the last corner; after a jump at the jump."""
        right = np.clip(np.searchsorted(self.time, time, side="right"), 1, self.time.size - 1)
        t0, t1 = self.time[right - 1], self.time[right]
        v0, v1 = self.voltage[right - 1], self.voltage[right]
        span = np.where(t1 > t0, t1 - t0, 1.0)
        share = np.clip(np.where(t1 > t0, (time - t0) / span, 1.0), 0.0, 1.0)
        inside = v0 + (v1 - v0) * share
        # A jump at the very first corner has not happened yet before it.
        return np.where(np.asarray(time) < self.time[0], self.voltage[0], inside)

    def sample(self, points: int) -> tuple[Float[np.ndarray, " sample"], Float[np.ndarray, " sample"]]:
        """Times (s) and voltages (V) at about `points` even times, with every corner hit exactly."""
        require(self, points >= 2, f"{points} points are too few, take at least 2.")
        even = np.linspace(self.time[0], self.time[-1], points)
        distance = np.abs(even[:, None] - self.time[None, :]).min(axis=1)
        even = even[distance > 1e-9 * max(self.duration, 1e-300)]
        time = np.concatenate([self.time, even])
        voltage = np.concatenate([self.voltage, self.at(even)])
        order = np.argsort(time, kind="stable")
        return time[order], voltage[order]


def triangle(
    amplitude: str | float, *, period: str | float, negative: str | float | None = None, cycles: int = 1
) -> Waveform:
    """Triangle 0 -> amplitude -> 0 -> negative -> 0 (V), `cycles` times, each `period` (s) long.

    `negative` is the other peak, -amplitude when None. The slope is the same everywhere, so the time of
    each peak follows from the two amplitudes. Raises `PinchedError` for a period or cycles not above zero.
    """
    up = to_si(amplitude, "V")
    down = -up if negative is None else to_si(negative, "V")
    length = to_si(period, "s")
    _positive(length, "period", "s")
    _positive(cycles, "cycles", "")
    corners = np.array([0.0, up, 0.0, down, 0.0])
    path = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(corners)))])
    if path[-1] == 0:
        path = np.linspace(0.0, 1.0, corners.size)
    time = path / path[-1] * length
    keep = np.concatenate([[True], np.diff(time) > 0])
    time, corners = time[keep], corners[keep]
    all_times = np.concatenate([[0.0], *(time[1:] + k * length for k in range(cycles))])
    return Waveform(time=all_times, voltage=np.concatenate([[corners[0]], *[corners[1:]] * cycles]))


def sine(
    amplitude: str | float,
    *,
    frequency: str | float,
    cycles: float = 1.0,
    offset: str | float = 0.0,
    points_per_period: int = 2000,
) -> Waveform:
    """Sine of `amplitude` around `offset` (V) at `frequency` (Hz), as straight pieces.

    `points_per_period` pieces stay within 4.94 / points_per_period^2 of the amplitude (1.2e-6 at 2000); peaks
    and zeros are hit exactly when it is a multiple of 4. Raises `PinchedError` for a frequency, cycles or points
    not above zero.
    """
    peak, middle, rate = to_si(amplitude, "V"), to_si(offset, "V"), to_si(frequency, "Hz")
    for value, name, unit in (
        (rate, "frequency", "Hz"), (cycles, "cycles", ""), (points_per_period, "points_per_period", ""),
    ):  # fmt: skip
        _positive(value, name, unit)
    count = max(1, round(cycles * points_per_period))
    phase = np.arange(count + 1) * (cycles / count)
    return Waveform(time=phase / rate, voltage=middle + peak * np.sin(2.0 * np.pi * phase))


def staircase(
    levels: Float[np.ndarray, " step"] | list[float], *, dwell: str | float, rise: str | float = 0.0
) -> Waveform:
    """Steps to `levels` (V), each held `dwell` (s) after a ramp of `rise` (s; 0 is a jump)."""
    hold, ramp = to_si(dwell, "s"), to_si(rise, "s")
    _positive(hold, "dwell", "s")
    steps = np.asarray(levels, dtype=np.float64)
    starts = np.arange(steps.size) * (hold + ramp)
    time = np.column_stack([starts, starts + hold]).ravel()
    return Waveform(time=time, voltage=np.repeat(steps, 2))


def pulse_train(
    amplitude: str | float,
    *,
    width: str | float,
    gap: str | float,
    count: int,
    base: str | float = 0.0,
    rise: str | float = 0.0,
) -> Waveform:
    """`count` pulses of `amplitude` (V) and `width` (s, flat top) with `gap` (s) at `base` (V) around each.

    `rise` is the length (s) of each edge; 0 is a jump. Starts and ends with a gap.
    """
    high, low = to_si(amplitude, "V"), to_si(base, "V")
    on, off, edge = to_si(width, "s"), to_si(gap, "s"), to_si(rise, "s")
    for value, name in ((on, "width"), (off, "gap")):
        _positive(value, name, "s")
    _positive(count, "count", "")
    lengths = np.tile([off, edge, on, edge], count)
    time = np.concatenate([[0.0], np.cumsum(lengths), [count * (off + on + 2 * edge) + off]])
    voltage = np.concatenate([[low], np.tile([low, high, high, low], count), [low]])
    return Waveform(time=time, voltage=voltage)


def _positive(value: float, name: str, unit: str) -> None:
    require(Waveform, value > 0, f"{name} is {value} {unit}; it must be above zero.".replace("  ", " "))
