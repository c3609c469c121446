"""`monte_carlo`: many networks, each stored in many arrays, each asked about several sets of images, in one call.

Use it for a statement about a technology ("3 % of all arrays are perfect") rather than about one chip; `evaluate`
gives one network with everything that it must be compared with. Array number k is made of the same devices for
every network of one layout and seed, in every portion and on every machine, so differences between networks are
not differences between arrays.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Int8
from torch import Tensor

from pinched._errors import PinchedError
from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.crossbar.memory import ReramMemory
from pinched.extraction.intervals import bootstrap_interval
from pinched.networks._threads import in_portions
from pinched.networks.datasets import ImageSet
from pinched.networks.evaluation import array_accuracy, check_fit
from pinched.networks.stored import MemoryNetwork

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ArrayRuns:
    """Accuracies (shares, 0 to 1) of every network in every array on every set of images."""

    networks: tuple[str, ...]
    """Name of each network."""
    arrays: range
    """Number of each array."""
    inputs: tuple[str, ...]
    """Name of each set of images."""
    images: tuple[int, ...]
    """Images in each set."""
    accuracy: Float[np.ndarray, "network array inputs"]
    """Of what was read back from the array."""
    accuracy_quantized: Float[np.ndarray, "network inputs"]
    """Of the words as they were meant: an array without errors."""
    bit_error_rate: Float[np.ndarray, "network array"]
    """Share of the bits of the network that were read wrong."""
    cpu_seconds: float
    """CPU time that the call took (s)."""
    seed: int
    """Seed of the arrays of the first network, and of the intervals."""

    @property
    def mean(self) -> Float[np.ndarray, "network inputs"]:
        """Mean accuracy over arrays."""
        return self.accuracy.mean(1)

    @property
    def worst(self) -> Float[np.ndarray, "network inputs"]:
        """Accuracy of the worst array."""
        return self.accuracy.min(1)

    @property
    def perfect(self) -> Float[np.ndarray, "network inputs"]:
        """Share of the arrays in which every image is classified right."""
        return (self.accuracy == 1.0).mean(1)

    def percentile(self, percent: float) -> Float[np.ndarray, "network inputs"]:
        """Accuracy that `percent` (0 to 100) of the arrays do not exceed."""
        return np.percentile(self.accuracy, percent, axis=1)

    def interval(self, network: int = 0, inputs: int = 0) -> tuple[float, float]:
        """95 % bootstrap interval of the mean accuracy over arrays; NaN for one array."""
        values = self.accuracy[network, :, inputs]
        return bootstrap_interval(values, lambda x: float(x.mean()), seed=self.seed)

    def to_xarray(self) -> xarray.Dataset:
        """The same as an xarray data set with the axes `network`, `array` and `inputs`.

        Raises `PinchedError` where xarray is not installed.
        """
        try:
            import xarray
        except ImportError as error:
            raise PinchedError(
                "xarray is not installed, so there is no data set to return. Run `pip install 'pinched[xarray]'`, or "
                "use the arrays `accuracy` and `bit_error_rate` as they are."
            ) from error
        return xarray.Dataset(
            {
                "accuracy": (("network", "array", "inputs"), self.accuracy, {"units": "1"}),
                "accuracy_quantized": (("network", "inputs"), self.accuracy_quantized, {"units": "1"}),
                "bit_error_rate": (("network", "array"), self.bit_error_rate, {"units": "1"}),
                "images": (("inputs",), np.array(self.images)),
            },
            coords={"network": [*self.networks], "array": [*self.arrays], "inputs": [*self.inputs]},
            attrs={"seed": self.seed, "cpu_seconds": self.cpu_seconds},
        )


def monte_carlo(
    chips: Sequence[MemoryNetwork],
    data: Sequence[ImageSet],
    *,
    arrays: int | range = 1000,
    names: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> ArrayRuns:
    """Store every network of `chips` in every array, read it back, and classify every set of `data`.

    `arrays` is how many, or the range of their numbers; `names` of the networks default to their numbers. Memory
    stays bounded (arrays pass in portions, one per core at a time), whatever their number. Raises `PinchedError` for
    no network, no images, less than one array, names that do not match, and a network that does not suit the images.
    """
    began = time.process_time()
    numbers = range(arrays) if isinstance(arrays, int) else arrays
    called = tuple(str(k) for k in range(len(chips))) if names is None else tuple(names)
    for good, message in (
        (len(chips) >= 1, "chips is empty: give at least one network."),
        (len(data) >= 1, "data is empty: give at least one set of images."),
        (len(numbers) >= 1, f"arrays is {arrays}; at least one array is needed."),
        (len(called) == len(chips), f"{len(called)} names for {len(chips)} networks: give one each."),
    ):
        require(ArrayRuns, good, message)
    for chip in chips:
        for images in data:
            check_fit(chip.network, images)

    def portion(part: range) -> tuple[np.ndarray, np.ndarray]:
        fresh: list[tuple[MemoryNetwork, ReramMemory]] = []
        shares = np.empty((len(chips), len(part), len(data)))
        errors = np.empty((len(chips), len(part)))
        for k, chip in enumerate(chips):
            words = chip.read_back(_fresh(chip, part, fresh))
            errors[k] = _wrong_bits(words, chip)
            for j, images in enumerate(data):
                shares[k, :, j] = array_accuracy(chip.network, words, images).numpy()
        return shares, errors

    cells = max(math.prod(chip.memory_shape) for chip in chips)
    found = in_portions(portion, numbers, cells, progress=progress or Silent())
    return ArrayRuns(
        networks=called,
        arrays=numbers,
        inputs=tuple(images.name for images in data),
        images=tuple(len(images) for images in data),
        accuracy=np.concatenate([shares for shares, _ in found], axis=1),
        accuracy_quantized=np.array(
            [[float(array_accuracy(c.network, c.network.words[None], d)[0]) for d in data] for c in chips]
        ),
        bit_error_rate=np.concatenate([errors for _, errors in found], axis=1),
        cpu_seconds=time.process_time() - began,
        seed=chips[0].seed,
    )


def _fresh(
    chip: MemoryNetwork, numbers: range, drawn: list[tuple[MemoryNetwork, ReramMemory]]
) -> ReramMemory:
    """Unwritten arrays for `chip`: those of an earlier chip of the same layout, or newly drawn."""
    for other, memory in drawn:
        if chip.same_arrays(other):
            return memory
    memory = chip.fresh(numbers)
    drawn.append((chip, memory))
    return memory


def _wrong_bits(words: Int8[Tensor, "array word"], chip: MemoryNetwork) -> np.ndarray:
    # A code has few bits: a table of their counts is quicker than unpacking every word.
    meant = chip.coding.to_codes(chip.network.words)
    counts = torch.tensor([k.bit_count() for k in range(1 << chip.bits)])
    wrong = (chip.coding.to_codes(words) ^ meant).long()
    return (counts[wrong].sum(-1, dtype=torch.float64) / chip.cells).numpy()
