"""TEAM: circuit reference, constant speed at constant current, voltage drive, its limit of linear drift."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from circuit_references import assert_agrees, load
from independent import integrate
from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, staircase, triangle
from pinched.devices.circuit import Circuit, Source
from pinched.devices.drive import drive
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.resistances import ExponentialResistance, LinearResistance
from pinched.devices.laws.team import Team
from pinched.devices.laws.windows import Kvatinsky, NoWindow

BY_CURRENT = Circuit(source=Source.CURRENT)


def test_circuit_reference(shared):
    reference = load(shared, "team_sine_i")
    p = reference.parameters
    width = p["D"]
    law = Team(
        r_on=p["Ron"],
        r_off=p["Roff"],
        x_off=width,
        k_on=p["k_on"],
        k_off=p["k_off"],
        i_on=p["i_on"],
        i_off=p["i_off"],
        alpha_on=p["alpha_on"],
        alpha_off=p["alpha_off"],
        x_initial=p["s0"] * width,
        window=Kvatinsky(a_on=p["a_on"] / width, a_off=p["a_off"] / width, w_c=p["x_c"] / width),
    )
    run = drive(law, reference.waveform, times=reference.time, circuit=BY_CURRENT)
    assert_agrees(reference, run.trace.state[0].numpy() / width, run.voltage)


@pytest.mark.parametrize("amperes", [300e-6, -50e-6, 100e-6, -8e-6])
def test_constant_current_moves_the_gap_at_constant_speed(amperes):
    law = Team(window=NoWindow(), k_on=-8e-9, k_off=8e-9)
    speed = 0.0
    if amperes > law.i_off:
        speed = law.k_off * (amperes / law.i_off - 1.0) ** 3
    elif amperes < law.i_on:
        speed = law.k_on * (amperes / law.i_on - 1.0) ** 3
    times = np.linspace(0.0, 1e-3, 7)
    run = drive(law, staircase([amperes], dwell=1e-3), times=times, circuit=BY_CURRENT)
    expected = law.x_initial + speed * times
    assert np.abs(run.trace.state[0].numpy() - expected).max() < 1e-6 * 3e-9
    assert np.allclose(run.voltage, amperes * law.resistance(expected), rtol=1e-5)


@pytest.mark.parametrize("resistance_law", [LinearResistance(), ExponentialResistance()])
def test_voltage_drive_against_an_independent_integration(resistance_law):
    """Under a voltage the current follows from the state, and SET feeds itself."""
    law = Team(
        r_on=1e3,
        r_off=20e3,
        i_on=-2e-5,
        i_off=3e-5,
        k_on=-1e-9,
        k_off=2e-8,
        alpha_on=2.0,
        x_on=0.5e-9,
        x_initial=2.6e-9,
        resistance_law=resistance_law,
    )

    def resistance(x: float) -> float:
        return 1e3 + 19e3 * x if isinstance(resistance_law, LinearResistance) else 1e3 * 20.0**x

    def rate(x: float, v: float) -> float:
        i = v / resistance(x)
        w = 0.107 / 3.0
        if i > 3e-5:
            return 2e-8 / 2.5e-9 * (i / 3e-5 - 1) ** 3 * math.exp(-math.exp((x - 0.9) / w))
        if i < -2e-5:
            return -1e-9 / 2.5e-9 * (i / -2e-5 - 1) ** 2 * math.exp(-math.exp((0.1 - x) / w))
        return 0.0

    waveform = triangle(1.0, period=1.0, negative=-1.5)
    times = np.linspace(0.0, 1.0, 401)
    exact = integrate(rate, waveform, 0.84, times)
    assert np.ptp(exact) > 0.5
    share = (drive(law, waveform, times=times).trace.state[0].numpy() - 0.5e-9) / 2.5e-9
    assert np.abs(share - exact).max() < 2e-5


def test_a_set_that_ran_into_its_end_has_forgotten_how_it_got_there():
    """Under a slow voltage ramp SET runs away to x_on; after it the state depends on x_on alone."""
    r_on = torch.tensor(100.0, dtype=torch.float64, requires_grad=True)
    ramp = Waveform(time=np.array([0.0, 1e8]), voltage=np.array([0.0, -1.5]))
    state = drive(Team(r_on=r_on), ramp, rtol=1e-8).trace.state[0]
    assert float(state.detach()[-1]) < 1e-18
    (slope,) = torch.autograd.grad(state[-1], r_on)
    assert abs(slope.item()) < 1e-18


def test_small_thresholds_and_power_one_are_linear_drift():
    """Equations (20) to (25) of the paper: x = D - w."""
    drift = LinearIonDrift()
    speed = drift.mobility * drift.r_on / drift.thickness
    least = 1e-12
    law = Team(
        r_on=drift.r_on,
        r_off=drift.r_off,
        i_on=-least,
        i_off=least,
        k_on=-speed * least,
        k_off=speed * least,
        alpha_on=1.0,
        alpha_off=1.0,
        x_off=drift.thickness,
        x_initial=0.0,
        window=NoWindow(),
    )
    for share in (0.1, 0.6, 0.95):
        for volts in (-1.0, -0.2, 0.3, 2.0):
            # The polarity of the two is opposite: positive turns linear drift ON and TEAM OFF.
            moved = -law.state_rate((1.0 - share) * drift.thickness, -volts) / drift.thickness
            assert moved == pytest.approx(drift.state_rate(share, volts), rel=1e-6)
            assert -law.current((1.0 - share) * drift.thickness, -volts) == pytest.approx(
                drift.current(share, volts)
            )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"r_on": 1e6}, "swapped"),
        ({"i_on": 8.9e-6}, "below zero"),
        ({"k_off": -1e-13}, "above zero"),
        ({"i_off": 115.0}, "another unit"),
        ({"x_off": 3.0}, "another unit"),
        ({"x_initial": 4e-9}, "x_initial"),
        ({"alpha_on": math.nan}, "finite"),
    ],
)
def test_bad_input_is_refused(wrong, says):
    with pytest.raises(PinchedError, match=says):
        Team(**wrong)
