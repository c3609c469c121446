"""Recursions of `trace_noise` from sample to sample, compiled; exact for any spacing."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def two_states(uniform, settled, left):  # pragma: no cover - compiled
    """Whether a two-state chain is in its second state at each sample.

    `settled` is the share of it in equilibrium, `left` how much of a difference is left since the sample before.
    """
    # Exact for any spacing: the chance to be filled relaxes to its equilibrium from the state before.
    filled = np.zeros(uniform.size, np.bool_)
    state = 0.0
    for k in range(uniform.size):
        chance = settled + (state - settled) * left[k]
        filled[k] = uniform[k] < chance
        state = 1.0 if filled[k] else 0.0
    return filled


@njit(cache=True)
def relaxing(step, tau, sigma, normal):  # pragma: no cover - compiled
    """Sum of Ornstein-Uhlenbeck processes of time constants `tau` and deviations `sigma`, `step` apart."""
    total = np.zeros(step.size)
    state = np.zeros(tau.size)
    for k in range(step.size):
        for j in range(tau.size):
            kept = np.exp(-step[k] / tau[j])
            state[j] = kept * state[j] + np.sqrt(1.0 - kept * kept) * sigma[j] * normal[k, j]
            total[k] += state[j]
    return total
