r"""How one pulse moves the cells of an array: `UpdateCells` for pulse-update laws, `LawCells` for compact laws.

An update law knows only pulses of its own amplitude; what a smaller or larger voltage does follows the exponential
acceleration of ionic motion, $n_\mathrm{eff} = \sinh(V / V_0) / \sinh(V_w / V_0)$ pulses. A compact law knows every
voltage and is integrated over the width of the pulse.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from pinched._params import quantity, require
from pinched.crossbar.window import ConductanceWindow, Device
from pinched.devices.law import Law
from pinched.devices.updates.update import PulseUpdate

State = tuple[Tensor, ...]
"""State variables of every cell, each of the shape of the array; the conductance itself for an update law."""

L = TypeVar("L")


class CellModel(ABC):
    """Abstract: cells that pulses move."""

    __slots__ = ()

    @abstractmethod
    def start(self, shape: tuple[int, ...]) -> State:
        """Cells in their lowest conductance."""

    @abstractmethod
    def conductance(self, state: State, voltage: float) -> Float[Tensor, "*cell"]:
        """Conductance (S) of each cell at `voltage` (V)."""

    @abstractmethod
    def pulse(self, state: State, voltage: Float[Tensor, "*cell"], width: float) -> State:
        """State after a pulse of `width` (s) with `voltage` (V) on each cell; above zero it raises G."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class UpdateCells(CellModel):
    """Cells that follow a pulse-update law."""

    update: PulseUpdate
    """The law; tensors in it give each cell its own values."""
    voltage: float = quantity(2.0, "V", "V_w", "amplitude of the pulses that the law speaks of")
    slope: float = quantity(0.1, "V", "V_0", "voltage of the exponential acceleration")

    def __post_init__(self) -> None:
        for name in ("voltage", "slope"):
            value = getattr(self, name)
            require(self, 0.0 < value < 100.0, f"{name} is {value} V; it is above zero.")

    def start(self, shape: tuple[int, ...]) -> State:
        """All at g_min."""
        low = torch.as_tensor(self.update.g_min, dtype=torch.float64)
        return (low.expand(shape).clone(),)

    def conductance(self, state: State, voltage: float) -> Float[Tensor, "*cell"]:
        """The state itself: it obeys Ohm's law."""
        del voltage
        return state[0]

    def pulses_of(self, voltage: Float[Tensor, "*cell"]) -> Float[Tensor, "*cell"]:
        """Pulses of the law's own amplitude that do as much as one of `voltage` (V); below zero they depress."""
        # sinh(a) / sinh(b) without overflow: both divided by e^b / 2.
        a, b = voltage.abs() / self.slope, torch.tensor(self.voltage / self.slope, dtype=torch.float64)
        return voltage.sign() * ((a - b).clamp(max=50.0).exp() - (-a - b).exp()) / (1.0 - (-2.0 * b).exp())

    def pulse(self, state: State, voltage: Float[Tensor, "*cell"], width: float) -> State:
        """After the pulses that `voltage` stands for; `width` is that of the law."""
        del width
        return (self.update.after(state[0], self.pulses_of(voltage)),)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LawCells(CellModel):
    """Cells that follow a compact law, integrated by Runge-Kutta steps that are halved until they agree."""

    law: Law
    """The law; tensors in it give each cell its own values."""
    tolerance: float = 1e-4
    """Largest change of the state by halving the steps, as a share of its range."""

    @property
    def raising(self) -> float:
        """Sign of the voltage that raises the conductance."""
        state = tuple(0.5 * (low + high) for low, high in self.law.bounds())
        rest = self.law.initial_state()
        middle = (state[0], *rest[1:])

        def at(moved: tuple) -> float:
            return float(
                torch.as_tensor(self.law.current(moved[0] if len(moved) == 1 else moved, 0.1)).mean()
            )

        low, high = self.law.bounds()[0]
        more = at((middle[0] + 0.01 * (high - low), *middle[1:])) - at(middle)
        # Which way the state goes at a voltage above zero, as far as it goes at all.
        for volt in (0.1, 0.3, 1.0, 3.0, 10.0):
            rate = self.law.state_rate(middle[0] if len(middle) == 1 else middle, volt)
            first = float(torch.as_tensor(rate[0] if isinstance(rate, tuple | list) else rate).mean())
            if first != 0.0:
                return 1.0 if first * more > 0 else -1.0
        require(type(self.law), False, "its state does not move at up to 10 V: nothing can be programmed.")
        raise AssertionError

    def start(self, shape: tuple[int, ...]) -> State:
        """All in their lowest conductance; further state variables where they rest."""
        low, high = (torch.as_tensor(end, dtype=torch.float64).expand(shape) for end in self.law.bounds()[0])
        rest = [
            torch.as_tensor(v, dtype=torch.float64).expand(shape).clone()
            for v in self.law.initial_state()[1:]
        ]
        ends = [self.conductance((end, *rest), 0.1) for end in (low, high)]
        return (torch.where(ends[0] <= ends[1], low, high).clone(), *rest)

    def conductance(self, state: State, voltage: float) -> Float[Tensor, "*cell"]:
        """Current over voltage (S)."""
        return self.law.current(_inner(state), torch.full_like(state[0], voltage)) / voltage

    def pulse(self, state: State, voltage: Float[Tensor, "*cell"], width: float) -> State:
        """State after the pulse; cells that see little are done with the others, it costs nothing."""
        applied = voltage * self.raising
        bounds = [tuple(torch.as_tensor(e, dtype=torch.float64) for e in pair) for pair in self.law.bounds()]
        before = self._integrate(state, applied, width, 8, bounds)
        for steps in (16, 32, 64, 128, 256, 512, 1024):
            after = self._integrate(state, applied, width, steps, bounds)
            worst = max(
                float(((a - b).abs() / (high - low)).max())
                for a, b, (low, high) in zip(after, before, bounds, strict=True)
                if bool(torch.isfinite(high - low).all())
            )
            if worst < self.tolerance:
                return after
            before = after
        return before

    def _integrate(
        self, state: State, voltage: Tensor, width: float, steps: int, bounds: list[tuple[Tensor, ...]]
    ) -> State:
        h = width / steps
        for _ in range(steps):
            k1 = self._rate(state, voltage)
            k2 = self._rate(_moved(state, k1, 0.5 * h, bounds), voltage)
            k3 = self._rate(_moved(state, k2, 0.5 * h, bounds), voltage)
            k4 = self._rate(_moved(state, k3, h, bounds), voltage)
            mean = tuple((a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(k1, k2, k3, k4, strict=True))
            state = _moved(state, mean, h, bounds)
        return state

    def _rate(self, state: State, voltage: Tensor) -> State:
        rate = self.law.state_rate(_inner(state), voltage)
        return tuple(rate) if isinstance(rate, tuple | list) else (rate,)


def _inner(state: State) -> Tensor | State:
    return state[0] if len(state) == 1 else state


def _moved(state: State, rate: State, h: float, bounds: list[tuple[Tensor, ...]]) -> State:
    return tuple(
        torch.minimum(torch.maximum(x + h * r, low), high)
        for x, r, (low, high) in zip(state, rate, bounds, strict=True)
    )


def cells_of(device: Device, *, voltage: float, slope: float) -> CellModel:
    """Cells of `device`; raises `PinchedError` for a window, which does not say how pulses move a device."""
    if isinstance(device, PulseUpdate):
        return UpdateCells(update=device, voltage=voltage, slope=slope)
    require(
        type(device),
        isinstance(device, Law) and not isinstance(device, ConductanceWindow),
        "says what conductances a device has and not what a pulse does. Give an update law or a compact law.",
    )
    return LawCells(law=device)  # type: ignore[arg-type]
