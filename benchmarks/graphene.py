"""Kernel polynomials on graphene: moments per second of one compiled pass, beside products of SciPy, and the limit.

    python benchmarks/graphene.py           2 million atoms, one in a hundred missing
    python benchmarks/graphene.py --small   100 000 atoms

Both sides run the same recursion on the same sparse matrix for the same block of eight vectors in one run, by CPU
time on one thread, medians of the repeats: SciPy's product of matrix and block, the subtraction and the two scalar
products in NumPy, in place where they can be. The limit is what memory allows: the block that is read,
the block that is read and written and the matrix, once each, at the bandwidth that a triad of NumPy reaches here on
blocks of the same size.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import pinched.physics.graphene as graphene
from pinched.physics.graphene._chebyshev import WIDTH, step
from pinched.physics.graphene.moments import half_band

REPEATS = 7


def median_cpu(work: Callable[[], object]) -> float:
    """Median CPU seconds of `work`, the first call apart."""
    work()
    spent = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="a sample of 100 000 atoms")
    side = 224 if parser.parse_args().small else 1000
    sample = graphene.disordered((side, side), kinds=[graphene.single_vacancy()], probability=0.02, seed=0)
    matrix = graphene.hamiltonian(sample)
    scaled = matrix / half_band(matrix)
    start, column = scaled.indptr.astype(np.int64), scaled.indices.astype(np.int32)
    rng = np.random.Generator(np.random.Philox(0))
    now, before = (rng.random((sample.sites, WIDTH)) for _ in range(2))
    other_before = before.copy()
    same, cross = np.empty(WIDTH), np.empty(WIDTH)

    def ours() -> None:
        step(start, column, scaled.data, now, before, 2.0, same, cross)

    def scipy_products() -> None:
        product = scaled @ now
        product *= 2.0
        np.subtract(product, other_before, out=other_before)
        np.einsum("ij,ij->j", now, now)
        np.einsum("ij,ij->j", other_before, now)

    # Both give the same block and the same products before anything is timed.
    ours()
    scipy_products()
    assert np.allclose(before, other_before, atol=1e-12)
    assert np.allclose(cross, np.einsum("ij,ij->j", other_before, now))

    first, second = median_cpu(ours), median_cpu(scipy_products)
    target = np.empty_like(now)
    triad = median_cpu(lambda: np.add(now, before, out=target))
    bandwidth = 3 * now.nbytes / triad
    traffic = 3 * now.nbytes + scaled.nnz * (8 + 4) + start.nbytes
    limit = traffic / bandwidth
    rate = 2 * WIDTH * sample.sites
    print(
        f"{sample.sites} atoms, {scaled.nnz} elements, blocks of {WIDTH} vectors, 2 moments a pass and vector"
    )
    print(f"{'':24}{'s a pass':>12}{'atom moments/s':>18}{'of the limit':>14}")
    for name, seconds in (("one compiled pass", first), ("SciPy products", second), ("memory limit", limit)):
        print(f"{name:24}{seconds:12.4f}{rate / seconds:18.3g}{100 * limit / seconds:13.0f} %")
    print(f"ratio to SciPy: {second / first:.1f}; bandwidth of the triad {bandwidth / 1e9:.1f} GB/s")


if __name__ == "__main__":
    main()
