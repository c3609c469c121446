"""Recorded expressions: their values, derivatives, merging, compiling, and the functions that record them."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pinched.devices import elementwise as ew
from pinched.devices._compile import MachineCode
from pinched.devices._expression import (
    Node,
    Op,
    apply,
    constant,
    derivative,
    evaluate,
    merged,
    ordered,
    variable,
)

X, Y = variable("x"), variable("y")

# Every function with a stretch of numbers on which it is smooth.
UNARY: dict[str, tuple[Callable, float, float]] = {
    "exp": (ew.exp, -3.0, 3.0),
    "bounded_exp": (ew.bounded_exp, -3.0, 3.0),
    "expm1": (ew.expm1, -3.0, 3.0),
    "log": (ew.log, 0.2, 5.0),
    "log1p": (ew.log1p, -0.7, 5.0),
    "sinh": (ew.sinh, -3.0, 3.0),
    "cosh": (ew.cosh, -3.0, 3.0),
    "tanh": (ew.tanh, -3.0, 3.0),
    "asin": (ew.asin, -0.9, 0.9),
    "atan": (ew.atan, -3.0, 3.0),
    "sin": (ew.sin, -3.0, 3.0),
    "cos": (ew.cos, -3.0, 3.0),
    "sqrt": (ew.sqrt, 0.2, 5.0),
    "abs": (abs, 0.1, 3.0),
    "abs of what is below zero": (abs, -3.0, -0.1),
    "sigmoid": (ew.sigmoid, 0.1, 5.0),
    "sigmoid below zero": (ew.sigmoid, -5.0, -0.1),
    "softplus": (ew.softplus, 0.1, 5.0),
    "softplus below zero": (ew.softplus, -5.0, -0.1),
    "positive": (ew.positive, 0.1, 3.0),
    "negative": (lambda x: -x, -3.0, 3.0),
    "square": (lambda x: x**2, -3.0, 3.0),
    "cube": (lambda x: x**3, -3.0, 3.0),
    "power": (lambda x: x**2.5, 0.2, 3.0),
    "exponential": (lambda x: 2.5**x, -2.0, 2.0),
    "reciprocal": (lambda x: 3.0 / x, 0.2, 3.0),
    "left": (lambda x: 2.0 - x, -3.0, 3.0),
    "clamped": (lambda x: ew.clamp(x, -1.0, 1.0), -0.9, 0.9),
}
PAIR: dict[str, Callable] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (1.0 + y * y),
    "power": lambda x, y: (1.0 + x * x) ** y,
    "choose": lambda x, y: ew.where(x < y, x * y, x - y),
    "choose at equality": lambda x, y: ew.where(x <= y, x * x, y),
    "greater": lambda x, y: ew.where(x > y, ew.sin(x), ew.cos(y)),
    "at least": lambda x, y: ew.where(x >= y, x, y * y),
    "maximum": ew.maximum,
    "minimum": ew.minimum,
}


def _central(function: Callable[[float], float], at: float) -> float:
    h = 1e-3
    return (function(at - 2 * h) - 8 * function(at - h) + 8 * function(at + h) - function(at + 2 * h)) / (
        12 * h
    )


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(share=st.floats(0.02, 0.98))
def test_derivatives_of_one_argument(name: str, share: float) -> None:
    function, low, high = UNARY[name]
    at = low + (high - low) * share
    recorded = function(X)
    assert evaluate([recorded], {"x": at})[0] == pytest.approx(function(at), rel=1e-14)
    slope = evaluate(derivative([recorded], X), {"x": at})[0]
    assert slope == pytest.approx(_central(function, at), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", PAIR)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(x=st.floats(-2.0, 2.0), y=st.floats(-2.0, 2.0))
def test_derivatives_of_two_arguments(name: str, x: float, y: float) -> None:
    assume(abs(x - y) > 0.01)
    function = PAIR[name]
    recorded = function(X, Y)
    assert evaluate([recorded], {"x": x, "y": y})[0] == pytest.approx(function(x, y), rel=1e-14, abs=1e-300)
    by_x = evaluate(derivative([recorded], X), {"x": x, "y": y})[0]
    by_y = evaluate(derivative([recorded], Y), {"x": x, "y": y})[0]
    assert by_x == pytest.approx(_central(lambda a: function(a, y), x), rel=1e-7, abs=1e-7)
    assert by_y == pytest.approx(_central(lambda b: function(x, b), y), rel=1e-7, abs=1e-7)


# Trees of plain data, made into expressions by the test: "x", 1.5, ("sin", tree), ("add", tree, tree).
_ONE: dict[str, Callable] = {
    "tanh": ew.tanh,
    "sin": ew.sin,
    "cos": ew.cos,
    "atan": ew.atan,
    "abs": abs,
    "positive": ew.positive,
    "softplus": ew.softplus,
    "sigmoid": ew.sigmoid,
    "negative": lambda a: -a,
    "square": lambda a: a**2,
}
_TWO = ("add", "subtract", "multiply", "divide", "choose")
_LEAF = st.one_of(st.sampled_from(["x", "y"]), st.floats(-2.0, 2.0))


def _grow(inner: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(
        st.tuples(st.sampled_from(sorted(_ONE)), inner), st.tuples(st.sampled_from(_TWO), inner, inner)
    )


def _built(tree: object) -> Node:
    if isinstance(tree, tuple):
        function = _ONE[tree[0]] if len(tree) == 2 else PAIR[tree[0]]
        return function(*(_built(part) for part in tree[1:]))
    return {"x": X, "y": Y}[tree] if isinstance(tree, str) else constant(tree)  # type: ignore[arg-type]


TREE = st.recursive(_LEAF, _grow, max_leaves=14)


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(tree=TREE, x=st.floats(-2.0, 2.0), y=st.floats(-2.0, 2.0))
def test_random_formulas_have_the_derivative_of_automatic_differentiation(
    tree: object, x: float, y: float
) -> None:
    formula = _built(tree)
    a = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    b = torch.tensor(y, dtype=torch.float64, requires_grad=True)
    values: dict[int, torch.Tensor] = {}
    for node in ordered([formula]):
        values[id(node)] = _as_tensor(node, [values[id(o)] for o in node.operands], a, b)
    result = values[id(formula)]
    assert evaluate([formula], {"x": x, "y": y})[0] == pytest.approx(result.item(), rel=1e-12, abs=1e-12)
    if not result.requires_grad:
        return
    found = torch.autograd.grad(result, (a, b), allow_unused=True)
    for slope, by in zip(found, (X, Y), strict=True):
        expected = 0.0 if slope is None else slope.item()
        own = evaluate(derivative([formula], by), {"x": x, "y": y})[0]
        # At a kink both sides are right: |x| at 0, the edge of a choice.
        if own != pytest.approx(expected, rel=1e-9, abs=1e-9):
            assert _at_a_kink(formula, x, y)


def _at_a_kink(formula: Node, x: float, y: float) -> bool:
    nodes = [n for n in ordered([formula]) if n.op in (Op.LESS, Op.LESS_EQUAL, Op.ABS)]
    for node in nodes:
        sides = evaluate(list(node.operands), {"x": x, "y": y})
        if abs(sides[0] - (0.0 if node.op is Op.ABS else sides[1])) < 1e-9:
            return True
    return False


_TENSOR: dict[Op, Callable[..., torch.Tensor]] = {
    Op.ADD: torch.add, Op.SUB: torch.sub, Op.MUL: torch.mul, Op.DIV: torch.div, Op.POW: torch.pow,
    Op.NEG: torch.neg, Op.EXP: torch.exp, Op.LOG1P: torch.log1p, Op.TANH: torch.tanh, Op.SIN: torch.sin,
    Op.COS: torch.cos, Op.ATAN: torch.atan, Op.ABS: torch.abs, Op.LESS: torch.lt, Op.LESS_EQUAL: torch.le,
    Op.WHERE: torch.where,
}  # fmt: skip


def _as_tensor(node: Node, operands: list[torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if node.op is Op.INPUT:
        return x if node.value == "x" else y
    if node.op is Op.CONSTANT:
        return torch.tensor(float(node.value), dtype=torch.float64)
    if node.op is Op.WHERE:
        operands = [operands[0].bool(), *operands[1:]]
    return _TENSOR[node.op](*operands)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(trees=st.lists(TREE, min_size=1, max_size=4), x=st.floats(-2.0, 2.0), y=st.floats(-2.0, 2.0))
def test_merged_formulas_are_equal_and_no_longer(trees: list, x: float, y: float) -> None:
    formulas = [_built(tree) for tree in trees]
    with_slopes = [*formulas, *derivative(formulas, X)]
    short = merged(with_slopes)
    assert evaluate(short, {"x": x, "y": y}) == evaluate(with_slopes, {"x": x, "y": y})
    nodes = ordered(short)
    assert len(nodes) <= len(ordered(with_slopes))
    keys = {(n.op, n.value, *(id(o) for o in n.operands)) for n in nodes}
    assert len(keys) == len(nodes)


def test_merging_joins_what_is_the_same() -> None:
    twice = ew.exp(X * Y) + ew.exp(X * Y)
    assert len(ordered([twice])) == 7
    (once,) = merged([twice])
    assert len(ordered([once])) == 5


_SIGNATURE = ctypes.CFUNCTYPE(
    None,
    ctypes.POINTER(ctypes.c_double),
    ctypes.c_double,
    ctypes.c_double,
    ctypes.POINTER(ctypes.c_double),
    ctypes.POINTER(ctypes.c_double),
)


def _run(code: MachineCode, x: float, y: float, size: int) -> np.ndarray:
    state, parameters, out = np.array([x]), np.array([y]), np.zeros(size)
    pointers = [a.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for a in (state, parameters, out)]
    _SIGNATURE(code.address)(pointers[0], 0.0, 0.0, pointers[1], pointers[2])
    return out


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(trees=st.lists(TREE, min_size=3, max_size=6))
def test_machine_code_gives_what_evaluate_gives(trees: list) -> None:
    formulas = [_built(tree) for tree in trees]
    outputs = [*formulas, *derivative(formulas, X), *derivative(formulas, Y)]
    code = MachineCode(outputs, {"x": ("x", 0), "y": ("p", 0)})
    for x in (-1.3, 0.0, 0.4, 1.9):
        for y in (-0.7, 0.0, 1.1):
            expected = evaluate(outputs, {"x": x, "y": y})
            np.testing.assert_allclose(_run(code, x, y, len(outputs)), expected, rtol=1e-12, atol=1e-13)


def test_every_function_compiles() -> None:
    at = {name: low + 0.6 * (high - low) for name, (_, low, high) in UNARY.items()}
    for name, (function, _, _) in UNARY.items():
        recorded = function(X)
        code = MachineCode([recorded, *derivative([recorded], X)], {"x": ("x", 0), "y": ("p", 0)})
        expected = [function(at[name]), evaluate(derivative([recorded], X), {"x": at[name]})[0]]
        np.testing.assert_allclose(_run(code, at[name], 0.0, 2), expected, rtol=1e-13)


@pytest.mark.parametrize("name", [n for n in UNARY if n not in ("power",)])
def test_numbers_and_tensors_get_the_same(name: str) -> None:
    function, low, high = UNARY[name]
    values = torch.linspace(low + 0.01, high - 0.01, 9, dtype=torch.float64)
    np.testing.assert_allclose(function(values).numpy(), [function(float(v)) for v in values], rtol=1e-14)


def test_what_is_known_is_left_out() -> None:
    assert (X + 0) is X
    assert (0 + X) is X
    assert (X * 1) is X
    assert (1 * X) is X
    assert (X / 1) is X
    assert (X**1) is X
    assert apply(Op.NEG, -X) is X
    assert (X * 0).value == 0.0
    assert (constant(2.0) * 3.0 + 1.0).value == 7.0
    assert ew.where(constant(1.0) < 2.0, X, Y) is X
    assert apply(Op.WHERE, X < Y, X, X) is X
    assert derivative([Y * 3.0], X)[0].value == 0.0


def test_the_edge_of_a_clamp_has_a_finite_slope() -> None:
    """A power below one has an infinite slope at zero; behind the clamp that holds it there, none."""
    formula = ew.positive(X - 1.0) ** 0.5
    code = MachineCode(derivative([formula], X), {"x": ("x", 0), "y": ("p", 0)})
    for x in (0.0, 0.5, 1.0):
        assert _run(code, x, 0.0, 1)[0] == 0.0
    assert _run(code, 2.0, 0.0, 1)[0] == pytest.approx(0.5)


def test_the_slope_by_an_exponent_exists_where_the_base_is_zero() -> None:
    formula = ew.positive(X) ** Y
    code = MachineCode(derivative([formula], Y), {"x": ("x", 0), "y": ("p", 0)})
    assert _run(code, 0.0, 2.0, 1)[0] == 0.0
    assert _run(code, -1.0, 2.0, 1)[0] == 0.0
    assert _run(code, 3.0, 2.0, 1)[0] == pytest.approx(9.0 * math.log(3.0))


def test_python_decisions_are_refused() -> None:
    with pytest.raises(TypeError, match="where"):
        min(X, Y)
    with pytest.raises(TypeError, match="where"):
        bool(X < Y)


def test_choosing_between_two_numbers_keeps_their_digits() -> None:
    """Torch would make float32 of them."""
    condition = torch.tensor([True, False])
    chosen = ew.where(condition, 0.1, 0.2) * torch.ones(2, dtype=torch.float64)
    assert chosen.tolist() == [0.1, 0.2]


@pytest.mark.parametrize("x", [-800.0, -40.0, -1e-12, 0.0, 1e-12, 40.0, 800.0])
def test_tails(x: float) -> None:
    small = math.exp(-abs(x))
    assert ew.sigmoid(x) == pytest.approx((1.0 if x >= 0 else small) / (1.0 + small), rel=1e-15)
    assert ew.softplus(x) == pytest.approx(max(x, 0.0) + math.log1p(small), rel=1e-15)
    assert ew.bounded_exp(x) == math.exp(min(max(x, -80.0), 80.0))
    assert ew.sign(x) == np.sign(x)
    assert ew.sign(torch.tensor(x)).item() == np.sign(x)
