"""Checks of retention: how far an extrapolation reaches beyond what was measured, on how many states and devices."""

from __future__ import annotations

from collections.abc import Sequence

from pinched.data.traces import Retention
from pinched.extraction.retention import describe_drift
from pinched.report.checks.record import Check, Guideline, Verdict

TEN_YEARS = 10 * 365.25 * 24 * 3600.0
"""The life that papers claim (s)."""


def check_retention(traces: Sequence[Retention]) -> list[Check]:
    """R1 of the guideline table, in three parts; [] where there are no `traces`."""
    if not traces:
        return []
    drifts = [describe_drift(trace) for trace in traces]
    longest = max(drift.span for drift in drifts)
    factor = TEN_YEARS / longest if longest > 0 else float("inf")
    temperatures = {t.temperature for t in traces if t.temperature is not None}
    states, devices = {t.state for t in traces if t.state}, len({t.device for t in traces})
    return [
        _check(
            "R1",
            "Does the measured span support ten years?",
            Verdict.PASS if factor <= 10 else Verdict.FAIL if factor > 1e3 else Verdict.WARN,
            f"10 years from {longest:.3g} s is a factor of {factor:.2g}",
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


def _check(code: str, question: str, verdict: Verdict, finding: str) -> Check:
    return Check(
        code=code, guideline=Guideline.PERFORMANCE2025, question=question, verdict=verdict, finding=finding
    )
