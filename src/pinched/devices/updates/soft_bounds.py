r"""Soft bounds: each pulse takes a fixed share of what is left to the bound.

$$ \Delta G^{+} = s^{+} \frac{G_\max - G}{G_\max - G_z}, \qquad
   \Delta G^{-} = -s^{-} \frac{G - G_\min}{G_z - G_\min} $$

so that the bound is approached and never met. `SoftBoundsUpdate` is given the step at the zero of the weight,
`SoftBoundsPmaxUpdate` the pulses that cross a range and the rate per pulse; there the bounds lie beyond the range, as
in the curve of `NeuroSimUpdate` (rate 1 / A), but the device may go on past the last pulse, to the bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity, require
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, all_true, require_range, show_value
from pinched.devices.updates._steps import repeated
from pinched.devices.updates.update import PulseUpdate, require_steps, require_window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SoftBoundsUpdate(PulseUpdate):
    """Steps that are a share of the rest; all defaults are assumed.

    Raises `PinchedError` for a window that is swapped, steps that are not above zero or would jump over a bound,
    and a zero that lies outside the window.
    """

    source: ClassVar[str] = "fusi2007limits"
    g_min: Param = quantity(1e-6, "S", r"G_\min", "lower end of the window")
    g_max: Param = quantity(1e-4, "S", r"G_\max", "upper end of the window")
    step_up_size: Param = quantity(
        1e-6, "S", r"s^{+}", "step of a potentiating pulse where the weight is zero"
    )
    step_down_size: Param = quantity(
        1e-6, "S", r"s^{-}", "size of the step of a depressing pulse where the weight is zero"
    )
    zero: Param = quantity(0.5, "1", "z", "share of the window at which the weight is zero")

    def __post_init__(self) -> None:
        require_window(self)
        require_steps(self)
        require(
            self,
            all_true(self.zero > 0) and all_true(self.zero < 1),
            f"zero is {show_value(self.zero)}; it is a share inside the window, between 0 and 1.",
        )
        for name, room in (("step_up_size", 1.0 - self.zero), ("step_down_size", self.zero)):
            value = getattr(self, name) / (self.g_max - self.g_min)
            require(
                self,
                all_true(value < room),
                f"{name} is {show_value(value)} of the window; at the zero of the weight only {show_value(room)} "
                "is left to the bound. Give a smaller step.",
            )

    def raised(self, share: Value, pulses: Value) -> Value:
        """`pulses` steps up from `share`."""
        room = 1.0 - self.zero
        step = self.step_up_size / (self.g_max - self.g_min) / room
        return self.zero + room * repeated((share - self.zero) / room, step, 1.0, pulses)

    def lowered(self, share: Value, pulses: Value) -> Value:
        """`pulses` steps down from `share`."""
        step = self.step_down_size / (self.g_max - self.g_min) / self.zero
        return self.zero - self.zero * repeated((self.zero - share) / self.zero, step, 1.0, pulses)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SoftBoundsPmaxUpdate(PulseUpdate):
    r"""$G = G_\mathrm{start} + B (1 - e^{-\alpha p})$ with $B$ such that `pulses_up` lead to `g_top`, and mirrored.

    The window ends at the bounds beyond the pulsed range: `g_max` is g_start + B of the way up, `g_min` is g_top - B
    of the way down. All defaults are assumed. Raises `PinchedError` for conductances that are swapped or whose lower
    bound is below zero, rates or pulses that are not above zero.
    """

    source: ClassVar[str] = "rasch2021flexible"
    g_start: Param = quantity(2e-5, "S", r"G_\mathrm{start}", "conductance at the bottom of the pulsed range")
    g_top: Param = quantity(1e-4, "S", r"G_\mathrm{top}", "conductance at its top")
    pulses_up: Param = quantity(1000.0, "1", r"p_\max^{+}", "pulses from the bottom to the top")
    pulses_down: Param = quantity(1000.0, "1", r"p_\max^{-}", "pulses from the top to the bottom")
    alpha_up: Param = quantity(0.005, "1", r"\alpha^{+}", "rate per potentiating pulse")
    alpha_down: Param = quantity(0.005, "1", r"\alpha^{-}", "rate per depressing pulse")

    def __post_init__(self) -> None:
        for name in ("pulses_up", "pulses_down"):
            require_range(self, name, 1.0, 1e12)
        for name in ("alpha_up", "alpha_down"):
            require_range(self, name, 1e-12, 100.0)
        require(
            self,
            all_true(self.g_top > self.g_start) and all_true(self.g_start > 0),
            f"g_top ({show_value(self.g_top)} S) must exceed g_start ({show_value(self.g_start)} S), and both must "
            "be above zero. Are the two swapped?",
        )
        require(
            self,
            all_true(self.g_min >= 0),
            f"depression ends at {show_value(self.g_min)} S, below zero. Raise alpha_down, pulses_down or g_start.",
        )

    @property
    def g_max(self) -> Value:  # type: ignore[override]
        """Bound of potentiation (S)."""
        return self.g_start - (self.g_top - self.g_start) / ew.expm1(-self.alpha_up * self.pulses_up)

    @property
    def g_min(self) -> Value:  # type: ignore[override]
        """Bound of depression (S)."""
        return self.g_top + (self.g_top - self.g_start) / ew.expm1(-self.alpha_down * self.pulses_down)

    def raised(self, share: Value, pulses: Value) -> Value:
        """`pulses` steps up from `share`."""
        return 1.0 - (1.0 - share) * ew.exp(-self.alpha_up * pulses)

    def lowered(self, share: Value, pulses: Value) -> Value:
        """`pulses` steps down from `share`."""
        return share * ew.exp(-self.alpha_down * pulses)
