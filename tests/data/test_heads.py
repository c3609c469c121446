"""Units as people write them, labels above blocks, thousands: what is understood, and what is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinched.data.labels import Label, label_of
from pinched.data.table import number
from pinched.data.unit_words import unit_of


@pytest.mark.parametrize(
    ("text", "unit", "factor"),
    [
        ("uA", "A", 1e-6),
        ("mikroampere", "A", 1e-6),
        ("micro amps", "A", 1e-6),
        ("мкА", "A", 1e-6),
        ("мА", "A", 1e-3),
        ("В", "V", 1.0),
        ("кОм", "ohm", 1e3),
        ("10^-6 A", "A", 1e-6),
        ("x1e-6 A", "A", 1e-6),
        ("1E-9 A", "A", 1e-9),
        ("×10⁻⁶ A", "A", 1e-6),
        ("10-6 A", "A", 1e-6),
        ("10**-9 A", "A", 1e-9),
        ("1.0E-3 V", "V", 1e-3),
        ("V vs. Ref.", "V", 1.0),
        ("Amp DC", "A", 1.0),
        ("uAmp DC", "A", 1e-6),
        ("kOhms", "ohm", 1e3),
        ("ma", "A", 1e-3),
    ],
)
def test_units(text, unit, factor):
    found = unit_of(text)
    assert found is not None
    assert found[0] == unit
    assert found[1] == pytest.approx(factor, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["", "10 A", "1 A", "A/cm2", "pts", "degC", "#", "bits", "V1", "mikro", "W", "V A"]
)
def test_no_units(text):
    assert unit_of(text) is None


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Cycle 3", Label(cycle=3)),
        ("# Cycle: 3", Label(cycle=3)),
        ("--- Sweep 2/5 ---", Label(cycle=2)),
        ("Run 2 of 5", Label(cycle=2)),
        ("[Cycle 12]", Label(cycle=12)),
        ("IV sweep 3", Label(cycle=3)),
        ("Device: A1", Label(device="A1")),
        ("Device A", Label(device="A")),
        ("Device ID,D7", Label(device="D7")),
        ("Device Name: MoS2_07", Label(device="MoS2_07")),
        ("Device: A1, Cycle: 4", Label("A1", 4)),
    ],
)
def test_labels(text, label):
    assert label_of(text) == label


@pytest.mark.parametrize(
    "text",
    [
        "Device",
        "device measured",
        "Cycle,V,I",
        "Sweep rate: 0.1 V/s",
        "scan rate 3",
        "Measurement 12.5",
        "chip for tests",
        "Device under test",
        "Device ID: ",
        "Sample A measured at 300 K",
        "sweep 1 forward",
        "1,2",
        "",
    ],
)
def test_remarks_are_no_labels(text):
    assert label_of(text) is None


@given(st.text(max_size=60))
def test_any_text_has_a_unit_and_a_label_or_none(text):
    unit, label = unit_of(text), label_of(text)
    # What is found is found again: neither depends on what was asked before, nor is an empty answer given for none.
    assert unit == unit_of(text)
    assert unit is None or unit
    assert label == label_of(text)
    assert label is None or label


@given(st.floats(-9.9e8, 9.9e8).map(lambda x: round(x, 3)))
def test_grouped_thousands_are_the_number(value):
    grouped = f"{value:,.3f}"
    assert number(grouped, ".") == value
    assert number(grouped.translate(str.maketrans(",.", ".,")), ",") == value
    assert number(grouped.replace(",", "'"), ".") == value


@pytest.mark.parametrize(
    ("cell", "decimal"), [("1,234", "."), ("1.234", ","), ("0,123.4", "."), ("1,2345.6", "."), ("12,34", ".")]
)
def test_a_thousand_in_doubt_is_text(cell, decimal):
    assert number(cell, decimal) is None
