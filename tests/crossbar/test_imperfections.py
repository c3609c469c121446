"""Imperfections: moments against draws, addresses, and what a record refuses."""

import math

import pytest
import torch

from pinched._errors import PinchedError
from pinched._normal_kernels import standard_normals
from pinched.crossbar.imperfections import Imperfections, Place, TelegraphNoise, Temperature
from pinched.crossbar.window import ConductanceWindow
from pinched.devices.drift import PowerDrift
from pinched.devices.spatial import SpatialCorrelation

WINDOW = ConductanceWindow(g_min=1e-6, g_max=1e-4)
PLACE = Place(seed=3, layer="fc", array=1)


def test_nothing_is_on_by_default():
    nothing = Imperfections()
    assert nothing.active == ()
    g = torch.rand(3, 4, dtype=torch.float64) * 1e-4
    assert torch.equal(nothing.aged(nothing.scattered(g, WINDOW, 0.0, 0.0), 1e5, 0.0), g)
    mean, variance = nothing.read_moments(g, None)
    assert torch.equal(mean, g)
    assert not bool(variance.any())


def test_moments_of_reads_are_those_of_draws():
    # 40 000 draws: the mean is known to 0.5 % of the deviation, the variance to 0.7 %; four times that.
    now = Imperfections(
        read_noise=0.1, read_noise_floor=2e-7, telegraph_noise=TelegraphNoise(amplitude=0.3, occupancy=0.25)
    )
    g = torch.tensor([1e-6, 2e-5, 1e-4], dtype=torch.float64)
    mean, variance = now.read_moments(g, None)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        drawn = now.read_once(g.expand(40_000, 3), None)
    assert torch.allclose(drawn.mean(0), mean, rtol=0, atol=float((variance.sqrt() * 0.02).max()))
    torch.testing.assert_close(drawn.var(0), variance, rtol=0.03, atol=0)


def test_traps_only_where_they_are():
    now = Imperfections(telegraph_noise=TelegraphNoise(amplitude=0.5, occupancy=0.5))
    g = torch.tensor([1e-5, 1e-5], dtype=torch.float64)
    mean, variance = now.read_moments(g, torch.tensor([True, False]))
    assert mean.tolist() == pytest.approx([0.75e-5, 1e-5])
    assert variance.tolist() == pytest.approx([(0.25e-5) ** 2, 0.0])


def test_levels_are_nearest_and_let_gradients_pass():
    now = Imperfections(levels=4)
    g = torch.tensor([1e-6, 2e-5, 6e-5, 9.9e-5], dtype=torch.float64, requires_grad=True)
    found = now.nearest_level(g, WINDOW)
    torch.testing.assert_close(
        found.detach(), torch.tensor([1e-6, 3.4e-5, 6.7e-5, 1e-4], dtype=torch.float64), rtol=1e-12, atol=0
    )
    found.sum().backward()
    assert torch.equal(g.grad, torch.ones_like(g))


def test_spread_is_lognormal_about_the_target_and_write_error_a_share_of_the_window():
    g = torch.full((400, 400), 5e-5, dtype=torch.float64)
    device, cycle = PLACE.normals("device", (400, 400)), PLACE.normals("cycle", (400, 400))
    spread = Imperfections(device_to_device=0.05).scattered(g, WINDOW, device, 0.0)
    # 160 000 cells: a deviation is known to 0.2 %.
    assert float((spread / g).log().std()) == pytest.approx(0.05, rel=0.01)
    written = Imperfections(cycle_to_cycle=0.02).scattered(g, WINDOW, 0.0, cycle)
    assert float((written - g).std()) == pytest.approx(0.02 * WINDOW.width, rel=0.01)


def test_stuck_cells_are_as_many_as_said():
    uniform = PLACE.uniforms("stuck", (300, 300))
    found = Imperfections(stuck_at_hrs=0.1, stuck_at_lrs=0.05).with_stuck(
        torch.full((300, 300), 5e-5, dtype=torch.float64), WINDOW, uniform
    )
    assert float((found == WINDOW.g_min).double().mean()) == pytest.approx(0.1, abs=0.005)
    assert float((found == WINDOW.g_max).double().mean()) == pytest.approx(0.05, abs=0.005)


def test_drift_follows_its_power_and_temperature_its_laws():
    g = torch.tensor([1e-5], dtype=torch.float64)
    drifting = Imperfections(drift=PowerDrift(nu=0.05, reference_time=1.0))
    assert float(drifting.aged(g, 1e4, 0.0)) == pytest.approx(1e-5 * 1e4**-0.05)
    assert float(drifting.aged(g, 0.0, 0.0)) == pytest.approx(1e-5)
    spread = Imperfections(drift=PowerDrift(nu=0.05, reference_time=1.0), drift_spread=0.01)
    assert float(spread.aged(g, 1e4, torch.tensor([2.0]))) == pytest.approx(1e-5 * 1e4**-0.07)
    warm = Temperature(temperature=400.0, activation_energy=0.1)
    # exp(-(E / k) (1/400 - 1/300)), with k = 8.617333262e-5 eV/K (CODATA).
    assert warm.device_factor == pytest.approx(math.exp(0.1 / 8.617333262e-5 * (1 / 300 - 1 / 400)), rel=1e-9)
    assert warm.wire_factor == pytest.approx(1.39)


def test_a_draw_has_an_address():
    whole = PLACE.normals("device", (2, 3, 6, 5))
    assert torch.equal(whole, PLACE.normals("device", (2, 3, 6, 5)))
    # Cell (tile, word line, bit line) is the same in a smaller array.
    assert torch.equal(PLACE.normals("device", (1, 3, 4, 5)), whole[:1, :, :4])
    other = Place(seed=3, layer="fc", array=2).normals("device", (2, 3, 6, 5))
    assert not torch.equal(other, whole)
    smooth = PLACE.normals("device", (1, 40, 40), SpatialCorrelation(length=8.0))
    # Neighbours 1 cell apart at a length of 8: exp(-1/128) = 0.992.
    assert (
        float(torch.corrcoef(torch.stack([smooth[0, 1:].flatten(), smooth[0, :-1].flatten()]))[0, 1]) > 0.95
    )


def test_the_compiled_normals_are_normal():
    from scipy import stats

    drawn = standard_normals((400_000,), 20240501).astype(float)
    # The 99.99 % points of the Kolmogorov and moment statistics at this size.
    assert stats.kstest(drawn, "norm").statistic < 2.2 / 400_000**0.5
    assert abs(drawn.mean()) < 4 / 400_000**0.5
    assert abs(stats.kurtosis(drawn)) < 4 * (24 / 400_000) ** 0.5
    assert abs((drawn[1:] * drawn[:-1]).mean()) < 4 / 400_000**0.5
    assert (standard_normals((7, 3), 1) == standard_normals((7, 3), 1)).all()
    assert (standard_normals((7, 3), 1) != standard_normals((7, 3), 2)).all()


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"levels": 1}, "levels"), ({"device_to_device": 7.0}, "device_to_device"),
        ({"read_noise": -0.1}, "read_noise"),
        ({"stuck_at_hrs": 0.7, "stuck_at_lrs": 0.6}, "at most 1"), ({"drift_spread": 0.1}, "without a drift"),
        ({"cycle_to_cycle": math.nan}, "cycle_to_cycle"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(wrong, word):
    with pytest.raises(PinchedError, match=word):
        Imperfections(**wrong)
