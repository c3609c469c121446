"""`inspect_paths`: what was understood of files, before any number of them is used.

One `FileInspection` per file: kind, columns with units and how each was inferred, sweeps and cycles, sampling,
compliance, noise floor and what looks wrong; for a folder a name pattern is proposed. Nothing is refused here: a
file that cannot be used is described by the reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pinched._errors import DataFileError, PinchedError
from pinched._progress import Progress, Silent
from pinched.data.column_sets import ColumnSet
from pinched.data.corrections import Correction, corrected_options, in_force
from pinched.data.files import FoundFile, find_files, read_bytes
from pinched.data.kinds import DataKind, Recognised, recognise
from pinched.data.load import Loaded, all_readers, guarded, load_file
from pinched.data.names import NameFields, NamePattern, apply_names, relative_name
from pinched.data.options import ReadOptions
from pinched.data.pairing import find_sets
from pinched.data.propose import ProposedPattern, propose_pattern
from pinched.data.read_other import read_any_folder
from pinched.data.readers import TEXT, Reader
from pinched.data.readers.text import decode
from pinched.data.settings import Setting, merged
from pinched.data.sweep import IVSweep
from pinched.data.table import RawTable
from pinched.extraction.cycles import split_cycles
from pinched.extraction.inspected import (
    Compliance,
    FoundColumn,
    Sampling,
    compliance_of,
    found_columns,
    noise_floor_of,
    plain,
    sampling_of,
)
from pinched.extraction.suspicions import Doubt, Suspicion, table_suspicions, text_suspicions
from pinched.extraction.suspicious_sweeps import sweep_suspicions

_SHOWN = 3
"""Suspicions of one kind that are listed for a file before the rest is counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileInspection:
    """What was understood of one file."""

    file: str
    sha256: str = ""
    """Hash of the file's bytes; "" when they could not be read."""
    format: str = ""
    """Name of the reader that took the file; "" when none could."""
    kind: DataKind
    """What most of it is; `DataKind.UNKNOWN` also for a file that cannot be read."""
    explanation: str = ""
    """Why it was taken as that, as part of a sentence."""
    problem: str = ""
    """Why nothing of it can be used, or why it cannot even be read; "" when nothing is wrong."""
    columns: tuple[FoundColumn, ...] = ()
    """Columns of every table that is built differently."""
    devices: tuple[str, ...] = ()
    """Devices of the sweeps, as names or the name pattern give them."""
    sweeps: int = 0
    cycles: int = 0
    records: int = 0
    """Traces that are no sweeps: of pulses, retention, endurance, levels, writes."""
    sampling: Sampling | None = None
    compliance: Compliance | None = None
    noise_floor: float | None = None
    """Median current (A) at 0 V; None when no sample lies there."""
    settings: tuple[Setting, ...] = ()
    """What else is known of the measurement, each with where it is known from."""
    name: NameFields | None = None
    """What the name says by the pattern; None without a pattern, or when the name does not fit."""
    corrections: tuple[Correction, ...] = ()
    """What a person decided about this file; column choices among them are honoured."""
    guesses: tuple[str, ...] = ()
    """What was inferred and not stated, one sentence each."""
    suspicions: tuple[Suspicion, ...] = ()
    """What looks wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What was understood of several files."""

    files: tuple[FileInspection, ...]
    passed_over: tuple[str, ...] = ()
    """Files that are no data by their name, each with the reason."""
    folder: str = ""
    """Folder that names are taken below."""
    pattern: NamePattern | None = None
    """The pattern that was applied; None when none was given."""
    proposal: ProposedPattern | None = None
    """A pattern that would read every name; None when one was given, or none helps."""

    def record(self) -> dict[str, object]:
        """Everything as plain values for JSON; keys are the names of the fields."""
        found = plain(self)
        return found if isinstance(found, dict) else {}


def inspect_paths(
    paths: Path | str | Iterable[Path | str],
    options: ReadOptions | None = None,
    *,
    pattern: NamePattern | None = None,
    folder: Path | str | None = None,
    corrections: Sequence[Correction] = (),
    progress: Progress | None = None,
) -> Inspection:
    """What is in `paths` (files, folders, patterns), read with `options` (None: guess everything).

    Names are taken below `folder` (None: the folder given, or the one that all files share), by `pattern` when
    one is given; `corrections` are those of the study. Raises `DataFileError` only for paths that do not exist
    and folders without any data file.
    """
    options = ReadOptions() if options is None else options
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    files, passed = find_files(given)
    root = Path(folder) if folder is not None else _shared_folder(given, files)
    readers, notes = all_readers()
    watch = progress or Silent()
    found = tuple(
        _inspect(file, options, pattern, root, readers, corrections)
        for file in watch.track(files, "inspecting", len(files))
    )
    proposal = None
    # One name shows nothing that varies.
    if pattern is None and len(files) > 1:
        proposal = propose_pattern([relative_name(file.path, root) for file in files])
    return Inspection(
        files=found, passed_over=(*passed, *notes), folder=str(root), pattern=pattern, proposal=proposal
    )


def _shared_folder(given: Sequence[Path | str], files: Sequence[FoundFile]) -> Path:
    if len(given) == 1 and Path(given[0]).expanduser().is_dir():
        return Path(given[0]).expanduser()
    parents = [str(file.path.absolute().parent) for file in files]
    try:
        return Path(os.path.commonpath(parents))
    except ValueError:
        # Files on two drives share no folder; names are then taken below the first one's own.
        return Path(parents[0])


def _inspect(
    file: FoundFile,
    options: ReadOptions,
    pattern: NamePattern | None,
    root: Path,
    readers: tuple[Reader, ...],
    corrections: Sequence[Correction],
) -> FileInspection:
    path = str(file.path)
    name, suspicions = _name(path, pattern, root)
    try:
        loaded = guarded(partial(load_file, options=options, readers=readers), file)
    except DataFileError as error:
        return FileInspection(
            file=path, kind=DataKind.UNKNOWN, problem=str(error), name=name, suspicions=tuple(suspicions)
        )
    by_hand = [c for c in in_force(corrections).values() if c.sha256 == loaded.sha256]
    options = corrected_options(options, by_hand, loaded.sha256)
    columns, verdicts = _look_at_tables(loaded, options, suspicions)
    if loaded.reader == TEXT.name:
        suspicions.extend(text_suspicions(_last_lines(file, path)))
    result = read_any_folder([file.path], options, readers=readers)
    sweeps: Sequence[IVSweep] = [record for record in result.records if isinstance(record, IVSweep)]
    if name is not None and pattern is not None:
        sweeps = apply_names(sweeps, pattern, folder=root).sweeps
    suspicions.extend(sweep_suspicions(sweeps))
    records = sweeps or result.records
    verdict = _main(verdicts)
    refusal = result.skipped[0] if result.skipped else None
    # A table of results is no mistake: it holds what it holds.
    whole = refusal is None or verdict.kind in (DataKind.RESULTS, DataKind.UNKNOWN)
    return FileInspection(
        file=path,
        sha256=loaded.sha256,
        format=loaded.reader,
        kind=verdict.kind,
        explanation=verdict.reason,
        problem="" if whole else str(refusal),
        columns=tuple(columns),
        devices=tuple(dict.fromkeys(record.device for record in records)),
        sweeps=len(sweeps),
        cycles=sum(len(split_cycles(sweep)) for sweep in sweeps),
        records=len(result.records) - len(sweeps),
        sampling=sampling_of(sweeps),
        compliance=compliance_of(sweeps) if sweeps else None,
        noise_floor=noise_floor_of(sweeps),
        settings=merged(*(record.settings for record in records)),
        name=name,
        corrections=tuple(by_hand),
        guesses=tuple(
            dict.fromkeys(guess for record in result.records for guess in record.provenance.guesses)
        ),
        suspicions=_distinct(suspicions),
    )


def _look_at_tables(
    loaded: Loaded, options: ReadOptions, suspicions: list[Suspicion]
) -> tuple[list[FoundColumn], list[Recognised]]:
    """Columns of the tables of a file and what each table is; doubts are added to `suspicions`."""
    columns: list[FoundColumn] = []
    built: set[tuple[str, ...]] = set()
    path = str(loaded.file.path)
    verdicts = [recognise(table, options, path) for table in loaded.tables]
    # Sheets of settings and calculations beside measured ones are not what anybody asks about.
    idle = (DataKind.UNKNOWN, DataKind.RESULTS)
    some = any(seen.kind not in idle for seen in verdicts)
    for table, seen in zip(loaded.tables, verdicts, strict=True):
        if some and seen.kind in idle:
            continue
        sets = _sets(table, options, path) if seen.kind is DataKind.SWEEP else []
        found = found_columns(table, seen, sets, options)
        suspicions.extend(_placed(table, table_suspicions(table, found)))
        # Blocks and sheets that are built alike are told once.
        shape = (*table.heads, *(column.use.value for column in found))
        if shape not in built:
            built.add(shape)
            columns.extend(found)
    return columns, verdicts


def _main(verdicts: Sequence[Recognised]) -> Recognised:
    """The verdict on the file: sweeps before anything else that can be used, that before the rest."""
    order = [
        DataKind.SWEEP, DataKind.PULSES, DataKind.RETENTION, DataKind.ENDURANCE, DataKind.LEVELS, DataKind.WRITES,
        DataKind.RESULTS, DataKind.UNKNOWN,
    ]  # fmt: skip
    return min(verdicts, key=lambda verdict: order.index(verdict.kind))


def _name(path: str, pattern: NamePattern | None, root: Path) -> tuple[NameFields | None, list[Suspicion]]:
    """What the name of a file says; a name that does not fit is a suspicion here, and a mistake where it is used."""
    if pattern is None:
        return None, []
    try:
        return pattern.parse(relative_name(path, root)), []
    except PinchedError as error:
        return None, [Suspicion(Doubt.NAME_MISFIT, str(error).rstrip("."))]


def _sets(table: RawTable, options: ReadOptions, path: str) -> list[ColumnSet]:
    try:
        return find_sets(table, options, [], path, "")[0]
    except DataFileError:
        return []  # the reason is told once, for the whole file


def _placed(table: RawTable, found: Iterable[Suspicion]) -> Iterable[Suspicion]:
    for item in found:
        place = ", ".join(
            part for part in (f"sheet {table.sheet}" if table.sheet else "", item.place) if part
        )
        yield Suspicion(item.doubt, item.text, place)


def _last_lines(file: FoundFile, path: str) -> list[str]:
    """Lines at the end of a text file; [] when its bytes are no text."""
    try:
        return decode(read_bytes(file.path)[0], path)[0].splitlines()[-100:]
    except DataFileError:
        return []


def _distinct(suspicions: Iterable[Suspicion]) -> tuple[Suspicion, ...]:
    """Suspicions of one kind in several blocks as one: a file of a hundred blocks has one trap, not a hundred."""
    by_doubt: dict[Doubt, list[Suspicion]] = {}
    for item in suspicions:
        by_doubt.setdefault(item.doubt, []).append(item)
    shown: list[Suspicion] = []
    for doubt, items in by_doubt.items():
        shown.extend(items[:_SHOWN])
        if len(items) > _SHOWN:
            shown.append(Suspicion(doubt, f"the same {len(items) - _SHOWN} more times"))
    return tuple(shown)
