r"""Scalar functions of the model, compiled: how densities follow from potentials, and the flux's Bernoulli function.

A density is held as a fraction of its scale: $F = n/N_c$ for electrons and holes. The reduced level is
$\eta = \ln F + \gamma(F)$; the excess $\gamma$ is what differs from Boltzmann statistics. Electrons and holes obey
the closed form of the Fermi-Dirac integral of order 1/2 that the reference implementation uses (abdel2024charge
states it as "TeSCA"). It is a quadratic in $z$ and can be inverted exactly, so no level is ever iterated for.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_KNEE = 1.6107
"""Level at which the closed form changes its branch, and the fraction on its lower side."""
_KNEE_FRACTION = 2.30707890779512
_FAR = 344.7


@njit(cache=True, error_model="numpy")
def fermi(x):
    """Fraction F of level x, and dF/dx."""
    if x < _KNEE:
        e = np.exp(x)
        z = np.log1p(e)
        return z * (1.0 + 0.16 * z), (1.0 + 0.32 * z) * e / (1.0 + e)
    a = x**0.75
    slope = 0.75 * a / x
    if x < _FAR:
        e = np.exp(-a)
        z = a + np.log1p(e)
        slope /= 1.0 + e
    else:
        z = a
    return 0.3258 - 0.0321 * z + 0.7523 * z * z, (1.5046 * z - 0.0321) * slope


@njit(error_model="numpy")
def excess(f):
    """Excess of the level of fraction f over ln f, and its derivative."""
    if f < 0.05:
        # The series of the branch below: ln(expm1(z)/f) would cancel here.
        c1, c2, c3, c4 = 17.0 / 50.0, 1.0 / 15000.0, -13.0 / 9375.0, 21623.0 / 45000000.0
        c5, c6 = -390239.0 / 1757812500.0, 1043484221.0 / 8859375000000.0
        c7, c8 = -595195229.0 / 9228515625000.0, 422115339883.0 / 11812500000000000.0
        g = f * (c1 + f * (c2 + f * (c3 + f * (c4 + f * (c5 + f * (c6 + f * (c7 + f * c8)))))))
        d = c1 + f * (
            2 * c2 + f * (3 * c3 + f * (4 * c4 + f * (5 * c5 + f * (6 * c6 + f * (7 * c7 + f * 8 * c8)))))
        )
        return g, d
    if f < _KNEE_FRACTION:
        z = 2.0 * f / (1.0 + np.sqrt(1.0 + 0.64 * f))
        m = np.expm1(z)
        return np.log(m / f), (m + 1.0) / (m * (1.0 + 0.32 * z)) - 1.0 / f
    z = (0.0321 + np.sqrt(0.0321 * 0.0321 - 4.0 * 0.7523 * (0.3258 - f))) / 1.5046
    e = -np.expm1(-z)
    a = z + np.log(e)
    third = a ** (1.0 / 3.0)
    return a * third - np.log(f), 4.0 / 3.0 * third / (e * (1.5046 * z - 0.0321)) - 1.0 / f


@njit(error_model="numpy")
def bernoulli(q):
    """B(q) = q / (e^q - 1) and its derivative; B(-q) is B(q) + q."""
    if abs(q) < 1e-2:
        s = q * q
        return 1.0 - 0.5 * q + s / 12.0 * (1.0 - s / 60.0), -0.5 + q / 6.0 * (1.0 - s / 30.0)
    if q > 700.0:
        return 0.0, 0.0
    b = q / np.expm1(q)
    return b, b * (1.0 - b - q) / q


@njit(error_model="numpy")
def fractions(levels):
    """Fraction F of each of `levels` (one axis)."""
    out = np.empty_like(levels)
    for i in range(levels.size):
        out[i] = fermi(levels[i])[0]
    return out
