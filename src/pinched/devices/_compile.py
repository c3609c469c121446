"""Expression graphs to machine code, through the compiler that numba brings: no source text, no files.

`machine_code` gives the address of a C function `void f(const double *x, double u, double i, const double *p,
double *out)`, where x is the state, u the voltage on the device, i its current and p its parameters. The time
loop (`pinched.devices._kernel`) is compiled once and calls any law by such addresses.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from numba import cfunc, types
from numba.core.typing import templates
from numba.extending import intrinsic

from pinched.devices._expression import Node, Op, ordered

_SIGNATURE = types.void(
    types.CPointer(types.float64),
    types.float64,
    types.float64,
    types.CPointer(types.float64),
    types.CPointer(types.float64),
)
_F8 = types.float64
_UNARY = {
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
    Op.ABS: math.fabs,
}


class MachineCode:
    """A compiled C function: its `address`, and the object that keeps the code alive."""

    __slots__ = ("_keep", "address")

    def __init__(self, outputs: Sequence[Node], inputs: dict[str, tuple[str, int]]) -> None:
        body: Any = _body(list(outputs), inputs)

        def entry(x, u, i, p, out):  # pragma: no cover - compiled
            body(x, u, i, p, out)

        self._keep = cfunc(_SIGNATURE)(entry)
        self.address = int(self._keep.address or 0)


def _body(outputs: list[Node], inputs: dict[str, tuple[str, int]]):
    nodes = ordered(outputs)

    def body(typing_context, x, u, i, p, out):  # noqa: ARG001
        signature = types.void(x, u, i, p, out)

        def lower(context, builder, _signature, arguments):
            emit = _Emitter(
                context, builder, dict(zip(("x", "u", "i", "p", "out"), arguments, strict=True)), inputs
            )
            values = emit.run(nodes)
            for k, output in enumerate(outputs):
                emit.store(k, values[id(output)])
            return context.get_dummy_value()

        return signature, lower

    return intrinsic(body)


class _Emitter:
    """Writes the instructions of nodes into one block."""

    def __init__(self, context, builder, arguments, inputs) -> None:
        self.context, self.builder, self.arguments, self.inputs = context, builder, arguments, inputs
        self.known: dict[tuple, object] = {}

    def run(self, nodes: list[Node]) -> dict[int, object]:
        values: dict[int, object] = {}
        keys: dict[int, tuple] = {}
        for node in nodes:
            # Equal operations on equal operands are computed once, also where two derivatives made them apart.
            key = (node.op, node.value, *(id(values[id(o)]) for o in node.operands))
            if key not in self.known:
                self.known[key] = self.emit(node, [values[id(o)] for o in node.operands])
            values[id(node)] = self.known[key]
            keys[id(node)] = key
        return values

    def emit(self, node: Node, x: list):
        b = self.builder
        match node.op:
            case Op.CONSTANT:
                return self.context.get_constant(_F8, node.value)
            case Op.INPUT:
                return self.load(str(node.value))
            case Op.ADD:
                return b.fadd(*x)
            case Op.SUB:
                return b.fsub(*x)
            case Op.MUL:
                return b.fmul(*x)
            case Op.DIV:
                return b.fdiv(*x)
            case Op.NEG:
                return b.fneg(*x)
            case Op.LESS:
                return b.fcmp_ordered("<", *x)
            case Op.LESS_EQUAL:
                return b.fcmp_ordered("<=", *x)
            case Op.WHERE:
                return b.select(*x)
            case Op.GATED:
                zero = self.context.get_constant(_F8, 0.0)
                return b.select(b.fcmp_ordered("==", x[1], zero), zero, b.fmul(*x))
            case Op.POW:
                return self.call(operator.pow, x)
            case _:
                return self.call(_UNARY[node.op], x)

    def call(self, function, x: list):
        signature = templates.signature(_F8, *([_F8] * len(x)))
        kind = self.context.typing_context.resolve_value_type(function)
        kind.get_call_type(self.context.typing_context, signature.args, {})
        return self.context.get_function(kind, signature)(self.builder, x)

    def load(self, name: str):
        where, k = self.inputs[name]
        if where in ("u", "i"):
            return self.arguments[where]
        return self.builder.load(self.slot(where, k))

    def slot(self, where: str, k: int):
        index = self.context.get_constant(types.intp, k)
        return self.builder.gep(self.arguments[where], [index])

    def store(self, k: int, value) -> None:
        self.builder.store(value, self.slot("out", k))


def _call_law(typing_context, address, x, u, i, p, out):  # noqa: ARG001
    """Inside compiled code: call the law function at `address` (int64) with arrays x, p, out and numbers u, i."""
    signature = types.void(address, x, u, i, p, out)

    def lower(context, builder, signature, arguments):
        from llvmlite import ir

        double, pointer = ir.DoubleType(), ir.DoubleType().as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, double, double, pointer, pointer])
        function = builder.inttoptr(arguments[0], kind.as_pointer())

        def data(k: int):
            array = context.make_array(signature.args[k])(context, builder, arguments[k])
            return array.data

        builder.call(function, [data(1), arguments[2], arguments[3], data(4), data(5)])
        return context.get_dummy_value()

    return signature, lower


call_law: Any = intrinsic(_call_law)
