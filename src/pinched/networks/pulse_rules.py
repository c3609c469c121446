r"""Training rules for devices that are pulsed: from a gradient to numbers of pulses; which one when.

- `MixedPrecision`: a digital accumulator per weight gathers changes until they are worth a pulse; few pulses, works
  on almost any device. With `read_back` the accumulator is given what the device really did: best where
  pulses scatter. Take this one.
- `TikiTaka`, `TikiTaka2`: changes go into fast devices about their symmetric point, and from there, column by column,
  into the weights; no digital weight-sized memory (1), or one that filters the noise (2). Needs soft bounds.
- `NaivePulses`: as many pulses as the gradient asks for, by chance. What most device papers mean by training; with a
  strongly nonlinear device it gets worse the longer it trains.
- `DifferentialPulses`: two devices that only potentiate, rewritten now and then.
- `Manhattan`: one pulse by the sign of the gradient, for the largest gradients: no counting circuits.

A rule is a frozen record. It sees the change that plain SGD would make, in shares of the window, and pulses
devices of a `PulseState`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pinched._params import quantity, require
from pinched.crossbar.mapping import ArrayMapping, DifferentialPair, SingleDevice
from pinched.devices.law import device_shape
from pinched.devices.updates.symmetry import symmetric_point
from pinched.devices.updates.update import PulseUpdate
from pinched.networks.pulse_state import PulseState, picked


class PulseRule(ABC):
    """Abstract: how a wanted change of weights becomes pulses."""

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib."""

    @property
    def mapping(self) -> ArrayMapping:
        """How the devices of a weight stand for it."""
        return SingleDevice()

    @property
    def paired(self) -> bool:
        """Whether two devices hold a weight."""
        return isinstance(self.mapping, DifferentialPair)

    @property
    def momentum(self) -> float:
        """Share of the last change that goes on, where a digital memory keeps it."""
        return 0.0

    def fast_start(self, law: PulseUpdate) -> Float[Tensor, " *device"] | None:  # noqa: ARG002
        """Where devices beside the weights begin, as shares of their windows; None for a rule without any."""
        return None

    def memory(self, weights: int) -> dict[str, Tensor]:  # noqa: ARG002
        """Digital memory of the rule at the start."""
        return {}

    @abstractmethod
    def update(self, state: PulseState, wanted: Float[Tensor, " weight"], rate: float) -> None:
        """Pulse the devices of `state` for the `wanted` change of weights, in shares of the window.

        `rate` is the learning rate, which is part of `wanted` already.
        """


def counts_by_chance(
    wanted: Float[Tensor, " device"], step: float, most: int, draws: torch.Generator
) -> Float[Tensor, " device"]:
    """Whole numbers of pulses of `step` whose mean is `wanted`, below `most`."""
    size = wanted.abs() / step + torch.rand(wanted.shape, generator=draws)
    return size.floor_().clamp_(max=float(most)).mul_(wanted.sign())


def _require_most(rule: PulseRule, most: int) -> None:
    require(rule, most >= 1, f"most is {most} pulses in one step; at least 1.")


@dataclass(frozen=True, kw_only=True, slots=True)
class NaivePulses(PulseRule):
    """Pulses in proportion to the gradient, whole numbers by chance, as if every pulse moved alike."""

    source: ClassVar[str] = "gokmen2016acceleration"
    most: int = 31
    """Most pulses on a device in one step."""

    def __post_init__(self) -> None:
        _require_most(self, self.most)

    def update(self, state: PulseState, wanted: Float[Tensor, " weight"], rate: float) -> None:
        """Pulse."""
        del rate
        state.apply_counts(state.bank, counts_by_chance(wanted, state.step, self.most, state.draws))


@dataclass(frozen=True, kw_only=True, slots=True)
class Manhattan(PulseRule):
    """One pulse by the sign, for the largest gradients of each matrix; the learning rate is its chance."""

    source: ClassVar[str] = "zamanidoost2015manhattan"
    share: float = quantity(0.1, "1", "", "share of the weights of a matrix, those of largest gradient")

    def __post_init__(self) -> None:
        require(self, 0.0 < self.share <= 1.0, f"share is {self.share}; above 0, at most 1.")

    def update(self, state: PulseState, wanted: Float[Tensor, " weight"], rate: float) -> None:
        """Pulse."""
        require(
            self, 0.0 <= rate <= 1.0, f"the rate is {rate}; here it is the chance of a pulse, from 0 to 1."
        )
        size, layout = wanted.abs(), state.bank.layout
        for start, end in zip(layout.offsets, layout.offsets[1:], strict=False):
            part = size[start:end]
            rank = max(1, round((1.0 - self.share) * part.numel()))
            part[part <= part.kthvalue(rank).values] = 0.0
        chosen = (size > 0) & (torch.rand(size.shape, generator=state.draws) < rate)
        state.apply_counts(state.bank, wanted.sign() * chosen)


@dataclass(frozen=True, kw_only=True, slots=True)
class DifferentialPulses(PulseRule):
    """Pairs of devices that are only potentiated; pairs that run full are erased and written anew."""

    source: ClassVar[str] = "burr2015experimental"
    every: int = 50
    """Steps between two looks at the pairs."""
    full: float = quantity(
        0.8, "1", "", "share of the window from which on a pair that holds such a device is rewritten"
    )
    most: int = 31
    """Most pulses on a device in one step."""

    def __post_init__(self) -> None:
        _require_most(self, self.most)
        require(self, self.every >= 1, f"every is {self.every} steps; at least 1.")
        require(self, 0.0 < self.full < 1.0, f"full is {self.full}; a share of the window, between 0 and 1.")

    @property
    def mapping(self) -> ArrayMapping:
        """A pair."""
        return DifferentialPair()

    def update(self, state: PulseState, wanted: Float[Tensor, " weight"], rate: float) -> None:
        """Pulse; look at the pairs when it is time."""
        del rate
        count = counts_by_chance(wanted, state.step, self.most, state.draws)
        state.apply_counts(state.bank, torch.cat([count.clamp(min=0.0), (-count).clamp(min=0.0)]))
        if (int(state.taken) + 1) % self.every == 0:
            self._rewrite(state)

    def _rewrite(self, state: PulseState) -> None:
        bank, weights = state.bank, state.bank.layout.size
        share = bank.share()
        bank.read()
        pair = (torch.maximum(share[:weights], share[weights:]) > self.full).nonzero().squeeze(1)
        if not pair.numel():
            return
        difference = share[pair] - share[weights + pair]
        both = torch.cat([pair, weights + pair])
        down = pulses_to_empty(picked(bank.law, both), both.numel())
        state.pulse(bank, both, -down)
        chosen = torch.where(difference > 0, pair, weights + pair)
        number = pulses_from_empty(picked(bank.law, chosen), difference.abs())
        whole = (number + torch.rand(number.shape, generator=state.draws)).floor().long()
        some = whole > 0
        state.pulse(bank, chosen[some], whole[some])


_MOST_TO_WRITE = 1000
"""Pulses tried to empty a device or to write one from empty."""


def pulses_to_empty(law: PulseUpdate, devices: int) -> Int64[Tensor, " device"]:
    """Pulses that take each full device of `law` below a hundredth of its window, 1000 at most."""
    share = torch.ones(device_shape(law) or (1,))
    needed = torch.full(share.shape, _MOST_TO_WRITE)
    for k in range(_MOST_TO_WRITE):
        needed = torch.where((share <= 0.01) & (needed == _MOST_TO_WRITE), k, needed)
        if bool((share <= 0.01).all()):
            break
        share = law.share(law.after(law.conductance(share), torch.full_like(share, -1.0)))
    return needed.expand(devices)


def pulses_from_empty(law: PulseUpdate, wanted: Float[Tensor, " device"]) -> Float[Tensor, " device"]:
    """Pulses (not whole) after which an empty device of `law` stands at `wanted` of its window, 1000 at most."""
    share, found = torch.zeros_like(wanted), torch.full_like(wanted, float(_MOST_TO_WRITE))
    for k in range(_MOST_TO_WRITE):
        after = law.share(law.after(law.conductance(share), torch.ones_like(share)))
        here = (after >= wanted) & (found == _MOST_TO_WRITE)
        part = ((wanted - share) / (after - share).clamp(min=1e-9)).clamp(0.0, 1.0)
        found = torch.where(here, k + part, found)
        if bool((found < _MOST_TO_WRITE).all()) or bool((after - share < 1e-7).all()):
            break
        share = after
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Transferring(PulseRule):
    """What both versions of Tiki-Taka share: the fast devices, and columns that are read in turn."""

    every: int = 1
    """Steps between two transfers of a column."""
    transfer: float = quantity(0.3, "1", r"\eta_t", "share of what a fast device holds that is passed on")
    most: int = 31
    """Most pulses on a device in one step."""

    def __post_init__(self) -> None:
        _require_most(self, self.most)
        require(self, self.every >= 1, f"every is {self.every} steps; at least 1.")
        require(self, self.transfer > 0, f"transfer is {self.transfer}; it is above zero.")

    def fast_start(self, law: PulseUpdate) -> Float[Tensor, " *device"] | None:
        """The symmetric point; raises `PinchedError` for a device without one."""
        return symmetric_point(law)

    def update(self, state: PulseState, wanted: Float[Tensor, " weight"], rate: float) -> None:
        """Pulse the fast devices, and pass on a column when it is time."""
        del rate
        fast, taken = state.fast, int(state.taken)
        assert fast is not None
        state.apply_counts(fast, counts_by_chance(wanted, state.step, self.most, state.draws))
        if (taken + 1) % self.every == 0:
            index = fast.column((taken + 1) // self.every - 1)
            held = fast.share(index) - state.kept("zero")[index]
            count = self._counts(state, index, self.transfer * held)
            some = count != 0
            state.pulse(state.bank, index[some], count[some].long())

    @abstractmethod
    def _counts(self, state: PulseState, index: Tensor, passed: Tensor) -> Tensor: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class TikiTaka(_Transferring):
    """Fast devices about their symmetric point, read in turn straight into pulses of the weights (2020)."""

    source: ClassVar[str] = "gokmen2020algorithm"

    def _counts(self, state: PulseState, index: Tensor, passed: Tensor) -> Tensor:
        del index
        return counts_by_chance(passed, state.step, self.most, state.draws)


@dataclass(frozen=True, kw_only=True, slots=True)
class TikiTaka2(_Transferring):
    """The same with a digital buffer between, which passes a pulse on when it holds a whole one (2021)."""

    source: ClassVar[str] = "gokmen2021enabling"

    def memory(self, weights: int) -> dict[str, Tensor]:
        """The buffer."""
        return {"hidden": torch.zeros(weights)}

    def _counts(self, state: PulseState, index: Tensor, passed: Tensor) -> Tensor:
        hidden = state.kept("hidden")
        total = hidden[index] + passed
        count = (total / state.step).trunc().clamp(-self.most, self.most)
        hidden[index] = total - count * state.step
        return count


@dataclass(frozen=True, kw_only=True, slots=True)
class MixedPrecision(PulseRule):
    """A digital accumulator per weight; a pulse when it holds a whole one (nandakumar2020mixed)."""

    source: ClassVar[str] = "nandakumar2020mixed"
    read_back: bool = False
    """False: the accumulator loses the nominal step of each pulse. True: the pulsed devices are read, and it loses
    what they really did."""
    inertia: float = quantity(0.0, "1", r"\mu", "momentum of the digital gradient")
    threshold: float = quantity(1.0, "1", "", "steps that the accumulator must hold before it pulses")
    most: int = 31
    """Most pulses on a device in one step."""

    def __post_init__(self) -> None:
        _require_most(self, self.most)
        require(self, 0.0 <= self.inertia < 1.0, f"inertia is {self.inertia}; from 0 to below 1.")
        require(self, self.threshold > 0, f"threshold is {self.threshold} steps; above zero.")

    @property
    def momentum(self) -> float:
        """As given."""
        return self.inertia

    def memory(self, weights: int) -> dict[str, Tensor]:
        """The accumulator, and the momentum if there is any."""
        kept = {"accumulated": torch.zeros(weights)}
        return kept | ({"velocity": torch.zeros(weights)} if self.inertia else {})

    def update(self, state: PulseState, wanted: Float[Tensor, " weight"], rate: float) -> None:
        """Accumulate, and pulse what is due."""
        del rate
        total = state.kept("accumulated")
        if self.inertia:
            wanted = state.kept("velocity").mul_(self.inertia).add_(wanted)
        total += wanted
        unit = self.threshold * state.step
        index = (total.abs() >= unit).nonzero().squeeze(1)
        if not index.numel():
            return
        bank = state.bank
        count = (total[index] / state.step).trunc().clamp(-self.most, self.most)
        before = bank.share(index) if self.read_back else None
        state.pulse(bank, index, count.long())
        if before is None:
            total[index] -= count * state.step
            return
        bank.read(index)
        # A device at the end of its window cannot follow: what it owes is held at one step.
        left = total[index] - (bank.share(index) - before)
        total[index] = left.clamp(-unit, unit)
