"""The reference device: a lateral MoS2 memristor with mobile vacancies (spetzler2023switching).

Numbers as the public implementation of the model states them in its example 107 (abdel2024charge). Its cycle is
`pi.triangle("12 V", period="9.6 s")`.
"""

from __future__ import annotations

import dataclasses

from pinched.physics.device import Geometry, SchottkyContact, TransportDevice
from pinched.physics.material import Material, Traps

_MATERIAL = Material(
    band_gap=1.3,
    electron_affinity=4.0,
    permittivity=9.0,
    image_permittivity=9.0,
    electron_mass=0.55,
    hole_mass=0.71,
    electron_mobility=1e-4,
    hole_mobility=1e-4,
    vacancy_mobility=8e-14,
    vacancy_level=0.38,
    vacancy_limit=1e28,
    doping=1e17,
)


def spetzler2023() -> TransportDevice:
    """The reference device: 1 um between barriers of 0.225 and 0.215 eV, area 2.1e-11 m^2, 300 K."""
    return TransportDevice(
        material=_MATERIAL,
        geometry=Geometry(length=1e-6, area=2.1e-11),
        left=SchottkyContact(barrier=0.225),
        right=SchottkyContact(barrier=0.215),
        temperature=300.0,
        name="spetzler2023",
    )


def spetzler2023_traps() -> TransportDevice:
    """The reference device with acceptor traps half an electronvolt deep, as the implementation's example 110."""
    traps = Traps(density=5e21, depth=0.5, cross_section=1e-20)
    material = dataclasses.replace(_MATERIAL, doping=1e16, traps=traps)
    return dataclasses.replace(spetzler2023(), material=material, name="spetzler2023_traps")
