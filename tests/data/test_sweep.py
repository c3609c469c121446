"""The hub type and the waveforms."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.data.read import read_sweeps
from pinched.data.stated import stated_settings
from pinched.data.sweep import IVSweep, Provenance
from pinched.data.waveforms import Waveform, pulse_train, staircase, triangle


def test_a_sweep_cannot_be_changed_behind_your_back():
    sweep = IVSweep(voltage=np.arange(3.0), current=np.arange(3.0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        sweep.device = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        sweep.voltage[0] = 1.0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"voltage": np.array([1.0]), "current": np.array([1.0])}, "at least 2"),
        ({"voltage": np.array([0.0, np.nan]), "current": np.zeros(2)}, "not finite"),
        ({"voltage": np.zeros(2), "current": np.zeros(2), "compliance_current": -1.0}, "compliance"),
    ],
)
def test_impossible_sweeps_are_refused(fields, reason):
    with pytest.raises(PinchedError, match=reason):
        IVSweep(**fields)


def test_unequal_lengths_are_refused():
    # The shape checker of the tests sees it first; without it the record refuses on its own.
    with pytest.raises(Exception, match=r"sample|equal"):
        IVSweep(voltage=np.arange(3.0), current=np.arange(4.0))


def test_flipping_twice_changes_nothing():
    sweep = IVSweep(voltage=np.array([0.0, 1.0, -1.0]), current=np.array([0.0, 2.0, -1.0]))
    again = sweep.flipped().flipped()
    np.testing.assert_array_equal(again.voltage, sweep.voltage)
    np.testing.assert_array_equal(again.current, sweep.current)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.integers(1, 5), st.integers(2, 300))
def test_triangles_hit_their_corners(up, down, cycles, points):
    wave = triangle(up, period=2.0, negative=-down, cycles=cycles)
    time, voltage = wave.sample(points)
    assert wave.duration == pytest.approx(2.0 * cycles)
    assert voltage.max() == up
    assert voltage.min() == -down
    assert (np.diff(time) >= 0).all()
    # One slope everywhere: (up + down) twice per period.
    moving = np.diff(time) > 1e-6
    np.testing.assert_allclose(np.abs(np.diff(voltage)[moving] / np.diff(time)[moving]), up + down, rtol=1e-4)


def test_symmetric_triangle_in_text_units():
    wave = triangle("12 V", period="9.6 s")
    np.testing.assert_allclose(wave.time, [0, 2.4, 4.8, 7.2, 9.6])
    np.testing.assert_allclose(wave.voltage, [0, 12, 0, -12, 0])


def test_pulse_trains_hold_their_levels():
    wave = pulse_train("2 V", width="20 ms", gap="80 ms", count=3, base="0.1 V")
    assert wave.duration == pytest.approx(3 * 0.1 + 0.08)
    high = wave.at(np.array([0.081, 0.099, 0.181]))
    np.testing.assert_allclose(high, 2.0)
    np.testing.assert_allclose(wave.at(np.array([0.0, 0.05, 0.15, 0.379])), 0.1)


def test_staircases_hold_each_step():
    wave = staircase([0.0, 0.5, 1.0], dwell="1 s")
    np.testing.assert_allclose(wave.at(np.array([0.5, 1.5, 2.5])), [0.0, 0.5, 1.0])


def test_bad_waveforms_are_refused():
    with pytest.raises(PinchedError, match="period"):
        triangle("1 V", period="0 s")
    with pytest.raises(PinchedError, match="backwards"):
        Waveform(time=np.array([1.0, 0.0]), voltage=np.zeros(2))


@pytest.mark.parametrize("time", [None, np.linspace(0, 1, 40)])
def test_text_and_back(tmp_path, time):
    voltage = np.concatenate([np.linspace(0, 1, 20), np.linspace(0.95, -0.2, 20)])
    sweep = IVSweep(
        voltage=voltage,
        current=1e-6 * np.sinh(voltage),
        time=time,
        compliance_current=1e-4,
        provenance=Provenance(simulated_by="a formula"),
    )
    (tmp_path / "sweep.csv").write_text(sweep.to_csv(), encoding="utf-8")
    (back,) = read_sweeps(tmp_path / "sweep.csv")
    np.testing.assert_array_equal(back.voltage, sweep.voltage)
    np.testing.assert_array_equal(back.current, sweep.current)
    assert (back.time is None) == (time is None)
    assert back.compliance_current == 1e-4
    assert back.provenance.simulated_by == "a formula"


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("# Compliance: 100 uA", 1e-4),
        ("Current limit (mA), 5", 5e-3),
        ("I_comp = 1e-3", 1e-3),
        ("Compliance: 5 V", None),
        ("Comment: compliance was high", None),
    ],
)
def test_compliance_in_the_lines_above_a_table(line, limit):
    found = stated_settings([line]).compliance_current
    assert found == (None if limit is None else pytest.approx(limit))


def test_a_jump_at_the_first_corner_has_not_happened_before_it():
    step = Waveform(time=np.array([1.0, 1.0, 2.0, 2.0]), voltage=np.array([0.0, 3.0, 3.0, 0.5]))
    np.testing.assert_allclose(step.at(np.array([0.0, 1.0, 1.5, 2.0, 9.0])), [0.0, 3.0, 3.0, 0.5, 0.5])
