"""What networks are told holds no dimension: what the equations cannot tell apart, a network cannot either."""

import dataclasses

import numpy as np
import pytest

from pinched.surrogate.features import course_features, course_steps, device_features, estimates


def changed(runs, **factors):
    values = np.array(runs.parameters)
    for name, factor in factors.items():
        values[:, runs.names.index(name)] *= factor
    return dataclasses.replace(runs, parameters=values)


def told(runs):
    guess = estimates(runs)
    alone = device_features(runs, guess, drive=False)
    return device_features(runs, guess), course_features(runs, guess), course_steps(runs), alone


def test_a_slower_device_in_a_longer_sweep_is_the_same(runs):
    slower = changed(runs, vacancy_mobility=0.5, period=2.0)
    slower = dataclasses.replace(slower, elapsed=2.0 * runs.elapsed)
    for a, b in zip(told(runs), told(slower), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_a_longer_device_of_the_same_ratios_is_the_same(runs):
    # Twice the length: four times the permittivity keeps the screening, half that of the image keeps the lowering.
    longer = changed(
        runs, length=2.0, permittivity=4.0, image_permittivity=0.5, electron_mobility=2.0, hole_mobility=2.0,
        vacancy_mobility=4.0,
    )  # fmt: skip
    for a, b in zip(told(runs), told(longer), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    "name", ["length", "permittivity", "vacancy_mobility", "electron_mobility", "band_gap"]
)
def test_one_parameter_alone_is_seen(runs, name):
    a, b = told(runs)[0], told(changed(runs, **{name: 1.2}))[0]
    assert (np.abs(a - b).max(axis=1) > 1e-3).all()


def test_the_affinity_of_electrons_is_told_to_no_network(runs):
    for a, b in zip(told(runs), told(changed(runs, electron_affinity=1.3)), strict=True):
        np.testing.assert_array_equal(a, b)
