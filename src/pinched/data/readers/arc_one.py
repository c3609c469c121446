"""ArC ONE sessions: rows grouped by cell of the crossbar, each with a tag that says which experiment wrote it.

The instrument stores resistances, so a current is V / R. A curve tracer (`CT`) becomes a sweep per cycle, `RET`
a retention whose times stand in the tags, `EN` an endurance whose two polarities are the two states, everything
else a series of pulses with the resistance read after each.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pinched._errors import DataFileError
from pinched.data.readers._lines import Lines
from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.settings import Origin, Setting, SettingName
from pinched.data.table import Dialect, RawTable, number

_HEAD = "Wordline,Bitline,Resistance,Amplitude"
_BASES = re.compile(r"^(CTS|CT|EN|RET|FF|SS2|SS|MSS|MPF|VOL|stdp|[A-Za-z]+)")
_CYCLE = re.compile(r"_i_(\d+)$")


class _Row(NamedTuple):
    line: int
    cell: str
    resistance: float
    amplitude: float
    width: float
    tag: str
    read_voltage: float


class _Run:
    """Consecutive rows of one cell and one experiment, as columns: a session has a million rows."""

    def __init__(self, base: str, cell: str) -> None:
        self.base, self.cell = base, cell
        self.line, self.tag = array("l"), list[str]()
        self.resistance, self.amplitude, self.width = array("d"), array("d"), array("d")
        self.read_voltages: set[float] = set()

    def add(self, row: _Row) -> None:
        self.line.append(row.line)
        # Nearly all tags of a run are the same text.
        self.tag.append(self.tag[-1] if self.tag and self.tag[-1] == row.tag else row.tag)
        self.resistance.append(row.resistance)
        self.amplitude.append(row.amplitude)
        self.width.append(row.width)
        if np.isfinite(row.read_voltage):
            self.read_voltages.add(row.read_voltage)


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    return 0.97 if _HEAD.encode() in head else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:  # noqa: ARG001
    text, _ = clean_text(content, path)
    lines = Lines(text)
    head = next((k for k in range(min(len(lines), 20)) if lines[k].startswith(_HEAD)), None)
    if head is None:
        raise DataFileError(path, "", "the head of an ArC ONE session is missing", "Save the session again.")
    above = [lines[k].strip() for k in range(head) if lines[k].strip()]
    shared = [Setting(SettingName.INSTRUMENT, "ArC ONE", "", Origin.FILE, "session")]
    if above:
        shared.append(Setting(SettingName.TEST, above[0], "", Origin.FILE, "line 1"))
    if len(above) > 1:
        # Written in the language of the computer: kept as it stands.
        shared.append(Setting(SettingName.DATE, above[1], "", Origin.FILE, "line 2"))
    found = [table for run in _runs(_rows(lines, head + 1, path)) for table in _tables(run, tuple(shared))]
    if not found:
        raise DataFileError(path, "", "the session holds no experiment with two reads", "Give a later save.")
    return found


def _rows(lines: Lines, start: int, path: str) -> Iterator[_Row]:
    for at in range(start, len(lines)):
        line = lines[at].strip()
        if not line:
            continue
        cells = next(csv.reader([line])) if '"' in line else line.split(",")
        values = [number(cell, ".") if cell.strip() else np.nan for cell in [*cells[:5], *cells[7:8]]]
        if len(cells) < 6 or any(value is None for value in values):
            found = f"'{line[:40]}' is no row of an ArC ONE session"
            raise DataFileError(path, f"line {at + 1}", found, "Repair the row, or save the session again.")
        word, bit, resistance, amplitude, width, *rest = (float(value or 0.0) for value in values)
        yield _Row(
            at + 1,
            f"W{word:g}B{bit:g}",
            resistance,
            amplitude,
            width,
            cells[5].strip(),
            rest[0] if rest else np.nan,
        )


def _runs(rows: Iterator[_Row]) -> Iterator[_Run]:
    """Consecutive rows of one cell and one experiment; a tag that ends in `_s` starts a new one."""
    run: _Run | None = None
    for row in rows:
        match = _BASES.match(row.tag)
        name = match[1] if match else ""
        if run is None or row.cell != run.cell or name != run.base or row.tag.endswith("_s"):
            if run is not None:
                yield run
            run = _Run(name, row.cell)
        run.add(row)
    if run is not None:
        yield run


def _tables(run: _Run, shared: tuple[Setting, ...]) -> Iterator[RawTable]:
    base = run.base
    settings = shared
    if len(run.read_voltages) == 1:
        (volts,) = run.read_voltages
        settings = (*shared, Setting(SettingName.READ_VOLTAGE, volts, "V", Origin.FILE, "ReadVoltage"))
    resistance, amplitude, lines = np.array(run.resistance), np.array(run.amplitude), np.array(run.line)
    device = run.cell

    def table(columns: dict[str, np.ndarray], rows: np.ndarray, cycle: int | None = None) -> RawTable:
        extra = (
            () if base in ("CT", "RET", "EN") else (Setting(SettingName.LABEL, base, "", Origin.FILE, "Tag"),)
        )
        return RawTable(
            heads=tuple(columns), numbers=np.column_stack(list(columns.values())).astype(np.float64), texts={},
            lines=rows, settings=(*settings, *extra), device=device, cycle=cycle,
            notes=("current computed as voltage over resistance: the file holds no current",) if base == "CT" else (),
        )  # fmt: skip

    if base == "CT":
        flowing = (resistance != 0) & (amplitude != 0)
        current = np.divide(amplitude, resistance, out=np.zeros(len(resistance)), where=flowing)
        current[(resistance == 0) & (amplitude != 0)] = np.nan
        # CT_s opens the first cycle and CT_e closes the last: neither carries a number.
        numbered = [int(m[1]) if (m := _CYCLE.search(tag)) else None for tag in run.tag]
        first = next((k for k in numbered if k is not None), 1)
        cycles = np.array(
            list(accumulate(numbered, lambda last, k: last if k is None else k, initial=first))[1:]
        )
        names, starts = np.unique(cycles, return_inverse=True)
        order = np.argsort(starts, kind="stable")
        for name, own in zip(
            names.tolist(), np.split(order, np.cumsum(np.bincount(starts))[:-1]), strict=True
        ):
            if own.size > 1:
                columns = {"Voltage (V)": amplitude[own], "Current (A)": current[own]}
                yield table(columns, lines[own], name - int(names[0]) + 1)
    elif base == "RET":
        times = [number(tag.removeprefix("RET_"), ".") for tag in run.tag]
        known = np.array([t is not None for t in times])
        if known.sum() > 1:
            stamps = np.array([t for t in times if t is not None])
            yield table({"Time (s)": stamps, "Resistance (ohm)": resistance[known]}, lines[known])
    elif base == "EN" and (amplitude > 0).any() and (amplitude < 0).any():
        columns = _endurance(resistance, amplitude)
        yield table(columns, lines[: len(columns["Cycle"])])
    elif len(resistance) > 1:
        width = np.array(run.width)
        columns = {"Pulse amplitude (V)": amplitude, "Pulse width (s)": width, "Resistance (ohm)": resistance}
        yield table(columns, lines)


def _endurance(
    resistance: Float[np.ndarray, " row"], amplitude: Float[np.ndarray, " row"]
) -> dict[str, Float[np.ndarray, " cycle"]]:
    """Columns of both states: the pulses of one sign leave one, those of the other the other; NaN if missing."""
    up, down = np.flatnonzero(amplitude > 0), np.flatnonzero(amplitude < 0)
    count = max(len(up), len(down))
    states: list[np.ndarray] = []
    for rows in (up, down):
        values = np.full(count, np.nan)
        values[: len(rows)] = resistance[rows]
        states.append(values)
    low, high = sorted(states, key=lambda values: float(np.nanmedian(values)))
    return {"Cycle": np.arange(1.0, count + 1), "LRS (ohm)": low, "HRS (ohm)": high}


ARC_ONE = Reader("ArC ONE session", _sniff, _read)
"""Reads sessions of the ArC ONE crossbar tester, plain or packed as .gz."""
