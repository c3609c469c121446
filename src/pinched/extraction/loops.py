"""What a loop is worth in one number: width, area, ratio, voltage of the steepest rise; for whole sets of sweeps.

For sets on common samples, as simulations give them; measured sweeps are read by `extract_switching`, which knows
noise, events and compliance.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_GRID = 64
"""Voltages at which the two branches of a polarity are compared."""


def loop_width(
    voltage: Float[np.ndarray, "run time"], current: Float[np.ndarray, "run time"]
) -> Float[np.ndarray, " run"]:
    """Mean distance of the two branches over the largest current (1): the larger of both polarities.

    The branch out leads from the last zero before the extreme voltage to it, the branch back from there to the next
    zero. 0 is a resistor or a diode.
    """
    widths = []
    for volts, amps in zip(voltage, current, strict=True):
        largest = float(np.abs(amps).max())
        if largest == 0.0:
            widths.append(0.0)
            continue
        widths.append(max(_distance(sign * volts, sign * amps) for sign in (1.0, -1.0)) / largest)
    return np.array(widths)


def _distance(volts: Float[np.ndarray, " time"], amps: Float[np.ndarray, " time"]) -> float:
    pair = _branches(volts, amps)
    if pair is None:
        return 0.0
    (v_out, i_out), (v_back, i_back) = pair
    low, high = max(v_out[0], v_back[0]), min(v_out[-1], v_back[-1])
    if high <= low:
        return 0.0
    at = low + (high - low) * (np.arange(_GRID) + 0.5) / _GRID
    return float(np.abs(np.interp(at, v_out, i_out) - np.interp(at, v_back, i_back)).mean())


def _branches(
    volts: Float[np.ndarray, " time"], amps: Float[np.ndarray, " time"]
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]] | None:
    """(voltage, current) of the way to the highest voltage and back from it, voltages rising; None without one."""
    top = int(volts.argmax())
    if volts[top] <= 0:
        return None
    # A hold at the top belongs to the way out until it ends.
    last = top + int(np.argmax(np.append(volts[top:] < volts[top], True))) - 1
    before, after = np.flatnonzero(volts[:top] <= 0), np.flatnonzero(volts[last:] <= 0)
    start = before[-1] + 1 if before.size else 0
    stop = last + after[0] if after.size else volts.size
    out, back = slice(start, top + 1), slice(last, stop)
    if top - start < 1 or stop - last < 2:
        return None
    rising = np.maximum.accumulate(volts[out])
    falling = np.maximum.accumulate(volts[back][::-1])
    return (rising, amps[out]), (falling, amps[back][::-1])


def loop_area(
    voltage: Float[np.ndarray, "run time"], current: Float[np.ndarray, "run time"]
) -> Float[np.ndarray, " run"]:
    """Area inside the loop (V A): the sum over both polarities of the distance of the branches, integrated."""
    areas = []
    for volts, amps in zip(voltage, current, strict=True):
        total = 0.0
        for sign in (1.0, -1.0):
            pair = _branches(sign * volts, sign * amps)
            if pair is not None:
                span = min(pair[0][0][-1], pair[1][0][-1]) - max(pair[0][0][0], pair[1][0][0])
                total += _distance(sign * volts, sign * amps) * max(span, 0.0)
        areas.append(total)
    return np.array(areas)


def on_off_ratio(
    voltage: Float[np.ndarray, "run time"],
    current: Float[np.ndarray, "run time"],
    *,
    share: float = 0.25,
    floor: float = 1e-15,
) -> Float[np.ndarray, " run"]:
    """Larger over smaller current (1) of both branches at `share` of the highest voltage, currents below `floor` (A)
    counted as `floor`: the larger of both polarities."""
    ratios = []
    for volts, amps in zip(voltage, current, strict=True):
        best = 1.0
        for sign in (1.0, -1.0):
            pair = _branches(sign * volts, sign * amps)
            if pair is None:
                continue
            at = share * float((sign * volts).max())
            one, two = (max(abs(float(np.interp(at, v, i))), floor) for v, i in pair)
            best = max(best, one / two, two / one)
        ratios.append(best)
    return np.array(ratios)


def steepest_voltage(
    voltage: Float[np.ndarray, "run time"], current: Float[np.ndarray, "run time"]
) -> Float[np.ndarray, " run"]:
    """Voltage (V) at which the current changes most per volt, on the first branch of the positive polarity; NaN
    without one."""
    found = []
    for volts, amps in zip(voltage, current, strict=True):
        pair = _branches(volts, amps)
        if pair is None or pair[0][0].size < 3:
            found.append(np.nan)
            continue
        v, i = pair[0]
        step = np.diff(v)
        slope = np.abs(np.diff(i)) / np.where(step > 0, step, np.inf)
        k = int(slope.argmax())
        found.append(0.5 * float(v[k] + v[k + 1]))
    return np.array(found)
