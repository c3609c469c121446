"""Figures of predictors whose error is known in closed form, and headlines that are refused."""

import dataclasses

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.extraction.loops import loop_width
from pinched.surrogate.lints import allowed, check_headline, leaked_devices
from pinched.surrogate.metrics import FLOOR, Normalisation, score, trivial_predictions
from pinched.surrogate.runs import Split


def test_the_truth_scores_without_error(runs):
    found = score("truth", runs.current, runs, runs)
    for error in found.errors.values():
        assert error.mse == pytest.approx(0.0, abs=1e-24)
        assert error.r2 == pytest.approx(1.0)
    assert found.nrmse.worst == pytest.approx(0.0, abs=1e-12)
    assert found.within_percent == 1.0
    assert found.loop_width.r2 == pytest.approx(1.0)


def test_ten_percent_too_much_is_ten_percent_in_every_unit(runs):
    found = score("ten percent", 1.1 * runs.current, runs, runs)
    above = np.abs(runs.current) > FLOOR
    decades = np.log10(1.1) * above.mean(axis=1)
    assert found.decades.median == pytest.approx(np.median(decades), rel=0.05)
    # RMSE over span: a tenth of the root mean square current over the span of each run.
    own = 0.1 * np.sqrt((runs.current**2).mean(axis=1)) / np.ptp(runs.current, axis=1)
    assert found.nrmse.median == pytest.approx(
        np.median(own[np.abs(runs.current).max(axis=1) > 1e-12]), rel=1e-9
    )
    span = runs.current.max() - runs.current.min()
    assert found.errors[Normalisation.GLOBAL_LINEAR].mae == pytest.approx(
        0.1 * np.abs(runs.current).mean() / span
    )
    assert found.on_off_ratio.r2 == pytest.approx(1.0)


def test_a_constant_that_is_the_mean_has_no_r2(runs):
    found = score("mean", np.full_like(runs.current, runs.current.mean()), runs, runs)
    assert found.errors[Normalisation.GLOBAL_LINEAR].r2 == pytest.approx(0.0, abs=1e-12)


def test_the_figure_of_the_field_leaves_out_open_devices(runs):
    quiet = np.array(runs.current)
    quiet[:10] *= 1e-13 / np.abs(quiet[:10]).max(axis=1, keepdims=True)
    some = dataclasses.replace(runs, current=quiet)
    assert (
        score("x", some.current, some, some).conducting
        == score("x", runs.current, runs, runs).conducting - 10
    )


def test_what_learns_nothing_is_there_for_comparison(runs):
    found = trivial_predictions(runs, runs)
    assert set(found) == {"constant median", "constant mean", "per-voltage mean"}
    logs = np.log10(np.abs(found["per-voltage mean"] / runs.voltage))
    truth = np.log10(np.maximum(np.abs(runs.current), FLOOR) / np.abs(runs.voltage))
    np.testing.assert_allclose(logs[0], truth.mean(axis=0))


def test_a_headline_carried_by_few_points_is_refused(runs):
    predicted = np.array(runs.current)
    k = np.unravel_index(np.abs(runs.current).argmax(), runs.current.shape)
    predicted[k] *= 3.0
    found = score("one point", predicted, runs, runs)
    said = check_headline(found, {})
    assert any("few points carry the error" in text for text in said)


def test_a_headline_below_a_constant_is_refused(runs):
    nothing = {name: score(name, p, runs, runs) for name, p in trivial_predictions(runs, runs).items()}
    worse = score("worse", np.full_like(runs.current, 2.0 * runs.current.max()), runs, runs)
    said = check_headline(worse, nothing)
    assert any("does not beat 'constant mean'" in text for text in said)
    assert Normalisation.GLOBAL_LINEAR not in allowed(worse, nothing)
    good = score("good", 1.01 * runs.current, runs, runs)
    assert Normalisation.LOG_CONDUCTANCE in allowed(good, nothing)


def test_a_device_on_both_sides_is_counted(runs):
    split = Split(np.arange(0, 100), np.arange(100, 120), np.arange(119, 240))
    assert leaked_devices(runs, split) == 1
    good = score("good", 1.01 * runs.current, runs, runs)
    assert "1 devices stand in training and in test" in check_headline(good, {}, runs=runs, split=split)[-1]


def test_predictions_that_are_no_numbers_are_refused(runs):
    broken = np.array(runs.current)
    broken[2, 2] = np.inf
    with pytest.raises(PinchedError, match="1 of 240 predicted runs"):
        score("x", broken, runs, runs)
    with pytest.raises(PinchedError, match="shape"):
        score("x", runs.current[:, :3], runs, runs)


def test_the_runs_of_these_tests_have_loops(runs):
    assert (loop_width(runs.voltage, runs.current) > 0.05).mean() > 0.3
