"""What a node holds, compiled: fractions and excesses of the unknowns, contents of its cells, traps, contacts.

The unknowns of a node are stated in `_newton`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.physics._layout import EQ_N, FOLLOWING, IS_OHMIC, LEVEL_N, LEVEL_P
from pinched.physics._statistics import excess, fermi


@njit(error_model="numpy")
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


@njit(error_model="numpy")
def trapped(f, g, dg, before, dt, a, b):
    """Occupation of traps after a step at electron fraction f with excess g, and its slope by f; dt < 0: at once."""
    escape = b * np.exp(-g)
    if dt < 0.0:
        total = f + escape
        return f / total, (escape + f * dg * escape) / (total * total)
    total = 1.0 + dt * a * (f + escape)
    now = (before + dt * a * f) / total
    return now, dt * a * (1.0 - now * (1.0 - dg * escape)) / total


@njit(error_model="numpy")
def at_face(c, v, wl, wr, sl, sr):
    """Content of carrier c at a node between two layers and its slope, then what either side sees: fraction, slope,
    excess, slope from the left, and from the right."""
    a, da = across(c, v, sl)
    b, db = across(c, v, sr)
    ya, dya, ga, dga = of_unknown(c, a)
    yb, dyb, gb, dgb = of_unknown(c, b)
    dya, dga, dyb, dgb = dya * da, dga * da, dyb * db, dgb * db
    return wl * ya + wr * yb, wl * dya + wr * dyb, ya, dya, ga, dga, yb, dyb, gb, dgb


@njit(error_model="numpy")
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


@njit(error_model="numpy")
def contents(p, u, before, dt, content, trap_now):
    """Fills content (carrier, or 3 for traps, and node; 1/m^2) and the occupation of traps of state u."""
    for i in range(u.shape[0]):
        for c in range(3):
            v, wl, wr = u[i, c + 1], p.wl[c, i], p.wr[c, i]
            if p.face[i] == 0:
                content[c, i] = (wl + wr) * of_unknown(c, v)[0]
            else:
                content[c, i] = at_face(c, v, wl, wr, p.sl[c, i], p.sr[c, i])[0]
        content[3, i] = trapped_at(p, u[i, 1], i, before, dt, trap_now)[0] if p.traps else 0.0


@njit(error_model="numpy")
def contact_fractions(p, s, delta, mode):
    """Fractions of electrons and holes with which contact s is in balance, and their slopes by its lowering."""
    if mode == FOLLOWING and p.ends[s, IS_OHMIC] == 0.0:
        n, dn = fermi(p.ends[s, LEVEL_N] + delta)
        h, dh = fermi(p.ends[s, LEVEL_P] - delta)
        return n, dn, h, -dh
    return p.ends[s, EQ_N], 0.0, p.ends[s, EQ_N + 1], 0.0
