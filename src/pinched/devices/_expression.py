"""Expression graphs: what a device law computes, recorded once and used for everything.

A law is written once, with the functions of `pinched.devices.elementwise`. Called with `Node` objects in
place of numbers it records its own formula; from that graph come the machine code of the time loop
(`pinched.devices._compile`), its exact derivatives (`derivative`) and the circuit netlists. No law is
written twice, and no derivative by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

Number = int | float


class Op(Enum):
    """What a node does; its operands stand in the order of the formula."""

    CONSTANT = auto()
    INPUT = auto()
    ADD = auto()
    SUB = auto()
    MUL = auto()
    DIV = auto()
    POW = auto()
    NEG = auto()
    EXP = auto()
    EXPM1 = auto()
    LOG = auto()
    LOG1P = auto()
    SINH = auto()
    COSH = auto()
    TANH = auto()
    ASIN = auto()
    ATAN = auto()
    SIN = auto()
    COS = auto()
    SQRT = auto()
    ABS = auto()
    LESS = auto()
    LESS_EQUAL = auto()
    WHERE = auto()
    GATED = auto()
    """Product that is 0 where its second factor is 0, whatever the first is: the chain rule at a clamp."""


class Node:
    """One operation: `op`, its `operands`, and `value`: the number of a constant, the name of an input."""

    __slots__ = ("op", "operands", "value")

    def __init__(self, op: Op, operands: tuple[Node, ...] = (), value: Number | str = 0.0) -> None:
        self.op = op
        self.operands = operands
        self.value = value

    def __add__(self, other: Node | Number) -> Node:
        return apply(Op.ADD, self, other)

    def __radd__(self, other: Number) -> Node:
        return apply(Op.ADD, other, self)

    def __sub__(self, other: Node | Number) -> Node:
        return apply(Op.SUB, self, other)

    def __rsub__(self, other: Number) -> Node:
        return apply(Op.SUB, other, self)

    def __mul__(self, other: Node | Number) -> Node:
        return apply(Op.MUL, self, other)

    def __rmul__(self, other: Number) -> Node:
        return apply(Op.MUL, other, self)

    def __truediv__(self, other: Node | Number) -> Node:
        return apply(Op.DIV, self, other)

    def __rtruediv__(self, other: Number) -> Node:
        return apply(Op.DIV, other, self)

    def __pow__(self, other: Node | Number) -> Node:
        return apply(Op.POW, self, other)

    def __rpow__(self, other: Number) -> Node:
        return apply(Op.POW, other, self)

    def __neg__(self) -> Node:
        return apply(Op.NEG, self)

    def __abs__(self) -> Node:
        return apply(Op.ABS, self)

    def __lt__(self, other: Node | Number) -> Node:
        return apply(Op.LESS, self, other)

    def __gt__(self, other: Node | Number) -> Node:
        return apply(Op.LESS, other, self)

    def __le__(self, other: Node | Number) -> Node:
        return apply(Op.LESS_EQUAL, self, other)

    def __ge__(self, other: Node | Number) -> Node:
        return apply(Op.LESS_EQUAL, other, self)

    def __bool__(self) -> bool:
        raise TypeError(
            "a device law decided on a number with `if`, `and`, `min` or the like, which works for one device "
            "only. Write where(condition, a, b), minimum(a, b) or maximum(a, b) of pinched.devices.elementwise."
        )

    def __repr__(self) -> str:
        if self.op in (Op.CONSTANT, Op.INPUT):
            return f"{self.value}"
        return f"{self.op.name.lower()}({', '.join(map(repr, self.operands))})"


def constant(value: Number) -> Node:
    """The node of a number."""
    return Node(Op.CONSTANT, (), float(value))


def variable(name: str) -> Node:
    """The node of an input called `name`."""
    return Node(Op.INPUT, (), name)


ZERO = constant(0.0)
ONE = constant(1.0)

_SCALAR: dict[Op, Callable[..., Any]] = {
    Op.ADD: lambda a, b: a + b,
    Op.SUB: lambda a, b: a - b,
    Op.MUL: lambda a, b: a * b,
    Op.DIV: lambda a, b: a / b,
    Op.POW: lambda a, b: a**b,
    Op.NEG: lambda a: -a,
    Op.EXP: math.exp,
    Op.EXPM1: math.expm1,
    Op.LOG: math.log,
    Op.LOG1P: math.log1p,
    Op.SINH: math.sinh,
    Op.COSH: math.cosh,
    Op.TANH: math.tanh,
    Op.ASIN: math.asin,
    Op.ATAN: math.atan,
    Op.SIN: math.sin,
    Op.COS: math.cos,
    Op.SQRT: math.sqrt,
    Op.ABS: abs,
    Op.LESS: lambda a, b: float(a < b),
    Op.LESS_EQUAL: lambda a, b: float(a <= b),
    Op.WHERE: lambda c, a, b: a if c else b,
    Op.GATED: lambda a, b: 0.0 if b == 0 else a * b,
}


def is_constant(node: Node, value: Number) -> bool:
    """True for the constant `value`."""
    return node.op is Op.CONSTANT and node.value == value


def apply(op: Op, *operands: Node | Number) -> Node:
    """The node of `op` on `operands`, with what is known already left out (x + 0, 1 x, constants)."""
    nodes = tuple(o if isinstance(o, Node) else constant(o) for o in operands)
    if all(n.op is Op.CONSTANT for n in nodes):
        try:
            return constant(_SCALAR[op](*(n.value for n in nodes)))
        except (ZeroDivisionError, OverflowError, ValueError):
            pass  # left to the machine, which gives inf or nan as every other backend does
    short = _shortened(op, nodes)
    return Node(op, nodes) if short is None else short


def _shortened(op: Op, nodes: tuple[Node, ...]) -> Node | None:
    first, last = nodes[0], nodes[-1]
    if op is Op.WHERE:
        if first.op is Op.CONSTANT:
            return nodes[1] if first.value else last
        return nodes[1] if nodes[1] is last else None
    if op in (Op.ADD, Op.SUB) and is_constant(last, 0):
        return first
    if op is Op.ADD and is_constant(first, 0):
        return last
    if op is Op.SUB and is_constant(first, 0):
        return apply(Op.NEG, last)
    if op in (Op.MUL, Op.GATED):
        if is_constant(first, 0) or is_constant(last, 0):
            return ZERO
        if is_constant(first, 1):
            return last
        if is_constant(last, 1):
            return first
    if op is Op.DIV and (is_constant(last, 1) or is_constant(first, 0)):
        return first
    if op is Op.POW and is_constant(last, 1):
        return first
    if op is Op.POW and is_constant(last, 2):
        return Node(Op.MUL, (first, first))
    if op is Op.NEG and first.op is Op.NEG:
        return first.operands[0]
    return None


def ordered(outputs: Sequence[Node]) -> list[Node]:
    """Every node that `outputs` need, operands before what uses them, each once."""
    done: dict[int, Node] = {}
    for output in outputs:
        stack = [(output, False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in done:
                continue
            if ready:
                done[id(node)] = node
                continue
            stack.append((node, True))
            stack.extend((o, False) for o in reversed(node.operands))
    return list(done.values())


def merged(outputs: Sequence[Node]) -> list[Node]:
    """The same formulas with every operation that occurs twice on the same operands made one node."""
    known: dict[tuple, Node] = {}
    new: dict[int, Node] = {}
    for node in ordered(outputs):
        operands = tuple(new[id(o)] for o in node.operands)
        key = (node.op, node.value, *map(id, operands))
        new[id(node)] = known.setdefault(key, Node(node.op, operands, node.value))
    return [new[id(o)] for o in outputs]


def evaluate(outputs: Sequence[Node], inputs: dict[str, float]) -> list[float]:
    """Values of `outputs` at `inputs` (name -> number), in plain Python; for checks, not for speed."""
    values: dict[int, float] = {}
    for node in ordered(outputs):
        if node.op is Op.CONSTANT:
            values[id(node)] = float(node.value)
        elif node.op is Op.INPUT:
            values[id(node)] = inputs[str(node.value)]
        else:
            values[id(node)] = _SCALAR[node.op](*(values[id(o)] for o in node.operands))
    return [values[id(o)] for o in outputs]


def derivative(outputs: Sequence[Node], by: Node) -> list[Node]:
    """Exact derivatives of `outputs` by the input `by`.

    Comparisons have derivative zero, |x| has sign(x), and `where` takes the derivative of the branch taken:
    what automatic differentiation does too.
    """
    slopes: dict[int, Node] = {}
    for node in ordered(outputs):
        if node is by or (node.op is Op.INPUT and by.op is Op.INPUT and node.value == by.value):
            slopes[id(node)] = ONE
        elif node.op in (Op.CONSTANT, Op.INPUT, Op.LESS, Op.LESS_EQUAL):
            slopes[id(node)] = ZERO
        else:
            slopes[id(node)] = _slope(node, [slopes[id(o)] for o in node.operands])
    return [slopes[id(o)] for o in outputs]


def _slope(node: Node, d: list[Node]) -> Node:
    if all(is_constant(s, 0) for s in d):
        return ZERO
    x = node.operands
    match node.op:
        case Op.ADD:
            return d[0] + d[1]
        case Op.SUB:
            return d[0] - d[1]
        case Op.MUL:
            return _gated(x[1], d[0]) + _gated(x[0], d[1])
        case Op.GATED:
            return apply(Op.GATED, x[1], d[0]) + apply(Op.GATED, x[0], d[1])
        case Op.DIV:
            return (d[0] - _gated(node, d[1])) / x[1]
        case Op.NEG:
            return -d[0]
        case Op.POW:
            return _power_slope(node, d)
        case Op.WHERE:
            return apply(Op.WHERE, x[0], d[1], d[2])
        case _:
            return _gated(_unary_slope(node), d[0])


def _gated(factor: Node, slope: Node) -> Node:
    return apply(Op.GATED, factor, slope)


def _power_slope(node: Node, d: list[Node]) -> Node:
    base, exponent = node.operands
    by_base = _gated(exponent * base ** (exponent - 1), d[0])
    if is_constant(d[1], 0):
        return by_base
    positive = base > 0
    # b^a ln b tends to 0 with b for a > 0; the logarithm itself does not.
    logarithm = apply(Op.LOG, apply(Op.WHERE, positive, base, ONE))
    return by_base + _gated(node * logarithm, d[1])


def _unary_slope(node: Node) -> Node:
    (x,) = node.operands
    match node.op:
        case Op.EXP:
            return node
        case Op.EXPM1:
            return node + 1
        case Op.LOG:
            return 1 / x
        case Op.LOG1P:
            return 1 / (x + 1)
        case Op.SINH:
            return apply(Op.COSH, x)
        case Op.COSH:
            return apply(Op.SINH, x)
        case Op.TANH:
            return 1 - node * node
        case Op.ASIN:
            return 1 / apply(Op.SQRT, 1 - x * x)
        case Op.ATAN:
            return 1 / (1 + x * x)
        case Op.SIN:
            return apply(Op.COS, x)
        case Op.COS:
            return -apply(Op.SIN, x)
        case Op.SQRT:
            return 0.5 / node
        case Op.ABS:
            return apply(Op.WHERE, x < 0, constant(-1), ONE)
        case _:
            raise TypeError(f"{node.op} is no function of one operand, so it has no slope here")
