"""`corrections.jsonl`: what a person changed by hand, with the reason, never overwritten.

One JSON object per line, only ever appended; files are known by the hash of their bytes, so that a renamed or
moved file keeps its corrections and a changed one does not inherit them. A cycle is counted within its file
(1, 2, 3 ... in the order of the file), because that number survives a new name pattern or another choice of what
a device is. The last line about a target wins; a line with `withdrawn` takes the earlier ones back.

`read_corrections` and `append_correction` are about the file, `corrected_options` honours chosen columns while
reading, `pinched.extraction.corrected.apply_corrections` honours the rest and counts it.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, NoReturn

from pinched._errors import DataFileError
from pinched._params import require
from pinched.data.options import ReadOptions

FILE = "corrections.jsonl"
"""Name of the file in a study folder."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST = 100_000


class CorrectionKind(StrEnum):
    """What a correction is about."""

    VOLTAGE_COLUMN = "voltage column"
    """`value` is the head or number (from 1) of the voltage column of the file."""
    CURRENT_COLUMN = "current column"
    """`value` is the head or number (from 1) of the current column of the file."""
    TIME_COLUMN = "time column"
    """`value` is the head or number (from 1) of the time column of the file."""
    SET_POINT = "SET point"
    """`value` is V_SET (V, signed) of the cycle; None says that there is no SET."""
    RESET_POINT = "RESET point"
    """`value` is V_RESET (V, signed) of the cycle; None says that there is no RESET."""
    EXCLUDED_CYCLE = "excluded cycle"
    """The cycle is left out of everything; `value` is None."""


_COLUMNS = {
    CorrectionKind.VOLTAGE_COLUMN: "voltage",
    CorrectionKind.CURRENT_COLUMN: "current",
    CorrectionKind.TIME_COLUMN: "time",
}


class Target(NamedTuple):
    """What a correction changes: of two about the same target the later one counts."""

    kind: CorrectionKind
    sha256: str
    cycle: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """One decision of a person; raises `PinchedError` for one that says too little or contradicts itself."""

    kind: CorrectionKind
    sha256: str
    """SHA-256 of the file's bytes, 64 lower-case hexadecimal digits (`provenance.sha256`)."""
    cycle: int | None = None
    """Which cycle of the file, counted from 1 in the order of the file; None for columns."""
    value: float | int | str | None = None
    """What stands instead; see `CorrectionKind`."""
    reason: str
    """Why, in words; it is printed in reports."""
    author: str = ""
    """Who decided, as the person wants to be called; "" when nobody said."""
    time: datetime
    """When, with a time zone."""
    withdrawn: bool = False
    """True takes the earlier corrections of the same target back."""

    def __post_init__(self) -> None:
        require(
            self,
            bool(_SHA256.fullmatch(self.sha256)),
            f"sha256 is '{self.sha256[:70]}', not 64 hexadecimal digits.",
        )
        require(self, bool(self.reason.strip()), "the reason is empty: say why, it is part of the record.")
        require(self, self.time.tzinfo is not None, "the time has no time zone: give datetime.now(UTC).")
        about_column = self.kind in _COLUMNS
        require(
            self,
            (self.cycle is None) == about_column and (self.cycle is None or self.cycle >= 1),
            f"cycle is {self.cycle}: a {self.kind} "
            + (
                "is about the whole file, leave it out." if about_column else "needs a cycle, counted from 1."
            ),
        )
        require(self, self._value_fits(), f"value is {self.value!r}, which does not fit a {self.kind}.")

    def _value_fits(self) -> bool:
        if self.withdrawn or self.kind is CorrectionKind.EXCLUDED_CYCLE:
            return self.value is None
        if self.kind in _COLUMNS:
            return (isinstance(self.value, str) and bool(self.value)) or (
                isinstance(self.value, int) and self.value >= 1
            )
        return self.value is None or (
            isinstance(self.value, (int, float)) and math.isfinite(self.value) and self.value != 0
        )

    @property
    def target(self) -> Target:
        """What this is about."""
        return Target(self.kind, self.sha256, self.cycle)


def read_corrections(folder: Path | str) -> tuple[Correction, ...]:
    """Every correction in the `corrections.jsonl` of `folder`, oldest first; () when there is no such file.

    Raises `DataFileError`, naming the line, for a line that is damaged or says something unknown: a correction
    that is passed over in silence would change results in silence.
    """
    path = Path(folder) / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DataFileError(path, "", f"cannot be read ({error.strerror})", "Check its rights.") from None
    found: list[Correction] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            found.append(_parse(line, path, number))
    return tuple(found)


def append_correction(folder: Path | str, correction: Correction) -> Path:
    """Append `correction` to the file of `folder` (made when missing), on the disk when this returns.

    The line is written whole or not at all, what stands in the file is never touched. Raises `DataFileError`
    when the file ends in the middle of a line: another line behind it would be lost with it.
    """
    path = Path(folder) / FILE
    new = not path.exists()
    # Append mode puts the line at the end even when another process writes at the same time.
    with path.open("ab+", buffering=0) as stream:
        end = stream.seek(0, os.SEEK_END)
        if end:
            stream.seek(end - 1)
            if stream.read(1) != b"\n":
                cure = "Look at its last line: complete it, or end it with a line break."
                raise DataFileError(path, "last line", "is cut off", cure)
        line = (json.dumps(_record(correction), ensure_ascii=False) + "\n").encode("utf-8")
        written = stream.write(line)
        if written != len(line):
            stream.truncate(end)
            raise DataFileError(path, "", "the disk is full", "Make room and correct again.")
        os.fsync(stream.fileno())
    if new and os.name == "posix":
        # A new file is safe only when its folder is on the disk, too.
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return path


def in_force(corrections: Iterable[Correction]) -> dict[Target, Correction]:
    """The correction that counts for each target: the last one, unless it takes the earlier ones back."""
    last = {correction.target: correction for correction in corrections}
    return {target: correction for target, correction in last.items() if not correction.withdrawn}


def corrected_options(options: ReadOptions, corrections: Iterable[Correction], sha256: str) -> ReadOptions:
    """`options` for reading the file with the hash `sha256`, with the columns that a person chose for it."""
    chosen = {
        _COLUMNS[target.kind]: correction.value
        for target, correction in in_force(corrections).items()
        if target.sha256 == sha256 and target.kind in _COLUMNS
    }
    if not chosen:
        return options
    return dataclasses.replace(options, columns=dataclasses.replace(options.columns, **chosen))


def _record(correction: Correction) -> dict[str, object]:
    """The line as a dictionary; what says nothing is left out."""
    record: dict[str, object] = {
        "time": correction.time.isoformat(),
        "author": correction.author,
        "kind": str(correction.kind),
        "sha256": correction.sha256,
        "cycle": correction.cycle,
        "value": correction.value,
        "reason": correction.reason,
        "withdrawn": correction.withdrawn,
    }
    unsaid = {"author": "", "cycle": None, "withdrawn": False}
    return {key: value for key, value in record.items() if key not in unsaid or value != unsaid[key]}


def _parse(line: bytes, path: Path, number: int) -> Correction:
    cure = "Restore the line from a copy, or remove it if it is lost."

    def refuse(found: str) -> NoReturn:
        raise DataFileError(path, f"line {number}", found, cure)

    if len(line) > _LONGEST:
        refuse(f"is {len(line)} bytes long, which no correction is")
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        refuse("is damaged (no UTF-8)")
    except (ValueError, RecursionError) as error:
        refuse(f"is damaged (no JSON: {error})")
    if not isinstance(record, dict):
        refuse("is damaged (no JSON object)")
    known = {
        "time": str,
        "author": str,
        "kind": str,
        "sha256": str,
        "cycle": int,
        "reason": str,
        "withdrawn": bool,
    }
    for key, value in record.items():
        if key not in known and key != "value":
            refuse(f"has the unknown key '{key}'")
        # bool is an int to Python: "cycle": true is damage all the same.
        allowed = (str, int, float, type(None)) if key == "value" else known[key]
        if not isinstance(value, allowed) or (isinstance(value, bool) and key != "withdrawn"):
            refuse(f"holds {value!r} under '{key}'")
    missing = [key for key in ("time", "kind", "sha256", "reason") if key not in record]
    if missing:
        refuse(f"lacks '{missing[0]}'")
    try:
        return Correction(
            **{
                **record,
                "kind": CorrectionKind(record["kind"]),
                "time": datetime.fromisoformat(record["time"]),
            }
        )
    except ValueError as error:
        refuse(f"cannot be used ({error})")
