"""Labels of potentiation and depression recovered from noisy pulses whose truth is known."""

from __future__ import annotations

import numpy as np

from pinched._random import generator
from pinched.data.traces import PulseTrace
from pinched.extraction.nonlinearity import (
    LABEL_UNIT,
    Convention,
    bow_slopes,
    progress,
    pulses_from_label,
)
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


def label_bound(read_noise: float, write_noise: float, *, pulses: int = 30) -> tuple[float, float]:
    """Least standard deviation that any unbiased estimate of both labels can have (Cramer-Rao), up and down.

    For `pulses` + `pulses` reads of Gaussian noise `read_noise` (a share of the window, above zero) and writes that
    scatter by `write_noise` each and add up; both ends of the window are unknown, as they are to `fit_synapse`.
    """
    curvature = np.array([pulses / pulses_from_label(label, pulses) for label in LABELS])
    x = np.arange(pulses + 1) / pulses

    def states(p: np.ndarray) -> np.ndarray:
        share = np.concatenate([progress(x, float(p[2])), 1.0 - progress(x, float(p[3]))])
        return p[0] + (p[1] - p[0]) * share

    truth = np.array([0.0, 1.0, *curvature])
    columns = []
    for k in range(4):
        step = np.zeros(4)
        step[k] = 1e-4
        columns.append((states(truth + step) - states(truth - step)) / 2e-4)
    jacobian = np.column_stack(columns)
    # The depression begins where the potentiation ended: the walk of the writes goes on.
    writes = np.concatenate([np.arange(pulses + 1.0), pulses + np.arange(pulses + 1.0)])
    covariance = read_noise**2 * np.eye(writes.size) + write_noise**2 * np.minimum.outer(writes, writes)
    information = jacobian.T @ np.linalg.solve(covariance, jacobian)
    bound = np.sqrt(np.diag(np.linalg.inv(information)))[2:]
    slope = bow_slopes(curvature) / LABEL_UNIT
    up, down = (bound * slope).tolist()
    return up, down
