"""What happens to a device between two steps, compiled: noise, a play law's move, new parameters, a sample.

The steps themselves are taken in `_loop`; arrays are those of `_terminal`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched._random import _philox
from pinched.devices._compile import call_law
from pinched.devices._sensitivity import of_terminal
from pinched.devices._terminal import (
    ANY_LIMIT,
    BOUNDS,
    CURRENT_SOURCE,
    NOISE,
    PROLOGUE,
    R_SERIES,
    RATE,
    solve,
)


@njit(cache=True, error_model="numpy")
def _normal(k0, k1, segment, component, device):
    words = _philox(
        np.uint64(segment),
        np.uint64(component),
        np.uint64(device) & np.uint64(0xFFFFFFFF),
        np.uint64(0),
        k0,
        k1,
    )
    scale = 1.0 / 4294967296.0
    radius = np.sqrt(-2.0 * np.log((float(words[0]) + 0.5) * scale))
    return radius * np.cos(2.0 * np.pi * (float(words[1]) + 0.5) * scale)


@njit(cache=True, error_model="numpy")
def kick(
    x, v, time, number, device, noise_key, low, high, p, circuit, code, implicit, n, lagging, out, guess
):  # fmt: skip
    """Adds the noise of `time` (s) at source value v: half of a piece's before it and half after it.

    Halves on both sides of the drift make what is read right to second order in the length of the pieces.
    """
    u, i, _ = solve(x, x[n] if lagging else v, p, circuit, code, implicit, n, out, guess, not lagging)
    call_law(code[NOISE], x, u, i, p, out)
    for a in range(n):
        moved = x[a] + out[a] * np.sqrt(time) * _normal(noise_key[0], noise_key[1], number, a, device)
        # A wall throws back what runs against it; what would reach the other wall too is held.
        if moved > high[a]:
            moved = 2.0 * high[a] - moved
        elif moved < low[a]:
            moved = 2.0 * low[a] - moved
        x[a] = min(max(moved, low[a]), high[a])


@njit(cache=True, error_model="numpy")
def set_row(row, parameters, p, count, x, code, out, low, high, n, bound_out, width, rtol_share, atol):
    """Parameters and bounds of `row`; `width` is what a share of a variable's range is taken of.

    Where a bound is infinite that is the variable's own scale, from which `atol` was made as its `rtol_share`.
    """
    for k in range(count):
        p[k] = parameters[row, k]
    call_law(code[PROLOGUE], x, 0.0, 0.0, p, out)
    for k in range(p.size - count):
        p[count + k] = out[k]
    call_law(code[BOUNDS], x, 0.0, 0.0, p, bound_out)
    for k in range(n):
        low[k], high[k] = bound_out[2 * k], bound_out[2 * k + 1]
        width[k] = high[k] - low[k] if np.isfinite(high[k] - low[k]) else atol[k] / rtol_share


@njit(cache=True, error_model="numpy")
def played(x, v, p, circuit, code, implicit, n, out, guess, low, high):
    """Moves the state of a play law into its limits at source value v; behind a resistance both are sought."""
    before = x[0]
    below, above = low[0], high[0]
    for _ in range(200):
        u, _i, _m = solve(x, v, p, circuit, code, implicit, n, out, guess, True)
        call_law(code[RATE], x, u, 0.0, p, out)
        # The limits' order decides a state between them: first raised to the lower, then held below the upper.
        wanted = min(max(min(out[1], max(before, out[0])), low[0]), high[0])
        if abs(wanted - x[0]) <= 1e-14 * (high[0] - low[0]):
            x[0] = wanted
            return
        if circuit[R_SERIES] == 0.0 and circuit[ANY_LIMIT] == 0.0 and circuit[CURRENT_SOURCE] == 0.0:
            x[0] = wanted
            return
        # A state that rises takes voltage from the device: the answer lies between where it is and what it wants.
        if wanted > x[0]:
            below = x[0]
        else:
            above = x[0]
        x[0] = 0.5 * (below + above) if below > low[0] or above < high[0] else wanted
    return


@njit(cache=True, error_model="numpy")
def record(
    slot, sample_slot, sample_value, x, s, p, circuit, code, implicit, n, m, count, out, guess,
    i_x, u_x, lagging, graded, part, current, state, device_voltage, sensitivity,
):  # fmt: skip
    """Writes sample `slot` at state x, which lies `part` (0 to 1) along its straight piece of the waveform."""
    k = sample_slot[slot]
    if k < 0:
        return
    source = x[n] if lagging else sample_value[slot]
    if graded:
        of_terminal(
            s, x, source, not lagging, part, p, circuit, code, implicit, n, m, count, out, guess, i_x, u_x,
            sensitivity[k, 0], sensitivity[k, 1],
        )  # fmt: skip
        for a in range(n):
            sensitivity[k, 2 + a] = s[a]
    u, i, _ = solve(x, source, p, circuit, code, implicit, n, out, guess, not lagging)
    current[k] = i
    if device_voltage.size > 1:
        device_voltage[k] = u
    for a in range(n):
        state[a, k] = x[a]
