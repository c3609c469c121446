"""`evaluate`: what a network on memristors is worth, as a distribution over arrays and beside what needs none.

A network in computing arrays goes to `array_evaluation`. Of a stored one, every array is written with the words of
the network, read back, and the network built of what was read classifies all images. The `Score` carries the float
twin, the quantized twin, and two baselines, because an accuracy without them says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor, nn

from pinched._errors import PinchedError
from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.crossbar.bit_errors import BitErrors, bit_errors
from pinched.crossbar.pulses import Cost, Wear, join_costs
from pinched.crossbar.repair import ProgrammedMemory, unplaced_note
from pinched.networks._threads import in_portions
from pinched.networks.array_evaluation import evaluate_arrays
from pinched.networks.array_score import ArrayScore
from pinched.networks.datasets import ImageSet, Split
from pinched.networks.findings import StorageCost
from pinched.networks.quantized import QuantizedNetwork
from pinched.networks.score import Score
from pinched.networks.storage import describe_storage
from pinched.networks.stored import MemoryNetwork
from pinched.networks.training import accuracy, cross_entropy


def array_accuracy(
    network: QuantizedNetwork, words: Int[Tensor, "array word"], data: ImageSet
) -> Float[Tensor, " array"]:
    """Share (0 to 1) of the images of `data` that `network` classifies right with each row of `words`."""
    return (network.predict(words, data.images) == data.labels).double().mean(-1)


@overload
def evaluate(
    chip: MemoryNetwork,
    data: ImageSet,
    *,
    arrays: int | range = 20,
    training_data: ImageSet | None = None,
    float_model: nn.Module | None = None,
    training: str = "not stated",
    progress: Progress | None = None,
) -> Score: ...


@overload
def evaluate(
    chip: nn.Module,
    data: ImageSet,
    *,
    arrays: int | range = 20,
    times: Sequence[str | float] = (0.0,),
    training_data: ImageSet | None = None,
    float_model: nn.Module | None = None,
    training: str = "not stated",
    settle: Tensor | None = None,
    progress: Progress | None = None,
) -> ArrayScore: ...


def evaluate(
    chip: MemoryNetwork | nn.Module,
    data: ImageSet,
    *,
    arrays: int | range = 20,
    times: Sequence[str | float] = (0.0,),
    training_data: ImageSet | None = None,
    float_model: nn.Module | None = None,
    training: str = "not stated",
    settle: Tensor | None = None,
    progress: Progress | None = None,
) -> Score | ArrayScore:
    """Write `chip` into fresh arrays (how many, or the range of their numbers), read, classify `data`.

    A chip that computes in arrays is read at each of `times` (s, or text) since programming, the same devices at all
    of them. `training_data` gives the baselines; without it the most frequent class is that of `data` itself (never
    below the true baseline) and the nearest class mean is NaN. `float_model` is the network before
    quantization-aware training; without it the float parameters behind the words stand in. `training` is
    copied into the score. With `settle` (training inputs) batch normalisation is settled on them in every chip
    before each reading, see `settle_normalisation`. Raises `PinchedError` for a network whose input or output does
    not suit `data`, and for less than one array.
    """
    if not isinstance(chip, MemoryNetwork):
        return evaluate_arrays(
            chip, data, arrays=arrays, times=times, baselines=baselines(data, training_data),
            test_set=_describe(data, training_data), float_model=float_model, training=training, settle=settle,
            progress=progress,
        )  # fmt: skip
    require(Score, settle is None, "settle belongs to chips that compute in arrays; this one stores words.")
    require(
        Score,
        tuple(times) == (0.0,),
        "times belong to chips that compute in arrays; what passes before a stored network is read is its `bake`.",
    )
    network = chip.network
    numbers = range(arrays) if isinstance(arrays, int) else arrays
    require(Score, len(numbers) >= 1, f"arrays is {arrays}; evaluate at least one array.")
    check_fit(network, data)
    written, classes = chip.word_bits, len(data.classes)

    def portion(part: range) -> _Portion:
        stored = chip.store(chip.fresh(part))
        words = chip.read_words(stored)
        answers = network.predict(words, data.images)
        return _Portion(
            shares=(answers == data.labels).double().mean(-1),
            # Of the words, as they would be stored: what a code or spares mended is no error any more.
            errors=bit_errors(written, chip.coding.encode(words).flatten(-2)),
            confusion=torch.bincount(
                (data.labels * classes + answers).flatten(), minlength=classes * classes
            ),
            stored=_Stored.of(stored),
        )

    found = in_portions(portion, numbers, math.prod(chip.memory_shape), progress=progress or Silent())
    errors = [one.errors for one in found]
    confusion = torch.stack([one.confusion for one in found]).sum(0, dtype=torch.float64)
    per_class = torch.bincount(data.labels, minlength=classes).double().clamp(min=1) * len(numbers)
    baseline, nearest = baselines(data, training_data)
    twin = network.module if float_model is None else float_model
    return Score(
        name=data.name,
        layers=network.layers,
        bits=chip.bits,
        quantizer=network.quantizer.name,
        training=training,
        images=len(data),
        test_set=_describe(data, training_data),
        accuracy_float=accuracy(twin, data),
        loss_float=cross_entropy(twin, data),
        accuracy_train=math.nan if training_data is None else accuracy(twin, training_data),
        accuracy_quantized=float(array_accuracy(network, network.words[None], data)[0]),
        accuracy_array=torch.cat([one.shares for one in found]).numpy(),
        baseline=baseline,
        baseline_nearest_mean=nearest,
        bit_error_rate=torch.cat([e.total for e in errors]).numpy(),
        # Every array holds the same bits, so the mean of the shares is the share over all arrays.
        bit_error_one=float(torch.cat([e.of_ones for e in errors]).mean()),
        bit_error_zero=float(torch.cat([e.of_zeros for e in errors]).mean()),
        confusion=(confusion.reshape(classes, classes) / per_class[:, None]).numpy(),
        classes=data.classes,
        parameters=network.words.numel(),
        cells=math.prod(chip.memory_shape) if chip.repair else chip.cells,
        write_voltage=chip.write_voltage,
        threshold=chip.threshold,
        seed=chip.seed,
        cost=_cost(chip, [one.stored for one in found]),
        storage=describe_storage(chip),
        bake=None if chip.bake is None else (chip.bake.time, chip.bake.temperature),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Stored:
    """What programming a portion of arrays took; the cells themselves are let go."""

    cost: Cost
    wear: Wear
    unrepaired: Float[Tensor, " array"]
    unplaced: Float[Tensor, " array"]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, stored: ProgrammedMemory) -> _Stored:
        return cls(
            cost=stored.cost,
            wear=stored.wear,
            unrepaired=stored.unrepaired,
            unplaced=stored.unplaced,
            notes=tuple(note for note in stored.notes if note not in unplaced_note(stored.unplaced)),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Portion:
    """What a portion of arrays gave."""

    shares: Float[Tensor, " array"]
    errors: BitErrors
    confusion: Int64[Tensor, " cell"]
    stored: _Stored


def _cost(chip: MemoryNetwork, found: list[_Stored]) -> StorageCost:
    cost = join_costs([one.cost for one in found])
    wear = [one.wear for one in found]
    unplaced = torch.cat([one.unplaced for one in found])
    # One note of a kind: portions differ in the numbers that they name.
    notes = {note.partition("(")[0]: note for one in found for note in one.notes}

    def mean(values: Tensor) -> float:
        return float(values.mean())

    return StorageCost(
        area_factor=chip.area_factor,
        table_bits=0 if chip.repair is None else chip.repair.table_bits(*chip.shape),
        writes=mean(cost.writes),
        reads=mean(cost.reads),
        retries=mean(cost.retries),
        retries_max=int(cost.retries_max.max()),
        wear_mean=mean(torch.cat([one.mean_used for one in wear])),
        wear_max=int(torch.cat([one.largest for one in wear]).max()),
        wear_share=float(torch.cat([one.share for one in wear]).max()),
        worn=mean(torch.cat([one.worn for one in wear])),
        time_serial=mean(cost.time_serial),
        time_rows=mean(cost.time_rows),
        energy_low=mean(cost.energy_low),
        energy_high=mean(cost.energy_high),
        unrepaired=mean(torch.cat([one.unrepaired for one in found])),
        unplaced=mean(unplaced),
        write_width=chip.pulses.set_width,
        notes=(*notes.values(), *unplaced_note(unplaced)),
    )


def baselines(data: ImageSet, training_data: ImageSet | None) -> tuple[float, float]:
    """Shares of `data` classified by the most frequent training class, and by the nearest training class mean.

    Without `training_data`: the share of the most frequent class of `data`, and NaN.
    """
    if training_data is None:
        return float(torch.bincount(data.labels).max()) / len(data), math.nan
    frequent = torch.bincount(training_data.labels).argmax()
    means, present = class_means(training_data)
    nearest = present[torch.cdist(data.images, means).argmin(-1)]
    return float((data.labels == frequent).double().mean()), float((nearest == data.labels).double().mean())


def class_means(data: ImageSet) -> tuple[Float[Tensor, "present pixel"], Int64[Tensor, " present"]]:
    """Mean image of each class that occurs in `data`, and the numbers of those classes."""
    present, index, counts = torch.unique(data.labels, return_inverse=True, return_counts=True)
    total = torch.zeros((len(present), data.images.shape[1])).index_add_(0, index, data.images)
    return total / counts[:, None], present


def _describe(data: ImageSet, training_data: ImageSet | None) -> str:
    trained_on = (
        data.split is Split.TRAIN if training_data is None else torch.equal(training_data.images, data.images)
    )
    return f"{data.note} [the training images themselves]" if trained_on else data.note


def check_fit(network: QuantizedNetwork, data: ImageSet) -> None:
    """Raise `PinchedError` unless `network` takes the images of `data` and has one output per class."""
    try:
        outputs = network(data.images[:1]).shape[-1]
    except RuntimeError as error:
        raise PinchedError(
            f"the network does not take images of {data.images.shape[1]} pixels ({data.name}): {error}. "
            "Evaluate it on the kind of images that it was trained on."
        ) from error
    require(
        Score,
        outputs == len(data.classes),
        f"the network has {outputs} outputs for the {len(data.classes)} classes of {data.name}. "
        "Give it one output per class.",
    )
