"""Exact change points: against brute force, against ruptures, and the noise that they need."""

import itertools

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.extraction.segmentation import difference_noise, partition


def cost_of(x, sigma, cuts, level, slope):
    """The cost of one way to cut, by least squares from NumPy alone."""
    total = 0.0
    for a, b in itertools.pairwise(cuts):
        y, w = x[a:b] / sigma[a:b], 1.0 / sigma[a:b]
        t = np.arange(b - a)
        flat = y - w * np.linalg.lstsq(w[:, None], y, rcond=None)[0]
        options = [float(flat @ flat) + level]
        if b - a >= 3:
            design = np.column_stack([w, w * t])
            rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
            options.append(float(rest @ rest) + slope)
        total += min(options)
    return total


@pytest.mark.parametrize("seed", range(3))
def test_no_way_to_cut_is_cheaper(seed):
    rng = np.random.default_rng(seed)
    x = np.repeat(rng.uniform(0, 4, 4), [2, 3, 3, 1]) + 0.3 * rng.normal(size=9) + 0.1 * np.arange(9)
    sigma = rng.uniform(0.2, 0.4, 9)
    found = partition(x, sigma, level_price=3.0, slope_price=5.0)
    every = [
        cost_of(x, sigma, (0, *inner, 9), 3.0, 5.0)
        for k in range(9)
        for inner in itertools.combinations(range(1, 9), k)
    ]
    assert found.cost == pytest.approx(min(every), rel=1e-9)
    assert cost_of(x, sigma, (*found.start, 9), 3.0, 5.0) == pytest.approx(found.cost, rel=1e-9)


def test_pruning_changes_nothing_on_long_records():
    # Found twice: forwards and backwards must cost the same, although other starts are pruned.
    rng = np.random.default_rng(1)
    x = np.repeat(rng.uniform(0, 25, 60), rng.integers(2, 20, 60))
    x = x + 0.05 * rng.normal(size=x.size)
    sigma = np.full(x.size, 0.05)
    forward, backward = partition(x, sigma), partition(x[::-1].copy(), sigma)
    assert forward.cost == pytest.approx(backward.cost, rel=1e-9)
    assert forward.values() == pytest.approx(backward.values()[::-1], abs=1e-9)


def test_levels_alone_agree_with_ruptures():
    # ruptures 1.1.10 (BSD-2): PELT on the same Gaussian cost; ties apart, the minimum is one.
    ruptures = pytest.importorskip("ruptures")
    rng = np.random.default_rng(2)
    x = np.repeat(rng.uniform(0, 10, 12), 8) + 0.1 * rng.normal(size=96)
    ours = partition(x, np.full(96, 0.1), level_price=12.0, slope_price=np.inf)
    theirs = ruptures.Pelt(model="l2", min_size=1, jump=1).fit(x / 0.1).predict(pen=12.0)
    assert ours.stop.tolist() == theirs


def test_units_do_not_matter():
    rng = np.random.default_rng(3)
    x = np.repeat([1.0, 3.0, 2.0], 20) + 0.1 * rng.normal(size=60)
    one, other = partition(x, np.full(60, 0.1)), partition(1e-5 * x + 7e-4, np.full(60, 1e-6))
    assert one.start.tolist() == other.start.tolist() == [0, 20, 40]
    assert other.first == pytest.approx(1e-5 * one.first + 7e-4)


@pytest.mark.parametrize(("added", "relative"), [(0.05, 0.0), (0.0, 0.02), (0.05, 0.01)])
def test_noise_is_told_from_steps(added, relative):
    rng = np.random.default_rng(4)
    level = np.repeat(rng.uniform(1, 20, 150), 8)
    x = level + np.hypot(added, relative * level) * rng.normal(size=level.size)
    found = difference_noise(x, np.ones(x.size))
    # The deviation at both ends of the range, to 15 %: 1200 differences, of which one in eight is a step.
    ends = np.array([2.0, 18.0])
    assert found.sigma(ends, np.ones(2)) == pytest.approx(
        np.hypot(added, relative * ends), rel=0.15, abs=0.01
    )


def test_bad_records_are_refused():
    with pytest.raises(PinchedError, match="missing"):
        partition(np.array([1.0, np.nan, 2.0]), np.ones(3))
    with pytest.raises(PinchedError, match="above zero"):
        partition(np.ones(3), np.zeros(3))
    with pytest.raises(PinchedError, match="at least 8"):
        difference_noise(np.ones(5), np.ones(5))
