"""Checks of sweeps and their table: what stands behind a statistic, and what bounds it.

`check_devices` answers V1 to V3 and S1 to S4 of the guideline table; V4 (whole curves) and V5 (correlated cycles)
come from `variability`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pinched._units import show
from pinched.data.settings import SettingName, find
from pinched.data.sweep import IVSweep
from pinched.devices.spread import working_devices
from pinched.extraction.intervals import binomial_interval
from pinched.extraction.table import Flag, SwitchingTable
from pinched.report.checks.record import Check, Guideline, Verdict

WANTED = (
    SettingName.STACK, SettingName.AREA, SettingName.TEMPERATURE, SettingName.AMBIENT, SettingName.LIMITER,
    SettingName.FORMING,
)  # fmt: skip
"""Settings that a report needs and that no curve shows."""

DISTURB = 0.5
"""Read voltage over the smallest switching voltage above which a read may change the state."""

SERIES = 0.1
"""Share of the LRS that a series resistance may be before it takes part in every number."""


def check_devices(
    sweeps: Sequence[IVSweep], table: SwitchingTable, *, skipped: int = 0, by_hand: int = 0
) -> list[Check]:
    """All checks of `table` and the `sweeps` behind it.

    `skipped` counts files that could not be used, `by_hand` cycles that a person excluded.
    """
    return [
        _counts(table),
        _forming(table),
        _yield(table),
        _dropped(table, skipped, by_hand),
        _metadata(sweeps),
        _bounds(table),
        _read_voltage(table),
        _overshoot(sweeps, table),
        _absolute(sweeps),
        _series_resistance(sweeps, table),
    ]


def _counts(table: SwitchingTable) -> Check:
    devices, cycles = len(table.devices), len(table)
    repeats = np.bincount(table.device_number)
    words = f"{_count(devices, 'device')}, {_count(cycles, 'cycle')}, {repeats.min()} to {repeats.max()} per device"
    if devices == 1:
        verdict, words = Verdict.WARN, words + ": nothing here says how devices differ"
    elif repeats.max() == 1:
        verdict, words = Verdict.WARN, words + ": nothing here says how cycles of one device differ"
    else:
        verdict = Verdict.PASS
    return Check(
        code="V1",
        guideline=Guideline.METHODS2019,
        question="Do the statistics rest on several devices and several cycles of each?",
        verdict=verdict,
        finding=words,
    )


def _forming(table: SwitchingTable) -> Check:
    formed = sum(flag is Flag.FORMING for flag in table.v_set_flag)
    first = sum(cycle == 1 for cycle in table.cycle.tolist())
    if formed:
        verdict, words = Verdict.PASS, f"{_count(formed, 'forming cycle')} told apart and left out"
    elif first:
        verdict = Verdict.CANNOT_TELL
        words = f"{_count(first, 'first cycle')} in the data, none stands out as forming (missing: was it measured?)"
    else:
        verdict, words = Verdict.PASS, "no first cycle in the data"
    return Check(
        code="V1f",
        guideline=Guideline.METHODS2019,
        question="Is the forming cycle kept apart?",
        verdict=verdict,
        finding=words,
    )


def _yield(table: SwitchingTable) -> Check:
    working, tested = working_devices(table)
    low, high = binomial_interval(working, tested)
    words = (
        f"{working}/{tested} = {working / tested:.0%} [{low:.0%}, {high:.0%}], both states seen at least once"
    )
    wide = high - low > 0.5
    return Check(
        code="V2",
        guideline=Guideline.METHODS2019,
        question="Is the yield stated with its definition and its interval?",
        verdict=Verdict.WARN if wide else Verdict.PASS,
        finding=words + (": too few devices for a yield" if wide else ""),
    )


def _dropped(table: SwitchingTable, skipped: int, by_hand: int) -> Check:
    missing = {
        name: int((~np.isfinite(table.measured(name))).sum())
        for name in ("v_set", "v_reset", "resistance_lrs", "resistance_hrs")
    }
    most = max(missing, key=lambda name: missing[name])
    share = missing[most] / len(table)
    words = ", ".join(f"{name} {count}" for name, count in missing.items() if count) or "none"
    words = f"of {_count(len(table), 'cycle')} without a usable value: {words}"
    words += f"; {_count(skipped, 'file')} skipped, {_count(by_hand, 'cycle')} excluded by hand"
    heavy = max(share, by_hand / (len(table) + by_hand))
    return Check(
        code="V3",
        guideline=Guideline.METHODS2019,
        question="How much was left out, and by which rule?",
        verdict=Verdict.FAIL if heavy > 0.5 else Verdict.WARN if heavy > 0.05 or skipped else Verdict.PASS,
        finding=words,
    )


def _metadata(sweeps: Sequence[IVSweep]) -> Check:
    counts = {
        "compliance": sum(s.compliance_current is not None for s in sweeps),
        "sweep rate": sum(s.time is not None or _states(s, SettingName.SWEEP_RATE) for s in sweeps),
        **{str(name): sum(_states(s, name) for s in sweeps) for name in WANTED},
    }
    known = {name: count for name, count in counts.items() if count}
    unknown = [name for name in counts if name not in known]
    told = ", ".join(
        name if count == len(sweeps) else f"{name} in {count} of {len(sweeps)} sweeps"
        for name, count in known.items()
    )
    words = f"{len(known)} of {len(counts)} known ({told or 'none'})"
    partly = any(count < len(sweeps) for count in known.values())
    return Check(
        code="S1",
        guideline=Guideline.METHODS2019,
        question="Do the data say how they were measured?",
        verdict=Verdict.CANNOT_TELL if unknown else Verdict.WARN if partly else Verdict.PASS,
        finding=words + (f" (missing: {', '.join(unknown)})" if unknown else ""),
    )


def _states(sweep: IVSweep, name: str) -> bool:
    # A table of samples keeps the heads that people gave it: "Stack" is the stack.
    return any(setting.name.lower() == name and setting.value is not None for setting in sweep.settings)


def _bounds(table: SwitchingTable) -> Check:
    noisy = sum(flag is Flag.NOISE for flag in table.resistance_hrs_flag)
    limited = sum(flag is Flag.COMPLIANCE for flag in table.resistance_lrs_flag)
    if noisy or limited:
        bounds = table.resistance_hrs / table.resistance_lrs
        finite = bounds[np.isfinite(bounds)]
        ratio = (
            f"; with the bounds the on/off ratio is at least {np.median(finite):.2g}" if finite.size else ""
        )
        words = f"HRS at the noise floor in {noisy}, LRS at the compliance in {limited} of {len(table)} cycles{ratio}"
    else:
        words = "no HRS at the noise floor, no LRS at the compliance"
    return Check(
        code="S2",
        guideline=Guideline.METHODS2019,
        question="Is the on/off ratio a measurement and not a bound?",
        verdict=Verdict.WARN if noisy or limited else Verdict.PASS,
        finding=words,
    )


def _read_voltage(table: SwitchingTable) -> Check:
    ratio = table.on_off_ratio
    both = np.isfinite(ratio)
    question = "Are both states read at one stated voltage, well below those that switch?"
    read = show(table.read_voltage, "V")
    if not both.any():
        verdict, words = Verdict.CANNOT_TELL, f"no cycle has both states at {read} (missing: samples there)"
    else:
        switching = np.abs(np.concatenate([table.v_set, table.v_reset]))
        switching = switching[np.isfinite(switching)]
        smallest = float(np.quantile(switching, 0.05)) if switching.size else float("inf")
        near = table.read_voltage > DISTURB * smallest
        verdict = Verdict.WARN if near else Verdict.PASS
        words = f"both at {read}, interpolated, not the best ratio along the sweep: median ratio "
        words += f"{np.median(ratio[both]):.3g} in {int(both.sum())} of {len(table)} cycles"
        words += f"; 5 % of the switching voltages lie below {show(smallest, 'V')}" if near else ""
    return Check(
        code="S3",
        guideline=Guideline.METHODS2019,
        question=question,
        verdict=verdict,
        finding=words,
    )


def _overshoot(sweeps: Sequence[IVSweep], table: SwitchingTable) -> Check:
    limits = {s.device: s.compliance_current for s in sweeps if s.compliance_current is not None}
    over = 0.0
    for sweep in sweeps:
        limit = limits.get(sweep.device)
        signs = np.sign(table.v_set[[d == sweep.device for d in table.device]])
        if limit is None or not np.isfinite(signs).any():
            continue
        side = float(np.sign(np.nansum(signs)))
        on_side = np.abs(sweep.current[sweep.voltage * side > 0])
        over = max(over, float(on_side.max(initial=0.0)) / limit)
    if not limits:
        verdict, words = Verdict.CANNOT_TELL, "the current limit is unknown (missing: compliance)"
    elif over > 1.05:
        verdict, words = Verdict.WARN, f"the current reaches {over:.2f} times the limit on the SET side"
    else:
        verdict, words = (
            Verdict.PASS,
            f"the current stays below {max(over, 0.01):.2f} times the limit on the SET side",
        )
    return Check(
        code="S4",
        guideline=Guideline.METHODS2019,
        question="Does the current stay within the compliance at SET?",
        verdict=verdict,
        finding=words,
    )


def _absolute(sweeps: Sequence[IVSweep]) -> Check:
    lost = sum(sweep.current_is_absolute for sweep in sweeps)
    return Check(
        code="S4a",
        guideline=Guideline.METHODS2019,
        question="Was the sign of the current kept?",
        verdict=Verdict.WARN if lost else Verdict.PASS,
        finding=f"{lost} of {_count(len(sweeps), 'sweep')} store |I|: rectification and offsets cannot be seen"
        if lost
        else "currents are signed",
    )


def _series_resistance(sweeps: Sequence[IVSweep], table: SwitchingTable) -> Check:
    stated = [find(s.settings, SettingName.SERIES_RESISTANCE).number for s in sweeps]
    ohms = [value for value in stated if value is not None]
    lrs = table.measured("resistance_lrs")
    lrs = lrs[np.isfinite(lrs)]
    if not ohms:
        verdict, words = Verdict.CANNOT_TELL, "(missing: series resistance)"
    elif not lrs.size:
        verdict, words = Verdict.CANNOT_TELL, f"{show(max(ohms), 'ohm')} in series (missing: LRS)"
    else:
        share = max(ohms) / float(np.median(lrs))
        verdict = Verdict.WARN if share > SERIES else Verdict.PASS
        words = f"{show(max(ohms), 'ohm')} in series is {share:.1%} of the median LRS"
    return Check(
        code="S4r",
        guideline=Guideline.METHODS2019,
        question="Is the series resistance below a tenth of the LRS?",
        verdict=verdict,
        finding=words,
    )


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
