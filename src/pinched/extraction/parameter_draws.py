r"""Which parameters of a fitted distribution the data allow: draws whose percentiles are intervals.

Percentiles of refitted resamples are too narrow for few values (54 % instead of 95 % for a standard deviation of
five). Three kinds of data, three answers:

- **Independent values**: refits of samples of the fitted distribution show the error of a fit. For a family that
  moves and widens (normal, lognormal, Weibull) the error of its location, counted in fitted scales, and that of its
  scale, as a ratio, have the same distribution whatever the truth is (thoman1969inferences): the intervals are exact.
- **Several devices with several cycles**: the values become normal scores, and generalised inference draws their
  mean and both of their variances (`components`). A few devices stay a few, however often each was cycled.
- **One device, cycles in order that remember each other**: the same refits, of series with the same memory.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy import signal, special

from pinched._random import generator
from pinched.extraction.components import scatter_of
from pinched.extraction.distribution import CHUNK, Distribution, Parameters, Values
from pinched.extraction.series import autocorrelation, effective_size

_GRID = special.ndtri((np.arange(200) + 0.5) / 200.0)
"""Normal scores that stand for a whole distribution."""

_FARTHEST = 35.0
"""Largest normal score: beyond it probabilities are no numbers any more."""


def parameter_draws(
    fitted: Distribution,
    values: Values,
    devices: Int[np.ndarray, " value"] | None,
    *,
    draws: int,
    seed: int,
) -> Parameters:
    """`draws` sets of parameters that may have led to `values`, to which `fitted` was fitted.

    `devices` numbers the device of each value; with one device the values count as a series in its order. Fewer
    draws come back where the values are very many.
    """
    rng = generator(seed, "parameters", fitted.name)
    counts = np.ones(values.size) if devices is None else np.unique(devices, return_counts=True)[1]
    if devices is not None and counts.size > 1 and counts.max() > 1:
        return _of_devices(fitted, values, devices, draws, rng)
    memory = _memory(_scores(fitted, values)) if counts.size == 1 else 0.0
    # Many values need few draws: their percentiles are those of a normal distribution.
    count = int(np.clip(4 * CHUNK // values.size, min(draws, 200), draws))
    again = (
        _series(fitted, values.size, memory, count, rng) if memory else fitted.refits(values.size, count, rng)
    )
    if not fitted.located:
        return again
    here, free = fitted.to_free(fitted.vector[None]), fitted.to_free(again)
    width = np.exp(free[:, 1] - here[:, 1])
    return fitted.from_free(
        np.column_stack([here[:, 0] - (free[:, 0] - here[:, 0]) / width, here[:, 1] - np.log(width)])
    )


def _scores(fitted: Distribution, values: Values) -> Float[np.ndarray, " value"]:
    tiny = 1e-12
    return np.asarray(special.ndtri(np.clip(fitted.cdf(values), tiny, 1.0 - tiny)))


def _of_devices(
    fitted: Distribution,
    values: Values,
    devices: Int[np.ndarray, " value"],
    draws: int,
    rng: np.random.Generator,
) -> Parameters:
    scatter = scatter_of(_scores(fitted, values), devices)
    device, cycle = scatter.draws(draws, rng)
    share = scatter.counts / scatter.counts.sum()
    moved = np.sqrt(device * float((share**2).sum()) + cycle / values.size) * rng.standard_normal(draws)
    # Counted from the middle of what is possible: the fit itself knows the centre better than the scores do.
    whole = np.sqrt(device + cycle)
    wider = whole / np.median(whole)
    grid = np.clip(moved[:, None] + wider[:, None] * _GRID, -_FARTHEST, _FARTHEST)
    free = fitted.to_free(fitted.fit_many(fitted.from_normal(np.vstack([_GRID, grid]))))
    return fitted.from_free(fitted.to_free(fitted.vector[None]) + free[1:] - free[:1])


def _memory(scores: Float[np.ndarray, " value"]) -> float:
    """Correlation of neighbours of a first-order series that is worth as few values as `scores`; 0 without memory."""
    if scores.size < 20 or not autocorrelation(scores).correlated:
        return 0.0
    time = scores.size / effective_size(scores)
    return (time - 1.0) / (time + 1.0)


def _series(fitted: Distribution, n: int, memory: float, draws: int, rng: np.random.Generator) -> Parameters:
    rows = max(1, CHUNK // n)
    parts = []
    for start in range(0, draws, rows):
        shape = (min(rows, draws - start), n)
        shocks = np.sqrt(1.0 - memory**2) * rng.standard_normal(shape)
        # The first value has no past: it starts with the scatter of the whole.
        shocks[:, 0] /= np.sqrt(1.0 - memory**2)
        series = np.asarray(signal.lfilter([1.0], [1.0, -memory], shocks, axis=1))
        parts.append(fitted.fit_many(fitted.from_normal(series)))
    return np.vstack(parts)
