r"""Bands of a supercell in the zone of the primitive cell: how much of a state is a wave of wave vector k.

At each k of a path the supercell is solved at that same k; the weight of its state n is
$\sum_\alpha |\langle k, \alpha | n \rangle|^2$, where $|k, \alpha\rangle$ is the wave on orbital $\alpha$ of every
primitive cell (allen2013recovering). A perfect crystal gives its bands with weight 1, a defect
state weight everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.physics.graphene.lattice import RECIPROCAL
from pinched.physics.graphene.matrices import bloch_hamiltonian, bonds_of
from pinched.physics.graphene.sample import Sample

CORNERS = {"Γ": (0.0, 0.0), "K": (2.0 / 3.0, 1.0 / 3.0), "M": (0.5, 0.0)}
"""Points of the primitive zone as multiples of b_1 and b_2."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class UnfoldedBands:
    """Energies and weights along a path."""

    name: str
    """What figures call the sample."""
    distance: Float[np.ndarray, " k"]
    """Length along the path (1/m)."""
    energy: Float[np.ndarray, "k state"]
    """Energies of the supercell (eV)."""
    weight: Float[np.ndarray, "k state"]
    """Weight of each state at its k; over all states it sums to the atoms per primitive cell, interstitials apart."""
    ticks: tuple[tuple[float, str], ...]
    """Where the corners of the path are (1/m), and their names."""


def unfold(
    sample: Sample,
    *,
    corners: Sequence[str] = ("Γ", "K", "M", "Γ"),
    points: int = 120,
    progress: Progress | None = None,
) -> UnfoldedBands:
    """Unfolded bands of `sample` along `corners` (names of `CORNERS`) at `points` wave vectors or a few more.

    Raises `PinchedError` for a path of one corner, an unknown one, and a sample that is too large for dense matrices.
    """
    unknown = [name for name in corners if name not in CORNERS]
    require(
        UnfoldedBands,
        not unknown and len(corners) >= 2,
        f"the path {tuple(corners)} cannot be walked. Give two or more of {', '.join(CORNERS)}.",
    )
    vectors, distance, ticks = _path(corners, points)
    bonds = bonds_of(sample)
    # Row of the projector: the atoms of one orbital, one of each cell.
    orbital = np.nonzero(sample.present)[2]
    member = np.zeros((sample.stacking.orbitals, sample.sites))
    member[orbital, np.arange(orbital.size)] = 1.0
    cells = sample.shape[0] * sample.shape[1]
    energy = np.empty((len(vectors), sample.sites))
    weight = np.empty_like(energy)
    steps = range(len(vectors))
    for k in (progress or Silent()).track(steps, f"bands of {sample.name}", len(vectors)):
        energy[k], states = np.linalg.eigh(bloch_hamiltonian(sample, vectors[k : k + 1], bonds)[0])
        weight[k] = (np.abs(member @ states) ** 2).sum(axis=0) / cells
    return UnfoldedBands(name=sample.name, distance=distance, energy=energy, weight=weight, ticks=ticks)


def _path(
    corners: Sequence[str], points: int
) -> tuple[np.ndarray, np.ndarray, tuple[tuple[float, str], ...]]:
    at = np.array([CORNERS[name] for name in corners]) @ RECIPROCAL
    length = np.linalg.norm(np.diff(at, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(length)])
    count = np.maximum(1, np.round(points * length / length.sum()).astype(int))
    # Corners belong to the path: that is where one looks.
    distance = np.concatenate(
        [along[k] + length[k] * np.arange(count[k]) / count[k] for k in range(len(length))] + [along[-1:]]
    )
    vectors = np.stack([np.interp(distance, along, at[:, axis]) for axis in (0, 1)], axis=1)
    return vectors, distance, tuple(zip(along.tolist(), corners, strict=True))
