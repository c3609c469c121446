"""Text with units to SI and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched._units import parse_unit, show, split_head, to_si


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("100 uA", "A", 1e-4),
        ("100µA", "A", 1e-4),  # micro sign U+00B5
        ("100 μA", "A", 1e-4),  # Greek mu U+03BC
        ("1.5 kohm", "ohm", 1.5e3),
        ("2 MΩ", "ohm", 2e6),
        ("-0.3", "V", -0.3),
        (".5 mV", "V", 5e-4),
        ("1e-3", "A", 1e-3),
        (9.6, "s", 9.6),
        ("3 nm", "m", 3e-9),
        ("2 m", "m", 2.0),
        ("50 mm/s", "m/s", 5e-2),
        ("0.18 eV", "eV", 0.18),
    ],
)
def test_to_si(text, unit, value):
    assert to_si(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", ["1 V", "abc", "", "1 xA", "1,5 A", "nan A"])
def test_to_si_refuses_with_the_value_in_the_message(text):
    with pytest.raises(PinchedError, match="A"):
        to_si(text, "A")


def test_not_finite_is_refused():
    with pytest.raises(PinchedError, match="finite"):
        to_si(float("inf"), "V")


@pytest.mark.parametrize(
    ("head", "name", "unit", "factor"),
    [
        ("Current (uA)", "Current", "A", 1e-6),
        ("V[V]", "V", "V", 1.0),
        ("I / mA", "I", "A", 1e-3),
        ("i_on_A", "i_on", "A", 1.0),
        ("WE(1).Current (A)", "WE(1).Current", "A", 1.0),
        ("V1", "V1", "", 1.0),
        ("Smu1.V[1][1]", "Smu1.V[1][1]", "", 1.0),
        ("DrainI(1)", "DrainI(1)", "", 1.0),
    ],
)
def test_split_head(head, name, unit, factor):
    found = split_head(head)
    assert (found.name, found.unit) == (name, unit)
    assert found.factor == pytest.approx(factor)


@given(st.floats(1e-13, 1e13), st.sampled_from(["V", "A", "ohm", "s"]), st.sampled_from([-1, 1]))
def test_show_and_back(magnitude, unit, sign):
    value = sign * magnitude
    assert to_si(show(value, unit, digits=6), unit) == pytest.approx(value, rel=1e-5)


def test_show_rounds_into_the_next_prefix():
    assert show(999.9, "ohm") == "1 kohm"
    assert show(1.1e6, "ohm") == "1.1 Mohm"
    assert show(0.0, "A") == "0 A"


def test_kelvin_is_never_kilo():
    assert parse_unit("K") == ("K", 1.0)
    assert parse_unit("kohm") == ("ohm", 1e3)
    assert parse_unit("banana") is None
