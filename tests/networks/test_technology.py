import dataclasses

import numpy as np
import pytest
from scipy import stats

from pinched._errors import PinchedError
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.devices.spread import QUANTITIES
from pinched.extraction.distributions import Lognormal
from pinched.extraction.tails import tail_interval
from pinched.networks.technology import plausible_spreads, technology_interval


@pytest.mark.parametrize(("name", "limit"), [("v_set", 5.0), ("v_reset", 5.0), ("resistance_lrs", 1e4)])
def test_the_tail_of_plausible_spreads_is_the_exact_one(name, limit):
    # The interval of a tail share of a lognormal has an exact answer (noncentral t), which is computed elsewhere.
    spread = marraccini2025()
    shares = [
        1.0 - float(getattr(one, name).cdf(np.array([limit]))[0])
        for one in plausible_spreads(spread, draws=800)
    ]
    exact = tail_interval(getattr(spread, name), 47, limit)
    # In normal scores, where 800 draws know each end to 0.02.
    found = stats.norm.ppf(np.percentile(shares, [2.5, 97.5]))
    assert found == pytest.approx(stats.norm.ppf(exact), abs=0.08)


def test_many_devices_leave_nothing_open_and_quantities_are_drawn_apart():
    spread = dataclasses.replace(marraccini2025(), devices=10**7)
    for one in plausible_spreads(spread, draws=3):
        for name in QUANTITIES:
            assert getattr(one, name).median == pytest.approx(getattr(spread, name).median, rel=0.01)
        assert one.device_yield == spread.device_yield
    few = plausible_spreads(marraccini2025(), draws=200)
    scores = np.array([[np.log(getattr(one, name).median) for name in QUANTITIES] for one in few])
    assert np.abs(np.corrcoef(scores.T) - np.eye(4)).max() < 0.3
    again = plausible_spreads(marraccini2025(), draws=200)
    assert all(a.v_set == b.v_set for a, b in zip(few, again, strict=True))


def test_the_interval_of_an_accuracy_in_closed_form(one_bit, one_image):
    # The accuracy is P(V_SET <= 5 V) of one cell; known from 20 devices as well as that share is.
    chip = one_bit()
    found = technology_interval(chip, one_image, devices=20, draws=50, arrays=100)
    assert found.mean.shape == found.perfect.shape == (50,)
    assert (found.mean == found.perfect).all()
    exact = 1.0 - np.array(tail_interval(chip.spread.v_set, 20, 5.0)[::-1])
    # In normal scores the share is known to 0.3, and each end of 50 draws of it to 0.1.
    assert stats.norm.ppf(found.mean_interval) == pytest.approx(stats.norm.ppf(exact), abs=0.4)
    assert found.perfect_interval == found.mean_interval
    assert (found.devices, found.arrays) == (20, 100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "0 devices stand behind the spread"),
        ({"devices": 2}, "2 devices stand"),
        ({"devices": 20, "draws": 0}, "draws is 0"),
        ({"devices": 20, "arrays": 0}, "arrays is 0"),
    ],
)
def test_what_says_nothing_is_refused(one_bit, one_image, options, message):
    with pytest.raises(PinchedError, match=message):
        technology_interval(one_bit(), one_image, **options)


def test_states_that_so_few_devices_do_not_tell_apart():
    near = dataclasses.replace(
        marraccini2025(),
        resistance_lrs=Lognormal(mu=7.0, sigma=2.0),
        resistance_hrs=Lognormal(mu=7.1, sigma=2.0),
    )
    with pytest.raises(PinchedError, match="do not tell the two states apart"):
        plausible_spreads(near, devices=4, draws=50)
