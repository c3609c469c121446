"""Randomness by address: reference vectors, independence of shape and batching, moments."""

import numpy as np
import pytest
from scipy import stats

from pinched._random import _philox, cell_normals, cell_uniforms, generator


@pytest.mark.parametrize(
    ("counter_and_key", "expected"),
    [
        # Known-answer vectors of the generator's authors (Random123, kat_vectors, philox4x32 10); exact.
        (0x00000000, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (0xFFFFFFFF, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ],
)
def test_philox_gives_the_published_vectors(counter_and_key, expected):
    word = np.uint64(counter_and_key)
    assert tuple(int(w) for w in _philox(*[word] * 6)) == expected


def test_a_cell_is_the_same_in_any_array_and_batch():
    whole = cell_normals(7, "cells", range(10), (6, 8))
    part = cell_normals(7, "cells", range(3, 5), (4, 3))
    np.testing.assert_array_equal(part, whole[3:5, :4, :3])


def test_streams_seeds_and_arrays_differ():
    a = cell_normals(0, "a", range(1), (8, 8))
    assert not np.array_equal(a, cell_normals(0, "b", range(1), (8, 8)))
    assert not np.array_equal(a, cell_normals(1, "a", range(1), (8, 8)))
    assert not np.array_equal(a, cell_normals(0, "a", range(1, 2), (8, 8)))


def test_normals_are_standard_normal_and_independent():
    z = cell_normals(0, "moments", range(20), (100, 50)).reshape(-1, 4).astype(np.float64)
    n = len(z)
    # Five standard errors: false alarm below 1e-6.
    assert np.abs(z.mean(axis=0)).max() < 5 / np.sqrt(n)
    assert np.abs(z.var(axis=0) - 1).max() < 5 * np.sqrt(2 / n)
    assert np.abs(np.corrcoef(z.T) - np.eye(4)).max() < 5 / np.sqrt(n)
    assert stats.kstest(z[:, 0], "norm").pvalue > 1e-4


def test_uniforms_stay_inside_and_are_flat():
    u = cell_uniforms(0, "flat", range(5), (100, 50))
    assert u.min() > 0
    assert u.max() <= 1
    assert stats.kstest(u[..., 2].ravel(), "uniform").pvalue > 1e-4


def test_generator_depends_on_the_address_alone():
    assert generator(0, "x", 1).random() == generator(0, "x", 1).random()
    assert generator(0, "x", 1).random() != generator(0, "x", 2).random()
    # "a", "b/c" and "a/b", "c" would collide if parts were joined without care for their number.
    assert generator(0, "array", 3).random() != generator(0, "array", 33).random()
