"""Runs and their split."""

import dataclasses

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.surrogate.runs import joined, split_runs


def test_a_split_shares_no_device_and_loses_none(runs):
    twice = joined(runs, dataclasses.replace(runs, current=2.0 * runs.current))
    split = split_runs(twice, test=0.3, validation=0.1, seed=1)
    device = twice.device()
    parts = [set(device[at]) for at in (split.training, split.validation, split.test)]
    assert parts[0].isdisjoint(parts[1] | parts[2])
    assert parts[1].isdisjoint(parts[2])
    assert sorted(np.concatenate([split.training, split.validation, split.test])) == list(range(480))
    assert len(parts[2]) == 72
    again = split_runs(twice, test=0.3, validation=0.1, seed=1)
    np.testing.assert_array_equal(again.test, split.test)


def test_one_device_under_two_waveforms_is_one_device(runs):
    other = np.array(runs.parameters)
    other[:, runs.names.index("amplitude")] *= 1.1
    both = joined(runs, dataclasses.replace(runs, parameters=other))
    assert np.unique(both.device()).size == 240


def test_splits_that_leave_nothing_are_refused(runs):
    with pytest.raises(PinchedError, match="leave"):
        split_runs(runs, test=1.0)
    with pytest.raises(PinchedError, match="leave"):
        split_runs(runs.take(np.array([0])), test=0.3)


def test_bad_runs_are_refused(runs):
    broken = np.array(runs.current)
    broken[3, 5] = np.nan
    with pytest.raises(PinchedError, match="1 of 240 runs have values in current"):
        dataclasses.replace(runs, current=broken)
    with pytest.raises(PinchedError, match="differ"):
        dataclasses.replace(runs, current=runs.current[:, :-1])
    with pytest.raises(PinchedError, match="must rise"):
        dataclasses.replace(runs, elapsed=runs.elapsed[:, ::-1])
    with pytest.raises(PinchedError, match="no parameter 'colour'"):
        runs.column("colour")
    with pytest.raises(PinchedError, match="same options"):
        joined(runs, runs.sampled(np.arange(10)))


def test_samples_are_taken_from_all_series_alike(runs):
    few = runs.sampled(np.array([0, 3, 39]))
    np.testing.assert_array_equal(few.current[5], runs.current[5, [0, 3, 39]])
    np.testing.assert_array_equal(few.elapsed[5], runs.elapsed[5, [0, 3, 39]])
