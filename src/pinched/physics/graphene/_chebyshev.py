"""Compiled: one step of the Chebyshev recursion for a block of vectors, with the moments it gives, in one pass."""

import numba
import numpy as np

WIDTH = 8
"""Vectors of a block: their values at one atom fill one cache line of 64 bytes."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def step(
    start: np.ndarray,
    column: np.ndarray,
    value: np.ndarray,
    now: np.ndarray,
    before: np.ndarray,
    factor: float,
    same: np.ndarray,
    cross: np.ndarray,
) -> None:  # pragma: no cover - compiled
    """`before` becomes `factor` H `now` - `before`; `same` and `cross` become now.now and next.now of each vector.

    H comes in CSR (`start`, `column`, `value`); blocks are (site, WIDTH). The products are taken while the line of
    this atom is in the cache: a matrix product followed by two scalar products would read both blocks again.
    """
    same[:] = 0.0
    cross[:] = 0.0
    line = np.empty(WIDTH)
    for i in range(start.size - 1):
        for r in range(WIDTH):
            line[r] = -before[i, r]
        for p in range(start[i], start[i + 1]):
            j, h = column[p], factor * value[p]
            for r in range(WIDTH):
                line[r] += h * now[j, r]
        for r in range(WIDTH):
            here = now[i, r]
            before[i, r] = line[r]
            same[r] += here * here
            cross[r] += line[r] * here
