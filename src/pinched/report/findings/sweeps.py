"""What sweeps show beside their switching table: compliance, conduction, lives, variability.

Each function answers None or () where the data have nothing to say: one compliance is no series, one device no
scatter between devices.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pinched._errors import PinchedError
from pinched._parallel import shared
from pinched._progress import Progress
from pinched.data.sweep import IVSweep
from pinched.data.traces import Endurance
from pinched.extraction.compliance import (
    ComplianceSeries,
    Kept,
    NonvolatileThreshold,
    extract_compliance,
    nonvolatile_threshold,
)
from pinched.extraction.conduction_states import StateConduction, extract_conduction
from pinched.extraction.cycles import Cycle, split_cycles
from pinched.extraction.endurance import endurance_of
from pinched.extraction.switching import extract_switching
from pinched.extraction.table import Flag, SwitchingTable
from pinched.extraction.variability import (
    Correlations,
    CurveVariability,
    VarianceComponents,
    correlations,
    curve_variability,
    variance_components,
)
from pinched.report.quantities import Quantity

CONDUCTION_CYCLES = 24
"""Cycles whose branches are fitted with every law, evenly chosen: each takes some tenths of a second."""

VARIED = 1.2
"""Ratio of the largest to the smallest compliance below which there is no series of them."""

LIFE_CYCLES = 20
"""Cycles of one device from which sweeps count as an endurance measurement."""

CURVES = 400
"""Sweeps whose whole curves are compared, evenly chosen beyond."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Variability:
    """How devices and cycles differ."""

    components: dict[str, VarianceComponents]
    """Scatter between and within devices by quantity (logarithms of magnitudes); {} for one device."""
    curves: CurveVariability | None
    """Scatter of whole curves; None where the cycles share no branch."""
    related: Correlations | None
    """Rank correlations between the quantities; None below 4 cycles."""


def evenly(total: int, most: int) -> list[int]:
    """Indices of at most `most` of `total` items, evenly spaced, the first and the last among them."""
    if total <= most:
        return list(range(total))
    return np.unique(np.linspace(0, total - 1, most).round().astype(int)).tolist()


def find_compliance(
    sweeps: Sequence[IVSweep], table: SwitchingTable
) -> tuple[ComplianceSeries | None, NonvolatileThreshold | None]:
    """States by compliance, and the compliance above which they stay; None where the compliance did not vary."""
    limit = table.compliance_current[np.isfinite(table.compliance_current)]
    if limit.size < 2 or limit.min() <= 0 or limit.max() < VARIED * limit.min():
        return None, None
    whole = table
    if len(table) != sum(len(split_cycles(sweep)) for sweep in sweeps):
        # Cycles that a person excluded still stand between the others: what follows a SET is the next cycle.
        whole = extract_switching(sweeps, read_voltage=table.read_voltage)
    try:
        series = _rows(extract_compliance(whole, sweeps), whole, table)
    except PinchedError:
        return None, None
    # A state that falls back before 0 V has no resistance to compare: it is lost all the same.
    fell = [flag is Flag.VOLATILE for flag in table.resistance_lrs_flag]
    kept = tuple(
        Kept.NO if gone and was is Kept.UNKNOWN else was for gone, was in zip(fell, series.kept, strict=True)
    )
    series = dataclasses.replace(series, kept=kept)
    judged = np.array([kept is not Kept.UNKNOWN for kept in series.kept]) & (series.compliance_current > 0)
    stayed = np.array([kept is Kept.YES for kept in series.kept])
    try:
        return series, nonvolatile_threshold(series.compliance_current[judged], stayed[judged])
    except PinchedError:
        return series, None


def _rows(series: ComplianceSeries, whole: SwitchingTable, kept: SwitchingTable) -> ComplianceSeries:
    """`series` of the cycles of `whole` without those that `kept` lacks."""
    if len(whole) == len(kept):
        return series
    here = set(zip(kept.file, kept.device, kept.cycle.tolist(), strict=True))
    rows = [
        k for k, key in enumerate(zip(whole.file, whole.device, whole.cycle.tolist(), strict=True)) if key in here
    ]  # fmt: skip
    changed = {}
    for f in dataclasses.fields(series):
        values = getattr(series, f.name)
        if isinstance(values, np.ndarray):
            changed[f.name] = values[rows]
        elif isinstance(values, tuple):
            changed[f.name] = tuple(values[k] for k in rows)
    return dataclasses.replace(series, **changed)


def find_conduction(
    sweeps: Sequence[IVSweep], *, workers: int = 1, progress: Progress | None = None
) -> tuple[StateConduction, ...]:
    """Conduction laws of the states of at most `CONDUCTION_CYCLES` cycles, evenly chosen."""
    counts = [len(split_cycles(sweep)) for sweep in sweeps]
    ends = np.cumsum(counts)
    chosen = []
    for at in evenly(int(ends[-1]) if counts else 0, CONDUCTION_CYCLES):
        place = int(np.searchsorted(ends, at, side="right"))
        sweep = sweeps[place]
        cycle = split_cycles(sweep)[at - int(ends[place]) + counts[place]]
        chosen.append(_alone(sweep, cycle))
    found = shared(_conduction, chosen, workers=workers, progress=progress, description="conduction")
    return tuple(state for states in found for state in states)


def _conduction(sweep: IVSweep) -> list[StateConduction]:
    return extract_conduction(sweep)


def _alone(sweep: IVSweep, cycle: Cycle) -> IVSweep:
    """`cycle` as a sweep of its own."""
    pieces = [
        (excursion.sign * branch.voltage, excursion.sign * branch.current)
        for excursion in cycle.excursions
        for branch in (excursion.outgoing, excursion.returning)
        if branch is not None
    ]
    return dataclasses.replace(
        sweep,
        voltage=np.concatenate([v for v, _ in pieces]),
        current=np.concatenate([i for _, i in pieces]),
        time=None,
        cycle=cycle.number,
    )


def find_lives(table: SwitchingTable) -> tuple[Endurance, ...]:
    """The states of each device over its cycles, where some device has `LIFE_CYCLES` of them."""
    if len(table) == 0 or np.bincount(table.device_number).max() < LIFE_CYCLES:
        return ()
    return endurance_of(table)


def find_variability(sweeps: Sequence[IVSweep], table: SwitchingTable, *, seed: int = 0) -> Variability:
    """Scatter between devices, within them, of whole curves, and what goes together."""
    components = {}
    for quantity in Quantity:
        values = np.abs(quantity.measured(table))
        if int(np.isfinite(values).sum()) < 3:
            continue
        try:
            components[quantity.value.field] = variance_components(
                np.log(np.where(values > 0, values, np.nan)), table.device_number, seed=seed
            )
        except PinchedError:
            continue
    try:
        curves = curve_variability([sweeps[k] for k in evenly(len(sweeps), CURVES)], seed=seed)
    except PinchedError:
        curves = None
    related = correlations(table, seed=seed) if len(table) >= 4 else None
    return Variability(components=components, curves=curves, related=related)
