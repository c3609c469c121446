"""Distributions and intervals: recovered truths, coverage, closed forms."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pinched._errors import PinchedError
from pinched.extraction.distributions import Lognormal, Normal, Weibull, fit_distribution
from pinched.extraction.intervals import binomial_interval, bootstrap_interval, summarise

EXAMPLES = [
    Normal(mean=-1.2, std=0.3),
    Lognormal(mu=0.2, sigma=0.776),
    Weibull(shape=2.5, scale=3.0),
]


@pytest.mark.parametrize("distribution", EXAMPLES, ids=lambda d: d.name)
def test_the_family_and_its_parameters_come_back(distribution):
    z = np.random.default_rng(0).standard_normal(4000)
    fit = fit_distribution(distribution.from_normal(z), resamples=200)
    assert type(fit.distribution) is type(distribution) or fit.sign == -1
    for field in dataclasses.fields(distribution):
        low, high = fit.interval[field.name]
        assert low < getattr(fit.distribution, field.name) < high
    assert fit.ks_distance < 1.63 / np.sqrt(4000)  # 1 % point of the Kolmogorov distribution


@pytest.mark.parametrize("distribution", EXAMPLES, ids=lambda d: d.name)
def test_cdf_density_and_quantiles_belong_together(distribution):
    z = np.linspace(-3, 3, 601)
    x = distribution.from_normal(z)
    np.testing.assert_allclose(distribution.cdf(x), stats.norm.cdf(z), atol=1e-12)
    slope = np.gradient(distribution.cdf(x), x)
    np.testing.assert_allclose(np.exp(distribution.log_density(x))[5:-5], slope[5:-5], rtol=2e-3)


def test_weibull_agrees_with_scipy():
    """Reference: scipy.stats.weibull_min.fit with the location fixed at zero (a general optimiser, 1e-4)."""
    values = Weibull(shape=1.7, scale=2e4).from_normal(np.random.default_rng(1).standard_normal(300))
    shape, _, scale = stats.weibull_min.fit(values, floc=0)
    ours = Weibull.fit(values)
    assert ours.shape == pytest.approx(shape, rel=1e-4)
    assert ours.scale == pytest.approx(scale, rel=1e-4)


def test_negative_voltages_are_fitted_by_magnitude():
    values = -Lognormal(mu=0.0, sigma=0.5).from_normal(np.random.default_rng(2).standard_normal(200))
    fit = fit_distribution(values)
    assert fit.sign == -1
    assert isinstance(fit.distribution, Lognormal)


def test_intervals_cover_the_truth_as_often_as_they_say():
    """95 % intervals of mu from 47 values: 300 repetitions, so 95 +- 4 % (three standard errors)."""
    rng = np.random.default_rng(3)
    hits = 0
    for k in range(300):
        fit = fit_distribution(
            np.exp(rng.normal(0.2, 0.776, 47)), families=(Lognormal,), resamples=300, seed=k
        )
        low, high = fit.interval["mu"]
        hits += low <= 0.2 <= high
    assert 0.91 <= hits / 300 <= 0.985


def test_repeating_devices_widen_the_interval():
    rng = np.random.default_rng(4)
    device = np.repeat(np.arange(8), 25)
    values = rng.normal(0, 1, 8)[device] + rng.normal(0, 0.1, device.size)
    # In mixed order: a series that stays at its level for long is counted as the few values that it is.
    order = rng.permutation(device.size)
    values, device = values[order], device[order]
    alone = bootstrap_interval(values, np.mean)
    clustered = bootstrap_interval(values, np.mean, devices=device)
    # Eight devices carry the information of eight values, not of two hundred: five times wider here.
    assert np.ptp(clustered) > 3 * np.ptp(alone)


@pytest.mark.parametrize(
    ("values", "reason"), [([1.0, 2.0], "too few"), ([3.0] * 9, "no spread"), ([np.nan] * 9, "too few")]
)
def test_unfit_data_are_refused(values, reason):
    with pytest.raises(PinchedError, match=reason):
        fit_distribution(np.array(values))


def test_resistances_of_mixed_sign_fit_no_positive_family():
    with pytest.raises(PinchedError, match="admits"):
        fit_distribution(np.array([-1.0, 2.0, 3.0, 4.0]), families=(Lognormal, Weibull))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=0, max_size=40))
def test_summaries_never_invent_numbers(values):
    summary = summarise(np.array(values, dtype=float))
    assert summary.n == len(values)
    if values:
        assert min(values) <= summary.median <= max(values)
    else:
        assert np.isnan(summary.median)
    if len(values) < 2:
        assert np.isnan(summary.interval[0])


def test_yield_interval_is_exact():
    """Clopper-Pearson closed forms: 15 of 16 from beta quantiles; none of n gives 1 - 0.025^(1/n)."""
    low, high = binomial_interval(15, 16)
    assert low == pytest.approx(stats.beta.ppf(0.025, 15, 2), rel=1e-6)
    assert high == pytest.approx(stats.beta.ppf(0.975, 16, 1), rel=1e-6)
    assert binomial_interval(0, 10)[1] == pytest.approx(1 - 0.025**0.1, rel=1e-6)
    with pytest.raises(PinchedError):
        binomial_interval(3, 2)
