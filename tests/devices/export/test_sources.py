"""Waveforms as piecewise linear sources."""

import re

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, pulse_train, staircase, triangle
from pinched.devices.export import pwl, write_pwl


def pairs(text):
    numbers = [
        float(x)
        for x in re.sub(r"[^0-9eE.+\- \n]", " ", text.replace("PWL(", " ").replace("\n+", " ")).split()
    ]
    return np.array(numbers).reshape(-1, 2)


def line(start, end):
    return Waveform(time=np.array([start, end]), voltage=np.array([0.0, 1.0]))


def test_a_triangle_is_its_corners():
    wave = triangle(1.2, period=1e-3, cycles=3)
    found = pairs(pwl(wave))
    assert found[:, 0] == pytest.approx(wave.time, abs=0)
    assert found[:, 1] == pytest.approx(wave.voltage, abs=0)


@pytest.mark.parametrize(
    "wave", [pulse_train(1.0, width=1e-6, gap=1e-6, count=20), staircase([0.1, 0.5, -1], dwell=1)]
)
def test_jumps_become_edges_that_simulators_take(wave):
    found = pairs(pwl(wave))
    assert (np.diff(found[:, 0]) > 0).all()
    middle = 0.5 * (found[1:, 0] + found[:-1, 0])
    steady = np.diff(found[:, 0]) > 1e-3 * wave.duration / len(found)
    shown = np.interp(middle, found[:, 0], found[:, 1])[steady]
    assert shown == pytest.approx(wave.at(middle)[steady], abs=1e-12)


def test_the_rise_may_be_given_and_must_fit():
    wave = pulse_train(1.0, width=1e-6, gap=1e-6, count=1)
    found = pairs(pwl(wave, rise="10 ns"))
    edge = np.flatnonzero(np.diff(found[:, 1]) == 1.0)[0]
    assert np.diff(found[:, 0])[edge] == pytest.approx(1e-8)
    with pytest.raises(PinchedError, match="does not fit"):
        pwl(wave, rise="2 us")


def test_times_start_at_zero_and_a_waveform_without_duration_is_refused():
    assert pairs(pwl(line(5.0, 6.0)))[0, 0] == 0.0
    with pytest.raises(PinchedError, match="duration"):
        pwl(line(1.0, 1.0))


def test_files_have_two_columns(tmp_path):
    wave = triangle(1.0, period=1.0)
    write_pwl(wave, tmp_path / "wave.txt")
    found = np.loadtxt(tmp_path / "wave.txt")
    assert found[:, 0] == pytest.approx(wave.time)
    assert found[:, 1] == pytest.approx(wave.voltage)
