r"""Pershin and Di Ventra: a resistor whose resistance drifts beyond a threshold voltage.

$$ \dot R = \beta v + \tfrac12 (\alpha - \beta) (|v + V_t| - |v - V_t|),
   \qquad R_\mathrm{on} \le R \le R_\mathrm{off}, \qquad i = v / R $$

The state is the resistance itself. Positive voltage raises it: it turns OFF (`IVSweep.flipped` turns a sweep round).
Within the thresholds R drifts with alpha (0: it rests), beyond them with beta. Use it for circuits of many
devices where a threshold is all that matters; with a shaped overdrive see `vteam`.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from pinched.devices.laws.thresholds import two_slope_speed


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PershinDiVentra(Law):
    """Parameters of Pershin-Di Ventra devices, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are those of the example that ngspice ships (1 kohm, 10 kohm, alpha 0, 1.6 V), where beta is fitted
    to the drive: here 2e5 ohm/(V s). Raises `PinchedError` for swapped resistances, slopes or thresholds of the wrong
    sign, a state outside its bounds, and numbers that are no SI values of such a device.
    """

    source: ClassVar[str] = "pershin2012spice"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="r", unit="ohm", symbol="R", meaning="resistance"),
    )

    r_on: Param = quantity(1e3, "ohm", r"R_\mathrm{on}", "resistance of the LRS")
    r_off: Param = quantity(10e3, "ohm", r"R_\mathrm{off}", "resistance of the HRS")
    alpha: Param = quantity(
        0.0, "ohm/(V s)", r"\alpha", "drift within the thresholds, not below zero; 0 for rest"
    )
    beta: Param = quantity(2e5, "ohm/(V s)", r"\beta", "drift beyond the thresholds, above zero")
    v_t: Param = quantity(1.6, "V", "V_t", "size of both thresholds")
    r_initial: Param = quantity(5.5e3, "ohm", "R_0", "resistance before anything was applied")

    def __post_init__(self) -> None:
        require_finite(self)
        require(
            self,
            all_true(self.r_off > self.r_on),
            f"r_off ({show_value(self.r_off)} ohm) must exceed r_on ({show_value(self.r_on)} ohm). r_off is the "
            "HRS: are the two swapped?",
        )
        require_range(self, "r_on", 1e-2, 1e15)
        require_range(self, "v_t", 5e-3, 1e2)
        require(
            self,
            all_true(self.alpha >= 0) and all_true(self.beta > 0),
            f"alpha is {show_value(self.alpha)} and beta {show_value(self.beta)} ohm/(V s); positive voltage raises "
            "the resistance here, so beta is above zero and alpha not below it. Turn the waveform round for a device "
            "of the other polarity.",
        )
        require(
            self,
            all_true(self.r_initial >= self.r_on) and all_true(self.r_initial <= self.r_off),
            f"r_initial ({show_value(self.r_initial)} ohm) lies outside r_on .. r_off ({show_value(self.r_on)} .. "
            f"{show_value(self.r_off)} ohm).",
        )

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Resistance between that of the LRS and that of the HRS (ohm)."""
        return ((self.r_on, self.r_off),)

    def initial_state(self) -> tuple[Param, ...]:
        """Resistance before anything was applied (ohm)."""
        return (self.r_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at resistance `state` (ohm) and `voltage` (V), elementwise."""
        return voltage / state

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the resistance (ohm/s), elementwise."""
        return two_slope_speed(voltage, self.alpha, self.beta, self.v_t) + 0.0 * state
