"""Stanford-PKU 2.0 beta: its current, its two processes of RESET, full switches, an independent run, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from independent import integrate
from pinched import constants
from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, triangle
from pinched.devices.circuit import Circuit
from pinched.devices.drive import drive
from pinched.devices.law import with_parameters
from pinched.devices.laws.stanford_pku2 import StanfordPku2

KT = constants.K_B / constants.E


def _beside(law, width, volts):
    return (
        law.current_density
        * math.pi
        * (law.width_max**2 - width**2)
        / 4
        * math.exp(-7.5)
        * math.sinh(volts / 0.4)
    )


def test_a_closed_gap_conducts_by_its_filament():
    law = StanfordPku2()
    width, volts = 2e-9, 0.7
    metal = volts * math.pi * width**2 / 4 / (1.9635e-5 * 3e-9)
    assert law.current((0.0, width), volts) == pytest.approx(_beside(law, width, volts) + metal)


@pytest.mark.parametrize("volts", [-1.2, -0.3, 0.4, 1.5])
def test_the_filament_takes_its_share_of_the_voltage(volts):
    law = StanfordPku2()
    gap, width = 1.1e-9, 1.4e-9
    current = law.current((gap, width), volts)
    through = current - _beside(law, width, volts)
    area = math.pi * width**2 / 4
    on_gap = volts - through * 1.9635e-5 * (3e-9 - gap) / area
    tunnel = 1e13 * area * math.exp(-gap / 0.4e-9) * math.sinh(on_gap / 0.4)
    assert through == pytest.approx(tunnel, rel=1e-9)
    assert 0.0 < on_gap / volts < 1.0


def test_speeds():
    """SET closes the gap, then widens; RESET takes the slower of release and hopping; none exceeds 100 m/s."""
    law = StanfordPku2()
    closing, widening = law.state_rate((2e-9, 1e-9), 1.0)
    assert closing < 0
    assert widening == 0
    closing, widening = law.state_rate((0.0, 1e-9), 1.0)
    assert closing <= 0, "a closed gap is held by its bound"
    temperature = 300.0 + 5e5 * law.current((0.0, 1e-9), 1.0)
    step = 0.5e-9 + 0.5e-9**2 / 2e-9
    assert widening == pytest.approx(step * 1e13 * math.exp(-(0.7 - 0.25) / (KT * temperature)))
    for gap in (0.5e-9, 2.5e-9):
        volts = -1.5
        current = law.current((gap, 1e-9), volts)
        on_gap = volts - (current - _beside(law, 1e-9, volts)) * 1.9635e-5 * (3e-9 - gap) / (
            math.pi * 1e-18 / 4
        )
        thermal = KT * (300.0 + 5e5 * current * volts)
        release = 0.25e-9 * 1e13 * math.exp(-(0.82 + 1.5 * on_gap) / thermal)
        hops = 0.25e-9 * 1e13 * math.exp(-1.12 / thermal) * math.sinh(-0.75e-9 * on_gap / (gap * thermal))
        opening, widening = law.state_rate((gap, 1e-9), volts)
        assert opening == pytest.approx(min(release, hops, 100.0), rel=1e-6)
        assert widening == 0
    assert law.state_rate((0.01e-9, 1e-9), 2.0)[0] == -100.0


def test_an_independent_integration_closes_the_gap_at_the_same_time():
    law, width = StanfordPku2(), 0.5e-9
    area = math.pi * width**2 / 4
    wave = Waveform(time=np.array([0.0, 1e-4]), voltage=np.array([0.0, 1.0]))
    times = np.linspace(0.0, 1e-4, 60)
    run = drive(law, wave, times=times).trace.state[0].numpy()

    def rate(nanometres, volts):
        gap = nanometres * 1e-9
        if volts <= 0:
            return 0.0

        def on_gap(through):
            return volts - through * 1.9635e-5 * (3e-9 - gap) / area

        def excess(through):
            return through - 1e13 * area * math.exp(-gap / 0.4e-9) * math.sinh(on_gap(through) / 0.4)

        through = brentq(excess, 0.0, 1e13 * area * math.sinh(volts / 0.4), xtol=1e-30)
        thermal = KT * (300.0 + 5e5 * volts * (through + _beside(law, width, volts)))
        exponent = (on_gap(through) * 0.75e-9 / gap - 0.7) / thermal
        return -1e9 * 0.25e-9 * 1e13 * math.exp(exponent)

    still_open = run > 0.5e-9
    assert 10 < still_open.sum() < 60
    end = times[still_open][-1]
    until = Waveform(time=np.array([0.0, end]), voltage=np.array([0.0, 1e4 * end]))
    exact = integrate(rate, until, 3.0, times[still_open])
    np.testing.assert_allclose(1e9 * run[still_open], exact, atol=1e-4)


@pytest.mark.parametrize("period", [1e-3, 10.0])
@pytest.mark.parametrize("limit", [None, 1e-5, 1e-4])
def test_full_switches_run_without_a_step_set_by_hand(period, limit):
    run = drive(
        StanfordPku2(),
        triangle(1.5, period=period, cycles=2),
        circuit=Circuit(compliance_positive=limit),
        points=400,
    )
    gap, width = run.trace.state.numpy()
    assert np.isfinite(run.current).all()
    assert gap.min() < 0.01e-9
    assert gap[-1] > 1e-9
    assert (np.diff(width) >= -1e-20).all()
    assert width[-1] > 0.5e-9
    if limit is not None:
        assert run.current.max() <= limit * (1 + 1e-9)


def test_a_smaller_compliance_leaves_a_thinner_filament():
    widths = [
        float(
            drive(
                StanfordPku2(),
                triangle(1.5, period=1e-3),
                circuit=Circuit(compliance_positive=limit),
                points=50,
            ).trace.state[1, -1]
        )
        for limit in (1e-5, 3e-5, 1e-4)
    ]
    assert widths == sorted(widths)
    assert widths[0] < 0.5 * widths[-1]


def test_current_of_tensors_equals_that_of_numbers():
    law = StanfordPku2()
    gap = torch.tensor([0.0, 1e-9, 3e-9], dtype=torch.float64)
    together = law.current((gap, torch.full_like(gap, 1e-9)), torch.full_like(gap, 0.8))
    for k in range(3):
        assert float(together[k]) == pytest.approx(law.current((float(gap[k]), 1e-9), 0.8), rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width_max": 0.05e-9}, "Are the two swapped"),
        ({"gap_initial": 4e-9}, "lies outside its bounds"),
        ({"length": 3.0}, "in another unit"),
        ({"activation": 700.0}, "activation"),
        ({"resistivity": float("nan")}, "finite"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(PinchedError, match=message):
        StanfordPku2(**changes)


def test_gradients_follow_the_time_at_which_the_gap_closes():
    """The filament widens from that time on: a later meeting leaves it narrower. The gap runs away into the bound
    within 1e-11 s of a millisecond: a relative tolerance of 1e-9 leaves 5e-5 of that time open, 1e-11 leaves 1e-5."""
    law, wave = StanfordPku2(), triangle(1.2, period=1e-3)
    circuit = Circuit(series_resistance=2e3, compliance_positive=1e-3)
    after = np.array([1.76e-4, 1.8e-4])

    def width(value):
        device = with_parameters(law, {"activation": value})
        return drive(device, wave, times=after, circuit=circuit, rtol=1e-9).trace.state[1]

    value = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    for k in range(2):
        (slope,) = torch.autograd.grad(width(value)[k], value)
        around = width(0.7 * (1.0 + 1e-5 * torch.tensor([-1.0, 1.0], dtype=torch.float64)))[:, k]
        difference = float(around[1] - around[0]) / (2e-5 * 0.7)
        assert difference < 0, "a higher barrier closes later"
        assert float(slope) == pytest.approx(difference, rel=2e-4)
