"""Width, area, ratio and steepest voltage of loops whose branches are lines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinched.extraction.loops import loop_area, loop_width, on_off_ratio, steepest_voltage

QUARTER = np.linspace(0.0, 1.0, 201)
VOLTAGE = np.concatenate([QUARTER, QUARTER[::-1][1:], -QUARTER[1:], -QUARTER[::-1][1:]])


def lines(out: float, back: float, negative: float = 1.0) -> np.ndarray:
    """Currents of branches out, back (positive) and one slope for both negative branches."""
    n = QUARTER.size
    slopes = np.concatenate([np.full(n, out), np.full(n - 1, back), np.full(2 * n - 2, negative)])
    return slopes * VOLTAGE


def test_a_resistor_has_no_loop():
    volts, amps = VOLTAGE[None], 1e-6 * VOLTAGE[None]
    assert loop_width(volts, amps)[0] < 1e-12
    assert loop_area(volts, amps)[0] < 1e-18
    assert on_off_ratio(volts, amps)[0] == pytest.approx(1.0)


def test_two_lines_have_the_width_and_area_of_their_triangle():
    # Branches I = V and I = V/2 up to 1 V: mean distance 1/4 of the largest current, area 1/4.
    volts, amps = VOLTAGE[None], lines(1.0, 0.5)[None]
    assert loop_width(volts, amps)[0] == pytest.approx(0.25, abs=3e-3)
    assert loop_area(volts, amps)[0] == pytest.approx(0.25, abs=3e-3)
    assert on_off_ratio(volts, amps)[0] == pytest.approx(2.0, rel=1e-6)


@given(st.floats(0.01, 0.99), st.floats(1e-9, 1e3))
def test_widths_and_ratios_do_not_depend_on_the_scale(back: float, scale: float):
    volts, amps = VOLTAGE[None], lines(1.0, back)[None]
    assert loop_width(volts, scale * amps)[0] == pytest.approx(loop_width(volts, amps)[0], rel=1e-9)
    assert on_off_ratio(volts, scale * amps, floor=0.0)[0] == pytest.approx(1.0 / back, rel=1e-6)


def test_turned_round_the_numbers_stay():
    volts, amps = VOLTAGE[None], lines(1.0, 0.3)[None]
    assert loop_width(-volts, -amps)[0] == pytest.approx(loop_width(volts, amps)[0])
    assert loop_area(-volts, -amps)[0] == pytest.approx(loop_area(volts, amps)[0])


def test_the_steepest_voltage_of_a_step_is_where_it_is():
    amps = 1e-6 * np.tanh((VOLTAGE - 0.6) / 0.02)
    assert steepest_voltage(VOLTAGE[None], amps[None])[0] == pytest.approx(0.6, abs=0.005)


def test_without_a_positive_voltage_there_is_nothing_to_read():
    volts = -np.abs(VOLTAGE)[None]
    assert np.isnan(steepest_voltage(volts, volts)[0])
    assert on_off_ratio(np.zeros((1, 5)), np.zeros((1, 5)))[0] == 1.0


def test_a_hold_at_the_top_belongs_to_the_way_out():
    hold = np.concatenate([QUARTER, np.ones(50), QUARTER[::-1][1:]])
    slope = np.concatenate([np.full(QUARTER.size + 50, 1.0), np.full(QUARTER.size - 1, 0.5)])
    assert loop_width(hold[None], (slope * hold)[None])[0] == pytest.approx(0.25, abs=3e-3)
