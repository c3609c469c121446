"""Checks of variability: devices and cycles apart (V1s), whole curves beside points (V4), correlated cycles (V5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.extraction.series import autocorrelation
from pinched.extraction.table import SwitchingTable
from pinched.extraction.variability import VarianceComponents, curve_variability, variance_components
from pinched.report.checks.record import Check, Guideline, Verdict

QUANTITIES = ("v_set", "v_reset", "resistance_lrs", "resistance_hrs")
"""Columns of the table that statistics are made of."""

SHORTEST = 20
"""Cycles of one device below which an autocorrelation says nothing."""


def check_variability(sweeps: Sequence[IVSweep], table: SwitchingTable) -> list[Check]:
    """V1 (scatter told apart), V4 and V5 for `sweeps` and their `table`."""
    return [_apart(table), _curves(sweeps), _series(table)]


def _apart(table: SwitchingTable) -> Check:
    found: dict[str, VarianceComponents] = {}
    for quantity in QUANTITIES:
        values = np.abs(table.measured(quantity))
        try:
            found[quantity] = variance_components(
                np.log(np.where(values > 0, values, np.nan)), table.device_number
            )
        except PinchedError:
            continue
    if not found:
        verdict, words = Verdict.CANNOT_TELL, "(missing: several devices, of which some have several cycles)"
    else:
        # Cycles of one device repeat what the device says: each is worth less than a device of its own.
        per_device = len(table) / len(table.devices)
        worst = max(found, key=lambda name: found[name].share)
        narrow = np.sqrt(1.0 + (per_device - 1.0) * found[worst].share)
        told = "; ".join(
            f"{name} D2D {one.device_to_device:.2g}, C2C {one.cycle_to_cycle:.2g}"
            for name, one in found.items()
        )
        verdict = Verdict.PASS
        words = (
            f"standard deviations of logarithms: {told}; intervals that count the cycles as devices would be "
        )
        words += f"{narrow:.1f} times too narrow"
    return Check(
        code="V1s",
        guideline=Guideline.METHODS2019,
        question="Is the scatter between devices told apart from that between cycles?",
        verdict=verdict,
        finding=words,
    )


def _curves(sweeps: Sequence[IVSweep]) -> Check:
    try:
        found = curve_variability(list(sweeps))
        verdict = Verdict.PASS
        low, high = found.interval
        words = (
            f"whole curves {found.coefficient:.2f} [{low:.2f}, {high:.2f}] beside {found.pointwise:.2f} by points"
            f", {found.cycles} cycles"
        )
    except PinchedError as error:
        verdict, words = Verdict.CANNOT_TELL, str(error)
    return Check(
        code="V4",
        guideline=Guideline.VARIABILITY2023,
        question="Is the variability of whole curves given beside that of single points?",
        verdict=verdict,
        finding=words,
        our_reading=False,
    )


def _series(table: SwitchingTable) -> Check:
    numbers = table.device_number
    worst, where = 0.0, ""
    tested = 0
    for device, name in enumerate(table.devices):
        for quantity in QUANTITIES:
            values = table.measured(quantity)[numbers == device]
            values = values[np.isfinite(values)]
            if values.size < SHORTEST or np.ptp(values) == 0:
                continue
            tested += 1
            found = autocorrelation(np.log(np.abs(values)))
            if found.value[1] > max(found.band, worst):
                worst, where = float(found.value[1]), f"{quantity} of {name}"
    if not tested:
        verdict, words = Verdict.CANNOT_TELL, f"no device has {SHORTEST} cycles (missing: longer series)"
    elif worst:
        # n / n_eff of a first-order series: (1 + r) / (1 - r); intervals grow with its root.
        narrow = np.sqrt((1 + worst) / max(1 - worst, 1e-3))
        verdict = Verdict.WARN
        words = (
            f"lag-1 {worst:.2f} in {where}: an independent bootstrap would be {narrow:.1f} times too narrow"
        )
    else:
        verdict, words = Verdict.PASS, f"no correlation beyond chance in {tested} series"
    return Check(
        code="V5",
        guideline=Guideline.METHODS2019,
        question="Are successive cycles independent, as a plain bootstrap assumes?",
        verdict=verdict,
        finding=words,
    )
