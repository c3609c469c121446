r"""Charge on a sheet whose Fermi level is moved: equation 1 of roy2025quantum, from john2004quantum.

$$ \sigma(\phi) = e \int \mathrm{DOS}(E) [f(E) - f(E - e\phi)] \, dE $$

Energies count from the Fermi level of the neutral sample at the same temperature. A potential above zero lifts the
Fermi level and fills states with electrons: the charge is below zero, as the equation has it. The whole of $\phi$
falls on the sheet's own states; in a device the rest of the stack takes its part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from pinched import constants
from pinched._params import require
from pinched.physics.graphene.moments import Moments
from pinched.physics.graphene.spectrum import Spectrum, fermi_slope, mean_and_error, thermal_energy


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SurfaceCharge:
    """The charge of one sample against potential."""

    name: str
    """What figures call the sample."""
    temperature: float
    """K."""
    fermi_level: float
    """Fermi level of the neutral sample (eV) above the carbon orbital."""
    potential: Float[np.ndarray, " potential"]
    """phi (V)."""
    charge: Float[np.ndarray, " potential"]
    """sigma (C/m^2), below zero for a potential above zero."""
    error: Float[np.ndarray, " potential"]
    """Standard error of the charge over random vectors and samples (C/m^2); NaN for exact states."""
    capacitance: Float[np.ndarray, " potential"]
    """Quantum capacitance -d sigma / d phi (F/m^2)."""
    capacitance_at_zero: float
    """The same at no potential: the slope of the linear part (F/m^2)."""
    capacitance_error: float
    """Its standard error; NaN for exact states."""
    limits: tuple[float, float]
    """Charge with every state filled, and with every state empty (C/m^2): where it saturates."""
    band: tuple[float, float]
    """Potentials (V) at which the Fermi level leaves the band."""

    @property
    def beyond_band(self) -> Bool[np.ndarray, " potential"]:
        """Potentials beyond the band: the charge there is that of full or empty p_z states, no prediction."""
        return (self.potential < self.band[0]) | (self.potential > self.band[1])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the charge must know; empty where there is nothing."""
        if not self.beyond_band.any():
            return ()
        return (
            f"{int(self.beyond_band.sum())} of {self.potential.size} potentials lie beyond the p_z band "
            f"({self.band[0]:.3g} to {self.band[1]:.3g} V): the charge is saturated there, and real carbon has "
            "other states. Stay inside for a prediction.",
        )

    @property
    def saturated_share(self) -> Float[np.ndarray, " potential"]:
        """Charge as a share of what it saturates at, on its side."""
        return self.charge / np.where(self.potential > 0, self.limits[0], self.limits[1])

    def linear_to(self, tolerance: float = 0.1) -> float:
        """The largest potential given (V, above zero) up to which the charge keeps to its line to `tolerance`.

        0 where the first one is off already.
        """
        up = np.flatnonzero(self.potential > 0)
        up = up[np.argsort(self.potential[up])]
        line = -self.capacitance_at_zero * self.potential[up]
        off = np.abs(self.charge[up] - line) > tolerance * np.abs(line)
        first = int(np.argmax(off)) if off.any() else off.size
        return float(self.potential[up[first - 1]]) if first else 0.0


def surface_charge(
    spectrum: Spectrum, potential: Float[np.ndarray, " potential"], temperature: float = 300.0
) -> SurfaceCharge:
    """sigma of `spectrum` at each `potential` (V) and `temperature` (K).

    Raises `PinchedError` for a potential that is not finite, and for states that were found with fewer moments than
    resolve kT: the kernel would be taken for temperature.
    """
    kt = thermal_energy(temperature)
    require(
        SurfaceCharge,
        potential.size > 0 and bool(np.isfinite(potential).all()),
        "potentials must be finite numbers of volts, at least one. Leave out those that are not.",
    )
    require(
        Moments,
        spectrum.resolution <= kt,
        f"the kernel is {1e3 * spectrum.resolution:.3g} meV wide and kT is {1e3 * kt:.3g} meV at {temperature:g} K: "
        f"the moments do not resolve it. Take {spectrum.resolution / kt:.2g} times as many "
        "(`moments_for(kT, sample)`).",
    )
    level = spectrum.fermi_level(temperature)

    def moved(energy: np.ndarray) -> np.ndarray:
        above = (energy - level)[:, None]
        # e phi in eV is phi in V.
        return special.expit(-above / kt) - special.expit((potential[None, :] - above) / kt)

    def slope(energy: np.ndarray) -> np.ndarray:
        return fermi_slope((energy - level)[:, None] - potential[None, :], kt)

    charge, error = mean_and_error(constants.E * spectrum.summed(moved))
    capacitance, _ = mean_and_error(constants.E * spectrum.summed(slope))
    at_zero, at_zero_error = spectrum.at_fermi(temperature)
    low, high = spectrum.band
    return SurfaceCharge(
        name=spectrum.name,
        temperature=temperature,
        fermi_level=level,
        potential=potential,
        charge=charge,
        error=error,
        capacitance=capacitance,
        capacitance_at_zero=constants.E * at_zero,
        capacitance_error=constants.E * at_zero_error,
        limits=(
            -constants.E * (spectrum.states - spectrum.electrons),
            constants.E * spectrum.electrons,
        ),
        band=(low - level, high - level),
    )
