"""`read_sweeps`: measurement files of any common format -> `IVSweep`s.

`read_sweeps` when every file has to be good; `read_folder` when bad files should be listed and the good ones
used. What the reader should not guess is said in one `ReadOptions`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pinched._errors import DataFileError
from pinched._progress import Progress
from pinched._units import to_si
from pinched.data.corrections import Correction, corrected_options
from pinched.data.files import FoundFile, find_files
from pinched.data.load import Loaded, all_readers, each_file, load_file
from pinched.data.options import Columns, DeviceNaming, ReadOptions
from pinched.data.pairing import NoSweepError
from pinched.data.readers import Reader
from pinched.data.segments import Trace, cut_traces
from pinched.data.settings import Origin, Setting, SettingName, find, merged
from pinched.data.stated import stated_settings
from pinched.data.sweep import IVSweep, Provenance
from pinched.data.table import RawTable

__all__ = ["Columns", "DeviceNaming", "ReadOptions", "ReadResult", "read_folder", "read_sweeps"]

# Sheet names that programs give by themselves: they name no device.
_DEFAULT_SHEET = re.compile(
    r"^(run|sheet|data|append|tabelle|feuil\w*|hoja|foglio|cycle|sweep|loop|calc|iv|i-v)?[\s_-]*\d*$",
    re.IGNORECASE,
)
_SAME_CURE = (
    "Rename one, or say what a device is: DeviceNaming.PATH, FOLDER, ONE (--device-from path|folder|one)."
)


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What came out of reading many files."""

    sweeps: tuple[IVSweep, ...]
    """Sweeps of the good files, in file order."""
    skipped: tuple[DataFileError, ...]
    """One error per file that could not be used, in file order."""
    passed_over: tuple[str, ...]
    """Files in folders and sheets in workbooks that hold no sweep by their nature, each with the reason."""

    def failure(self) -> DataFileError:
        """The first of `skipped` (at least one), saying how many there are and which come next."""
        first, *others = self.skipped
        if not others:
            return first
        more = f" ({len(self.skipped)} files cannot be used; the next are {'; '.join(e.path for e in others[:3])})"
        return DataFileError(first.path, first.place, first.found, first.cure + more)


class _Found(NamedTuple):
    trace: Trace
    sheet: str
    device: str
    """Device within the file; "" when the file is of one device."""
    simulated_by: str
    settings: tuple[Setting, ...]


class FileTraces(NamedTuple):
    """The traces of one file, before devices and cycles have been named."""

    loaded: Loaded
    """The file; its tables are left out."""
    traces: tuple[_Found, ...]
    """Its traces, in file order."""
    notes: tuple[str, ...]
    """What was passed over in it."""


def read_sweeps(
    paths: Path | str | Iterable[Path | str],
    options: ReadOptions | None = None,
    *,
    progress: Progress | None = None,
) -> list[IVSweep]:
    """Every sweep in `paths`: one or many files, folders (searched to the bottom) or patterns ("lab/*.xls").

    `options` (None: guess everything) says what should not be guessed. Voltages are in V, currents in A, times
    in s; what was guessed stands in each sweep's `provenance.guesses`. Raises `DataFileError` for the first
    file that cannot be used, saying how many there are; use `read_folder` to go on without them.
    """
    result = read_folder(paths, options, progress=progress)
    if result.skipped:
        raise result.failure()
    return list(result.sweeps)


def read_folder(
    paths: Path | str | Iterable[Path | str],
    options: ReadOptions | None = None,
    *,
    progress: Progress | None = None,
    readers: tuple[Reader, ...] | None = None,
    workers: int = 1,
    corrections: Sequence[Correction] = (),
    ignored: Sequence[Path] = (),
) -> ReadResult:
    """As `read_sweeps`, but files that cannot be used are returned beside the sweeps of the others.

    `corrections` may choose the columns of a file, by its hash; files of `ignored` (a table of samples beside the
    data) are passed over.

    `readers` (None: the package's and the installed plug-ins) are the file formats that are tried. `workers`
    processes share more than a few hundred files; a script that asks for more than one needs the usual guard
    `if __name__ == "__main__"`. Raises `DataFileError` only for paths that do not exist and folders without any
    data file.
    """
    options = ReadOptions() if options is None else options
    files, passed = find_files(paths)
    apart = {path.resolve() for path in ignored}
    files = [file for file in files if file.path.resolve() not in apart] if apart else files
    if readers is None:
        readers, notes = all_readers()
        passed.extend(notes)
    work = partial(_read_file, options=options, readers=readers, corrections=tuple(corrections))
    outcome = each_file(work, files, _content, workers=workers, progress=progress)
    skipped, good = dict(outcome.failed), outcome.good
    passed.extend(note for part in good.values() for note in part.notes)
    sweeps: list[IVSweep] = []
    taken: dict[tuple[str, int], Path] = {}
    counters: Counter[str] = Counter()
    for k in sorted(good):
        try:
            sweeps.extend(name_sweeps(good[k], options, taken, counters))
        except DataFileError as error:
            skipped[k] = error
    return ReadResult(tuple(sweeps), tuple(skipped[k] for k in sorted(skipped)), tuple(passed))


def _content(part: FileTraces) -> str:
    return part.loaded.content


def _read_file(
    file: FoundFile, options: ReadOptions, readers: tuple[Reader, ...], corrections: tuple[Correction, ...]
) -> FileTraces:
    loaded = load_file(file, options, readers)
    chosen = corrected_options(options, corrections, loaded.sha256)
    traces, notes = traces_of(loaded.tables, chosen, str(file.path))
    # The tables are not needed any more, and would have to travel between processes.
    return FileTraces(loaded._replace(tables=()), tuple(traces), tuple(notes))


def traces_of(
    tables: tuple[RawTable, ...], options: ReadOptions, path: str
) -> tuple[list[_Found], list[str]]:
    """Traces of all tables of a file; a sheet without any is passed over when another sheet has some."""
    found: list[_Found] = []
    notes: list[str] = []
    refused: list[tuple[str, NoSweepError]] = []
    for table in tables:
        try:
            traces = cut_traces(table, options, path)
        except NoSweepError as error:
            if not table.sheet and len(tables) == 1:
                raise
            refused.append((table.sheet, error))
            continue
        named = "" if _DEFAULT_SHEET.match(table.sheet.strip()) else table.sheet.strip()
        stated = stated_settings(table.preamble)
        settings = merged(table.settings, stated.settings)
        simulated_by = stated.simulated_by or str(find(settings, "simulated_by").value or "")
        settings = tuple(item for item in settings if item.name != "simulated_by")
        traces = [
            replace(
                trace,
                device="/".join(part for part in (table.device, trace.device) if part),
                cycle=table.cycle if trace.cycle is None else trace.cycle,
            )
            for trace in traces
        ]
        found.extend(_Found(trace, table.sheet, named, simulated_by, settings) for trace in traces)
    if not found:
        raise refused[0][1]
    # A sheet of settings falls into many small blocks: one note for it is enough.
    with_data = {item.sheet for item in found}
    silent = {sheet: error for sheet, error in reversed(refused) if sheet not in with_data or not sheet}
    notes.extend(
        f"{path}{f', sheet {sheet}' if sheet else ''}: {error.found}" for sheet, error in silent.items()
    )
    sheets = {item.device for item in found}
    # One sheet of one's own naming is a title, several are devices.
    if len(sheets) == 1:
        found = [item._replace(device="") for item in found]
    return found, notes


def name_sweeps(
    part: FileTraces, options: ReadOptions, taken: dict[tuple[str, int], Path], counters: Counter[str]
) -> list[IVSweep]:
    """The sweeps of one file with their device and cycle; refuses a device and cycle that another file has."""
    labels = [
        device_name(part.loaded.file, (item.device, item.trace.device), options.device_from)
        for item in part.traces
    ]
    running = options.device_from in (DeviceNaming.FOLDER, DeviceNaming.ONE)
    cycles = _cycles(
        labels, [None if running else item.trace.cycle for item in part.traces], counters, running
    )
    sweeps: list[IVSweep] = []
    for (trace, sheet, _, simulated_by, settings), device, cycle in zip(
        part.traces, labels, cycles, strict=True
    ):
        other = taken.get((device, cycle))
        if other is not None and other != part.loaded.file.path:
            raise DataFileError(
                part.loaded.file.path, "", f"is device '{device}', cycle {cycle}, as is {other}", _SAME_CURE
            )
        guesses = trace.guesses
        if len(part.traces) > 1 and trace.cycle is None:
            guesses = (
                *guesses,
                f"{len(part.traces)} sweeps in the file; this one counted as cycle {cycle} of '{device}'",
            )
        elif not running and trace.cycle not in (None, cycle):
            guesses = (
                *guesses,
                f"cycle {trace.cycle} occurs twice in the file; this one counted as cycle {cycle}",
            )
        settings = merged(user_settings(options), settings)
        sweep = IVSweep(
            voltage=trace.voltage,
            current=trace.current,
            time=trace.time,
            compliance_current=find(settings, SettingName.COMPLIANCE_CURRENT).number,
            device=device,
            cycle=cycle,
            provenance=Provenance(
                file=str(part.loaded.file.path),
                sheet=sheet,
                columns=trace.columns,
                sha256=part.loaded.sha256,
                first_line=trace.first_line,
                guesses=guesses,
                simulated_by=simulated_by,
            ),
            settings=settings,
        )
        sweeps.append(sweep.flipped() if options.flip else sweep)
    for sweep in sweeps:
        taken[sweep.device, sweep.cycle] = part.loaded.file.path
    return sweeps


def user_settings(options: ReadOptions) -> tuple[Setting, ...]:
    """What the caller of a `read_*` function said about the measurement itself."""
    limit = options.compliance_current
    if limit is None:
        return ()
    return (Setting(SettingName.COMPLIANCE_CURRENT, to_si(limit, "A"), "A", Origin.USER, "options"),)


def device_name(file: FoundFile, inside: tuple[str, ...], naming: DeviceNaming) -> str:
    """Name of a device of `file`: what is known `inside` it (outer part first, "" for none), and the file's name."""
    if naming is DeviceNaming.ONE:
        return "device"
    inner = [text for text in inside if text]
    if naming is DeviceNaming.NAME and inside[-1]:
        return "/".join(inner)
    outer = {
        DeviceNaming.NAME: file.stem,
        DeviceNaming.PATH: file.below,
        DeviceNaming.FOLDER: file.path.absolute().parent.name,
    }[naming]
    return "/".join([outer, *inner])


def _cycles(labels: list[str], stated: list[int | None], counters: Counter[str], running: bool) -> list[int]:
    """Cycle of each trace: as stated where that is unambiguous within the file, else counted per device."""
    pairs = list(zip(labels, stated, strict=True))
    clear = {
        label for label in labels
        if all(cycle is not None for name, cycle in pairs if name == label)
        and len({cycle for name, cycle in pairs if name == label}) == labels.count(label)
    }  # fmt: skip
    local: Counter[str] = counters if running else Counter()
    cycles: list[int] = []
    for label, cycle in pairs:
        if cycle is not None and label in clear:
            cycles.append(cycle)
            continue
        local[label] += 1
        cycles.append(local[label])
    return cycles
