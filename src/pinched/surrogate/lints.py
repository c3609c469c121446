"""Headlines that are not printed: figures that look like success and are none.

`check_headline` is called before any figure of a surrogate is shown; it returns what is wrong in sentences, and an
empty tuple where the figure may stand.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pinched.surrogate.metrics import Normalisation, Scores
from pinched.surrogate.runs import Runs, Split

MOST_RATIO = 5.0
"""RMSE over MAE: 1.25 for Gaussian errors, 1.41 for Laplace; above this few points carry nearly all of the error."""


def check_headline(
    scores: Scores, baselines: Mapping[str, Scores], *, runs: Runs | None = None, split: Split | None = None
) -> tuple[str, ...]:
    """Reasons why figures of `scores` must not be printed as a headline.

    `baselines` are the scores of predictors that learn nothing, on the same runs; with `runs` and `split` the split
    is looked through for devices on both sides.
    """
    said = []
    for kind, error in scores.errors.items():
        ratio = np.sqrt(error.mse) / error.mae if error.mae > 0 else 1.0
        if ratio > MOST_RATIO:
            said.append(
                f"{kind.value}: RMSE is {ratio:.1f} times the MAE, so few points carry the error "
                "(one scale over devices of very different currents does that). Use another normalisation."
            )
        for name, other in baselines.items():
            if error.mse >= other.errors[kind].mse:
                said.append(
                    f"{kind.value}: MSE {error.mse:.3g} does not beat '{name}' ({other.errors[kind].mse:.3g}), which "
                    "learns nothing."
                )
    if runs is not None and split is not None:
        shared = leaked_devices(runs, split)
        if shared:
            said.append(f"{shared} devices stand in training and in test: split by device (split_runs).")
    return tuple(said)


def allowed(scores: Scores, baselines: Mapping[str, Scores]) -> tuple[Normalisation, ...]:
    """Normalisations in which figures of `scores` may be printed."""
    refused = check_headline(scores, baselines)
    return tuple(
        kind for kind in scores.errors if not any(text.startswith(f"{kind.value}:") for text in refused)
    )


def leaked_devices(runs: Runs, split: Split) -> int:
    """How many devices have runs on both sides of `split`."""
    device = runs.device()
    seen = np.union1d(device[split.training], device[split.validation])
    return int(np.intersect1d(seen, device[split.test]).size)
