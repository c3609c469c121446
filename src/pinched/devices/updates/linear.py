r"""Linear steps: the step falls along a straight line towards the bound that it moves to.

$$ \Delta G^{+} = s^{+} \left(1 - \gamma^{+} \frac{G - G_z}{G_\max - G_z}\right), \qquad
   \Delta G^{-} = -s^{-} \left(1 - \gamma^{-} \frac{G_z - G}{G_z - G_\min}\right) $$

G_z is where the weight is zero and the step has its nominal size. gamma = 0 is `ConstantUpdate`, gamma = 1 is
`SoftBoundsUpdate`; between them lie most oxide devices. "LinearStep" of rasch2021flexible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity, require
from pinched.devices.law import Param, Value, all_true, require_range, show_value
from pinched.devices.updates._steps import repeated
from pinched.devices.updates.update import PulseUpdate, require_steps, require_window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LinearUpdate(PulseUpdate):
    """Steps that fall along a line; all defaults are assumed.

    Raises `PinchedError` for a window that is swapped, steps that are not above zero or exceed it, a slope above 1
    (the step would turn round before its bound), and a zero that lies outside the window.
    """

    source: ClassVar[str] = "rasch2021flexible"
    g_min: Param = quantity(1e-6, "S", r"G_\min", "lower end of the window")
    g_max: Param = quantity(1e-4, "S", r"G_\max", "upper end of the window")
    step_up_size: Param = quantity(
        1e-7, "S", r"s^{+}", "step of a potentiating pulse where the weight is zero"
    )
    step_down_size: Param = quantity(
        1e-7, "S", r"s^{-}", "size of the step of a depressing pulse where the weight is zero"
    )
    gamma_up: Param = quantity(0.5, "1", r"\gamma^{+}", "fall of the step towards g_max")
    gamma_down: Param = quantity(0.5, "1", r"\gamma^{-}", "fall of the step towards g_min")
    zero: Param = quantity(0.5, "1", "z", "share of the window at which the weight is zero")

    def __post_init__(self) -> None:
        require_window(self)
        require_steps(self)
        for name in ("gamma_up", "gamma_down"):
            require_range(self, name, -10.0, 1.0)
        require(
            self,
            all_true(self.zero > 0) and all_true(self.zero < 1),
            f"zero is {show_value(self.zero)}; it is a share inside the window, between 0 and 1.",
        )

    def raised(self, share: Value, pulses: Value) -> Value:
        """`pulses` steps up from `share`."""
        room = 1.0 - self.zero
        step = self.step_up_size / (self.g_max - self.g_min) / room
        return self.zero + room * repeated((share - self.zero) / room, step, self.gamma_up, pulses)

    def lowered(self, share: Value, pulses: Value) -> Value:
        """`pulses` steps down from `share`."""
        step = self.step_down_size / (self.g_max - self.g_min) / self.zero
        return self.zero - self.zero * repeated(
            (self.zero - share) / self.zero, step, self.gamma_down, pulses
        )
