"""The time loop of one device, compiled: steps with error control, corners, bounds, samples, noise.

Every device takes its own steps. A step ends at each corner of the waveform; what is recorded between is read
from the method's own dense output. Bounds are hard: a variable that meets one stops there, and leaves as soon
as its speed points inward again.

Divisions by zero give infinities here and in the modules beside it (`error_model`): a step that meets one is
refused and shortened like any other that is not finite, where an exception would end the runs of all devices.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.devices._compile import call_law
from pinched.devices._events import kick, played, record, set_row
from pinched.devices._rodas import dense, step, step_one
from pinched.devices._sensitivity import advance, before_edge, between, meet
from pinched.devices._terminal import (
    ANY_LIMIT,
    CLOSURE,
    CURRENT_SOURCE,
    R_SERIES,
    RATE1,
    RESPONSE,
    rates,
    rates_with_slopes,
)

DONE, TOO_MANY_STEPS, NOT_FINITE, NO_SOLUTION = 0, 1, 2, 3
# A variable that meets a bound stops this share of its range before it: exactly at the bound some windows are
# zero, and rounding alone would lock the state there for good.
_HAIR = 1e-12
# A law may jump as close to its bound as 1e-9 of the range (a gap that is closed conducts as metal). How fast a state
# was before it met the bound, and what that depended on, are taken together from this share of the range before it.
_EDGE = 1e-8
ABSOLUTE_SHARE = 1e-3
"""Below this share of its range an error of a state is judged by the range and not by the state itself."""


@njit(cache=True, error_model="numpy")
def _error(x, y, estimate, d2, f, h, rtol, atol, m):
    """Worst error of a step by its tolerance: at its end by the method's estimate, inside by the dense output.

    A stiff transient that a step strides over is no error at the end, but a sample inside would miss it: there the
    dense output starts with another slope than the state has. 4/27 is the largest that a cubic makes of a slope.
    """
    worst = 0.0
    for a in range(m):
        size = atol[a] + rtol * max(abs(x[a]), abs(y[a]))
        inside = 4.0 / 27.0 * abs(y[a] - x[a] + d2[a] - h * f[a])
        share = max(abs(estimate[a]), inside) / size
        if not share <= worst:
            worst = share
    return worst


@njit(cache=True, error_model="numpy")
def _tell(report, status, time, total, x, n):
    report[0], report[1], report[2] = status, time, total
    for k in range(n):
        report[3 + k] = x[k]


@njit(cache=True, nogil=True, error_model="numpy")
def run_device(
    device, parameters, row_of_segment, x0, circuit, code, implicit, sizes,
    corner_time, corner_value, sample_time, sample_value, sample_segment, sample_slot,
    rtol, atol, max_steps, noise_key, current, state, device_voltage, sensitivity, passage, report,
):  # fmt: skip
    """Runs one device; fills current[slot], state[variable, slot], device_voltage[slot], sensitivity[slot, column].

    `sizes` = (state variables, parameters, derived parameters, noise in steps, sensitivity wanted, play law,
    sensitivity to the waveform wanted). `passage` receives, for each piece of the waveform, how the state at its end
    depends on that at its start and on the source's values at both ends.
    `report` receives (status, time, steps, state variables); returned is the number of samples done.
    """
    n, count, derived = sizes[0], sizes[1], sizes[2]
    noisy, graded, play = sizes[3] == 1, sizes[4] == 1, sizes[5] == 1
    lagging = circuit[RESPONSE] > 0.0
    m = n + 1 if lagging else n
    wide = max(m, 1)
    simple = (
        not implicit
        and circuit[R_SERIES] == 0.0
        and circuit[ANY_LIMIT] == 0.0
        and circuit[CURRENT_SOURCE] == 0.0
    )
    fast = simple and not graded
    quick = simple and m == 1
    x, y, f, raw, raw1 = np.zeros(wide), np.zeros(wide), np.zeros(wide), np.zeros(wide), np.zeros(wide)
    z, reached = np.zeros(wide), np.zeros(wide)
    jacobian, jacobian1 = np.zeros((wide, wide)), np.zeros((wide, wide))
    f_v, f_v1, f_t = np.zeros(wide), np.zeros(wide), np.zeros(wide)
    low, high, width = np.full(wide, -np.inf), np.full(wide, np.inf), np.ones(wide)
    frozen = np.zeros(wide, np.bool_)
    i_x, u_x = np.zeros(wide), np.zeros(wide)
    work = np.zeros((10, wide))
    before = np.zeros(wide)
    out = np.zeros(max(2 * n + n * n + n, n + 3, derived, 2 * n * (1 + count), 4))
    bound_out = np.zeros(max(2 * n * (1 + count), 1))
    p = np.zeros(max(count + derived, 1))
    guess = np.zeros(2)
    # Of the waveform's corners only those two count that bound the present piece, and the state at its start.
    traced = sizes[6] == 1
    columns = count + 1 + n + (m + 2 if traced else 0)
    s = np.zeros((wide, columns)) if graded else np.zeros((1, 1))
    s_old, s_at = np.zeros_like(s), np.zeros_like(s)
    s_stages = np.zeros((3, *s.shape))
    for k in range(n):
        x[k] = x0[k]
        if graded:
            s[k, count + 1 + k] = 1.0
    if lagging:
        x[n] = corner_value[0]
    row, slot, total = -1, 0, 0
    samples = sample_time.size
    h_before, v_before = 0.0, np.nan
    for segment in range(corner_time.size - 1):
        start, length = corner_time[segment], corner_time[segment + 1] - corner_time[segment]
        if length <= 0.0:
            continue
        if traced:
            for a in range(m):
                for q in range(count + 1 + n, columns):
                    s[a, q] = 1.0 if q == count + 1 + n + a else 0.0
        v0 = corner_value[segment]
        slope = (corner_value[segment + 1] - v0) / length
        fresh = v0 != v_before
        if row_of_segment[segment] != row:
            row = row_of_segment[segment]
            set_row(
                row, parameters, p, count, x, code, out, low, high, n, bound_out, width, rtol * ABSOLUTE_SHARE, atol
            )  # fmt: skip
            for k in range(n):
                x[k] = min(max(x[k], low[k]), high[k])
            fresh = True
        if play:
            while slot < samples and sample_segment[slot] == segment:
                played(x, sample_value[slot], p, circuit, code, implicit, n, out, guess, low, high)
                record(
                    slot, sample_slot, sample_value, x, s, p, circuit, code, implicit, n, m, count, out, guess,
                    i_x, u_x, False, False, 0.0, current, state, device_voltage, sensitivity,
                )  # fmt: skip
                slot += 1
            played(x, corner_value[segment + 1], p, circuit, code, implicit, n, out, guess, low, high)
            total += 1
            continue
        tau = 0.0
        if noisy:
            # What is read where a piece starts is read before its noise.
            while slot < samples and sample_segment[slot] == segment and sample_time[slot] <= start:
                record(
                    slot, sample_slot, sample_value, x, s, p, circuit, code, implicit, n, m, count, out, guess,
                    i_x, u_x, lagging, graded, 0.0, current, state, device_voltage, sensitivity,
                )  # fmt: skip
                slot += 1
            kick(
                x, v0, 0.5 * length, 2 * segment, device, noise_key, low, high, p, circuit, code, implicit, n,
                lagging, out, guess,
            )  # fmt: skip
        rates_with_slopes(x, v0, p, circuit, code, implicit, n, out, guess, raw, jacobian, f_v, i_x, u_x)
        h = length if fresh or h_before <= 0.0 else min(length, h_before)
        steps = 0
        forced_end = False
        first = True
        while tau < length or first:
            for a in range(m):
                hair = _HAIR * width[a]
                frozen[a] = (x[a] >= high[a] - 2.0 * hair and raw[a] > 0.0) or (
                    x[a] <= low[a] + 2.0 * hair and raw[a] < 0.0
                )
                f[a] = 0.0 if frozen[a] else raw[a]
                f_t[a] = 0.0 if frozen[a] else f_v[a] * slope
                if frozen[a]:
                    for b in range(m):
                        jacobian[a, b] = 0.0
            if first:
                first = False
                while slot < samples and sample_segment[slot] == segment and sample_time[slot] <= start:
                    record(
                        slot, sample_slot, sample_value, x, s, p, circuit, code, implicit, n, m, count, out, guess,
                        i_x, u_x, lagging, graded, 0.0, current, state, device_voltage, sensitivity,
                    )  # fmt: skip
                    slot += 1
            if graded:
                # A variable that is held depends on what its bound depends on, however it got there.
                for a in range(n):
                    if frozen[a]:
                        which = 2 * a + (1 if raw[a] > 0.0 else 0)
                        for q in range(columns):
                            s[a, q] = bound_out[2 * n + which * count + q] if q < count else 0.0
            steps += 1
            if steps > max_steps:
                _tell(report, TOO_MANY_STEPS, start + tau, total, x, n)
                return slot
            if tau + h >= length * (1.0 - 1e-14):
                h = length - tau
            v = v0 + slope * tau
            if quick:
                good = True
                if frozen[0]:
                    y[0], work[5, 0], work[8, 0], work[9, 0] = x[0], 0.0, 0.0, 0.0
                else:
                    y[0], work[5, 0], work[8, 0], work[9, 0] = step_one(
                        x[0], f[0], jacobian[0, 0], f_t[0], h, v, slope, low[0], high[0], p, code, z, out
                    )
            else:
                good = m == 0 or step(
                    x, f, jacobian, f_t, h, v, slope, low, high, frozen, p, circuit, code, implicit, n, m, out, guess,
                    work, y, simple,
                )  # fmt: skip
            worst = _error(x, y, work[5], work[8], f, h, rtol, atol, m) if good else np.inf
            if not np.isfinite(worst):
                if h < 1e-250:
                    _tell(report, NOT_FINITE, start + tau, total, x, n)
                    return slot
                h *= 0.1
                continue
            if worst > 1.0:
                h *= max(0.1, 0.9 * worst**-0.25)
                continue
            grow = 6.0 if worst < 1e-4 else min(6.0, 0.9 * worst**-0.25)
            full = h
            for a in range(m):
                reached[a] = y[a]
            # Where does a variable meet a bound? There the step ends.
            share, hit, hit_high = 1.0, -1, False
            for a in range(m):
                if frozen[a]:
                    y[a] = x[a]
                    continue
                hair = _HAIR * width[a]
                if y[a] > high[a] - 0.5 * hair or y[a] < low[a] + 0.5 * hair:
                    up = y[a] > high[a] - 0.5 * hair
                    if x[a] == y[a]:
                        continue
                    edge = high[a] - hair if up else low[a] + hair
                    meets = (edge - x[a]) / (y[a] - x[a])
                    if meets < share:
                        share, hit, hit_high = max(meets, 0.0), a, up
            if hit >= 0:
                # A straight line would miss the time of the meeting; a shorter step finds it.
                if share * abs(y[hit] - x[hit]) > 1e-9 * width[hit] and abs(
                    y[hit] - (high[hit] if hit_high else low[hit])
                ) > max(atol[hit], rtol * width[hit]):
                    h *= min(max(share, 0.1), 0.99)
                    continue
                h *= max(share, 1e-3)
                for a in range(m):
                    if not frozen[a]:
                        y[a] = dense(x[a], reached[a], work[8, a], work[9, a], h / full)
                edge_hair = _HAIR * width[hit]
                y[hit] = high[hit] - edge_hair if hit_high else low[hit] + edge_hair
            if quick:
                call_law(code[RATE1], y, v + slope * h, 0.0, p, out)
                raw1[0], jacobian1[0, 0], f_v1[0] = out[0], out[1], out[2]
            else:
                rates_with_slopes(
                    y,
                    v + slope * h,
                    p,
                    circuit,
                    code,
                    implicit,
                    n,
                    out,
                    guess,
                    raw1,
                    jacobian1,
                    f_v1,
                    i_x,
                    u_x,
                )
            if not forced_end:
                turned = -1
                for a in range(m):
                    if frozen[a] and raw[a] * raw1[a] < 0.0:
                        turned = a
                if turned >= 0 and h > 1e-9 * length:
                    # A held variable was released within the step: end the step where its speed changes sign.
                    inside, outside = 0.0, 1.0
                    for _ in range(40):
                        middle = 0.5 * (inside + outside)
                        for a in range(m):
                            z[a] = x[a] + middle * (y[a] - x[a])
                        rates_with_slopes(
                            z, v + slope * h * middle, p, circuit, code, implicit, n, out, guess,
                            raw1, jacobian1, f_v1, i_x, u_x,
                        )  # fmt: skip
                        if raw[turned] * raw1[turned] < 0.0:
                            outside = middle
                        else:
                            inside = middle
                    h *= outside
                    forced_end = True
                    continue
            forced_end = False
            graded_h = h
            if graded:
                s_old[:] = s
                rough = 0.0
                met, met_high = hit, hit_high
                for a in range(n):
                    # Shortened steps that look for the bound may end where the variable is held, without passing it.
                    reach = 2.0 * _HAIR * width[a]
                    if met < 0 and not frozen[a] and x[a] != y[a]:
                        if y[a] > x[a] and y[a] >= high[a] - reach:
                            met, met_high = a, True
                        elif y[a] < x[a] and y[a] <= low[a] + reach:
                            met, met_high = a, False
                if 0 <= met < n:
                    graded_h = before_edge(
                        x[met], reached[met], work[8, met], work[9, met], h, full,
                        (high[met] - _EDGE * width[met]) if met_high else (low[met] + _EDGE * width[met]),
                    )  # fmt: skip
                if m > 0:
                    rough = advance(
                        s, x, reached, work[8], work[9], full, graded_h, tau, length, v, slope, frozen, p, circuit,
                        code, implicit, n, m, count, out, guess, atol, rtol, s_stages,
                    )  # fmt: skip
                if rough < 0.0:
                    _tell(report, NO_SOLUTION, start + tau, total, x, n)
                    return slot
                # As the state's error goes with the fourth power of the step, this goes with the third.
                if rough > rtol**0.75 and h > 1e-10 * length:
                    s[:] = s_old
                    h *= 0.25
                    continue
                if 0 <= met < n:
                    # Just before the bound, to see whether another variable's speed jumps with the meeting.
                    for a in range(m):
                        z[a] = dense(x[a], reached[a], work[8, a], work[9, a], graded_h / full)
                    if graded_h == h:
                        z[met] = y[met] + (-_EDGE if met_high else _EDGE) * width[met]
                    rates(z, v + slope * graded_h, p, circuit, code, implicit, n, out, guess, before)
                    meet(
                        s, met, 2 * met + (1 if met_high else 0), before, raw1, bound_out, frozen, n, m, count
                    )
            end = start + tau + h
            last = tau + h >= length * (1.0 - 1e-14)
            while (
                fast
                and not noisy
                and slot < samples
                and sample_segment[slot] == segment
                and (sample_time[slot] <= end or last)
            ):
                # The same as below without calls: this loop is where a million devices spend their time.
                part = min(max((sample_time[slot] - start - tau) / full, 0.0), h / full)
                for a in range(m):
                    z[a] = dense(x[a], reached[a], work[8, a], work[9, a], part)
                    z[a] = min(max(z[a], low[a]), high[a])
                k = sample_slot[slot]
                if k >= 0:
                    call_law(code[CLOSURE], z, sample_value[slot], 0.0, p, out)
                    current[k] = out[0]
                    for a in range(n):
                        state[a, k] = z[a]
                slot += 1
            while (
                slot < samples
                and sample_segment[slot] == segment
                and (sample_time[slot] <= end or last)
                # What is read at the end of a noisy piece is read after its noise.
                and not (noisy and sample_time[slot] >= corner_time[segment + 1])
            ):
                part = min(max((sample_time[slot] - start - tau) / full, 0.0), h / full)
                for a in range(m):
                    z[a] = dense(x[a], reached[a], work[8, a], work[9, a], part)
                    z[a] = min(max(z[a], low[a]), high[a])
                if graded:
                    between(s_old, s_stages, min(part * full / graded_h, 1.0), s_at)
                record(
                    slot, sample_slot, sample_value, z, s_at, p, circuit, code, implicit, n, m, count, out, guess,
                    i_x, u_x, lagging, graded, (tau + part * full) / length, current, state, device_voltage,
                    sensitivity,
                )  # fmt: skip
                slot += 1
            tau = length if last else tau + h
            total += 1
            for a in range(m):
                x[a], raw[a], f_v[a] = y[a], raw1[a], f_v1[a]
                for b in range(m):
                    jacobian[a, b] = jacobian1[a, b]
            h *= grow if hit < 0 else 1.0
            h_before = h
        v_before = corner_value[segment + 1]
        if traced:
            for a in range(m):
                for q in range(m + 2):
                    passage[segment, a, q] = s[a, count + 1 + n + q]
        if noisy:
            kick(
                x, v_before, 0.5 * length, 2 * segment + 1, device, noise_key, low, high, p, circuit, code, implicit,
                n, lagging, out, guess,
            )  # fmt: skip
            while slot < samples and sample_segment[slot] == segment:
                record(
                    slot, sample_slot, sample_value, x, s, p, circuit, code, implicit, n, m, count, out, guess,
                    i_x, u_x, lagging, graded, 1.0, current, state, device_voltage, sensitivity,
                )  # fmt: skip
                slot += 1
    _tell(report, DONE, corner_time[-1], total, x, n)
    return slot


@njit(cache=True, nogil=True, error_model="numpy")
def run_devices(
    first, last, parameters, row_of_segment, x0, circuit, code, implicit, sizes,
    corner_time, corner_value, sample_time, sample_value, sample_segment, sample_slot,
    rtol, atol, max_steps, noise_key, current, state, device_voltage, sensitivity, passage, report, slots,
):  # fmt: skip
    """`run_device` for devices first .. last - 1; arrays carry the device as their first axis."""
    for d in range(first, last):
        slots[d] = run_device(
            d, parameters[d], row_of_segment, x0[d], circuit[d], code, implicit, sizes,
            corner_time, corner_value, sample_time, sample_value, sample_segment, sample_slot,
            rtol, atol[d], max_steps, noise_key, current[d], state[d], device_voltage[d],
            sensitivity[d if sizes[4] == 1 else 0], passage[d if sizes[6] == 1 else 0], report[d],
        )  # fmt: skip
