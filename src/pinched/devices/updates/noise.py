r"""Cycle-to-cycle noise of pulse updates: what is added to where a law leads.

`RangeNoise` is NeuroSim's, $\sigma \sqrt{|n|}\,(G_\max - G_\min)$ whatever the step; `StepNoise` is that of
rasch2021flexible, a share of each step, so that small steps scatter little; `OwnChance` is that of a law that
jumps by chance itself (`DrawnUpdate`). `perturbed` takes normal numbers that you drew, `apply_pulses` draws them
by the address of each cell.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float

from pinched._params import quantity, require
from pinched._random import cell_normals
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, all_true, show_value
from pinched.devices.updates.update import PulseUpdate


class PulseNoise(ABC):
    """Abstract: scatter of a conductance after pulses."""

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib."""

    @abstractmethod
    def deviation(self, law: PulseUpdate, before: Value, after: Value, pulses: Value) -> Value:
        """Standard deviation (S) of the conductance that `law` led from `before` to `after` (S) by `pulses`."""


def _require_sigma(noise: PulseNoise, sigma: Param) -> None:
    require(
        noise,
        all_true(sigma >= 0) and all_true(sigma <= 10),
        f"sigma is {show_value(sigma)}; it is a share, not below zero (3.5 % is 0.035).",
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RangeNoise(PulseNoise):
    """A share of the whole window per pulse, growing with the root of the pulses; by default NeuroSim's."""

    source: ClassVar[str] = "chen2018neurosim"
    sigma: Param = quantity(0.035, "1", r"\sigma", "deviation of one pulse as a share of the window")

    def __post_init__(self) -> None:
        _require_sigma(self, self.sigma)

    def deviation(self, law: PulseUpdate, before: Value, after: Value, pulses: Value) -> Value:  # noqa: ARG002
        """Standard deviation (S) after `pulses`."""
        return self.sigma * ew.sqrt(abs(pulses)) * (law.g_max - law.g_min)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StepNoise(PulseNoise):
    """A share of each step; n steps at once scatter by the root of n less than one step of that size."""

    source: ClassVar[str] = "rasch2021flexible"
    sigma: Param = quantity(0.3, "1", r"\sigma", "deviation of one step as a share of the step")

    def __post_init__(self) -> None:
        _require_sigma(self, self.sigma)

    def deviation(self, law: PulseUpdate, before: Value, after: Value, pulses: Value) -> Value:  # noqa: ARG002
        """Standard deviation (S) after `pulses`."""
        return self.sigma * abs(after - before) / ew.sqrt(ew.maximum(abs(pulses), 1.0 + 0.0 * abs(pulses)))


class DrawnUpdate(ABC):
    """Mixin, abstract: an update law that draws where pulses lead."""

    __slots__ = ()

    @abstractmethod
    def drawn(self, conductance: Value, pulses: Value, normal: Value) -> Value:
        """Conductance (S) drawn after `pulses` from `conductance` (S), for standard normal numbers `normal`."""

    @abstractmethod
    def spread_after(self, conductance: Value, pulses: Value) -> Value:
        """Standard deviation (S) of it."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OwnChance(PulseNoise):
    """The chance of the law itself: its `drawn` decides. For a `DrawnUpdate` only."""

    source: ClassVar[str] = "roy2025quantum"

    def deviation(self, law: PulseUpdate, before: Value, after: Value, pulses: Value) -> Value:  # noqa: ARG002
        """Standard deviation (S) that the law states; raises `PinchedError` for a law without a chance of its own."""
        require(
            self,
            isinstance(law, DrawnUpdate),
            f"{type(law).__name__} has no chance of its own. Give RangeNoise or StepNoise.",
        )
        assert isinstance(law, DrawnUpdate)
        return law.spread_after(before, pulses)


def perturbed(law: PulseUpdate, conductance: Value, pulses: Value, noise: PulseNoise, normal: Value) -> Value:
    """Conductance (S) after `pulses` with `noise`, for standard normal numbers `normal`; within the window."""
    if isinstance(noise, OwnChance) and isinstance(law, DrawnUpdate):
        return law.drawn(conductance, pulses, normal)
    after = law.after(conductance, pulses)
    scattered = after + noise.deviation(law, conductance, after, pulses) * normal
    return law.conductance((scattered - law.g_min) / (law.g_max - law.g_min))


def apply_pulses(
    law: PulseUpdate,
    conductance: Float[torch.Tensor, "word_line bit_line"],
    pulses: Float[torch.Tensor, "word_line bit_line"],
    *,
    noise: PulseNoise,
    event: int,
    seed: int = 0,
) -> Float[torch.Tensor, "word_line bit_line"]:
    """Conductance (S) of an array after `pulses` on each cell, with `noise` drawn by the address of the cell.

    `event` numbers the updates: cell (3, 5) draws the same at update 7 whatever the size of the array or what was
    updated before.
    """
    rows, columns = conductance.shape
    drawn = cell_normals(seed, "pulse update", range(event, event + 1), (rows, columns))[0, :, :, 0]
    normal = torch.from_numpy(np.ascontiguousarray(drawn)).to(conductance)
    return perturbed(law, conductance, pulses, noise, normal)
