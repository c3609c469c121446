"""One implicit Euler step by Newton's method, compiled: borders, positive update, when it ends.

Unknowns of a node: potential (kT/q), electron and hole fraction, and the excess of the vacancies
$e = -\\ln(1 - n_x/N_x)$, which is the fraction itself where vacancies are rare and the level where they fill the
lattice, so that neither end loses digits. Borders, beside the nodes: the difference of the two image-force
lowerings, and for carriers whose balance is lost in the rounding of their fluxes, the density at one node: its row
is replaced by the balance of the whole device, in which all fluxes inside cancel.
"""

from __future__ import annotations

import numpy as np

from pinched.physics._elimination import (
    BORDERS,
    BY_N,
    CONTACT_WORK,
    DIFFERENCE,
    HELD,
    LACK,
    LOWERED,
    OUT_N,
    RESIDUAL,
    back,
    fill_contacts,
    sweep,
)
from pinched.physics._kernel import inner
from pinched.physics._layout import EQ_N, IS_OHMIC, V_N
from pinched.physics._nodes import fill_edges, fill_nodes

CONVERGED, DIVERGED = 0, 1
_TOLERANCE = 3e-6
"""Newton ends when its last change was below this: the next one would be its square."""
_NEXT = 1e-11
"""It also ends when the next change, as the last two foretell it, is below this."""
_LONGEST = 20.0
"""Largest change of the potential in one iteration (kT/q)."""


@inner
def _held(pins):
    """How many carriers are held by their global balance."""
    count = 0
    for c in range(3):
        if pins[c] >= 0:
            count += 1
    return count


@inner
def _close(p, old, dt, pins, w, contact, step):
    """Solves for the borders into step (difference of the lowerings, then held densities)."""
    n = w.block.shape[0]
    borders = 1 + _held(pins)
    system = np.zeros((borders, borders + 1))
    # Answers to a unit of border b are minus its column.
    for b in range(borders + 1):
        at = 4 + DIFFERENCE + b if b < borders else 4 + RESIDUAL
        part = contact[1, LOWERED] * w.block[n - 1, 0, at] - contact[0, LOWERED] * w.block[0, 0, at]
        system[0, b] = part
    system[0, 0] += 1.0
    system[0, borders] -= contact[1, LOWERED] * contact[1, LACK] - contact[0, LOWERED] * contact[0, LACK]
    row = 0
    for c in range(3):
        if pins[c] < 0:
            continue
        row += 1
        total = 0.0
        for i in range(n):
            total -= (w.content[c, i] - old[c, i]) / dt
            if c == 0:
                total -= (w.content[3, i] - old[3, i]) / dt
        for s in range(2):
            if c < 2:
                pull = p.ends[s, V_N + c] * contact[s, BY_N + c] * contact[s, LOWERED]
                total -= contact[s, OUT_N + c] + pull * contact[s, LACK]
        for b in range(borders + 1):
            at = 4 + DIFFERENCE + b if b < borders else 4 + RESIDUAL
            part = 0.0
            for i in range(n):
                rise = w.slope[c, i] + (w.slope[3, i] if c == 0 else 0.0)
                part += rise / dt * w.block[i, c + 1, at]
            for s in range(2):
                if c < 2:
                    i = 0 if s == 0 else n - 1
                    pull = p.ends[s, V_N + c] * contact[s, BY_N + c] * contact[s, LOWERED]
                    part += p.ends[s, V_N + c] * w.block[i, c + 1, at] - pull * w.block[i, 0, at]
            system[row, b] = -part if b < borders else total - part
    return _dense(system, step)


@inner
def _update(p, u, delta, pins, step, contact, w, damp):
    """Applies `damp` of the change that w.block and step hold; returns its size, or NaN where it is none."""
    n = u.shape[1]
    held = _held(pins)
    x = w.x
    top, most_x, check = 0.0, 0.0, 0.0
    for i in range(n):
        for a in range(4):
            change = w.block[i, a, 4 + RESIDUAL] - step[0] * w.block[i, a, 4 + DIFFERENCE]
            for b in range(held):
                change -= step[1 + b] * w.block[i, a, 4 + HELD + b]
            x[a, i] = change
            # A NaN or an infinity leaves NaN; max() would drop it.
            check += 0.0 * change
        top = max(top, abs(x[0, i]))
        most_x = max(most_x, u[3, i])
    if check != 0.0:
        return np.nan
    worst = top
    floor = min(most_x, 1.0) * 1e-9 + 1e-280
    factor = damp if top < _LONGEST else damp * _LONGEST / top
    for s in range(2):
        i = 0 if s == 0 else n - 1
        change = contact[s, LOWERED] * (x[0, i] - contact[s, LACK])
        delta[s] = max(delta[s] + factor * change, 0.0)
        worst = max(worst, abs(change))
        for c in range(2):
            if p.ends[s, IS_OHMIC] == 0.0:
                # Against the flux, a millionth of the exchange with the contact, and 1e-18 A on 1e-12 m^2.
                speed = p.ends[s, V_N + c]
                size = max(abs(contact[s, OUT_N + c]), 1e-6 * speed * p.ends[s, EQ_N + c], 1e13)
                worst = max(worst, speed * abs(x[c + 1, i]) / size)
    for i in range(n):
        worst = max(worst, abs(x[3, i]) / (u[3, i] + floor))
        u[0, i] += factor * x[0, i]
    for a in range(1, 4):
        for i in range(n):
            v, change = u[a, i], factor * x[a, i]
            if change >= -0.1 * v:
                u[a, i] = v + change
            elif v > 0.0:
                # A large fall is an exponential one: no density ever passes zero.
                u[a, i] = max(v * np.exp(max(change / v, -30.0)), 1e-300)
    return worst


@inner
def solve_step(p, u, delta, old, old_traps, dt, volts, mode, exact, pins, w, trap_now, most):
    """Newton for one step of dt from the contents `old` (4, node) to voltage `volts` (kT/q) on the right contact.

    `u` (4, node) and `delta` (2) hold the guess and receive the answer, trap_now (side, node) the occupation of the
    traps, `w` what the nodes hold. `pins` (carrier) are nodes of carriers that are held by their global balance, or
    -1. Returns status, iterations.
    """
    step = np.zeros(BORDERS)
    contact = np.zeros((2, CONTACT_WORK))
    columns = HELD + _held(pins)
    before = 0.0
    for iteration in range(most):
        fill_nodes(p, u, old_traps, dt, w, trap_now)
        fill_edges(p, u, w)
        fill_contacts(p, u, delta, volts, mode, contact)
        sweep(p, u, delta, old, dt, exact, pins, w, contact)
        back(w.block, columns)
        if not _close(p, old, dt, pins, w, contact, step):
            return DIVERGED, iteration + 1
        # A lowering that starts from zero can make Newton run in a circle; half steps leave it.
        damp = 0.5 if 9 < iteration < 18 else 1.0
        worst = _update(p, u, delta, pins, step, contact, w, damp)
        if not worst < 1e300:
            return DIVERGED, iteration + 1
        if worst < _TOLERANCE or (worst < 1e-2 and damp == 1.0 and worst * (worst / before) ** 2 < _NEXT):
            fill_nodes(p, u, old_traps, dt, w, trap_now)
            return CONVERGED, iteration + 1
        before = worst
    return DIVERGED, most


@inner
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
