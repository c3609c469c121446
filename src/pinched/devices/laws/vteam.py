r"""VTEAM: a voltage-threshold memristor with a linear or an exponential resistance.

Between the two thresholds nothing moves; beyond them the speed is a power of the overdrive:

$$ \dot w = k_\mathrm{off} [v / v_\mathrm{off} - 1]_+^{\alpha_\mathrm{off}} f(w)
          + k_\mathrm{on}  [v / v_\mathrm{on}  - 1]_+^{\alpha_\mathrm{on}} f(w) $$

Large w is the HRS; positive voltage beyond v_off turns OFF, negative beyond v_on turns ON (`IVSweep.flipped` turns
a sweep round). Use it when switching has clear voltage thresholds; for gradual interface devices see `yakopcic`.
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
from pinched.devices.laws.windows import NoWindow, Window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Vteam(Law):
    """Parameters of VTEAM devices, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are round numbers of no device: no open source states the three sets that the paper fitted. Raises
    `PinchedError` for swapped resistances, thresholds or speeds of the wrong sign, a state outside its bounds, and
    numbers that are no SI values of such a device.
    """

    source: ClassVar[str] = "kvatinsky2015vteam"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="w", unit="m", symbol="w", meaning="width of the insulating gap"),
    )

    r_on: Param = quantity(1e3, "ohm", r"R_\mathrm{on}", "resistance of the LRS")
    r_off: Param = quantity(1e5, "ohm", r"R_\mathrm{off}", "resistance of the HRS")
    v_on: Param = quantity(-0.5, "V", r"v_\mathrm{on}", "SET threshold, below zero")
    v_off: Param = quantity(0.5, "V", r"v_\mathrm{off}", "RESET threshold, above zero")
    k_on: Param = quantity(-1e-6, "m/s", r"k_\mathrm{on}", "speed of SET, below zero")
    k_off: Param = quantity(1e-6, "m/s", r"k_\mathrm{off}", "speed of RESET, above zero")
    alpha_on: Param = quantity(3.0, "1", r"\alpha_\mathrm{on}", "exponent of SET")
    alpha_off: Param = quantity(3.0, "1", r"\alpha_\mathrm{off}", "exponent of RESET")
    w_on: Param = quantity(0.0, "m", r"w_\mathrm{on}", "gap of the LRS")
    w_off: Param = quantity(3e-9, "m", r"w_\mathrm{off}", "gap of the HRS")
    w_initial: Param = quantity(3e-9, "m", r"w_0", "gap before anything was applied")
    window: Window = field(default=NoWindow())
    resistance_law: ResistanceLaw = field(default=LinearResistance())

    def __post_init__(self) -> None:
        require_finite(self)
        require(
            self,
            all_true(self.r_off > self.r_on),
            f"r_off ({show_value(self.r_off)} ohm) must exceed r_on ({show_value(self.r_on)} ohm). r_off is the "
            "HRS: are the two swapped?",
        )
        require_thresholds(self, "v_on", "v_off")
        require_thresholds(self, "k_on", "k_off")
        require_range(self, "r_on", 1e-2, 1e15)
        require_range(self, "v_off", 5e-3, 1e2)
        require_range(self, "v_on", -1e2, -5e-3)
        require_range(self, "w_off", 1e-10, 1e-6)
        # An exponent of zero would move the gap below the threshold too: 0 to the power of 0 is 1.
        require_range(self, "alpha_on", 0.01, 100.0)
        require_range(self, "alpha_off", 0.01, 100.0)
        require(
            self,
            all_true(self.w_off > self.w_on),
            f"w_off ({show_value(self.w_off)} m) must exceed w_on ({show_value(self.w_on)} m).",
        )
        require(
            self,
            all_true(self.w_initial >= self.w_on) and all_true(self.w_initial <= self.w_off),
            f"w_initial ({show_value(self.w_initial)} m) lies outside w_on .. w_off ({show_value(self.w_on)} .. "
            f"{show_value(self.w_off)} m).",
        )

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Gap between that of the LRS and that of the HRS (m)."""
        return ((self.w_on, self.w_off),)

    def initial_state(self) -> tuple[Param, ...]:
        """Gap before anything was applied (m)."""
        return (self.w_initial,)

    def share(self, state: Value) -> Value:
        """Share of the range, 0 in the LRS and 1 in the HRS, at gap `state` (m)."""
        return (state - self.w_on) / (self.w_off - self.w_on)

    def resistance(self, state: Value) -> Value:
        """Resistance (ohm) at gap `state` (m), elementwise."""
        return self.resistance_law.resistance(self.share(state), self.r_on, self.r_off)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at gap `state` (m) and `voltage` (V), elementwise."""
        return voltage / self.resistance(state)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the gap (m/s), elementwise."""
        speed = overdrive_speed(
            voltage, self.v_on, self.v_off, self.k_on, self.k_off, self.alpha_on, self.alpha_off
        )
        return speed * self.window.factor(self.share(state), voltage)
