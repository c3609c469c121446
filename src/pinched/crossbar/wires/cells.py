r"""Cells that do not follow Ohm's law: a device alone, with a selector (1S1R), or with a transistor (1T1R).

`DeviceCells` is any law of `pinched.devices` held in its state, `SelectorCells` two laws in series, `TransistorCells`
a device and a transistor whose gate line is given. Parameters of a law are numbers, or tensors with one value per
cell, (word line, bit line). Positive current flows from the word line to the bit line.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.devices.law import Law, Param, device_shape

_ROUNDS = 200
"""More halvings than a float64 has bits, so that a search always ends."""


class Flow(NamedTuple):
    """Current (A) through each cell, and its slopes (S) by the voltages of its word line and its bit line."""

    current: np.ndarray
    by_word: np.ndarray
    by_bit: np.ndarray


class Cells(ABC):
    """Abstract: what every cell of an array does at the voltages of its two lines."""

    __slots__ = ()
    symmetric: bool = True
    """Whether only the difference of the two voltages matters."""

    @abstractmethod
    def flow(self, word: np.ndarray, bit: np.ndarray) -> Flow:
        """Current and slopes at the voltages (V) of the nodes (word line, bit line)."""

    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of the parameters: () for cells that are all alike, else (word line, bit line)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DeviceCells(Cells):
    """One device per cell."""

    law: Law
    """Any law; its parameters may differ from cell to cell."""
    state: Param | None = None
    """State in which the devices are held, as `law.current` takes it; the initial one when None."""

    def flow(self, word: np.ndarray, bit: np.ndarray) -> Flow:
        """Current and slopes at the voltages (V) of the nodes."""
        current, slope = self.at(word - bit)
        return Flow(current, slope, -slope)

    def at(self, voltage: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Current (A) and its slope (S) at `voltage` (V) on the device."""
        return _current(self.law, self.state, voltage)

    def shape(self) -> tuple[int, ...]:
        """Shape of the parameters of the law and of its state."""
        state = np.shape(self.state) if self.state is not None and not isinstance(self.state, tuple) else ()
        return np.broadcast_shapes(device_shape(self.law), state)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SelectorCells(Cells):
    """A selector in series with a device (1S1R); the node between them is found in every cell."""

    device: DeviceCells
    selector: Law
    """Law of the selector, without a state or held in its initial one."""

    def flow(self, word: np.ndarray, bit: np.ndarray) -> Flow:
        """Current and slopes at the voltages (V) of the nodes."""
        voltage = word - bit

        def excess(inner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            first, by_first = _current(self.selector, None, voltage - inner)
            second, by_second = self.device.at(inner)
            return second - first, by_first + by_second

        inner = _root(excess, np.minimum(voltage, 0.0), np.maximum(voltage, 0.0))
        _, a = _current(self.selector, None, voltage - inner)
        current, b = self.device.at(inner)
        slope = a * b / np.where(a + b > 0, a + b, 1.0)
        return Flow(current, slope, -slope)

    def shape(self) -> tuple[int, ...]:
        """Shape of the parameters of both laws."""
        return np.broadcast_shapes(self.device.shape(), device_shape(self.selector))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Transistor:
    r"""A long-channel n-MOS transistor, the same in both directions.

    $I = \frac{\beta}{2} ([V_g - V_t - V_s]_+^2 - [V_g - V_t - V_d]_+^2)$: the square law of shichman1968modeling,
    written so that source and drain may change places; triode and saturation are its two cases.
    """

    beta: float = quantity(1e-3, "A/V^2", r"\beta", "transconductance parameter, mu C_ox W / L")
    threshold: float = quantity(0.4, "V", "V_t", "threshold voltage")
    off_conductance: float = quantity(1e-12, "S", "g_off", "leakage between drain and source when it is off")

    def __post_init__(self) -> None:
        require(self, self.beta > 0, f"beta is {self.beta} A/V^2; it must be above zero.")
        require(
            self, self.off_conductance >= 0, f"off_conductance is {self.off_conductance} S; it is 0 or more."
        )

    def current(self, gate: np.ndarray, drain: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, ...]:
        """Current (A) from drain to source and its slopes (S) by their voltages; all voltages in V."""
        over_source = np.maximum(gate - self.threshold - source, 0.0)
        over_drain = np.maximum(gate - self.threshold - drain, 0.0)
        current = 0.5 * self.beta * (over_source**2 - over_drain**2) + self.off_conductance * (drain - source)
        return (
            current,
            self.beta * over_drain + self.off_conductance,
            -self.beta * over_source - self.off_conductance,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TransistorCells(Cells):
    """A device on the word line and a transistor below it on the bit line (1T1R); select lines hold the gates."""

    device: DeviceCells
    transistor: Transistor
    gate_voltage: float | np.ndarray = quantity(
        1.5, "V", "V_g", "of the select lines: one, or anything that fits (word line, bit line)"
    )
    symmetric = False

    def flow(self, word: np.ndarray, bit: np.ndarray) -> Flow:
        """Current and slopes at the voltages (V) of the nodes."""
        gate = np.asarray(self.gate_voltage, dtype=np.float64)

        def excess(inner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            below, by_inner, _ = self.transistor.current(gate, inner, bit)
            above, by_device = self.device.at(word - inner)
            return below - above, by_inner + by_device

        inner = _root(excess, np.minimum(word, bit), np.maximum(word, bit))
        _, by_inner, by_bit = self.transistor.current(gate, inner, bit)
        current, slope = self.device.at(word - inner)
        share = slope / np.where(slope + by_inner > 0, slope + by_inner, 1.0)
        return Flow(current, share * by_inner, share * by_bit)

    def shape(self) -> tuple[int, ...]:
        """Shape of the parameters of the devices."""
        return self.device.shape()


def _current(law: Law, state: Param | None, voltage: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Current (A) of `law` at `voltage` (V) and its slope (S)."""
    held: Param = state
    if held is None:
        start = law.initial_state()
        held = start[0] if len(start) == 1 else start
    if isinstance(held, np.ndarray):
        held = torch.from_numpy(held)
    volts = torch.from_numpy(np.ascontiguousarray(voltage, dtype=np.float64)).requires_grad_()
    with torch.enable_grad():
        current = law.current(held, volts)
        (slope,) = torch.autograd.grad(current.sum(), volts)
    found = current.detach().numpy(), slope.numpy()
    if not np.isfinite(found[0]).all():
        k = np.argwhere(~np.isfinite(found[0]))[0]
        raise PinchedError(
            f"{type(law).__name__} gives a current of {found[0][tuple(k)]} A at {voltage[tuple(k)]:g} V, so the "
            "array has no solution there. Are its parameters, or the applied voltages, in SI?"
        )
    return found


def _root(
    excess: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Where `excess` (value and slope, rising) is zero, elementwise between `low` and `high`: Newton, kept inside."""
    low, high = low.copy(), high.copy()
    x = 0.5 * (low + high)
    for _ in range(_ROUNDS):
        value, slope = excess(x)
        low, high = np.where(value <= 0, x, low), np.where(value >= 0, x, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = x - value / slope
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        moved = np.abs(new - x)
        x = new
        if np.all((moved <= 4e-16 * np.maximum(np.abs(x), 1e-30)) | (value == 0)):
            break
    return x
