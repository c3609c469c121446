"""`read_sweeps`: measurement files of any common format -> `IVSweep`s.

`read_sweeps` when every file has to be good; `read_folder` when bad files should be listed and the good ones
used. What the reader should not guess is said in one `ReadOptions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pinched._errors import DataFileError
from pinched._progress import Progress
from pinched._units import to_si
from pinched.data.channels import Channel, lone_signal
from pinched.data.corrections import Correction, corrected_options
from pinched.data.file_traces import FileTraces, join_files, traces_of
from pinched.data.files import FoundFile, find_files
from pinched.data.load import all_readers, each_file, load_file
from pinched.data.options import Columns, DeviceNaming, ReadOptions
from pinched.data.pairing import NoSweepError
from pinched.data.readers import Reader
from pinched.data.settings import Origin, Setting, SettingName, find, merged
from pinched.data.sweep import IVSweep, Provenance

__all__ = ["Columns", "DeviceNaming", "ReadOptions", "ReadResult", "read_folder", "read_sweeps"]

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
    good, refused = join_files(outcome.good, options)
    skipped = {**outcome.failed, **refused}
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
    # The tables are not needed any more, and would have to travel between processes.
    bare = loaded._replace(tables=())
    try:
        traces, notes = traces_of(loaded.tables, chosen, str(file.path))
    except NoSweepError as error:
        lone = lone_signal(loaded.tables, chosen)
        if lone is None:
            raise
        return FileTraces(
            bare, (), (), Channel(file.path, lone, (error.path, error.place, error.found, error.cure))
        )
    return FileTraces(bare, tuple(traces), tuple(notes))


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
