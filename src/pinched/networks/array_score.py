"""`ArrayScore`: the accuracy of a network computed in arrays, over chips and times, beside what needs no array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._params import require
from pinched.extraction.intervals import bootstrap_interval


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ArrayScore:
    """Accuracies (shares, 0 to 1) of one network in `accuracy_array.shape[1]` independent chips."""

    name: str
    """Data set, such as "mnist"."""
    test_set: str
    """What the images are, in words; says so when they are the training images."""
    images: int
    """Images behind every accuracy."""
    times: Float[np.ndarray, " time"]
    """Times since programming (s) at which the chips were read."""
    accuracy_over_time: Float[np.ndarray, "time array"]
    """Read from each chip at each time; chip k is the same devices at every time."""
    accuracy_float: float
    """The float twin: the same weights without arrays."""
    baseline: float
    """Always answering the most frequent class: the trivial baseline."""
    baseline_nearest_mean: float
    """Nearest class mean of the training images; NaN where they were not given."""
    confusion: Float[np.ndarray, "true predicted"]
    """Share of the images of a true class given each answer, mean over chips at the first time."""
    classes: tuple[str, ...]
    """Names of the classes."""
    mapping: str
    """How weights became conductances, in words."""
    imperfections: tuple[str, ...]
    """What was switched on, in words."""
    tiles: int
    """Tiles of a chip."""
    cells: int
    """Devices of a chip that hold something."""
    saturated: float
    """Largest share of conversions beyond the range of an ADC in any layer; NaN without one."""
    training: str
    """How the network was trained, in words."""
    seed: int
    """Seed of the chips."""

    def __post_init__(self) -> None:
        require(
            self, self.accuracy_over_time.size >= 1, "no accuracy: evaluate at least one array at one time."
        )

    @property
    def accuracy_array(self) -> Float[np.ndarray, " array"]:
        """Of each chip, at the first time."""
        return self.accuracy_over_time[0]

    @property
    def mean(self) -> float:
        """Mean over chips, at the first time."""
        return float(self.accuracy_array.mean())

    @property
    def worst(self) -> float:
        """The worst chip, at the first time."""
        return float(self.accuracy_array.min())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of the mean over chips, at the first time; (NaN, NaN) for one chip."""
        return self.interval_at(0)

    def interval_at(self, time: int) -> tuple[float, float]:
        """95 % bootstrap interval of the mean over chips at time number `time`; (NaN, NaN) for one chip."""
        return bootstrap_interval(self.accuracy_over_time[time], lambda x: float(x.mean()), seed=self.seed)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.name}: {self.mean:.2%} [{low:.2%}, {high:.2%}] over {self.accuracy_array.size} chips, worst "
            f"{self.worst:.2%}; float twin {self.accuracy_float:.2%}, most frequent class {self.baseline:.2%}"
        )
