"""LabVIEW .lvm files: two headers, each ended by `***End_of_Header***`, that say how the numbers are written.

The first names the separator and the decimal mark, the second (one per segment) the units, the start and the
step of each channel: where no X column was written, the time is rebuilt from them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from pinched._errors import DataFileError
from pinched.data.readers._cells import Grid
from pinched.data.readers._grid import tables
from pinched.data.readers._lines import Lines, Rows
from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.stated import stated_settings
from pinched.data.table import Dialect, RawTable, number

_END = "***End_of_Header***"
_UNITS = {
    "volts": "V",
    "volt": "V",
    "amps": "A",
    "amperes": "A",
    "ampere": "A",
    "seconds": "s",
    "ohms": "ohm",
}


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    return 0.97 if head.lstrip(b"\xef\xbb\xbf").startswith(b"LabVIEW Measurement") else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    text, _ = clean_text(content, path)
    lines = Lines(text)
    ends = [k for k, line in enumerate(lines) if line.startswith(_END)]
    if not ends:
        raise DataFileError(path, "", f"no line {_END}: the file was cut off", "Copy it again.")
    first = lines[: ends[0]]
    separator = "," if any(line.startswith(("Separator,", "Separator\tComma")) for line in first) else "\t"
    keys = {line.partition(separator)[0].strip(): line.partition(separator)[2].strip() for line in first}
    decimal = dialect.decimal or (keys.get("Decimal_Separator", ".").strip(separator) or ".")[0]
    if decimal == separator or decimal not in ".,":
        decimal = "."
    shared = tuple(line.replace(separator, ": ", 1) for line in first)
    found: list[RawTable] = []
    marks = [*ends[1:], *([] if len(ends) > 1 else ends)]
    for k, mark in enumerate(marks):
        # A segment's own header begins after the samples of the segment before, behind a blank line.
        stop = _segment_end(
            lines, mark + 1, marks[k + 1] if k + 1 < len(marks) else len(lines), separator, decimal
        )
        head = {}
        begin = mark - 1
        while begin >= 0 and lines[begin].strip() and not lines[begin].startswith(_END):
            cells = lines[begin].split(separator)
            head[cells[0].strip()] = [cell.strip() for cell in cells[1:]]
            begin -= 1
        names = _padded(separator, None, lines[mark + 1]) if mark + 1 < stop else []
        width = names.index("Comment") if "Comment" in names else None
        rows = Rows(range(mark + 1, stop), partial(_line_cells, lines, separator, width))
        grid = Grid(rows, range(mark + 2, stop + 1), decimal=decimal)
        for table in tables(grid, path):
            settings = stated_settings(
                (
                    *_moment(head),
                    *(f"{key}: {' '.join(dict.fromkeys(value))}" for key, value in head.items()),
                    *shared,
                )
            ).settings
            found.append(replace(_with_time(table, head, keys, decimal), settings=settings, preamble=()))
    if not found:
        raise DataFileError(
            path, "", "the headers are followed by no numbers", "Give the file with the samples."
        )
    return found


def _moment(head: dict[str, list[str]]) -> list[str]:
    """The date and the clock of a segment's own header as one line; each channel repeats both."""
    first = [head[key][0] for key in ("Date", "Time") if head.get(key)]
    return [f"Date: {' '.join(first)}"] if first else []


def _padded(separator: str, width: int | None, line: str) -> list[str]:
    """Cells of `line` before the Comment column (`width`), which rows leave out or leave empty."""
    return [cell.strip() for cell in line.split(separator)[:width]]


def _line_cells(lines: Lines, separator: str, width: int | None, at: int) -> list[str]:
    return _padded(separator, width, lines[at])


def _segment_end(lines: Lines, start: int, limit: int, separator: str, decimal: str) -> int:
    """The line after the last row of numbers from `start` on (the head row included)."""
    last = start
    for k in range(start, limit):
        cells = [cell for cell in lines[k].split(separator) if cell.strip()]
        if any(number(cell, decimal) is not None for cell in cells[:2]) or k == start:
            last = k + 1
        elif cells:
            break
    return last


def _with_time(table: RawTable, head: dict[str, list[str]], keys: dict[str, str], decimal: str) -> RawTable:
    """`table` with its units, and with a time column where the file states X0 and Delta_X instead of one."""
    labels = [_UNITS.get(unit.lower(), unit) for unit in head.get("Y_Unit_Label", [])]
    heads = list(table.heads)
    is_x = [name.startswith("X_Value") for name in heads]
    ordered = iter(labels)
    dimension = head.get("X_Dimension", [""])[0].lower()
    units = [("s" if dimension in ("", "time") else "") if x else next(ordered, "") for x in is_x]
    heads = ["Time" if x and dimension in ("", "time") else name for x, name in zip(is_x, heads, strict=True)]
    numbers = table.numbers
    step = number(head.get("Delta_X", [""])[0], decimal)
    start = number(head.get("X0", [""])[0], decimal)
    if not any(is_x) and keys.get("X_Columns", "").lower() == "no" and step and math.isfinite(step):
        heads, units = ["Time", *heads], ["s", *units]
        offset = start if start is not None and math.isfinite(start) else 0.0
        numbers = np.column_stack([offset + step * np.arange(len(numbers)), numbers])
        return replace(
            table, heads=tuple(heads), units=tuple(units), numbers=numbers,
            texts={c + 1: cells for c, cells in table.texts.items()},
        )  # fmt: skip
    return replace(table, heads=tuple(heads), units=tuple(units)) if heads else table


LVM = Reader("LabVIEW measurement text", _sniff, _read)
"""Reads .lvm files; one table per segment."""
