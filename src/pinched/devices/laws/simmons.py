r"""Simmons tunnel barrier: the rates that Pickett measured on TiO2, exponential in current and width.

$$ \dot w = f_\mathrm{off} \sinh(i / i_\mathrm{off})
            \exp[-e^{(w - a_\mathrm{off}) / w_c - |i| / b} - w / w_c], \quad i > 0 $$
$$ \dot w = f_\mathrm{on}  \sinh(i / i_\mathrm{on})
            \exp[-e^{-(w - a_\mathrm{on}) / w_c - |i| / b} - w / w_c], \quad i < 0 $$

w is the width of the barrier: large is the HRS, positive current widens it and turns OFF. The current follows from a
part, `TunnelConduction` or `LinearReadout`; the series resistance of the device (about 215 ohm) is that of the
circuit. Use it where the decades between reading and writing times matter; TEAM is its simple copy (`team`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pinched._params import quantity, require
from pinched.devices import elementwise as ew
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
from pinched.devices.laws.tunnelling import BarrierConduction, TunnelConduction


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Simmons(Law):
    """Parameters of Simmons tunnel barriers, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are those of the source (a_on is 2.0 nm in the Technion listing). Raises `PinchedError` for numbers
    that are not above zero or are no SI values of such a device, and for a state outside its bounds.
    """

    source: ClassVar[str] = "pickett2009switching"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="w", unit="m", symbol="w", meaning="width of the tunnel barrier"),
    )

    f_off: Param = quantity(3.5e-6, "m/s", r"f_\mathrm{off}", "speed scale of RESET")
    i_off: Param = quantity(115e-6, "A", r"i_\mathrm{off}", "current scale of RESET")
    a_off: Param = quantity(1.2e-9, "m", r"a_\mathrm{off}", "width beyond which RESET dies out")
    f_on: Param = quantity(40e-6, "m/s", r"f_\mathrm{on}", "speed scale of SET")
    i_on: Param = quantity(8.9e-6, "A", r"i_\mathrm{on}", "current scale of SET, a size")
    a_on: Param = quantity(1.8e-9, "m", r"a_\mathrm{on}", "width below which SET dies out")
    b: Param = quantity(500e-6, "A", "b", "current that moves both ends")
    w_c: Param = quantity(107e-12, "m", "w_c", "length over which the rates change")
    w_min: Param = quantity(1.1e-9, "m", r"w_\min", "narrowest barrier, where the fit of the source begins")
    w_max: Param = quantity(1.9e-9, "m", r"w_\max", "widest barrier, where the fit of the source ends")
    w_initial: Param = quantity(1.5e-9, "m", "w_0", "width before anything was applied")
    conduction: BarrierConduction = field(default=TunnelConduction())

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "f_off", 1e-15, 1e3)
        require_range(self, "f_on", 1e-15, 1e3)
        for name in ("i_off", "i_on", "b"):
            require_range(self, name, 1e-12, 1.0)
        for name in ("a_off", "a_on", "w_min", "w_max"):
            require_range(self, name, 1e-10, 1e-7)
        require_range(self, "w_c", 1e-12, 1e-8)
        require(
            self,
            all_true(self.w_max > self.w_min),
            f"w_max ({show_value(self.w_max)} m) must exceed w_min ({show_value(self.w_min)} m).",
        )
        require(
            self,
            all_true(self.w_initial >= self.w_min) and all_true(self.w_initial <= self.w_max),
            f"w_initial ({show_value(self.w_initial)} m) lies outside w_min .. w_max ({show_value(self.w_min)} .. "
            f"{show_value(self.w_max)} m).",
        )
        least = self.conduction.narrowest()
        require(
            self,
            all_true(self.w_min > least),
            f"w_min ({show_value(self.w_min)} m) must exceed {show_value(least)} m, below which the conduction part "
            "gives no current: widen w_min, or raise the barrier or its permittivity.",
        )

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Width of the barrier (m)."""
        return ((self.w_min, self.w_max),)

    def initial_state(self) -> tuple[Param, ...]:
        """Width before anything was applied (m)."""
        return (self.w_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at width `state` (m) and `voltage` (V), elementwise."""
        return self.conduction.current(state, voltage)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the width (m/s), elementwise."""
        through = self.current(state, voltage)
        size = abs(through)
        distance = size / self.b
        widening = _rate(
            size / self.i_off, (state - self.a_off) / self.w_c - distance, state / self.w_c, self.f_off
        )
        narrowing = _rate(
            size / self.i_on, (self.a_on - state) / self.w_c - distance, state / self.w_c, self.f_on
        )
        return ew.where(through < 0, -narrowing, widening)


def _rate(y: Value, edge: Value, depth: Value, f: Param) -> Value:
    r"""$f \sinh(y) \exp(-e^\mathrm{edge} - \mathrm{depth})$ for y >= 0, without overflow on the way."""
    # sinh(y) = -e^y expm1(-2 y) / 2: the large exponents meet in one sum before e is raised to it. What is left of it
    # is held below 80, which even float32 can hold: such a barrier moves faster than light.
    exponent = y - ew.bounded_exp(edge) - depth
    return -0.5 * f * ew.exp(ew.clamp(exponent, -700.0, 80.0)) * ew.expm1(-2.0 * y)
