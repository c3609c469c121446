"""Guideline checks of pulses, levels, endurance and retention: each verdict from data that deserve it."""

import dataclasses

import numpy as np
import pytest

from pinched.data.settings import Setting, SettingName
from pinched.data.sweep import Provenance
from pinched.data.traces import Endurance, LevelReads, PulseTrace, Retention, WriteLog
from pinched.extraction.endurance import Criterion
from pinched.extraction.nonlinearity import progress
from pinched.report.checks.endurance import check_endurance
from pinched.report.checks.plasticity import check_levels, check_pulses
from pinched.report.checks.record import Verdict
from pinched.report.checks.retention import check_retention
from pinched.report.findings.levels import find_pairs
from pinched.report.findings.traces import find_pulses


def by_code(checks):
    return {check.code: check for check in checks}


def train(seed, noise=0.01, *, pulses=100, amplitude=None, width=None):
    """Potentiation from 1 to 10 uS with read noise `noise` of the window."""
    rng = np.random.default_rng(seed)
    share = progress(np.arange(pulses + 1) / pulses, 2.0) + noise * rng.standard_normal(pulses + 1)
    n = pulses + 1
    return PulseTrace(
        conductance=1e-6 + 9e-6 * share,
        amplitude=None if amplitude is None else np.broadcast_to(amplitude, n),
        width=None if width is None else np.broadcast_to(width, n),
    )


def pulses(*traces):
    return by_code(check_pulses(find_pulses(traces)))


def test_levels_are_those_that_the_noise_allows():
    """A read noise of 1 % of the window: neighbours 6 % apart, 17 levels, however many pulses were given."""
    found = pulses(*(train(k) for k in range(3)))
    assert found["P1"].verdict is Verdict.WARN
    levels = int(found["P1"].finding.split(" levels apart")[0].split()[-1])
    assert 14 <= levels <= 20
    assert found["P1r"].verdict is Verdict.PASS
    assert found["P1n"].verdict is Verdict.PASS
    assert "NeuroSim" in found["P1n"].finding
    few = pulses(train(0, noise=0.002, pulses=20))
    assert few["P1"].verdict is Verdict.PASS  # 84 levels, 21 states
    assert few["P1r"].verdict is Verdict.WARN


def test_identical_pulses_are_told_from_growing_ones():
    assert pulses(train(0))["P1i"].verdict is Verdict.CANNOT_TELL
    assert pulses(train(0, amplitude=1.0, width=1e-6))["P1i"].verdict is Verdict.PASS
    growing = pulses(train(0, amplitude=np.linspace(0.5, 1.5, 101), width=1e-6))["P1i"]
    assert growing.verdict is Verdict.WARN


def test_a_sigmoid_is_no_exponential():
    steep = PulseTrace(conductance=5.5e-6 + 4.5e-6 * np.tanh(3 * np.linspace(-1, 1, 101)))
    found = pulses(steep)
    assert found["P1n"].verdict is Verdict.WARN
    assert "not the law" in found["P1n"].finding


def sampled(per_pulse):
    """Ten pulses of 1 V and 1 us with reads of 0.1 V between, in `per_pulse` samples each, at 10 uS."""
    step = 1e-6 / per_pulse
    one = np.repeat([1.0, 0.0, 0.1, 0.0], per_pulse)
    volts = np.tile(one, 10)
    with np.errstate(divide="ignore", invalid="ignore"):
        state = np.where(volts == 0, np.nan, 1e-5)
    return PulseTrace(conductance=state, amplitude=volts, time=step * np.arange(volts.size), read_voltage=0.1)


def test_energies_need_samples_inside_the_pulse():
    """10 uS at 1 V for 1 us: 10 pJ."""
    fine = pulses(sampled(50))["P2"]
    assert fine.verdict is Verdict.PASS
    assert float(fine.finding.split("median ")[1].split(" pJ")[0]) == pytest.approx(10, rel=0.05)
    coarse = pulses(sampled(2))["P2"]
    assert coarse.verdict is Verdict.CANNOT_TELL
    assert "sampling finer" in coarse.finding
    assert pulses(train(0))["P2"].verdict is Verdict.CANNOT_TELL


def test_levels_that_change_are_counted():
    rng = np.random.default_rng(0)
    level = np.arange(400) % 4
    ohms = 1e4 * 2.0**level * np.exp(0.02 * rng.standard_normal(400))
    low, high = 1e4 * 2.0**level / 1.2, 1e4 * 2.0**level * 1.2
    log = WriteLog(address=np.arange(400.0), resistance=ohms, lower=low, upper=high, device="w")
    before = LevelReads(resistance=ohms[None], device="prebake", provenance=Provenance(file="prebake.csv"))
    moved = ohms.copy()
    moved[:40] *= 2.0 ** (level[:40] < 3)
    after = [
        LevelReads(resistance=values[None], device="postbake", provenance=Provenance(file="postbake.csv"))
        for values in (moved, ohms)
    ]
    worse = check_levels(find_pairs([before, after[0]], [log]), 2)[0]
    assert worse.verdict is Verdict.WARN
    assert "30 of 400 cells" in worse.finding
    assert check_levels(find_pairs([before, after[1]], [log]), 2)[0].verdict is Verdict.PASS
    assert check_levels((), 2)[0].verdict is Verdict.CANNOT_TELL
    assert check_levels((), 0) == []


def endurance(seed=0, cycles=100, **changes):
    rng = np.random.default_rng(seed)
    trace = Endurance(
        cycle=np.arange(1.0, cycles + 1),
        resistance_lrs=1e3 * np.exp(0.1 * rng.standard_normal(cycles)),
        resistance_hrs=1e6 * np.exp(0.3 * rng.standard_normal(cycles)),
        read_voltage=0.1,
        device=f"D{seed}",
    )
    return dataclasses.replace(trace, **changes)


def test_endurance_that_was_read_in_every_cycle():
    settings = (
        Setting(SettingName.PULSE_AMPLITUDE, 1.5, "V"),
        Setting(SettingName.PULSE_WIDTH, 1e-7, "s"),
    )
    traces = [endurance(k, settings=settings) for k in range(3)]
    found = by_code(check_endurance(traces, Criterion(min_ratio=10)))
    for code in ("E1", "E2", "E3", "E4", "E6"):
        assert found[code].verdict is Verdict.PASS, found[code]
    assert found["E5"].verdict is Verdict.WARN
    assert "3 of 3 did not fail" in found["E5"].finding
    assert "100 ns" in found["E6"].finding
    assert "missing: pulse amplitude, pulse width" in by_code(check_endurance([endurance()]))["E6"].finding


def test_a_cycle_with_one_state_is_no_point():
    lrs = endurance().resistance_lrs.copy()
    lrs[::2] = np.nan
    found = by_code(check_endurance([endurance(resistance_lrs=lrs)]))["E1"]
    assert found.verdict is Verdict.FAIL
    assert "50 points of both states for 100 cycles (50 %)" in found.finding


def test_typed_values_are_seen():
    lrs = np.round(endurance().resistance_lrs, -2)
    assert by_code(check_endurance([endurance(resistance_lrs=lrs)]))["E4"].verdict is Verdict.WARN
    assert by_code(check_endurance([endurance(cycles=5)]))["E4"].verdict is Verdict.CANNOT_TELL


def test_every_device_that_failed_has_a_life():
    hrs = endurance().resistance_hrs.copy()
    hrs[60:] = 1e3
    found = by_code(check_endurance([endurance(resistance_hrs=hrs)], Criterion(min_ratio=10)))["E5"]
    assert found.verdict is Verdict.PASS
    assert "0 of 1 did not fail" in found.finding


def test_an_extrapolation_states_its_interval():
    rng = np.random.default_rng(1)
    time = np.geomspace(1.0, 1e4, 60)
    trace = Retention(time=time, resistance=1e4 * time**0.02 * np.exp(0.002 * rng.standard_normal(60)))
    found = by_code(check_retention([trace]))["R1"]
    assert found.verdict is Verdict.FAIL
    assert "extrapolated 1" in found.finding
    assert "kohm, 1" in found.finding
    short = dataclasses.replace(trace, time=time[:5], resistance=trace.resistance[:5])
    assert "too few reads for a law" in by_code(check_retention([short]))["R1"].finding
