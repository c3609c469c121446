r"""What is known exactly about graphene without defects, to check against and to draw beside.

`pristine_density` (hobson1953statistical, as castroneto2009electronic writes it), `dirac_capacitance`
(fang2007carrier), `bilayer_mass` (mccann2013electronic).
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy import special

from pinched import constants
from pinched._params import require
from pinched.physics.graphene.lattice import CELL_AREA, Hoppings
from pinched.physics.graphene.spectrum import Spectrum, thermal_energy


def pristine_density(
    energy: Float[np.ndarray, " energy"], hoppings: Hoppings | None = None
) -> Float[np.ndarray, " energy"]:
    r"""DOS (1/(eV m^2), both spins) of a sheet with hopping between neighbours only, at `energy` (eV).

    $$ \frac{4}{\pi^2} \frac{|E|}{t^2} \frac{1}{\sqrt{Z_0}} K(Z_1 / Z_0) $$ per cell with both spins, where K is the
    complete elliptic integral of its parameter; infinite at $\pm t$. Raises `PinchedError` where `hoppings` have
    second neighbours, for which there is no such form.
    """
    hoppings = hoppings or Hoppings()
    require(
        Hoppings,
        hoppings.next_nearest == 0.0,
        f"next_nearest is {hoppings.next_nearest} eV: the closed form holds for neighbours only. Use `diagonalise`.",
    )
    x = np.abs(energy) / hoppings.nearest
    inner = (1.0 + x) ** 2 - 0.25 * (x**2 - 1.0) ** 2
    high = np.maximum(inner, 4.0 * x)
    inside = x < 3.0
    safe = np.where(inside, high, 1.0)
    # K(m) near m = 1 from 1 - m, and the difference of the two in factors: digits are kept beside the van Hove peak.
    difference = 0.25 * np.abs(1.0 - x) ** 3 * (3.0 + x)
    elliptic = special.ellipkm1(np.where(inside, difference / safe, 1.0))
    per_cell = np.where(inside, 4.0 / math.pi**2 * x / np.sqrt(safe) * elliptic, 0.0) / hoppings.nearest
    return per_cell / CELL_AREA


def dirac_density(energy: Float[np.ndarray, " energy"], velocity: float) -> Float[np.ndarray, " energy"]:
    """DOS (1/(eV m^2)) of the Dirac cone at `energy` (eV): 2 |E| / (pi (hbar v)^2), spins and valleys counted."""
    return 2.0 * np.abs(energy) / (math.pi * _hbar_v(velocity) ** 2)


def dirac_capacitance(
    potential: Float[np.ndarray, " potential"], velocity: float, temperature: float = 300.0
) -> Float[np.ndarray, " potential"]:
    r"""Quantum capacitance (F/m^2) of the Dirac cone with its Fermi level `potential` (V) from the Dirac point.

    $$ C_q = \frac{2 e^2 k T}{\pi (\hbar v)^2} \ln [2 (1 + \cosh(e V / k T))] $$
    """
    kt = thermal_energy(temperature)
    x = np.abs(potential) / kt
    # ln(2 (1 + cosh x)) = x + 2 ln(1 + e^-x), which does not overflow.
    logarithm = x + 2.0 * np.log1p(np.exp(-x))
    return constants.E * 2.0 * kt / (math.pi * _hbar_v(velocity) ** 2) * logarithm


def bilayer_mass(hoppings: Hoppings | None = None) -> float:
    """Effective mass (kg) of an AB bilayer at low energy, gamma_1 / (2 v^2), without gamma_3 and gamma_4."""
    hoppings = hoppings or Hoppings()
    return hoppings.gamma_1 * constants.E / (2.0 * hoppings.velocity**2)


def _hbar_v(velocity: float) -> float:
    """hbar v in eV m."""
    require(Spectrum, velocity > 0.0, f"velocity is {velocity} m/s. Take `Hoppings.velocity`, about 1e6 m/s.")
    return constants.H / (2.0 * math.pi) * velocity / constants.E
