"""Checks of endurance: how many cycles were seen and not only applied, on how many devices, failing how."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pinched._units import show
from pinched.data.settings import SettingName, find
from pinched.data.traces import Endurance
from pinched.extraction.digits import short_share
from pinched.extraction.endurance import Criterion, DeviceLife, Failure, extract_endurance, fit_survival
from pinched.report.checks.record import Check, Guideline, Verdict

MIN_RATIO = 10.0
"""On/off ratio below which a device counts as failed when the caller states no criterion: a decade, what a sense
amplifier with one common threshold needs with some margin. It is printed with the answer."""

FEWEST = 10
"""Reads of a state below which equal or short values prove nothing."""


def check_endurance(traces: Sequence[Endurance], criterion: Criterion | None = None) -> list[Check]:
    """E1 to E6 for `traces`; [] where there are none. `criterion` says when a device counts as working.

    None: nobody stated it, a ratio of `MIN_RATIO` is used and E5 says so.
    """
    if not traces:
        return []
    lives = extract_endurance(traces, criterion or Criterion(min_ratio=MIN_RATIO))
    return [
        _density(traces),
        _devices(traces),
        _verified(lives),
        _typed(traces),
        _censored(lives, criterion),
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
    points = sum(int((np.isfinite(t.resistance_lrs) & np.isfinite(t.resistance_hrs)).sum()) for t in traces)
    claimed = sum(int(t.cycle.max()) for t in traces)
    share = min(points / max(claimed, 1), 1.0)
    full = share >= 0.999
    words = f"{points} points of both states for {claimed:.3g} cycles ({100 * share:.2g} %)"
    if any(_even_in_log(t.cycle) for t in traces):
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
    equal, short, judged = 0.0, 0.0, 0
    for trace in traces:
        for values in (trace.resistance_lrs, trace.resistance_hrs):
            finite = values[np.isfinite(values)]
            if finite.size >= FEWEST:
                judged += 1
                equal = max(equal, float(np.mean(np.diff(finite) == 0)))
                short = max(short, short_share(finite))
    words = f"{equal:.0%} of neighbouring reads are equal, {short:.0%} of the values have two digits or fewer"
    if not judged:
        verdict, words = Verdict.CANNOT_TELL, f"no state has {FEWEST} reads (missing: more cycles)"
    elif equal > 0.2 or short > 0.5:
        verdict, words = Verdict.WARN, words + ": they look averaged or typed"
    else:
        verdict = Verdict.PASS
    return _check("E4", "Do the values scatter as measured ones do?", verdict, words, our_reading=True)


def _censored(lives: Sequence[DeviceLife], criterion: Criterion | None) -> Check:
    alive = sum(life.failure is Failure.NONE for life in lives)
    words = f"{alive} of {len(lives)} did not fail" + (": their life is a lower bound" if alive else "")
    if len(lives) > 1:
        words += f"; {fit_survival(lives).text}"
    if criterion is None:
        verdict = Verdict.CANNOT_TELL
        words = f"with an HRS of at least {MIN_RATIO:g} times the LRS counting as working {words} "
        words += "(missing: failure criterion)"
    else:
        verdict = Verdict.WARN if alive else Verdict.PASS
        words = f"a ratio of {criterion.min_ratio:g} counts as working; {words}"
    return _check(
        "E5",
        "Is the failure criterion stated, and did every device reach it?",
        verdict,
        words,
        our_reading=True,
    )


def _read(traces: Sequence[Endurance]) -> Check:
    reads = {t.read_voltage for t in traces if t.read_voltage is not None}
    known, missing = [], []
    if reads:
        known.append(f"both states read at {', '.join(show(v, 'V') for v in sorted(reads))}")
    else:
        missing.append("read voltage")
    for name, unit, words in (
        (SettingName.PULSE_AMPLITUDE, "V", "pulse amplitude"),
        (SettingName.PULSE_WIDTH, "s", "pulse width"),
    ):
        values = {value for t in traces if (value := find(t.settings, name).number) is not None}
        if values:
            known.append(f"{words} {', '.join(show(v, unit) for v in sorted(values))}")
        else:
            missing.append(words)
    verdict = Verdict.CANNOT_TELL if missing else Verdict.WARN if len(reads) > 1 else Verdict.PASS
    told = "; ".join(known)
    lacking = f"(missing: {', '.join(missing)})" if missing else ""
    return _check(
        "E6",
        "Are read voltage, pulse amplitude and width known?",
        verdict,
        " ".join(part for part in (told, lacking) if part),
        our_reading=True,
    )
