"""Plateaus of what a laboratory records: branches of a sweep, pulse trains, time traces; and a device in one record.

`plateaus_of_sweep` looks at each branch by itself (SET and RESET), without what the source limited and without the
voltages at which a current says nothing of a conductance. `extract_quantum` pools everything of one device, names the
levels and says whether there is anything to name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched.constants import G_0
from pinched.data.sweep import IVSweep
from pinched.data.traces import PulseTrace, Retention
from pinched.extraction.cycles import Branch, Excursion, split_cycles
from pinched.extraction.limits import compliance_plateau
from pinched.extraction.plateaus import ALPHA, Plateaus, find_plateaus
from pinched.extraction.quantum_levels import Levels, name_levels

LOWEST_VOLTAGE = 0.03
"""Share of the largest voltage of a branch below which I / V is mostly noise."""

FEWEST_SAMPLES = 24
"""Samples of the shortest branch that is looked at."""

CONTACT = 0.25
"""Conductance (G_0) from which a plateau is one of channels and not of a barrier."""

SAME = 0.02
"""Share of the compliance within which a current is one that the source held."""


class Process(StrEnum):
    """Which way a record goes on the whole."""

    SET = "SET"
    RESET = "RESET"


class Kind(StrEnum):
    """What a record of conductances was."""

    SWEEP = "sweep"
    PULSES = "pulses"
    TIME = "time"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlateauRecord:
    """Plateaus of one branch, pulse train or time trace, with what it was measured on."""

    kind: Kind
    device: str
    cycle: int
    """Number of the cycle or trace."""
    process: Process
    """Whether the conductance rises or falls from the first plateau to the last one, or the first sample to
    the last."""
    place: Float[np.ndarray, " sample"]
    """Voltage (V, signed) of each sample of a sweep, number of the pulse, or time (s)."""
    found: Plateaus
    compliance_current: float | None
    """Current limit (A); None when unknown."""

    @property
    def text(self) -> str:
        """The record and its verdict in one line."""
        return f"{self.device} {self.kind} {self.cycle} ({self.process}): {self.found.text}"


def plateaus_of_sweep(sweep: IVSweep, *, alpha: float = ALPHA, seed: int = 0) -> list[PlateauRecord]:
    """Plateaus of every branch of `sweep` that has `FEWEST_SAMPLES` usable samples, in measured order."""
    found = []
    for cycle in split_cycles(sweep):
        for excursion in cycle.excursions:
            limit = compliance_plateau(excursion) or _stated(sweep, excursion)
            for branch in (excursion.outgoing, excursion.returning):
                if branch is None:
                    continue
                v, g = _usable(branch, limit)
                if int(np.isfinite(g).sum()) < FEWEST_SAMPLES or np.nanmax(g) == np.nanmin(g):
                    continue
                plateaus = find_plateaus(g, noise_size=1.0 / v, alpha=alpha, seed=seed)
                found.append(
                    PlateauRecord(
                        kind=Kind.SWEEP, device=sweep.device, cycle=cycle.number, process=_process(plateaus),
                        place=excursion.sign * v, found=plateaus,
                        compliance_current=limit if limit is not None else sweep.compliance_current,
                    )
                )  # fmt: skip
    return found


def _stated(sweep: IVSweep, excursion: Excursion) -> float | None:
    """The stated limit, where the excursion reaches it: a limit of SET does not act on RESET."""
    limit = sweep.compliance_current
    if limit is None:
        return None
    largest = max(float(b.current.max()) for b in (excursion.outgoing, excursion.returning) if b is not None)
    return limit if abs(largest / limit - 1.0) <= SAME else None


def _usable(branch: Branch, limit: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Voltages (V) and conductances (S) from the first usable sample to the last; NaN where one between is not."""
    v, i = branch.voltage, branch.current
    keep = v >= LOWEST_VOLTAGE * float(v.max())
    if limit is not None:
        keep &= i < (1.0 - SAME) * limit
    if not keep.any():
        return v[:0], v[:0]
    at = np.flatnonzero(keep)
    inside = slice(int(at[0]), int(at[-1]) + 1)
    # At 0 V, where no conductance can be told, a voltage above zero keeps the size of the noise finite.
    volts = np.maximum(v[inside], 1e-3 * float(v.max()))
    g = np.where(keep[inside], i[inside] / volts, np.nan)
    # A branch that the limit interrupts for long has no record of its middle.
    return (volts, g) if 2 * int(keep[inside].sum()) >= g.size else (volts[:0], g[:0])


def _process(found: Plateaus) -> Process:
    ends = found.levels if len(found) > 1 else found.fitted[np.isfinite(found.fitted)]
    return Process.SET if ends[-1] >= ends[0] else Process.RESET


def plateaus_of_pulses(trace: PulseTrace, *, alpha: float = ALPHA, seed: int = 0) -> PlateauRecord:
    """Plateaus of the states after the pulses of `trace`; missing reads (NaN) are left out and counted.

    Raises `PinchedError` for fewer than 12 reads, or more missing than taken.
    """
    found = find_plateaus(trace.conductance, alpha=alpha, seed=seed)
    return PlateauRecord(
        kind=Kind.PULSES, device=trace.device, cycle=trace.cycle, process=_process(found),
        place=np.arange(float(len(trace))), found=found, compliance_current=trace.compliance_current,
    )  # fmt: skip


def plateaus_of_retention(trace: Retention, *, alpha: float = ALPHA, seed: int = 0) -> PlateauRecord:
    """Plateaus of a state against time, by its conductance; raises `PinchedError` for fewer than 12 reads."""
    good = np.isfinite(trace.resistance) & (trace.resistance > 0)
    g = np.where(good, 1.0 / np.where(good, trace.resistance, 1.0), np.nan)
    found = find_plateaus(g, alpha=alpha, seed=seed)
    return PlateauRecord(
        kind=Kind.TIME, device=trace.device, cycle=1, process=_process(found), place=np.asarray(trace.time),
        found=found, compliance_current=None,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class QuantumConductance:
    """All plateaus of one device at or above `CONTACT` G_0, with their levels."""

    device: str
    records: tuple[PlateauRecord, ...]
    """Everything that was looked at, stepped or not."""
    levels: Levels | None
    """Levels of all plateaus of contacts, record after record; None where there are none."""
    record_of: tuple[int, ...]
    """Index into `records` of each level,"""
    plateau_of: tuple[int, ...]
    """and of the plateau within it."""

    @property
    def stepped(self) -> int:
        """Records with three plateaus of contacts or more: a single jump is a SET, no staircase."""
        return sum(self.record_of.count(k) >= 3 for k in range(len(self.records)))

    @property
    def supported(self) -> bool:
        """Whether there is a staircase to speak of."""
        return self.levels is not None and self.stepped > 0

    def levels_of(self, record: int) -> np.ndarray:
        """Levels (G_0) of the record with that index, in its order."""
        if self.levels is None:
            return np.zeros(0)
        return self.levels.value[np.array(self.record_of, dtype=int) == record]

    @property
    def text(self) -> str:
        """The verdict in one line."""
        if not self.supported or self.levels is None:
            return f"{self.device}: no staircase of conductance in {len(self.records)} records"
        return (
            f"{self.device}: {self.stepped} of {len(self.records)} records are staircases; {self.levels.text}"
        )


def extract_quantum(
    records: Sequence[PlateauRecord],
    *,
    series_resistance: str | float | None = None,
    highest: float = 60.0,
    seed: int = 0,
) -> QuantumConductance:
    """Pool the plateaus of `records` of one device and name their levels.

    `series_resistance` (ohm) None: estimated where at least 5 plateaus are contacts, else none is taken off. Plateaus
    above `highest` (G_0) are wires, not contacts, and are left out. Raises `PinchedError` for records of several
    devices, or of none, and for a given resistance that exceeds that of a plateau.
    """
    names = sorted({r.device for r in records})
    if len(names) != 1:
        raise PinchedError(
            f"records of {len(names)} devices ({', '.join(names[:5])}): give those of one device."
        )
    found = [
        (k, j, p)
        for k, record in enumerate(records)
        for j, p in enumerate(record.found.plateaus)
        if CONTACT <= p.conductance / G_0 <= highest
    ]
    levels = None
    if found:
        g, e = np.array([p.conductance for _, _, p in found]), np.array([p.error for _, _, p in found])
        own = 0.0 if series_resistance is None and g.size < 5 else series_resistance
        levels = name_levels(g, e, series_resistance=own, seed=seed)
    return QuantumConductance(
        device=names[0], records=tuple(records), levels=levels, record_of=tuple(k for k, _, _ in found),
        plateau_of=tuple(j for _, j, _ in found),
    )  # fmt: skip
