r"""Smooth variation over an array: devices that lie close together are alike.

A Gaussian field with correlation $e^{-r^2 / 2 \ell^2}$ at a distance of r cells, mixed with a part that differs
from cell to cell. It is white noise drawn by the address of each cell, averaged over its neighbourhood: cell (3, 5)
has the same value whatever the size of the array. Give it to `variability.vary`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from pinched._params import quantity, require
from pinched._random import cell_normals

_REACH = 4.0
"""Half width of the averaging in correlation lengths: the weight left out is e^-16."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpatialCorrelation:
    """How devices of one array hang together by their place."""

    length: float = quantity(10.0, "1", r"\ell", "correlation length in cells")
    share: float = quantity(
        1.0, "1", "s", "share of the variance that is smooth; the rest differs cell by cell"
    )

    def __post_init__(self) -> None:
        require(
            self,
            0.5 <= self.length <= 1e4,
            f"length is {self.length} cells; between 0.5, where neighbours are hardly alike, and 10000. It counts "
            "cells, not metres.",
        )
        require(self, 0.0 <= self.share <= 1.0, f"share is {self.share}; it is a share, 0 to 1.")

    def normals(self, seed: int, stream: str, shape: tuple[int, ...]) -> Float[np.ndarray, " *device"]:
        """Standard normal numbers for an array (word line, bit line) or several, smooth within each.

        Raises `PinchedError` for a shape of one axis: there is no array to be smooth over.
        """
        require(
            type(self),
            len(shape) in (2, 3),
            f"devices of shape {shape} have no place in an array. Give (word lines, bit lines), or arrays in front.",
        )
        arrays, rows, columns = (1, *shape)[-3:]
        # The neighbourhood of the first cell has addresses too: cell (i, j) averages i .. i + 2 reach.
        reach = int(np.ceil(_REACH * self.length))
        kernel = np.exp(-((np.arange(-reach, reach + 1) / self.length) ** 2))
        kernel /= np.sqrt((kernel**2).sum())
        drawn = cell_normals(
            seed, f"{stream}, smooth", range(arrays), (rows + 2 * reach, columns + 2 * reach)
        )
        smooth = drawn[..., 0].astype(np.float64)
        for axis in (1, 2):
            smooth = ndimage.correlate1d(smooth, kernel, axis=axis, mode="constant")
        smooth = smooth[:, reach : reach + rows, reach : reach + columns]
        own = cell_normals(seed, f"{stream}, own", range(arrays), (rows, columns))[..., 0]
        return (np.sqrt(self.share) * smooth + np.sqrt(1.0 - self.share) * own).reshape(shape)

    def correlation(self, distance: Float[np.ndarray, " *pair"]) -> Float[np.ndarray, " *pair"]:
        """Correlation of two devices `distance` cells apart, 1 at a distance of 0."""
        smooth = self.share * np.exp(-0.5 * (distance / self.length) ** 2)
        return np.asarray(np.where(distance == 0, 1.0, smooth))
