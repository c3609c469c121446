"""BLAS inside compiled code: the routines that SciPy brings, called by their addresses.

The addresses are arguments of the compiled functions, so those can be kept on disk (a function that has an address
built in cannot). Matrices are column by column, as BLAS has them; `at` counts float64 from the start of an array.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import get_cython_function_address, intrinsic

_inside: Any = intrinsic  # what it makes has other arguments than the function it is given


@cache
def addresses() -> np.ndarray:
    """Addresses of dgemm and dsyrk."""
    return np.array(
        [get_cython_function_address("scipy.linalg.cython_blas", name) for name in ("dgemm", "dsyrk")],
        dtype=np.int64,
    )


def _pointers(context: Any, builder: Any, signature: Any, arguments: Any) -> list[Any]:
    """Every argument as BLAS wants it: numbers by address, (array, place) as the address of the element."""
    found = []
    k = 1
    while k < len(arguments):
        kind, value = signature.args[k], arguments[k]
        if isinstance(kind, types.Array):
            data = context.make_array(kind)(context, builder, value).data
            found.append(builder.gep(data, [arguments[k + 1]]))
            k += 2
            continue
        if isinstance(kind, types.Float):
            slot = context.cast(builder, value, kind, types.float64)
        else:
            slot = context.cast(builder, value, kind, types.int32)
        found.append(_in_entry(builder, slot))
        k += 1
    return found


def _in_entry(builder: Any, value: Any) -> Any:
    # Slots at the head of the function: one for each call site, and none that grows with every turn of a loop.
    with builder.goto_entry_block():
        slot = builder.alloca(value.type)
    builder.store(value, slot)
    return slot


@_inside
def _gemm(typing_context, address, ta, tb, m, n, k, alpha, a, a0, lda, b, b0, ldb, beta, c, c0, ldc):  # noqa: ARG001
    signature = types.void(
        types.int64, *[types.int32] * 5, types.float64, a, types.intp, types.int32, b, types.intp, types.int32,
        types.float64, c, types.intp, types.int32,
    )  # fmt: skip
    return signature, _call


@_inside
def _syrk(typing_context, address, uplo, trans, n, k, alpha, a, a0, lda, beta, c, c0, ldc):  # noqa: ARG001
    signature = types.void(
        types.int64, *[types.int32] * 4, types.float64, a, types.intp, types.int32, types.float64, c, types.intp,
        types.int32,
    )  # fmt: skip
    return signature, _call


def _call(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    pointers = _pointers(context, builder, signature, arguments)
    kind = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
    builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), pointers)
    return context.get_dummy_value()


_N, _T, _U = ord("N"), ord("T"), ord("U")


@njit(inline="always")
def multiply(blas, transposed_a, transposed_b, m, n, k, alpha, a, a0, lda, b, b0, ldb, beta, c, c0, ldc):
    """c (m, n) = alpha a b + beta c, column by column, of a or its transpose and b or its transpose."""
    ta = _T if transposed_a else _N
    tb = _T if transposed_b else _N
    _gemm(blas[0], ta, tb, m, n, k, alpha, a, a0, lda, b, b0, ldb, beta, c, c0, ldc)


@njit(inline="always")
def downdate(blas, n, k, a, a0, lda, c, c0, ldc):
    """c (n, n) -= a^T a with a (k, n), column by column, in the upper triangle (the lower one row by row)."""
    _syrk(blas[1], _U, _T, n, k, -1.0, a, a0, lda, 1.0, c, c0, ldc)
