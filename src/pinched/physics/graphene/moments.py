r"""The kernel polynomial method (weisse2006kernel): densities of large samples from Chebyshev moments.

With H scaled into [-1, 1] the moments $\mu_n = \mathrm{Tr}\, T_n(\tilde H) / D$ are means over random vectors of
signs, $\langle r | T_n | r \rangle / D$, whose spread over vectors is the error bar. Jackson's kernel keeps the
density positive and gives it a width of $\pi / N$ of the half band at its middle. `kernel_polynomials` is for the
whole sample, `site_moments` for chosen atoms (exact, no random vectors).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import fft, sparse

from pinched._params import require
from pinched._progress import Progress, Silent
from pinched._random import generator
from pinched.physics.graphene._chebyshev import WIDTH, step
from pinched.physics.graphene.matrices import hamiltonian
from pinched.physics.graphene.sample import Sample
from pinched.physics.graphene.spectrum import Spectrum

_MARGIN = 1.005
"""The band is scaled to this much less than [-1, 1]: rounding must not push a state outside, where T_n explodes."""

_NODES_PER_MOMENT = 4
"""Energies per moment: the sum over them is then exact for products with smooth functions far beyond any kernel."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Moments:
    """Chebyshev moments of a sample, one row per start vector, each with a zeroth moment of 1."""

    values: Float[np.ndarray, "vector moment"]
    """<r| T_n |r> / <r|r>."""
    scale: float
    """Energy (eV) that 1 of the scaled Hamiltonian stands for."""

    @property
    def resolution(self) -> float:
        """Width of Jackson's kernel (eV, standard deviation) in the middle of the band."""
        return math.pi * self.scale / self.values.shape[1]

    def shares(self) -> tuple[Float[np.ndarray, " state"], Float[np.ndarray, "vector state"]]:
        """Energies (eV, rising) and the share of all states at each, for each vector, under Jackson's kernel."""
        n = self.values.shape[1]
        nodes = _NODES_PER_MOMENT * n
        series = np.zeros((len(self.values), nodes))
        series[:, :n] = self.values * jackson(n)
        # Type III: x_0 + 2 sum_n x_n cos(pi n (k + 1/2) / M), the Chebyshev series at the nodes of Gauss.
        share = fft.dct(series, type=3, axis=1) / nodes
        energy = self.scale * np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
        return energy[::-1].copy(), share[:, ::-1].copy()


def jackson(moments: int) -> Float[np.ndarray, " moment"]:
    """Jackson's factors for so many moments (weisse2006kernel, equation 71)."""
    n, m = np.arange(moments), moments + 1.0
    return ((m - n) * np.cos(np.pi * n / m) + np.sin(np.pi * n / m) / math.tan(np.pi / m)) / m


def moments_for(width: float, sample: Sample) -> int:
    """How many moments resolve `width` (eV) in `sample`. Raises `PinchedError` for a width not above zero."""
    require(Moments, width > 0.0, f"width is {width} eV. Give an energy above zero, such as 0.025 eV.")
    return math.ceil(math.pi * half_band(hamiltonian(sample)) / width)


def half_band(matrix: sparse.csr_array) -> float:
    """An energy (eV) that no state exceeds in size: the largest sum of |elements| of a row (Gershgorin) and more."""
    return _MARGIN * float(abs(matrix).sum(axis=1).max())


def kernel_polynomials(
    sample: Sample,
    *,
    moments: int = 2048,
    vectors: int = 16,
    seed: int = 0,
    scale: float | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Spectrum:
    """The states of a large `sample` from `moments` Chebyshev moments of `vectors` random vectors.

    Vectors have addresses: the first eight are the same however many follow. They pass in blocks of eight, `workers`
    blocks at once. `scale` (eV) is found where it is None; samples that will be averaged need the same. Raises
    `PinchedError` for fewer than 2 moments, no vectors, and a scale that states lie beyond.
    """
    found = trace_moments(
        sample, moments=moments, vectors=vectors, seed=seed, scale=scale, workers=workers, progress=progress
    )
    energy, share = found.shares()
    return Spectrum(
        name=sample.name,
        energy=energy,
        weight=share * (2.0 * sample.sites / sample.area),
        electrons=sample.sites / sample.area,
        resolution=found.resolution,
    )


def trace_moments(
    sample: Sample,
    *,
    moments: int,
    vectors: int,
    seed: int = 0,
    scale: float | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Moments:
    """The moments behind `kernel_polynomials`, with the same arguments."""
    require(
        Moments, vectors >= 1, f"vectors is {vectors}. Give at least one random vector, 16 for an error bar."
    )
    matrix = hamiltonian(sample)

    def signs(block: int) -> np.ndarray:
        # Signs: the variance of the trace has no part of the diagonal then.
        return 2.0 * generator(seed, "graphene, trace", block).integers(0, 2, (sample.sites, WIDTH)) - 1.0

    blocks = -(-vectors // WIDTH)
    values = _run(matrix, signs, blocks, moments, scale, workers, progress, sample.name)
    return Moments(values=values[:vectors] / sample.sites, scale=scale or half_band(matrix))


def site_moments(
    sample: Sample,
    rows: Int[np.ndarray, " site"],
    *,
    moments: int,
    scale: float | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Moments:
    """Moments at the atoms of these `rows` of the Hamiltonian, one row each: no random vectors, no error."""
    matrix = hamiltonian(sample)
    inside = rows.size > 0 and rows.min() >= 0 and rows.max() < sample.sites
    require(Moments, inside, f"rows run outside the {sample.sites} atoms of {sample.name}. Ask `Sample.row`.")

    def atoms(block: int) -> np.ndarray:
        mine = rows[block * WIDTH : (block + 1) * WIDTH]
        start = np.zeros((sample.sites, WIDTH))
        start[mine, np.arange(mine.size)] = 1.0
        return start

    blocks = -(-rows.size // WIDTH)
    values = _run(matrix, atoms, blocks, moments, scale, workers, progress, sample.name)
    return Moments(values=values[: rows.size], scale=scale or half_band(matrix))


def _run(
    matrix: sparse.csr_array,
    start: Callable[[int], np.ndarray],
    blocks: int,
    moments: int,
    scale: float | None,
    workers: int,
    progress: Progress | None,
    name: str,
) -> np.ndarray:
    require(Moments, moments >= 2, f"moments is {moments}. Give at least 2; 2048 resolve about 15 meV.")
    bound = half_band(matrix) if scale is None else scale
    require(
        Moments, bound > 0.0, f"scale is {scale} eV. Leave it out, or give an energy that no state exceeds."
    )

    def one(block: int) -> np.ndarray:
        # Made where it is used: a block of a million atoms has 64 MB, and only those at work are there at a time.
        return _block_moments(matrix, start(block), moments, bound)

    bar = progress or Silent()
    with ThreadPoolExecutor(max(1, workers)) as pool:
        found = list(bar.track(pool.map(one, range(blocks)), f"moments of {name}", blocks))
    values = np.concatenate(found)
    norm = np.abs(values[:, :1]).max()
    require(
        Moments,
        bool(np.isfinite(values).all()) and np.abs(values).max() <= 1.001 * norm,
        f"states of {name} lie beyond the scale of {bound:.4g} eV, and the moments explode. Leave `scale` out.",
    )
    return values


def _block_moments(matrix: sparse.csr_array, block: np.ndarray, moments: int, scale: float) -> np.ndarray:
    start, column = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    value = np.asarray(matrix.data, dtype=np.float64) / scale
    before, now = block, np.empty_like(block)
    now[:] = np.asarray(matrix @ block) / scale
    values = np.empty((WIDTH, moments))
    values[:, 0] = (block * block).sum(axis=0)
    values[:, 1] = (block * now).sum(axis=0)
    same, cross = np.empty(WIDTH), np.empty(WIDTH)
    # 2 T_n T_n = T_2n + T_0 and 2 T_n+1 T_n = T_2n+1 + T_1: each product with H gives two moments.
    for n in range(1, moments // 2 + 1):
        step(start, column, value, now, before, 2.0, same, cross)
        now, before = before, now
        if 2 * n < moments:
            values[:, 2 * n] = 2.0 * same - values[:, 0]
        if 2 * n + 1 < moments:
            values[:, 2 * n + 1] = 2.0 * cross - values[:, 1]
    return values
