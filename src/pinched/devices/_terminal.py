"""Between source and device, compiled: series resistance, compliance, current drive, and implicit currents.

The source gives V (or a current). What the device gets is the voltage u for which u + R_s i(x, u) = V, or, where
|i| would exceed the compliance, the u at which |i| is the limit. `rates` and `rates_with_slopes` give the speed
of the state under that, the second with its exact derivatives.

Arrays: `x` state, `p` parameters, `circuit` = (series resistance, limit for positive and for negative current,
1 for a current source, response time of the limit, 1 for any limit), `code` addresses of the law, `n` state
variables, `out` scratch. `guess` = (u, i) of the call before: where the search starts.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.devices._compile import call_law

RATE, RATE1, CLOSURE, CLOSURE1, NOISE, PROLOGUE, BOUNDS, RATE_P, CLOSURE_P = range(9)
R_SERIES, LIMIT_POSITIVE, LIMIT_NEGATIVE, CURRENT_SOURCE, RESPONSE, ANY_LIMIT = range(6)
FREE, LIMITED = 0, 1
_TOLERANCE = 1e-13


@njit(cache=True, error_model="numpy")
def current(x, u, p, code, implicit, n, out, guess):
    """Current at device voltage u; for an explicit law one call, for an implicit one a safeguarded Newton search."""
    if not implicit:
        call_law(code[CLOSURE], x, u, 0.0, p, out)
        return out[0]
    if u == 0.0:
        return 0.0
    side = 1.0 if u > 0.0 else -1.0
    i = guess[1] if guess[1] * side > 0.0 else side * 1e-12
    call_law(code[CLOSURE1], x, u, i, p, out)
    low, high = 0.0, 0.0
    if out[0] * side < 0.0:
        low = i
        high = i
        for _ in range(400):
            high *= 4.0
            call_law(code[CLOSURE], x, u, high, p, out)
            if not out[0] * side < 0.0:
                break
            low = high
    else:
        high = i
        low = i
        for _ in range(400):
            low *= 0.25
            call_law(code[CLOSURE], x, u, low, p, out)
            if out[0] * side < 0.0:
                break
            high = low
    call_law(code[CLOSURE1], x, u, i, p, out)
    for _ in range(200):
        g, slope = out[0], out[n + 2]
        if g * side < 0.0:
            low = i
        else:
            high = i
        new = i - g / slope if slope != 0.0 else np.nan
        if not min(low, high) <= new <= max(low, high):
            # Halve in the logarithm: currents span decades.
            new = side * np.sqrt(low * high) if low * high > 0.0 else 0.5 * (low + high)
        if abs(new - i) <= _TOLERANCE * abs(new) or abs(high - low) <= _TOLERANCE * abs(high):
            return new
        i = new
        call_law(code[CLOSURE1], x, u, i, p, out)
    return i


@njit(cache=True, error_model="numpy")
def current_slopes(x, u, i, p, code, implicit, n, out, slopes):
    """Writes d i / d state[k] to slopes[k] and returns d i / d u."""
    call_law(code[CLOSURE1], x, u, i, p, out)
    if not implicit:
        for k in range(n):
            slopes[k] = out[1 + k]
        return out[n + 1]
    by_current = out[n + 2]
    for k in range(n):
        slopes[k] = -out[1 + k] / by_current
    return -out[n + 1] / by_current


@njit(cache=True, error_model="numpy")
def _search(x, target, series, p, code, implicit, n, out, guess, low, high):
    """u in [low, high] with series * i(u) + u = target, or, for series < 0, with i(u) = target. Monotone in u."""
    u = guess[0]
    if not min(low, high) < u < max(low, high):
        u = 0.5 * (low + high)
    rising = high > low
    slopes = np.empty(max(n, 1))
    i = 0.0
    for _ in range(200):
        i = current(x, u, p, code, implicit, n, out, guess)
        guess[1] = i
        slope = current_slopes(x, u, i, p, code, implicit, n, out, slopes)
        g = i - target
        if series >= 0.0:
            g = u + series * i - target
            slope = 1.0 + series * slope
        if g == 0.0:
            break
        if (g < 0.0) == rising:
            low = u
        else:
            high = u
        new = u - g / slope if slope > 0.0 else np.nan
        if not min(low, high) <= new <= max(low, high):
            new = 0.5 * (low + high)
        if abs(new - u) <= _TOLERANCE * abs(new) or abs(high - low) <= _TOLERANCE * max(abs(low), abs(high)):
            u = new
            break
        u = new
    guess[0] = u
    return u


@njit(cache=True, error_model="numpy")
def _voltage_for(x, wanted, p, code, implicit, n, out, guess):
    """Device voltage at which `wanted` (A) flows."""
    if wanted == 0.0:
        return 0.0
    side = 1.0 if wanted > 0.0 else -1.0
    high = abs(guess[0]) if guess[0] * side > 0.0 else 0.1
    for _ in range(60):
        if abs(current(x, side * high, p, code, implicit, n, out, guess)) >= abs(wanted):
            break
        high *= 2.0
    else:
        return np.nan
    return _search(x, wanted, -1.0, p, code, implicit, n, out, guess, 0.0, side * high)


@njit(cache=True, error_model="numpy")
def solve(x, v, p, circuit, code, implicit, n, out, guess, limits):
    """(u, i, mode) under source value v; `limits` False leaves the compliance out."""
    if circuit[CURRENT_SOURCE] == 1.0:
        u = _voltage_for(x, v, p, code, implicit, n, out, guess)
        guess[0], guess[1] = u, v
        return u, v, LIMITED
    u = v
    if circuit[R_SERIES] > 0.0 and v != 0.0:
        u = _search(x, v, circuit[R_SERIES], p, code, implicit, n, out, guess, 0.0, v)
    i = current(x, u, p, code, implicit, n, out, guess)
    mode = FREE
    if limits:
        limit = circuit[LIMIT_POSITIVE] if i > 0.0 else circuit[LIMIT_NEGATIVE]
        if abs(i) > limit:
            wanted = limit if i > 0.0 else -limit
            guess[1] = wanted
            u = _search(x, wanted, -1.0, p, code, implicit, n, out, guess, 0.0, u)
            i = wanted
            mode = LIMITED
    guess[0], guess[1] = u, i
    return u, i, mode


@njit(cache=True, error_model="numpy")
def rates(x, v, p, circuit, code, implicit, n, out, guess, f):
    """Speed of the state, and of the lagging source voltage behind it when the limit has a response time."""
    if circuit[RESPONSE] > 0.0:
        u, i, _ = solve(x, v, p, circuit, code, implicit, n, out, guess, True)
        f[n] = (u + circuit[R_SERIES] * i - x[n]) / circuit[RESPONSE]
        u, i, _ = solve(x, x[n], p, circuit, code, implicit, n, out, guess, False)
    elif (
        circuit[R_SERIES] == 0.0
        and circuit[CURRENT_SOURCE] == 0.0
        and not implicit
        and circuit[ANY_LIMIT] == 0.0
    ):
        u, i = v, 0.0
    else:
        u, i, _ = solve(x, v, p, circuit, code, implicit, n, out, guess, True)
    call_law(code[RATE], x, u, i, p, out)
    for k in range(n):
        f[k] = out[k]
    return u, i


@njit(cache=True, error_model="numpy")
def voltage_slopes(x, u, i, mode, p, circuit, code, implicit, n, out, i_x, u_x):
    """Fills i_x and u_x (by each state variable) and returns (d i / d u, d u / d v)."""
    by_voltage = current_slopes(x, u, i, p, code, implicit, n, out, i_x)
    if mode == LIMITED:
        for k in range(n):
            u_x[k] = -i_x[k] / by_voltage
        return by_voltage, (1.0 / by_voltage if circuit[CURRENT_SOURCE] == 1.0 else 0.0)
    share = 1.0 / (1.0 + circuit[R_SERIES] * by_voltage)
    for k in range(n):
        u_x[k] = -circuit[R_SERIES] * i_x[k] * share
    return by_voltage, share


@njit(cache=True, error_model="numpy")
def rates_with_slopes(x, v, p, circuit, code, implicit, n, out, guess, f, jacobian, f_v, i_x, u_x):
    """`rates`, its Jacobian by the state (with the lagging source voltage last) and its derivative by v."""
    m = n
    lagging = circuit[RESPONSE] > 0.0
    simple = (
        circuit[R_SERIES] == 0.0
        and circuit[CURRENT_SOURCE] == 0.0
        and not implicit
        and circuit[ANY_LIMIT] == 0.0
    )
    source = v
    if lagging:
        m = n + 1
        u, i, mode = solve(x, v, p, circuit, code, implicit, n, out, guess, True)
        by_voltage, share = voltage_slopes(x, u, i, mode, p, circuit, code, implicit, n, out, i_x, u_x)
        f[n] = (u + circuit[R_SERIES] * i - x[n]) / circuit[RESPONSE]
        for k in range(n):
            # Of the regulated output u + R_s i: at the limit i stands still.
            moved = u_x[k] if mode == LIMITED else 0.0
            jacobian[n, k] = moved / circuit[RESPONSE]
        jacobian[n, n] = -1.0 / circuit[RESPONSE]
        f_v[n] = (1.0 if mode == FREE else 0.0) / circuit[RESPONSE]
        source = x[n]
    if simple and not lagging:
        u, i, mode = v, 0.0, FREE
        by_voltage, share = 0.0, 1.0
        for k in range(n):
            i_x[k], u_x[k] = 0.0, 0.0
    else:
        u, i, mode = solve(x, source, p, circuit, code, implicit, n, out, guess, not lagging)
        by_voltage, share = voltage_slopes(x, u, i, mode, p, circuit, code, implicit, n, out, i_x, u_x)
    call_law(code[RATE1], x, u, i, p, out)
    for a in range(n):
        f[a] = out[a]
        by_u, by_i = out[n + n * n + a], out[2 * n + n * n + a]
        for b in range(n):
            jacobian[a, b] = out[n + a * n + b] + by_u * u_x[b] + by_i * (i_x[b] + by_voltage * u_x[b])
        by_source = (by_u + by_i * by_voltage) * share
        if lagging:
            jacobian[a, n] = by_source
            f_v[a] = 0.0
        else:
            f_v[a] = by_source
    return u, i, m
