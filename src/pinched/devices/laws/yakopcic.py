r"""Yakopcic: voltage thresholds, exponential speed, a sinh current.

$$ \dot x = \eta\, g(v)\, f(x, \eta v), \qquad
   g(v) = A_p (e^v - e^{V_p}) \text{ above } V_p, \; -A_n (e^{-v} - e^{V_n}) \text{ below } -V_n, \text{ else } 0 $$

x runs from 0 to 1; 1 is the LRS, positive voltage turns ON for eta = 1. f is `ExponentialEdges`; the current is
`SinhCurrent` ($a x \sinh(b v)$) or `TwoBranchSinh` with an HRS of its own (SrTiO3). V_n is a size here; voltages
stand in the exponents in volt. Use it for gradual interface devices and for curves that are no straight lines; for
ohmic states with clear thresholds see `vteam`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pinched._params import quantity
from pinched.devices.law import Law, Param, StateVariable, Value, require_range
from pinched.devices.laws.characteristics import Characteristic, SinhCurrent
from pinched.devices.laws.thresholds import exponential_speed, require_exponential
from pinched.devices.laws.windows import ExponentialEdges, Window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Yakopcic(Law):
    """Parameters of Yakopcic devices, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are the set of the source for an Ag-chalcogenide device (that it belongs to this device is from
    memory of the paper, not re-read). Raises `PinchedError` for thresholds of the wrong sign, a state outside 0 to 1,
    and numbers that are no SI values of such a device.
    """

    source: ClassVar[str] = "yakopcic2013generalized"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="x", unit="1", symbol="x", meaning="state, 1 in the LRS"),
    )

    conventions: ClassVar[frozenset[str]] = frozenset({"eta"})

    v_p: Param = quantity(0.16, "V", "V_p", "positive threshold, above zero")
    v_n: Param = quantity(0.15, "V", "V_n", "size of the negative threshold, above zero")
    a_p: Param = quantity(4000.0, "1/s", "A_p", "speed scale of positive voltage")
    a_n: Param = quantity(4000.0, "1/s", "A_n", "speed scale of negative voltage")
    eta: Param = quantity(1.0, "1", r"\eta", "1: positive voltage turns ON; -1: negative voltage does")
    x_initial: Param = quantity(0.11, "1", "x_0", "state before anything was applied")
    window: Window = field(default=ExponentialEdges())
    characteristic: Characteristic = field(default=SinhCurrent())

    def __post_init__(self) -> None:
        require_exponential(self)
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
        speed = self.eta * exponential_speed(voltage, self.v_p, self.v_n, self.a_p, self.a_n)
        return speed * self.window.factor(state, self.eta * voltage)
