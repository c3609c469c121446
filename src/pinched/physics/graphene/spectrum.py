r"""Where the states of a sample are: energies with weights, whichever way they were found.

`diagonalise` is exact and for supercells up to a few thousand atoms; `kernel_polynomials` (its own module) for large
disordered samples. Both give a `Spectrum`, the sum over states that every result here is made of:

$$ \mathrm{DOS}(E) = \frac{2}{A} \sum_s w_s \delta(E - E_s) $$

with both spins, per area. Its rows are independent estimates (one for exact states), their spread is the uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize, special

from pinched import constants
from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.physics.graphene.lattice import RECIPROCAL
from pinched.physics.graphene.matrices import bloch_hamiltonian, bonds_of
from pinched.physics.graphene.sample import Sample

_BATCH_BYTES = 4 * 1024**2
"""Matrices that are taken apart at once: enough for the overhead not to count, little enough for any machine."""


_PORTION = 20_000
"""States that a function is evaluated at in one go."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spectrum:
    """States of one sample (or of several that are alike), both spins, per area."""

    name: str
    """What figures call it."""
    energy: Float[np.ndarray, " state"]
    """Energy of each state (eV), rising."""
    weight: Float[np.ndarray, "estimate state"]
    """States per area (1/m^2) at each energy, both spins; one row per independent estimate."""
    electrons: float
    """Electrons per area (1/m^2) of the neutral sample: one per orbital."""
    resolution: float
    """Width of the kernel at zero energy (eV, standard deviation); 0 for exact states."""

    @property
    def states(self) -> float:
        """States per area (1/m^2), both spins: twice the orbitals."""
        return float(self.weight.mean(axis=0).sum())

    @property
    def band(self) -> tuple[float, float]:
        """Lowest and highest energy (eV) where there are states."""
        total = self.weight.mean(axis=0)
        if self.resolution > 0.0:
            # A kernel has tails: the edges are where a ten-thousandth of the states is passed.
            share = np.cumsum(total) / total.sum()
            low, high = np.searchsorted(share, (1e-4, 1.0 - 1e-4))
            return float(self.energy[low]), float(self.energy[high])
        return float(self.energy[0]), float(self.energy[-1])

    def summed(self, function: Callable[[np.ndarray], np.ndarray]) -> Float[np.ndarray, "estimate value"]:
        """The integral of DOS(E) times `function`, which takes (state,) to (state, value), for each estimate."""
        # In portions: a fine mesh has a million states, and each may be asked about hundreds of potentials.
        parts = range(0, self.energy.size, _PORTION)
        return sum(
            (self.weight[:, k : k + _PORTION] @ function(self.energy[k : k + _PORTION]) for k in parts),
            start=np.zeros((len(self.weight), 1)),
        )

    def density(
        self, energy: Float[np.ndarray, " energy"], broadening: float
    ) -> tuple[Float[np.ndarray, " energy"], Float[np.ndarray, " energy"]]:
        """DOS (1/(eV m^2)) at `energy` (eV) and its standard error, under Gaussians of `broadening` (eV).

        The error is NaN for exact states. Raises `PinchedError` for a broadening that is not above zero.
        """
        require(
            self,
            broadening > 0.0,
            f"broadening is {broadening} eV. Give a width above zero, such as 0.05 eV.",
        )
        found = np.empty((len(self.weight), energy.size))
        for k, e in enumerate(energy):
            low, high = np.searchsorted(self.energy, (e - 7.0 * broadening, e + 7.0 * broadening))
            shape = np.exp(-0.5 * ((self.energy[low:high] - e) / broadening) ** 2)
            found[:, k] = self.weight[:, low:high] @ shape
        return mean_and_error(found / (broadening * math.sqrt(2.0 * math.pi)))

    def fermi_level(self, temperature: float = 300.0) -> float:
        """The Fermi level (eV) of the neutral sample at `temperature` (K). Raises `PinchedError` below 1 K."""
        kt = thermal_energy(temperature)
        total = self.weight.mean(axis=0)

        def excess(level: float) -> float:
            return float(total @ special.expit((level - self.energy) / kt)) - self.electrons

        bracket = (float(self.energy[0]) - 60 * kt, float(self.energy[-1]) + 60 * kt)
        return float(optimize.root_scalar(excess, bracket=bracket, method="brentq", xtol=1e-12).root)

    def at_fermi(self, temperature: float = 300.0) -> tuple[float, float]:
        """Thermal DOS (1/(eV m^2)) at the Fermi level, the integral of DOS (-df/dE), and its standard error."""
        kt, level = thermal_energy(temperature), self.fermi_level(temperature)
        mean, error = mean_and_error(self.summed(lambda e: fermi_slope(e - level, kt)[:, None]))
        return float(mean[0]), float(error[0])


def averaged(spectra: Sequence[Spectrum], name: str = "") -> Spectrum:
    """Several samples of one kind as one: their estimates together, so that the error holds the disorder too.

    Raises `PinchedError` where they do not share their energies (same scale and moments).
    """
    require(Spectrum, len(spectra) > 0, "there is nothing to average. Give at least one spectrum.")
    first = spectra[0]
    alike = all(np.array_equal(one.energy, first.energy) for one in spectra)
    require(
        Spectrum,
        alike,
        "the spectra have different energies. Average those that `kernel_polynomials` found with "
        "the same moments and scale.",
    )
    return Spectrum(
        name=name or first.name,
        energy=first.energy,
        weight=np.concatenate([one.weight for one in spectra]),
        electrons=float(np.mean([one.electrons for one in spectra])),
        resolution=first.resolution,
    )


def diagonalise(sample: Sample, mesh: int, progress: Progress | None = None) -> Spectrum:
    """Every state of the supercell on a `mesh` x `mesh` grid of wave vectors that keeps off the corners.

    Exact at each of them; `mesh` times the cells of the supercell should resolve what is asked: twice the mesh should
    give the same. Raises `PinchedError` for a mesh below 1 and a sample that is too large.
    """
    require(Spectrum, mesh >= 1, f"mesh is {mesh}. Give the wave vectors along each direction, such as 12.")
    vectors, share = wave_vector_mesh(sample, mesh)
    bonds = bonds_of(sample)
    batch = max(1, _BATCH_BYTES // (16 * sample.sites**2))
    parts = range(0, len(vectors), batch)
    energies = [
        np.linalg.eigvalsh(bloch_hamiltonian(sample, vectors[start : start + batch], bonds))
        for start in (progress or Silent()).track(parts, f"states of {sample.name}", len(parts))
    ]
    energy = np.concatenate(energies)
    weight = np.repeat(2.0 * share / sample.area, sample.sites)
    order = np.argsort(energy, axis=None, kind="stable")
    return Spectrum(
        name=sample.name,
        energy=energy.ravel()[order],
        weight=weight[order][None, :],
        electrons=sample.sites / sample.area,
        resolution=0.0,
    )


def wave_vector_mesh(sample: Sample, mesh: int) -> tuple[Float[np.ndarray, "k 2"], Float[np.ndarray, " k"]]:
    """Wave vectors (1/m) of the supercell's zone and the share of each: half a grid, since E(-k) = E(k)."""
    grid = (np.arange(mesh) + 0.5) / mesh
    u, v = np.meshgrid(grid, grid, indexing="ij")
    # -k of grid point (i, j) is (n-1-i, n-1-j): the first half of the list is the mirror of the second.
    flat = np.stack([u.ravel(), v.ravel()], axis=1)
    half = (mesh * mesh + 1) // 2
    share = np.full(half, 2.0 / mesh**2)
    if mesh % 2:
        share[-1] = 1.0 / mesh**2
    reciprocal = RECIPROCAL / np.array(sample.shape)[:, None]
    return flat[:half] @ reciprocal, share


def thermal_energy(temperature: float) -> float:
    """k_B T in eV. Raises `PinchedError` below 1 K, where sums over states have no meaning here."""
    require(
        Spectrum,
        temperature >= 1.0,
        f"temperature is {temperature} K. Give kelvin, 300 for room temperature.",
    )
    return constants.K_B * temperature / constants.E


def fermi_slope(energy: np.ndarray, kt: float) -> np.ndarray:
    """-df/dE (1/eV) at `energy` (eV) above the Fermi level."""
    # From expit, which does not overflow, instead of cosh.
    occupied = special.expit(-energy / kt)
    return occupied * (1.0 - occupied) / kt


def mean_and_error(rows: Float[np.ndarray, "estimate value"]) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the estimates and its standard error, NaN where there is one."""
    n = len(rows)
    error = rows.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else np.full(rows.shape[1], np.nan)
    return rows.mean(axis=0), error
