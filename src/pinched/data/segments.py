"""Raw table -> traces: which columns and rows make one I-V trace, in SI.

One shared voltage beside many currents, repeated pairs of voltage and current, and a device or cycle column
all end as a list of `Trace`; what was inferred on the way is said in each trace's `guesses`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from pinched._errors import DataFileError
from pinched._units import parse_unit, to_si
from pinched.data.columns import Role
from pinched.data.directions import both_ways
from pinched.data.options import ReadOptions
from pinched.data.pairing import ColumnSet, NoSweepError, entries, find_sets, is_text
from pinched.data.settings import Setting
from pinched.data.stepped import outer_steps
from pinched.data.table import MISSING, OVERFLOW, RawTable

_DROP = "Repair the file, or leave such rows out (drop_bad_rows=True, --drop-bad-rows)."


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trace:
    """One I-V trace cut out of a table, in SI."""

    voltage: Float[np.ndarray, " sample"]
    """Voltage (V)."""
    current: Float[np.ndarray, " sample"]
    """Current (A)."""
    time: Float[np.ndarray, " sample"] | None
    """Time (s); None when there is none."""
    device: str
    """Device that the file names; "" when it names none."""
    cycle: int | None
    """Cycle that the file states; None when it states none."""
    columns: tuple[str, ...]
    """Heads of time (if any), voltage, current."""
    first_line: int
    """Line or row of the first sample, from 1."""
    guesses: tuple[str, ...]
    """What was inferred, one sentence each."""
    settings: tuple[Setting, ...] = ()
    """What columns beside the curve say of the whole trace."""


def cut_traces(table: RawTable, options: ReadOptions, path: str) -> list[Trace]:
    """Every I-V trace in `table`, in file order; at least one.

    Raises `DataFileError` (for `path`) when the table holds no voltage beside a current, or a cell that is
    no number where one is needed.
    """
    place = f"sheet {table.sheet}" if table.sheet else ""
    if options.columns.voltage is None and options.columns.current is None and not table.faults:
        table = both_ways(table)
    guesses = list(table.notes)
    sets, grouping = find_sets(table, options, guesses, path, place)
    if table.faults and not options.drop_bad_rows:
        fault = table.faults[0]
        more = f" (and {len(table.faults) - 1} more such rows)" if len(table.faults) > 1 else ""
        row = "row" if table.sheet else "line"
        raise DataFileError(path, f"{row} {fault.line}", fault.found + more, _DROP)
    if table.faults:
        guesses.append(
            f"{len(table.faults)} rows that do not fit were left out, the first on line {table.faults[0].line}"
        )
    used = {c for s in sets for c in (s.voltage, s.current, s.time) if c is not None}
    steps = outer_steps(table, sets[0].voltage, used) if grouping == (None, None) else []
    traces: list[Trace] = []
    for columns in sets:
        for step in steps:
            named = ColumnSet(
                columns.voltage, columns.current, columns.time, step.device or columns.device, columns.cycle
            )
            part = _trace(table, named, step.rows, options, guesses, path, ragged=len(sets) > 1)
            traces.append(replace(part, settings=step.settings))
        for device, cycle, rows in [] if steps else _groups(table, grouping, columns, path):
            chosen = ColumnSet(columns.voltage, columns.current, columns.time, device, cycle)
            traces.append(_trace(table, chosen, rows, options, guesses, path, ragged=len(sets) > 1))
    if all(np.ptp(trace.voltage) == 0 for trace in traces):
        held = f"{table.name(sets[0].voltage)} stands at {traces[0].voltage[0]:g} V throughout: no sweep"
        raise NoSweepError(
            path, place, held, "Name the column of the voltage that moves, or read it with read_any."
        )
    return traces


def _groups(
    table: RawTable, grouping: tuple[int | None, int | None], columns: ColumnSet, path: str
) -> list[tuple[str, int | None, Int[np.ndarray, " row"]]]:
    """Device, cycle and rows of each group that the device and cycle columns make."""
    every = np.arange(len(table.lines))
    if grouping == (None, None):
        return [(columns.device, columns.cycle, every)]
    device_at, cycle_at = grouping
    devices = [""] * len(every) if device_at is None else entries(table, device_at)
    cycles = [""] * len(every) if cycle_at is None else entries(table, cycle_at)
    for at, column in ((device_at, devices), (cycle_at, cycles)):
        if at is not None and "" in column:
            line = int(table.lines[column.index("")])
            raise DataFileError(
                path, f"line {line}", f"{table.name(at)} is empty", "Fill it in on every row."
            )
    groups: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(devices, cycles, strict=True)):
        groups.setdefault(key, []).append(row)
    found: list[tuple[str, int | None, Int[np.ndarray, " row"]]] = []
    for (device, cycle), rows in groups.items():
        if device and device_at is not None and not is_text(table, device_at):
            device = f"{table.heads[device_at].strip() if table.heads else 'device'} {device}"
        number = int(cycle) if cycle.isdigit() and columns.cycle is None and int(cycle) > 0 else columns.cycle
        found.append((device or columns.device, number, np.array(rows)))
    return found


def _trace(
    table: RawTable,
    columns: ColumnSet,
    rows: Int[np.ndarray, " row"],
    options: ReadOptions,
    shared: list[str],
    path: str,
    *,
    ragged: bool,
) -> Trace:
    """The trace that `columns` make of `rows`; `ragged` allows columns of different length beside each other."""
    guesses = list(shared)
    used = [c for c in (columns.time, columns.voltage, columns.current) if c is not None]
    values = table.numbers[rows[:, None], used]
    bad = ~np.isfinite(values) | (np.abs(np.nan_to_num(values, nan=0.0, posinf=np.inf)) >= OVERFLOW)
    end = len(rows)
    # A pair that ends before its neighbours leaves empty cells below: no damage, the sweep was shorter.
    checked = used[-1:] if ragged else used
    while end > 0 and all(_is_missing(table, int(rows[end - 1]), c) for c in checked):
        end -= 1
    if end < len(rows) and not all(_is_empty(table, int(rows[end]), c) for c in used):
        guesses.append(f"{table.name(columns.current)} ends on line {table.lines[rows[max(end - 1, 0)]]}")
    rows, values, bad = rows[:end], values[:end], bad[:end]
    broken = bad.any(axis=1)
    if broken.any():
        if not options.drop_bad_rows:
            raise _bad_cell(table, used, rows, bad, path)
        first = int(table.lines[rows[int(np.argmax(broken))]])
        guesses.append(f"{int(broken.sum())} rows with bad cells were left out, the first on line {first}")
        rows, values = rows[~broken], values[~broken]
    where = ", ".join(
        part for part in (f"sheet {table.sheet}" if table.sheet else "", _heads(table, used)) if part
    )
    if len(rows) < 2:
        found = "no sample" if len(rows) == 0 else "a single sample"
        raise DataFileError(
            path, where, f"{found}; a sweep needs at least 2", "Give a file with the whole sweep."
        )
    time = None
    if columns.time is not None:
        time = values[:, 0] * _factor(table, columns.time, "s", options.time_unit, path)
        falls = np.flatnonzero(np.diff(time) < 0)
        if falls.size:
            line = table.lines[rows[int(falls[0]) + 1]]
            guesses.append(f"{table.name(columns.time)} left out: it runs backwards on line {line}")
            time = None
    voltage = values[:, -2] * _factor(table, columns.voltage, "V", options.voltage_unit, path)
    current = _current(table, columns.current, values[:, -1], voltage, options, path, guesses)
    if current is None:
        # Both channels of an oscilloscope are measured against one ground, so the device has the rest.
        shunt = to_si(options.shunt or 1.0, "ohm")
        current = values[:, -1] * table.meaning(columns.current).factor / shunt
        voltage = voltage - current * shunt
        guesses.append(
            f"{table.name(columns.current)} is the voltage over {shunt:g} ohm: taken off the other"
        )
    guesses.extend(_unit_guesses(table, columns, voltage, current, options))
    return Trace(
        voltage=voltage,
        current=current,
        time=time,
        device=columns.device,
        cycle=columns.cycle,
        columns=tuple(table.head(c) for c in used if time is not None or c != columns.time),
        first_line=int(table.lines[rows[0]]),
        guesses=tuple(guesses),
    )


def _heads(table: RawTable, used: list[int]) -> str:
    return "columns " + ", ".join(table.head(c).removeprefix("column ") for c in used)


def _is_missing(table: RawTable, row: int, column: int) -> bool:
    """True for an empty cell and for a "NaN" that a program wrote where the measurement had ended."""
    text = table.texts.get(column, {}).get(row, "nan").lower()
    return bool(np.isnan(table.numbers[row, column])) and (not text or text in MISSING)


def _is_empty(table: RawTable, row: int, column: int) -> bool:
    return bool(np.isnan(table.numbers[row, column])) and table.texts.get(column, {}).get(row, "x") == ""


def _bad_cell(
    table: RawTable,
    used: list[int],
    rows: Int[np.ndarray, " row"],
    bad: Bool[np.ndarray, "row column"],
    path: str,
) -> DataFileError:
    k, c = (int(i) for i in np.argwhere(bad)[0])
    row, column = int(rows[k]), used[c]
    value = table.numbers[row, column]
    text = table.texts.get(column, {}).get(row)
    if text == "":
        found = f"{table.name(column)} is empty"
    elif text is not None and text.lower() not in ("nan",):
        found = f"'{text[:40]}' stands in {table.name(column)}, where a number belongs"
        if text.count(",") + text.count(".") + text.count("'") > 1:
            found += " (numbers with thousands separators are not read)"
    elif np.isnan(value):
        found = f"{table.name(column)} holds NaN"
    else:
        found = f"{value:g} in {table.name(column)} is an overflow of the instrument, not a measurement"
    more = int(bad.any(axis=1).sum()) - 1
    found += f" (and {more} more such rows)" if more else ""
    return DataFileError(path, f"{'row' if table.sheet else 'line'} {table.lines[row]}", found, _DROP)


def _current(
    table: RawTable,
    column: int,
    values: Float[np.ndarray, " sample"],
    voltage: Float[np.ndarray, " sample"],
    options: ReadOptions,
    path: str,
    guesses: list[str],
) -> Float[np.ndarray, " sample"] | None:
    """Current (A) in `column`, or through the series resistor whose other side it shows; None over a shunt."""
    head = table.meaning(column)
    volts = head.unit == "V" or (not head.unit and head.role is not Role.CURRENT)
    if options.current_unit is not None or not volts:
        return values * _factor(table, column, "A", options.current_unit, path)
    if options.series_resistor is not None:
        source, resistor = values * head.factor, to_si(options.series_resistor, "ohm")
        if float(source @ voltage) < 0:
            # A passive device has the polarity of its source.
            source = -source
            guesses.append(
                f"{table.name(column)} turned round: it was recorded against the voltage on the device"
            )
        guesses.append(
            f"current computed as ({table.name(column)} - voltage on the device) over {resistor:g} ohm"
        )
        return (source - voltage) / resistor
    if options.shunt is not None:
        return None
    return values * _factor(table, column, "A", None, path)


def _factor(table: RawTable, column: int, unit: str, stated: str | None, path: str) -> float:
    """Factor from the unit of `column` to SI `unit`: what the caller stated, else the head, else 1."""
    parsed = parse_unit(stated) if stated is not None else None
    if parsed is not None:
        return parsed[1]
    head = table.meaning(column)
    if head.unit not in ("", unit):
        raise DataFileError(
            path,
            table.name(column),
            f"the head says {head.unit}, not {unit}",
            "Name another column, or the unit.",
        )
    return head.factor


def _unit_guesses(
    table: RawTable,
    columns: ColumnSet,
    voltage: Float[np.ndarray, " sample"],
    current: Float[np.ndarray, " sample"],
    options: ReadOptions,
) -> list[str]:
    guesses: list[str] = []
    why = "the head states no unit" if table.heads else "there is no head"
    silent = False
    for column, quantity, unit, stated in (
        (columns.voltage, "voltage", "V", options.voltage_unit),
        (columns.current, "current", "A", options.current_unit),
        (columns.time, "time", "s", options.time_unit),
    ):
        if column is None or stated is not None or table.meaning(column).unit:
            continue
        guesses.append(f"{table.name(column)} taken as {quantity} in {unit}: {why}")
        silent = silent or quantity == "current"
    flowing = (current != 0) & (voltage != 0)
    if silent and flowing.any() and np.median(np.abs(voltage[flowing] / current[flowing])) < 1:
        guesses.append(
            "|V/I| is below 1 ohm at most samples: the current may be in mA or uA; "
            "if so, say it (current_unit='uA', --current-unit uA)"
        )
    return guesses
