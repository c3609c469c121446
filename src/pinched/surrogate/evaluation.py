"""`evaluate_surrogate`: all figures of a surrogate on held-back runs, beside what needs no network."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from pinched.surrogate.features import estimates
from pinched.surrogate.lints import check_headline
from pinched.surrogate.metrics import Scores, log_current, score, trivial_predictions
from pinched.surrogate.model import Surrogate
from pinched.surrogate.runs import Runs


@dataclass(frozen=True, kw_only=True, slots=True)
class SurrogateScore:
    """How good a surrogate is, and whether its figures may be printed as a headline."""

    scores: Scores
    baselines: dict[str, Scores]
    """Constants, the mean over runs, and the formulas that the network corrects."""
    refused: tuple[str, ...]
    """Why figures of it must not stand alone; empty where they may."""
    coverage: float
    """Share of the samples inside the stated 90 % interval; NaN where none is stated."""
    seconds_per_run: float
    """CPU time of one predicted run in a batch, one thread's work."""


def evaluate_surrogate(surrogate: Surrogate, test: Runs, training: Runs) -> SurrogateScore:
    """Figures of `surrogate` on the held-back `test`; `training` (its own) gives scale and baselines."""
    seen = surrogate.architecture.thinned(test, surrogate.seed)
    known = surrogate.architecture.thinned(training, surrogate.seed)
    start = time.process_time()
    predicted = surrogate.predict(seen, warn=False)
    seconds = (time.process_time() - start) / len(seen)
    others = trivial_predictions(known, seen) | {"formulas": estimates(seen).current(seen.voltage)}
    scores = score(surrogate.architecture.kind, predicted, seen, known)
    baselines = {name: score(name, values, seen, known) for name, values in others.items()}
    coverage = float("nan")
    if np.isfinite(surrogate.quantile):
        low, high = surrogate.interval(seen)
        truth = log_current(seen.current)
        coverage = float(((low <= truth) & (truth <= high)).mean())
    # The formulas are no trivial predictor: a network that loses to them in one unit is still told, by its figures.
    trivial = {name: found for name, found in baselines.items() if name != "formulas"}
    return SurrogateScore(
        scores=scores, baselines=baselines, refused=check_headline(scores, trivial), coverage=coverage,
        seconds_per_run=seconds,
    )  # fmt: skip
