"""`required`: how narrow a spread, how high a yield or a write voltage a wanted accuracy asks for.

Bisection on the mean accuracy over arrays. Every trial uses the same cells (common random numbers), so the mean is a
smooth, nearly monotone curve and few arrays decide. The interval comes from drawing the arrays again: where each
resampled curve crosses the target. It speaks of the arrays only: that the published distributions themselves rest
on a few dozen devices is not in it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._params import require
from pinched._progress import Progress, Silent
from pinched._random import generator
from pinched.extraction.distributions import Lognormal
from pinched.networks.datasets import ImageSet
from pinched.networks.findings import Knob, Requirement
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.sensitivity import narrowed, with_spread
from pinched.networks.stored import MemoryNetwork

__all__ = ["Knob", "Requirement", "required", "requirements"]


def required(
    chip: MemoryNetwork,
    data: ImageSet,
    *,
    accuracy: float,
    knob: Knob,
    arrays: int | range = 300,
    tolerance: float = 0.01,
    progress: Progress | None = None,
) -> Requirement:
    """The value of `knob` at which the mean accuracy of `chip` on `data` reaches `accuracy` (share, 0 to 1).

    Everything else stays as it is. `tolerance` is that of the bisection, relative to the range searched: spreads
    from none to three times the present one, yields from 0 to 1, write voltages from a tenth of the median V_SET to
    its 99.9999 % quantile. Raises `PinchedError` when not even the best end of the range reaches the target, and
    says how far it gets.
    """
    found = _search(
        chip,
        data,
        accuracy=accuracy,
        knob=knob,
        arrays=arrays,
        tolerance=tolerance,
        progress=progress or Silent(),
    )
    if not found.reached:
        raise PinchedError(
            f"an accuracy of {accuracy:.4g} cannot be reached by the {knob.value} alone: at its best "
            f"({found.value:.3g} {found.unit}) the mean is {found.accuracy:.4g}. Improve another property too (see "
            "`sensitivity`), add a repair, or ask for less."
        )
    return found


def requirements(
    chip: MemoryNetwork,
    data: ImageSet,
    *,
    accuracy: float,
    knobs: tuple[Knob, ...] = tuple(Knob),
    arrays: int | range = 300,
    tolerance: float = 0.01,
    progress: Progress | None = None,
) -> tuple[Requirement, ...]:
    """What `accuracy` asks of each of `knobs` alone; one that cannot reach it says how far it gets (`reached`)."""
    return tuple(
        _search(
            chip, data, accuracy=accuracy, knob=knob, arrays=arrays, tolerance=tolerance,
            progress=progress or Silent(),
        )
        for knob in knobs
    )  # fmt: skip


def _search(
    chip: MemoryNetwork,
    data: ImageSet,
    *,
    accuracy: float,
    knob: Knob,
    arrays: int | range,
    tolerance: float,
    progress: Progress,
) -> Requirement:
    require(Requirement, 0.0 < accuracy <= 1.0, f"accuracy is {accuracy}; it is a share above 0, at most 1.")
    require(
        Requirement, 0.0 < tolerance < 1.0, f"tolerance is {tolerance}; a share of the range, such as 0.01."
    )
    good, bad, present, unit, turned = _range(chip, knob)
    trials: dict[float, Float[np.ndarray, " array"]] = {}

    def at(value: float) -> float:
        if value not in trials:
            trials[value] = monte_carlo([turned(value)], [data], arrays=arrays).accuracy[0, :, 0]
        return float(trials[value].mean())

    reached = at(good) >= accuracy
    low, high = good, bad
    steps = max(1, math.ceil(math.log2(1.0 / tolerance)))
    if reached and at(bad) >= accuracy:
        low, steps = bad, 0
    for _ in progress.track(range(steps if reached else 0), knob.value, steps):
        # Voltages span two decades: halved in the logarithm.
        middle = math.sqrt(low * high) if knob is Knob.WRITE_VOLTAGE else 0.5 * (low + high)
        low, high = (middle, high) if at(middle) >= accuracy else (low, middle)
    now = at(present)
    ends = (math.nan, math.nan)
    if reached:
        ends = _crossings(trials, accuracy, toward_bad=bad > good, seed=chip.seed)
        # `low` is the last value tried that suffices: as coarse as the search, and part of what is not known.
        ends = (min(ends[0], low), max(ends[1], low))
    return Requirement(
        knob=knob,
        target=accuracy,
        value=low,
        unit=unit,
        interval=ends,
        accuracy=at(low),
        present=present,
        met=now >= accuracy,
        reached=reached,
        arrays=len(trials[good]),
    )


def _range(
    chip: MemoryNetwork, knob: Knob
) -> tuple[float, float, float, str, Callable[[float], MemoryNetwork]]:
    """Best and worst value of `knob`, the present one, its unit, and `chip` at a value."""
    spread = chip.spread
    if knob is Knob.YIELD:
        return 1.0, 0.0, spread.device_yield, "1", lambda share: _spread(chip, device_yield=share)
    if knob is Knob.WRITE_VOLTAGE:
        ends = [float(spread.v_set.from_normal(np.array(z))) for z in (4.753, 0.0)]
        low, high = 0.1 * ends[1], max(ends[0], chip.write_voltage)
        return high, low, chip.write_voltage, "V", lambda v: dataclasses.replace(chip, write_voltage=v)
    if knob is Knob.OVERLAP:
        return 0.0, 3.0, 1.0, "1", lambda factor: _spread(
            chip,
            resistance_lrs=narrowed(spread.resistance_lrs, factor),
            resistance_hrs=narrowed(spread.resistance_hrs, factor),
        )  # fmt: skip
    now = spread.v_set.sigma if isinstance(spread.v_set, Lognormal) and spread.v_set.sigma > 0 else 1.0
    return 0.0, 3.0 * now, now, "1", lambda value: _spread(chip, v_set=narrowed(spread.v_set, value / now))


def _spread(chip: MemoryNetwork, **changes: object) -> MemoryNetwork:
    return with_spread(chip, dataclasses.replace(chip.spread, **changes))


def _crossings(
    trials: dict[float, Float[np.ndarray, " array"]], target: float, *, toward_bad: bool, seed: int
) -> tuple[float, float]:
    # From the best value to the worst; the accuracy may only fall on the way, whatever the sampling says.
    values = np.array(sorted(trials, reverse=not toward_bad))
    curves = np.stack([trials[v] for v in values])
    if curves.shape[1] < 2:
        return math.nan, math.nan
    rng = generator(seed, "required", "bootstrap")
    found = []
    for _ in range(1000):
        mean = np.minimum.accumulate(curves[:, rng.integers(0, curves.shape[1], curves.shape[1])].mean(1))
        k = int(np.count_nonzero(mean >= target))
        if k == 0 or k == len(values):
            found.append(float(values[0] if k == 0 else values[-1]))
            continue
        share = (mean[k - 1] - target) / (mean[k - 1] - mean[k])
        found.append(float(values[k - 1] + share * (values[k] - values[k - 1])))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
