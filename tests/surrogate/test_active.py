"""Runs that are chosen: where an ensemble disagrees, by address, never twice."""

import dataclasses

import numpy as np
import pytest

import pinched as pi
from pinched._errors import PinchedError
from pinched.physics.dataset import draws
from pinched.physics.presets.zamankhani2024 import Restriction
from pinched.surrogate.active import (
    ActiveOptions,
    Disagreement,
    choose_runs,
    chosen_draws,
    disagreement,
    grow_surrogate,
    learn_actively,
)
from pinched.surrogate.architecture import Schedule
from pinched.surrogate.model import ensemble
from pinched.surrogate.residual import Direct
from pinched.surrogate.training import train_surrogate

RANGES = pi.presets.zamankhani2024_ranges(Restriction.MEMRISTIVE)
SMALL = Direct(width=24, depth=2)
PLAN = Schedule(epochs=15, batch=16, rate=4e-3, average=0.9, clip=1.0)
NONE = np.zeros(0, dtype=np.int64)


@pytest.fixture(scope="module")
def slow_half(runs):
    """An ensemble that learnt devices with slow vacancies only."""
    slow = np.argsort(runs.column("vacancy_mobility"))[:100]
    return train_surrogate(runs.take(slow), SMALL, schedule=PLAN, members=3, validation=0.0), slow


@pytest.mark.parametrize("measure", list(Disagreement))
def test_members_disagree_on_devices_that_none_of_them_saw(runs, slow_half, measure):
    net, slow = slow_half
    apart = disagreement(net, runs, measure)
    assert (apart > 0).all()
    others = np.setdiff1d(np.arange(len(runs)), slow)
    assert np.median(apart[others]) > 1.5 * np.median(apart[slow])
    # What the currents of candidates are is not looked at: they are not known.
    unknown = dataclasses.replace(runs, current=np.zeros_like(runs.current))
    np.testing.assert_array_equal(disagreement(net, unknown, measure), apart)


def test_equal_members_agree(runs, slow_half):
    net, _ = slow_half
    one = dataclasses.replace(net, networks=net.networks[:1])
    with pytest.raises(PinchedError, match="cannot disagree with itself"):
        disagreement(one, runs)
    # Nothing is believed to be surer than two thousandths of a decade.
    assert disagreement(ensemble((one, one)), runs) == pytest.approx(0.002, rel=1e-3)


def test_the_largest_power_takes_the_largest_disagreement_and_none_draws_evenly(runs, slow_half):
    net, slow = slow_half
    taken = slow[:40]
    chosen = choose_runs(net, runs, 30, taken=taken, options=ActiveOptions(power=np.inf))
    free = np.setdiff1d(np.arange(len(runs)), taken)
    best = free[np.argsort(-disagreement(net, runs.take(free)))[:30]]
    np.testing.assert_array_equal(chosen, np.sort(best))
    even = choose_runs(net, runs, 30, taken=taken, options=ActiveOptions(power=0.0))
    assert np.intersect1d(even, taken).size == 0
    assert np.unique(even).size == 30
    other = dataclasses.replace(net, networks=net.networks[::-1][:2])
    np.testing.assert_array_equal(
        choose_runs(other, runs, 30, taken=taken, options=ActiveOptions(power=0.0)), even
    )
    with pytest.raises(PinchedError, match="201 candidates are wanted, 200 of the 240"):
        choose_runs(net, runs, 201, taken=taken)


def test_a_draw_belongs_to_the_address_of_its_candidate(runs, slow_half):
    net, _ = slow_half
    first = choose_runs(net, runs, 20, taken=np.array([0, 1]), seed=3)
    np.testing.assert_array_equal(choose_runs(net, runs, 20, taken=np.array([1, 0]), seed=3), first)
    assert not np.array_equal(choose_runs(net, runs, 20, taken=np.array([0, 1]), seed=4), first)
    # Another candidate out of the pool leaves the others their draws: at most the next in line joins them.
    away = choose_runs(net, runs, 20, taken=np.array([0, int(first[5])]), seed=3)
    assert np.intersect1d(np.delete(first, 5), away).size >= 18


def test_chosen_draws_are_drawn_again_one_by_one():
    values = draws(RANGES, 60, 5)
    at = np.array([3, 17, 18, 44])
    some = chosen_draws(RANGES, values[at])
    np.testing.assert_array_equal(draws(some, 4, 5), values[at])
    assert some.restriction != chosen_draws(RANGES, values[at[:3]]).restriction


def test_rounds_add_what_was_chosen_and_are_gone_on_with(runs, tmp_path):
    asked = []

    def oracle(at):
        asked.append(at)
        return runs.take(at)

    options = ActiveOptions(start=40, rounds=(20, 30), members=2)
    plan = dataclasses.replace(PLAN, epochs=4)
    found = learn_actively(runs, oracle, SMALL, options=options, schedule=plan, checkpoint=tmp_path)
    assert [len(r.runs) for r in found] == [40, 60, 90]
    assert [r.surrogate.runs for r in found] == [40, 60, 90]
    every = np.concatenate(asked)
    assert np.unique(every).size == every.size == 90
    np.testing.assert_array_equal(runs.take(every).parameters, found[-1].runs.parameters)
    again = learn_actively(runs, runs.take, SMALL, options=options, schedule=plan, checkpoint=tmp_path)
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one.chosen, other.chosen)
        assert other.surrogate.train_seconds < 0.5 * one.surrogate.train_seconds + 0.05
    with pytest.raises(PinchedError, match="need more than 50 candidates"):
        learn_actively(runs.take(np.arange(50)), oracle, SMALL, options=options)
    with pytest.raises(PinchedError, match="can disagree at 2"):
        ActiveOptions(members=1)


@pytest.mark.slow
def test_growing_with_the_engine_goes_on_where_it_stopped(tmp_path):
    options = ActiveOptions(start=24, rounds=(8,), members=2)
    plan = Schedule(epochs=4, batch=8)

    def once():
        return grow_surrogate(
            RANGES, SMALL, out=tmp_path, candidates=64, options=options, schedule=plan, samples=20, validation=0.0,
            seed=1, workers=1,
        )  # fmt: skip

    first = once()
    stamp = (tmp_path / "round_1.zarr" / "zarr.json").stat().st_mtime_ns
    again = once()
    assert (tmp_path / "round_1.zarr" / "zarr.json").stat().st_mtime_ns == stamp
    np.testing.assert_array_equal(first[-1].runs.current, again[-1].runs.current)
    # The runs are those that a store of all candidates would hold at the chosen addresses.
    values = draws(RANGES, 64, 1)[np.sort(first[1].chosen)]
    rows = np.stack([first[-1].runs.column(name)[-8:] for name in RANGES.names], axis=1)
    kept = {row.tobytes() for row in np.ascontiguousarray(rows)}
    assert len(kept) >= 7
    assert {row.tobytes() for row in np.ascontiguousarray(values)} >= kept
    with pytest.raises(PinchedError, match="something else"):
        grow_surrogate(
            RANGES, SMALL, out=tmp_path, candidates=64, options=options, schedule=plan, samples=20, validation=0.0,
            seed=2, workers=1,
        )  # fmt: skip
