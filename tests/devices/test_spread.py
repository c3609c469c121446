"""Spreads: published numbers, fits, correlations, the sense threshold."""

import numpy as np
import pytest
from scipy import stats

from pinched._errors import PinchedError
from pinched.devices.presets import marraccini2025
from pinched.devices.simulated import draw_devices, simulate_sweep
from pinched.devices.spread import DeviceSpread, fit_spread
from pinched.extraction.distributions import Lognormal
from pinched.extraction.switching import extract_switching


def spread(**changes):
    values = {
        "v_set": Lognormal(mu=0.0, sigma=0.3),
        "v_reset": Lognormal(mu=0.0, sigma=0.3),
        "resistance_lrs": Lognormal(mu=7.0, sigma=0.5),
        "resistance_hrs": Lognormal(mu=14.0, sigma=1.0),
    }
    return DeviceSpread(**{**values, **changes})


def test_published_medians_and_tails():
    """Marraccini et al.: medians 520 ohm, 1.1 Mohm, 1.22 V, 1.00 V; P(V_SET > 5 V) = 3.5 %."""
    device = marraccini2025()
    median = np.array(0.0)
    assert float(device.resistance_lrs.from_normal(median)) == pytest.approx(520, rel=0.01)
    assert float(device.resistance_hrs.from_normal(median)) == pytest.approx(1.1e6, rel=0.01)
    assert float(device.v_set.from_normal(median)) == pytest.approx(1.22, rel=0.01)
    assert 1 - float(device.v_set.cdf(np.array(5.0))) == pytest.approx(0.035, abs=0.001)
    assert 1 - float(device.v_reset.cdf(np.array(5.0))) == pytest.approx(0.023, abs=0.001)


def test_the_best_threshold_is_where_the_densities_cross():
    """Two lognormals of equal width: the crossing is the geometric mean of the medians, exactly."""
    equal = spread(resistance_lrs=Lognormal(mu=7.0, sigma=0.9), resistance_hrs=Lognormal(mu=12.0, sigma=0.9))
    assert equal.best_threshold() == pytest.approx(np.exp(9.5), rel=1e-3)
    assert marraccini2025().best_threshold() == pytest.approx(1e4, rel=0.02)


def test_a_sample_of_the_published_devices_gives_the_published_numbers_back():
    device = marraccini2025()
    sweeps = [simulate_sweep(d, name=f"d{k}") for k, d in enumerate(draw_devices(device, 300, seed=1))]
    found = fit_spread(extract_switching(sweeps))
    assert found.tested == 300
    for name, mu, sigma in (
        ("v_set", 0.20177, 0.776),
        ("v_reset", -0.00248, 0.810),
        ("resistance_lrs", 6.253, 1.041),
    ):
        fitted = found.fits[name].distribution
        assert isinstance(fitted, Lognormal), name
        # Four standard errors of 300 values, and the voltage step of the sweep.
        assert fitted.mu == pytest.approx(mu, abs=4 * sigma / np.sqrt(300) + 0.02), name
        assert fitted.sigma == pytest.approx(sigma, abs=4 * sigma / np.sqrt(600) + 0.03), name


def test_correlations_survive_fit_and_draw():
    rho = np.eye(4)
    rho[0, 3] = rho[3, 0] = 0.7
    drawn = draw_devices(spread(correlation=rho), 4000, seed=2)
    found = stats.spearmanr([d.v_set for d in drawn], [d.resistance_hrs for d in drawn]).statistic
    # Spearman's rho of a Gaussian copula: 6/pi asin(rho/2).
    assert found == pytest.approx(6 / np.pi * np.arcsin(0.35), abs=0.03)
    factor = spread(correlation=rho).normal_factor
    np.testing.assert_allclose(factor @ factor.T, rho, atol=1e-12)
    assert np.allclose(factor, np.tril(factor))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"device_yield": 40.0}, "share"),
        ({"resistance_lrs": Lognormal(mu=15.0, sigma=0.5)}, "swapped"),
        ({"correlation": np.full((4, 4), 2.0)}, "correlation"),
    ],
)
def test_impossible_spreads_are_refused(changes, reason):
    with pytest.raises(PinchedError, match=reason):
        spread(**changes)


def test_too_few_cycles_name_the_quantity():
    sweeps = [simulate_sweep(d, name=f"d{k}") for k, d in enumerate(draw_devices(marraccini2025(), 2))]
    with pytest.raises(PinchedError, match="only 2 of 2 cycles have a v_set"):
        fit_spread(extract_switching(sweeps))


def test_one_device_is_said_to_stand_in_for_many():
    device = draw_devices(marraccini2025(), 1)[0]
    rng = np.random.default_rng(0)
    sweeps = [
        simulate_sweep(
            type(device)(
                v_set=device.v_set * rng.uniform(0.8, 1.2),
                v_reset=device.v_reset * rng.uniform(0.8, 1.2),
                resistance_lrs=device.resistance_lrs * rng.uniform(0.8, 1.2),
                resistance_hrs=device.resistance_hrs * rng.uniform(0.8, 1.2),
            ),
            name="one",
            seed=k,
        )
        for k in range(6)
    ]
    assert any("stands in" in text for text in fit_spread(extract_switching(sweeps)).assumptions)


def test_simulated_sweeps_say_so_and_survive_as_text():
    sweep = simulate_sweep(draw_devices(marraccini2025(), 1)[0])
    assert "two-state cell" in sweep.provenance.simulated_by
    assert sweep.to_csv().startswith("# simulated_by: ")
    assert "time (s),voltage (V),current (A)" in sweep.to_csv()
