"""Levels in G_0: series resistance, probabilities, and the claim of quantization tested against chance."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.constants import G_0
from pinched.extraction.plateau_series import pulse_means, time_lag
from pinched.extraction.quantum_levels import (
    LevelKind,
    conductance_histogram,
    name_levels,
    without_series,
)


def ladder(levels, ohms, error, seed=0):
    true = np.asarray(levels, dtype=float) * G_0
    measured = true / (1 + ohms * true)
    return measured + error * G_0 * np.random.default_rng(seed).normal(size=true.size)


def halves(count, seed):
    return np.sort(np.random.default_rng(seed).choice(np.arange(1, 51), count, replace=False)) / 2


@pytest.mark.parametrize("ohms", [0.0, 60.0, 150.0])
def test_series_resistance_is_found_and_levels_are_named(ohms):
    levels = halves(18, int(ohms))
    found = name_levels(ladder(levels, ohms, 0.02), np.full(18, 0.02 * G_0))
    assert found.quantized
    assert found.nearest.tolist() == levels.tolist()
    low, high = found.series_interval
    assert low - 1.0 <= ohms <= high + 1.0
    assert high - low < 5
    for level, kind in zip(levels, found.kinds, strict=True):
        assert kind in (
            LevelKind.INTEGER if level % 1 == 0 else LevelKind.HALF_INTEGER, LevelKind.CANNOT_TELL,
        )  # fmt: skip


@pytest.mark.slow
def test_the_interval_of_the_series_resistance_covers():
    held = 0
    for k in range(100):
        ohms = float(np.random.default_rng(k).uniform(0, 200))
        found = name_levels(ladder(halves(15, k), ohms, 0.03, k), np.full(15, 0.03 * G_0), ladders=19)
        held += found.series_interval[0] <= ohms <= found.series_interval[1]
    assert held >= 90  # 95 expected, three standard errors are 7


def test_levels_anywhere_are_not_called_multiples():
    called = 0
    for k in range(12):
        levels = np.sort(np.random.default_rng(k).uniform(0.5, 25, 15))
        called += name_levels(ladder(levels, 80.0, 0.02, k), np.full(15, 0.02 * G_0), ladders=199).quantized
    assert called <= 1  # 0.1 expected


def test_large_errors_cannot_tell():
    found = name_levels(ladder([1, 2, 3, 4.5, 6, 7], 0.0, 0.3), np.full(6, 0.3 * G_0), series_resistance=0.0)
    assert set(found.kinds) == {LevelKind.CANNOT_TELL}


def test_a_given_resistance_is_taken_off_exactly():
    levels = np.array([1.0, 2.5, 20.0])
    found = name_levels(ladder(levels, 100.0, 0.0), np.full(3, 1e-3 * G_0), series_resistance="100 ohm")
    assert found.value == pytest.approx(levels, rel=1e-12)
    assert not found.estimated
    assert without_series(ladder(levels, 100.0, 0.0), 100.0) / G_0 == pytest.approx(levels, rel=1e-12)


def test_bad_levels_are_refused():
    g, e = ladder([1, 2, 3, 20], 0.0, 0.0), np.full(4, 0.01 * G_0)
    with pytest.raises(PinchedError, match="cannot be taken off a plateau of 645"):
        name_levels(g, e, series_resistance=650.0)
    with pytest.raises(PinchedError, match="at least 5"):
        name_levels(g, e)
    with pytest.raises(PinchedError, match="above zero"):
        name_levels(np.array([-1.0]), np.array([1.0]), series_resistance=0.0)


def test_histogram_peaks_lie_where_conductances_gather():
    rng = np.random.default_rng(1)
    g = np.concatenate([rng.normal(level, 0.05, 200) for level in (1, 2, 3.5)]) * G_0
    g = np.append(g, rng.uniform(0, 5, 200) * G_0)
    found = conductance_histogram(np.append(g, np.nan))
    assert found.peaks == pytest.approx([1, 2, 3.5], abs=0.05)
    assert found.counts.sum() == 800
    with pytest.raises(PinchedError, match="siemens"):
        conductance_histogram(np.array([1.0]))


def test_time_lag_counts_jumps_and_scatter():
    states = np.array([4.0, 4.1, 3.0, np.nan, 2.0, 1.0, 1.1])
    lag = time_lag(states, np.array([1.0, 2.0, 3.0, 4.0]))
    assert lag.counts.tolist() == [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]]
    assert lag.jumps.sum(axis=1) == pytest.approx(np.ones(4))
    assert lag.jumps[2].tolist() == [0, 0, 1, 0]  # never left: it stays
    assert lag.falling == 0.5
    assert lag.scatter[3] == pytest.approx(np.std([4.1, 3.0], ddof=1) / 3.55)
    with pytest.raises(PinchedError, match="levels that cross"):
        time_lag(states, np.array([1.0, 3.0, 2.0]))
    with pytest.raises(PinchedError, match="pairs"):
        time_lag(np.array([1.0, np.nan, 2.0]), np.array([1.0, 2.0]))


def test_the_mean_of_a_pulse_leaves_its_transient_out():
    current = np.array([9.0, 1.0, 1.0, 0.0, 5.0, 2.0, 2.0])
    inside = np.array([0, 0, 0, -1, 2, 2, 2])
    means = pulse_means(current, inside)
    assert means[[0, 2]].tolist() == [1.0, 2.0]
    assert np.isnan(means[1])
