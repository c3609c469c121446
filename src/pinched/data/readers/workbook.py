"""Excel workbooks (.xls, .xlsx, .xlsb, .ods): every sheet that holds a table; a 4200 writes one sheet per run."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import python_calamine

from pinched._errors import DataFileError
from pinched.data.readers._cells import Grid
from pinched.data.readers._grid import tables
from pinched.data.readers._reader import Reader
from pinched.data.readers._sheet import Sheet
from pinched.data.readers.keithley4200 import sheet_settings
from pinched.data.settings import Setting
from pinched.data.table import Dialect, RawTable

_OLE, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_SUFFIXES = (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods")


def _sniff(head: bytes, name: str) -> float:
    if head.startswith((_OLE, _ZIP)):
        return 0.9
    # Many instruments write tab-separated text and call it .xls; only NUL bytes make it ours.
    return 0.5 if name.lower().endswith(_SUFFIXES) and b"\x00" in head[4:] else 0.0


def _sheets(path: str, content: bytes, wanted: str | None) -> Iterator[tuple[str, Sheet]]:
    """Every sheet, one at a time; the library's errors, and its panics on broken files, become `DataFileError`."""
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        if wanted is not None and wanted not in names:
            raise DataFileError(
                path, "", f"there is no sheet '{wanted}'", f"The sheets are: {', '.join(names)}."
            )
        for name in names:
            if wanted is None or name == wanted:
                # Out of this block goes nothing that could raise in it: the caller's errors are its own.
                yield name, _cells(book, name)
    except DataFileError:
        raise
    except python_calamine.PasswordError:
        raise DataFileError(
            path, "", "the workbook is protected by a password", "Save a copy without one, or export CSV."
        ) from None
    except BaseException as error:
        # The Rust side panics on some broken files, and its PanicException is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise DataFileError(
            path,
            "",
            f"not a readable workbook ({reason})",
            "It may be cut off, encrypted or another format: open it, save it again as .xlsx or CSV.",
        ) from None


_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")


def _cells(book: python_calamine.CalamineWorkbook, name: str) -> Sheet:
    sheet = book.get_sheet_by_name(name)
    if sheet.start is None or sheet.end is None:
        return Sheet.of((), 0, 0)
    # Rows come from the first of the sheet on, cells from the first column in which anything stands.
    left = sheet.start[1]
    rows = ((*("",) * left, *row) for row in sheet.iter_rows())
    return Sheet.of(rows, sheet.end[0] + 1, sheet.end[1] + 1)


def _with_points(sheet: Sheet) -> tuple[Sheet, tuple[str, ...]]:
    """`sheet` with numbers that were stored as text, with a decimal comma, as numbers; and the note about it."""
    commas = [cell for cell in sheet.written if "," in cell and _COMMA.fullmatch(cell.strip())]
    # "1,000" alone may be a thousand.
    if not commas or all(len(cell.strip().partition(",")[2]) == 3 for cell in commas):
        return sheet, ()
    points = sheet.rewritten(lambda cell: cell.replace(",", ".") if _COMMA.fullmatch(cell.strip()) else cell)
    return points, ("numbers are stored as text: the comma taken as decimal mark",)


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    found: list[RawTable] = []
    empty: list[str] = []
    stated: dict[str, tuple[Setting, ...]] = {}
    for name, cells in _sheets(path, content, dialect.sheet):
        if any(cell.startswith("====") for cell in cells.written):
            stated.update(sheet_settings(cells))
        notes: tuple[str, ...] = ()
        if dialect.decimal is None:
            cells, notes = _with_points(cells)
        grid = Grid(cells, range(1, len(cells) + 1), decimal=dialect.decimal or ".", sheet=name)
        sheet = [
            replace(table, notes=(*notes, *table.notes)) if notes else table for table in tables(grid, path)
        ]
        found.extend(sheet)
        if not sheet:
            empty.append(name)
    if not found:
        raise DataFileError(
            path,
            "",
            f"no sheet holds a table of numbers (sheets: {', '.join(empty)})",
            "Give the file with the data.",
        )
    return [replace(table, settings=stated.get(table.sheet.strip(), ())) for table in found]


WORKBOOK = Reader("Excel workbook", _sniff, _read)
"""Reads .xls, .xlsx, .xlsb and .ods by content; one or more tables per sheet."""
