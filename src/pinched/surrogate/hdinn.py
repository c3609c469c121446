r"""HDiNN, the hybrid dual-input network as zamankhani2024hysteresis describes it, with every gap of the text named.

A convolution and an LSTM read the voltages, a convolution and a dense layer the parameters, dense layers join both
and give the current at each sample. The loss adds to the mean squared error one of the steps between samples and one
of peaks (`CompositeLoss`, equations 1 to 4). It is here to be compared with; for answers use `Direct` or
`Conditioned`.

What the text leaves open, and how it is read here unless told otherwise:

| open | here | why |
|---|---|---|
| what is predicted: current (abstract, sections 4.1, 6) or resistance (section 5) | `Output.LOG_CONDUCTANCE` | on
linear currents it does not beat a constant; the others are options |
| scale of the inputs | 0 to 1, `LogInputs.WIDE` takes logarithms of what spans more than 2 decades | "scaled to 0 to
1"; linear mobilities hide twelve decades |
| "randomly selecting 20 % of the samples" | `Thinning.SHARED`: the same rising samples for all runs | the LSTM sees
no time, so steps must mean the same in each run |
| peaks: multiple of the largest gradient, of what | of each run, `peak_threshold` 0.5 | runs differ by decades |
| alpha, w_peak | 0.7, 2 | not given |
| sizes, optimiser, epochs | 32 filters, 64 units, Adam 2e-3 with a cosine, 120 epochs of batches of 32 | not given;
beyond it over-fits 700 runs |
| 16 parameters | the table's scalars, two rows of which hold two | constants carry nothing and stay 0 |
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pinched._params import require
from pinched._random import generator
from pinched.physics.estimate import Estimate
from pinched.surrogate.architecture import Architecture, Scaling, Schedule, ranges
from pinched.surrogate.metrics import log_current
from pinched.surrogate.runs import Runs


class Output(Enum):
    """What an HDiNN predicts, scaled to 0 to 1 by the extremes of its training runs."""

    CURRENT = "current"
    RESISTANCE = "log10 resistance"
    LOG_CONDUCTANCE = "log10 conductance"


class LogInputs(Enum):
    """Which parameters are taken to their logarithm before they are scaled."""

    NONE = "none"
    WIDE = "those whose range spans more than two decades"


class Thinning(Enum):
    """How samples are left out."""

    SHARED = "the same samples for all runs"
    EACH = "other samples for each run"
    BLOCK = "the first part of each run"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class CompositeLoss:
    r"""The loss of the paper: $\alpha\,\mathrm{MSE} + (1-\alpha)\,\mathrm{gradient\ error} + \mathrm{peak\ MSE}$.

    The gradient error compares the sizes of steps and not their signs, as equation 2 is printed.
    """

    alpha: float = 0.7
    """Share of the mean squared error, 0 to 1."""
    peak_weight: float = 2.0
    """Weight of the error at peaks; 0 leaves them out."""
    peak_threshold: float = 0.5
    """A sample is a peak where the step after it exceeds this share of the largest one of its run."""

    def __post_init__(self) -> None:
        require(self, 0.0 <= self.alpha <= 1.0, f"alpha is {self.alpha}; it is a share from 0 to 1.")
        require(self, self.peak_weight >= 0.0, f"peak_weight is {self.peak_weight}; it cannot be negative.")
        require(
            self, 0.0 < self.peak_threshold <= 1.0, f"peak_threshold is {self.peak_threshold}; take 0 to 1."
        )

    def __call__(
        self, predicted: Float[Tensor, "run time"], truth: Float[Tensor, "run time"]
    ) -> Float[Tensor, ""]:
        """Loss of `predicted` against `truth`, both scaled."""
        square = (predicted - truth) ** 2
        steps = (predicted.diff(dim=-1).abs() - truth.diff(dim=-1).abs()) ** 2
        # Equation 3 divides by all samples, not by the number of peaks.
        peak = self.peak_weight * (square * self.peaks(truth)).mean()
        return self.alpha * square.mean() + (1.0 - self.alpha) * steps.mean() + peak

    def peaks(self, truth: Float[Tensor, "run time"]) -> Bool[Tensor, "run time"]:
        """Samples of `truth` that count as peaks; the last sample has no step after it and is none."""
        step = truth.diff(dim=-1).abs()
        found = step > self.peak_threshold * step.amax(dim=-1, keepdim=True)
        return torch.cat([found, torch.zeros_like(found[..., :1])], dim=-1)


class HdinnNetwork(nn.Module):
    """The network: voltages (run, time) and parameters (run, parameter), scaled, to one value per sample."""

    def __init__(self, parameters: int, filters: int, units: int, merged: tuple[int, ...]) -> None:
        super().__init__()
        self.voltage_filters = nn.Conv1d(1, filters, 3, padding=1)
        self.memory = nn.LSTM(filters, units, batch_first=True)
        self.parameter_filters = nn.Conv1d(1, 8, 3, padding=1)
        self.parameter_dense = nn.Linear(8 * parameters, units)
        sizes = (2 * units, *merged)
        self.merged = nn.Sequential(*(
            part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())
        ))  # fmt: skip
        self.out = nn.Linear(sizes[-1], 1)

    def forward(
        self, voltage: Float[Tensor, "run time"], parameters: Float[Tensor, "run parameter"]
    ) -> Float[Tensor, "run time"]:
        """Predicted value at each sample."""
        seen = torch.relu(self.voltage_filters(voltage[:, None, :])).transpose(1, 2)
        course, _ = self.memory(seen)
        device = torch.relu(self.parameter_filters(parameters[:, None, :])).flatten(1)
        device = torch.relu(self.parameter_dense(device))[:, None, :].expand(-1, course.shape[1], -1)
        return self.out(self.merged(torch.cat([course, device], dim=-1)))[..., 0]


@dataclass(frozen=True, kw_only=True, slots=True)
class HDiNN(Architecture):
    """The published surrogate; see the module for what each choice is a reading of."""

    kind: ClassVar[str] = "hdinn"

    output: Output = Output.LOG_CONDUCTANCE
    log_inputs: LogInputs = LogInputs.WIDE
    thinning: Thinning = Thinning.SHARED
    share: float = 0.2
    """Share of the samples that are kept by `thinning`."""
    loss_terms: CompositeLoss = field(default_factory=CompositeLoss)
    filters: int = 32
    """Filters of the convolution over the voltages."""
    units: int = 64
    """Units of the LSTM and of the dense layer over the parameters."""
    merged: tuple[int, ...] = (64, 64)
    """Units of the dense layers that join both."""
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        require(self, 0.0 < self.share <= 1.0, f"share is {self.share}; it is a share from above 0 to 1.")
        require(
            self, self.filters >= 1 and self.units >= 1 and len(self.merged) >= 1 and min(self.merged) >= 1,
            f"filters {self.filters}, units {self.units} and merged {self.merged} must be above zero.",
        )  # fmt: skip

    def thinned(self, runs: Runs, seed: int) -> Runs:
        """Samples chosen by `thinning`, rising; the same for the same seed."""
        total = runs.voltage.shape[1]
        kept = max(2, round(self.share * total))
        if self.thinning is Thinning.NONE or kept >= total:
            return runs
        if self.thinning is Thinning.BLOCK:
            return runs.sampled(np.arange(kept))
        draw = generator(seed, "hdinn", "samples")
        if self.thinning is Thinning.SHARED:
            return runs.sampled(np.sort(draw.choice(total, kept, replace=False)))
        order = draw.random((len(runs), total)).argsort(axis=1)[:, :kept]
        return runs.sampled(np.sort(order, axis=1))

    def scaling(self, training: Runs) -> Scaling:
        """Extremes of inputs and output over the training runs."""
        low, high = ranges(training)
        x, y = self._parameters(training, low, high), self._output(training)
        return Scaling(
            names=training.names, units=training.units, low=low, high=high, common=training.common,
            arrays={
                "parameter_low": x.min(axis=0), "parameter_high": x.max(axis=0),
                "voltage": np.array([training.voltage.min(), training.voltage.max()]),
                "output": np.array([y.min(), y.max()]),
            },
        )  # fmt: skip

    def network(self, scaling: Scaling) -> HdinnNetwork:
        """A network with fresh weights."""
        return HdinnNetwork(len(scaling.names), self.filters, self.units, self.merged)

    def inputs(self, scaling: Scaling, runs: Runs, guess: Estimate | None) -> tuple[Tensor, ...]:  # noqa: ARG002
        """Voltages and parameters, 0 to 1 over the training runs; a constant parameter is 0."""
        a = scaling.arrays
        x = self._parameters(runs, scaling.low, scaling.high) - a["parameter_low"]
        width = a["parameter_high"] - a["parameter_low"]
        x = np.where(width > 0, x / np.where(width > 0, width, 1.0), 0.0)
        v = (runs.voltage - a["voltage"][0]) / np.ptp(a["voltage"])
        return torch.tensor(v, dtype=torch.float32), torch.tensor(x, dtype=torch.float32)

    def targets(self, scaling: Scaling, runs: Runs, guess: Estimate | None) -> tuple[Tensor, ...]:  # noqa: ARG002
        """The output, 0 to 1 over the training runs."""
        low, high = scaling.arrays["output"]
        return (torch.tensor((self._output(runs) - low) / (high - low), dtype=torch.float32),)

    def loss(self, output: Tensor, targets: tuple[Tensor, ...]) -> Tensor:
        """The composite loss."""
        return self.loss_terms(output, targets[0])

    def current(self, scaling: Scaling, output: np.ndarray, runs: Runs, guess: Estimate | None) -> np.ndarray:  # noqa: ARG002
        """Current (A); a predicted conductance or resistance gives it the sign of the voltage."""
        low, high = scaling.arrays["output"]
        value = low + (high - low) * output.astype(np.float64)
        if self.output is Output.CURRENT:
            return value
        sign = -1.0 if self.output is Output.RESISTANCE else 1.0
        return 10.0 ** (sign * np.clip(value, -40.0, 40.0)) * runs.voltage

    def _parameters(self, runs: Runs, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        if self.log_inputs is LogInputs.NONE:
            return runs.parameters
        wide = (low > 0) & (high > 100.0 * low)
        return np.where(wide, np.log10(np.maximum(runs.parameters, 1e-300)), runs.parameters)

    def _output(self, runs: Runs) -> np.ndarray:
        if self.output is Output.CURRENT:
            return runs.current
        conductance = log_current(runs.current) - np.log10(np.maximum(np.abs(runs.voltage), 1e-12))
        return -conductance if self.output is Output.RESISTANCE else conductance
