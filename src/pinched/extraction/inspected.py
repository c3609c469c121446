"""What an inspection finds, as records: columns, sampling, compliance; and how each is taken from a file.

`pinched.extraction.inspection` puts them together; `plain` turns any of them into what JSON can hold.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

import numpy as np

from pinched._units import parse_unit
from pinched.data.column_sets import ColumnSet
from pinched.data.kinds import Recognised, Use, column_uses
from pinched.data.options import ReadOptions
from pinched.data.settings import Origin, SettingName, find
from pinched.data.sweep import IVSweep
from pinched.data.table import RawTable
from pinched.extraction.cycles import split_cycles
from pinched.extraction.limits import compliance_plateau, noise_floor

_SI = {Use.VOLTAGE: "V", Use.CURRENT: "A", Use.TIME: "s"}
_SPARE = (Use.OTHER, Use.UNKNOWN, Use.INDEX)


class Basis(StrEnum):
    """How something about a column is known."""

    USER = "said by the user"
    HEAD = "stated in the head"
    FORMAT = "stated by the format"
    NUMBERS = "inferred from the numbers"
    ASSUMED = "assumed"
    NOTHING = "not recognised"


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundColumn:
    """One column of a file and how it was understood."""

    number: int
    """Place in the table, from 1."""
    head: str
    """Head as written; "" when there is none."""
    sheet: str = ""
    """Sheet of a workbook; "" for other files."""
    use: Use
    """What it holds."""
    use_basis: Basis
    unit: str = ""
    """SI unit; "" when it has none."""
    factor: float = 1.0
    """Factor from the file's numbers to that unit."""
    unit_basis: Basis = Basis.NOTHING
    used: bool = False
    """True when a sweep or another record is made of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How the sweeps of a file were sampled."""

    points: tuple[int, int]
    """Smallest and largest number of samples of a sweep."""
    voltage_range: tuple[float, float]
    """Smallest and largest voltage (V)."""
    voltage_step: float | None
    """Median step (V) between samples, held voltages left out; None when the voltage never moves."""
    rate: float | None
    """Median speed of the voltage (V/s); None when no time is known."""
    duration: float | None
    """Median time of a sweep (s); None when no time is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compliance:
    """The current limit as it is stated and as it shows."""

    stated: tuple[float, ...]
    """Limits (A) that the sweeps carry, smallest first; () when none is known."""
    origin: Origin
    """Where the stated one is known from."""
    detected: float | None
    """Median current (A) of flat tops; None when no cycle has one."""
    cycles_with_top: int
    """Cycles that show a flat top."""


def found_columns(
    table: RawTable, seen: Recognised, sets: Sequence[ColumnSet], options: ReadOptions
) -> list[FoundColumn]:
    """How each column of `table` was understood: as `seen`, or as one of the `sets` that make sweeps."""
    used: dict[int, Use] = {}
    for columns in sets:
        used |= {columns.voltage: Use.VOLTAGE, columns.current: Use.CURRENT}
        if columns.time is not None:
            used[columns.time] = Use.TIME
    if not sets:
        used = {c: use for c, use in enumerate(seen.uses) if use not in _SPARE}
    by_head = column_uses(table)
    found: list[FoundColumn] = []
    for c, use in enumerate(seen.uses):
        use = used.get(c, use)
        basis = Basis.NOTHING if use is Use.UNKNOWN else Basis.HEAD if by_head[c] is use else Basis.NUMBERS
        if c in used and _said(use, options)[0] is not None:
            basis = Basis.USER
        unit, factor, unit_basis = _unit(table, c, use if c in used else None, options)
        found.append(
            FoundColumn(
                number=c + 1,
                head=table.heads[c] if table.heads else "",
                sheet=table.sheet,
                use=use,
                use_basis=basis,
                unit=unit,
                factor=factor,
                unit_basis=unit_basis,
                used=c in used,
            )
        )
    return found


def _said(use: Use, options: ReadOptions) -> tuple[str | int | None, str | None]:
    """Column and unit that the caller named for `use`."""
    columns = options.columns
    return {
        Use.VOLTAGE: (columns.voltage, options.voltage_unit),
        Use.CURRENT: (columns.current, options.current_unit),
        Use.TIME: (columns.time, options.time_unit),
        Use.STATE: (None, options.state_unit),
    }.get(use, (None, None))


def _unit(table: RawTable, column: int, use: Use | None, options: ReadOptions) -> tuple[str, float, Basis]:
    """SI unit, factor and how they are known; `use` is None for a column that nothing is made of."""
    stated = table.meaning(column)
    own = None if use is None else _said(use, options)[1]
    parsed = parse_unit(own) if own is not None else None
    if parsed is not None:
        return *parsed, Basis.USER
    if stated.unit:
        apart = bool(table.units) and bool(table.units[column])
        return stated.unit, stated.factor, Basis.FORMAT if apart else Basis.HEAD
    return (_SI[use], 1.0, Basis.ASSUMED) if use in _SI else ("", 1.0, Basis.NOTHING)


def sampling_of(sweeps: Sequence[IVSweep]) -> Sampling | None:
    """Sampling of `sweeps` taken together; None when there are none."""
    if not sweeps:
        return None
    sizes = [len(sweep) for sweep in sweeps]
    moves = [steps[steps > 0] for steps in (np.abs(np.diff(sweep.voltage)) for sweep in sweeps)]
    steps = [float(np.median(move)) for move in moves if move.size]
    rates, durations = [], []
    for sweep in sweeps:
        if sweep.time is None:
            continue
        durations.append(float(sweep.time[-1] - sweep.time[0]))
        passed, moved = np.diff(sweep.time), np.abs(np.diff(sweep.voltage))
        running = (passed > 0) & (moved > 0)
        if running.any():
            rates.append(float(np.median(moved[running] / passed[running])))
    return Sampling(
        points=(min(sizes), max(sizes)),
        voltage_range=(
            min(float(sweep.voltage.min()) for sweep in sweeps),
            max(float(sweep.voltage.max()) for sweep in sweeps),
        ),
        voltage_step=float(np.median(steps)) if steps else None,
        rate=float(np.median(rates)) if rates else None,
        duration=float(np.median(durations)) if durations else None,
    )


def compliance_of(sweeps: Sequence[IVSweep]) -> Compliance:
    """Stated and detected current limit of `sweeps`."""
    stated = sorted({sweep.compliance_current for sweep in sweeps if sweep.compliance_current is not None})
    origin = Origin.UNKNOWN
    if stated:
        settings = [find(sweep.settings, SettingName.COMPLIANCE_CURRENT) for sweep in sweeps]
        known = [setting.origin for setting in settings if setting.origin is not Origin.UNKNOWN]
        origin = (known or [Origin.FILE])[0]
    tops: list[float] = []
    for sweep in sweeps:
        for cycle in split_cycles(sweep):
            flat = [top for e in cycle.excursions if (top := compliance_plateau(e)) is not None]
            tops.extend(flat[:1])
    return Compliance(
        stated=tuple(stated),
        origin=origin,
        detected=float(np.median(tops)) if tops else None,
        cycles_with_top=len(tops),
    )


def noise_floor_of(sweeps: Sequence[IVSweep]) -> float | None:
    """Median current (A) at 0 V over all excursions; None where no sample lies at 0 V."""
    floors = [
        noise_floor(excursion)
        for sweep in sweeps
        for cycle in split_cycles(sweep)
        for excursion in cycle.excursions
    ]
    seen = [floor for floor in floors if floor > 0]
    return float(np.median(seen)) if seen else None


def plain(value: object) -> object:
    """`value` (record, enum, mapping, sequence, number, text) as what JSON can hold; what is not finite is null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
