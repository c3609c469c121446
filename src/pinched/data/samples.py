"""`samples.csv`: what is known about each device and stands in no file or name, joined to sweeps by device.

One row per device, a column `device`, any others; a unit in a head ("area (um2)", "thickness [nm]") makes the
column numbers in SI, a head without one leaves text. `read_samples` reads it, `apply_samples` puts each device's
row into the settings of its sweeps and refuses a device that the table does not know: a misspelt name must not
lose its area in silence.
"""

from __future__ import annotations

import csv
import dataclasses
import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pinched._errors import DataFileError, PinchedError
from pinched.data._name_grammar import BARE, Unit, name_unit
from pinched.data.files import read_bytes
from pinched.data.readers.decoding import decode
from pinched.data.settings import Origin, Setting, merged
from pinched.data.sweep import IVSweep

_HEAD = re.compile(r"^(?P<name>.*?)\s*(?:\((?P<a>[^()]*)\)|\[(?P<b>[^\[\]]*)\]|/\s*(?P<c>[^/]+))\s*$")
_NUMBER = re.compile(r"[+\-\u2212]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?")
_SEPARATORS = ("\t", ";", ",")


@dataclass(frozen=True, slots=True)
class SampleTable:
    """Rows of a `samples.csv`."""

    path: str
    """File the table came from."""
    columns: tuple[str, ...]
    """Names of the columns beside the device, without units."""
    rows: Mapping[str, tuple[Setting, ...]]
    """Device -> what its row states, in SI; empty cells are left out."""


def read_samples(path: Path | str) -> SampleTable:
    """The table in the text file `path` (comma, semicolon or tab between cells).

    Raises `DataFileError`, naming the line, for a table without a `device` column, an empty or repeated device,
    a row of another length, a column named twice, and a cell that is no number under a head with a unit.
    """
    path = Path(path)
    content, _, _ = read_bytes(path)
    text, _ = decode(content, str(path))
    lines = [(k, line) for k, line in enumerate(text.splitlines(), 1) if line.strip()]
    lines = [(k, line) for k, line in lines if not line.lstrip().startswith("#")]
    if not lines:
        raise DataFileError(path, "", "holds no table", "Write a head such as 'device,area (um2)' and rows.")
    separator = max(_SEPARATORS, key=lambda mark: (mark in lines[0][1], -_SEPARATORS.index(mark)))
    # Where semicolons part the cells, the comma is the decimal mark.
    decimal = "," if separator == ";" and not any("." in line for _, line in lines[1:]) else "."
    rows = [(k, [cell.strip() for cell in _cells(line, separator)]) for k, line in lines]
    heads = [_head(cell) for cell in rows[0][1]]
    names = [name for name, _ in heads]
    where = f"line {rows[0][0]}"
    at = next((k for k, name in enumerate(names) if name.lower() == "device"), None)
    if at is None:
        cure = f"Name the column that says which device a row is about 'device'; the heads are {', '.join(names)}."
        raise DataFileError(path, where, "there is no column 'device'", cure)
    twice = [name for name, count in Counter(name.lower() for name in names).items() if count > 1 or not name]
    if twice:
        found = f"the head '{twice[0]}' stands over several columns" if twice[0] else "a column has no head"
        raise DataFileError(path, where, found, "Give each column one name of its own.")
    found_rows: dict[str, tuple[Setting, ...]] = {}
    lines_of: dict[str, int] = {}
    for line, cells in rows[1:]:
        place = f"line {line}"
        if len(cells) != len(heads):
            found = f"{len(cells)} cells under {len(heads)} heads"
            raise DataFileError(
                path, place, found, "Fill in every column; put text with commas between quotes."
            )
        device = cells[at]
        if not device:
            raise DataFileError(
                path, place, "the device is empty", "Write the name that the sweeps' device has."
            )
        if device in found_rows:
            found = f"device '{device}' stands on line {lines_of[device]} already"
            raise DataFileError(path, place, found, "Keep one row per device.")
        lines_of[device] = line
        found_rows[device] = tuple(
            _value(cell, name, unit, decimal, path, place)
            for k, (cell, (name, unit)) in enumerate(zip(cells, heads, strict=True))
            if k != at and cell
        )
    if not found_rows:
        raise DataFileError(path, "", "a head and no row", "Write one row per device.")
    return SampleTable(str(path), tuple(name for k, name in enumerate(names) if k != at), found_rows)


def join_samples(
    sweeps: Iterable[IVSweep] | Sequence[str], samples: SampleTable
) -> dict[str, tuple[Setting, ...]]:
    """The row of `samples` for each device of `sweeps` (sweeps, or names of devices), in their order.

    Rows that no sweep needs are left out: a table may cover a whole wafer. Raises `PinchedError` for devices that
    the table does not have, with the nearest names it has.
    """
    devices = list(dict.fromkeys(item if isinstance(item, str) else item.device for item in sweeps))
    unknown = [device for device in devices if device not in samples.rows]
    if unknown:
        near = difflib.get_close_matches(unknown[0], samples.rows, n=3) or list(samples.rows)[:3]
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise PinchedError(
            f"{samples.path}: has no row for device '{unknown[0]}'{more}; it has {', '.join(near)}"
            f"{', ...' if len(samples.rows) > len(near) else ''}. Add the row, or mend the name there, in the file "
            "names or in the name pattern."
        )
    return {device: samples.rows[device] for device in devices}


def apply_samples(sweeps: Sequence[IVSweep], samples: SampleTable) -> tuple[IVSweep, ...]:
    """`sweeps` with the row of their device among the settings, ahead of what file and name state.

    Somebody wrote the table on purpose, after the measurement. Raises `PinchedError` as `join_samples` does.
    """
    rows = join_samples(sweeps, samples)
    return tuple(
        dataclasses.replace(sweep, settings=merged(rows[sweep.device], sweep.settings)) for sweep in sweeps
    )


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except (csv.Error, StopIteration):
        return line.split(separator)


def _head(cell: str) -> tuple[str, Unit | None]:
    match = _HEAD.match(cell)
    stated = next((match[group] for group in "abc" if match[group]), None) if match else None
    if match is None or stated is None or not match["name"]:
        return cell, None
    unit = BARE if stated.strip() == "1" else name_unit(stated)
    return (cell, None) if unit is None else (match["name"].strip(), unit)


def _value(cell: str, name: str, unit: Unit | None, decimal: str, path: Path, place: str) -> Setting:
    if unit is None:
        return Setting(name, cell, "", Origin.USER, f"{path.name}, {place}")
    plain = cell.replace(",", ".") if decimal == "," else cell
    if not _NUMBER.fullmatch(plain):
        raise DataFileError(
            path, place, f"'{cell[:40]}' under '{name}' is no number", "Write plain numbers, the unit in the head."
        )  # fmt: skip
    return Setting(name, unit.to_si(plain), unit.si, Origin.USER, f"{path.name}, {place}")
