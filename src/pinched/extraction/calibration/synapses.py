"""Labels of potentiation and depression recovered from noisy pulses whose truth is known."""

from __future__ import annotations

import numpy as np

from pinched._random import generator
from pinched.data.traces import PulseTrace
from pinched.extraction.nonlinearity import Convention, progress, pulses_from_label
from pinched.extraction.synapse import fit_synapse

LABELS = (5.08, 4.85)
"""Labels of roy2025quantum."""


def synapse_traces(
    rng: np.random.Generator, read_noise: float, write_noise: float, *, pulses: int = 30
) -> tuple[PulseTrace, PulseTrace]:
    """Potentiation and depression with `LABELS`; noises are shares of the window, those of writes add up."""
    x = np.arange(pulses + 1) / pulses
    up, down = (progress(x, pulses / pulses_from_label(label, pulses)) for label in LABELS)
    walk = np.cumsum(write_noise * rng.standard_normal(2 * pulses))
    walk = np.concatenate([[0.0], walk[:pulses], walk[pulses - 1 :]])
    share = np.concatenate([up, 1.0 - down]) + walk + read_noise * rng.standard_normal(2 * pulses + 2)
    g = 1e-5 + 1e-4 * share
    return PulseTrace(conductance=g[: pulses + 1]), PulseTrace(conductance=g[pulses + 1 :])


def score_labels(
    read_noise: float, write_noise: float, *, trains: int = 200, seed: int = 0
) -> dict[str, float]:
    """Shares of `trains` whose label is within 0.1 of the truth, and whose interval holds it, up and down."""
    within, held = np.zeros(2), np.zeros(2)
    for k in range(trains):
        fit = fit_synapse(*synapse_traces(generator(seed, "synapse", k), read_noise, write_noise))
        for j, (side, label) in enumerate(zip((fit.up, fit.down), LABELS, strict=True)):
            low, high = sorted(abs(end) for end in side.interval(Convention.NEUROSIM_LABEL))
            within[j] += abs(abs(side.nonlinearity(Convention.NEUROSIM_LABEL)) - label) <= 0.1
            held[j] += low <= label <= high
    names = ("within_up", "within_down", "held_up", "held_down")
    return dict(zip(names, (np.concatenate([within, held]) / trains).tolist(), strict=True))
