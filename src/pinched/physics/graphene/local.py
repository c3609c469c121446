"""Where in a sample the states near an energy are: the local density of states.

`local_density` counts the states of a window of energy at every atom of a supercell, exactly; `site_density` gives
the density against energy at chosen atoms of a sample of any size, by kernel polynomials.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.physics.graphene.lattice import PRIMITIVE
from pinched.physics.graphene.matrices import bloch_hamiltonian, bonds_of
from pinched.physics.graphene.moments import site_moments
from pinched.physics.graphene.sample import Sample
from pinched.physics.graphene.spectrum import wave_vector_mesh


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LocalDensity:
    """States of a window of energy at each atom of a supercell."""

    name: str
    """What figures call the sample."""
    window: tuple[float, float]
    """Energies (eV) between which states were counted."""
    states: Float[np.ndarray, " site"]
    """States at each atom, both spins; all energies together would be 2."""
    places: Float[np.ndarray, "site 2"]
    """Where the atoms are (m)."""
    layer: Int[np.ndarray, " site"]
    """Sheet of each atom, 0 below."""
    sublattice: Int[np.ndarray, " site"]
    """0 for A, 1 for B, 2 for an atom more."""
    cell: Float[np.ndarray, "2 2"]
    """The vectors of the supercell (m), one a row."""


def local_density(
    sample: Sample, *, mesh: int, window: tuple[float, float], progress: Progress | None = None
) -> LocalDensity:
    """The states of `sample` in `window` (eV), summed over a `mesh` x `mesh` grid of wave vectors.

    Raises `PinchedError` for an empty window, a mesh below 1, and a sample that is too large for dense matrices.
    """
    require(
        LocalDensity,
        window[0] < window[1],
        f"the window {window} eV is empty. Give the lower energy first, such as (-0.1, 0.1).",
    )
    require(
        LocalDensity, mesh >= 1, f"mesh is {mesh}. Give the wave vectors along each direction, such as 6."
    )
    vectors, share = wave_vector_mesh(sample, mesh)
    bonds = bonds_of(sample)
    states = np.zeros(sample.sites)
    steps = range(len(vectors))
    for k in (progress or Silent()).track(steps, f"local density of {sample.name}", len(vectors)):
        energy, vector = np.linalg.eigh(bloch_hamiltonian(sample, vectors[k : k + 1], bonds)[0])
        inside = (energy >= window[0]) & (energy <= window[1])
        states += 2.0 * share[k] * (np.abs(vector[:, inside]) ** 2).sum(axis=1)
    lattice = np.nonzero(sample.present)[2] % 2
    return LocalDensity(
        name=sample.name,
        window=window,
        states=states,
        places=sample.places,
        layer=sample.layer,
        sublattice=np.concatenate([lattice, np.full(len(sample.added), 2)]).astype(np.int64),
        cell=PRIMITIVE * np.array(sample.shape)[:, None],
    )


def site_density(
    sample: Sample,
    rows: Int[np.ndarray, " site"],
    energy: Float[np.ndarray, " energy"],
    *,
    moments: int = 2048,
) -> Float[np.ndarray, "site energy"]:
    """Density of states (1/eV, both spins) at the atoms of `rows` (`Sample.row`) against `energy` (eV).

    Under Jackson's kernel of `moments`, whose width in the middle of the band is `Moments.resolution`. Raises
    `PinchedError` for rows and energies outside.
    """
    found = site_moments(sample, rows, moments=moments)
    require(
        LocalDensity,
        bool(np.abs(energy).max() < found.scale),
        f"energies reach {np.abs(energy).max():.4g} eV, and there are no states beyond {found.scale:.4g} eV. "
        "Stay inside.",
    )
    node, share = found.shares()
    # The nodes lie evenly in the angle: share over the spacing of energies is the density there.
    spacing = math.pi / node.size * np.sqrt(found.scale**2 - node**2)
    return np.stack([np.interp(energy, node, one / spacing) for one in 2.0 * share])
