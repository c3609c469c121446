"""Device-to-device variability: distributions, correlations, addresses, smooth arrays, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from pinched._errors import PinchedError
from pinched.data.waveforms import triangle
from pinched.devices.drift import PowerDrift
from pinched.devices.drive import drive
from pinched.devices.law import parameters
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.windows import Joglekar
from pinched.devices.spatial import SpatialCorrelation
from pinched.devices.updates import NeuroSimUpdate
from pinched.devices.variability import Factor, Within, vary
from pinched.extraction.distributions import Lognormal, Normal, Weibull

SPREADS = {
    "r_on": Lognormal(mu=math.log(1e3), sigma=0.2),
    "r_off": Lognormal(mu=math.log(1e5), sigma=0.3),
    "v_on": Factor(Lognormal(mu=0.0, sigma=0.1)),
}


def test_each_parameter_has_its_distribution():
    law = vary(Vteam(), SPREADS | {"v_off": Weibull(shape=8.0, scale=0.5)}, (4000,), seed=1)
    for name, spread in (*SPREADS.items(), ("v_off", Weibull(shape=8.0, scale=0.5))):
        values = getattr(law, name).numpy()
        if name == "v_on":
            values, spread = values / -0.5, Lognormal(mu=0.0, sigma=0.1)
        # Kolmogorov and Smirnov's test refuses one true sample of ten thousand.
        assert stats.kstest(values, spread.cdf).pvalue > 1e-4, name
    assert isinstance(law.k_on, float)
    assert (law.v_on < 0).all()


@pytest.mark.parametrize("shape", [(7,), (5, 4), (3, 5, 4)])
def test_a_device_is_the_same_whatever_stands_around_it(shape):
    larger = tuple(n + 3 for n in shape)
    small, large = vary(Vteam(), SPREADS, shape, seed=5), vary(Vteam(), SPREADS, larger, seed=5)
    corner = tuple(slice(n) for n in shape)
    for name in SPREADS:
        assert getattr(small, name).shape == shape
        assert torch.equal(getattr(small, name), getattr(large, name)[corner])
        assert not torch.equal(getattr(vary(Vteam(), SPREADS, shape, seed=6), name), getattr(small, name))


def test_further_parameters_leave_the_draws_of_the_others():
    few = vary(Vteam(), {"r_on": SPREADS["r_on"]}, (10,))
    assert torch.equal(few.r_on, vary(Vteam(), SPREADS, (10,)).r_on)


def test_correlations_are_recovered():
    rho = np.array([[1.0, 0.8, -0.5], [0.8, 1.0, -0.2], [-0.5, -0.2, 1.0]])
    law = vary(Vteam(), SPREADS, (6000,), correlation=rho, seed=2)
    drawn = [law.r_on.numpy(), law.r_off.numpy(), law.v_on.numpy() / -0.5]
    found = np.corrcoef([stats.rankdata(x) for x in drawn])
    # Spearman's coefficient of a Gaussian copula; the error of 6000 pairs is 0.013, four of them.
    np.testing.assert_allclose(found, 6 / np.pi * np.arcsin(rho / 2), atol=0.052)
    for name, spread in SPREADS.items():
        if name != "v_on":
            assert stats.kstest(getattr(law, name).numpy(), spread.cdf).pvalue > 1e-4


def test_perfect_correlation_is_a_singular_matrix_and_fine():
    law = vary(
        Vteam(),
        {"r_on": SPREADS["r_on"], "r_off": Factor(Lognormal(mu=0.0, sigma=0.2))},
        (50,),
        correlation=np.ones((2, 2)),
    )
    np.testing.assert_allclose(law.r_off.numpy() / 1e5, law.r_on.numpy() / 1e3, rtol=1e-9)


def test_a_distribution_between_limits_keeps_its_shape_inside():
    spread = Within(Normal(mean=1e3, std=300.0), low=800.0, high=1500.0)
    values = vary(Vteam(), {"r_on": spread}, (4000,)).r_on.numpy()
    assert values.min() >= 800.0
    assert values.max() <= 1500.0
    cut = stats.truncnorm((800 - 1e3) / 300, (1500 - 1e3) / 300, 1e3, 300)
    assert stats.kstest(values, cut.cdf).pvalue > 1e-4


def test_parts_and_other_records_vary_too():
    law = vary(Vteam(window=Joglekar(p=2.0)), {"window.p": Lognormal(mu=0.7, sigma=0.1)}, (5,))
    assert parameters(law)["window.p"].shape == (5,)
    update = vary(NeuroSimUpdate(), {"label_up": Normal(mean=2.4, std=0.3)}, (2000,))
    assert float(update.label_up.std()) == pytest.approx(0.3, rel=4 * math.sqrt(0.5 / 2000))
    assert float(update.after(torch.full((2000,), 2e-8, dtype=torch.float64), torch.ones(2000)).std()) > 0
    drift = vary(PowerDrift(), {"nu": Normal(mean=0.02, std=0.01)}, (3,))
    assert drift.conductance(torch.full((3,), 1e-5, dtype=torch.float64), 1e3).shape == (3,)


def test_varying_twice_multiplies():
    once = vary(Vteam(), {"r_on": Factor(Lognormal(mu=0.0, sigma=0.3))}, (2000,), seed=1)
    twice = vary(once, {"r_on": Factor(Lognormal(mu=0.0, sigma=0.4))}, (2000,), seed=2)
    assert float(twice.r_on.log().std()) == pytest.approx(0.5, rel=4 * math.sqrt(0.5 / 2000))


def test_varied_devices_can_be_driven():
    law = vary(Vteam(), SPREADS, (2, 3))
    trace = drive(law, triangle("1 V", period="1 ms"), points=50).trace
    assert trace.current.shape[:2] == (2, 3)
    assert torch.isfinite(trace.current).all()


def test_a_refused_draw_names_parameter_device_and_reason():
    """Normal spreads of positive quantities run below zero somewhere; the first such device is named."""
    wide = {"r_off": SPREADS["r_off"], "r_on": Normal(mean=1e3, std=500.0)}
    with pytest.raises(PinchedError, match="r_on is no such device") as caught:
        vary(Vteam(), wide, (100, 30), seed=3)
    text = str(caught.value)
    assert "Lognormal" in text
    row, column = (int(n) for n in text.split("at device (")[1].split(")")[0].split(", "))
    values = Normal(mean=1e3, std=500.0)
    good = vary(Vteam(r_off=1e9), {"r_on": Factor(Lognormal(mu=0.0, sigma=1.0))}, (100, 30), seed=3)
    normals = np.log(good.r_on.numpy() / 1e3)
    drawn = values.from_normal(normals)
    # That device lies below the law's range, and none before it does.
    assert drawn[row, column] < 1e-2
    assert (drawn.ravel()[: row * 30 + column] >= 1e-2).all()


def test_two_parameters_that_only_together_are_no_device():
    spreads = {
        "r_on": Lognormal(mu=math.log(1e4), sigma=1.0),
        "r_off": Lognormal(mu=math.log(1e5), sigma=1.0),
    }
    with pytest.raises(PinchedError, match="r_on"):
        vary(Vteam(r_on=1e-1, r_off=1e12), spreads, (3000,))
    # Each alone is fine beside the law's own values.
    for name, spread in spreads.items():
        vary(Vteam(r_on=1e-1, r_off=1e12), {name: spread}, (3000,))


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: vary(Vteam(), {"r_of": Normal(mean=1.0, std=0.1)}, (3,)), "no parameter r_of"),
        (lambda: vary(Vteam(), SPREADS, ()), "shape"),
        (lambda: vary(Vteam(), SPREADS, (0,)), "shape"),
        (lambda: vary(Vteam(), SPREADS, (3,), correlation=np.full((3, 3), 2.0)), "correlation"),
        (lambda: vary(Vteam(), SPREADS, (3,), correlation=np.eye(2)), "3 x 3"),
        (lambda: vary(Vteam(), SPREADS, (3,), spatial=SpatialCorrelation()), "no place in an array"),
        (lambda: Within(Normal(mean=1.0, std=0.1), low=5.0, high=6.0), "nothing to draw"),
        (lambda: Within(Normal(mean=1.0, std=0.1), low=2.0, high=1.0), "swapped"),
        (lambda: SpatialCorrelation(length=1e-8), "not metres"),
        (lambda: SpatialCorrelation(share=2.0), "share"),
    ],
)
def test_bad_input_names_its_cure(call, reason):
    with pytest.raises(PinchedError, match=reason):
        call()


def test_smooth_arrays_have_the_correlation_that_they_say():
    field = SpatialCorrelation(length=4.0, share=0.7)
    z = field.normals(3, "test", (40, 60, 60))
    assert z.mean() == pytest.approx(0.0, abs=0.05)
    assert z.var() == pytest.approx(1.0, abs=0.05)
    for distance in (0, 1, 3, 6, 12):
        for axis in (1, 2):
            a = np.take(z, np.arange(60 - distance), axis)
            b = np.take(z, np.arange(distance, 60), axis)
            expected = float(field.correlation(np.array(float(distance))))
            # 40 arrays of (60 / 4)^2 / pi independent patches.
            assert float((a * b).mean()) == pytest.approx(expected, abs=4.0 / math.sqrt(40 * 72)), distance
    diagonal = float((z[:, :-3, :-4] * z[:, 3:, 4:]).mean())
    assert diagonal == pytest.approx(float(field.correlation(np.array(5.0))), abs=4.0 / math.sqrt(40 * 72))
    assert abs(float((z[:-1] * z[1:]).mean())) < 0.05


def test_smooth_arrays_are_addressed_by_cell():
    field = SpatialCorrelation(length=3.0, share=0.5)
    large, small = field.normals(0, "a", (2, 30, 20)), field.normals(0, "a", (8, 11))
    np.testing.assert_array_equal(large[0, :8, :11], small)
    assert not np.array_equal(field.normals(0, "b", (8, 11)), small)


def test_smooth_spreads_keep_their_distribution_and_their_correlation():
    law = vary(
        Vteam(),
        {"r_on": SPREADS["r_on"], "r_off": SPREADS["r_off"]},
        (200, 40, 40),
        spatial=SpatialCorrelation(length=5.0),
        correlation=np.array([[1.0, 0.6], [0.6, 1.0]]),
        seed=4,
    )
    # One device of each array: independent of each other.
    a, b = law.r_on[:, 20, 20].numpy(), law.r_off[:, 20, 20].numpy()
    assert stats.kstest(a, SPREADS["r_on"].cdf).pvalue > 1e-4
    ranks = [stats.rankdata(x) for x in (a, b, law.r_on[:, 21, 20].numpy())]
    # Spearman's coefficient of 200 pairs has an error of 0.071.
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(6 / np.pi * math.asin(0.3), abs=4 * 0.071 * 0.7)
    assert np.corrcoef(ranks)[0, 2] > 0.9


def test_drift_is_a_power_of_time():
    drift = PowerDrift(nu=0.05, reference_time=10.0)
    assert drift.conductance(1e-5, 10.0) == pytest.approx(1e-5)
    assert drift.conductance(1e-5, 1.0) == pytest.approx(1e-5)
    assert drift.conductance(1e-5, 1e4) == pytest.approx(1e-5 * 1e3**-0.05, rel=1e-12)
    times = np.array([10.0, 100.0, 1e3])
    np.testing.assert_allclose(np.diff(np.log(drift.conductance(1e-5, times))), -0.05 * math.log(10.0))
    with pytest.raises(PinchedError, match="reference_time"):
        PowerDrift(reference_time=0.0)
