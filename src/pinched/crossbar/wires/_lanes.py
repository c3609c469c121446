"""Eight float64 side by side, as a number that compiled code can compute with: one lane for each of eight blocks.

`Lanes` is what `load` gives; `fma`, `fnma`, `mul`, `add`, `reciprocal` and `reciprocal_root` compute, `store` writes
back. LLVM maps it to whatever vectors the processor has. Places count float64 from the start of a flat array.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

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


@intrinsic
def load(typing_context, array, place):  # noqa: ARG001
    """Eight numbers of `array` from `place` on."""

    def lower(context, builder, signature, arguments):
        where = _address(context, builder, signature.args[0], *arguments)
        return builder.load(where, align=8)

    return lanes(array, types.intp), lower


@intrinsic
def store(typing_context, array, place, value):  # noqa: ARG001
    """Write `value` to `array` from `place` on."""

    def lower(context, builder, signature, arguments):
        where = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.store(arguments[2], where, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), lower


@intrinsic
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


@intrinsic
def fma(typing_context, a, b, c):  # noqa: ARG001
    """a b + c."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return _fused(builder, *arguments)

    return lanes(lanes, lanes, lanes), lower


@intrinsic
def fnma(typing_context, a, b, c):  # noqa: ARG001
    """c - a b."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return _fused(builder, builder.fneg(arguments[0]), arguments[1], arguments[2])

    return lanes(lanes, lanes, lanes), lower


@intrinsic
def mul(typing_context, a, b):  # noqa: ARG001
    """a b."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return builder.fmul(*arguments)

    return lanes(lanes, lanes), lower


@intrinsic
def add(typing_context, a, b):  # noqa: ARG001
    """a + b."""

    def lower(context, builder, signature, arguments):  # noqa: ARG001
        return builder.fadd(*arguments)

    return lanes(lanes, lanes), lower


@intrinsic
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
