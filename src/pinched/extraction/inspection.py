"""`inspect_paths`: what was understood of files, before any number of them is used.

One `FileInspection` per file: kind, columns with units and how each was inferred, sweeps and cycles, sampling,
compliance, noise floor and what looks wrong; for a folder a name pattern is proposed. Nothing is refused here: a
file that cannot be used is described by the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pinched._errors import DataFileError
from pinched._progress import Progress, Silent
from pinched.data.column_sets import ColumnSet
from pinched.data.corrections import Correction, corrected_options, in_force
from pinched.data.files import FoundFile, find_files, read_bytes
from pinched.data.kinds import DataKind, Recognised, recognise
from pinched.data.load import Loaded, all_readers, guarded, load_file
from pinched.data.names import NamePattern, apply_names, relative_name
from pinched.data.options import ReadOptions
from pinched.data.pairing import find_sets
from pinched.data.propose import propose_pattern
from pinched.data.read_other import read_any_folder
from pinched.data.readers import TEXT, Reader
from pinched.data.readers.decoding import decode
from pinched.data.samples import SampleTable
from pinched.data.settings import Origin, merged
from pinched.data.sweep import IVSweep
from pinched.data.table import RawTable
from pinched.extraction.inspected import (
    FoundColumn,
    found_columns,
)
from pinched.extraction.inspected_files import FileInspection, Inspection, of_sweeps, with_partners
from pinched.extraction.inspected_names import clashes, read_name, sample_rows, shared_folder
from pinched.extraction.suspicions import Doubt, Suspicion, table_suspicions, text_suspicions
from pinched.extraction.suspicious_sweeps import sweep_suspicions

__all__ = ["FileInspection", "Inspection", "inspect_paths"]

_MEASURED = ("sweeps", "cycles", "sampling", "compliance", "noise_floor")
_SHOWN = 3
"""Suspicions of one kind that are listed for a file before the rest is counted."""


def inspect_paths(
    paths: Path | str | Iterable[Path | str],
    options: ReadOptions | None = None,
    *,
    pattern: NamePattern | None = None,
    folder: Path | str | None = None,
    corrections: Sequence[Correction] = (),
    samples: SampleTable | None = None,
    progress: Progress | None = None,
) -> Inspection:
    """What is in `paths` (files, folders, patterns), read with `options` (None: guess everything).

    Names are taken below `folder` (None: the folder given, or the one that all files share), by `pattern` when
    one is given, else by the proposed one where `samples` are to be joined by it; `corrections` are those of the
    study. Raises `DataFileError` only for paths that do not exist
    and folders without any data file.
    """
    options = ReadOptions() if options is None else options
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    files, passed = find_files(given)
    if samples is not None:
        files = [file for file in files if file.path.resolve() != Path(samples.path).resolve()]
    root = Path(folder) if folder is not None else shared_folder(given, files)
    readers, notes = all_readers()
    proposal = None
    # One name shows nothing that varies.
    if pattern is None and len(files) > 1:
        proposal = propose_pattern([relative_name(file.path, root) for file in files])
    joined_by = pattern if pattern is not None or samples is None or proposal is None else proposal.pattern
    view = _View(options, joined_by, root, readers, tuple(corrections), samples)
    watch = progress or Silent()
    found = [_inspect(file, view) for file in watch.track(files, "inspecting", len(files))]
    found = with_partners(found, options, readers)
    known = {device for file in found for device in file.devices}
    return Inspection(
        files=tuple(found),
        passed_over=(*passed, *notes),
        folder=str(root),
        pattern=pattern,
        proposal=proposal,
        samples="" if samples is None else samples.path,
        samples_unused=()
        if samples is None
        else tuple(device for device in samples.rows if device not in known),
    )


class _View(NamedTuple):
    """What every file of an inspection is looked at with."""

    options: ReadOptions
    pattern: NamePattern | None
    root: Path
    readers: tuple[Reader, ...]
    corrections: tuple[Correction, ...]
    samples: SampleTable | None


def _inspect(file: FoundFile, view: _View) -> FileInspection:
    path = str(file.path)
    options, pattern, readers = view.options, view.pattern, view.readers
    name, suspicions = read_name(path, pattern, view.root)
    try:
        loaded = guarded(partial(load_file, options=options, readers=readers), file)
    except DataFileError as error:
        return FileInspection(
            file=path, kind=DataKind.UNKNOWN, problem=str(error), name=name, suspicions=tuple(suspicions)
        )
    by_hand = [c for c in in_force(view.corrections).values() if c.sha256 == loaded.sha256]
    options = corrected_options(options, by_hand, loaded.sha256)
    columns, verdicts = _look_at_tables(loaded, options, suspicions)
    if loaded.reader == TEXT.name:
        suspicions.extend(text_suspicions(_last_lines(file, path)))
    result = read_any_folder([file.path], options, readers=readers)
    sweeps: Sequence[IVSweep] = [record for record in result.records if isinstance(record, IVSweep)]
    if name is not None and pattern is not None:
        sweeps = apply_names(sweeps, pattern, folder=view.root).sweeps
    suspicions.extend(sweep_suspicions(sweeps))
    records = sweeps or result.records
    devices = tuple(dict.fromkeys(record.device for record in records))
    row, missing = sample_rows(devices, view.samples)
    stated = merged(*(record.settings for record in result.records))
    own = [item for item in stated if item.origin is Origin.FILE]
    table = Path(view.samples.path).name if view.samples is not None else ""
    said = [("the name", name.values if name is not None else ()), (table, row), ("the file", own)]
    suspicions.extend([*missing, *clashes(said)])
    verdict = _main(verdicts)
    refusal = result.skipped[0] if result.skipped else None
    # A table of results is no mistake: it holds what it holds.
    whole = refusal is None or verdict.kind in (DataKind.RESULTS, DataKind.UNKNOWN)
    found = FileInspection(
        file=path,
        sha256=loaded.sha256,
        format=loaded.reader,
        kind=verdict.kind,
        explanation=verdict.reason,
        problem="" if whole else str(refusal),
        columns=tuple(columns),
        devices=devices,
        records=len(result.records) - len(sweeps),
        settings=merged(row, *(record.settings for record in records)),
        name=name,
        corrections=tuple(by_hand),
        guesses=tuple(
            dict.fromkeys(guess for record in result.records for guess in record.provenance.guesses)
        ),
        suspicions=_distinct(suspicions),
    )
    return replace(found, **{key: value for key, value in of_sweeps(sweeps).items() if key in _MEASURED})


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
