"""How the state depends on parameters, series resistance and start, carried along the time loop, compiled.

The sensitivity S = d x / d q obeys the linear equation S' = J S + b along the computed path. It is advanced by
the three-stage Radau IIA method (order 5, stiffly accurate), whose stages are linear solves. Columns of S: the
law's parameters, the series resistance, the initial values of the state variables; and, where the waveform's corners
are differentiated too, the state at the start of the present piece and the source's values at its two ends.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.devices._compile import call_law
from pinched.devices._rodas import dense, factor, substitute
from pinched.devices._terminal import (
    CLOSURE1,
    CLOSURE_P,
    FREE,
    LIMITED,
    R_SERIES,
    RATE1,
    RATE_P,
    RESPONSE,
    rates_with_slopes,
    solve,
    voltage_slopes,
)

_S6 = 6.0**0.5
_A = np.array(
    [
        [(88 - 7 * _S6) / 360, (296 - 169 * _S6) / 1800, (-2 + 3 * _S6) / 225],
        [(296 + 169 * _S6) / 1800, (88 + 7 * _S6) / 360, (-2 - 3 * _S6) / 225],
        [(16 - _S6) / 36, (16 + _S6) / 36, 1.0 / 9.0],
    ]
)
_C = np.array([(4 - _S6) / 10, (4 + _S6) / 10, 1.0])
# Its weights less those of the quadrature through the first two nodes, exact for straight lines.
_SECOND = (0.5 - _C[0]) / (_C[1] - _C[0])
_E = _A[2] - np.array([1.0 - _SECOND, _SECOND, 0.0])
# The real eigenvalue of _A: with it the difference is damped as the method damps.
_GAMMA = 0.2748888295956773


@njit(cache=True, error_model="numpy")
def forced(x, source, limits, p, circuit, code, implicit, n, count, out, guess, i_x, u_x, u_q, i_q):
    """Solves the terminal at `source` and fills the total derivatives of u and i by state and by parameters.

    i_x and u_x become totals by the state; u_q, i_q hold parameters and, last, the series resistance.
    Returns (u, i, mode, d i / d u of the device alone, d u / d source).
    """
    u, i, mode = solve(x, source, p, circuit, code, implicit, n, out, guess, limits)
    by_voltage, share = voltage_slopes(x, u, i, mode, p, circuit, code, implicit, n, out, i_x, u_x)
    for k in range(n):
        i_x[k] += by_voltage * u_x[k]
    call_law(code[CLOSURE_P], x, u, i, p, i_q)
    if implicit:
        call_law(code[CLOSURE1], x, u, i, p, out)
        for q in range(count):
            i_q[q] = -i_q[q] / out[n + 2]
    i_q[count] = 0.0
    series = circuit[R_SERIES]
    for q in range(count):
        u_q[q] = -i_q[q] / by_voltage if mode == LIMITED else -series * i_q[q] / (1.0 + series * by_voltage)
        i_q[q] += by_voltage * u_q[q]
    u_q[count] = 0.0 if mode == LIMITED else -i / (1.0 + series * by_voltage)
    i_q[count] = by_voltage * u_q[count]
    return u, i, mode, by_voltage, share


@njit(cache=True, error_model="numpy")
def linearised(
    x, v, part, p, circuit, code, implicit, n, m, count, out, guess, frozen, jacobian, b, i_x, u_x, f, f_v
):
    """Jacobian of the state's speed and its forcing b[state, column]: by parameters, series resistance and, where
    there are such columns, by the source's values at both ends of its straight piece, on which `part` lies behind."""
    rates_with_slopes(x, v, p, circuit, code, implicit, n, out, guess, f, jacobian, f_v, i_x, u_x)
    width = count + 1
    u_q, i_q = np.zeros(width), np.zeros(width)
    by_parameter = np.empty(max(n * count, 1))
    source, limits = v, True
    if circuit[RESPONSE] > 0.0:
        u, i, mode, _, _ = forced(
            x, v, True, p, circuit, code, implicit, n, count, out, guess, i_x, u_x, u_q, i_q
        )
        for q in range(width):
            target = u_q[q] + circuit[R_SERIES] * i_q[q] + (i if q == count else 0.0)
            b[n, q] = 0.0 if mode == FREE else target / circuit[RESPONSE]
        source, limits = x[n], False
    u, i, mode, _, _ = forced(
        x, source, limits, p, circuit, code, implicit, n, count, out, guess, i_x, u_x, u_q, i_q
    )
    call_law(code[RATE1], x, u, i, p, out)
    call_law(code[RATE_P], x, u, i, p, by_parameter)
    for a in range(n):
        by_u, by_i = out[n + n * n + a], out[2 * n + n * n + a]
        for q in range(width):
            own = by_parameter[a * count + q] if q < count else 0.0
            b[a, q] = own + by_u * u_q[q] + by_i * i_q[q]
    columns = b.shape[1]
    if columns > width + n:
        for a in range(m):
            b[a, columns - 2], b[a, columns - 1] = (1.0 - part) * f_v[a], part * f_v[a]
    for a in range(m):
        if frozen[a]:
            for c in range(m):
                jacobian[a, c] = 0.0
            for q in range(columns):
                b[a, q] = 0.0


@njit(cache=True, error_model="numpy")
def advance(
    s, x0, x1, d2, d3, full, h, begun, span, v, slope, frozen, p, circuit, code, implicit, n, m, count, out, guess,
    scales, rtol, stages,
):  # fmt: skip
    """Advances s[state, column] over h, part of a step `full` long from x0 to x1; `stages` get its stage values.

    `begun` (s) of the straight piece of the waveform, `span` long, have passed before.

    Returns how rough the step was, or -1 where it cannot be solved: the difference to a quadrature of the first two
    stages alone, as a share of s and of what it would gain at this pace over `span` (s). A threshold inside
    a step bends the state so little that its own error does not show it, but the forcing of s jumps there. `scales`
    (of the state variables: their absolute tolerances) say what is small beside the largest entry of its column.
    """
    columns = s.shape[1]
    jacobian = np.zeros((3, m, m))
    b = np.zeros((3, m, columns))
    x = np.empty(m)
    i_x, u_x, f, f_v = np.empty(max(n, 1)), np.empty(max(n, 1)), np.empty(m), np.empty(m)
    big = np.empty((3 * m, 3 * m))
    right = np.empty(3 * m)
    pivots = np.empty(3 * m, np.int64)
    for j in range(3):
        for a in range(m):
            x[a] = dense(x0[a], x1[a], d2[a], d3[a], _C[j] * h / full)
        linearised(
            x, v + slope * _C[j] * h, (begun + _C[j] * h) / span, p, circuit, code, implicit, n, m, count, out, guess,
            frozen,
            jacobian[j], b[j], i_x, u_x, f, f_v,
        )  # fmt: skip
    for j in range(3):
        for k in range(3):
            for a in range(m):
                for c in range(m):
                    same = 1.0 if j == k and a == c else 0.0
                    # Unknowns are the stage slopes: K_j = J_j (s + h sum A_jk K_k) + b_j.
                    big[j * m + a, k * m + c] = same - h * _A[j, k] * jacobian[j, a, c]
    if not factor(big, pivots, 3 * m):
        return -1.0
    rough = 0.0
    damped = np.empty((m, m))
    for a in range(m):
        for c in range(m):
            damped[a, c] = (1.0 if a == c else 0.0) - h * _GAMMA * jacobian[2, a, c]
    turns = np.empty(m, np.int64)
    damping = factor(damped, turns, m)
    gap = np.empty(m)
    for q in range(columns):
        for j in range(3):
            for a in range(m):
                total = b[j, a, q]
                for c in range(m):
                    total += jacobian[j, a, c] * s[c, q]
                right[j * m + a] = total
        substitute(big, pivots, 3 * m, right)
        for j in range(3):
            for a in range(m):
                total = s[a, q]
                for k in range(3):
                    total += h * _A[j, k] * right[k * m + a]
                stages[j, a, q] = total
        for a in range(m):
            gap[a] = h * (_E[0] * right[a] + _E[1] * right[m + a] + _E[2] * right[2 * m + a])
        if damping:
            # What a stiff law forgets within the step is no error.
            substitute(damped, turns, m, gap)
        weight = 0.0
        if q <= count:
            value = abs(p[q]) if q < count else circuit[R_SERIES]
            weight = 1.0 / (rtol * value) if value > 0.0 else 0.0
        largest = 0.0
        for a in range(m):
            largest = max(largest, abs(s[a, q]) / scales[a])
        for a in range(m):
            size = abs(s[a, q]) + span * max(abs(right[a]), abs(right[m + a]), abs(right[2 * m + a]))
            # Beside a large entry a small one is rounding, which no step length would smooth.
            size = max(size, 1e-4 * largest * scales[a])
            # Nor does one matter by which the whole parameter moves the state by less than its absolute tolerance.
            size = max(size, scales[a] * weight)
            if abs(gap[a]) > rough * size:
                rough = abs(gap[a]) / size
            s[a, q] = stages[2, a, q]
    return rough


@njit(cache=True, error_model="numpy")
def before_edge(x0, x1, d2, d3, h, full, edge):
    """Time (s) into a step `full` long, at most h, at which a state meets `edge` on its way; h if it began beyond."""
    above = x0 > edge
    if (dense(x0, x1, d2, d3, h / full) > edge) == above:
        return h
    early, late = 0.0, h
    for _ in range(60):
        middle = 0.5 * (early + late)
        if (dense(x0, x1, d2, d3, middle / full) > edge) == above:
            early = middle
        else:
            late = middle
    return early if early > 0.0 else h


@njit(cache=True, error_model="numpy")
def meet(s, hit, which, before, after, bound_out, frozen, n, m, count):
    """Sensitivities when variable `hit` meets a bound (number `which` in bound_out) at a time that moves itself.

    The variable then depends on what its bound depends on. One whose speed jumps with the meeting, from `before` to
    `after`, had the earlier speed for the longer, the later the meeting is.
    """
    for q in range(s.shape[1]):
        bound = bound_out[2 * n + which * count + q] if q < count else 0.0
        if before[hit] != 0.0:
            later = (bound - s[hit, q]) / before[hit]
            for a in range(m):
                jump = before[a] - after[a]
                if a != hit and not frozen[a] and abs(jump) > 1e-3 * (abs(before[a]) + abs(after[a])):
                    s[a, q] += jump * later
        s[hit, q] = bound


@njit(cache=True, error_model="numpy")
def between(before, stages, share, result):
    """Sensitivity at `share` of a step: the polynomial through its start and its three stages."""
    c1, c2, c3 = _C[0], _C[1], _C[2]
    w0 = (share - c1) * (share - c2) * (share - c3) / (-c1 * c2 * c3)
    w1 = share * (share - c2) * (share - c3) / (c1 * (c1 - c2) * (c1 - c3))
    w2 = share * (share - c1) * (share - c3) / (c2 * (c2 - c1) * (c2 - c3))
    w3 = share * (share - c1) * (share - c2) / (c3 * (c3 - c1) * (c3 - c2))
    for a in range(before.shape[0]):
        for q in range(before.shape[1]):
            result[a, q] = (
                w0 * before[a, q] + w1 * stages[0, a, q] + w2 * stages[1, a, q] + w3 * stages[2, a, q]
            )


@njit(cache=True, error_model="numpy")
def of_terminal(
    s, x, source, limits, part, p, circuit, code, implicit, n, m, count, out, guess, i_x, u_x, of_i, of_u
):  # fmt: skip
    """Fills of_i and of_u[column]: derivatives of current and device voltage at state x with sensitivity s."""
    columns = s.shape[1]
    u_q, i_q = np.zeros(count + 1), np.zeros(count + 1)
    _, _, _, by_voltage, share = forced(
        x, source, limits, p, circuit, code, implicit, n, count, out, guess, i_x, u_x, u_q, i_q
    )
    for q in range(columns):
        of_i[q], of_u[q] = (i_q[q], u_q[q]) if q <= count else (0.0, 0.0)
        for k in range(n):
            of_i[q] += i_x[k] * s[k, q]
            of_u[q] += u_x[k] * s[k, q]
        by_source = s[n, q] if m > n else 0.0
        if m == n and columns > count + 1 + n:
            # The source itself, between the two corners that bound its piece.
            if q == columns - 2:
                by_source = 1.0 - part
            elif q == columns - 1:
                by_source = part
        of_i[q] += by_voltage * share * by_source
        of_u[q] += share * by_source
