"""A recognised table -> the records it holds: pulse traces, retention, endurance, levels, write logs.

Every column is taken to SI by what its head says, else by what the caller says, else by a guess that only one
unit fits; the guess is said in the record's provenance. Cells that are no numbers are refused, missing reads
(NaN) are kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from pinched._errors import DataFileError
from pinched.data.columns import temperature_of
from pinched.data.pairing import entries, listed
from pinched.data.patterns import repeats
from pinched.data.settings import Origin, Setting, SettingName, merged
from pinched.data.states import DROP, Source, resistances, si_values, state_values, values_of
from pinched.data.sweep import Provenance
from pinched.data.traces import Endurance, LevelReads, PulseTrace, Retention, WriteLog
from pinched.data.uses import DataKind, Use, is_low, state_column, without_state

Record = PulseTrace | Retention | Endurance | LevelReads | WriteLog
"""What a file may hold beside sweeps."""


def build(source: Source) -> list[Record]:
    """The records of `source`, whose kind must be one of those below; raises `DataFileError` for bad cells."""
    makers: dict[DataKind, Callable[[Source], list[Record]]] = {
        DataKind.PULSES: _pulses,
        DataKind.RETENTION: _retention,
        DataKind.ENDURANCE: _endurance,
        DataKind.LEVELS: _levels,
        DataKind.WRITES: _writes,
    }
    table = source.table
    if table.faults and not source.options.drop_bad_rows:
        fault = table.faults[0]
        raise DataFileError(source.path, f"line {fault.line}", fault.found, DROP)
    return makers[source.seen.kind](source)


def _groups(source: Source) -> list[tuple[str, Int[np.ndarray, " row"]]]:
    """Rows of each device that a device column names; all rows of the one device otherwise."""
    table = source.table
    every = np.arange(len(table.lines))
    columns = source.seen.columns(Use.DEVICE)
    if not columns:
        return [("", every)]
    names = entries(table, columns[0])
    return [(name, np.array([k for k in every if names[k] == name])) for name in dict.fromkeys(names)]


def _made(
    source: Source, columns: list[int], rows: Int[np.ndarray, " row"], guesses: list[str]
) -> Provenance:
    heads = tuple(source.table.head(c) for c in columns)
    return source.provenance(heads, int(source.table.lines[rows[0]]), tuple(guesses))


def _pulses(source: Source) -> list[Record]:
    seen, table, options = source.seen, source.table, source.options
    guesses = [*table.notes, f"a pulse trace: {seen.reason}"]
    found: list[Record] = []

    def taken(
        use: Use, unit: str, stated: str | None = None
    ) -> tuple[list[int], Float[np.ndarray, " row"] | None]:
        columns = seen.columns(use)[:1]
        return columns, (si_values(source, columns[0], unit, stated, guesses) if columns else None)

    time_at, time = taken(Use.TIME, "s", options.time_unit)
    width_at, width = taken(Use.WIDTH, "s", options.time_unit)
    stated_width = source.number(SettingName.PULSE_WIDTH)
    amplitude_at, amplitude = taken(Use.AMPLITUDE, "V", options.voltage_unit)
    read = bool(seen.columns(Use.READ)) or not seen.columns(Use.VOLTAGE)
    states = seen.columns(Use.STATE) or (seen.columns(Use.CURRENT) if read else [])
    if not states:
        # A voltage on a few levels and the current beside it: the state is their ratio at every sample.
        volts, amps = seen.columns(Use.VOLTAGE)[0], seen.columns(Use.CURRENT)[0]
        voltage = si_values(source, volts, "V", options.voltage_unit, guesses)
        current = si_values(source, amps, "A", options.current_unit, guesses)
        with np.errstate(divide="ignore", invalid="ignore"):
            conductance = np.where(voltage == 0, np.nan, current / voltage)
        guesses.append(f"conductance computed as {table.name(amps)} over {table.name(volts)}")
        traces = [([*time_at, volts, amps], "", conductance, voltage)]
    else:
        if amplitude is None and len(at := seen.columns(Use.VOLTAGE)) == 1:
            amplitude_at, amplitude = at, si_values(source, at[0], "V", options.voltage_unit, guesses)
        traces = []
        for c in states:
            values, unit = state_values(source, c, guesses)
            with np.errstate(divide="ignore"):
                conductance = values if unit == "S" else 1.0 / values
            label = table.head(c) if len(states) > 1 else ""
            traces.append(([*time_at, *amplitude_at, *width_at, c], label, conductance, amplitude))
    settings = source.settings
    if not table.heads and len(states) == 1:
        settings = merged(settings, _unnamed(source, [*time_at, *amplitude_at, *width_at, *states], guesses))
    cycle = source.number(SettingName.CYCLE) or (float(table.cycle) if table.cycle is not None else 0.0)
    for columns, label, conductance, volts in traces:
        for device, rows in _groups(source):
            widths = width[rows] if width is not None else None
            if widths is None and stated_width is not None:
                widths = np.full(len(rows), stated_width)
            found.append(
                PulseTrace(
                    conductance=conductance[rows],
                    amplitude=None if volts is None else volts[rows],
                    width=widths,
                    time=None if time is None else time[rows],
                    read_voltage=source.number(SettingName.READ_VOLTAGE),
                    compliance_current=source.number(SettingName.COMPLIANCE_CURRENT),
                    device=source.name(device),
                    label=label or source.text(SettingName.LABEL),
                    cycle=int(cycle) if cycle >= 1 else 0,
                    provenance=_made(source, columns, rows, guesses),
                    settings=settings,
                )
            )
    return found


def _unnamed(source: Source, used: list[int], guesses: list[str]) -> list[Setting]:
    """Columns without heads that nothing is made of: those of one value throughout as settings, the others told."""
    table = source.table
    still, moving = [], []
    for c in range(table.numbers.shape[1]):
        values = table.numbers[:, c]
        if c in used or c in table.texts or not np.isfinite(values).all():
            continue
        if np.ptp(values) == 0:
            still.append(Setting(f"column_{c + 1}", float(values[0]), "1", Origin.FILE, table.name(c)))
        else:
            moving.append(c)
    if moving:
        guesses.append(
            f"{listed(table, moving)} not used: say which is the amplitude or the width of the pulses "
            "(in pinched.toml: [columns] amplitude, width)"
        )
    if still:
        kept = ", ".join(f"{item.name} = {item.value:g}" for item in still)
        guesses.append(f"columns of one value kept as settings: {kept}")
    return still


def _retention(source: Source) -> list[Record]:
    seen, table, options = source.seen, source.table, source.options
    guesses = [*table.notes, f"retention: {seen.reason}"]
    (at,) = seen.columns(Use.TIME)[:1]
    time = si_values(source, at, "s", options.time_unit, guesses)
    read = source.number(SettingName.READ_VOLTAGE)
    states = seen.columns(Use.STATE, Use.LOW, Use.HIGH)
    states = states or (seen.columns(Use.CURRENT) if not seen.columns(Use.VOLTAGE) else [])
    columns: list[tuple[list[int], str, str, Float[np.ndarray, " row"]]] = []
    kelvin = {c: temperature_of(table.heads[c]) for c in states} if table.heads else {}
    if states:
        for c in states:
            named = {Use.LOW: "lrs", Use.HIGH: "hrs"}.get(seen.uses[c], "")
            several = sum(seen.uses[b] is seen.uses[c] for b in states) > 1
            own = without_state(table.head(c)) if named and several else ""
            name = table.meaning(c).device or own or (table.head(c) if len(states) > 1 and not named else "")
            columns.append(([at, c], name, named, resistances(source, c, guesses)))
    else:
        volts, amps = seen.columns(Use.VOLTAGE)[0], seen.columns(Use.CURRENT)[0]
        voltage = si_values(source, volts, "V", options.voltage_unit, guesses)
        current = si_values(source, amps, "A", options.current_unit, guesses)
        with np.errstate(divide="ignore", invalid="ignore"):
            columns.append(([at, volts, amps], "", "", np.where(current == 0, np.nan, voltage / current)))
        read = read if read is not None else float(np.nanmedian(voltage))
        guesses.append(f"resistance computed as {table.name(volts)} over {table.name(amps)}")
    back = np.flatnonzero(np.diff(time) <= 0)
    if back.size:
        guesses.append(
            f"{table.name(at)} does not rise on line {table.lines[back[0] + 1]}: the reads are kept in file order"
        )
    return [
        Retention(
            time=time[rows],
            resistance=resistance[rows],
            read_voltage=read,
            temperature=kelvin.get(used[-1]) or source.number(SettingName.TEMPERATURE),
            device=source.name(device or name),
            state=named or source.text(SettingName.STATE),
            provenance=_made(source, used, rows, guesses),
            settings=source.settings,
        )
        for used, name, named, resistance in columns
        for device, rows in _groups(source)
    ]


def _endurance(source: Source) -> list[Record]:
    seen, table = source.seen, source.table
    guesses = [*table.notes, f"endurance: {seen.reason}"]
    if not seen.columns(Use.LOW):
        return _alternating(source, guesses)
    counted = seen.columns(Use.CYCLE, Use.INDEX)[:1]
    if counted:
        cycle = values_of(source, counted[0])
    else:
        cycle = np.arange(1.0, len(table.lines) + 1)
        guesses.append("no column counts the cycles: each row counted as one")
    found: list[Record] = []
    for own, low, high in _state_pairs(source, guesses):
        states = [resistances(source, c, guesses) for c in (low, high)]
        found += [
            Endurance(
                cycle=cycle[rows] if counted else np.arange(1.0, len(rows) + 1),
                resistance_lrs=states[0][rows],
                resistance_hrs=states[1][rows],
                read_voltage=source.number(SettingName.READ_VOLTAGE),
                device=source.name(device or own),
                provenance=_made(source, [*counted, low, high], rows, guesses),
                settings=source.settings,
            )
            for device, rows in _groups(source)
        ]
    return found


def _state_pairs(source: Source, guesses: list[str]) -> list[tuple[str, int, int]]:
    """Device, column of the LRS and column of the HRS of every device that has its own columns beside the others'."""
    lows, highs = source.seen.columns(Use.LOW), source.seen.columns(Use.HIGH)
    if len(lows) == len(highs) == 1:
        return [("", lows[0], highs[0])]
    names = [{without_state(source.table.head(c)): c for c in columns} for columns in (lows, highs)]
    if len(names[0]) == len(lows) == len(highs) and names[0].keys() == names[1].keys():
        pairs = [(name, c, names[1][name]) for name, c in names[0].items()]
    elif len(lows) == len(highs) and all(len(name) == 1 for name in names):
        pairs = [(f"{k}", low, high) for k, (low, high) in enumerate(zip(lows, highs, strict=True), 1)]
    else:
        found = f"{len(lows)} columns of the LRS ({listed(source.table, lows)}) and {len(highs)} of the HRS "
        found += f"({listed(source.table, highs)}), which cannot be paired"
        raise DataFileError(
            source.path, "", found, "Write the name of the device into both heads of each pair."
        )
    guesses.append(f"{len(pairs)} pairs of LRS and HRS side by side read as devices")
    return pairs


def _alternating(source: Source, guesses: list[str]) -> list[Record]:
    """Endurance with one row per read, a column of text says of which state."""
    table, seen = source.table, source.seen
    at = state_column(table)
    (column,) = seen.columns(Use.STATE)
    counted = seen.columns(Use.CYCLE, Use.INDEX)[0]
    read = resistances(source, column, guesses)
    cycles = values_of(source, counted)
    low = np.array([is_low(table.texts[at or 0][row]) for row in range(len(read))])
    found: list[Record] = []
    for device, rows in _groups(source):
        names = np.unique(cycles[rows])
        states = {}
        for key, wanted in (("lrs", True), ("hrs", False)):
            mine = rows[low[rows] == wanted]
            if len(np.unique(cycles[mine])) < len(mine):
                place = int(table.lines[mine[0]])
                raise DataFileError(
                    source.path,
                    f"line {place}",
                    f"a cycle has several reads of the {key.upper()}",
                    "Keep one.",
                )
            states[key] = np.full(len(names), np.nan)
            states[key][np.searchsorted(names, cycles[mine])] = read[mine]
        found.append(
            Endurance(
                cycle=names, resistance_lrs=states["lrs"], resistance_hrs=states["hrs"],
                read_voltage=source.number(SettingName.READ_VOLTAGE), device=source.name(device),
                provenance=_made(source, [counted, column], rows, guesses), settings=source.settings,
            )
        )  # fmt: skip
    return found


def _levels(source: Source) -> list[Record]:
    seen, table = source.seen, source.table
    guesses = [*table.notes, f"reads of many cells: {seen.reason}"]
    columns = seen.columns(Use.STATE)
    found = np.array([resistances(source, c, guesses) for c in columns])
    rows = np.arange(len(table.lines))
    if len(columns) == 1 and (reads := repeats(found[0])) > 1:
        found = found[0].reshape(reads, -1)
        guesses.append(f"{reads} reads of {found.shape[1]} cells one after the other: the values repeat")
    return [
        LevelReads(
            resistance=found,
            device=source.name(""),
            provenance=_made(source, columns, rows, guesses),
            settings=source.settings,
        )
    ]


def _writes(source: Source) -> list[Record]:
    seen, table = source.seen, source.table
    guesses = [*table.notes, f"a write log: {seen.reason}"]
    place = [seen.columns(use)[0] for use in (Use.STATE, Use.LOW, Use.HIGH)]
    rows = np.arange(len(table.lines))
    named = seen.columns(Use.INDEX, Use.CYCLE)[:1] if table.heads else [0]
    address = values_of(source, named[0]) if named else rows.astype(np.float64)
    reached, lower, upper = (resistances(source, c, guesses) for c in place)
    return [
        WriteLog(
            address=address,
            resistance=reached,
            lower=lower,
            upper=upper,
            device=source.name(""),
            provenance=_made(source, place, rows, guesses),
            settings=source.settings,
        )
    ]
