"""A growing point contact: plateaus, what the compliance chooses, the static law, growth, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pinched import constants
from pinched._errors import PinchedError
from pinched.data.waveforms import staircase, triangle
from pinched.devices.circuit import Circuit
from pinched.devices.drive import drive
from pinched.devices.laws.conduction import ContactConduction
from pinched.devices.laws.quantum_contact import QuantumContact


def _staircase_of_conductance(law, limit, series=0.0):
    circuit = Circuit(compliance_positive=limit, series_resistance=series)
    run = drive(law, triangle(0.8, period=3.2, negative=-0.8), circuit=circuit, points=6000)
    grows = (run.trace.time < 0.8) & (run.trace.device_voltage > 1e-3)
    return (run.trace.current / run.trace.device_voltage)[grows].numpy() / constants.G_0


@pytest.mark.parametrize("quantum", [1.0, 0.5])
def test_conductance_stands_on_plateaus_under_compliance(quantum):
    """Most of the time after the first channel is spent within 5 % of a channel of a whole number of them."""
    found = _staircase_of_conductance(QuantumContact(quantum=quantum), 1e-4 * quantum) / quantum
    opened = found[found > 0.5]
    near = np.abs(opened - np.round(opened)) < 0.05
    assert near.mean() > 0.7
    assert {1, 2, 3} <= set(np.round(opened[near]).astype(int))


def test_without_a_compliance_every_channel_opens_in_turn():
    found = _staircase_of_conductance(QuantumContact(), None)
    near = np.abs(found - np.round(found)) < 0.05
    assert set(range(1, 11)) <= set(np.round(found[near]).astype(int))
    assert found[-1] == pytest.approx(10.0, rel=1e-3)
    assert (np.diff(found) > -1e-3).all()


def test_the_compliance_chooses_the_plateau():
    ends = [_staircase_of_conductance(QuantumContact(), limit)[-1] for limit in (3e-5, 1e-4, 2e-4)]
    assert ends == sorted(ends)
    # Growth ends where the voltage left, I_cc / G, is too small for it: much the same voltage for every limit.
    left = [limit / (end * constants.G_0) for limit, end in zip((3e-5, 1e-4, 2e-4), ends, strict=True)]
    assert min(left) / max(left) > 0.3


def test_series_resistance_must_be_taken_off_before_counting():
    law = QuantumContact(width_initial=3.0, rate=1e-30)
    run = drive(law, staircase([0.1], dwell=1.0), series_resistance=1000.0, points=3)
    apparent = run.current[-1] / 0.1
    assert apparent / constants.G_0 < 2.6
    assert 1.0 / (1.0 / apparent - 1000.0) / constants.G_0 == pytest.approx(3.0, abs=0.01)


def test_one_channel_is_the_static_contact():
    law = QuantumContact(opens_at=(0.5,), alpha=9.0, spacing=2.0, drop=0.7)
    voltage = torch.linspace(-1.0, 1.0, 21, dtype=torch.float64)
    for width in (0.0, 0.4, 1.0):
        static = ContactConduction(alpha=9.0, barrier=2.0 * (0.5 - width), drop=0.7)
        torch.testing.assert_close(law.current(width, voltage), static.current((), voltage))


def test_channels_that_open_together_make_a_higher_step():
    law = QuantumContact(opens_at=(0.5, 1.5, 1.5, 2.5))
    steps = [float(law.current(x, 0.01)) / 0.01 / constants.G_0 for x in (1.0, 2.0, 3.0)]
    np.testing.assert_allclose(steps, [1.0, 3.0, 4.0], atol=1e-3)


def test_growth_at_constant_voltage_is_linear_in_time():
    law = QuantumContact(width_initial=1.0)
    times = np.linspace(0.0, 0.2, 9)
    run = drive(law, staircase([0.45], dwell=0.2), times=times)
    np.testing.assert_allclose(run.trace.state[0].numpy(), 1.0 + 9e-4 * math.sinh(9.0) * times, rtol=1e-9)


def test_negative_voltage_closes_it_again():
    run = drive(QuantumContact(), triangle(0.7, period=2.8, negative=-0.8), points=400)
    width = run.trace.state[0].numpy()
    assert width.max() > 3.0
    assert width[-1] < 0.5
    assert run.current[-2] / run.voltage[-2] < 1e-3 * constants.G_0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"opens_at": ()}, "at least one width"),
        ({"opens_at": (1.5, 0.5)}, "must not fall"),
        ({"width_initial": 11.0}, "lies outside its bounds"),
        ({"drop": -0.1}, "it is a share"),
        ({"alpha": 1e9}, "in another unit"),
        ({"v_0": float("nan")}, "finite"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(PinchedError, match=message):
        QuantumContact(**changes)
