r"""Exponential steps: constant over most of the window, falling off near the bound.

$$ \Delta G^{\pm} = \pm s^{\pm} \max(1 - A^{\pm} e^{\pm \gamma^{\pm} z},\, 0), \qquad
   z = 2 a \frac{G - G_z}{G_\max - G_\min} + b $$

"ExpStep" of rasch2021flexible, whose defaults describe a measured device: potentiation is nearly linear, depression
is not. G_z is where the weight is zero, the middle of the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, require_range
from pinched.devices.updates.update import StepUpdate, require_steps, require_window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ExponentialStepUpdate(StepUpdate):
    """Steps that fall off exponentially; A, gamma, a and b by default as in the source, window and steps assumed.

    Raises `PinchedError` for a window that is swapped, steps that are not above zero or exceed it, and factors A
    below zero.
    """

    source: ClassVar[str] = "rasch2021flexible"
    g_min: Param = quantity(1e-6, "S", r"G_\min", "lower end of the window")
    g_max: Param = quantity(1e-4, "S", r"G_\max", "upper end of the window")
    step_up_size: Param = quantity(1e-7, "S", r"s^{+}", "largest step of a potentiating pulse")
    step_down_size: Param = quantity(1e-7, "S", r"s^{-}", "size of the largest step of a depressing pulse")
    factor_up: Param = quantity(0.00081, "1", "A^{+}", "factor of potentiation")
    factor_down: Param = quantity(0.36833, "1", "A^{-}", "factor of depression")
    gamma_up: Param = quantity(12.44625, "1", r"\gamma^{+}", "steepness of potentiation")
    gamma_down: Param = quantity(12.78785, "1", r"\gamma^{-}", "steepness of depression")
    slope: Param = quantity(0.244, "1", "a", "scale of the weight in z")
    offset: Param = quantity(0.2425, "1", "b", "offset of z")

    def __post_init__(self) -> None:
        require_window(self)
        require_steps(self)
        for name in ("factor_up", "factor_down"):
            require_range(self, name, 0.0, 1e6)
        for name in ("gamma_up", "gamma_down", "slope", "offset"):
            require_range(self, name, -1e3, 1e3)

    def _place(self, share: Value) -> Value:
        return 2.0 * self.slope * (share - 0.5) + self.offset

    def step_up(self, share: Value) -> Value:
        """Share of the window that one potentiating pulse adds at `share`."""
        fall = 1.0 - self.factor_up * ew.bounded_exp(self.gamma_up * self._place(share))
        return self.step_up_size / (self.g_max - self.g_min) * ew.positive(fall)

    def step_down(self, share: Value) -> Value:
        """Share of the window that one depressing pulse takes at `share`."""
        fall = 1.0 - self.factor_down * ew.bounded_exp(-self.gamma_down * self._place(share))
        return self.step_down_size / (self.g_max - self.g_min) * ew.positive(fall)
