"""The formulas of `estimate`, compiled: neutral bulk and contacts in equilibrium, and the current at any voltage."""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched import constants
from pinched.physics._statistics import fermi

_MOST = 100
_CLOSE = 4e-16


@njit(cache=True, error_model="numpy")
def _densities(s, gap, level, scales, out):
    """Densities (electrons, holes, vacancies) where the Fermi level lies `s` (kT) over the conduction band edge."""
    out[0] = scales[0] * fermi(s)[0]
    out[1] = scales[1] * fermi(-gap - s)[0]
    out[2] = scales[2] / (1.0 + np.exp(min(2.0 * (level + s), 700.0)))


@njit(cache=True, error_model="numpy")
def _neutral(gap, level, scales, donors):
    """Fermi level (kT) over the conduction band edge where positive and negative charges are equal.

    Newton's method on the logarithm of their ratio, which is nearly straight over all decades, within brackets.
    """
    low, high = -gap - level - 80.0, 80.0
    s, step = -0.5 * gap, high - low
    for _ in range(_MOST):
        electrons, electrons_by = fermi(s)
        holes, holes_by = fermi(-gap - s)
        occupied = 1.0 / (1.0 + np.exp(min(2.0 * (level + s), 700.0)))
        n, p, x = scales[0] * electrons, scales[1] * holes, scales[2] * occupied
        positive = p + 2.0 * x + donors
        off = np.log(positive / n)
        if off > 0.0:
            low = s
        else:
            high = s
        slope = -(scales[1] * holes_by + 4.0 * x * (1.0 - occupied)) / positive - electrons_by / electrons
        then = s - off / slope
        # Steps that do not shrink would go round and round where the slope changes.
        if not low < then < high or abs(then - s) > 0.5 * step:
            then = 0.5 * (low + high)
        step = abs(then - s)
        if abs(then - s) <= _CLOSE * (1.0 + abs(s)):
            return then
        s = then
    return s


@njit(cache=True, error_model="numpy")
def _pressure(n, sites):
    vacancies = 0.0
    if sites > 0.0:
        vacancies = -sites * np.log1p(-min(n[2] / sites, 1.0 - 1e-15))
    return n[0] + n[1] + vacancies


@njit(cache=True, error_model="numpy")
def _contact_field(s, neutral, gap, level, scales, donors, bulk_pressure, volt, permittivity, n):
    """Field (V/m) at a contact where the Fermi level lies at `s`; positive where the bulk holds more electrons."""
    _densities(s, gap, level, scales, n)
    difference = _pressure(n, scales[2]) - bulk_pressure - donors * (s - neutral)
    size = np.sqrt(2.0 * max(constants.E * volt * difference, 0.0) / permittivity)
    if neutral > s:
        return size
    return -size if neutral < s else 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def equilibria(
    gap, level, scales, donors, barriers, permittivity, image, volt, neutral, bulk, lowering, field, contact
):  # fmt: skip
    """Fills neutral (kT), bulk (device, 3), and at each contact lowering (eV), field (V/m), contact (device, 2, 3).

    gap and level in kT, densities in 1/m^3, barriers in eV; `permittivity` in F/m, `image` is 4 pi times that of the
    image force.
    """
    for d in range(gap.size):
        neutral[d] = _neutral(gap[d], level[d], scales[d], donors[d])
        _densities(neutral[d], gap[d], level[d], scales[d], bulk[d])
        pressure = _pressure(bulk[d], scales[d, 2])
        for side in range(2):
            lowering[d, side], field[d, side] = _lowering(
                barriers[d, side], neutral[d], gap[d], level[d], scales[d], donors[d], pressure, volt[d],
                permittivity[d], image[d], contact[d, side],
            )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _lowering(barrier, neutral, gap, level, scales, donors, pressure, volt, permittivity, image, n):
    """Lowering (eV) that agrees with the field (V/m) that it leaves, and that field; fills the densities `n`.

    sqrt(q E / image) falls with the lowering: it crosses the lowering between 0 and its value at 0, where regula
    falsi with halved ends (Illinois) finds it.
    """
    strength = _contact_field(
        -barrier / volt, neutral, gap, level, scales, donors, pressure, volt, permittivity, n
    )
    right = np.sqrt(max(strength, 0.0) * constants.E / image)
    if right <= 0.0:
        return 0.0, strength
    left, at_left, at_right = 0.0, right, np.nan
    found, kept = right, 0
    for _ in range(_MOST):
        strength = _contact_field(
            (found - barrier) / volt, neutral, gap, level, scales, donors, pressure, volt, permittivity, n
        )
        value = np.sqrt(max(strength, 0.0) * constants.E / image) - found
        if value > 0.0:
            left, at_left = found, value
            at_right = 0.5 * at_right if kept == 1 else at_right
            kept = 1
        else:
            right, at_right = found, value
            at_left = 0.5 * at_left if kept == -1 else at_left
            kept = -1
        if value == 0.0 or right - left <= _CLOSE * right:
            break
        found = (left * at_right - right * at_left) / (at_right - at_left)
        if not left < found < right:
            found = 0.5 * (left + right)
            if not left < found < right:
                break
    return found, strength


@njit(cache=True, error_model="numpy")
def _series(a, b):
    """The smaller of two currents that limit one after the other, smoothly."""
    return a * (b / (a + b)) if max(a, b) > 0.0 else 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def currents(voltage, injection, drift, bulk_conductance, space_charge, out):
    """Fills out (A) at voltage[device, time] (V); see `Estimate.current`."""
    for d in range(voltage.shape[0]):
        for k in range(voltage.shape[1]):
            v = voltage[d, k]
            size, total = abs(v), 0.0
            for carrier in range(2):
                side = 0 if (v > 0.0) == (carrier == 0) else 1
                bulk = bulk_conductance[d, carrier] * size + space_charge[d, carrier] * size * size
                total += _series(_series(injection[d, side, carrier], drift[d, side, carrier] * size), bulk)
            out[d, k] = total if v > 0.0 else -total
