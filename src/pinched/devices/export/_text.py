r"""Recorded formulas as text that circuit simulators read: one grammar serves SPICE and Verilog-A.

Both know `+ - * /`, comparisons, `c ? a : b` and the usual functions. They differ from Python where it hurts: in
ngspice a power is that of the magnitude (`pow(-2, 3)` is 8), and neither knows expm1 or log1p. What is written here
means the same everywhere; `spoken` gives the outputs of a formula with what they share named once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from pinched.devices._expression import Node, Op, apply, constant, is_constant, merged, ordered

TERNARY, COMPARISON, SUM, PRODUCT, UNARY, ATOM = range(6)
"""How tightly an operation binds."""

_FUNCTIONS = {
    Op.SINH: "sinh",
    Op.COSH: "cosh",
    Op.TANH: "tanh",
    Op.ASIN: "asin",
    Op.ATAN: "atan",
    Op.SIN: "sin",
    Op.COS: "cos",
}
_LARGEST = 100
"""Largest exponent that is raised: e^100 is 3e43, beyond anything a device does, and far from overflow."""

_INFIX = {
    Op.ADD: ("+", SUM),
    Op.SUB: ("-", SUM),
    Op.MUL: ("*", PRODUCT),
    Op.LESS: ("<", COMPARISON),
    Op.LESS_EQUAL: ("<=", COMPARISON),
}


def number(value: float) -> str:
    """`value` as every simulator reads it, with all its digits."""
    whole = float(value)
    return str(int(whole)) if whole.is_integer() and abs(whole) < 1e15 else repr(whole)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """A formula as text."""

    named: tuple[tuple[str, str], ...]
    """What several outputs or places share: how it is referred to, and its text; in order of need."""
    outputs: tuple[str, ...]


class Writer:
    """Writes expressions. `names` says how an input is called, `not_negative` which inputs are never below zero."""

    def __init__(self, names: Mapping[str, str], not_negative: Set[str]) -> None:
        self._names, self._not_negative = names, not_negative
        self._known: dict[int, str] = {}
        self._sign: dict[int, bool] = {}
        self._kept: list[Node] = []

    def know(self, node: Node, name: str) -> None:
        """Write `name` for `node` from now on."""
        self._known[id(node)] = name

    def write(self, node: Node, level: int = TERNARY) -> str:
        """`node`, in parentheses where it binds less tightly than `level`."""
        text, own = self._plain(node)
        return text if own >= level else f"({text})"

    def _plain(self, node: Node) -> tuple[str, int]:
        if id(node) in self._known:
            return self._known[id(node)], ATOM
        x = node.operands
        match node.op:
            case Op.CONSTANT:
                return number(float(node.value)), ATOM if float(node.value) >= 0 else UNARY
            case Op.INPUT:
                return self._names[str(node.value)], ATOM
            case Op.NEG:
                return f"-{self.write(x[0], PRODUCT + 1)}", UNARY
            case Op.MUL if x[0] is x[1]:
                return f"pow({self.write(x[0])}, 2)", ATOM
            case Op.ADD | Op.MUL:
                sign, level = _INFIX[node.op]
                return f"{self.write(x[0], level)}{sign}{self._right(x[1], level + 1)}", level
            case Op.DIV:
                return self._quotient(*x)
            case Op.SUB | Op.LESS | Op.LESS_EQUAL:
                sign, level = _INFIX[node.op]
                first = level + 1 if level == COMPARISON else level
                return f"{self.write(x[0], first)}{sign}{self._right(x[1], level + 1)}", level
            case Op.POW:
                return self._power(*x)
            case Op.EXPM1:
                # e^x - 1 = tanh(x/2) (e^x + 1): exact near zero, where exp(x) - 1 has no digits left.
                return f"tanh(0.5*{self.write(x[0], UNARY)})*({self._exp(x[0])}+1)", PRODUCT
            case Op.LOG1P:
                y = self.write(x[0], UNARY)
                return f"{y}<1 ? 2*atanh({y}/(2+{y})) : ln(1+{y})", TERNARY
            case Op.WHERE:
                return self._choice(*x)
            case Op.GATED:
                return self._plain(self._new(Op.MUL, *x))
            case Op.ABS:
                text = self.write(x[0])
                # The slope of abs() at 0 is 0 in ngspice, and the matrix of a device at rest singular; this has one.
                return (
                    (f"{text}<0 ? -{text} : {text}", TERNARY)
                    if self._is_name(x[0])
                    else (f"abs({text})", ATOM)
                )
            # On the way to a solution a simulator tries values that the solution never has.
            case Op.EXP:
                return self._exp(x[0]), ATOM
            case Op.SINH | Op.COSH:
                return f"{_FUNCTIONS[node.op]}(min(max({self.write(x[0])}, -{_LARGEST}), {_LARGEST}))", ATOM
            case Op.SQRT:
                return f"sqrt(max({self.write(x[0])}, 1e-30))", ATOM
            case Op.LOG:
                return f"ln(max({self.write(x[0])}, 1e-300))", ATOM
            case _:
                return f"{_FUNCTIONS[node.op]}({self.write(x[0])})", ATOM

    def _is_name(self, node: Node) -> bool:
        return id(node) in self._known or node.op is Op.INPUT

    def _quotient(self, above: Node, below: Node) -> tuple[str, int]:
        # ngspice adds 1e-20 gmin to what it divides by: a product with the mass of an electron would vanish in it.
        factor, rest = self._constant_factor(below)
        if not 1e-15 < abs(factor) < 1e15 and 0 < abs(factor) < math.inf and 0 < abs(1 / factor) < math.inf:
            top = self._new(Op.MUL, 1 / factor, above)
            return self._plain(top if rest is None else self._new(Op.DIV, top, rest))
        return f"{self.write(above, PRODUCT)}/{self._right(below, UNARY)}", PRODUCT

    def _constant_factor(self, node: Node) -> tuple[float, Node | None]:
        """(c, r) with node = c r; r is None for a number alone."""
        if node.op is Op.CONSTANT:
            return float(node.value), None
        if node.op is not Op.MUL or id(node) in self._known:
            return 1.0, node
        (a, left), (b, right) = (self._constant_factor(x) for x in node.operands)
        if left is None or right is None:
            return a * b, right if left is None else left
        return (1.0, node) if a == b == 1.0 else (a * b, self._new(Op.MUL, left, right))

    def _new(self, op: Op, *operands: Node | float) -> Node:
        # Kept alive: what is known of a node is filed under its address.
        self._kept.append(apply(op, *operands))
        return self._kept[-1]

    def _exp(self, x: Node) -> str:
        return f"exp(min({self.write(x)}, {_LARGEST}))"

    def _right(self, node: Node, level: int) -> str:
        # "a--b" means a decrement to some and "a*-b" an error to others.
        text = self.write(node, level)
        return f"({text})" if text.startswith("-") else text

    def _choice(self, condition: Node, a: Node, b: Node) -> tuple[str, int]:
        larger = _extreme(condition, a, b)
        if larger is not None:
            return f"{'max' if larger else 'min'}({self.write(a)}, {self.write(b)})", ATOM
        return f"{self.write(condition, SUM)} ? {self.write(a, SUM)} : {self.write(b, SUM)}", TERNARY

    def _power(self, base: Node, exponent: Node) -> tuple[str, int]:
        if is_constant(exponent, 0.5):
            return self._plain(self._new(Op.SQRT, base))
        whole = exponent.op is Op.CONSTANT and float(exponent.value).is_integer()
        # Below a power of 1 the slope at zero is infinite, an error on the way to a solution.
        steep = exponent.op is not Op.CONSTANT or float(exponent.value) < 1
        low = self._floored(base) if steep else self.magnitude(base)
        size = f"pow({low}, {self.write(exponent)})"
        if self.not_negative(base) or (exponent.op is Op.CONSTANT and not whole):
            return size, ATOM
        if whole:
            if float(exponent.value) % 2 == 0:
                return size, ATOM
            rest = number(float(exponent.value) - 1)
            return f"{self.write(base, PRODUCT)}*pow({self.magnitude(base)}, {rest})", PRODUCT
        # (-|b|)^e is real for whole e only, where cos(pi e) is its sign.
        turn = f"({self.write(base, SUM)}<0 ? cos(3.141592653589793*{self.write(exponent, PRODUCT)}) : 1)"
        return f"{turn}*{size}", PRODUCT

    def _floored(self, base: Node) -> str:
        """|base|, but at least 1e-30."""
        x = base.operands
        if id(base) not in self._known and base.op is Op.WHERE and _extreme(*x):
            if is_constant(x[1], 0):
                return f"max({self.write(x[2])}, 1e-30)"
            if is_constant(x[2], 0):
                return f"max({self.write(x[1])}, 1e-30)"
        return f"max({self.magnitude(base)}, 1e-30)"

    def magnitude(self, node: Node) -> str:
        """|node|, without abs() where it cannot be negative."""
        return self.write(node) if self.not_negative(node) else self.write(self._new(Op.ABS, node))

    def not_negative(self, node: Node) -> bool:
        """True where `node` is certainly not below zero."""
        if id(node) not in self._sign:
            self._sign[id(node)] = self._certain(node)
        return self._sign[id(node)]

    def _certain(self, node: Node) -> bool:
        x, sure = node.operands, self.not_negative
        match node.op:
            case Op.CONSTANT:
                return float(node.value) >= 0
            case Op.INPUT:
                return str(node.value) in self._not_negative
            case Op.ABS | Op.EXP | Op.SQRT | Op.COSH:
                return True
            case Op.ADD | Op.DIV:
                return sure(x[0]) and sure(x[1])
            case Op.MUL:
                return x[0] is x[1] or (sure(x[0]) and sure(x[1]))
            case Op.POW:
                return sure(x[0])
            case Op.WHERE:
                if _extreme(*x):
                    return sure(x[1]) or sure(x[2])
                condition = x[0]
                guarded = (
                    condition.op in (Op.LESS, Op.LESS_EQUAL)
                    and sure(condition.operands[0])
                    and condition.operands[1] is x[1]
                )
                return (guarded or sure(x[1])) and sure(x[2])
            case _:
                return False


def _extreme(condition: Node, a: Node, b: Node) -> bool | None:
    """True where the choice is the larger of a and b, False where it is the smaller, None where it is neither."""
    if condition.op not in (Op.LESS, Op.LESS_EQUAL):
        return None
    left, right = condition.operands
    if _same(left, b) and _same(right, a):
        return True
    if _same(left, a) and _same(right, b):
        return False
    return None


def _same(a: Node, b: Node) -> bool:
    return a is b or (a.op is Op.CONSTANT and b.op is Op.CONSTANT and a.value == b.value)


def spoken(
    outputs: Sequence[Node],
    names: Mapping[str, str],
    not_negative: Set[str],
    *,
    longest: int,
    name: Callable[[int, Node], str],
    still: Set[str] = frozenset(),
) -> Spoken:
    """Text of `outputs`, where what is used more than once and has more than `longest` operations gets a name.

    `name` says how shared expression k, with its node, is referred to. What depends on inputs in `still` alone
    (parameters) is always written out: simulators compute it once.
    """
    # A number that is nobody's choice between branches must be one node for max() and min() to be recognised.
    outputs = merged(list(outputs))
    nodes = ordered(outputs)
    uses: dict[int, int] = {}
    fixed: dict[int, bool] = {}
    for node in nodes:
        for operand in {id(o) for o in node.operands}:
            uses[operand] = uses.get(operand, 0) + 1
        fixed[id(node)] = (
            node.value in still if node.op is Op.INPUT else all(fixed[id(o)] for o in node.operands)
        )
    for output in outputs:
        uses[id(output)] = uses.get(id(output), 0) + 1
    writer = Writer(names, not_negative)
    size: dict[int, int] = {}
    named: list[tuple[str, str]] = []
    for node in nodes:
        size[id(node)] = 1 + sum(size[id(o)] for o in node.operands)
        heavy = size[id(node)] > longest and uses[id(node)] > 1 and node.op not in (Op.LESS, Op.LESS_EQUAL)
        if heavy and not fixed[id(node)]:
            called = name(len(named), node)
            named.append((called, writer.write(node)))
            writer.know(node, called)
            size[id(node)] = 1
    return Spoken(named=tuple(named), outputs=tuple(writer.write(o) for o in outputs))


def substituted(outputs: Sequence[Node], inputs: Mapping[str, Node]) -> list[Node]:
    """`outputs` with expressions in place of some inputs."""
    new: dict[int, Node] = {}
    for node in ordered(outputs):
        if node.op is Op.INPUT:
            new[id(node)] = inputs.get(str(node.value), node)
        elif node.op is Op.CONSTANT:
            new[id(node)] = constant(float(node.value))
        else:
            new[id(node)] = Node(node.op, tuple(new[id(o)] for o in node.operands), node.value)
    return [new[id(o)] for o in outputs]
