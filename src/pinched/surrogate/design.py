"""`design_device`: devices that do what is wished, found through a surrogate and checked by the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched._random import generator
from pinched.data.waveforms import Waveform
from pinched.extraction.loops import loop_width, on_off_ratio, steepest_voltage
from pinched.physics.accuracy import Accuracy
from pinched.physics.ranges import ParameterRanges
from pinched.physics.summary import CONDUCTING
from pinched.surrogate.model import Surrogate
from pinched.surrogate.space import SearchSpace, search_space


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a loop should be like; what is None is left open. At least one is given."""

    on_off_ratio: float | None = quantity(
        None, "1", "", "ratio of the branches at a quarter of the highest voltage"
    )
    loop_width: float | None = quantity(
        None, "1", "", "mean distance of the branches over the largest current"
    )
    threshold: float | None = quantity(None, "V", "", "voltage of the steepest rise on the first branch")
    largest_current: float | None = quantity(None, "A", "", "largest |current|")

    def __post_init__(self) -> None:
        given = [
            v
            for v in (self.on_off_ratio, self.loop_width, self.threshold, self.largest_current)
            if v is not None
        ]
        require(self, len(given) > 0, "nothing is wished for: give at least one figure.")
        require(
            self, min(given) > 0 and (self.on_off_ratio is None or self.on_off_ratio >= 1.0),
            f"ratio {self.on_off_ratio}, width {self.loop_width}, threshold {self.threshold}, current "
            f"{self.largest_current}: all lie above 0, a ratio at 1 or more.",
        )  # fmt: skip

    def distance(
        self, voltage: Float[np.ndarray, "run time"], current: Float[np.ndarray, "run time"]
    ) -> Float[np.ndarray, " run"]:
        """How far each loop is from the wish: relative, ratios and currents in decades; infinite for open devices."""
        parts = []
        if self.on_off_ratio is not None:
            parts.append(np.log10(on_off_ratio(voltage, current) / self.on_off_ratio))
        if self.loop_width is not None:
            parts.append(loop_width(voltage, current) / self.loop_width - 1.0)
        if self.threshold is not None:
            parts.append(np.nan_to_num(steepest_voltage(voltage, current) / self.threshold - 1.0, nan=np.inf))
        largest = np.abs(current).max(axis=1)
        if self.largest_current is not None:
            parts.append(np.log10(np.maximum(largest, 1e-300) / self.largest_current))
        found = np.sqrt(np.mean(np.square(parts), axis=0))
        return np.where(largest > CONDUCTING, found, np.inf)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Designed:
    """One device, as the engine sees it."""

    parameters: dict[str, float]
    """SI values by name."""
    distance: float
    """From the wish, see `Wish.distance`."""
    on_off_ratio: float
    loop_width: float
    threshold: float
    """V; NaN where the loop has no first branch."""
    largest_current: float
    """A."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DesignOptions:
    """How much is spent on a wish."""

    draws: int = 2000
    """Devices that are asked for in each round."""
    rounds: int = 4
    """Rounds in which the draws are narrowed to the best."""
    kept: int = 40
    """The best that the next round is drawn around."""
    checked: int = 12
    """Devices that the engine runs."""
    accuracy: Accuracy = Accuracy.fast
    seed: int = 0

    def __post_init__(self) -> None:
        require(
            self, min(self.rounds, self.checked) >= 1 and self.draws >= self.kept >= 2,
            f"draws {self.draws}, rounds {self.rounds}, kept {self.kept}, checked {self.checked}: all start at 1, "
            "kept at 2, and draws are at least as many as are kept.",
        )  # fmt: skip


def design_device(
    wish: Wish, waveform: Waveform, surrogate: Surrogate, ranges: ParameterRanges, *,
    options: DesignOptions | None = None,
) -> tuple[Designed, ...]:  # fmt: skip
    """Devices of `ranges` whose loops under `waveform` come nearest to the wish by the engine, the best first.

    Raises `PinchedError` for ranges that the surrogate did not learn, and where no run of the engine finished.
    """
    chosen = options or DesignOptions()
    space = search_space(surrogate, ranges, waveform)
    voltage = waveform.at(space.at)
    draw = generator(chosen.seed, "design")
    cube = space.drawn(chosen.draws, chosen.seed)
    best, distance = cube[:0], np.zeros(0)
    for turn in range(chosen.rounds):
        current = space.ask(cube)
        found = wish.distance(np.broadcast_to(voltage, current.shape), current)
        best, distance = np.concatenate([best, cube]), np.concatenate([distance, found])
        order = np.argsort(distance, kind="stable")[: chosen.kept]
        best, distance = best[order], distance[order]
        if turn + 1 < chosen.rounds:
            # Around the best, narrower from round to round, and only where the ranges accept.
            width = best.std(axis=0) * 0.7**turn + 0.01
            moved = best[draw.integers(len(best), size=4 * chosen.draws)]
            cube = np.clip(moved + width * draw.standard_normal(moved.shape), 0.0, 1.0)
            cube = cube[space.accepted(cube)][: chosen.draws]
    true = space.solve(best[: chosen.checked], chosen.accuracy)
    done = np.flatnonzero(np.isfinite(true).all(axis=1))
    if done.size == 0:
        raise PinchedError(
            f"none of the {len(true)} nearest devices could be run to the end. Take ranges that are resolved."
        )
    return _ranked(wish, space, best[done], true[done], voltage)


def _ranked(
    wish: Wish, space: SearchSpace, cube: np.ndarray, current: np.ndarray, voltage: np.ndarray
) -> tuple[Designed, ...]:
    volts = np.broadcast_to(voltage, current.shape)
    distance = wish.distance(volts, current)
    ratio, width, top = (
        on_off_ratio(volts, current),
        loop_width(volts, current),
        steepest_voltage(volts, current),
    )
    columns = space.values(cube)
    return tuple(
        Designed(
            parameters={name: float(v[k]) for name, v in columns.items()}, distance=float(distance[k]),
            on_off_ratio=float(ratio[k]), loop_width=float(width[k]), threshold=float(top[k]),
            largest_current=float(np.abs(current[k]).max()),
        )
        for k in np.argsort(distance)
    )  # fmt: skip
