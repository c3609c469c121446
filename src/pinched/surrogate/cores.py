"""Networks that walk along a waveform: the cores that `Conditioned` chooses from.

All are told the same: a device (features), the course of the waveform so far at every sample, and each step (its
length in transits of the vacancies, the voltage in its middle). All give a number per sample.

| core | sees | steps |
|---|---|---|
| `StateSpaceCore` | the past | any: rests enter exactly, a step that is cut in two gives the same |
| `RecurrentCore` (LSTM, GRU) | the past | told as an input; others than those learnt are extrapolated |
| `ConvolutionCore` | the past, 2^layers - 1 samples of it | as above |
| `FourierCore` | past and future | one number of samples: a mode is a number of turns per waveform |
| `BranchTrunkNetwork` | this sample; the past by what the course keeps of it (flux, extremes) | any |
"""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Device = Float[Tensor, "run feature"]
Course = Float[Tensor, "run time feature"]
Steps = Float[Tensor, "run time 2"]

_SLOWEST, _FASTEST = 1e-2, 1e3
"""Rates of the modes of a fresh state-space core, per transit of vacancies at 10 V."""


def _embedding(features: int, size: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(features, 2 * size), nn.SiLU(), nn.Linear(2 * size, size), nn.SiLU())


def _silent(layer: nn.Linear) -> nn.Linear:
    """`layer` that gives zero until it is trained: a fresh network leaves the formulas as they are."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class SequenceNetwork(nn.Module):
    """A core between what is told of the device and what is read off its state."""

    def __init__(self, features: int, embedding: int, units: int, core: nn.Module, given: int) -> None:
        super().__init__()
        self.embed = _embedding(features, embedding)
        self.core = core
        self.read = nn.Linear(given, units)
        self.told = nn.Linear(embedding, units, bias=False)
        self.out = _silent(nn.Linear(units, 1))

    def forward(self, device: Device, course: Course, steps: Steps) -> Float[Tensor, "run time"]:
        """What the formulas are off by at each sample, in decades."""
        told = self.embed(device)
        seen = self.core(told, course, steps)
        return self.out(functional.silu(self.read(seen) + self.told(told)[:, None]))[..., 0]


class RecurrentCore(nn.Module):
    """An LSTM (hochreiter1997lstm) or a GRU (cho2014gru), told its device at every step and in its first state."""

    def __init__(self, kind: type[nn.LSTM] | type[nn.GRU], courses: int, embedding: int, units: int) -> None:
        super().__init__()
        self.units, self.along = units, nn.Linear(embedding, 16)
        self.start = nn.Linear(embedding, 2 * units)
        self.core = kind(courses + 16, units, batch_first=True)

    def forward(self, told: Tensor, course: Course, steps: Steps) -> Float[Tensor, "run time unit"]:  # noqa: ARG002
        """The state after each sample."""
        first, cell = self.start(told)[None].chunk(2, dim=-1)
        first = torch.tanh(first).contiguous()
        start: Any = (first, cell.contiguous()) if isinstance(self.core, nn.LSTM) else first
        along = self.along(told)[:, None].expand(-1, course.shape[1], -1)
        return self.core(torch.cat([course, along], dim=-1), start)[0]


class ConvolutionCore(nn.Module):
    """Causal convolutions over two samples, 1, 2, 4, ... samples apart, with shortcuts (TCN, bai2018tcn).

    Before the first sample there is nothing (zeros); what lies further back than its layers reach is forgotten.
    """

    def __init__(self, courses: int, embedding: int, units: int, layers: int = 8) -> None:
        super().__init__()
        self.lift = nn.Linear(courses, units)
        self.layers = nn.ModuleList(_TwoSamples(2**k, embedding, units) for k in range(layers))

    def forward(self, told: Tensor, course: Course, steps: Steps) -> Float[Tensor, "run time unit"]:  # noqa: ARG002
        """What the last layer gives at each sample."""
        x = self.lift(course.transpose(0, 1).contiguous())
        for layer in self.layers:
            x = layer(x, told)
        return x.transpose(0, 1)


class _TwoSamples(nn.Module):
    """A layer on each sample and the one `apart` samples before it."""

    def __init__(self, apart: int, embedding: int, units: int) -> None:
        super().__init__()
        self.apart = apart
        self.now, self.past = nn.Linear(units, units), nn.Linear(units, units, bias=False)
        self.told = nn.Linear(embedding, units, bias=False)

    def forward(self, x: Float[Tensor, "time run unit"], told: Tensor) -> Float[Tensor, "time run unit"]:
        """With time in front, what lies so many samples back is one piece of memory, and each of the two samples a
        plain product: less than half of the time of a padded convolution."""
        y = functional.linear(x, self.now.weight) + (self.told(told) + self.now.bias)
        if self.apart < len(x):
            before = x[: -self.apart].view(-1, x.shape[-1])
            y[self.apart :].view(before.shape).addmm_(before, self.past.weight.t())
        return x + functional.silu(y)


class FourierCore(nn.Module):
    """Layers that act on the lowest Fourier modes along the samples, beside layers on each sample (FNO,
    li2020fourier). They look ahead, and a mode means the same on one grid of samples only."""

    def __init__(self, courses: int, embedding: int, units: int, layers: int = 3, modes: int = 32) -> None:
        super().__init__()
        self.modes = modes
        self.lift = nn.Linear(courses, units)
        self.plain = nn.ModuleList(nn.Linear(units, units) for _ in range(layers))
        self.told = nn.ModuleList(nn.Linear(embedding, units, bias=False) for _ in range(layers))
        size = (modes, units, units, 2)
        self.turns = nn.ParameterList(nn.Parameter(torch.randn(size) / units) for _ in range(layers))

    def forward(self, told: Tensor, course: Course, steps: Steps) -> Float[Tensor, "run time unit"]:  # noqa: ARG002
        """What the last layer gives at each sample."""
        x = self.lift(course)
        samples = x.shape[1]
        kept = min(self.modes, samples // 2 + 1)
        for plain, device, turns in zip(self.plain, self.told, self.turns, strict=True):
            low = torch.fft.rfft(x, dim=1)[:, :kept]
            low = torch.einsum("bmi,mio->bmo", low, torch.view_as_complex(turns)[:kept])
            along = torch.fft.irfft(low, n=samples, dim=1)
            x = x + functional.silu(plain(x) + along + device(told)[:, None])
        return x


class _Walk(torch.autograd.Function):
    """x_k = decay_k x_{k-1} + drive_k along the first axis; its gradient walks back."""

    @staticmethod
    def forward(ctx, decay, drive, start):
        states = torch.empty_like(drive)
        x = start
        for k in range(drive.shape[0]):
            x = torch.addcmul(drive[k], decay[k], x, out=states[k])
        ctx.save_for_backward(decay, states, start)
        return states

    @staticmethod
    def backward(ctx, slope):  # pyright: ignore[reportIncompatibleMethodOverride]
        decay, states, start = ctx.saved_tensors
        down = torch.empty_like(states)
        last = down.shape[0] - 1
        down[last] = slope[last]
        for k in range(last - 1, -1, -1):
            torch.addcmul(slope[k], decay[k + 1], down[k + 1], out=down[k])
        before = torch.cat([start[None], states[:-1]])
        return down * before, down, decay[0] * down[0]


walk = _Walk.apply
"""States (time, run, mode) of `decay` and `drive` (time, run, mode) from `start` (run, mode); linear work in time."""


class StateSpaceCore(nn.Module):
    r"""Modes that relax (gu2022diagonal), each with a rate and towards a value that voltage and device decide:

    $$ \dot x_j = -\lambda_j(V, d) [x_j - u_j(V, d)], \qquad
       x_j(t + \Delta t) = e^{-\lambda_j \Delta t} x_j(t) + (1 - e^{-\lambda_j \Delta t}) u_j $$

    with the voltage in the middle of the step. The second equation solves the first, so a step at a voltage that
    stands still may be cut anywhere. What is told of steps besides is not looked at: the first `instant` numbers of
    the course hold at a moment, whatever the steps were.
    """

    def __init__(self, instant: int, embedding: int, units: int) -> None:
        super().__init__()
        self.instant = instant
        self.start = nn.Linear(embedding, units)
        self.voltage = nn.Linear(3, units)
        self.device = nn.Linear(embedding, units, bias=False)
        self.deeper = nn.Linear(units, 2 * units)
        self.rate = nn.Parameter(torch.linspace(math.log(_SLOWEST), math.log(_FASTEST), units))

    def modes(self, told: Tensor, steps: Steps) -> Float[Tensor, "time run unit"]:
        """The modes after each step."""
        length, middle = steps.transpose(0, 1).split(1, dim=-1)
        volts = torch.cat([middle, middle.abs(), middle.square()], dim=-1)
        hidden = functional.silu(self.voltage(volts) + self.device(told))
        faster, towards = self.deeper(hidden).chunk(2, dim=-1)
        rate = torch.exp((self.rate + 2.0 * faster).clamp(-12.0, 12.0))
        # After 80 of its times nothing is left of a mode; beyond that single precision computes slowly.
        decay = torch.exp(-(length * rate).clamp(max=80.0))
        return walk(decay, (1.0 - decay) * towards, self.start(told))  # pyright: ignore[reportReturnType]

    def forward(self, told: Tensor, course: Course, steps: Steps) -> Float[Tensor, "run time number"]:
        """The modes after each step, and the course."""
        return torch.cat([self.modes(told, steps).transpose(0, 1), course[..., : self.instant]], dim=-1)


class BranchTrunkNetwork(nn.Module):
    """A sum of products: the branch knows the device, the trunk the course of the waveform
    (DeepONet, lu2021deeponet). It remembers what flux and extremes say of the past, and nothing else."""

    def __init__(self, features: int, courses: int, embedding: int, units: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(_embedding(features, embedding), nn.Linear(embedding, units))
        self.trunk = nn.Sequential(
            nn.Linear(courses, units), nn.SiLU(), nn.Linear(units, units), nn.SiLU(),
            nn.Linear(units, units), nn.SiLU(), nn.Linear(units, units),
        )  # fmt: skip
        self.out = _silent(nn.Linear(units, 1))

    def forward(self, device: Device, course: Course, steps: Steps) -> Float[Tensor, "run time"]:  # noqa: ARG002
        """What the formulas are off by at each sample, in decades."""
        return self.out(self.branch(device)[:, None] * self.trunk(course))[..., 0]
