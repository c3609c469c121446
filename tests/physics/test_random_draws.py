"""Draws of a published table of parameters: ranges, restrictions, and that devices of all kinds finish well."""

import numpy as np
import pytest

import pinched as pi
from pinched._random import generator
from pinched.physics.presets.zamankhani2024 import Restriction


def drawn(restriction, count, seed=0):
    ranges = pi.presets.zamankhani2024_ranges(restriction)
    draw = generator(seed, "random draws")
    rows = []
    while len(rows) < count:
        values = ranges.at(draw.random((500, len(ranges.parameters))))
        rows.extend(values[ranges.kept(values)])
    return ranges, np.array(rows[:count])


def test_the_ranges_are_those_of_the_table():
    ranges = pi.presets.zamankhani2024_ranges()
    corners = ranges.at(np.array([[0.0] * 15, [1.0] * 15]))
    table = {
        "band_gap": (0.3, 3.5), "electron_affinity": (1, 5), "barrier_left": (0.001, 2), "barrier_right": (0.001, 2),
        "permittivity": (1, 15), "image_permittivity": (1, 15), "electron_mass": (0.1, 0.9), "hole_mass": (0.1, 0.9),
        "electron_mobility": (1e-6, 500), "hole_mobility": (1e-6, 500), "vacancy_mobility": (1e-18, 1e-8),
        "vacancy_level": (0.1, 3), "length": (0.5e-6, 2e-6), "amplitude": (5, 13), "period": (1, 20),
    }  # fmt: skip
    assert set(table) == set(ranges.names)
    np.testing.assert_allclose(corners.T, [table[name] for name in ranges.names])
    device, wave = ranges.device(corners[1])
    assert device.geometry.area == pytest.approx(1.5e-13)
    assert wave.duration == 20.0


def test_restrictions_are_kept():
    for restriction in (Restriction.RESOLVED, Restriction.MEMRISTIVE):
        ranges, rows = drawn(restriction, 20)
        v = dict(zip(ranges.names, rows.T, strict=True))
        highest = np.maximum(v["barrier_left"], v["barrier_right"])
        assert (highest < v["vacancy_level"]).all()
        assert (v["vacancy_level"] < v["band_gap"]).all()
        if restriction is Restriction.MEMRISTIVE:
            assert (v["vacancy_level"] - highest < 0.2).all()


def test_the_share_of_kept_draws_is_as_stated():
    for restriction in (Restriction.RESOLVED, Restriction.MEMRISTIVE):
        ranges = pi.presets.zamankhani2024_ranges(restriction)
        values = ranges.at(generator(1, "share").random((4_000, 15)))
        assert ranges.kept(values).mean() == pytest.approx(ranges.share, rel=0.3)


@pytest.mark.parametrize("restriction", list(Restriction))
def test_a_few_draws_finish_and_pass(restriction):
    ranges, rows = drawn(restriction, 3)
    pairs = [ranges.device(row) for row in rows]
    runs = pi.solve_batch([d for d, _ in pairs], [w for _, w in pairs], accuracy=pi.Accuracy.fast, workers=2)
    for run in runs:
        assert run.finished, run.why
        assert run.quality.passes()


@pytest.mark.slow
@pytest.mark.parametrize(("restriction", "least"), [(Restriction.RESOLVED, 0.998), (Restriction.NONE, 0.99)])
def test_a_thousand_draws_finish_and_pass(restriction, least):
    ranges, rows = drawn(restriction, 1000, seed=1)
    pairs = [ranges.device(row) for row in rows]
    runs = pi.solve_each([d for d, _ in pairs], [w for _, w in pairs], accuracy=pi.Accuracy.fast)
    good = [run.finished and run.quality.passes() for run in runs]
    assert np.mean(good) >= least
