"""Waveforms that are drawn for data sets: their shapes, their moments, addresses, what a store keeps."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.data.waveforms import Waveform, triangle
from pinched.physics.accuracy import Accuracy
from pinched.physics.dataset import simulate_dataset
from pinched.physics.drawn_waveforms import (
    FEWEST,
    KINDS,
    Waveforms,
    drawn_moments,
    drawn_waveform,
    kind_of,
)
from pinched.physics.presets.zamankhani2024 import zamankhani2024_ranges
from pinched.physics.solve import solve
from pinched.physics.store import Status, origin_of
from pinched.surrogate.runs import load_runs

PLAIN = triangle(8.0, period=4.0)
RANGES = zamankhani2024_ranges()


def some(kind, count=150, samples=FEWEST):
    for k in range(count):
        rng = generator(3, "waveform", k)
        wave = drawn_waveform(kind, PLAIN, rng)
        yield wave, drawn_moments(wave, samples, rng)


@pytest.mark.parametrize("kind", KINDS)
def test_waveforms_keep_amplitude_and_duration_and_rest_at_their_ends(kind):
    first = []
    for wave, _ in some(kind):
        assert wave.duration == pytest.approx(4.0)
        assert np.abs(wave.voltage).max() == pytest.approx(8.0)
        assert (wave.voltage[0], wave.voltage[-1]) == (0.0, 0.0)
        assert (np.diff(wave.time) > 0).all()
        first.append(wave.voltage[1] > 0)
    # Either polarity comes first, about as often.
    assert 0.35 < np.mean(first) < 0.65


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("samples", [FEWEST, 200])
def test_moments_lie_on_corners_and_never_at_zero(kind, samples):
    ratios = []
    for wave, at in some(kind, samples=samples):
        steps = np.diff(at, prepend=0.0)
        assert at.size == samples
        assert (steps > 0).all()
        assert at[-1] < wave.duration
        assert np.abs(wave.at(at)).min() > 0.0
        corners = wave.time[wave.voltage != 0.0]
        assert np.abs(at[:, None] - corners).min(axis=0).max() < 1e-12
        ratios.append(steps.max() / steps.min())
    assert np.median(ratios) > 10.0


def test_kinds_are_what_they_say():
    def extremes(wave):
        return int((np.diff(np.sign(np.diff(wave.voltage))) != 0).sum())

    assert {extremes(w) for w, _ in some(Waveforms.CYCLES)} == {4, 6, 8, 10}
    peaks = np.array([[w.voltage.max(), w.voltage.min()] for w, _ in some(Waveforms.UNEQUAL)])
    assert (np.abs(peaks.sum(axis=1)) > 1.0).mean() > 0.6
    still = [int((np.diff(w.voltage) == 0).sum()) for w, _ in some(Waveforms.HOLDS)]
    assert set(still) == {1, 2, 3, 4}
    flat = [int((np.diff(w.voltage) == 0).sum()) for w, _ in some(Waveforms.PULSES)]
    assert set(flat) == set(range(5, 19, 2))
    # Plateaus of pulses and of what is between them alternate.
    drawn = [kind_of(Waveforms.MIXED, generator(0, "waveform", k)) for k in range(400)]
    assert all(70 < drawn.count(kind) < 130 for kind in KINDS)
    assert kind_of(Waveforms.HOLDS, generator(0)) is Waveforms.HOLDS


def test_what_cannot_be_drawn_is_refused(tmp_path):
    with pytest.raises(PinchedError, match="MIXED is not drawn"):
        drawn_waveform(Waveforms.MIXED, PLAIN, generator(0))
    with pytest.raises(PinchedError, match="too few"):
        drawn_moments(drawn_waveform(Waveforms.CYCLES, PLAIN, generator(0)), 10, generator(0))
    with pytest.raises(PinchedError, match="at least 120"):
        simulate_dataset(RANGES, n=1, out=tmp_path / "r.zarr", samples=100, waveforms=Waveforms.PULSES)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    pytest.importorskip("zarr")
    path = tmp_path_factory.mktemp("runs") / "runs.zarr"
    return path, simulate_dataset(
        RANGES, n=2, seed=5, out=path, samples=FEWEST, waveforms=Waveforms.MIXED, workers=1
    )


def test_a_run_of_the_store_is_the_run_of_the_solver(store):
    _, runs = store
    for k in (0, 1):
        device, plain = RANGES.device(np.array([float(runs[name][k]) for name in RANGES.names]))
        rng = generator(5, "waveform", k)
        kind = kind_of(Waveforms.MIXED, rng)
        wave = drawn_waveform(kind, plain, rng)
        at = drawn_moments(wave, FEWEST, rng)
        one = solve(device, wave, accuracy=Accuracy.fast)
        assert one.time is not None
        np.testing.assert_array_equal(runs.elapsed[k].values, at)
        np.testing.assert_array_equal(runs.current[k].values, np.interp(at, one.time, one.current))
        assert KINDS[int(runs.waveform[k])] is kind
        assert runs.waveform.attrs["flag_meanings"].split()[int(runs.waveform[k])] == kind.name.lower()
    assert origin_of(runs)["waveforms"] == "mixed"
    assert (runs.status.values == Status.KEPT).all()


def test_more_runs_are_added_and_other_waveforms_are_not(store):
    path, runs = store
    before = runs.current.values.copy()
    more = {"seed": 5, "out": path, "samples": FEWEST, "workers": 1, "resume": True}
    grown = simulate_dataset(RANGES, n=3, waveforms=Waveforms.MIXED, **more)
    np.testing.assert_array_equal(grown.current.values[:2], before)
    with pytest.raises(PinchedError, match="waveforms: 'mixed' there, 'pulses' now"):
        simulate_dataset(RANGES, n=3, waveforms=Waveforms.PULSES, **more)
    with pytest.raises(PinchedError, match="waveforms: 'mixed' there, None now"):
        simulate_dataset(RANGES, n=3, **more)


def test_runs_come_with_times_of_their_own(store):
    loaded = load_runs(store[0])
    assert loaded.elapsed.shape[1] == FEWEST
    phase = loaded.elapsed / loaded.column("period")[:, None]
    assert np.abs(phase[0] - phase[1]).max() > 1e-3
    # What states the drive is what the waveform has: its largest voltage and its duration.
    assert (np.abs(loaded.voltage).max(axis=1) <= loaded.column("amplitude") * (1 + 1e-12)).all()
    assert (np.abs(loaded.voltage).max(axis=1) > 0.7 * loaded.column("amplitude")).all()


@pytest.mark.parametrize("count", [1, 7, 200])
def test_middles_weigh_equal_parts(count):
    """The midpoint rule: exact for a straight line over the whole waveform, and symmetric about its middle."""
    wave = Waveform(time=np.array([0.5, 3.5]), voltage=np.array([-1.0, 2.0]))
    at = wave.middles(count)
    assert at.size == count
    np.testing.assert_allclose(at + at[::-1], 4.0)
    assert wave.at(at).mean() == pytest.approx(0.5)
