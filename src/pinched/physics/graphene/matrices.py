r"""Matrices of a sample: every bond once, sparse at zero wave vector, dense at any.

`hamiltonian` (sparse, real) is for large samples and the kernel polynomial method; `bloch_hamiltonian` (dense,
complex) for supercells, with phases $e^{i k \cdot d}$ of the distance $d$ between the two atoms, so that
components of its vectors at the same orbital of different cells add up to the unfolded wave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy import sparse

from pinched._params import require
from pinched.physics.graphene.defects import Site
from pinched.physics.graphene.lattice import PRIMITIVE, bond_kinds, positions
from pinched.physics.graphene.sample import Sample, site_place


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bonds:
    """Every bond of a sample, each once, and the energies of its orbitals."""

    first: Int[np.ndarray, " bond"]
    """Row of the atom at one end."""
    second: Int[np.ndarray, " bond"]
    """Row of the atom at the other."""
    energy: Float[np.ndarray, " bond"]
    """Matrix element (eV)."""
    distance: Float[np.ndarray, "bond 2"]
    """From the first to the second, in the plane (m)."""
    onsite: Float[np.ndarray, " site"]
    """Energy of each orbital (eV)."""


def bonds_of(sample: Sample) -> Bonds:
    """The bonds of `sample`."""
    number, place = sample.number, positions(sample.stacking)
    first, second, energy, distance = [], [], [], []
    for kind in bond_kinds(sample.stacking, sample.hoppings):
        here = number[..., kind.first].ravel()
        there = np.roll(number[..., kind.second], (-kind.step_1, -kind.step_2), axis=(0, 1)).ravel()
        both = (here >= 0) & (there >= 0)
        away = np.array([kind.step_1, kind.step_2]) + place[kind.second] - place[kind.first]
        first.append(here[both])
        second.append(there[both])
        energy.append(np.full(both.sum(), kind.energy))
        distance.append(np.tile(away @ PRIMITIVE, (int(both.sum()), 1)))
    rare: list[tuple[int, int, float, np.ndarray]] = []

    def row(site: Site) -> int:
        # `Sample.row` numbers the whole sample each time.
        found = int(number[site.i % sample.shape[0], site.j % sample.shape[1], site.orbital])
        require(
            Bonds, found >= 0, f"a bond leads to {site}, which is missing. Let defects not touch each other."
        )
        return found

    for bond in sample.closed:
        away = site_place(bond.second, sample.stacking) - site_place(bond.first, sample.stacking)
        rare.append(
            (
                row(bond.first),
                row(bond.second),
                -bond.share * sample.hoppings.nearest,
                away,
            )
        )
    lattice = int(sample.present.sum())
    for k, atom in enumerate(sample.added):
        for site in atom.bonds:
            away = site_place(site, sample.stacking) - sample.place_of(atom)
            rare.append((lattice + k, row(site), -atom.share * sample.hoppings.nearest, away))
    onsite = np.zeros(sample.sites)
    onsite[lattice:] = [atom.energy for atom in sample.added]
    if rare:
        first.append(np.array([r[0] for r in rare]))
        second.append(np.array([r[1] for r in rare]))
        energy.append(np.array([r[2] for r in rare]))
        distance.append(np.array([r[3] for r in rare]))
    return Bonds(
        first=np.concatenate(first),
        second=np.concatenate(second),
        energy=np.concatenate(energy),
        distance=np.concatenate(distance),
        onsite=onsite,
    )


def hamiltonian(sample: Sample) -> sparse.csr_array:
    """The Hamiltonian (eV) at zero wave vector, real, symmetric, sparse."""
    bonds = bonds_of(sample)
    rows = np.concatenate([bonds.first, bonds.second, np.arange(sample.sites)])
    columns = np.concatenate([bonds.second, bonds.first, np.arange(sample.sites)])
    values = np.concatenate([bonds.energy, bonds.energy, bonds.onsite])
    matrix = sparse.coo_array((values, (rows, columns)), shape=(sample.sites, sample.sites)).tocsr()
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


LARGEST_DENSE = 4000
"""Atoms of the largest supercell that is taken apart exactly: its matrix has 256 MB."""


def bloch_hamiltonian(
    sample: Sample, wave_vectors: Float[np.ndarray, "k 2"], bonds: Bonds | None = None
) -> Complex[np.ndarray, "k site site"]:
    """The Hamiltonians (eV) at `wave_vectors` (1/m, Cartesian), one Hermitian matrix each.

    `bonds` saves finding them again. Raises `PinchedError` for a sample that is too large for dense matrices.
    """
    require(
        Sample,
        sample.sites <= LARGEST_DENSE,
        f"{sample.sites} atoms are too many for dense matrices (at most {LARGEST_DENSE}). Use `kernel_polynomials`.",
    )
    bonds = bonds or bonds_of(sample)
    n = sample.sites
    element = bonds.energy * np.exp(1j * wave_vectors @ bonds.distance.T)
    matrix = np.zeros((len(wave_vectors), n, n), dtype=np.complex128)
    # Bonds join the same pair more than once in a cell of one or two: their phases add up.
    pair = bonds.first.astype(np.int64) * n + bonds.second
    for kind in _without_repeats(pair):
        matrix[:, bonds.first[kind], bonds.second[kind]] += element[:, kind]
        matrix[:, bonds.second[kind], bonds.first[kind]] += element[:, kind].conj()
    matrix[:, np.arange(n), np.arange(n)] += bonds.onsite
    return matrix


def _without_repeats(pair: Int[np.ndarray, " bond"]) -> list[Int[np.ndarray, " chosen"]]:
    """Positions of `pair` in groups of which none holds the same pair twice, so that += reaches every bond."""
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    rank = np.arange(pair.size) - np.repeat(starts, np.diff(starts, append=pair.size))
    return [order[rank == k] for k in range(int(rank.max(initial=-1)) + 1)]
