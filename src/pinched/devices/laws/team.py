r"""TEAM: a current-threshold memristor with a linear or an exponential resistance.

Between the two threshold currents nothing moves; beyond them the speed is a power of the overdrive:

$$ \dot x = k_\mathrm{off} [i / i_\mathrm{off} - 1]_+^{\alpha_\mathrm{off}} f_\mathrm{off}(x)
          + k_\mathrm{on}  [i / i_\mathrm{on}  - 1]_+^{\alpha_\mathrm{on}} f_\mathrm{on}(x) $$

Large x is the HRS; positive current beyond i_off turns OFF, negative beyond i_on turns ON, and i_on and k_on are
negative numbers (copies that write i_on with the plus sign of the Simmons law switch ON at any small current).
Use it where the switching current is the constant of the device; where it is the voltage, see `vteam`.
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
from pinched.devices.laws.resistances import LinearResistance, ResistanceLaw
from pinched.devices.laws.thresholds import overdrive_speed, require_thresholds
from pinched.devices.laws.windows import Kvatinsky, Window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Team(Law):
    """Parameters of TEAM devices, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are those of the Technion Verilog-A listing (2011), with the sign of i_on put right. Raises
    `PinchedError` for swapped resistances, thresholds or speeds of the wrong sign, a state outside its bounds, and
    numbers that are no SI values of such a device.
    """

    source: ClassVar[str] = "kvatinsky2013team"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="x", unit="m", symbol="x", meaning="effective width of the tunnel gap"),
    )

    r_on: Param = quantity(100.0, "ohm", r"R_\mathrm{on}", "resistance of the LRS")
    r_off: Param = quantity(200e3, "ohm", r"R_\mathrm{off}", "resistance of the HRS")
    i_on: Param = quantity(-8.9e-6, "A", r"i_\mathrm{on}", "SET threshold, below zero")
    i_off: Param = quantity(115e-6, "A", r"i_\mathrm{off}", "RESET threshold, above zero")
    k_on: Param = quantity(-8e-13, "m/s", r"k_\mathrm{on}", "speed of SET, below zero")
    k_off: Param = quantity(8e-13, "m/s", r"k_\mathrm{off}", "speed of RESET, above zero")
    alpha_on: Param = quantity(3.0, "1", r"\alpha_\mathrm{on}", "exponent of SET")
    alpha_off: Param = quantity(3.0, "1", r"\alpha_\mathrm{off}", "exponent of RESET")
    x_on: Param = quantity(0.0, "m", r"x_\mathrm{on}", "gap of the LRS")
    x_off: Param = quantity(3e-9, "m", r"x_\mathrm{off}", "gap of the HRS")
    x_initial: Param = quantity(1.5e-9, "m", "x_0", "gap before anything was applied")
    window: Window = field(default=Kvatinsky())
    resistance_law: ResistanceLaw = field(default=LinearResistance())

    def __post_init__(self) -> None:
        require_finite(self)
        require(
            self,
            all_true(self.r_off > self.r_on),
            f"r_off ({show_value(self.r_off)} ohm) must exceed r_on ({show_value(self.r_on)} ohm). r_off is the "
            "HRS: are the two swapped?",
        )
        require_thresholds(self, "i_on", "i_off")
        require_thresholds(self, "k_on", "k_off")
        require_range(self, "r_on", 1e-2, 1e15)
        require_range(self, "i_off", 1e-12, 1.0)
        require_range(self, "i_on", -1.0, -1e-12)
        require_range(self, "alpha_on", 0.01, 100.0)
        require_range(self, "alpha_off", 0.01, 100.0)
        require_range(self, "x_off", 1e-10, 1e-6)
        require(
            self,
            all_true(self.x_off > self.x_on),
            f"x_off ({show_value(self.x_off)} m) must exceed x_on ({show_value(self.x_on)} m).",
        )
        require(
            self,
            all_true(self.x_initial >= self.x_on) and all_true(self.x_initial <= self.x_off),
            f"x_initial ({show_value(self.x_initial)} m) lies outside x_on .. x_off ({show_value(self.x_on)} .. "
            f"{show_value(self.x_off)} m).",
        )

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Gap between that of the LRS and that of the HRS (m)."""
        return ((self.x_on, self.x_off),)

    def initial_state(self) -> tuple[Param, ...]:
        """Gap before anything was applied (m)."""
        return (self.x_initial,)

    def share(self, state: Value) -> Value:
        """Share of the range, 0 in the LRS and 1 in the HRS, at gap `state` (m)."""
        return (state - self.x_on) / (self.x_off - self.x_on)

    def resistance(self, state: Value) -> Value:
        """Resistance (ohm) at gap `state` (m), elementwise."""
        return self.resistance_law.resistance(self.share(state), self.r_on, self.r_off)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at gap `state` (m) and `voltage` (V), elementwise."""
        return voltage / self.resistance(state)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the gap (m/s), elementwise."""
        through = self.current(state, voltage)
        speed = overdrive_speed(
            through, self.i_on, self.i_off, self.k_on, self.k_off, self.alpha_on, self.alpha_off
        )
        return speed * self.window.factor(self.share(state), through)
