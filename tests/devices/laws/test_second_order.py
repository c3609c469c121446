"""Second-order memristors: temperature in closed form, Arrhenius growth, an independent integration, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pinched import constants
from pinched._errors import PinchedError
from pinched.data.waveforms import staircase
from pinched.devices.drive import drive
from pinched.devices.laws.second_order import SecondOrder
from pinched.devices.laws.windows import NoWindow


def test_a_filament_that_stands_still_warms_and_cools_exponentially():
    law = SecondOrder(k=1e-3, w_initial=0.3)
    g = 2e-5 + (1e-3 - 2e-5) * 0.3
    rise = 0.8**2 * g * 1e6
    times = np.linspace(0.0, 2e-6, 21)
    trace = drive(law, staircase([0.8, 0.0], dwell=1e-6), times=times).trace
    up = 300.0 + rise * (1.0 - np.exp(-np.minimum(times, 1e-6) / 200e-9))
    expected = np.where(times <= 1e-6, up, 300.0 + (up - 300.0) * np.exp(-(times - 1e-6) / 200e-9))
    np.testing.assert_allclose(trace.variable("temperature").numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(trace.variable("w").numpy(), 0.3, atol=1e-12)


def test_growth_is_activated():
    """Without heating the logarithm of the speed is a straight line over 1/T, up to the field's own part."""
    speeds, temperatures = [], np.array([280.0, 300.0, 320.0])
    for ambient in temperatures:
        law = SecondOrder(thermal_resistance=0.0, ambient=float(ambient), window=NoWindow())
        speeds.append(law.state_rate((0.2, float(ambient)), 0.9)[0])
    field = np.sinh(0.3e-9 * constants.E * 0.9 / (2 * 5e-9 * constants.K_B * temperatures))
    slope = np.polyfit(1.0 / temperatures, np.log(np.array(speeds) / field), 1)[0]
    assert -slope * constants.K_B == pytest.approx(0.6 * constants.E, rel=1e-9)


def test_an_independent_integration_agrees():
    law = SecondOrder(window=NoWindow())
    waveform = staircase([1.2, 0.0, 1.2, -1.1], dwell=1e-7)

    def rate(t, y):
        v = float(waveform.at(np.array([t]))[0])
        w, temperature = y
        g = 2e-5 + (1e-3 - 2e-5) * w
        kt = constants.K_B * temperature
        growth = 5e12 * math.exp(-0.6 * constants.E / kt)
        growth *= math.sinh(0.3e-9 * constants.E * v / (2 * 5e-9 * kt))
        return [growth, (g * v * v * 1e6 - (temperature - 300.0)) / 200e-9]

    state = np.array([0.1, 300.0])
    for k in range(4):
        solution = solve_ivp(
            rate, (k * 1e-7, (k + 1) * 1e-7 * (1 - 1e-12)), state, method="Radau", rtol=1e-10, atol=1e-13
        )
        state = solution.y[:, -1]
    trace = drive(law, waveform, times=np.array([0.0, 4e-7]), rtol=1e-8).trace
    assert float(trace.variable("w")[-1]) == pytest.approx(state[0], rel=1e-6)
    assert float(trace.variable("temperature")[-1]) == pytest.approx(state[1], rel=1e-6)


def test_polarities_move_it_either_way():
    law = SecondOrder(w_initial=0.5)
    for volts, sign in ((1.2, 1), (-1.2, -1)):
        w = drive(law, staircase([volts], dwell=1e-7), points=10).trace.variable("w")
        assert sign * float(w[-1] - w[0]) > 1e-5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"g_off": 1e-2}, "swapped"),
        ({"activation_energy": 0.6}, "another unit"),
        ({"hop": 0.3}, "another unit"),
        ({"ambient": 25e3}, "ambient"),
        ({"w_initial": 2.0}, "w_initial"),
        ({"thermal_time": 200.0}, "thermal_time"),
        ({"k": float("nan")}, "finite"),
    ],
)
def test_impossible_devices_are_refused(changes, reason):
    with pytest.raises(PinchedError, match=reason):
        SecondOrder(**changes)
