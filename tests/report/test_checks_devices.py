"""Guideline checks of sweeps: each answers as the data deserve, with the number behind it."""

import dataclasses

import numpy as np
import pytest

from pinched.data.settings import Setting, SettingName
from pinched.devices.simulated import BinaryDevice, simulate_sweep
from pinched.extraction.switching import extract_switching
from pinched.extraction.table import Flag
from pinched.report.checks.devices import check_devices
from pinched.report.checks.network import check_network
from pinched.report.checks.record import Check, Guideline, Verdict, worst
from pinched.report.checks.variability import check_variability
from pinched.report.numbers import numbers

DEVICE = BinaryDevice(v_set=1.2, v_reset=-0.8, resistance_lrs=2e3, resistance_hrs=5e5)


def study(devices=4, cycles=5, **changes):
    rng = np.random.default_rng(0)
    sweeps = []
    for d in range(devices):
        for c in range(cycles):
            one = dataclasses.replace(DEVICE, v_set=rng.uniform(1.0, 1.4), **changes)
            sweep = simulate_sweep(one, name=f"D{d}", seed=c)
            sweeps.append(dataclasses.replace(sweep, cycle=c + 1))
    return sweeps, extract_switching(sweeps)


def by_code(checks):
    return {check.code: check for check in checks}


def test_a_good_study_passes_what_curves_can_show():
    found = by_code(check_devices(*study()))
    for code in ("V1", "V3", "S2", "S3", "S4", "S4a"):
        assert found[code].verdict is Verdict.PASS, found[code]
    assert "4 devices, 20 cycles, 5 to 5 per device" in found["V1"].finding
    assert "4/4 = 100% [40%, 100%]" in found["V2"].finding
    assert found["S1"].verdict is Verdict.CANNOT_TELL
    assert "missing: stack, area, temperature" in found["S1"].finding
    assert "median ratio 251 in 20 of 20 cycles" in found["S3"].finding
    assert found["S4r"].verdict is Verdict.CANNOT_TELL


def test_one_device_or_one_cycle_is_a_warning():
    assert "how devices differ" in by_code(check_devices(*study(1, 8)))["V1"].finding
    assert "how cycles of one device differ" in by_code(check_devices(*study(8, 1)))["V1"].finding


def test_what_was_dropped_is_counted():
    sweeps, table = study()
    some = dataclasses.replace(
        table,
        v_set=np.where(np.arange(20) < 3, np.nan, table.v_set),
        v_set_flag=(Flag.GRADUAL,) * 3 + table.v_set_flag[3:],
    )
    found = by_code(check_devices(sweeps, some, skipped=2, by_hand=1))["V3"]
    assert found.verdict is Verdict.WARN
    assert "v_set 3" in found.finding
    assert "2 files skipped, 1 cycle excluded by hand" in found.finding
    assert by_code(check_devices(sweeps, table, by_hand=30))["V3"].verdict is Verdict.FAIL


def test_bounds_are_called_bounds():
    sweeps, table = study()
    noisy = dataclasses.replace(table, resistance_hrs_flag=(Flag.NOISE,) * 20)
    found = by_code(check_devices(sweeps, noisy))["S2"]
    assert found.verdict is Verdict.WARN
    assert "at least 2.5e+02" in found.finding


def test_overshoot_above_the_compliance_is_seen():
    sweeps, table = study()
    hot = [dataclasses.replace(s, compliance_current=2e-4) for s in sweeps]
    found = by_code(check_devices(hot, table))["S4"]
    assert found.verdict is Verdict.WARN
    assert "5.0" in found.finding  # 1 mA flowed where 0.2 mA was stated
    unknown = [dataclasses.replace(s, compliance_current=None) for s in sweeps]
    assert by_code(check_devices(unknown, table))["S4"].verdict is Verdict.CANNOT_TELL


def test_a_read_that_may_switch_is_no_read():
    sweeps, _ = study()
    assert (
        by_code(check_devices(sweeps, extract_switching(sweeps, read_voltage="0.5 V")))["S3"].verdict
        is Verdict.WARN
    )


@pytest.mark.parametrize(("ohms", "verdict"), [(150.0, Verdict.PASS), (400.0, Verdict.WARN)])
def test_series_resistance_beside_the_lrs(ohms, verdict):
    """2 kohm in the LRS: a tenth of it is 200 ohm."""
    sweeps, table = study()
    known = Setting(SettingName.SERIES_RESISTANCE, ohms, "ohm")
    found = by_code(check_devices([dataclasses.replace(s, settings=(known,)) for s in sweeps], table))["S4r"]
    assert found.verdict is verdict
    assert f"{ohms / 2e3:.1%} of the median LRS" in found.finding


def test_metadata_are_counted_sweep_by_sweep():
    sweeps, table = study()
    names = ("Stack", "area", "temperature", "ambient", "limiter", "forming")
    told = tuple(Setting(name, "known") for name in names)
    every = [dataclasses.replace(s, settings=told) for s in sweeps]
    assert by_code(check_devices(every, table))["S1"].verdict is Verdict.PASS
    found = by_code(check_devices([*every[:5], *sweeps[5:]], table))["S1"]
    assert found.verdict is Verdict.WARN
    assert "stack in 5 of 20 sweeps" in found.finding


def test_devices_and_cycles_are_told_apart():
    """Device means differ by a factor e, cycles by 10 %: each component comes back, cycles count for little."""
    rng = np.random.default_rng(1)
    sweeps, table = study(6, 10)
    level = np.repeat(rng.normal(0, 1, 6), 10) + 0.1 * rng.standard_normal(60)
    table = dataclasses.replace(table, resistance_hrs=5e5 * np.exp(level))
    found = by_code(check_variability(sweeps, table))["V1s"]
    assert found.verdict is Verdict.PASS
    told = found.finding.split("resistance_hrs")[1]
    assert float(told.split("C2C ")[1].split(";")[0]) == pytest.approx(0.1, rel=0.3)
    narrow = float(found.finding.split(" times too narrow")[0].split()[-1])
    assert narrow == pytest.approx(np.sqrt(10), rel=0.05)
    one = by_code(check_variability(*study(1, 3)))["V1s"]
    assert one.verdict is Verdict.CANNOT_TELL


def test_lost_signs_are_seen():
    sweeps, table = study()
    lost = [dataclasses.replace(s, current=np.abs(s.current)) for s in sweeps]
    assert by_code(check_devices(lost, table))["S4a"].verdict is Verdict.WARN


def test_network_checks(sweeps, table, fit, score, run):
    found = by_code(check_network(numbers(sweeps, table, fit, score, run)))
    assert found["N1"].verdict is Verdict.PASS
    assert found["N1w"].verdict is Verdict.WARN
    assert found["N2"].verdict is Verdict.CANNOT_TELL
    assert found["N3"].verdict is Verdict.CANNOT_TELL
    trained = dataclasses.replace(score, test_set="ten patterns [the training images themselves]")
    assert by_code(check_network(numbers(sweeps, table, fit, trained, run)))["N1"].verdict is Verdict.FAIL
    assert check_network(numbers(sweeps, table, fit, None, run)) == []


def network(**changes):
    numbers = {
        "test_set": "digits", "images": 1797, "accuracy_array": {"mean": 0.9, "min": 0.8, "arrays": 20},
        "accuracy_float": 0.9, "baseline": 0.1, "baseline_nearest_mean": 0.8, "loss_float": 0.3,
        "accuracy_train": 0.92,
    }  # fmt: skip
    return {"network": numbers | changes}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.PASS),
        ({"accuracy_train": 1.0}, Verdict.WARN),
        ({"accuracy_train": None}, Verdict.CANNOT_TELL),
        ({"loss_float": 0.05}, Verdict.FAIL),  # 10 % wrong cost 0.1 ln 2 = 0.069 at least
        ({"loss_float": None}, Verdict.CANNOT_TELL),
    ],
)
def test_loss_and_accuracy_must_agree(changes, verdict):
    assert by_code(check_network(network(**changes)))["N3"].verdict is verdict


def test_the_time_after_programming():
    later = check_network(network(bake={"time": 3600.0, "temperature": 358.0}))
    assert by_code(later)["N2"].verdict is Verdict.PASS
    assert "drift" not in by_code(later)["N1w"].finding
    ignored = by_code(check_network(network() | {"retention": [{"device": "D1"}]}))["N2"]
    assert ignored.verdict is Verdict.WARN
    assert "although retention was measured" in ignored.finding


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], Verdict.PASS),
        ([Verdict.PASS, Verdict.CANNOT_TELL], Verdict.CANNOT_TELL),
        ([Verdict.WARN, Verdict.FAIL, Verdict.PASS], Verdict.FAIL),
    ],
)
def test_the_gravest_verdict_speaks(verdicts, expected):
    checks = [
        Check(code="x", guideline=Guideline.METHODS2019, question="?", verdict=v, finding="")
        for v in verdicts
    ]
    assert worst(checks) is expected
