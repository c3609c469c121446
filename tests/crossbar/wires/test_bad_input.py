"""Input that is no array: a clear error that names the value, and arrays that cannot be changed by accident."""

import dataclasses

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.crossbar.wires.array import Crossbar
from pinched.crossbar.wires.schemes import read_cell
from pinched.crossbar.wires.stack import CrossbarStack

GOOD = np.full((3, 4), 1e-4)


def with_one(value):
    g = GOOD.copy()
    g[1, 2] = value
    return g


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Crossbar(with_one(-1e-5)), r"at \(1, 2\) is -1e-05 S"),
        (lambda: Crossbar(with_one(np.nan)), r"at \(1, 2\) is nan S"),
        (lambda: Crossbar(np.empty((0, 4))), r"shape \(0, 4\)"),
        (lambda: Crossbar(GOOD, wire_resistance=-1.0), "-1.0 ohm"),
        (lambda: Crossbar(GOOD, wire_resistance=(1.0, np.nan)), "bit lines is nan ohm"),
        (lambda: Crossbar(GOOD, wire_resistance="1 V"), "unit 'V'"),
        (lambda: Crossbar(GOOD, wire_resistance=np.ones((4, 3))), r"needs \(3, 4\)"),
        (lambda: Crossbar(GOOD, source_resistance=np.ones(4)), r"needs \(3,\)"),
        (lambda: Crossbar(GOOD).read(np.ones(4)), "3 word lines"),
        (lambda: Crossbar(GOOD).read(np.array([0.1, np.nan, 0.1])), "use solve"),
        (lambda: Crossbar(GOOD, wire_resistance=1.0).solve(np.ones(4)), "3 such lines"),
        (lambda: Crossbar(GOOD, wire_resistance=1.0).solve(np.full(3, np.inf)), "infinite"),
        (lambda: Crossbar(GOOD, wire_resistance=1.0).solve(np.nan, np.nan), "every line floats"),
        (lambda: Crossbar(np.stack([GOOD, GOOD]), wire_resistance=1.0).solve(0.1), r"shape \(2, 3, 4\)"),
        (lambda: Crossbar(with_one(np.inf)).solve(0.1), "short circuits"),
        (lambda: read_cell(Crossbar(GOOD), 3, 0, voltage=0.1), r"no cell \(3, 0\)"),
        (lambda: CrossbarStack(np.stack([GOOD, GOOD])).read(np.ones((1, 3))), "word planes"),
        (lambda: CrossbarStack(np.stack([GOOD, GOOD])).solve(np.ones((1, 3))), "planes and lines"),
    ],
)
def test_what_is_no_array_is_refused(make, message):
    with pytest.raises(PinchedError, match=message):
        make()


def test_an_array_is_frozen():
    array = Crossbar(GOOD.copy(), wire_resistance=1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        array.wire_resistance = 2.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        array.conductance[0, 0] = 1.0


def test_what_was_given_may_change_afterwards():
    g = GOOD.copy()
    array = Crossbar(g, wire_resistance=1.0)
    g[:] = 0.0
    assert array.conductance[0, 0] == 1e-4
