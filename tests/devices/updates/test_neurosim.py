"""NeuroSim's update: the published pulse trains, its inverse, its table's truncation, gradients, bad input."""

from __future__ import annotations

import csv
from itertools import groupby

import numpy as np
import pytest
import torch

from pinched._errors import PinchedError
from pinched.devices.updates import NeuroSimUpdate, TruncatedLabels, pulse_trace
from pinched.extraction.nonlinearity import Convention, Direction
from pinched.extraction.plasticity import fit_update


@pytest.fixture(scope="module")
def trains(shared):
    file = shared / "reference" / "circuit" / "neurosim_pulse_train_shown.csv"
    if not file.is_file():
        pytest.skip(f"no reference at {file}")
    with file.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return [
        (key, np.array([float(row["G"]) for row in group]))
        for key, group in (
            (key, list(group)) for key, group in groupby(rows, lambda r: (r["dir"], float(r["NL"]), float(r["Pmax"])))
        )
    ]  # fmt: skip


def law_of(label, pulses):
    return NeuroSimUpdate(pulses_up=pulses, pulses_down=pulses, label_up=label, label_down=-label)


def test_the_reference_is_met_pulse_by_pulse_and_at_once(trains):
    assert len(trains) == 6
    for (direction, label, count), expected in trains:
        law = law_of(label, count).bit_compatible()
        sign = 1 if direction == "LTP" else -1
        single = pulse_trace(law, [sign] * int(count)).conductance
        start = law.g_min if sign > 0 else law.g_max
        at_once = law.after(np.full(expected.size, start), sign * np.arange(expected.size, dtype=np.float64))
        # The file prints 15 digits; 30 steps of rounding in one, none in the other.
        np.testing.assert_allclose(single, expected, rtol=1e-12)
        np.testing.assert_allclose(at_once, expected, rtol=1e-12)


def test_exact_labels_differ_from_the_table_where_it_truncates():
    for label, same in (
        (5.08, True),
        (2.4, True),
        (4.85, False),
        (0.29, False),
        (0.57, False),
        (1.13, False),
    ):
        law = law_of(label, 30.0)
        shift = float(law.bit_compatible().a_up) / float(law.a_up) - 1.0
        # Six decimals of A / P_max, or one entry of the table.
        assert (abs(shift) < 3e-6) is same, label
    assert law_of(4.85, 1.0).bit_compatible().a_up == pytest.approx(0.203000, abs=1e-12)


def test_the_ends_of_the_window_are_met_exactly():
    law = NeuroSimUpdate()
    assert law.after(law.g_min, law.pulses_up) == pytest.approx(law.g_max, rel=1e-14)
    assert law.after(law.g_max, -law.pulses_down) == pytest.approx(law.g_min, rel=1e-12)
    assert law.after(law.g_max, 5.0) == law.g_max
    assert law.after(law.g_min, -5.0) == law.g_min


def test_pulse_number_is_the_inverse_of_the_curve():
    law = NeuroSimUpdate()
    for count in (0.0, 0.5, 13.0, 96.0):
        up = law.after(law.g_min, count)
        assert law.pulse_number(up, Direction.POTENTIATION) == pytest.approx(count, abs=1e-9)
        down = law.after(law.g_max, -count)
        assert law.pulse_number(down, Direction.DEPRESSION) == pytest.approx(count, abs=1e-9)


def test_pulses_add_up():
    law = NeuroSimUpdate(label_up=7.0, label_down=3.0)
    g = np.linspace(law.g_min, law.g_max, 7)
    for sign in (1.0, -1.0):
        twice = law.after(law.after(g, 3.0 * sign * np.ones(7)), 4.0 * sign * np.ones(7))
        np.testing.assert_allclose(twice, law.after(g, 7.0 * sign * np.ones(7)), rtol=1e-12)


@pytest.mark.parametrize("convention", list(Convention))
def test_every_convention_makes_the_same_law(convention):
    down = {
        Convention.NEUROSIM_LABEL: -4.85,
        Convention.PULSES: 6.0696855,
        Convention.NORMALISED: 0.20232285,
        Convention.ALPHA: 1.0 / 6.0696855,
    }[convention]
    law = NeuroSimUpdate.of(abs(down), down, convention=convention, pulses_up=30.0, pulses_down=30.0)
    assert law.label_up == pytest.approx(4.85, abs=1e-6)
    assert law.label_down == pytest.approx(-4.85, abs=1e-6)


def test_a_straight_line_has_equal_steps_and_is_the_limit_of_small_labels():
    straight, nearly = (law_of(label, 50.0) for label in (0.0, 1e-5))
    trace = pulse_trace(straight, [1] * 50).conductance
    np.testing.assert_allclose(np.diff(trace), (straight.g_max - straight.g_min) / 50.0, rtol=1e-9)
    np.testing.assert_allclose(pulse_trace(nearly, [1] * 50).conductance, trace, rtol=1e-5)


def test_negative_labels_bend_the_other_way():
    """Late pulses move most: the curve turned by half a turn."""
    early, late = law_of(4.0, 40.0), law_of(-4.0, 40.0)
    forth = pulse_trace(early, [1] * 40).conductance
    back = pulse_trace(late, [1] * 40).conductance
    np.testing.assert_allclose(forth + back[::-1], early.g_min + early.g_max, rtol=1e-9)


def test_what_a_law_makes_is_what_the_fit_finds():
    law = NeuroSimUpdate(label_up=3.1, label_down=-5.2, pulses_up=64.0, pulses_down=48.0)
    up, down = fit_update(pulse_trace(law, [1] * 64)), fit_update(pulse_trace(law, [-1] * 48))
    assert up.nonlinearity(Convention.NEUROSIM_LABEL) == pytest.approx(3.1, rel=1e-6)
    assert down.nonlinearity(Convention.NEUROSIM_LABEL) == pytest.approx(-5.2, rel=1e-6)
    assert up.g_max == pytest.approx(law.g_max, rel=1e-6)


def test_tensors_arrays_and_numbers_agree_and_a_tensor_of_labels_is_many_laws():
    labels = torch.tensor([0.0, 2.4, 6.0], dtype=torch.float64)
    many = NeuroSimUpdate(label_up=labels, label_down=-labels)
    g = torch.tensor([1e-8, 2e-8, 3e-8], dtype=torch.float64)
    pulses = torch.tensor([7.0, -3.0, 0.0], dtype=torch.float64)
    together = many.after(g, pulses)
    for k in range(3):
        one = NeuroSimUpdate(label_up=float(labels[k]), label_down=-float(labels[k]))
        assert float(together[k]) == pytest.approx(one.after(float(g[k]), float(pulses[k])), rel=1e-13)
        arrays = one.after(g.numpy(), pulses.numpy())
        assert arrays[k] == pytest.approx(float(together[k]), rel=1e-13)
    assert float(together[2]) == pytest.approx(3e-8, rel=1e-14)


def test_gradients_agree_with_differences():
    def loss(values):
        label, low, high = values
        law = NeuroSimUpdate(label_up=label, label_down=-label, g_min=low, g_max=high)
        g = torch.tensor([1e-8, 2e-8], dtype=torch.float64)
        return (law.after(g, torch.tensor([5.0, -4.0], dtype=torch.float64)) * 1e8).sum()

    values = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (3.3, 3e-9, 4e-8)]
    loss(values).backward()
    for k, value in enumerate(values):
        step = 1e-6 * float(value.detach())
        ends = []
        for sign in (1.0, -1.0):
            moved = [v.detach().clone() for v in values]
            moved[k] += sign * step
            ends.append(float(loss(moved)))
        assert value.grad is not None
        assert float(value.grad) == pytest.approx((ends[0] - ends[1]) / (2.0 * step), rel=1e-6)


def test_labels_outside_the_table_are_refused_by_it_alone():
    NeuroSimUpdate(label_up=9.5)
    for label in (0.0, 0.005, 9.01):
        with pytest.raises(PinchedError, match="no entry"):
            NeuroSimUpdate(label_up=label, lookup=TruncatedLabels())
    with pytest.raises(PinchedError, match="labels lie between"):
        NeuroSimUpdate(label_up=30.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"g_min": 1e-7, "g_max": 1e-8}, "swapped"),
        ({"pulses_up": 0.0}, "pulses_up"),
        ({"g_max": 3.8e4}, "another unit"),
        ({"g_min": float("nan")}, "finite"),
    ],
)
def test_impossible_windows_are_refused(changes, reason):
    with pytest.raises(PinchedError, match=reason):
        NeuroSimUpdate(**changes)
