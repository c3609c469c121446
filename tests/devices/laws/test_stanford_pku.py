"""Stanford-PKU 1.0: circuit references, gate, heating, full switches without a hand-set step, noise, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from circuit_references import assert_agrees, load
from pinched import constants
from pinched._errors import PinchedError
from pinched.data.waveforms import staircase, triangle
from pinched.devices.circuit import Circuit
from pinched.devices.drive import drive
from pinched.devices.law import with_parameters
from pinched.devices.laws.stanford_pku import StanfordPku, StochasticStanfordPku


@pytest.mark.parametrize("name", ["stanford_noFmin_sine", "stanford_reset_pulses"])
def test_circuit_reference(shared, name):
    reference = load(shared, name)
    p = reference.parameters
    law = StanfordPku(
        i_0=p["I0"],
        g_0=p["g0"],
        v_0=p["V0"],
        velocity=p["Vel0"],
        beta=p["beta"],
        gamma_set=p["gamma0"],
        activation=p["Ea"],
        hop=p["a0"],
        temperature=p["T_ini"],
        field_min=p["F_min"],
        gap_min=p["gap_min"],
        gap_max=p["gap_max"],
        r_thermal=p["Rth"],
        thickness=p["tox"],
        gap_initial=p["gap_ini"],
    )
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, 1e9 * run.trace.state[0].numpy(), run.current)


def test_current_temperature_and_speed_are_the_published_formulas():
    law = StanfordPku()
    gap, volts = 0.6e-9, 1.3
    current = 1e-3 * math.exp(-0.6 / 0.25) * math.sinh(volts / 0.25)
    assert law.current(gap, volts) == pytest.approx(current)
    temperature = 298.0 + volts * current * 2100.0
    assert law.filament_temperature(gap, -volts) == pytest.approx(temperature)
    gamma = 16.0 - 0.8 * 0.6**3
    reach = gamma * 0.25 / 12.0 * constants.E * volts / (constants.K_B * temperature)
    speed = 10.0 * math.exp(-0.6 * constants.E / (constants.K_B * temperature)) * math.sinh(reach)
    assert law.state_rate(gap, volts) == pytest.approx(-speed)
    assert law.state_rate(gap, -volts) == pytest.approx(speed)


@pytest.mark.parametrize("width", [1e-6, 1e-3, 1e-2])
def test_the_gate_takes_the_gain_away_below_its_field(width):
    law, free = StanfordPku(gate_width=width), StanfordPku(field_min=1.0)
    gap = 0.5e-9
    threshold = 1.4e9 * 12e-9 / (16.0 - 0.8 * 0.5**3)
    for share, gain in ((0.99 - 20.0 * width, 0.0), (1.0, 0.5), (1.01 + 20.0 * width, 1.0)):
        volts = threshold * share
        rise = constants.K_B * law.filament_temperature(gap, volts) / constants.E
        scale = 10.0 * math.exp(-0.6 / rise)
        reach = [math.asinh(float(x.state_rate(gap, volts)) / scale) for x in (law, free)]
        assert reach[0] / reach[1] == pytest.approx(gain, abs=1e-6)


def test_the_gain_of_reset_is_a_parameter_of_its_own():
    """The published file takes 16 for V < 0 whatever it is told: that is the default here, and no more."""
    law = StanfordPku(gamma_set=18.0)
    default = StanfordPku()
    assert law.state_rate(1e-9, -1.3) == default.state_rate(1e-9, -1.3)
    assert law.state_rate(1e-9, 1.3) != default.state_rate(1e-9, 1.3)
    weak = StanfordPku(gamma_reset=14.0, field_min=1.0)
    assert weak.state_rate(1e-9, -1.3) < StanfordPku(field_min=1.0).state_rate(1e-9, -1.3)


@pytest.mark.parametrize("period", [1e-7, 1e-3, 1e3])
@pytest.mark.parametrize(
    "circuit",
    [
        Circuit(),
        Circuit(compliance_positive=2e-3),
        Circuit(compliance_positive=2e-3, response_time=1e-9),
        Circuit(series_resistance=500.0),
    ],
    ids=["bare", "compliance", "lagging", "resistor"],
)
def test_full_switches_run_without_a_step_set_by_hand(period, circuit):
    law = StanfordPku(gap_initial=1.7e-9)
    run = drive(law, triangle(2.2, period=period, cycles=2), circuit=circuit, points=400)
    gap = run.trace.state[0].numpy()
    assert np.isfinite(run.current).all()
    assert gap.min() >= 0.2e-9
    assert gap.max() <= 1.7e-9
    assert run.trace.steps < 20_000
    if period > 1e-6:
        # SET runs away to a small gap, RESET opens it again.
        assert gap.min() < 1.0e-9
        assert gap[-1] > 1.2e-9
    if circuit.compliance_positive is not None and float(torch.as_tensor(circuit.response_time)) == 0.0:
        assert run.current.max() <= 2e-3 * (1 + 1e-9)


def test_lrs_draws_a_tenth_of_an_ampere_without_compliance():
    run = drive(StanfordPku(), triangle(1.6, period=1.0), points=400)
    assert run.current.max() == pytest.approx(0.1352, rel=1e-3)


def test_reset_stops_itself_at_the_gate():
    """A rising gap needs a rising voltage: at the end of a slow ramp the field stands at F_min."""
    run = drive(StanfordPku(gap_initial=0.2e-9), triangle(-1.25, period=4.0), times=np.array([0.5, 1.0]))
    gap = float(run.trace.state[0, 1])
    field = (16.0 - 0.8 * (gap / 1e-9) ** 3) * 1.25 / 12e-9
    assert field == pytest.approx(1.4e9, rel=3e-3)


def test_noise_spreads_as_the_root_of_time_whatever_the_samples():
    """Held at 0 V the gap is a Brownian motion of known strength; twice the samples, the same spread."""
    count = 1500
    start = torch.full((count,), 1.0e-9, dtype=torch.float64)
    law = StochasticStanfordPku(
        gap_initial=start, gap_max=50e-9, gap_min=1e-12, noise_velocity=0.02, noise_step=1e-9
    )
    expected = 0.02 * math.sqrt(1e-9) / (1.0 + math.exp((450.0 - 298.0) / 500.0))
    for points in (3, 12):
        runs = drive(law, staircase([0.0], dwell=1e-7), points=points, seed=points)
        for k in (1, -1):
            spread = float((runs.trace.state[0, :, k] - 1e-9).std())
            elapsed = float(runs.trace.time[k])
            assert spread == pytest.approx(expected * math.sqrt(elapsed), rel=0.08)


def test_noise_is_addressed_by_its_seed():
    law = StochasticStanfordPku()
    wave = staircase([0.5], dwell=1e-8)
    first, again, other = (drive(law, wave, points=20, seed=s).trace.state for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gap_min": 2e-9}, "Are the two swapped"),
        ({"gap_initial": 2.5e-9}, "lies outside its bounds"),
        ({"gap_max": 1.7}, "in another unit"),
        ({"temperature": 25e3}, "temperature"),
        ({"field_min": -1.0}, "field_min"),
        ({"v_0": float("nan")}, "v_0 is nan"),
        ({"activation": 600.0}, "activation = 600 eV"),
        ({"r_thermal": -1.0}, "r_thermal"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(PinchedError, match=message):
        StanfordPku(**changes)


def test_bad_noise():
    with pytest.raises(PinchedError, match="noise_step"):
        StochasticStanfordPku(noise_step=0.0)
    with pytest.raises(PinchedError, match="noise_velocity"):
        StochasticStanfordPku(noise_velocity=-1.0)


def test_gradients_of_a_full_switch_through_the_gate():
    """SET that runs into the compliance, RESET that follows the gate; by finite differences to 1e-5 of the whole."""
    law, wave = StanfordPku(gap_initial=1.0e-9), triangle(1.8, period=4e-6)
    times = np.linspace(0.0, wave.duration, 101)
    weight = torch.linspace(0.3, 1.0, 101, dtype=torch.float64)
    circuit = Circuit(series_resistance=200.0, compliance_positive=1e-3)

    def loss(device):
        run = drive(device, wave, times=times, circuit=circuit, rtol=1e-9).trace
        return (1e9 * run.state[0] * weight).sum(-1) + 1e3 * (run.current * weight).sum(-1)

    for name in ("activation", "gamma_set", "field_min", "gate_width"):
        value = float(getattr(law, name))
        tensor = torch.tensor(value, dtype=torch.float64, requires_grad=True)
        whole = loss(with_parameters(law, {name: tensor}))
        whole.backward()
        around = value * (1.0 + 1e-4 * torch.tensor([-2.0, -1.0, 1.0, 2.0], dtype=torch.float64))
        found = loss(with_parameters(law, {name: around}))
        difference = float(found @ torch.tensor([1.0, -8.0, 8.0, -1.0], dtype=torch.float64)) / 12.0 / 1e-4
        size = abs(float(whole.detach())) + abs(difference)
        assert abs(float(tensor.grad) * value - difference) < 1e-5 * size, name
