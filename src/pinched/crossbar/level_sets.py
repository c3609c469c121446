"""`LevelSet`: the conductances that a device can be programmed to, equally spaced or not; and pairs chosen of them.

Half-integer multiples of G_0, the states of a pulse curve, or any that were measured. `Imperfections(levels=...)`
puts each device on the nearest level. With few or crowded levels `LevelPairs` does better as a mapping: of all
pairs of levels it takes the one whose difference is nearest to the weight, of equal ones that which scatters least.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinched._params import quantity, require
from pinched.constants import G_0
from pinched.crossbar.mapping import ArrayMapping
from pinched.crossbar.window import ConductanceWindow
from pinched.devices.updates.update import PulseUpdate

_MOST_STATES = 1000
"""Pulses after which a curve is cut: a device with more states is a continuum."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelSet:
    """Conductances (S), rising; raises `PinchedError` for fewer than two, and for levels that cross."""

    conductances: tuple[float, ...]

    def __post_init__(self) -> None:
        g = self.conductances
        require(
            self,
            len(g) >= 2 and all(math.isfinite(x) and x >= 0 for x in g),
            f"{len(g)} levels from {min(g, default=0.0):g} S; a device has two or more, finite and not below zero.",
        )
        wrong = [k for k in range(1, len(g)) if not g[k] > g[k - 1]]
        require(
            self,
            not wrong,
            f"level {wrong[0] if wrong else 0} ({g[wrong[0]] if wrong else 0:g} S) is not above the one before: "
            "levels that cross or coincide cannot be told apart. Sort and join them (LevelSet.measured).",
        )

    @classmethod
    def half_integers(cls, lowest: float = 0.5, highest: float = 25.0) -> LevelSet:
        """Multiples of G_0 / 2 from `lowest` to `highest` (in G_0): 50 of them by default (roy2025quantum)."""
        first, last = round(2.0 * lowest), round(2.0 * highest)
        return cls(conductances=tuple(0.5 * k * G_0 for k in range(first, last + 1)))

    @classmethod
    def of_curve(cls, law: PulseUpdate, pulses: int) -> LevelSet:
        """States of one device of `law` after 0 to `pulses` potentiating pulses from its lowest; at most 1000."""
        require(
            cls,
            1 <= pulses <= _MOST_STATES,
            f"pulses is {pulses}; a curve of levels has 1 to {_MOST_STATES}.",
        )
        states = [float(law.g_min)]
        for _ in range(pulses):
            states.append(float(law.after(states[-1], 1.0)))
        return cls.measured(states)

    @classmethod
    def measured(cls, conductances: Sequence[float], *, apart: float = 1e-12) -> LevelSet:
        """Levels (S) in any order; those less than `apart` (S) above the one before are joined with it."""
        joined: list[float] = []
        for g in sorted(float(x) for x in conductances):
            if not joined or g - joined[-1] > apart:
                joined.append(g)
        return cls(conductances=tuple(joined))

    def __len__(self) -> int:
        return len(self.conductances)

    @property
    def window(self) -> ConductanceWindow:
        """From the lowest level to the highest."""
        return ConductanceWindow(g_min=self.conductances[0], g_max=self.conductances[-1])

    @property
    def shares(self) -> tuple[float, ...]:
        """Place of each level in the window."""
        low, high = self.conductances[0], self.conductances[-1]
        return tuple((g - low) / (high - low) for g in self.conductances)

    def nearest(self, conductance: Float[Tensor, "*cell"]) -> Float[Tensor, "*cell"]:
        """The level (S) nearest to each `conductance` (S)."""
        level = torch.tensor(self.conductances, dtype=conductance.dtype, device=conductance.device)
        borders = 0.5 * (level[1:] + level[:-1])
        return level[torch.searchsorted(borders, conductance.detach().contiguous())]


_AT_ONCE = 4096
"""Weights whose distances to all pairs are computed at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelPairs(ArrayMapping):
    """Two devices per weight, both on levels: the pair whose difference is nearest.

    A set of L levels has up to L (L - 1) + 1 differences, which lie dense where the levels do not.
    """

    levels: LevelSet
    """What each device can be; the window of the arrays must be theirs (`levels.window` as the device)."""
    scatter: float = quantity(
        0.0,
        "1",
        r"\sigma_G/G",
        "expected scatter of a programmed level, which costs pairs of high conductance",
    )

    def __post_init__(self) -> None:
        require(self, 0.0 <= self.scatter < 1.0, f"scatter is {self.scatter}; a share, below 1.")

    @property
    def name(self) -> str:
        """In words."""
        return f"differential pair, the best of {len(self.levels)} levels each"

    @property
    def sense(self) -> tuple[tuple[float, ...], ...]:
        """The difference."""
        return ((1.0,), (-1.0,))

    @property
    def decode(self) -> tuple[float, ...]:
        """The difference over the window."""
        return (1.0,)

    @property
    def smooth(self) -> bool:
        """False: weights are rounded to differences."""
        return False

    def levels_used(self) -> int | None:
        """Its own."""
        return None

    def shares(self, weight: Float[Tensor, "output input"]) -> Float[Tensor, "output input cell"]:
        """The pair of least squared error, what scatter adds to it included."""
        place = torch.tensor(self.levels.shares, dtype=torch.float64)
        low, high = self.levels.conductances[0], self.levels.conductances[-1]
        g = torch.tensor(self.levels.conductances, dtype=torch.float64) / (high - low)
        plus, minus = torch.cartesian_prod(torch.arange(len(place)), torch.arange(len(place))).T
        # A trace of the currents decides between equal pairs.
        cost = max(self.scatter, 1e-6) ** 2 * (g[plus].square() + g[minus].square())
        difference = place[plus] - place[minus]
        flat = weight.detach().double().flatten().cpu()
        best = torch.cat(
            [((part[:, None] - difference).square() + cost).argmin(1) for part in flat.split(_AT_ONCE)]
        )
        pairs = torch.stack([place[plus[best]], place[minus[best]]], dim=-1)
        return pairs.reshape(*weight.shape, 2).to(weight)
