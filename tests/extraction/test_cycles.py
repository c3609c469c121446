"""Cutting traces into cycles, excursions and branches."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinched.data.sweep import IVSweep
from pinched.extraction.cycles import split_cycles, turning_points


def path(*corners, step=0.01):
    pieces = [np.array([corners[0]])]
    for a, b in pairwise(corners):
        pieces.append(np.linspace(a, b, max(round(abs(b - a) / step), 1) + 1)[1:])
    return np.concatenate(pieces)


def sweep(*corners, step=0.01):
    voltage = path(*corners, step=step)
    return IVSweep(voltage=voltage, current=1e-6 * voltage)


def shape(cycles):
    return [[(e.sign, e.outgoing is not None, e.returning is not None) for e in c.excursions] for c in cycles]


BOTH = [(1, True, True), (-1, True, True)]


@pytest.mark.parametrize(
    ("corners", "expected"),
    [
        ((0, 1, 0, -1, 0), [BOTH]),
        ((0, 1, -2, 0), [BOTH]),
        ((0, 1, -1, 1, -1, 0), [BOTH, BOTH]),
        ((0, 2, 0), [[(1, True, True)]]),
        ((0, -2, 0), [[(-1, True, True)]]),
        ((0, -1, 0, 2, 0), [[(-1, True, True), (1, True, True)]]),
        ((0, 3), [[(1, True, False)]]),
        ((0, 1, 0, 1, 0), [[(1, True, True)], [(1, True, True)]]),  # one side only: each way out is a loop
        ((1, -1, 1), [[(-1, True, True), (1, True, True)]]),  # starts at a peak: joined into one loop
    ],
)
def test_shapes_of_traces(corners, expected):
    assert shape(split_cycles(sweep(*corners))) == expected


def test_a_loop_from_peak_to_peak_says_that_it_was_joined():
    assert split_cycles(sweep(1, -1, 1))[0].joined
    assert not split_cycles(sweep(0, 1, -1, 0))[0].joined


def test_no_voltage_no_cycle():
    assert split_cycles(IVSweep(voltage=np.zeros(9), current=np.ones(9))) == []


@settings(max_examples=60, deadline=None)
@given(
    loops=st.integers(1, 6),
    up=st.floats(0.3, 10),
    down=st.floats(0.3, 10),
    noise=st.floats(0, 0.004),
    double=st.booleans(),
)
def test_loops_are_counted_in_noisy_measured_voltages(loops, up, down, noise, double):
    corners = [0.0]
    for _ in range(loops):
        corners += [up, up, -down, -down, 0.0] if double else [up, -down, 0.0]
    step = min(up, down) / 25
    voltage = path(*corners, step=step)
    scatter = np.random.default_rng(0).normal(0, noise * (up + down), voltage.size)
    cycles = split_cycles(IVSweep(voltage=voltage + scatter, current=voltage * 1e-6, cycle=4))
    assert [c.number for c in cycles] == list(range(4, 4 + loops))
    for cycle in cycles:
        assert [e.sign for e in cycle.excursions] == [1, -1]
        assert cycle.peak == pytest.approx(max(up, down), abs=5 * noise * (up + down) + 1e-9)


def test_turning_points_are_the_extremes():
    voltage = path(0, 2.5, -1.6, 0, step=0.1)
    turns = turning_points(voltage)
    np.testing.assert_allclose(voltage[turns], [0, 2.5, -1.6, 0], atol=1e-12)


def test_interpolation_takes_repeated_voltages_once():
    branch = split_cycles(sweep(0, 1, 1, 0))[0].excursions[0].outgoing
    assert branch is not None
    assert float(branch.current_at(0.505)) == pytest.approx(0.505e-6, rel=1e-9)
    assert np.isnan(branch.current_at(1.5))
