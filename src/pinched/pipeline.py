"""The main job as one function: measurements in, network accuracy and the page out.

`run_study` is what `pinched evaluate` calls. Scripts that need one stage only call that stage; this module
adds nothing to them but the order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from torch import nn

from pinched._files import check_output, output_folder
from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.data.options import ReadOptions
from pinched.data.read import ReadResult, read_folder
from pinched.data.sweep import IVSweep
from pinched.devices.spread import SpreadFit, fit_spread
from pinched.extraction.switching import extract_switching
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
class StudyOptions:
    """Everything that can be chosen about a study; the defaults are those of `pinched evaluate`."""

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
    read_voltage: str | float = 0.1
    """Voltage (V) at which the resistances are stated."""
    device_yield: float | None = None
    """Share of working devices; None counts it in the data."""
    seed: int = 0
    """Seed of training, arrays and bootstrap."""
    data: Path | None = None
    """Folder of the image files, for tasks that need one."""
    reading: ReadOptions = field(default_factory=ReadOptions)
    """What is known about the measurement files."""
    skip_bad: bool = False
    """Whether to go on with the good files when others cannot be used."""

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
    fit: SpreadFit
    """The fitted spread of the devices."""
    score: Score
    """The accuracy through arrays of such devices."""
    run: RunRecord
    """Where every number came from."""


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
    found = read_folder(paths, chosen.reading, progress=tracker)
    if found.skipped and not chosen.skip_bad:
        raise found.failure()
    if not found.sweeps:
        raise found.failure()
    table = extract_switching(found.sweeps, read_voltage=chosen.read_voltage, progress=tracker)
    fit = fit_spread(table, device_yield=chosen.device_yield, seed=chosen.seed)
    score = _network(chosen, fit, training_data, test_data, tracker)
    run = _record(chosen, found, table, command_line, began, time.monotonic() - started)
    study = Study(sweeps=tuple(found.sweeps), table=table, fit=fit, score=score, run=run)
    if out is not None:
        with output_folder(Path(out)) as folder:
            write_results(folder, study.sweeps, table, fit, score, run=run)
    return study


def _network(
    options: StudyOptions, fit: SpreadFit, training_data: ImageSet, test_data: ImageSet, progress: Progress
) -> Score:
    hidden = options.task.hidden if options.hidden is None else options.hidden
    layers = (training_data.images.shape[1], *hidden, len(training_data.classes))
    quantizer = options.training.quantizer(options.bits)
    float_model = train(mlp(layers, seed=options.seed), training_data, seed=options.seed, progress=progress)
    model: nn.Module = float_model
    if options.training is Training.QAT:
        model = train(float_model, training_data, quantizer=quantizer, seed=options.seed, progress=progress)
    chip = convert(
        model,
        device=fit.spread,
        mapping=TwosComplement(quantizer),
        write_voltage=options.write_voltage,
        seed=options.seed,
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
    options: StudyOptions,
    found: ReadResult,
    table: SwitchingTable,
    command_line: str,
    began: str,
    duration: float,
) -> RunRecord:
    return RunRecord(
        command_line=command_line,
        seed=options.seed,
        read_voltage=table.read_voltage,
        started=began,
        duration_s=duration,
        files=collect_files(found.sweeps),
        skipped=tuple(str(error) for error in found.skipped),
        passed_over=found.passed_over,
        guesses=collect_guesses(found.sweeps),
        assumptions=(
            f"Cells are written with single pulses of +-{options.write_voltage} V, not verified; a cell whose "
            "switching voltage is higher stays as it was.",
            "Weights and biases are two's-complement words, most significant bit first, one bit per cell.",
        ),
        simulated=any_simulated(found.sweeps),
    )
