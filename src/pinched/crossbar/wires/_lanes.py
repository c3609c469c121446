"""Eight float64 side by side, as a number that compiled code can compute with: one lane for each of eight blocks.

`Lanes` is what `load` gives; `fma`, `fnma`, `mul`, `add`, `reciprocal` and `reciprocal_root` compute, `store` writes
back. LLVM maps it to whatever vectors the processor has. Places count float64 from the start of a flat array.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

_inside: Any = intrinsic  # what it makes has other arguments than the function it is given
LANES = 8
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


class Lanes(types.Type):
    """Numba type of eight float64."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


lanes = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _address(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [place]), _VECTOR.as_pointer())


@_inside
def load(typing_context, array, place):  # noqa: ARG001
    """Eight numbers of `array` from `place` on."""

    def lower(context, builder, signature, arguments):
        where = _address(context, builder, signature.args[0], *arguments)
        return builder.load(where, align=8)

    return lanes(array, types.intp), lower


@_inside
def store(typing_context, array, place, value):  # noqa: ARG001
    """Write `value` to `array` from `place` on."""

    def lower(context, builder, signature, arguments):
        where = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.store(arguments[2], where, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), lower


@_inside
def spread(typing_context, number):  # noqa: ARG001
    """`number` in every lane."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], ir.IntType(32)(0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), mask)

    return lanes(types.float64), lower


def _fused(builder: Any, *arguments: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    function = builder.module.globals.get("llvm.fma.v8f64")
    if function is None:
        function = ir.Function(builder.module, kind, "llvm.fma.v8f64")
    return builder.call(function, arguments)


@_inside
def fma(typing_context, a, b, c):  # noqa: ARG001
    """a b + c."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return _fused(builder, *arguments)

    return lanes(lanes, lanes, lanes), lower


@_inside
def fnma(typing_context, a, b, c):  # noqa: ARG001
    """c - a b."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return _fused(builder, builder.fneg(arguments[0]), arguments[1], arguments[2])

    return lanes(lanes, lanes, lanes), lower


@_inside
def mul(typing_context, a, b):  # noqa: ARG001
    """a b."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return builder.fmul(*arguments)

    return lanes(lanes, lanes), lower


@_inside
def add(typing_context, a, b):  # noqa: ARG001
    """a + b."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return builder.fadd(*arguments)

    return lanes(lanes, lanes), lower


@_inside
def reciprocal_root(typing_context, a):  # noqa: ARG001
    """1 / sqrt(a)."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        function = builder.module.globals.get("llvm.sqrt.v8f64")
        if function is None:
            function = ir.Function(builder.module, kind, "llvm.sqrt.v8f64")
        one = ir.Constant(_VECTOR, [1.0] * LANES)
        return builder.fdiv(one, builder.call(function, arguments))

    return lanes(lanes), lower


def _columns(builder: Any, rows: list[Any]) -> list[Any]:
    """Eight vectors as the columns of the square that they are the rows of: three rounds of exchanges."""

    def mixed(a: Any, b: Any, chosen: list[int]) -> Any:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), chosen)
        return builder.shuffle_vector(a, b, mask)

    for width in (1, 2, 4):
        low = [k + (LANES - width if k & width else 0) for k in range(LANES)]
        high = [k + (LANES if k & width else width) for k in range(LANES)]
        new = list(rows)
        for k in range(LANES):
            if not k & width:
                new[k] = mixed(rows[k], rows[k + width], low)
                new[k + width] = mixed(rows[k], rows[k + width], high)
        rows = new
    return rows


def _rows(context: Any, builder: Any, kind: Any, source: Any, place: Any, stride: Any) -> list[Any]:
    found = []
    for k in range(LANES):
        at = builder.add(place, builder.mul(stride, stride.type(k)))
        found.append(builder.load(_address(context, builder, kind, source, at), align=8))
    return found


def _put(context: Any, builder: Any, kind: Any, target: Any, to: Any, vectors: list[Any]) -> None:
    for k, vector in enumerate(vectors):
        at = builder.add(to, to.type(k * LANES))
        builder.store(vector, _address(context, builder, kind, target, at), align=8)


@_inside
def transpose_in(typing_context, source, place, stride, target, to):  # noqa: ARG001
    """Eight rows of eight numbers, `stride` apart in `source`, turned: column k goes to `to` + 8 k in `target`."""

    def lower(context, builder, signature, arguments):
        source, place, stride, target, to = arguments
        rows = _rows(context, builder, signature.args[0], source, place, stride)
        _put(context, builder, signature.args[3], target, to, _columns(builder, rows))
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target, types.intp), lower


@_inside
def transpose_product(typing_context, source, place, stride, factor, target, to):  # noqa: ARG001
    """`transpose_in` of what stands in `source` times what stands at the same places in `factor`."""

    def lower(context, builder, signature, arguments):
        source, place, stride, factor, target, to = arguments
        rows = _rows(context, builder, signature.args[0], source, place, stride)
        others = _rows(context, builder, signature.args[3], factor, place, stride)
        products = [builder.fmul(x, y) for x, y in zip(rows, others, strict=True)]
        _put(context, builder, signature.args[4], target, to, _columns(builder, products))
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, factor, target, types.intp), lower


@_inside
def transpose_out(typing_context, source, place, target, to, stride):  # noqa: ARG001
    """The other way: eight columns, 8 apart in `source`, to eight rows, `stride` apart in `target`."""

    def lower(context, builder, signature, arguments):
        kind = signature.args
        source, place, target, to, stride = arguments
        columns = []
        for k in range(LANES):
            at = builder.add(place, place.type(k * LANES))
            columns.append(builder.load(_address(context, builder, kind[0], source, at), align=8))
        for k, row in enumerate(_columns(builder, columns)):
            at = builder.add(to, builder.mul(stride, stride.type(k)))
            builder.store(row, _address(context, builder, kind[2], target, at), align=8)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp, types.intp), lower


@_inside
def total(typing_context, a):  # noqa: ARG001
    """Sum of the lanes."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        parts = [builder.extract_element(arguments[0], ir.IntType(32)(k)) for k in range(LANES)]
        while len(parts) > 1:
            parts = [builder.fadd(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    return types.float64(lanes), lower


@_inside
def divide(typing_context, a, b):  # noqa: ARG001
    """a / b."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return builder.fdiv(*arguments)

    return lanes(lanes, lanes), lower


@_inside
def subtract(typing_context, a, b):  # noqa: ARG001
    """a - b."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return builder.fsub(*arguments)

    return lanes(lanes, lanes), lower
