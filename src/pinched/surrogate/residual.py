"""`Direct`, and what it shares with `Conditioned`: surrogates that correct a current estimated by formulas.

Both learn, in decades, what the formulas' conductance is off by. The current is conductance times voltage, so it is
zero at zero voltage, never flows uphill and is continuous, whatever the weights are.

`Direct` maps the device to all samples at once: the fastest and most accurate, for the one family of waveforms that
it was trained on (it says so when it is given another). `Conditioned` walks along any waveform with any steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from pinched._errors import PinchedError
from pinched._params import require
from pinched.physics.estimate import Estimate
from pinched.physics.summary import CONDUCTING
from pinched.surrogate.architecture import Architecture, Scaling, Schedule, ranges
from pinched.surrogate.features import (
    amplitude,
    baseline,
    corrected,
    device_features,
    duration,
    estimates,
)
from pinched.surrogate.metrics import FLOOR
from pinched.surrogate.runs import Runs

_DIRECT = Schedule(
    epochs=100, batch=256, rate=5e-3, decay=1e-4, clip=1.0, average=0.998, patience=30, steps=40
)

CLIP = 8.0
"""Scaled inputs are held within this many standard deviations."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidualLoss:
    """Decades, censored at the floor, and the relative error of the current of runs that conduct.

    Where the true current lies at the floor, any prediction below it is right. The second term counts what carries
    current: NRMSE is a linear figure, and decades alone do not see the top of the loop better than its foot.
    """

    decades: float = 0.01
    """Error (decades) from which the first term grows linearly."""
    linear: float = 1.0
    """Weight of the second term."""
    linear_knee: float = 0.003
    """Relative error from which the second term grows linearly."""

    def __call__(
        self,
        predicted: Float[Tensor, "run time"],
        truth: Float[Tensor, "run time"],
        weight: Float[Tensor, "run time"],
    ) -> Float[Tensor, ""]:
        """Loss of log10 currents `predicted` against `truth`; `weight` is |I| over the largest, 0 where open."""
        floor = float(np.log10(FLOOR))
        off = torch.where(truth <= floor + 1e-6, (predicted - floor).clamp(min=0.0), predicted - truth)
        first = functional.smooth_l1_loss(off, torch.zeros_like(off), beta=self.decades)
        share = weight * (10.0 ** off.clamp(-0.6, 0.6) - 1.0)
        second = functional.smooth_l1_loss(share, torch.zeros_like(share), beta=self.linear_knee)
        return first + self.linear * second


LOSS = ResidualLoss()
"""What is minimised unless another one is asked for."""


class Residual(Architecture):
    """Abstract: what both share."""

    __slots__ = ()
    loss_terms: ResidualLoss

    def seen(self, runs: Runs) -> Runs:
        """The runs as the network is told of them; their currents and voltages may have the other sign."""
        return runs

    def features(self, runs: Runs, guess: Estimate) -> Float[np.ndarray, "run feature"]:
        """What is told of the devices, not yet scaled; of runs that went through `seen`."""
        return device_features(runs, guess)

    def device(self, scaling: Scaling, runs: Runs, guess: Estimate) -> Float[Tensor, "run feature"]:
        """What is told of the devices, scaled; of runs that went through `seen`."""
        x = self.features(runs, guess)
        x = (x - scaling.arrays["device_mean"]) / scaling.arrays["device_spread"]
        return torch.tensor(np.clip(x, -CLIP, CLIP), dtype=torch.float32)

    def estimates(self, runs: Runs) -> Estimate:
        """What formulas say of the devices of `runs`."""
        return estimates(self.seen(runs))

    def told_of_devices(self, scaling: Scaling, runs: Runs) -> Float[np.ndarray, "run feature"]:
        """The scaled features of the devices."""
        runs = self.seen(runs)
        return self.device(scaling, runs, estimates(runs)).numpy().astype(np.float64)

    def targets(self, scaling: Scaling, runs: Runs, guess: Estimate | None) -> tuple[Tensor, ...]:  # noqa: ARG002
        """log10 |I| that the formulas give, the true one, and what each sample weighs."""
        volts = np.log10(np.maximum(np.abs(runs.voltage), 1e-12))
        formulas = baseline(given(guess), self.seen(runs)) + volts
        truth = np.log10(np.maximum(np.abs(runs.current), FLOOR))
        top = np.abs(runs.current).max(axis=1, keepdims=True)
        weight = np.where(top > CONDUCTING, np.abs(runs.current) / np.maximum(top, 1e-300), 0.0)
        return tuple(torch.tensor(x, dtype=torch.float32) for x in (formulas, truth, weight))

    def loss(self, output: Tensor, targets: tuple[Tensor, ...]) -> Tensor:
        """See `ResidualLoss`."""
        guess, truth, weight = targets
        return self.loss_terms(guess + output, truth, weight)

    def current(
        self,
        scaling: Scaling,  # noqa: ARG002
        output: np.ndarray,
        runs: Runs,
        guess: Estimate | None,
    ) -> np.ndarray:
        """Current (A): the corrected conductance times the voltage."""
        # `seen` may have turned device and voltage around: the magnitude is the same, the sign that of `runs`.
        return np.copysign(corrected(given(guess), self.seen(runs), output), runs.voltage)


def given(guess: Estimate | None) -> Estimate:
    """`guess`; raises `TypeError` where there is none."""
    if guess is None:
        raise TypeError("these networks correct formulas: pass what `estimates` gives.")
    return guess


def scaling_of(
    training: Runs, features: Float[np.ndarray, "run feature"], arrays: dict[str, np.ndarray]
) -> Scaling:
    """Ranges of `training`, means and spreads of what is told of its devices, and `arrays`."""
    low, high = ranges(training)
    spread = features.std(axis=0)
    told = {"device_mean": features.mean(axis=0), "device_spread": np.where(spread > 1e-9, spread, 1.0)}
    return Scaling(
        names=training.names, units=training.units, low=low, high=high, common=training.common,
        arrays=told | arrays,
    )  # fmt: skip


class DirectNetwork(nn.Module):
    """Dense layers with shortcuts: features of a device to all samples."""

    def __init__(self, features: int, width: int, depth: int, samples: int) -> None:
        super().__init__()
        self.first = nn.Linear(features, width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.out = nn.Linear(width, samples)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, device: Float[Tensor, "run feature"]) -> Float[Tensor, "run time"]:
        """What the formulas are off by, in decades."""
        x = functional.silu(self.first(device))
        for layer in self.hidden:
            x = x + functional.silu(layer(x))
        return self.out(x)


@dataclass(frozen=True, kw_only=True, slots=True)
class Direct(Residual):
    """All samples of one family of waveforms at once."""

    kind: ClassVar[str] = "direct"

    width: int = 384
    depth: int = 5
    loss_terms: ResidualLoss = LOSS
    schedule: Schedule = _DIRECT

    def __post_init__(self) -> None:
        require(
            self,
            self.width >= 1 and self.depth >= 1,
            f"width {self.width} and depth {self.depth} must be above zero.",
        )

    def scaling(self, training: Runs) -> Scaling:
        """Means and spreads of the features, and the shape of the waveform, which all runs must share."""
        shape = _shape(training)
        off = float(np.abs(shape - shape[0]).max())
        if off > 1e-6:
            raise PinchedError(
                f"the waveforms of the training runs differ by up to {off:.2g} of their amplitude: Direct learns "
                f"one family. Use Conditioned, or leave out runs of other waveforms."
            )
        return scaling_of(training, self.features(training, estimates(training)), {"shape": shape[0]})

    def network(self, scaling: Scaling) -> DirectNetwork:
        """A network with fresh weights; its last layer is zero, so it begins as the formulas."""
        a = scaling.arrays
        return DirectNetwork(a["device_mean"].size, self.width, self.depth, a["shape"].shape[-1])

    def inputs(self, scaling: Scaling, runs: Runs, guess: Estimate | None) -> tuple[Tensor, ...]:
        """Features of the devices; raises `PinchedError` for another number of samples than was learnt."""
        samples = scaling.arrays["shape"].shape[-1]
        if runs.voltage.shape[1] != samples:
            raise PinchedError(
                f"the runs have {runs.voltage.shape[1]} samples, this network learnt {samples}: Direct knows one "
                f"family of waveforms on one set of samples. Use a Conditioned network for others."
            )
        return (self.device(scaling, runs, given(guess)),)

    def unseen(self, scaling: Scaling, runs: Runs) -> str:
        """Says by how much the waveforms differ from those that were learnt."""
        shape = _shape(runs)
        if shape.shape[1:] != scaling.arrays["shape"].shape:
            return "another number of samples"
        off = float(np.abs(shape - scaling.arrays["shape"]).max())
        return (
            f"waveforms that differ by {off:.2g} of their amplitude from the learnt one" if off > 1e-3 else ""
        )


def _shape(runs: Runs) -> Float[np.ndarray, "run 2 time"]:
    """Voltage over amplitude, time over duration."""
    return np.stack([runs.voltage / amplitude(runs)[:, None], runs.elapsed / duration(runs)[:, None]], axis=1)
