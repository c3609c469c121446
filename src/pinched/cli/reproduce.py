"""`pinched reproduce`: the numbers of a paper beside ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pinched._cores import cores
from pinched.cli import options as opt
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two


class PaperName(StrEnum):
    """What `pinched reproduce` takes."""

    MARRACCINI2025 = "marraccini2025"


def papers() -> dict[PaperName, Callable[..., dict[str, Any]]]:
    """Name on the command line -> what reproduces the paper."""
    from pinched.papers import marraccini2025

    return {PaperName.MARRACCINI2025: marraccini2025.reproduce}


def _data_folder(given: Path | None) -> Path | None:
    """Where the image sets are: in the folder given, or in the one that the tests look in too."""
    beside = Path("../shared")
    data = beside if given is None and beside.is_dir() else given
    # The reference folder of the tests holds its image sets one level down.
    return data / "datasets" if data is not None and (data / "datasets").is_dir() else data


def reproduce(
    paper: Annotated[PaperName, typer.Argument(help="Which paper.", show_default=False)],
    fast: Annotated[bool, typer.Option("--fast", help="Under two minutes; says what was shortened.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with mnist/ and digits5x4/ (or the MNIST files).",
            envvar="PINCHED_DATA",
            show_default="../shared, if it is there",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the results; a stopped run goes on from there.")
    ] = Path("pinched_reproduce"),
    seed: opt.Seed = 0,
    as_json: opt.Json = False,
) -> None:
    """Every table and figure of a paper's simulations, the paper's number beside ours, and why they differ."""
    with mistakes_end_with_two(as_json):
        from pinched.papers.marraccini2025_goals import goals
        from pinched.papers.marraccini2025_table import comparisons
        from pinched.report.numbers import to_json

        found = papers()[paper](
            out,
            data=_data_folder(data),
            fast=fast,
            seed=seed,
            workers=cores(),
            progress=TerminalProgress(),
        )
        if as_json:
            sys.stdout.write(to_json(found))
            return
        console, table = Console(), Table(title="Section 3.2", title_justify="left")
        for head in ("what", "paper", "here", "why they differ"):
            table.add_column(head)
        for line in comparisons(found):
            table.add_row(line.what, line.paper, line.ours, line.why)
        console.print(table)
        reached = Table(title="Over seeds", title_justify="left")
        for head in ("what", "to be reached", "mean", "worst seed", "float twin", "no network"):
            reached.add_column(head, justify="left" if head == "what" else "right")
        for row in goals(found):
            reached.add_row(row.what, row.reach, row.mean, row.worst, row.twin, row.baseline)
        console.print(reached)
        for note in found["shortened"]:
            console.print("Shortened:", note, markup=False, highlight=False, soft_wrap=True)
        for note in found["left_out"]:
            console.print("Left out:", note, markup=False, highlight=False, soft_wrap=True)
        console.print("Table:", str(out / "table.md"), markup=False, highlight=False, soft_wrap=True)
