r"""What many plateaus tell: how high they reach, how long they last, what a pulse does to them, where they oscillate.

`highest_levels` lists the highest level of each record against its compliance, `compare_processes` puts SET beside
RESET, `level_stays` says how long each level lasts, `oscillations` finds conductances that go to and fro between
levels. `time_lag` is the map of the state after a pulse against the state before it (Fig. 6 of roy2025quantum)
with the scatter per level, and the matrix of jumps that a synapse of discrete levels needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from pinched._errors import PinchedError
from pinched.extraction.intervals import Summary, binomial_interval, summarise
from pinched.extraction.plateau_records import Kind, Process, QuantumConductance


@dataclass(frozen=True, kw_only=True, slots=True)
class HighestLevel:
    """How high one record reaches."""

    record: int
    """Index into the records."""
    process: Process
    compliance_current: float | None
    """Current limit (A)."""
    level: float
    """Highest plateau (G_0)."""
    plateaus: int


def highest_levels(quantum: QuantumConductance) -> tuple[HighestLevel, ...]:
    """The highest plateau of each record with one, in their order."""
    found = []
    for k, record in enumerate(quantum.records):
        levels = quantum.levels_of(k)
        if levels.size:
            found.append(
                HighestLevel(
                    record=k, process=record.process, compliance_current=record.compliance_current,
                    level=float(levels.max()), plateaus=int(levels.size),
                )
            )  # fmt: skip
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ProcessLevels:
    """SET and RESET side by side."""

    process: Process
    records: int
    """Records that go this way,"""
    stepped: int
    """of which so many have plateaus of contacts."""
    plateaus: Summary
    """Plateaus per stepped record."""
    highest: Summary
    """Highest level (G_0) of them."""
    step: Summary
    """Size (G_0) of a step from one plateau to the next, positive upwards."""
    against: float
    """Share of steps against the direction of the record; NaN without a step."""
    against_interval: tuple[float, float]
    """95 % interval of it."""


def compare_processes(quantum: QuantumConductance, *, seed: int = 0) -> tuple[ProcessLevels, ...]:
    """One entry for SET and one for RESET, where there are records of it."""
    found = []
    for process in Process:
        mine = [k for k, r in enumerate(quantum.records) if r.process is process]
        if not mine:
            continue
        levels = [values for k in mine if (values := quantum.levels_of(k)).size]
        steps = np.concatenate([np.diff(v) for v in levels]) if levels else np.zeros(0)
        wrong = int((steps * (1.0 if process is Process.SET else -1.0) < 0).sum())
        found.append(
            ProcessLevels(
                process=process, records=len(mine), stepped=len(levels),
                plateaus=summarise(np.array([float(v.size) for v in levels]), seed=seed),
                highest=summarise(np.array([float(v.max()) for v in levels]), seed=seed),
                step=summarise(steps, seed=seed),
                against=wrong / steps.size if steps.size else float("nan"),
                against_interval=binomial_interval(wrong, steps.size) if steps.size else (np.nan, np.nan),
            )
        )  # fmt: skip
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelStay:
    """How long one level lasts."""

    level: float
    """Multiple of one half (G_0) nearest to it."""
    visits: int
    """Plateaus at this level,"""
    ended: int
    """of which so many ended by a step and not with the record."""
    total: float
    """Time spent there, in the unit of the records: s, pulses, or V for sweeps."""
    mean: float
    """Mean stay for stays that end by chance (total over ended); infinite where none ended."""
    interval: tuple[float, float]
    """95 % interval of it; the upper end is infinite where none ended."""


def level_stays(quantum: QuantumConductance, kind: Kind) -> tuple[LevelStay, ...]:
    """Stays at each level in all records of `kind`, the lowest level first.

    A stay that the end of the record cuts counts with the time that it was seen (exponential stays, cut at random).
    """
    if quantum.levels is None:
        return ()
    seen: dict[float, list[tuple[float, bool]]] = {}
    for value, k, j in zip(quantum.levels.nearest, quantum.record_of, quantum.plateau_of, strict=True):
        record = quantum.records[k]
        if record.kind is not kind:
            continue
        p = record.found.plateaus[j]
        last = min(p.stop, record.place.size - 1)
        ended = any(step.at >= p.stop for step in record.found.steps) and p.stop < record.place.size
        time = abs(float(record.place[last]) - float(record.place[p.start]))
        seen.setdefault(float(value), []).append((time, ended))
    return tuple(_stay(level, stays) for level, stays in sorted(seen.items()))


def _stay(level: float, stays: list[tuple[float, bool]]) -> LevelStay:
    total, ended = sum(time for time, _ in stays), sum(end for _, end in stays)
    low = 2.0 * total / float(stats.chi2.ppf(0.975, 2 * ended + 2))
    high = 2.0 * total / float(stats.chi2.ppf(0.025, 2 * ended)) if ended else float("inf")
    return LevelStay(
        level=level, visits=len(stays), ended=ended, total=total,
        mean=total / ended if ended else float("inf"), interval=(low, high),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Oscillation:
    """A conductance that goes to and fro between levels."""

    record: int
    """Index into the records."""
    first: int
    """First and"""
    last: int
    """last plateau of it, among those of the record."""
    turns: int
    """Changes of direction."""
    amplitude: float
    """Mean size (G_0) of its steps."""


def oscillations(quantum: QuantumConductance, *, turns: int = 3) -> tuple[Oscillation, ...]:
    """Stretches of at least `turns` changes of direction from step to step: what a filament that opens and
    closes does."""
    found = []
    for k in range(len(quantum.records)):
        steps = np.diff(quantum.levels_of(k))
        start = 0
        for at in range(1, steps.size + 1):
            if at < steps.size and steps[at] * steps[at - 1] < 0:
                continue
            if at - start - 1 >= turns:
                found.append(
                    Oscillation(
                        record=k, first=start, last=at, turns=at - start - 1,
                        amplitude=float(np.abs(steps[start:at]).mean()),
                    )
                )  # fmt: skip
            start = at
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TimeLag:
    """The state after each pulse against the state before it, by levels."""

    before: Float[np.ndarray, " pair"]
    """States (any unit) before a pulse,"""
    after: Float[np.ndarray, " pair"]
    """and after it."""
    levels: Float[np.ndarray, " level"]
    """Levels, rising, in the same unit."""
    level_before: Int[np.ndarray, " pair"]
    """Index of the level nearest to each state before,"""
    level_after: Int[np.ndarray, " pair"]
    """and after."""
    counts: Int[np.ndarray, "level level"]
    """Pulses from each level (row) to each level (column)."""

    @property
    def jumps(self) -> Float[np.ndarray, "level level"]:
        """Chance of each level (column) after a pulse at a level (row); a level never left stays where it is."""
        totals = self.counts.sum(axis=1, keepdims=True)
        return np.where(totals > 0, self.counts / np.maximum(totals, 1), np.eye(self.levels.size))

    @property
    def scatter(self) -> Float[np.ndarray, " level"]:
        """Standard deviation of the states after a pulse from each level, over their mean; NaN below 2 pulses."""
        return np.array(
            [
                float(x.std(ddof=1) / abs(x.mean())) if x.size > 1 else np.nan
                for x in (self.after[self.level_before == k] for k in range(self.levels.size))
            ]
        )

    @property
    def falling(self) -> float:
        """Share of pulses that lowered the state."""
        return float((self.after < self.before).mean())

    @property
    def falling_interval(self) -> tuple[float, float]:
        """95 % interval of it."""
        return binomial_interval(int((self.after < self.before).sum()), self.before.size)


def time_lag(states: Float[np.ndarray, " pulse"], levels: Float[np.ndarray, " level"]) -> TimeLag:
    """Pairs of neighbouring `states` (NaN where a read is missing: its two pairs are left out) by the nearest
    `levels`.

    Raises `PinchedError` for levels that do not rise, fewer than two of them, or fewer than two states in a row.
    """
    marks = np.asarray(levels, dtype=np.float64)
    if marks.size < 2 or not (np.diff(marks) > 0).all():
        raise PinchedError(
            f"{marks.size} levels that do not rise throughout: levels that cross or coincide cannot be told apart. "
            "Sort them, and join those that are closer than their scatter."
        )
    x = np.asarray(states, dtype=np.float64)
    both = np.isfinite(x[:-1]) & np.isfinite(x[1:]) if x.size > 1 else np.zeros(0, dtype=bool)
    if not both.any():
        raise PinchedError(f"{x.size} states hold no two in a row that are known: a map needs pairs.")
    before, after = x[:-1][both], x[1:][both]
    borders = 0.5 * (marks[1:] + marks[:-1])
    i, j = np.searchsorted(borders, before), np.searchsorted(borders, after)
    counts = np.zeros((marks.size, marks.size), dtype=np.int64)
    np.add.at(counts, (i, j), 1)
    return TimeLag(before=before, after=after, levels=marks, level_before=i, level_after=j, counts=counts)


def pulse_means(
    current: Float[np.ndarray, " sample"], inside: Int[np.ndarray, " sample"], *, top: float = 0.5
) -> Float[np.ndarray, " pulse"]:
    """Mean current (A) of the last share `top` of each pulse: without its transient (Fig. 6d of roy2025quantum).

    `inside` numbers the pulse of each sample from 0, -1 between pulses. NaN for a pulse without a sample. Raises
    `PinchedError` where no sample lies in a pulse.
    """
    if inside.size == 0 or inside.max() < 0:
        raise PinchedError("no sample lies inside a pulse: are the pulses numbered from 0?")
    found = np.full(int(inside.max()) + 1, np.nan)
    for k in range(found.size):
        mine = current[inside == k]
        if mine.size:
            found[k] = float(mine[-max(round(top * mine.size), 1) :].mean())
    return found
