"""Constant steps: every pulse moves the conductance by the same amount until the window ends.

The plain reference of training studies, and what an ideal analogue device would do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity
from pinched.devices.law import Param, Value
from pinched.devices.updates.update import PulseUpdate, require_steps, require_window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ConstantUpdate(PulseUpdate):
    """Steps of `step_up_size` and `step_down_size`, whatever the state; the defaults are assumed.

    Raises `PinchedError` for a window that is swapped and for steps that are not above zero or exceed it.
    """

    source: ClassVar[str] = "gokmen2016acceleration"
    g_min: Param = quantity(1e-6, "S", r"G_\min", "lower end of the window")
    g_max: Param = quantity(1e-4, "S", r"G_\max", "upper end of the window")
    step_up_size: Param = quantity(1e-7, "S", r"\Delta G^{+}", "step of a potentiating pulse")
    step_down_size: Param = quantity(1e-7, "S", r"\Delta G^{-}", "size of the step of a depressing pulse")

    def __post_init__(self) -> None:
        require_window(self)
        require_steps(self)

    def raised(self, share: Value, pulses: Value) -> Value:
        """`pulses` equal steps up from `share`."""
        return share + pulses * (self.step_up_size / (self.g_max - self.g_min))

    def lowered(self, share: Value, pulses: Value) -> Value:
        """`pulses` equal steps down from `share`."""
        return share - pulses * (self.step_down_size / (self.g_max - self.g_min))
