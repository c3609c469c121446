r"""A generalised memristor: threshold, window and I-V characteristic are parts that are chosen freely.

$$ \dot x = s(u)\, f(x, s), \qquad i = I(x, v) $$

x runs from 0 to 1. u is what moves it: the voltage (`VoltageStimulus`) or the voltage that the current makes on a
reference resistance (`CurrentStimulus`). s is a `Threshold`, f a `Window` that is told by the sign of s which way x
moves, I a `Characteristic`. Which end is the LRS, and which polarity turns ON, follows from the parts. Linear drift,
TEAM, VTEAM, Yakopcic and Pershin-Di Ventra are choices of parts; use those laws where one of them fits, and this one
where a device has, say, the speed of one and the current of another.

The idea of one law with free parts is that of sun2016generalised; no equation and no number is taken from there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from pinched._params import quantity
from pinched.devices.law import Law, Param, StateVariable, Value, require_finite, require_range
from pinched.devices.laws.characteristics import Characteristic, Ohmic
from pinched.devices.laws.thresholds import PowerThreshold, Threshold
from pinched.devices.laws.windows import NoWindow, Window


class Stimulus(ABC):
    """Abstract: what moves the state."""

    __slots__ = ()

    @abstractmethod
    def drive(self, voltage: Value, current: Value) -> Value:
        """Driving voltage (V) at `voltage` (V) on and `current` (A) through the device, elementwise."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class VoltageStimulus(Stimulus):
    """The voltage on the device moves the state."""

    def drive(self, voltage: Value, current: Value) -> Value:  # noqa: ARG002
        """`voltage` (V)."""
        return voltage


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CurrentStimulus(Stimulus):
    """The current moves the state; thresholds stay voltages, those on the reference resistance."""

    resistance: Param = quantity(
        100.0, "ohm", r"R_\mathrm{ref}", "what turns the current into a driving voltage"
    )

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "resistance", 1e-6, 1e15)

    def drive(self, voltage: Value, current: Value) -> Value:  # noqa: ARG002
        """`current` times the reference resistance (V)."""
        return self.resistance * current


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GeneralisedMemristor(Law):
    """Parts of a generalised memristor; a tensor in a field of a part gives each device its own value (D2D).

    Raises `PinchedError` for a state outside 0 to 1; the parts check themselves.
    """

    source: ClassVar[str] = "sun2016generalised"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(
            name="x", unit="1", symbol="x", meaning="state between both ends of the characteristic"
        ),
    )

    x_initial: Param = quantity(0.5, "1", "x_0", "state before anything was applied")
    stimulus: Stimulus = field(default=VoltageStimulus())
    threshold: Threshold = field(default=PowerThreshold())
    window: Window = field(default=NoWindow())
    characteristic: Characteristic = field(default=Ohmic(r_zero=1e3, r_one=1e5))

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "x_initial", 0.0, 1.0)

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """State from 0 to 1."""
        return ((0.0, 1.0),)

    def initial_state(self) -> tuple[Param, ...]:
        """State before anything was applied."""
        return (self.x_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` and `voltage` (V), elementwise."""
        return self.characteristic.current(state, voltage)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the state (1/s), elementwise."""
        speed = self.threshold.speed(self.stimulus.drive(voltage, self.current(state, voltage)))
        return speed * self.window.factor(state, speed)
