"""What a node holds, compiled: fractions and excesses of the unknowns, contents of its cells, traps, contacts.

The unknowns of a node are stated in `_newton`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.physics._kernel import inner, inner_contracted
from pinched.physics._layout import EQ_N, FOLLOWING, IS_OHMIC, LEVEL_N, LEVEL_P
from pinched.physics._statistics import (
    FEW,
    bernoulli,
    excess,
    excess_of_few,
    excess_of_many,
    exp_minus_one,
    fermi,
)


@inner
def of_unknown(c, value):
    """Fraction, its slope, excess and its slope by the unknown `value` of carrier c."""
    if c == 2:
        y = value * (1.0 - value * (0.5 - value / 6.0)) if value < 1e-5 else -np.expm1(-value)
        return y, 1.0 - y, value, 1.0
    g, d = excess(value)
    return value, 1.0, g, d


@njit(error_model="numpy")
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


@inner
def trapped(f, g, dg, before, dt, a, b):
    """Occupation of traps after a step at electron fraction f with excess g, and its slope by f; dt < 0: at once."""
    escape = b * np.exp(-g)
    if dt < 0.0:
        total = f + escape
        return f / total, (escape + f * dg * escape) / (total * total)
    total = 1.0 + dt * a * (f + escape)
    now = (before + dt * a * f) / total
    return now, dt * a * (1.0 - now * (1.0 - dg * escape)) / total


@inner
def at_face(c, v, wl, wr, sl, sr):
    """Content of carrier c at a node between two layers and its slope, then what either side sees: fraction, slope,
    excess, slope from the left, and from the right."""
    a, da = across(c, v, sl)
    b, db = across(c, v, sr)
    ya, dya, ga, dga = of_unknown(c, a)
    yb, dyb, gb, dgb = of_unknown(c, b)
    dya, dga, dyb, dgb = dya * da, dga * da, dyb * db, dgb * db
    return wl * ya + wr * yb, wl * dya + wr * dyb, ya, dya, ga, dga, yb, dyb, gb, dgb


@inner
def trapped_at(p, v, i, before, dt, now):
    """Electrons (1/m^2) in the traps of node i after a step, and the slope; now (side, node) gets the occupation."""
    total, rise = 0.0, 0.0
    for side in range(2):
        amount = p.tn[side, i]
        if amount > 0.0:
            f, df = across(0, v, p.sl[0, i] if side == 0 else p.sr[0, i])
            g, dg = excess(f)
            filled, slope = trapped(f, g, dg, before[side, i], dt, p.ta[side, i], p.tb[side, i])
            now[side, i] = filled
            total += amount * filled
            rise += amount * slope * df
    return total, rise


@inner
def fill_nodes(p, u, before, dt, w, trap_now):
    """Fills what the nodes hold at state u into `w`: fractions, excesses, contents, and the occupation of traps.

    `before` (side, node) is the occupation of the traps before the step of dt (s), trap_now receives that after it.
    """
    n = u.shape[1]
    for c in range(2):
        for i in range(n):
            v = u[c + 1, i]
            w.y[c, i], w.dy[c, i] = v, 1.0
            w.g[c, i], w.dg[c, i] = excess_of_few(v)
        # Apart, so that the loop above is done four nodes at a time: few nodes are degenerate.
        for i in range(n):
            if u[c + 1, i] >= FEW:
                w.g[c, i], w.dg[c, i] = excess_of_many(u[c + 1, i])
    for i in range(n):
        v = u[3, i]
        y = -exp_minus_one(-v)
        w.y[2, i], w.dy[2, i] = y, 1.0 - y
        w.g[2, i], w.dg[2, i] = v, 1.0
    for c in range(3):
        for i in range(n):
            size = p.wl[c, i] + p.wr[c, i]
            w.content[c, i], w.slope[c, i] = size * w.y[c, i], size * w.dy[c, i]
    for k in range(p.faces.size):
        i = p.faces[k]
        for c in range(3):
            cont, rise, ya, dya, ga, dga, yb, dyb, gb, dgb = at_face(
                c, u[c + 1, i], p.wl[c, i], p.wr[c, i], p.sl[c, i], p.sr[c, i]
            )
            w.content[c, i], w.slope[c, i] = cont, rise
            w.y[c, i], w.dy[c, i], w.g[c, i], w.dg[c, i] = ya, dya, ga, dga
            w.beyond[k, c, 0], w.beyond[k, c, 1], w.beyond[k, c, 2], w.beyond[k, c, 3] = yb, dyb, gb, dgb
    if p.traps:
        for i in range(n):
            w.content[3, i], w.slope[3, i] = trapped_at(p, u[1, i], i, before, dt, trap_now)


@inner_contracted
def fill_edges(p, u, w):
    """Fills the fluxes along every edge and their slopes; the nodes of `w` are those of state u."""
    for c in range(3):
        z = -1.0 if c == 0 else float(c)
        for e in range(u.shape[1] - 1):
            w.q[c, e] = z * (u[0, e + 1] - u[0, e]) + w.g[c, e + 1] - w.g[c, e]
        for k in range(p.faces.size):
            e = p.faces[k]
            w.q[c, e] = z * (u[0, e + 1] - u[0, e]) + w.g[c, e + 1] - w.beyond[k, c, 2]
        for e in range(u.shape[1] - 1):
            w.b[c, e], w.db[c, e] = bernoulli(w.q[c, e])
        # Apart: beside the fluxes' many arrays the loop above would not be done four edges at a time.
        for e in range(u.shape[1] - 1):
            y, dy, dg = w.y[c, e], w.dy[c, e], w.dg[c, e]
            if p.face[e] >= 0:
                face = p.face[e]
                y, dy, dg = w.beyond[face, c, 0], w.beyond[face, c, 1], w.beyond[face, c, 3]
            k, b, db, other = p.k[c, e], w.b[c, e], w.db[c, e], w.b[c, e] + w.q[c, e]
            by_q = k * (db * y - (1.0 + db) * w.y[c, e + 1])
            w.flux[c, e], w.by_drop[c, e] = k * (b * y - other * w.y[c, e + 1]), z * by_q
            w.by_left[c, e] = k * b * dy - by_q * dg
            w.by_right[c, e] = by_q * w.dg[c, e + 1] - k * other * w.dy[c, e + 1]


@inner
def contact_fractions(p, s, delta, mode):
    """Fractions of electrons and holes with which contact s is in balance, and their slopes by its lowering."""
    if mode == FOLLOWING and p.ends[s, IS_OHMIC] == 0.0:
        n, dn = fermi(p.ends[s, LEVEL_N] + delta)
        h, dh = fermi(p.ends[s, LEVEL_P] - delta)
        return n, dn, h, -dh
    return p.ends[s, EQ_N], 0.0, p.ends[s, EQ_N + 1], 0.0
