"""Compliance: detection, series and the threshold of retention on sweeps whose truth is known."""

import math

import numpy as np
import pytest

import pinched as pi
from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.devices.simulated import BinaryDevice, simulate_sweep
from pinched.extraction.compliance import (
    Kept,
    Source,
    detect_compliance,
    extract_compliance,
    nonvolatile_threshold,
)
from pinched.extraction.switching import extract_switching

DEVICE = BinaryDevice(v_set=1.0, v_reset=-0.6, resistance_lrs=500.0, resistance_hrs=1e6)


def volatile_series(limits, threshold, *, noise=0.01, seed=0):
    """Consecutive SET sweeps 0 -> 2 V -> 0 (simulated): above `threshold` the LRS stays, R_LRS = 0.1 V / limit."""
    rng = np.random.default_rng(seed)
    v = np.concatenate([np.linspace(0, 2, 101), np.linspace(2, 0, 101)[1:]])
    sweeps, on = [], False
    for k, limit in enumerate(limits):
        lrs = np.zeros(v.size, dtype=bool)
        for n, volt in enumerate(v):
            # A volatile filament breaks below 50 mV on the way back; a lasting one is reset by hand in between.
            on = (on or volt >= 1.0) if n <= 100 or limit >= threshold else on and volt > 0.05
            lrs[n] = on
        current = np.where(lrs, v / (0.1 / limit), v / 1e6 * (1 + v)) * np.exp(
            noise * rng.normal(size=v.size)
        )
        sweeps.append(
            IVSweep(voltage=v, current=np.minimum(current, limit), compliance_current=limit, cycle=k + 1)
        )
    return sweeps


def test_detection_on_a_known_sweep():
    sweep = simulate_sweep(DEVICE, stop=(3.0, -3.0), relative_noise=0.0, compliance_current="500 uA")
    up, down = detect_compliance(sweep)
    assert up.source is Source.PLATEAU
    assert up.current == pytest.approx(5e-4, rel=1e-3)
    assert (up.v_first, up.v_last) == (pytest.approx(0.26, abs=0.03), pytest.approx(3.0))
    assert abs(up.slope) < 0.01
    # The limit was off on the RESET side: 0.58 V (one step before V_RESET) / 500 ohm went through.
    assert down.source is Source.EXCEEDED
    assert down.overshoot == pytest.approx(0.58 / 500 / 5e-4, rel=1e-6)
    unknown = detect_compliance(IVSweep(voltage=sweep.voltage, current=sweep.current))
    assert [e.source for e in unknown] == [Source.PLATEAU, Source.NONE]
    high = simulate_sweep(DEVICE, stop=(3.0, -3.0), relative_noise=0.0, compliance_current="1 A")
    assert [e.source for e in detect_compliance(high)] == [Source.NOT_REACHED, Source.NOT_REACHED]


def test_no_plateau_is_invented_on_measured_rectifiers(measurements):
    """Nb:SrTiO3: the README says that the 100 mA limit clips radius 100, -3V_0; radius 10 never reaches a limit."""
    folder = measurements / "nbsto_tiotto" / "imported_data" / "data"
    clipped = detect_compliance(pi.read_sweeps(folder / "Radius 100 um" / "-3V_0.csv")[0])
    assert [e.current for e in clipped if e.source is Source.PLATEAU] == [pytest.approx(0.1, rel=0.01)]
    free = detect_compliance(pi.read_sweeps(folder / "Radius 10 um" / "-2V_0.csv")[0])
    assert {e.source for e in free} == {Source.NONE}
    # A smooth saturation is none either: tanh is flat within 0.5 % over its last samples (simulated).
    v = np.concatenate([np.linspace(0, 1, 101), np.linspace(1, 0, 101)[1:]])
    saturating = IVSweep(voltage=v, current=1e-3 * np.tanh(2.5 * v))
    assert {e.source for e in detect_compliance(saturating)} == {Source.NONE}


def test_reset_current_and_states_against_compliance():
    """Simulated: R_LRS = 1 V / limit, so that the RESET current at 0.6 V is 0.6 of the limit, as papers report."""
    limits = [5e-5, 1e-4, 2e-4, 5e-4, 1e-3]
    sweeps = [
        simulate_sweep(
            BinaryDevice(v_set=1.0, v_reset=-0.6, resistance_lrs=1.0 / limit, resistance_hrs=1e7),
            stop=(2.0, -2.0), compliance_current=limit, relative_noise=0.005, name="D1", seed=k,
        )
        for k, limit in enumerate(limits)
    ]  # fmt: skip
    series = extract_compliance(extract_switching(sweeps), sweeps)
    np.testing.assert_allclose(series.compliance_current, limits, rtol=0.02)
    np.testing.assert_allclose(series.reset_current, 0.6 * np.array(limits), rtol=0.05)
    np.testing.assert_allclose(series.resistance_lrs * series.compliance_current, 1.0, rtol=0.05)
    # The next way out is the RESET branch of the same cycle, where the LRS is still there.
    assert set(series.kept) == {Kept.YES}
    np.testing.assert_allclose(series.read_current, 0.1 * np.array(limits), rtol=0.05)


def test_volatile_states_are_lost_at_the_next_read():
    limits = [1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4]
    sweeps = volatile_series(limits, threshold=1.5e-5)
    # Non-volatile sweeps start in the LRS and show no SET of their own: only the first of them does.
    series = extract_compliance(extract_switching(sweeps), sweeps)
    assert series.kept[:5] == (Kept.NO, Kept.NO, Kept.NO, Kept.NO, Kept.YES)
    assert series.kept[-1] is Kept.UNKNOWN
    known = np.array([k is not Kept.UNKNOWN for k in series.kept])
    found = nonvolatile_threshold(
        series.compliance_current[known], np.array([k is Kept.YES for k in series.kept])[known]
    )
    assert 1e-5 < found.current < 2e-5
    assert found.interval[0] < 1.5e-5 < found.interval[1]
    assert found.always_above == pytest.approx(2e-5, rel=0.02)


def test_threshold_of_a_clean_separation():
    """Kept from 100 uA on: the estimate is the geometric middle of the gap, the interval holds the gap."""
    limits = np.array([1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3])
    found = nonvolatile_threshold(limits, limits > 5e-5)
    assert found.current == pytest.approx(math.sqrt(3e-5 * 1e-4), rel=0.03)
    assert found.interval[0] < 3e-5
    assert found.interval[1] > 1e-4
    assert found.interval[1] < 2e-3
    assert (found.always_above, found.kept, found.tested) == (1e-4, 3, 7)


def test_threshold_covers_the_truth():
    """A logistic law with I_50 = 20 uA and a width of half an e-fold, 30 states: 95 % of 200 intervals.

    4 sigma of the binomial at 200 draws are 6 %.
    """
    rng = np.random.default_rng(4)
    x = np.repeat(np.geomspace(1e-6, 1e-3, 15), 2)
    truth = 2e-5
    hits = 0
    for _ in range(200):
        kept = rng.random(x.size) < 1.0 / (1.0 + np.exp(-np.log(x / truth) / 0.5))
        low, high = nonvolatile_threshold(x, kept).interval
        hits += low <= truth <= high
    assert 0.89 <= hits / 200 <= 1.0, hits / 200


def test_units_scale_the_threshold():
    x = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0])
    kept = np.array([False, False, True, False, True, True, True])
    small, large = nonvolatile_threshold(1e-6 * x, kept), nonvolatile_threshold(1e-3 * x, kept)
    assert large.current == pytest.approx(1e3 * small.current, rel=1e-9)
    assert large.interval == pytest.approx([1e3 * end for end in small.interval], rel=1e-9)


def test_what_cannot_be_bounded_is_open():
    limits = np.array([1e-5, 1e-4, 1e-3])
    every = nonvolatile_threshold(limits, np.array([True, True, True]))
    assert math.isnan(every.current)
    assert every.interval[0] == 0.0
    none = nonvolatile_threshold(limits, np.array([False, False, False]))
    assert none.interval[1] == math.inf
    assert math.isnan(none.always_above)
    with pytest.raises(PinchedError, match="at least 2"):
        nonvolatile_threshold(np.array([1e-3]), np.array([True]))
    sweep = simulate_sweep(DEVICE)
    with pytest.raises(PinchedError, match="2 cycles, the table 1"):
        extract_compliance(extract_switching(sweep), [sweep, sweep])
