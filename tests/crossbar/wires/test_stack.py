"""Stacked layers that share lines, against arrays and against a small network solved by hand."""

import numpy as np
import pytest

from pinched._random import generator
from pinched.crossbar.wires.array import Crossbar
from pinched.crossbar.wires.stack import CrossbarStack


def conductances(shape):
    return 10.0 ** generator(0, "stack", *shape).uniform(-5, -3, shape)


def test_one_layer_is_an_array():
    g = conductances((1, 5, 6))
    wires = {"wire_resistance": (3.0, 2.0), "source_resistance": 4.0, "sense_resistance": 1.0}
    matrix = CrossbarStack(g, **wires).effective_conductance()
    assert matrix.shape == (1, 5, 1, 6)
    np.testing.assert_allclose(matrix[0, :, 0], Crossbar(g[0], **wires).effective_conductance(), rtol=1e-10)


def test_two_layers_without_wires_add_up_on_the_plane_between_them():
    g = conductances((2, 4, 3))
    stack = CrossbarStack(g)
    volts = generator(1, "stack volts").uniform(0, 0.3, (2, 4))
    expected = volts[0] @ g[0] + volts[1] @ g[1]
    np.testing.assert_allclose(stack.read(volts).current, expected[None], rtol=1e-12)


def test_a_column_of_cells_against_a_nodal_matrix():
    """One cell per layer, four layers: five planes, whose nodes each hang on one terminal."""
    g = np.array([1e-4, 2e-4, 5e-5, 3e-4]).reshape(4, 1, 1)
    wire, volts = 1000.0, np.array([0.3, -0.1, 0.2])
    found = CrossbarStack(g, wire_resistance=wire).solve(volts[:, None], 0.0)
    matrix = np.diag(np.full(5, 1 / wire))
    for k, x in enumerate(g.ravel()):
        matrix[k, k] += x
        matrix[k + 1, k + 1] += x
        matrix[k, k + 1] -= x
        matrix[k + 1, k] -= x
    held = np.array([volts[0], 0.0, volts[1], 0.0, volts[2]])
    nodes = np.linalg.solve(matrix, held / wire)
    np.testing.assert_allclose(found.word_voltage.ravel(), nodes[0::2], rtol=1e-12)
    np.testing.assert_allclose(found.bit_voltage.ravel(), nodes[1::2], rtol=1e-12)
    np.testing.assert_allclose(found.bit_line_current.ravel(), nodes[1::2] / wire, rtol=1e-10)
    np.testing.assert_allclose(found.word_line_current.ravel(), (volts - nodes[0::2]) / wire, rtol=1e-10)


@pytest.mark.parametrize("layers", [2, 3])
def test_currents_are_conserved_and_the_matrix_agrees_with_solving(layers):
    stack = CrossbarStack(conductances((layers, 5, 4)), wire_resistance=20.0)
    planes = stack.planes
    volts = generator(2, "stack volts", layers).uniform(-0.3, 0.3, (planes.word_planes, 5))
    solution = stack.solve(volts)
    assert solution.residual <= 1e-10
    total = np.abs(solution.word_line_current).sum()
    assert abs(solution.word_line_current.sum() - solution.bit_line_current.sum()) <= 1e-11 * total
    np.testing.assert_allclose(stack.read(volts).current, solution.bit_line_current, rtol=1e-9)


def test_a_plane_that_floats_carries_current_between_its_layers():
    g = conductances((2, 3, 3))
    volts = np.stack([np.full(3, 0.2), np.zeros(3)])
    solution = CrossbarStack(g, wire_resistance=1.0).solve(volts, np.full((1, 3), np.nan))
    assert not solution.bit_line_current.any()
    through = solution.device_current.sum(axis=(1, 2))
    assert through[0] == pytest.approx(-through[1], rel=1e-9)
    assert through[0] > 1e-6
