"""Plateaus: found where they are, not found where they are not, whatever the laboratory adds."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.constants import G_0
from pinched.data.sweep import IVSweep
from pinched.data.traces import PulseTrace, Retention
from pinched.data.waveforms import triangle
from pinched.devices.filament import FilamentCircuit, pulse_filaments, sweep_filaments
from pinched.devices.presets import roy2025
from pinched.extraction.calibration.plateaus import (
    NOISES,
    flicker,
    matched,
    score_plateaus,
    score_smooth,
    smooth_curves,
    staircase,
)
from pinched.extraction.plateau_records import (
    Kind,
    Process,
    extract_quantum,
    plateaus_of_pulses,
    plateaus_of_retention,
    plateaus_of_sweep,
)
from pinched.extraction.plateaus import find_plateaus


@pytest.mark.parametrize("swept", [False, True])
def test_known_levels_are_recovered(swept):
    one = score_plateaus(NOISES[2], records=3, swept=swept)
    assert one.plateaus > 40
    assert one.share >= 0.95
    assert one.invented <= 0.02 * one.reported
    # Levels behind up to 200 ohm that nobody stated.
    assert one.named >= 0.95 * one.found


@pytest.mark.parametrize("name", smooth_curves())
def test_smooth_curves_have_no_steps(name):
    assert score_smooth(name, curves=6).stepped == 0


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES, ids=str)
@pytest.mark.parametrize("swept", [False, True])
def test_at_least_95_of_100_plateaus_are_recovered(noise, swept):
    one = score_plateaus(noise, records=60, swept=swept)
    assert one.share >= 0.95, one


@pytest.mark.slow
def test_fewer_than_2_of_100_smooth_curves_are_called_stepped():
    found = [score_smooth(name, curves=150) for name in smooth_curves()]
    assert sum(one.stepped for one in found) < 0.02 * sum(one.curves for one in found), found


def test_the_verdict_does_not_depend_on_the_unit_of_the_noise():
    truth = staircase(generator(0, "unit"), NOISES[1], samples=120)
    one = find_plateaus(truth.conductance)
    again = find_plateaus(truth.conductance, noise_size=np.full(120, 17.0))
    assert [p.start for p in one.plateaus] == [p.start for p in again.plateaus]


def steps(levels, lengths, sigma=0.02, seed=0):
    g = np.repeat(np.array(levels, dtype=float), lengths) * G_0
    return g + sigma * G_0 * np.random.default_rng(seed).normal(size=g.size)


def test_missing_reads_are_left_out_and_counted():
    g = steps([1, 2, 4, 3], 20)
    g[[5, 6, 33, 61]] = np.nan
    found = find_plateaus(g)
    assert found.missing == 4
    assert found.levels / G_0 == pytest.approx([1, 2, 4, 3], abs=0.02)
    assert [step.at for step in found.steps] == [20, 40, 60]
    assert [p.samples for p in found.plateaus] == [18, 19, 20, 19]


def test_a_spike_does_not_end_a_plateau():
    g = steps([1, 2, 4], 20)
    g[[9, 30]] += np.array([3.0, -1.5]) * G_0
    found = find_plateaus(g)
    assert found.levels / G_0 == pytest.approx([1, 2, 4], abs=0.02)


def test_telegraph_noise_is_one_plateau_with_two_levels():
    rng = np.random.default_rng(3)
    g = steps([1, 3, 5], 60)
    g[60:120] += 0.3 * G_0 * (np.arange(60) // 3 % 2)
    found = find_plateaus(g + 0.0 * rng.normal(size=180))
    assert len(found) == 3
    assert found.levels[0] / G_0 == pytest.approx(1, abs=0.02)
    middle = found.plateaus[1]
    assert abs(middle.telegraph) / G_0 == pytest.approx(0.3, abs=0.05)
    assert min(abs(middle.conductance / G_0 - x) for x in (3.0, 3.3)) < 0.05


def test_a_plateau_that_drifts_is_one_plateau():
    g = steps([2, 4, 6], 40)
    g[40:80] += np.linspace(0, 0.2, 40) * G_0
    found = find_plateaus(g)
    assert len(found) == 3
    assert found.plateaus[1].drift / G_0 == pytest.approx(0.2, abs=0.06)


def test_slow_noise_is_no_staircase():
    called = sum(
        len(find_plateaus(5.0 * G_0 + 0.4 * G_0 * flicker(generator(k, "flicker"), 200))) > 0
        for k in range(12)
    )
    assert called == 0


def test_a_nanosiemens_device_has_no_channels_to_count():
    rng = np.random.default_rng(0)
    g = np.repeat([1e-9, 2e-9, 3e-9], 30) * (1 + 0.01 * rng.normal(size=90))
    found = find_plateaus(g)
    assert len(found) == 0
    assert "no steps" in found.text


def test_bad_records_are_refused():
    with pytest.raises(PinchedError, match="at least 12"):
        find_plateaus(np.ones(5))
    with pytest.raises(PinchedError, match="Measure the missing reads"):
        find_plateaus(np.where(np.arange(40) % 3 == 0, 1.0, np.nan))
    with pytest.raises(PinchedError, match="neither noise nor steps"):
        find_plateaus(np.ones(40))


@pytest.fixture(scope="module")
def chip():
    """A sweep and a pulse train of the simulated filament behind 80 ohm."""
    circuit = FilamentCircuit(
        compliance_set=5e-3, series_resistance=80.0, noise_current=1e-7, noise_relative=0.002
    )
    wave = triangle(2.2, period=2.0, negative=-2.2)
    sweep = sweep_filaments(roy2025(), wave, points=1600, circuit=circuit, seed=3, name="chip")[0]
    trace = pulse_filaments(
        roy2025(), (2.0,) * 8, width=20e-3, circuit=circuit, seed=3, name="chip", channels=2
    )[0]
    return sweep, trace


def test_a_simulated_device_gives_its_levels_and_its_series_resistance(chip):
    quantum = extract_quantum(plateaus_of_sweep(chip[0]))
    assert quantum.supported
    assert {r.process for r in quantum.records if len(r.found)} == set(Process)
    levels = quantum.levels
    assert levels.quantized
    assert len(levels) >= 15
    # Leakage of 0.013 G_0 and a scatter of 0.03 G_0 are in the levels: that much of 80 ohm is lost.
    assert levels.series_resistance == pytest.approx(80.0, abs=4.0)
    assert np.abs(levels.value - levels.nearest).max() < 0.2


def test_what_the_source_limits_is_no_plateau():
    v = np.concatenate([np.linspace(0, 2, 101), np.linspace(1.98, 0, 100)])
    lrs = 20.0 * G_0
    up = np.where(np.arange(201) < 50, 0.02 * G_0, lrs) * v
    sweep = IVSweep(
        voltage=v, current=np.minimum(up * (1 + 1e-4 * np.random.default_rng(0).normal(size=201)), 1e-3),
        compliance_current=1e-3,
    )  # fmt: skip
    # On the way out the limit holds from SET on: I / V falls there, and nothing of it is a conductance.
    out = plateaus_of_sweep(sweep)[0]
    assert np.nanmax(out.found.conductance) < 0.1 * G_0
    assert not extract_quantum(plateaus_of_sweep(sweep)).supported


def test_kinds_of_records(chip):
    pulses = plateaus_of_pulses(
        PulseTrace(conductance=steps([1, 2, 3, 5], 10), device="P", compliance_current=1e-3)
    )
    assert pulses.kind is Kind.PULSES
    assert pulses.process is Process.SET
    assert len(pulses.found) == 4
    kept = plateaus_of_retention(Retention(time=2.0 * np.arange(60), resistance=1 / steps([6, 4, 3], 20)))
    assert kept.kind is Kind.TIME
    assert kept.process is Process.RESET
    assert len(kept.found) == 3
    with pytest.raises(PinchedError, match="2 devices"):
        extract_quantum([pulses, kept])
    with pytest.raises(PinchedError, match="at least 12"):
        plateaus_of_pulses(chip[1])


def test_matching_counts_halves():
    truth = staircase(generator(1, "match"), NOISES[0], samples=100)
    found = find_plateaus(truth.conductance)
    match = matched(truth, found)
    assert (match >= 0).sum() == len(found)
