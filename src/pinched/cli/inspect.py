"""`pinched inspect`: shows what was understood of files before any number of them is used."""

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
from pinched._units import show
from pinched.cli import options as opt
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two

if TYPE_CHECKING:
    from pinched.data.options import ReadOptions
    from pinched.extraction.inspected import FoundColumn
    from pinched.extraction.inspection import FileInspection, Inspection

_IN_FULL = 3
"""Files that are shown with all their columns; longer lists get one line per file."""
_MOST_COLUMNS = 20
"""Columns that are listed for a file; JSON has all of them."""
_MOST_GUESSES = 8
"""Guesses that are listed for a file; JSON has all of them."""


@opt.reads_files
def inspect(
    paths: opt.Paths,
    reading: ReadOptions,
    name_pattern: opt.NamePattern = None,
    read_voltage: Annotated[
        str | None,
        typer.Option("--read-voltage", help="Voltage at which currents without a voltage were read (V)."),
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Show every file in full.")] = False,
    study: Annotated[
        bool,
        typer.Option(
            "--write-study",
            help="Write what was said and the name pattern to a new pinched.toml beside the data.",
        ),
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """What files hold and how it was understood: kind, columns, units, sweeps, sampling, what looks wrong."""
    with mistakes_end_with_two(as_json):
        from pinched.extraction.inspecting import inspect_study, start_study

        said = dataclasses.replace(reading, read_voltage=read_voltage)
        found = inspect_study(paths, said, name_pattern=name_pattern, progress=TerminalProgress())
        if all(file.problem for file in found.files):
            first, others = found.files[0], len(found.files) - 1
            raise PinchedError(first.problem + (f" ({others} more files cannot be used)" if others else ""))
        written = str(start_study(found, said)) if study else None
        if as_json:
            record = found.record() | ({} if written is None else {"written": written})
            sys.stdout.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
            return
        _print(found, details)
        if written is not None:
            console = Console(markup=False, highlight=False)
            console.print(f"Written: {written}", style="bold", soft_wrap=True)


def _print(found: Inspection, details: bool) -> None:
    # File names and heads hold square brackets: nothing here is markup.
    console = Console(markup=False, highlight=False)
    if details or len(found.files) <= _IN_FULL:
        for file in found.files:
            _print_file(console, file)
    else:
        console.print(_overview(found))
        console.print("One file, or --details, shows columns and what was inferred.", soft_wrap=True)
        _print_suspicions(console, found)
    for line in found.passed_over:
        console.print(f"Passed over: {line}", soft_wrap=True)
    if found.samples:
        console.print(f"Samples are joined from {found.samples}.", soft_wrap=True)
    if found.samples_unused:
        console.print(f"  Rows without a file here: {_some(found.samples_unused)}.", soft_wrap=True)
    if found.pattern is not None:
        console.print(f"Names are read by '{found.pattern.text}' below {found.folder}.", soft_wrap=True)
    if found.proposal is not None:
        console.print(
            f'Proposed: --name-pattern "{found.proposal.pattern.text}"', style="bold", soft_wrap=True
        )
        for reason in found.proposal.reasons:
            console.print(f"  {reason}", soft_wrap=True)


def _print_file(console: Console, file: FileInspection) -> None:
    console.print(file.file, style="bold", soft_wrap=True)
    rows = [("kind", f"{file.kind} ({file.format})" if file.format else str(file.kind))]
    if file.explanation:
        rows.append(("why", file.explanation))
    if file.part_of:
        rows.append(("part of", file.part_of))
    if file.problem:
        rows.append(("problem", file.problem))
    if file.records:
        rows.append(("traces", f"{file.records}, of {_some(file.devices)}"))
    if file.sweeps:
        rows.append(("sweeps", f"{file.sweeps}, with {file.cycles} cycle(s), of {_some(file.devices)}"))
        rows.append(("sampling", _sampling(file)))
        rows.append(("compliance", _compliance(file)))
        floor = "no sample at 0 V" if file.noise_floor is None else show(file.noise_floor, "A")
        rows.append(("noise floor", floor))
    if file.name is not None:
        rows.append(("name says", str(file.name)))
    for item in file.settings:
        if item.name == "compliance_current":
            continue  # told above, beside what the curves show
        value = show(item.value, item.unit) if isinstance(item.value, float) else str(item.value)
        rows.append((item.name, f"{value.removesuffix(' 1')} ({item.origin.value})"))
    for left, right in rows:
        console.print(f"  {left:<18} {right}", soft_wrap=True)
    if file.columns:
        console.print(_columns(file.columns))
    for item in file.suspicions:
        place = f"{item.place}: " if item.place else ""
        console.print(f"  Suspicious ({item.doubt}): {place}{item.text}.", style="yellow", soft_wrap=True)
    for item in file.corrections:
        about = " of cycle" if item.value is not None or "point" in item.kind else ""
        cycle = "" if item.cycle is None else f"{about} {item.cycle}"
        value = "" if item.value is None else f" {item.value}"
        console.print(f"  By hand: {item.kind}{cycle}{value} ({item.reason})", soft_wrap=True)
    for guess in file.guesses[:_MOST_GUESSES]:
        console.print(f"  Inferred: {guess}.", soft_wrap=True)
    if len(file.guesses) > _MOST_GUESSES:
        console.print(
            f"  Inferred: {len(file.guesses) - _MOST_GUESSES} more of the kind (--json has them all)."
        )
    console.print()


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _sampling(file: FileInspection) -> str:
    sampling = file.sampling
    if sampling is None:
        return ""
    least, most = sampling.points
    points = f"{least} points" if least == most else f"{least} to {most} points"
    low, high = (show(volts, "V") for volts in sampling.voltage_range)
    parts = [f"{points} from {low} to {high}"]
    if sampling.voltage_step is not None:
        parts.append(f"step {show(sampling.voltage_step, 'V')}")
    parts.append("no time" if sampling.rate is None else f"rate {show(sampling.rate, 'V/s')}")
    if sampling.duration is not None:
        parts.append(f"{show(sampling.duration, 's')} long")
    return ", ".join(parts)


def _compliance(file: FileInspection) -> str:
    limit = file.compliance
    if limit is None:
        return ""
    stated = "not stated"
    if limit.stated:
        stated = f"{' to '.join(show(x, 'A') for x in dict.fromkeys((limit.stated[0], limit.stated[-1])))}"
        stated += f" ({limit.origin.value})"
    seen = "no flat top"
    if limit.detected is not None:
        seen = f"flat top at {show(limit.detected, 'A')} in {limit.cycles_with_top} cycle(s)"
    return f"{stated}, {seen}"


def _columns(columns: tuple[FoundColumn, ...]) -> Table:
    several = len({column.sheet for column in columns}) > 1
    table = Table(title_justify="left")
    for head in (
        *(("sheet",) if several else ()),
        "column",
        "head",
        "holds",
        "known from",
        "unit",
        "known from",
    ):
        table.add_column(head, overflow="fold")
    for column in columns[:_MOST_COLUMNS]:
        unit = show(column.factor, column.unit).removeprefix("1 ") if column.unit else ""
        table.add_row(
            *((column.sheet,) if several else ()),
            str(column.number),
            column.head,
            column.use.value + ("" if column.used else " (not used)"),
            str(column.use_basis),
            unit,
            str(column.unit_basis) if unit else "",
        )
    if len(columns) > _MOST_COLUMNS:
        table.caption = f"and {len(columns) - _MOST_COLUMNS} more columns"
    return table


def _overview(found: Inspection) -> Table:
    table = Table(title=f"{len(found.files)} files below {found.folder}", title_justify="left")
    for head in ("file", "holds", "traces", "cycles", "sampling", "looks wrong"):
        table.add_column(head, overflow="fold", justify="right" if head in ("traces", "cycles") else "left")
    for file in found.files:
        table.add_row(
            _below(file.file, found.folder),
            str(file.kind),
            str(file.sweeps or file.records or ""),
            str(file.cycles or ""),
            _sampling(file),
            ", ".join(dict.fromkeys(str(item.doubt) for item in file.suspicions)),
        )
    return table


def _below(file: str, folder: str) -> str:
    path, root = Path(file).absolute(), Path(folder).absolute()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file


def _print_suspicions(console: Console, found: Inspection) -> None:
    """Each kind of doubt once, with its first example: the table says which other files have it."""
    for file in found.files:
        if file.problem:
            console.print(f"  Cannot be used: {file.problem}", style="red", soft_wrap=True)
    shown: set[str] = set()
    for file in found.files:
        for item in file.suspicions:
            if item.doubt not in shown:
                shown.add(item.doubt)
                place = ", ".join(part for part in (file.file, item.place) if part)
                console.print(
                    f"  Suspicious ({item.doubt}), such as {place}: {item.text}.",
                    style="yellow",
                    soft_wrap=True,
                )
