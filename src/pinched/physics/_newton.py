"""One implicit Euler step, compiled: residual, analytic Jacobian, block elimination, borders, positive update.

Unknowns of a node: potential (kT/q), electron and hole fraction, and the excess of the vacancies
$e = -\\ln(1 - n_x/N_x)$, which is the fraction itself where vacancies are rare and the level where they fill the
lattice, so that neither end loses digits. Borders, beside the nodes: the two image-force lowerings, and for
carriers that move so fast that their storage is lost in the rounding of their fluxes, the density at one node: its
row is replaced by the balance of the whole device, in which all fluxes inside cancel.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.physics._equilibrium import contact_field, lowering
from pinched.physics._layout import (
    EQ_N,
    FOLLOWING,
    GAIN,
    IS_OHMIC,
    LEVEL_N,
    LEVEL_P,
    NO_LOWERING,
    PSI,
    SPREAD,
    V_N,
    WIDTH,
)
from pinched.physics._statistics import bernoulli, excess, fermi

CONVERGED, DIVERGED = 0, 1
_TOLERANCE = 3e-6
"""Newton ends when its last change was below this: the next one would be its square."""


@njit(cache=True, error_model="numpy")
def of_unknown(c, value):
    """Fraction, its slope, excess and its slope by the unknown `value` of carrier c."""
    if c == 2:
        if value < 1e-5:
            y = value * (1.0 - value * (0.5 - value / 6.0))
        else:
            y = -np.expm1(-value)
        return y, 1.0 - y, value, 1.0
    g, d = excess(value)
    return value, 1.0, g, d


@njit(cache=True, error_model="numpy")
def across(c, value, shift):
    """The unknown of carrier c in the next layer, whose level is higher by `shift`, and its slope."""
    if shift == 0.0:
        return value, 1.0
    if c == 2:
        w = np.expm1(min(value, 700.0))
        other = w * np.exp(min(shift, 700.0 - min(value, 700.0)))
        return np.log1p(other), other / (1.0 + other) * (1.0 + w) / max(w, 1e-300)
    g, d = excess(value)
    f, slope = fermi(np.log(value) + g + shift)
    return max(f, 1e-300), slope * (1.0 / value + d)


@njit(cache=True, error_model="numpy")
def trapped(f, g, dg, before, dt, a, b):
    """Occupation of traps after a step at electron fraction f with excess g, and its slope by f; dt < 0: at once."""
    escape = b * np.exp(-g)
    if dt < 0.0:
        total = f + escape
        return f / total, (escape + f * dg * escape) / (total * total)
    total = 1.0 + dt * a * (f + escape)
    now = (before + dt * a * f) / total
    return now, dt * a * (1.0 - now * (1.0 - dg * escape)) / total


@njit(cache=True, error_model="numpy")
def contents(p, u, before, dt, traps, content, slope, trap_now):
    """Fills content (carrier or 3 for traps, node; 1/m^2) of state u, slope by the unknowns, trap occupation."""
    n = u.shape[0]
    any_traps = False
    for i in range(n):
        for c in range(3):
            v = u[i, c + 1]
            if p.face[i] == 0:
                y, dy, _, _ = of_unknown(c, v)
                w = p.wl[c, i] + p.wr[c, i]
                content[c, i] = w * y
                slope[c, i] = w * dy
            else:
                a, da = across(c, v, p.sl[c, i])
                b, db = across(c, v, p.sr[c, i])
                ya, dya, _, _ = of_unknown(c, a)
                yb, dyb, _, _ = of_unknown(c, b)
                content[c, i] = p.wl[c, i] * ya + p.wr[c, i] * yb
                slope[c, i] = p.wl[c, i] * dya * da + p.wr[c, i] * dyb * db
        content[3, i] = 0.0
        slope[3, i] = 0.0
        if p.tn[0, i] + p.tn[1, i] > 0.0:
            any_traps = True
            for side in range(2):
                if p.tn[side, i] > 0.0:
                    f, df = across(0, u[i, 1], p.sl[0, i] if side == 0 else p.sr[0, i])
                    g, dg = excess(f)
                    now, rise = trapped(f, g, dg, before[side, i], dt, p.ta[side, i], p.tb[side, i])
                    trap_now[side, i] = now
                    content[3, i] += p.tn[side, i] * now
                    slope[3, i] += p.tn[side, i] * rise * df
    return any_traps


@njit(cache=True, error_model="numpy")
def contact_fractions(p, s, delta, mode):
    """Fractions of electrons and holes with which contact s is in balance, and their slopes by its lowering."""
    if mode == FOLLOWING and p.ends[s, IS_OHMIC] == 0.0:
        n, dn = fermi(p.ends[s, LEVEL_N] + delta)
        h, dh = fermi(p.ends[s, LEVEL_P] - delta)
        return n, dn, h, -dh
    return p.ends[s, EQ_N], 0.0, p.ends[s, EQ_N + 1], 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def solve_step(p, u, delta, old, old_traps, dt, volts, mode, exact, active, work, trap_now, most):
    """Newton for one step of dt from the contents `old` (4, node) to voltage `volts` (kT/q) on the right contact.

    `u` (node, 4) and `delta` (2) hold the guess and receive the answer, trap_now (side, node) the occupation of the
    traps. `active` says which carriers are held by their global balance. Returns status, iterations.
    """
    n = u.shape[0]
    content, slope, diag, low, up, rhs, block = work
    lower = 2 if mode != NO_LOWERING else 0
    borders = lower
    pins = np.zeros(3, np.int64)
    place = np.zeros(3, np.int64)
    for c in range(3):
        if active[c] == 1:
            place[c] = borders
            borders += 1
    columns = 5 + borders
    width = 4 + columns
    m = np.zeros((4, width))
    step = np.zeros(max(borders, 1))
    values = np.zeros((4, 4))
    inverse = 1.0 / dt
    for iteration in range(most):
        any_traps = contents(p, u, old_traps, dt, old_traps, content, slope, trap_now)
        for c in range(3):
            if active[c] == 1:
                pins[c] = 0
                top = -1.0
                for i in range(n):
                    if content[c, i] > top:
                        top = content[c, i]
                        pins[c] = i
        # Rows of the nodes: charge first, then the stores.
        for i in range(n):
            rhs[i, 0] = p.fixed[i] + content[1, i] - content[0, i] + 2.0 * content[2, i] - content[3, i]
            diag[i, 0] = 0.0
            diag[i, 1] = -slope[0, i] - slope[3, i]
            diag[i, 2] = slope[1, i]
            diag[i, 3] = 2.0 * slope[2, i]
            for c in range(3):
                rhs[i, c + 1] = (content[c, i] - old[c, i]) * inverse
                diag[i, 4 + c] = 0.0
                diag[i, 7 + c] = slope[c, i] * inverse
            if any_traps:
                rhs[i, 1] += (content[3, i] - old[3, i]) * inverse
                diag[i, 7] += slope[3, i] * inverse
        # Edges.
        for c in range(3):
            v = u[0, c + 1]
            y, dy, g, dg = of_unknown(c, v)
            values[c, 0], values[c, 1], values[c, 2], values[c, 3] = y, dy, g, dg
        for e in range(n - 1):
            r = e + 1
            drop = u[r, 0] - u[e, 0]
            flow = p.lam[e] * drop
            rhs[e, 0] += flow
            rhs[r, 0] -= flow
            diag[e, 0] -= p.lam[e]
            diag[r, 0] -= p.lam[e]
            for c in range(3):
                v = u[r, c + 1]
                z = -1.0 if c == 0 else float(c)
                yk, dyk, gk, dgk = values[c, 0], values[c, 1], values[c, 2], values[c, 3]
                if p.face[r] == 1:
                    there, rise = across(c, v, p.sl[c, r])
                    yl, dyl, gl, dgl = of_unknown(c, there)
                    dyl *= rise
                    dgl *= rise
                    there, rise = across(c, v, p.sr[c, r])
                    y, dy, g, dg = of_unknown(c, there)
                    values[c, 0], values[c, 1], values[c, 2], values[c, 3] = y, dy * rise, g, dg * rise
                else:
                    yl, dyl, gl, dgl = of_unknown(c, v)
                    values[c, 0], values[c, 1], values[c, 2], values[c, 3] = yl, dyl, gl, dgl
                q = z * drop + gl - gk
                b, db = bernoulli(q)
                k = p.k[c, e]
                flux = k * (b * yk - (b + q) * yl)
                by_q = k * (db * yk - (1.0 + db) * yl)
                by_k = k * b * dyk - by_q * dgk
                by_l = by_q * dgl - k * (b + q) * dyl
                rhs[e, c + 1] += flux
                rhs[r, c + 1] -= flux
                diag[e, 4 + c] -= z * by_q
                diag[r, 4 + c] -= z * by_q
                diag[e, 7 + c] += by_k
                diag[r, 7 + c] -= by_l
                up[e, c] = z * by_q
                up[e, 3 + c] = by_l
                low[r, c] = z * by_q
                low[r, 3 + c] = -by_k
        # Elimination from the left; `block` keeps what the way back needs.
        contact = np.zeros((2, 2))
        for i in range(n):
            # Every row by the size of its entries.
            for a in range(4):
                for b in range(width):
                    m[a, b] = 0.0
            end = 0 if i == 0 else (1 if i == n - 1 else -1)
            if end >= 0:
                m[0, 0] = 1.0
                m[0, 8] = p.ends[end, PSI] + end * volts + delta[end] - u[i, 0]
                if lower == 2:
                    m[0, 9 + end] = -1.0
            else:
                m[0, 0] = diag[i, 0]
                m[0, 1], m[0, 2], m[0, 3] = diag[i, 1], diag[i, 2], diag[i, 3]
                m[0, 4] = p.lam[i]
                m[0, 8] = -rhs[i, 0]
            for c in range(3):
                a = c + 1
                m[a, 0] = diag[i, 4 + c]
                m[a, a] = diag[i, 7 + c]
                if i < n - 1:
                    m[a, 4] = up[i, c]
                    m[a, 4 + a] = up[i, 3 + c]
                m[a, 8] = -rhs[i, a]
            if end >= 0:
                en, den, eh, deh = contact_fractions(p, end, delta[end], mode)
                for c in range(2):
                    eq, deq = (en, den) if c == 0 else (eh, deh)
                    a = c + 1
                    if p.ends[end, IS_OHMIC] == 1.0:
                        for b in range(width):
                            m[a, b] = 0.0
                        m[a, a] = 1.0
                        m[a, 8] = eq - u[i, a]
                    else:
                        speed = p.ends[end, V_N + c]
                        out = speed * (u[i, a] - eq)
                        contact[end, c] = out
                        m[a, a] += speed
                        m[a, 8] -= out
                        if lower == 2:
                            m[a, 9 + end] -= speed * deq
            if i > 0:
                left = block[i - 1]
                if end < 0:
                    w = p.lam[i - 1]
                    for b in range(4):
                        m[0, b] -= w * left[0, b]
                    for b in range(4, columns):
                        m[0, 4 + b] -= w * left[0, b]
                for c in range(3):
                    a = c + 1
                    if end >= 0 and c < 2 and p.ends[end, IS_OHMIC] == 1.0:
                        continue
                    w0, w1 = low[i, c], low[i, 3 + c]
                    for b in range(4):
                        m[a, b] -= w0 * left[0, b] + w1 * left[a, b]
                    for b in range(4, columns):
                        m[a, 4 + b] -= w0 * left[0, b] + w1 * left[a, b]
            for c in range(3):
                a = c + 1
                if active[c] == 1 and pins[c] == i:
                    for b in range(width):
                        m[a, b] = 0.0
                    m[a, a] = 1.0
                    m[a, 9 + place[c]] = -1.0
                elif diag[i, 7 + c] == 0.0:
                    for b in range(width):
                        m[a, b] = 0.0
                    m[a, a] = 1.0
            for a in range(4):
                size = max(max(abs(m[a, 0]), abs(m[a, 1])), max(abs(m[a, 2]), abs(m[a, 3])))
                if not size > 0.0:
                    return DIVERGED, iteration + 1
                size = 1.0 / size
                for b in range(width):
                    m[a, b] *= size
            for a in range(4):
                best, top = a, abs(m[a, a])
                for b in range(a + 1, 4):
                    if abs(m[b, a]) > top:
                        best, top = b, abs(m[b, a])
                if not top > 0.0:
                    return DIVERGED, iteration + 1
                if best != a:
                    for b in range(width):
                        m[a, b], m[best, b] = m[best, b], m[a, b]
                pivot = 1.0 / m[a, a]
                for b in range(a + 1, width):
                    m[a, b] *= pivot
                for k in range(4):
                    if k != a:
                        w = m[k, a]
                        for b in range(a + 1, width):
                            m[k, b] -= w * m[a, b]
            for a in range(4):
                for b in range(columns):
                    block[i, a, b] = m[a, 4 + b]
        for i in range(n - 2, -1, -1):
            for b in range(4, columns):
                x0, x1, x2, x3 = (
                    block[i + 1, 0, b],
                    block[i + 1, 1, b],
                    block[i + 1, 2, b],
                    block[i + 1, 3, b],
                )
                for a in range(4):
                    block[i, a, b] -= (
                        block[i, a, 0] * x0 + block[i, a, 1] * x1 + block[i, a, 2] * x2 + block[i, a, 3] * x3
                    )
        # Borders. A column of the nodes is answered by its negative in the sum below.
        for b in range(borders):
            step[b] = 0.0
        if borders > 0:
            system = np.zeros((borders, borders + 1))
            for s in range(lower):
                if p.ends[s, IS_OHMIC] == 1.0:
                    system[s, s] = 1.0
                    system[s, borders] = -delta[s]
                    continue
                i0, i1, edge, sign = (0, 1, 0, 1.0) if s == 0 else (n - 1, n - 2, n - 2, -1.0)
                charge = p.fixed[i0] + content[1, i0] - content[0, i0] + 2.0 * content[2, i0] - content[3, i0]
                g = contact_field(s, u[:, 0], p.lam, p.h, p.ends, delta[0], delta[1], exact * charge)
                value, rise = lowering(g, p.ends[s, GAIN], p.ends[s, WIDTH])
                push = exact / (p.lam[edge] * p.h[edge])
                for b in range(borders + 1):
                    col = 5 + b if b < borders else 4
                    dg = (block[i1, 0, col] - block[i0, 0, col]) / p.h[edge]
                    dg += push * (
                        slope[1, i0] * block[i0, 2, col]
                        - (slope[0, i0] + slope[3, i0]) * block[i0, 1, col]
                        + 2.0 * slope[2, i0] * block[i0, 3, col]
                    )
                    if b < borders:
                        # The answer to a unit of border b is minus the column.
                        dg = -dg
                        if b < 2:
                            dg += sign * (1.0 if b == 0 else -1.0) / p.ends[s, SPREAD]
                        system[s, b] = -rise * dg + (1.0 if b == s else 0.0)
                    else:
                        system[s, borders] = value - delta[s] + rise * dg
            for c in range(3):
                if active[c] == 0:
                    continue
                a = c + 1
                row = place[c]
                total = 0.0
                for i in range(n):
                    total -= (content[c, i] - old[c, i]) * inverse
                    if c == 0:
                        total -= (content[3, i] - old[3, i]) * inverse
                for b in range(borders + 1):
                    col = 5 + b if b < borders else 4
                    part = 0.0
                    for i in range(n):
                        rise = slope[c, i] + (slope[3, i] if c == 0 else 0.0)
                        part += rise * inverse * block[i, a, col]
                    if c < 2:
                        for s in range(2):
                            part += p.ends[s, V_N + c] * block[0 if s == 0 else n - 1, a, col]
                    if b < borders:
                        system[row, b] = -part
                    else:
                        system[row, borders] = total - part
                if c < 2:
                    for s in range(2):
                        system[row, borders] -= contact[s, c]
                        if lower == 2:
                            _, den, _, deh = contact_fractions(p, s, delta[s], mode)
                            system[row, s] -= p.ends[s, V_N + c] * (den if c == 0 else deh)
            if not _dense(system, step):
                return DIVERGED, iteration + 1
        # The change of every unknown, its size, and the positive update.
        top = 0.0
        finite = True
        for i in range(n):
            for a in range(4):
                x = block[i, a, 4]
                for b in range(borders):
                    x -= step[b] * block[i, a, 5 + b]
                block[i, a, 4] = x
                if not np.isfinite(x):
                    finite = False
            top = max(top, abs(block[i, 0, 4]))
        if not finite:
            return DIVERGED, iteration + 1
        factor = 1.0 if top < 20.0 else 20.0 / top
        most_x = 0.0
        for i in range(n):
            most_x = max(most_x, u[i, 3])
        floor = min(most_x, 1.0) * 1e-9 + 1e-280
        worst = top
        for i in range(n):
            worst = max(worst, abs(block[i, 3, 4]) / (u[i, 3] + floor))
        for s in range(lower):
            worst = max(worst, abs(step[s]))
        for s in range(2):
            i = 0 if s == 0 else n - 1
            for c in range(2):
                if p.ends[s, IS_OHMIC] == 0.0:
                    # Against the flux, a millionth of the exchange with the contact, and 1e-18 A on 1e-12 m^2.
                    speed = p.ends[s, V_N + c]
                    size = max(abs(contact[s, c]), 1e-6 * speed * p.ends[s, EQ_N + c], 1e13)
                    worst = max(worst, speed * abs(block[i, c + 1, 4]) / size)
        for i in range(n):
            u[i, 0] += factor * block[i, 0, 4]
            for a in range(1, 4):
                x = factor * block[i, a, 4]
                if x >= 0.0:
                    u[i, a] += x
                elif u[i, a] > 0.0:
                    # A fall is an exponential one: no density ever passes zero.
                    u[i, a] = max(u[i, a] * np.exp(max(x / u[i, a], -30.0)), 1e-300)
        for s in range(lower):
            delta[s] = max(delta[s] + factor * step[s], 0.0)
        if worst < _TOLERANCE:
            contents(p, u, old_traps, dt, old_traps, content, slope, trap_now)
            return CONVERGED, iteration + 1
    return DIVERGED, most


@njit(cache=True, error_model="numpy")
def _dense(a, x):
    """Solves the small system a (row, column and right-hand side) into x; rows are scaled first."""
    n = a.shape[0]
    for i in range(n):
        size = 0.0
        for j in range(n):
            size = max(size, abs(a[i, j]))
        if not size > 0.0:
            return False
        for j in range(n + 1):
            a[i, j] /= size
    for i in range(n):
        best = i
        for k in range(i + 1, n):
            if abs(a[k, i]) > abs(a[best, i]):
                best = k
        if not abs(a[best, i]) > 0.0:
            return False
        for j in range(n + 1):
            a[i, j], a[best, j] = a[best, j], a[i, j]
        for k in range(n):
            if k != i:
                w = a[k, i] / a[i, i]
                for j in range(n + 1):
                    a[k, j] -= w * a[i, j]
    for i in range(n):
        x[i] = a[i, n] / a[i, i]
    return True
