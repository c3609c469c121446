"""`gather_any`: as `gather`, for folders that hold pulses, retention, endurance or levels beside sweeps or instead.

What `pinched extract` begins with. `gather` when only sweeps are wanted and anything else is a mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from pinched._progress import Progress
from pinched._units import to_si
from pinched.data.corrections import Correction
from pinched.data.options import ReadOptions
from pinched.data.read import ReadResult
from pinched.data.read_other import AnyResult, read_any_folder
from pinched.data.records import Record
from pinched.data.study import study_of
from pinched.data.sweep import IVSweep
from pinched.extraction.gathering import READ_VOLTAGE, Gathered, Source, gather
from pinched.extraction.table import SwitchingTable


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GatheredAny:
    """Everything that was measured, the sweeps with their table."""

    cycles: Gathered
    """Sweeps and their table, both empty where no file holds a sweep, with what was said and left out."""
    records: tuple[Record, ...]
    """Pulse traces, retention, endurance, level reads and write logs, in file order."""


class _Aside:
    """Reads files of any kind, hands out the sweeps and keeps the rest."""

    def __init__(self, skip_bad: bool) -> None:
        self.skip_bad = skip_bad
        self.result = AnyResult((), (), ())

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
        self.result = found = read_any_folder(
            paths, options, progress=progress, workers=workers, corrections=corrections, ignored=ignored
        )
        sweeps = tuple(record for record in found.records if isinstance(record, IVSweep))
        answer = ReadResult(sweeps, found.skipped, found.passed_over)
        if found.skipped and not (self.skip_bad and found.records):
            raise answer.failure()
        if not sweeps:
            raise _NoSweepsError
        return answer


class _NoSweepsError(Exception):
    """There is no sweep among good files of other kinds: no error of anybody."""


def gather_any(
    paths: Sequence[Path | str], source: Source, *, progress: Progress | None = None
) -> GatheredAny:
    """Read `paths` as `source` says, sweeps and everything else, and extract the switching table of the sweeps.

    Raises `PinchedError` (of files: `DataFileError`) for what cannot be used, unless `source.skip_bad` allows to go
    on and something remains.
    """
    aside = _Aside(source.skip_bad)
    try:
        found = gather(paths, source, progress=progress, reading_by=aside)
    except _NoSweepsError:
        found = Gathered(
            sweeps=(),
            table=no_cycles(_read_voltage(paths, source)),
            skipped=tuple(str(error) for error in aside.result.skipped),
            passed_over=aside.result.passed_over,
            excluded=0,
            said=(),
        )
    records = tuple(record for record in aside.result.records if not isinstance(record, IVSweep))
    return GatheredAny(cycles=found, records=records)


def no_cycles(read_voltage: float) -> SwitchingTable:
    """The table of no sweep at all, resistances at `read_voltage` (V)."""
    columns: dict[str, object] = {}
    for f in fields(SwitchingTable):
        if f.name == "cycle":
            columns[f.name] = np.zeros(0, dtype=np.int64)
        elif f.name in ("file", "device") or f.name.endswith("_flag"):
            columns[f.name] = ()
        elif f.name != "read_voltage":
            columns[f.name] = np.zeros(0)
    return SwitchingTable(read_voltage=read_voltage, **columns)  # type: ignore[arg-type]


def _read_voltage(paths: Sequence[Path | str], source: Source) -> float:
    _, study = study_of(paths)
    known = (source.read_voltage, study.read_voltage, READ_VOLTAGE)
    return to_si(next(value for value in known if value is not None), "V")
