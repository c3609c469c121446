r"""What the layers of a device are made of.

Energies are in eV as in the papers of the field, everything else in SI; effective masses are in electron masses.
The conduction band edge is $E_c = -\chi$, the valence band edge $E_v = -\chi - E_g$, the level of the vacancies
$E_x = E_c - E_a$, all counted from the vacuum level.
"""

from __future__ import annotations

from dataclasses import dataclass

from pinched._params import quantity, require, require_valid


@dataclass(frozen=True, kw_only=True, slots=True)
class Traps:
    """Acceptor-like electron traps of one level: neutral when empty, charged -1 when filled from the conduction band.

    They capture and release electrons as
    $\\dot n_t = N_t s\\,[n (1-f) - f N_c e^{-\\gamma} e^{-(E_c - E_t)/kT}]$ with the capture coefficient
    $s = \\sigma \\sqrt{3 k T / m_n}$; what they hold is missing in the band. Donor-like traps are these together with
    an immobile doping of the same density.
    """

    density: float = quantity(5e21, "1/m^3", "N_t", "density of traps", valid=(0.0, 1e28))
    depth: float = quantity(0.5, "eV", "E_c - E_t", "level below the conduction band edge", valid=(-1.0, 5.0))
    cross_section: float = quantity(1e-20, "m^2", r"\sigma", "capture cross section", valid=(1e-30, 1e-14))

    def __post_init__(self) -> None:
        require_valid(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """A layer's material; the defaults are those of the reference device (`pi.presets.spetzler2023()`).

    Raises `PinchedError` for a number outside its valid range and for a vacancy level that no model of this kind
    means.
    """

    band_gap: float = quantity(1.3, "eV", "E_g", "band gap", valid=(0.1, 10.0))
    electron_affinity: float = quantity(
        4.0, "eV", r"\chi_e", "vacuum level above the conduction band", valid=(0.0, 8.0)
    )
    permittivity: float = quantity(9.0, "1", r"\varepsilon_r", "relative permittivity", valid=(1.0, 1e4))
    image_permittivity: float = quantity(
        9.0, "1", r"\varepsilon_i", "relative permittivity that the image charge sees", valid=(1.0, 1e4)
    )
    electron_mass: float = quantity(0.55, "m_e", "m_n^*", "effective mass of electrons", valid=(1e-3, 20.0))
    hole_mass: float = quantity(0.71, "m_e", "m_p^*", "effective mass of holes", valid=(1e-3, 20.0))
    electron_mobility: float = quantity(
        1e-4, "m^2/(V s)", r"\mu_n", "mobility of electrons", valid=(1e-12, 1e3)
    )
    hole_mobility: float = quantity(1e-4, "m^2/(V s)", r"\mu_p", "mobility of holes", valid=(1e-12, 1e3))
    vacancy_mobility: float = quantity(
        8e-14, "m^2/(V s)", r"\mu_x", "mobility of vacancies", valid=(0.0, 1e-4)
    )
    vacancy_level: float = quantity(
        0.38,
        "eV",
        "E_a",
        "level of the vacancies below the conduction band edge; sets how many there are",
        valid=(-2.0, 10.0),
    )
    vacancy_limit: float = quantity(
        1e28, "1/m^3", "N_x", "largest density of vacancies; 0 for a layer without", valid=(0.0, 1e30)
    )
    doping: float = quantity(
        1e17, "1/m^3", "N_d", "immobile donors; negative: acceptors", valid=(-1e28, 1e28)
    )
    traps: Traps | None = None
    """Electron traps, none when None."""

    def __post_init__(self) -> None:
        require_valid(self)
        require(
            self,
            self.vacancy_limit == 0.0 or self.vacancy_limit >= 1e15,
            f"vacancy_limit is {self.vacancy_limit} 1/m^3: less than a vacancy per device. Give 0 for a layer "
            f"without.",
        )
