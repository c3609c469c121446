"""`SearchSpace`: devices under one waveform as points of a cube, asked of a surrogate or of the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.data.waveforms import Waveform
from pinched.physics.accuracy import Accuracy
from pinched.physics.ranges import ParameterRange, ParameterRanges
from pinched.physics.solve import solve_each
from pinched.surrogate.device import answered, learnt_moments
from pinched.surrogate.model import Surrogate
from pinched.surrogate.runs import DRIVE

Cube = Float[np.ndarray, "run parameter"]

_SAMPLES = 200
"""Moments at which loops are compared where the surrogate takes any."""
_BATCH = 1024


@dataclass(frozen=True, slots=True, eq=False)
class SearchSpace:
    """Devices of `ranges` under `waveform` as rows of a cube, 0 to 1 along each range; see `search_space`."""

    surrogate: Surrogate
    ranges: ParameterRanges
    waveform: Waveform
    at: Float[np.ndarray, " sample"]
    """Moments (s) at which the surrogate answers."""
    names: tuple[str, ...]
    """Parameters of the device, in the order of the columns of a cube."""

    def item(self, name: str) -> ParameterRange:
        """The range of the parameter `name`."""
        return next(item for item in self.ranges.parameters if item.name == name)

    def values(self, cube: Cube) -> dict[str, Float[np.ndarray, " run"]]:
        """SI values by name."""
        return {name: self.item(name).at(cube[:, k]) for k, name in enumerate(self.names)}

    def rows(self, cube: Cube) -> Cube:
        """Rows as the ranges take them: SI values, with what states the waveform."""
        drive = {"amplitude": float(np.abs(self.waveform.voltage).max()), "period": self.waveform.duration}
        every = self.values(cube) | {name: np.full(len(cube), value) for name, value in drive.items()}
        return np.stack([every[name] for name in self.ranges.names], axis=1)

    def accepted(self, cube: Cube) -> Bool[np.ndarray, " run"]:
        """Which devices the ranges do not refuse."""
        return self.ranges.kept(self.rows(cube))

    def ask(self, cube: Cube) -> Float[np.ndarray, "run sample"]:
        """The surrogate's current (A)."""
        columns = self.values(cube)
        portions = np.array_split(np.arange(len(cube)), max(1, -(-len(cube) // _BATCH)))
        return np.concatenate([
            answered(self.surrogate, {k: v[rows] for k, v in columns.items()}, self.waveform, self.at)
            for rows in portions
        ])  # fmt: skip

    def solve(self, cube: Cube, accuracy: Accuracy) -> Float[np.ndarray, "run sample"]:
        """The engine's current (A); NaN where a run did not finish."""
        made = [self.ranges.device(row)[0] for row in self.rows(cube)]
        out = np.full((len(cube), self.at.size), np.nan)
        for k, run in enumerate(solve_each(made, self.waveform, accuracy=accuracy, workers=1)):
            if run.finished and run.time is not None:
                out[k] = np.interp(self.at, run.time, run.current)
        return out

    def drawn(self, count: int, seed: int) -> Cube:
        """`count` draws that the ranges accept, fewer where they accept next to nothing under this waveform.

        Raises `PinchedError` where they accept none.
        """
        draw = generator(seed, "search space", self.ranges.name)
        kept = np.zeros((0, len(self.names)))
        for _ in range(200):
            cube = draw.random((4096, len(self.names)))
            kept = np.concatenate([kept, cube[self.accepted(cube)]])
            if len(kept) >= count:
                return kept[:count]
        if len(kept) == 0:
            raise PinchedError(
                f"{self.ranges.name}: no device is accepted under this waveform (amplitude "
                f"{np.abs(self.waveform.voltage).max():g} V, {self.waveform.duration:g} s). Take wider ranges."
            )
        return kept


def search_space(surrogate: Surrogate, ranges: ParameterRanges, waveform: Waveform) -> SearchSpace:
    """The devices of `ranges` under `waveform`, at the moments at which `surrogate` answers.

    Raises `PinchedError` for a surrogate that learnt other parameters than `ranges` has.
    """
    if set(surrogate.scaling.names) != set(ranges.names):
        raise PinchedError(
            f"the surrogate learnt {', '.join(surrogate.scaling.names)}; the ranges have {', '.join(ranges.names)}."
        )
    names = tuple(name for name in ranges.names if name not in DRIVE)
    return SearchSpace(
        surrogate, ranges, waveform, learnt_moments(surrogate, waveform, waveform.middles(_SAMPLES)), names
    )
