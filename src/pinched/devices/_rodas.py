r"""One step of the time loop, compiled: Rodas4, a linearly implicit method of order 4(3).

Stiff laws (filaments with exponential rates) and smooth ones take the same method: it is L-stable and
stiffly accurate, needs no iteration, and its exact Jacobian comes from the law's own formula. Coefficients:
hairer1996stiff, the program RODAS; `tests/devices/test_drive.py` measures the order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.devices._compile import call_law
from pinched.devices._terminal import RATE, rates

GAMMA = 0.25
A21 = 1.544
A31, A32 = 0.9466785280815826, 0.2557011698983284
A41, A42, A43 = 3.314825187068521, 2.896124015972201, 0.9986419139977817
A51, A52, A53, A54 = 1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950
C21 = -5.6688
C31, C32 = -2.430093356833875, -0.2063599157091915
C41, C42, C43 = -0.1073529058151375, -9.594562251023355, -20.47028614809616
C51, C52, C53, C54 = 7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160
C61, C62, C63, C64, C65 = (
    8.083246795921522,
    -7.981132988064893,
    -31.52159432874371,
    16.31930543123136,
    -6.058818238834054,
)
# Dense output of order 3: what happens inside a step that strides over a fast transient, where the cubic through both
# ends with their slopes would be far off.
H21, H22, H23, H24, H25 = (
    10.12623508344586,
    -7.487995877610167,
    -34.80091861555747,
    -7.992771707568823,
    1.025137723295662,
)
H31, H32, H33, H34, H35 = (
    -0.6762803392801253,
    6.087714651680015,
    16.43084320892478,
    24.76722511418386,
    -6.594389125716872,
)
ALPHA2, ALPHA3, ALPHA4 = 0.386, 0.21, 0.63
D1, D2, D3, D4 = 0.25, -0.1043, 0.1035, -0.03620000000000023


@njit(cache=True, error_model="numpy")
def factor(matrix, pivots, m):
    """LU factors of the leading m x m part in place; False where it is singular."""
    for k in range(m):
        best, row = 0.0, k
        for r in range(k, m):
            if abs(matrix[r, k]) > best:
                best, row = abs(matrix[r, k]), r
        if best == 0.0 or not np.isfinite(best):
            return False
        pivots[k] = row
        if row != k:
            for c in range(m):
                matrix[k, c], matrix[row, c] = matrix[row, c], matrix[k, c]
        for r in range(k + 1, m):
            matrix[r, k] /= matrix[k, k]
            for c in range(k + 1, m):
                matrix[r, c] -= matrix[r, k] * matrix[k, c]
    return True


@njit(cache=True, error_model="numpy")
def substitute(matrix, pivots, m, right):
    """Solves in place with the factors of `factor`."""
    for k in range(m):
        row = pivots[k]
        if row != k:
            right[k], right[row] = right[row], right[k]
    for r in range(1, m):
        for c in range(r):
            right[r] -= matrix[r, c] * right[c]
    for r in range(m - 1, -1, -1):
        for c in range(r + 1, m):
            right[r] -= matrix[r, c] * right[c]
        right[r] /= matrix[r, r]


@njit(cache=True, error_model="numpy")
def _held(y, low, high, m):
    for k in range(m):
        y[k] = min(max(y[k], low[k]), high[k])


@njit(cache=True, error_model="numpy")
def step(
    x,
    f,
    jacobian,
    f_t,
    h,
    v,
    slope,
    low,
    high,
    frozen,
    p,
    circuit,
    code,
    implicit,
    n,
    m,
    out,
    guess,
    work,
    y,
    simple,
):
    """Writes the state after a step of length h to y and the error estimate to work[5]; False if not solvable.

    f, jacobian, f_t: rates at x, their Jacobian and their time derivative; v and slope: the source at the start.
    `work` holds the six stages, a right side, a sum, and in its last two rows what `dense` needs.
    `simple`: nothing stands between source and device, so the law is called without the detour that passes a
    dozen arrays.
    """
    pivots = np.empty(m, np.int64)
    matrix = np.empty((m, m))
    for a in range(m):
        for b in range(m):
            matrix[a, b] = -jacobian[a, b]
        matrix[a, a] += 1.0 / (h * GAMMA)
    if m == 1:
        if matrix[0, 0] == 0.0:
            return False
    elif not factor(matrix, pivots, m):
        return False
    k1, k2, k3, k4, k5, k6 = work[0], work[1], work[2], work[3], work[4], work[5]
    g = work[6]
    for a in range(m):
        k1[a] = f[a] + h * D1 * f_t[a]
    _solve(matrix, pivots, m, k1)
    for a in range(m):
        y[a] = x[a] + A21 * k1[a]
    _held(y, low, high, m)
    if simple:
        call_law(code[RATE], y, v + ALPHA2 * h * slope, 0.0, p, g)
    else:
        rates(y, v + ALPHA2 * h * slope, p, circuit, code, implicit, n, out, guess, g)
    for a in range(m):
        k2[a] = (0.0 if frozen[a] else g[a]) + C21 * k1[a] / h + h * D2 * f_t[a]
    _solve(matrix, pivots, m, k2)
    for a in range(m):
        y[a] = x[a] + A31 * k1[a] + A32 * k2[a]
    _held(y, low, high, m)
    if simple:
        call_law(code[RATE], y, v + ALPHA3 * h * slope, 0.0, p, g)
    else:
        rates(y, v + ALPHA3 * h * slope, p, circuit, code, implicit, n, out, guess, g)
    for a in range(m):
        k3[a] = (0.0 if frozen[a] else g[a]) + (C31 * k1[a] + C32 * k2[a]) / h + h * D3 * f_t[a]
    _solve(matrix, pivots, m, k3)
    for a in range(m):
        y[a] = x[a] + A41 * k1[a] + A42 * k2[a] + A43 * k3[a]
    _held(y, low, high, m)
    if simple:
        call_law(code[RATE], y, v + ALPHA4 * h * slope, 0.0, p, g)
    else:
        rates(y, v + ALPHA4 * h * slope, p, circuit, code, implicit, n, out, guess, g)
    for a in range(m):
        k4[a] = (0.0 if frozen[a] else g[a]) + (C41 * k1[a] + C42 * k2[a] + C43 * k3[a]) / h + h * D4 * f_t[a]
    _solve(matrix, pivots, m, k4)
    end = v + h * slope
    z = work[7]
    for a in range(m):
        z[a] = x[a] + A51 * k1[a] + A52 * k2[a] + A53 * k3[a] + A54 * k4[a]
        y[a] = z[a]
    _held(y, low, high, m)
    if simple:
        call_law(code[RATE], y, end, 0.0, p, g)
    else:
        rates(y, end, p, circuit, code, implicit, n, out, guess, g)
    for a in range(m):
        k5[a] = (0.0 if frozen[a] else g[a]) + (C51 * k1[a] + C52 * k2[a] + C53 * k3[a] + C54 * k4[a]) / h
    _solve(matrix, pivots, m, k5)
    for a in range(m):
        z[a] += k5[a]
        y[a] = z[a]
    _held(y, low, high, m)
    if simple:
        call_law(code[RATE], y, end, 0.0, p, g)
    else:
        rates(y, end, p, circuit, code, implicit, n, out, guess, g)
    for a in range(m):
        k6[a] = (0.0 if frozen[a] else g[a]) + (
            C61 * k1[a] + C62 * k2[a] + C63 * k3[a] + C64 * k4[a] + C65 * k5[a]
        ) / h
    _solve(matrix, pivots, m, k6)
    for a in range(m):
        y[a] = z[a] + k6[a]
        work[8, a] = H21 * k1[a] + H22 * k2[a] + H23 * k3[a] + H24 * k4[a] + H25 * k5[a]
        work[9, a] = H31 * k1[a] + H32 * k2[a] + H33 * k3[a] + H34 * k4[a] + H35 * k5[a]
    return True


@njit(cache=True, error_model="numpy")
def step_one(x, f, slope_x, f_t, h, v, slope, low, high, p, code, z, g):
    """`step` for one state variable with nothing before the device, in plain numbers.

    Returns (new state, error estimate, and the two numbers that `dense` needs).
    """
    w = 1.0 / (1.0 / (h * GAMMA) - slope_x)
    k1 = (f + h * D1 * f_t) * w
    z[0] = min(max(x + A21 * k1, low), high)
    call_law(code[RATE], z, v + ALPHA2 * h * slope, 0.0, p, g)
    k2 = (g[0] + C21 * k1 / h + h * D2 * f_t) * w
    z[0] = min(max(x + A31 * k1 + A32 * k2, low), high)
    call_law(code[RATE], z, v + ALPHA3 * h * slope, 0.0, p, g)
    k3 = (g[0] + (C31 * k1 + C32 * k2) / h + h * D3 * f_t) * w
    z[0] = min(max(x + A41 * k1 + A42 * k2 + A43 * k3, low), high)
    call_law(code[RATE], z, v + ALPHA4 * h * slope, 0.0, p, g)
    k4 = (g[0] + (C41 * k1 + C42 * k2 + C43 * k3) / h + h * D4 * f_t) * w
    end = v + h * slope
    y = x + A51 * k1 + A52 * k2 + A53 * k3 + A54 * k4
    z[0] = min(max(y, low), high)
    call_law(code[RATE], z, end, 0.0, p, g)
    k5 = (g[0] + (C51 * k1 + C52 * k2 + C53 * k3 + C54 * k4) / h) * w
    y += k5
    z[0] = min(max(y, low), high)
    call_law(code[RATE], z, end, 0.0, p, g)
    k6 = (g[0] + (C61 * k1 + C62 * k2 + C63 * k3 + C64 * k4 + C65 * k5) / h) * w
    return (
        y + k6,
        k6,
        H21 * k1 + H22 * k2 + H23 * k3 + H24 * k4 + H25 * k5,
        H31 * k1 + H32 * k2 + H33 * k3 + H34 * k4 + H35 * k5,
    )


@njit(cache=True, error_model="numpy")
def _solve(matrix, pivots, m, right):
    if m == 1:
        right[0] /= matrix[0, 0]
    else:
        substitute(matrix, pivots, m, right)


@njit(cache=True, error_model="numpy")
def dense(x0, x1, d2, d3, share):
    """State at `share` of a step from x0 to x1; d2 and d3 as `step` left them."""
    return x0 + share * ((x1 - x0) + (1.0 - share) * (d2 + share * d3))
