r"""The two noises of a pulse train: of reading, which a state forgets, and of writing, which it keeps.

After n pulses a conductance carries one error of the read and the sum of n errors of the writes. Differences of
neighbours therefore have a spectrum $\sigma_w^2 + \sigma_r^2 (2 - 2\cos\omega)$, and a sine transform makes them
independent (`part_noise`). Fitted curves need both: writes that add up bend a trace by chance, and an error that
takes them for reads is several times too small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import fft


@dataclass(frozen=True, kw_only=True, slots=True)
class PulseNoise:
    """Standard deviations of both noises, in the unit of the states."""

    read: float
    """Of one read."""
    write: float
    """Of one pulse; 0 where the reads explain all of it."""

    def covariance(self, design: Float[np.ndarray, "state column"]) -> Float[np.ndarray, "column column"]:
        """Covariance of the least-squares coefficients of `design` on states with these noises."""
        inverse = np.linalg.pinv(design.T @ design)
        # The write before state k is in state k and in all later ones.
        later = np.cumsum(design[::-1], axis=0)[::-1][1:]
        middle = self.read**2 * (design.T @ design) + self.write**2 * (later.T @ later)
        return inverse @ middle @ inverse


def part_noise(states: Float[np.ndarray, " state"], design: Float[np.ndarray, "state column"]) -> PulseNoise:
    """Both noises of `states` around the plane of `design` (a constant goes anyway), by restricted likelihood.

    The ratio of the noises is averaged over its likelihood, not maximised: at the maximum it is 0 too often. A train
    without any write noise therefore gets wider intervals than it needs, one with some gets true ones.
    """
    d, x = np.diff(states), np.diff(design, axis=0)
    m = d.size
    d = np.asarray(fft.dst(d, type=1, norm="ortho"))
    x = np.asarray(fft.dst(x, type=1, norm="ortho", axis=0))
    # Columns that a difference removes, or that repeat each other, are no parameters any more.
    basis, size, _ = np.linalg.svd(x, full_matrices=False)
    x = basis[:, size > 1e-9 * max(float(size.max(initial=0.0)), 1e-300)]
    roughness = 2.0 - 2.0 * np.cos(np.arange(1, m + 1) * np.pi / (m + 1))
    # As write over read variance: none, what the whole train would just show, and up to no reads at all. Smaller
    # ratios cannot be told from none; trying many of them would say that there is none.
    ratios = np.concatenate([[0.0], np.geomspace(1.0 / m, 1e3, 40)])
    likelihood, read = np.empty(ratios.size), np.empty(ratios.size)
    free = max(m - x.shape[1], 1)
    for k, ratio in enumerate(ratios.tolist()):
        power = roughness + ratio
        weighted = x / power[:, None]
        normal = x.T @ weighted
        moment = weighted.T @ d
        squares = max(float(d @ (d / power) - moment @ np.linalg.pinv(normal) @ moment), 1e-300)
        read[k] = squares / free
        likelihood[k] = -0.5 * (
            float(np.log(power).sum()) + float(np.linalg.slogdet(normal)[1]) + free * np.log(squares)
        )
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    return PulseNoise(read=float(np.sqrt(weight @ read)), write=float(np.sqrt(weight @ (ratios * read))))
