"""Metastable switches: circuit reference, closed form, noise by the root of N, single switches, bad input."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from circuit_references import assert_agrees, load
from independent import integrate
from pinched._errors import PinchedError
from pinched.data.waveforms import sine, staircase
from pinched.devices.drive import drive
from pinched.devices.laws.metastable_switch import (
    MetastableSwitch,
    StochasticMetastableSwitch,
    draw_switches,
    switch_probability,
)

# Thresholds of two thermal voltages: both directions flip at 0 V.
BOTH = {"v_on": 0.05, "v_off": 0.05, "tau": 1e-4, "temperature": 298.5}


def test_circuit_reference(shared):
    reference = load(shared, "mss_sine")
    p = reference.parameters
    law = MetastableSwitch(
        r_on=p["Ron"],
        r_off=p["Roff"],
        v_on=p["Von"],
        v_off=p["Voff"],
        tau=p["tau"],
        temperature=p["T"],
        x_initial=p["x0"],
        ohmic_share=1.0,
    )
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy(), run.current)


def test_the_diode_with_an_independent_integration():
    """The defaults, their Schottky diode included, under a drive that no file has."""
    law = MetastableSwitch()
    waveform = sine(0.6, frequency=250.0, cycles=2, points_per_period=40)
    times = np.linspace(0.0, waveform.time[-1], 300)
    thermal = 1.380649e-23 * 298.5 / 1.602176634e-19

    def rate(x, v):
        on = 1.0 / (1.0 + np.exp(-(v - 0.27) / thermal))
        off = 1.0 - 1.0 / (1.0 + np.exp(-(v + 0.27) / thermal))
        return ((1.0 - x) * on - x * off) / 1e-4

    x = integrate(rate, waveform, 0.0, times)
    v = waveform.at(times)
    current = 0.8 * v * (x / 500.0 + (1.0 - x) / 1500.0) + 0.2 * 8e-4 * (np.exp(4.0 * v) - np.exp(-4.0 * v))
    run = drive(law, waveform, times=times)
    assert np.abs(run.trace.state[0].numpy() - x).max() < 1e-5
    assert np.abs(run.current - current).max() < 1e-5 * np.abs(current).max()


@pytest.mark.parametrize("volts", [-0.1, 0.0, 0.03, 0.2])
def test_constant_voltage_relaxes_exponentially(volts):
    law = MetastableSwitch(**BOTH, x_initial=0.8)
    on, off = law.flips(volts)
    times = np.linspace(0.0, 1e-3, 20)
    x = drive(law, staircase([volts], dwell=1e-3), times=times).trace.state[0].numpy()
    settled = on / (on + off)
    np.testing.assert_allclose(x, settled + (0.8 - settled) * np.exp(-(on + off) * times), atol=2e-6)


def test_unequal_diodes_carry_nothing_at_zero_volt():
    law = MetastableSwitch(alpha_forward=1e-3, alpha_reverse=1e-5, ohmic_share=0.3)
    assert law.current(0.5, 0.0) == 0.0
    assert law.current(0.5, -0.2) < 0.0 < law.current(0.5, 0.2)


def test_noise_falls_with_the_root_of_the_switches():
    """At 0 V, half of the switches ON: the stationary variance of X is X (1 - X) / N, as of independent switches."""
    relaxation = 1e-4 / (2.0 * float(torch.sigmoid(torch.tensor(-0.05 / 0.0257227))))
    devices, spreads = 600, []
    for switches in (100.0, 10_000.0):
        law = StochasticMetastableSwitch(
            **BOTH, x_initial=0.5, switches=torch.full((devices,), switches, dtype=torch.float64)
        )
        times = np.linspace(0.0, 5.0 * relaxation, 200)
        x = drive(law, staircase([0.0], dwell=times[-1]), times=times, seed=4).trace.state[0, :, -1]
        # 600 devices know a deviation to 2.9 %: four of them.
        spreads.append(float(x.std()))
        assert spreads[-1] == pytest.approx(0.5 / np.sqrt(switches), rel=0.12)
        assert float(x.mean()) == pytest.approx(0.5, abs=4.0 * 0.5 / np.sqrt(switches * devices))
    assert spreads[0] / spreads[1] == pytest.approx(10.0, rel=0.17)


def test_many_switches_follow_the_mean():
    waveform = sine(0.5, frequency=100.0, cycles=1, points_per_period=400)
    times = np.linspace(0.0, 0.01, 500)
    mean = drive(MetastableSwitch(), waveform, times=times).trace.state[0]
    noisy = drive(StochasticMetastableSwitch(switches=1e10), waveform, times=times).trace.state[0]
    assert float((noisy - mean).abs().max()) < 1e-4


def test_single_switches_are_exact_for_any_interval():
    """Against the closed form of the mean and the binomial variance, from a hundredth of tau to a hundred."""
    law = StochasticMetastableSwitch(**BOTH, switches=50.0)
    on, off = law.flips(0.02)
    settled = on / (on + off)
    for event, interval in enumerate((1e-6, 1e-4, 1e-2)):
        found = draw_switches(law, np.full(4000, 40), 0.02, interval, event=event, seed=2) / 50.0
        left = np.exp(-(on + off) * interval)
        mean = settled + (0.8 - settled) * left
        stay, turn = 1.0 - (1.0 - settled) * (1.0 - left), settled * (1.0 - left)
        variance = (40 * stay * (1.0 - stay) + 10 * turn * (1.0 - turn)) / 50.0**2
        assert found.mean() == pytest.approx(mean, abs=4.0 * np.sqrt(variance / 4000))
        assert found.var() == pytest.approx(variance, rel=4.0 * np.sqrt(2.0 / 4000) + 0.02)


def test_switches_are_drawn_by_the_address_of_the_device():
    law = StochasticMetastableSwitch(**BOTH, switches=50.0)
    many = draw_switches(law, np.full(100, 20), 0.0, 1e-4, event=3)
    assert (draw_switches(law, np.full(7, 20), 0.0, 1e-4, event=3) == many[:7]).all()
    assert (draw_switches(law, np.full(100, 20), 0.0, 1e-4, event=4) != many).any()


def test_nothing_flips_in_no_time_and_all_states_are_kept_in_range():
    law = StochasticMetastableSwitch(switches=3.0)
    on = np.array([0, 1, 2, 3])
    assert (draw_switches(law, on, 0.5, 0.0, event=0) == on).all()
    assert (draw_switches(law, on, 5.0, 1.0, event=0) == 3).all()
    assert (draw_switches(law, on, -5.0, 1.0, event=0) == 0).all()


def test_the_rule_of_the_source_is_refused_where_it_is_no_probability():
    law = MetastableSwitch()
    on, off = switch_probability(law, np.array([10.0, -10.0]), 1e-5)
    np.testing.assert_allclose(on, [0.1, 0.0], atol=1e-12)
    np.testing.assert_allclose(off, [0.0, 0.1], atol=1e-12)
    with pytest.raises(PinchedError, match="above 1"):
        switch_probability(law, np.array([0.1]), 2e-4)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"r_on": 2e3}, "swapped"),
        ({"v_off": -0.27}, "v_off"),
        ({"tau": 0.0}, "tau"),
        ({"temperature": 25.5e3}, "temperature"),
        ({"ohmic_share": 1.2}, "share"),
        ({"x_initial": -0.1}, "x_initial"),
        ({"v_on": 270e3}, "another unit"),
        ({"r_off": float("nan")}, "finite"),
    ],
)
def test_impossible_devices_are_refused(changes, reason):
    with pytest.raises(PinchedError, match=reason):
        MetastableSwitch(**changes)


def test_impossible_counts_are_refused():
    with pytest.raises(PinchedError, match="switches"):
        StochasticMetastableSwitch(switches=0.0)
    law = StochasticMetastableSwitch(switches=10.0)
    with pytest.raises(PinchedError, match=r"0 \.\. 10"):
        draw_switches(law, np.array([11]), 0.0, 1e-4, event=0)
    with pytest.raises(PinchedError, match="interval"):
        draw_switches(law, np.array([1]), 0.0, -1.0, event=0)
    many = dataclasses.replace(law, switches=torch.tensor([10.0, 20.0]))
    with pytest.raises(PinchedError, match="no tensor"):
        draw_switches(many, np.array([1]), 0.0, 1e-4, event=0)
