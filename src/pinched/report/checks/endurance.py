"""Checks of endurance: how many cycles were seen and not only applied, on how many devices, failing how."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pinched.data.traces import Endurance
from pinched.extraction.endurance import Criterion, DeviceLife, Failure, extract_endurance
from pinched.report.checks.record import Check, Guideline, Verdict

MIN_RATIO = 10.0
"""On/off ratio below which a device counts as failed when the caller states no criterion: a decade, what a sense
amplifier with one common threshold needs with some margin. It is printed with the answer."""


def check_endurance(traces: Sequence[Endurance], criterion: Criterion | None = None) -> list[Check]:
    """E1 to E6 for `traces`; [] where there are none. `criterion` says when a device counts as working."""
    if not traces:
        return []
    rule = criterion or Criterion(min_ratio=MIN_RATIO)
    lives = extract_endurance(traces, rule)
    return [
        _density(traces),
        _devices(traces),
        _verified(lives),
        _typed(traces),
        _censored(lives, rule),
        _read(traces),
    ]


def _check(code: str, question: str, verdict: Verdict, finding: str, *, our_reading: bool) -> Check:
    return Check(
        code=code,
        guideline=Guideline.ENDURANCE2021,
        question=question,
        verdict=verdict,
        finding=finding,
        our_reading=our_reading,
    )


def _density(traces: Sequence[Endurance]) -> Check:
    points = sum(len(t) for t in traces)
    claimed = sum(int(t.cycle.max()) for t in traces)
    share = min(points / max(claimed, 1), 1.0)
    full = share >= 0.999
    words = f"{points} points for {claimed:.3g} cycles ({share:.3g} of them)"
    even_log = any(_even_in_log(t.cycle) for t in traces)
    if even_log:
        words += ", evenly spaced in the logarithm of the cycle"
    return _check(
        "E1",
        "Is there one point per cycle and state?",
        Verdict.PASS if full else Verdict.FAIL,
        words if full else words + ": that it switched in every cycle is not supported",
        our_reading=False,
    )


def _even_in_log(cycle: np.ndarray) -> bool:
    positive = cycle[cycle > 0]
    if positive.size < 5:
        return False
    steps = np.diff(np.log(positive))
    return bool(np.std(steps) < 0.3 * np.mean(steps) and positive[-1] > 50 * positive.size)


def _devices(traces: Sequence[Endurance]) -> Check:
    devices = len({t.device for t in traces})
    return _check(
        "E2",
        "Are several devices combined?",
        Verdict.PASS if devices > 1 else Verdict.WARN,
        f"{devices} device{'s' if devices > 1 else ''}"
        + ("" if devices > 1 else "; the guideline combines several"),
        our_reading=False,
    )


def _verified(lives: Sequence[DeviceLife]) -> Check:
    applied, verified = (sum(getattr(x, n) for x in lives) for n in ("cycles_applied", "cycles_verified"))
    return _check(
        "E3",
        "Is the endurance the number of verified cycles?",
        Verdict.PASS if verified >= 0.999 * applied else Verdict.WARN,
        f"cycles_verified {verified}, cycles_applied {applied}: quote the first",
        our_reading=True,
    )


def _typed(traces: Sequence[Endurance]) -> Check:
    worst = 0.0
    for trace in traces:
        for values in (trace.resistance_lrs, trace.resistance_hrs):
            finite = values[np.isfinite(values)]
            if finite.size >= 10:
                worst = max(worst, float(np.mean(np.diff(finite) == 0)))
    return _check(
        "E4",
        "Do the values scatter as measured ones do?",
        Verdict.WARN if worst > 0.2 else Verdict.PASS,
        f"{worst:.0%} of neighbouring reads are equal"
        + (": they look averaged or typed" if worst > 0.2 else ""),
        our_reading=True,
    )


def _censored(lives: Sequence[DeviceLife], criterion: Criterion) -> Check:
    alive = sum(life.failure is Failure.NONE for life in lives)
    words = f"a ratio of {criterion.min_ratio:g} counts as working; {alive} of {len(lives)} did not fail"
    return _check(
        "E5",
        "Is the failure criterion stated, and are survivors counted as such?",
        Verdict.PASS,
        words + (": their life is a lower bound" if alive else ""),
        our_reading=True,
    )


def _read(traces: Sequence[Endurance]) -> Check:
    known = [t.read_voltage for t in traces if t.read_voltage is not None]
    return _check(
        "E6",
        "Are read voltage, pulse amplitude and width known?",
        Verdict.CANNOT_TELL,
        (f"read at {sorted(set(known))} V" if known else "cannot tell (missing: read voltage)")
        + " (missing: pulse amplitude, pulse width)",
        our_reading=True,
    )
