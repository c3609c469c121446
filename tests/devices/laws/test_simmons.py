"""Simmons: circuit reference, rates without overflow, SET that runs away, and the tunnel current."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from circuit_references import assert_agrees, load
from independent import integrate
from pinched import constants
from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, triangle
from pinched.devices.circuit import Circuit, Source
from pinched.devices.drive import drive
from pinched.devices.laws.simmons import Simmons
from pinched.devices.laws.tunnelling import LinearReadout, TunnelConduction

BY_CURRENT = Circuit(source=Source.CURRENT)


def test_circuit_reference(shared):
    reference = load(shared, "simmons_off_pulses_i")
    p = reference.parameters
    low, high = p["w_lo_nm"] * 1e-9, p["w_hi_nm"] * 1e-9
    law = Simmons(
        f_off=p["f_off"],
        i_off=p["i_off"],
        a_off=p["a_off"],
        f_on=p["f_on"],
        i_on=p["i_on"],
        a_on=p["a_on"],
        b=p["b"],
        w_c=p["w_c"],
        w_min=low,
        w_max=high,
        w_initial=p["w0_nm"] * 1e-9,
        conduction=LinearReadout(r_on=p["Ron"], r_off=p["Roff"], w_on=low, w_off=high),
    )
    run = drive(law, reference.waveform, times=reference.time, circuit=BY_CURRENT)
    assert_agrees(reference, run.trace.state[0].numpy() * 1e9, run.voltage)


def _rate(w: float, i: float, p: Simmons) -> float:
    """As the paper writes it; overflows far out."""
    if i > 0:
        inner = math.exp((w - p.a_off) / p.w_c - abs(i) / p.b)
        return p.f_off * math.sinh(i / p.i_off) * math.exp(-inner - w / p.w_c)
    inner = math.exp(-(w - p.a_on) / p.w_c - abs(i) / p.b)
    return p.f_on * math.sinh(i / p.i_on) * math.exp(-inner - w / p.w_c)


def _ohmic(w_initial: float) -> Simmons:
    return Simmons(
        w_min=1.0e-9,
        w_max=2.0e-9,
        w_initial=w_initial,
        conduction=LinearReadout(r_on=1e3, r_off=1e5, w_on=1.0e-9, w_off=2.0e-9),
    )


@pytest.mark.parametrize("amperes", [-3e-4, -2e-5, -1e-7, 1e-7, 2e-4, 1e-3])
@pytest.mark.parametrize("width", [1.1e-9, 1.25e-9, 1.5e-9, 1.85e-9])
def test_rates_are_those_of_the_paper(amperes, width):
    law = _ohmic(1.5e-9)
    volts = amperes * (1e3 + 99e3 * (width - 1e-9) / 1e-9)
    assert law.state_rate(width, volts) == pytest.approx(_rate(width, amperes, law), rel=1e-9, abs=1e-290)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rates_do_not_overflow(dtype):
    """1 A is 112 000 times i_on: sinh of it has no value, the product of the paper is inf times 0."""
    law = _ohmic(1.5e-9)
    width = torch.linspace(1.0e-9, 2.0e-9, 11, dtype=dtype).repeat(7)
    volts = torch.tensor([-1e5, -1e3, -1.0, 0.0, 1.0, 1e3, 1e5], dtype=dtype).repeat_interleave(11)
    volts.requires_grad_(True)
    rate = law.state_rate(width, volts)
    assert torch.isfinite(rate).all()
    # The smallest are 0 in float32; none has the wrong sign.
    assert (rate.detach() * volts.detach().sign() >= 0).all()
    assert (rate[torch.isclose(volts, volts.new_tensor(0.0))] == 0).all()
    rate.sum().backward()
    assert volts.grad is not None
    assert torch.isfinite(volts.grad).all()


def test_a_set_that_runs_away():
    """SET speeds up as the barrier thins, by decades within one branch."""
    law = _ohmic(1.85e-9)
    waveform = Waveform(time=np.array([0.0, 0.5, 1.0]), voltage=np.array([0.0, -1.5e-4, 0.0]))
    times = np.linspace(0.0, 1.0, 201)
    run = drive(law, waveform, times=times, circuit=BY_CURRENT)

    def rate(x: float, i: float) -> float:
        return _rate(x * 1e-9, i, law) * 1e9 if i else 0.0

    exact = integrate(rate, waveform, 1.85, times)
    assert np.ptp(exact) > 0.2
    assert np.abs(run.trace.state[0].numpy() * 1e9 - exact).max() < 2e-5


def test_off_pulses_at_other_currents():
    law = _ohmic(1.15e-9)
    waveform = triangle(5e-4, period=0.2, negative=-1e-5)
    times = np.linspace(0.0, 0.2, 201)
    run = drive(law, waveform, times=times, circuit=BY_CURRENT)
    exact = integrate(lambda x, i: _rate(x * 1e-9, i, law) * 1e9 if i else 0.0, waveform, 1.15, times)
    assert np.abs(run.trace.state[0].numpy() * 1e9 - exact).max() < 2e-5


def test_voltage_sweep_of_the_tunnel_device_behind_its_series_resistance():
    """Pickett's circuit: 215 ohm before the barrier. Positive turns OFF, negative ON, and the loop is pinched."""
    run = drive(
        Simmons(w_initial=1.2e-9),
        triangle(1.5, period=2.0, negative=-1.5),
        series_resistance=215.0,
        points=400,
    )
    w = run.trace.state[0].numpy()
    assert w.min() >= 1.1e-9
    assert w.max() > 1.45e-9
    assert w[-1] < w.max() - 0.1e-9
    dissipated = run.trace.device_voltage.numpy() * run.current
    assert dissipated.min() >= 0.0
    assert np.allclose(run.trace.device_voltage.numpy() + 215.0 * run.current, run.voltage, atol=1e-9)


def _simmons(width: float, volts: float, height: float, permittivity: float, tilt: float) -> float:
    """simmons1963generalized and abdalla2011spice in SI, current density (A/m^2), for 0 < volts < height."""
    e, h, m = constants.E, constants.H, constants.M_E
    lam = e * math.log(2) / (8 * math.pi * permittivity * constants.EPSILON_0 * width)
    w1 = 1.2 * lam * width / height
    w2 = w1 + width * (1 - 9.2 * lam / (3 * height + 4 * lam - 2 * volts))
    dw = w2 - w1
    phi = height - tilt * volts * (w1 + w2) / width
    phi -= 1.15 * lam * width / dw * math.log(w2 * (width - w1) / (w1 * (width - w2)))
    b = 4 * math.pi * dw * math.sqrt(2 * m * e) / h

    def flow(p: float) -> float:
        return p * math.exp(-b * math.sqrt(p))

    return e * e / (2 * math.pi * h * dw**2) * (flow(phi) - flow(phi + volts))


@pytest.mark.parametrize("tilt", [1.0, 0.5])
@pytest.mark.parametrize("width", [1.2e-9, 1.6e-9])
def test_tunnel_current_is_the_published_one(width, tilt):
    part = TunnelConduction(barrier_tilt=tilt)
    for volts in (0.01, 0.1, 0.25):
        expected = _simmons(width, volts, 0.95, 5.0, tilt) * 1e-14
        assert part.current(width, volts) == pytest.approx(expected, rel=1e-6)
        assert part.current(width, -volts) == pytest.approx(-expected, rel=1e-6)


def test_half_the_tilt_is_the_mean_of_a_trapezoid():
    """Without image forces (a huge permittivity) w1 is 0 and w2 is w: simmons1963generalized then has the mean height
    of a trapezoid, phi_0 - V / 2 forwards and phi_0 + V / 2 backwards. A whole tilt, the convention of
    abdalla2011spice, has phi_0 - V and phi_0 there."""
    e, h, m = constants.E, constants.H, constants.M_E
    width, height = 1.5e-9, 0.95
    b = 4 * math.pi * width * math.sqrt(2 * m * e) / h
    place = np.linspace(0.0, 1.0, 100_001)
    for volts in (0.05, 0.3, 0.6):
        mean = float(np.trapezoid(height - volts * place, place))
        expected = mean * math.exp(-b * math.sqrt(mean)) - (mean + volts) * math.exp(
            -b * math.sqrt(mean + volts)
        )
        expected *= 1e-14 * e * e / (2 * math.pi * h * width**2)
        found = TunnelConduction(barrier_tilt=0.5, permittivity=1e4).current(width, volts)
        assert found == pytest.approx(expected, rel=1e-2)
        published = TunnelConduction(barrier_tilt=1.0, permittivity=1e4).current(width, volts)
        assert published > 1.2 * expected


def test_constants_of_the_tunnel_current():
    """abdalla2011spice prints them as numbers: 0.0617 A, 10.246 per nm, 0.0998 eV nm (from memory of the listing)."""
    from pinched.devices.laws import tunnelling

    assert pytest.approx(0.0617, rel=1e-3) == tunnelling._CURRENT * 1e4
    assert pytest.approx(10.246, rel=1e-4) == tunnelling._DECAY
    assert pytest.approx(0.0998, rel=1e-3) == tunnelling._IMAGE / 5.0


def test_without_image_forces_the_width_sets_the_decade():
    """An opaque barrier: ln of the conductance falls by 2 sqrt(2 m phi) / hbar per length."""
    part = TunnelConduction(permittivity=1e4)
    widths = np.array([4e-9, 4.2e-9])
    conductance = [part.current(float(w), 1e-3) * w for w in widths]
    decay = -math.log(conductance[1] / conductance[0]) / 0.2e-9
    hbar = constants.H / (2 * math.pi)
    assert decay == pytest.approx(2 * math.sqrt(2 * constants.M_E * 0.95 * constants.E) / hbar, rel=0.01)


@pytest.mark.parametrize("tilt", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("width", [0.5e-9, 1.1e-9, 1.9e-9, 4e-9])
def test_tunnel_current_rises_at_every_voltage(width, tilt):
    """Also far beyond the barrier, where the published form has no value or turns round."""
    volts = torch.linspace(-12.0, 12.0, 4801, dtype=torch.float64)
    current = TunnelConduction(barrier_tilt=tilt).current(torch.tensor(width, dtype=torch.float64), volts)
    assert (torch.diff(current) > 0).all()
    assert (current * volts >= 0).all()
    jumps = torch.diff(current).abs() / (current.abs().max() + current[1:].abs())
    assert float(jumps.max()) < 0.01


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Simmons(w_initial=1.0e-9), "w_initial"),
        (lambda: Simmons(a_off=1.2), "another unit"),
        (lambda: Simmons(i_on=-8.9e-6), "i_on"),
        (lambda: Simmons(w_min=1.95e-9), "w_max"),
        (lambda: Simmons(w_min=0.2e-9), "conduction"),
        (lambda: Simmons(b=math.nan), "finite"),
        (lambda: LinearReadout(r_on=1e6), "swapped"),
        (lambda: LinearReadout(w_on=3e-9), "w_off"),
        (lambda: TunnelConduction(area=1e4), "another unit"),
        (lambda: TunnelConduction(barrier_tilt=2.0), "barrier_tilt"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(PinchedError, match=says):
        make()
