"""Potentiation and depression together: labels and intervals by Monte Carlo, and what is refused."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.data.traces import PulseTrace
from pinched.extraction.calibration.synapses import LABELS, label_bound, score_labels, synapse_traces
from pinched.extraction.nonlinearity import Convention, Direction, progress, pulses_from_label
from pinched.extraction.synapse import fit_synapse


def equations(a, pulses, g_min, g_max):
    """Equations 2 to 4 of the paper, the sign of the third turned round; P counts down in depression."""
    p = np.arange(pulses + 1.0)
    b = (g_max - g_min) / (1 - np.exp(-pulses / a))
    up = b * (1 - np.exp(-p / a)) + g_min
    down = -b * (1 - np.exp((p - pulses) / a)) + g_max
    return up, down[::-1]


def test_the_equations_of_the_paper_come_back_exactly():
    a = pulses_from_label(5.08, 30)
    up, down = equations(a, 30, 4e-5, 2e-3)
    fit = fit_synapse(PulseTrace(conductance=up), PulseTrace(conductance=down))
    assert (fit.g_min, fit.g_max) == pytest.approx((4e-5, 2e-3), rel=1e-5)
    for side in (fit.up, fit.down):
        assert abs(side.nonlinearity(Convention.NEUROSIM_LABEL)) == pytest.approx(5.08, abs=1e-3)
        assert abs(side.nonlinearity(Convention.PULSES)) == pytest.approx(a, rel=1e-3)
        assert abs(side.nonlinearity(Convention.ALPHA)) == pytest.approx(1 / a, rel=1e-3)
    assert fit.dynamic_range == pytest.approx(50, rel=1e-4)
    assert fit.conductance(Direction.DEPRESSION, np.arange(31.0)) == pytest.approx(down, rel=1e-3)


def test_the_sign_as_printed_leaves_the_range():
    a, pulses = 5.62, 30
    p = np.arange(pulses + 1.0)
    b = 1.0 / (1 - np.exp(-pulses / a))
    printed = -b * (1 - np.exp(-(p - pulses) / a)) + 1.0
    assert printed[0] > 100  # of a window of 1


def test_labels_are_within_a_tenth_and_intervals_cover():
    one = score_labels(0.005, 0.0, trains=12)
    assert min(one["within_up"], one["within_down"]) == 1.0
    assert min(one["held_up"], one["held_down"]) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(
    ("read", "write", "within"), [(0.005, 0.0, 0.99), (0.01, 0.0, 0.93), (0.005, 0.005, 0.5)]
)
def test_labels_of_many_trains(read, write, within):
    one = score_labels(read, write, trains=300)
    assert min(one["within_up"], one["within_down"]) >= within
    assert min(one["held_up"], one["held_down"]) >= 0.90


def test_asymmetry_and_levels():
    fit = fit_synapse(*synapse_traces(generator(0, "asymmetry"), 0.005, 0.0))
    low, high = fit.asymmetry_interval
    assert low <= sum(LABELS) <= high
    assert 20 <= fit.levels <= 50  # a noise of 0.5 % of the window and six of them per level: 1 / 0.03 = 33
    assert fit.falls_from is None
    assert "levels" in fit.text


def test_missing_reads_are_left_out():
    up, down = synapse_traces(generator(1, "missing"), 0.002, 0.0)
    g = up.conductance.copy()
    g[[3, 10, 11]] = np.nan
    fit = fit_synapse(PulseTrace(conductance=g), down)
    assert fit.up.nonlinearity(Convention.NEUROSIM_LABEL) == pytest.approx(LABELS[0], abs=0.15)


def test_a_potentiation_that_falls_is_refused_or_said_to_fall():
    up, down = synapse_traces(generator(2, "falls"), 0.002, 0.0)
    with pytest.raises(PinchedError, match="the wrong way"):
        fit_synapse(down, up)
    g = up.conductance.copy()
    g[15:] -= np.linspace(0, 4e-5, 16)
    fit = fit_synapse(PulseTrace(conductance=g), down)
    assert fit.falls_from is not None
    assert abs(fit.falls_from - 15) <= 3
    assert "falls back" in fit.text


def test_another_law_is_said_to_miss():
    x = np.linspace(0, 1, 31)
    up = PulseTrace(conductance=1e-5 * (1 + 10 / (1 + np.exp(-20 * (x - 0.5)))))
    down = PulseTrace(conductance=1e-5 * (11 - 10 * progress(x, 5.0)))
    assert "misses" in fit_synapse(up, down).text


def test_the_fit_scatters_as_little_as_any_unbiased_estimate_can():
    """The Cramer-Rao bound is a limit from below: the fit meets it within the error of 60 trains (9 %)."""
    bound = np.array(label_bound(0.02, 0.0))
    found = np.array(
        [
            [abs(side.nonlinearity(Convention.NEUROSIM_LABEL)) for side in (fit.up, fit.down)]
            for fit in (fit_synapse(*synapse_traces(generator(0, "bound", k), 0.02, 0.0)) for k in range(60))
        ]
    )
    assert np.all(found.std(axis=0) < 1.3 * bound)
    assert np.all(found.std(axis=0) > 0.7 * bound)


def test_the_bound_is_in_proportion_to_the_noise_and_falls_with_the_root_of_the_reads():
    one, two = np.array(label_bound(0.01, 0.0)), np.array(label_bound(0.02, 0.0))
    assert np.allclose(two, 2.0 * one, rtol=1e-9)
    many = np.array(label_bound(0.01, 0.0, pulses=480))
    assert np.allclose(many, one / 4.0, rtol=0.06)
    assert np.all(np.array(label_bound(0.01, 0.005)) > one)
