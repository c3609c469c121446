r"""Scalar functions of the model, compiled: how densities follow from potentials, and the flux's Bernoulli function.

A density is held as a fraction of its scale: $F = n/N_c$ for electrons and holes. The reduced level is
$\eta = \ln F + \gamma(F)$; the excess $\gamma$ is what differs from Boltzmann statistics. Electrons and holes obey
the closed form of the Fermi-Dirac integral of order 1/2 that the reference implementation uses (abdel2024charge
states it as "TeSCA"). It is a quadratic in $z$ and can be inverted exactly, so no level is ever iterated for.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.physics._kernel import inner, inner_contracted

_KNEE = 1.6107
"""Level at which the closed form changes its branch, and the fraction on its lower side."""
_KNEE_FRACTION = 2.30707890779512
_FAR = 344.7
FEW = 0.05
"""Fraction below which the excess is a series."""


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


@inner_contracted
def excess_of_few(f):
    """`excess` where f is below FEW: the series of its closed form, which would cancel there."""
    c1, c2, c3, c4 = 17.0 / 50.0, 1.0 / 15000.0, -13.0 / 9375.0, 21623.0 / 45000000.0
    c5, c6 = -390239.0 / 1757812500.0, 1043484221.0 / 8859375000000.0
    c7, c8 = -595195229.0 / 9228515625000.0, 422115339883.0 / 11812500000000000.0
    g = f * (c1 + f * (c2 + f * (c3 + f * (c4 + f * (c5 + f * (c6 + f * (c7 + f * c8)))))))
    d = c1 + f * (
        2 * c2 + f * (3 * c3 + f * (4 * c4 + f * (5 * c5 + f * (6 * c6 + f * (7 * c7 + f * 8 * c8)))))
    )
    return g, d


@inner
def excess_of_many(f):
    """`excess` where f is FEW or above: the closed form."""
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
def excess(f):
    """Excess of the level of fraction f over ln f, and its derivative."""
    if f < FEW:
        return excess_of_few(f)
    return excess_of_many(f)


@njit(error_model="numpy", fastmath={"contract"})
def exp_minus_one(x):
    """e^x - 1 to rounding, for x between -700 and 700, beyond which x is taken for the bound.

    Written out because a call of the C library keeps a loop over nodes from being done four at a time.
    """
    x = min(max(x, -700.0), 700.0)
    # x = k ln 2 + r: added to 1.5 * 2^52 a number is rounded to a whole one, which then stands in the lowest bits.
    shifted = x * 1.4426950408889634 + 6755399441055744.0
    k = shifted - 6755399441055744.0
    r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
    power = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
    # Taylor's series to the 13th order: 1e-17 of r at half of ln 2.
    s = 1.0 / 479001600.0 + r / 6227020800.0
    s = 1.0 / 39916800.0 + r * s
    s = 1.0 / 3628800.0 + r * s
    s = 1.0 / 362880.0 + r * s
    s = 1.0 / 40320.0 + r * s
    s = 1.0 / 5040.0 + r * s
    s = 1.0 / 720.0 + r * s
    s = 1.0 / 120.0 + r * s
    s = 1.0 / 24.0 + r * s
    s = 1.0 / 6.0 + r * s
    s = 0.5 + r * s
    return power * (r + r * r * s) + (power - 1.0)


@njit(error_model="numpy", fastmath={"contract"})
def bernoulli(q):
    """B(q) = q / (e^q - 1) and its derivative; B(-q) is B(q) + q."""
    e = exp_minus_one(q)
    b = 1.0 - 0.5 * q if abs(q) < 1e-8 else q / e
    slope = -0.5 + q / 6.0 * (1.0 - q * q / 30.0) if abs(q) < 1e-3 else b * (1.0 - b - q) / q
    return b, slope
