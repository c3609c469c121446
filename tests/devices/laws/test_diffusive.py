"""Diffusive memristors: free diffusion and equipartition, heat, potentials, delay by chance, spontaneous return."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pinched import constants
from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, staircase
from pinched.devices.drive import drive
from pinched.devices.laws.diffusive import Diffusive, Wells

THERMAL = constants.K_B * 300.0
FLAT = Wells(electrode_depth=0.0, pinning_depth=0.0)


def many(count, value=2e-10):
    return torch.full((count,), value, dtype=torch.float64)


def test_a_free_particle_diffuses_and_drifts():
    """Einstein: variance 2 k_B T t / eta; mean force over friction. A gap so wide that no wall is met."""
    count = 2000
    law = Diffusive(potential=FLAT, length=1e-6, x_initial=0.0, friction=many(count), tunnel_length=1e-7)
    times = np.linspace(0.0, 1e-8, 6)
    x = drive(law, staircase([0.5], dwell=1e-8), times=times, seed=1).trace.variable("x").numpy()
    variance = 2.0 * THERMAL / 2e-10 * times
    speed = constants.E * 0.5 / 1e-6 / 2e-10
    for k in range(1, times.size):
        assert x[:, k].var() == pytest.approx(variance[k], rel=4.0 * math.sqrt(2.0 / count))
        assert x[:, k].mean() == pytest.approx(speed * times[k], abs=4.0 * math.sqrt(variance[k] / count))


@pytest.mark.parametrize("per_relaxation", [3, 30])
def test_equipartition_in_a_well(per_relaxation):
    """k_B T / stiffness, whatever the sampling: noise on both sides of the drift errs by (h / relaxation)^2 / 3."""
    count = 3000
    well = Wells(electrode_depth=0.0, pinning_depth=constants.E, pinning_width=2e-9)
    law = Diffusive(potential=well, x_initial=0.0, friction=many(count))
    relaxation = float(law.relaxation_time[0])
    assert relaxation == pytest.approx(2e-10 * 4e-18 / constants.E, rel=1e-3)
    times = np.linspace(0.0, 4.0 * relaxation, 4 * per_relaxation + 1)
    x = drive(law, staircase([0.0], dwell=times[-1]), times=times, seed=2).trace.variable("x")[:, -1]
    # A Gaussian well is softer than its bottom: k_B T / U = 2.6 % of its depth, 3/2 of it on the variance.
    expected = THERMAL * 4e-18 / constants.E * (1.0 + 1.5 * THERMAL / constants.E)
    slack = 4.0 * math.sqrt(2.0 / count) + per_relaxation**-2.0 / 3.0 + 0.02
    assert float(x.var()) == pytest.approx(expected, rel=slack)
    assert float(x.mean()) == pytest.approx(0.0, abs=4.0 * math.sqrt(expected / count))


def test_heat_of_a_particle_at_rest():
    """A particle too sluggish to move: T rises to T_0 + v^2 / (C R kappa) with the rate kappa."""
    law = Diffusive(friction=1e2, x_initial=1e-9)
    resistance = 1e5 * math.cosh(2.0)
    times = np.linspace(0.0, 4e-7, 9)
    run = drive(law, staircase([0.5], dwell=4e-7), times=times)
    expected = 300.0 + 0.25 / (1e-14 * resistance * 1e7) * (1.0 - np.exp(-1e7 * times))
    np.testing.assert_allclose(run.trace.variable("temperature").numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(run.current, 0.5 / resistance, rtol=1e-3)


def test_the_force_is_the_slope_of_the_energy():
    wells = Wells()
    x = torch.linspace(-5e-9, 5e-9, 101, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(wells.energy(x, 10e-9).sum(), x)
    torch.testing.assert_close(wells.force(x, 10e-9), -slope, rtol=1e-10, atol=1e-20)


def _arrivals(volts, *, count=40, seed=3):
    """Time (s) until each device conducts: within two decay lengths of the middle; NaN where it does not."""
    law = Diffusive(friction=many(count))
    times = np.linspace(0.0, 4e-6, 4001)
    trace = drive(law, staircase([volts], dwell=4e-6), times=times, seed=seed).trace
    on = trace.variable("x").abs().numpy() < 1e-9
    return np.where(on.any(axis=1), times[on.argmax(axis=1)], np.nan)


def test_the_delay_is_by_chance_and_shorter_for_more_voltage():
    low, high = _arrivals(0.7), _arrivals(0.9)
    assert np.isfinite(high).mean() > 0.95
    filled = np.where(np.isfinite(low), low, np.inf)
    assert np.median(filled) > 2.0 * np.nanmedian(high)
    assert np.nanstd(high) > 0.3 * np.nanmean(high)
    assert np.isnan(_arrivals(-0.9)).all()


def test_a_device_left_alone_returns_by_itself():
    """From the bridge, at a temperature that makes waiting short: the particles end at their electrode."""
    law = Diffusive(friction=many(24), x_initial=0.0, ambient=600.0)
    times = np.linspace(0.0, 4e-6, 4001)
    rest = Waveform(time=np.array([0.0, 4e-6]), voltage=np.zeros(2))
    x = drive(law, rest, times=times, initial_state=(0.0, 600.0), seed=5).trace.variable("x").numpy()
    assert (np.abs(x[:, 0]) < 1e-12).all()
    at_electrode = x[:, -1] < -1.5e-9
    assert at_electrode.mean() > 0.7
    assert (np.abs(x) <= 5e-9 * (1 + 1e-12)).all()


def test_noise_is_drawn_by_the_address_of_the_device():
    times = np.linspace(0.0, 1e-8, 11)
    rest = staircase([0.0], dwell=1e-8)
    runs = [
        drive(Diffusive(friction=many(k)), rest, times=times, seed=s).trace.state
        for k, s in ((6, 0), (2, 0), (6, 1))
    ]
    assert torch.equal(runs[0][:, :2], runs[1])
    assert not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Diffusive(x_initial=6e-9), "outside the gap"),
        (lambda: Diffusive(length=10.0), "another unit"),
        (lambda: Diffusive(ambient=27e3), "ambient"),
        (lambda: Diffusive(heat_capacity=0.0), "heat_capacity"),
        (lambda: Wells(electrode_depth=0.35), "another unit"),
        (lambda: Wells(pinning_width=0.0), "pinning_width"),
        (lambda: Diffusive(friction=float("nan")), "finite"),
    ],
)
def test_impossible_devices_are_refused(make, reason):
    with pytest.raises(PinchedError, match=reason):
        make()
