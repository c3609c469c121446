"""Nonlinearity by every convention: the table of paper 004's labels, round trips, slopes, bad input."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.extraction.nonlinearity import (
    LABEL_UNIT,
    Convention,
    Direction,
    bow_slopes,
    bows_of,
    convert,
    curvatures_of_labels,
    progress,
    pulses_from_label,
)


@pytest.mark.parametrize(
    ("label", "normalised", "pulses", "first", "half", "ninety"),
    # Derived independently from the exact rule and checked against NeuroSim's table; four digits.
    [
        (5.08, 0.187295, 5.619, 0.164, 3.87, 12.7),
        (4.85, 0.202323, 6.070, 0.153, 4.16, 13.6),
        (2.40, 0.499181, 14.98, 0.075, 8.49, 22.6),
    ],
)
def test_the_published_labels_of_a_window_of_30_pulses(label, normalised, pulses, first, half, ninety):
    def of(wanted):
        return convert(label, Convention.NEUROSIM_LABEL, wanted, pulses=30.0)

    assert of(Convention.NORMALISED) == pytest.approx(normalised, abs=6e-7)
    assert of(Convention.PULSES) == pytest.approx(pulses, abs=6e-3)
    curvature = 1.0 / of(Convention.NORMALISED)
    assert float(progress(np.array(1.0 / 30.0), curvature)) == pytest.approx(first, abs=6e-4)
    assert float(progress(np.array(half / 30.0), curvature)) == pytest.approx(0.5, abs=1e-3)
    assert float(progress(np.array(ninety / 30.0), curvature)) == pytest.approx(0.9, abs=2e-3)


@pytest.mark.parametrize(
    ("given", "wanted"), list(product(Convention, Convention)), ids=lambda c: c.name.lower()
)
@pytest.mark.parametrize("direction", list(Direction))
def test_every_convention_leads_to_every_other_and_back(given, wanted, direction):
    start = convert(3.3, Convention.NEUROSIM_LABEL, given, pulses=64.0, direction=direction)
    there = convert(start, given, wanted, pulses=64.0, direction=direction)
    assert convert(there, wanted, given, pulses=64.0, direction=direction) == pytest.approx(start, rel=1e-10)


def test_a_label_is_negative_for_depression_and_nothing_else_is():
    for convention, sign in (
        (Convention.PULSES, 1),
        (Convention.NORMALISED, 1),
        (Convention.ALPHA, 1),
        (Convention.NEUROSIM_LABEL, -1),
    ):
        up = convert(8.0, Convention.PULSES, convention, pulses=30.0)
        down = convert(8.0, Convention.PULSES, convention, pulses=30.0, direction=Direction.DEPRESSION)
        assert down == pytest.approx(sign * up)


def test_a_straight_line_has_its_number_in_every_convention():
    straight = {
        Convention.NEUROSIM_LABEL: 0.0,
        Convention.PULSES: math.inf,
        Convention.NORMALISED: math.inf,
        Convention.ALPHA: 0.0,
    }
    for given, wanted in product(Convention, Convention):
        assert convert(straight[given], given, wanted, pulses=30.0) == straight[wanted]


def test_many_labels_at_once_are_the_single_ones_and_exact():
    labels = np.array([[-9.7, -4.88, -0.01], [0.0, 2.4, 9.7]])
    found = curvatures_of_labels(labels)
    np.testing.assert_allclose(bows_of(found), labels * LABEL_UNIT, rtol=1e-11)
    for label, curvature in zip(labels.ravel(), found.ravel(), strict=True):
        assert curvature == pytest.approx(1.0 / pulses_from_label(float(label), 1.0), rel=1e-9)


def test_the_slope_of_the_bow_agrees_with_differences():
    c = np.array([-30.0, -0.3, 5e-3, 0.02, 0.3, 3.0, 30.0, 150.0])
    h = 1e-5 * np.abs(c)
    slope = (bows_of(c + h) - bows_of(c - h)) / (2.0 * h)
    # Near the straight line the bow is a difference of equal numbers: differences of it carry five digits.
    np.testing.assert_allclose(bow_slopes(c), slope, rtol=2e-5)


@pytest.mark.parametrize(
    ("value", "convention", "pulses", "reason"),
    [
        (12.0, Convention.NEUROSIM_LABEL, 30.0, "labels lie between"),
        (0.0, Convention.PULSES, 30.0, "single step"),
        (5.0, Convention.PULSES, 0.0, "above zero"),
        (math.nan, Convention.NEUROSIM_LABEL, 30.0, "labels lie between"),
    ],
)
def test_bad_numbers_name_their_cure(value, convention, pulses, reason):
    with pytest.raises(PinchedError, match=reason):
        convert(value, convention, Convention.ALPHA, pulses=pulses)
