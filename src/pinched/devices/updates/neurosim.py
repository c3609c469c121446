r"""NeuroSim's exponential update: early pulses move most, later ones less, to the end of the window.

$$ G(P) = B\,(1 - e^{-P / A}) + G_\min, \qquad B = \frac{G_\max - G_\min}{1 - e^{-P_\max / A}} $$

for potentiation, and the same turned round for depression. n pulses from a conductance G: the pulse number P* that
belongs to G, and G(P* + n). Depression counts P from P_max down; with a sign turned round there, as it has been
printed, the curve leaves the window. The nonlinearity is kept as NeuroSim's label; `NeuroSimUpdate.of` takes any
`Convention`. `ExactLabels` solves for A, `TruncatedLabels` reads it as NeuroSim does from its table.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float

from pinched._params import quantity, require
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, require_range
from pinched.devices.updates.update import PulseUpdate, require_window
from pinched.extraction.nonlinearity import (
    LABEL_UNIT,
    Convention,
    Direction,
    bow_slopes,
    curvature_from,
    curvatures_of_labels,
    nonlinearity_of,
)


class LabelLookup(ABC):
    """Abstract: from NeuroSim's label to the curvature P_max / A."""

    __slots__ = ()

    @abstractmethod
    def curvatures(self, labels: Float[np.ndarray, " *device"]) -> Float[np.ndarray, " *device"]:
        """P_max / A of `labels`, with their sign. Raises `PinchedError` for a label that has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExactLabels(LabelLookup):
    """The root of the equation that defines the label."""

    def curvatures(self, labels: Float[np.ndarray, " *device"]) -> Float[np.ndarray, " *device"]:
        """P_max / A of `labels`."""
        return curvatures_of_labels(labels)


@dataclass(frozen=True, kw_only=True, slots=True)
class TruncatedLabels(LabelLookup):
    """What NeuroSim computes with: its table of A / P_max, six decimals for the labels 0.01, 0.02 .. 9.00.

    The entry is (int)(|label| * 100) - 1, so a product that rounds down reads the entry before: 4.85 (484.99..) gives
    that of 4.84. Use it to repeat NeuroSim bit by bit, and nowhere else.
    """

    def curvatures(self, labels: Float[np.ndarray, " *device"]) -> Float[np.ndarray, " *device"]:
        """P_max / A of `labels`."""
        entry = np.trunc(np.abs(labels) * 100.0)
        beyond = (entry < 1) | (entry > 900)
        require(
            type(self),
            not beyond.any(),
            f"a label of {float(labels[beyond].flat[0]) if beyond.any() else 0.0:g} has no entry in NeuroSim's "
            "table, which goes from 0.01 to 9.00 (below it, NeuroSim reads outside its array). Use ExactLabels.",
        )
        normalised = np.round(1.0 / curvatures_of_labels(np.asarray(entry / 100.0)), 6)
        return np.asarray(np.copysign(1.0 / normalised, labels))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NeuroSimUpdate(PulseUpdate):
    """Parameters of the exponential update; a tensor in a field gives each device its own value (D2D).

    A positive `label_up` and a negative `label_down` are the usual case, where early pulses move most. The
    defaults are NeuroSim's cell (Ag:a-Si). Raises `PinchedError` for a window that is swapped, pulses below 1,
    and labels beyond 9.7.
    """

    source: ClassVar[str] = "chen2018neurosim"
    g_min: Param = quantity(3.0769e-9, "S", r"G_\min", "lower end of the window")
    g_max: Param = quantity(3.8462e-8, "S", r"G_\max", "upper end of the window")
    pulses_up: Param = quantity(97.0, "1", r"P_\max^{+}", "pulses that potentiate across the window")
    pulses_down: Param = quantity(100.0, "1", r"P_\max^{-}", "pulses that depress across it")
    label_up: Param = quantity(2.4, "1", r"N_L^{+}", "NeuroSim's label of potentiation; 0 is a straight line")
    label_down: Param = quantity(
        -4.88, "1", r"N_L^{-}", "NeuroSim's label of depression; 0 is a straight line"
    )
    lookup: LabelLookup = field(default=ExactLabels())
    """How A is found from a label."""
    _up: Any = field(init=False, repr=False)
    _down: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Set before the checks, which read all fields.
        object.__setattr__(self, "_up", _curvature(self.label_up, self.lookup))
        object.__setattr__(self, "_down", _curvature(-self.label_down, self.lookup))
        require_window(self)
        for name in ("pulses_up", "pulses_down"):
            require_range(self, name, 1.0, 1e12)

    @classmethod
    def of(
        cls,
        up: float,
        down: float,
        *,
        convention: Convention,
        pulses_up: float,
        pulses_down: float,
        g_min: Param = 3.0769e-9,
        g_max: Param = 3.8462e-8,
    ) -> NeuroSimUpdate:
        """The law for nonlinearities `up` and `down` by `convention`, converted exactly.

        A in pulses, A / P_max and alpha are above zero in both directions where early pulses move most; a label is
        below zero for depression. Raises `PinchedError` as `nonlinearity.curvature_from` and the law itself do.
        """
        labels = []
        for value, pulses, direction in (
            (up, pulses_up, Direction.POTENTIATION),
            (down, pulses_down, Direction.DEPRESSION),
        ):
            curvature = curvature_from(value, convention, pulses=pulses, direction=direction)
            labels.append(
                nonlinearity_of(curvature, Convention.NEUROSIM_LABEL, pulses=pulses, direction=direction)
            )
        return cls(
            g_min=g_min, g_max=g_max, pulses_up=pulses_up, pulses_down=pulses_down,
            label_up=labels[0], label_down=labels[1],
        )  # fmt: skip

    def bit_compatible(self) -> NeuroSimUpdate:
        """The same law with A read as NeuroSim reads it; raises `PinchedError` for labels outside its table."""
        return dataclasses.replace(self, lookup=TruncatedLabels())

    @property
    def a_up(self) -> Value:
        """A of potentiation (pulses), above zero where early pulses move most."""
        return self.pulses_up / self._up

    @property
    def a_down(self) -> Value:
        """A of depression (pulses), above zero where early pulses move most; NeuroSim writes it with a minus."""
        return self.pulses_down / self._down

    def pulse_number(self, conductance: Value, direction: Direction) -> Value:
        """P*: pulses of `direction` from its end of the window to `conductance` (S); depression starts at the top."""
        share = self.share(conductance)
        if direction is Direction.POTENTIATION:
            return self.pulses_up * _place(share, self._up)
        return self.pulses_down * _place(1.0 - share, self._down)

    def raised(self, share: Value, pulses: Value) -> Value:
        """Share of the window `pulses` further up the curve from `share`."""
        return _along(share, pulses / self.pulses_up, self._up)

    def lowered(self, share: Value, pulses: Value) -> Value:
        """Share of the window `pulses` further down the curve from `share`."""
        return 1.0 - _along(1.0 - share, pulses / self.pulses_down, self._down)


def _curvature(label: Param, lookup: LabelLookup) -> Value:
    if not isinstance(label, torch.Tensor):
        return float(lookup.curvatures(np.array(float(label))))
    detached = label.detach().to(torch.float64).cpu().numpy()
    found = lookup.curvatures(detached)
    value = torch.from_numpy(found).to(label)
    # The search has no gradient of its own: that of an inverse function is one over the slope.
    slope = torch.from_numpy(np.asarray(LABEL_UNIT / bow_slopes(found))).to(label)
    return value + (label - label.detach()) * slope


def _straight(curvature: Value) -> Value:
    # Below this the curve bends by less than rounding, and a difference of equal numbers would decide.
    return abs(curvature) < 1e-7


def _along(share: Value, further: Value, curvature: Value) -> Value:
    straight = _straight(curvature)
    c = ew.where(straight, 1.0 + 0.0 * curvature, curvature)
    # y' = y e^(-cx) + (1 - e^(-cx)) / (1 - e^-c): P* and the curve in one line, without a logarithm.
    bent = share * ew.exp(-c * further) + ew.expm1(-c * further) / ew.expm1(-c)
    return ew.where(straight, share + further, bent)


def _place(share: Value, curvature: Value) -> Value:
    straight = _straight(curvature)
    c = ew.where(straight, 1.0 + 0.0 * curvature, curvature)
    return ew.where(straight, share, -ew.log1p(share * ew.expm1(-c)) / c)
