"""Learning windows, rates, and memory that turns from short to long: on curves whose numbers are known."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.data.traces import Retention
from pinched.extraction.spike_window import fit_rate, fit_timing_window, fit_transition


def test_a_window_comes_back_and_its_intervals_cover():
    dt = np.array([-80, -40, -20, -10, -5, 5, 10, 20, 40, 80]) * 1e-3
    clean = np.where(dt > 0, 0.8 * np.exp(-dt / 17e-3), -0.3 * np.exp(dt / 34e-3))
    held = np.zeros(4)
    for k in range(40):
        w = fit_timing_window(dt, clean + 0.02 * np.random.default_rng(k).normal(size=10))
        for j, (ends, truth) in enumerate(
            (
                (w.after.amplitude_interval, 0.8), (w.after.time_constant_interval, 17e-3),
                (w.before.amplitude_interval, -0.3), (w.before.time_constant_interval, 34e-3),
            )
        ):  # fmt: skip
            held[j] += ends[0] <= truth <= ends[1]
        assert w.hebbian
    assert (held >= 34).all()  # 38 expected
    exact = fit_timing_window(dt, clean)
    assert exact.after.time_constant == pytest.approx(17e-3, rel=1e-4)
    assert exact.at(dt) == pytest.approx(clean, abs=1e-5)
    assert exact.misfit < 1e-4


def test_a_side_without_change_has_no_time_constant():
    dt = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    w = fit_timing_window(dt, np.where(dt > 0, np.exp(-dt), 0.0))
    assert np.isnan(w.before.time_constant)
    assert w.hebbian is None
    with pytest.raises(PinchedError, match="at least 4"):
        fit_timing_window(np.array([1.0, 2.0]), np.array([1.0, 2.0]))


def test_the_rate_at_which_depression_turns_to_potentiation():
    found = fit_rate(np.array([100.0, 1.0, 10.0]), np.array([0.3, -0.1, 0.1]))
    assert found.threshold == pytest.approx(10**0.5)
    assert found.half == pytest.approx(10.0 * 10**0.25)
    assert found.rises
    with pytest.raises(PinchedError, match="different rates"):
        fit_rate(np.array([1.0, 1.0, 2.0]), np.zeros(3))


def test_memory_turns_from_short_to_long():
    t = np.linspace(0, 50, 80)
    kept = {1: 0.1, 5: 0.3, 10: 0.7, 20: 0.9}
    relaxations = [
        Retention(time=t, resistance=1 / (1e-5 + 1e-5 * (k + (1 - k) * np.exp(-t / 8))))
        for k in kept.values()
    ]
    found = fit_transition(list(kept), relaxations, before=1e-5)
    assert found.kept == pytest.approx(list(kept.values()), abs=2e-3)
    assert found.time_constant == pytest.approx(np.full(4, 8.0), rel=0.01)
    assert found.needed == pytest.approx(7.5, rel=0.01)
    with pytest.raises(PinchedError, match="in pairs"):
        fit_transition([1.0], relaxations, before=0.0)
