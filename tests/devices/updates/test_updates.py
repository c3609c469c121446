"""Every update law: its battery, closed forms against steps, limits that lead from one to the next, noise, tables."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pinched
from pinched._errors import PinchedError
from pinched.data.traces import PulseTrace
from pinched.devices.law import parameters, with_parameters
from pinched.devices.updates import (
    ConstantUpdate,
    ExponentialStepUpdate,
    LinearUpdate,
    NeuroSimUpdate,
    PiecewiseUpdate,
    PowerUpdate,
    PulseUpdate,
    RangeNoise,
    SoftBoundsPmaxUpdate,
    SoftBoundsUpdate,
    StepNoise,
    TableUpdate,
    apply_pulses,
    perturbed,
    pulse_trace,
)
from pinched.extraction.nonlinearity import Convention

LAWS = {
    "constant": ConstantUpdate(),
    "exponential step": ExponentialStepUpdate(step_up_size=2e-6, step_down_size=2e-6),
    "linear": LinearUpdate(step_up_size=1e-6, step_down_size=2e-6),
    "neurosim": NeuroSimUpdate(),
    "piecewise": PiecewiseUpdate(
        nodes_up=(2.0, 1.0, 0.2), nodes_down=(0.1, 1.0, 3.0), step_up_size=1e-6, step_down_size=1e-6
    ),
    "power": PowerUpdate(),
    "soft bounds": SoftBoundsUpdate(),
    "soft bounds, pulses": SoftBoundsPmaxUpdate(pulses_up=60.0, pulses_down=40.0, alpha_up=0.05, alpha_down=0.05),
    "table": TableUpdate(up=(0.0, 0.5, 0.7, 0.7, 0.9, 1.0), down=(1.0, 0.4, 0.1, 0.0)),
}  # fmt: skip


@pytest.fixture(params=sorted(LAWS))
def law(request):
    return LAWS[request.param]


def grid(law, count=41):
    return np.linspace(float(law.g_min), float(law.g_max), count)


def test_pulses_stay_in_the_window_and_go_their_way(law):
    g = grid(law)
    for pulses in (0.3, 1.0, 7.0, 500.0):
        up, down = law.after(g, np.full(g.size, pulses)), law.after(g, np.full(g.size, -pulses))
        room = 1e-12 * float(law.g_max)
        assert (up >= g - room).all()
        assert (down <= g + room).all()
        assert (up <= float(law.g_max) * (1 + 1e-12)).all()
        assert (down >= float(law.g_min) * (1 - 1e-9) - room).all()
        # Order is kept: a device that is further stays further.
        assert (np.diff(up) >= -room).all()
        assert (np.diff(down) >= -room).all()


def test_no_pulse_changes_nothing(law):
    g = grid(law)
    np.testing.assert_allclose(law.after(g, np.zeros(g.size)), g, rtol=1e-12)


def test_n_pulses_at_once_are_n_single_ones(law):
    g = grid(law)
    for sign in (1.0, -1.0):
        single = g
        for _ in range(6):
            single = law.after(single, np.full(g.size, sign))
        np.testing.assert_allclose(law.after(g, np.full(g.size, 6.0 * sign)), single, rtol=1e-9)


def test_numbers_arrays_and_tensors_agree(law):
    g, pulses = grid(law, 9), np.array([-4.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 9.0])
    array = law.after(g, pulses)
    tensor = law.after(torch.from_numpy(g), torch.from_numpy(pulses)).numpy()
    np.testing.assert_allclose(tensor, array, rtol=1e-12)
    for k in range(g.size):
        assert law.after(float(g[k]), float(pulses[k])) == pytest.approx(array[k], rel=1e-12)


def test_a_tensor_in_a_field_is_many_devices(law):
    if "g_max" not in parameters(law):
        high = {"g_top": torch.tensor([1e-4, 1.2e-4], dtype=torch.float64)}
    else:
        high = {"g_max": torch.tensor([1.0, 1.5], dtype=torch.float64) * law.g_max}
    many = with_parameters(law, high)
    name, values = next(iter(high.items()))
    g = torch.full((2,), 0.4 * float(law.g_max) + 0.6 * float(law.g_min), dtype=torch.float64)
    for pulses in (3.0, -3.0):
        found = many.after(g, torch.full((2,), pulses, dtype=torch.float64))
        for k in range(2):
            one = with_parameters(law, {name: float(values[k])})
            assert float(found[k]) == pytest.approx(one.after(float(g[k]), pulses), rel=1e-12)


def test_sources_and_units_are_complete(law):
    text = (Path(pinched.__file__).parent / "references.bib").read_text(encoding="utf-8")
    assert law.source in re.findall(r"^@\w+\{([^,]+),", text, re.MULTILINE)
    for item in dataclasses.fields(law):
        if isinstance(getattr(law, item.name), float) and not item.name.startswith("_"):
            assert item.metadata["unit"]
            assert item.metadata["meaning"]


def test_gradients_are_finite(law):
    values = {
        n: torch.tensor(float(v), dtype=torch.float64, requires_grad=True) for n, v in parameters(law).items()
    }
    copy = with_parameters(law, values)
    g = torch.linspace(float(law.g_min), float(law.g_max), 11, dtype=torch.float64)
    total = copy.after(g, torch.full((11,), 2.5, dtype=torch.float64)).sum()
    total = total + copy.after(g, torch.full((11,), -2.5, dtype=torch.float64)).sum()
    for slope in torch.autograd.grad(total, list(values.values()), allow_unused=True):
        assert slope is None or torch.isfinite(slope).all()


STEPS: Any = {"step_up_size": 1e-6, "step_down_size": 2e-6}


def same(a: PulseUpdate, b: PulseUpdate, pulses=(1.0, -1.0, 13.0, -13.0)):
    g = grid(a)
    for n in pulses:
        np.testing.assert_allclose(a.after(g, np.full(g.size, n)), b.after(g, np.full(g.size, n)), rtol=1e-9)


def test_limits_lead_from_one_law_to_the_next():
    constant = ConstantUpdate(**STEPS)
    same(constant, LinearUpdate(gamma_up=0.0, gamma_down=0.0, **STEPS))
    same(constant, PowerUpdate(gamma_up=0.0, gamma_down=0.0, **STEPS))
    same(constant, PiecewiseUpdate(**STEPS))
    same(constant, ExponentialStepUpdate(factor_up=0.0, factor_down=0.0, **STEPS))
    soft = SoftBoundsUpdate(zero=0.3, **STEPS)
    same(soft, LinearUpdate(gamma_up=1.0, gamma_down=1.0, zero=0.3, **STEPS))
    # A power of 1 whose first step is that of the soft bound at the far end.
    same(soft, PowerUpdate(gamma_up=1.0, gamma_down=1.0, step_up_size=1e-6 / 0.7, step_down_size=2e-6 / 0.3))
    window = soft.g_max - soft.g_min
    fall = 1.0 - 1e-6 / 0.7 / window
    start = np.array([soft.g_min])
    found = soft.after(start, np.array([25.0]))
    assert found[0] == pytest.approx(soft.g_min + window * (1.0 - fall**25), rel=1e-12)


def test_soft_bounds_by_pulses_are_neurosims_curve():
    pmax = SoftBoundsPmaxUpdate(pulses_up=60.0, pulses_down=60.0, alpha_up=0.05, alpha_down=0.05)
    other = NeuroSimUpdate.of(
        0.05, 0.05, convention=Convention.ALPHA, pulses_up=60.0, pulses_down=60.0,
        g_min=pmax.g_start, g_max=pmax.g_top,
    )  # fmt: skip
    np.testing.assert_allclose(
        pulse_trace(pmax, [1] * 60, start=pmax.g_start).conductance,
        pulse_trace(other, [1] * 60).conductance,
        rtol=1e-9,
    )
    assert float(pmax.after(pmax.g_start, 60.0)) == pytest.approx(pmax.g_top, rel=1e-12)
    assert float(pmax.after(pmax.g_top, -60.0)) == pytest.approx(pmax.g_start, rel=1e-12)
    assert float(pmax.after(pmax.g_top, 1000.0)) == pytest.approx(float(pmax.g_max), rel=1e-9)


def test_the_first_step_is_the_one_that_the_field_names():
    for law in (ConstantUpdate(), LinearUpdate(), SoftBoundsUpdate()):
        middle = 0.5 * (law.g_min + law.g_max)
        assert law.after(middle, 1.0) - middle == pytest.approx(law.step_up_size, rel=1e-9)
        assert middle - law.after(middle, -1.0) == pytest.approx(law.step_down_size, rel=1e-9)
    power = PowerUpdate()
    assert power.after(power.g_min, 1.0) - power.g_min == pytest.approx(power.step_up_size, rel=1e-9)


def test_exponential_steps_at_the_nominal_zero():
    """Closed form of the source at w = 0, where z is the offset b."""
    law = ExponentialStepUpdate()
    middle = 0.5 * (law.g_min + law.g_max)
    up = 1.0 - 0.00081 * np.exp(12.44625 * 0.2425)
    down = 1.0 - 0.36833 * np.exp(-12.78785 * 0.2425)
    assert law.after(middle, 1.0) - middle == pytest.approx(1e-7 * up, rel=1e-6)
    assert middle - law.after(middle, -1.0) == pytest.approx(1e-7 * down, rel=1e-6)


def test_a_measured_table_repeats_what_was_measured():
    source = NeuroSimUpdate(label_up=3.0, label_down=-5.0, pulses_up=40.0, pulses_down=30.0)
    up, down = pulse_trace(source, [1] * 40), pulse_trace(source, [-1] * 30)
    table = TableUpdate.of(up, down)
    np.testing.assert_allclose(pulse_trace(table, [1] * 40).conductance, up.conductance, rtol=1e-9)
    np.testing.assert_allclose(pulse_trace(table, [-1] * 30).conductance, down.conductance, rtol=1e-9)
    # Between the nodes straight lines: within an eighth of the largest second difference.
    g = np.linspace(source.g_min, source.g_max, 97)
    bend = np.abs(np.diff(up.conductance, 2)).max() / 8.0
    assert np.abs(table.after(g, np.ones(97)) - source.after(g, np.ones(97))).max() < 2.0 * bend


def test_a_noisy_table_is_made_monotone_and_keeps_the_mean_curve():
    source = NeuroSimUpdate(label_up=3.0, pulses_up=200.0)
    clean = pulse_trace(source, [1] * 200).conductance
    window = source.g_max - source.g_min
    noisy = clean + 0.02 * window * np.random.default_rng(0).standard_normal(clean.size)
    down = pulse_trace(source, [-1] * 100)
    table = TableUpdate.of(PulseTrace(conductance=noisy), down)
    found = pulse_trace(table, [1] * 200, start=source.g_min).conductance
    assert np.abs(found - clean).max() < 0.05 * window


def test_a_state_beyond_a_table_waits():
    table = TableUpdate(up=(0.0, 0.5, 0.9), down=(1.0, 0.2))
    top = table.g_max
    assert table.after(top, 3.0) == top
    bottom = table.g_min
    assert table.after(bottom, -2.0) == bottom


def test_range_noise_has_the_deviation_of_neurosim():
    law, noise = NeuroSimUpdate(label_up=0.0, label_down=0.0), RangeNoise()
    window = law.g_max - law.g_min
    g = torch.full((100, 100), 0.5 * (law.g_min + law.g_max), dtype=torch.float64)
    for pulses in (1.0, 4.0):
        moved = apply_pulses(law, g, torch.full_like(g, pulses), noise=noise, event=0, seed=1)
        spread = float((moved - law.after(g, torch.full_like(g, pulses))).std()) / window
        # Ten thousand draws: the deviation is known to 0.7 %, four of them allowed.
        assert spread == pytest.approx(0.035 * np.sqrt(pulses), rel=0.03)
    still = apply_pulses(law, g, torch.zeros_like(g), noise=noise, event=0, seed=1)
    torch.testing.assert_close(still, g)


def test_step_noise_of_n_pulses_at_once_scatters_like_n_single_ones():
    law, noise = ConstantUpdate(), StepNoise(sigma=0.3)
    g = torch.full((100, 100), 5e-5, dtype=torch.float64)
    at_once = apply_pulses(law, g, torch.full_like(g, 9.0), noise=noise, event=0)
    single = g
    for event in range(9):
        single = apply_pulses(law, single, torch.ones_like(g), noise=noise, event=event)
    expected = 0.3 * 3.0 * law.step_up_size
    assert float(at_once.std()) == pytest.approx(expected, rel=0.03)
    assert float(single.std()) == pytest.approx(expected, rel=0.03)


def test_noise_is_drawn_by_the_address_of_the_cell():
    law, noise = NeuroSimUpdate(), RangeNoise()
    large = torch.full((9, 8), 2e-8, dtype=torch.float64)
    small = large[:4, :3]
    a = apply_pulses(law, large, torch.ones_like(large), noise=noise, event=7, seed=3)
    b = apply_pulses(law, small, torch.ones_like(small), noise=noise, event=7, seed=3)
    assert torch.equal(a[:4, :3], b)
    assert not torch.equal(a, apply_pulses(law, large, torch.ones_like(large), noise=noise, event=8, seed=3))


def test_noise_stays_in_the_window():
    law = NeuroSimUpdate()
    moved = perturbed(law, np.full(50, law.g_max), np.ones(50), RangeNoise(), np.linspace(-3.0, 3.0, 50))
    assert (moved <= law.g_max * (1 + 1e-12)).all()
    assert (moved < law.g_max).any()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: ConstantUpdate(g_min=2e-4), "swapped"),
        (lambda: ConstantUpdate(step_up_size=-1e-7), "step_up_size"),
        (lambda: ConstantUpdate(step_down_size=1e-3), "step_down_size"),
        (lambda: LinearUpdate(gamma_up=1.5), "gamma_up"),
        (lambda: LinearUpdate(zero=1.0), "zero"),
        (lambda: SoftBoundsUpdate(step_up_size=9e-5), "step_up_size"),
        (lambda: SoftBoundsPmaxUpdate(g_start=2e-4), "swapped"),
        (lambda: SoftBoundsPmaxUpdate(alpha_down=1e-4), "below zero"),
        (lambda: PowerUpdate(gamma_up=-1.0), "gamma_up"),
        (lambda: ExponentialStepUpdate(factor_up=-1.0), "factor_up"),
        (lambda: PiecewiseUpdate(nodes_up=(1.0,)), "nodes_up"),
        (lambda: PiecewiseUpdate(nodes_down=(1.0, -1.0)), "nodes_down"),
        (lambda: TableUpdate(up=(0.0, 0.6, 0.5, 1.0)), "monotonically"),
        (lambda: TableUpdate(down=(0.0, 1.0)), "monotonically"),
        (lambda: RangeNoise(sigma=-0.1), "sigma"),
        (lambda: StepNoise(sigma=35.0), "share"),
    ],
)
def test_impossible_laws_are_refused(make, reason):
    with pytest.raises(PinchedError, match=reason):
        make()


def test_swapped_traces_and_tensors_are_refused():
    law = NeuroSimUpdate()
    up, down = pulse_trace(law, [1] * 20), pulse_trace(law, [-1] * 20)
    with pytest.raises(PinchedError, match="swapped"):
        TableUpdate.of(down, up)
    many = with_parameters(law, {"label_up": torch.tensor([1.0, 2.0])})
    with pytest.raises(PinchedError, match="one device"):
        pulse_trace(many, [1])
