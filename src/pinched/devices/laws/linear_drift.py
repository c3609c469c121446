r"""Linear ion drift: the boundary between a doped and an undoped region moves with the current.

$$ \dot x = \frac{\mu_v R_\mathrm{on}}{D^2}\, i\, f(x, i), \quad v = [R_\mathrm{on} x + R_\mathrm{off} (1 - x)]\, i $$

x = w / D is the doped share: 1 is the LRS, positive voltage turns ON. Without a window, and with one that depends
on x alone, the device is an ideal memristor: x follows from the flux, and a period of a drive closes its loop.
Use it for teaching, for checks and as the simplest law of all; it has no threshold, so reading it moves it
(for thresholds see `vteam`, for a steep drift `nonlinear_drift`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pinched._params import quantity, require
from pinched.devices.law import (
    Law,
    Param,
    StateVariable,
    Value,
    all_true,
    require_finite,
    require_range,
    show_value,
)
from pinched.devices.laws.resistances import LinearResistance
from pinched.devices.laws.windows import NoWindow, Window

_RESISTANCE = LinearResistance()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LinearIonDrift(Law):
    """Parameters of devices with linear ion drift, in SI; a tensor in a field gives each device its own value.

    The defaults are the usual set for the device of its source: 100 ohm, 16 kohm, 10 nm, 1e-14 m^2/(V s).
    Raises `PinchedError` for swapped resistances, a state outside 0 to 1, and numbers that are no SI values of such a
    device.
    """

    source: ClassVar[str] = "strukov2008missing"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="x", unit="1", symbol="x", meaning="doped share of the film, 1 in the LRS"),
    )

    r_on: Param = quantity(100.0, "ohm", r"R_\mathrm{on}", "resistance of the LRS")
    r_off: Param = quantity(16e3, "ohm", r"R_\mathrm{off}", "resistance of the HRS")
    mobility: Param = quantity(1e-14, "m^2/(V s)", r"\mu_v", "mobility of the dopants")
    thickness: Param = quantity(10e-9, "m", "D", "thickness of the film")
    x_initial: Param = quantity(0.1, "1", "x_0", "doped share before anything was applied")
    window: Window = field(default=NoWindow())

    def __post_init__(self) -> None:
        require_finite(self)
        require(
            self,
            all_true(self.r_off > self.r_on),
            f"r_off ({show_value(self.r_off)} ohm) must exceed r_on ({show_value(self.r_on)} ohm). r_off is the "
            "HRS: are the two swapped?",
        )
        require_range(self, "r_on", 1e-2, 1e15)
        require_range(self, "mobility", 1e-22, 1e-8)
        require_range(self, "thickness", 1e-10, 1e-6)
        require_range(self, "x_initial", 0.0, 1.0)

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Doped share from 0 to 1."""
        return ((0.0, 1.0),)

    def initial_state(self) -> tuple[Param, ...]:
        """Doped share before anything was applied."""
        return (self.x_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at doped share `state` and `voltage` (V), elementwise."""
        return voltage / _RESISTANCE.resistance(1.0 - state, self.r_on, self.r_off)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the doped share (1/s), elementwise."""
        through = self.current(state, voltage)
        return self.mobility * self.r_on / self.thickness**2 * through * self.window.factor(state, through)
