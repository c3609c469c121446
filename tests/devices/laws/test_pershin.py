"""Pershin-Di Ventra: circuit reference, straight drift at constant voltage, slopes, bounds, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from circuit_references import assert_agrees, load
from pinched._errors import PinchedError
from pinched.data.waveforms import sine, staircase
from pinched.devices.drive import drive
from pinched.devices.laws.pershin import PershinDiVentra


def test_circuit_reference(shared):
    reference = load(shared, "pershin_sine")
    p = reference.parameters
    law = PershinDiVentra(
        r_on=p["Ron"], r_off=p["Roff"], alpha=p["alpha"], beta=p["beta"], v_t=p["Vt"], r_initial=p["R0"]
    )
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy() / p["Roff"], run.current)


@pytest.mark.parametrize("volts", [-3.0, -1.0, 0.5, 1.6, 2.4])
@pytest.mark.parametrize("alpha", [0.0, 3e4])
def test_constant_voltage_drifts_in_a_straight_line(volts, alpha):
    law = PershinDiVentra(alpha=alpha)
    size = abs(volts)
    speed = math.copysign(alpha * min(size, 1.6) + 2e5 * max(size - 1.6, 0.0), volts)
    assert law.state_rate(5e3, volts) == pytest.approx(speed)
    times = np.linspace(0.0, 0.1, 9)
    run = drive(law, staircase([volts], dwell=0.1), times=times)
    assert np.allclose(run.trace.state[0].numpy(), np.clip(5.5e3 + speed * times, 1e3, 1e4), atol=1e-2)


def test_full_switches_stay_within_the_bounds_and_come_back():
    run = drive(PershinDiVentra(beta=1e7), sine(3.0, frequency=20.0, cycles=3))
    r = run.trace.state[0].numpy()
    assert r.min() == pytest.approx(1e3)
    assert r.max() == pytest.approx(1e4)
    # At the end of every cycle it has been turned ON.
    assert r[-1] == pytest.approx(1e3)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"r_on": 2e4}, "swapped"),
        ({"beta": -2e5}, "polarity"),
        ({"alpha": -1.0}, "polarity"),
        ({"v_t": 1600.0}, "another unit"),
        ({"r_initial": 100.0}, "r_initial"),
        ({"v_t": math.nan}, "finite"),
    ],
)
def test_bad_input_is_refused(wrong, says):
    with pytest.raises(PinchedError, match=says):
        PershinDiVentra(**wrong)
