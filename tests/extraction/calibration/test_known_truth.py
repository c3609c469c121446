"""Sweeps and data sets of known truth: what is found, how often, and that counting can fail."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.extraction.calibration import dynamics, statistics
from pinched.extraction.calibration.coverage import Case, coverage
from pinched.extraction.calibration.sweeps import (
    CONDITIONS,
    Conditions,
    draw_sweep,
    score_gradual,
    score_switching,
)
from pinched.extraction.cycles import split_cycles


def test_voltages_within_one_step_whatever_a_laboratory_adds():
    """98 % is what is asked of all of them; 12 cycles each leave one condition room for one miss."""
    scores = [score_switching(name, conditions, cycles=12) for name, conditions in CONDITIONS.items()]
    assert all(score.v_set >= 11 for score in scores)
    assert sum(score.v_set for score in scores) >= 0.98 * sum(score.cycles for score in scores)
    assert sum(score.v_reset for score in scores) >= 0.98 * sum(score.resets for score in scores)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_voltages_within_one_step_in_98_of_100_cycles(name):
    """400 cycles: a share of 98 % comes out at 96 % or less once in a thousand times."""
    set_share, reset_share = score_switching(name, CONDITIONS[name], cycles=400).shares
    assert set_share >= 0.965
    assert np.isnan(reset_share) or reset_share >= 0.965


def test_a_rule_that_is_wrong_scores_nothing():
    """Noise as large as the contrast hides every SET: the score must say so."""
    score = score_switching("hopeless", Conditions(noise=4.0), cycles=10)
    assert score.v_set <= 5


def test_gradual_devices_get_no_threshold():
    assert score_gradual(noise=0.01, devices=30) >= 0.95


def test_the_drawn_sweep_is_what_its_truth_says():
    known = draw_sweep(Conditions(noise=0.0, noise_current=0.0), np.random.default_rng(3))
    (cycle,) = split_cycles(known.sweep)
    out, back = cycle.excursions[0].outgoing, cycle.excursions[0].returning
    before = out.voltage < known.v_set
    ratio = back.current_at(out.voltage) / np.maximum(out.current, 1e-30)
    assert (ratio[before & (out.voltage > 0)] > 2.0).all()
    np.testing.assert_allclose(ratio[~before], 1.0, rtol=1e-9)


def test_coverage_counts():
    """A normal mean with known sigma holds in 95 % (binomial, 2000 sets: +-1.5 %); an interval beside it never."""

    def draw(rng):
        mean = rng.standard_normal(10).mean()
        return {
            "right": (mean - 1.96 / np.sqrt(10), 0.0, mean + 1.96 / np.sqrt(10)),
            "beside": (mean + 9.0, 0.0, mean + 10.0),
            "none": (float("nan"), 0.0, 1.0),
        }

    found = {c.quantity: c for c in coverage(Case(name="mean", n="10", draw=draw), repetitions=2000)}
    assert found["right"].share == pytest.approx(0.95, abs=0.015)
    assert found["right"].good
    assert found["beside"].share == 0.0
    assert not found["beside"].good
    assert "none" not in found
    with pytest.raises(PinchedError):
        coverage(Case(name="mean", n="10", draw=draw), repetitions=0)


CASES = {f"{case.name}, {case.n}": case for case in (*statistics.cases(), *dynamics.cases())}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_stated_intervals_hold_as_often_as_they_say(name):
    """93 to 97 %, as far as 100 sets can tell (three standard errors)."""
    for found in coverage(CASES[name], repetitions=100):
        assert found.good, (found.quantity, found.share)
