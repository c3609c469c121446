"""What a network in arrays is worth: accuracy over chips and times; `evaluate` calls it.

Each chip is written anew into devices of its own and answers all images; at several times it is the same devices that
have aged. An accuracy near that of guessing, where the float twin is good, comes with a warning that names the layer
and the cause: a chip that fails in silence tells nobody what to mend.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pinched._params import require
from pinched._progress import Progress, Silent
from pinched._random import generator
from pinched._units import to_si
from pinched.networks import normalisation
from pinched.networks.array_matrix import SATURATED, ArrayMatrix
from pinched.networks.array_network import float_twin, matrices
from pinched.networks.array_score import ArrayScore
from pinched.networks.datasets import ImageSet
from pinched.networks.diagnosis import diagnose
from pinched.networks.training import accuracy

AT_ONCE = 500
"""Images that pass a chip together: what its layers make of them stays in the cache."""


@torch.no_grad()
def evaluate_arrays(
    chip: nn.Module,
    data: ImageSet,
    *,
    arrays: int | range,
    times: Sequence[str | float],
    baselines: tuple[float, float],
    test_set: str,
    float_model: nn.Module | None,
    training: str,
    settle: Tensor | None,
    progress: Progress | None,
) -> ArrayScore:
    """Accuracy of `chip` on `data` in `arrays` chips at `times`; see `evaluation.evaluate`."""
    numbers = range(arrays) if isinstance(arrays, int) else arrays
    require(ArrayScore, len(numbers) >= 1, f"arrays is {arrays}; evaluate at least one.")
    require(ArrayScore, len(times) >= 1, "times is empty; give at least one, such as '0 s'.")
    seconds = np.array([to_si(t, "s") for t in times])
    require(
        ArrayScore,
        bool((seconds >= 0).all()),
        f"times are {seconds.tolist()} s; they count from programming.",
    )
    own = copy.deepcopy(chip).eval()
    parts = list(matrices(own))
    options = parts[0].options
    classes = len(data.classes)
    confusion = torch.zeros(classes * classes, dtype=torch.float64)
    found = np.empty((len(seconds), len(numbers)))
    saturated = SaturationMeter(parts)
    with torch.random.fork_rng(devices=[]):
        for k, number in enumerate((progress or Silent()).track(numbers, "chips", len(numbers))):
            for matrix in parts:
                matrix.program(number, time=float(seconds[0]))
            for j, time in enumerate(seconds):
                if j:
                    for matrix in parts:
                        matrix.at_time(float(time))
                # Noise of reads is drawn by torch; its seed is the address of chip and time.
                draw = generator(options.seed, "reads", number, j).integers(2**62)
                torch.default_generator.manual_seed(int(draw))
                if settle is not None:
                    normalisation.settle(own, settle)
                saturated.watch = k == 0 and j == 0
                answers = torch.cat([own(part).argmax(-1) for part in data.images.split(AT_ONCE)])
                found[j, k] = float((answers == data.labels).double().mean())
                if j == 0:
                    cells = data.labels * classes + answers
                    confusion += torch.bincount(cells, minlength=classes * classes).double()
    saturated.remove()
    per_class = torch.bincount(data.labels, minlength=classes).double().clamp(min=1) * len(numbers)
    twin = float_twin(chip) if float_model is None else float_model
    score = ArrayScore(
        name=data.name,
        test_set=test_set,
        images=len(data),
        times=seconds,
        accuracy_over_time=found,
        accuracy_float=accuracy(twin, data),
        baseline=baselines[0],
        baseline_nearest_mean=baselines[1],
        confusion=(confusion.reshape(classes, classes) / per_class[:, None]).numpy(),
        classes=data.classes,
        mapping=options.mapping.name,
        imperfections=tuple(cause.value for cause in options.causes),
        tiles=sum(m.tiling.tiles for m in parts),
        cells=sum(m.tiling.used_cells for m in parts),
        saturated=saturated.largest,
        training=training,
        seed=options.seed,
    )
    _warn_of_chance(score, chip, data)
    return score


class SaturationMeter:
    """Counts, layer by layer, conversions beyond the range of the ADC while images pass."""

    def __init__(self, parts: list[ArrayMatrix]) -> None:
        self.watch = False
        self.counts = {id(m): [0.0, 0.0] for m in parts if m.options.adc is not None}
        self.parts = parts
        for matrix in parts:
            if matrix.options.adc is not None:
                matrix._meter = self.see

    def see(self, matrix: ArrayMatrix, codes: Tensor, low: int, high: int) -> None:
        """Count `codes` before they are rounded."""
        if self.watch:
            count = self.counts[id(matrix)]
            count[0] += float(((codes > high + 0.5) | (codes < low - 0.5)).double().sum())
            count[1] += codes.numel()

    def remove(self) -> None:
        """Stop watching; a warning for each layer that cuts off too much."""
        for matrix in self.parts:
            matrix._meter = None
            cut, seen = self.counts.get(id(matrix), [0.0, 0.0])
            if seen and cut / seen > SATURATED:
                warnings.warn(saturation_message(matrix.name, cut / seen), stacklevel=4)

    @property
    def largest(self) -> float:
        """Largest share of any layer; NaN where nothing was converted."""
        return max((cut / seen for cut, seen in self.counts.values() if seen), default=float("nan"))


def saturation_message(name: str, share: float) -> str:
    """What to say of a layer whose ADC cuts off `share` of the conversions."""
    return (
        f"{share:.1%} of the conversions of '{name}' lie beyond the range of its ADC and are cut off. Calibrate it "
        "on data like these (`calibrate`), or give a larger range."
    )


def _warn_of_chance(score: ArrayScore, chip: nn.Module, data: ImageSet) -> None:
    # Half way between guessing and the float twin: whoever sees that wants to know which part to mend.
    half = 0.5 * (score.baseline + score.accuracy_float)
    if score.mean >= half or score.accuracy_float <= score.baseline + 0.05:
        return
    worst = diagnose(chip, data.images[:256]).worst
    cause = "all together" if worst.cause is None else worst.cause.value
    warnings.warn(
        f"the chips reach {score.mean:.1%} where the float twin has {score.accuracy_float:.1%} and guessing "
        f"{score.baseline:.1%}. The largest loss is '{cause}' in layer '{worst.layer}' (signal to error "
        f"{worst.decibel:.1f} dB). See `diagnose(chip, batch)` for every layer and cause.",
        stacklevel=4,
    )
