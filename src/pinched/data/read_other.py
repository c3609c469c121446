"""`read_any` and its narrower siblings: files of any kind -> sweeps, pulse traces, retention, endurance, levels.

`read_any` when a folder holds several kinds of measurement, `read_pulses`, `read_retention`, `read_endurance`,
`read_levels`, `read_writes` when one kind is wanted and everything else is an error. The kind of a file follows
from its heads and numbers (`pinched.data.kinds`), never from its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from pinched._errors import DataFileError
from pinched._progress import Progress
from pinched._units import to_si
from pinched.data.channels import Channel, lone_signal
from pinched.data.columns import read_voltage_of
from pinched.data.corrections import Correction, corrected_options
from pinched.data.file_traces import FileTraces, join_files, traces_of
from pinched.data.files import FoundFile, find_files
from pinched.data.kinds import DataKind, Recognised, Use, recognise
from pinched.data.load import Loaded, all_readers, each_file, load_file
from pinched.data.options import ReadOptions
from pinched.data.pairing import NoSweepError
from pinched.data.read import ReadResult, device_name, name_sweeps, user_settings
from pinched.data.readers import Reader
from pinched.data.records import Record, build
from pinched.data.settings import Origin, Setting, SettingName, find, merged
from pinched.data.stated import stated_settings
from pinched.data.states import Source
from pinched.data.sweep import IVSweep, Provenance
from pinched.data.table import RawTable
from pinched.data.traces import Endurance, LevelReads, PulseTrace, Retention, WriteLog

__all__ = [
    "AnyResult", "read_any", "read_any_folder", "read_endurance", "read_levels", "read_pulses", "read_retention",
    "read_writes",
]  # fmt: skip

R = TypeVar("R")
Paths = Path | str | Iterable[Path | str]

_BUILT = frozenset(
    {DataKind.PULSES, DataKind.RETENTION, DataKind.ENDURANCE, DataKind.LEVELS, DataKind.WRITES}
)


@dataclass(frozen=True, slots=True)
class AnyResult:
    """What came out of reading files of any kind."""

    records: tuple[IVSweep | Record, ...]
    """Sweeps and other records of the good files, in file order."""
    skipped: tuple[DataFileError, ...]
    """One error per file that holds nothing that could be used, in file order."""
    passed_over: tuple[str, ...]
    """Files, sheets and tables that hold no measurement by their nature, each with the reason."""


class _FileRecords(NamedTuple):
    loaded: Loaded
    sweeps: FileTraces | None
    records: tuple[Record, ...]
    notes: tuple[str, ...]


def read_any(
    paths: Paths, options: ReadOptions | None = None, *, progress: Progress | None = None
) -> list[IVSweep | Record]:
    """Everything measured in `paths` (files, folders, patterns), each as the type of its kind, all in SI.

    Raises `DataFileError` for the first file that cannot be used; `read_any_folder` goes on without them.
    """
    result = read_any_folder(paths, options, progress=progress)
    if result.skipped:
        raise ReadResult((), result.skipped, ()).failure()
    return list(result.records)


def read_pulses(
    paths: Paths, options: ReadOptions | None = None, *, progress: Progress | None = None
) -> list[PulseTrace]:
    """Every pulse trace in `paths`; conductances in S, times and widths in s. Any other kind is a `DataFileError`."""
    return _only(paths, options, progress, DataKind.PULSES, PulseTrace)


def read_retention(
    paths: Paths, options: ReadOptions | None = None, *, progress: Progress | None = None
) -> list[Retention]:
    """Every retention in `paths`; times in s, resistances in ohm. Any other kind is a `DataFileError`."""
    return _only(paths, options, progress, DataKind.RETENTION, Retention)


def read_endurance(
    paths: Paths, options: ReadOptions | None = None, *, progress: Progress | None = None
) -> list[Endurance]:
    """Every endurance in `paths`; resistances in ohm over cycles. Any other kind is a `DataFileError`."""
    return _only(paths, options, progress, DataKind.ENDURANCE, Endurance)


def read_levels(
    paths: Paths, options: ReadOptions | None = None, *, progress: Progress | None = None
) -> list[LevelReads]:
    """Reads of many cells in `paths`, in ohm, (read, cell). Any other kind is a `DataFileError`."""
    return _only(paths, options, progress, DataKind.LEVELS, LevelReads)


def read_writes(
    paths: Paths, options: ReadOptions | None = None, *, progress: Progress | None = None
) -> list[WriteLog]:
    """Logs of writes in `paths`, in ohm. Any other kind is a `DataFileError`."""
    return _only(paths, options, progress, DataKind.WRITES, WriteLog)


def _only(
    paths: Paths, options: ReadOptions | None, progress: Progress | None, kind: DataKind, wanted: type[R]
) -> list[R]:
    result = read_any_folder(paths, options, progress=progress, wanted=kind)
    if result.skipped:
        raise ReadResult((), result.skipped, ()).failure()
    return [record for record in result.records if isinstance(record, wanted)]


def read_any_folder(
    paths: Paths,
    options: ReadOptions | None = None,
    *,
    wanted: DataKind | None = None,
    progress: Progress | None = None,
    readers: tuple[Reader, ...] | None = None,
    workers: int = 1,
    corrections: Sequence[Correction] = (),
    ignored: Sequence[Path] = (),
) -> AnyResult:
    """As `read_any`, but files that cannot be used are returned beside the records of the others.

    `wanted` takes one kind only and makes every file without it an error. The other arguments are those of
    `read_folder`.
    """
    options = ReadOptions() if options is None else options
    files, passed = find_files(paths)
    apart = {path.resolve() for path in ignored}
    files = [file for file in files if file.path.resolve() not in apart] if apart else files
    if readers is None:
        readers, notes = all_readers()
        passed.extend(notes)
    work = partial(
        _read_file, options=options, readers=readers, wanted=wanted, corrections=tuple(corrections)
    )
    outcome = each_file(work, files, _content, workers=workers, progress=progress)
    sweeps = {k: part.sweeps for k, part in outcome.good.items() if part.sweeps is not None}
    named, refused = join_files(sweeps, options)
    skipped = {**outcome.failed, **refused}
    records: list[IVSweep | Record] = []
    taken: dict[tuple[str, int], Path] = {}
    counters: Counter[str] = Counter()
    counted: Counter[tuple[str, str]] = Counter()
    for k in sorted(outcome.good):
        part = outcome.good[k]
        passed.extend(part.notes)
        try:
            if k in named:
                records.extend(name_sweeps(named[k], options, taken, counters))
        except DataFileError as error:
            skipped[k] = error
            continue
        records.extend(_numbered(record, counted) for record in part.records)
    return AnyResult(tuple(records), tuple(skipped[k] for k in sorted(skipped)), tuple(passed))


def _content(part: _FileRecords) -> str:
    return part.loaded.content


def _numbered(record: Record, counted: Counter[tuple[str, str]]) -> Record:
    """`record` with its place among the traces of its device and label, where the file stated no cycle."""
    if not isinstance(record, PulseTrace):
        return record
    counted[record.device, record.label] += 1
    return record if record.cycle >= 1 else replace(record, cycle=counted[record.device, record.label])


def _read_file(
    file: FoundFile,
    options: ReadOptions,
    readers: tuple[Reader, ...],
    wanted: DataKind | None,
    corrections: tuple[Correction, ...],
) -> _FileRecords:
    loaded = load_file(file, options, readers)
    options = corrected_options(options, corrections, loaded.sha256)
    path = str(file.path)
    sweeps: list[RawTable] = []
    records: list[Record] = []
    notes: list[str] = []
    others: list[NoSweepError] = []
    for table in loaded.tables:
        seen = recognise(table, options, path)
        place = f"sheet {table.sheet}" if table.sheet else ""
        if (wanted is not None and seen.kind is not wanted) or (
            seen.kind is not DataKind.SWEEP and seen.kind not in _BUILT
        ):
            others.append(_other(table, seen.kind, seen.reason, wanted, path, place))
        elif seen.kind is DataKind.SWEEP:
            sweeps.append(table)
        else:
            try:
                records.extend(build(_source(loaded, table, options, seen)))
            except DataFileError as error:
                # A current over a time may be one channel of a sweep whose voltage is in another file.
                if lone_signal(loaded.tables, options) is None:
                    raise
                others.append(NoSweepError(error.path, error.place, error.found, error.cure))
    empty = loaded._replace(tables=())
    if not sweeps and not records:
        lone = lone_signal(loaded.tables, options) if wanted in (None, DataKind.SWEEP) else None
        if lone is None:
            raise others[0]
        refusal = (others[0].path, others[0].place, others[0].found, others[0].cure)
        return _FileRecords(empty, FileTraces(empty, (), (), Channel(file.path, lone, refusal)), (), ())
    notes.extend(str(error).split(". ")[0] for error in others[:1])
    traces = None
    if sweeps:
        found, more = traces_of(tuple(sweeps), options, path)
        notes.extend(more)
        traces = FileTraces(empty, tuple(found), ())
    return _FileRecords(empty, traces, tuple(records), tuple(notes))


def _other(
    table: RawTable, kind: DataKind, reason: str, wanted: DataKind | None, path: str, place: str
) -> NoSweepError:
    heads = ", ".join(table.heads[:8]) + (", ..." if len(table.heads) > 8 else "")
    where = ", ".join(part for part in (place, f"columns {heads}" if heads else "") if part)
    if kind is DataKind.UNKNOWN:
        return NoSweepError(
            path, where, f"no kind of measurement that is known here: {reason}", "Name the columns."
        )
    if kind is DataKind.RESULTS:
        return NoSweepError(
            path, where, f"a table of results: {reason}", "Give the measured files themselves."
        )
    found = f"{kind.value}, not {wanted.value if wanted else 'a measurement'}: {reason}"
    return NoSweepError(path, where, found, "Read it with read_any, or give other files.")


def _read_in_heads(table: RawTable, seen: Recognised) -> tuple[Setting, ...]:
    """The read voltage that the heads or a column of their own state, where all that state one agree."""
    said = {head: volts for head in table.heads if (volts := read_voltage_of(head)) is not None}
    for c in seen.columns(Use.READ):
        said[table.heads[c]] = float(table.numbers[0, c]) * table.meaning(c).factor
    if len(set(said.values())) != 1:
        return ()
    head, volts = next(iter(said.items()))
    return (Setting(SettingName.READ_VOLTAGE, volts, "V", Origin.FILE, head),)


def _read_at(options: ReadOptions) -> tuple[Setting, ...]:
    """The read voltage that the caller said, for files that state none."""
    if options.read_voltage is None:
        return ()
    volts = to_si(options.read_voltage, "V")
    return (Setting(SettingName.READ_VOLTAGE, volts, "V", Origin.USER, "options"),)


def _source(loaded: Loaded, table: RawTable, options: ReadOptions, seen: Recognised) -> Source:
    stated = stated_settings(table.preamble)
    settings = merged(
        user_settings(options),
        table.settings,
        stated.settings,
        _read_in_heads(table, seen),
        _read_at(options),
    )
    simulated_by = stated.simulated_by or str(find(settings, "simulated_by").value or "")
    own = table.device or str(find(settings, SettingName.DEVICE).value or "")

    def name(inside: str) -> str:
        return device_name(loaded.file, (own, inside) if inside else (own,), options.device_from)

    def provenance(columns: tuple[str, ...], first_line: int, guesses: tuple[str, ...]) -> Provenance:
        return Provenance(
            file=str(loaded.file.path),
            sheet=table.sheet,
            columns=columns,
            sha256=loaded.sha256,
            first_line=first_line,
            guesses=guesses,
            simulated_by=simulated_by,
        )

    return Source(
        table=table,
        seen=seen,
        settings=tuple(item for item in settings if item.name != "simulated_by"),
        options=options,
        path=str(loaded.file.path),
        name=name,
        provenance=provenance,
    )
