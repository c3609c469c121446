"""Checks of retention: how far an extrapolation reaches beyond what was measured, on how many states and devices."""

from __future__ import annotations

from collections.abc import Sequence

from pinched._errors import PinchedError
from pinched._units import show
from pinched.data.traces import Retention
from pinched.extraction.retention import TEN_YEARS, RetentionFit, describe_drift, fit_retention
from pinched.report.checks.record import Check, Guideline, Verdict


def check_retention(
    traces: Sequence[Retention], fits: Sequence[RetentionFit | None] | None = None
) -> list[Check]:
    """R1 of the guideline table, in three parts; [] where there are no `traces`, of at least 3 reads each.

    `fits` are the laws of `traces` where somebody has fitted them already; None fits the longest trace here.
    """
    if not traces:
        return []
    drifts = [describe_drift(trace) for trace in traces]
    at = max(range(len(drifts)), key=lambda k: drifts[k].span)
    longest = drifts[at].span
    factor = TEN_YEARS / longest if longest > 0 else float("inf")
    fit = _fitted(traces[at]) if fits is None else fits[at]
    temperatures = {t.temperature for t in traces if t.temperature is not None}
    states, devices = {t.state for t in traces if t.state}, len({t.device for t in traces})
    return [
        _check(
            "R1",
            "Does the measured span support ten years?",
            Verdict.PASS if factor <= 10 else Verdict.FAIL if factor > 1e3 else Verdict.WARN,
            f"10 years from {longest:.3g} s is a factor of {factor:.2g}; {_reach(fit)}",
        ),
        _check(
            "R1t",
            "Are there three temperatures for an activation energy?",
            Verdict.PASS
            if len(temperatures) >= 3
            else Verdict.CANNOT_TELL
            if not temperatures
            else Verdict.WARN,
            f"{len(temperatures)} temperatures" + ("" if temperatures else " (missing: temperature)"),
        ),
        _check(
            "R1s",
            "Were both states kept, on several devices?",
            Verdict.PASS
            if len(states) > 1 and devices > 1
            else Verdict.CANNOT_TELL
            if not states
            else Verdict.WARN,
            f"{devices} device{'s' if devices > 1 else ''}, states: {', '.join(sorted(states)) or 'not stated'}; "
            f"drift {min(d.drift_percent for d in drifts):+.2g} to {max(d.drift_percent for d in drifts):+.2g} %",
        ),
    ]


def _fitted(trace: Retention) -> RetentionFit | None:
    try:
        return fit_retention(trace)
    except PinchedError:
        return None


def _reach(fit: RetentionFit | None) -> str:
    if fit is None:
        return "too few reads for a law"
    value, low, high = fit.extrapolated
    ohms = [show(x, "ohm") for x in (value, low, high)]
    return f"extrapolated {ohms[0]} [{ohms[1]}, {ohms[2]}]"


def _check(code: str, question: str, verdict: Verdict, finding: str) -> Check:
    return Check(
        code=code, guideline=Guideline.PERFORMANCE2025, question=question, verdict=verdict, finding=finding
    )
