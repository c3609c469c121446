"""Oscilloscope CSV of Tektronix: setup keys in the first columns, the samples beside them in the same rows.

Older scopes write one file per channel (`Record Length`, `Sample Interval`, ... in column 1, time and volts in
columns 4 and 5); newer ones a block of keys and a head `TIME,CH1,CH2`. A current is a voltage over a resistor:
its value must be said (`ReadOptions(shunt="50 ohm")`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pinched._errors import DataFileError
from pinched.data.readers._lines import Lines
from pinched.data.readers._reader import Reader
from pinched.data.readers.text import clean_text, read_text
from pinched.data.settings import Origin, Setting, SettingName
from pinched.data.table import Dialect, RawTable, number

_KEYS = (b"Record Length", b"Sample Interval")
_CURE = "Save the waveform again as CSV on the scope."


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    first = head[:2048]
    if all(key in first for key in _KEYS):
        return 0.9
    return 0.9 if b"Record Length" in first and b"\nTIME,CH" in head.replace(b"\r", b"") else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    text, _ = clean_text(content, path)
    lines = Lines(text)
    keys: dict[str, str] = {}
    samples: list[tuple[float, float]] = []
    numbered: list[int] = []
    for at, line in enumerate(lines, start=1):
        cells = [cell.strip().strip('"') for cell in line.split(",")]
        if cells[0] and number(cells[0], ".") is None:
            keys[cells[0]] = cells[1] if len(cells) > 1 else ""
        if cells[0].upper() == "TIME":
            return _headed(text, path, dialect, keys)
        if len(cells) < 5:
            continue
        pair = [number(cell, ".") for cell in cells[3:5]]
        if None not in pair:
            samples.append((pair[0] or 0.0, pair[1] or 0.0))
            numbered.append(at)
    if len(samples) < 2:
        raise DataFileError(path, "", "setup keys of an oscilloscope and no samples beside them", _CURE)
    length = number(keys.get("Record Length", ""), ".")
    if length is not None and np.isfinite(length) and int(length) > len(samples):
        found = f"{int(length)} samples are announced and {len(samples)} stand there: the file was cut off"
        raise DataFileError(path, "", found, _CURE)
    channel = keys.get("Source", "") or "channel"
    return [
        RawTable(
            heads=("Time", channel),
            numbers=np.array(samples),
            texts={},
            lines=np.array(numbered),
            units=(
                _unit(keys.get("Horizontal Units", "")) or "s",
                _unit(keys.get("Vertical Units", "")) or "V",
            ),
            settings=_settings(keys),
        )
    ]


def _headed(text: str, path: str, dialect: Dialect, keys: dict[str, str]) -> list[RawTable]:
    start = text.upper().index("\nTIME,") + 1
    above = text[:start].count("\n")
    found: list[RawTable] = []
    for table in read_text(text[start:], path, dialect):
        unit = _unit(keys.get("Vertical Units", "")) or "V"
        units = tuple("s" if head.upper() == "TIME" else unit for head in table.heads)
        found.append(replace(table, units=units, lines=table.lines + above, settings=_settings(keys)))
    return found


def _unit(text: str) -> str:
    return {"v": "V", "volts": "V", "a": "A", "amps": "A", "s": "s"}.get(text.strip().lower(), "")


def _settings(keys: dict[str, str]) -> tuple[Setting, ...]:
    model = keys.get("Model Number", "") or keys.get("Model", "")
    return (Setting(SettingName.INSTRUMENT, model, "", Origin.FILE, "Model"),) if model else ()


SCOPE = Reader("Tektronix oscilloscope CSV", _sniff, _read)
"""Reads CSV files of Tektronix oscilloscopes, one channel or several per file."""
