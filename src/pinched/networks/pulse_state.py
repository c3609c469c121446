"""The devices behind a network that is trained in place: conductances, wear, time and energy, in buffers.

All matrices of a network are one flat row of devices, so that a step of training costs a handful of tensor operations
whatever the number of layers. A `DeviceBank` is one such row; `PulseState` is everything that a training rule
changes. Word lines are written one after the other, all matrices at once, potentiation and depression apart: that is
what time is made of.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched._random import generator
from pinched.crossbar.cells import Endurance, draw_limit
from pinched.devices.law import parameters, with_parameters
from pinched.devices.updates.noise import PulseNoise, perturbed
from pinched.devices.updates.update import PulseUpdate
from pinched.devices.variability import Spread, vary

L = TypeVar("L")


class WornOutError(PinchedError):
    """Devices have reached their endurance: training stops before the pulses that they would not survive.

    Fields: `worn` devices, `step` that could not be done, `checkpoint` where everything was kept (None for nowhere).
    """

    def __init__(self, worn: int, step: int, limit: float, checkpoint: Path | None = None) -> None:
        self.worn, self.step, self.limit, self.checkpoint = worn, step, limit, checkpoint
        kept = (
            "model and optimizer hold what was reached"
            if checkpoint is None
            else f"model and optimizer are kept in {checkpoint}"
        )
        super().__init__(
            f"step {step} would drive {worn} devices beyond their endurance (the first of them {limit:g} pulses). "
            f"Training stops before that; {kept}. Take a rule with fewer pulses (MixedPrecision), a lower rate, or "
            "train ex situ."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class WritePulse:
    """Amplitudes and widths that turn counts into time and energy; by default those of roy2025quantum, Fig. 7b."""

    voltage: float = quantity(1.5, "V", "V_w", "amplitude of a write pulse")
    width: float = quantity(5e-3, "s", "t_w", "width of a write pulse")
    read_voltage: float = quantity(0.2, "V", "V_r", "voltage of a read")
    read_width: float = quantity(5e-3, "s", "t_r", "duration of a read")

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            require(
                self,
                math.isfinite(value) and value > 0,
                f"{item.name} is {value} {item.metadata['unit']}; it is finite and above zero.",
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class PulseLayout:
    """Where the weights of several matrices stand in one row: matrix after matrix, each (output, input) row-major."""

    names: tuple[str, ...]
    shapes: tuple[tuple[int, int], ...]
    """(output, input) of each matrix; a convolution is (channel, channel times kernel)."""

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where each matrix begins, and where the last one ends."""
        return (0, *itertools.accumulate(o * i for o, i in self.shapes))

    @property
    def size(self) -> int:
        """Weights in all."""
        return self.offsets[-1]

    def word_lines(self) -> tuple[Int64[Tensor, " weight"], Int64[Tensor, " line"]]:
        """Number of the word line of each weight, counted through all matrices, and the matrix of each line."""
        lines, matrix, first = [], [], 0
        for k, (outputs, inputs) in enumerate(self.shapes):
            lines.append((first + torch.arange(inputs)).repeat(outputs))
            matrix.append(torch.full((inputs,), k))
            first += inputs
        return torch.cat(lines), torch.cat(matrix)

    def columns(self) -> tuple[Int64[Tensor, " output"], Int64[Tensor, " output"]]:
        """Weights of the first word line of each matrix, and after how many further lines each begins anew."""
        first = [
            start + inputs * torch.arange(outputs)
            for start, (outputs, inputs) in zip(self.offsets, self.shapes, strict=False)
        ]
        return torch.cat(first), torch.cat([torch.full((o,), i) for o, i in self.shapes])


def picked(law: L, index: Int64[Tensor, " picked"]) -> L:
    """`law` of the devices `index` alone, where its parameters are tensors; unchecked, as the whole was checked."""
    own = {f.name: getattr(law, f.name) for f in dataclasses.fields(law)}  # type: ignore[arg-type]
    if not any(isinstance(value, Tensor) and value.ndim for value in own.values()):
        return law
    twin = object.__new__(type(law))
    for name, value in own.items():
        object.__setattr__(twin, name, value[index] if isinstance(value, Tensor) and value.ndim else value)
    return twin


def devices_of(
    law: PulseUpdate, spreads: Mapping[str, Spread], layout: PulseLayout, copies: int, seed: int, role: str
) -> PulseUpdate:
    """`law` with `spreads` drawn for every device of `layout`, `copies` per weight; in float32.

    Device (output, input) of a matrix draws the same whatever other matrices there are.
    """
    if not spreads:
        return law
    drawn: dict[str, list[Tensor]] = {name: [] for name in spreads}
    for copy, (name, shape) in itertools.product(
        range(copies), zip(layout.names, layout.shapes, strict=True)
    ):
        own = int(generator(seed, "pulsed devices", role, name, copy).integers(2**31))
        varied = parameters(vary(law, spreads, shape, seed=own))
        for parameter in spreads:
            drawn[parameter].append(torch.as_tensor(varied[parameter]).flatten().float())
    return with_parameters(law, {name: torch.cat(parts) for name, parts in drawn.items()})


class DeviceBank(nn.Module):
    """One row of pulsed devices."""

    conductance: Tensor
    """Conductance (S) of each device, float32."""
    pulses: Tensor
    """Pulses that each device has had, int64."""
    steps: Tensor
    """Pulses one after the other, when word lines are written in turn and all matrices at once."""
    reads: Tensor
    """Reads of a word line one after the other."""
    energy: Tensor
    """Energy (J) of all write pulses, float64."""

    def __init__(
        self,
        law: PulseUpdate,
        share: Float[Tensor, " device"],
        layout: PulseLayout,
        *,
        copies: int,
        noise: PulseNoise | None,
        endurance: Endurance | None,
        write: WritePulse,
        seed: int,
    ) -> None:
        super().__init__()
        self.law, self.noise, self.write, self.layout, self.copies = law, noise, write, layout, copies
        self.register_buffer("conductance", law.conductance(share.float()))
        self.register_buffer("pulses", torch.zeros(share.numel(), dtype=torch.int64))
        for name in ("steps", "reads"):
            self.register_buffer(name, torch.zeros((), dtype=torch.int64))
        self.register_buffer("energy", torch.zeros((), dtype=torch.float64))
        lines, matrix = layout.word_lines()
        # Copies of a weight stand on one word line, on bit lines of their own.
        self._line, self._matrix = lines.repeat(copies), matrix
        self._first, self._lines = layout.columns()
        self._limit: Tensor | None = None
        if endurance is not None:
            parts = [
                draw_limit(endurance, seed, range(k, k + 1), shape).expand(1, *shape).flatten()
                for k, shape in enumerate(layout.shapes * copies)
            ]
            self._limit = torch.cat(parts)

    def share(self, index: Int64[Tensor, " device"] | slice = slice(None)) -> Float[Tensor, " device"]:
        """Place of the devices `index` in their windows, 0 to 1."""
        law = self.law if isinstance(index, slice) else picked(self.law, index)
        return law.share(self.conductance[index])

    def place(self, index: Int64[Tensor, " device"], share: Float[Tensor, " device"]) -> None:
        """Put devices at `share` of their windows by other means than pulses: what is not counted."""
        self.conductance[index] = picked(self.law, index).conductance(share.to(self.conductance.dtype))

    def check(self, index: Int64[Tensor, " device"], count: Int64[Tensor, " device"], step: int) -> None:
        """Raise `WornOutError` where `count` more pulses would exceed the endurance of a device."""
        if self._limit is None:
            return
        over = self.pulses[index] + count.abs() > self._limit[index]
        if bool(over.any()):
            raise WornOutError(int(over.sum()), step, float(self._limit[index][over][0]))

    def pulse(
        self, index: Int64[Tensor, " device"], count: Int64[Tensor, " device"], draws: torch.Generator
    ) -> None:
        """`count` pulses (above zero up, below zero down) on the devices `index`, each named once."""
        if not index.numel():
            return
        law = picked(self.law, index)
        before, number = self.conductance[index], count.to(self.conductance.dtype)
        if self.noise is None:
            after = law.after(before, number)
        else:
            normal = torch.randn(before.shape, generator=draws, dtype=before.dtype)
            after = perturbed(law, before, number, self.noise, normal)
        self.conductance[index] = after
        size = count.abs()
        self.pulses[index] += size
        # A pulse meets a conductance between the two: the mean of both ends.
        charge = (0.5 * (before + after) * size).double().sum()
        self.energy += charge * self.write.voltage**2 * self.write.width
        lines = self._matrix.numel()
        most = torch.zeros(2 * lines, dtype=torch.int64)
        most.scatter_reduce_(0, self._line[index] + lines * (count < 0), size, "amax")
        both = most[:lines] + most[lines:]
        per_matrix = torch.zeros(len(self.layout.shapes), dtype=torch.int64)
        self.steps += per_matrix.index_add_(0, self._matrix, both).max()

    def column(self, number: int) -> Int64[Tensor, " output"]:
        """Weights of word line `number` of each matrix, anew where there are fewer; one read is counted."""
        self.reads += 1
        return self._first + number % self._lines

    def read(self, index: Int64[Tensor, " device"] | slice = slice(None)) -> None:
        """Count reads of the word lines that hold a device of `index`, one after the other in each matrix."""
        if self._line[index].numel():
            held = torch.bincount(self._matrix[self._line[index].unique()])
            self.reads += held.max()

    @property
    def time(self) -> float:
        """Time (s) of all pulses and reads."""
        return float(self.steps) * self.write.width + float(self.reads) * self.write.read_width


class PulseState(nn.Module):
    """What a rule changes: devices that hold the weights, devices beside them if any, and its digital memory."""

    taken: Tensor
    """Training steps that were completed."""
    draws_state: Tensor
    """State of the generator of pulses and noise."""

    def __init__(
        self,
        bank: DeviceBank,
        fast: DeviceBank | None,
        memory: Mapping[str, Tensor],
        *,
        step: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.bank, self.fast = bank, fast
        self.step = step
        """Share of the window that a pulse moves in its middle, by the nominal device."""
        self.memory = nn.Module()
        for name, value in memory.items():
            self.memory.register_buffer(name, value)
        self.draws = torch.Generator().manual_seed(int(generator(seed, "pulses of training").integers(2**62)))
        self.register_buffer("taken", torch.zeros((), dtype=torch.int64))
        self.register_buffer("draws_state", self.draws.get_state())
        self.register_state_dict_pre_hook(_note_draws)

    def kept(self, name: str) -> Tensor:
        """Digital memory `name` of the rule."""
        return self.memory.get_buffer(name)

    def banks(self) -> Sequence[DeviceBank]:
        """All rows of devices."""
        return [self.bank] if self.fast is None else [self.bank, self.fast]

    def apply_counts(self, bank: DeviceBank, count: Float[Tensor, " device"]) -> Int64[Tensor, " pulsed"]:
        """Pulse the devices whose `count` (whole numbers) is not zero; gives their numbers."""
        index = count.nonzero().squeeze(1)
        self.pulse(bank, index, count[index].long())
        return index

    def pulse(
        self, bank: DeviceBank, index: Int64[Tensor, " device"], count: Int64[Tensor, " device"]
    ) -> None:
        """`count` pulses on devices of `bank`; raises `WornOutError` before any of them."""
        bank.check(index, count, int(self.taken) + 1)
        bank.pulse(index, count, self.draws)

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to what `state_dict` gave."""
        self.load_state_dict(dict(state))
        self.draws.set_state(self.draws_state.clone())


def _note_draws(state: PulseState, prefix: str, keep_vars: bool) -> None:
    """Before a state is kept: the generator as it stands then."""
    del prefix, keep_vars
    state.draws_state.copy_(state.draws.get_state())


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingCost:
    """What training in place took of the devices, those of all matrices and of both arrays of Tiki-Taka."""

    devices: int
    pulses: int
    """Write pulses in all."""
    mean: float
    """Pulses per device,"""
    median: float
    largest: int
    """and on the device that got most."""
    steps: int
    """Pulses one after the other: word lines in turn, matrices at once."""
    reads: int
    """Reads of a word line, one after the other."""
    time: float = quantity(0.0, "s", "t", "of pulses and reads")
    energy: float = quantity(0.0, "J", "E", "of write pulses in the devices")


def cost_of(state: PulseState) -> TrainingCost:
    """Counts of `state` so far."""
    pulses = torch.cat([bank.pulses for bank in state.banks()])
    return TrainingCost(
        devices=pulses.numel(),
        pulses=int(pulses.sum()),
        mean=float(pulses.double().mean()),
        median=float(pulses.double().median()),
        largest=int(pulses.max()),
        steps=sum(int(bank.steps) for bank in state.banks()),
        reads=sum(int(bank.reads) for bank in state.banks()),
        time=sum(bank.time for bank in state.banks()),
        energy=sum(float(bank.energy) for bank in state.banks()),
    )
