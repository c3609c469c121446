"""The main job as one function: measurements in, network accuracy and the page out.

`run_study` is what `pinched evaluate` calls, `run_extraction` its first half (`pinched extract`). Scripts that
need one stage call that stage; this module adds nothing to the stages but their order.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pinched._errors import PinchedError
from pinched._files import check_output, output_folder
from pinched._progress import Progress, Silent
from pinched.data.records import Record
from pinched.data.sweep import IVSweep
from pinched.devices.spread import SpreadFit, fit_spread
from pinched.extraction.gathering import Gathered, Source, gather
from pinched.extraction.gathering_any import gather_any
from pinched.extraction.table import SwitchingTable
from pinched.networks.datasets import Split
from pinched.networks.score import Score
from pinched.networks.study import NetworkOptions, evaluate_task
from pinched.report.findings import Findings, gather_findings
from pinched.report.page import write_results
from pinched.report.record import RunRecord, any_simulated, collect_files, collect_guesses, now


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceOptions:
    """Everything that can be chosen about the device side; the defaults are those of `pinched extract`."""

    source: Source = field(default_factory=Source)
    """What is known about the measurements, and where resistances are stated."""
    device_yield: float | None = None
    """Share of working devices; None counts it in the data."""
    seed: int = 0
    """Seed of everything that is drawn: bootstrap, training, arrays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyOptions:
    """Everything that can be chosen about a study; the defaults are those of `pinched evaluate`."""

    devices: DeviceOptions = field(default_factory=DeviceOptions)
    """The device side."""
    network: NetworkOptions = field(default_factory=NetworkOptions)
    """The network, and the arrays that hold it."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Study:
    """What a study found, ready for the report."""

    sweeps: tuple[IVSweep, ...]
    """The sweeps that were read."""
    table: SwitchingTable
    """One row per cycle."""
    fit: SpreadFit | None
    """The fitted spread of the devices; None where the cycles allow none (extraction only)."""
    findings: Findings | None = None
    """What was found beside the cycles (extraction only)."""
    score: Score | None
    """The accuracy through arrays of such devices; None without a network."""
    run: RunRecord
    """Where every number came from."""


def run_extraction(
    paths: Sequence[Path | str],
    out: Path | str | None = None,
    *,
    options: DeviceOptions | None = None,
    command_line: str = "",
    progress: Progress | None = None,
) -> Study:
    """Read `paths`, measurements of any kind, extract everything, and write tables, figures and page to `out`.

    Sweeps give device numbers and their spread, and pulses, retention, endurance and levels what
    `report.findings.gather_findings` finds. A device that never switches is reported as such: its fit is None and the
    reason stands in the assumptions. `out` (a folder; None writes nothing) appears whole or not at all. Raises
    `PinchedError` for anything that the caller can mend.
    """
    chosen, tracker = options or DeviceOptions(), progress or Silent()
    began, started = now(), time.monotonic()
    if out is not None:
        check_output(Path(out))
    gathered = gather_any(paths, chosen.source, progress=tracker)
    found = gathered.cycles
    why: tuple[str, ...] = ()
    fit = None
    if len(found.table):
        try:
            fit = fit_spread(found.table, device_yield=chosen.device_yield, seed=chosen.seed)
        except PinchedError as error:
            why = (f"No spread was fitted: {error}",)
    findings = gather_findings(
        found.sweeps,
        found.table,
        gathered.records,
        seed=chosen.seed,
        workers=chosen.source.workers,
        progress=tracker,
    )
    run = _record(found, gathered.records, chosen, why, command_line, began, time.monotonic() - started)
    study = Study(sweeps=found.sweeps, table=found.table, fit=fit, findings=findings, score=None, run=run)
    _write(study, out, workers=chosen.source.workers, progress=tracker)
    return study


def run_study(
    paths: Sequence[Path | str],
    out: Path | str | None = None,
    *,
    options: StudyOptions | None = None,
    command_line: str = "",
    progress: Progress | None = None,
) -> Study:
    """Read `paths`, extract, fit, train, store in virtual arrays, evaluate, and write the results to `out`.

    `out` (a folder; None writes nothing) appears whole or not at all. Raises `PinchedError` for anything
    that the caller can mend: files, options, data that do not switch.
    """
    chosen, tracker = options or StudyOptions(), progress or Silent()
    began, started = now(), time.monotonic()
    if out is not None:
        check_output(Path(out))
    # The cheap things that can fail come first: nobody should train for a minute to learn of a missing file.
    network, devices = chosen.network, chosen.devices
    training_data = network.task.load(Split.TRAIN, network.data)
    test_data = network.task.load(Split.TEST, network.data)
    found = gather(paths, devices.source, progress=tracker)
    fit = fit_spread(found.table, device_yield=devices.device_yield, seed=devices.seed)
    score = evaluate_task(network, fit.spread, training_data, test_data, seed=devices.seed, progress=tracker)
    run = _record(found, (), devices, score.storage, command_line, began, time.monotonic() - started)
    study = Study(sweeps=found.sweeps, table=found.table, fit=fit, score=score, run=run)
    _write(study, out, workers=devices.source.workers, progress=tracker)
    return study


def _write(study: Study, out: Path | str | None, *, workers: int, progress: Progress) -> None:
    if out is None:
        return
    with output_folder(Path(out)) as folder:
        write_results(
            folder,
            study.sweeps,
            study.table,
            study.fit,
            study.score,
            run=study.run,
            findings=study.findings,
            workers=workers,
            progress=progress,
        )


def _record(
    found: Gathered,
    records: Sequence[Record],
    options: DeviceOptions,
    assumptions: tuple[str, ...],
    command_line: str,
    began: str,
    duration: float,
) -> RunRecord:
    measured = [*found.sweeps, *records]
    return RunRecord(
        command_line=command_line,
        seed=options.seed,
        read_voltage=found.table.read_voltage,
        started=began,
        duration_s=duration,
        files=collect_files(measured),
        skipped=found.skipped,
        passed_over=found.passed_over,
        guesses=collect_guesses(measured),
        assumptions=(*found.said, *assumptions),
        excluded=found.excluded,
        simulated=any_simulated(measured),
    )
