"""A device at one temperature in reduced units, compiled: the only place where SI numbers meet the kernels."""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.constants import EPSILON_0, K_B, M_E, E, H
from pinched.physics._kernel import inner
from pinched.physics._layout import (
    AFFINITY,
    BARRIER,
    DOPING,
    END_COLUMNS,
    EQ_N,
    EQ_P,
    GAIN,
    GAP,
    IMAGE,
    IS_OHMIC,
    KIND,
    LEVEL,
    LEVEL_N,
    LEVEL_P,
    LIMIT,
    MASS_N,
    MASS_P,
    MU_N,
    OHMIC,
    PERMITTIVITY,
    PSI,
    SPREAD,
    TRAP_DEPTH,
    TRAP_SECTION,
    TRAPS,
    V_N,
    V_P,
    Scaled,
)
from pinched.physics._statistics import fermi


@njit(cache=True, error_model="numpy")
def density_of_states(mass, temperature):
    """Effective density of states (1/m^3) of a band of `mass` (electron masses)."""
    return 2.0 * (2.0 * np.pi * mass * M_E * K_B * temperature / (H * H)) ** 1.5


@inner
def levels(layer, vt):
    """Levels of the three carriers of a layer where the potential is zero, in kT."""
    edge = -layer[AFFINITY]
    return -edge / vt, (edge - layer[GAP]) / vt, 2.0 * (edge - layer[LEVEL]) / vt


@inner
def net_charge(psi, layer, temperature):
    """Charge (1/m^3) and its slope by the reduced potential, in equilibrium far from every contact."""
    vt = K_B * temperature / E
    ln, lp, lx = levels(layer, vt)
    fn, dn = fermi(psi + ln)
    fp, dp = fermi(lp - psi)
    nc = density_of_states(layer[MASS_N], temperature)
    nv = density_of_states(layer[MASS_P], temperature)
    w = np.exp(min(lx - 2.0 * psi, 700.0))
    y = w / (1.0 + w)
    total = nv * fp - nc * fn + 2.0 * layer[LIMIT] * y + layer[DOPING]
    slope = -nv * dp - nc * dn - 4.0 * layer[LIMIT] * y / (1.0 + w)
    if layer[TRAPS] > 0.0:
        o = np.exp(min(-(psi + ln + layer[TRAP_DEPTH] / vt), 700.0))
        total -= layer[TRAPS] / (1.0 + o)
        slope -= layer[TRAPS] * o / (1.0 + o) ** 2
    return total, slope


@njit(cache=True, error_model="numpy")
def neutral(layer, temperature):
    """Reduced potential at which a layer is neutral in equilibrium; by bisection, the charge falls with it."""
    vt = K_B * temperature / E
    middle = -layer[AFFINITY] / vt
    span = 3.0 * layer[GAP] / vt + 2.0 * abs(layer[LEVEL]) / vt + 100.0
    low, high = middle - span, middle + span
    for _ in range(200):
        mid = 0.5 * (low + high)
        if net_charge(mid, layer, temperature)[0] > 0.0:
            low = mid
        else:
            high = mid
    return 0.5 * (low + high)


@inner
def scaled(x, edge_layer, layers, contacts, temperature):
    """`Scaled` of a mesh `x` (m), the layer of every edge, the matrices of layers and contacts."""
    n = x.size
    vt = K_B * temperature / E
    h = np.empty(n - 1)
    for e in range(n - 1):
        h[e] = x[e + 1] - x[e]
    lam = np.empty(n - 1)
    k, wl, wr = np.empty((3, n - 1)), np.zeros((3, n)), np.zeros((3, n))
    sl, sr, face = np.zeros((3, n)), np.zeros((3, n)), np.full(n, -1)
    count = 0
    for i in range(1, n - 1):
        count += 1 if edge_layer[i - 1] != edge_layer[i] else 0
    faces = np.zeros(count, np.int64)
    count = 0
    fixed, tn, ta, tb = np.zeros(n), np.zeros((2, n)), np.zeros((2, n)), np.zeros((2, n))
    scale = np.empty(3)
    spread, traps = 0.0, False
    for e in range(n - 1):
        lay = layers[edge_layer[e]]
        scale[0] = density_of_states(lay[MASS_N], temperature)
        scale[1] = density_of_states(lay[MASS_P], temperature)
        scale[2] = lay[LIMIT]
        lam[e] = lay[PERMITTIVITY] * EPSILON_0 * vt / (E * h[e])
        spread += h[e] / lay[PERMITTIVITY]
        for c in range(3):
            k[c, e] = lay[MU_N + c] * vt * scale[c] / h[e]
            wr[c, e] = scale[c] * 0.5 * h[e]
            wl[c, e + 1] = scale[c] * 0.5 * h[e]
        fixed[e] += lay[DOPING] * 0.5 * h[e]
        fixed[e + 1] += lay[DOPING] * 0.5 * h[e]
        if lay[TRAPS] > 0.0:
            traps = True
            # The thermal speed of the electrons carries the capture.
            speed = np.sqrt(3.0 * K_B * temperature / (lay[MASS_N] * M_E))
            for side in range(2):
                at = e + side
                tn[1 - side, at] = lay[TRAPS] * 0.5 * h[e]
                ta[1 - side, at] = lay[TRAP_SECTION] * speed * scale[0]
                tb[1 - side, at] = np.exp(-lay[TRAP_DEPTH] / vt)
    for i in range(1, n - 1):
        left, right = edge_layer[i - 1], edge_layer[i]
        if left == right:
            continue
        face[i], faces[count] = count, i
        count += 1
        a, b = levels(layers[left], vt), levels(layers[right], vt)
        difference = (b[0] - a[0], b[1] - a[1], b[2] - a[2])
        for c in range(3):
            # The node's own layer is the left one, except for a carrier that only the right one has.
            if wl[c, i] > 0.0:
                sr[c, i] = difference[c]
            else:
                sl[c, i] = -difference[c]
    ends = np.zeros((2, END_COLUMNS))
    for s in range(2):
        lay = layers[edge_layer[0]] if s == 0 else layers[edge_layer[n - 2]]
        ln, lp, _ = levels(lay, vt)
        ends[s, GAIN] = E / (4.0 * np.pi * lay[IMAGE] * EPSILON_0 * vt)
        ends[s, SPREAD] = lay[PERMITTIVITY] * spread
        # Thermionic emission: v N = A* T^2 / q, with A* = 4 pi q m k^2 / h^3.
        emission = 4.0 * np.pi * M_E * (K_B * temperature) ** 2 / H**3
        ends[s, V_N] = emission * lay[MASS_N]
        ends[s, V_P] = emission * lay[MASS_P]
        if contacts[s, KIND] == OHMIC:
            ends[s, IS_OHMIC] = 1.0
            ends[s, PSI] = neutral(lay, temperature)
        else:
            ends[s, PSI] = (-lay[AFFINITY] - contacts[s, BARRIER]) / vt
        ends[s, LEVEL_N] = ends[s, PSI] + ln
        ends[s, LEVEL_P] = lp - ends[s, PSI]
        ends[s, EQ_N] = fermi(ends[s, LEVEL_N])[0]
        ends[s, EQ_P] = fermi(ends[s, LEVEL_P])[0]
    return Scaled(h, lam, k, wl, wr, sl, sr, face, faces, fixed, traps, tn, ta, tb, ends)
