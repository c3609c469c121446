"""`pinched check`: what the field's reporting guidelines ask of data, and whether the data answer."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinched._errors import PinchedError
from pinched.cli import options as opt
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two

if TYPE_CHECKING:
    from pinched.data.options import ReadOptions
    from pinched.extraction.endurance import Criterion
    from pinched.extraction.gathering import Source
    from pinched.report.checks.record import Check

_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "cannot tell": "cyan"}


@opt.reads_files
def check(
    paths: opt.Paths,
    reading: ReadOptions,
    guideline: Annotated[
        str | None,
        typer.Option(help="Only these guidelines, with commas between, such as endurance2021,methods2019."),
    ] = None,
    min_ratio: Annotated[
        float | None, typer.Option(help="Smallest ratio of HRS to LRS that counts as working (endurance).")
    ] = None,
    read_voltage: opt.ReadVoltage = None,
    name_pattern: opt.NamePattern = None,
    skip_bad: opt.SkipBad = False,
    as_json: opt.Json = False,
) -> None:
    """What reporting guidelines ask of measurements (or of a numbers.json): pass, warn, fail, cannot tell."""
    with mistakes_end_with_two(as_json):
        from pinched.extraction.endurance import Criterion

        wanted = _guidelines(guideline)
        source = opt.source(reading, read_voltage=read_voltage, name_pattern=name_pattern, skip_bad=skip_bad)
        criterion = None if min_ratio is None else Criterion(min_ratio=min_ratio)
        every, said = _checks(paths, source, criterion)
        found = [item for item in every if item.guideline in wanted]
        if as_json:
            records = [dataclasses.asdict(item) for item in found]
            sys.stdout.write(json.dumps({"checks": records, "said": said}, ensure_ascii=False) + "\n")
            return
        table = Table(title="Reporting guidelines", title_justify="left")
        for head in ("", "question", "verdict", "finding"):
            table.add_column(head)
        for item in found:
            mark = "*" if item.our_reading else ""
            style = _STYLE[item.verdict.value]
            table.add_row(item.code, item.question, f"[{style}]{item.verdict.value}[/]", item.finding + mark)
        console = Console()
        console.print(table)
        console.print("* our reading of good practice; the others are words of the guideline.")
        for line in said:
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def _guidelines(text: str | None) -> set[str]:
    from pinched.report.checks.record import Guideline

    every = {item.value for item in Guideline}
    if text is None:
        return every
    wanted = {part.strip() for part in text.split(",") if part.strip()}
    if not wanted or wanted - every:
        raise PinchedError(f"--guideline is '{text}'; choose from {', '.join(sorted(every))}.")
    return wanted


def _checks(
    paths: list[Path], source: Source, criterion: Criterion | None
) -> tuple[list[Check], tuple[str, ...]]:
    """Every check of `paths`, and what was said beside the files or done by hand.

    Endurance is judged by `criterion`; None where nobody stated one.
    """
    from pinched.report.checks.network import check_network

    if len(paths) == 1 and paths[0].suffix == ".json":
        return check_network(_numbers(paths[0])), ()
    from pinched.data.traces import Endurance, LevelReads, PulseTrace, Retention, WriteLog
    from pinched.extraction.gathering_any import gather_any
    from pinched.report.checks.devices import check_devices
    from pinched.report.checks.endurance import check_endurance
    from pinched.report.checks.plasticity import check_levels, check_pulses
    from pinched.report.checks.retention import check_retention
    from pinched.report.checks.variability import check_variability
    from pinched.report.findings.levels import find_pairs
    from pinched.report.findings.traces import find_pulses

    tracker = TerminalProgress()
    gathered = gather_any(paths, source, progress=tracker)
    study, records = gathered.cycles, gathered.records
    found: list[Check] = []
    if len(study.table):
        found += check_devices(study.sweeps, study.table, skipped=len(study.skipped), by_hand=study.excluded)
        found += check_variability(study.sweeps, study.table)
    found += check_endurance([one for one in records if isinstance(one, Endurance)], criterion)
    found += check_retention([one for one in records if isinstance(one, Retention) and len(one) > 2])
    found += check_pulses(
        find_pulses([one for one in records if isinstance(one, PulseTrace)], progress=tracker)
    )
    reads = [one for one in records if isinstance(one, LevelReads)]
    writes = [one for one in records if isinstance(one, WriteLog)]
    found += check_levels(find_pairs(reads, writes), len(reads))
    if not found:
        raise PinchedError(
            "there is nothing that a guideline speaks of: no sweeps, pulses, endurance, retention or reads of cells "
            "in these files."
        )
    return found, study.said


def _numbers(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PinchedError(
            f"{path}: cannot be read as numbers.json ({error}). Give one that pinched wrote."
        ) from None
    if not isinstance(found, dict) or not found.get("network"):
        raise PinchedError(
            f"{path}: holds no network. Give the numbers.json of `pinched evaluate`, or measurements."
        )
    return found
