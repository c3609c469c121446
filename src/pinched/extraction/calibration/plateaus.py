r"""Conductances with known steps, and smooth ones without any: how many plateaus are found, and how many invented.

`staircase` draws a sequence of integer and half-integer levels up to `MOST` G_0 behind a series resistance, as a
series of reads or as a sweep whose noise grows towards 0 V; `smooth_curves` lists what has no steps.
`score_plateaus` counts both for one noise. A plateau is recovered where one found covers more than half of both,
and named where its level is the right one after the series resistance was estimated from the same data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from pinched._random import generator
from pinched.constants import G_0
from pinched.extraction.intervals import binomial_interval
from pinched.extraction.nonlinearity import progress
from pinched.extraction.plateaus import Plateaus, find_plateaus
from pinched.extraction.quantum_levels import name_levels

Rng = np.random.Generator

MOST = 25.0
"""Highest level (G_0)."""

LONGEST = 5
"""A plateau must be longer than so many samples to count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """Noise of a simulated record."""

    added: float
    """Standard deviation of a read (G_0),"""
    relative: float
    """and the part that is a share of the conductance."""
    flicker: float = 0.0
    """Standard deviation (G_0) of 1/f noise on top."""


NOISES = (
    Noise(added=0.01, relative=0.001),
    Noise(added=0.03, relative=0.003),
    Noise(added=0.05, relative=0.005),
    Noise(added=0.10, relative=0.005),
    Noise(added=0.05, relative=0.010),
)
"""Noises that are tried: at 25 G_0 the last ones are as large as a half step."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Staircase:
    """A simulated record with its truth."""

    conductance: Float[np.ndarray, " sample"]
    """As it would be measured (S)."""
    noise_size: Float[np.ndarray, " sample"]
    """How strongly additive noise acts on each sample."""
    start: Int[np.ndarray, " plateau"]
    stop: Int[np.ndarray, " plateau"]
    """First sample of each plateau, and one after its last."""
    level: Float[np.ndarray, " plateau"]
    """Its level (G_0) without the series resistance."""
    series_resistance: float
    """Ohm."""


def staircase(rng: Rng, noise: Noise, *, samples: int = 300, swept: bool = False) -> Staircase:
    """Levels on the half-integer grid that mostly climb to a turning point and mostly fall behind it.

    Steps are 0.5 to 3 G_0, one in ten of them against the trend; plateaus 3 to 25 samples; the series resistance
    anything up to 200 ohm. `swept`: a voltage rises from 0.1 to 2 V, and added noise is one of the current.
    """
    lengths: list[int] = []
    while sum(lengths) < samples:
        lengths.append(int(rng.integers(3, 26)))
    lengths[-1] -= sum(lengths) - samples
    turn = rng.uniform(0.3, 1.2) * len(lengths)
    halves, at = [], int(rng.integers(1, 7))
    for k in range(len(lengths)):
        halves.append(at)
        size = int(rng.choice([1, 2, 3, 4, 6], p=[0.25, 0.35, 0.15, 0.15, 0.1]))
        sign = (1 if k < turn else -1) * (1 if rng.random() < 0.9 else -1)
        if not 1 <= at + sign * size <= 2 * MOST:
            sign = -sign
        if not 1 <= at + sign * size <= 2 * MOST:
            size = 1
        at += sign * size
    level = np.array(halves) / 2.0
    stop = np.cumsum(lengths)
    series = float(rng.uniform(0.0, 200.0))
    true = np.repeat(level, lengths) * G_0
    measured = true / (1.0 + series * true)
    size = (
        np.median(np.linspace(0.1, 2.0, samples)) / np.linspace(0.1, 2.0, samples)
        if swept
        else np.ones(samples)
    )
    return Staircase(
        conductance=measured + _noise(rng, measured, noise, size), noise_size=size,
        start=stop - np.array(lengths), stop=stop, level=level, series_resistance=series,
    )  # fmt: skip


def _noise(rng: Rng, clean: np.ndarray, noise: Noise, size: np.ndarray) -> np.ndarray:
    white = np.hypot(noise.added * G_0 * size, noise.relative * clean) * rng.standard_normal(clean.size)
    return white + noise.flicker * G_0 * flicker(rng, clean.size)


def flicker(rng: Rng, n: int) -> Float[np.ndarray, " sample"]:
    """1/f noise of standard deviation 1, cut from a series four times as long, so that its ends do not meet."""
    f = np.fft.rfftfreq(4 * n)
    size = np.zeros(f.size)
    size[1:] = f[1:] ** -0.5
    x = np.fft.irfft(size * (rng.standard_normal(f.size) + 1j * rng.standard_normal(f.size)))[:n]
    return x / x.std()


Curve = Callable[[Rng, int], Float[np.ndarray, " sample"]]


def smooth_curves() -> dict[str, Curve]:
    """Conductances (S) without steps, by name; each draws its own parameters."""
    return {
        "sinh sweep": _sinh,
        "ohmic": lambda rng, n: np.full(n, G_0 * rng.uniform(0.3, MOST)),
        "exponential SET ramp": _ramp,
        "gradual potentiation": _potentiation,
        "gradual RESET": lambda rng, n: _ramp(rng, n)[::-1],
        "drift by a power law": _drift,
        "line": lambda rng, n: G_0 * np.linspace(rng.uniform(0.1, 3.0), rng.uniform(5.0, MOST), n),
        "sigmoid SET": _sigmoid,
    }  # fmt: skip


def _sinh(rng: Rng, n: int) -> np.ndarray:
    v = np.linspace(0.05, 1.0, n) * rng.uniform(1.0, 6.0)
    return G_0 * rng.uniform(0.1, 3.0) * np.sinh(v) / v


def _drift(rng: Rng, n: int) -> np.ndarray:
    return G_0 * rng.uniform(1.0, MOST) * np.arange(1.0, n + 1) ** -rng.uniform(0.0, 0.2)


def _ramp(rng: Rng, n: int) -> np.ndarray:
    low, high = rng.uniform(0.01, 0.5), rng.uniform(3.0, MOST)
    return G_0 * low * np.exp(np.linspace(0.0, np.log(high / low), n))


def _potentiation(rng: Rng, n: int) -> np.ndarray:
    low, high = rng.uniform(0.1, 3.0), rng.uniform(5.0, MOST)
    return G_0 * (low + (high - low) * progress(np.arange(n) / (n - 1), rng.uniform(0.5, 8.0)))


def _sigmoid(rng: Rng, n: int) -> np.ndarray:
    # Its steepest part takes a tenth of the record: smooth on the scale of the samples.
    x = (np.arange(n) / n - rng.uniform(0.3, 0.7)) / 0.05
    return G_0 * (rng.uniform(0.1, 1.0) + rng.uniform(3.0, MOST) / (1.0 + np.exp(-x)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """How many of the plateaus that are there were found."""

    noise: Noise
    records: int
    plateaus: int
    """Plateaus longer than five samples."""
    found: int
    """Those recovered."""
    named: int
    """Those recovered whose level was named rightly, the series resistance estimated from the same record."""
    reported: int
    """Plateaus reported in all,"""
    invented: int
    """of which so many share less than half of themselves with any plateau that is there."""

    @property
    def share(self) -> float:
        """Share recovered."""
        return self.found / self.plateaus

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of `share`, plateaus taken as independent."""
        return binomial_interval(self.found, self.plateaus)


def matched(truth: Staircase, found: Plateaus) -> Int[np.ndarray, " plateau"]:
    """For each true plateau the number of the one found that shares more than half of both; -1 where none does."""
    match = np.full(truth.start.size, -1)
    for j, p in enumerate(found.plateaus):
        shared = np.minimum(truth.stop, p.stop) - np.maximum(truth.start, p.start)
        k = int(np.argmax(shared))
        union = max(int(truth.stop[k]), p.stop) - min(int(truth.start[k]), p.start)
        if 2 * int(shared[k]) > union:
            match[k] = j
    return match


def score_plateaus(noise: Noise, *, records: int = 40, swept: bool = False, seed: int = 0) -> Recovery:
    """Find plateaus in `records` staircases with `noise` and count; record k is the same whatever their number."""
    plateaus = found = named = reported = invented = 0
    for k in range(records):
        truth = staircase(generator(seed, "staircase", k), noise, swept=swept)
        got = find_plateaus(truth.conductance, noise_size=truth.noise_size)
        match = matched(truth, got)
        long = truth.stop - truth.start > LONGEST
        plateaus += int(long.sum())
        found += int((match[long] >= 0).sum())
        reported += len(got)
        invented += len(got) - int((match >= 0).sum())
        if len(got) >= 5:
            nearest = name_levels(got.levels, got.errors).nearest
            mine = long & (match >= 0)
            named += int((nearest[match[mine]] == truth.level[mine]).sum())
    return Recovery(
        noise=noise,
        records=records,
        plateaus=plateaus,
        found=found,
        named=named,
        reported=reported,
        invented=invented,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class FalseSteps:
    """How many smooth curves were called stepped."""

    curve: str
    curves: int
    stepped: int
    """Curves of which any plateau was reported."""

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share."""
        return binomial_interval(self.stepped, self.curves)


def score_smooth(name: str, *, curves: int = 60, seed: int = 0) -> FalseSteps:
    """Look for plateaus in `curves` draws of the smooth curve `name`, of 31, 100 or 300 samples, with every noise.

    A third of them have 1/f noise of a tenth of G_0 on top, a third of one half of G_0.
    """
    curve, stepped = smooth_curves()[name], 0
    for k in range(curves):
        rng = generator(seed, "smooth", name, k)
        n = int(rng.choice([31, 100, 300]))
        g = curve(rng, n)
        noise = dataclasses.replace(NOISES[k % len(NOISES)], flicker=(0.0, 0.1, 0.5)[k % 3])
        stepped += len(find_plateaus(g + _noise(rng, g, noise, np.ones(n)))) > 0
    return FalseSteps(curve=name, curves=curves, stepped=stepped)
