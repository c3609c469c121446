"""Equilibrium, compiled: the Poisson equation with every density in balance, and both image-force lowerings.

Newton on the potential alone, with the two lowerings as border unknowns; steps are limited, and where that fails
the charge is switched on little by little.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from pinched.constants import K_B, E
from pinched.physics._kernel import inner
from pinched.physics._layout import (
    DELTA_0,
    EQ_N,
    EQ_P,
    GAIN,
    IS_OHMIC,
    LEVEL_N,
    LEVEL_P,
    PSI,
    SPREAD,
    Scaled,
)
from pinched.physics._scale import levels, net_charge, neutral, scaled
from pinched.physics._statistics import fermi

_START = 0.02
_LIMIT = 8.0
"""Largest change of the potential in one step (kT/q)."""


@inner
def lowering(field, gain):
    """Image-force lowering and its slope at the reduced field that pulls electrons out; zero for a field below zero.

    Exactly the root above a lowering of 0.02 kT/q; below it a cubic with the same value and slope, for the root
    starts with an infinite one.
    """
    width = _START * _START / gain
    if field >= width:
        root = np.sqrt(gain * field)
        return root, 0.5 * root / field
    if field <= 0.0:
        return 0.0, 0.0
    t = field / width
    return _START * t * t * (2.5 - 1.5 * t), _START * t * (5.0 - 4.5 * t) / width


@inner
def lowering_row(delta, field, gain):
    """Newton's row of an image-force lowering `delta` at reduced `field`: coefficients of both changes, right-hand
    side.

    Written as delta^2 / gain = field, which is convex in delta and smooth where the root has an infinite slope: from
    a lowering that is too large Newton comes down without oscillating. A field that pushes electrons back lowers
    nothing.
    """
    if delta <= 0.0 and field <= 0.0:
        return 1.0, 0.0, 0.0
    return 2.0 * delta / gain, -1.0, field - delta * delta / gain


@inner
def contact_field(s, outer, inner, lam, h, ends, delta_left, delta_right, extra):
    """Reduced field (1/m) of the un-lowered potential at contact s (0 left, 1 right) that pulls electrons out.

    `outer`, `inner` are the potentials at the contact and the next node, lam and h belong to the cell between them.
    `extra` is the charge (1/m^2) of the contact's half cell, 0 for the reference's rule.
    """
    side = 1.0 if s == 0 else -1.0
    return (inner - outer) / h - side * (delta_right - delta_left) / ends[s, SPREAD] + extra / (lam * h)


@inner
def _newton(psi, delta, h, lam, edge_layer, layers, ends, temperature, use, exact, share, convex):
    """Newton at `share` of the charge; changes psi and delta, returns True when it converged.

    `convex` takes the image force as `lowering_row` does, else as the root itself: the first is safe where a
    lowering is small beside what it answers with, the second where it is large.
    """
    n = psi.size
    d, r = np.empty(n), np.empty(n)
    c, y = np.empty(n), np.empty((n, 3))
    half = np.zeros(2)
    slope = np.zeros(2)
    for _ in range(400):
        for i in range(n):
            d[i], r[i] = 0.0, 0.0
        for e in range(n - 1):
            lay = layers[edge_layer[e]]
            q0, s0 = net_charge(psi[e], lay, temperature)
            q1, s1 = net_charge(psi[e + 1], lay, temperature)
            v = 0.5 * h[e] * share
            flow = lam[e] * (psi[e + 1] - psi[e])
            r[e] += flow + v * q0
            r[e + 1] += v * q1 - flow
            d[e] += v * s0 - lam[e]
            d[e + 1] += v * s1 - lam[e]
            if e == 0:
                half[0] = v * q0
                slope[0] = v * s0
            if e == n - 2:
                half[1] = v * q1
                slope[1] = v * s1
        r[0] = ends[0, PSI] + delta[0] - psi[0]
        r[n - 1] = ends[1, PSI] + delta[1] - psi[n - 1]
        # Columns: the right-hand side and the answer to a unit of each lowering.
        c[0] = 0.0
        y[0, 0], y[0, 1], y[0, 2] = r[0], 1.0, 0.0
        for i in range(1, n - 1):
            p = 1.0 / (d[i] - lam[i - 1] * c[i - 1])
            c[i] = lam[i] * p
            y[i, 0] = (-r[i] - lam[i - 1] * y[i - 1, 0]) * p
            y[i, 1] = -lam[i - 1] * y[i - 1, 1] * p
            y[i, 2] = 0.0
        y[n - 1, 0], y[n - 1, 1], y[n - 1, 2] = r[n - 1], 0.0, 1.0
        for i in range(n - 2, -1, -1):
            for k in range(3):
                y[i, k] -= c[i] * y[i + 1, k]
        step = np.zeros(2)
        if use[0] + use[1] > 0:
            a = np.zeros((2, 2))
            b = np.zeros(2)
            for s in range(2):
                i0, i1 = (0, 1) if s == 0 else (n - 1, n - 2)
                edge = 0 if s == 0 else n - 2
                g = contact_field(
                    s, psi[i0], psi[i1], lam[edge], h[edge], ends, delta[0], delta[1], half[s] * exact
                )
                if convex:
                    by_delta, by_field, b[s] = lowering_row(delta[s], g, ends[s, GAIN])
                else:
                    value, rise = lowering(g, ends[s, GAIN])
                    by_delta, by_field, b[s] = 1.0, -rise, value - delta[s]
                if use[s] == 0:
                    by_delta, by_field, b[s] = 1.0, 0.0, -delta[s]
                push = slope[s] * exact / (lam[edge] * h[edge])
                sign = 1.0 if s == 0 else -1.0
                for k in range(2):
                    dg = (y[i1, k + 1] - y[i0, k + 1]) / h[edge] + push * y[i0, k + 1]
                    dg += sign * (1.0 if k == 0 else -1.0) / ends[s, SPREAD]
                    a[s, k] = by_field * dg
                a[s, s] += by_delta
                dg = (y[i1, 0] - y[i0, 0]) / h[edge] + push * y[i0, 0]
                b[s] -= by_field * dg
            det = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
            step[0] = (b[0] * a[1, 1] - b[1] * a[0, 1]) / det
            step[1] = (a[0, 0] * b[1] - a[1, 0] * b[0]) / det
        top = max(abs(step[0]), abs(step[1]))
        for i in range(n):
            y[i, 0] += step[0] * y[i, 1] + step[1] * y[i, 2]
            if not np.isfinite(y[i, 0]):
                return False
            top = max(top, abs(y[i, 0]))
        factor = min(1.0, _LIMIT / top) if top > 0.0 else 1.0
        for i in range(n):
            psi[i] += factor * y[i, 0]
        for s in range(2):
            delta[s] = max(delta[s] + factor * step[s], 0.0)
        # Rounding of a potential of hundreds of kT/q is 1e-13 of it.
        if top < 2e-11:
            return True
        if top < 1e-9 and _ > 200:
            return True
    return False


@inner
def equilibrium(x, p, edge_layer, layers, temperature, use_lowering, exact):
    """Reduced potential and lowerings in equilibrium, and whether they were found; p.ends gets what it fixes."""
    n = x.size
    psi, keep = np.empty(n), np.empty(n)
    delta = np.zeros(2)
    use = np.zeros(2, np.int64)
    # From neutral layers first; where that fails from a growing charge, without lowering, which has a root. Either
    # way with both writings of the image force.
    for attempt in range(4):
        delta[0], delta[1] = 0.0, 0.0
        first, last = p.ends[0, PSI], p.ends[1, PSI]
        share, factor = 1e-12, 10.0
        if attempt < 2:
            share = 1.0
            layer, rest = -1, 0.0
            for i in range(n):
                if edge_layer[min(i, n - 2)] != layer:
                    layer = edge_layer[min(i, n - 2)]
                    rest = neutral(layers[layer], temperature)
                psi[i] = rest
            psi[0], psi[n - 1] = first, last
        else:
            for i in range(n):
                psi[i] = first + (last - first) * (x[i] - x[0]) / (x[n - 1] - x[0])
        # At the full charge the lowering joins: at once from neutral layers, else when the charge is there.
        joined = attempt < 2
        while True:
            for i in range(n):
                keep[i] = psi[i]
            for s in range(2):
                use[s] = 1 if joined and use_lowering and p.ends[s, IS_OHMIC] == 0.0 else 0
            convex = attempt % 2 == 1
            if _newton(
                psi, delta, p.h, p.lam, edge_layer, layers, p.ends, temperature, use, exact, share, convex
            ):
                if joined:
                    return psi, delta, True
                joined = share == 1.0
                share = min(share * factor, 1.0)
            else:
                if joined:
                    break
                for i in range(n):
                    psi[i] = keep[i]
                share /= factor
                factor = 1.0 + 0.5 * (factor - 1.0)
                if factor < 1.001:
                    break
                share *= factor
    return psi, delta, False


@inner
def fix_contacts(p, delta):
    """Puts the equilibrium lowerings, and the contact densities that follow from them, into p.ends."""
    for s in range(2):
        p.ends[s, DELTA_0] = delta[s]
        p.ends[s, EQ_N] = max(fermi(p.ends[s, LEVEL_N] + delta[s])[0], 1e-300)
        p.ends[s, EQ_P] = max(fermi(p.ends[s, LEVEL_P] - delta[s])[0], 1e-300)


@inner
def fractions(psi, p, edge_layer, layers, temperature, u, traps):
    """Fills u (4, node) with potential, fractions and vacancy excess, traps (side, node) with their occupation."""
    n = psi.size
    vt = K_B * temperature / E
    for i in range(n):
        u[0, i] = psi[i]
        left, right = edge_layer[max(i - 1, 0)], edge_layer[min(i, n - 2)]
        ll, lr = levels(layers[left], vt), levels(layers[right], vt)
        u[1, i] = max(fermi(psi[i] + ll[0])[0], 1e-300)
        u[2, i] = max(fermi(ll[1] - psi[i])[0], 1e-300)
        home = ll[2] if p.wl[2, i] > 0.0 or i == n - 1 else lr[2]
        level = home - 2.0 * psi[i]
        if p.wl[2, i] + p.wr[2, i] == 0.0:
            u[3, i] = 0.0
        elif level > 30.0:
            u[3, i] = level
        else:
            u[3, i] = max(np.log1p(np.exp(level)), 1e-300)
        for side in range(2):
            a = psi[i] + (ll[0] if side == 0 else lr[0])
            if p.tn[side, i] > 0.0:
                traps[side, i] = 1.0 / (1.0 + p.tb[side, i] * np.exp(-a))


class Rest(NamedTuple):
    """A device in equilibrium."""

    p: Scaled
    """The device in reduced units."""
    u: np.ndarray
    """(unknown, node) the unknowns of `_newton`."""
    delta: np.ndarray
    """(contact) image-force lowerings (kT/q)."""
    traps: np.ndarray
    """(side, node) occupation of the traps."""


@njit(cache=True, error_model="numpy", nogil=True)
def rest(x, edge_layer, layers, contacts, temperature, use_lowering, exact):
    """Whether a device has an equilibrium, and that as `Rest`; arguments as in `_scale.scaled` and `equilibrium`."""
    p = scaled(x, edge_layer, layers, contacts, temperature)
    psi, delta, found = equilibrium(x, p, edge_layer, layers, temperature, use_lowering, exact)
    fix_contacts(p, delta)
    u, traps = np.zeros((4, x.size)), np.zeros((2, x.size))
    if found:
        fractions(psi, p, edge_layer, layers, temperature, u, traps)
    return found, Rest(p, u, delta, traps)
