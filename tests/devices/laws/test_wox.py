"""Volatile WOx: circuit reference, both rates in closed form, forgetting, what a window changes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from circuit_references import assert_agrees, load
from pinched._errors import PinchedError
from pinched.data.waveforms import staircase
from pinched.devices.drive import drive
from pinched.devices.laws.wox import ExponentialDrift, SinhDrift, SoftCeiling, Wox


def test_circuit_reference(shared):
    reference = load(shared, "volatile_ppf_pairs")
    p = reference.parameters
    law = Wox(
        alpha=p["alpha"], beta=p["beta"], gamma=p["gamma"], delta=p["delta"], rate=p["lam"], tau=p["tau"],
        w_initial=p["x0"], drift=SinhDrift(eta1=1.0, eta2=p["eta"]), window=SoftCeiling(),
    )  # fmt: skip
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy(), run.current)


@pytest.mark.parametrize(
    ("drift", "speed"),
    [
        (SinhDrift(eta1=0.3, eta2=2.0), lambda v: 0.3 * math.sinh(2.0 * v)),
        (ExponentialDrift(eta1=1.5, eta2=2.5), lambda v: math.exp(1.5 * v) - math.exp(-2.5 * v)),
    ],
)
@pytest.mark.parametrize("volts", [0.4, -0.2])
@pytest.mark.parametrize("soft", [True, False])
def test_constant_voltage_in_closed_form(drift, speed, volts, soft):
    """w' = s f - w / tau is linear in w: an exponential towards its balance."""
    law = Wox(drift=drift, rate=2.0, tau=0.1, w_initial=0.5, **({"window": SoftCeiling()} if soft else {}))
    times = np.linspace(0.0, 0.05, 15)
    w = drive(law, staircase([volts], dwell=0.05), times=times).trace.state[0].numpy()
    s = 2.0 * speed(volts)
    k = 1.0 / 0.1 + (s if soft else 0.0)
    expected = s / k + (0.5 - s / k) * np.exp(-k * times)
    np.testing.assert_allclose(w, np.clip(expected, 0.0, 1.0), atol=2e-6)


def test_a_device_left_alone_forgets_with_its_time_constant():
    law = Wox(tau=0.05, w_initial=0.8)
    times = np.linspace(0.0, 0.2, 9)
    w = drive(law, staircase([0.0], dwell=0.2), times=times).trace.state[0].numpy()
    np.testing.assert_allclose(w, 0.8 * np.exp(-times / 0.05), rtol=1e-5, atol=1e-7)


def test_the_two_ends_are_the_two_currents():
    law = Wox()
    for v in (-1.2, 0.3, 2.0):
        assert law.current(0.0, v) == pytest.approx(1e-6 * (1.0 - math.exp(-0.5 * v)), rel=1e-12)
        assert law.current(1.0, v) == pytest.approx(8e-5 * math.sinh(1.7 * v), rel=1e-12)


def test_a_strong_pulse_meets_the_bound_and_leaves_it_again():
    hard, soft = Wox(tau=0.05), Wox(tau=0.05, window=SoftCeiling())
    waveform = staircase([1.5, 0.0], dwell=0.05)
    times = np.array([0.04, 0.05, 0.1])
    w = drive(hard, waveform, times=times).trace.state[0].numpy()
    assert w[0] == pytest.approx(1.0, abs=1e-9)
    assert w[2] == pytest.approx(math.exp(-1.0), rel=1e-4)
    assert float(drive(soft, waveform, times=times).trace.state[0, 1]) < 1.0


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Wox(tau=0.0), "tau"),
        (lambda: Wox(alpha=-1e-6), "alpha"),
        (lambda: Wox(w_initial=1.5), "w_initial"),
        (lambda: Wox(gamma=8e7), "another unit"),
        (lambda: SinhDrift(eta1=-1.0), "eta1"),
        (lambda: ExponentialDrift(eta2=0.0), "eta2"),
        (lambda: Wox(delta=float("inf")), "finite"),
    ],
)
def test_impossible_devices_are_refused(make, reason):
    with pytest.raises(PinchedError, match=reason):
        make()
