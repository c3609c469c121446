"""`Surrogate`: a trained stand-in for the charge transport; predicts and says how sure it is."""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import nn

from pinched._errors import PinchedError
from pinched._params import require
from pinched.physics.estimate import Estimate
from pinched.surrogate.architecture import Architecture, Scaling
from pinched.surrogate.conformal import Difficulty, enough_for_difficulty, fit_difficulty
from pinched.surrogate.metrics import above_floor, log_current
from pinched.surrogate.runs import Runs

_BATCH = 128
"""Runs that are asked at once: what a sequence of so many leaves behind stays in the cache."""
_PORTION = 512
"""Runs that are predicted at once: what is told of the samples of many more does not fit the cache."""
_SMALLEST = 0.002
"""Decades: an ensemble that agrees better than this is not believed to be that sure."""


class UnseenWarning(UserWarning):
    """A device or a waveform outside what the surrogate was trained on."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Surrogate:
    """One network or an ensemble of equal ones, with everything that is needed to use it.

    Made by `train_surrogate`, `ensemble` and `load_surrogate`.
    """

    architecture: Architecture
    scaling: Scaling
    networks: tuple[nn.Module, ...]
    """One, or the members of an ensemble."""
    quantile: float = float("nan")
    """Half width of a 90 % interval of log10 |I| over the spread that is stated for a sample; NaN: not calibrated."""
    difficulty: Difficulty | None = None
    """For which devices intervals are wider; None: one width for all."""
    source: str = ""
    """Where the training runs came from."""
    seed: int = 0
    runs: int = 0
    """Training runs."""
    train_seconds: float = 0.0
    """CPU time of the training."""
    seen: Int[np.ndarray, " device"] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Marks (`Runs.marks`) of the devices that trained it or chose its best epoch."""

    def __post_init__(self) -> None:
        require(self, len(self.networks) >= 1, "there is no network.")

    def knows(self, runs: Runs) -> Bool[np.ndarray, " run"]:
        """Which of `runs` are of devices that it was trained on; they cannot judge it."""
        return np.isin(runs.marks(), self.seen)

    def predict(self, runs: Runs, *, warn: bool = True) -> Float[np.ndarray, "run time"]:
        """Current (A) of the devices of `runs` at their samples; the current of `runs` itself is not looked at.

        Warns (`UnseenWarning`) for parameters outside the training range and for waveforms that were not learnt, with
        the distance. Raises `PinchedError` for other parameters, and where the architecture cannot take the waveform.
        """
        if warn:
            said = self.unseen(runs)
            if said:
                warnings.warn(said, UnseenWarning, stacklevel=2)
        if len(runs) <= _PORTION:
            return self._predicted(runs)
        every = np.arange(len(runs))
        portions = [every[k : k + _PORTION] for k in range(0, len(runs), _PORTION)]
        return np.concatenate([self._predicted(runs.take(rows)) for rows in portions])

    def _predicted(self, runs: Runs) -> Float[np.ndarray, "run time"]:
        outputs, guess = self._outputs(runs)
        return self.architecture.current(self.scaling, np.mean(outputs, axis=0), runs, guess)

    def interval(self, runs: Runs) -> tuple[Float[np.ndarray, "run time"], Float[np.ndarray, "run time"]]:
        """Lower and upper end of the 90 % interval of log10 |I| (A) at each sample.

        Split conformal: right on average over devices like those held back in training. Raises `PinchedError` for a
        surrogate that was trained without validation.
        """
        if not np.isfinite(self.quantile):
            raise PinchedError(
                "this surrogate was trained without validation runs, so its intervals are not calibrated."
            )
        current, spread = self._answer(runs)
        middle, half = log_current(current), self.quantile * spread
        if self.difficulty is not None:
            told = self.architecture.told_of_devices(self.scaling, runs)
            assert told is not None
            half = half * self.difficulty.factor(told)[:, None]
        return middle - half, middle + half

    def spread(self, runs: Runs) -> Float[np.ndarray, "run time"]:
        """How far the members disagree at each sample (decades, standard deviation); one for a single network."""
        return self._answer(runs)[1]

    def calibrated(self, held_back: Runs, share: float = 0.9) -> Surrogate:
        """This surrogate with intervals that hold `share` of the samples of `held_back` that lie above the floor.

        They are wider for devices on which it errs more (`pinched.surrogate.conformal`): one width for all would be
        too wide for diodes and too narrow for loops. Few runs, or a network that is told of samples alone, leave one
        width.
        """
        current, spread = self._answer(held_back)
        errors = np.abs(log_current(current) - log_current(held_back.current)) / spread
        counted = above_floor(held_back.current)
        told = self.architecture.told_of_devices(self.scaling, held_back)
        if told is None or not enough_for_difficulty(told[counted.any(axis=1)]):
            return dataclasses.replace(self, quantile=_level(errors[counted], share), difficulty=None)
        difficulty, factors = fit_difficulty(told, errors, counted, self.seed)
        level = _level((errors / factors[:, None])[counted], share)
        return dataclasses.replace(self, quantile=level, difficulty=difficulty)

    def unseen(self, runs: Runs) -> str:
        """What of `runs` lies outside the training, in words with its distance; "" where nothing does.

        Raises `PinchedError` for runs of other parameters than the training had, or that share something else.
        """
        self._check(runs)
        far = self.scaling.outside(runs).max(axis=0)
        # A draw just beyond the outermost training run is not news.
        said = [
            f"{name} lies {d:.2g} of its range outside the training" for name, d in zip(runs.names, far, strict=True)
            if d > 0.02
        ]  # fmt: skip
        waveform = self.architecture.unseen(self.scaling, runs)
        return "; ".join([*said, *([waveform] if waveform else [])])

    def _check(self, runs: Runs) -> None:
        if runs.names != self.scaling.names or runs.units != self.scaling.units:
            raise PinchedError(
                f"the runs have the parameters {', '.join(runs.names)}; the surrogate knows "
                f"{', '.join(self.scaling.names)}."
            )
        if runs.common != self.scaling.common:
            raise PinchedError(
                f"the devices share {runs.common}; the surrogate learnt devices that share {self.scaling.common}. "
                "Train one on runs of such devices."
            )

    def _answer(self, runs: Runs) -> tuple[Float[np.ndarray, "run time"], Float[np.ndarray, "run time"]]:
        """Current (A) of the mean of the members, and what a sample's error is measured by (decades): how far the
        members disagree, never nothing (one everywhere for a single network)."""
        outputs, guess = self._outputs(runs)

        def current(output: np.ndarray) -> np.ndarray:
            return self.architecture.current(self.scaling, output, runs, guess)

        mean = current(np.mean(outputs, axis=0))
        if len(outputs) == 1:
            return mean, np.ones_like(mean)
        logs = [log_current(current(one)) for one in outputs]
        return mean, np.hypot(np.std(logs, axis=0, ddof=1), _SMALLEST)

    @torch.no_grad()
    def _outputs(self, runs: Runs) -> tuple[list[np.ndarray], Estimate | None]:
        """What each member gives, and what formulas say of the devices."""
        self._check(runs)
        guess = self.architecture.estimates(runs)
        inputs = self.architecture.inputs(self.scaling, runs, guess)
        found = []
        for network in self.networks:
            network.eval()
            parts = [network(*(x[rows] for x in inputs)) for rows in torch.arange(len(runs)).split(_BATCH)]
            found.append(torch.cat(parts).numpy())
        return found, guess


def _level(errors: Float[np.ndarray, " sample"], share: float) -> float:
    return float(np.quantile(errors, share, method="higher"))


def ensemble(members: tuple[Surrogate, ...], held_back: Runs | None = None) -> Surrogate:
    """One surrogate that answers with the mean of `members` and knows where they disagree.

    Members are of one architecture on one set of training runs, with seeds of their own. `held_back` calibrates its
    intervals. Raises `PinchedError` for members that differ in what they were told.
    """
    first = members[0]
    for other in members[1:]:
        same = other.architecture == first.architecture and other.scaling.names == first.scaling.names
        same = same and all(
            np.array_equal(other.scaling.arrays[k], v) for k, v in first.scaling.arrays.items()
        )
        if not same:
            raise PinchedError(
                "members of an ensemble differ in architecture or in training runs. Train them with one "
                "architecture, the same runs and validation=0, or the same split, and different seeds."
            )
    joined = dataclasses.replace(
        first,
        networks=tuple(network for member in members for network in member.networks),
        quantile=float("nan"),
        difficulty=None,
        train_seconds=sum(member.train_seconds for member in members),
    )
    return joined if held_back is None else joined.calibrated(held_back)
