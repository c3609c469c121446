"""Noise: telegraph levels and dwell times, no false alarms, slopes of spectra, memory of series."""

import sys

import numpy as np
import pytest
from scipy import signal

from pinched._errors import PinchedError
from pinched.data.traces import Retention
from pinched.extraction.noise import extract_telegraph, fit_noise_law, read_noise_of
from pinched.extraction.series import autocorrelation, block_length, effective_size, fit_spectrum


def coloured(rng, n, alpha):
    """Gaussian noise with the spectrum 1 / f^alpha, cut from a longer series so that its ends do not meet."""
    f = np.fft.rfftfreq(4 * n)
    size = np.zeros(f.size)
    size[1:] = f[1:] ** (-alpha / 2)
    return np.fft.irfft(size * (rng.standard_normal(f.size) + 1j * rng.standard_normal(f.size)))[:n]


def telegraph(rng, n, dwell, amplitude, sigma):
    """Two levels, a Markov process in continuous time read every second: exact jump probabilities."""
    out, back = 1 / dwell[0], 1 / dwell[1]
    left = np.exp(-(out + back))
    up = (out - out * left) / (out + back), (out + back * left) / (out + back)
    state = np.zeros(n, dtype=int)
    draw = rng.random(n)
    for k in range(1, n):
        state[k] = draw[k] < up[state[k - 1]]
    return amplitude * state + sigma * rng.standard_normal(n), state


def test_two_levels_come_back():
    x, state = telegraph(np.random.default_rng(0), 1500, (30.0, 15.0), 1e-6, 0.2e-6)
    found = extract_telegraph(1e-5 + x, 0.01, surrogates=19)
    assert found.found
    assert len(found.levels) == 2
    assert (found.state == state).mean() > 0.98
    assert found.amplitude_interval[0] < 1e-6 < found.amplitude_interval[1]
    for level, dwell in zip(found.levels, (0.30, 0.15), strict=True):
        assert level.dwell_interval[0] < dwell < level.dwell_interval[1]
    assert found.sigma == pytest.approx(0.2e-6, rel=0.05)


def test_three_levels_are_counted():
    rng = np.random.default_rng(1)
    x = sum(telegraph(rng, 1500, (40.0, 40.0), a, 0.0)[0] for a in (1.0, 3.0)) + 0.2 * rng.standard_normal(
        1500
    )
    assert len(extract_telegraph(x, 1.0, most=4, surrogates=19).levels) == 4


@pytest.mark.slow
def test_dwell_and_amplitude_intervals_cover_the_truth():
    """100 traces of 2000 reads: 95 % within three standard errors (6.5 %)."""
    rng = np.random.default_rng(2)
    hits = np.zeros(3)
    for k in range(100):
        x, _ = telegraph(rng, 2000, (30.0, 15.0), 1.0, 0.25)
        found = extract_telegraph(x, 1.0, surrogates=19, most=2, seed=k)
        assert found.found
        spans = [level.dwell_interval for level in found.levels] + [found.amplitude_interval]
        hits += [low <= truth <= high for (low, high), truth in zip(spans, (30.0, 15.0, 1.0), strict=True)]
    assert (hits / 100 > 0.885).all(), hits


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("repetitions", [2, pytest.param(40, marks=pytest.mark.slow)])
def test_coloured_noise_is_not_telegraph_noise(alpha, repetitions):
    """The test is at 5 %: of 40 series no more than 6 (1 % point of the binomial) may raise the alarm."""
    rng = np.random.default_rng(3)
    alarms = sum(
        extract_telegraph(coloured(rng, 400, alpha), 1.0, most=2, seed=k).found for k in range(repetitions)
    )
    assert alarms <= (6 if repetitions > 2 else 1)


def test_a_drift_is_no_telegraph_noise():
    rng = np.random.default_rng(4)
    found = extract_telegraph(np.linspace(0, 5, 600) + rng.standard_normal(600), 1.0, most=2)
    assert not found.found
    assert found.amplitude == 0
    assert "no telegraph noise" in found.text


def test_without_hmmlearn_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "hmmlearn.hmm", None)
    with pytest.raises(PinchedError, match=r"pip install pinched\[noise\]"):
        extract_telegraph(np.random.default_rng(0).standard_normal(100), 1.0)


def test_short_or_broken_traces_are_refused():
    for values in (np.zeros(100), np.arange(10.0), np.full(100, np.nan)):
        with pytest.raises(PinchedError, match="at least 50"):
            extract_telegraph(values, 1.0)


def test_noise_law_comes_back():
    rng = np.random.default_rng(5)
    g = np.geomspace(1e-6, 1e-4, 30)
    found = fit_noise_law(g, 1e-4 * g**-0.5 * np.exp(0.1 * rng.standard_normal(30)))
    assert found.interval[0] < -0.5 < found.interval[1]
    with pytest.raises(PinchedError, match="too few"):
        fit_noise_law(g[:2], g[:2])


def test_read_noise_is_not_fooled_by_drift():
    rng = np.random.default_rng(6)
    t = np.arange(2000.0)
    trace = Retention(time=t, resistance=1e4 * (1 + 0.1 * t / 2000) * (1 + 1e-3 * rng.standard_normal(2000)))
    g, s = read_noise_of([trace])
    assert s[0] == pytest.approx(1e-3, rel=0.05)
    assert g[0] == pytest.approx(1 / 1.05e4, rel=1e-2)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("repetitions", [60, pytest.param(1500, marks=pytest.mark.slow)])
def test_spectral_slopes_and_their_intervals(alpha, repetitions):
    """Noise of known slope: no bias beyond 0.02, 95 % intervals cover it in 92.5 to 97 % of cases."""
    rng = np.random.default_rng(7)
    fits = [fit_spectrum(coloured(rng, 2048, alpha), 0.01) for _ in range(repetitions)]
    share = np.mean([f.interval[0] <= alpha <= f.interval[1] for f in fits])
    error = 3 * np.sqrt(0.95 * 0.05 / repetitions)
    assert np.mean([f.exponent for f in fits]) == pytest.approx(alpha, abs=0.02)
    assert 0.95 - max(0.025, error) <= share <= 0.95 + max(0.02, error)


def test_white_noise_has_the_density_of_its_variance():
    """Closed form: a one-sided spectrum of white noise is 2 sigma^2 dt at every frequency."""
    x = np.random.default_rng(8).normal(0, 3.0, 2**15)
    found = fit_spectrum(x, 0.5)
    assert np.mean(found.density[5:-5]) == pytest.approx(2 * 9 * 0.5, rel=0.02)


def test_autocorrelation_of_a_known_process():
    """AR(1): rho_k = phi^k, effective size n (1 - phi) / (1 + phi)."""
    x = signal.lfilter([1], [1, -0.6], np.random.default_rng(9).standard_normal(20_000))
    found = autocorrelation(x, lags=5)
    np.testing.assert_allclose(found.value, 0.6 ** np.arange(6), atol=0.03)
    assert found.correlated
    assert effective_size(x) == pytest.approx(20_000 * 0.4 / 1.6, rel=0.1)
    assert block_length(x) > 10
    gaps = x.copy()
    gaps[::7] = np.nan
    np.testing.assert_allclose(autocorrelation(gaps, lags=5).value, 0.6 ** np.arange(6), atol=0.04)


def test_white_series_are_found_white():
    """Ljung-Box at 5 %: of 400 white series 5 +- 3.3 % (three standard errors) are called correlated."""
    rng = np.random.default_rng(10)
    share = np.mean([autocorrelation(rng.standard_normal(100)).correlated for _ in range(400)])
    assert 0.017 <= share <= 0.083
    assert effective_size(rng.standard_normal(500)) > 350
    with pytest.raises(PinchedError, match="equal"):
        autocorrelation(np.ones(20))
    with pytest.raises(PinchedError, match="too few"):
        autocorrelation(np.ones(4))
