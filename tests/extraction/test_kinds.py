"""Kinds of switching beyond the bipolar loop: forming, unipolar, volatile, snap-back, several events.

All sweeps are simulated here from their definitions; the truth is what was put in.
"""

import dataclasses

import numpy as np
import pytest

from pinched.data.sweep import IVSweep
from pinched.devices.simulated import BinaryDevice, simulate_sweep
from pinched.extraction.distributions import Lognormal, Normal, fit_distribution
from pinched.extraction.switching import extract_switching
from pinched.extraction.table import Flag

DEVICE = BinaryDevice(v_set=1.2, v_reset=-0.8, resistance_lrs=2e3, resistance_hrs=5e5)


def test_forming_is_told_from_setting():
    pristine = dataclasses.replace(DEVICE, v_set=3.5, resistance_hrs=5e8)
    sweeps = [simulate_sweep(pristine, stop=(5.0, -2.0), name="one", seed=0)]
    for k in range(1, 6):
        later = dataclasses.replace(DEVICE, v_set=1.2 + 0.05 * k)
        sweeps.append(
            dataclasses.replace(simulate_sweep(later, stop=(2.0, -2.0), name="one", seed=k), cycle=k + 1)
        )
    table = extract_switching(sweeps)
    assert table.v_set_flag[0] is Flag.FORMING
    assert table.v_form[0] == pytest.approx(3.5, abs=0.021)
    assert np.isnan(table.v_form[1:]).all()
    assert np.isnan(table.measured("v_set")[0])
    assert np.isnan(table.measured("resistance_hrs")[0])
    assert set(table.v_set_flag[1:]) == {Flag.ABRUPT}


def test_a_first_cycle_like_the_others_is_no_forming():
    sweeps = [dataclasses.replace(simulate_sweep(DEVICE, name="one", seed=k), cycle=k + 1) for k in range(6)]
    assert Flag.FORMING not in extract_switching(sweeps).v_set_flag


def unipolar(sign=1):
    """RESET at 0.7 V without, SET at 1.5 V with a compliance of 1 mA, on the same side, three times over."""
    voltage, current = [], []
    for v_peak, lrs_first in ((1.0, True), (2.0, False)) * 3:
        out = np.arange(0, v_peak + 0.005, 0.01)
        for k, v in enumerate(np.concatenate([out, out[::-1]])):
            going_out = k < out.size
            lrs = (going_out and v <= 0.7) if lrs_first else (not going_out or v >= 1.5)
            voltage.append(v)
            current.append(min(v / 500, 1e-3) if lrs and not lrs_first else v / 500 if lrs else v / 1e6)
    return IVSweep(voltage=sign * np.array(voltage), current=sign * np.array(current))


@pytest.mark.parametrize("sign", [1, -1])
def test_unipolar_devices_set_and_reset_on_one_side(sign):
    table = extract_switching(unipolar(sign))
    assert len(table) == 3
    np.testing.assert_allclose(table.v_reset, sign * 0.7, atol=0.011)
    np.testing.assert_allclose(table.v_set, sign * 1.5, atol=0.011)
    assert table.cycle.tolist() == [1, 2, 3]


def volatile(v_threshold=1.2, v_hold=0.4):
    out = np.arange(0, 2.005, 0.01)
    voltage = np.concatenate([out, out[::-1]])
    on = np.concatenate([out >= v_threshold, out[::-1] > v_hold])
    current = np.where(on, np.minimum(voltage / 5e3, 1e-4), voltage / 1e8)
    return IVSweep(voltage=voltage, current=current)


def test_a_volatile_device_has_a_hold_voltage_and_no_lrs_at_the_read_voltage():
    table = extract_switching(volatile())
    assert table.v_set[0] == pytest.approx(1.2, abs=0.011)
    assert table.v_hold[0] == pytest.approx(0.4, abs=0.021)
    assert table.resistance_lrs_flag[0] is Flag.VOLATILE
    assert np.isnan(table.resistance_lrs[0])
    # Read above the hold voltage it has one.
    above = extract_switching(volatile(), read_voltage="0.45 V")
    assert above.resistance_lrs_flag[0] is not Flag.VOLATILE


def test_a_device_that_stays_has_no_hold_voltage():
    assert np.isnan(extract_switching(simulate_sweep(DEVICE)).v_hold[0])


def test_snap_back_of_a_measured_voltage_under_compliance():
    """At SET the source-meter regulates the current and reports the voltage that is left on the device."""
    source = np.concatenate([np.arange(0, 2.0, 0.01), np.arange(2.0, -0.005, -0.01)])
    set_at = int(np.argmax(source >= 1.2))
    lrs = np.arange(source.size) >= set_at
    wanted = source / np.where(lrs, 500.0, 1e6)
    current = np.minimum(wanted, 5e-4)
    measured = current * np.where(lrs, 500.0, 1e6)
    table = extract_switching(IVSweep(voltage=measured, current=current, compliance_current=5e-4))
    # The last voltage that stood on the device before it collapsed.
    assert table.v_set[0] == pytest.approx(1.19, abs=0.021)
    assert table.resistance_lrs[0] == pytest.approx(500, rel=0.02)


def test_a_multi_step_set_reports_the_step_past_half():
    """Two filaments: the first carries a fifth of the current of both; SET is where half is passed."""
    out = np.arange(0, 2.005, 0.01)
    g_out = 1e-6 + np.where(out >= 0.8, 1e-4, 0) + np.where(out >= 1.3, 4e-4, 0)
    voltage = np.concatenate([out, out[::-1]])
    current = np.concatenate([g_out * out, 5.01e-4 * out[::-1]])
    assert extract_switching(IVSweep(voltage=voltage, current=current)).v_set[0] == pytest.approx(
        1.3, abs=0.011
    )


def test_confidence_is_high_where_curves_are_clear_and_lower_in_noise():
    clear = extract_switching(simulate_sweep(DEVICE, relative_noise=0.0))
    noisy = extract_switching(
        simulate_sweep(dataclasses.replace(DEVICE, resistance_hrs=9e3), relative_noise=0.15, seed=3)
    )
    assert clear.v_set_confidence[0] > 0.99
    assert clear.v_reset_confidence[0] > 0.99
    assert 0 <= noisy.v_set_confidence[0] < clear.v_set_confidence[0]


@pytest.mark.parametrize("step", [pytest.param("20 mV", marks=pytest.mark.slow), "100 mV"])
def test_statistics_are_unbiased_by_the_voltage_step(step):
    """2000 cycles with 100 mV steps: the sample at which the LRS is first seen lies 50 mV too high on average."""
    rng = np.random.default_rng(0)
    truth = rng.normal(1.2, 0.1, 2000)
    sweeps = [
        simulate_sweep(
            dataclasses.replace(DEVICE, v_set=v), stop=(2.0, -2.0), step=step, relative_noise=0.0, name=str(k)
        )
        for k, v in enumerate(truth)
    ]
    table = extract_switching(sweeps)
    error = table.measured("v_set") - truth
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(truth.size) + 1e-4
    np.testing.assert_allclose(table.v_set_step, float(step.split()[0]) / 1000, rtol=1e-6)


@pytest.mark.slow
def test_intervals_of_the_median_cover_the_truth_as_often_as_they_say():
    """400 studies of 60 simulated cycles from sweep to interval: 95 % within three standard errors (3.3 %)."""
    hits = {"v_set": 0, "resistance_hrs": 0}
    for study in range(400):
        rng = np.random.default_rng(study)
        v_set, hrs = rng.normal(1.2, 0.15, 60), np.exp(rng.normal(13.0, 0.8, 60))
        sweeps = [
            simulate_sweep(
                dataclasses.replace(DEVICE, v_set=float(v), resistance_hrs=float(h)),
                stop=(2.0, -2.0), relative_noise=0.02, name=str(k), seed=study,
            )
            for k, (v, h) in enumerate(zip(v_set, hrs, strict=True))
        ]  # fmt: skip
        table = extract_switching(sweeps)
        mean = fit_distribution(table.measured("v_set"), families=(Normal,), seed=study).interval["mean"]
        mu = fit_distribution(table.measured("resistance_hrs"), families=(Lognormal,), seed=study).interval[
            "mu"
        ]
        hits["v_set"] += mean[0] <= 1.2 <= mean[1]
        hits["resistance_hrs"] += mu[0] <= 13.0 <= mu[1]
    assert 0.917 <= hits["v_set"] / 400 <= 0.983
    assert 0.917 <= hits["resistance_hrs"] / 400 <= 0.983
