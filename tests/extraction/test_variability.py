"""Variability: mixtures, goodness of fit, tails, variance components, curves, correlations, series intervals."""

import dataclasses

import numpy as np
import pytest
from scipy import signal, stats

from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.extraction.distributions import Lognormal, Normal, Weibull, fit_distribution
from pinched.extraction.families import Gamma, LognormalMixture, bimodality
from pinched.extraction.intervals import About, series_interval
from pinched.extraction.switching import extract_switching
from pinched.extraction.tails import (
    Distance,
    Method,
    Side,
    anderson_darling,
    goodness_of_fit,
    tail_interval,
    tail_probability,
)
from pinched.extraction.variability import correlations, curve_variability, variance_components

MIXTURE = LognormalMixture(weight=0.3, mu_low=5.0, sigma_low=0.4, mu_high=8.0, sigma_high=0.7)


def within(share, repetitions, truth=0.95):
    return abs(share - truth) <= max(0.02, 3 * np.sqrt(truth * (1 - truth) / repetitions))


@pytest.mark.parametrize("family", [Gamma(shape=2.5, scale=3.0), MIXTURE], ids=lambda d: d.name)
def test_cdf_density_and_quantiles_belong_together(family):
    z = np.linspace(-3, 3, 1201)
    x = family.from_normal(z)
    np.testing.assert_allclose(family.cdf(x), stats.norm.cdf(z), atol=1e-12)
    slope = (family.cdf(1.0001 * x) - family.cdf(0.9999 * x)) / (0.0002 * x)
    np.testing.assert_allclose(np.exp(family.log_density(x)), slope, rtol=1e-5)
    # Far tails keep their digits: cdf(from_normal(-7)) is 1.3e-12, not zero.
    assert family.cdf(family.from_normal(np.array([-7.0])))[0] == pytest.approx(
        stats.norm.cdf(-7.0), rel=1e-6
    )


@pytest.mark.parametrize("shape", [0.05, 0.7, 3.0, 400.0])
def test_gamma_agrees_with_scipy(shape):
    """Reference: scipy.stats.gamma.fit with the location fixed at zero."""
    x = stats.gamma.rvs(shape, scale=2.0, size=300, random_state=1)
    ours, (theirs, _, scale) = Gamma.fit(x), stats.gamma.fit(x, floc=0)
    assert (ours.shape, ours.scale) == (pytest.approx(theirs, rel=1e-6), pytest.approx(scale, rel=1e-6))


def test_families_compete_with_their_number_of_parameters():
    x = MIXTURE.from_normal(np.random.default_rng(0).standard_normal(300))
    found = fit_distribution(x, families=(Lognormal, Weibull, Gamma, LognormalMixture), resamples=20)
    assert isinstance(found.distribution, LognormalMixture)
    mixture = LognormalMixture.fit(x)
    assert found.aic["two lognormals"] == pytest.approx(10 - 2 * mixture.log_density(x).sum())
    for name, truth in MIXTURE.parameters.items():
        low, high = found.interval[name]
        assert low - 0.1 < truth < high + 0.1


def test_two_populations_are_found_and_one_is_not_split():
    rng = np.random.default_rng(1)
    assert bimodality(MIXTURE.from_normal(rng.standard_normal(120)), resamples=59).two
    one = bimodality(np.exp(rng.standard_normal(120)), resamples=59)
    assert not one.two
    assert one.mixture.log_density(np.array([1.0]))[0] < 5
    with pytest.raises(PinchedError, match="two populations"):
        bimodality(np.array([1.0, 2.0, 3.0]))


@pytest.mark.slow
def test_bimodality_raises_no_more_alarms_than_stated():
    rng = np.random.default_rng(2)
    tests = [bimodality(np.exp(rng.standard_normal(50)), resamples=99, seed=k) for k in range(200)]
    # The simulated p-value is uniform under one population: 5 +- 4.6 %.
    assert np.mean([t.p_value <= 0.05 for t in tests]) <= 0.096
    assert np.mean([t.two for t in tests]) <= 0.05


@pytest.mark.parametrize("distance", list(Distance))
@pytest.mark.parametrize("repetitions", [60, pytest.param(600, marks=pytest.mark.slow)])
def test_goodness_of_fit_keeps_its_level(distance, repetitions):
    """p below 0.1 in 10 % of samples of the family itself, within three standard errors."""
    rng = np.random.default_rng(3)
    p = [
        goodness_of_fit(rng.standard_normal(30), Normal, distance=distance, resamples=99, seed=k).p_value
        for k in range(repetitions)
    ]
    assert abs(np.mean(np.array(p) <= 0.1) - 0.1) <= 3 * np.sqrt(0.09 / repetitions)


def test_goodness_of_fit_sees_the_wrong_family_and_agrees_with_scipy():
    """Reference: scipy.stats.anderson for the statistic, which divides by n - 1 in the standard deviation."""
    x = np.exp(np.random.default_rng(4).standard_normal(80))
    assert goodness_of_fit(x, Normal, resamples=99).p_value == pytest.approx(0.01)
    assert goodness_of_fit(x, Lognormal, resamples=99).p_value > 0.05
    ours = anderson_darling(Normal(mean=float(x.mean()), std=float(x.std(ddof=1))), x)
    assert ours == pytest.approx(stats.anderson(x, method="interpolate").statistic, rel=1e-9)
    with pytest.raises(PinchedError, match="at least 8"):
        goodness_of_fit(x[:5], Normal)


@pytest.mark.parametrize(
    ("law", "limit", "probability", "printed"),
    [
        (Lognormal(mu=6.253, sigma=1.041), 1e4, 0.0023, (0.0001, 0.011)),
        (Lognormal(mu=0.20177, sigma=0.776), 5.0, 0.035, (0.009, 0.079)),
    ],
)
def test_tails_of_47_devices(law, limit, probability, printed):
    """Origin: networks.md A2, plain percentiles of refits (n = 47). Tolerance: their digits, and the divisor
    (n or n - 1) that they do not state, which moves the upper end by 10 %."""
    assert 1 - law.cdf(np.array([limit]))[0] == pytest.approx(probability, rel=0.03)
    low, high = tail_interval(law, 47, limit, method=Method.PERCENTILE, resamples=4000)
    assert high == pytest.approx(printed[1], rel=0.12)
    assert low == pytest.approx(printed[0], rel=0.12, abs=5e-5)
    # What covers the truth lies higher at both ends.
    exact = tail_interval(law, 47, limit)
    assert exact[0] > low
    assert exact[1] > high


@pytest.mark.parametrize("repetitions", [300, pytest.param(4000, marks=pytest.mark.slow)])
def test_tail_intervals_cover_the_truth(repetitions):
    law = Lognormal(mu=6.253, sigma=1.041)
    truth = 1 - law.cdf(np.array([1e4]))[0]
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(repetitions):
        low, high = tail_interval(Lognormal.fit(law.from_normal(rng.standard_normal(47))), 47, 1e4)
        hits += low <= truth <= high
    assert within(hits / repetitions, repetitions)


@pytest.mark.slow
def test_bootstrapped_tail_intervals_cover_the_truth():
    """Weibull, 47 values, P = 0.15 %: the mirrored bootstrap covers in 95 +- 3.3 % of 400 cases."""
    law = Weibull(shape=1.7, scale=1.0)
    truth = 1 - law.cdf(np.array([3.0]))[0]
    rng = np.random.default_rng(6)
    hits = 0
    for k in range(400):
        fit = Weibull.fit(law.from_normal(rng.standard_normal(47)))
        low, high = tail_interval(fit, 47, 3.0, resamples=200, seed=k)
        hits += low <= truth <= high
    assert within(hits / 400, 400)


def test_counting_says_what_the_family_cannot():
    """Closed form: 0 of 47 beyond the limit leaves up to 1 - 0.025^(1/47) = 7.5 %."""
    x = Lognormal(mu=0.0, sigma=0.3).from_normal(stats.norm.ppf((np.arange(47) + 0.5) / 47))
    found = tail_probability(x, 10.0)
    assert found.counted_interval == (0.0, pytest.approx(1 - 0.025 ** (1 / 47)))
    assert not found.supported
    assert "beyond the data" in found.text
    below = tail_probability(x, 10.0, Side.BELOW)
    assert below.fitted == pytest.approx(1 - found.fitted)
    assert below.fitted_interval[0] == pytest.approx(1 - found.fitted_interval[1])
    with pytest.raises(PinchedError, match="lognormal"):
        tail_probability(-x, 1.0)


def test_variance_components_of_balanced_data_are_the_closed_form():
    """By hand: means 1, 3, 5, scatter +-1 within: MSW = 2, MSB = 8, sigma_b^2 = (8 - 2) / 2."""
    x = np.array([0.0, 2.0, 2.0, 4.0, 4.0, 6.0])
    found = variance_components(x, np.repeat([0, 1, 2], 2))
    assert found.cycle_to_cycle == pytest.approx(np.sqrt(2.0))
    assert found.device_to_device == pytest.approx(np.sqrt(3.0))
    assert found.share == pytest.approx(0.6)
    assert (found.devices, found.cycles) == (3, 6)
    with pytest.raises(PinchedError, match="at least 2 devices"):
        variance_components(x, np.zeros(6, dtype=int))


@pytest.mark.parametrize(("devices", "cycles", "sigma"), [(8, 20, 1.0), (20, 10, 0.3)])
@pytest.mark.parametrize("repetitions", [80, pytest.param(2000, marks=pytest.mark.slow)])
def test_variance_component_intervals_cover_the_truth(devices, cycles, sigma, repetitions):
    rng = np.random.default_rng(7)
    hits = np.zeros(3)
    for k in range(repetitions):
        device = np.repeat(np.arange(devices), rng.integers(1, 2 * cycles, devices))
        x = sigma * rng.standard_normal(devices)[device] + rng.standard_normal(device.size)
        found = variance_components(x, device, draws=1000, seed=k)
        pairs = (
            (found.device_to_device_interval, sigma),
            (found.cycle_to_cycle_interval, 1.0),
            (found.share_interval, sigma**2 / (1 + sigma**2)),
        )
        hits += [low <= truth <= high for (low, high), truth in pairs]
    assert all(within(share, repetitions) for share in hits / repetitions), hits / repetitions


@pytest.mark.parametrize(("memory", "lowest"), [(0.0, 0.93), (0.6, 0.92), (0.9, 0.89)])
@pytest.mark.parametrize("repetitions", [60, pytest.param(1500, marks=pytest.mark.slow)])
def test_series_intervals_know_of_memory(memory, lowest, repetitions):
    """Mean of 400 cycles of an AR(1) process. At 0.9 only some 20 independent cycles are left, and their number
    is itself uncertain: 89 % is what a t interval with an estimated memory reaches there."""
    rng = np.random.default_rng(8)
    hits = 0
    for k in range(repetitions):
        x = signal.lfilter([1], [1, -memory], rng.standard_normal(500))[100:]
        low, high = series_interval(x, np.mean, resamples=300, seed=k).interval
        hits += low <= 0 <= high
    share, error = hits / repetitions, 3 * np.sqrt(0.95 * 0.05 / repetitions)
    assert min(lowest, 0.95 - error) <= share <= 0.95 + max(0.02, error)


def test_series_intervals_say_what_they_speak_about():
    rng = np.random.default_rng(9)
    device = np.repeat(np.arange(6), 40)
    x = rng.standard_normal(6)[device] + 0.1 * rng.standard_normal(device.size)
    technology = series_interval(x, np.mean, devices=device)
    these = series_interval(x, np.mean, devices=device, about=About.THESE_DEVICES)
    assert (technology.block, technology.effective_n) == (0, 6)
    assert these.about is About.THESE_DEVICES
    # Six devices leave the technology unknown by sigma / sqrt(6); these devices are known to 0.1 / sqrt(240).
    assert np.ptp(technology.interval) > 20 * np.ptp(these.interval)
    assert np.isnan(series_interval(np.array([1.0])).interval[0])


def loop(factor, v_set=0.9, device="D", cycle=1):
    up = np.linspace(0.0, 1.5, 151)
    voltage = np.concatenate([up, up[-2::-1], -up[1:], -up[-2::-1]])
    ohms, on = np.empty(voltage.size), False
    for k, v in enumerate(voltage):
        on = (on or v > v_set) and v > -0.7
        ohms[k] = 1e3 if on else 1e5
    return IVSweep(voltage=voltage, current=factor * voltage / ohms, device=device, cycle=cycle)


def test_curves_that_differ_by_a_factor_have_the_variation_of_the_factor():
    """Closed form: I_c = a_c I_0 gives std(a) / mean(a), whatever the curve."""
    factors = np.random.default_rng(10).uniform(0.8, 1.2, 12)
    found = curve_variability([loop(a, cycle=k + 1) for k, a in enumerate(factors)])
    truth = factors.std(ddof=1) / factors.mean()
    assert found.coefficient == pytest.approx(truth, rel=1e-6)
    assert found.pointwise == pytest.approx(truth, rel=1e-6)
    assert found.interval[0] < truth < found.interval[1]
    np.testing.assert_allclose(found.variation, truth, rtol=1e-6)


def test_curves_show_a_spread_where_it_is():
    """Only V_SET differs: the branch that is swept out varies between the smallest and the largest V_SET."""
    found = curve_variability([loop(1.0, v_set=v, cycle=k + 1) for k, v in enumerate((0.6, 0.8, 1.0))])
    loud = found.voltage[found.variation > 0.5]
    assert 0.59 < loud.min() < loud.max() < 1.02
    with pytest.raises(PinchedError, match="at least 2 cycles"):
        curve_variability([loop(1.0)])


def test_correlations_come_back_with_intervals():
    rng = np.random.default_rng(11)
    sweeps = [loop(f, v_set=0.9 / f + 0.05 * rng.standard_normal(), device=f"D{k % 10}", cycle=k // 10 + 1)
              for k, f in enumerate(rng.uniform(0.8, 1.2, 60))]  # fmt: skip
    table = extract_switching(sweeps, read_voltage=0.1)
    found = correlations(table)
    # LRS falls with the factor, V_SET falls too: both rise together.
    k = (found.names.index("v_set"), found.names.index("resistance_lrs"))
    assert found.low[k] > 0.5
    assert found.low[k] < found.value[k] < found.high[k]
    columns = [np.abs(table.measured(name)) for name in ("v_set", "resistance_lrs")]
    assert found.value[k] == pytest.approx(stats.spearmanr(*columns).statistic)
    np.testing.assert_allclose(found.value, found.value.T)
    few = correlations(dataclasses.replace(table, v_set=np.full(60, np.nan)))
    assert np.isnan(few.value[0]).all()


@pytest.mark.slow
def test_correlation_intervals_cover_the_truth():
    """Clusters of 5 cycles of 20 devices, normal scores correlated by 0.5: Spearman 6/pi asin(0.25)."""
    from pinched.extraction.intervals import row_interval
    from pinched.extraction.variability import _fisher_z

    rng = np.random.default_rng(12)
    truth = 6 / np.pi * np.arcsin(0.25)
    mix = np.linalg.cholesky([[1, 0.5], [0.5, 1]])
    device = np.repeat(np.arange(20), 5)
    hits = 0
    for k in range(300):
        pair = mix @ (
            np.sqrt(0.5) * (rng.standard_normal((2, 20))[:, device] + rng.standard_normal((2, 100)))
        )
        found = row_interval(
            pair[0], lambda rows, pair=pair: _fisher_z(pair[:, rows]), devices=device, resamples=300, seed=k
        )
        low, high = np.tanh(found.interval)
        hits += low <= truth <= high
    assert 0.90 <= hits / 300 <= 0.985
