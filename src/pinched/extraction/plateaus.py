r"""Plateaus: stretches where a conductance rests between steps, in sweeps, pulse trains and time traces.

`find_plateaus` works on any series of conductances; `plateaus_of_sweep`, `plateaus_of_pulses` and
`plateaus_of_retention` prepare what was measured (`quantum_levels` names the levels, `plateau_series` compares
them). A record is first tested against smooth curves (`plateau_null`); where the test does not reject them there
is no plateau, however stepped noise makes the record look. Then exact change points (`segmentation`) give levels,
slopes and jumps, and a level becomes a plateau where a jump of at least four standard errors borders it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from pinched._errors import PinchedError
from pinched.constants import G_0
from pinched.extraction.plateau_null import against_smooth
from pinched.extraction.segmentation import (
    DifferenceNoise,
    Partition,
    difference_noise,
    partition,
    running_median,
)

SHORTEST = 4
"""Samples of the shortest plateau: fewer are a passage."""

PASSAGE = 3
"""Samples between two plateaus of one step at most: a longer way is a ramp."""

SIGMAS = 4.0
"""Smallest step in standard errors of the two levels."""

ALPHA = 1e-3
"""Probability of a smooth curve below which a record is called stepped: a folder holds hundreds of them."""

RESOLUTION = 0.01 * G_0
"""What a plateau may differ by (S) without anybody caring: in an HRS of nanosiemens there are no channels to
count."""

SMALLEST = 0.1 * G_0
"""Smallest step (S) that is named: half a quantum behind the largest series resistance that leaves it visible is
twice that. A long record of a drifting wire holds many smaller ones, real and of no use here."""

DRIFT = 0.25 * G_0
"""Largest change (S) along a plateau: what drifts further is a ramp."""

FLAT = 0.5
"""A sloping piece rests where it drifts by less than this share of the smaller step beside it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plateau:
    """One stretch at rest."""

    start: int
    """First sample, as the record was given,"""
    stop: int
    """and one after its last one."""
    samples: int
    """Samples that were known there."""
    conductance: float
    """Mean conductance (S)."""
    error: float
    """Its standard error (S), from the scatter around the plateau and its correlation."""
    drift: float
    """Change (S) from its first to its last sample; 0 where no slope is seen."""
    telegraph: float
    """Distance (S) of a second level that it jumps to and back from; 0 without telegraph noise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One jump between two plateaus that follow each other."""

    at: int
    """First sample after the jump."""
    before: float
    """Conductance (S) before"""
    after: float
    """and after it."""
    error: float
    """Standard error (S) of its size."""

    @property
    def size(self) -> float:
        """Change of the conductance (S)."""
        return self.after - self.before


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plateaus:
    """What a record of conductances holds of plateaus, or the verdict that it holds none."""

    source: ClassVar[str] = "killick2012optimal"
    conductance: Float[np.ndarray, " sample"]
    """The record (S), NaN where a sample was missing or could not be used."""
    fitted: Float[np.ndarray, " sample"]
    """Levels and slopes (S) where steps were found, else the smooth curve; NaN like the record."""
    plateaus: tuple[Plateau, ...]
    """In order; empty where a smooth curve describes the record."""
    steps: tuple[Step, ...]
    """Jumps between neighbouring plateaus."""
    p_value: float
    """Probability that a smooth curve with the same noise looks as stepped."""
    excess: float
    """By how many standard deviations it looks more stepped than they do."""
    gain: float
    """By how much steps describe the record better than a smooth curve (chi-squared, prices paid)."""
    noise: DifferenceNoise
    """Noise of single samples."""
    missing: int
    """Samples that were missing."""
    alpha: float
    """Largest p-value that counts as steps."""

    def __len__(self) -> int:
        return len(self.plateaus)

    @property
    def levels(self) -> Float[np.ndarray, " plateau"]:
        """Conductance (S) of each plateau."""
        return np.array([p.conductance for p in self.plateaus])

    @property
    def errors(self) -> Float[np.ndarray, " plateau"]:
        """Standard error (S) of each of them."""
        return np.array([p.error for p in self.plateaus])

    @property
    def text(self) -> str:
        """The verdict in one line."""
        chance = f"p = {self.p_value:.2g} against a smooth curve"
        if self.plateaus:
            return f"{len(self.plateaus)} plateaus, {len(self.steps)} steps ({chance})"
        if self.p_value <= self.alpha:
            return f"not smooth, but no level that lasts {SHORTEST} samples beside a step ({chance})"
        return f"no steps: a smooth curve describes it ({chance})"


def find_plateaus(
    conductance: Float[np.ndarray, " sample"],
    *,
    noise_size: Float[np.ndarray, " sample"] | None = None,
    resolution: float = RESOLUTION,
    alpha: float = ALPHA,
    surrogates: int = 39,
    seed: int = 0,
) -> Plateaus:
    """Plateaus of `conductance` (S, in order, NaN where a sample is missing).

    `noise_size` is how strongly the additive noise acts on each sample (1 / |V| where a current was measured; None:
    everywhere alike); `resolution` (S) is taken as noise on top. Steps are named where smooth curves look as
    stepped with a probability below `alpha`, by `surrogates` draws. Raises `PinchedError` for fewer than 12 known
    samples, more missing than known ones, or values that are all equal.
    """
    known = np.flatnonzero(np.isfinite(conductance))
    missing = conductance.size - known.size
    if known.size < 12 or missing > known.size:
        raise PinchedError(
            f"{known.size} of {conductance.size} conductances are known: plateaus need at least 12, and at least "
            "half of the record. Measure the missing reads, or give the part that has them."
        )
    g = conductance[known]
    if np.ptp(g) == 0:
        raise PinchedError(
            f"all {g.size} conductances are {g[0]:g} S: a constant has neither noise nor steps."
        )
    size = np.ones(g.size) if noise_size is None else noise_size[known] / float(np.median(noise_size[known]))
    noise, sigma = _noise(g, size, resolution)
    test = against_smooth(g, sigma, surrogates=surrogates, seed=seed)
    plateaus: list[Plateau] = []
    steps: list[Step] = []
    shown = test.curve
    if test.p_value <= alpha:
        cut = partition(g, sigma)
        shown = cut.values()
        plateaus, steps = _resting(g, sigma, cut, known)
    fitted = np.full(conductance.size, np.nan)
    fitted[known] = shown
    return Plateaus(
        conductance=np.where(np.isfinite(conductance), conductance, np.nan), fitted=fitted,
        plateaus=tuple(plateaus), steps=tuple(steps), p_value=test.p_value, gain=test.gain, excess=test.excess,
        noise=noise,
        missing=missing, alpha=alpha,
    )  # fmt: skip


def _noise(g: np.ndarray, size: np.ndarray, floor: float) -> tuple[DifferenceNoise, np.ndarray]:
    """Noise from differences, then from what is left around a first partition: small steps are in the first one."""
    noise = difference_noise(g, size)
    sigma = np.hypot(noise.sigma(running_median(g), size), floor)
    for _ in range(3):
        # Noise that grows with the value must not follow the noise itself.
        cut = partition(g, sigma)
        free = g.size - len(cut) - int(cut.sloped.sum())
        if free >= g.size // 3:
            # With the resolution: where it exceeds the noise, what is left says nothing about the noise.
            left = float((((g - cut.values()) / sigma) ** 2).sum()) / free
            factor = min(max(math.sqrt(left), 0.5), 2.0)
            noise = DifferenceNoise(added=noise.added * factor, relative=noise.relative * factor)
        sigma = np.hypot(noise.sigma(cut.values(), size), floor)
    return noise, sigma


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rest:
    start: int
    stop: int
    mean: float
    error: float
    drift: float
    telegraph: float = 0.0


def _resting(
    g: np.ndarray, sigma: np.ndarray, cut: Partition, known: Int[np.ndarray, " sample"]
) -> tuple[list[Plateau], list[Step]]:
    rests = [
        _Rest(
            start=int(a), stop=int(b), mean=0.5 * float(f + e), error=float(s), drift=float(e - f) if tilted else 0.0,
        )
        for a, b, f, e, s, tilted in zip(
            cut.start, cut.stop, cut.first, cut.last, cut.error, cut.sloped, strict=True
        )
    ]  # fmt: skip
    rests = _without_telegraph(_without_spikes(rests, g, sigma), g, sigma)
    rests = [r for r in _without_small_steps(rests) if r.stop - r.start >= SHORTEST]
    inflation = _inflation((g - cut.values()) / sigma, cut)
    steps: list[Step] = []
    kept: set[int] = set()
    for k in range(len(rests) - 1):
        a, b = rests[k], rests[k + 1]
        jump = abs((b.mean - 0.5 * b.drift) - (a.mean + 0.5 * a.drift))
        error = inflation * math.hypot(a.error, b.error)
        flat = max(abs(a.drift), abs(b.drift)) <= min(FLAT * jump, DRIFT)
        if b.start - a.stop <= PASSAGE and jump >= max(SIGMAS * error, SMALLEST) and flat:
            steps.append(Step(at=int(known[b.start]), before=a.mean, after=b.mean, error=error))
            kept |= {k, k + 1}
    plateaus = [
        Plateau(
            start=int(known[r.start]), stop=int(known[r.stop - 1]) + 1, samples=r.stop - r.start, conductance=r.mean,
            error=inflation * r.error, drift=r.drift, telegraph=r.telegraph,
        )
        for k, r in enumerate(rests)
        if k in kept
    ]  # fmt: skip
    return plateaus, steps


def _joined(g: np.ndarray, sigma: np.ndarray, start: int, stop: int, keep: np.ndarray) -> tuple[float, float]:
    w = 1.0 / sigma[start:stop][keep] ** 2
    return float(w @ g[start:stop][keep] / w.sum()), float(w.sum()) ** -0.5


def _alike(a: _Rest, b: _Rest) -> bool:
    return abs(a.mean - b.mean) <= 3.0 * math.hypot(a.error, b.error) and a.drift == 0 == b.drift


def _without_spikes(rests: list[_Rest], g: np.ndarray, sigma: np.ndarray) -> list[_Rest]:
    """One or two samples off a level do not end it: a spike."""
    found = list(rests)
    k = 0
    while k + 2 < len(found):
        a, spike, b = found[k : k + 3]
        if spike.stop - spike.start <= 2 and _alike(a, b):
            keep = np.ones(b.stop - a.start, dtype=bool)
            keep[spike.start - a.start : spike.stop - a.start] = False
            mean, error = _joined(g, sigma, a.start, b.stop, keep)
            found[k : k + 3] = [_Rest(start=a.start, stop=b.stop, mean=mean, error=error, drift=0.0)]
            k = max(k - 2, 0)
        else:
            k += 1
    return found


def _without_small_steps(rests: list[_Rest]) -> list[_Rest]:
    """Neighbours closer than a step that is named are one plateau, which drifts, as long as it does not drift far."""
    found: list[_Rest] = []
    for b in rests:
        a = found[-1] if found else None
        if a is not None:
            first, last = a.mean - 0.5 * a.drift, b.mean + 0.5 * b.drift
            small = abs((b.mean - 0.5 * b.drift) - (a.mean + 0.5 * a.drift)) < SMALLEST
            spans = [first, last, a.mean, b.mean]
            long = a.stop - a.start >= SHORTEST and b.stop - b.start >= SHORTEST
            if small and long and max(spans) - min(spans) <= DRIFT:
                w = np.array([a.error, b.error]) ** -2.0
                found[-1] = _Rest(
                    start=a.start, stop=b.stop, mean=float(w @ [a.mean, b.mean] / w.sum()),
                    error=float(w.sum()) ** -0.5, drift=last - first, telegraph=a.telegraph or b.telegraph,
                )  # fmt: skip
                continue
        found.append(b)
    return found


def _without_telegraph(rests: list[_Rest], g: np.ndarray, sigma: np.ndarray) -> list[_Rest]:
    """Stays too short for plateaus that alternate between two levels are one plateau with telegraph noise."""
    found: list[_Rest] = []
    k = 0
    while k < len(rests):
        end = k + 2
        while end < len(rests) and _alike(rests[end], rests[end - 2]):
            end += 1
        run = rests[k:end]
        lengths = [r.stop - r.start for r in run]
        if len(run) >= 5 and float(np.median(lengths)) < 1.5 * SHORTEST:
            sides = [run[0::2], run[1::2]]
            time = [sum(r.stop - r.start for r in side) for side in sides]
            main = 0 if time[0] >= time[1] else 1
            keep = np.zeros(run[-1].stop - run[0].start, dtype=bool)
            for r in sides[main]:
                keep[r.start - run[0].start : r.stop - run[0].start] = True
            mean, error = _joined(g, sigma, run[0].start, run[-1].stop, keep)
            second, _ = _joined(g, sigma, run[0].start, run[-1].stop, ~keep)
            found.append(
                _Rest(start=run[0].start, stop=run[-1].stop, mean=mean, error=error, drift=0.0,
                      telegraph=second - mean)
            )  # fmt: skip
            k = end
        else:
            found.append(rests[k])
            k += 1
    return found


def _inflation(residual: np.ndarray, cut: Partition) -> float:
    """By how much correlated noise makes the error of a level larger than white noise would."""
    inside = np.ones(residual.size - 1, dtype=bool)
    inside[cut.start[1:] - 1] = False
    square = float(np.mean(residual**2))
    if square == 0 or inside.sum() < 10:
        return 1.0
    # Taking a mean out of each piece leaves neighbours anticorrelated by one over its length.
    bias = len(cut) / residual.size
    rho = float(np.mean((residual[1:] * residual[:-1])[inside])) / square + bias
    rho = min(max(rho, 0.0), 0.9)
    return math.sqrt((1.0 + rho) / (1.0 - rho)) if rho > 2.0 / math.sqrt(residual.size) else 1.0
