"""A folder as its `pinched.toml`, samples and corrections say, for the commands that look at files one by one.

`inspect_study` is what `pinched inspect` shows, `start_study` writes a first `pinched.toml` from it, and
`read_study_records` reads records of every kind as the study says. `gather` is the same for sweeps and their table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pinched._errors import PinchedError
from pinched._progress import Progress
from pinched.data.corrections import read_corrections
from pinched.data.names import NamePattern
from pinched.data.options import DeviceNaming, ReadOptions
from pinched.data.read_other import AnyResult, read_any_folder
from pinched.data.samples import SampleTable, read_samples
from pinched.data.study import StudyFile, joined_options, study_of, write_study
from pinched.extraction.inspection import Inspection, inspect_paths

SAMPLES = "samples.csv"
"""Name under which a table of samples is looked for where no `pinched.toml` names one."""


def _samples(folder: Path | None, study: StudyFile, paths: Sequence[Path | str]) -> SampleTable | None:
    """The table of samples that the `study` names, else the `samples.csv` in its folder, or in the one given."""
    if study.samples is not None and folder is not None:
        return read_samples(folder / study.samples)
    places = [folder] if folder is not None else [Path(path).expanduser() for path in paths]
    tables = [place / SAMPLES for place in places if place.is_dir() and (place / SAMPLES).is_file()]
    return read_samples(tables[0]) if len(tables) == 1 else None


def inspect_study(
    paths: Sequence[Path | str],
    said: ReadOptions,
    *,
    name_pattern: str | None = None,
    progress: Progress | None = None,
) -> Inspection:
    """What `paths` hold, read as their study says and as the caller `said` just now (which wins).

    A `samples.csv` beside the data is joined also where no `pinched.toml` names it: what it contradicts is told.
    Raises `PinchedError` as `inspect_paths`, `read_study` and `read_samples` do.
    """
    folder, study = study_of(paths)
    pattern = study.name_pattern
    if name_pattern is not None:
        pattern = NamePattern(name_pattern, p_is_point=pattern is not None and pattern.p_is_point)
    return inspect_paths(
        paths,
        joined_options(said, study.reading),
        pattern=pattern,
        folder=folder,
        corrections=() if folder is None else read_corrections(folder),
        samples=_samples(folder, study, paths),
        progress=progress,
    )


def start_study(found: Inspection, said: ReadOptions) -> Path:
    """Write a `pinched.toml` into the folder of `found` and return its path.

    It holds the pattern that was given, or the one proposed, the table of samples, and what the caller `said` about
    reading. Raises `PinchedError` when the folder has one already: what a person wrote is never overwritten.
    """
    pattern = found.pattern
    if pattern is None and found.proposal is not None:
        pattern = found.proposal.pattern
    folder = Path(found.folder)
    samples = None
    if found.samples:
        table = Path(found.samples).absolute()
        inside = table.is_relative_to(folder.absolute())
        samples = table.relative_to(folder.absolute()).as_posix() if inside else str(table)
    if pattern is not None and said.device_from is DeviceNaming.NAME:
        # What tells devices apart is the pattern's business then.
        said = replace(said, device_from=DeviceNaming.PATH)
    study = StudyFile(name_pattern=pattern, samples=samples, reading=said)
    if study == StudyFile():
        raise PinchedError(
            f"{folder}: there is nothing to write: the names show no pattern, there is no {SAMPLES} and nothing was "
            "said about reading. Give --name-pattern, or options such as --current-unit."
        )
    return write_study(folder, study)


def read_study_records(
    paths: Sequence[Path | str], said: ReadOptions, *, progress: Progress | None = None
) -> AnyResult:
    """Records of every kind in `paths`, read as their study and the caller say, chosen columns included."""
    folder, study = study_of(paths)
    samples = None if study.samples is None or folder is None else folder / study.samples
    return read_any_folder(
        paths,
        joined_options(said, study.reading),
        progress=progress,
        corrections=() if folder is None else read_corrections(folder),
        ignored=() if samples is None else (samples,),
    )
