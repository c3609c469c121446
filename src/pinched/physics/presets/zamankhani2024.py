r"""Ranges of a study of 1000 simulated devices (zamankhani2024hysteresis, Table 1), and what the table leaves open.

Read with the model: "kg" for the effective masses means electron masses; mobilities are drawn evenly in their
logarithm; the level of the vacancies counts down from the conduction band. The table states no temperature and no
doping: 300 K and 1e17 1/m^3 of the reference device stand here. The area is width times thickness of the channel.

Which draws are kept:

- `Restriction.RESOLVED`, the default: both barriers below the level of the vacancies, that below the band gap.
Beyond it
  vacancies fill a layer of a hundredth of a nanometre at a contact, and the current is the mesh's.
- `Restriction.NONE`: the plain table; contacts may then hold holes.
- `Restriction.MEMRISTIVE`: resolved, and hysteresis is to be expected. 96 % of the resolved draws are plain diodes,
  resistors or open.
"""

from __future__ import annotations

import dataclasses
from enum import Enum

import numpy as np
from jaxtyping import Bool, Float

from pinched.data.waveforms import Waveform, triangle
from pinched.physics.device import Geometry, SchottkyContact, TransportDevice
from pinched.physics.estimate import Common, estimate
from pinched.physics.material import Material
from pinched.physics.ranges import ParameterRange, ParameterRanges

Columns = dict[str, Float[np.ndarray, " draw"]]

WIDTH, THICKNESS = 10e-6, 0.015e-6
"""Width and thickness of the channel (m)."""
COMMON = Common(area=WIDTH * THICKNESS, vacancy_limit=1e28, temperature=300.0, doping=1e17)
"""What is not drawn; temperature and doping are not in the table."""


class Restriction(Enum):
    """Which draws are refused."""

    NONE = "none: the plain table"
    RESOLVED = "both barriers below the vacancy level, that below the band gap"
    MEMRISTIVE = (
        "resolved, the vacancy level less than 0.2 eV above the higher barrier, vacancies that move 10^-2.5 to 10^4 "
        "lengths in a period, and a current above 1e-12 A by a formula"
    )


_PARAMETERS = (
    ParameterRange(name="band_gap", unit="eV", symbol="E_g", low=0.3, high=3.5),
    ParameterRange(name="electron_affinity", unit="eV", symbol=r"\chi_e", low=1.0, high=5.0),
    ParameterRange(name="barrier_left", unit="eV", symbol=r"\phi_0(x_1)", low=0.001, high=2.0),
    ParameterRange(name="barrier_right", unit="eV", symbol=r"\phi_0(x_2)", low=0.001, high=2.0),
    ParameterRange(name="permittivity", unit="1", symbol=r"\varepsilon_r", low=1.0, high=15.0),
    ParameterRange(name="image_permittivity", unit="1", symbol=r"\varepsilon_i", low=1.0, high=15.0),
    ParameterRange(name="electron_mass", unit="m_e", symbol="m_n^*", low=0.1, high=0.9),
    ParameterRange(name="hole_mass", unit="m_e", symbol="m_p^*", low=0.1, high=0.9),
    ParameterRange(
        name="electron_mobility", unit="m^2/(V s)", symbol=r"\mu_n", low=1e-6, high=500.0, logarithmic=True
    ),
    ParameterRange(
        name="hole_mobility", unit="m^2/(V s)", symbol=r"\mu_p", low=1e-6, high=500.0, logarithmic=True
    ),
    ParameterRange(
        name="vacancy_mobility", unit="m^2/(V s)", symbol=r"\mu_x", low=1e-18, high=1e-8, logarithmic=True
    ),
    ParameterRange(name="vacancy_level", unit="eV", symbol="E_a", low=0.1, high=3.0),
    ParameterRange(name="length", unit="m", symbol="L", low=0.5e-6, high=2e-6),
    ParameterRange(name="amplitude", unit="V", symbol=r"U_\mathrm{max}", low=5.0, high=13.0),
    ParameterRange(name="period", unit="s", symbol=r"t_\mathrm{p}", low=1.0, high=20.0),
)


def zamankhani2024_ranges(restriction: Restriction = Restriction.RESOLVED) -> ParameterRanges:
    """The ranges of the table, from which draws are refused by `restriction`."""
    accepts, share = {
        Restriction.NONE: (_all, 1.0),
        Restriction.RESOLVED: (_resolved, 0.25),
        Restriction.MEMRISTIVE: (_memristive, 0.018),
    }[restriction]
    return ParameterRanges(
        parameters=_PARAMETERS,
        build=_build,
        accepts=accepts,
        common=COMMON,
        name="zamankhani2024",
        source="zamankhani2024hysteresis",
        restriction=restriction.value,
        share=share,
    )


def _build(v: dict[str, float]) -> tuple[TransportDevice, Waveform]:
    names = (
        "band_gap", "electron_affinity", "permittivity", "image_permittivity", "electron_mass", "hole_mass",
        "electron_mobility", "hole_mobility", "vacancy_mobility", "vacancy_level",
    )  # fmt: skip
    rest = Material(vacancy_limit=COMMON.vacancy_limit, doping=COMMON.doping)
    material = dataclasses.replace(rest, **{name: v[name] for name in names})
    device = TransportDevice(
        material=material,
        geometry=Geometry.channel(length=v["length"], width=WIDTH, thickness=THICKNESS),
        left=SchottkyContact(barrier=v["barrier_left"], beyond_gap=True),
        right=SchottkyContact(barrier=v["barrier_right"], beyond_gap=True),
        temperature=COMMON.temperature,
        name="zamankhani2024",
    )
    return device, triangle(v["amplitude"], period=v["period"])


def _all(columns: Columns) -> Bool[np.ndarray, " draw"]:
    return np.ones(columns["length"].size, dtype=bool)


def _resolved(columns: Columns) -> Bool[np.ndarray, " draw"]:
    level = columns["vacancy_level"]
    highest = np.maximum(columns["barrier_left"], columns["barrier_right"])
    return (highest < level) & (level < columns["band_gap"])


def _memristive(columns: Columns) -> Bool[np.ndarray, " draw"]:
    highest = np.maximum(columns["barrier_left"], columns["barrier_right"])
    reach = columns["vacancy_mobility"] * columns["period"] * columns["amplitude"] / columns["length"] ** 2
    likely = _resolved(columns) & (columns["vacancy_level"] - highest < 0.2)
    likely &= (np.log10(reach) > -2.5) & (np.log10(reach) < 4.0)
    # The formula is the dear part: it is asked for what is left.
    left = {name: column[likely] for name, column in columns.items()}
    likely[likely] = _largest_current(left) > 1e-12
    return likely


def _largest_current(columns: Columns) -> Float[np.ndarray, " draw"]:
    """About the largest |I| (A) at both ends of the voltage."""
    amplitude = columns["amplitude"][:, None]
    return np.abs(estimate(columns, COMMON).current(amplitude * np.array([-1.0, 1.0]))).max(axis=1)
