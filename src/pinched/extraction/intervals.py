"""Uncertainty by resampling and by order: the one home of the bootstrap.

`summarise` for the numbers that every report prints, `median_interval` for the median of independent values,
`bootstrap_interval` for any other statistic of one list of values, `binomial_interval` for a yield. Where devices
repeat, whole devices are drawn, because the cycles of one device resemble each other and a draw of single cycles
would promise too much. `series_interval` is for values in the order of their cycles: it draws blocks of neighbours
where a series remembers, and says which draw it took. `About` is the question it answers: the technology, or these
devices. Parameters of distributions have intervals of their own (`parameter_draws`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.extraction.series import block_length, effective_size


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What is reported of a list of values; all in the unit of the values, NaN where n is too small."""

    n: int
    """How many finite values there were."""
    median: float
    """The middle value."""
    mean: float
    """The arithmetic mean."""
    std: float
    """Standard deviation with divisor n - 1; NaN for one value."""
    sigma_log: float
    """Standard deviation (n - 1) of ln|value|; NaN for one value or where signs are mixed."""
    interval: tuple[float, float]
    """95 % interval of the median; NaN below 2 values."""


def bootstrap_interval(
    values: np.ndarray,
    statistic: Callable[[np.ndarray], float] = np.median,  # type: ignore[assignment]
    *,
    devices: Int[np.ndarray, " value"] | None = None,
    seed: int = 0,
    resamples: int = 2000,
    level: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> tuple[float, float]:
    """Bootstrap t interval of `statistic` of independent `values` (NaN dropped); (NaN, NaN) below 2 values.

    Whole devices are drawn where `devices` repeat. `bounds` is the range that the statistic cannot leave, such as
    (0, 1) for a share. `row_interval` says what is computed.
    """
    x = np.asarray(values, dtype=np.float64)
    keep = np.isfinite(x)
    x = x[keep]
    if x.size < 2:
        return (float("nan"), float("nan"))
    found = row_interval(
        x,
        lambda rows: float(statistic(x[rows])),
        devices=None if devices is None else np.asarray(devices)[keep],
        block=1,
        seed=seed,
        resamples=resamples,
        level=level,
    )
    low, high = found.interval
    return (max(low, bounds[0]), min(high, bounds[1]))


def median_interval(values: Float[np.ndarray, " value"], *, level: float = 0.95) -> tuple[float, float]:
    """Interval of the median of independent `values` of any distribution (NaN dropped); NaN below 2 values.

    Between two order statistics, interpolated to the level (hettmansperger1986order). Fewer than 6 values have
    no such interval at 95 %: there values (their logarithms, where all have one sign) are taken for normal.
    """
    x = np.sort(np.asarray(values, dtype=np.float64)[np.isfinite(values)])
    n, miss = x.size, 1.0 - level
    if n < 2:
        return (float("nan"), float("nan"))
    if 2.0 * 0.5**n > miss:
        one_sign = bool(x[0] > 0 or x[-1] < 0)
        y = np.log(np.abs(x)) if one_sign else x
        half = float(stats.t.ppf(1.0 - miss / 2.0, n - 1) * y.std(ddof=1) / np.sqrt(n))
        ends = np.array([y.mean() - half, y.mean() + half])
        if one_sign:
            # Two values that are worlds apart leave anything possible: an end beyond float64 is held at its limits.
            ends = np.sort(np.sign(x[0]) * np.exp(np.clip(ends, -745.0, 709.0)))
        return (float(min(ends[0], x[n // 2])), float(max(ends[1], x[(n - 1) // 2])))
    rank = np.arange(1, n // 2 + 1)
    covered = 1.0 - 2.0 * stats.binom.cdf(rank - 1, n, 0.5)
    d = int(rank[covered >= level][-1])
    inner = float(covered[d]) if d < rank.size else 0.0
    share = (float(covered[d - 1]) - level) / (float(covered[d - 1]) - inner)
    weight = (n - d) * share / (d + (n - 2 * d) * share)
    low = (1.0 - weight) * x[d - 1] + weight * x[d]
    high = (1.0 - weight) * x[n - d] + weight * x[n - d - 1]
    return (float(low), float(high))


class About(StrEnum):
    """What an interval speaks about: the same values answer two questions."""

    TECHNOLOGY = "other devices of this technology"
    """Whole devices are drawn; their cycles stay together, so any memory among them is kept."""
    THESE_DEVICES = "further cycles of these devices"
    """Blocks of cycles are drawn within each device; the devices stay."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesInterval:
    """A statistic of values in the order of their cycles, with an interval that knows of devices and memory."""

    value: float
    """The statistic of all values, in its own unit."""
    interval: tuple[float, float]
    """Bootstrap interval at the level asked for; NaN where nothing could be drawn."""
    about: About
    """What the interval speaks about."""
    block: int
    """Length of the blocks of cycles; 1 is the plain bootstrap, 0 where whole devices were drawn."""
    effective_n: float
    """How many independent values there are: devices, or cycles after their memory is taken off."""


def series_interval(
    values: Float[np.ndarray, " value"],
    statistic: Callable[[np.ndarray], float] = np.median,  # type: ignore[assignment]
    *,
    devices: Int[np.ndarray, " value"] | None = None,
    about: About = About.TECHNOLOGY,
    block: int | None = None,
    seed: int = 0,
    resamples: int = 2000,
    level: float = 0.95,
) -> SeriesInterval:
    """Interval of `statistic` of `values` (in the order of cycles, NaN dropped) of one or several `devices`.

    `row_interval` says what the other arguments do. (NaN, NaN) below 2 values.
    """
    x = np.asarray(values, dtype=np.float64)
    keep = np.isfinite(x)
    x = x[keep]
    if x.size < 2:
        value = float(statistic(x)) if x.size else float("nan")
        nan = (float("nan"), float("nan"))
        return SeriesInterval(value=value, interval=nan, about=about, block=1, effective_n=float(x.size))
    return row_interval(
        x,
        lambda rows: float(statistic(x[rows])),
        devices=None if devices is None else np.asarray(devices)[keep],
        about=about,
        block=block,
        seed=seed,
        resamples=resamples,
        level=level,
    )


def row_interval(
    memory: Float[np.ndarray, " row"],
    statistic: Callable[[np.ndarray], float],
    *,
    devices: Int[np.ndarray, " row"] | None = None,
    about: About = About.TECHNOLOGY,
    block: int | None = None,
    seed: int = 0,
    resamples: int = 2000,
    level: float = 0.95,
) -> SeriesInterval:
    """Interval of `statistic` (called with row numbers) of rows in the order of cycles: pairs, curves, values.

    `memory` is one finite number per row whose autocorrelation stands for that of the rows. `about` TECHNOLOGY
    draws whole devices where there are several, and is THESE_DEVICES where there is one. `block` is the length
    of a block; None chooses it (`series.block_length`). The interval is value -+ t s, with the scatter s of the
    draws (of their logarithms, where all are positive), t and n / (n - 1) for as many units as there are: devices,
    or what the cycles are worth without their memory; so the mean of five devices has the exact interval of five
    values. The scatter of block draws is put right for the memory that blocks cut at their ends. Percentiles of the
    draws of a few units are far too narrow (hesterberg2015bootstrap).
    """
    x = np.asarray(memory, dtype=np.float64)
    number = np.zeros(x.size, dtype=np.int64) if devices is None else np.asarray(devices)
    members = [np.flatnonzero(number == k) for k in np.unique(number)]
    rng = generator(seed, "bootstrap", "series")
    draws = np.empty(resamples)
    if about is About.TECHNOLOGY and len(members) > 1:
        length, worth = 0, float(len(members))
        for r in range(resamples):
            chosen = rng.integers(0, len(members), len(members))
            draws[r] = statistic(np.concatenate([members[k] for k in chosen]))
    else:
        about = About.THESE_DEVICES
        longest = max(m.size for m in members)
        length = max(block_length(x[m]) for m in members) if block is None else min(max(block, 1), longest)
        worth = sum(effective_size(x[m]) for m in members)
        for r in range(resamples):
            draws[r] = statistic(np.concatenate([m[block_draw(m.size, length, rng)] for m in members]))
    value = float(statistic(np.arange(x.size)))
    draws = draws[np.isfinite(draws)]
    units = max(2.0, worth)
    reach = float(np.sqrt(units / (units - 1.0)) * stats.t.ppf(0.5 + level / 2.0, units - 1.0))
    reach *= lost_memory(x, members, length) if length else 1.0
    if draws.size < 2 or not math.isfinite(value):
        low = high = float("nan")
    elif draws.min() > 0 and value > 0:  # a positive quantity stays one
        half = reach * float(np.log(draws).std())
        low, high = value * math.exp(-half), value * math.exp(half)
    else:
        half = reach * float(draws.std())
        low, high = value - half, value + half
    return SeriesInterval(
        value=value, interval=(float(low), float(high)), about=about, block=length, effective_n=worth
    )


def lost_memory(x: np.ndarray, members: list[np.ndarray], length: int) -> float:
    """How much wider the mean scatters than blocks of `length` let it.

    They cut the memory at their ends, and a few long ones scatter by chance. `x` holds the values, `members` the
    positions of each device's.
    """
    drawn = true = 0.0
    for m in members:
        centred = x[m] - x[m].mean()
        ring = np.concatenate([centred, centred[: length - 1]])
        sums = np.convolve(ring, np.ones(length), mode="valid")
        drawn += float((sums**2).mean()) / length * m.size
        true += float((centred**2).mean()) * m.size**2 / effective_size(x[m])
    return float(np.sqrt(true / drawn)) if drawn > 0 else 1.0


def block_draw(n: int, length: int, rng: np.random.Generator) -> Int[np.ndarray, " drawn"]:
    """n numbers of 0 .. n-1 in blocks of `length` neighbours; blocks wrap round, so every value counts alike."""
    starts = rng.integers(0, n, -(-n // length))
    return ((starts[:, None] + np.arange(length)) % n).ravel()[:n]


def summarise(
    values: np.ndarray, *, devices: Int[np.ndarray, " value"] | None = None, seed: int = 0
) -> Summary:
    """The `Summary` of `values` (NaN dropped).

    Where `devices` repeat, whole devices are drawn for the interval; where they are one device, blocks of its
    values, which must then be in order. Other values count as independent.
    """
    values = np.asarray(values, dtype=np.float64)
    keep = np.isfinite(values)
    finite = values[keep]
    nan = float("nan")
    if finite.size == 0:
        return Summary(n=0, median=nan, mean=nan, std=nan, sigma_log=nan, interval=(nan, nan))
    one_sign = bool((finite > 0).all() or (finite < 0).all())
    several = finite.size > 1
    groups = None if devices is None else np.asarray(devices)[keep]
    if groups is None or np.unique(groups).size == finite.size:
        interval = median_interval(finite)
    else:
        interval = series_interval(finite, devices=groups, seed=seed).interval
    return Summary(
        n=int(finite.size),
        median=float(np.median(finite)),
        mean=float(finite.mean()),
        std=float(finite.std(ddof=1)) if several else nan,
        sigma_log=float(np.log(np.abs(finite)).std(ddof=1)) if several and one_sign else nan,
        interval=interval,
    )


def binomial_interval(successes: int, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact (Clopper-Pearson) interval of a share, such as a yield of `successes` of `trials` devices."""
    if not 0 <= successes <= trials or trials == 0:
        raise PinchedError(f"{successes} of {trials} is no share: need 0 <= successes <= trials, trials > 0.")
    found = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return (float(found.low), float(found.high))
