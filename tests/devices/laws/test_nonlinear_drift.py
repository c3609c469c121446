"""Nonlinear ion drift: closed form without a window, the diode of the HRS, even powers, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.data.waveforms import triangle
from pinched.devices.drive import drive
from pinched.devices.laws.characteristics import SinhDiode
from pinched.devices.laws.nonlinear_drift import NonlinearIonDrift
from pinched.devices.laws.windows import Joglekar


@pytest.mark.parametrize("m", [3.0, 5.0, 13.0, 4.0])
def test_closed_form_on_a_ramp(m):
    """w grows by a V^(m+1) / ((m+1) slope) on a ramp to V, and falls by as much on the way below zero."""
    law = NonlinearIonDrift(a=2.0, m=m, w_initial=0.2)
    waveform = triangle(0.8, period=3.2)
    run = drive(law, waveform, times=np.linspace(0.0, 3.2, 65))
    t = run.trace.time.numpy()
    v = waveform.at(t)
    # On the branches that return to zero the integral is what is left of the whole one.
    part = 2.0 * np.abs(v) ** (m + 1) / (m + 1)
    whole = 2.0 * 0.8 ** (m + 1) / (m + 1)
    quarter = np.minimum((t / 0.8).astype(int), 3)
    exact = 0.2 + np.choose(quarter, [part, 2 * whole - part, 2 * whole - part, part])
    assert np.abs(run.trace.state[0].numpy() - exact).max() < 1e-6


def test_joglekar_closes_its_loop():
    law = NonlinearIonDrift(a=20.0, window=Joglekar(p=2.0))
    x = drive(law, triangle(1.0, period=0.4, cycles=3), rtol=1e-8).trace.state[0].numpy()
    assert np.ptp(x) > 0.1
    assert x[-1] == pytest.approx(0.5, abs=1e-7)


def test_the_hrs_is_a_diode_and_the_lrs_a_tunnel_current():
    law = NonlinearIonDrift(characteristic=SinhDiode(beta=1e-6, chi=1e-8, alpha=2.0, gamma=4.0, n=3.0))
    assert law.current(0.0, 0.5) == pytest.approx(1e-8 * math.expm1(2.0))
    assert law.current(0.0, -5.0) == pytest.approx(-1e-8)
    assert law.current(1.0, -0.5) == pytest.approx(-1e-6 * math.sinh(1.0) + 1e-8 * math.expm1(-2.0))
    assert law.current(0.5, 0.3) - law.current(0.0, 0.3) == pytest.approx(0.125e-6 * math.sinh(0.6))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: NonlinearIonDrift(m=0.0), "m = 0"),
        (lambda: NonlinearIonDrift(a=-1.0), "a = -1"),
        (lambda: NonlinearIonDrift(w_initial=2.0), "w_initial"),
        (lambda: SinhDiode(chi=-1.0), "chi"),
        (lambda: SinhDiode(n=math.inf), "finite"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(PinchedError, match=says):
        make()
