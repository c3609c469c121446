r"""Noise on a finished trace: what a read adds, apart from how the state moves.

`ReadNoise` is white, `TelegraphNoise` a trap that captures and emits (two levels), `FlickerNoise` a 1/f spectrum.
`noisy` puts any of them on a sweep, `noisy_currents` on the currents of many devices. All are exact at any sampling,
also where samples are unevenly spaced, and drawn by the address of the device. `extraction.noise` finds them again.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float
from scipy import optimize

from pinched._params import quantity, require
from pinched._random import generator
from pinched.data.sweep import IVSweep
from pinched.devices._noise_kernels import relaxing, two_states

PER_DECADE = 3
"""Relaxations per decade that make up a 1/f spectrum."""


class TraceNoise(ABC):
    """Abstract: what a noise adds to a current."""

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib."""

    @abstractmethod
    def added(
        self,
        time: Float[np.ndarray, " sample"],
        current: Float[np.ndarray, " sample"],
        rng: np.random.Generator,
    ) -> Float[np.ndarray, " sample"]:
        """Current (A) to add to `current` (A) at `time` (s, rising), drawn from `rng`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadNoise(TraceNoise):
    """White noise, a share of the current and a floor of the instrument; independent from sample to sample."""

    source: ClassVar[str] = "kirton1989noise"
    relative: float = quantity(0.0, "1", r"\sigma_I / I", "deviation as a share of the current")
    floor: float = quantity(0.0, "A", r"\sigma_0", "deviation at no current")

    def __post_init__(self) -> None:
        for name in ("relative", "floor"):
            require(self, getattr(self, name) >= 0, f"{name} is {getattr(self, name)}; it is not negative.")

    def added(
        self,
        time: Float[np.ndarray, " sample"],
        current: Float[np.ndarray, " sample"],
        rng: np.random.Generator,
    ) -> Float[np.ndarray, " sample"]:
        """Current (A) to add."""
        z = rng.standard_normal((time.size, 2))
        return self.relative * current * z[:, 0] + self.floor * z[:, 1]


@dataclass(frozen=True, kw_only=True, slots=True)
class TelegraphNoise(TraceNoise):
    """One trap: while it is filled the current is lower by a share; both dwell times are exponential."""

    source: ClassVar[str] = "kirton1989noise"
    amplitude: float = quantity(0.1, "1", r"\Delta I / I", "share of the current that a filled trap takes")
    capture_time: float = quantity(
        1.0, "s", r"\tau_c", "mean time until an empty trap is filled: upper level"
    )
    emission_time: float = quantity(
        1.0, "s", r"\tau_e", "mean time until a filled trap is empty: lower level"
    )

    def __post_init__(self) -> None:
        require(
            self,
            0.0 <= self.amplitude < 1.0,
            f"amplitude is {self.amplitude}; a trap takes a share of the current, from 0 to below 1.",
        )
        for name in ("capture_time", "emission_time"):
            require(
                self, getattr(self, name) > 0, f"{name} is {getattr(self, name)} s; it must be above zero."
            )

    def filled(
        self, time: Float[np.ndarray, " sample"], rng: np.random.Generator
    ) -> Bool[np.ndarray, " sample"]:
        """Whether the trap is filled at each `time` (s, rising), in equilibrium from the start."""
        settled = self.emission_time / (self.capture_time + self.emission_time)
        rate = 1.0 / self.capture_time + 1.0 / self.emission_time
        left = np.exp(-rate * np.diff(time, prepend=time[0] - np.inf))
        return two_states(rng.random(time.size), settled, left)

    def added(
        self,
        time: Float[np.ndarray, " sample"],
        current: Float[np.ndarray, " sample"],
        rng: np.random.Generator,
    ) -> Float[np.ndarray, " sample"]:
        """Current (A) to add."""
        return np.where(self.filled(time, rng), -self.amplitude, 0.0) * current


@dataclass(frozen=True, kw_only=True, slots=True)
class FlickerNoise(TraceNoise):
    r"""Relative noise of spectrum $S_I / I^2 = K / f^\gamma$ between two frequencies, flat below and steeper above.

    A sum of relaxations whose times lie evenly in the logarithm (kirton1989noise): many traps together.
    """

    source: ClassVar[str] = "kirton1989noise"
    power: float = quantity(1e-6, "1/Hz", "K", "spectral density of I relative to I^2, at 1 Hz, one-sided")
    exponent: float = quantity(1.0, "1", r"\gamma", "slope of the spectrum, 0.2 to 1.8")
    f_low: float = quantity(1e-3, "Hz", r"f_\mathrm{low}", "lowest frequency of the power law")
    f_high: float = quantity(1e3, "Hz", r"f_\mathrm{high}", "highest frequency of the power law")

    def __post_init__(self) -> None:
        require(self, self.power >= 0, f"power is {self.power} 1/Hz; it is not negative.")
        require(
            self,
            0.2 <= self.exponent <= 1.8,
            f"exponent is {self.exponent}; relaxations make slopes between 0.2 and 1.8 in practice.",
        )
        require(
            self,
            0.0 < self.f_low < self.f_high,
            f"f_low ({self.f_low} Hz) must be above zero and below f_high ({self.f_high} Hz).",
        )

    def relaxations(self) -> tuple[Float[np.ndarray, " part"], Float[np.ndarray, " part"]]:
        """Time constants (s) of the parts and their variances (of the relative current)."""
        ends = np.log10([1.0 / (2 * np.pi * self.f_high), 1.0 / (2 * np.pi * self.f_low)])
        # Half a decade beyond both ends. Weights by least squares, none below zero: with those of an endless power
        # law the outermost decades would be too weak, or what is added beyond would fold back into a sampled trace.
        tau = np.logspace(
            ends[0] - 0.5, ends[1] + 0.5, max(4, round(PER_DECADE * (ends[1] - ends[0] + 1.0)) + 1)
        )
        f = np.geomspace(self.f_low, self.f_high, 4 * tau.size)[:, None]
        density = 4.0 * tau / (1.0 + (2.0 * np.pi * f * tau) ** 2)
        scale = (tau ** (self.exponent - 1.0))[None, :]
        weight, _ = optimize.nnls(density * scale * f**self.exponent, np.ones(f.size))
        return tau, self.power * weight * scale[0]

    def added(
        self,
        time: Float[np.ndarray, " sample"],
        current: Float[np.ndarray, " sample"],
        rng: np.random.Generator,
    ) -> Float[np.ndarray, " sample"]:
        """Current (A) to add."""
        tau, variance = self.relaxations()
        step = np.diff(time, prepend=time[0] - np.inf)
        return current * relaxing(step, tau, np.sqrt(variance), rng.standard_normal((time.size, tau.size)))


def noisy(sweep: IVSweep, noises: Sequence[TraceNoise], *, seed: int = 0) -> IVSweep:
    """`sweep` with every one of `noises` on its current, each from the noiseless one; drawn by the sweep's device.

    Raises `PinchedError` for a sweep without times.
    """
    time = sweep.time
    require(IVSweep, time is not None, "the sweep has no times, and noise needs to know how long it lasts.")
    assert time is not None  # the checker does not see through `require`
    current = noisy_current(time, sweep.current, noises, seed=seed, device=sweep.device)
    kept = {f.name: getattr(sweep, f.name) for f in dataclasses.fields(IVSweep)}
    words = ", ".join(type(noise).__name__ for noise in noises)
    maker = sweep.provenance.simulated_by or "a measured sweep"
    origin = dataclasses.replace(sweep.provenance, simulated_by=f"{maker} with {words}")
    return IVSweep(**{**kept, "current": current, "provenance": origin})


def noisy_current(
    time: Float[np.ndarray, " sample"],
    current: Float[np.ndarray, " sample"],
    noises: Sequence[TraceNoise],
    *,
    device: str | int,
    seed: int = 0,
) -> Float[np.ndarray, " sample"]:
    """`current` (A) at `time` (s, rising) with `noises`, drawn by the address of `device`."""
    require(IVSweep, bool((np.diff(time) >= 0).all()), "time runs backwards: sort the samples.")
    total = np.array(current, dtype=np.float64)
    for k, noise in enumerate(noises):
        total += noise.added(time, current, generator(seed, "trace noise", k, device))
    return total


def noisy_currents(
    time: Float[np.ndarray, " sample"],
    current: Float[np.ndarray, "device sample"],
    noises: Sequence[TraceNoise],
    *,
    seed: int = 0,
) -> Float[np.ndarray, "device sample"]:
    """`current` (A) of many devices with `noises`; device k draws the same whatever the number of devices."""
    return np.stack([noisy_current(time, row, noises, device=k, seed=seed) for k, row in enumerate(current)])
