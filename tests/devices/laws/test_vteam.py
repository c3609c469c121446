"""VTEAM: circuit references, constant speed at constant voltage, windows, MemTorch's set, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from circuit_references import assert_agrees, load
from independent import integrate
from pinched._errors import PinchedError
from pinched.data.waveforms import staircase, triangle
from pinched.devices.drive import drive
from pinched.devices.laws.resistances import ExponentialResistance, LinearResistance
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.windows import Biolek, Joglekar, Kvatinsky


@pytest.mark.parametrize("name", ["vteam_lin_sine", "vteam_exp_tri_clamped"])
def test_circuit_reference(shared, name):
    reference = load(shared, name)
    p = reference.parameters
    law = Vteam(
        r_on=p["Ron"],
        r_off=p["Roff"],
        w_off=p["D"],
        k_on=p["k_on"],
        k_off=p["k_off"],
        v_on=p["v_on"],
        v_off=p["v_off"],
        alpha_on=p["alpha_on"],
        alpha_off=p["alpha_off"],
        w_initial=p["s0"] * p["D"],
        resistance_law=ExponentialResistance() if p["iv"] == "exp" else LinearResistance(),
    )
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy() / p["D"], run.current)


@pytest.mark.parametrize(("volts", "start"), [(0.9, 0.2e-9), (-1.3, 2.9e-9), (0.49, 1e-9), (-0.49, 1e-9)])
def test_constant_voltage_moves_the_gap_at_constant_speed(volts, start):
    law = Vteam(w_initial=start, alpha_on=2.5, alpha_off=4.0)
    if volts > law.v_off:
        speed = law.k_off * (volts / law.v_off - 1.0) ** law.alpha_off
    elif volts < law.v_on:
        speed = law.k_on * (volts / law.v_on - 1.0) ** law.alpha_on
    else:
        speed = 0.0
    times = np.linspace(0.0, 1e-3, 11)
    run = drive(law, staircase([volts], dwell=1e-3), times=times)
    expected = np.clip(start + speed * times, 0.0, 3e-9)
    assert np.abs(run.trace.state[0].numpy() - expected).max() < 1e-6 * 3e-9


def test_the_set_of_memtorch_crosses_the_device_in_picoseconds():
    law = Vteam(
        r_on=50.0,
        r_off=1000.0,
        k_on=-10.0,
        k_off=5e-4,
        alpha_on=3.0,
        alpha_off=1.0,
        v_on=-0.2,
        v_off=0.02,
    )
    crossing = 3e-9 / (10.0 * 4.0**3)
    assert crossing == pytest.approx(4.7e-12, rel=0.01)
    # One waveform in milliseconds, no step given: the switch is 2e9 times shorter than the drive.
    run = drive(
        law,
        staircase([0.0, -1.0], dwell=1e-2),
        times=np.array([1e-2, 1e-2 + 0.5 * crossing, 1e-2 + 2 * crossing, 2e-2]),
    )
    w = run.trace.state[0].numpy()
    assert w[0] == pytest.approx(3e-9)
    assert w[1] == pytest.approx(1.5e-9, rel=1e-3)
    assert np.allclose(w[2:], 0.0, atol=1e-18)


@pytest.mark.parametrize(
    ("window", "factor"),
    [
        (Joglekar(p=2.0), lambda x, _v: 1 - (2 * x - 1) ** 4),
        (Biolek(p=3.0), lambda x, v: 1 - (x - (0 if v >= 0 else 1)) ** 6),
        (
            Kvatinsky(a_off=0.8, a_on=0.2, w_c=0.05),
            lambda x, v: math.exp(-math.exp((x - 0.8) / 0.05 if v >= 0 else (0.2 - x) / 0.05)),
        ),
    ],
    ids=lambda w: type(w).__name__,
)
@pytest.mark.parametrize("resistance_law", [LinearResistance(), ExponentialResistance()])
def test_windows_against_an_independent_integration(window, factor, resistance_law):
    law = Vteam(
        w_on=0.2e-9, w_off=2.2e-9, w_initial=1.1e-9, window=window, resistance_law=resistance_law, k_on=-4e-7
    )

    def rate(x: float, v: float) -> float:
        speed = 0.0
        if v > 0.5:
            speed = 1e-6 * (v / 0.5 - 1) ** 3
        elif v < -0.5:
            speed = -4e-7 * (v / -0.5 - 1) ** 3
        return speed / 2e-9 * factor(x, v)

    waveform = triangle(1.2, period=8e-3, negative=-1.5, cycles=2)
    times = np.linspace(0.0, 16e-3, 401)
    run = drive(law, waveform, times=times)
    share = (run.trace.state[0].numpy() - 0.2e-9) / 2e-9
    exact = integrate(rate, waveform, 0.45, times)
    assert np.ptp(exact) > 0.1
    assert np.abs(share - exact).max() < 1e-5
    resistance = (
        1e3 + 99e3 * exact
        if isinstance(resistance_law, LinearResistance)
        else 1e3 * np.exp(math.log(100) * exact)
    )
    assert np.abs(run.current - waveform.at(times) / resistance).max() < 5e-5 * np.abs(run.current).max()


def test_resistance_at_both_ends():
    for resistance_law in (LinearResistance(), ExponentialResistance()):
        law = Vteam(w_on=1e-9, w_off=2e-9, w_initial=1e-9, resistance_law=resistance_law)
        assert law.resistance(1e-9) == pytest.approx(1e3)
        assert law.resistance(2e-9) == pytest.approx(1e5)
    assert Vteam(resistance_law=ExponentialResistance()).resistance(1.5e-9) == pytest.approx(1e4)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"r_on": 1e6}, "swapped"),
        ({"v_on": 0.3}, "below zero"),
        ({"v_off": -0.3}, "above zero"),
        ({"k_on": 1e-6}, "below zero"),
        ({"v_off": 300.0}, "another unit"),
        ({"w_off": 3.0}, "another unit"),
        ({"w_off": 3e-6}, "another unit"),
        ({"w_initial": 4e-9}, "w_initial"),
        ({"alpha_off": 0.0}, "alpha_off"),
        ({"k_off": math.inf}, "finite"),
        ({"w_initial": torch.tensor([1e-9, 5e-9], dtype=torch.float64)}, "w_initial"),
    ],
)
def test_bad_input_is_refused(wrong, says):
    with pytest.raises(PinchedError, match=says):
        Vteam(**wrong)
