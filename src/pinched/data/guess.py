"""What columns hold, from their numbers alone: for files without heads.

A programmed voltage moves in equal steps and turns, time never runs backwards, a sample number counts. Where
that does not decide, `guess_columns` refuses rather than invents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError

_SWING = 0.05
"""Smallest reversal that is a turn, as a share of the span: noise of a meter stays below."""
_HIGHEST = 200.0
"""Volts above which nobody sweeps a device."""
_MOST_CORNERS = 1000
"""Turns above which nothing is a ramp."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """Columns (counted from 0) recognised from the numbers alone, and why."""

    voltage: int
    """Column of the voltage."""
    currents: tuple[int, ...]
    """Columns of the currents, all on that voltage."""
    time: int | None = None
    """Column of the time; None when there is none."""
    reason: str = ""
    """What in the numbers decided, as part of a sentence."""
    sure: bool = True
    """False when the order of the columns decided, or which of them is smoother."""


def _steadiness(values: Float[np.ndarray, " row"]) -> float:
    """Share of steps of the usual size, or as large as the one before: near 1 for a programmed voltage.

    Both sides of 0 V may have steps of their own. A current in the HRS or at the compliance has next to no steps,
    which says nothing; values that stand on levels most of the time do.
    """
    steps = np.abs(np.diff(values))
    span = float(np.ptp(values))
    if span == 0 or steps.size < 2:
        return 1.0
    held = (steps == 0) & ((steps == 0).mean() > 0.5)
    alike = np.abs(np.diff(steps)) <= 0.02 * np.maximum(steps[1:], steps[:-1])
    repeated = float(((alike & (steps[1:] > 0)) | held[1:]).mean())
    usual = float(np.median(steps))
    # A voltage that was read back scatters by what the meter resolves of its whole range.
    near = np.abs(steps - usual) <= max(0.02 * usual, 1e-4 * span)
    return max(repeated, float(near.mean()) if usual > 2e-4 * span else 0.0, _ramps(values / span))


def _ramps(values: Float[np.ndarray, " row"]) -> float:
    """Share of samples on straight lines between the turns of `values` (of span 1), within a hundredth."""
    corners, high, low, rising = [0], 0, 0, 0
    for k in range(1, values.size):
        high, low = (k if values[k] > values[high] else high), (k if values[k] < values[low] else low)
        turned = high if rising >= 0 and values[high] - values[k] > _SWING else low if (
            rising <= 0 and values[k] - values[low] > _SWING
        ) else None  # fmt: skip
        if turned is not None:
            corners.append(turned)
            rising, high, low = (-1 if turned == high else 1), k, k
        if len(corners) > _MOST_CORNERS:
            return 0.0
    corners.append(values.size - 1)
    line = np.interp(np.arange(values.size), corners, values[corners])
    return float((np.abs(values - line) < 0.01).mean())


def _turns(values: Float[np.ndarray, " row"]) -> int:
    """How often `values` changes direction, steps below a thousandth of its span left out."""
    steps = np.diff(values)
    steps = steps[np.abs(steps) > 1e-3 * max(float(np.ptp(values)), 1e-300)]
    return int((np.diff(np.sign(steps)) != 0).sum())


def _never_falls(values: Float[np.ndarray, " row"]) -> bool:
    return bool((np.diff(values) >= 0).all() and values[-1] > values[0])


def _counts(values: Float[np.ndarray, " row"]) -> bool:
    """True for 0, 1, 2, ... or 1, 2, 3, ..."""
    return bool(values[0] in (0, 1) and values.size > 2 and (np.diff(values) == 1).all())


def _roughness(values: Float[np.ndarray, " row"]) -> float:
    """Length of the path over its span: 1 for a ramp, 2 for a loop, large for noise."""
    span = float(np.ptp(values))
    return float(np.abs(np.diff(values)).sum()) / span if span > 0 else np.inf


def guess_columns(numbers: Float[np.ndarray, "row column"]) -> Guess:
    """Voltage, currents and time among columns without heads.

    `numbers` holds finite values only. Raises `PinchedError` with what was found when the numbers are no
    current-voltage trace, or cannot be told from one with certainty.
    """
    width = numbers.shape[1]
    columns = [numbers[:, c] for c in range(width)]
    if width == 1:
        raise PinchedError("one column of numbers; a sweep needs a voltage and a current")
    left = [c for c in range(width) if not _counts(columns[c])]
    counted = [c for c in range(width) if c not in left]
    left = [
        c for k, c in enumerate(left)
        if not any(np.array_equal(np.abs(columns[c]), np.abs(columns[b])) for b in left[:k])
    ]  # fmt: skip
    if len(left) < 2:
        kind = "a sample number" if counted else "the same numbers again"
        raise PinchedError(f"{kind} and one column of values, but no voltage and current beside each other")
    left = _without_echo(_without_ratio(columns, left), columns)
    if len(left) == 2:
        return _two(columns, left[0], left[1])
    first, rest = left[0], left[1:]
    programmed = _steadiness(columns[first]) > 0.9 and _turns(columns[first]) >= 1
    if programmed and all(np.abs(columns[c]).max() < 1 and _steadiness(columns[c]) < 0.9 for c in rest):
        return Guess(voltage=first, currents=tuple(rest), reason="it moves in equal steps and turns")
    if len(left) == 3:
        return _three(columns, left)
    raise PinchedError(f"{width} columns without heads, which cannot be told apart with certainty")


def _without_ratio(columns: list[Float[np.ndarray, " row"]], left: list[int]) -> list[int]:
    """`left` without a column that is the ratio of two others: a resistance or conductance that was computed."""
    for z in left if len(left) > 2 else []:
        for k, x in enumerate(left):
            for y in left[k + 1 :]:
                if z in (x, y) or not np.allclose(columns[x] * columns[y], columns[z], rtol=1e-3, atol=0):
                    continue
                voltage = max((x, y, z), key=lambda c: _steadiness(columns[c]))
                if voltage == z:
                    # I R = V: the resistance is the larger factor.
                    ratio = max((x, y), key=lambda c: float(np.median(np.abs(columns[c]))))
                else:
                    ratio = y if voltage == x else x
                return [c for c in left if c != ratio]
    return left


def _without_echo(left: list[int], columns: list[Float[np.ndarray, " row"]]) -> list[int]:
    """`left` without the measured one of a programmed voltage and the same voltage as it was measured."""
    for x in left if len(left) > 2 else []:
        for y in left:
            span = float(np.ptp(columns[x]))
            if x == y or span == 0 or _steadiness(columns[x]) < 0.9 or _turns(columns[x]) < 1:
                continue
            if float(np.abs(columns[x] - columns[y]).max()) <= 0.01 * span:
                return [c for c in left if c != y]
    return left


def _two(columns: list[Float[np.ndarray, " row"]], a: int, b: int) -> Guess:
    steady = {c: _steadiness(columns[c]) for c in (a, b)}
    turning = {c: _turns(columns[c]) for c in (a, b)}
    for x, y in ((a, b), (b, a)):
        programmed = steady[y] > 0.9 and (turning[y] >= 1 or np.ptp(columns[y]) == 0)
        programmed &= bool(np.abs(columns[y]).max() <= _HIGHEST)
        if _never_falls(columns[x]) and programmed and columns[x][0] >= -1e-9:
            raise PinchedError(
                f"time (column {x + 1} never falls) and a programmed voltage (column {y + 1} moves in equal steps "
                "and turns), but no current"
            )
    if _never_falls(columns[a]) or _never_falls(columns[b]):
        x = a if _never_falls(columns[a]) else b
        y = b if x == a else a
        if not (x == a and _is_half_sweep(columns[x], columns[y])):
            raise PinchedError(
                f"column {x + 1} never falls, as a time does, and one column of values beside it: "
                "no voltage and current that can be told apart"
            )
        return Guess(voltage=x, currents=(y,), reason="it rises in equal steps and the other column with it")
    if abs(steady[a] - steady[b]) > 0.2 and max(steady.values()) > 0.8:
        voltage = a if steady[a] > steady[b] else b
        return Guess(
            voltage=voltage, currents=(b if voltage == a else a,), reason="it moves in equal steps and turns"
        )
    rough = {c: _roughness(columns[c]) for c in (a, b)}
    if rough[b] < 0.6 * rough[a]:
        return Guess(voltage=b, currents=(a,), reason="it is the smoother of the two", sure=False)
    return Guess(voltage=a, currents=(b,), reason="it is the first of the two", sure=False)


def _is_half_sweep(rising: Float[np.ndarray, " row"], other: Float[np.ndarray, " row"]) -> bool:
    """True when `rising` is a source's ramp and `other` a current that starts with it, not a clock and a signal."""
    steps = np.diff(rising)
    size = np.abs(other)
    even = float(np.ptp(steps)) <= 2e-3 * float(np.median(steps)) and np.abs(rising).max() <= 100
    # A clock never starts below zero; a current at 0 V is next to nothing and largest near the end.
    grows = rising[0] < 0 or (size[0] <= 0.05 * size.max() and size[-1] >= 0.5 * size.max())
    return bool(even and grows and size.max() < 1)


def _three(columns: list[Float[np.ndarray, " row"]], left: list[int]) -> Guess:
    times = [c for c in left if _never_falls(columns[c]) and columns[c][0] >= -1e-6]
    if len(times) != 1:
        raise PinchedError(
            "three columns without heads of which "
            + (
                "none can be the time"
                if not times
                else f"columns {' and '.join(str(c + 1) for c in times)} could be"
            )
            + ", so that voltage and current cannot be told apart with certainty"
        )
    a, b = (c for c in left if c != times[0])
    steady = {c: _steadiness(columns[c]) for c in (a, b)}
    if abs(steady[a] - steady[b]) > 0.1:
        voltage, reason = (a if steady[a] > steady[b] else b), "it keeps to equal steps or levels"
    else:
        size = {c: float(np.abs(columns[c]).max()) for c in (a, b)}
        if max(size.values()) < 10 * min(size.values()):
            raise PinchedError("three columns without heads; the time is clear, voltage and current are not")
        voltage, reason = (a if size[a] > size[b] else b), "it is by far the larger of the two"
    return Guess(voltage=voltage, currents=(b if voltage == a else a,), time=times[0], reason=reason)
