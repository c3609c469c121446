"""Rows of one Newton iteration and their elimination from the left, node by node as they arise, compiled.

Rows and columns of a node: 0 potential, 1 electrons, 2 holes, 3 vacancies. A row is three tuples of four: what
multiplies the node's own unknowns, those of the next node, and the right-hand sides (minus the residual, then one
column for each border). Tuples rather than arrays, so that a whole row is held in registers.

Nothing is pivoted. Carriers go first: their diagonal holds what leaves the cell, which outweighs what they get from
the charge; what is then left of the potential's row is Poisson's equation with the screening of that node.
"""

from __future__ import annotations

from pinched.physics._equilibrium import contact_field, lowering
from pinched.physics._kernel import inner, inner_contracted
from pinched.physics._layout import EQ_N, GAIN, IS_OHMIC, NO_LOWERING, PSI, SPREAD, V_N
from pinched.physics._nodes import contact_fractions

# Right-hand sides: the residual, the difference of the two lowerings, up to two held densities.
RESIDUAL, DIFFERENCE, HELD, BORDERS = 0, 1, 2, 3
# Columns of what is kept of a contact: outward flux of electrons and holes, 1 where the barrier is lowered, what its
# potential lacks (kT/q), slopes of the balanced fractions by the lowering.
OUT_N, OUT_P, LOWERED, LACK, BY_N, BY_P, CONTACT_WORK = range(7)

_NONE = (0.0, 0.0, 0.0, 0.0)


@inner_contracted
def _less(a, w, b):
    return a[0] - w * b[0], a[1] - w * b[1], a[2] - w * b[2], a[3] - w * b[3]


@inner_contracted
def _times(a, w):
    return a[0] * w, a[1] * w, a[2] * w, a[3] * w


@inner_contracted
def _solve(d0, d1, d2, d3, x0, x1, x2, x3, s0, s1, s2, s3):
    """x and s in terms of the node's own unknowns: the rows divided by d."""
    p1 = 1.0 / d1[1]
    w = d2[1] * p1
    d2, x2, s2 = _less(d2, w, d1), _less(x2, w, x1), _less(s2, w, s1)
    w = d3[1] * p1
    d3, x3, s3 = _less(d3, w, d1), _less(x3, w, x1), _less(s3, w, s1)
    w = d0[1] * p1
    d0, x0, s0 = _less(d0, w, d1), _less(x0, w, x1), _less(s0, w, s1)
    p2 = 1.0 / d2[2]
    w = d3[2] * p2
    d3, x3, s3 = _less(d3, w, d2), _less(x3, w, x2), _less(s3, w, s2)
    w = d0[2] * p2
    d0, x0, s0 = _less(d0, w, d2), _less(x0, w, x2), _less(s0, w, s2)
    p3 = 1.0 / d3[3]
    w = d0[3] * p3
    d0, x0, s0 = _less(d0, w, d3), _less(x0, w, x3), _less(s0, w, s3)
    p0 = 1.0 / d0[0]
    x0, s0 = _times(x0, p0), _times(s0, p0)
    x3, s3 = _times(_less(x3, d3[0], x0), p3), _times(_less(s3, d3[0], s0), p3)
    x2, s2 = _less(x2, d2[0], x0), _less(s2, d2[0], s0)
    x2, s2 = _times(_less(x2, d2[3], x3), p2), _times(_less(s2, d2[3], s3), p2)
    x1, s1 = _less(x1, d1[0], x0), _less(s1, d1[0], s0)
    x1, s1 = _less(x1, d1[2], x2), _less(s1, d1[2], s2)
    x1, s1 = _times(_less(x1, d1[3], x3), p1), _times(_less(s1, d1[3], s3), p1)
    return x0, x1, x2, x3, s0, s1, s2, s3


@inner
def _held_column(pins, c):
    """Right-hand sides of the row of a held density: it is the first border of those that are held, or the second."""
    for b in range(c):
        if pins[b] >= 0:
            return 0.0, 0.0, 0.0, -1.0
    return 0.0, 0.0, -1.0, 0.0


@inner
def fill_contacts(p, u, delta, volts, mode, contact):
    """Fills contact (contact, column) with the state of both contacts, see the names of its columns."""
    for s in range(2):
        i = 0 if s == 0 else u.shape[1] - 1
        ohmic = p.ends[s, IS_OHMIC] == 1.0
        en, den, eh, deh = contact_fractions(p, s, delta[s], mode)
        contact[s, OUT_N] = 0.0 if ohmic else p.ends[s, V_N] * (u[1, i] - en)
        contact[s, OUT_P] = 0.0 if ohmic else p.ends[s, V_N + 1] * (u[2, i] - eh)
        contact[s, LOWERED] = 0.0 if ohmic or mode == NO_LOWERING else 1.0
        contact[s, LACK] = p.ends[s, PSI] + s * volts + delta[s] - u[0, i]
        contact[s, BY_N], contact[s, BY_P] = den, deh


@inner
def _contact_potential(p, u, delta, exact, w, contact, s):
    """Row of the potential at contact s: four coefficients of the node, that of its neighbour, right-hand sides.

    The lowering is no unknown of its own: it is what the potential of the contact has above its plain barrier, and
    its law stands in this row. The un-lowered potential also depends on the lowering of the other contact; the
    difference of the two is the border unknown.
    """
    if contact[s, LOWERED] == 0.0:
        return (1.0, 0.0, 0.0, 0.0), 0.0, (contact[s, LACK], 0.0, 0.0, 0.0)
    n = u.shape[1]
    i, inner, e, side = (0, 1, 0, 1.0) if s == 0 else (n - 1, n - 2, n - 2, -1.0)
    charge = p.fixed[i] + w.content[1, i] - w.content[0, i] + 2.0 * w.content[2, i] - w.content[3, i]
    g = contact_field(s, u[0, i], u[0, inner], p.lam[e], p.h[e], p.ends, delta[0], delta[1], exact * charge)
    value, rise = lowering(g, p.ends[s, GAIN])
    near, push = rise / p.h[e], exact * rise / (p.lam[e] * p.h[e])
    own = (
        1.0 + near,
        push * (w.slope[0, i] + w.slope[3, i]),
        -push * w.slope[1, i],
        -2.0 * push * w.slope[2, i],
    )
    right = (value - delta[s] + contact[s, LACK], side * rise / p.ends[s, SPREAD], 0.0, 0.0)
    return own, -near, right


@inner_contracted
def sweep(p, u, delta, old, dt, exact, pins, w, contact):
    """Rows of every node at state u, eliminated from the left; `w.block` receives what they leave.

    `w` and `contact` are filled for u; pins (carrier) are the nodes at which a density is held, or -1.
    """
    n = u.shape[1]
    inverse = 1.0 / dt
    # Fluxes and slopes of the edge on the left, what the node on the left left over.
    ln, lp, lx, flow, lam_left = _NONE, _NONE, _NONE, 0.0, 0.0
    x0, x1, x2, x3 = _NONE, _NONE, _NONE, _NONE
    s0, s1, s2, s3 = _NONE, _NONE, _NONE, _NONE
    for i in range(n):
        rn, rp, rx, lam = _NONE, _NONE, _NONE, 0.0
        charge = (
            p.fixed[i] + w.content[1, i] - w.content[0, i] + 2.0 * w.content[2, i] - w.content[3, i] - flow
        )
        if i < n - 1:
            rn = w.flux[0, i], w.by_drop[0, i], w.by_left[0, i], w.by_right[0, i]
            rp = w.flux[1, i], w.by_drop[1, i], w.by_left[1, i], w.by_right[1, i]
            rx = w.flux[2, i], w.by_drop[2, i], w.by_left[2, i], w.by_right[2, i]
            lam = p.lam[i]
            flow = lam * (u[0, i + 1] - u[0, i])
            charge += flow
        # Stores, and what flows through the edges.
        store_n = w.slope[0, i] * inverse
        store_t = w.slope[3, i] * inverse
        kept_n = (w.content[0, i] - old[0, i] + w.content[3, i] - old[3, i]) * inverse
        d0 = (-lam_left - lam, -w.slope[0, i] - w.slope[3, i], w.slope[1, i], 2.0 * w.slope[2, i])
        d1 = (-ln[1] - rn[1], store_n + store_t - ln[3] + rn[2], 0.0, 0.0)
        d2 = (-lp[1] - rp[1], 0.0, w.slope[1, i] * inverse - lp[3] + rp[2], 0.0)
        d3 = (-lx[1] - rx[1], 0.0, 0.0, w.slope[2, i] * inverse - lx[3] + rx[2])
        n0, n1 = (lam, 0.0, 0.0, 0.0), (rn[1], rn[3], 0.0, 0.0)
        n2, n3 = (rp[1], 0.0, rp[3], 0.0), (rx[1], 0.0, 0.0, rx[3])
        r0 = (-charge, 0.0, 0.0, 0.0)
        r1 = (ln[0] - rn[0] - kept_n, 0.0, 0.0, 0.0)
        r2 = (lp[0] - rp[0] - (w.content[1, i] - old[1, i]) * inverse, 0.0, 0.0, 0.0)
        r3 = (lx[0] - rx[0] - (w.content[2, i] - old[2, i]) * inverse, 0.0, 0.0, 0.0)
        if i == 0 or i == n - 1:
            s = 0 if i == 0 else 1
            d0, near, r0 = _contact_potential(p, u, delta, exact, w, contact, s)
            n0 = (near if i == 0 else 0.0, 0.0, 0.0, 0.0)
            lam_left = near if i > 0 else 0.0
            by_n, by_p = p.ends[s, V_N], p.ends[s, V_N + 1]
            # The balanced fractions follow the lowering, which is the potential less what it lacks.
            pull_n = by_n * contact[s, BY_N] * contact[s, LOWERED]
            pull_p = by_p * contact[s, BY_P] * contact[s, LOWERED]
            d1 = (d1[0] - pull_n, d1[1] + by_n, 0.0, 0.0)
            d2 = (d2[0] - pull_p, 0.0, d2[2] + by_p, 0.0)
            r1 = (r1[0] - contact[s, OUT_N] - pull_n * contact[s, LACK], 0.0, 0.0, 0.0)
            r2 = (r2[0] - contact[s, OUT_P] - pull_p * contact[s, LACK], 0.0, 0.0, 0.0)
        # What the node on the left left over.
        d0, r0 = _less(d0, lam_left, x0), _less(r0, lam_left, s0)
        d1, r1 = _less(_less(d1, ln[1], x0), -ln[2], x1), _less(_less(r1, ln[1], s0), -ln[2], s1)
        d2, r2 = _less(_less(d2, lp[1], x0), -lp[2], x2), _less(_less(r2, lp[1], s0), -lp[2], s2)
        d3, r3 = _less(_less(d3, lx[1], x0), -lx[2], x3), _less(_less(r3, lx[1], s0), -lx[2], s3)
        # Rows that are replaced: ohmic contacts, held densities, carriers that the layer has none of.
        if (i == 0 or i == n - 1) and p.ends[0 if i == 0 else 1, IS_OHMIC] == 1.0:
            s = 0 if i == 0 else 1
            d1, n1, r1 = (0.0, 1.0, 0.0, 0.0), _NONE, (p.ends[s, EQ_N] - u[1, i], 0.0, 0.0, 0.0)
            d2, n2, r2 = (0.0, 0.0, 1.0, 0.0), _NONE, (p.ends[s, EQ_N + 1] - u[2, i], 0.0, 0.0, 0.0)
        if pins[0] == i:
            d1, n1, r1 = (0.0, 1.0, 0.0, 0.0), _NONE, _held_column(pins, 0)
        if pins[1] == i:
            d2, n2, r2 = (0.0, 0.0, 1.0, 0.0), _NONE, _held_column(pins, 1)
        if pins[2] == i:
            d3, n3, r3 = (0.0, 0.0, 0.0, 1.0), _NONE, _held_column(pins, 2)
        elif p.wl[2, i] + p.wr[2, i] == 0.0:
            d3, n3, r3 = (0.0, 0.0, 0.0, 1.0), _NONE, _NONE
        x0, x1, x2, x3, s0, s1, s2, s3 = _solve(d0, d1, d2, d3, n0, n1, n2, n3, r0, r1, r2, r3)
        for k in range(4):
            w.block[i, 0, k], w.block[i, 1, k], w.block[i, 2, k], w.block[i, 3, k] = (
                x0[k],
                x1[k],
                x2[k],
                x3[k],
            )
            at = 4 + k
            w.block[i, 0, at], w.block[i, 1, at], w.block[i, 2, at], w.block[i, 3, at] = (
                s0[k],
                s1[k],
                s2[k],
                s3[k],
            )
        ln, lp, lx, lam_left = rn, rp, rx, lam


@inner_contracted
def back(block, columns):
    """Way back of the elimination: the first `columns` right-hand sides become the answers to them."""
    for b in range(4, 4 + columns):
        n = block.shape[0]
        y0, y1, y2, y3 = block[n - 1, 0, b], block[n - 1, 1, b], block[n - 1, 2, b], block[n - 1, 3, b]
        for i in range(n - 2, -1, -1):
            m = block[i]
            z0 = m[0, b] - (m[0, 0] * y0 + m[0, 1] * y1 + m[0, 2] * y2 + m[0, 3] * y3)
            z1 = m[1, b] - (m[1, 0] * y0 + m[1, 1] * y1 + m[1, 2] * y2 + m[1, 3] * y3)
            z2 = m[2, b] - (m[2, 0] * y0 + m[2, 1] * y1 + m[2, 2] * y2 + m[2, 3] * y3)
            z3 = m[3, b] - (m[3, 0] * y0 + m[3, 1] * y1 + m[3, 2] * y2 + m[3, 3] * y3)
            m[0, b], m[1, b], m[2, b], m[3, b] = z0, z1, z2, z3
            y0, y1, y2, y3 = z0, z1, z2, z3
