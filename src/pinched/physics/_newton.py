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
from pinched.physics._layout import EQ_N, GAIN, IS_OHMIC, NO_LOWERING, PSI, SPREAD, V_N
from pinched.physics._nodes import at_face, contact_fractions, contents, of_unknown, trapped_at
from pinched.physics._statistics import bernoulli

CONVERGED, DIVERGED = 0, 1
# Columns that the elimination keeps: four unknowns of the next node, the right-hand side, five borders; the rows have
# the node's own unknowns in place of the first four, and the next node's at the end. Constants, so that the loops
# over them are unrolled.
BLOCK, ROW = 10, 14
_TOLERANCE = 3e-6
"""Newton ends when its last change was below this: the next one would be its square."""
_LONGEST = 20.0
"""Largest change of the potential in one iteration (kT/q)."""


@njit(error_model="numpy", fastmath={"contract"})
def eliminate(m, block):
    """Solves the four rows of m (4, ROW) for what the next node leaves open; the answer goes to block (4, BLOCK).

    Columns of m: four unknowns of the node, the right-hand sides, four unknowns of the next node. Columns of
    block: what multiplies the next node's unknowns, then the right-hand sides. False where the rows are singular.
    """
    for a in range(4):
        size = max(max(abs(m[a, 0]), abs(m[a, 1])), max(abs(m[a, 2]), abs(m[a, 3])))
        # The comparison is False for NaN too.
        if not size > 0.0:
            return False
        size = 1.0 / size
        for b in range(ROW):
            m[a, b] *= size
    for a in range(4):
        best, top = a, abs(m[a, a])
        for b in range(a + 1, 4):
            if abs(m[b, a]) > top:
                best, top = b, abs(m[b, a])
        if not top > 0.0:
            return False
        if best != a:
            for b in range(ROW):
                m[a, b], m[best, b] = m[best, b], m[a, b]
        pivot = 1.0 / m[a, a]
        for b in range(ROW):
            m[a, b] *= pivot
        for k in range(4):
            if k != a:
                w = m[k, a]
                for b in range(ROW):
                    m[k, b] -= w * m[a, b]
    for a in range(4):
        for b in range(4):
            block[a, b] = m[a, BLOCK + b]
        for b in range(4, BLOCK):
            block[a, b] = m[a, b]
    return True


@njit(error_model="numpy", fastmath={"contract"})
def assemble(
    p, u, delta, old, old_traps, dt, volts, mode, pins, places, content, slope, trap_now, contact, block, m
):
    """Rows of every node at state u, eliminated from the left as they arise. False where a node is singular.

    Fills content and slope (carrier, node), contact (contact, carrier) with the outward fluxes, and block (node, 4,
    BLOCK) as `eliminate` says. Right-hand sides: minus the residual, one column for each border.
    """
    n = u.shape[0]
    inverse = 1.0 / dt
    here = np.empty((3, 4))
    cut = np.zeros((3, 4))
    flow = 0.0
    for c in range(3):
        y, dy, g, dg = of_unknown(c, u[0, c + 1])
        content[c, 0], slope[c, 0] = p.wr[c, 0] * y, p.wr[c, 0] * dy
        here[c, 0], here[c, 1], here[c, 2], here[c, 3] = y, dy, g, dg
    content[3, 0], slope[3, 0] = 0.0, 0.0
    if p.traps:
        content[3, 0], slope[3, 0] = trapped_at(p, u[0, 1], 0, old_traps, dt, trap_now)
    for i in range(n):
        for a in range(4):
            for b in range(ROW):
                m[a, b] = 0.0
        end = 0 if i == 0 else (1 if i == n - 1 else -1)
        # Charge and stores of this node, what the edge on its left gives.
        m[0, 1] = -slope[0, i] - slope[3, i]
        m[0, 2] = slope[1, i]
        m[0, 3] = 2.0 * slope[2, i]
        charge = p.fixed[i] + content[1, i] - content[0, i] + 2.0 * content[2, i] - content[3, i] - flow
        for c in range(3):
            a = c + 1
            m[a, a] = slope[c, i] * inverse - cut[c, 1]
            m[a, 4] = cut[c, 3] - (content[c, i] - old[c, i]) * inverse
            m[a, 0] = -cut[c, 0]
        m[1, 1] += slope[3, i] * inverse
        m[1, 4] -= (content[3, i] - old[3, i]) * inverse
        if i > 0:
            m[0, 0] = -p.lam[i - 1]
            w = p.lam[i - 1]
            left = block[i - 1]
            if end < 0:
                for b in range(BLOCK):
                    m[0, b] -= w * left[0, b]
            for c in range(3):
                a = c + 1
                w0, w1 = cut[c, 0], -cut[c, 2]
                for b in range(BLOCK):
                    m[a, b] -= w0 * left[0, b] + w1 * left[a, b]
        # The edge on its right.
        if i < n - 1:
            r = i + 1
            drop = u[r, 0] - u[i, 0]
            flow = p.lam[i] * drop
            charge += flow
            m[0, 0] -= p.lam[i]
            m[0, BLOCK] = p.lam[i]
            for c in range(3):
                a = c + 1
                z = -1.0 if c == 0 else float(c)
                v, wl, wr = u[r, c + 1], p.wl[c, r], p.wr[c, r]
                if p.face[r] == 0:
                    yl, dyl, gl, dgl = of_unknown(c, v)
                    content[c, r], slope[c, r] = (wl + wr) * yl, (wl + wr) * dyl
                    y, dy, g, dg = yl, dyl, gl, dgl
                else:
                    cont, rise, yl, dyl, gl, dgl, y, dy, g, dg = at_face(c, v, wl, wr, p.sl[c, r], p.sr[c, r])
                    content[c, r], slope[c, r] = cont, rise
                yk, dyk, gk, dgk = here[c, 0], here[c, 1], here[c, 2], here[c, 3]
                here[c, 0], here[c, 1], here[c, 2], here[c, 3] = y, dy, g, dg
                q = z * drop + gl - gk
                b1, db = bernoulli(q)
                k = p.k[c, i]
                b2 = b1 + q
                flux = k * (b1 * yk - b2 * yl)
                by_q = k * (db * yk - (1.0 + db) * yl)
                by_k = k * b1 * dyk - by_q * dgk
                by_l = by_q * dgl - k * b2 * dyl
                by_q *= z
                m[a, 0] -= by_q
                m[a, a] += by_k
                m[a, 4] -= flux
                m[a, BLOCK] = by_q
                m[a, BLOCK + a] = by_l
                cut[c, 0], cut[c, 1], cut[c, 2], cut[c, 3] = by_q, by_l, by_k, flux
            content[3, r], slope[3, r] = 0.0, 0.0
            if p.traps:
                content[3, r], slope[3, r] = trapped_at(p, u[r, 1], r, old_traps, dt, trap_now)
        m[0, 4] -= charge
        if end >= 0:
            for b in range(ROW):
                m[0, b] = 0.0
            m[0, 0] = 1.0
            m[0, 4] = p.ends[end, PSI] + end * volts + delta[end] - u[i, 0]
            if mode != NO_LOWERING:
                m[0, 5 + end] = -1.0
            en, den, eh, deh = contact_fractions(p, end, delta[end], mode)
            for c in range(2):
                eq, deq = (en, den) if c == 0 else (eh, deh)
                a = c + 1
                if p.ends[end, IS_OHMIC] == 1.0:
                    for b in range(ROW):
                        m[a, b] = 0.0
                    m[a, a] = 1.0
                    m[a, 4] = eq - u[i, a]
                else:
                    speed = p.ends[end, V_N + c]
                    out = speed * (u[i, a] - eq)
                    contact[end, c] = out
                    m[a, a] += speed
                    m[a, 4] -= out
                    if mode != NO_LOWERING:
                        m[a, 5 + end] -= speed * deq
        for c in range(3):
            a = c + 1
            held = places[c] >= 0 and pins[c] == i
            if held or p.wl[c, i] + p.wr[c, i] == 0.0:
                for b in range(ROW):
                    m[a, b] = 0.0
                m[a, a] = 1.0
                if held:
                    m[a, 5 + places[c]] = -1.0
        if not eliminate(m, block[i]):
            return False
    return True


@njit(error_model="numpy", fastmath={"contract"})
def back(block):
    """Way back of the elimination: the right-hand sides in block (node, 4, BLOCK) become the answers to them."""
    n = block.shape[0]
    for i in range(n - 2, -1, -1):
        for a in range(4):
            x0, x1, x2, x3 = block[i, a, 0], block[i, a, 1], block[i, a, 2], block[i, a, 3]
            for b in range(4, BLOCK):
                block[i, a, b] -= (
                    x0 * block[i + 1, 0, b]
                    + x1 * block[i + 1, 1, b]
                    + x2 * block[i + 1, 2, b]
                    + x3 * block[i + 1, 3, b]
                )


@njit(error_model="numpy")
def close_borders(p, u, delta, old, dt, mode, exact, places, borders, content, slope, contact, block, step):
    """Solves for the borders: both lowerings, and the density at the pinned node of each carrier that has one."""
    n = u.shape[0]
    inverse = 1.0 / dt
    system = np.zeros((borders, borders + 1))
    lower = 2 if mode != NO_LOWERING else 0
    for s in range(lower):
        if p.ends[s, IS_OHMIC] == 1.0:
            system[s, s] = 1.0
            system[s, borders] = -delta[s]
            continue
        i0, i1, edge, sign = (0, 1, 0, 1.0) if s == 0 else (n - 1, n - 2, n - 2, -1.0)
        charge = p.fixed[i0] + content[1, i0] - content[0, i0] + 2.0 * content[2, i0] - content[3, i0]
        g = contact_field(
            s, u[i0, 0], u[i1, 0], p.lam[edge], p.h[edge], p.ends, delta[0], delta[1], exact * charge
        )
        value, rise = lowering(g, p.ends[s, GAIN])
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
                # The answer to a unit of border b is minus its column.
                dg = -dg
                if b < 2:
                    dg += sign * (1.0 if b == 0 else -1.0) / p.ends[s, SPREAD]
                system[s, b] = -rise * dg + (1.0 if b == s else 0.0)
            else:
                system[s, borders] = value - delta[s] + rise * dg
    for c in range(3):
        row, a = places[c], c + 1
        if row < 0:
            continue
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
                part += p.ends[0, V_N + c] * block[0, a, col] + p.ends[1, V_N + c] * block[n - 1, a, col]
            system[row, b] = -part if b < borders else total - part
        if c < 2:
            for s in range(2):
                system[row, borders] -= contact[s, c]
                if lower == 2:
                    _, den, _, deh = contact_fractions(p, s, delta[s], mode)
                    system[row, s] -= p.ends[s, V_N + c] * (den if c == 0 else deh)
    return _dense(system, step)


@njit(error_model="numpy")
def update(p, u, delta, borders, lower, step, contact, block, damp):
    """Applies `damp` of the change that block and step hold; returns its size, or NaN where it is none."""
    n = u.shape[0]
    top, most_x = 0.0, 0.0
    for i in range(n):
        for a in range(4):
            x = block[i, a, 4]
            for b in range(borders):
                x -= step[b] * block[i, a, 5 + b]
            block[i, a, 4] = x
            # max() of the next lines would drop a NaN.
            if not np.isfinite(x):
                return np.nan
        top = max(top, abs(block[i, 0, 4]))
        most_x = max(most_x, u[i, 3])
    worst = top
    floor = min(most_x, 1.0) * 1e-9 + 1e-280
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
    factor = damp if top < _LONGEST else damp * _LONGEST / top
    for i in range(n):
        worst = max(worst, abs(block[i, 3, 4]) / (u[i, 3] + floor))
        u[i, 0] += factor * block[i, 0, 4]
        for a in range(1, 4):
            x = factor * block[i, a, 4]
            v = u[i, a]
            if x >= 0.0:
                u[i, a] = v + x
            elif v > 0.0:
                # A fall is an exponential one: no density ever passes zero. Small falls need no exponential.
                x /= v
                u[i, a] = (
                    v * (1.0 + x * (1.0 + 0.5 * x)) if x > -1e-5 else max(v * np.exp(max(x, -30.0)), 1e-300)
                )
    for s in range(lower):
        delta[s] = max(delta[s] + factor * step[s], 0.0)
    return worst


@njit(error_model="numpy")
def solve_step(p, u, delta, old, old_traps, dt, volts, mode, exact, active, work, trap_now, most):
    """Newton for one step of dt from the contents `old` (4, node) to voltage `volts` (kT/q) on the right contact.

    `u` (node, 4) and `delta` (2) hold the guess and receive the answer, trap_now (side, node) the occupation of the
    traps. `active` says which carriers are held by their global balance. Returns status, iterations.
    """
    n = u.shape[0]
    content, slope, block = work
    lower = 2 if mode != NO_LOWERING else 0
    borders = lower
    pins, places = np.zeros(3, np.int64), np.full(3, -1)
    for c in range(3):
        if active[c] == 1:
            places[c] = borders
            borders += 1
    m = np.zeros((4, ROW))
    step = np.zeros(5)
    contact = np.zeros((2, 2))
    for iteration in range(most):
        if borders > lower:
            if iteration == 0:
                contents(p, u, old_traps, dt, content, trap_now)
            for c in range(3):
                for i in range(n):
                    if content[c, i] > content[c, pins[c]]:
                        pins[c] = i
        if not assemble(
            p,
            u,
            delta,
            old,
            old_traps,
            dt,
            volts,
            mode,
            pins,
            places,
            content,
            slope,
            trap_now,
            contact,
            block,
            m,
        ):
            return DIVERGED, iteration + 1
        back(block)
        if borders > 0 and not close_borders(
            p, u, delta, old, dt, mode, exact, places, borders, content, slope, contact, block, step
        ):
            return DIVERGED, iteration + 1
        # A lowering that starts from zero can make Newton run in a circle; half steps leave it.
        damp = 0.5 if 9 < iteration < 18 else 1.0
        worst = update(p, u, delta, borders, lower, step, contact, block, damp)
        if not worst < 1e300:
            return DIVERGED, iteration + 1
        if worst < _TOLERANCE:
            contents(p, u, old_traps, dt, content, trap_now)
            return CONVERGED, iteration + 1
    return DIVERGED, most


@njit(error_model="numpy")
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
