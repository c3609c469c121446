"""IC-CAP .mdm files: a header that names inputs, outputs and limits, then a block of samples per outer step."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from pinched._errors import DataFileError
from pinched.data.readers._cells import Grid
from pinched.data.readers._grid import tables
from pinched.data.readers._lines import Lines, Rows
from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.settings import Origin, Setting, SettingName, merged
from pinched.data.stated import understood
from pinched.data.table import Dialect, RawTable, number

_SECTIONS = ("ICCAP_INPUTS", "ICCAP_OUTPUTS", "USER_INPUTS", "ICCAP_VALUES")
_SWEEPS = ("LIN", "LOG", "LIST")
_UNIT_OF_MODE = {"V": "V", "I": "A", "T": "s"}


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    return 0.97 if b"BEGIN_HEADER" in head and b"ICCAP_INPUTS" in head else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:  # noqa: ARG001
    text, _ = clean_text(content, path)
    lines = Lines(text)
    units, settings = _header(lines)
    found: list[RawTable] = []
    block: list[int] | None = None
    variables: list[Setting] = []
    for at, line in enumerate(lines, start=1):
        word = line.strip()
        if not word or word.startswith("!"):
            continue
        if word == "BEGIN_DB":
            block, variables = [], []
        elif word == "END_DB":
            found.extend(_block(lines, block or [], units, (*variables, *settings), path))
            block = None
        elif block is not None and word.startswith(("ICCAP_VAR", "USER_VAR")):
            cells = word.split()
            value = number(cells[-1], ".") if len(cells) > 2 else None
            if value is not None:
                variables.append(
                    Setting(cells[1].lower(), value, units.get(cells[1], "") or "1", Origin.FILE, word)
                )
        elif block is not None:
            block.append(at)
    if block:
        raise DataFileError(
            path, "", "the last block has no END_DB: the file was cut off", "Export it again."
        )
    if not found:
        raise DataFileError(
            path, "", "no block of samples (BEGIN_DB) in the file", "Export the measured data."
        )
    return found


def _block(
    lines: Lines, block: list[int], units: dict[str, str], settings: tuple[Setting, ...], path: str
) -> list[RawTable]:
    grid = Grid(Rows(block, partial(_cells, lines)), block)
    return [
        replace(
            table,
            units=tuple(units.get(head, units.get(head.removeprefix("R:"), "")) for head in table.heads),
            # The imaginary part of a current at rest is no second current.
            aside=frozenset(c for c, head in enumerate(table.heads) if head.startswith("I:")),
            settings=merged(settings),
            preamble=(),
        )
        for table in tables(grid, path)
    ]


def _cells(lines: Lines, at: int) -> list[str]:
    # "#Vd  Id" is the head: its mark is part of no name.
    return lines[at - 1].strip().removeprefix("#").split()


def _header(lines: Lines) -> tuple[dict[str, str], tuple[Setting, ...]]:
    """Unit of each input and output, and the settings, among them the compliance of the inner sweep."""
    units: dict[str, str] = {}
    settings: list[Setting] = []
    section = ""
    for line in lines:
        cells = line.split()
        if not cells or cells[0].startswith("!"):
            continue
        if cells[0] == "END_HEADER":
            break
        if cells[0] in _SECTIONS:
            section = cells[0]
        elif section in ("ICCAP_INPUTS", "ICCAP_OUTPUTS") and len(cells) > 1:
            units[cells[0]] = _UNIT_OF_MODE.get(cells[1], "")
            if section == "ICCAP_INPUTS" and cells[1] == "V":
                settings.extend(_sweep(cells))
        elif section == "ICCAP_VALUES" and len(cells) > 1:
            value = " ".join(cells[1:]).strip('"')
            # IC-CAP holds temperatures in degrees Celsius.
            item = understood(cells[0], value, "C" if "TEMP" in cells[0].upper() else "")
            if item is not None:
                settings.append(item)
    return units, merged(settings)


def _sweep(cells: list[str]) -> list[Setting]:
    """Settings of the inner sweep: name, mode, nodes, unit, compliance, kind, order, start, stop, ..., step."""
    at = next((k for k, cell in enumerate(cells) if cell in _SWEEPS), None)
    if at is None or at < 1 or at + 1 >= len(cells) or cells[at + 1] != "1":
        return []
    names = [(SettingName.COMPLIANCE_CURRENT, "A", cells[at - 1])]
    if cells[at] == "LIN" and len(cells) > at + 3:
        names += [(SettingName.START, "V", cells[at + 2]), (SettingName.STOP, "V", cells[at + 3])]
    found: list[Setting] = []
    for name, unit, text in names:
        value = number(text, ".")
        if value is None or not np.isfinite(value):
            continue
        if name is SettingName.COMPLIANCE_CURRENT:
            value = abs(value)
            if value == 0:
                continue
        found.append(Setting(name, value, unit, Origin.FILE, f"input {cells[0]}"))
    return found


MDM = Reader("IC-CAP MDM", _sniff, _read)
"""Reads .mdm files; one table per block."""
