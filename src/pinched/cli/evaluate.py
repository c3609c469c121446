"""`pinched evaluate`, the main job, and `pinched demo`, the same on simulated sweeps."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinched._errors import PinchedError
from pinched.cli import options as opt
from pinched.cli.results import command_line, show_study
from pinched.cli.storage import stores_words
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two

if TYPE_CHECKING:
    from pinched.data.options import ReadOptions
    from pinched.networks.storage import StorageOptions
    from pinched.networks.study import Task, Training
    from pinched.pipeline import StudyOptions


class NetworkName(StrEnum):
    """What `--network` takes."""

    DIGITS = "digits"
    DIGITS5X4 = "digits5x4"
    MNIST = "mnist"


class TrainingName(StrEnum):
    """What `--training` takes."""

    QAT = "qat"
    QAT_ERRORS = "qat-errors"
    PTQ = "ptq"
    PAPER = "paper"


def tasks() -> dict[NetworkName, Task]:
    """Name on the command line -> task."""
    from pinched.networks import study

    return {
        NetworkName.DIGITS: study.DIGITS,
        NetworkName.DIGITS5X4: study.DIGITS5X4,
        NetworkName.MNIST: study.MNIST,
    }


def trainings() -> dict[TrainingName, Training]:
    """Name on the command line -> kind of training."""
    from pinched.networks.study import Training

    return {
        TrainingName.QAT: Training.QAT,
        TrainingName.QAT_ERRORS: Training.QAT_ERRORS,
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


@opt.reads_files
@stores_words
def evaluate(
    paths: opt.Paths,
    reading: ReadOptions,
    storage: StorageOptions,
    network: Annotated[NetworkName, typer.Option(help="What the network learns.")] = NetworkName.DIGITS,
    hidden: Annotated[
        str | None, typer.Option(help="Neurons of the hidden layers, such as 128,64,32.")
    ] = None,
    bits: Annotated[int, typer.Option(help="Bits per weight, 1 to 8.")] = 4,
    training: Annotated[
        TrainingName, typer.Option(help="How the stored words come about.")
    ] = TrainingName.QAT,
    arrays: Annotated[int, typer.Option(help="Virtual arrays that the network is stored in.")] = 20,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Rank the properties of the devices by what they cost.")
    ] = False,
    require: Annotated[
        float | None,
        typer.Option(help="Mean accuracy (0 to 1) for which to say how good each property has to be."),
    ] = None,
    read_voltage: opt.ReadVoltage = None,
    name_pattern: opt.NamePattern = None,
    device_yield: opt.DeviceYield = None,
    seed: opt.Seed = 0,
    data: Annotated[Path | None, typer.Option(help="Folder with the image files (MNIST: IDX).")] = None,
    out: opt.Out = Path("pinched_report"),
    skip_bad: opt.SkipBad = False,
    as_json: opt.Json = False,
) -> None:
    """Measured sweeps in; device numbers, their spread and the accuracy of a stored network out."""
    with mistakes_end_with_two(as_json):
        from pinched.networks.study import NetworkOptions
        from pinched.pipeline import DeviceOptions, StudyOptions

        source = opt.source(reading, read_voltage=read_voltage, name_pattern=name_pattern, skip_bad=skip_bad)
        options = StudyOptions(
            network=NetworkOptions(
                task=tasks()[network],
                hidden=_layers(hidden),
                bits=bits,
                training=trainings()[training],
                storage=storage,
                arrays=arrays,
                sensitivity=sensitivity,
                wanted=require,
                data=data,
            ),
            devices=DeviceOptions(source=source, device_yield=device_yield, seed=seed),
        )
        _run(paths, out, options, as_json)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the simulated sweeps and the report.")] = Path("demo"),
    devices: Annotated[int, typer.Option(help="Simulated devices.")] = 47,
    arrays: Annotated[int, typer.Option(help="Virtual arrays that the network is stored in.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of everything.")] = 0,
    as_json: opt.Json = False,
) -> None:
    """The main job on SIMULATED sweeps, drawn from the published statistics of Ag/MoS2/Au memristors."""
    with mistakes_end_with_two(as_json):
        from pinched.networks.study import NetworkOptions
        from pinched.papers.marraccini2025 import write_simulated_sweeps
        from pinched.pipeline import DeviceOptions, StudyOptions

        folder = write_simulated_sweeps(out / "simulated_sweeps", devices=devices, seed=seed)
        options = StudyOptions(network=NetworkOptions(arrays=arrays), devices=DeviceOptions(seed=seed))
        _run([folder], out / "report", options, as_json)


def _run(paths: list[Path], out: Path, options: StudyOptions, as_json: bool) -> None:
    from pinched.pipeline import run_study

    study = run_study(paths, out, options=options, command_line=command_line(), progress=TerminalProgress())
    show_study(study, out, as_json)
