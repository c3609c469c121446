r"""Where a device switches on one excursion: the robust rule.

Compared are the way out and the way back at the same voltage, $r = \ln(I_\mathrm{out} / I_\mathrm{back})$:
before SET the way out is the HRS and the way back the LRS ($r \ll 0$), behind it both are the LRS
($r \approx 0$); around a RESET it is the other way round. SET is the sample at which the current
passes half of the current on the way back, found as the change point with the least total
misclassification, so that a false start that falls back does not count. RESET is the peak of |I| before
the change point. Both use only the curve itself: no threshold current, no smoothing length.

The rule of paper marraccini2025fast (extremes of dI/dV) is `derivative_extreme`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from jaxtyping import Bool, Float

from pinched.extraction.cycles import Branch, Excursion
from pinched.extraction.limits import noise_floor
from pinched.extraction.table import Flag

CONTRAST = np.log(1.5)
"""Smallest ratio of the two states that is called switching."""

HALF = np.log(2.0)
"""SET is passed at half of the current of the way back."""

STEP = 1.0 / 3.0
"""A SET is abrupt when a few samples carry the current over this share of the LRS current."""

FALL = 0.8
"""A RESET peak counts when the current falls below this share of it."""

NEIGHBOURS = 3
"""Samples on each side over which a jump is judged abrupt."""

FELL_BACK = 3.0
"""Votes of a sample below half, where one above it has one: a false start falls back to the HRS and is common, a
device that was SET does not go back to its HRS while the voltage rises on; what looks so is a glitch."""


class Change(Enum):
    """What an excursion did to the state."""

    SET = auto()
    RESET = auto()
    NOTHING = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """The change of state on one excursion."""

    change: Change
    voltage: float
    """Signed switching voltage (V); NaN where the flag says why."""
    flag: Flag
    weight: float
    """Size of the hysteresis (V, area of |r| over voltage): which of several events is the main one."""
    step: float = 0.0
    """Width (V) of the voltage step in which it happened; 0 where the value is not the edge of a step."""
    confidence: float = float("nan")
    """0 to 1: how much better the samples agree with this change point than with no change at all."""
    v_hold: float = float("nan")
    """Signed voltage (V) below which a volatile device falls back on the way to 0 V; NaN when it does not."""


NO_EVENT = Event(change=Change.NOTHING, voltage=float("nan"), flag=Flag.NONE, weight=0.0)


def find_event(excursion: Excursion, limit: float | None) -> Event:
    """The SET or RESET on `excursion`; `limit` is the compliance current (A) or None."""
    out, back = excursion.outgoing, excursion.returning
    if out is None or out.voltage.size < 5:
        return NO_EVENT
    if back is None or back.voltage.size < 5:
        return _single_branch(excursion.sign, out)
    at_back = back.current_at(out.voltage)
    # A billionth of the peak is below what any instrument resolves in one sweep.
    floor = max(noise_floor(excursion), 1e-9 * float(max(out.current.max(), back.current.max())), 1e-300)
    # Both below the floor: the two ways cannot be told apart there.
    valid = np.isfinite(at_back) & ~((out.current <= 3 * floor) & (at_back <= 3 * floor)) & (out.voltage > 0)
    if valid.sum() < 5:
        return NO_EVENT
    u, i = out.voltage[valid], out.current[valid]
    r = np.log(np.maximum(i, floor)) - np.log(np.maximum(at_back[valid], floor))
    area = float(np.trapezoid(r, u))
    scatter = 1.4826 * float(np.median(np.abs(np.diff(r) - np.median(np.diff(r))))) / np.sqrt(2)
    collapse = _snap_back(excursion.sign, out, back, abs(area))
    if collapse is not None:
        return collapse
    # The state may differ over a small part of the branch only; its strongest twentieth must stand clear of
    # the scatter, which reaches two of its widths in one sample of twenty by chance.
    strength = np.sort(-r if area < 0 else r)[-max(r.size // 20, 4) :]
    if float(np.median(strength)) < max(CONTRAST, 4.0 * scatter):
        return NO_EVENT
    if area < 0:
        return _set_event(excursion.sign, u, i, r, abs(area), limit, scatter)
    return _reset_event(excursion.sign, u, i, r, area, limit)


def _snap_back(sign: int, out: Branch, back: Branch, weight: float) -> Event | None:
    """SET where the source holds the current and the measured voltage collapses while the current rises; else None.

    No sample of the way out shows the LRS then. The cell switched within one step above the last voltage on it.
    """
    step = float(np.median(np.abs(np.diff(out.voltage))))
    fallen = back.voltage[0] - back.voltage[1 : 1 + NEIGHBOURS] > max(
        5.0 * step, 0.05 * float(back.voltage[0])
    )
    risen = back.current[1 : 1 + NEIGHBOURS] > np.exp(CONTRAST) * back.current[0]
    if not (fallen & risen).any():
        return None
    return Event(
        change=Change.SET,
        voltage=sign * (float(out.voltage[-1]) + step),
        flag=Flag.ABRUPT,
        weight=weight,
        step=step,
        confidence=1.0,
    )


def _change_point(after: Float[np.ndarray, " sample"]) -> tuple[int, float]:
    # `after` > 0 speaks for "already changed". Clipping gives every sample one vote of bounded size. The
    # confidence compares the votes against the best point with those against "never" or "always".
    before_wrong = np.concatenate([[0.0], np.cumsum(np.maximum(after, 0.0))])
    after_wrong = np.concatenate([np.cumsum(np.maximum(-after, 0.0)[::-1])[::-1], [0.0]])
    cost = before_wrong + after_wrong
    k = int(np.argmin(cost))
    without = float(min(cost[0], cost[-1]))
    return k, 1.0 - float(cost[k]) / without if without > 0 else 0.0


def _set_event(
    sign: int,
    u: Float[np.ndarray, " sample"],
    i: Float[np.ndarray, " sample"],
    r: Float[np.ndarray, " sample"],
    weight: float,
    limit: float | None,
    scatter: float,
) -> Event:
    votes = np.clip(r + HALF, -HALF, HALF)
    k, confidence = _change_point(np.where(votes < 0, FELL_BACK * votes, votes))
    gradual = Event(change=Change.SET, voltage=float("nan"), flag=Flag.GRADUAL, weight=weight)
    if k >= r.size or k == 0:
        # Never above half, or never below: the loop is open but no sample marks the way from one to the other.
        return gradual
    before = r[max(k - 1 - NEIGHBOURS, 0) : max(k - 1, 1)]
    after = r[k + 1 : k + 1 + NEIGHBOURS] if k + 1 < r.size else r[k:]
    # A false start may fill the samples before; the last one below half is none.
    low = float(np.exp(min(np.median(before), r[k - 1])))
    high = float(np.exp(np.median(after)))
    # A jump carries the current over a good part of the LRS current at once, and by a clear factor.
    share = np.exp(r[max(k - NEIGHBOURS, 0) : k + NEIGHBOURS])
    # And one step of it is the jump; a smooth rise, coarsely sampled, spreads over all of them.
    single = float(np.diff(share).max(initial=0.0))
    noise = 3.0 * scatter * np.exp(min(float(np.median(after)), 0.0))
    if high - low < STEP or high < np.exp(CONTRAST) * low or single < max(0.4 * (high - low), noise):
        return gradual
    hidden = limit is not None and bool(np.median(i[max(k - NEIGHBOURS, 0) : k]) >= 0.98 * limit)
    return Event(
        change=Change.SET,
        voltage=sign * float(u[k]),
        flag=Flag.COMPLIANCE if hidden else Flag.ABRUPT,
        weight=weight,
        step=float(u[k] - u[k - 1]),
        confidence=confidence,
        v_hold=sign * _hold_voltage(u, r, k),
    )


def _hold_voltage(u: Float[np.ndarray, " sample"], r: Float[np.ndarray, " sample"], k: int) -> float:
    # A volatile device is back in its HRS before 0 V: at low voltage both ways agree, then they part at once.
    low, _ = _change_point(np.clip(-r[:k] - HALF, -HALF, HALF))
    if low < NEIGHBOURS or low >= k:
        return float("nan")
    together = np.median(np.abs(r[:low])) < CONTRAST / 2
    apart = np.median(r[low : min(low + NEIGHBOURS, k)]) < -2.0 * CONTRAST
    return float(u[low]) if together and apart else float("nan")


def _reset_event(
    sign: int,
    u: Float[np.ndarray, " sample"],
    i: Float[np.ndarray, " sample"],
    r: Float[np.ndarray, " sample"],
    weight: float,
    limit: float | None,
) -> Event:
    k, confidence = _change_point(np.clip(CONTRAST - r, -CONTRAST, CONTRAST))
    peak, scatter = _knee(u, i, k)
    tail = i[peak : min(k + NEIGHBOURS, i.size)]
    lowest = float(tail.min())
    if lowest > FALL * i[peak]:
        gradual = Event(change=Change.RESET, voltage=float("nan"), flag=Flag.GRADUAL, weight=weight)
        return dataclasses.replace(gradual, confidence=confidence)
    logs = np.log(np.maximum(tail, 1e-300))
    drop = int(np.argmax(logs[:-1] - logs[1:]))
    steepest = float(logs[drop] - logs[drop + 1])
    # The steepest of many steps of noise alone reaches four of its widths.
    abrupt = steepest >= max(CONTRAST, 0.5 * float(logs[0] - logs.min()), 6.0 * scatter)
    # On a top that is flat within its noise the last sample before the fall is no chance.
    sharp = abrupt and bool(logs[drop] >= logs[0] - 4.0 * scatter)
    if sharp:
        peak += drop
    flag = Flag.ABRUPT if abrupt else Flag.GRADUAL
    if limit is not None and i[peak] >= 0.98 * limit:
        at_limit = np.flatnonzero(i[: k + 1] >= 0.98 * limit)
        if at_limit.size >= NEIGHBOURS:
            # The source held the current: the device let go somewhere below the end of the plateau.
            return Event(
                change=Change.RESET,
                voltage=sign * float(u[at_limit[-1]]),
                flag=Flag.COMPLIANCE,
                weight=weight,
            )
    return Event(
        change=Change.RESET,
        voltage=sign * float(u[peak]),
        flag=flag,
        weight=weight,
        # The peak of a rounded knee is the value itself; before a sharp fall the step behind it hides the rest.
        step=float(u[peak + 1] - u[peak]) if sharp and peak + 1 < u.size else 0.0,
        confidence=confidence,
    )


def _knee(u: Float[np.ndarray, " sample"], i: Float[np.ndarray, " sample"], k: int) -> tuple[int, float]:
    """Sample before `k` at which the current turns from rising to falling, and the scatter of ln I before it.

    On a top that is flat within its noise the largest sample is chance: there the knee is where two straight
    lines that meet fit best.
    """
    peak = int(np.argmax(i[: max(k, 1)]))
    rising = np.diff(np.log(np.maximum(i[: peak + 1], 1e-300)), 2)
    scatter = 1.4826 * float(np.median(np.abs(rising))) / np.sqrt(6.0) if rising.size else 0.0
    # The largest of several lies two widths too high, the lowest that may be the knee two too low.
    near = np.flatnonzero(i[: max(k, 1)] >= i[peak] * np.exp(-4.0 * scatter))
    first, last = int(near[0]), int(near[-1])
    room = max(NEIGHBOURS, last - first)
    window = slice(max(first - room, 0), min(last + room, k + NEIGHBOURS, i.size))
    if last - first < 2 or window.stop - window.start < 2 * NEIGHBOURS:
        return peak, scatter
    # Tries are spread where there are many: a top of hundreds of samples is not known to one of them.
    tries = np.unique(np.linspace(first, last, min(last - first + 1, 60)).astype(np.int64))
    away = u[window] - u[tries][:, None]
    design = np.stack([np.ones_like(away), np.minimum(away, 0.0), np.maximum(away, 0.0)], axis=2)
    y = i[window] / i[peak]
    normal = np.einsum("tsa,tsb->tab", design, design) + 1e-12 * np.eye(3)
    line = np.linalg.solve(normal, np.einsum("tsa,s->ta", design, y)[:, :, None])[:, :, 0]
    miss = ((y - np.einsum("tsa,ta->ts", design, line)) ** 2).sum(axis=1)
    # Rising before, falling behind.
    miss = np.where((line[:, 1] > 0) & (line[:, 2] < 0), miss, np.inf)
    return (int(tries[np.argmin(miss)]) if np.isfinite(miss).any() else peak), scatter


def _single_branch(sign: int, out: Branch) -> Event:
    # Without a way back only a jump of the conductance itself can be seen.
    keep = (out.voltage > 0.02 * out.voltage.max()) & (out.current > 0)
    u, i = out.voltage[keep], out.current[keep]
    if u.size < 4 * NEIGHBOURS:
        return NO_EVENT
    g = np.log(i / u)
    centre = np.arange(NEIGHBOURS, u.size - NEIGHBOURS)
    windows = np.lib.stride_tricks.sliding_window_view(g, NEIGHBOURS)
    level = np.median(windows, axis=1)
    jump = level[centre] - level[centre - NEIGHBOURS]
    k = int(np.argmax(np.abs(jump)))
    scatter = 1.4826 * float(np.median(np.abs(jump - np.median(jump))))
    if abs(jump[k]) < max(np.log(3.0), 8.0 * scatter):
        return NO_EVENT
    at = int(centre[k])
    # The steepest single step inside the window is the jump itself.
    steps = np.diff(g[at - NEIGHBOURS : at + NEIGHBOURS]) * np.sign(jump[k])
    at = at - NEIGHBOURS + int(np.argmax(steps)) + 1
    change = Change.SET if jump[k] > 0 else Change.RESET
    where = u[at] if change is Change.SET else u[at - 1]
    return Event(
        change=change,
        voltage=sign * float(where),
        flag=Flag.ABRUPT,
        weight=float(abs(jump[k]) * u[at]),
        step=float(u[at] - u[at - 1]),
    )


def derivative_extreme(sign: int, branch: Branch, *, largest: bool) -> float:
    """Voltage (V, signed) of the largest or smallest dI/dV of `branch` (marraccini2025fast); NaN without steps.

    The derivative belongs to the middle of two samples; the sample behind the step is reported, where the
    new state is first seen (RESET: the last sample of the old one), as a reader of the curve would.
    """
    dv = np.diff(branch.voltage)
    ok: Bool[np.ndarray, " step"] = dv > 1e-6 * branch.voltage.max()
    if not ok.any():
        return float("nan")
    # Magnitudes: sign * I over sign * V has the same slope as I over V.
    slope = np.where(ok, np.diff(branch.current) / np.where(ok, dv, 1.0), -np.inf if largest else np.inf)
    k = int(np.argmax(slope)) + 1 if largest else int(np.argmin(slope))
    return sign * float(branch.voltage[k])
