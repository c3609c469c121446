"""JART VCM v1b: circuit reference, its several solutions, limits of the current, polarity, bad input."""

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
from pinched.devices.laws.jart import Branch, JartVcm

N = 1e26


@pytest.fixture(scope="module")
def reference(shared):
    file = shared / "reference" / "circuit" / "jart_v1b_det_tri.csv"
    if not file.is_file():
        pytest.skip(f"no circuit references at {file.parent}")
    return np.loadtxt(file, delimiter=",", skiprows=1, unpack=True)


@pytest.fixture(scope="module")
def run(reference):
    return drive(JartVcm(n_initial=0.01 * N), triangle(-1.3, period=5.2), times=reference[0])


def test_set_half_of_the_reference(reference, run):
    """V < 0: current to 1e-3 of its largest, SET voltage to 2 mV; SET itself lasts less than a sample."""
    time, voltage, current, vacancies = reference[:4]
    state = run.trace.state[0].numpy() / N
    switches = np.argmax(vacancies > 1.0)
    assert voltage[np.argmax(state > 1.0)] == pytest.approx(voltage[switches], abs=2e-3)
    sets = (voltage < 0) & (np.abs(time - time[switches]) > 2e-3)
    assert np.abs(run.current - current)[sets].max() < 1e-3 * np.abs(current).max()


def test_reset_half_of_the_reference_is_the_highest_branch(reference, run):
    """V > 0 is qualitative there, since the solver chose the root; it went on along the highest one."""
    time, voltage, current, vacancies = reference[:4]
    rises = (voltage > 0) & (time < 3.9)
    resets = voltage[rises][np.argmax(vacancies[rises] < 1.0)]
    away = rises & (np.abs(voltage - resets) > 3e-3)
    assert np.abs(run.current - current)[away].max() < 2e-3 * np.abs(current).max()
    lowest = drive(JartVcm(n_initial=0.01 * N, branch=Branch.LOWEST), triangle(-1.3, period=5.2), times=time)
    differs = np.abs(lowest.current - current)[rises] > 2e-3 * np.abs(current).max()
    assert differs.mean() > 0.5


def _all_roots(vacancies, volts):
    """Every root of the law's equation, by looking at it everywhere: the image force's contact, written out."""
    area = math.pi * 45e-9**2
    disc = 0.4e-9 / (vacancies * 2 * constants.E * 4e-6 * area)
    plug = 2.6e-9 / (20 * N * 2 * constants.E * 4e-6 * area)
    current = np.linspace(0.0, volts / (disc + plug + 650 + 719.2437), 400_001)[1:]
    line = 719.2437 * (1 + 719.2437 * 3.92e-3 * 90471.47 * current**2)
    junction = volts - current * (disc + plug + 650 + line)
    temperature = 293 + np.maximum(current * (volts - current * (650 + line)), 0) * 15.72e6 * 0.27
    thermal = constants.K_B * temperature / constants.E
    psi = np.maximum(0.08 - junction, 0.0)
    image = constants.E**3 * 2 * vacancies * psi / (8 * math.pi**2 * (5.5 * constants.EPSILON_0) ** 3)
    barrier = np.maximum(0.0, 0.18 - image**0.25)
    emitted = area * 6.01e5 * temperature**2 * np.exp(-barrier / thermal) * np.expm1(junction / thermal)
    sign = np.sign(current - emitted)[junction >= 0]
    return current[: sign.size][1:][sign[1:] != sign[:-1]]


@pytest.mark.parametrize("vacancies", [0.008, 0.1, 1.0, 20.0])
@pytest.mark.parametrize("volts", [0.05, 0.12, 0.3, 0.6, 0.9, 1.3])
def test_branches_are_the_ends_of_all_solutions(vacancies, volts):
    roots = _all_roots(vacancies * N, volts)
    assert len(roots) in (1, 3)
    found = [JartVcm(branch=b).current(vacancies * N, volts) for b in (Branch.LOWEST, Branch.HIGHEST)]
    np.testing.assert_allclose(found, [roots[0], roots[-1]], rtol=3e-4)


def test_three_currents_at_the_point_of_the_specification():
    np.testing.assert_allclose(_all_roots(20 * N, 0.3), [1.08e-4, 1.41e-4, 1.86e-4], rtol=5e-3)


def test_the_current_is_where_its_residual_vanishes():
    for branch in Branch:
        law = JartVcm(branch=branch)
        state = torch.logspace(-2, 1.3, 12, dtype=torch.float64)[:, None] * N
        voltage = torch.linspace(-1.5, 1.5, 13, dtype=torch.float64)[None, :]
        current = law.current(state, voltage)
        left = law.current_residual(state, voltage, current)
        assert (left.abs() <= 1e-9 * current.abs()).all()
        assert (current * voltage >= 0).all()


def test_low_resistance_state_is_ohmic_in_series_with_its_lines():
    """A filled disc at a large voltage drops all but the contact's few tenths of a volt on known resistances."""
    law = JartVcm()
    current = abs(law.current(20 * N, -1.5))
    area = math.pi * 45e-9**2
    line = 719.2437 * (1 + 719.2437 * 3.92e-3 * 90471.47 * current**2)
    ohms = 3e-9 / (20 * N * 2 * constants.E * 4e-6 * area) + 650 + line
    assert 0.0 < 1.5 - current * ohms < 0.2


def test_polarity_and_heating():
    law = JartVcm()
    assert law.state_rate(1 * N, -0.8) > 0
    assert law.state_rate(1 * N, 0.8) < 0
    assert law.state_rate(law.n_max, -0.8) == 0
    assert law.state_rate(law.n_min, 0.8) == 0
    power = 1e-4 * (0.8 - 1e-4 * (650 + 719.2437 * (1 + 719.2437 * 3.92e-3 * 90471.47 * 1e-8)))
    assert law.cell_temperature(-0.8, -1e-4) == pytest.approx(293 + 15.72e6 * power)
    assert law.cell_temperature(0.8, 1e-4) == pytest.approx(293 + 0.27 * 15.72e6 * power)
    wide = JartVcm(radius=49.5e-9)
    assert wide.cell_temperature(-0.8, -1e-4) - 293 == pytest.approx(15.72e6 * power / 1.21)


@pytest.mark.parametrize("period", [5.2e-4, 5.2, 5.2e3])
@pytest.mark.parametrize(
    "circuit",
    [
        Circuit(),
        Circuit(compliance_negative=1e-4),
        Circuit(compliance_negative=1e-4, response_time=1e-8),
        Circuit(series_resistance=200.0),
    ],
    ids=["bare", "compliance", "lagging", "resistor"],
)
def test_full_switches_run_without_a_step_set_by_hand(period, circuit):
    run = drive(JartVcm(), triangle(-1.6, period=period, cycles=2), circuit=circuit, points=400)
    assert np.isfinite(run.current).all()
    state = run.trace.state[0].numpy() / N
    assert state.max() > 0.3
    assert state[-1] < 0.1
    if circuit.compliance_negative is not None and circuit.response_time == 0.0:
        assert run.current.min() >= -1e-4 * (1 + 1e-9)


def test_slower_sweeps_set_at_lower_voltage():
    voltages = []
    for period in (5.2e-3, 5.2, 5.2e3):
        run = drive(JartVcm(), triangle(-1.3, period=period), points=4001)
        voltages.append(run.voltage[np.argmax(run.trace.state[0].numpy() > N)])
    assert voltages[0] < voltages[1] < voltages[2] < 0


def test_a_hold_far_below_switching_retains():
    run = drive(JartVcm(n_initial=10 * N), staircase([0.05], dwell=1.0), points=3)
    assert float(run.trace.state[0, -1]) == pytest.approx(10 * N, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_min": 30 * N}, "Are the two swapped"),
        ({"n_initial": 21 * N}, "lies outside its bounds"),
        ({"n_max": 20.0}, "n_max"),
        ({"disc_length": 0.4}, "disc_length"),
        ({"disc_length": 4e-9}, "the disc is a part of the cell"),
        ({"fermi_distance": 0.2}, "Schottky"),
        ({"temperature": 20e3}, "temperature"),
        ({"radius": float("nan")}, "finite"),
        ({"radius": 45.0}, "radius = 45 m"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(PinchedError, match=message):
        JartVcm(**changes)
