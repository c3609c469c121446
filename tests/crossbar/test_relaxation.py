"""Bakes against the closed form of the law; no law, no bake."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from pinched import constants
from pinched._errors import PinchedError
from pinched.crossbar.cells import CellState
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.relaxation import Relaxation
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.devices.spread import DeviceSpread
from pinched.extraction.distributions import Lognormal


def law(**changes) -> Relaxation:
    fields = {
        "toward": CellState.HRS,
        "tau": 1e4,
        "reference_temperature": 400.0,
        "activation_energy": 1.1 * constants.E,
        "stretch": 0.7,
        "sigma_log": 0.0,
    }
    return Relaxation(**(fields | changes))


def memory(relaxation: Relaxation | None, **options) -> ReramMemory:
    spread = DeviceSpread(
        v_set=Lognormal(mu=0.0, sigma=0.0),
        v_reset=Lognormal(mu=0.0, sigma=0.0),
        resistance_lrs=Lognormal(mu=math.log(1e3), sigma=1e-7),
        resistance_hrs=Lognormal(mu=math.log(1e6), sigma=1e-7),
    )
    return ReramMemory(spread, shape=(40, 50), relaxation=relaxation, threshold=3e4, **options)


ONES = torch.ones((40, 50), dtype=torch.bool)


def test_without_retention_data_there_is_no_bake():
    with pytest.raises(PinchedError, match="retention data are needed for a bake"):
        ReramMemory(marraccini2025(), shape=(2, 2)).bake("1 s", "300 K")


@pytest.mark.parametrize("toward", CellState)
def test_a_bake_follows_the_law_and_touches_one_state_only(toward):
    baked = memory(law(toward=toward), arrays=2).program(ONES & (torch.arange(50) < 25))
    baked = baked.bake("5000 s", "420 K")
    faster = math.exp(1.1 * constants.E / constants.K_B * (1 / 400.0 - 1 / 420.0))
    left = math.exp(-((5000 * faster / 1e4) ** 0.7))
    start, end = (1e3, 1e6) if toward is CellState.HRS else (1e6, 1e3)
    expected = end * (start / end) ** left
    drifted, kept = (
        (baked.resistance[..., :25], baked.resistance[..., 25:])
        if toward is CellState.HRS
        else (baked.resistance[..., 25:], baked.resistance[..., :25])
    )
    assert drifted.numpy() == pytest.approx(expected, rel=1e-4)
    assert kept.numpy() == pytest.approx(end, rel=1e-5)


def test_bakes_add_up_and_a_write_starts_anew():
    one = memory(law(sigma_log=0.5)).program(ONES)
    parts = one.bake(1000, 400).bake(1000, 400)
    assert torch.allclose(parts.resistance, one.bake(2000, 400).resistance, rtol=1e-5)
    assert torch.equal(one.bake(0, 400).resistance, one.resistance)
    assert (parts.resistance > one.resistance).all()
    again = parts.program(ONES, word_lines=[3])
    assert torch.equal(again.resistance[:, 3], one.resistance[:, 3])
    assert torch.equal(again.resistance[:, 4:], parts.resistance[:, 4:])
    weak = parts.with_fields(write_voltage=0.5).program(ONES)  # a pulse below V_SET refreshes nothing
    assert torch.equal(weak.resistance, parts.resistance)


def test_the_share_of_lost_bits_is_that_of_fast_cells():
    sigma, time = 1.2, 3e4
    baked = memory(law(sigma_log=sigma), arrays=20).program(ONES).bake(time, 400)
    # A bit is lost once ln R has gone half of the way (threshold at the middle of 1e3 and 1e6 would be 31.6 k).
    left = math.log(3e4 / 1e6) / math.log(1e3 / 1e6)
    slowest = time / (-math.log(left)) ** (1 / 0.7)
    lost = float(stats.norm.cdf(math.log(slowest / 1e4) / sigma))
    errors = baked.bit_error_rate(ONES)
    assert 0.2 < lost < 0.95
    assert float(errors.of_ones.mean()) == pytest.approx(lost, abs=4 * math.sqrt(lost * (1 - lost) / 40_000))


def test_cells_that_cannot_switch_do_not_drift_and_cells_drift_by_address():
    relaxing = law(sigma_log=0.8)
    stuck = memory(relaxing, stuck_at_lrs=1.0).bake(1e9, 400)
    assert stuck.read_bits().all()
    whole = memory(relaxing, arrays=5).program(ONES).bake(1e4, 400)
    part = memory(relaxing, arrays=range(3, 5)).program(ONES).bake(1e4, 400)
    assert torch.equal(part.resistance, whole.resistance[3:])
    assert np.ptp(np.log(whole.resistance.numpy())) > 1.0


def test_arrhenius_is_a_straight_line_in_the_inverse_temperature():
    relaxing = law()
    temperatures = np.array([300.0, 350.0, 400.0, 450.0])
    ages = np.log([relaxing.equivalent_time(1.0, float(t)) for t in temperatures])
    slope = np.polyfit(1 / temperatures, ages, 1)[0]
    assert -slope * constants.K_B / constants.E == pytest.approx(1.1, rel=1e-9)
    assert ages[2] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tau": 0.0}, "tau is 0.0; it is above zero"),
        ({"stretch": -1.0}, "stretch is -1.0"),
        ({"activation_energy": -1e-20}, "cannot be negative"),
        ({"activation_energy": 1.1}, "Was it given in eV"),
        ({"sigma_log": -0.1}, "sigma_log is -0.1; it cannot be negative"),
    ],
)
def test_what_is_no_law_is_refused(changes, message):
    with pytest.raises(PinchedError, match=message):
        law(**changes)


def test_what_is_no_bake_is_refused():
    with pytest.raises(PinchedError, match="time is -1 s"):
        memory(law()).bake("-1 s", "300 K")
    with pytest.raises(PinchedError, match="temperature is 0"):
        memory(law()).bake(1.0, 0)
