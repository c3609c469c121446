"""`Difficulty`: for which devices a surrogate errs more, so that its intervals are wide there and narrow elsewhere.

One width for all devices is too wide for diodes and too narrow for loops: right on average over the mixture that was
held back, wrong on each part of it. The error of a device, on a logarithmic scale, is fitted linearly to what the
network is told of it; split conformal scaling of the errors in these units then holds on the parts too (Lei et al.
2018, section 5.2: locally weighted conformal inference).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from pinched._params import require
from pinched._random import generator

_RIDGE = 30.0
"""Pull of the weights towards none, in runs: a few hundred held-back runs say little of each of fifty features."""
_FOLDS = 5
_SHARE = 0.8
"""Quantile of a device's errors that counts as its error: near the 90 % that intervals hold, less noisy."""
_SMALLEST = 1e-5
"""An error below this (in units of the spread) is not told from none."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Difficulty:
    """log10 of the error that most samples of a device stay below, as a linear function of what is told of it, within
    the range that was seen."""

    source: ClassVar[str] = "lei2018distribution"

    weights: Float[np.ndarray, " feature"]
    constant: float
    low: float
    """Smallest log10 that a held-back device had: what lies far outside is not believed to be easier still."""
    high: float
    """Largest one."""

    def __post_init__(self) -> None:
        require(self, self.low <= self.high, f"low {self.low} exceeds high {self.high}.")

    def factor(self, told: Float[np.ndarray, "run feature"]) -> Float[np.ndarray, " run"]:
        """How large the error of each device is expected to be, in units of the spread (1)."""
        return 10.0 ** np.clip(told @ self.weights + self.constant, self.low, self.high)


def enough_for_difficulty(told: Float[np.ndarray, "run feature"]) -> bool:
    """Whether there are enough held-back devices to fit their errors to what is told of them."""
    return len(told) >= 4 * told.shape[1]


def fit_difficulty(
    told: Float[np.ndarray, "run feature"],
    errors: Float[np.ndarray, "run sample"],
    counted: Bool[np.ndarray, "run sample"],
    seed: int,
) -> tuple[Difficulty, Float[np.ndarray, " run"]]:
    """The difficulty of devices with `errors` (in units of the spread) on the samples that are `counted`, and the
    factor of each of these devices as those of the other folds foretell it.

    The factors are cross-fitted: a device does not take part in what foretells its own error, or intervals scaled by
    them would be too narrow for new devices.
    """
    usable = counted.any(axis=1)
    # Not the mean: pulses err at few samples, and what an interval must hold is nearly all of them.
    large = np.zeros(len(told))
    large[usable] = np.nanquantile(np.where(counted, errors, np.nan)[usable], _SHARE, axis=1)
    wanted = np.log10(np.maximum(large, _SMALLEST))
    fold = generator(seed, "surrogate", "difficulty").permutation(len(told)) % _FOLDS
    factors = np.ones(len(told))
    for k in range(_FOLDS):
        learn = usable & (fold != k)
        factors[fold == k] = _ridge(told[learn], wanted[learn]).factor(told[fold == k])
    return _ridge(told[usable], wanted[usable]), factors


def _ridge(told: np.ndarray, wanted: np.ndarray) -> Difficulty:
    x = np.concatenate([told, np.ones((len(told), 1))], axis=1)
    pull = _RIDGE * np.diag(np.append(np.ones(told.shape[1]), 0.0))
    solved = np.linalg.solve(x.T @ x + pull, x.T @ wanted)
    found = x @ solved
    return Difficulty(
        weights=solved[:-1], constant=float(solved[-1]), low=float(found.min()), high=float(found.max())
    )
