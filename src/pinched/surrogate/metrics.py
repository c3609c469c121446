r"""How good a surrogate is, in units that mean something, beside what needs no network.

`score` compares predicted with true currents of held-back runs in four normalisations, because a number without one
says nothing: on a global linear scale over devices whose currents span tens of decades a constant scores better than
any network. `Scores` carries them all, with the constant predictors beside, the loops apart from the diodes, and the
error of what a device person reads off a loop. `check_headline` refuses a figure that would mislead.

| normalisation | what it shows |
|---|---|
| `GLOBAL_LINEAR` | (I - min) / (max - min) with the extremes of the training runs: the few largest currents |
| `RUN_LINEAR` | the same with each run's own extremes: the shape |
| `LOG_CONDUCTANCE` | log10 of max(|I|, floor) / |V|: every decade alike |
| `RUN_NRMSE` | RMSE over the span of the run, conducting runs only: the figure of the field |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Bool, Float

from pinched._errors import PinchedError
from pinched.extraction.loops import loop_area, loop_width, on_off_ratio, steepest_voltage
from pinched.physics.summary import CONDUCTING
from pinched.surrogate.runs import Runs

FLOOR = 1e-15
"""A: currents below it are displacement or rounding and count as this much."""


class Normalisation(Enum):
    """In what the error of a current is counted."""

    GLOBAL_LINEAR = "global linear min-max"
    RUN_LINEAR = "per-run min-max"
    LOG_CONDUCTANCE = "log10 conductance (decades)"
    RUN_NRMSE = "per-run NRMSE"


@dataclass(frozen=True, slots=True)
class Error:
    """Mean squared and mean absolute error in one normalisation, and what a predictor of the mean would score."""

    mse: float
    mae: float
    r2: float
    """1 - mse over the variance of the truth, pooled over all points."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure per run, and how it is distributed over the runs; NaN where there is no run."""

    median: float
    mean: float
    p90: float
    worst: float
    runs: int

    @classmethod
    def of(cls, values: Float[np.ndarray, " run"]) -> Spread:
        """The spread of `values`."""
        if values.size == 0:
            return cls(np.nan, np.nan, np.nan, np.nan, 0)
        return cls(
            float(np.median(values)), float(values.mean()), float(np.quantile(values, 0.9)), float(values.max()),
            values.size,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Derived:
    """How well a quantity that is read off a loop is predicted."""

    r2: float
    relative_error: float
    """Median relative error over runs whose loop is wider than the stated width; NaN without such runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """All figures of one predictor on one set of held-back runs."""

    name: str
    runs: int
    conducting: int
    """Runs whose largest current exceeds `CONDUCTING`."""
    errors: dict[Normalisation, Error]
    """Pooled over all points; `RUN_NRMSE` pools the conducting runs, each on its own span."""
    decades: Spread
    """Mean |error| of log10 |I| of each run (decades), all runs."""
    decades_conducting: Spread
    """The same over conducting runs."""
    nrmse: Spread
    """RMSE over span of each conducting run (1)."""
    nrmse_loops: Spread
    """The same over conducting runs whose loop is wider than 5 %."""
    within_percent: float
    """Share of conducting runs with NRMSE below 1 %."""
    loop_width: Derived
    loop_area: Derived
    on_off_ratio: Derived
    """In decades: R2 of its logarithm."""
    steepest_voltage: Derived
    """Relative to the highest voltage of the run."""
    worst: tuple[int, ...]
    """Indices of the ten conducting runs with the largest NRMSE."""


def log_current(
    current: Float[np.ndarray, "run time"], floor: float = FLOOR
) -> Float[np.ndarray, "run time"]:
    """log10 of max(|I|, floor) in A."""
    return np.log10(np.maximum(np.abs(current), floor))


def above_floor(current: Float[np.ndarray, "run time"]) -> Bool[np.ndarray, "run time"]:
    """Samples whose |current| (A) exceeds the floor, all of them where none does: at the floor any guess below is
    right, and intervals that are counted there look better than they are."""
    found = np.abs(current) > FLOOR
    return found if found.any() else np.ones_like(found)


def score(name: str, predicted: Float[np.ndarray, "run time"], truth: Runs, training: Runs) -> Scores:
    """Figures of `predicted` (A) on the held-back runs `truth`; `training` fixes the global linear scale.

    Raises `PinchedError` for predictions of another shape or that are not finite.
    """
    if predicted.shape != truth.current.shape:
        raise PinchedError(f"predictions have shape {predicted.shape}, the runs {truth.current.shape}.")
    if not np.isfinite(predicted).all():
        bad = int((~np.isfinite(predicted)).any(axis=1).sum())
        raise PinchedError(f"{name}: {bad} of {len(truth)} predicted runs are not finite.")
    current, peak = truth.current, np.abs(truth.current).max(axis=1)
    span = np.ptp(current, axis=1)
    conducts = peak > CONDUCTING
    low, high = float(training.current.min()), float(training.current.max())
    off_log = log_current(predicted) - log_current(current)
    volts = np.log10(np.maximum(np.abs(truth.voltage), 1e-12))
    per_run = np.sqrt(((predicted - current) ** 2).mean(axis=1))
    relative = per_run[conducts] / span[conducts]
    safe = np.where(span > 0, span, 1.0)[:, None]
    errors = {
        Normalisation.GLOBAL_LINEAR: _error(predicted / (high - low), current / (high - low)),
        Normalisation.RUN_LINEAR: _error(predicted / safe, (current - current.min(axis=1, keepdims=True)) / safe,
                                         current.min(axis=1, keepdims=True) / safe),
        Normalisation.LOG_CONDUCTANCE: _error(log_current(predicted) - volts, log_current(current) - volts),
        Normalisation.RUN_NRMSE: _error((predicted / safe)[conducts], (current / safe)[conducts]),
    }  # fmt: skip
    width = loop_width(truth.voltage, current)
    open_loop = width > 0.05
    mae = np.abs(off_log).mean(axis=1)
    order = np.argsort(relative)[::-1][:10]
    top = np.abs(truth.voltage).max(axis=1)
    return Scores(
        name=name,
        runs=len(truth),
        conducting=int(conducts.sum()),
        errors=errors,
        decades=Spread.of(mae),
        decades_conducting=Spread.of(mae[conducts]),
        nrmse=Spread.of(relative),
        nrmse_loops=Spread.of(relative[open_loop[conducts]]),
        within_percent=float((relative < 0.01).mean()) if relative.size else np.nan,
        loop_width=_derived(loop_width(truth.voltage, predicted), width, conducts, open_loop),
        loop_area=_derived(
            loop_area(truth.voltage, predicted), loop_area(truth.voltage, current), conducts, open_loop
        ),
        on_off_ratio=_derived(
            np.log10(on_off_ratio(truth.voltage, predicted)), np.log10(on_off_ratio(truth.voltage, current)),
            conducts, open_loop,
        ),
        steepest_voltage=_derived(
            steepest_voltage(truth.voltage, predicted) / top, steepest_voltage(truth.voltage, current) / top,
            conducts, open_loop,
        ),
        worst=tuple(int(k) for k in np.flatnonzero(conducts)[order]),
    )  # fmt: skip


def _error(predicted: np.ndarray, truth: np.ndarray, shift: np.ndarray | float = 0.0) -> Error:
    if truth.size == 0:
        return Error(np.nan, np.nan, np.nan)
    off = predicted - shift - truth
    mse, variance = float((off**2).mean()), float(truth.var())
    return Error(mse, float(np.abs(off).mean()), 1.0 - mse / variance if variance > 0 else np.nan)


def _derived(
    predicted: Float[np.ndarray, " run"],
    truth: Float[np.ndarray, " run"],
    conducts: Bool[np.ndarray, " run"],
    open_loop: Bool[np.ndarray, " run"],
) -> Derived:
    known = conducts & np.isfinite(truth) & np.isfinite(predicted)
    loops = known & open_loop & (truth != 0)
    variance = float(truth[known].var()) if known.any() else 0.0
    return Derived(
        1.0 - float(((predicted - truth)[known] ** 2).mean()) / variance if variance > 0 else np.nan,
        float(np.median(np.abs(predicted[loops] / truth[loops] - 1.0))) if loops.any() else np.nan,
    )


def trivial_predictions(training: Runs, test: Runs) -> dict[str, Float[np.ndarray, "run time"]]:
    """What needs no network: a constant current (median and mean) and the mean log conductance at each sample.

    The last one exists where all runs have the same number of samples of one family of waveforms; it is called
    "per-voltage mean" because each sample stands for one voltage of the cycle.
    """
    shape = test.current.shape
    found = {
        "constant median": np.full(shape, float(np.median(training.current))),
        "constant mean": np.full(shape, float(training.current.mean())),
    }
    if training.voltage.shape[1] == shape[1]:
        volts = np.maximum(np.abs(training.voltage), 1e-12)
        logs = (log_current(training.current) - np.log10(volts)).mean(axis=0)
        found["per-voltage mean"] = 10.0**logs * test.voltage
    return found
