"""`Conditioned`: a surrogate that walks along any waveform with any steps, correcting a current given by formulas.

Its core is one of `Core`; what each of them sees of the waveform stands in `pinched.surrogate.cores`. Whatever the
core, nothing that the network is told of a sample looks ahead: features of the device are those of the device alone,
and largest voltage or duration of the waveform are not among them.

A device seen from its other end is another device under the opposite voltage, with the opposite current. So that this
need not be learnt, every device is turned so that its lower barrier is the left one: half as much is left to learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinched._params import require
from pinched.physics.estimate import Estimate
from pinched.surrogate.architecture import Scaling, Schedule
from pinched.surrogate.cores import (
    BranchTrunkNetwork,
    ConvolutionCore,
    FourierCore,
    RecurrentCore,
    SequenceNetwork,
    StateSpaceCore,
)
from pinched.surrogate.features import (
    INSTANT,
    course_features,
    course_steps,
    device_features,
    estimates,
    turned,
)
from pinched.surrogate.residual import CLIP, LOSS, Residual, ResidualLoss, given, scaling_of
from pinched.surrogate.runs import Runs

_SCHEDULE = Schedule(
    epochs=40, batch=128, rate=3e-3, decay=1e-4, clip=1.0, average=0.998, patience=15, steps=40
)


class Core(Enum):
    """What remembers the waveform; see `pinched.surrogate.cores`."""

    LSTM = "long short-term memory"
    GRU = "gated recurrent units"
    CONVOLUTION = "causal dilated convolutions (TCN)"
    STATE_SPACE = "diagonal state space with exact steps"
    FOURIER = "Fourier layers along the samples (FNO)"
    BRANCH_TRUNK = "branch of the device, trunk of the course (DeepONet)"


_UNITS = {Core.CONVOLUTION: 32, Core.FOURIER: 32}
"""Where fewer units than 64 make about as much work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditioned(Residual):
    """Any waveform, any steps, any number of cycles."""

    kind: ClassVar[str] = "conditioned_4"

    core: Core = Core.CONVOLUTION
    embedding: int = 48
    units: int | None = None
    """Size of the state; None: what makes about as much work of every core."""
    loss_terms: ResidualLoss = LOSS
    schedule: Schedule = _SCHEDULE

    def __post_init__(self) -> None:
        require(
            self, self.embedding >= 1 and (self.units is None or self.units >= 1),
            f"embedding {self.embedding} and units {self.units} must be above zero.",
        )  # fmt: skip

    def seen(self, runs: Runs) -> Runs:
        """The runs with every device turned so that its lower barrier is the left one."""
        return turned(runs)

    def features(self, runs: Runs, guess: Estimate) -> Float[np.ndarray, "run feature"]:
        """Features of the devices alone: a waveform is told by its course, no sample knows what comes after it."""
        return device_features(runs, guess, drive=False)

    def scaling(self, training: Runs) -> Scaling:
        """Means and spreads of the features of devices and samples, and the range of steps."""
        runs = self.seen(training)
        guess = estimates(runs)
        x = course_features(runs, guess)
        x = x.reshape(-1, x.shape[-1])
        spread = x.std(axis=0)
        steps = np.diff(training.elapsed, axis=1)
        return scaling_of(training, self.features(runs, guess), {
            "course_mean": x.mean(axis=0),
            "course_spread": np.where(spread > 1e-9, spread, 1.0),
            "steps": np.array([steps.min(), steps.max()]),
            "samples": np.array([training.elapsed.shape[1]]),
            "voltage": np.array([training.voltage.min(), training.voltage.max()]),
        })  # fmt: skip

    def network(self, scaling: Scaling) -> nn.Module:
        """A network with fresh weights; its last layer is zero, so it begins as the formulas."""
        a = scaling.arrays
        features, courses, told = a["device_mean"].size, a["course_mean"].size, self.embedding
        given = units = _UNITS.get(self.core, 64) if self.units is None else self.units
        match self.core:
            case Core.BRANCH_TRUNK:
                return BranchTrunkNetwork(features, courses, told, units)
            case Core.LSTM:
                core = RecurrentCore(nn.LSTM, courses, told, units)
            case Core.GRU:
                core = RecurrentCore(nn.GRU, courses, told, units)
            case Core.CONVOLUTION:
                core = ConvolutionCore(courses, told, units)
            case Core.STATE_SPACE:
                core, given = StateSpaceCore(INSTANT, told, units), units + INSTANT
            case Core.FOURIER:
                core = FourierCore(courses, told, units)
        return SequenceNetwork(features, told, units, core, given)

    def inputs(self, scaling: Scaling, runs: Runs, guess: Estimate | None) -> tuple[Tensor, ...]:
        """Features of the devices, of the samples, and the steps."""
        runs = self.seen(runs)
        return (
            self.device(scaling, runs, given(guess)),
            torch.tensor(_course(scaling, runs, given(guess)), dtype=torch.float32),
            torch.tensor(course_steps(runs), dtype=torch.float32),
        )

    def told_of_devices(self, scaling: Scaling, runs: Runs) -> Float[np.ndarray, "run feature"]:
        """The scaled features of the devices, and mean and spread along the course: errors hang on waveforms too."""
        runs = self.seen(runs)
        guess = estimates(runs)
        x = _course(scaling, runs, guess)
        device = self.device(scaling, runs, guess).numpy().astype(np.float64)
        return np.concatenate([device, x.mean(axis=1), x.std(axis=1)], axis=1)

    def unseen(self, scaling: Scaling, runs: Runs) -> str:
        """Says what of steps, length and voltage lies outside what was learnt."""
        a, said = scaling.arrays, []
        steps = np.diff(runs.elapsed, axis=1)
        if steps.min() < 0.5 * a["steps"][0] or steps.max() > 2.0 * a["steps"][1]:
            said.append(
                f"steps of {steps.min():.2g} to {steps.max():.2g} s (learnt: {a['steps'][0]:.2g} to "
                f"{a['steps'][1]:.2g} s)"
            )
        samples, learnt = runs.elapsed.shape[1], int(a["samples"][0])
        if samples > 2 * learnt or (self.core is Core.FOURIER and samples != learnt):
            said.append(f"{samples} samples (learnt: {learnt})")
        if runs.voltage.min() < 1.05 * a["voltage"][0] or runs.voltage.max() > 1.05 * a["voltage"][1]:
            said.append(f"voltages beyond {a['voltage'][0]:.3g} to {a['voltage'][1]:.3g} V")
        return "; ".join(said)


def _course(scaling: Scaling, runs: Runs, guess: Estimate) -> Float[np.ndarray, "run time feature"]:
    """What is told of the samples, scaled; of runs that went through `seen`."""
    x = course_features(runs, guess)
    x = (x - scaling.arrays["course_mean"]) / scaling.arrays["course_spread"]
    return np.clip(x, -CLIP, CLIP)
