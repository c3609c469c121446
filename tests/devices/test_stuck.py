"""Stuck cells: how many, which, that they stay, for every kind of law, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from law_cases import moving
from pinched._errors import PinchedError
from pinched.data.waveforms import triangle
from pinched.devices.drive import drive
from pinched.devices.laws.registry import LAWS
from pinched.devices.laws.second_order import SecondOrder
from pinched.devices.laws.vteam import Vteam
from pinched.devices.stuck import (
    StuckImplicitLaw,
    StuckLaw,
    StuckMask,
    StuckPlayLaw,
    StuckStochasticLaw,
    stick,
    stuck_cells,
)
from pinched.devices.variability import Factor, vary
from pinched.extraction.distributions import Lognormal

THREE = StuckMask(
    stuck_at_hrs=torch.tensor([False, True, False]), stuck_at_lrs=torch.tensor([False, False, True])
)


def test_the_shares_are_met_and_cells_have_addresses():
    mask = stuck_cells((200, 100), at_hrs=0.03, at_lrs=0.01, seed=2)
    for found, share in ((mask.stuck_at_hrs, 0.03), (mask.stuck_at_lrs, 0.01)):
        low, high = stats.binom.interval(0.9999, 20_000, share)
        assert low <= int(found.sum()) <= high
    assert int((mask.stuck_at_hrs & mask.stuck_at_lrs).sum()) == 0
    small = stuck_cells((20, 30), at_hrs=0.03, at_lrs=0.01, seed=2)
    assert torch.equal(mask.stuck_at_hrs[:20, :30], small.stuck_at_hrs)
    more = stuck_cells((200, 100), at_hrs=0.2, at_lrs=0.01, seed=2)
    assert torch.equal(more.stuck_at_lrs, mask.stuck_at_lrs)
    assert bool((more.stuck_at_hrs | ~mask.stuck_at_hrs).all())


def test_stuck_cells_are_resistors_and_the_others_are_untouched():
    law = Vteam(k_on=-1e-5, k_off=1e-5)
    waveform = triangle("1 V", period="1 ms")
    alone = drive(law, waveform, points=100)
    run = drive(stick(law, THREE), waveform, points=100).trace
    np.testing.assert_array_equal(run.current[0].numpy(), alone.current)
    np.testing.assert_allclose(run.current[1].numpy(), alone.voltage / law.r_off, rtol=1e-12)
    np.testing.assert_allclose(run.current[2].numpy(), alone.voltage / law.r_on, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("yakopcic", StuckLaw),
        ("jart", StuckImplicitLaw),
        ("memdiode-quasi-static", StuckPlayLaw),
        ("metastable-switch-stochastic", StuckStochasticLaw),
    ],
)
def test_laws_of_every_kind_can_be_stuck(name, kind):
    """One device works, two do not: these keep every state variable, and none of the loop's tricks moves them."""
    law = stick(LAWS[name](), THREE)
    assert type(law) is kind
    state = moving(name).run(law, points=100, seed=1).state
    assert float((state[:, 0, 0:1] - state[:, 0]).abs().max()) > 0
    for k in (1, 2):
        assert float((state[:, k, 0:1] - state[:, k]).abs().max()) == 0.0
    assert not torch.equal(state[:, 1, 0], state[:, 2, 0])


def test_laws_with_several_variables_and_given_states():
    mask = StuckMask(stuck_at_hrs=torch.tensor([True]), stuck_at_lrs=torch.tensor([False]))
    law = stick(SecondOrder(), mask, hrs=(0.25, 350.0))
    state = drive(law, triangle("1 V", period="1 us"), points=20).trace.state[:, 0]
    assert torch.equal(state, torch.tensor([[0.25], [350.0]], dtype=torch.float64).expand_as(state))


def test_a_spread_of_devices_keeps_its_own_ends():
    law = vary(Vteam(), {"r_off": Factor(Lognormal(mu=0.0, sigma=0.3))}, (3,))
    run = drive(stick(law, THREE), triangle("0.3 V", period="1 ms"), points=20)
    hrs = float(run.trace.source[5] / run.trace.current[1, 5])
    assert hrs == pytest.approx(float(law.r_off[1]), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: stuck_cells((3,), at_hrs=0.8, at_lrs=0.5), "probabilities"),
        (lambda: stuck_cells((), at_hrs=0.1, at_lrs=0.1), "shape"),
        (
            lambda: StuckMask(stuck_at_hrs=torch.tensor([True]), stuck_at_lrs=torch.tensor([True])),
            "both states",
        ),
        (lambda: stick(Vteam(), THREE, hrs=(1.0,), lrs=(0.0,)), "no state of this law"),
        (lambda: stick(Vteam(), THREE, hrs=(1e-9, 2e-9)), "no state of this law"),
        (lambda: stick(Vteam(r_on=torch.tensor([1e3, 2e3])), THREE), "does not fit"),
        (lambda: stick(stick(Vteam(), THREE), THREE), "stuck already"),
    ],
)
def test_bad_input_names_its_cure(call, reason):
    with pytest.raises(PinchedError, match=reason):
        call()
