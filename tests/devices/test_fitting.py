"""Fits: parameters come back from a law's own noisy sweeps, what is open is named, and laws are told apart."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.data.sweep import IVSweep
from pinched.data.waveforms import triangle
from pinched.devices.comparing import _cycles, fit_all
from pinched.devices.drive import drive
from pinched.devices.fit_profiles import profile_intervals
from pinched.devices.fit_ranges import FitRange
from pinched.devices.fitting import FitOptions, fit_device
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.pershin import PershinDiVentra
from pinched.devices.laws.vteam import Vteam

TRUTH = Vteam(
    r_on=2e3, r_off=8e4, v_on=-0.45, v_off=0.4, k_on=-5e-6, k_off=2e-6, alpha_on=3.0, alpha_off=2.0, w_initial=2.5e-9
)  # fmt: skip
QUICK = FitOptions(generations=25, candidates=40, starts=2, points=100, try_flipped=False)


def _noisy(law: Vteam, count: int, noise: float, **kwargs: float) -> list[IVSweep]:
    sweeps = []
    for k in range(count):
        clean = drive(law, triangle("1 V", period="10 ms", cycles=2), points=400, **kwargs)  # type: ignore[arg-type]
        assert isinstance(clean, IVSweep)
        rng = generator(0, "fit test", k)
        current = clean.current * np.exp(noise * rng.standard_normal(len(clean)))
        current = current + 1e-9 * rng.standard_normal(len(clean))
        sweeps.append(IVSweep(voltage=clean.voltage, current=current, time=clean.time))
    return sweeps


def test_identified_parameters_come_back_within_five_per_cent() -> None:
    fit = fit_device(Vteam, _noisy(TRUTH, 2, 0.02), options=QUICK)
    assert fit.error_decades < 0.012  # the noise is 0.02 / ln 10 = 0.0087 decades
    assert not fit.flipped
    identified = [p for p in fit.parameters if p.identified]
    assert {"r_on", "r_off", "v_off", "w_initial"} <= {p.name for p in identified}
    for p in identified:
        assert p.value == pytest.approx(getattr(TRUTH, p.name), rel=0.05), p.name
    # Speed and threshold of SET can be traded for each other, and that is said.
    assert "k_on" in fit.unidentified
    assert "k_on" in fit.verdict
    assert fit.verdict.startswith("describes the sweeps")


def test_intervals_cover_the_truth() -> None:
    fit = fit_device(Vteam, _noisy(TRUTH, 3, 0.05), options=QUICK)
    covered = [p.low <= getattr(TRUTH, p.name) <= p.high for p in fit.parameters]
    assert sum(covered) >= len(covered) - 2


def test_a_series_resistance_is_found_beside_the_law() -> None:
    sweeps = _noisy(TRUTH, 1, 0.01, series_resistance=500.0)
    fit = fit_device(
        TRUTH, sweeps, options=dataclasses.replace(QUICK, fit_series=True),
        fixed={"r_on": 2e3, "alpha_on": 3.0, "alpha_off": 2.0, "v_on": -0.45},
    )  # fmt: skip
    assert fit.series_resistance == pytest.approx(500.0, rel=0.05)


def test_sweeps_of_the_other_polarity_are_turned_round() -> None:
    sweeps = [s.flipped() for s in _noisy(TRUTH, 1, 0.01)]
    fit = fit_device(Vteam, sweeps, options=dataclasses.replace(QUICK, try_flipped=True))
    assert fit.flipped
    assert fit.error_decades < 0.02
    assert "turned round" in fit.verdict


def test_samples_at_the_compliance_are_left_out() -> None:
    clean = drive(TRUTH, triangle("1 V", period="10 ms"), points=400, compliance_current="50 uA")
    assert isinstance(clean, IVSweep)
    sweep = IVSweep(voltage=clean.voltage, current=clean.current, time=clean.time, compliance_current=5e-5)
    fit = fit_device(TRUTH, sweep, options=QUICK)
    assert (np.abs(fit.targets[0].measured[fit.targets[0].used]) < 5e-5).all()
    assert fit.error_decades < 0.005


@pytest.mark.parametrize("noise", [0.0, 0.004])
@pytest.mark.parametrize(
    ("corners", "lengths"),
    [
        ([0, 1, -2, 1, -2, 0], [117, 134]),
        ([0, 1, 0, -2, 0, 1, 0, -2, 0], [200, 201]),
        ([1, -2, 1], [101]),
        ([1, -2, 1, -2, 1], [100, 101]),
        ([0, 1, 0, 1, 0], [100, 101]),
        ([0, -2, 1, -2, 1, 0], [117, 134]),
        ([0, 1, -2, 1, -2], [201]),
        ([0, 1, -1, 1.5, -1.5, 0], [120, 131]),
        ([0, 1], [51]),
    ],
)
def test_only_whole_cycles_are_held_back(corners: list[float], lengths: list[int], noise: float) -> None:
    """Every stretch has 50 samples; one that begins at its peak is not cut where it crosses zero."""
    legs = [np.linspace(a, b, 50, endpoint=False) for a, b in itertools.pairwise(corners)]
    volts = np.concatenate([*legs, corners[-1:]]) + noise * np.random.default_rng(0).normal(
        size=50 * len(legs) + 1
    )
    parts = _cycles(IVSweep(voltage=volts, current=1e-3 * volts))
    np.testing.assert_array_equal(np.concatenate([p.voltage for p in parts]), volts)
    assert len(parts) == len(lengths)
    # Noise moves the crossing of the first voltage by some samples.
    np.testing.assert_allclose([len(p) for p in parts], lengths, atol=18 if noise or corners[0] == 0 else 0)


def test_of_one_cycle_nothing_is_held_back() -> None:
    cycle = _cycles(_noisy(TRUTH, 1, 0.03)[0])[0]
    ranked = fit_all(cycle, laws={"linear-drift": LinearIonDrift, "vteam": Vteam}, options=QUICK)
    assert [r.name for r in ranked] == ["vteam", "linear-drift"]
    assert all(math.isnan(r.cross_validated) for r in ranked)
    assert ranked[0].akaike_difference == 0.0


def test_the_law_that_made_the_sweeps_wins() -> None:
    laws = {"vteam": Vteam, "linear-drift": LinearIonDrift, "pershin": PershinDiVentra}
    ranked = fit_all(_noisy(TRUTH, 3, 0.03), laws=laws, options=QUICK)
    assert ranked[0].name == "vteam"
    assert ranked[0].cross_validated == pytest.approx(0.03 / np.log(10), rel=0.3)
    assert ranked[0].akaike_difference == 0.0
    others = [r for r in ranked if r.name != "vteam"]
    assert all(r.cross_validated > 2 * ranked[0].cross_validated for r in others)
    assert all(r.fit is not None and not r.fit.verdict.startswith("describes the sweeps:") for r in others)


def test_what_is_refused() -> None:
    ohmic = triangle("1 V", period="1 s").sample(200)
    never = IVSweep(voltage=ohmic[1], current=ohmic[1] / 1e4, time=ohmic[0])
    with pytest.raises(PinchedError, match="never switch"):
        fit_device(Vteam, never)
    with pytest.raises(PinchedError, match="no sweeps"):
        fit_device(Vteam, [])
    with pytest.raises(PinchedError, match="no parameter r_onn"):
        fit_device(
            Vteam, _noisy(TRUTH, 1, 0.01), ranges={"r_onn": FitRange(low=1.0, high=2.0)}, options=QUICK
        )
    with pytest.raises(PinchedError, match="below high"):
        FitRange(low=2.0, high=1.0)
    with pytest.raises(PinchedError, match="at least 20"):
        FitOptions(points=5)


@pytest.mark.slow
def test_profile_intervals_follow_the_valley() -> None:
    """Where the valley is straight they are those of the covariance; where it leads out of the range they say so."""
    fit = fit_device(Vteam, _noisy(TRUTH, 2, 0.02), options=QUICK)
    by_name = {p.name: p for p in fit.parameters}
    r_on, k_on = profile_intervals(fit, ("r_on", "k_on"))
    straight = by_name["r_on"]
    assert r_on.high - r_on.low == pytest.approx(straight.high - straight.low, rel=0.25)
    assert r_on.low < TRUTH.r_on < r_on.high
    assert not r_on.open_low
    assert not r_on.open_high
    # k_on is traded for v_on: its true interval is wide, and it holds the truth.
    assert k_on.low <= TRUTH.k_on <= k_on.high
    assert abs(k_on.high - k_on.low) > 0.1 * abs(k_on.value)
    with pytest.raises(PinchedError, match="w_off was not fitted"):
        profile_intervals(fit, ("w_off",))
    with pytest.raises(PinchedError, match="level"):
        profile_intervals(fit, ("r_on",), level=95)
