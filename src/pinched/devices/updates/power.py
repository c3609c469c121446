r"""Power steps: the step is a power of what is left to the bound.

$$ \Delta G^{+} = s^{+} (1 - y)^{\gamma^{+}}, \qquad \Delta G^{-} = -s^{-} y^{\gamma^{-}} $$

with the share y of the window. gamma = 1 is a soft bound whose `step_up_size` is the first step from the bottom,
gamma = 0 a constant step. "PowStep" of rasch2021flexible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity
from pinched.devices.law import Param, Value, require_range
from pinched.devices.updates.update import StepUpdate, require_steps, require_window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PowerUpdate(StepUpdate):
    """Steps that are a power of the rest; all defaults are assumed.

    Raises `PinchedError` for a window that is swapped, steps that are not above zero or exceed it, and negative
    exponents.
    """

    source: ClassVar[str] = "rasch2021flexible"
    g_min: Param = quantity(1e-6, "S", r"G_\min", "lower end of the window")
    g_max: Param = quantity(1e-4, "S", r"G_\max", "upper end of the window")
    step_up_size: Param = quantity(1e-6, "S", r"s^{+}", "step of a potentiating pulse at g_min")
    step_down_size: Param = quantity(1e-6, "S", r"s^{-}", "size of the step of a depressing pulse at g_max")
    gamma_up: Param = quantity(1.5, "1", r"\gamma^{+}", "exponent of potentiation")
    gamma_down: Param = quantity(1.5, "1", r"\gamma^{-}", "exponent of depression")

    def __post_init__(self) -> None:
        require_window(self)
        require_steps(self)
        for name in ("gamma_up", "gamma_down"):
            require_range(self, name, 0.0, 100.0)

    def step_up(self, share: Value) -> Value:
        """Share of the window that one potentiating pulse adds at `share`."""
        return self.step_up_size / (self.g_max - self.g_min) * (1.0 - share) ** self.gamma_up

    def step_down(self, share: Value) -> Value:
        """Share of the window that one depressing pulse takes at `share`."""
        return self.step_down_size / (self.g_max - self.g_min) * share**self.gamma_down
