"""`pinched evaluate`, the main job, its first half `pinched extract`, and `pinched demo` on simulated sweeps."""

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
from pinched.cli import options as opt
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two, stderr

if TYPE_CHECKING:
    from pinched.networks.score import Score
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


def _layers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise PinchedError(
            f"--hidden is '{text}'; give the neurons of each hidden layer with commas between, such as 128,64,32."
        ) from None


def evaluate(
    paths: opt.Paths,
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
    read_voltage: opt.ReadVoltage = None,
    name_pattern: opt.NamePattern = None,
    device_yield: opt.DeviceYield = None,
    seed: opt.Seed = 0,
    data: Annotated[Path | None, typer.Option(help="Folder with the image files (MNIST: IDX).")] = None,
    out: opt.Out = Path("pinched_report"),
    skip_bad: opt.SkipBad = False,
    device_from: opt.DeviceFromOption = opt.DeviceFrom.NAME,
    voltage_column: opt.VoltageColumn = None,
    current_column: opt.CurrentColumn = None,
    time_column: opt.TimeColumn = None,
    voltage_unit: opt.VoltageUnit = None,
    current_unit: opt.CurrentUnit = None,
    separator: opt.Separator = None,
    decimal: opt.Decimal = None,
    sheet: opt.Sheet = None,
    compliance: opt.Compliance = None,
    flip: opt.Flip = False,
    drop_bad_rows: opt.DropBadRows = False,
    as_json: opt.Json = False,
) -> None:
    """Measured sweeps in; device numbers, their spread and the accuracy of a stored network out."""
    with mistakes_end_with_two(as_json):
        from pinched.pipeline import DeviceOptions, StudyOptions

        reading = opt.reading_options(
            voltage_column=voltage_column,
            current_column=current_column,
            time_column=time_column,
            voltage_unit=voltage_unit,
            current_unit=current_unit,
            separator=separator,
            decimal=decimal,
            sheet=sheet,
            compliance=compliance,
            flip=flip,
            drop_bad_rows=drop_bad_rows,
            device_from=device_from,
        )
        source = opt.source(reading, read_voltage=read_voltage, name_pattern=name_pattern, skip_bad=skip_bad)
        options = StudyOptions(
            task=tasks()[network],
            hidden=_layers(hidden),
            bits=bits,
            training=trainings()[training],
            arrays=arrays,
            write_voltage=write_voltage,
            data=data,
            devices=DeviceOptions(source=source, device_yield=device_yield, seed=seed),
        )
        _run(paths, out, options, as_json)


def extract(
    paths: opt.Paths,
    read_voltage: opt.ReadVoltage = None,
    name_pattern: opt.NamePattern = None,
    device_yield: opt.DeviceYield = None,
    seed: opt.Seed = 0,
    out: opt.Out = Path("pinched_devices"),
    skip_bad: opt.SkipBad = False,
    device_from: opt.DeviceFromOption = opt.DeviceFrom.NAME,
    voltage_column: opt.VoltageColumn = None,
    current_column: opt.CurrentColumn = None,
    time_column: opt.TimeColumn = None,
    voltage_unit: opt.VoltageUnit = None,
    current_unit: opt.CurrentUnit = None,
    separator: opt.Separator = None,
    decimal: opt.Decimal = None,
    sheet: opt.Sheet = None,
    compliance: opt.Compliance = None,
    flip: opt.Flip = False,
    drop_bad_rows: opt.DropBadRows = False,
    as_json: opt.Json = False,
) -> None:
    """Measured sweeps in; device numbers, their spread, tables and figures out (no network)."""
    with mistakes_end_with_two(as_json):
        from pinched.pipeline import DeviceOptions, run_extraction

        reading = opt.reading_options(
            voltage_column=voltage_column,
            current_column=current_column,
            time_column=time_column,
            voltage_unit=voltage_unit,
            current_unit=current_unit,
            separator=separator,
            decimal=decimal,
            sheet=sheet,
            compliance=compliance,
            flip=flip,
            drop_bad_rows=drop_bad_rows,
            device_from=device_from,
        )
        source = opt.source(reading, read_voltage=read_voltage, name_pattern=name_pattern, skip_bad=skip_bad)
        options = DeviceOptions(source=source, device_yield=device_yield, seed=seed)
        study = run_extraction(
            paths, out, options=options, command_line=_command_line(), progress=TerminalProgress()
        )
        _show(study, out, as_json)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the simulated sweeps and the report.")] = Path("demo"),
    devices: Annotated[int, typer.Option(help="Simulated devices.")] = 47,
    arrays: Annotated[int, typer.Option(help="Virtual arrays that the network is stored in.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of everything.")] = 0,
    as_json: opt.Json = False,
) -> None:
    """The main job on SIMULATED sweeps, drawn from the published statistics of Ag/MoS2/Au memristors."""
    with mistakes_end_with_two(as_json):
        from pinched.papers.marraccini2025 import write_simulated_sweeps
        from pinched.pipeline import DIGITS, DeviceOptions, StudyOptions

        folder = write_simulated_sweeps(out / "simulated_sweeps", devices=devices, seed=seed)
        options = StudyOptions(task=DIGITS, arrays=arrays, devices=DeviceOptions(seed=seed))
        _run([folder], out / "report", options, as_json)


def _run(paths: list[Path], out: Path, options: StudyOptions, as_json: bool) -> None:
    from pinched.pipeline import run_study

    study = run_study(paths, out, options=options, command_line=_command_line(), progress=TerminalProgress())
    _show(study, out, as_json)


def _command_line() -> str:
    return shlex.join(["pinched", *sys.argv[1:]])


def _show(study: Study, out: Path, as_json: bool) -> None:
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
    if study.score is not None:
        console.print(_accuracy_table(study.score))
    console.print("Report:", str(out / "report.html"), markup=False, highlight=False, soft_wrap=True)


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
