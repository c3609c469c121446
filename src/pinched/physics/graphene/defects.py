"""Point defects: which atoms are missing, which are added, which bonds close.

`single_vacancy`, `double_vacancy` (a neighbouring pair), `joint_double_vacancy` (two such pairs that touch,
four atoms), `interstitial` (an atom on the bridge of a bond), and `combine` for anything built of them:
vacancies apart, the same defect in both sheets. A defect is written down around cell (0, 0); `Defect.at` moves it.

Atoms do not move in this model. What relaxation does to the bonds is an argument: `rebonding` is the hopping across
the bonds that close in a relaxed vacancy (5-9 ring of the single, 5-8-5 of the double one) as a share of that
between neighbours; 0 leaves the vacancy as it was cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pinched._params import quantity, require
from pinched.physics.graphene.lattice import Sublattice


class Site(NamedTuple):
    """One atom: cell (`i`, `j`) along a_1 and a_2, its sublattice, and its sheet (0 below, 1 above)."""

    i: int
    j: int
    sublattice: Sublattice
    layer: int = 0

    @property
    def orbital(self) -> int:
        """Number of the orbital in its cell: A1, B1, A2, B2."""
        return 2 * self.layer + int(self.sublattice)

    def moved(self, i: int, j: int) -> Site:
        """The same atom of the cell (`i`, `j`) further on."""
        return self._replace(i=self.i + i, j=self.j + j)


class Closed(NamedTuple):
    """A bond that closes: between two atoms, with `share` of the hopping between neighbours."""

    first: Site
    second: Site
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Adatom:
    """An atom more, above the middle of the atoms that it binds to."""

    bonds: tuple[Site, ...]
    """The atoms that it binds to."""
    share: float = quantity(1.0, "1", "V/t", "its hopping to each as a share of that between neighbours")
    energy: float = quantity(
        0.0, "eV", r"\epsilon", "energy of its orbital above that of the other carbon atoms"
    )

    def __post_init__(self) -> None:
        require(
            self,
            len(self.bonds) > 0,
            "an atom without bonds is not part of the sheet. Name the atoms it binds to.",
        )
        require(
            self, abs(self.share) <= 3.0, f"share is {self.share}; it is a share of t, about 1 for carbon."
        )
        require(self, abs(self.energy) < 10.0, f"energy is {self.energy} eV; it is in eV, near 0 for carbon.")

    def moved(self, i: int, j: int) -> Adatom:
        """The same atom around the cell (`i`, `j`) further on."""
        return Adatom(
            bonds=tuple(site.moved(i, j) for site in self.bonds), share=self.share, energy=self.energy
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Defect:
    """A defect around cell (0, 0)."""

    name: str
    """What figures and tables call it."""
    removed: tuple[Site, ...] = ()
    """Atoms that are missing."""
    closed: tuple[Closed, ...] = ()
    """Bonds that close across the hole."""
    added: tuple[Adatom, ...] = ()
    """Atoms more."""

    def __post_init__(self) -> None:
        twice = {site for site in self.removed if self.removed.count(site) > 1}
        require(
            self,
            not twice,
            f"{self.name} removes {_named(min(twice, default=None))} twice: vacancies overlap. Move one of them.",
        )
        kept = [site for bond in self.closed for site in (bond.first, bond.second)]
        kept += [site for atom in self.added for site in atom.bonds]
        gone = sorted(set(kept) & set(self.removed))
        require(
            self,
            not gone,
            f"{self.name} binds to {_named(gone[0] if gone else None)}, which it removes. "
            "Bind to an atom that is left.",
        )

    def at(self, i: int, j: int) -> Defect:
        """The same defect around cell (`i`, `j`)."""
        return Defect(
            name=self.name,
            removed=tuple(site.moved(i, j) for site in self.removed),
            closed=tuple(Closed(b.first.moved(i, j), b.second.moved(i, j), b.share) for b in self.closed),
            added=tuple(atom.moved(i, j) for atom in self.added),
        )

    @property
    def sites(self) -> frozenset[Site]:
        """Every atom that it removes or binds to."""
        kept = [site for bond in self.closed for site in (bond.first, bond.second)]
        kept += [site for atom in self.added for site in atom.bonds]
        return frozenset((*self.removed, *kept))

    @property
    def imbalance(self) -> int:
        """Missing A atoms less missing B atoms: |imbalance| states are left at zero energy (pereira2008modeling).

        True where hoppings join the two sublattices only: `closed` bonds and atoms more take states away from zero.
        """
        return sum(1 if site.sublattice is Sublattice.A else -1 for site in self.removed)


def single_vacancy(
    sublattice: Sublattice = Sublattice.A, *, layer: int = 0, rebonding: float = 0.0
) -> Defect:
    """SV: one atom is missing. `rebonding` closes one of the three pairs around it (5-9 ring)."""
    gone = Site(0, 0, sublattice, layer)
    other = Sublattice.B if sublattice is Sublattice.A else Sublattice.A
    sign = -1 if sublattice is Sublattice.A else 1
    pair = (Site(sign, 0, other, layer), Site(0, sign, other, layer))
    return Defect(name="SV", removed=(gone,), closed=_closed([pair], rebonding))


def double_vacancy(*, layer: int = 0, rebonding: float = 0.0) -> Defect:
    """DV: two neighbours, A and B, are missing. `rebonding` closes a pair at each end (5-8-5)."""
    a, b = Sublattice.A, Sublattice.B
    pairs = [
        (Site(-1, 0, b, layer), Site(0, -1, b, layer)),
        (Site(1, 0, a, layer), Site(0, 1, a, layer)),
    ]
    return Defect(
        name="DV", removed=(Site(0, 0, a, layer), Site(0, 0, b, layer)), closed=_closed(pairs, rebonding)
    )


def joint_double_vacancy(*, layer: int = 0, rebonding: float = 0.0) -> Defect:
    """JDV: two double vacancies that touch, a chain of four missing atoms. `rebonding` closes a pair at each end."""
    a, b = Sublattice.A, Sublattice.B
    pairs = [
        (Site(-1, 0, b, layer), Site(0, -1, b, layer)),
        (Site(2, 0, a, layer), Site(1, 1, a, layer)),
    ]
    removed = (Site(0, 0, a, layer), Site(0, 0, b, layer), Site(1, 0, a, layer), Site(1, 0, b, layer))
    return Defect(name="JDV", removed=removed, closed=_closed(pairs, rebonding))


def interstitial(*, layer: int = 0, share: float = 1.0, energy: float = 0.0) -> Defect:
    """IV: a carbon atom more on the bridge of a bond, where lehtinen2003magnetic finds it stable.

    `share` and `energy` (eV) are its hopping, as a share of that between neighbours, and its orbital's energy: no
    source states them for a model of one orbital, and the defaults take it for an atom like the others.
    """
    bridge = (Site(0, 0, Sublattice.A, layer), Site(0, 0, Sublattice.B, layer))
    return Defect(name="IV", added=(Adatom(bonds=bridge, share=share, energy=energy),))


def combine(name: str, *defects: Defect) -> Defect:
    """One defect made of several. Raises `PinchedError` where two of them remove or bind to the same atom."""
    seen: set[Site] = set()
    for defect in defects:
        shared = sorted(seen & defect.sites)
        require(
            Defect,
            not shared,
            f"{name}: two parts touch the same atom, {_named(shared[0] if shared else None)}. Move one "
            "of them with `at`.",
        )
        seen |= defect.sites
    return Defect(
        name=name,
        removed=tuple(site for defect in defects for site in defect.removed),
        closed=tuple(bond for defect in defects for bond in defect.closed),
        added=tuple(atom for defect in defects for atom in defect.added),
    )


def _closed(pairs: list[tuple[Site, Site]], share: float) -> tuple[Closed, ...]:
    require(
        Defect,
        0.0 <= share <= 2.0,
        f"rebonding is {share}; it is a share of t, 0 for a vacancy as it was cut.",
    )
    return tuple(Closed(*pair, share) for pair in pairs) if share else ()


def _named(site: Site | None) -> str:
    if site is None:
        return "no atom"
    return f"{site.sublattice.name}{site.layer + 1} of cell ({site.i}, {site.j})"
