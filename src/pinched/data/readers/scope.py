"""Oscilloscope CSV: Tektronix (keys beside or above the samples), Rigol, Siglent, LeCroy.

Older scopes write one file per channel (`Record Length`, `Sample Interval`, ... in column 1, time and volts in
columns 4 and 5); others a block of keys and a head such as `TIME,CH1,CH2`. Rigol states the time by `Start` and
`Increment`. Files whose head stands at the top (Keysight, Rohde & Schwarz, PicoScope) need no reader of their own.
A current is a voltage over a resistor: its value must be said (`ReadOptions(shunt="50 ohm")`). One file per channel
is no sweep by itself: `pinched.data.channels` joins the channels of one record.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import replace
from itertools import pairwise

import numpy as np

from pinched._errors import DataFileError
from pinched.data.readers._lines import Lines
from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.readers.text import read_text
from pinched.data.settings import Origin, Setting, SettingName
from pinched.data.table import Dialect, RawTable, number
from pinched.data.unit_words import unit_of

_KEYS = (b"Record Length", b"Sample Interval")
_CURE = "Save the waveform again as CSV on the scope."
_RIGOL = re.compile(r"^X,(CH\d[^\n]*),Start,Increment,?[ ]*\n[^\n,]+,([^\n]*)\n", re.IGNORECASE)
_HEAD = re.compile(r"^(?:TIME|Second|Time\(s\)),[^\n]*$", re.MULTILINE | re.IGNORECASE)
_FIRST_KEYS = 60
"""Lines from the top among which a head is looked for."""


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    first = head[:2048]
    if first.startswith(b"LECROY") or _RIGOL.match(first.decode("latin-1").replace("\r", "")):
        return 0.9
    if all(key in first for key in _KEYS):
        return 0.9
    return 0.9 if b"Record Length" in first and b"\nTIME,CH" in head.replace(b"\r", b"") else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    text, _ = clean_text(content, path)
    if text.startswith("LECROY"):
        return _lecroy(text, path, dialect)
    rigol = _RIGOL.match(text)
    if rigol is not None:
        return _rigol(text, rigol, path, dialect)
    top = "\n".join(text.split("\n", _FIRST_KEYS)[:_FIRST_KEYS])
    head = next((m for m in _HEAD.finditer(top) if m.start() > 0), None)
    if head is not None:
        return _headed(text, head.start(), path, dialect)
    return _beside(text, path)


def _beside(text: str, path: str) -> list[RawTable]:
    """One channel whose setup keys stand in the first columns of the same rows."""
    keys: dict[str, str] = {}
    samples, numbered = array("d"), array("l")
    for at, line in enumerate(Lines(text), start=1):
        cells = [cell.strip().strip('"') for cell in line.split(",")]
        if cells[0] and number(cells[0], ".") is None:
            keys[cells[0]] = cells[1] if len(cells) > 1 else ""
        if len(cells) < 5:
            continue
        pair = [number(cell, ".") for cell in cells[3:5]]
        if None not in pair:
            samples.extend((pair[0] or 0.0, pair[1] or 0.0))
            numbered.append(at)
    if len(numbered) < 2:
        raise DataFileError(path, "", "setup keys of an oscilloscope and no samples beside them", _CURE)
    _refuse_cut_off(keys.get("Record Length", ""), len(numbered), path)
    return [
        RawTable(
            heads=("Time", keys.get("Source", "") or "channel"),
            numbers=np.array(samples).reshape(-1, 2),
            texts={},
            lines=np.array(numbered),
            units=(
                _unit(keys.get("Horizontal Units", "")) or "s",
                _unit(keys.get("Vertical Units", "")) or "V",
            ),
            settings=_settings(keys),
        )
    ]


def _headed(text: str, start: int, path: str, dialect: Dialect) -> list[RawTable]:
    """Channels under a head at character `start`, with a block of keys above it."""
    keys: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for line in text[:start].split("\n"):
        key, *cells = (cell.strip().strip('"') for cell in line.split(","))
        filled = [cell for cell in cells if cell]
        if key and filled:
            keys[key], several[key] = filled[0], filled
    body = text[start:]
    names = several.get("Source", [])
    first, _, rest = body.partition("\n")
    heads = [cell.strip() for cell in first.split(",")]
    while heads and not heads[-1]:
        heads.pop()
    said = [_unit(cell) for cell in heads]
    if all(said[1:]) and len(names) == len(heads) - 1:
        # Siglent: the head holds units, the names of the channels stand above.
        heads, body = ["Time", *names], ",".join(["Time", *names]) + "\n" + rest
    else:
        # "Vertical Units,V,,A," or "CH1:V,CH2:A": one per channel, or one for all.
        stated = [_unit(cell.rpartition(":")[2]) for cell in several.get("Vertical Units", [])]
        said = [
            "s",
            *(stated if len(stated) == len(heads) - 1 else [(stated or ["V"])[0]] * (len(heads) - 1)),
        ]
    above = text[:start].count("\n")
    found: list[RawTable] = []
    for table in read_text(body, path, dialect):
        width = table.numbers.shape[1]
        units = tuple((said[c] if c < len(said) else "") or ("s" if c == 0 else "V") for c in range(width))
        found.append(replace(table, units=units, lines=table.lines + above, settings=_settings(keys)))
    _refuse_cut_off(keys.get("Record Length", "").rpartition(":")[2], sum(len(t.lines) for t in found), path)
    return found


def _rigol(text: str, head: re.Match[str], path: str, dialect: Dialect) -> list[RawTable]:
    """Channels over a sample number; start and step of the time stand in the second line."""
    names = [name.strip() for name in head[1].split(",")]
    cells = [cell.strip() for cell in head[2].split(",")]
    start, step = (number(cell, ".") for cell in (*cells[len(names) : len(names) + 2], "", "")[:2])
    if start is None or step is None or not np.isfinite([start, step]).all() or step <= 0:
        raise DataFileError(path, "line 2", "states no start and increment of the time", _CURE)
    units = [_unit(cell) or "V" for cell in cells[: len(names)]]
    found: list[RawTable] = []
    for table in read_text(text[head.end() :], path, dialect):
        if table.numbers.shape[1] != len(names) + 1:
            found_width = f"{table.numbers.shape[1]} columns where the head names {len(names)} channels"
            raise DataFileError(path, f"line {int(table.lines[0]) + 2}", found_width, _CURE)
        numbers = np.array(table.numbers)
        numbers[:, 0] = start + step * numbers[:, 0]
        found.append(
            replace(
                table,
                heads=("Time", *names),
                numbers=numbers,
                units=("s", *units),
                lines=table.lines + 2,
                groups=(),
            )
        )
    return found


def _lecroy(text: str, path: str, dialect: Dialect) -> list[RawTable]:
    """One channel under a few lines about its segments, each of which is a record of its own."""
    head = _HEAD.search(text)
    counts = re.search(r"^Segments,(\d{1,6}),SegmentSize,(\d{1,9})", text, re.MULTILINE)
    if head is None or counts is None:
        raise DataFileError(path, "", "the head 'Time,Ampl' of a LeCroy waveform is missing", _CURE)
    above = text[: head.start()].count("\n")
    model = text.split(",", 1)[0]
    segments, size = int(counts[1]), int(counts[2])
    found: list[RawTable] = []
    for table in read_text(text[head.start() :], path, dialect):
        table = replace(
            table, units=("s", *["V"] * (table.numbers.shape[1] - 1)), lines=table.lines + above,
            settings=(Setting(SettingName.INSTRUMENT, model, "", Origin.FILE, "line 1"),),
        )  # fmt: skip
        rows = len(table.lines)
        _refuse_cut_off(str(segments * size), rows, path)
        parts = segments if segments > 1 and segments * size == rows and not table.texts else 1
        edges = [rows * k // parts for k in range(parts + 1)]
        found.extend(
            replace(table, numbers=table.numbers[a:b], lines=table.lines[a:b]) for a, b in pairwise(edges)
        )
    return found


def _refuse_cut_off(announced: str, there: int, path: str) -> None:
    length = number(announced, ".")
    if length is not None and np.isfinite(length) and int(length) > there:
        found = f"{int(length)} samples are announced and {there} stand there: the file was cut off"
        raise DataFileError(path, "", found, _CURE)


def _unit(text: str) -> str:
    known = unit_of(text.strip())
    if known is None and text.strip().lower() in ("s", "v", "a"):
        known = unit_of({"s": "s", "v": "V", "a": "A"}[text.strip().lower()])
    return known[0] if known is not None and known[1] == 1 and known[0] in ("s", "V", "A") else ""


def _settings(keys: dict[str, str]) -> tuple[Setting, ...]:
    model = keys.get("Model Number", "") or keys.get("Model", "")
    return (Setting(SettingName.INSTRUMENT, model, "", Origin.FILE, "Model"),) if model else ()


SCOPE = Reader("oscilloscope CSV", _sniff, _read)
"""Reads CSV files of Tektronix, Rigol, Siglent and LeCroy oscilloscopes, one channel or several per file."""
