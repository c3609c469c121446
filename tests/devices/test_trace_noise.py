"""Noise on finished traces: deviations, dwell times found again at any sampling, spectra, addresses."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
import pytest
from scipy import signal

from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.data.waveforms import triangle
from pinched.devices.drive import drive
from pinched.devices.laws.vteam import Vteam
from pinched.devices.trace_noise import (
    FlickerNoise,
    ReadNoise,
    TelegraphNoise,
    noisy,
    noisy_current,
    noisy_currents,
)
from pinched.extraction.noise import extract_telegraph


def test_read_noise_has_its_two_parts():
    time, zero, unit = np.arange(20_000.0), np.zeros(20_000), np.full(20_000, 1e-3)
    noise = [ReadNoise(relative=0.02, floor=1e-6)]
    slack = 4.0 * math.sqrt(0.5 / 20_000)
    assert noisy_current(time, zero, noise, device=0).std() == pytest.approx(1e-6, rel=slack)
    both = noisy_current(time, unit, noise, device=0) - unit
    assert both.std() == pytest.approx(math.hypot(2e-5, 1e-6), rel=slack)
    assert abs(np.corrcoef(both[1:], both[:-1])[0, 1]) < 4.0 / math.sqrt(20_000)


@pytest.mark.parametrize(("capture", "emission"), [(0.5, 0.5), (0.9, 0.2)])
def test_dwell_times_are_recovered(capture, emission):
    trap = TelegraphNoise(amplitude=0.1, capture_time=capture, emission_time=emission)
    time = np.arange(0.0, 1500.0, 2e-3)
    filled = trap.filled(time, np.random.default_rng(1))
    stays = [(state, len(list(run)) * 2e-3) for state, run in groupby(filled.tolist())][1:-1]
    for state, expected in ((False, capture), (True, emission)):
        lengths = np.array([length for s, length in stays if s is state])
        # Exponential stays: the error of their mean is its size over the root of their number.
        assert lengths.mean() == pytest.approx(expected, rel=4.0 / math.sqrt(lengths.size) + 5e-3)
        assert lengths.std() == pytest.approx(expected, rel=8.0 / math.sqrt(lengths.size) + 5e-3)
    share = emission / (capture + emission)
    patches = 1500.0 / (2.0 * capture * emission / (capture + emission))
    assert filled.mean() == pytest.approx(share, abs=4.0 * math.sqrt(share * (1 - share) / patches))


def test_uneven_and_coarse_sampling_change_nothing():
    """Two reads a time t apart are equal with the probability of a two-state chain, however many lie between."""
    trap = TelegraphNoise(amplitude=0.1, capture_time=0.4, emission_time=0.6)
    rate, share = 1.0 / 0.4 + 1.0 / 0.6, 0.6
    rng = np.random.default_rng(2)
    for step in (0.05, 0.3):
        time = np.sort(np.concatenate([np.arange(0.0, 8000 * step, step), rng.random(4000) * 8000 * step]))
        filled = trap.filled(time, np.random.default_rng(3))
        even = filled[np.searchsorted(time, np.arange(0.0, 8000 * step, step))].astype(float)
        found = float(((even[1:] - share) * (even[:-1] - share)).mean()) / (share * (1 - share))
        assert found == pytest.approx(math.exp(-rate * step), abs=4.0 * math.sqrt(1.0 / 2000))


def test_extraction_finds_the_trap():
    pytest.importorskip("hmmlearn")
    time = np.arange(0.0, 60.0, 0.02)
    clean = np.full(time.size, 1e-6)
    trace = noisy_current(
        time,
        clean,
        [TelegraphNoise(amplitude=0.1, capture_time=0.8, emission_time=0.4), ReadNoise(relative=0.01)],
        device="cell",
        seed=6,
    )
    found = extract_telegraph(trace, 0.02)
    assert len(found.levels) == 2
    assert found.amplitude == pytest.approx(1e-7, rel=0.05)
    for level, dwell in zip(found.levels, (0.4, 0.8), strict=True):
        assert level.dwell == pytest.approx(dwell, rel=4.0 / math.sqrt(level.visits))


@pytest.mark.parametrize("exponent", [0.7, 1.0, 1.4])
def test_flicker_noise_has_its_spectrum(exponent):
    noise = FlickerNoise(power=1e-4, exponent=exponent, f_low=0.1, f_high=30.0)
    time = np.arange(0.0, 400.0, 1.0 / 1000.0)
    added = noise.added(time, np.ones(time.size), np.random.default_rng(4))
    f, density = signal.welch(added, fs=1000.0, nperseg=40_000)
    for low, high in ((0.3, 1.0), (3.0, 10.0), (10.0, 25.0)):
        band = (f > low) & (f < high)
        ratio = float((density[band] * f[band] ** exponent).mean()) / 1e-4
        # Nineteen half overlapping segments, times the lines of the band.
        assert ratio == pytest.approx(1.0, rel=0.03 + 4.0 / math.sqrt(12 * band.sum()))


@pytest.mark.parametrize("exponent", [0.2, 0.6, 1.0, 1.5, 1.8])
def test_relaxations_add_up_to_a_power_law(exponent):
    noise = FlickerNoise(power=1e-4, exponent=exponent, f_low=1e-2, f_high=1e2)
    tau, variance = noise.relaxations()
    f = np.geomspace(1e-2, 1e2, 300)
    density = (4.0 * variance * tau / (1.0 + (2.0 * np.pi * f[:, None] * tau) ** 2)).sum(axis=1)
    np.testing.assert_allclose(density * f**exponent, 1e-4, rtol=0.04)
    assert (variance >= 0).all()


def test_noise_has_the_address_of_the_device():
    time, current = np.linspace(0.0, 1.0, 50), np.tile(np.linspace(1e-6, 2e-6, 50), (6, 1))
    noises = [ReadNoise(relative=0.1), TelegraphNoise(), FlickerNoise(f_low=1.0, f_high=20.0)]
    all_devices = noisy_currents(time, current, noises, seed=1)
    np.testing.assert_array_equal(noisy_currents(time, current[:2], noises, seed=1), all_devices[:2])
    assert not np.array_equal(all_devices[0], all_devices[1])
    assert not np.array_equal(noisy_currents(time, current, noises, seed=2), all_devices)


def test_a_noisy_sweep_says_so_and_leaves_the_first_alone():
    sweep = drive(Vteam(), triangle("1 V", period="1 ms"), points=100)
    assert isinstance(sweep, IVSweep)
    before = sweep.current.copy()
    found = noisy(sweep, [ReadNoise(relative=0.05)], seed=1)
    assert "Vteam" in found.provenance.simulated_by
    assert "ReadNoise" in found.provenance.simulated_by
    np.testing.assert_array_equal(sweep.current, before)
    np.testing.assert_array_equal(found.voltage, sweep.voltage)
    assert (found.current[before != 0] != before[before != 0]).all()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: ReadNoise(relative=-0.1), "relative"),
        (lambda: TelegraphNoise(amplitude=1.5), "amplitude"),
        (lambda: TelegraphNoise(capture_time=0.0), "capture_time"),
        (lambda: FlickerNoise(exponent=2.5), "exponent"),
        (lambda: FlickerNoise(f_low=10.0, f_high=1.0), "f_low"),
        (lambda: noisy(IVSweep(voltage=np.ones(3), current=np.ones(3)), [ReadNoise()]), "no times"),
        (lambda: noisy_current(np.array([1.0, 0.0]), np.ones(2), [ReadNoise()], device=0), "backwards"),
    ],
)
def test_bad_input_names_its_cure(make, reason):
    with pytest.raises(PinchedError, match=reason):
        make()
