"""`gather`: a folder of measurements to its switching table, with everything that is known beside the files.

What `pinched evaluate`, `extract` and `check` begin with: a `pinched.toml` and a `corrections.jsonl` beside the data
are honoured, names are read by a pattern, samples are joined. Scripts that want none of this call `read_sweeps` and
`extract_switching` themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from pinched._progress import Progress, Silent
from pinched.data.corrections import Correction, read_corrections
from pinched.data.names import NamePattern, apply_names
from pinched.data.options import DeviceNaming, ReadOptions
from pinched.data.read import ReadResult, read_folder
from pinched.data.samples import apply_samples, read_samples
from pinched.data.study import StudyFile, joined_options, study_of
from pinched.data.sweep import IVSweep
from pinched.extraction.corrected import apply_corrections, file_hashes
from pinched.extraction.switching import extract_switching
from pinched.extraction.table import SwitchingTable

READ_VOLTAGE = 0.1
"""Where resistances are stated (V) when nobody says another voltage."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """How measurements are to be understood; what stays None is taken from `pinched.toml`, then guessed."""

    reading: ReadOptions = field(default_factory=ReadOptions)
    """What is known about the files."""
    name_pattern: str | None = None
    """How names are built, such as "{device}/{area}um/{stop}V_{cycle}"."""
    read_voltage: str | float | None = None
    """Voltage (V) at which resistances are stated."""
    skip_bad: bool = False
    """Whether to go on with the good files when others cannot be used."""
    workers: int = 1
    """Processes that share the reading of more than a few hundred files."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Gathered:
    """Sweeps and their table, after names, samples and corrections."""

    sweeps: tuple[IVSweep, ...]
    """The sweeps of the files that could be used."""
    table: SwitchingTable
    """One row per cycle; cycles that a person excluded are left out."""
    skipped: tuple[str, ...]
    """Files that could not be used, each with the reason."""
    passed_over: tuple[str, ...]
    """Files and sheets that hold no sweep by their nature."""
    excluded: int
    """Cycles that a person excluded."""
    said: tuple[str, ...]
    """What was said beside the files, and done by hand: sentences for the report."""


@runtime_checkable
class Reading(Protocol):
    """Reads a folder: `read_folder`, or something that keeps other kinds of data aside."""

    def __call__(
        self,
        paths: Sequence[Path | str],
        options: ReadOptions | None = None,
        *,
        progress: Progress | None = None,
        workers: int = 1,
        corrections: Sequence[Correction] = (),
        ignored: Sequence[Path] = (),
    ) -> ReadResult:
        """Sweeps of the good files, errors of the others; see `read_folder`."""
        ...


def gather(
    paths: Sequence[Path | str],
    source: Source,
    *,
    progress: Progress | None = None,
    reading_by: Reading = read_folder,
) -> Gathered:
    """Read `paths` as `source` says, by `reading_by`, and extract their switching table.

    Raises `PinchedError` (of files: `DataFileError`) for what cannot be used, unless `source.skip_bad` allows to
    go on and some sweeps remain.
    """
    tracker = progress or Silent()
    folder, study = study_of(paths)
    said = [] if study == StudyFile() else [f"Read as {folder}/pinched.toml says."]
    pattern = study.name_pattern
    if source.name_pattern is not None:
        pattern = NamePattern(source.name_pattern, p_is_point=pattern is not None and pattern.p_is_point)
    corrections = () if folder is None else read_corrections(folder)
    reading = joined_options(source.reading, study.reading)
    if pattern is not None and reading.device_from is DeviceNaming.NAME:
        # Names alone may repeat in a tree; the pattern says afterwards what the device is.
        reading = replace(reading, device_from=DeviceNaming.PATH)
    samples = None if study.samples is None or folder is None else folder / study.samples
    found = reading_by(
        paths,
        reading,
        progress=tracker,
        workers=source.workers,
        corrections=corrections,
        ignored=() if samples is None else (samples,),
    )
    if found.skipped and not (source.skip_bad and found.sweeps):
        raise found.failure()
    sweeps = _named(found, pattern, folder, paths)
    if pattern is not None:
        said.append(f"Device, cycle and settings are read from names by the pattern '{pattern.text}'.")
    if samples is not None:
        sweeps = apply_samples(sweeps, read_samples(samples))
        said.append(f"What is known of the samples comes from {samples}.")
    read_voltage = next(v for v in (source.read_voltage, study.read_voltage, READ_VOLTAGE) if v is not None)
    table = extract_switching(sweeps, read_voltage=read_voltage, progress=tracker)
    corrected = apply_corrections(table, corrections, file_hashes(sweeps))
    return Gathered(
        sweeps=tuple(sweeps),
        table=corrected.table,
        skipped=tuple(str(error) for error in found.skipped),
        passed_over=found.passed_over,
        excluded=len(corrected.excluded),
        said=(*said, *(f"By hand: {sentence}" for sentence in corrected.sentences())),
    )


def _named(
    found: ReadResult, pattern: NamePattern | None, folder: Path | None, paths: Sequence[Path | str]
) -> tuple[IVSweep, ...]:
    if pattern is None:
        return found.sweeps
    base = folder
    if base is None:
        first = Path(paths[0])
        base = first if first.is_dir() else first.parent
    return apply_names(found.sweeps, pattern, folder=base).sweeps
