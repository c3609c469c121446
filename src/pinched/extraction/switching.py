"""`extract_switching`: sweeps to the table of a device paper, one row per cycle.

V_SET and V_RESET by the robust rule of `transitions`, resistances of both states at one read voltage,
and beside them what the rule of paper marraccini2025fast gives, each value with a flag.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pinched._errors import PinchedError
from pinched._progress import Progress, Silent
from pinched._units import to_si
from pinched.data.sweep import IVSweep
from pinched.extraction.cycles import Branch, Cycle, Excursion, split_cycles
from pinched.extraction.limits import compliance_plateau, noise_floor
from pinched.extraction.table import Flag, SwitchingTable
from pinched.extraction.transitions import (
    NO_EVENT,
    Change,
    Event,
    derivative_extreme,
    find_event,
)

NAN = float("nan")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Resistance:
    value: float
    flag: Flag


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    file: str
    device: str
    cycle: int
    set_event: Event
    reset_event: Event
    lrs: _Resistance
    hrs: _Resistance
    v_set_derivative: float
    v_reset_derivative: float
    lrs_first: float
    hrs_first: float
    limit: float


def extract_switching(
    sweeps: Sequence[IVSweep] | IVSweep,
    *,
    read_voltage: str | float = "0.1 V",
    progress: Progress | None = None,
) -> SwitchingTable:
    """One row for each cycle of `sweeps`, resistances at `read_voltage` (V, magnitude).

    A gradual device gets no switching voltage, a sweep that never switches gets flags "none"; nothing is
    invented. Raises `PinchedError` for no sweeps or a read voltage that is not positive.
    """
    given = [sweeps] if isinstance(sweeps, IVSweep) else list(sweeps)
    if not given:
        raise PinchedError("there are no sweeps to extract from. Give at least one file with an I-V sweep.")
    read = to_si(read_voltage, "V")
    if read <= 0:
        raise PinchedError(
            f"the read voltage is {read} V; it must be above zero (its sign follows the branch)."
        )
    rows: list[_Row] = []
    tracker = progress or Silent()
    for sweep in tracker.track(given, "extracting", len(given)):
        rows.extend(_rows(sweep, read))
    if not rows:
        raise PinchedError("the voltage of every sweep stays at 0 V: there is no cycle to extract from.")
    rows = _mark_forming(rows)
    return SwitchingTable(
        read_voltage=read,
        file=tuple(row.file for row in rows),
        device=tuple(row.device for row in rows),
        cycle=np.array([row.cycle for row in rows], dtype=np.int64),
        v_set=np.array([row.set_event.voltage for row in rows]),
        v_set_flag=tuple(row.set_event.flag for row in rows),
        v_reset=np.array([row.reset_event.voltage for row in rows]),
        v_reset_flag=tuple(row.reset_event.flag for row in rows),
        resistance_lrs=np.array([row.lrs.value for row in rows]),
        resistance_lrs_flag=tuple(row.lrs.flag for row in rows),
        resistance_hrs=np.array([row.hrs.value for row in rows]),
        resistance_hrs_flag=tuple(row.hrs.flag for row in rows),
        v_set_derivative=np.array([row.v_set_derivative for row in rows]),
        v_reset_derivative=np.array([row.v_reset_derivative for row in rows]),
        resistance_lrs_first_sample=np.array([row.lrs_first for row in rows]),
        resistance_hrs_first_sample=np.array([row.hrs_first for row in rows]),
        compliance_current=np.array([row.limit for row in rows]),
        v_set_step=np.array([row.set_event.step for row in rows]),
        v_reset_step=np.array([row.reset_event.step for row in rows]),
        v_set_confidence=np.array([row.set_event.confidence for row in rows]),
        v_reset_confidence=np.array([row.reset_event.confidence for row in rows]),
        v_hold=np.array([row.set_event.v_hold for row in rows]),
    )


def _mark_forming(rows: list[_Row]) -> list[_Row]:
    """The first SET of a device is forming when no later cycle needs its voltage or starts from its resistance."""
    marked = list(rows)
    for device in dict.fromkeys(row.device for row in rows):
        own = [k for k, row in enumerate(rows) if row.device == device]
        first, later = rows[own[0]], [rows[k] for k in own[1:]]
        voltages = [abs(row.set_event.voltage) for row in later if np.isfinite(row.set_event.voltage)]
        states = [row.hrs.value for row in later if np.isfinite(row.hrs.value)]
        # Fewer than three cycles behind it say nothing about what is usual for this device.
        if first.cycle != 1 or len(voltages) < 3 or len(states) < 3:
            continue
        if abs(first.set_event.voltage) > 1.2 * max(voltages) and first.hrs.value > 3.0 * max(states):
            event = dataclasses.replace(first.set_event, flag=Flag.FORMING)
            pristine = dataclasses.replace(first.hrs, flag=Flag.FORMING)
            marked[own[0]] = dataclasses.replace(first, set_event=event, hrs=pristine)
    return marked


_Found = tuple[Excursion, Event, float | None]


def _rows(sweep: IVSweep, read: float) -> list[_Row]:
    found = [
        (cycle, [_event(sweep, excursion) for excursion in cycle.excursions]) for cycle in split_cycles(sweep)
    ]
    one_sided = len({excursion.sign for cycle, _ in found for excursion in cycle.excursions}) == 1
    if one_sided:
        found = _join_unipolar(found)
    return [_row(sweep, cycle, events, read) for cycle, events in found]


def _join_unipolar(found: list[tuple[Cycle, list[_Found]]]) -> list[tuple[Cycle, list[_Found]]]:
    # A unipolar device is SET by one excursion and RESET by the next one on the same side: one cycle.
    joined: list[tuple[Cycle, list[_Found]]] = []
    for cycle, events in found:
        changes = {event.change for _, event, _ in events} - {Change.NOTHING}
        before = {event.change for _, event, _ in joined[-1][1]} - {Change.NOTHING} if joined else set()
        if len(changes) == len(before) == 1 and changes != before:
            joined[-1] = (joined[-1][0], [*joined[-1][1], *events])
        else:
            joined.append((cycle, events))
    first = found[0][0].number if found else 1
    return [
        (dataclasses.replace(cycle, number=first + k), events) for k, (cycle, events) in enumerate(joined)
    ]


def _event(sweep: IVSweep, excursion: Excursion) -> _Found:
    # A limit that the file states need not have been reached, and often holds for one side only: an
    # excursion that goes beyond it was measured without it.
    plateau = compliance_plateau(excursion)
    stated = sweep.compliance_current
    reached = stated is not None and 0.98 * stated <= _largest(excursion) <= 1.05 * stated
    limit = plateau if plateau is not None else stated if reached else None
    return excursion, find_event(excursion, limit), limit


def _row(sweep: IVSweep, cycle: Cycle, events: list[_Found], read: float) -> _Row:
    at_set = max((e for e in events if e[1].change is Change.SET), key=lambda e: e[1].weight, default=None)
    at_reset = max(
        (e for e in events if e[1].change is Change.RESET), key=lambda e: e[1].weight, default=None
    )
    lrs, hrs = _resistances(at_set, at_reset, read)
    limit = next((e[2] for e in (at_set, *events) if e is not None and e[2] is not None), None)
    if limit is None:
        limit = sweep.compliance_current
    return _Row(
        file=sweep.provenance.file,
        device=sweep.device,
        cycle=cycle.number,
        set_event=at_set[1] if at_set else NO_EVENT,
        reset_event=at_reset[1] if at_reset else NO_EVENT,
        lrs=lrs,
        hrs=hrs,
        v_set_derivative=_extreme(at_set, largest=True),
        v_reset_derivative=_extreme(at_reset, largest=False),
        lrs_first=_first_sample(at_reset[0].outgoing if at_reset else None),
        hrs_first=_first_sample(at_set[0].outgoing if at_set else None),
        limit=NAN if limit is None else limit,
    )


def _largest(excursion: Excursion) -> float:
    return max(float(b.current.max()) for b in (excursion.outgoing, excursion.returning) if b is not None)


def _resistances(
    at_set: _Found | None, at_reset: _Found | None, read: float
) -> tuple[_Resistance, _Resistance]:
    # The state before SET and the state after it; where no SET was seen, those around the RESET.
    lrs = hrs = _Resistance(value=NAN, flag=Flag.NONE)
    if at_set:
        hrs = _resistance(at_set[0], at_set[0].outgoing, read, at_set[2])
        lrs = _resistance(at_set[0], at_set[0].returning, read, at_set[2])
        if read < abs(at_set[1].v_hold):
            lrs = _Resistance(value=NAN, flag=Flag.VOLATILE)
    if at_reset:
        if lrs.flag is Flag.NONE:
            lrs = _resistance(at_reset[0], at_reset[0].outgoing, read, at_reset[2])
        if hrs.flag is Flag.NONE:
            hrs = _resistance(at_reset[0], at_reset[0].returning, read, at_reset[2])
    return lrs, hrs


def _resistance(excursion: Excursion, branch: Branch | None, read: float, limit: float | None) -> _Resistance:
    if branch is None:
        return _Resistance(value=NAN, flag=Flag.NONE)
    current = float(branch.current_at(read))
    if not np.isfinite(current) or current <= 0:
        return _Resistance(value=NAN, flag=Flag.NONE)
    if limit is not None and current >= 0.98 * limit:
        return _Resistance(value=read / current, flag=Flag.COMPLIANCE)
    flag = Flag.NOISE if current <= 3 * noise_floor(excursion) else Flag.MEASURED
    return _Resistance(value=read / current, flag=flag)


def _extreme(found: _Found | None, *, largest: bool) -> float:
    if found is None or found[0].outgoing is None:
        return NAN
    return derivative_extreme(found[0].sign, found[0].outgoing, largest=largest)


def _first_sample(branch: Branch | None) -> float:
    if branch is None:
        return NAN
    # The sample at 0 V says nothing; the first one that is a step away does.
    away = np.flatnonzero(branch.voltage > 1e-3 * branch.voltage.max())
    k = int(away[0]) if away.size else 0
    return float(branch.voltage[k] / branch.current[k]) if branch.current[k] > 0 else NAN
