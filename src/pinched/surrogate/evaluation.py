"""`evaluate_surrogate`: all figures of a surrogate on held-back runs, beside what needs no network."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from pinched.surrogate.features import estimates
from pinched.surrogate.lints import check_headline
from pinched.surrogate.metrics import (
    Normalisation,
    Scores,
    above_floor,
    log_current,
    score,
    trivial_predictions,
)
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
    """Share of the samples above the floor inside the stated 90 % interval; NaN where none is stated."""
    seconds_per_run: float
    """CPU time of one predicted run in a batch, one thread's work."""

    def record(self) -> dict[str, Any]:
        """Everything as names to numbers, for JSON; NaN where a set has no run to count."""
        return {
            "kind": self.scores.name, "coverage90": self.coverage, "seconds_per_run": self.seconds_per_run,
            "refused": list(self.refused), "scores": _plain(self.scores),
            "baselines": {name: _plain(found) for name, found in self.baselines.items()},
        }  # fmt: skip

    def rows(self) -> list[tuple[str, ...]]:
        """What and its value for the surrogate and for each baseline, as text: a table for people."""
        every = (self.scores, *self.baselines.values())
        found: list[tuple[str, ...]] = []
        for kind in Normalisation:
            found += [
                (f"{kind.value}: {title}", *(f"{getattr(s.errors[kind], name):.3g}" for s in every))
                for name, title in (("mse", "MSE"), ("mae", "MAE"), ("r2", "R2"))
            ]
        for title, spread in (
            ("decades, conducting runs", "decades_conducting"),
            ("NRMSE, conducting runs", "nrmse"),
            ("NRMSE, loops wider than 5 %", "nrmse_loops"),
        ):
            for name in ("median", "p90", "worst"):
                what = "90 %" if name == "p90" else name
                found.append(
                    (f"{title}: {what}", *(f"{getattr(getattr(s, spread), name):.3g}" for s in every))
                )
        for title, derived in (
            ("loop width", "loop_width"), ("loop area", "loop_area"), ("on/off ratio", "on_off_ratio"),
            ("steepest voltage", "steepest_voltage"),
        ):  # fmt: skip
            found.append((f"{title}: R2", *(f"{getattr(s, derived).r2:.3g}" for s in every)))
            found.append((
                f"{title}: median relative error", *(f"{getattr(s, derived).relative_error:.3g}" for s in every)
            ))  # fmt: skip
        return found


def _plain(scores: Scores) -> dict[str, Any]:
    plain = dataclasses.asdict(scores)
    plain["errors"] = {kind.value: dataclasses.asdict(error) for kind, error in scores.errors.items()}
    return plain


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
        coverage = float(((low <= truth) & (truth <= high))[above_floor(seen.current)].mean())
    # The formulas are no trivial predictor: a network that loses to them in one unit is still told, by its figures.
    refused = check_headline(scores, {k: found for k, found in baselines.items() if k != "formulas"})
    leaked = int(surrogate.knows(test).sum())
    if leaked:
        refused += (f"{leaked} of {len(test)} runs are of devices that it was trained on: leave them out.",)
    return SurrogateScore(
        scores=scores, baselines=baselines, refused=refused, coverage=coverage,
        seconds_per_run=seconds,
    )  # fmt: skip
