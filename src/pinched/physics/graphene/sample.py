"""Pieces of graphene, periodic in both directions: which atoms are there and which bonds join them.

`supercell(shape, stacking, defects)` places the defects that it is given, as in a calculation of first principles;
`disordered(shape, ...)` draws where they are, by the address of each cell: cell (3, 5) has the same defect whatever
the size of the sample. `matrices` turns either into Hamiltonians.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from pinched._params import require
from pinched._random import cell_uniforms
from pinched.physics.graphene.defects import Adatom, Closed, Defect, Site
from pinched.physics.graphene.lattice import CELL_AREA, PRIMITIVE, Hoppings, Stacking, positions


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sample:
    """A periodic piece of graphene; made by `supercell` and `disordered`."""

    shape: tuple[int, int]
    """Primitive cells along a_1 and a_2."""
    stacking: Stacking
    """One sheet or two."""
    hoppings: Hoppings
    """Hopping energies."""
    present: Bool[np.ndarray, "cell_1 cell_2 orbital"]
    """Which atoms of the lattice are there."""
    closed: tuple[Closed, ...]
    """Bonds that closed in defects."""
    added: tuple[Adatom, ...]
    """Atoms more; their orbitals stand behind those of the lattice."""
    name: str
    """What figures call it."""
    placed: int
    """How many defects were placed."""

    @property
    def sites(self) -> int:
        """Atoms, that is orbitals."""
        return int(self.present.sum()) + len(self.added)

    @property
    def area(self) -> float:
        """Area (m^2), the same for one sheet and for two."""
        return self.shape[0] * self.shape[1] * CELL_AREA

    @property
    def imbalance(self) -> int:
        """Atoms on B less atoms on A: with hoppings between the two only, |imbalance| states at zero energy."""
        return int(self.present[..., 1::2].sum()) - int(self.present[..., 0::2].sum())

    @property
    def number(self) -> Int[np.ndarray, "cell_1 cell_2 orbital"]:
        """Row of each atom of the lattice in the Hamiltonian, -1 where it is missing."""
        number = np.cumsum(self.present.ravel()).reshape(self.present.shape) - 1
        return np.where(self.present, number, -1)

    @property
    def places(self) -> Float[np.ndarray, "site 2"]:
        """Where each atom is (m), in the order of the Hamiltonian."""
        i, j, orbital = np.nonzero(self.present)
        lattice = np.stack([i, j], axis=1) + positions(self.stacking)[orbital]
        return np.concatenate([lattice @ PRIMITIVE, *([self.place_of(a)] for a in self.added)])

    @property
    def layer(self) -> Int[np.ndarray, " site"]:
        """Sheet of each atom (0 below, 1 above), in the order of the Hamiltonian."""
        return np.concatenate(
            [np.nonzero(self.present)[2] // 2, [a.bonds[0].layer for a in self.added]]
        ).astype(np.int64)

    def row(self, site: Site) -> int:
        """Row of `site` in the Hamiltonian, cells counted periodically. Raises `PinchedError` where no atom is."""
        number = -1
        if site.orbital < self.stacking.orbitals:
            number = int(self.number[site.i % self.shape[0], site.j % self.shape[1], site.orbital])
        require(Sample, number >= 0, f"there is no atom at {site} of {self.name}. Ask for one that is left.")
        return number

    def place_of(self, atom: Adatom) -> Float[np.ndarray, " 2"]:
        """Where an added atom is (m): the middle of those that it binds to, beyond the edge where they are."""
        return np.mean([site_place(site, self.stacking) for site in atom.bonds], axis=0)


def site_place(site: Site, stacking: Stacking) -> Float[np.ndarray, " 2"]:
    """Where a site is (m), not folded back into the sample."""
    return (np.array([site.i, site.j]) + positions(stacking)[site.orbital]) @ PRIMITIVE


def supercell(
    shape: tuple[int, int],
    *,
    stacking: Stacking = Stacking.MONOLAYER,
    defects: Sequence[Defect] = (),
    hoppings: Hoppings | None = None,
    name: str = "",
) -> Sample:
    """A supercell of `shape` primitive cells with `defects`, at the cells that they name.

    Raises `PinchedError` for a defect outside the cell or in a sheet that is not there, for two defects that touch
    the same atom, and for a defect so large that it touches its own periodic image.
    """
    _check_shape(shape)
    present = np.ones((*shape, stacking.orbitals), dtype=bool)
    seen: dict[tuple[int, int, int], str] = {}
    for defect in defects:
        mine: set[tuple[int, int, int]] = set()
        for site in sorted(defect.sites):
            _check_layer(defect, site, stacking)
            key = (site.i % shape[0], site.j % shape[1], site.orbital)
            require(
                Sample,
                key not in mine,
                f"{defect.name} touches its own periodic image in a supercell of {shape[0]} x {shape[1]}. "
                "Take a larger one.",
            )
            require(
                Sample,
                key not in seen,
                f"{defect.name} and {seen.get(key)} overlap at {site.sublattice.name}{site.layer + 1} of cell "
                f"{key[:2]}. Move one of them with `Defect.at`.",
            )
            mine.add(key)
        for site in defect.removed:
            # The neighbours of a defect may lie over the edge, its missing atoms may not: (9, 0) of 8 x 8 is a slip.
            inside = 0 <= site.i < shape[0] and 0 <= site.j < shape[1]
            require(
                Sample,
                inside,
                f"{defect.name} removes an atom of cell ({site.i}, {site.j}), outside the supercell of {shape[0]} x "
                f"{shape[1]}. Place it with `Defect.at` between (0, 0) and ({shape[0] - 1}, {shape[1] - 1}).",
            )
            present[site.i, site.j, site.orbital] = False
        seen |= dict.fromkeys(mine, defect.name)
    return Sample(
        shape=shape,
        stacking=stacking,
        hoppings=hoppings or Hoppings(),
        present=present,
        closed=tuple(bond for defect in defects for bond in defect.closed),
        added=tuple(atom for defect in defects for atom in defect.added),
        name=name or " + ".join(defect.name for defect in defects) or "pristine",
        placed=len(defects),
    )


def disordered(
    shape: tuple[int, int],
    *,
    kinds: Sequence[Defect],
    probability: float,
    seed: int,
    stacking: Stacking = Stacking.MONOLAYER,
    hoppings: Hoppings | None = None,
    name: str = "",
) -> Sample:
    """A large sample: each primitive cell holds one of `kinds`, each as likely, with `probability`.

    Draws belong to cells, not to their order: a larger sample of the same `seed` has the same defects in the cells
    that both have (but for those at the edge that the other image of the sample touches). Of defects that touch the
    same atom the one with the smallest draw stays, so fewer may be placed than `probability` asks for; `placed`
    counts them. Raises `PinchedError` for no kinds, and a probability outside 0 to 1.
    """
    _check_shape(shape)
    require(Sample, len(kinds) > 0, "no kinds of defect were given. Give at least one, or use `supercell`.")
    require(
        Sample,
        0.0 <= probability <= 1.0,
        f"probability is {probability}; it is the share of primitive cells that hold a defect, 0 to 1.",
    )
    for kind in kinds:
        for site in kind.sites:
            _check_layer(kind, site, stacking)
    draws = cell_uniforms(seed, "graphene, defects", range(1), shape)[0].astype(np.float64)
    rows, columns = np.nonzero(draws[..., 0] < probability)
    order = np.argsort(draws[rows, columns, 0], kind="stable")
    which = np.minimum((draws[rows, columns, 1] * len(kinds)).astype(np.int64), len(kinds) - 1)
    # A candidate is dropped when any smaller draw touches one of its atoms, dropped itself or not: the rule looks at
    # neighbours only, so that a defect does not depend on what is far away.
    touched: set[tuple[int, int, int]] = set()
    kept: list[Defect] = []
    for k in order:
        defect = kinds[which[k]].at(int(rows[k]), int(columns[k]))
        keys = [(site.i % shape[0], site.j % shape[1], site.orbital) for site in defect.sites]
        if len(set(keys)) == len(keys) and touched.isdisjoint(keys):
            kept.append(defect)
        touched.update(keys)
    present = np.ones((*shape, stacking.orbitals), dtype=bool)
    for defect in kept:
        for site in defect.removed:
            present[site.i % shape[0], site.j % shape[1], site.orbital] = False
    kind_names = ", ".join(kind.name for kind in kinds)
    return Sample(
        shape=shape,
        stacking=stacking,
        hoppings=hoppings or Hoppings(),
        present=present,
        closed=tuple(bond for defect in kept for bond in defect.closed),
        added=tuple(atom for defect in kept for atom in defect.added),
        name=name or f"{len(kept)} {kind_names} in {shape[0]} x {shape[1]}",
        placed=len(kept),
    )


def _check_shape(shape: tuple[int, int]) -> None:
    require(
        Sample,
        min(shape) >= 1,
        f"the shape {shape} has no cells. Give the primitive cells along a_1 and a_2, such as (8, 8).",
    )


def _check_layer(defect: Defect, site: Site, stacking: Stacking) -> None:
    require(
        Sample,
        0 <= site.layer < stacking.value,
        f"{defect.name} is in sheet {site.layer + 1}, and {stacking.name} has {stacking.value}. "
        "Take Stacking.AB_BILAYER, or a defect of layer 0.",
    )
