"""`pinched dataset`: simulate many drawn devices into a store, and say what is in it."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinched.cli import options as opt
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two, stderr

if TYPE_CHECKING:
    from pinched.physics.summary import DatasetSummary

app = typer.Typer(help="Data sets of simulated devices.", no_args_is_help=True)


class RangesName(StrEnum):
    """What `--ranges` takes."""

    RESOLVED = "resolved"
    NONE = "unrestricted"
    MEMRISTIVE = "memristive"


class WaveformsName(StrEnum):
    """What `--waveforms` takes."""

    TRIANGLE = "triangle"
    CYCLES = "cycles"
    UNEQUAL = "unequal"
    HOLDS = "holds"
    PULSES = "pulses"
    MIXED = "mixed"


class AccuracyName(StrEnum):
    """What `--accuracy` takes."""

    FAST = "fast"
    NORMAL = "normal"
    REFERENCE = "reference"
    FINE = "fine"


@app.command()
def simulate(
    n: Annotated[int, typer.Option("--n", help="How many devices.")] = 1000,
    seed: opt.Seed = 0,
    out: Annotated[Path, typer.Option("--out", help="The Zarr store to write.")] = Path("runs.zarr"),
    ranges: Annotated[
        RangesName,
        typer.Option(
            "--ranges",
            help="Draws of the published table: 'resolved' (barriers < vacancy level < gap), 'unrestricted', or "
            "'memristive' (hysteresis is to be expected; 96 % of the resolved draws have none).",
        ),
    ] = RangesName.RESOLVED,
    accuracy: Annotated[
        AccuracyName,
        typer.Option("--accuracy", help="Mesh and steps; 'normal' is within 1 % of the converged current."),
    ] = AccuracyName.FAST,
    waveforms: Annotated[
        WaveformsName,
        typer.Option(
            "--waveforms",
            help="'triangle' as published; several 'cycles', 'unequal' branches, 'holds', 'pulses', or 'mixed': "
            "one of these drawn for each device, on samples of uneven steps.",
        ),
    ] = WaveformsName.TRIANGLE,
    samples: Annotated[
        int, typer.Option("--samples", help="Samples of the current that each run keeps.")
    ] = 200,
    workers: Annotated[int | None, typer.Option("--workers", help="Threads; all cores unless said.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the store that is there.")] = False,
    as_json: opt.Json = False,
) -> None:
    """Draw devices from a published table of parameters, solve their charge transport, keep every run."""
    with mistakes_end_with_two(as_json):
        from pinched.physics.dataset import simulate_dataset
        from pinched.physics.drawn_waveforms import Waveforms
        from pinched.physics.presets.zamankhani2024 import Restriction, zamankhani2024_ranges
        from pinched.physics.summary import describe_dataset

        chosen = {
            RangesName.RESOLVED: Restriction.RESOLVED,
            RangesName.NONE: Restriction.NONE,
            RangesName.MEMRISTIVE: Restriction.MEMRISTIVE,
        }[ranges]
        start = time.perf_counter()
        try:
            runs = simulate_dataset(
                zamankhani2024_ranges(chosen), n=n, seed=seed, out=out, accuracy=accuracy_of(accuracy),
                samples=samples, waveforms=Waveforms[waveforms.name], workers=workers, scheduler=scheduler,
                resume=resume, progress=TerminalProgress(),
            )  # fmt: skip
        except KeyboardInterrupt:
            stderr.print(
                f"Stopped. Every finished block of runs is in {out}; add --resume to go on.", soft_wrap=True
            )
            raise typer.Exit(130) from None
        summary = describe_dataset(runs)
        _show(out, summary, as_json, seconds=time.perf_counter() - start)


@app.command()
def describe(
    store: Annotated[Path, typer.Argument(help="A store of runs, such as runs.zarr.", show_default=False)],
    as_json: opt.Json = False,
) -> None:
    """How many devices of a store switch, by how much, how many were rejected and why."""
    with mistakes_end_with_two(as_json):
        from pinched.physics.store import open_runs
        from pinched.physics.summary import describe_dataset

        _show(store, describe_dataset(open_runs(store)), as_json)


def accuracy_of(name: AccuracyName):
    """The `Accuracy` behind a name of the command line."""
    from pinched.physics.accuracy import Accuracy

    return {
        AccuracyName.FAST: Accuracy.fast,
        AccuracyName.NORMAL: Accuracy.normal,
        AccuracyName.REFERENCE: Accuracy.reference,
        AccuracyName.FINE: Accuracy.fine,
    }[name]


def _show(store: Path, summary: DatasetSummary, as_json: bool, seconds: float | None = None) -> None:
    from pinched._units import show
    from pinched.physics.summary import RATIOS, WIDTHS

    if as_json:
        record = {"store": str(store), "simulated": True, **dataclasses.asdict(summary)}
        if seconds is not None:
            record["seconds"] = round(seconds, 3)
        sys.stdout.write(json.dumps(record, indent=2) + "\n")
        return
    console = Console()
    console.print("SIMULATED data: no instrument measured these sweeps.", style="bold yellow")
    table = Table(title=f"{store}: {summary.runs} devices", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    rows = [
        ("kept", str(summary.kept)),
        ("rejected by a gate of quality", str(summary.rejected)),
        ("failed", str(summary.failed)),
        *([("not simulated yet", str(summary.missing))] if summary.missing else []),
        *((f"  {reason}", str(count)) for reason, count in summary.reasons.items()),
    ]
    if summary.kept:
        low, quarter, middle, three, high = (show(v, "A") for v in summary.largest_current)
        rows += [
            ("largest current: 5, 50, 95 % of the devices below", f"{low}, {middle}, {high}"),
            ("  half of them between", f"{quarter} .. {three}"),
            ("conduct (above 1e-12 A)", f"{summary.conducting:.1%}"),
            *(
                (f"loop wider than {w:.0%} of the largest current", f"{v:.1%}")
                for w, v in zip(WIDTHS, summary.wider, strict=True)
            ),
            *(
                (f"branches differ {r:.3g} fold at a quarter of the voltage", f"{v:.1%}")
                for r, v in zip(RATIOS, summary.higher, strict=True)
            ),
            ("currents of the contacts differ: median, worst", "{:.1e}, {:.1e}".format(*summary.mismatch)),
            ("vacancies change: median, worst", "{:.1e}, {:.1e}".format(*summary.balance)),
            ("time steps, median", f"{summary.steps:.0f}"),
        ]
    for left, right in rows:
        table.add_row(left, right)
    console.print(table)
    if seconds is not None:
        console.print(f"{seconds:.1f} s", highlight=False)
