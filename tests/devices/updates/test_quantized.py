"""Discrete levels: chances that add up, powers that are pulses, draws by address."""

import numpy as np
import pytest
import torch

from pinched._errors import PinchedError
from pinched.constants import G_0
from pinched.data.traces import PulseTrace
from pinched.devices.updates import (
    ConstantUpdate,
    OwnChance,
    QuantizedLevels,
    apply_pulses,
    perturbed,
    pulse_trace,
)

UP = ((0.2, 0.8, 0.0), (0.0, 0.5, 0.5), (0.0, 0.0, 1.0))
DOWN = ((1.0, 0.0, 0.0), (0.9, 0.1, 0.0), (0.0, 1.0, 0.0))
LAW = QuantizedLevels(levels=(1e-5, 2e-5, 4e-5), up=UP, down=DOWN)


@pytest.mark.parametrize("pulses", [1, 2, 7, -1, -3])
def test_the_mean_is_that_of_the_matrix_power_and_of_the_draws(pulses):
    rows = np.linalg.matrix_power(np.array(UP if pulses > 0 else DOWN), abs(pulses))
    start = torch.tensor(LAW.levels, dtype=torch.float64)
    expected = rows @ np.array(LAW.levels)
    assert LAW.after(start, torch.full((3,), float(pulses))).numpy() == pytest.approx(expected, rel=1e-9)
    n = 4000
    z = torch.from_numpy(np.random.default_rng(0).standard_normal((n, 3)))
    drawn = LAW.drawn(start.expand(n, 3), torch.full((n, 3), float(pulses)), z).numpy()
    assert set(np.unique(drawn)) <= set(LAW.levels)
    spread = LAW.spread_after(start, torch.full((3,), float(pulses))).numpy()
    assert (np.abs(drawn.mean(axis=0) - expected) <= 4 * spread / np.sqrt(n) + 1e-15).all()
    assert drawn.std(axis=0) == pytest.approx(spread, rel=0.2, abs=1e-9)


def test_no_pulse_changes_nothing_and_numbers_arrays_and_tensors_agree():
    assert LAW.after(2e-5, 0.0) == pytest.approx(2e-5)
    assert LAW.drawn(2.2e-5, 0.0, 1.0) == pytest.approx(2.2e-5)
    number = LAW.after(1e-5, 3.0)
    assert LAW.after(np.array([1e-5]), np.array([3.0]))[0] == pytest.approx(number)
    assert float(
        LAW.after(torch.tensor([1e-5], dtype=torch.float64), torch.tensor([3.0]))[0]
    ) == pytest.approx(number)


def test_cells_draw_by_their_address():
    g = torch.full((6, 8), 1e-5, dtype=torch.float64)
    whole = apply_pulses(LAW, g, torch.full((6, 8), 1.0), noise=OwnChance(), event=5, seed=2)
    part = apply_pulses(LAW, g[:3, :4], torch.full((3, 4), 1.0), noise=OwnChance(), event=5, seed=2)
    assert torch.equal(part, whole[:3, :4])
    assert torch.unique(whole).numel() == 2


def test_jumps_are_counted_in_traces_and_levels_never_seen_borrow_them():
    law = QuantizedLevels(levels=tuple(k * G_0 for k in range(1, 9)), up=tuple(
        tuple(float(j == min(i + 1, 7)) for j in range(8)) for i in range(8)), down=tuple(
        tuple(float(j == max(i - 1, 0)) for j in range(8)) for i in range(8)))  # fmt: skip
    up = pulse_trace(law, [1] * 5, noise=OwnChance())
    assert up.conductance / G_0 == pytest.approx([1, 2, 3, 4, 5, 6])
    down = PulseTrace(conductance=up.conductance[::-1])
    again = QuantizedLevels.of(law.levels, [up], [down])
    # Up to level 6 it was seen; levels 7 and 8 take the step of their neighbours.
    assert again.after(7 * G_0, 1.0) / G_0 == pytest.approx(8)
    assert again.after(2 * G_0, 3.0) / G_0 == pytest.approx(5)
    assert again.after(8 * G_0, -1.0) / G_0 == pytest.approx(7)
    with pytest.raises(PinchedError, match="no trace of depression"):
        QuantizedLevels.of(law.levels, [up], [])


def test_scatter_is_around_the_level():
    law = QuantizedLevels(levels=LAW.levels, up=UP, down=DOWN, scatter=1e-7)
    z = torch.from_numpy(np.random.default_rng(1).standard_normal(3000))
    drawn = law.drawn(torch.full((3000,), 4e-5, dtype=torch.float64), torch.ones(3000), z).numpy()
    assert drawn.mean() == pytest.approx(4e-5, abs=1e-8)
    assert drawn.std() == pytest.approx(1e-7, rel=0.1)


def test_what_is_no_law_of_levels_is_refused():
    with pytest.raises(PinchedError, match="levels that cross"):
        QuantizedLevels(levels=(1e-5, 1e-5), up=((1.0, 0.0),) * 2, down=((1.0, 0.0),) * 2)
    with pytest.raises(PinchedError, match="no distribution"):
        QuantizedLevels(levels=(1e-5, 2e-5), up=((1.0, 0.5),) * 2, down=((1.0, 0.0),) * 2)
    with pytest.raises(PinchedError, match="no chance of its own"):
        perturbed(ConstantUpdate(), 1e-5, 1.0, OwnChance(), 0.0)
