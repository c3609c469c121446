"""Keysight EasyExpert (B1500, B1505): "text2csv" exports and the CSV of a single classic test.

Both stack test records: keys with values, one line each, then the samples. In text2csv every line begins with
its kind (`SetupTitle`, `TestParameter`, `MetaData`, `DataName`, `DataValue`); in a classic file the key itself
stands first, and the head follows the line `AutoAnalysis.Marker.Data.StartCondition`. Several records are
several repeats. The swept channel is the one whose `Channel.Func` is VAR1: its voltage, its current and its
compliance are the device's; what other terminals show is set aside.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import overload

import numpy as np

from pinched._errors import DataFileError, PinchedError
from pinched._units import to_si
from pinched.data.readers._cells import Grid
from pinched.data.readers._grid import tables
from pinched.data.readers._lines import Lines, Rows
from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.settings import Origin, Setting, SettingName
from pinched.data.table import Dialect, RawTable

_LAST_KEY = "AutoAnalysis.Marker.Data.StartCondition"
_SEMICOLONS = re.compile(r'^"?(?:SetupTitle|Setup title|TestParameter|Classic test name)"?\s*;', re.MULTILINE)
_DECIMAL_COMMA = re.compile(r"^([+-]?\d+),(\d+)(?=$|[eE\s])")
_KINDS = ("TestParameter", "MetaData", "AnalysisSetup")


@dataclass(slots=True)
class _Record:
    """One test record: its keys, its head, its samples."""

    keys: dict[str, list[str]] = field(default_factory=dict)
    lines: array[int] = field(default_factory=lambda: array("l"))
    """Lines (from 1) of the head and the samples."""


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    # Where the comma is the decimal mark, Windows parts lists by semicolons.
    text = head.replace(b"\x00", b"").replace(b";", b",")
    if b"SetupTitle," in text and b"TestParameter," in text:
        return 0.95
    return 0.95 if b"Channel.VName" in text and b"Classic test name" in text else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    text, note = clean_text(content, path)
    found: list[RawTable] = []
    lines = Lines(text)
    separator = ";" if _SEMICOLONS.search(text) else ","
    decimal = dialect.decimal or ("," if separator == ";" else ".")
    cut = partial(_cells, separator=separator)
    for record in _records(lines, cut, decimal):
        if len(record.lines) > 1:
            samples = _Samples(lines, record.lines, separator)
            rows = Rows(samples, cut)
            grid = Grid(rows, record.lines, decimal=decimal, raw=samples, separator=separator)
            found.extend(part for table in tables(grid, path) for part in _described(table, record, note))
    if not found:
        cure = "Run the test again, or export a record that holds samples."
        raise DataFileError(path, "", "the EasyExpert records hold settings and no samples", cure)
    return found


class _Samples(Sequence[str]):
    """The lines of a table without the word that begins each of them, cut when somebody looks."""

    def __init__(self, lines: Lines, numbered: array[int], separator: str) -> None:
        self._lines, self._numbered, self._separator = lines, numbered, separator

    def __len__(self) -> int:
        return len(self._numbered)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        line = self._lines[self._numbered[index] - 1]
        kind, mark, rest = line.partition(self._separator)
        return rest if mark and kind.strip() in ("DataName", "DataValue") else line


def _cells(line: str, separator: str) -> list[str]:
    if '"' in line:
        try:
            return [
                cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))
            ]
        except (csv.Error, StopIteration):
            pass
    return [cell.strip() for cell in line.split(separator)]


def _records(lines: Lines, cut: Callable[[str], list[str]], decimal: str) -> list[_Record]:
    records = [_Record()]
    in_table = False
    for at, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        cells = cut(line)
        kind = cells[0]
        if kind in ("DataName", "DataValue"):
            if kind == "DataName" and records[-1].lines:
                # A second table in one record is another repeat with the same settings.
                records.append(_Record(keys=dict(records[-1].keys)))
            records[-1].lines.append(at)
            in_table = False
            continue
        if kind in ("SetupTitle", "Setup title") and records[-1].lines:
            records.append(_Record())
            in_table = False
        if in_table:
            records[-1].lines.append(at)
            continue
        if kind in _KINDS or not kind:
            cells = cells[1:]
        if cells and cells[0]:
            values = cells[1:]
            if decimal == ",":
                values = [_DECIMAL_COMMA.sub(r"\1.\2", cell) for cell in values]
            records[-1].keys[cells[0]] = values
            in_table = kind not in _KINDS and cells[0] == _LAST_KEY
    return records


def _described(table: RawTable, record: _Record, note: str) -> list[RawTable]:
    """`table` with what the record says of its columns and settings, cut where a second variable steps."""
    keys = record.keys
    volts, amps = keys.get("Channel.VName", []), keys.get("Channel.IName", [])
    func = [text.upper() for text in keys.get("Channel.Func", [])]
    swept = func.index("VAR1") if "VAR1" in func else None
    own = {names[swept] for names in (volts, amps) if swept is not None and swept < len(names)}
    units = tuple(
        "V" if head in volts and head not in amps else "A" if head in amps and head not in volts else ""
        for head in table.heads
    )
    complete = {"V", "A"} <= {
        unit for head, unit in zip(table.heads, units, strict=True) if head in own and unit
    }
    aside = frozenset(
        c for c, head in enumerate(table.heads) if complete and units[c] and head not in own
    )  # fmt: skip
    notes = table.notes
    if aside:
        others = ", ".join(table.name(c) for c in sorted(aside))
        notes = (*notes, f"{others} left out: another terminal than the swept one")
    table = replace(
        table,
        units=units,
        aside=aside,
        notes=(*((note,) if note else ()), *notes),
        preamble=(),
        settings=_settings(keys, swept),
    )
    return _stepped(table, keys)


def _stepped(table: RawTable, keys: dict[str, list[str]]) -> list[RawTable]:
    """One table per value of the second variable (VAR2), when the record says that there were several."""
    sizes = [_whole(keys.get(key, [""])[0]) for key in ("Dimension1", "Dimension2")]
    first, second = sizes
    rows = len(table.lines)
    if first is None or second is None or second < 2 or first * second != rows or table.faults:
        return [table]
    parts = []
    for k in range(second):
        part = slice(k * first, (k + 1) * first)
        texts = {
            c: {r - part.start: text for r, text in cells.items() if part.start <= r < part.stop}
            for c, cells in table.texts.items()
        }
        parts.append(replace(table, numbers=table.numbers[part], lines=table.lines[part], texts=texts))
    return parts


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 else None


def _settings(keys: dict[str, list[str]], swept: int | None) -> tuple[Setting, ...]:
    found: list[Setting] = []

    def numeric(name: SettingName, key: str, unit: str, at: int = 0) -> None:
        values = keys.get(key, [])
        try:
            number = (
                to_si(values[at].replace("OHM", "ohm"), unit) if at < len(values) and values[at] else None
            )
        except PinchedError:
            return
        if number is not None and np.isfinite(number):
            found.append(Setting(name, number, unit, Origin.FILE, key))

    def words(name: SettingName, *names: str) -> None:
        value = next((" ".join(keys[key]).strip() for key in names if any(keys.get(key, []))), "")
        if value:
            found.append(Setting(name, value, "", Origin.FILE, names[0]))

    modes = keys.get("Channel.Mode", [])
    if swept is None or swept >= len(modes) or modes[swept].upper() != "I":
        # A swept current is limited by a voltage: that is no current limit.
        numeric(SettingName.COMPLIANCE_CURRENT, "Measurement.Primary.Compliance", "A")
        numeric(SettingName.START, "Measurement.Primary.Start", "V")
        numeric(SettingName.STOP, "Measurement.Primary.Stop", "V")
        numeric(SettingName.STEP, "Measurement.Primary.Step", "V")
    found = [
        replace(item, value=abs(item.number))
        if item.name == SettingName.COMPLIANCE_CURRENT and item.number
        else item
        for item in found
        if item.name != SettingName.COMPLIANCE_CURRENT or item.number
    ]
    numeric(SettingName.HOLD, "Measurement.Timing.Hold", "s")
    numeric(SettingName.DELAY, "Measurement.Timing.Delay", "s")
    if swept is not None:
        numeric(SettingName.SERIES_RESISTANCE, "Measurement.Port.SeriesResistor", "ohm", swept)
    words(SettingName.DATE, "TestRecord.RecordTime", "Test date")
    clock = " ".join(keys.get("Test time", []))
    if clock and found and found[-1].name == SettingName.DATE and "TestRecord.RecordTime" not in keys:
        found[-1] = replace(found[-1], value=f"{found[-1].value} {clock}")
    words(SettingName.SITE, "TestRecord.TestTarget")
    words(SettingName.DEVICE, "Device ID")
    words(SettingName.TEST, "SetupTitle", "Setup title")
    words(SettingName.INSTRUMENT, "Context.MainFrame")
    return tuple(found)


EASYEXPERT = Reader("Keysight EasyExpert CSV", _sniff, _read)
"""Reads both CSV exports of EasyExpert, one table per test record."""
