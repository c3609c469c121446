"""The main job as one function: measurements in, network accuracy and the page out.

`run_study` is what `pinched evaluate` calls, `run_extraction` its first half (`pinched extract`). Scripts that
need one stage call that stage; this module adds nothing to the stages but their order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from torch import nn

from pinched._errors import PinchedError
from pinched._files import check_output, output_folder
from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.data.sweep import IVSweep
from pinched.devices.spread import SpreadFit, fit_spread
from pinched.extraction.gathering import Gathered, Source, gather
from pinched.extraction.table import SwitchingTable
from pinched.networks import datasets
from pinched.networks.convert import TwosComplement, convert
from pinched.networks.datasets import ImageSet, Split
from pinched.networks.evaluation import evaluate
from pinched.networks.mlp import mlp
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer, Quantizer
from pinched.networks.score import Score
from pinched.networks.training import train
from pinched.report.page import write_results
from pinched.report.record import RunRecord, any_simulated, collect_files, collect_guesses, now


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A data set to classify and the hidden layers that suit it."""

    name: str
    """What the command line calls it."""
    hidden: tuple[int, ...]
    """Neurons of the hidden layers when the caller does not say."""
    load: Callable[[Split, Path | None], ImageSet]
    """The images of a split; the folder is None where the set needs no files or is fetched."""


DIGITS = Task(name="digits", hidden=(64, 32), load=lambda split, _: datasets.digits(split))
"""8 x 8 handwritten digits: a real test set that needs no download."""

DIGITS5X4 = Task(name="digits5x4", hidden=(20, 20), load=lambda split, _: datasets.digits5x4(split))
"""The ten patterns and the 20-20-20-10 network of marraccini2025fast."""

MNIST = Task(
    name="mnist", hidden=(128, 64, 32), load=lambda split, folder: datasets.mnist(split, folder=folder)
)
"""28 x 28 handwritten digits, from a folder or fetched once."""


class Training(Enum):
    """How the stored words come about."""

    QAT = "quantization-aware training"
    """Float training, then fine-tuning with quantized parameters in the forward pass."""
    PTQ = "post-training quantization (clip and round)"
    """Float training, then the clip range of least squared error."""
    PAPER = "post-training quantization (rule of the paper)"
    """Float training, then scaling by the maximum and truncation, as marraccini2025fast did."""

    def quantizer(self, bits: int) -> Quantizer:
        """The quantizer of this kind of training; raises `PinchedError` for bits outside its range."""
        return PaperQuantizer(bits) if self is Training.PAPER else ClipQuantizer(bits)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceOptions:
    """Everything that can be chosen about the device side; the defaults are those of `pinched extract`."""

    source: Source = field(default_factory=Source)
    """What is known about the measurements, and where resistances are stated."""
    device_yield: float | None = None
    """Share of working devices; None counts it in the data."""
    seed: int = 0
    """Seed of everything that is drawn: bootstrap, training, arrays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyOptions:
    """Everything that can be chosen about a study; the defaults are those of `pinched evaluate`."""

    devices: DeviceOptions = field(default_factory=DeviceOptions)
    """The device side."""
    task: Task = DIGITS
    """What the network learns."""
    hidden: tuple[int, ...] | None = None
    """Neurons of the hidden layers; None takes those of the task."""
    bits: int = 4
    """Bits per weight and bias."""
    training: Training = Training.QAT
    """How the stored words come about."""
    arrays: int = 20
    """Virtual arrays that the network is stored in."""
    write_voltage: str | float = 5.0
    """Magnitude of the SET and RESET pulses (V)."""
    data: Path | None = None
    """Folder of the image files, for tasks that need one."""

    def __post_init__(self) -> None:
        require(self, self.arrays >= 1, f"arrays is {self.arrays}; at least 1 array is needed.")
        sizes = self.hidden or ()
        require(self, all(n >= 1 for n in sizes), f"hidden is {sizes}; every layer needs at least 1 neuron.")
        self.training.quantizer(self.bits)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Study:
    """What a study found, ready for the report."""

    sweeps: tuple[IVSweep, ...]
    """The sweeps that were read."""
    table: SwitchingTable
    """One row per cycle."""
    fit: SpreadFit | None
    """The fitted spread of the devices; None where the cycles allow none (extraction only)."""
    score: Score | None
    """The accuracy through arrays of such devices; None without a network."""
    run: RunRecord
    """Where every number came from."""


def run_extraction(
    paths: Sequence[Path | str],
    out: Path | str | None = None,
    *,
    options: DeviceOptions | None = None,
    command_line: str = "",
    progress: Progress | None = None,
) -> Study:
    """Read `paths`, extract the device numbers and their spread, and write tables, figures and page to `out`.

    A device that never switches is reported as such: its fit is None and the reason stands in the assumptions.
    `out` (a folder; None writes nothing) appears whole or not at all. Raises `PinchedError` for anything that the
    caller can mend.
    """
    chosen, tracker = options or DeviceOptions(), progress or Silent()
    began, started = now(), time.monotonic()
    if out is not None:
        check_output(Path(out))
    found = gather(paths, chosen.source, progress=tracker)
    why: tuple[str, ...] = ()
    try:
        fit = fit_spread(found.table, device_yield=chosen.device_yield, seed=chosen.seed)
    except PinchedError as error:
        fit, why = None, (f"No spread was fitted: {error}",)
    run = _record(found, chosen, why, command_line, began, time.monotonic() - started)
    study = Study(sweeps=found.sweeps, table=found.table, fit=fit, score=None, run=run)
    _write(study, out, records=True)
    return study


def run_study(
    paths: Sequence[Path | str],
    out: Path | str | None = None,
    *,
    options: StudyOptions | None = None,
    command_line: str = "",
    progress: Progress | None = None,
) -> Study:
    """Read `paths`, extract, fit, train, store in virtual arrays, evaluate, and write the results to `out`.

    `out` (a folder; None writes nothing) appears whole or not at all. Raises `PinchedError` for anything
    that the caller can mend: files, options, data that do not switch.
    """
    chosen, tracker = options or StudyOptions(), progress or Silent()
    began, started = now(), time.monotonic()
    if out is not None:
        check_output(Path(out))
    # The cheap things that can fail come first: nobody should train for a minute to learn of a missing file.
    training_data = chosen.task.load(Split.TRAIN, chosen.data)
    test_data = chosen.task.load(Split.TEST, chosen.data)
    devices = chosen.devices
    found = gather(paths, devices.source, progress=tracker)
    fit = fit_spread(found.table, device_yield=devices.device_yield, seed=devices.seed)
    score = _network(chosen, fit, training_data, test_data, tracker)
    assumptions = (
        f"Cells are written with single pulses of +-{chosen.write_voltage} V, not verified; a cell whose "
        "switching voltage is higher stays as it was.",
        "Weights and biases are two's-complement words, most significant bit first, one bit per cell.",
    )
    run = _record(found, devices, assumptions, command_line, began, time.monotonic() - started)
    study = Study(sweeps=found.sweeps, table=found.table, fit=fit, score=score, run=run)
    _write(study, out, records=False)
    return study


def _write(study: Study, out: Path | str | None, *, records: bool) -> None:
    if out is None:
        return
    with output_folder(Path(out)) as folder:
        write_results(
            folder, study.sweeps, study.table, study.fit, study.score, run=study.run, records=records
        )


def _network(
    options: StudyOptions, fit: SpreadFit, training_data: ImageSet, test_data: ImageSet, progress: Progress
) -> Score:
    hidden = options.task.hidden if options.hidden is None else options.hidden
    layers = (training_data.images.shape[1], *hidden, len(training_data.classes))
    quantizer = options.training.quantizer(options.bits)
    float_model = train(
        mlp(layers, seed=options.devices.seed), training_data, seed=options.devices.seed, progress=progress
    )
    model: nn.Module = float_model
    if options.training is Training.QAT:
        model = train(
            float_model, training_data, quantizer=quantizer, seed=options.devices.seed, progress=progress
        )
    chip = convert(
        model,
        device=fit.spread,
        mapping=TwosComplement(quantizer),
        write_voltage=options.write_voltage,
        seed=options.devices.seed,
    )
    return evaluate(
        chip,
        test_data,
        arrays=options.arrays,
        training_data=training_data,
        float_model=float_model,
        training=options.training.value,
        progress=progress,
    )


def _record(
    found: Gathered,
    options: DeviceOptions,
    assumptions: tuple[str, ...],
    command_line: str,
    began: str,
    duration: float,
) -> RunRecord:
    return RunRecord(
        command_line=command_line,
        seed=options.seed,
        read_voltage=found.table.read_voltage,
        started=began,
        duration_s=duration,
        files=collect_files(found.sweeps),
        skipped=found.skipped,
        passed_over=found.passed_over,
        guesses=collect_guesses(found.sweeps),
        assumptions=(*found.said, *assumptions),
        simulated=any_simulated(found.sweeps),
    )
