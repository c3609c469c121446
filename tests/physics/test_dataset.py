"""Data sets of drawn devices: draws by address, whole runs, failures that stay."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("zarr")

from pinched._errors import PinchedError
from pinched.physics.accuracy import Accuracy
from pinched.physics.dataset import Gates, draws, simulate_dataset
from pinched.physics.presets import zamankhani2024_ranges
from pinched.physics.presets.zamankhani2024 import Restriction
from pinched.physics.solve import solve
from pinched.physics.store import Status, open_runs, origin_of
from pinched.physics.summary import describe_dataset

RANGES = zamankhani2024_ranges()


@pytest.mark.parametrize("restriction", list(Restriction))
def test_draws_do_not_depend_on_how_many_there_are(restriction):
    ranges = zamankhani2024_ranges(restriction)
    many = draws(ranges, 90, 3)
    np.testing.assert_array_equal(draws(ranges, 7, 3), many[:7])
    assert (draws(ranges, 7, 4) != many[:7]).any()


@pytest.mark.parametrize("restriction", list(Restriction))
def test_draws_lie_in_their_ranges_and_keep_their_restriction(restriction):
    ranges = zamankhani2024_ranges(restriction)
    values = draws(ranges, 200, 0)
    v = dict(zip(ranges.names, values.T, strict=True))
    for item in ranges.parameters:
        assert (v[item.name] >= item.low).all()
        assert (v[item.name] <= item.high).all()
    highest = np.maximum(v["barrier_left"], v["barrier_right"])
    resolved = (highest < v["vacancy_level"]) & (v["vacancy_level"] < v["band_gap"])
    assert resolved.all() == (restriction is not Restriction.NONE)
    if restriction is Restriction.MEMRISTIVE:
        reach = np.log10(v["vacancy_mobility"] * v["period"] * v["amplitude"] / v["length"] ** 2)
        assert (v["vacancy_level"] - highest < 0.2).all()
        assert ((reach > -2.5) & (reach < 4.0)).all()


def test_plain_draws_fill_their_box_evenly():
    # A Sobol sequence leaves no tenth of any range empty or crowded, in the logarithm where that is drawn.
    ranges = zamankhani2024_ranges(Restriction.NONE)
    values = draws(ranges, 1024, 1)
    for k, item in enumerate(ranges.parameters):
        x = values[:, k]
        if item.logarithmic:
            share = np.log(x / item.low) / np.log(item.high / item.low)
        else:
            share = (x - item.low) / (item.high - item.low)
        counts, _ = np.histogram(share, bins=10, range=(0.0, 1.0))
        assert (np.abs(counts - 102.4) < 6).all()


def test_ranges_that_accept_nothing_are_refused():
    nothing = dataclasses.replace(
        RANGES, accepts=lambda columns: np.zeros(columns["length"].size, dtype=bool)
    )
    with pytest.raises(PinchedError, match="draws were accepted"):
        draws(nothing, 1, 0)
    with pytest.raises(PinchedError, match="n is 0"):
        draws(RANGES, 0, 0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "runs.zarr"
    return path, simulate_dataset(RANGES, n=6, seed=0, out=path, samples=40, workers=2)


def test_a_run_of_the_store_is_the_run_of_the_solver(store):
    _, runs = store
    for k in (0, 5):
        values = np.array([float(runs[name][k]) for name in RANGES.names])
        device, wave = RANGES.device(values)
        one = solve(device, wave, accuracy=Accuracy.fast)
        at = wave.duration * (np.arange(40) + 0.5) / 40
        np.testing.assert_array_equal(runs.elapsed[k].values, at)
        np.testing.assert_array_equal(runs.current[k].values, np.interp(at, one.time, one.current))
        np.testing.assert_allclose(runs.voltage[k].values, wave.at(at))
        assert int(runs.steps[k]) == one.quality.steps


def test_more_runs_are_added_and_the_old_ones_stay(store):
    path, runs = store
    before = runs.current.values.copy()
    grown = simulate_dataset(RANGES, n=8, seed=0, out=path, samples=40, workers=1, resume=True)
    assert grown.sizes["run"] == 8
    np.testing.assert_array_equal(grown.current.values[:6], before)
    assert (grown.status.values == Status.KEPT).all()
    with pytest.raises(PinchedError, match="was made from something else"):
        simulate_dataset(RANGES, n=8, seed=1, out=path, samples=40, resume=True)
    with pytest.raises(PinchedError, match="--resume"):
        simulate_dataset(RANGES, n=8, seed=0, out=path, samples=40)


def test_what_a_store_was_made_from_is_in_it(store):
    _, runs = store
    origin = origin_of(runs)
    assert origin["seed"] == 0
    assert origin["parameters"]["vacancy_mobility"] == [1e-18, 1e-8, "log"]
    assert origin["accuracy"]["first_cell"] == Accuracy.fast.first_cell
    assert runs.barrier_left.attrs["units"] == "eV"


def test_failed_runs_stay_with_their_reason(tmp_path):
    hurried = dataclasses.replace(Accuracy.fast, max_steps=40)
    runs = simulate_dataset(RANGES, n=3, seed=0, out=tmp_path / "r.zarr", samples=40, accuracy=hurried)
    assert (runs.status.values == Status.FAILED).all()
    assert "max_steps (40)" in str(runs.reason.values[0])
    reached = runs.reached.values
    assert (reached > 0).all()
    # What was computed is there, and nothing after it.
    for k in range(3):
        known = np.isfinite(runs.current.values[k])
        np.testing.assert_array_equal(known, runs.elapsed.values[k] <= reached[k])
    summary = describe_dataset(runs)
    assert (summary.failed, summary.kept) == (3, 0)
    assert list(summary.reasons.values()) == [3]


def test_rejected_runs_stay_with_their_reason(tmp_path):
    strict = Gates(mismatch=1e-300, balance=1e-300, counted_above=0.0)
    runs = simulate_dataset(RANGES, n=2, seed=0, out=tmp_path / "r.zarr", samples=40, gates=strict)
    assert (runs.status.values == Status.REJECTED).all()
    assert "contacts' currents differ" in str(runs.reason.values[0])
    assert np.isfinite(runs.current.values).all()


def test_bad_options_are_refused(tmp_path):
    with pytest.raises(PinchedError, match="samples is 1"):
        simulate_dataset(RANGES, n=1, out=tmp_path / "r.zarr", samples=1)
    with pytest.raises(PinchedError, match="workers is 0"):
        simulate_dataset(RANGES, n=1, out=tmp_path / "s.zarr", workers=0)
    with pytest.raises(PinchedError, match="mismatch 0"):
        Gates(mismatch=0.0)


@pytest.mark.slow
def test_killed_and_resumed_it_is_as_if_it_had_run_through(tmp_path):
    command = [sys.executable, "-m", "pinched", "dataset", "simulate", "--n", "160", "--samples", "40"]
    whole, cut = tmp_path / "whole.zarr", tmp_path / "cut.zarr"
    subprocess.run([*command, "--out", str(whole)], check=True, capture_output=True)
    with subprocess.Popen(
        [*command, "--out", str(cut)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            if (cut / "status" / "c").is_dir():
                break
            time.sleep(0.05)
        os.kill(running.pid, signal.SIGKILL)
    kept = (open_runs(cut).status.values != Status.OPEN).sum()
    assert 0 < kept < 160
    subprocess.run([*command, "--out", str(cut), "--resume"], check=True, capture_output=True)
    a, b = open_runs(whole), open_runs(cut)
    for name in a.variables:
        np.testing.assert_array_equal(a[name].values, b[name].values)


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_runs(store, tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        runs = simulate_dataset(
            RANGES, n=6, seed=0, out=tmp_path / "r.zarr", samples=40, scheduler=cluster.scheduler_address
        )
        np.testing.assert_array_equal(runs.current.values, store[1].current.values[:6])


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path):
    pytest.importorskip("distributed")
    with pytest.raises(PinchedError, match="no Dask scheduler answers at tcp://127"):
        simulate_dataset(RANGES, n=1, out=tmp_path / "r.zarr", scheduler="tcp://127.0.0.1:9")
