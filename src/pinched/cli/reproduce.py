"""`pinched reproduce`: the numbers of a paper beside ours."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
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
    from pinched.papers.marraccini2025_goals import Goal
    from pinched.papers.marraccini2025_table import Comparison


class PaperName(StrEnum):
    """What `pinched reproduce` takes."""

    MARRACCINI2025 = "marraccini2025"
    ROY2025 = "roy2025"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reproduced:
    """One paper: what computes it, and what the terminal shows of the result."""

    compute: Callable[..., dict[str, Any]]
    title: str
    """What part of the paper the table is of."""
    comparisons: Callable[[dict[str, Any]], Iterable[Comparison]]
    goals: Callable[[dict[str, Any]], Iterable[Goal]]
    epochs: bool
    """Whether the epochs of its training can be chosen."""


def papers() -> dict[PaperName, Reproduced]:
    """Name on the command line -> what reproduces the paper."""
    from pinched.papers import (
        marraccini2025,
        marraccini2025_goals,
        marraccini2025_table,
        roy2025,
        roy2025_table,
    )

    return {
        PaperName.MARRACCINI2025: Reproduced(
            compute=marraccini2025.reproduce, title="Section 3.2", epochs=False,
            comparisons=marraccini2025_table.comparisons, goals=marraccini2025_goals.goals,
        ),
        PaperName.ROY2025: Reproduced(
            compute=roy2025.reproduce, title="Figures 4 to 7", epochs=True,
            comparisons=roy2025_table.comparisons, goals=roy2025_table.goals,
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
        bool, typer.Option("--fast", help="Two minutes (roy2025: fifteen); says what was shortened.")
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
            help="Folder with mnist/, cifar10/ and digits5x4/ (or the MNIST files).",
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
        options: dict[str, Any] = {"epochs": epochs, "larger": larger} if chosen.epochs else {}
        found = chosen.compute(
            out,
            data=_data_folder(data),
            fast=fast,
            seed=seed,
            workers=cores(),
            progress=TerminalProgress(),
            **options,
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
        for head in ("what", "to be reached", "mean", "worst seed", "float twin", "no network"):
            reached.add_column(head, justify="left" if head == "what" else "right")
        for row in chosen.goals(found):
            reached.add_row(row.what, row.reach, row.mean, row.worst, row.twin, row.baseline)
        console.print(reached)
        for note in found["shortened"]:
            console.print("Shortened:", note, markup=False, highlight=False, soft_wrap=True)
        for note in found["left_out"]:
            console.print("Left out:", note, markup=False, highlight=False, soft_wrap=True)
        console.print("Table:", str(out / "table.md"), markup=False, highlight=False, soft_wrap=True)
