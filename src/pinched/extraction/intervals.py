"""Uncertainty by resampling: the one home of the bootstrap.

`bootstrap_interval` for any statistic of one list of values, `summarise` for the numbers that every
report prints, `binomial_interval` for a yield. Where devices repeat, whole devices are drawn, because
the cycles of one device resemble each other and a draw of single cycles would promise too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from scipy import stats

from pinched._errors import PinchedError
from pinched._random import generator


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
    """95 % bootstrap interval of the median."""


def bootstrap_indices(
    n: int,
    devices: Int[np.ndarray, " value"] | None,
    *,
    resamples: int,
    seed: int,
    address: str,
) -> Iterator[Int[np.ndarray, " drawn"]]:
    """`resamples` draws with replacement of the numbers 0 .. n-1; of whole devices where more than one repeats."""
    rng = generator(seed, "bootstrap", address)
    members = _members(devices)
    for _ in range(resamples):
        if members is None:
            yield rng.integers(0, n, n)
        else:
            yield np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])


def _members(devices: Int[np.ndarray, " value"] | None) -> list[np.ndarray] | None:
    if devices is None:
        return None
    _, inverse, counts = np.unique(devices, return_inverse=True, return_counts=True)
    # One device alone cannot be resampled; one value each is the plain bootstrap.
    if counts.size < 2 or counts.max() < 2:
        return None
    return [np.flatnonzero(inverse == k) for k in range(counts.size)]


def bootstrap_interval(
    values: np.ndarray,
    statistic: Callable[[np.ndarray], float] = np.median,  # type: ignore[assignment]
    *,
    devices: Int[np.ndarray, " value"] | None = None,
    seed: int = 0,
    resamples: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile bootstrap interval of `statistic` of `values` (NaN dropped); (NaN, NaN) below 2 values."""
    values = np.asarray(values, dtype=np.float64)
    keep = np.isfinite(values)
    values, groups = values[keep], None if devices is None else np.asarray(devices)[keep]
    if values.size < 2:
        return (float("nan"), float("nan"))
    draws = [
        statistic(values[index])
        for index in bootstrap_indices(
            values.size, groups, resamples=resamples, seed=seed, address="interval"
        )
    ]
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(draws, [tail, 100.0 - tail])
    return (float(low), float(high))


def summarise(
    values: np.ndarray, *, devices: Int[np.ndarray, " value"] | None = None, seed: int = 0
) -> Summary:
    """The `Summary` of `values` (NaN dropped), the interval over devices where they repeat."""
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    nan = float("nan")
    if finite.size == 0:
        return Summary(n=0, median=nan, mean=nan, std=nan, sigma_log=nan, interval=(nan, nan))
    one_sign = bool((finite > 0).all() or (finite < 0).all())
    several = finite.size > 1
    return Summary(
        n=int(finite.size),
        median=float(np.median(finite)),
        mean=float(finite.mean()),
        std=float(finite.std(ddof=1)) if several else nan,
        sigma_log=float(np.log(np.abs(finite)).std(ddof=1)) if several and one_sign else nan,
        interval=bootstrap_interval(values, devices=devices, seed=seed),
    )


def binomial_interval(successes: int, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact (Clopper-Pearson) interval of a share, such as a yield of `successes` of `trials` devices."""
    if not 0 <= successes <= trials or trials == 0:
        raise PinchedError(f"{successes} of {trials} is no share: need 0 <= successes <= trials, trials > 0.")
    found = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return (float(found.low), float(found.high))
