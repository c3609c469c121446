"""Memdiodes: circuit reference, exponential steps, rate independence, snap-back, own resistance, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from circuit_references import assert_agrees, load
from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, staircase, triangle
from pinched.devices.drive import drive
from pinched.devices.laws.memdiode import (
    DynamicMemdiode,
    MemdiodeStates,
    MemdiodeTransitions,
    Mixing,
    QuasiStaticMemdiode,
    ResistiveMemdiode,
    Sensed,
    SnapBack,
)


def test_circuit_reference(shared):
    reference = load(shared, "dmm_tri_1Vs")
    p = reference.parameters
    law = DynamicMemdiode(
        conduction=MemdiodeStates(
            i_hrs=p["imin"], i_lrs=p["imax"], alpha_hrs=p["alphamin"], alpha_lrs=p["alphamax"], beta=p["beta"]
        ),
        transitions=MemdiodeTransitions(
            eta_set=p["eta_set"], v_set=p["v_set"], eta_reset=p["eta_res"], v_reset=p["v_res"]
        ),
        lambda_initial=p["x0"],
    )
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy(), run.current)


@pytest.mark.parametrize(("volts", "start"), [(0.9, 0.0), (0.5, 0.3), (-1.4, 1.0), (-0.6, 0.8), (0.0, 1.0)])
def test_constant_voltage_is_an_exponential_step(volts, start):
    """Without the slowing of RESET the equation is linear: lambda relaxes to its balance with one time constant."""
    law = DynamicMemdiode(lambda_initial=start)
    up, down = math.exp(15.0 * (volts - 0.8)), math.exp(-4.0 * (volts + 1.3))
    end, rate = up / (up + down), up + down
    times = np.linspace(0.0, 5.0 / rate, 41)
    run = drive(law, staircase([volts], dwell=5.0 / rate), times=times)
    exact = end + (start - end) * np.exp(-rate * times)
    assert np.abs(run.trace.state[0].numpy() - exact).max() < 1e-5


@pytest.mark.parametrize("gamma", [0.3, 0.9])
def test_reset_slows_with_what_is_left_of_it(gamma):
    """The exponent of lambda acts on the speed of RESET alone; at lambda = 1 it has no effect."""
    plain, slowed = MemdiodeTransitions(), MemdiodeTransitions(gamma=gamma)
    assert slowed.rate(1.0, -1.6, 0.0) == pytest.approx(plain.rate(1.0, -1.6, 0.0))
    assert 0 > slowed.rate(0.1, -1.6, 0.0) > plain.rate(0.1, -1.6, 0.0)
    run = drive(DynamicMemdiode(transitions=slowed), triangle(1.5, period=7.0, negative=-2.0))
    assert np.isfinite(run.current).all()


def test_snap_back_moves_the_voltage_back_at_constant_current():
    wave = triangle(2.0, period=8.0)
    peaks = {}
    for snap in (None, SnapBack(current=1e-5, v_snap=0.1)):
        law = DynamicMemdiode(transitions=MemdiodeTransitions(snap_back=snap))
        run = drive(law, wave, compliance_current=2e-4, points=2000)
        up = run.trace.time <= 2.0
        u, i = run.trace.device_voltage[up], run.trace.current[up]
        peaks[snap is None] = float(u.max())
        limited = u[(i > 1.99e-4)]
        # Under the compliance the state goes on and the voltage falls towards the lower threshold.
        assert float(limited[-1]) < (0.5 if snap else 0.75) * float(u.max())
    assert peaks[False] < peaks[True]


def test_geometric_mixing_meets_the_same_ends():
    linear, geometric = MemdiodeStates(), MemdiodeStates(mixing=Mixing.GEOMETRIC)
    for state in (0.0, 1.0):
        assert geometric.current(state, 0.4) == pytest.approx(linear.current(state, 0.4))
    ends = [MemdiodeStates(alpha_lrs=6.19, mixing=Mixing.GEOMETRIC).current(s, 0.4) for s in (0.0, 0.5, 1.0)]
    assert ends[1] == pytest.approx(math.sqrt(ends[0] * ends[2]))


def test_own_resistance_equals_that_of_the_circuit_when_it_stands_still():
    wave = triangle(1.5, period=7.0, negative=-2.0)
    outside = drive(DynamicMemdiode(), wave, series_resistance=200.0)
    inside = drive(
        ResistiveMemdiode(
            conduction=MemdiodeStates(),
            transitions=MemdiodeTransitions(),
            r_hrs=200.0,
            r_lrs=200.0,
            sensed=Sensed.DIODES,
        ),
        wave,
    )
    assert np.abs(inside.current - outside.current).max() < 1e-9 * np.abs(outside.current).max()


def test_own_resistance_solves_its_loop_equation():
    law = ResistiveMemdiode()
    state = torch.linspace(0.0, 1.0, 5, dtype=torch.float64)[:, None]
    voltage = torch.linspace(-2.0, 2.0, 9, dtype=torch.float64)[None, :]
    current = law.current(state, voltage)
    series = law.r_hrs + (law.r_lrs - law.r_hrs) * state
    torch.testing.assert_close(
        law.conduction.current(state, voltage - series * current), current, rtol=1e-9, atol=1e-20
    )


def test_quasi_static_state_does_not_depend_on_the_rate():
    law = QuasiStaticMemdiode()
    runs = [
        drive(law, triangle(1.1, period=period, negative=-1.6, cycles=2), series_resistance=30.0)
        for period in (1e-6, 1.0, 1e6)
    ]
    for run in runs[1:]:
        np.testing.assert_allclose(run.current, runs[0].current, rtol=1e-9, atol=1e-15)


def test_quasi_static_loops_follow_the_sigmoids():
    """Up to a peak lambda is the sigmoid of SET at that peak, and it stays there until that of RESET meets it."""
    law = QuasiStaticMemdiode()

    def up(u):
        return 1.0 / (1.0 + np.exp(-15.0 * (u - 0.8)))

    def down(u):
        return 1.0 / (1.0 + np.exp(-4.0 * (u + 1.3)))

    for peak in (0.7, 0.8, 0.95):
        corners = np.array([0.0, peak, -1.0, -1.5, 0.0])
        run = drive(law, Waveform(time=np.arange(5.0), voltage=corners), times=np.arange(5.0))
        state = run.trace.state[0].numpy()
        expected = [
            up(0.0),
            up(peak),
            min(up(peak), down(-1.0)),
            min(up(peak), down(-1.5)),
            min(up(peak), down(-1.5)),
        ]
        np.testing.assert_allclose(state, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MemdiodeStates(i_hrs=1e-3, i_lrs=1e-6), "Are the two swapped"),
        (lambda: MemdiodeStates(alpha_hrs=-6.0), "alpha_hrs is -6"),
        (lambda: MemdiodeTransitions(v_set=-0.8), "v_set is -0.8 V; it must be above zero"),
        (lambda: MemdiodeTransitions(v_reset=1.3), "v_reset is 1.3 V; it must be below zero"),
        (lambda: MemdiodeTransitions(v_set=800.0), "in another unit"),
        (lambda: MemdiodeTransitions(snap_back=SnapBack(v_snap=0.9)), "must be below v_set"),
        (lambda: QuasiStaticMemdiode(v_reset=0.4), "must be below zero"),
        (lambda: DynamicMemdiode(lambda_initial=1.2), "it is a share"),
        (lambda: ResistiveMemdiode(r_lrs=float("inf")), "finite"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(PinchedError, match=message):
        make()
