"""A network from data to arrays in one call: train, store, read back, compare; the second half of the main job.

`Task` is what is learned, `Training` how the stored words come about; `evaluate_task` puts both with a `DeviceSpread`
and `StorageOptions` together. Scripts that want a step of their own call `train`, `convert` and `evaluate`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from torch import nn

from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.devices.spread import DeviceSpread
from pinched.networks import datasets
from pinched.networks.datasets import ImageSet, Split
from pinched.networks.evaluation import evaluate
from pinched.networks.mlp import mlp
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer, Quantizer
from pinched.networks.required import requirements
from pinched.networks.score import Score
from pinched.networks.sensitivity import sensitivity
from pinched.networks.storage import StorageOptions
from pinched.networks.training import train


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
    QAT_ERRORS = "quantization- and bit-error-aware training"
    """The same with bits that are read wrong as often as in an array without repair."""
    PTQ = "post-training quantization (clip and round)"
    """Float training, then the clip range of least squared error."""
    PAPER = "post-training quantization (rule of the paper)"
    """Float training, then scaling by the maximum and truncation, as marraccini2025fast did."""

    def quantizer(self, bits: int) -> Quantizer:
        """The quantizer of this kind of training; raises `PinchedError` for bits outside its range."""
        return PaperQuantizer(bits) if self is Training.PAPER else ClipQuantizer(bits)


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkOptions:
    """Everything that can be chosen about the network and the arrays that hold it."""

    task: Task = DIGITS
    """What the network learns."""
    hidden: tuple[int, ...] | None = None
    """Neurons of the hidden layers; None takes those of the task."""
    bits: int = 4
    """Bits per weight and bias."""
    training: Training = Training.QAT
    """How the stored words come about."""
    storage: StorageOptions = field(default_factory=StorageOptions)
    """How they are stored and read."""
    arrays: int = 20
    """Virtual arrays that the network is stored in."""
    sensitivity: bool = False
    """Whether to rank the properties of the device by what they cost."""
    wanted: float | None = None
    """Mean accuracy (share, 0 to 1) for which each property alone is asked how good it has to be; None does not."""
    data: Path | None = None
    """Folder of the image files, for tasks that need one."""

    def __post_init__(self) -> None:
        require(self, self.arrays >= 1, f"arrays is {self.arrays}; at least 1 array is needed.")
        sizes = self.hidden or ()
        require(self, all(n >= 1 for n in sizes), f"hidden is {sizes}; every layer needs at least 1 neuron.")
        require(
            self,
            self.wanted is None or 0.0 < self.wanted <= 1.0,
            f"wanted is {self.wanted}; an accuracy is a share above 0 and at most 1 (95 % is 0.95).",
        )
        self.training.quantizer(self.bits)


def evaluate_task(
    options: NetworkOptions,
    spread: DeviceSpread,
    training_data: ImageSet,
    test_data: ImageSet,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Score:
    """Train on `training_data`, store in arrays of `spread`, read back, and classify `test_data`.

    Raises `PinchedError` for storage that is impossible, before anything is trained.
    """
    tracker = progress or Silent()
    hidden = options.task.hidden if options.hidden is None else options.hidden
    start = mlp((training_data.images.shape[1], *hidden, len(training_data.classes)), seed=seed)
    quantizer, storage = options.training.quantizer(options.bits), options.storage
    # Nobody should train for a minute to learn that the array is too small.
    storage.chip(start, device=spread, quantizer=quantizer, seed=seed)
    float_model = train(start, training_data, seed=seed, progress=tracker)
    model: nn.Module = float_model
    if options.training in (Training.QAT, Training.QAT_ERRORS):
        flips = storage.flips(spread) if options.training is Training.QAT_ERRORS else None
        model = train(
            float_model, training_data, quantizer=quantizer, flips=flips, seed=seed, progress=tracker
        )
    chip = storage.chip(model, device=spread, quantizer=quantizer, seed=seed)
    score = evaluate(
        chip,
        test_data,
        arrays=options.arrays,
        training_data=training_data,
        float_model=float_model,
        training=options.training.value,
        progress=tracker,
    )
    if options.sensitivity:
        found = sensitivity(chip, test_data, arrays=options.arrays, progress=tracker)
        score = dataclasses.replace(score, sensitivity=found)
    if options.wanted is not None:
        needed = requirements(
            chip, test_data, accuracy=options.wanted, arrays=options.arrays, progress=tracker
        )
        score = dataclasses.replace(score, required=needed)
    return score
