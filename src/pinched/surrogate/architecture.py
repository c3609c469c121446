"""`Architecture`: what all surrogates have in common, and `Scaling`, the numbers that go into a checkpoint beside
weights.

An architecture is a frozen record of sizes and choices. It says how runs become inputs, what is learnt of them, how
wrong an answer is and how an answer becomes a current; `train_surrogate` does the rest for every one of them.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from pinched._params import require
from pinched.physics.estimate import Common, Estimate
from pinched.surrogate.runs import Runs

_FEWEST = 16
"""Runs in a batch, below which steps become noise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """How long and how fast a surrogate is trained; the rate falls to zero along half a cosine."""

    epochs: int = 120
    batch: int = 32
    rate: float = 2e-3
    decay: float = 0.0
    """Weight decay (AdamW)."""
    patience: int = 0
    """Epochs without a better validation loss after which training ends; 0 never ends early."""
    clip: float = 0.0
    """Largest norm of the gradient; 0 does not clip."""
    average: float = 0.0
    """Decay of the running average of the weights, which is what is kept; 0 keeps the last weights."""
    steps: int = 8
    """Steps of an epoch that `suited` leaves at least, as long as a batch has 16 runs."""

    def __post_init__(self) -> None:
        require(
            self,
            self.epochs >= 1 and self.batch >= 1 and self.rate > 0 and self.patience >= 0,
            f"epochs {self.epochs}, batch {self.batch}, rate {self.rate}, patience {self.patience}: all but the "
            f"last must be above zero.",
        )
        require(
            self, 0.0 <= self.average < 1.0, f"average is {self.average}; it is a decay from 0 to below 1."
        )
        require(self, self.steps >= 1, f"steps is {self.steps}; an epoch has at least 1.")

    def suited(self, runs: int) -> Schedule:
        """This schedule with a batch for so many runs: few of them in large batches would be few steps."""
        return dataclasses.replace(self, batch=min(self.batch, max(_FEWEST, runs // self.steps)))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scaling:
    """What was learnt of the training runs before any weight: ranges, means, the waveform; goes into the file."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    low: Float[np.ndarray, " parameter"]
    """Lowest value of each parameter in training, in SI."""
    high: Float[np.ndarray, " parameter"]
    """Highest value of each parameter in training, in SI."""
    common: Common
    """What all training devices share."""
    arrays: dict[str, np.ndarray]
    """What the architecture keeps, by name."""

    def outside(self, runs: Runs) -> Float[np.ndarray, "run parameter"]:
        """How far each parameter lies outside its training range, in widths of that range (logarithmic where the
        range spans more than two decades); 0 inside."""
        low, high, x = self.low, self.high, runs.parameters
        wide = (low > 0) & (high > 100.0 * low)
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.where(wide, np.log10(np.maximum(x, 1e-300)), x)
            low = np.where(wide, np.log10(np.maximum(low, 1e-300)), low)
            high = np.where(wide, np.log10(np.maximum(high, 1e-300)), high)
        width = np.where(high > low, high - low, np.maximum(np.abs(high), 1e-300))
        return np.maximum(np.maximum(low - x, x - high), 0.0) / width


def ranges(runs: Runs) -> tuple[Float[np.ndarray, " parameter"], Float[np.ndarray, " parameter"]]:
    """Lowest and highest value of each parameter."""
    return runs.parameters.min(axis=0), runs.parameters.max(axis=0)


class Architecture(ABC):
    """Abstract: a kind of surrogate with its sizes."""

    __slots__ = ()
    kind: ClassVar[str]
    """Name in a checkpoint; never given to another architecture."""
    schedule: Schedule
    """How it is trained unless told otherwise."""

    def thinned(self, runs: Runs, seed: int) -> Runs:  # noqa: ARG002
        """The samples of `runs` that this architecture sees; all of them unless it says otherwise."""
        return runs

    def estimates(self, runs: Runs) -> Estimate | None:  # noqa: ARG002
        """What formulas say of `runs`, where this architecture rests on them; computed once for inputs and answer."""
        return None

    def told_of_devices(self, scaling: Scaling, runs: Runs) -> Float[np.ndarray, "run feature"] | None:  # noqa: ARG002
        """What the network is told of each device, scaled; None where errors are not to be fitted to it."""
        return None

    @abstractmethod
    def scaling(self, training: Runs) -> Scaling:
        """What is to be known of the training runs; raises `PinchedError` for runs that do not fit."""

    @abstractmethod
    def network(self, scaling: Scaling) -> nn.Module:
        """A network with fresh weights."""

    @abstractmethod
    def inputs(self, scaling: Scaling, runs: Runs, guess: Estimate | None) -> tuple[Tensor, ...]:
        """What the network is given, one row per run; `guess` is what `estimates` gave.

        Raises `PinchedError` for a waveform that it cannot take.
        """

    @abstractmethod
    def targets(self, scaling: Scaling, runs: Runs, guess: Estimate | None) -> tuple[Tensor, ...]:
        """What `loss` compares with, one row per run."""

    @abstractmethod
    def loss(self, output: Tensor, targets: tuple[Tensor, ...]) -> Tensor:
        """How wrong `output` is; a mean over the rows."""

    @abstractmethod
    def current(
        self, scaling: Scaling, output: Float[np.ndarray, "run time"], runs: Runs, guess: Estimate | None
    ) -> Float[np.ndarray, "run time"]:
        """Current (A) that `output` means."""

    def unseen(self, scaling: Scaling, runs: Runs) -> str:  # noqa: ARG002
        """What is new to this architecture in the waveforms of `runs`, in words; "" where nothing is."""
        return ""
