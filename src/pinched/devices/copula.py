"""A Gaussian copula: correlated standard normal numbers, each then mapped through a distribution of its own.

`correlation_factor` is what turns independent normal numbers into correlated ones; `require_correlation` refuses a
matrix that is none. Used wherever quantities of one device hang together (`spread`, `variability`).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pinched._params import require


def require_correlation(
    owner: object, correlation: Float[np.ndarray, "row column"] | None, count: int
) -> Float[np.ndarray, "{count} {count}"]:
    """`correlation` as a read-only matrix, the identity for None; raises `PinchedError` for one that is none."""
    matrix = np.eye(count) if correlation is None else np.array(correlation, dtype=np.float64)
    require(
        owner,
        matrix.shape == (count, count)
        and bool(np.allclose(matrix, matrix.T))
        and bool(np.allclose(np.diag(matrix), 1.0))
        and bool(np.linalg.eigvalsh(matrix)[0] > -1e-9),
        f"correlation must be a symmetric, positive {count} x {count} matrix with ones on the diagonal.",
    )
    matrix.setflags(write=False)
    return matrix


def correlation_factor(correlation: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n n"]:
    """Lower factor L of `correlation`: L @ z is correlated where z is independent; singular matrices are fine."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    # QR of the root makes it triangular; rows keep unit length, so every marginal stays standard normal.
    factor = np.linalg.qr(root.T)[1].T
    return factor * np.where(np.diag(factor) < 0, -1.0, 1.0)
