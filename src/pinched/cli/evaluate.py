"""`pinched evaluate`, the main job, and `pinched demo`, the same on simulated sweeps."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinched._errors import PinchedError
from pinched._units import show
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two, stderr

if TYPE_CHECKING:
    from pinched.data.options import DeviceNaming
    from pinched.pipeline import Study, StudyOptions, Task, Training


class NetworkName(StrEnum):
    """What `--network` takes."""

    DIGITS = "digits"
    DIGITS5X4 = "digits5x4"
    MNIST = "mnist"


class TrainingName(StrEnum):
    """What `--training` takes."""

    QAT = "qat"
    PTQ = "ptq"
    PAPER = "paper"


class DeviceFrom(StrEnum):
    """What `--device-from` takes."""

    NAME = "name"
    PATH = "path"
    FOLDER = "folder"
    ONE = "one"


def tasks() -> dict[NetworkName, Task]:
    """Name on the command line -> task."""
    from pinched import pipeline

    return {
        NetworkName.DIGITS: pipeline.DIGITS,
        NetworkName.DIGITS5X4: pipeline.DIGITS5X4,
        NetworkName.MNIST: pipeline.MNIST,
    }


def trainings() -> dict[TrainingName, Training]:
    """Name on the command line -> kind of training."""
    from pinched.pipeline import Training

    return {
        TrainingName.QAT: Training.QAT,
        TrainingName.PTQ: Training.PTQ,
        TrainingName.PAPER: Training.PAPER,
    }


def namings() -> dict[DeviceFrom, DeviceNaming]:
    """Name on the command line -> what tells one device from another."""
    from pinched.data.options import DeviceNaming

    return {
        DeviceFrom.NAME: DeviceNaming.NAME,
        DeviceFrom.PATH: DeviceNaming.PATH,
        DeviceFrom.FOLDER: DeviceNaming.FOLDER,
        DeviceFrom.ONE: DeviceNaming.ONE,
    }


def _layers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise PinchedError(
            f"--hidden is '{text}'; give the neurons of each hidden layer with commas between, such as 128,64,32."
        ) from None


def _column(text: str | None) -> str | int | None:
    return int(text) if text is not None and text.strip().isdigit() else text


def evaluate(
    paths: Annotated[
        list[Path], typer.Argument(help="Files, folders or patterns with I-V sweeps.", show_default=False)
    ],
    network: Annotated[NetworkName, typer.Option(help="What the network learns.")] = NetworkName.DIGITS,
    hidden: Annotated[
        str | None, typer.Option(help="Neurons of the hidden layers, such as 128,64,32.")
    ] = None,
    bits: Annotated[int, typer.Option(help="Bits per weight, 1 to 8.")] = 4,
    training: Annotated[
        TrainingName, typer.Option(help="How the stored words come about.")
    ] = TrainingName.QAT,
    arrays: Annotated[int, typer.Option(help="Virtual arrays that the network is stored in.")] = 20,
    write_voltage: Annotated[str, typer.Option(help="Magnitude of the SET and RESET pulses (V).")] = "5",
    read_voltage: Annotated[str, typer.Option(help="Voltage at which resistances are stated (V).")] = "0.1",
    device_yield: Annotated[
        float | None,
        typer.Option("--yield", help="Share of working devices; counted in the data if not given."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of training, arrays and intervals.")] = 0,
    data: Annotated[Path | None, typer.Option(help="Folder with the image files (MNIST: IDX).")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("pinched_report"),
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on without files that cannot be used.")
    ] = False,
    device_from: Annotated[DeviceFrom, typer.Option(help="What tells devices apart.")] = DeviceFrom.NAME,
    voltage_column: Annotated[
        str | None, typer.Option(help="Head or number (from 1) of the voltage column.")
    ] = None,
    current_column: Annotated[
        str | None, typer.Option(help="Head or number (from 1) of the current column.")
    ] = None,
    time_column: Annotated[
        str | None, typer.Option(help="Head or number (from 1) of the time column.")
    ] = None,
    voltage_unit: Annotated[str | None, typer.Option(help="Unit of the voltage column, such as mV.")] = None,
    current_unit: Annotated[str | None, typer.Option(help="Unit of the current column, such as uA.")] = None,
    separator: Annotated[str | None, typer.Option(help="Character between cells of text files.")] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark of text files, . or ,")] = None,
    sheet: Annotated[str | None, typer.Option(help="The one sheet to read from workbooks.")] = None,
    compliance: Annotated[
        str | None, typer.Option(help="Current limit of the source, such as 100uA.")
    ] = None,
    flip: Annotated[bool, typer.Option("--flip", help="Turn voltage and current round.")] = False,
    drop_bad_rows: Annotated[
        bool, typer.Option("--drop-bad-rows", help="Leave out rows with missing or overflowing cells.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the tables.")
    ] = False,
) -> None:
    """Measured sweeps in; device numbers, their spread and the accuracy of a stored network out."""
    with mistakes_end_with_two(as_json):
        from pinched.data.options import Columns, ReadOptions
        from pinched.pipeline import StudyOptions

        options = StudyOptions(
            task=tasks()[network],
            hidden=_layers(hidden),
            bits=bits,
            training=trainings()[training],
            arrays=arrays,
            write_voltage=write_voltage,
            read_voltage=read_voltage,
            device_yield=device_yield,
            seed=seed,
            data=data,
            reading=ReadOptions(
                columns=Columns(
                    voltage=_column(voltage_column),
                    current=_column(current_column),
                    time=_column(time_column),
                ),
                voltage_unit=voltage_unit,
                current_unit=current_unit,
                separator=separator,
                decimal=decimal,
                sheet=sheet,
                compliance_current=compliance,
                flip=flip,
                drop_bad_rows=drop_bad_rows,
                device_from=namings()[device_from],
            ),
            skip_bad=skip_bad,
        )
        _run(paths, out, options, as_json)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the simulated sweeps and the report.")] = Path("demo"),
    devices: Annotated[int, typer.Option(help="Simulated devices.")] = 47,
    arrays: Annotated[int, typer.Option(help="Virtual arrays that the network is stored in.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of everything.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the tables.")
    ] = False,
) -> None:
    """The main job on SIMULATED sweeps, drawn from the published statistics of Ag/MoS2/Au memristors."""
    with mistakes_end_with_two(as_json):
        from pinched.papers.marraccini2025 import write_simulated_sweeps
        from pinched.pipeline import DIGITS, StudyOptions

        folder = write_simulated_sweeps(out / "simulated_sweeps", devices=devices, seed=seed)
        options = StudyOptions(task=DIGITS, arrays=arrays, seed=seed)
        _run([folder], out / "report", options, as_json)


def _run(paths: list[Path], out: Path, options: StudyOptions, as_json: bool) -> None:
    from pinched.pipeline import run_study

    command = shlex.join(["pinched", *sys.argv[1:]])
    study = run_study(paths, out, options=options, command_line=command, progress=TerminalProgress())
    for line in study.run.skipped:
        stderr.print("Skipped:", style="bold yellow", end=" ")
        stderr.print(line, markup=False, highlight=False, soft_wrap=True)
    if as_json:
        sys.stdout.write((out / "numbers.json").read_text(encoding="utf-8").rstrip() + "\n")
    else:
        _print(study, out)


def _print(study: Study, out: Path) -> None:
    from pinched.extraction.intervals import summarise

    console = Console()
    if study.run.simulated:
        console.print("SIMULATED data: no instrument measured these sweeps.", style="bold yellow")
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
        found = summarise(study.table.measured(name), devices=study.table.device_number, seed=study.run.seed)
        low, high = (show(value, unit) for value in found.interval)
        table.add_row(
            name, show(found.median, unit), f"{low} .. {high}", f"{found.sigma_log:.2f}", str(found.n)
        )
    console.print(table)
    score = study.score
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
    console.print(accuracy)
    console.print("Report:", str(out / "report.html"), markup=False, highlight=False, soft_wrap=True)
