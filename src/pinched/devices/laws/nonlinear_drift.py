r"""Nonlinear ion drift: a state that moves with an odd power of the voltage, read by a tunnel current and a diode.

$$ \dot w = a f(w)\, v^m, \qquad i = w^n \beta \sinh(\alpha v) + \chi (e^{\gamma v} - 1) $$

w runs from 0 to 1; 1 is the LRS, positive voltage turns ON. For a power m that is not odd the voltage keeps its sign:
sign(v) |v|^m. Use it for devices whose HRS rectifies and whose speed rises by decades per volt; there is no
threshold, only a steep power.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pinched._params import quantity
from pinched.devices.law import Law, Param, StateVariable, Value, require_finite, require_range
from pinched.devices.laws.characteristics import Characteristic, SinhDiode
from pinched.devices.laws.thresholds import odd_power_speed
from pinched.devices.laws.windows import NoWindow, Window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NonlinearIonDrift(Law):
    """Parameters of devices with nonlinear ion drift, in SI; a tensor in a field gives each device its own value.

    The defaults are those of Fig. 6 of kvatinsky2013team; the listing of the same group (Technion, 2011) has a = 4 /s
    and m = 13. Raises `PinchedError` for a state outside 0 to 1 and numbers that are no SI values of such a device.
    """

    source: ClassVar[str] = "lehtonen2010cnn"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="w", unit="1", symbol="w", meaning="state of the oxide, 1 in the LRS"),
    )

    a: Param = quantity(1.0, "1/s", "a", "speed of the state at 1 V, above zero")
    m: Param = quantity(5.0, "1", "m", "power of the voltage, odd in the papers")
    w_initial: Param = quantity(0.5, "1", "w_0", "state before anything was applied")
    window: Window = field(default=NoWindow())
    characteristic: Characteristic = field(default=SinhDiode())

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "a", 1e-30, 1e30)
        require_range(self, "m", 1.0, 100.0)
        require_range(self, "w_initial", 0.0, 1.0)

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """State from 0 to 1."""
        return ((0.0, 1.0),)

    def initial_state(self) -> tuple[Param, ...]:
        """State before anything was applied."""
        return (self.w_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` and `voltage` (V), elementwise."""
        return self.characteristic.current(state, voltage)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the state (1/s), elementwise."""
        return odd_power_speed(voltage, self.a, self.m) * self.window.factor(state, voltage)
