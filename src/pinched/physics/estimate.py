r"""What a device of the charge-transport model does, estimated without solving anything: for thousands at once.

`estimate` gives the neutral bulk, what the contacts hold in equilibrium, the currents that limit and from them a
current at any voltage. It has no hysteresis and is wrong by some tenths of a decade; it says which draws of a table
are worth a run and gives a surrogate something to correct.

The field at a contact follows from the balance of pressures between contact and neutral bulk,

$$ \tfrac12 \varepsilon E^2 = kT\,(\Delta n + \Delta p + \Delta\Pi_x) - q N_d \Delta\psi $$

with $\Pi_x = -N_x \ln(1 - n_x/N_x)$, the pressure of vacancies on sites, and lowers the barrier by
$\sqrt{qE / 4\pi\varepsilon_i\varepsilon_0}$ where it pulls electrons out of the metal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched import constants
from pinched._params import quantity, require
from pinched.physics._estimate_kernel import currents, equilibria
from pinched.physics._scale import density_of_states


@dataclass(frozen=True, kw_only=True, slots=True)
class Common:
    """What all devices of a study share, beside the parameters that are drawn."""

    area: float = quantity(dataclasses.MISSING, "m^2", "A", "area that the current crosses")
    vacancy_limit: float = quantity(dataclasses.MISSING, "1/m^3", "N_x", "largest density of vacancies")
    temperature: float = quantity(dataclasses.MISSING, "K", "T", "temperature")
    doping: float = quantity(dataclasses.MISSING, "1/m^3", "N_d", "immobile donors")

    def __post_init__(self) -> None:
        require(
            self,
            min(self.area, self.temperature) > 0 and self.vacancy_limit >= 0,
            f"area {self.area} m^2 and temperature {self.temperature} K must be above zero, vacancy_limit "
            f"{self.vacancy_limit} 1/m^3 not below.",
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Estimate:
    """Estimates for many devices of one layer; arrays over devices, contacts in the order left, right."""

    thermal_voltage: Float[np.ndarray, " device"] = quantity(dataclasses.MISSING, "V", "V_t", "kT/q")
    area: Float[np.ndarray, " device"] = quantity(dataclasses.MISSING, "m^2", "A", "area")
    length: Float[np.ndarray, " device"] = quantity(dataclasses.MISSING, "m", "L", "length")
    fermi_level: Float[np.ndarray, " device"] = quantity(
        dataclasses.MISSING,
        "eV",
        "E_F - E_c",
        "Fermi level of the neutral bulk over the conduction band edge",
    )
    bulk: Float[np.ndarray, "device 3"] = quantity(
        dataclasses.MISSING,
        "1/m^3",
        "n, p, n_x",
        "densities of electrons, holes, vacancies in the neutral bulk",
    )
    lowering: Float[np.ndarray, "device 2"] = quantity(
        dataclasses.MISSING, "eV", r"\Delta", "image-force lowering in equilibrium"
    )
    field: Float[np.ndarray, "device 2"] = quantity(
        dataclasses.MISSING,
        "V/m",
        "E",
        "field at the contact in equilibrium; positive pulls electrons out of the metal",
    )
    contact: Float[np.ndarray, "device 2 3"] = quantity(
        dataclasses.MISSING, "1/m^3", "n, p, n_x", "densities at the contacts in equilibrium"
    )
    injection: Float[np.ndarray, "device 2 2"] = quantity(
        dataclasses.MISSING,
        "A",
        r"q A v n",
        "largest thermionic current (contact, carrier: electrons, holes)",
    )
    drift: Float[np.ndarray, "device 2 2"] = quantity(
        dataclasses.MISSING,
        "A/V",
        r"q A \mu n / L",
        "what carries away what is injected, per volt (contact, carrier)",
    )
    bulk_conductance: Float[np.ndarray, "device 2"] = quantity(
        dataclasses.MISSING, "S", r"q A \mu n / L", "ohmic conductance of the neutral bulk (carrier)"
    )
    space_charge: Float[np.ndarray, "device 2"] = quantity(
        dataclasses.MISSING,
        "A/V^2",
        r"9 \varepsilon \mu A / 8 L^3",
        "Mott-Gurney current per squared volt (carrier)",
    )

    def current(self, voltage: Float[np.ndarray, "device time"]) -> Float[np.ndarray, "device time"]:
        """Current (A) at `voltage` (V on the right contact), the same on every way through a cycle.

        Electrons come from the left for positive voltages, holes from the right; each through its injection, then
        through the bulk, ohmic and space-charge limited side by side.
        """
        volts = np.asarray(voltage, dtype=np.float64)
        found = np.empty_like(volts)
        currents(volts, self.injection, self.drift, self.bulk_conductance, self.space_charge, found)
        return found


def emission_velocity(
    mass: Float[np.ndarray, ...], temperature: Float[np.ndarray, ...]
) -> Float[np.ndarray, ...]:
    """Velocity (m/s) of thermionic emission into a band with effective `mass` (electron masses)."""
    return np.sqrt(constants.K_B * temperature / (2.0 * np.pi * mass * constants.M_E))


def estimate(parameters: Mapping[str, Float[np.ndarray, " device"]], common: Common) -> Estimate:
    """Estimates for the devices of `parameters`: columns by the names of a table of draws, energies in eV, SI."""
    p = {name: np.asarray(values, dtype=np.float64) for name, values in parameters.items()}
    heat, donors, sites_per_volume, areas = (
        np.full_like(p["length"], value)
        for value in (common.temperature, common.doping, common.vacancy_limit, common.area)
    )
    vt = constants.K_B * heat / constants.E
    scales = np.stack(
        [
            density_of_states.py_func(p["electron_mass"], heat),
            density_of_states.py_func(p["hole_mass"], heat),
            sites_per_volume,
        ],
        axis=-1,
    )
    barriers = np.stack([p["barrier_left"], p["barrier_right"]], axis=-1)
    permittivity = p["permittivity"] * constants.EPSILON_0
    neutral, bulk = np.empty_like(vt), np.empty_like(scales)
    lowering, field, contact = (
        np.empty_like(barriers),
        np.empty_like(barriers),
        np.empty((*barriers.shape, 3)),
    )
    equilibria(
        p["band_gap"] / vt, p["vacancy_level"] / vt, scales, donors, barriers, permittivity,
        4.0 * np.pi * p["image_permittivity"] * constants.EPSILON_0, vt, neutral, bulk, lowering, field, contact,
    )  # fmt: skip
    velocity = np.stack(
        [emission_velocity(p["electron_mass"], heat), emission_velocity(p["hole_mass"], heat)], axis=-1
    )
    mobility = np.stack([p["electron_mobility"], p["hole_mobility"]], axis=-1)
    charge, length = constants.E * areas[:, None], p["length"][:, None]
    return Estimate(
        thermal_voltage=vt,
        area=areas,
        length=p["length"],
        fermi_level=neutral * vt,
        bulk=bulk,
        lowering=lowering,
        field=field,
        contact=contact,
        injection=charge[:, None] * velocity[:, None, :] * contact[:, :, :2],
        drift=charge[:, None] * mobility[:, None, :] * contact[:, :, :2] / length[:, None],
        bulk_conductance=charge * mobility * bulk[:, :2] / length,
        space_charge=9.0 / 8.0 * permittivity[:, None] * mobility * areas[:, None] / length**3,
    )
