"""`pinched reproduce`: the numbers of a paper beside ours."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pinched._cores import cores
from pinched._errors import PinchedError
from pinched.cli import options as opt
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two

if TYPE_CHECKING:
    from pinched.papers.comparison import Comparison, Goal


class PaperName(StrEnum):
    """What `pinched reproduce` takes."""

    MARRACCINI2025 = "marraccini2025"
    ROY2025 = "roy2025"
    ZAMANKHANI2024 = "zamankhani2024"


@dataclass(frozen=True, slots=True)
class Paper:
    """What the command needs of a paper."""

    title: str
    """Head of the table of comparisons."""
    twin: str
    """Head of the column of what a goal is compared with."""
    reproduce: Callable[..., dict[str, Any]]
    """Computes everything; takes the folder of results and the options that papers share."""
    comparisons: Callable[[Mapping[str, Any]], Sequence[Comparison]]
    goals: Callable[[Mapping[str, Any]], Sequence[Goal]]
    needs_data: bool = False
    """True where it takes image sets."""
    epochs: bool = False
    """Whether the epochs of its training can be chosen, and a larger network be added."""


def papers() -> dict[PaperName, Paper]:
    """Name on the command line -> what reproduces the paper."""
    from pinched.papers import (
        marraccini2025,
        marraccini2025_goals,
        marraccini2025_table,
        roy2025,
        roy2025_table,
        zamankhani2024,
        zamankhani2024_table,
    )

    return {
        PaperName.MARRACCINI2025: Paper(
            "Section 3.2", "float twin", marraccini2025.reproduce, marraccini2025_table.comparisons,
            marraccini2025_goals.goals, needs_data=True,
        ),
        PaperName.ROY2025: Paper(
            "Figures 4 to 7", "float twin", roy2025.reproduce, roy2025_table.comparisons, roy2025_table.goals,
            needs_data=True, epochs=True,
        ),
        PaperName.ZAMANKHANI2024: Paper(
            "Simulated devices", "HDiNN", zamankhani2024.reproduce, zamankhani2024_table.comparisons,
            zamankhani2024_table.goals,
        ),
    }  # fmt: skip


def _data_folder(given: Path | None) -> Path | None:
    """Where the image sets are: in the folder given, or in the one that the tests look in too."""
    beside = Path("../shared")
    data = beside if given is None and beside.is_dir() else given
    # The reference folder of the tests holds its image sets one level down.
    return data / "datasets" if data is not None and (data / "datasets").is_dir() else data


def reproduce(
    paper: Annotated[PaperName, typer.Argument(help="Which paper.", show_default=False)],
    fast: Annotated[
        bool, typer.Option("--fast", help="Minutes instead of hours; says what was shortened.")
    ] = False,
    epochs: Annotated[
        int | None,
        typer.Option(help="Epochs of every training (roy2025).", min=1, show_default="by data set"),
    ] = None,
    larger: Annotated[
        bool, typer.Option("--larger", help="Also a larger network on CIFAR-10, for hours (roy2025).")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with mnist/, cifar10/ and digits5x4/ (or the MNIST files), for the papers that use them.",
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
        from pinched.report.numbers import to_json

        chosen = papers()[paper]
        if (epochs is not None or larger) and not chosen.epochs:
            raise PinchedError(
                f"--epochs and --larger are for roy2025; the recipes of {paper} are fixed. Leave them out."
            )
        options: dict[str, Any] = {"data": _data_folder(data)} if chosen.needs_data else {}
        if chosen.epochs:
            options |= {"epochs": epochs, "larger": larger}
        found = chosen.reproduce(
            out, fast=fast, seed=seed, workers=cores(), progress=TerminalProgress(), **options
        )
        if as_json:
            sys.stdout.write(to_json(found))
            return
        console, table = Console(), Table(title=chosen.title, title_justify="left")
        for head in ("what", "paper", "here", "why they differ"):
            table.add_column(head)
        for line in chosen.comparisons(found):
            table.add_row(line.what, line.paper, line.ours, line.why)
        console.print(table)
        reached = Table(title="Over seeds", title_justify="left")
        for head in ("what", "to be reached", "mean", "worst seed", chosen.twin, "no network"):
            reached.add_column(head, justify="left" if head == "what" else "right")
        for row in chosen.goals(found):
            reached.add_row(row.what, row.reach, row.mean, row.worst, row.twin, row.baseline)
        console.print(reached)
        for note in found["shortened"]:
            console.print("Shortened:", note, markup=False, highlight=False, soft_wrap=True)
        for note in found["left_out"]:
            console.print("Left out:", note, markup=False, highlight=False, soft_wrap=True)
        console.print("Table:", str(out / "table.md"), markup=False, highlight=False, soft_wrap=True)
