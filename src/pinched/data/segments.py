"""Raw table -> traces: which columns and rows make one I-V trace, in SI.

One shared voltage beside many currents, repeated pairs of voltage and current, and a device or cycle column
all end as a list of `Trace`; what was inferred on the way is said in each trace's `guesses`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from pinched._errors import DataFileError, PinchedError
from pinched._units import parse_unit
from pinched.data.columns import Meaning, Role, guess_columns, meaning
from pinched.data.table import OVERFLOW, RawTable


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


def cut_traces(table: RawTable, reading: Reading, path: str) -> list[Trace]:
    """Every I-V trace in `table`, in file order; at least one.

    Raises `DataFileError` (for `path`) when the table holds no voltage beside a current, or a cell that is
    no number where one is needed.
    """
    place = f"sheet {table.sheet}" if table.sheet else ""
    guesses = list(table.notes)
    sets, grouping = find_sets(table, reading.columns, guesses, path, place)
    if table.faults and not reading.drop_bad_rows:
        fault = table.faults[0]
        more = f" (and {len(table.faults) - 1} more such rows)" if len(table.faults) > 1 else ""
        raise DataFileError(
            path, f"line {fault.line}", fault.found + more, "Repair the row, or leave such rows out (drop_bad_rows)."
        )
    traces: list[Trace] = []
    for columns in sets:
        for device, cycle, rows in _groups(table, grouping, columns):
            traces.append(_trace(table, columns, rows, (device, cycle), reading, guesses, path, len(sets) > 1))
    return traces


def _groups(
    table: RawTable, grouping: tuple[int | None, int | None], columns: ColumnSet
) -> list[tuple[str, int | None, Int[np.ndarray, " row"]]]:
    """Device, cycle and rows of each group that the device and cycle columns make."""
    every = np.arange(len(table.lines))
    if grouping == (None, None):
        return [(columns.device, columns.cycle, every)]
    device_at, cycle_at = grouping
    devices = [""] * len(every) if device_at is None else entries(table, device_at)
    cycles = [""] * len(every) if cycle_at is None else entries(table, cycle_at)
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


def _factor(table: RawTable, column: int, unit: str, stated: str | None, guesses: list[str], path: str) -> float:
    if stated is not None:
        parsed = parse_unit(stated)
        if parsed is None or parsed[0] != unit:
            raise PinchedError(f"'{stated}' is not a unit in {unit}. Write one such as 'm{unit}'.")
        return parsed[1]
    head = meaning(table.heads[column]) if table.heads else Meaning(role=Role.UNKNOWN)
    if head.unit == unit:
        return head.factor
    if head.unit:
        raise DataFileError(path, table.name(column), f"the head says {head.unit}, not {unit}", "Name another column.")
    return 1.0
