"""Yakopcic: both circuit references, polarity, rest between the thresholds, ends, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from circuit_references import assert_agrees, load
from independent import integrate
from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, sine, triangle
from pinched.devices.drive import drive
from pinched.devices.laws.characteristics import SinhCurrent, TwoBranchSinh
from pinched.devices.laws.windows import ExponentialEdges
from pinched.devices.laws.yakopcic import Yakopcic


def test_single_sinh_circuit_reference(shared):
    reference = load(shared, "yakopcic_default_sine")
    p = reference.parameters
    law = Yakopcic(
        v_p=p["Vp"],
        v_n=p["Vn"],
        a_p=p["Ap"],
        a_n=p["An"],
        eta=p["eta"],
        x_initial=p["x0"],
        window=ExponentialEdges(x_p=p["xp"], x_n=p["xn"], alpha_p=p["alphap"], alpha_n=p["alphan"]),
        characteristic=SinhCurrent(a_positive=p["a1"], a_negative=p["a2"], b=p["b"]),
    )
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy(), run.current)


def test_two_branch_circuit_reference(shared):
    reference = load(shared, "yakopcic_srtio3_tri")
    p = reference.parameters
    law = Yakopcic(
        v_p=p["Vp"],
        v_n=p["Vn"],
        a_p=p["Ap"],
        a_n=p["An"],
        x_initial=p["x0"],
        # The lower region of this copy is counted from 0.
        window=ExponentialEdges(x_p=p["xp"], x_n=1.0 - p["xn"], alpha_p=p["alphap"], alpha_n=p["alphan"]),
        characteristic=TwoBranchSinh(
            g_max_positive=p["gmax_p"],
            b_max_positive=p["bmax_p"],
            g_max_negative=p["gmax_n"],
            b_max_negative=p["bmax_n"],
            g_min_positive=p["gmin_p"],
            b_min_positive=p["bmin_p"],
            g_min_negative=p["gmin_n"],
            b_min_negative=p["bmin_n"],
        ),
    )
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy(), run.current)


def test_the_defaults_are_the_sets_of_the_references(shared):
    """A device made without a word is the published one."""
    p = load(shared, "yakopcic_default_sine").parameters
    law = Yakopcic()
    assert (law.v_p, law.v_n, law.a_p, law.a_n) == (p["Vp"], p["Vn"], p["Ap"], p["An"])
    q = load(shared, "yakopcic_srtio3_tri").parameters
    two = TwoBranchSinh()
    assert (two.g_max_negative, two.b_min_positive) == (q["gmax_n"], q["bmin_p"])


def test_other_edges_against_an_independent_integration():
    xp, xn, ap, an = 0.6, 0.2, 3.0, 0.5
    law = Yakopcic(
        v_p=0.3,
        v_n=0.5,
        a_p=12.0,
        a_n=20.0,
        x_initial=0.05,
        window=ExponentialEdges(x_p=xp, x_n=xn, alpha_p=ap, alpha_n=an),
    )

    def rate(x: float, v: float) -> float:
        if v > 0.3:
            f = math.exp(-ap * (x - xp)) * ((xp - x) / (1 - xp) + 1) if x >= xp else 1.0
            return 12.0 * (math.exp(v) - math.exp(0.3)) * f
        if v < -0.5:
            f = math.exp(an * (x + xn - 1)) * x / (1 - xn) if x <= 1 - xn else 1.0
            return -20.0 * (math.exp(-v) - math.exp(0.5)) * f
        return 0.0

    waveform = triangle(1.0, period=0.4, cycles=2)
    times = np.linspace(0.0, 0.8, 401)
    exact = integrate(rate, waveform, 0.05, times)
    assert np.ptp(exact) > 0.3
    assert np.abs(drive(law, waveform, times=times).trace.state[0].numpy() - exact).max() < 5e-6


def test_the_gradient_by_a_threshold_meets_its_closed_form():
    """The speed has a kink where the threshold is passed: a step across it must not smear the gradient."""
    ramp = Waveform(time=np.array([0.0, 4e-5]), voltage=np.array([0.0, 1.0]))
    threshold = torch.tensor(0.16, dtype=torch.float64, requires_grad=True)
    times = np.linspace(0.0, 2e-5, 41)
    state = drive(Yakopcic(v_p=threshold), ramp, times=times, rtol=1e-10).trace.state[0]
    for k in range(times.size):
        (slope,) = torch.autograd.grad(state[k], threshold, retain_graph=True)
        exact = -4000.0 * math.exp(0.16) * max(times[k] - 0.16 * 4e-5, 0.0)
        assert slope.item() == pytest.approx(exact, abs=1e-6)


def test_eta_turns_the_device_round():
    waveform = sine(0.45, frequency=100.0, cycles=2)
    turned = Waveform(time=waveform.time, voltage=-waveform.voltage)
    forward = drive(Yakopcic(), waveform, points=200)
    backward = drive(
        Yakopcic(eta=-1.0, v_p=0.15, v_n=0.16),
        turned,
        points=200,
    )
    # The window knows the way, not the polarity; thresholds and speeds belong to the polarity.
    assert np.allclose(forward.trace.state.numpy(), backward.trace.state.numpy(), atol=2e-6)


def test_rest_between_the_thresholds_and_ends_that_are_never_passed():
    law = Yakopcic()
    for volts in (-0.15, -0.1, 0.0, 0.1, 0.16):
        assert law.state_rate(0.4, volts) == 0.0
    assert law.state_rate(1.0, 1.0) == 0.0
    assert law.state_rate(0.0, -1.0) == 0.0
    assert law.state_rate(0.0, 1.0) > 0.0


def test_the_amplitudes_belong_to_the_polarities():
    law = Yakopcic(characteristic=SinhCurrent(a_positive=2.0, a_negative=3.0, b=1.5))
    assert law.current(0.5, 0.2) == pytest.approx(2.0 * 0.5 * math.sinh(0.3))
    assert law.current(0.5, -0.2) == pytest.approx(-3.0 * 0.5 * math.sinh(0.3))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Yakopcic(v_n=-0.5), "sign"),
        (lambda: Yakopcic(eta=0.5), "direction"),
        (lambda: Yakopcic(v_p=160.0), "another unit"),
        (lambda: Yakopcic(x_initial=-0.1), "x_initial"),
        (lambda: Yakopcic(a_p=math.nan), "finite"),
        (lambda: SinhCurrent(b=-1.0), "b = -1"),
        (lambda: TwoBranchSinh(g_min_positive=-1.0), "g_min_positive"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(PinchedError, match=says):
        make()
