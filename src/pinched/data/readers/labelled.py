"""Rows that carry their own label: "Gprog, 9.9e-07, 8.2e-07, ..." with as many numbers as there happened to be.

Scripts write one line per trace, the label glued to the numbers, devices as tuples with commas inside and widths
as "tprog=0.0002". Every line becomes a table of one column. When every line has another label and all are
equally long they are a table lying on its side, and become one.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import NamedTuple

import numpy as np

from pinched._errors import DataFileError
from pinched.data.columns import Role, meaning
from pinched.data.readers._lines import Lines
from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.settings import Origin, Setting, SettingName
from pinched.data.table import Dialect, RawTable, number
from pinched.data.unit_words import unit_of

_FEWEST = 4
"""Numbers on a line below which it may as well be a remark."""
_PART = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|[^,;\t\s=:]+(?:\s*[=:]\s*[^,;\t\s]+)?")
_PAIR = re.compile(r"^([A-Za-z]\w*)\s*[=:]\s*(\S+)$")
_NUMERIC = tuple("0123456789+-.")
_QUANTITIES = (Role.RESISTANCE, Role.VOLTAGE, Role.CURRENT, Role.TIME)


class _Label(NamedTuple):
    name: str
    unit: str
    device: str
    pairs: tuple[tuple[str, str], ...]
    start: int
    """Where the numbers begin."""


class _Line(NamedTuple):
    at: int
    name: str
    unit: str
    device: str
    pairs: tuple[tuple[str, str], ...]
    values: np.ndarray


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    if b"\x00" in head[:512]:
        return 0.0
    text = head.decode("utf-8", errors="replace").replace("\r", "\n")
    # The last line may be cut off in the middle of a number: it is still a label and numbers.
    written = (line for line in text.split("\n") if line.strip() and not line.lstrip().startswith(("#", "%")))
    lines = list(islice(written, 40))
    labelled = sum(_label(line) is not None for line in lines)
    return (
        0.8
        if labelled >= 2 and labelled >= len(lines) - 2
        else (0.8 if lines and labelled == len(lines) else 0.0)
    )


def _label(line: str) -> _Label | None:
    """What stands before the numbers of a labelled line; None for any other."""
    if line[:1] in _NUMERIC:
        return None
    name, unit, device = "", "", ""
    pairs: list[tuple[str, str]] = []
    at = 0
    for match in _PART.finditer(line):
        part = match[0]
        if number(part, ".") is not None:
            at = match.start()
            break
        if part.startswith(("(", "[")):
            # "Voltage (V)" states a unit, "Gprog, (3,7)" a device.
            if name and not unit and unit_of(part[1:-1]):
                unit = part[1:-1]
            else:
                device = part
        elif pair := _PAIR.match(part):
            if meaning(pair[1]).role in _QUANTITIES and not name:
                # "Gprog: 9.9e-07, ..." is a label and its first number.
                name, at = pair[1], match.start() + part.index(pair[2], len(pair[1]))
                break
            pairs.append((pair[1], pair[2]))
        elif name:
            return None  # a sentence
        else:
            name = part.rstrip(":=")
    else:
        return None
    if not name or meaning(name).role not in _QUANTITIES:
        return None
    # Cells, not characters: a short line of a real table has few.
    rest = line[at : at + 200].replace(";", ",").replace("\t", ",")
    cells = [cell for cell in (rest.split(",") if "," in rest else rest.split()) if cell.strip()]
    return _Label(name, unit, device, tuple(pairs), at) if len(cells) >= _FEWEST else None


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:  # noqa: ARG001
    text, note = clean_text(content, path)
    found: list[_Line] = []
    shared_device, shared_pairs = "", ()
    for at, line in enumerate(Lines(text), start=1):
        bare = line.strip().lstrip("#%").strip()
        if not bare:
            continue
        label = _label(bare)
        if label is None:
            if found:
                raise DataFileError(
                    path,
                    f"line {at}",
                    f"'{bare[:40]}' is no label followed by numbers",
                    "Repair or delete the line.",
                )
            device, pairs = _preamble(bare)
            shared_device, shared_pairs = device or shared_device, (*shared_pairs, *pairs)
            continue
        values = _numbers(bare[label.start :], at, path)
        pairs = (*label.pairs, *shared_pairs)
        found.append(_Line(at, label.name, label.unit, label.device or shared_device, pairs, values))
    if not found:
        raise DataFileError(path, "", "no label followed by numbers", "Give the file with the measurement.")
    notes = ("each line is one trace, named by its label", *((note,) if note else ()))
    names = Counter(line.name for line in found)
    if len(found) > 1 and max(names.values()) == 1 and len({len(line.values) for line in found}) == 1:
        numbers = np.column_stack([line.values for line in found])
        return [
            RawTable(
                heads=tuple(names), numbers=numbers, texts={}, lines=np.full(len(numbers), found[0].at),
                notes=("the table lies on its side: each line is a column", *notes[1:]),
                settings=_settings(found[0]), device=found[0].device, units=tuple(line.unit for line in found),
            )
        ]  # fmt: skip
    return [
        RawTable(
            heads=(line.name,),
            numbers=line.values[:, None],
            texts={},
            lines=np.full(len(line.values), line.at),
            notes=notes,
            settings=_settings(line),
            device=line.device,
            units=(line.unit,),
        )
        for line in found
    ]


def _preamble(line: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    device, pairs = "", []
    for match in _PART.finditer(line):
        if match[0].startswith(("(", "[")):
            device = match[0]
        elif pair := _PAIR.match(match[0]):
            pairs.append((pair[1], pair[2]))
    return device, tuple(pairs)


def _numbers(text: str, at: int, path: str) -> np.ndarray:
    cells = re.split(r"[,;\t]", text) if re.search(r"[,;\t]", text) else text.split()
    while cells and not cells[-1].strip():
        cells.pop()
    values = [number(cell, ".") for cell in cells]
    for cell, value in zip(cells, values, strict=True):
        if value is None or not np.isfinite(value):
            found = f"'{cell.strip()[:40]}' stands among the numbers"
            raise DataFileError(path, f"line {at}", found, "Repair the number, or delete the line.")
    return np.array(values, dtype=np.float64)


def _settings(line: _Line) -> tuple[Setting, ...]:
    found = [Setting(SettingName.LABEL, line.name, "", Origin.FILE, f"line {line.at}")]
    if line.device:
        found.append(Setting(SettingName.DEVICE, line.device, "", Origin.FILE, f"line {line.at}"))
    # "tprog" is the time of what "Gprog" is the conductance of.
    tail = line.name[1:].lower()
    for key, text in line.pairs:
        value = number(text, ".")
        if (
            value is not None
            and value > 0
            and np.isfinite(value)
            and key.lower() in (f"t{tail}", "tpulse", "width")
        ):
            found.append(Setting(SettingName.PULSE_WIDTH, value, "s", Origin.FILE, key))
            break
    return tuple(found)


LABELLED = Reader("labelled lines", _sniff, _read)
"""Reads lines that begin with the name of a quantity and go on with numbers, however many."""
