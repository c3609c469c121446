"""Excel workbooks (.xls, .xlsx, .xlsb, .ods): every sheet that holds a table; a 4200 writes one sheet per run."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import python_calamine

from pinched._errors import DataFileError
from pinched.data.readers._grid import tables
from pinched.data.readers._heads import Grid
from pinched.data.readers._reader import Reader
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


def _rows(path: str, content: bytes, wanted: str | None) -> list[tuple[str, Sequence[Sequence[object]]]]:
    """Cells of every sheet; the library's errors, and its panics on broken files, become `DataFileError`."""
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        if wanted is not None and wanted not in names:
            raise DataFileError(
                path, "", f"there is no sheet '{wanted}'", f"The sheets are: {', '.join(names)}."
            )
        return [
            (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in names
            if wanted is None or name == wanted
        ]
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


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell)
    # repr of a float gives back the same float, so sheets share the text reader's table finder.
    return repr(float(cell)) if isinstance(cell, (int, float)) else str(cell)


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    found: list[RawTable] = []
    empty: list[str] = []
    stated: dict[str, tuple[Setting, ...]] = {}
    for name, cells in _rows(path, content, dialect.sheet):
        rows = [[_text(cell) for cell in row] for row in cells]
        stated.update(sheet_settings(rows))
        grid = Grid(rows, range(1, len(rows) + 1), decimal=dialect.decimal or ".", sheet=name)
        sheet = tables(grid, path)
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
