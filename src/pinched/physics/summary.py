"""What a store of runs holds, in numbers: how many devices switch, by how much, how many were refused and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched.extraction.loops import loop_width, on_off_ratio
from pinched.physics.store import Status

if TYPE_CHECKING:
    import xarray

CONDUCTING = 1e-12
"""A: runs whose largest current stays below are open devices."""

WIDTHS = (0.01, 0.05, 0.20)
"""Widths of the loop, of the largest current, at which runs are counted."""

RATIOS = (10**0.1, 10.0)
"""Ratios of the two branches at a quarter of the highest voltage at which runs are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetSummary:
    """Counts and spreads over the runs of a store; shares are of the kept runs."""

    runs: int
    kept: int
    rejected: int
    failed: int
    missing: int
    """Not simulated yet."""
    reasons: dict[str, int]
    """Why runs were rejected or failed, in words without their numbers -> how many."""
    largest_current: tuple[float, ...] = quantity(
        (), "A", r"I_\mathrm{max}", "5, 25, 50, 75 and 95 % of the runs have a largest |current| below"
    )
    conducting: float = quantity(0.0, "1", "", "share of runs with a largest current above 1e-12 A")
    wider: tuple[float, ...] = quantity(
        (), "1", "", "share of runs that conduct and whose loop is wider than `WIDTHS`"
    )
    higher: tuple[float, ...] = quantity(
        (), "1", "", "share of runs that conduct and whose ratio is above `RATIOS`"
    )
    mismatch: tuple[float, float] = quantity(
        (0.0, 0.0), "1", r"\delta I", "median and worst of the kept runs"
    )
    balance: tuple[float, float] = quantity(
        (0.0, 0.0), "1", r"\delta N_x", "median and worst of the kept runs"
    )
    steps: float = quantity(0.0, "1", "", "median time steps of a run")


def describe_dataset(runs: xarray.Dataset) -> DatasetSummary:
    """The summary of an open store (see `open_runs`). Raises `PinchedError` for a data set that is none."""
    if "status" not in runs or "current" not in runs:
        raise PinchedError(
            "this data set is no store of runs: it has no 'status' or no 'current'. Open one with open_runs."
        )
    status = runs["status"].values
    kept = np.flatnonzero(status == Status.KEPT)
    refused = np.isin(status, (Status.REJECTED, Status.FAILED))
    reasons = Counter(_kind(str(text)) for text in runs["reason"].values[refused])
    counts = {s: int((status == s).sum()) for s in Status}
    about = {
        "runs": status.size, "kept": counts[Status.KEPT], "rejected": counts[Status.REJECTED],
        "failed": counts[Status.FAILED], "missing": counts[Status.OPEN], "reasons": dict(reasons.most_common()),
    }  # fmt: skip
    if kept.size == 0:
        return DatasetSummary(**about)
    voltage, current = runs["voltage"].values[kept], runs["current"].values[kept]
    largest = np.abs(current).max(axis=1)
    conducts = largest > CONDUCTING
    width, ratio = loop_width(voltage, current), on_off_ratio(voltage, current)

    def middle_and_worst(name: str) -> tuple[float, float]:
        values = runs[name].values[kept]
        return float(np.median(values)), float(values.max())

    return DatasetSummary(
        **about,
        largest_current=tuple(float(v) for v in np.quantile(largest, (0.05, 0.25, 0.5, 0.75, 0.95))),
        conducting=float(conducts.mean()),
        wider=tuple(float((conducts & (width > w)).mean()) for w in WIDTHS),
        higher=tuple(float((conducts & (ratio > r)).mean()) for r in RATIOS),
        mismatch=middle_and_worst("current_mismatch"),
        balance=middle_and_worst("vacancy_balance"),
        steps=float(np.median(runs["steps"].values[kept])),
    )


def _kind(reason: str) -> str:
    """The first sentence of `reason` without what differs from run to run."""
    first = reason.partition(". ")[0].partition(":")[0]
    return " ".join("..." if any(c.isdigit() for c in word) else word for word in first.split())
