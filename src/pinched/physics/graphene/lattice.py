r"""The honeycomb lattice of one sheet and of two in AB stacking, and the hoppings between its $p_z$ orbitals.

A is at the origin of its cell and B at $(a_1 + a_2)/3$; in the upper sheet A2 lies on top of B1 (the pair is called
a dimer) and B2 over the middle of a hexagon. The Hamiltonian is that of mccann2013electronic: $-\gamma_0$ between
neighbours in a sheet, $+\gamma_1$ in the dimer, $-\gamma_3$ between A1 and B2, $+\gamma_4$ between A1 and A2 and
between B1 and B2. Energies are in eV, lengths in m.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar, NamedTuple

import numpy as np

from pinched import constants
from pinched._params import quantity, require

LATTICE_CONSTANT = 0.246e-9
"""Length of a primitive vector (m): sqrt(3) times 0.142 nm (castroneto2009electronic)."""

PRIMITIVE = LATTICE_CONSTANT * np.array([[1.0, 0.0], [0.5, math.sqrt(3.0) / 2.0]])
"""The primitive vectors a_1, a_2 (m), one a row."""

CELL_AREA = LATTICE_CONSTANT**2 * math.sqrt(3.0) / 2.0
"""Area of the primitive cell (m^2)."""

RECIPROCAL = 2.0 * math.pi * np.linalg.inv(PRIMITIVE).T
"""The reciprocal vectors b_1, b_2 (1/m), one a row."""


class Stacking(Enum):
    """How many sheets there are, and how they lie."""

    MONOLAYER = 1
    """One sheet: orbitals A1, B1."""
    AB_BILAYER = 2
    """Two sheets in Bernal stacking: orbitals A1, B1, A2, B2."""

    @property
    def orbitals(self) -> int:
        """Orbitals of a primitive cell."""
        return 2 * self.value


class Sublattice(IntEnum):
    """Which of the two atoms of a sheet's cell."""

    A = 0
    B = 1


class Bond(NamedTuple):
    """One kind of bond: from orbital `first` of a cell to orbital `second` of the cell (`step_1`, `step_2`) on."""

    first: int
    second: int
    step_1: int
    step_2: int
    energy: float
    """Matrix element (eV)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hoppings:
    """Hopping energies (eV) by their usual names; the defaults are those measured by infrared light on bilayers."""

    source: ClassVar[str] = "kuzmenko2009determination"

    nearest: float = quantity(3.16, "eV", r"\gamma_0", "hopping to the three neighbours in a sheet, t")
    next_nearest: float = quantity(
        0.0, "eV", r"t'", "hopping to the six second neighbours; 0.02 to 0.2 of t in castroneto2009electronic"
    )
    gamma_1: float = quantity(0.381, "eV", r"\gamma_1", "hopping in the dimer B1-A2")
    gamma_3: float = quantity(0.38, "eV", r"\gamma_3", "hopping A1-B2")
    gamma_4: float = quantity(0.14, "eV", r"\gamma_4", "hopping A1-A2 and B1-B2")

    def __post_init__(self) -> None:
        require(
            self,
            0.1 < self.nearest < 10.0,
            f"nearest is {self.nearest} eV; 2.5 to 3.2 for graphene. Energies are in eV, not in J.",
        )
        for name in ("next_nearest", "gamma_1", "gamma_3", "gamma_4"):
            value = getattr(self, name)
            require(
                self,
                abs(value) < self.nearest,
                f"{name} is {value} eV, no less than the hopping between neighbours ({self.nearest} eV). "
                "Are they swapped?",
            )

    @classmethod
    def density_functional(cls) -> Hoppings:
        """Fitted to the local-density approximation of AB bilayers (jung2014accurate): for a comparison with DFT."""
        return cls(nearest=2.61, gamma_1=0.361, gamma_3=0.283, gamma_4=0.138)

    @property
    def velocity(self) -> float:
        """Fermi velocity of a single sheet (m/s) at the Dirac point; `next_nearest` leaves it as it is."""
        hbar = constants.H / (2.0 * math.pi)
        return math.sqrt(3.0) / 2.0 * LATTICE_CONSTANT * self.nearest * constants.E / hbar


def positions(stacking: Stacking) -> np.ndarray:
    """Place of each orbital in its cell as multiples of a_1 and a_2, shape (orbital, 2)."""
    third = np.arange(4)[:, None] * np.array([1.0, 1.0]) / 3.0
    # A1 at 0, B1 at one third, A2 on top of B1, B2 over the hexagon.
    return third[[0, 1, 1, 2][: stacking.orbitals]]


def bond_kinds(stacking: Stacking, hoppings: Hoppings) -> list[Bond]:
    """Every kind of bond that is not zero, each once (not back again)."""
    around = ((0, 0), (-1, 0), (0, -1))
    bonds: list[Bond] = []
    for layer in range(stacking.value):
        a, b = 2 * layer, 2 * layer + 1
        bonds += [Bond(a, b, i, j, -hoppings.nearest) for i, j in around]
        bonds += [
            Bond(o, o, i, j, -hoppings.next_nearest) for o in (a, b) for i, j in ((1, 0), (0, 1), (1, -1))
        ]
    if stacking is Stacking.AB_BILAYER:
        bonds.append(Bond(1, 2, 0, 0, hoppings.gamma_1))
        bonds += [Bond(0, 3, i, j, -hoppings.gamma_3) for i, j in ((-1, 0), (0, -1), (-1, -1))]
        bonds += [Bond(o, o + 2, i, j, hoppings.gamma_4) for o in (0, 1) for i, j in around]
    return [bond for bond in bonds if bond.energy != 0.0]
