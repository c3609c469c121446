r"""An estimate of the current by formulas, without solving anything: injection in series with the bulk.

For picking draws that conduct at all. Field and densities at a contact follow from the balance of pressures between
it and the neutral bulk, $\varepsilon E^2/2 = kT\,\Delta(n + p + n_x) - q N_d\,\Delta\psi$, the injected current from
thermionic emission limited by drift, $I = q A n v \mu E / (v + \mu E)$, in series with the bulk and its space
charge. It knows no hysteresis and is good to about a factor of two; one layer, Schottky contacts.
"""

from __future__ import annotations

import math

from pinched._errors import PinchedError
from pinched.constants import EPSILON_0, K_B, M_E, E, H
from pinched.physics import _packing
from pinched.physics._scale import density_of_states, neutral
from pinched.physics._statistics import fermi
from pinched.physics.device import BarrierLowering, SchottkyContact, TransportDevice


def largest_current(device: TransportDevice, amplitude: float) -> float:
    """About the largest |I| (A) of `device` at plus and minus `amplitude` (V)."""
    return max(estimated_current(device, amplitude), estimated_current(device, -amplitude))


def estimated_current(device: TransportDevice, voltage: float) -> float:
    """About |I| (A) of `device` at rest under `voltage` (V) on its right contact.

    Raises `PinchedError` for several layers or a contact that is not a Schottky contact.
    """
    left, right = device.left, device.right
    if device.layers or not isinstance(left, SchottkyContact) or not isinstance(right, SchottkyContact):
        raise PinchedError(
            "the estimate is for one layer between two Schottky contacts. Solve the device instead."
        )
    m, vt = device.material, K_B * device.temperature / E
    row = _packing.layer_row(m)
    bulk = float(neutral(row, device.temperature)) * vt
    nc, nv = (
        density_of_states(m.electron_mass, device.temperature),
        density_of_states(m.hole_mass, device.temperature),
    )
    edge = -m.electron_affinity

    def densities(psi: float) -> tuple[float, float, float]:
        n = nc * fermi((psi - edge) / vt)[0]
        p = nv * fermi((edge - m.band_gap - psi) / vt)[0]
        level = 2.0 * (edge - m.vacancy_level - psi) / vt
        x = m.vacancy_limit / (1.0 + math.exp(min(-level, 700.0)))
        return n, p, x

    inside = densities(bulk)

    def at_contact(barrier: float) -> tuple[float, float]:
        delta = 0.0
        for _ in range(30):
            psi = edge - barrier + delta
            push = E * vt * (sum(densities(psi)) - sum(inside)) - E * m.doping * (psi - bulk)
            field = math.sqrt(max(2.0 * push / (m.permittivity * EPSILON_0), 0.0))
            outward = field if psi < bulk else 0.0
            if device.lowering is not BarrierLowering.NONE:
                delta = 0.5 * (
                    delta + math.sqrt(E * outward / (4 * math.pi * m.image_permittivity * EPSILON_0))
                )
        n, p, _ = densities(edge - barrier + delta)
        return n, p

    drift = abs(voltage) / device.length
    area = device.geometry.area
    emission = 4 * math.pi * M_E * (K_B * device.temperature) ** 2 / H**3

    def injected(density: float, mass: float, states: float, mobility: float, bulk_density: float) -> float:
        speed = emission * mass / states
        first = E * area * density * speed * mobility * drift / (speed + mobility * drift)
        space_charge = 9 / 8 * m.permittivity * EPSILON_0 * mobility * voltage**2 / device.length**3
        second = area * (E * bulk_density * mobility * drift + space_charge)
        return first * second / (first + second) if first + second > 0.0 else 0.0

    # A positive voltage on the right pulls electrons from the left contact and pushes holes from the right one.
    source, drain = (left, right) if voltage > 0 else (right, left)
    n = at_contact(source.barrier)[0]
    p = at_contact(drain.barrier)[1]
    return injected(n, m.electron_mass, nc, m.electron_mobility, inside[0]) + injected(
        p, m.hole_mass, nv, m.hole_mobility, inside[1]
    )
