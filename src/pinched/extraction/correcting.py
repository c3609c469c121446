"""`correct`: one decision of a person about a file, checked against the file and appended to `corrections.jsonl`.

What a correction is, and that it is honoured everywhere, is the business of `pinched.data.corrections` and
`pinched.extraction.corrected`; here it is made sure that the file, the column and the cycle exist before the line is
written, because a correction of something that is not there would be passed over for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pinched._errors import DataFileError, PinchedError
from pinched.data.corrections import (
    FILE,
    Correction,
    CorrectionKind,
    append_correction,
    corrected_options,
    in_force,
    read_corrections,
)
from pinched.data.files import read_bytes
from pinched.data.options import ReadOptions
from pinched.data.read import read_folder
from pinched.data.study import study_of
from pinched.extraction.cycles import split_cycles


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One decision, before it is written down."""

    kind: CorrectionKind
    cycle: int | None = None
    """Which cycle of the file, counted from 1 in the order of the file; None for columns."""
    value: float | int | str | None = None
    """What stands instead; see `CorrectionKind`."""
    reason: str
    """Why, in words."""
    author: str = ""
    """Who decided; "" when nobody said."""
    withdrawn: bool = False
    """True takes the earlier corrections of the same target back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """What was written, and what holds for the file now."""

    log: str
    """Path of the `corrections.jsonl`."""
    cycles: int
    """Cycles of the file, those that are left out included."""
    written: Correction
    in_force: tuple[Correction, ...]
    """Every correction of this file that counts now."""


def correct(file: Path | str, change: Change, *, folder: Path | str | None = None) -> Corrected:
    """Append `change` about `file` to the log of its study and return what holds now.

    The study is `folder`, else the nearest folder with a `pinched.toml` or a `corrections.jsonl`, else the file's
    own. Raises `PinchedError` (of the file: `DataFileError`) for a file that cannot be read as the change wants, a
    cycle or a column that it does not have, and a withdrawal of nothing; nothing is written then.
    """
    path = Path(file)
    if path.is_dir():
        raise DataFileError(path, "", "is a folder", "Name the one file that the correction is about.")
    _, sha256, _ = read_bytes(path)
    home = _home(path, folder)
    study = study_of([path])[1]
    correction = Correction(
        kind=change.kind,
        sha256=sha256,
        cycle=change.cycle,
        value=change.value,
        reason=change.reason,
        author=change.author,
        time=datetime.now(UTC),
        withdrawn=change.withdrawn,
    )
    log = read_corrections(home)
    if change.withdrawn and correction.target not in in_force(log):
        raise PinchedError(
            f"{path}: there is no {change.kind}{_of(change.cycle)} in force to withdraw. See what is: "
            "`pinched correct FILE --list`."
        )
    after = (*log, correction)
    cycles = count_cycles(path, corrected_options(study.reading, after, sha256))
    if change.cycle is not None and change.cycle > cycles:
        raise PinchedError(
            f"{path}: has {cycles} cycle(s), there is no cycle {change.cycle}. Cycles are counted from 1 in the "
            "order of the file."
        )
    written_to = append_correction(home, correction)
    return Corrected(log=str(written_to), cycles=cycles, written=correction, in_force=of_file(after, sha256))


def listed(file: Path | str, *, folder: Path | str | None = None) -> tuple[str, tuple[Correction, ...]]:
    """Path of the log that speaks of `file`, and what holds for it; the study is found as in `correct`."""
    path = Path(file)
    _, sha256, _ = read_bytes(path)
    home = _home(path, folder)
    return str(home / FILE), of_file(read_corrections(home), sha256)


def _home(path: Path, folder: Path | str | None) -> Path:
    return Path(folder) if folder is not None else study_of([path])[0] or path.absolute().parent


def of_file(corrections: tuple[Correction, ...], sha256: str) -> tuple[Correction, ...]:
    """Those of `corrections` that count for the file with the hash `sha256`."""
    return tuple(item for item in in_force(corrections).values() if item.sha256 == sha256)


def count_cycles(path: Path, options: ReadOptions) -> int:
    """Cycles of the sweeps in the file `path`, read with `options`; raises `DataFileError` when it holds no sweep."""
    result = read_folder([path], options)
    sweeps = result.sweeps
    if result.skipped:
        # One channel of a record makes a sweep together with the file of the other one.
        sha256 = read_bytes(path)[1]
        beside = read_folder([path.absolute().parent], options).sweeps
        sweeps = tuple(sweep for sweep in beside if sweep.provenance.sha256 == sha256)
        if not sweeps:
            raise result.failure()
    return sum(len(split_cycles(sweep)) for sweep in sweeps)


def _of(cycle: int | None) -> str:
    return "" if cycle is None else f" of cycle {cycle}"
