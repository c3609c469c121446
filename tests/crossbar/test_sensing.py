"""Reading by current: exact for cells that are alike, closed form for one bit, and worse where the LRS spreads."""

import math

import pytest
import torch
from scipy import stats

from pinched._errors import PinchedError
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.sensing import compare_sensing, read_words_by_current, word_currents
from pinched.crossbar.words import BitOrder, OffsetBinaryWord, SignMagnitudeWord, TwosComplementWord
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.devices.spread import DeviceSpread
from pinched.extraction.distributions import Lognormal


def technology(sigma: float) -> DeviceSpread:
    return DeviceSpread(
        v_set=Lognormal(mu=0.0, sigma=0.0),
        v_reset=Lognormal(mu=0.0, sigma=0.0),
        resistance_lrs=Lognormal(mu=math.log(1e3), sigma=sigma),
        resistance_hrs=Lognormal(mu=math.log(1e6), sigma=1e-7),
    )


@pytest.mark.parametrize("order", BitOrder)
@pytest.mark.parametrize("kind", [TwosComplementWord, OffsetBinaryWord, SignMagnitudeWord])
@pytest.mark.parametrize("bits", [1, 3, 8])
def test_cells_that_are_alike_give_every_word(kind, bits, order):
    coding = kind(bits, order)
    low, high = coding.ends
    words = torch.arange(low, high + 1, dtype=torch.int16)
    memory = ReramMemory(technology(1e-7), shape=(len(words), bits), arrays=2).program_words(words, coding)
    assert torch.equal(read_words_by_current(memory, coding)[0].short(), words)
    errors = compare_sensing(memory, words, coding)
    assert not errors.by_threshold.any()
    assert not errors.by_current.any()


def test_the_current_is_that_of_1_2_and_4_millivolt():
    memory = ReramMemory(technology(1e-7), shape=(1, 3)).program_words(torch.tensor([-3]), 3)  # 101
    expected = 4e-3 / 1e3 + 2e-3 / 1e6 + 1e-3 / 1e3
    assert float(word_currents(memory, 3)) == pytest.approx(expected, rel=1e-5)
    assert float(word_currents(memory, 3, read_voltage="2 mV")) == pytest.approx(2 * expected, rel=1e-5)


def test_one_bit_by_current_is_a_threshold_at_twice_the_nominal_resistance():
    # The level lies half way between no current and the nominal one, so an LRS above twice the nominal is lost.
    memory = ReramMemory(technology(0.8), shape=(100, 100), arrays=4).program_words(
        torch.full((10_000,), -1), 1
    )
    errors = compare_sensing(memory, torch.full((10_000,), -1), 1)
    lost = float(stats.norm.sf(math.log(2.0) / 0.8))
    assert float(errors.by_current.mean()) == pytest.approx(lost, abs=0.005)


def test_the_published_spread_is_not_readable_by_current():
    # An LRS spread over a factor 2.8 (one sigma) leaves the sum of the currents of a word without meaning.
    words = torch.randint(-4, 4, (1050,), generator=torch.Generator().manual_seed(0))
    memory = ReramMemory(marraccini2025(), shape=(50, 63), arrays=20).program_words(words, 3)
    errors = compare_sensing(memory, words, 3)
    assert float(errors.by_threshold.mean()) < 0.08
    assert float(errors.by_current.mean()) > 0.4
    assert float(errors.distance_by_current.mean()) > 5 * float(errors.distance_by_threshold.mean())


def test_bad_input_is_refused():
    memory = ReramMemory(technology(0.1), shape=(2, 3))
    with pytest.raises(PinchedError, match="Are they swapped"):
        read_words_by_current(memory, 3, nominal_lrs="1 Mohm", nominal_hrs="1 kohm")
    with pytest.raises(PinchedError, match="read_voltage is 0"):
        word_currents(memory, 3, read_voltage=0)
