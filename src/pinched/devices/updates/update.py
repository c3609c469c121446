r"""What a pulse-update law is: a window of conductance and where pulses lead in it.

`PulseUpdate` is for laws that know the state after any number of pulses in closed form, `StepUpdate` for laws that
know one step and are repeated. Both work on the share $y = (G - G_\min) / (G_\max - G_\min)$, so that a spread of the
window (a tensor in `g_min` or `g_max`) needs no thought. The window is hard: no pulse leads out of it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import torch

from pinched._params import require
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, all_true, require_finite, require_range, show_value


class PulseUpdate(ABC):
    """Abstract: conductance after identical pulses, elementwise on numbers, NumPy arrays and tensors."""

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib of the paper that defines the law."""
    g_min: Param
    """Lower end of the window (S),"""
    g_max: Param
    """upper end (S)."""

    @abstractmethod
    def raised(self, share: Value, pulses: Value) -> Value:
        """Share of the window after `pulses` (not below zero) that potentiate, from `share`; may leave 0 to 1."""

    @abstractmethod
    def lowered(self, share: Value, pulses: Value) -> Value:
        """Share of the window after `pulses` (not below zero) that depress, from `share`; may leave 0 to 1."""

    def after(self, conductance: Value, pulses: Value) -> Value:
        """Conductance (S) after `pulses` from `conductance` (S), both elementwise, within the window.

        `pulses` above zero potentiate, below zero depress; it need not be whole. Without noise: see `noise`.
        """
        share = self.share(conductance)
        up, down = ew.positive(pulses), ew.positive(-pulses)
        moved = ew.where(pulses > 0, self.raised(share, up), self.lowered(share, down))
        return self.conductance(ew.where(pulses == 0, share, moved))

    def share(self, conductance: Value) -> Value:
        """Place of `conductance` (S) in the window, held within 0 to 1."""
        return ew.clamp((conductance - self.g_min) / (self.g_max - self.g_min), 0.0, 1.0)

    def conductance(self, share: Value) -> Value:
        """Conductance (S) at `share` of the window, held within it."""
        return self.g_min + (self.g_max - self.g_min) * ew.clamp(share, 0.0, 1.0)


class StepUpdate(PulseUpdate):
    """Abstract: a law that is known by its single step, repeated pulse by pulse."""

    __slots__ = ()

    @abstractmethod
    def step_up(self, share: Value) -> Value:
        """Share of the window that one potentiating pulse adds at `share`; not below zero."""

    @abstractmethod
    def step_down(self, share: Value) -> Value:
        """Share of the window that one depressing pulse takes at `share`; not below zero."""

    def raised(self, share: Value, pulses: Value) -> Value:
        """`pulses` steps up from `share`; a rest below one pulse is that part of a step."""
        for k in range(_most(pulses)):
            share = ew.clamp(share + ew.clamp(pulses - k, 0.0, 1.0) * self.step_up(share), 0.0, 1.0)
        return share

    def lowered(self, share: Value, pulses: Value) -> Value:
        """`pulses` steps down from `share`; a rest below one pulse is that part of a step."""
        for k in range(_most(pulses)):
            share = ew.clamp(share - ew.clamp(pulses - k, 0.0, 1.0) * self.step_down(share), 0.0, 1.0)
        return share


def _most(pulses: Value) -> int:
    if isinstance(pulses, torch.Tensor):
        return math.ceil(float(pulses.detach().max())) if pulses.numel() else 0
    return math.ceil(float(np.max(pulses, initial=0.0)))


def require_window(law: PulseUpdate) -> None:
    """Raise `PinchedError` for a parameter that is not finite, and for a window that is none or in another unit."""
    require_finite(law)
    require(
        law,
        all_true(law.g_max > law.g_min),
        f"g_max ({show_value(law.g_max)} S) must exceed g_min ({show_value(law.g_min)} S). Are the two swapped?",
    )
    require_range(law, "g_min", 0.0, 1e3)
    require_range(law, "g_max", 1e-15, 1e3)


def require_steps(law: PulseUpdate) -> None:
    """Raise `PinchedError` for a step size (S) that is not above zero or exceeds the window."""
    for name in ("step_up_size", "step_down_size"):
        value = getattr(law, name)
        require(
            law,
            all_true(value > 0) and all_true(value <= law.g_max - law.g_min),
            f"{name} is {show_value(value)} S; a step is above zero and no larger than the window of "
            f"{show_value(law.g_max - law.g_min)} S. Both are sizes, in siemens.",
        )
