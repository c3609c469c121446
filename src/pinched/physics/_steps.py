"""Around one step of the time loop, compiled: the guess before it, what it leaves, currents of the contacts."""

from __future__ import annotations

import numpy as np

from pinched.physics._kernel import inner
from pinched.physics._layout import IS_OHMIC, V_N
from pinched.physics._nodes import contact_fractions, fill_edges

_BALANCE = 1e-12
"""Largest share of a carrier's balance that the rounding of its fluxes may have."""
_TINY = 1e-200
"""Fractions below this are not extrapolated."""


@inner
def voltage_at(t, times, volts, piece):
    """Voltage at t on the piece of the waveform that begins at corner `piece`."""
    t0, t1 = times[piece], times[piece + 1]
    return volts[piece] + (volts[piece + 1] - volts[piece]) * (t - t0) / (t1 - t0)


@inner
def currents(p, u, delta, w, old, drops, dt, mode, out):
    """Currents (charges/m^2/s along x) through the outermost edges into out[0:2], sums of their sizes in [2:4].

    `w` holds the nodes of state u; drops are those of the potential over both edges before the step.
    """
    n = u.shape[1]
    if p.ends[0, IS_OHMIC] + p.ends[1, IS_OHMIC] > 0.0:
        fill_edges(p, u, w)
    for s in range(2):
        i = 0 if s == 0 else n - 1
        e = 0 if s == 0 else n - 2
        side = -1.0 if s == 0 else 1.0
        total, size = 0.0, 0.0
        feq_n, _, feq_p, _ = contact_fractions(p, s, delta[s], mode)
        for c in range(3):
            z = -1.0 if c == 0 else float(c)
            if c < 2 and p.ends[s, IS_OHMIC] == 1.0:
                part = w.flux[c, e]
                total += z * part
                size += abs(part)
                continue
            store = (w.content[c, i] - old[c, i]) / dt
            if c == 0:
                store += (w.content[3, i] - old[3, i]) / dt
            flow = 0.0
            if c < 2:
                speed = p.ends[s, V_N + c]
                eq = feq_n if c == 0 else feq_p
                flow = speed * (u[c + 1, i] - eq)
                size += speed * max(u[c + 1, i], eq)
            total += z * side * (store + flow)
            size += abs(store)
        drop = u[0, e + 1] - u[0, e]
        total -= p.lam[e] * (drop - drops[s]) / dt
        size += p.lam[e] * (abs(drop) + abs(u[0, e])) / dt
        out[s] = total
        out[2 + s] = size


@inner
def hold(p, u, content, dt, pins):
    """Which carriers are held by their global balance, and at which node: the fullest one; -1 for those that are not.

    A carrier is held where its balance, the store and the exchange with the contacts, would be lost in the rounding
    of the largest flux inside. At most two are, those that would lose most.
    """
    n = u.shape[1]
    loss = np.zeros(3)
    for c in range(3):
        most, total, at = 0.0, 0.0, 0
        for i in range(n):
            k = max(p.k[c, max(i - 1, 0)], p.k[c, min(i, n - 2)])
            most = max(most, k * min(u[c + 1, i], 1.0 if c == 2 else u[c + 1, i]))
            total += content[c, i]
            if content[c, i] > content[c, at]:
                at = i
        exchange = p.ends[0, V_N + c] * u[c + 1, 0] + p.ends[1, V_N + c] * u[c + 1, n - 1] if c < 2 else 0.0
        balance = total / dt + exchange
        loss[c] = 2.2e-16 * most / balance if balance > 0.0 else 0.0
        pins[c] = at if loss[c] > _BALANCE else -1
        if c < 2 and p.ends[0, IS_OHMIC] + p.ends[1, IS_OHMIC] > 0.0:
            pins[c] = -1
    if min(pins[0], min(pins[1], pins[2])) >= 0:
        least = 0
        for c in range(3):
            least = c if loss[c] < loss[least] else least
        pins[least] = -1


@inner
def guess_next(u, before, older, delta, delta_before, take, last, last_but_one, out, out_delta):
    """Guess at the state after a step of `take`, from those now, `last` before and `last_but_one` before that.

    A parabola where three states are known, a line where two; densities that change by more than a tenth go by
    powers of their ratio, which never pass zero. Lengths of 0 say that a state is not known.
    """
    ratio = take / last if last > 0.0 else 0.0
    curve = take * (take + last) / (last + last_but_one) if last > 0.0 and last_but_one > 0.0 else 0.0
    by_now = curve / last if curve > 0.0 else 0.0
    by_before = curve / last_but_one if curve > 0.0 else 0.0
    for i in range(u.shape[1]):
        step = u[0, i] - before[0, i]
        out[0, i] = u[0, i] + ratio * step + by_now * step - by_before * (before[0, i] - older[0, i])
    for a in range(1, 4):
        for i in range(u.shape[1]):
            v = u[a, i]
            step = v - before[a, i]
            line = ratio * step
            bend = by_now * step - by_before * (before[a, i] - older[a, i])
            if abs(line) + abs(bend) <= 0.1 * v:
                v += line + bend
            elif v > _TINY and before[a, i] > _TINY:
                v *= np.exp(min(max(ratio * np.log(v / before[a, i]), -4.0), 4.0))
            out[a, i] = v
    for s in range(2):
        out_delta[s] = max(delta[s] + ratio * (delta[s] - delta_before[s]), 0.0)


@inner
def misfit(u, before, ratio, answer):
    """How far a straight continuation of the last step is from the answer: potential in kT/q, vacancies by their
    density or a floor. It is what the next steps are chosen by."""
    n = u.shape[1]
    mean, worst = 0.0, 0.0
    for i in range(n):
        mean += min(answer[3, i], 1.0)
        worst = max(worst, abs(answer[0, i] - u[0, i] - ratio * (u[0, i] - before[0, i])))
    floor = 1e-3 * mean / n + 1e-280
    for i in range(n):
        v, b = u[3, i], before[3, i]
        change = (v - b) / v if v > 0.0 else 0.0
        if abs(change) < 1e-2:
            # (v / b)^ratio to the third order.
            v *= 1.0 + ratio * change * (1.0 + 0.5 * (ratio + 1.0) * change)
        elif v > _TINY and b > _TINY:
            v *= np.exp(min(max(ratio * np.log(v / b), -4.0), 4.0))
        worst = max(worst, abs(answer[3, i] - v) / (min(answer[3, i], 1.0) + floor))
    return worst


@inner
def frame(u, traps, frames, at):
    """Puts a state and the occupation of its traps into frames (frame, node, 6)."""
    for i in range(u.shape[1]):
        for a in range(4):
            frames[at, i, a] = u[a, i]
        frames[at, i, 4] = traps[0, i]
        frames[at, i, 5] = traps[1, i]
