"""Gradients through the wires: against central differences, closed forms and each other."""

import numpy as np
import pytest
import torch

from pinched._random import generator
from pinched.crossbar.wires.array import Crossbar
from pinched.crossbar.wires.gradient import effective_conductance


def conductances(shape):
    return 10.0 ** generator(0, "gradient", *shape).uniform(-5, -3, shape)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 1), (4, 6), (9, 7), (18, 33)])
@pytest.mark.parametrize("wires", [(50.0, 20.0, 30.0, 10.0), (5.0, 0.0, 0.0, 0.0)])
def test_against_central_differences(shape, wires):
    g, weight = conductances(shape), generator(1, "weight", *shape).normal(size=shape)
    word, bit, source, sense = wires
    options = {"wire_resistance": (word, bit), "source_resistance": source, "sense_resistance": sense}
    x = torch.from_numpy(g).requires_grad_()
    (effective_conductance(x, **options) * torch.from_numpy(weight)).sum().backward()
    assert x.grad is not None
    largest = x.grad.abs().max()
    rng = generator(2, "places", *shape)
    for _ in range(6):
        place = int(rng.integers(shape[0])), int(rng.integers(shape[1]))
        step = 1e-4 * g[place]
        sides = []
        for sign in (1, -1):
            moved = g.copy()
            moved[place] += sign * step
            sides.append((weight * Crossbar(moved, **options).effective_conductance()).sum())
        assert float(x.grad[place]) == pytest.approx(
            (sides[0] - sides[1]) / (2 * step), abs=1e-6 * float(largest)
        )


def test_currents_have_gradients_by_inputs_and_by_batches_of_arrays():
    g = torch.from_numpy(conductances((2, 6, 5)) * 1e4).requires_grad_()
    volts = torch.from_numpy(generator(3, "inputs").uniform(-1, 1, (2, 3, 6))).requires_grad_()

    def currents(g, volts):
        return volts @ effective_conductance(g * 1e-4, wire_resistance=(20.0, 10.0)) * 1e4

    assert torch.autograd.gradcheck(currents, (g, volts), atol=1e-7, rtol=1e-6)


def test_a_cell_behind_a_resistance():
    g = torch.tensor([[2e-4]], dtype=torch.float64, requires_grad=True)
    effective_conductance(g, wire_resistance=(300.0, 200.0)).sum().backward()
    assert g.grad is not None
    assert float(g.grad) == pytest.approx(1 / (1 + 500 * 2e-4) ** 2, rel=1e-12)


def test_the_type_of_the_tensor_is_kept():
    g = torch.full((3, 3), 1e-4, requires_grad=True)
    found = effective_conductance(g, wire_resistance=1.0)
    assert found.dtype == torch.float32
    found.sum().backward()
    assert g.grad is not None
    assert g.grad.dtype == torch.float32
    exact = Crossbar(
        np.full((3, 3), np.float64(np.float32(1e-4))), wire_resistance=1.0
    ).effective_conductance()
    np.testing.assert_allclose(found.detach().numpy(), exact, rtol=1e-7)
