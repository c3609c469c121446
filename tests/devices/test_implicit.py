"""The current of implicit laws on tensors: roots, derivatives by the implicit function, numbers in and out."""

from __future__ import annotations

import pytest
import torch

from pinched.devices.law import ImplicitLaw, parameters, with_parameters
from pinched.devices.laws.jart import JartVcm
from pinched.devices.laws.memdiode import ResistiveMemdiode
from pinched.devices.laws.stanford_pku2 import StanfordPku2

CASES = [
    (JartVcm(), (3e26,), -0.9),
    (JartVcm(), (3e26,), 0.4),
    (ResistiveMemdiode(), (0.6,), 1.3),
    (StanfordPku2(gap_initial=2e-9), (1.2e-9, 1.5e-9), -0.8),
]


def _given(values):
    return values[0] if len(values) == 1 else tuple(values)


@pytest.mark.parametrize(("law", "state", "volts"), CASES)
def test_derivatives_are_those_of_the_implicit_function(law: ImplicitLaw, state, volts):
    names = [n for n, v in parameters(law).items() if v != 0][:6]
    start = [*state, volts, *(parameters(law)[n] for n in names)]

    def current(*values):
        device = with_parameters(law, dict(zip(names, values[len(state) + 1 :], strict=True)))
        return device.current(_given(values[: len(state)]), values[len(state)])

    tensors = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in start]
    slopes = torch.autograd.grad(current(*tensors), tensors, allow_unused=True)
    scale = abs(float(current(*start)))
    for k, (value, slope) in enumerate(zip(start, slopes, strict=True)):
        ends = []
        for side in (1.0, -1.0):
            moved = list(start)
            moved[k] = value * (1.0 + side * 1e-5)
            ends.append(current(*moved))
        expected = (ends[0] - ends[1]) / 2e-5
        found = 0.0 if slope is None else float(slope) * value
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-8 * scale)


@pytest.mark.parametrize(("law", "state", "volts"), CASES)
def test_numbers_give_a_number_and_tensors_a_tensor_of_their_shape(law, state, volts):
    one = law.current(_given(state), volts)
    assert isinstance(one, float)
    wide = [torch.full((2, 3), v, dtype=torch.float64) for v in state]
    many = law.current(_given(wide), torch.full((2, 3), volts, dtype=torch.float64))
    assert many.shape == (2, 3)
    torch.testing.assert_close(many, torch.full((2, 3), one, dtype=torch.float64), rtol=1e-12, atol=0.0)


def test_no_voltage_no_current_but_a_conductance():
    voltage = torch.zeros((), dtype=torch.float64, requires_grad=True)
    current = JartVcm().current(torch.tensor(20e26, dtype=torch.float64), voltage)
    (conductance,) = torch.autograd.grad(current, voltage)
    assert float(current.detach()) == 0.0
    assert 1e-5 < float(conductance) < 1e-3
