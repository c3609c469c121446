"""`pinched surrogate`: train a network on simulated runs, and say how good it is on devices it never saw."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinched.cli import options as opt
from pinched.cli.dataset import RangesName
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two, stderr

if TYPE_CHECKING:
    from pinched.surrogate.architecture import Architecture, Schedule
    from pinched.surrogate.runs import Runs

app = typer.Typer(help="Networks that stand in for the charge transport.", no_args_is_help=True)


class ModelName(StrEnum):
    """What `--model` takes."""

    HDINN = "hdinn"
    BEST = "best"
    ANY_WAVEFORM = "any-waveform"


def models() -> dict[ModelName, type[Architecture]]:
    """Name on the command line -> architecture."""
    from pinched.surrogate.conditioned import Conditioned
    from pinched.surrogate.hdinn import HDiNN
    from pinched.surrogate.residual import Direct

    return {ModelName.HDINN: HDiNN, ModelName.BEST: Direct, ModelName.ANY_WAVEFORM: Conditioned}


Stores = Annotated[
    list[Path],
    typer.Argument(
        help="Stores that `pinched dataset simulate` wrote; several are joined.", show_default=False
    ),
]
Rejected = Annotated[
    bool, typer.Option("--rejected", help="Also take runs that were finished but missed a gate of quality.")
]


@app.command()
def train(
    stores: Stores,
    model: Annotated[
        ModelName,
        typer.Option(
            "--model",
            help="'best': corrects formulas, for runs of one waveform; 'any-waveform': the same along any waveform; "
            "'hdinn': as published, to compare with.",
        ),
    ] = ModelName.BEST,
    members: Annotated[
        int, typer.Option("--members", help="Networks of the ensemble; 2 are better than 1.")
    ] = 1,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="At most so many; the architecture's own unless said.")
    ] = None,
    test: Annotated[
        float, typer.Option("--test", help="Share of the devices that training never sees, to be judged on.")
    ] = 0.3,
    validation: Annotated[
        float,
        typer.Option(
            "--validation", help="Share of the others that ends training early and calibrates intervals."
        ),
    ] = 0.1,
    rejected: Rejected = False,
    seed: opt.Seed = 0,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the model; a stopped training goes on from FOLDER.state.")
    ] = Path("model"),
    as_json: opt.Json = False,
) -> None:
    """Train a surrogate on the runs of a store; a share of the devices is held back for `surrogate evaluate`."""
    with mistakes_end_with_two(as_json):
        from pinched._files import check_output
        from pinched.surrogate.runs import split_runs
        from pinched.surrogate.saved import MARK, save_surrogate
        from pinched.surrogate.training import train_surrogate

        check_output(out, mark=MARK)
        runs = _loaded(stores, rejected)
        split = split_runs(runs, test=test, seed=seed)
        architecture = models()[model]()
        plan = _planned(architecture, epochs, split.training.size)
        state = out.with_name(f"{out.name}.state")
        with _stopped(f"Every finished epoch is in {state}"):
            trained = train_surrogate(
                runs.take(split.training), architecture, schedule=plan, members=members, validation=validation,
                seed=seed, checkpoint=state, progress=TerminalProgress(),
            )  # fmt: skip
        save_surrogate(trained, out)
        _remove(state)
        record = {
            "model": str(out), "kind": architecture.kind, "members": members, "runs": trained.runs,
            "held_back": int(split.test.size), "validation": int(split.training.size) - trained.runs,
            "epochs_at_most": plan.epochs, "train_seconds": round(trained.train_seconds, 2), "seed": seed,
        }  # fmt: skip
        if as_json:
            sys.stdout.write(json.dumps(record, indent=2) + "\n")
            return
        console = Console()
        console.print(
            f"Trained on {trained.runs} simulated runs in {trained.train_seconds:.0f} s of CPU time; "
            f"{split.test.size} runs of other devices were held back.",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
        console.print(f"How good it is: pinched surrogate evaluate {out} {' '.join(map(str, stores))}",
                      markup=False, highlight=False, soft_wrap=True)  # fmt: skip


@app.command()
def grow(
    ranges: Annotated[
        RangesName, typer.Option("--ranges", help="Which draws of the published table are candidates.")
    ] = RangesName.MEMRISTIVE,
    start: Annotated[
        int, typer.Option("--start", help="Runs that are drawn before the first training.")
    ] = 400,
    rounds: Annotated[
        list[int] | None,
        typer.Option("--round", help="Runs that a round adds; once for each round. 400 and 800 unless said."),
    ] = None,
    candidates: Annotated[
        int, typer.Option("--candidates", help="Draws among which the ensemble chooses.")
    ] = 10_000,
    members: Annotated[int, typer.Option("--members", help="Networks of the ensemble, at least 2.")] = 3,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Of each training, at most.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Threads; all cores unless said.")] = None,
    seed: opt.Seed = 0,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the model; runs and states of trainings in FOLDER.runs.")
    ] = Path("model"),
    as_json: opt.Json = False,
) -> None:
    """Train an ensemble on runs that it chooses: simulate where its networks disagree, train again."""
    with mistakes_end_with_two(as_json):
        from pinched._files import check_output
        from pinched.physics.presets.zamankhani2024 import Restriction, zamankhani2024_ranges
        from pinched.surrogate.active import ActiveOptions, grow_surrogate
        from pinched.surrogate.saved import MARK, save_surrogate

        check_output(out, mark=MARK)
        plain = ActiveOptions(start=start, members=members)
        options = plain if rounds is None else dataclasses.replace(plain, rounds=tuple(rounds))
        architecture = models()[ModelName.BEST]()
        plan = _planned(architecture, epochs, start)
        place = out.with_name(f"{out.name}.runs")
        with _stopped(f"What was simulated and trained is in {place}"):
            found = grow_surrogate(
                zamankhani2024_ranges(Restriction[ranges.name]), architecture, out=place, candidates=candidates,
                options=options, schedule=plan, seed=seed, workers=workers, progress=TerminalProgress(),
            )  # fmt: skip
        trained = found[-1].surrogate
        save_surrogate(trained, out)
        record = {
            "model": str(out), "runs": [len(turn.runs) for turn in found], "simulated": True, "members": members,
            "candidates": candidates, "stores": [str(place / f"round_{k}.zarr") for k in range(len(found))],
            "seed": seed,
        }  # fmt: skip
        if as_json:
            sys.stdout.write(json.dumps(record, indent=2) + "\n")
            return
        Console().print(
            f"Trained on {len(found[-1].runs)} simulated runs: {len(found[0].runs)} drawn, the others chosen from "
            f"{candidates} draws in {len(found) - 1} rounds. The runs are in {place}.",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip


def _planned(architecture: Architecture, epochs: int | None, runs: int) -> Schedule:
    """The schedule of `architecture` for so many `runs`, with other `epochs` where they are said."""
    plan = architecture.schedule.suited(runs)
    return plan if epochs is None else dataclasses.replace(plan, epochs=epochs)


@contextlib.contextmanager
def _stopped(kept: str) -> Iterator[None]:
    """Ends a run that the keyboard stops with what was `kept`, and the status that shells expect."""
    try:
        yield
    except KeyboardInterrupt:
        stderr.print(f"Stopped. {kept}; the same command goes on there.", soft_wrap=True)
        raise typer.Exit(130) from None


def _remove(state: Path) -> None:
    """The training state of a model that is saved; nothing else is in that folder."""
    import shutil

    shutil.rmtree(state, ignore_errors=True)


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a trained model.", show_default=False)],
    stores: Stores,
    rejected: Rejected = False,
    as_json: opt.Json = False,
) -> None:
    """Figures of a surrogate on the devices of the stores that it never saw, beside what learns nothing."""
    with mistakes_end_with_two(as_json):
        from pinched._errors import PinchedError
        from pinched.report.numbers import to_json
        from pinched.surrogate.evaluation import evaluate_surrogate
        from pinched.surrogate.saved import load_surrogate

        surrogate = load_surrogate(model)
        runs = _loaded(stores, rejected)
        known = surrogate.knows(runs)
        if not known.any() or known.all():
            raise PinchedError(
                f"{'all' if known.all() else 'none'} of the {len(runs)} runs are of devices that {model} was trained "
                "on. Give its training store and runs of other devices: scale and trivial predictors come from the "
                "first, the figures from the second."
            )
        found = evaluate_surrogate(surrogate, runs.take(~known), runs.take(known))
        if as_json:
            sys.stdout.write(to_json({"model": str(model), "simulated": True} | found.record()))
            return
        console = Console()
        console.print(
            f"{model} ({found.scores.name}) on {found.scores.runs} simulated runs of devices that it never saw, "
            f"{found.scores.conducting} of them conduct; {int(known.sum())} runs of known devices were left out.",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
        table = Table()
        for k, head in enumerate(("", "surrogate", *found.baselines)):
            table.add_column(head, justify="left" if k == 0 else "right")
        for row in found.rows():
            table.add_row(*row)
        console.print(table)
        console.print(
            f"{1e6 * found.seconds_per_run:.0f} us of CPU time per run in this batch"
            + ("." if found.coverage != found.coverage else f"; 90 % intervals hold {found.coverage:.1%}."),
            highlight=False,
        )
        for reason in found.refused:
            console.print("Not a headline:", reason, markup=False, highlight=False, soft_wrap=True)


def _loaded(stores: list[Path], rejected: bool) -> Runs:
    from pinched.surrogate.runs import joined, load_runs

    first, *others = (load_runs(store, rejected=rejected) for store in stores)
    return joined(first, *others)
