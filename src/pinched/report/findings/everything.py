"""`gather_findings`: every extraction that a set of measurements allows, in one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pinched._progress import Progress
from pinched.data.records import Record
from pinched.data.sweep import IVSweep
from pinched.data.traces import Endurance, LevelReads, PulseTrace, Retention, WriteLog
from pinched.extraction.compliance import ComplianceSeries, NonvolatileThreshold
from pinched.extraction.conduction_states import StateConduction
from pinched.extraction.endurance import Criterion, DeviceLife, Survival
from pinched.extraction.noise import NoiseLaw
from pinched.extraction.plateau_records import QuantumConductance
from pinched.extraction.retention import Arrhenius
from pinched.extraction.table import SwitchingTable
from pinched.report.checks.endurance import MIN_RATIO
from pinched.report.findings.levels import LevelPair, find_pairs
from pinched.report.findings.quantum import find_quantum
from pinched.report.findings.sweeps import (
    Variability,
    find_compliance,
    find_conduction,
    find_lives,
    find_variability,
)
from pinched.report.findings.traces import (
    PulseFinding,
    RetentionFinding,
    find_arrhenius,
    find_noise_law,
    find_pulses,
    find_retention,
    find_survival,
    relaxations,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Findings:
    """Everything beside the table of cycles; what the data do not hold is None or empty."""

    records: tuple[Record, ...] = ()
    """What was measured beside sweeps, as it was read."""
    compliance: ComplianceSeries | None = None
    """States by compliance, one entry per cycle."""
    threshold: NonvolatileThreshold | None = None
    """The compliance above which states stay."""
    conduction: tuple[StateConduction, ...] = ()
    """Conduction laws of the states of some cycles."""
    variability: Variability | None = None
    """How devices and cycles differ."""
    criterion: Criterion
    """What counts as a cycle that worked."""
    criterion_stated: bool = False
    """Whether somebody stated it; otherwise it is a default."""
    endurance: tuple[Endurance, ...] = ()
    """Both states over the cycles of each device, from endurance files or, without them, from the sweeps."""
    lives: tuple[DeviceLife, ...] = ()
    """What each of `endurance` endured."""
    survival: Survival | None = None
    """Kaplan-Meier curve over devices; None for one device."""
    pulses: tuple[PulseFinding, ...] = ()
    """One per pulse trace."""
    retention: tuple[RetentionFinding, ...] = ()
    """One per state that was left alone."""
    noise_law: NoiseLaw | None = None
    """Read noise against conductance over these states."""
    arrhenius: Arrhenius | None = None
    """Activation of the retention time; None below three temperatures."""
    levels: tuple[LevelReads, ...] = ()
    """Reads of many cells."""
    pairs: tuple[LevelPair, ...] = ()
    """Those that were read before and after something."""
    writes: tuple[WriteLog, ...] = ()
    """How cells were written."""
    quantum: tuple[QuantumConductance, ...] = ()
    """Devices whose conductance goes in steps; () where smooth curves describe everything."""


def gather_findings(
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    records: Sequence[Record] = (),
    *,
    criterion: Criterion | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Findings:
    """Run every extraction that `sweeps`, their `table` and `records` of other kinds allow.

    `criterion` says which cycles count as working (None: a ratio of HRS to LRS of 10). `workers` processes share
    what takes long; the answer does not depend on them.
    """
    rule = criterion or Criterion(min_ratio=MIN_RATIO)
    compliance, threshold = find_compliance(sweeps, table)
    pulses = find_pulses(
        [r for r in records if isinstance(r, PulseTrace)], workers=workers, progress=progress
    )
    kept = [r for r in records if isinstance(r, Retention)]
    retention = find_retention([*kept, *relaxations(pulses)], seed=seed, workers=workers, progress=progress)
    lived = tuple(r for r in records if isinstance(r, Endurance)) or find_lives(table)
    lives, survival = find_survival(lived, rule)
    levels = tuple(r for r in records if isinstance(r, LevelReads))
    writes = tuple(r for r in records if isinstance(r, WriteLog))
    return Findings(
        records=tuple(records),
        compliance=compliance,
        threshold=threshold,
        conduction=find_conduction(sweeps, workers=workers, progress=progress),
        variability=find_variability(sweeps, table, seed=seed) if len(table) else None,
        criterion=rule,
        criterion_stated=criterion is not None,
        endurance=lived,
        lives=lives,
        survival=survival,
        pulses=pulses,
        retention=retention,
        noise_law=find_noise_law(retention),
        arrhenius=find_arrhenius(retention),
        levels=levels,
        pairs=find_pairs(levels, writes, seed=seed),
        writes=writes,
        quantum=find_quantum(sweeps, records, seed=seed, workers=workers, progress=progress),
    )
