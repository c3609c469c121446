"""Piecewise steps: the size of the step read off a plot at even places of the window, straight lines between.

For devices whose steps are known and follow no formula; for whole traces, pulse after pulse, see `TableUpdate`.
"PiecewiseStep" of rasch2021flexible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pinched._params import quantity, require
from pinched.devices.law import Param, Value
from pinched.devices.updates._tables import interpolated
from pinched.devices.updates.update import StepUpdate, require_steps, require_window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PiecewiseUpdate(StepUpdate):
    """Steps through nodes that lie evenly from g_min to g_max; the default nodes are equal: constant steps.

    Raises `PinchedError` for a window that is swapped, steps that are not above zero or exceed it, fewer than two
    nodes, and nodes below zero.
    """

    source: ClassVar[str] = "rasch2021flexible"
    nodes_up: tuple[float, ...] = (1.0, 1.0)
    """Step of potentiation at each node, in units of `step_up_size`,"""
    nodes_down: tuple[float, ...] = (1.0, 1.0)
    """and of depression, in units of `step_down_size`; both from g_min to g_max."""
    g_min: Param = quantity(1e-6, "S", r"G_\min", "lower end of the window")
    g_max: Param = quantity(1e-4, "S", r"G_\max", "upper end of the window")
    step_up_size: Param = quantity(1e-7, "S", r"s^{+}", "step of potentiation at a node of 1")
    step_down_size: Param = quantity(1e-7, "S", r"s^{-}", "size of the step of depression at a node of 1")

    def __post_init__(self) -> None:
        require_window(self)
        require_steps(self)
        for name in ("nodes_up", "nodes_down"):
            nodes = getattr(self, name)
            require(
                self,
                len(nodes) >= 2 and all(np.isfinite(v) and v >= 0 for v in nodes),
                f"{name} is {nodes}; give at least two sizes of the step, from g_min to g_max, none below zero: the "
                "direction is that of the pulse.",
            )

    def step_up(self, share: Value) -> Value:
        """Share of the window that one potentiating pulse adds at `share`."""
        return self.step_up_size / (self.g_max - self.g_min) * _along(self.nodes_up, share)

    def step_down(self, share: Value) -> Value:
        """Share of the window that one depressing pulse takes at `share`."""
        return self.step_down_size / (self.g_max - self.g_min) * _along(self.nodes_down, share)


def _along(nodes: tuple[float, ...], share: Value) -> Value:
    return interpolated(share, tuple(np.linspace(0.0, 1.0, len(nodes)).tolist()), nodes)
