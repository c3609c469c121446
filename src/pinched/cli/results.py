"""What commands print of a study that is done: tables for people, numbers.json for machines."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pinched._units import show
from pinched.cli.terminal import stderr

if TYPE_CHECKING:
    from pinched.networks.score import Score
    from pinched.pipeline import Study

_MOST_ROWS = 12


def command_line() -> str:
    """The command as it was typed."""
    return shlex.join(["pinched", *sys.argv[1:]])


def show_study(study: Study, out: Path, as_json: bool) -> None:
    """Print what `study` found and where `out` its report lies; with `as_json` its numbers.json alone."""
    for line in study.run.skipped:
        stderr.print("Skipped:", style="bold yellow", end=" ")
        stderr.print(line, markup=False, highlight=False, soft_wrap=True)
    if as_json:
        sys.stdout.write((out / "numbers.json").read_text(encoding="utf-8").rstrip() + "\n")
    else:
        _print(study, out)


def _print(study: Study, out: Path) -> None:
    console = Console()
    if study.run.simulated:
        console.print("SIMULATED data: no instrument measured these sweeps.", style="bold yellow")
    if len(study.table):
        console.print(_cycles_table(study))
    found = json.loads((out / "numbers.json").read_text(encoding="utf-8"))
    _print_parts(found, console)
    if study.score is not None:
        _print_network(study.score, console)
    from pinched.report.view import check_counts

    said = check_counts(found)
    if said:
        console.print(f"Guideline checks: {said}; see the report, or run pinched check.", highlight=False)
    console.print("Report:", str(out / "report.html"), markup=False, highlight=False, soft_wrap=True)


def _print_network(score: Score, console: Console) -> None:
    from pinched.report.numbers import network_numbers
    from pinched.report.view_network import cost_line, required_rows, sensitivity_rows

    console.print(_accuracy_table(score))
    found = network_numbers(score)
    console.print("Storing it took, per array:", cost_line(found), highlight=False, soft_wrap=True)
    for title, heads, rows in (
        (
            "Which property costs the accuracy",
            ("property", "won when perfect", "95 % interval", "lost when it alone is left"),
            sensitivity_rows(found),
        ),
        (
            "What the wanted accuracy requires of each property alone",
            ("property", "needed", "95 % interval", "now"),
            required_rows(found),
        ),
    ):
        if rows:
            table = Table(title=title, title_justify="left")
            for head in heads:
                table.add_column(head, justify="left" if head == "property" else "right")
            for row in rows:
                table.add_row(*row)
            console.print(table)
    for note in () if score.cost is None else score.cost.notes:
        console.print("Note:", note, markup=False, highlight=False, soft_wrap=True)


def _cycles_table(study: Study) -> Table:
    from pinched.extraction.intervals import summarise

    table = Table(
        title=f"{len(study.table)} cycles of {len(study.table.devices)} device(s)", title_justify="left"
    )
    for head in ("", "median", "95 % interval", "sigma_log", "n"):
        table.add_column(head, justify="left" if not head else "right")
    for name, unit in (
        ("v_set", "V"),
        ("v_reset", "V"),
        ("resistance_lrs", "ohm"),
        ("resistance_hrs", "ohm"),
    ):
        one = summarise(study.table.measured(name), devices=study.table.device_number, seed=study.run.seed)
        if one.n == 0:
            table.add_row(name, "-", "-", "-", "0")
            continue
        low, high = (show(value, unit) for value in one.interval)
        table.add_row(name, show(one.median, unit), f"{low} .. {high}", f"{one.sigma_log:.2f}", str(one.n))
    return table


def _print_parts(found: Mapping[str, Any], console: Console) -> None:
    """The tables of everything but cycles; long ones are cut, their CSV has all rows."""
    from pinched.report.view_parts import parts

    for part in parts(found):
        if not part.rows:
            continue
        table = Table(title=part.title, title_justify="left")
        for k, head in enumerate(part.heads):
            table.add_column(head, justify="left" if k < part.texts else "right")
        for row in part.rows[:_MOST_ROWS]:
            # Not parsed as markup: the name of a device may hold square brackets.
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
        if len(part.rows) > _MOST_ROWS:
            console.print(
                f"... and {len(part.rows) - _MOST_ROWS} more rows; the CSV has them all.", highlight=False
            )


def _accuracy_table(score: Score) -> Table:
    low, high = score.interval
    rows = (
        ("read back from the arrays, mean", f"{score.accuracy_array.mean():.2%}"),
        ("  95 % interval of the mean", f"{low:.2%} .. {high:.2%}"),
        (f"  worst of {score.accuracy_array.size} arrays", f"{score.accuracy_array.min():.2%}"),
        (f"quantized to {score.bits} bits, no device", f"{score.accuracy_quantized:.2%}"),
        ("float network", f"{score.accuracy_float:.2%}"),
        ("nearest class mean (no network)", f"{score.baseline_nearest_mean:.2%}"),
        ("most frequent class (trivial)", f"{score.baseline:.2%}"),
        ("bits read wrong", f"{score.bit_error_rate.mean():.3%}"),
    )
    accuracy = Table(title=f"{score.name}: {score.images} test images", title_justify="left")
    accuracy.add_column("accuracy")
    accuracy.add_column("", justify="right")
    for left, right in rows:
        accuracy.add_row(left, right)
    return accuracy
