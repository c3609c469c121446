"""Cells by address, pulses by threshold, and error rates against closed forms of the distributions."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.crossbar.memory import ReramMemory
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.devices.spread import DeviceSpread
from pinched.extraction.distributions import Distribution, Lognormal, Weibull

QUANTITIES = ("v_set", "v_reset", "lrs", "hrs", "working")


def ideal(**changes) -> DeviceSpread:
    """A technology without failures: everything switches at 1 V, 1 kohm against 1 Mohm."""
    fields = {
        "v_set": Lognormal(mu=0.0, sigma=0.01),
        "v_reset": Lognormal(mu=0.0, sigma=0.01),
        "resistance_lrs": Lognormal(mu=math.log(1e3), sigma=0.1),
        "resistance_hrs": Lognormal(mu=math.log(1e6), sigma=0.1),
    }
    return DeviceSpread(**(fields | changes))


def random_bits(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5


def binomial(share: float, cells: int) -> float:
    """Four standard deviations of a counted share: one false alarm in 16 000."""
    return 4.0 * math.sqrt(share * (1.0 - share) / cells)


# --- which device a cell is -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def correlated() -> DeviceSpread:
    rho = np.array([[1, 0.5, 0.2, 0.3], [0.5, 1, 0.1, 0.2], [0.2, 0.1, 1, -0.4], [0.3, 0.2, -0.4, 1]])
    return dataclasses.replace(
        marraccini2025(device_yield=0.6), correlation=rho, resistance_lrs=Weibull(shape=1.2, scale=800.0)
    )


def test_a_cell_is_the_same_device_in_any_array_shape_and_batch(correlated):
    large = ReramMemory(correlated, shape=(23, 37), arrays=7, seed=3)
    small = ReramMemory(correlated, shape=(5, 11), arrays=range(4, 6), seed=3)
    one = ReramMemory(correlated, shape=(1, 1), arrays=1, seed=3)
    for name in QUANTITIES:
        assert torch.equal(getattr(small, name), getattr(large, name)[4:6, :5, :11]), name
        assert torch.equal(getattr(one, name), getattr(large, name)[:1, :1, :1]), name


def test_another_seed_and_another_array_are_other_devices():
    a, b = (ReramMemory(marraccini2025(), shape=(8, 8), arrays=2, seed=s) for s in (0, 1))
    assert not torch.equal(a.lrs, b.lrs)
    assert not torch.equal(a.lrs[0], a.lrs[1])


def test_drawn_cells_follow_the_distributions_and_their_correlation(correlated):
    memory = ReramMemory(correlated, shape=(128, 128), arrays=8)
    cells = memory.lrs.numel()
    for tensor, law in (
        (memory.v_set, correlated.v_set),
        (memory.v_reset, correlated.v_reset),
        (memory.lrs, correlated.resistance_lrs),
        (memory.hrs, correlated.resistance_hrs),
    ):
        ordered = law.cdf(np.sort(tensor.flatten().numpy().astype(float)))
        distance = np.abs(ordered - (np.arange(cells) + 0.5) / cells).max()
        assert distance < 1.95 / math.sqrt(cells)  # Kolmogorov-Smirnov at 0.1 %
    from_logs = np.corrcoef(memory.v_set.log().flatten(), memory.hrs.log().flatten())[0, 1]
    assert from_logs == pytest.approx(0.3, abs=4 / math.sqrt(cells))
    assert float(memory.working.double().mean()) == pytest.approx(0.6, abs=binomial(0.6, cells))


# --- pulses -----------------------------------------------------------------------------------------


def test_fresh_cells_are_in_hrs_and_read_zero():
    memory = ReramMemory(ideal(), arrays=2)
    assert memory.shape == (64, 64)
    assert not memory.state.any()
    assert not memory.read_bits().any()
    assert torch.equal(memory.resistance, memory.hrs)


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 6), columns=st.integers(1, 6), seed=st.integers(0, 99), history=st.integers(0, 3))
def test_without_failures_what_was_written_last_is_read(rows, columns, seed, history):
    memory = ReramMemory(ideal(), shape=(rows, columns), arrays=2, seed=seed)
    for k in range(history):
        memory = memory.program(random_bits(rows, columns, seed=seed + k))
    bits = random_bits(2, rows, columns, seed=seed + 50)
    memory = memory.program(bits)
    assert torch.equal(memory.read_bits(), bits)
    assert (memory.writes == history + 1).all()


def test_a_cell_that_needs_more_than_the_write_voltage_stays():
    low = ReramMemory(ideal(v_set=Lognormal(mu=math.log(3.0), sigma=0.0)), write_voltage="2 V", shape=(4, 4))
    ones, zeros = torch.ones(4, 4, dtype=torch.bool), torch.zeros(4, 4, dtype=torch.bool)
    assert not low.program(ones).state.any()
    stubborn = ReramMemory(
        ideal(v_reset=Lognormal(mu=math.log(3.0), sigma=0.0)), write_voltage=2.0, shape=(4, 4)
    )
    assert stubborn.program(ones).program(zeros).state.all()
    assert not stubborn.program(zeros).read_bits().any()  # fresh: right without a RESET


def test_a_cell_beyond_the_yield_is_stuck_in_hrs():
    memory = ReramMemory(ideal(device_yield=0.4), shape=(100, 100))
    ones = torch.ones(100, 100, dtype=torch.bool)
    errors = memory.program(ones).bit_error_rate(ones)
    assert float(errors.of_ones) == pytest.approx(0.6, abs=binomial(0.6, 10_000))
    assert torch.equal(memory.program(ones).state, memory.working)
    dead = ReramMemory(ideal(device_yield=0.0), shape=(10, 10))
    assert not dead.program(ones[:10, :10]).read_bits().any()


def test_programming_leaves_the_old_memory_alone():
    memory = ReramMemory(ideal(), shape=(3, 3))
    memory.program(torch.ones(3, 3, dtype=torch.bool))
    assert not memory.state.any()
    assert not memory.writes.any()
    with pytest.raises(dataclasses.FrozenInstanceError):
        memory.state = memory.working  # type: ignore[misc]


# --- closed forms -----------------------------------------------------------------------------------


def share(law: Distribution, value: float) -> float:
    """Probability of a value below."""
    return float(law.cdf(np.array([value]))[0])


def closed_forms(spread: DeviceSpread, volt: float, ohm: float) -> tuple[float, float, float]:
    """Error of a '1' in a fresh cell, of a '0' in a fresh cell, of a '0' after a '1'."""
    no_set, no_reset = 1.0 - share(spread.v_set, volt), 1.0 - share(spread.v_reset, volt)
    high_lrs, low_hrs = 1.0 - share(spread.resistance_lrs, ohm), share(spread.resistance_hrs, ohm)
    one = no_set * (1.0 - low_hrs) + (1.0 - no_set) * high_lrs
    stays_set = (1.0 - no_set) * no_reset
    return one, low_hrs, stays_set * (1.0 - high_lrs) + (1.0 - stays_set) * low_hrs


@pytest.mark.parametrize(("volt", "ohm"), [(5.0, 1e4), (2.0, 1e4), (5.0, 1e5)])
def test_bit_errors_follow_from_the_distributions(volt, ohm):
    spread = marraccini2025()
    memory = ReramMemory(spread, shape=(100, 100), arrays=40, write_voltage=volt, threshold=ohm)
    bits = random_bits(100, 100)
    ones, zeros = 40 * int(bits.sum()), 40 * int((~bits).sum())
    one, zero, rewritten = closed_forms(spread, volt, ohm)
    fresh = memory.program(bits).bit_error_rate(bits)
    assert float(fresh.of_ones.mean()) == pytest.approx(one, abs=binomial(one, ones))
    assert float(fresh.of_zeros.mean()) == pytest.approx(zero, abs=binomial(zero, zeros))
    again = memory.program(torch.ones_like(bits)).program(bits).bit_error_rate(bits)
    assert float(again.of_zeros.mean()) == pytest.approx(rewritten, abs=binomial(rewritten, zeros))


def test_closed_forms_are_those_of_the_published_statistics():
    # Origin: a separate evaluation of the published statistics of marraccini2025fast, printed to two or three
    # digits. It counts a cell that was not SET as wrong even where its HRS lies below the threshold (0.4 % of
    # 3.5 %), hence 2e-4 for the first; the other tolerances are one unit of the last digit.
    spread = marraccini2025()
    one, zero, rewritten = closed_forms(spread, 5.0, 1e4)
    assert one == pytest.approx(0.0370, abs=2e-4)
    assert zero == pytest.approx(0.0040, abs=1e-4)
    assert 1.0 - share(spread.resistance_lrs, 1e4) == pytest.approx(0.0023, abs=1e-4)
    # The reference puts every cell into LRS before the RESET; here 3.5 % could not be SET and need no RESET.
    no_set = 1.0 - share(spread.v_set, 5.0)
    assert rewritten == pytest.approx(0.027 - no_set * (0.027 - zero), abs=1e-3)
    assert ReramMemory(spread, shape=(1, 1)).threshold == pytest.approx(1e4, rel=0.02)


# --- words ------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    bits=st.integers(1, 8),
    rows=st.integers(1, 7),
    columns=st.integers(1, 30),
    seed=st.integers(0, 999),
    per_array=st.booleans(),
)
def test_words_come_back_from_good_cells(bits, rows, columns, seed, per_array):
    memory = ReramMemory(ideal(), shape=(rows, columns), arrays=2)
    capacity = memory.capacity(bits)
    assert capacity == rows * (columns // bits)
    if capacity == 0:
        return
    generator = torch.Generator().manual_seed(seed)
    count = int(torch.randint(1, capacity + 1, (1,), generator=generator))
    size = (2, count) if per_array else (count,)
    words = torch.randint(-(1 << (bits - 1)), 1 << (bits - 1), size, generator=generator)
    written = memory.program_words(words, bits)
    assert torch.equal(written.read_words(bits)[:, :count].long(), words.expand(2, count))
    assert int(written.writes.sum()) == 2 * count * bits  # one pulse per used cell, none elsewhere


def test_words_lie_in_rows_most_significant_bit_first():
    memory = ReramMemory(ideal(), shape=(2, 7)).program_words(torch.tensor([-4, 3, 1]), 3)
    assert memory.read_bits()[0].int().tolist() == [[1, 0, 0, 0, 1, 1, 0], [0, 0, 1, 0, 0, 0, 0]]


def test_an_array_too_small_says_what_it_holds_and_what_to_do():
    memory = ReramMemory(ideal(), shape=(4, 7))
    with pytest.raises(PinchedError, match=r"9 words of 3 bits are needed.*holds 8 .*shape=\(5, 7\)"):
        memory.program_words(torch.zeros(9, dtype=torch.int8), 3)
    with pytest.raises(PinchedError, match="at least 8 bit lines"):
        memory.program_words(torch.zeros(1, dtype=torch.int8), 8)
    with pytest.raises(PinchedError, match="one bit per cell"):
        memory.program(torch.zeros(3, 3, dtype=torch.bool))
    with pytest.raises(PinchedError, match="words have the shape"):
        memory.program_words(torch.zeros((2, 3), dtype=torch.int8), 3)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"write_voltage": "-5 V"}, "write_voltage is -5 V"),
        ({"write_voltage": "5 A"}, "unit 'A'"),
        ({"threshold": 0.0}, "threshold is 0"),
        ({"shape": (0, 4)}, "shape is"),
        ({"arrays": 0}, "arrays is 0"),
        ({"arrays": range(-1, 2)}, "start at 0"),
    ],
)
def test_what_cannot_be_an_array_is_refused(given_, message):
    with pytest.raises(PinchedError, match=message):
        ReramMemory(ideal(), **({"shape": (2, 2)} | given_))


def test_voltage_and_threshold_are_text_or_numbers():
    a = ReramMemory(ideal(), shape=(2, 2), write_voltage="3000 mV", threshold="20 kohm")
    assert (a.write_voltage, a.threshold) == (3.0, 2e4)


# --- stuck cells, rows, rewriting -------------------------------------------------------------------


def test_stuck_cells_are_drawn_by_address_and_never_switch():
    options = {"stuck_at_hrs": 0.1, "stuck_at_lrs": 0.2}
    memory = ReramMemory(ideal(), shape=(100, 100), arrays=3, **options)
    part = ReramMemory(ideal(), shape=(20, 30), arrays=range(1, 3), **options)
    assert torch.equal(part.working, memory.working[1:, :20, :30])
    assert torch.equal(part.state, memory.state[1:, :20, :30])
    assert float((~memory.working).double().mean()) == pytest.approx(0.3, abs=binomial(0.3, 30_000))
    assert float(memory.state.double().mean()) == pytest.approx(0.2, abs=binomial(0.2, 30_000))
    for bit in (True, False):
        after = memory.program(torch.full((100, 100), bit))
        assert torch.equal(after.state[~memory.working], memory.state[~memory.working])
        assert (after.state[memory.working] == bit).all()
    fewer = ReramMemory(ideal(), shape=(100, 100), arrays=3, stuck_at_lrs=0.05)
    assert not (
        fewer.state & ~memory.state
    ).any()  # the stuck cells of a small share are stuck in a larger one
    with pytest.raises(PinchedError, match="they are shares of all cells"):
        ReramMemory(ideal(), stuck_at_hrs=0.6, stuck_at_lrs=0.5)


def test_only_the_word_lines_that_were_named_are_written():
    memory = ReramMemory(ideal(), shape=(5, 4), arrays=2)
    written = memory.program(torch.ones(5, 4, dtype=torch.bool), word_lines=[1, 4])
    assert written.read_bits().all(-1).all(0).tolist() == [False, True, False, False, True]
    assert written.writes.sum(-1)[0].tolist() == [0, 4, 0, 0, 4]
    with pytest.raises(PinchedError, match=r"word line \[5\] does not exist; the array has 0 to 4"):
        memory.program(torch.ones(5, 4, dtype=torch.bool), word_lines=[0, 5])


def test_rewriting_sets_every_cell_before():
    memory = ReramMemory(marraccini2025(), shape=(50, 50), arrays=4)
    bits = random_bits(50, 50)
    rewritten = memory.rewrite(bits)
    assert torch.equal(
        rewritten.state, memory.program(torch.ones(50, 50, dtype=torch.bool)).program(bits).state
    )
    assert (rewritten.writes == 2).all()
    fresh = memory.program(bits).bit_error_rate(bits)
    assert (rewritten.bit_error_rate(bits).of_zeros > fresh.of_zeros).all()
