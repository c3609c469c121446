"""SET, RESET and resistances on sweeps with a known truth, and where there is nothing to find."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.devices.simulated import BinaryDevice, simulate_sweep
from pinched.extraction.switching import extract_switching
from pinched.extraction.table import Flag


def truth(seed, count=300):
    """Random devices whose two states differ at least 2.5 times at V_SET, with their stop voltages."""
    rng = np.random.default_rng(seed)
    devices = []
    while len(devices) < count:
        lrs = 10 ** rng.uniform(2.3, 4.5)
        hrs = lrs * 10 ** rng.uniform(0.7, 5.0)
        v_set, v_reset = rng.uniform(0.4, 2.7), -rng.uniform(0.3, 2.7)
        if hrs / lrs > 2.5 * (1 + v_set) and v_set * (1 + v_set) / hrs < 0.4e-3:
            devices.append(BinaryDevice(v_set=v_set, v_reset=v_reset, resistance_lrs=lrs, resistance_hrs=hrs))
    return devices


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("compliance", ["1 mA", "1 A"])
def test_switching_voltages_within_one_step(noise, compliance):
    devices = truth(3)
    sweeps = [
        simulate_sweep(d, stop=(3.0, -3.0), relative_noise=noise, compliance_current=compliance, name=str(k))
        for k, d in enumerate(devices)
    ]
    table = extract_switching(sweeps)
    assert len(table) == len(devices)
    step = 0.02 * 1.001
    v_set = np.array([d.v_set for d in devices])
    v_reset = np.array([d.v_reset for d in devices])
    # The first sample at or beyond V_SET, the last one before V_RESET.
    assert np.mean(np.abs(table.v_set - v_set) <= step) >= 0.98
    assert np.mean(np.abs(table.v_reset - v_reset) <= step) >= 0.98
    assert np.mean(np.abs(table.v_set_derivative - v_set) <= step) >= 0.9


def test_resistances_are_those_at_the_read_voltage():
    devices = truth(4, 50)
    table = extract_switching(
        [simulate_sweep(d, stop=(3.0, -3.0), relative_noise=0.0, noise_current=0.0) for d in devices]
    )
    lrs = np.array([d.resistance_lrs for d in devices])
    hrs = np.array([d.resistance_hrs for d in devices])
    free = np.array([flag is Flag.MEASURED for flag in table.resistance_lrs_flag])
    np.testing.assert_allclose(table.resistance_lrs[free], lrs[free], rtol=1e-9)
    np.testing.assert_allclose(table.resistance_hrs, hrs, rtol=1e-9)
    # Where the LRS would carry more than the compliance at the read voltage, the value is called a bound.
    np.testing.assert_array_equal(free, 0.1 / lrs < 0.98e-3)


def test_both_polarities_and_absolute_currents_agree():
    sweep = simulate_sweep(truth(5, 1)[0], stop=(3.0, -3.0))
    table = extract_switching(sweep)
    turned = extract_switching(sweep.flipped())
    lost = IVSweep(voltage=sweep.voltage, current=np.abs(sweep.current))
    assert turned.v_set[0] == -table.v_set[0]
    assert turned.v_reset[0] == -table.v_reset[0]
    assert turned.resistance_hrs[0] == table.resistance_hrs[0]
    assert extract_switching(lost).v_reset[0] == table.v_reset[0]
    assert lost.current_is_absolute
    np.testing.assert_array_equal(
        lost.signed_current[lost.voltage != 0] > 0, lost.voltage[lost.voltage != 0] > 0
    )


def test_a_false_start_before_set_does_not_count():
    device = BinaryDevice(v_set=1.5, v_reset=-1.0, resistance_lrs=1e4, resistance_hrs=1e6)
    sweep = simulate_sweep(device, stop=(3.0, -3.0))
    current = np.array(sweep.current)
    current[40:43] = sweep.voltage[40:43] / 1.5e4  # three samples at two thirds of the LRS current, then back
    table = extract_switching(IVSweep(voltage=sweep.voltage, current=current))
    assert table.v_set[0] == pytest.approx(1.5, abs=0.021)


def test_rising_hrs_beyond_reset_is_not_the_knee():
    """After RESET the current rises again with |V|; the largest |I| at the end of the branch is no RESET."""
    device = BinaryDevice(v_set=1.5, v_reset=-0.5, resistance_lrs=1e4, resistance_hrs=5e4)
    sweep = simulate_sweep(device, stop=(3.0, -3.0), relative_noise=0.0)
    assert np.abs(sweep.current[sweep.voltage <= -2.9]).max() > 2 * 0.5 / 1e4
    assert extract_switching(sweep).v_reset[0] == pytest.approx(-0.5, abs=0.021)


def gradual_sweep():
    """A rectifying interface device: hysteresis everywhere, a jump nowhere (simulated)."""
    phase = np.linspace(0, 2 * np.pi, 801)
    voltage = np.sin(phase)
    state = 0.5 - 0.5 * np.cos(phase)  # follows the flux: highest at the end of the positive half
    current = (1e-6 + 1e-4 * state**2) * np.sinh(2 * voltage)
    return IVSweep(voltage=voltage, current=current)


def test_a_gradual_device_gets_no_threshold():
    table = extract_switching(gradual_sweep())
    assert np.isnan(table.v_set[0])
    assert table.v_set_flag[0] is Flag.GRADUAL
    assert table.v_reset_flag[0] is Flag.GRADUAL
    assert table.on_off_ratio[0] > 2


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.2])
def test_a_resistor_never_switches(noise):
    voltage = np.concatenate([np.linspace(0, 2, 101), np.linspace(2, -2, 201), np.linspace(-2, 0, 101)])
    scatter = np.random.default_rng(2).normal(0, noise, voltage.size)
    table = extract_switching(IVSweep(voltage=voltage, current=1e-4 * voltage * np.exp(scatter)))
    assert set(table.v_set_flag + table.v_reset_flag + table.resistance_hrs_flag) == {Flag.NONE}
    assert np.isnan(table.v_set).all()
    assert np.isnan(table.resistance_lrs).all()


def test_one_branch_alone_shows_its_jump():
    voltage = np.linspace(0.02, 2, 100)
    current = np.where(voltage >= 1.0, voltage / 1e3, voltage / 1e6)
    table = extract_switching(IVSweep(voltage=voltage, current=current))
    assert table.v_set[0] == pytest.approx(1.0, abs=0.02)
    assert table.resistance_hrs[0] == pytest.approx(1e6, rel=1e-6)
    assert np.isnan(table.resistance_lrs[0])  # never read back at 0.1 V


def test_compliance_is_seen_as_a_plateau():
    device = BinaryDevice(v_set=1.0, v_reset=-0.5, resistance_lrs=500.0, resistance_hrs=1e6)
    sweep = simulate_sweep(device, stop=(3.0, -3.0), relative_noise=0.0, compliance_current="500 uA")
    unknown = IVSweep(voltage=sweep.voltage, current=sweep.current)
    assert extract_switching(unknown).compliance_current[0] == pytest.approx(5e-4, rel=1e-3)


def test_a_read_voltage_beyond_the_sweep_gives_no_number():
    sweep = simulate_sweep(truth(6, 1)[0], stop=(3.0, -3.0))
    table = extract_switching(sweep, read_voltage="5 V")
    assert np.isnan(table.resistance_lrs[0])
    assert table.resistance_lrs_flag[0] is Flag.NONE


@pytest.mark.parametrize("bad", ["0 V", "-0.1 V", "0.1 A", "much"])
def test_bad_read_voltages_are_refused(bad):
    with pytest.raises(PinchedError):
        extract_switching(simulate_sweep(truth(6, 1)[0]), read_voltage=bad)


def test_no_sweeps_is_an_error():
    with pytest.raises(PinchedError, match="no sweeps"):
        extract_switching([])


def test_the_csv_has_units_and_empty_cells_for_nan():
    text = extract_switching(gradual_sweep()).to_csv()
    head, row = text.splitlines()
    assert "v_set (V)" in head
    assert "resistance_hrs (ohm)" in head
    assert dict(zip(head.split(","), row.split(","), strict=True))["v_set (V)"] == ""
