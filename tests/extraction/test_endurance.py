"""Endurance: Kaplan-Meier against published numbers and closed forms, ways to fail, what is verified."""

import numpy as np
import pytest
from scipy import stats

from pinched._errors import PinchedError
from pinched.data.traces import Endurance
from pinched.extraction.endurance import (
    Criterion,
    DeviceLife,
    Failure,
    count_working,
    endurance_of,
    extract_endurance,
    fit_survival,
)

CRITERION = Criterion(min_ratio=10.0)


def trace(lrs, hrs, cycle=None, device="D"):
    lrs = np.asarray(lrs, dtype=float)
    cycle = np.arange(1.0, lrs.size + 1) if cycle is None else np.asarray(cycle, dtype=float)
    return Endurance(
        cycle=cycle, resistance_lrs=lrs, resistance_hrs=np.asarray(hrs, dtype=float), device=device
    )


def life(cycles, failed):
    return DeviceLife(
        device="D",
        cycles_applied=cycles,
        cycles_verified=cycles,
        last_verified=cycles - 1 if failed else cycles,
        first_failed=cycles if failed else np.inf,
        failure=Failure.WINDOW_CLOSED if failed else Failure.NONE,
    )


@pytest.mark.parametrize(
    ("lrs", "hrs", "way"),
    [
        (1e3, 1.5e3, Failure.STUCK_AT_LRS),
        (8e5, 1e6, Failure.STUCK_AT_HRS),
        (2e4, 4e4, Failure.WINDOW_CLOSED),
    ],
)
def test_the_way_a_device_fails_is_named(lrs, hrs, way):
    found = extract_endurance([trace([1e3] * 50 + [lrs] * 5, [1e6] * 50 + [hrs] * 5)], CRITERION)[0]
    assert found.failure is way
    assert (found.cycles_applied, found.cycles_verified, found.first_failed, found.life) == (55, 50, 51, 51)


def test_a_state_that_leaves_its_band_fails_although_the_ratio_holds():
    band = Criterion(min_ratio=10.0, lrs_band=(5e2, 2e3))
    found = extract_endurance([trace([1e3] * 5 + [4e3], [1e6] * 6)], band)[0]
    assert found.failure is Failure.OUT_OF_BAND


def test_a_single_slip_is_forgiven_only_when_asked_for():
    slip = trace([1e3] * 20, [1e6] * 9 + [2e3] + [1e6] * 10)
    strict, kind = (extract_endurance([slip], Criterion(min_ratio=10.0, consecutive=k))[0] for k in (1, 2))
    assert strict.first_failed == 10
    assert strict.recovered == 10
    assert not kind.failed
    assert kind.cycles_verified == 19


def test_applied_is_not_verified():
    """Guideline E1, E3: 48 reads of a million cycles verify 48 cycles."""
    cycle = np.unique(np.geomspace(1, 1e6, 48).round())
    found = extract_endurance([trace([1e3] * cycle.size, [1e6] * cycle.size, cycle)], CRITERION)[0]
    assert found.cycles_applied == 1_000_000
    assert found.cycles_verified == cycle.size
    assert any("claim" in note for note in found.notes)


def test_a_failure_between_sparse_reads_counts_from_the_last_good_one():
    found = extract_endurance([trace([1e3, 1e3, 1e3], [1e6, 1e6, 1e3], [1, 10, 1000])], CRITERION)[0]
    assert (found.last_verified, found.first_failed, found.life) == (10, 1000, 11)
    assert any("between" in note for note in found.notes)


def test_rows_without_a_state_verify_nothing():
    found = extract_endurance([trace([1e3, np.nan, 1e3], [1e6, 1e6, np.nan])], CRITERION)[0]
    assert found.cycles_verified == 1
    assert not found.failed
    dead = extract_endurance([trace([1e3] * 3, [2e3] * 3)], CRITERION)[0]
    assert (dead.failure, dead.life) == (Failure.NEVER_SWITCHED, 0)


def test_kaplan_meier_gives_the_published_curve():
    """Origin: 6-mercaptopurine arm of Freireich et al. 1963, the textbook example (Kalbfleisch and Prentice).

    Survival 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448 as printed, to their three digits; median 23.
    """
    data = [
        (6, 1),
        (6, 1),
        (6, 1),
        (6, 0),
        (7, 1),
        (9, 0),
        (10, 1),
        (10, 0),
        (11, 0),
        (13, 1),
        (16, 1),
        (17, 0),
    ]
    data += [(19, 0), (20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0)]
    found = fit_survival([life(t, bool(f)) for t, f in data])
    printed = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for cycle, share in printed.items():
        assert found.share[found.cycle == cycle][0] == pytest.approx(share, abs=6e-4)
    assert found.median == 23
    assert "9 of 21 failed" in found.text


def test_survival_agrees_with_scipy():
    """Reference: scipy.stats.ecdf with censored data, estimate and log-log interval (to rounding)."""
    rng = np.random.default_rng(0)
    time = rng.integers(2, 40, 60)
    failed = rng.random(60) < 0.6
    found = fit_survival([life(int(t), bool(f)) for t, f in zip(time, failed, strict=True)])
    sf = stats.ecdf(stats.CensoredData.right_censored(time, ~failed)).sf
    np.testing.assert_allclose(found.share[1:], sf.evaluate(found.cycle[1:]), rtol=1e-12)
    limits = sf.confidence_interval(method="log-log")
    inside = (found.share > 0.2) & (found.share < 1)
    np.testing.assert_allclose(found.low[inside], limits.low.evaluate(found.cycle[inside]), rtol=1e-9)
    np.testing.assert_allclose(found.high[inside], limits.high.evaluate(found.cycle[inside]), rtol=1e-9)


def test_devices_that_never_failed_give_a_lower_bound():
    """Closed form: n of n working bound the share by 0.025^(1/n), above one half from n = 6 on."""
    six = fit_survival([life(100, False)] * 6)
    assert np.isinf(six.median)
    assert six.median_interval == (100, np.inf)
    assert six.low[-1] == pytest.approx(0.025 ** (1 / 6))
    assert "lower bound" in six.text
    assert fit_survival([life(100, False)] * 3).median_interval[0] == 0


@pytest.mark.parametrize("repetitions", [200, pytest.param(3000, marks=pytest.mark.slow)])
def test_intervals_cover_the_true_survival_and_median(repetitions):
    """30 devices, exponential lives, a third stopped early: 95 +- 2 % in the long run, three standard errors else."""
    rng = np.random.default_rng(1)
    hits = np.zeros(2)
    for _ in range(repetitions):
        fail, stop = np.ceil(rng.exponential(1000, 30)), np.ceil(rng.exponential(1500, 30))
        found = fit_survival(
            [life(int(min(a, b)) + 1, bool(a <= b)) for a, b in zip(fail, stop, strict=True)]
        )
        low, high = found.median_interval
        k = np.searchsorted(found.cycle, 500, side="right") - 1
        hits += low <= 1000 * np.log(2) + 1 <= high, found.low[k] <= np.exp(-0.5) <= found.high[k]
    room = max(0.02, 3 * np.sqrt(0.95 * 0.05 / repetitions))
    assert (np.abs(hits / repetitions - 0.95) <= room).all(), hits / repetitions


def test_yield_is_exact_and_says_what_works_means():
    lives = extract_endurance([trace([1e3] * 3, [1e6] * 3)] * 15 + [trace([1e3] * 3, [1e3] * 3)], CRITERION)
    found = count_working(lives)
    assert found.text == "15/16 = 94 % [70, 100]"  # the pattern of guideline V2
    assert "verified" in found.definition


def test_a_table_becomes_endurance_data(measurements):
    """SiOx: 55 cycles of one device, each of which switched (expected.json lists 55 SET and RESET)."""
    import pinched as pi

    table = pi.extract_switching(pi.read_sweeps(measurements / "siox_bianchi2023"), read_voltage="0.2 V")
    lives = extract_endurance(endurance_of(table), Criterion(min_ratio=3.0))
    assert len(lives) == 1
    assert lives[0].cycles_applied == lives[0].cycles_verified == 55
    assert not lives[0].failed


@pytest.mark.parametrize("bad", [{"min_ratio": 0.5}, {"min_ratio": 2.0, "consecutive": 0},
                                 {"min_ratio": 2.0, "lrs_band": (2.0, 1.0)}])  # fmt: skip
def test_criteria_that_mean_nothing_are_refused(bad):
    with pytest.raises(PinchedError, match="Criterion"):
        Criterion(**bad)


def test_no_devices_are_refused():
    for call in (
        lambda: extract_endurance([], CRITERION),
        lambda: fit_survival([]),
        lambda: count_working([]),
    ):
        with pytest.raises(PinchedError, match="no"):
            call()
