"""Retention: measured drift, recovered laws, honest extrapolations, Arrhenius."""

import json

import numpy as np
import pytest
from scipy import signal, stats

from pinched import constants
from pinched._errors import PinchedError
from pinched.data.traces import Retention
from pinched.extraction.retention import TEN_YEARS, describe_drift, fit_arrhenius, fit_retention
from pinched.extraction.retention_laws import Law


def noise(rng, n, sigma, memory=0.0):
    return sigma * signal.lfilter([1.0], [1.0, -memory], rng.standard_normal(n + 100))[100:]


def test_tio2_drift_agrees_with_the_expected_numbers(measurements):
    """Origin: expected.json, tio2 entries; its tol_rel 0.5 % (three printed digits)."""
    entries = [
        e for e in json.loads((measurements / "expected.json").read_text()) if e["file"].startswith("tio2")
    ]
    assert len(entries) == 10
    for entry in entries:
        time, ohms = np.loadtxt(measurements / entry["file"], delimiter=",", skiprows=1).T
        found = describe_drift(Retention(time=time, resistance=ohms))
        assert found.reads == entry["points"]
        assert found.time_is_monotone == entry["monotone_t"]
        assert bool(found.notes) != entry["monotone_t"]
        for name, key in (
            ("resistance_first", "R_median_first20"),
            ("resistance_last", "R_median_last20"),
            ("resistance_min", "R_min"),
            ("resistance_max", "R_max"),
            ("drift_percent", "drift_pct"),
            ("read_noise", "noise_rel_std_of_diff"),
            ("interval", "dt_median"),
        ):
            assert getattr(found, name) == pytest.approx(entry[key], rel=entry["tol_rel"]), (
                entry["file"],
                name,
            )


def test_time_that_runs_backwards_is_noted_and_fitted(measurements):
    path = measurements / "tio2_drift_elgeresy2024/data/drift/d67_sa20_20/13_20_proc.csv"
    time, ohms = np.loadtxt(path, delimiter=",", skiprows=1).T
    found = fit_retention(Retention(time=time[::4], resistance=ohms[::4]), resamples=50)
    assert found.span_factor == pytest.approx(TEN_YEARS / 39592.82, rel=0.01)
    assert any("guess" in note for note in found.notes)


@pytest.mark.parametrize(
    ("law", "curve"),
    [
        (Law.CONSTANT, lambda t: 1e4 + 0 * t),
        (Law.POWER, lambda t: 1e4 * t**0.1),
        (Law.LOGARITHMIC, lambda t: 1e4 + 1500 * np.log(t)),
        (Law.STRETCHED, lambda t: 2e4 - 1e4 * np.exp(-((t / 800.0) ** 0.7))),
    ],
)
def test_the_law_comes_back(law, curve):
    rng = np.random.default_rng(2)
    time = np.arange(0, 8000.0, 10)
    ohms = curve(time + 10) * np.exp(noise(rng, time.size, 0.002))
    found = fit_retention(Retention(time=time, resistance=ohms), since_programming=10.0, resamples=100)
    assert found.best.law is law
    np.testing.assert_allclose(found.best.resistance(time + 10), curve(time + 10), rtol=2e-3)
    assert sum(one.weight for one in found.laws) == pytest.approx(1)


def test_the_exponent_of_a_power_law_and_its_origin_come_back():
    rng = np.random.default_rng(3)
    time = np.geomspace(1.0, 1e5, 400) - 1.0
    ohms = 1e5 * (time + 30.0) ** 0.05 * np.exp(noise(rng, time.size, 0.002))
    found = fit_retention(Retention(time=time, resistance=ohms), laws=(Law.POWER,), resamples=50).best
    assert found.b == pytest.approx(0.05, abs=0.002)
    assert found.offset == pytest.approx(30.0, rel=0.2)


@pytest.mark.parametrize(("memory", "laws"), [(0.0, (Law.POWER,)), (0.8, (Law.POWER,)), (0.8, tuple(Law))])
@pytest.mark.parametrize("repetitions", [25, pytest.param(400, marks=pytest.mark.slow)])
def test_ten_year_intervals_cover_the_truth(memory, laws, repetitions):
    """A power law read for 100 minutes: at least 90 % in the long run, where noise and law must be found as well."""
    rng = np.random.default_rng(4)
    time = np.arange(0, 6000.0, 10)
    hits = 0
    for k in range(repetitions):
        ohms = 1e4 * (time + 5) ** 0.02 * np.exp(noise(rng, time.size, 0.003, memory))
        fit = fit_retention(
            Retention(time=time, resistance=ohms), since_programming=5.0, laws=laws, resamples=200, seed=k
        )
        _, low, high = fit.extrapolated
        hits += low <= 1e4 * TEN_YEARS**0.02 <= high
    assert hits / repetitions >= 0.95 - max(0.05, 3 * np.sqrt(0.95 * 0.05 / repetitions))


def test_memory_of_the_noise_widens_the_interval():
    rng = np.random.default_rng(5)
    time = np.arange(0, 6000.0, 10)

    def width(memory):
        error = noise(rng, time.size, 1.0, memory)
        ohms = 1e4 * (time + 5) ** 0.02 * np.exp(0.003 * error / error.std())
        fit = fit_retention(Retention(time=time, resistance=ohms), since_programming=5.0, laws=(Law.POWER,))
        return fit.extrapolated[2] - fit.extrapolated[1]

    # Theory for the same scatter: sqrt((1 + 0.9) / (1 - 0.9)) = 4.4 times wider.
    assert 2.5 < width(0.9) / width(0.0) < 8


def test_few_or_negative_reads_are_refused():
    with pytest.raises(PinchedError, match="12 reads"):
        fit_retention(Retention(time=np.arange(5.0), resistance=np.ones(5)))
    with pytest.raises(PinchedError, match="positive"):
        fit_retention(Retention(time=np.arange(20.0), resistance=-np.ones(20)))
    with pytest.raises(PinchedError, match="above zero"):
        fit_retention(Retention(time=np.arange(20.0), resistance=np.ones(20)), since_programming=0.0)
    with pytest.raises(PinchedError, match="too few"):
        describe_drift(Retention(time=np.arange(2.0), resistance=np.ones(2)))


def test_arrhenius_agrees_with_linear_regression():
    """Reference: scipy.stats.linregress on ln t against 1 / kT, slope and its t interval (to rounding)."""
    rng = np.random.default_rng(6)
    kelvin = np.array([398.0, 423.0, 448.0, 473.0, 498.0])
    x = constants.E / (constants.K_B * kelvin)
    time = np.exp(-20 + 1.1 * x + 0.2 * rng.standard_normal(5))
    found, line = fit_arrhenius(kelvin, time), stats.linregress(x, np.log(time))
    assert found.activation_energy == pytest.approx(line.slope, rel=1e-9)
    half = stats.t.ppf(0.975, 3) * line.stderr
    np.testing.assert_allclose(found.interval, (line.slope - half, line.slope + half), rtol=1e-9)
    value, low, high = found.time_at(358.15)
    assert low < value < high
    assert value == pytest.approx(
        np.exp(line.intercept + line.slope * constants.E / (constants.K_B * 358.15))
    )


def test_arrhenius_intervals_cover_energy_and_extrapolated_time():
    """The t interval is exact for normal errors: 1000 repetitions, 95 +- 2 % (three standard errors)."""
    rng = np.random.default_rng(7)
    kelvin = np.array([398.0, 423.0, 448.0, 473.0])
    x = constants.E / (constants.K_B * kelvin)
    at = np.exp(-20 + 1.1 * constants.E / (constants.K_B * 358.15))
    hits = np.zeros(2)
    for _ in range(1000):
        found = fit_arrhenius(kelvin, np.exp(-20 + 1.1 * x + 0.3 * rng.standard_normal(4)))
        _, low, high = found.time_at(358.15)
        hits += found.interval[0] <= 1.1 <= found.interval[1], low <= at <= high
    assert (np.abs(hits / 1000 - 0.95) < 0.021).all()


def test_two_temperatures_give_no_activation_energy():
    with pytest.raises(PinchedError, match="at least 3"):
        fit_arrhenius(np.array([400.0, 450.0, 450.0]), np.array([1e4, 1e3, 1.1e3]))
