"""Chains against densities whose quantiles are known in closed form."""

import numpy as np
import pytest
from scipy.stats import norm

from pinched.surrogate.chains import chain_draws

ENDS = (0.05, 0.5, 0.95)


def drawn(log_density, count, *, chains=160, generations=400, seed=0):
    start = np.random.default_rng(seed).random((chains, count))
    return chain_draws(start, log_density, generations, seed)


def test_a_wall_a_flat_direction_and_a_tie_are_drawn_as_they_are():
    def log_density(cube):
        wall, _, middle, tied = cube.T
        return -0.5 * ((wall / 0.1) ** 2 + ((middle - 0.5) / 0.05) ** 2 + ((tied - middle) / 0.01) ** 2)

    found = np.quantile(drawn(log_density, 4), ENDS, axis=0)
    # Half a Gaussian at the wall, an even draw, a Gaussian, and the sum of two.
    np.testing.assert_allclose(found[:, 0], 0.1 * norm.ppf(0.5 + 0.5 * np.array(ENDS)), rtol=0.06)
    np.testing.assert_allclose(found[:, 1], ENDS, atol=0.03)
    np.testing.assert_allclose(found[:, 2], 0.5 + 0.05 * norm.ppf(ENDS), atol=0.004)
    np.testing.assert_allclose(found[:, 3], 0.5 + np.hypot(0.05, 0.01) * norm.ppf(ENDS), atol=0.004)


def test_two_hills_hold_what_they_weigh():
    def log_density(cube):
        first = np.exp(-0.5 * (((cube - 0.25) / 0.05) ** 2).sum(axis=1))
        second = 3.0 * np.exp(-0.5 * (((cube - 0.75) / 0.05) ** 2).sum(axis=1))
        return np.log(first + second + 1e-300)

    found = drawn(log_density, 2)
    assert (found[:, 0] > 0.5).mean() == pytest.approx(0.75, abs=0.04)


def test_draws_stay_in_the_cube_and_repeat_with_their_seed():
    def log_density(cube):
        return np.where(cube[:, 0] < 0.5, 0.0, -np.inf)

    start = np.random.default_rng(1).random((40, 3)) * 0.5
    first, again, other = (chain_draws(start, log_density, 20, seed) for seed in (0, 0, 1))
    assert first.shape == (400, 3)
    assert (first[:, 0] < 0.5).all()
    assert first.min() >= 0.0
    assert first.max() < 1.0
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_too_few_chains_are_refused():
    with pytest.raises(ValueError, match="at least 8"):
        chain_draws(np.zeros((7, 2)), lambda cube: cube[:, 0], 10, 0)
