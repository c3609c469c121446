r"""Cycle-to-cycle variability and wear: parameters that change at each switching event.

`event_rows` cuts a waveform into events (each change of polarity, or each pulse) and draws the parameters of every
event anew, with a memory of the last, or lets them walk between limits, as the filaments of bengel2020variability
do; `wear` shifts them with the number of cycles. What comes out goes straight to `drive`:

    waveform, rows = event_rows(law, triangle("1 V", period="1 s", cycles=50), spreads={...})
    sweep = drive(law, waveform, rows=rows)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int64

from pinched._params import quantity, require
from pinched.data.waveforms import Waveform
from pinched.devices.circuit import ParameterRows
from pinched.devices.law import Law, Param, device_shape, parameters
from pinched.devices.variability import Spread, checked, device_normals, drawn_values, require_names

L = TypeVar("L")


class Event(Enum):
    """What counts as a switching event."""

    POLARITY = auto()
    """The voltage changes its sign: SET, RESET, SET .."""
    PULSE = auto()
    """The voltage leaves zero: every pulse, also of the same sign."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """A random walk from event to event, turned back at two limits."""

    step: float = quantity(0.0, "unit of the parameter", r"\Delta", "standard deviation of one step")
    low: float = quantity(-np.inf, "unit of the parameter", "a", "lower limit")
    high: float = quantity(np.inf, "unit of the parameter", "b", "upper limit")

    def __post_init__(self) -> None:
        require(self, self.step >= 0, f"step is {self.step}; it is a deviation, not below zero.")
        require(
            self,
            self.low < self.high,
            f"low ({self.low:g}) must lie below high ({self.high:g}). Are they swapped?",
        )

    def moved(
        self, value: Float[np.ndarray, " *device"], normal: np.ndarray
    ) -> Float[np.ndarray, " *device"]:
        """`value` after one step along standard normal numbers, turned back at the limits."""
        found = value + self.step * normal
        if np.isfinite(self.low) and np.isfinite(self.high):
            # Folding puts back also what jumps over both limits.
            width = self.high - self.low
            turned = np.mod(found - self.low, 2.0 * width)
            return np.asarray(self.low + np.where(turned > width, 2.0 * width - turned, turned))
        found = np.where(found < self.low, 2.0 * self.low - found, found) if np.isfinite(self.low) else found
        return np.asarray(
            np.where(found > self.high, 2.0 * self.high - found, found) if np.isfinite(self.high) else found
        )


class Wear(ABC):
    """Abstract: how a parameter shifts over cycles."""

    __slots__ = ()

    @abstractmethod
    def factor(self, cycles: float) -> Param:
        """What the fresh value is multiplied by after `cycles`; 1 after none."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LinearWear(Wear):
    """1 + r n: the same shift every cycle."""

    rate: Param = quantity(0.0, "1", "r", "relative shift per cycle")

    def factor(self, cycles: float) -> Param:
        """1 + r n."""
        return 1.0 + self.rate * cycles


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PowerWear(Wear):
    """(1 + n / n_0)^p: a shift by the logarithm of the cycles once n exceeds n_0."""

    exponent: Param = quantity(0.0, "1", "p", "slope of ln(value) against ln(cycles)")
    onset: Param = quantity(1.0, "1", "n_0", "cycles at which it sets in, above zero")

    def __post_init__(self) -> None:
        require(
            self, bool(np.all(np.asarray(self.onset) > 0)), f"onset is {self.onset}; it must be above zero."
        )

    def factor(self, cycles: float) -> Param:
        """(1 + n / n_0)^p."""
        return (1.0 + cycles / self.onset) ** self.exponent


def worn(law: L, wear: Mapping[str, Wear], cycles: float) -> L:
    """`law` after `cycles`. Raises `PinchedError` for an unknown name, and where the law refuses the result."""
    require_names(law, wear)
    require(type(law), cycles >= 0, f"cycles is {cycles}; it is not negative.")
    own = parameters(law)
    values = {
        name: torch.as_tensor(own[name] * w.factor(cycles), dtype=torch.float64) for name, w in wear.items()
    }
    return checked(law, _plain(values), f" after {cycles:g} cycles")


def event_rows(
    law: Law,
    waveform: Waveform,
    *,
    spreads: Mapping[str, Spread | Walk] | None = None,
    memory: float = 0.0,
    wear: Mapping[str, Wear] | None = None,
    first_cycle: int = 0,
    event: Event = Event.POLARITY,
    seed: int = 0,
) -> tuple[Waveform, ParameterRows]:
    """The waveform, with a corner at every zero crossing, and the parameters of each of its events.

    `spreads`: a distribution is drawn anew at each event; with `memory` m (0 to below 1) its normal scores keep the
    share m of the last, and the distribution stays the same. A `Walk` starts at the law's own value. A law whose
    fields are tensors (at most two axes) gets its own draws for each device. `wear` multiplies what was drawn; two
    events make one cycle, counted from `first_cycle`. Event k of device 3 is the same whatever comes after or
    beside. Raises `PinchedError` for unknown names, a memory outside its range, and draws that the law refuses.
    """
    spreads, wear = spreads or {}, wear or {}
    require_names(law, {**spreads, **wear})
    require(type(law), 0.0 <= memory < 1.0, f"memory is {memory}; from 0 (none) to below 1.")
    require(type(law), first_cycle >= 0, f"first_cycle is {first_cycle}; cycles count from 0.")
    shape = device_shape(law)
    require(
        type(law),
        len(shape) <= 2,
        f"devices of shape {shape}: events are drawn for at most two axes of devices.",
    )
    cut = _cut_at_zero(waveform)
    numbers = event_numbers(cut, event)
    own = parameters(law)
    scores = {name: np.zeros(shape) for name in spreads}
    walks = {
        name: np.broadcast_to(np.asarray(torch.as_tensor(own[name]).detach(), dtype=np.float64), shape)
        for name, spread in spreads.items()
        if isinstance(spread, Walk)
    }
    laws = []
    for k in range(int(numbers[-1]) + 1):
        values: dict[str, torch.Tensor] = {}
        for name, spread in spreads.items():
            fresh = device_normals(seed, f"cycle to cycle, {name}", shape or (1,), k).reshape(shape)
            if isinstance(spread, Walk):
                walks[name] = walks[name] if k == 0 else spread.moved(walks[name], fresh)
                values[name] = torch.from_numpy(np.array(walks[name]))
                continue
            scores[name] = fresh if k == 0 else memory * scores[name] + np.sqrt(1.0 - memory**2) * fresh
            values[name] = drawn_values(spread, np.asarray(scores[name]), own[name])
        for name, w in wear.items():
            base = values.get(name, own[name])
            values[name] = torch.as_tensor(base * w.factor(first_cycle + k // 2), dtype=torch.float64)
        laws.append(checked(law, _plain(values), f" at event {k}"))
    return cut, ParameterRows(laws=tuple(laws), row=numbers)


def _plain(values: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    # Gradients do not pass through parameters that change from event to event.
    return {name: value.detach() for name, value in values.items()}


def event_numbers(waveform: Waveform, event: Event) -> Int64[np.ndarray, " segment"]:
    """Number of the event, from 0, that each straight piece of `waveform` belongs to.

    The waveform has a corner wherever it crosses zero. A piece at zero belongs to the event before it, and what lies
    before the first event to that.
    """
    start, end = waveform.voltage[:-1], waveform.voltage[1:]
    side = np.sign(start + end)
    numbers = np.zeros(side.size, np.int64)
    current, last = 0, 0.0
    for k in range(side.size):
        begins = side[k] != 0 and (
            side[k] != last if event is Event.POLARITY else start[k] == 0 or side[k] != last
        )
        if begins:
            current += int(last != 0)
            last = side[k]
        numbers[k] = current
    return numbers


def _cut_at_zero(waveform: Waveform) -> Waveform:
    t, v = waveform.time, waveform.voltage
    crossing = np.flatnonzero((v[:-1] * v[1:] < 0) & (t[1:] > t[:-1]))
    share = v[crossing] / (v[crossing] - v[crossing + 1])
    zeros = t[crossing] + share * (t[crossing + 1] - t[crossing])
    return Waveform(time=np.insert(t, crossing + 1, zeros), voltage=np.insert(v, crossing + 1, 0.0))
