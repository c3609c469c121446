"""Levels that devices can be programmed to: nearest ones, pairs of them, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn

import pinched as pi
from pinched._errors import PinchedError
from pinched.constants import G_0
from pinched.crossbar.level_sets import LevelPairs, LevelSet
from pinched.devices.presets.roy2025 import roy2025_update

CURVE = LevelSet.of_curve(roy2025_update.device, 30)


def test_half_integers_are_fifty_up_to_25_quanta():
    levels = LevelSet.half_integers()
    assert len(levels) == 50
    assert np.allclose(np.diff(levels.conductances), 0.5 * G_0, rtol=1e-12)
    assert levels.window.g_max == pytest.approx(25 * G_0)


def test_the_levels_of_a_pulse_curve_are_the_law_s_own_and_end_at_its_window():
    law = roy2025_update.device
    assert len(CURVE) == 31
    assert CURVE.conductances[7] == pytest.approx(float(law.after(law.g_min, 7.0)), rel=1e-9)
    assert CURVE.conductances[-1] == pytest.approx(float(law.g_max), rel=1e-9)


def test_the_nearest_level_is_the_nearest_one():
    g = torch.linspace(CURVE.conductances[0], CURVE.conductances[-1], 997, dtype=torch.float64)
    every = torch.tensor(CURVE.conductances, dtype=torch.float64)
    assert torch.equal(CURVE.nearest(g), every[(g[:, None] - every).abs().argmin(1)])


def test_equally_spaced_levels_are_what_their_number_says():
    levels = LevelSet.half_integers()
    g = torch.linspace(levels.window.g_min, levels.window.g_max, 500, dtype=torch.float64)
    by_number = pi.Imperfections(levels=50).nearest_level(g, levels.window)
    by_set = pi.Imperfections(levels=levels).nearest_level(g, levels.window)
    assert torch.allclose(by_number, by_set, atol=1e-12)


def test_the_best_pair_is_never_worse_than_any_other_and_far_better_where_levels_crowd():
    weight = 2.0 * torch.rand(40, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1.0
    best = LevelPairs(levels=CURVE)
    place = torch.tensor(CURVE.shares, dtype=torch.float64)
    every = (place[:, None] - place).flatten()
    error = (best.represented(weight) - weight).abs()
    assert torch.allclose(error, (weight[..., None] - every).abs().min(-1).values, atol=2e-6)
    one_side = pi.DifferentialPair().shares(weight)
    rounded = place[(one_side[..., None] - place).abs().argmin(-1)]
    plain = (rounded[..., 0] - rounded[..., 1] - weight).abs()
    assert float(plain.square().mean().sqrt()) > 10 * float(error.square().mean().sqrt())


def test_of_equal_pairs_the_one_of_least_current_is_taken_and_scatter_outweighs_a_little_error():
    levels = LevelSet.half_integers()
    shares = LevelPairs(levels=levels).shares(torch.tensor([[0.5, -0.5, 0.0]]))
    assert torch.equal(shares.min(-1).values, torch.zeros(1, 3))
    weight = torch.linspace(-0.3, 0.3, 101)[None]
    quiet, wary = (LevelPairs(levels=CURVE, scatter=s).shares(weight).sum() for s in (0.0, 0.1))
    assert float(wary) < float(quiet)


def test_a_chip_on_levels_holds_nothing_but_levels():
    net = nn.Linear(12, 7)
    for mapping, held in (
        (pi.DifferentialPair(), CURVE),
        (pi.SingleDevice(), CURVE),
        (LevelPairs(levels=CURVE), None),
    ):
        chip = pi.convert(
            net, device=CURVE.window, mapping=mapping, imperfections=pi.Imperfections(levels=held)
        )
        g = chip.get_submodule("matrix").get_buffer("conductance")
        assert torch.allclose(CURVE.nearest(g), g, rtol=1e-9)
    assert "31" in str(pi.summary(pi.convert(
        net, device=CURVE.window, mapping=pi.SingleDevice(), imperfections=pi.Imperfections(levels=CURVE)
    )))  # fmt: skip


def test_levels_outside_the_window_are_refused():
    window = pi.ConductanceWindow(g_min=1e-6, g_max=1e-4)
    with pytest.raises(PinchedError, match=r"device=levels\.window"):
        pi.convert(
            nn.Linear(3, 2), device=window, mapping=pi.DifferentialPair(),
            imperfections=pi.Imperfections(levels=CURVE),
        )  # fmt: skip
    with pytest.raises(PinchedError, match="the mapping holds"):
        pi.convert(nn.Linear(3, 2), device=window, mapping=LevelPairs(levels=CURVE))


@pytest.mark.parametrize(
    ("levels", "message"),
    [((1e-5,), "two or more"), ((1e-5, 3e-5, 2e-5), "levels that cross"), ((-1e-5, 1e-5), "not below zero")],
)
def test_levels_that_are_none_are_refused(levels, message):
    with pytest.raises(PinchedError, match=message):
        LevelSet(conductances=levels)


def test_measured_levels_are_sorted_and_joined():
    found = LevelSet.measured([3e-5, 1e-5, 1.0001e-5, 2e-5], apart=1e-7)
    assert found.conductances == (1e-5, 2e-5, 3e-5)
