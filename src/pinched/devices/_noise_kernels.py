"""Chance from sample to sample, compiled: recursions of `trace_noise`, exact for any spacing; `filament`."""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched._random import _philox

MOST_EVENTS = 1_000_000
"""Events of one filament after which it is given up."""


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
def channel_jumps(volts, lengths, p, channels, room, k0, k1, number):  # pragma: no cover - compiled
    """Open channels and a normal number at the end of each step; `p` holds the parameters that `filament` lists."""
    s, hrs, unit = p[0], p[13], p[14]
    counts = np.empty(volts.size, np.int64)
    extra = np.empty(volts.size)
    n = channels
    z = 0.0
    draw = np.uint64(0)
    device = np.uint64(number)
    scale = 1.0 / 4294967296.0
    events = 0
    for i in range(volts.size):
        left = lengths[i]
        while events < MOST_EVENTS:
            g = n * s
            total = g * unit + hrs
            u = volts[i] / (1.0 + p[12] * total)
            limit = p[10] if u > 0 else p[11]
            if abs(u) * total > limit:
                u = limit / total * np.sign(u)
            up, down = 0.0, 0.0
            if u > p[2]:
                up = p[1] / s * np.expm1(min((u - p[2]) / p[3], 300.0)) * np.exp(-g / p[4])
            elif -u > p[6]:
                down = p[5] / s * np.expm1(min((-u - p[6]) / p[7], 300.0)) * np.exp(g / p[8])
            opening = (1.0 - p[9]) * up + p[9] * down
            closing = (1.0 - p[9]) * down + p[9] * up
            if n >= room:
                opening = 0.0
            if n == 0:
                closing = 0.0
            rate = opening + closing
            if rate <= 0.0:
                break
            w = _philox(draw, device, np.uint64(0), np.uint64(0), k0, k1)
            draw += np.uint64(1)
            left += np.log((float(w[0]) + 0.5) * scale) / rate
            if left < 0.0:
                break
            n += 1 if (float(w[1]) + 0.5) * scale * rate < opening else -1
            events += 1
            # A normal number for where this visit of the level lies.
            z = np.sqrt(-2.0 * np.log((float(w[2]) + 0.5) * scale)) * np.cos(
                2.0 * np.pi * (float(w[3]) + 0.5) * scale
            )
        counts[i] = n
        extra[i] = z
    return counts, extra, events
