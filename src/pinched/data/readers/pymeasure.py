"""PyMeasure results: `#Procedure`, `#Parameters` one per line, `#Data:`, then a CSV with units in its heads."""

from __future__ import annotations

import re
from dataclasses import replace

from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.readers.text import read_text
from pinched.data.settings import Origin, Setting, SettingName, merged
from pinched.data.stated import understood
from pinched.data.table import Dialect, RawTable

# A key may hold ": " itself, so the last one parts it from its value; tabs may have become blanks.
_PARAMETER = re.compile(r"^#[\t ]+(\S.*): (.*)$")


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    text = head.lstrip(b"\xef\xbb\xbf")
    return 0.95 if text.startswith(b"#Procedure:") or b"\n#Data:" in head.replace(b"\r", b"") else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    text, note = clean_text(content, path)
    settings: list[Setting] = []
    for line in text.split("\n#Data:")[0].split("\n"):
        if line.startswith("#Procedure:"):
            name = line.partition(":")[2].strip().strip("<>")
            settings.append(Setting(SettingName.TEST, name, "", Origin.FILE, "Procedure"))
        elif match := _PARAMETER.match(line):
            item = understood(match[1], match[2])
            if item is not None:
                settings.append(item)
    notes = (note,) if note else ()
    return [
        replace(table, settings=merged(settings), preamble=())
        for table in read_text(text, path, dialect, notes)
    ]


PYMEASURE = Reader("PyMeasure results", _sniff, _read)
"""Reads results files of PyMeasure with their parameters."""
