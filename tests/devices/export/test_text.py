"""Expressions as text: signs of powers, functions that simulators lack, names for what is shared."""

import math

import pytest

from devices.export.reading import value_of
from pinched.devices import elementwise as ew
from pinched.devices._expression import Node, Op, constant, variable
from pinched.devices.export._text import Writer, number, spoken, substituted

X = variable("x")
VALUES = [-3.0, -0.7, -1e-9, 0.0, 1e-9, 0.7, 3.0]


def written(node, *, not_negative=frozenset()):
    return Writer({"x": "x", "e": "e"}, not_negative).write(node)


@pytest.mark.parametrize("magnitude", [True, False], ids=["ngspice", "verilog-a"])
@pytest.mark.parametrize("x", VALUES)
@pytest.mark.parametrize(
    "make",
    [
        lambda x: x**2,
        lambda x: x**3,
        lambda x: x**4,
        lambda x: -(x**3) - (2.0 - x) * (1.0 / (5.0 + x)),
        lambda x: ew.expm1(x),
        lambda x: ew.log1p(ew.exp(x)),
        lambda x: ew.sigmoid(x),
        lambda x: ew.softplus(x),
        lambda x: ew.positive(x) ** 0.5,
        lambda x: abs(x) ** 1.5,
        lambda x: ew.clamp(x, -1.0, 1.0) * ew.sign(x),
        lambda x: 1.0 / (x / (2.0 * 9.1e-31) + 7e31),
        lambda x: ew.where(x < 0, -x, 2.0 * x) - -1.0 * x,
        lambda x: ew.tanh(x) + ew.sin(x) * ew.cosh(x) / ew.cos(x),
    ],
)
def test_text_has_the_value_of_the_formula(make, x, magnitude):
    text = written(make(X))
    want = float(make(x))
    assert value_of(text, {"x": x}, magnitude=magnitude) == pytest.approx(want, rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("magnitude", [True, False], ids=["ngspice", "verilog-a"])
@pytest.mark.parametrize("exponent", [2.0, 3.0, 13.0, 14.0])
def test_a_parameter_as_exponent_keeps_the_sign_of_odd_powers(exponent, magnitude):
    text = written(X ** variable("e"))
    found = value_of(text, {"x": -1.5, "e": exponent}, magnitude=magnitude)
    assert found == pytest.approx((-1.5) ** exponent, rel=1e-12)


def test_expm1_keeps_its_digits_near_zero_and_its_limit_far_below():
    text = written(ew.expm1(X))
    assert value_of(text, {"x": 1e-14}, magnitude=True) == pytest.approx(1e-14, rel=1e-12)
    assert value_of(text, {"x": -900.0}, magnitude=True) == -1.0


def test_tiny_constants_do_not_end_up_in_a_denominator():
    # ngspice adds 1e-20 of gmin to what it divides by.
    text = written(X / (constant(9.1e-31) * (constant(8.85e-12) * X)))
    assert "e-" not in text
    assert value_of(text, {"x": 2.0}, magnitude=True) == pytest.approx(1 / (9.1e-31 * 8.85e-12), rel=1e-12)


def test_choices_become_extremes():
    assert written(ew.clamp(X, -1.0, 1.0)).count("?") == 0
    assert written(ew.positive(X)) == "max(x, 0)"


def test_a_power_of_what_cannot_be_negative_is_plain():
    assert written(X**1.5, not_negative={"x"}) == "pow(x, 1.5)"
    assert "abs" not in written((X * X) ** 3, not_negative=frozenset())


@pytest.mark.parametrize(("value", "text"), [(2.0, "2"), (-0.5, "-0.5"), (1e-9, "1e-09"), (1e20, "1e+20")])
def test_numbers_are_plain(value, text):
    assert number(value) == text
    assert float(number(math.pi)) == math.pi


def test_what_is_shared_is_named_once_and_parameters_are_written_out():
    shared = ew.exp(X * X + 1.0)
    still = ew.exp(variable("p") * 3.0 + 1.0)
    outputs = [shared * still, shared + still, still]
    text = spoken(
        outputs, {"x": "x", "p": "p"}, frozenset(), longest=2, name=lambda k, _: f"s{k}", still={"p"}
    )
    assert len(text.named) == 1
    names = {"x": 0.3, "p": 0.2}
    names["s0"] = value_of(text.named[0][1], names, magnitude=True)
    big, small = math.exp(0.3**2 + 1.0), math.exp(0.2 * 3.0 + 1.0)
    found = [value_of(output, names, magnitude=True) for output in text.outputs]
    assert found == pytest.approx([big * small, big + small, small])


def test_inputs_are_replaced_by_expressions():
    (found,) = substituted([X * X + 1.0], {"x": variable("y") + 2.0})
    assert value_of(Writer({"y": "y"}, frozenset()).write(found), {"y": 1.0}, magnitude=True) == 10.0
    assert isinstance(found, Node)
    assert found.op is Op.ADD
