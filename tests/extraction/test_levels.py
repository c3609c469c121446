"""Levels: borders, confusion, codes; the foundry RRAM of levy2021 against its expected numbers."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.extraction.levels import (
    Coding,
    borders_between,
    borders_of_bands,
    checkerboard,
    confuse_levels,
    read_levels,
    relaxation,
    split_reads,
)

BANDS = [(0.0, 4200.0), (4537.0, 4575.0), (5041.0, 5086.0), (5671.0, 5730.0), (6507.0, 6589.0), (7973.0, 8171.0),
         (10517.0, 10759.0), (80000.0, 1e10)]  # fmt: skip


@pytest.fixture
def reads(measurements):
    folder = measurements / "rram_1t1r_levy_radar2021/exptdata/retention/data"
    return lambda name: np.loadtxt(folder / f"readtest3bpc{name}.csv")


def test_levy_bake_moves_six_cells(reads):
    """Origin: expected.json, 6 of 1024 cells with geometric-mean borders of the written bands (exact count)."""
    borders = borders_of_bands(BANDS)
    found = confuse_levels(read_levels(reads("1-prebake"), borders), reads("1-postbake"), borders)
    assert (found.changed, found.cells) == (6, 1024)
    assert found.changed_share == pytest.approx(0.0059, abs=5e-5)
    # All six move to a neighbour, so a Gray code pays one of three bits each.
    assert found.bit_error_rate(Coding.GRAY) == pytest.approx(6 / 3072)
    assert found.bit_error_rate(Coding.PLAIN) > found.bit_error_rate(Coding.GRAY)


def test_levy_cells_were_written_as_a_checkerboard(reads):
    level = checkerboard(1024, 8, row=32)
    assert np.bincount(level).tolist() == [128] * 8
    prebake = reads("2-prebake")
    assert (read_levels(prebake, borders_between(prebake, level)) == level).all()


def test_levy_files_with_three_reads_are_cut(reads):
    three = split_reads(reads("2-postbake"), 1024)
    assert three.shape == (3, 1024)
    # The same cells three times: reads agree far better with each other than levels do (0.2 % against 10 %).
    assert np.median(np.abs(np.log(three[1] / three[0]))) < 0.005
    with pytest.raises(PinchedError, match="whole number"):
        split_reads(np.ones(3071), 1024)


def test_borders_are_geometric_means():
    level = np.repeat(np.arange(3), 5)
    np.testing.assert_allclose(borders_between(10.0 ** (level + 3.0), level), [10**3.5, 10**4.5])
    with pytest.raises(PinchedError, match="rise"):
        borders_of_bands([(1.0, 3.0), (2.0, 4.0)])
    with pytest.raises(PinchedError, match="no cell"):
        borders_between(np.ones(4), np.array([0, 0, 2, 2]))


def test_codes_count_bits():
    """Closed form: Gray neighbours differ in one bit; the plain code pays 11 bits over its 7 steps."""
    gray, plain = Coding.GRAY.words(8), Coding.PLAIN.words(8)
    assert np.abs(np.diff(gray, axis=0)).sum(axis=1).tolist() == [1] * 7
    assert int(np.abs(np.diff(plain, axis=0)).sum()) == 1 + 2 + 1 + 3 + 1 + 2 + 1


def test_confusion_of_gaussian_levels_agrees_with_the_overlap():
    """Two lognormal levels a decade apart, sigma 0.5 in log10: 15.87 % of each cross (binomial error)."""
    rng = np.random.default_rng(0)
    level = np.repeat([0, 1], 20000)
    after = 10 ** (3.0 + level + 0.5 * rng.standard_normal(level.size))
    found = confuse_levels(level, after, borders_of_bands([(1e3, 1e3), (1e4, 1e4)]))
    assert found.changed_share == pytest.approx(0.1587, abs=4 * np.sqrt(0.1587 * 0.8413 / 40000))
    low, high = found.changed_interval
    assert low < 0.1587 < high


def test_cells_without_a_read_are_left_out():
    found = confuse_levels(np.array([0, 1, 1]), np.array([1e3, np.nan, 1e4]), np.array([3e3]))
    assert (found.cells, found.changed) == (2, 0)
    with pytest.raises(PinchedError, match="same cells"):
        confuse_levels(np.array([0]), np.array([1.0, 2.0]), np.array([3.0]))


def test_relaxation_finds_the_shift_of_each_level():
    rng = np.random.default_rng(1)
    level = np.repeat(np.arange(3), 300)
    before = 10.0 ** (3 + level)
    after = before * np.exp(0.02 * level + 0.1 * rng.standard_normal(level.size))
    for k, one in enumerate(relaxation(before, after, level)):
        assert one.cells == 300
        assert one.shift_interval[0] < 0.02 * k < one.shift_interval[1]
        assert one.spread == pytest.approx(0.1, rel=0.15)
