"""What looks wrong in sweeps before anybody uses them: signs, flat tops, held voltages, offsets.

The doubts themselves, and those about columns, are in `suspicions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Bool

from pinched._units import show
from pinched.data.sweep import IVSweep
from pinched.extraction.cycles import split_cycles
from pinched.extraction.limits import compliance_plateau
from pinched.extraction.suspicions import Doubt, Suspicion

_OFFSET = 0.005
"""Share of the largest current that may flow at 0 V."""
_RUN = 5
"""Samples in a row that are more than a doubled end point."""


def sweep_suspicions(sweeps: Sequence[IVSweep]) -> Iterator[Suspicion]:
    """What the `sweeps` of one file show; one suspicion per kind, with how many sweeps it concerns."""
    absolute = [s for s in sweeps if s.current_is_absolute]
    if absolute:
        yield Suspicion(
            Doubt.ABSOLUTE_CURRENT,
            f"the current is never negative although the voltage is{_of(absolute, sweeps)}: |I| was stored. The sign "
            "is put back where it is needed; a current against the voltage cannot be seen any more",
        )
    tops = [top for sweep in sweeps if (top := _clipped(sweep)) is not None]
    if tops:
        yield Suspicion(
            Doubt.CLIPPED_CURRENT,
            f"the current has a flat top at {show(float(np.median(tops)), 'A')}{_of(tops, sweeps)} and no such "
            "compliance is stated: a current limit, a transistor or a full range? Say it (--compliance)",
        )
    held = [hold for sweep in sweeps if (hold := _saturated(sweep)) is not None]
    if held:
        volts, count = held[0]
        yield Suspicion(
            Doubt.SATURATED_VOLTAGE,
            f"the voltage stays at {show(volts, 'V')} for {count} samples{_of(held, sweeps)}: held on purpose, or "
            "the source was at its limit",
        )
    offsets = [offset for sweep in sweeps if (offset := _offset(sweep)) is not None]
    if offsets:
        yield Suspicion(
            Doubt.OFFSET_AT_ZERO,
            f"{show(float(np.median(offsets)), 'A')} flows at 0 V{_of(offsets, sweeps)}: an offset of the "
            "instrument, a capacitive current or a battery effect. Resistances at low voltage are wrong by it",
        )


def _of(some: Sequence[object], sweeps: Sequence[IVSweep]) -> str:
    return "" if len(sweeps) == 1 else f" in {len(some)} of {len(sweeps)} sweeps"


def _clipped(sweep: IVSweep) -> float | None:
    """Current (A) of a flat top that the stated compliance does not explain; None when there is none."""
    for cycle in split_cycles(sweep):
        for excursion in cycle.excursions:
            top = compliance_plateau(excursion)
            stated = sweep.compliance_current
            if top is not None and (stated is None or abs(top - stated) > 0.05 * stated):
                return top
    # A steep curve meets its limit over a small part of the voltage: there equal samples in a row tell.
    size = np.abs(sweep.current)
    top, step = float(size.max()), float(np.median(np.abs(np.diff(sweep.voltage))))
    known = sweep.compliance_current is not None and abs(top - sweep.compliance_current) <= (
        0.05 * sweep.compliance_current
    )
    start, length = _longest_run(size >= 0.9999 * top)
    moved = float(np.ptp(sweep.voltage[start : start + length]))
    return top if not known and top > 0 and length >= _RUN and moved > 0.5 * step else None


def _longest_run(flags: Bool[np.ndarray, " sample"]) -> tuple[int, int]:
    """Start and length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    if starts.size == 0:
        return 0, 0
    k = int(np.argmax(lengths))
    return int(starts[k]), int(lengths[k])


def _saturated(sweep: IVSweep) -> tuple[float, int] | None:
    """Extreme voltage (V) and how many samples in a row stay there; None for a sweep that turns at once."""
    voltage = sweep.voltage
    steps = np.abs(np.diff(voltage))
    if float(np.median(steps)) == 0:
        return None
    for extreme in (float(voltage.max()), float(voltage.min())):
        _, longest = _longest_run(voltage == extreme)
        if longest >= max(_RUN, 0.02 * len(sweep)):
            return extreme, longest
    return None


def _offset(sweep: IVSweep) -> float | None:
    """Current (A) at 0 V where it is more than the instrument's scatter explains; None otherwise."""
    if sweep.current_is_absolute:
        return None
    step = float(np.median(np.abs(np.diff(sweep.voltage))))
    near = np.abs(sweep.voltage) <= 0.25 * step
    current = sweep.current[near]
    largest = float(np.abs(sweep.current).max())
    if current.size == 0 or largest == 0:
        return None
    offset = float(np.median(current))
    return (
        offset
        if abs(offset) > _OFFSET * largest and bool((np.sign(current) == np.sign(offset)).all())
        else None
    )
