"""Repair against closed forms of the distributions, invariants, and arrays in portions."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pinched._errors import PinchedError
from pinched.crossbar.cells import CellState, Endurance
from pinched.crossbar.defects import DefectMap, good_share
from pinched.crossbar.hamming import Hamming
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.pulses import Pulses, join_costs
from pinched.crossbar.redundancy import Majority, SpareCells, SpareRows
from pinched.crossbar.repair import Repair, program, write_rows
from pinched.crossbar.writing import OnePulse, WriteVerify
from pinched.devices.presets.marraccini2025 import ENDURANCE, marraccini2025
from pinched.devices.spread import DeviceSpread
from pinched.extraction.distributions import Lognormal

ONCE = WriteVerify(retries=0)
RISING = WriteVerify(retries=10, step=0.5)
VOLT, OHM = 5.0, 1e4


def alike(**changes) -> DeviceSpread:
    """Cells of practically no spread: 1 V, 1 kohm against 1 Mohm."""
    fields = {
        "v_set": Lognormal(mu=0.0, sigma=0.0),
        "v_reset": Lognormal(mu=0.0, sigma=0.0),
        "resistance_lrs": Lognormal(mu=math.log(1e3), sigma=1e-7),
        "resistance_hrs": Lognormal(mu=math.log(1e6), sigma=1e-7),
    }
    return DeviceSpread(**(fields | changes))


def random_bits(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5


def fresh(repair: Repair, rows: int, columns: int, *, spread=None, arrays=1, **options) -> ReramMemory:
    shape = repair.memory_shape(rows, columns)
    return ReramMemory(
        spread or marraccini2025(), shape=shape, arrays=arrays, write_voltage=VOLT, threshold=OHM, **options
    )


def fails(spread: DeviceSpread, volt: float = VOLT) -> tuple[float, float]:
    """Probability that a fresh cell reads a '1' wrong, and a '0', after pulses up to `volt`."""
    no_set = 1.0 - float(spread.v_set.cdf(np.array([volt]))[0])
    high_lrs = 1.0 - float(spread.resistance_lrs.cdf(np.array([OHM]))[0])
    low_hrs = float(spread.resistance_hrs.cdf(np.array([OHM]))[0])
    return no_set * (1.0 - low_hrs) + (1.0 - no_set) * high_lrs, low_hrs


def check_share(counted: torch.Tensor, expected: float, cells: int) -> None:
    """Four standard deviations of a binomial, and at least four counts: one false alarm in 16 000."""
    assert float(counted.mean()) == pytest.approx(
        expected, abs=4.0 * math.sqrt(max(expected, 1.0 / cells) / cells)
    )


# --- closed forms -----------------------------------------------------------------------------------

REPAIRS = {
    "one": (Repair(), lambda p: p),
    "majority of 3": (Repair(redundancy=Majority(3)), lambda p: stats.binom.sf(1, 3, p)),
    "majority of 5": (Repair(redundancy=Majority(5)), lambda p: stats.binom.sf(2, 5, p)),
    "1 spare": (Repair(writing=ONCE, redundancy=SpareCells(1)), lambda p: p**2),
    "2 spares": (Repair(writing=ONCE, redundancy=SpareCells(2)), lambda p: p**3),
    "unverified spare": (Repair(writing=OnePulse(), redundancy=SpareCells(1)), lambda p: p**2),
}


@pytest.mark.parametrize("name", REPAIRS)
def test_what_is_left_wrong_follows_from_the_distributions(name):
    repair, left = REPAIRS[name]
    # Worse cells than the published ones, so that the tail is counted and not only bounded.
    spread = dataclasses.replace(
        marraccini2025(),
        v_set=Lognormal(mu=1.0, sigma=0.8),
        resistance_hrs=Lognormal(mu=math.log(1e6), sigma=3.0),
    )
    one, zero = fails(spread)
    assert one > 0.2
    assert zero > 0.05
    bits = random_bits(40, 40)
    errors = program(fresh(repair, 40, 40, spread=spread, arrays=30), bits, repair).bit_error_rate(bits)
    check_share(errors.of_ones, left(one), 30 * int(bits.sum()))
    check_share(errors.of_zeros, left(zero), 30 * int((~bits).sum()))


def expected_left(p: float, members: int, spares: int) -> float:
    """Share of `members` cells still wrong when `spares` are tried one by one, each failing with `p`."""
    wrong = stats.binom.pmf(np.arange(members + 1), members, p)
    for _ in range(spares):
        stays, falls = wrong * p, wrong * (1.0 - p)
        stays[0], falls[0] = wrong[0], 0.0
        wrong = stays + np.append(falls[1:], 0.0)
    return float(wrong @ np.arange(members + 1)) / members


@pytest.mark.parametrize(
    ("redundancy", "members", "spares"),
    [(SpareCells(1, shared_by=3), 3, 1), (SpareCells(2, shared_by=5), 5, 2), (SpareRows(4), 30, 4)],
)
def test_shared_spares_are_a_chain_of_trials(redundancy, members, spares):
    spread = dataclasses.replace(marraccini2025(), v_set=Lognormal(mu=0.8, sigma=0.8))
    repair = Repair(writing=ONCE, redundancy=redundancy)
    ones = torch.ones((30, 30), dtype=torch.bool)
    errors = program(fresh(repair, 30, 30, spread=spread, arrays=40), ones, repair).bit_error_rate(ones)
    expected = expected_left(fails(spread)[0], members, spares)
    assert expected > 1e-3
    # Errors of one group come together: allow twice the width of independent ones.
    assert float(errors.of_ones.mean()) == pytest.approx(expected, abs=8.0 * math.sqrt(expected / 36_000))


@pytest.mark.parametrize("retries", [0, 3, 10])
def test_a_rising_amplitude_reaches_what_its_last_pulse_reaches(retries):
    repair = Repair(writing=WriteVerify(retries=retries, step=0.5, max_voltage=9.0))
    bits = torch.ones((60, 60), dtype=torch.bool)
    stored = program(fresh(repair, 60, 60, arrays=20), bits, repair)
    last = min(VOLT + 0.5 * retries, 9.0)
    check_share(stored.bit_error_rate(bits).of_ones, fails(marraccini2025(), last)[0], 72_000)
    assert int(stored.cost.retries_max.max()) == retries
    # Every cell got one pulse; those that needed n more got n, those that failed got all.
    assert torch.equal(stored.cost.writes, 3600.0 + stored.cost.retries)
    assert int(stored.wear.largest.max()) == retries + 1


def test_a_defect_map_stores_without_a_fault_where_most_cells_are_dead():
    spread = marraccini2025(device_yield=0.4)
    # Closed form of a good cell: works, takes both pulses, and both states lie on their side.
    limits = ((spread.v_set, VOLT), (spread.v_reset, VOLT), (spread.resistance_lrs, OHM))
    good = 0.4 * math.prod(float(law.cdf(np.array([value]))[0]) for law, value in limits)
    good *= 1.0 - fails(spread)[1]
    repair = Repair(writing=ONCE, placement=DefectMap.for_yield(good, 900, confidence=0.999))
    memory = fresh(repair, 30, 30, spread=spread, arrays=50)
    cells = memory.state.numel()
    assert good_share(memory) == pytest.approx(good, abs=4.0 * math.sqrt(good / cells))
    bits = random_bits(50, 30, 30)
    stored = program(memory, bits, repair)
    enough = stored.unplaced == 0
    assert int((~enough).sum()) <= 1
    assert torch.equal(stored.read_bits()[enough], bits[enough])
    assert stored.area_factor == pytest.approx(1.0 / good, rel=0.15)
    # Two pulses to test a cell that works and one more for its bit; one for a cell that does not take its '1'.
    assert int(stored.wear.largest.max()) == 3
    unmapped = Repair(writing=ONCE)
    lost = program(fresh(unmapped, 30, 30, spread=spread, arrays=10), bits[:10], unmapped)
    assert float(lost.bit_error_rate(bits[:10]).of_ones.mean()) > 0.55


@pytest.mark.parametrize(("good", "cells"), [(0.4, 100), (0.37, 3150), (0.9, 20), (1.0, 7)])
def test_the_area_for_a_yield_is_the_smallest_that_suffices(good, cells):
    total = round(DefectMap.for_yield(good, cells, confidence=0.99).area * cells)
    assert stats.binom.sf(cells - 1, total, good) >= 0.99
    assert total == cells or stats.binom.sf(cells - 1, total - 1, good) < 0.99


# --- invariants -------------------------------------------------------------------------------------

ALL = [
    Repair(),
    Repair(writing=RISING),
    Repair(redundancy=Majority(3), code=Hamming(4)),
    Repair(writing=ONCE, redundancy=SpareCells(2)),
    Repair(writing=RISING, redundancy=SpareCells(1, shared_by=4)),
    Repair(writing=RISING, redundancy=SpareRows(2), code=Hamming(2, detect_double=True)),
    Repair(writing=ONCE, placement=DefectMap(2.8), redundancy=Majority(3)),
    Repair(writing=RISING, placement=DefectMap(2.8), redundancy=SpareCells(1, shared_by=7), code=Hamming(4)),
]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), more=st.integers(0, 3), which=st.sampled_from(ALL), per_array=st.booleans())
def test_good_cells_give_back_every_bit_under_every_repair(seed, more, which, per_array):
    bits = random_bits(*((2,) if per_array else ()), 5, 8, seed=seed)
    rows, columns = which.memory_shape(5, 8)
    memory = ReramMemory(alike(), shape=(rows + more, columns + more), arrays=2, threshold=OHM)
    stored = program(memory, bits, which)
    assert torch.equal(stored.read_bits(), bits.expand(2, 5, 8))
    assert not stored.unrepaired.any()
    assert not stored.notes
    assert not memory.writes.any()  # the memory that was given is as it was
    assert torch.equal(stored.memory.writes.flatten(1).sum(-1).double(), stored.cost.writes)


@pytest.mark.parametrize("repair", ALL, ids=range(len(ALL)))
def test_arrays_come_out_alike_in_any_portion(repair):
    bits = random_bits(6, 12)
    spread = marraccini2025(device_yield=0.7)
    endurance = Endurance(pulses=Lognormal(mu=4.0, sigma=0.2))
    options = {"spread": spread, "stuck_at_lrs": 0.05, "endurance": endurance}
    whole = program(fresh(repair, 6, 12, arrays=7, **options), bits, repair)
    parts = [
        program(fresh(repair, 6, 12, arrays=r, **options), bits, repair) for r in (range(3), range(3, 7))
    ]
    assert torch.equal(whole.read_bits(), torch.cat([p.read_bits() for p in parts]))
    assert torch.equal(whole.memory.writes, torch.cat([p.memory.writes for p in parts]))
    assert torch.equal(whole.unrepaired, torch.cat([p.unrepaired for p in parts]))
    joined = join_costs([p.cost for p in parts])
    for field in dataclasses.fields(joined):
        if field.name != "pulses":
            assert torch.equal(getattr(whole.cost, field.name), getattr(joined, field.name)), field.name


@pytest.mark.parametrize("read_first", [False, True])
def test_verification_never_makes_a_bit_worse(read_first):
    bits = random_bits(40, 40, seed=3)
    memory = fresh(Repair(), 40, 40, arrays=10).program(random_bits(40, 40, seed=4))
    once = program(memory, bits)
    for writing in (ONCE, RISING, WriteVerify(retries=5)):
        tried = dataclasses.replace(writing, read_first=read_first)
        verified = program(memory, bits, Repair(writing=tried))
        worse = (verified.read_bits() ^ bits) & ~(once.read_bits() ^ bits)
        assert not worse.any()
        assert (verified.unrepaired <= once.unrepaired).all()


def test_reading_first_spares_the_cells_that_are_right():
    bits = random_bits(20, 20)
    repair = Repair(writing=WriteVerify(retries=0, read_first=True))
    memory = fresh(repair, 20, 20, spread=alike())
    first = program(memory, bits, repair)
    assert float(first.cost.set_pulses) == int(bits.sum())
    assert float(first.cost.reset_pulses) == 0.0  # fresh cells hold '0'
    again = program(first.memory, bits, repair)
    assert float(again.cost.writes) == 0.0
    assert float(again.cost.reads) == 400.0


def test_an_unrepaired_programming_is_that_of_the_memory():
    bits = random_bits(30, 30)
    memory = fresh(Repair(), 30, 30, arrays=5, stuck_at_lrs=0.1, endurance=Endurance(pulses=1))
    plain, repaired = memory.program(bits), program(memory, bits)
    again, both = plain.program(~bits), program(repaired.memory, ~bits)
    for a, b in ((plain, repaired.memory), (again, both.memory)):
        assert torch.equal(a.state, b.state)
        assert torch.equal(a.writes, b.writes)


# --- cost -------------------------------------------------------------------------------------------


def test_the_cost_of_one_write_in_closed_form():
    pulses = Pulses(set_width=1e-3, reset_width=2e-3, read_width=4e-3, read_voltage=0.5)
    bits = torch.zeros((4, 10), dtype=torch.bool)
    bits[:3, :7] = True  # three word lines have both digits, the last only '0's
    memory = fresh(Repair(), 4, 10, spread=alike())
    cost = program(memory, bits, pulses=pulses).cost
    assert (float(cost.set_pulses), float(cost.reset_pulses), float(cost.reads)) == (21, 19, 0)
    assert (float(cost.set_steps), float(cost.reset_steps)) == (3, 4)
    assert float(cost.time_serial) == pytest.approx(21e-3 + 38e-3)
    assert float(cost.time_rows) == pytest.approx(3e-3 + 8e-3)
    # V^2 / R x width: a SET passes from 1 Mohm to 1 kohm, a RESET finds 1 Mohm and leaves it.
    reset = 19 * 25.0 / 1e6 * 2e-3
    assert float(cost.energy_low) == pytest.approx(21 * 25.0 / 1e6 * 1e-3 + reset, rel=1e-5)
    assert float(cost.energy_high) == pytest.approx(21 * 25.0 / 1e3 * 1e-3 + reset, rel=1e-5)
    verified = program(memory, bits, Repair(writing=ONCE), pulses=pulses).cost
    assert float(verified.reads) == 40
    assert float(verified.read_steps) == 4
    reading = 0.25 * 4e-3 * (21 / 1e3 + 19 / 1e6)
    assert float(verified.energy_high - cost.energy_high) == pytest.approx(reading, rel=1e-4)
    limited = dataclasses.replace(pulses, compliance_current=1e-4)
    held = program(memory, bits, pulses=limited).cost
    assert float(held.energy_high) == pytest.approx(21 * 5.0 * 1e-4 * 1e-3 + reset, rel=1e-5)


def test_costs_add_up_and_count_by_word_line():
    bits = random_bits(6, 9, seed=1)
    memory = fresh(Repair(), 6, 9, arrays=3)
    whole = program(memory, bits, Repair(writing=RISING))
    upper, first = write_rows(memory, bits[:2], [0, 1], RISING)
    assert not upper.writes[:, 2:].any()
    lower, second = write_rows(upper, bits[2:], range(2, 6), RISING)
    assert torch.equal(lower.state, whole.memory.state)
    total = first + second
    assert torch.equal(total.writes, lower.writes.flatten(1).sum(-1).double())
    for name in ("set_pulses", "reset_pulses", "reads", "set_steps", "reset_steps", "read_steps", "retries"):
        assert torch.equal(getattr(total, name), getattr(whole.cost, name)), name
    assert torch.allclose(total.energy_high, whole.cost.energy_high)
    assert torch.equal(total.retries_max, whole.cost.retries_max)
    with pytest.raises(PinchedError, match="different pulses"):
        first + write_rows(memory, bits[:1], [0], ONCE, pulses=Pulses(set_width=1.0))[1]


@pytest.mark.parametrize(
    ("repair", "area", "table"),
    [
        (Repair(), 1.0, 0),
        (Repair(redundancy=Majority(5)), 5.0, 0),
        (Repair(writing=ONCE, redundancy=SpareCells(2)), 3.0, 2 * 120),
        (Repair(writing=ONCE, redundancy=SpareCells(1, shared_by=3)), 4 / 3, 40 * 2),
        (Repair(writing=ONCE, redundancy=SpareRows(5)), 1.5, 12 * 5 * 4),
        (Repair(code=Hamming(3)), 2.0, 0),
        (Repair(placement=DefectMap(2.5)), 2.5, 300),
    ],
)
def test_area_and_outside_storage(repair, area, table):
    stored = program(fresh(repair, 10, 12, spread=alike()), random_bits(10, 12), repair)
    assert stored.area_factor == pytest.approx(area)
    assert repair.table_bits(10, 12) == table


# --- wear -------------------------------------------------------------------------------------------


def test_a_cell_beyond_its_endurance_stays_in_lrs():
    memory = fresh(Repair(), 4, 4, spread=alike(), endurance=Endurance(pulses=ENDURANCE))
    ones, zeros = torch.ones((4, 4), dtype=torch.bool), torch.zeros((4, 4), dtype=torch.bool)
    for k in range(ENDURANCE):
        memory = memory.program(ones if k % 2 else zeros)
        assert bool(memory.read_bits().any()) == bool(k % 2)
    assert not memory.worn.any()
    memory = memory.program(zeros)
    assert memory.worn.all()
    assert memory.program(zeros).read_bits().all()
    other = fresh(Repair(), 4, 4, spread=alike(), endurance=Endurance(pulses=1, end=CellState.HRS))
    assert not other.program(ones).program(ones).read_bits().any()


def test_endurance_may_differ_between_cells_and_shows_as_wear():
    law = Lognormal(mu=math.log(10.0), sigma=0.5)
    memory = fresh(Repair(), 50, 50, spread=alike(), arrays=4, endurance=Endurance(pulses=law))
    zeros = torch.zeros((50, 50), dtype=torch.bool)
    for _ in range(8):
        memory = memory.program(zeros)
    # Worn are the cells that survive 7 pulses or fewer: the whole number below a value under 8.
    share = float(law.cdf(np.array([8.0]))[0])
    assert float(memory.worn.double().mean()) == pytest.approx(share, abs=4 * math.sqrt(share / 1e4))
    assert torch.equal(memory.read_bits(), memory.worn)
    wear = program(memory, zeros).wear
    assert (wear.largest == 9).all()
    assert (wear.mean == 9).all()
    assert (wear.share > 1).all()
    assert torch.equal(wear.worn, program(memory, zeros).memory.worn.flatten(1).sum(-1).double())


# --- limits and refusals ----------------------------------------------------------------------------


def test_a_voltage_below_every_threshold_writes_nothing_and_says_so():
    memory = ReramMemory(marraccini2025(), shape=(5, 6), arrays=2, write_voltage="1 mV", threshold=OHM)
    stored = program(memory, torch.ones((5, 6), dtype=torch.bool), Repair(writing=ONCE))
    assert torch.equal(stored.memory.state, memory.state)
    assert any("1 mV lies below every V_SET" in note for note in stored.notes)
    assert not program(memory.with_fields(write_voltage=5.0), random_bits(5, 6)).notes


def test_a_yield_of_zero_reads_zeros_and_says_so():
    repair = Repair(writing=ONCE, placement=DefectMap(2.0))
    bits = torch.ones((5, 6), dtype=torch.bool)
    stored = program(fresh(repair, 5, 6, spread=alike(device_yield=0.0)), bits, repair)
    assert not stored.read_bits().any()
    assert float(stored.unplaced) == 30
    assert float(stored.unrepaired) == 30
    assert any("yield 0" in note for note in stored.notes)
    assert any("good cells ran out" in note for note in stored.notes)
    with pytest.raises(PinchedError, match="with none, no area suffices"):
        DefectMap.for_yield(0.0, 10)


def test_what_does_not_fit_says_what_would():
    memory = ReramMemory(alike(), shape=(5, 6), arrays=2)
    bits = torch.zeros((5, 6), dtype=torch.bool)
    with pytest.raises(PinchedError, match=r"take 5 x 18 cells.*has 5 x 6.*shape=\(5, 18\)"):
        program(memory, bits, Repair(writing=ONCE, redundancy=SpareCells(2)))
    with pytest.raises(PinchedError, match=r"shape=\(7, 6\)"):
        program(memory, bits, Repair(writing=ONCE, redundancy=SpareRows(2)))
    with pytest.raises(PinchedError, match="no whole number of groups of 4"):
        program(memory, bits, Repair(writing=ONCE, redundancy=SpareCells(1, shared_by=4)))
    with pytest.raises(PinchedError, match="bits have the shape"):
        program(memory, torch.zeros((3, 5, 6), dtype=torch.bool))
    with pytest.raises(PinchedError, match=r"word lines .* are not different numbers"):
        write_rows(memory, bits[:2], [1, 1], ONCE)
    with pytest.raises(PinchedError, match="one row per word line"):
        write_rows(memory, bits, [1], ONCE)


def test_retries_beyond_the_endurance_are_refused():
    memory = ReramMemory(alike(), shape=(2, 2), endurance=Endurance(pulses=ENDURANCE))
    bits = torch.zeros((2, 2), dtype=torch.bool)
    program(memory, bits, Repair(writing=WriteVerify(retries=19)))
    with pytest.raises(PinchedError, match=r"20 retries are up to 21 pulses.*survives 20.*retries=19"):
        program(memory, bits, Repair(writing=WriteVerify(retries=20)))
    with pytest.raises(PinchedError, match="below the write voltage of 5"):
        program(memory, bits, Repair(writing=WriteVerify(retries=1, max_voltage=3.0)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Majority(4), "copies is 4"),
        (lambda: SpareCells(0), "count is 0"),
        (lambda: SpareCells(1, shared_by=0), "shared_by is 0"),
        (lambda: SpareRows(-1), "count is -1"),
        (lambda: DefectMap(0.5), "area is 0.5"),
        (lambda: WriteVerify(retries=-1), "retries is -1"),
        (lambda: WriteVerify(step=-0.1), "step is -0.1 V"),
        (lambda: Endurance(pulses=-1), "pulses is -1"),
        (lambda: Pulses(set_width=0.0), "set_width is 0.0 s"),
        (lambda: join_costs([]), "no costs to join"),
    ],
)
def test_what_cannot_be_a_repair_is_refused(make, message):
    with pytest.raises(PinchedError, match=message):
        make()
