"""Functions that a device law is written with: for numbers, NumPy arrays, tensors and recorded expressions.

Use these, and `+ - * / **`, in the methods of a law; the same lines then compute one device, a tensor of
devices with gradients, and the formula that the time loop compiles (`pinched.devices._expression`). `where` takes
both branches, so clamp before what would overflow or be undefined in the branch not taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from pinched.devices._expression import Node, Op, apply

Value = Any
"""A number, a NumPy array, a tensor or a recorded expression."""


def _function(
    op: Op, number: Callable[[float], float], tensor: Callable[..., torch.Tensor], x: Value
) -> Value:
    if isinstance(x, Node):
        return apply(op, x)
    if isinstance(x, torch.Tensor):
        return tensor(x)
    if isinstance(x, np.ndarray):
        # NumPy has every one of these functions by the name that it has in torch.
        return getattr(np, tensor.__name__)(x)
    return number(x)


def exp(x: Value) -> Value:
    """e to the power of `x`; clamp `x` at 700 where it may grow beyond (`bounded_exp`)."""
    return _function(Op.EXP, math.exp, torch.exp, x)


def bounded_exp(x: Value, limit: float = 80.0) -> Value:
    """e to the power of `x`, where `x` is held within +-`limit` so that neither float32 nor float64 overflows."""
    return exp(clamp(x, -limit, limit))


def expm1(x: Value) -> Value:
    """e^x - 1, exact near zero."""
    return _function(Op.EXPM1, math.expm1, torch.expm1, x)


def log(x: Value) -> Value:
    """Natural logarithm."""
    return _function(Op.LOG, math.log, torch.log, x)


def log1p(x: Value) -> Value:
    """ln(1 + x), exact near zero."""
    return _function(Op.LOG1P, math.log1p, torch.log1p, x)


def sinh(x: Value) -> Value:
    """Hyperbolic sine."""
    return _function(Op.SINH, math.sinh, torch.sinh, x)


def cosh(x: Value) -> Value:
    """Hyperbolic cosine."""
    return _function(Op.COSH, math.cosh, torch.cosh, x)


def tanh(x: Value) -> Value:
    """Hyperbolic tangent."""
    return _function(Op.TANH, math.tanh, torch.tanh, x)


def asin(x: Value) -> Value:
    """Inverse sine."""
    return _function(Op.ASIN, math.asin, torch.asin, x)


def atan(x: Value) -> Value:
    """Inverse tangent."""
    return _function(Op.ATAN, math.atan, torch.atan, x)


def sin(x: Value) -> Value:
    """Sine."""
    return _function(Op.SIN, math.sin, torch.sin, x)


def cos(x: Value) -> Value:
    """Cosine."""
    return _function(Op.COS, math.cos, torch.cos, x)


def sqrt(x: Value) -> Value:
    """Square root."""
    return _function(Op.SQRT, math.sqrt, torch.sqrt, x)


def where(condition: Value, a: Value, b: Value) -> Value:
    """`a` where `condition` holds, else `b`; both are computed."""
    if any(isinstance(x, Node) for x in (condition, a, b)):
        if isinstance(condition, bool):
            return a if condition else b
        return apply(Op.WHERE, condition, a, b)
    if isinstance(condition, torch.Tensor):
        if not isinstance(a, torch.Tensor) and not isinstance(b, torch.Tensor):
            # Two plain numbers would come out in float32, torch's default, whatever is computed with them.
            a = torch.tensor(a, dtype=torch.float64)
        return torch.where(condition, a, b)
    if isinstance(condition, np.ndarray):
        return np.where(condition, a, b)
    return a if condition else b


def maximum(a: Value, b: Value) -> Value:
    """The larger of two."""
    return where(a < b, b, a)


def minimum(a: Value, b: Value) -> Value:
    """The smaller of two."""
    return where(b < a, b, a)


def clamp(x: Value, low: Value, high: Value) -> Value:
    """`x` held within [`low`, `high`]."""
    return minimum(maximum(x, low), high)


def positive(x: Value) -> Value:
    """`x` where it is above zero, else 0: the overdrive beyond a threshold."""
    return where(x > 0, x, 0.0)


def sigmoid(x: Value) -> Value:
    """1 / (1 + e^-x), exact in both tails."""
    small = exp(-abs(x))
    return where(x < 0, small, 1.0 + 0.0 * small) / (1.0 + small)


def softplus(x: Value) -> Value:
    """ln(1 + e^x), without overflow."""
    return positive(x) + log1p(exp(-abs(x)))


def sign(x: Value) -> Value:
    """-1, 0 or 1."""
    if isinstance(x, torch.Tensor):
        return torch.sign(x)
    if isinstance(x, np.ndarray):
        return np.sign(x)
    return where(x > 0, 1.0, where(x < 0, -1.0, 0.0))
