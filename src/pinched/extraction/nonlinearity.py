r"""What "nonlinearity" of a pulse-driven conductance means, and exact conversions between the conventions.

All conventions describe one curve: the exponential update of chen2018neurosim over a window of N pulses,

$$ y(x) = \frac{1 - e^{-c x}}{1 - e^{-c}}, \qquad x = n / N, \qquad c = N / A, $$

which `progress` gives. Papers print A in pulses, A / N, 1 / A, or NeuroSim's label (the largest distance of y from
the straight line, divided by 0.098995), and rarely say which: always name the `Convention`. `convert` goes from any
to any, `curvatures_of_labels` does it for many labels at once. A label of 5.08 is not A = 5.08.
"""

from __future__ import annotations

import math
from enum import Enum, StrEnum, auto

import numpy as np
from jaxtyping import Float
from scipy import optimize

from pinched._errors import PinchedError

LABEL_UNIT = 0.098995
"""Distance from the straight line for a label of 1: NeuroSim's table is proportional to it to five digits."""

CURVATURE_MAX = 200.0
"""Largest N / A: a hundredth of the window is then left after 2.3 % of the pulses, which is a step."""


class Convention(Enum):
    """What a number called nonlinearity means."""

    NEUROSIM_LABEL = auto()
    """Label of NeuroSim's table; above zero for potentiation, below for depression, where early pulses do most."""
    PULSES = auto()
    """A in pulses; infinite for a straight line."""
    NORMALISED = auto()
    """A / N, where N pulses cross the window; infinite for a straight line."""
    ALPHA = auto()
    """1 / A, per pulse; 0 for a straight line."""


class Direction(StrEnum):
    """Whether the conductance rises or falls."""

    POTENTIATION = "potentiation"
    DEPRESSION = "depression"


def progress(x: Float[np.ndarray, " *point"], curvature: float) -> Float[np.ndarray, " *point"]:
    """(1 - e^(-c x)) / (1 - e^(-c)) from 0 to 1 at the share `x` of the pulses, for c of either sign."""
    if abs(curvature) < 1e-6:
        return np.asarray(x + 0.5 * curvature * x * (1.0 - x))
    if curvature < 0:
        # The same curve turned by half a turn: no exponential of a large number.
        return np.asarray(1.0 - progress(np.asarray(1.0 - x), -curvature))
    return np.asarray(np.expm1(-curvature * x) / math.expm1(-curvature))


def bow_of(curvature: float) -> float:
    """Largest distance of the normalised curve from the straight line, for `curvature` N / A of either sign."""
    return float(bows_of(np.array(curvature)))


def bows_of(curvature: Float[np.ndarray, " *device"]) -> Float[np.ndarray, " *device"]:
    """`bow_of`, elementwise."""
    size = np.abs(curvature)
    c = np.maximum(size, 1e-4)
    scale = -1.0 / np.expm1(-c)
    # The exact form is a difference of equal numbers below that; its series is c/8 (1 - c^2/192).
    exact = scale - (1.0 + np.log(scale * c)) / c
    return np.asarray(np.copysign(np.where(size < 1e-4, size / 8.0, exact), curvature))


def label_from_pulses(pulses: float, count: float) -> float:
    """NeuroSim's label for A = `pulses` on a trace of `count` pulses; 0 for an infinite A."""
    return bow_of(count / pulses) / LABEL_UNIT if math.isfinite(pulses) else 0.0


def pulses_from_label(label: float, count: float) -> float:
    """A in pulses for NeuroSim's `label` on a trace of `count` pulses: the exact inverse, not the table.

    Raises `PinchedError` for a label beyond 9.8: the curve would leave the unit square.
    """
    if label == 0:
        return math.inf
    _require_labels(np.array(label))
    curvature = optimize.brentq(
        lambda c: bow_of(c) - abs(label) * LABEL_UNIT, 1e-9, CURVATURE_MAX, xtol=1e-13
    )
    return math.copysign(count / float(curvature), label)  # type: ignore[arg-type]


def curvatures_of_labels(labels: Float[np.ndarray, " *device"]) -> Float[np.ndarray, " *device"]:
    """N / A for NeuroSim's `labels`, elementwise, to rounding: bisection, then Newton steps.

    Above zero for a positive label. Raises `PinchedError` for a label beyond 9.8.
    """
    _require_labels(labels)
    wanted = np.asarray(np.abs(labels) * LABEL_UNIT)
    low, high = np.zeros_like(wanted), np.full_like(wanted, CURVATURE_MAX)
    for _ in range(30):
        middle = np.asarray(0.5 * (low + high))
        below = bows_of(middle) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    c = np.asarray(0.5 * (low + high))
    for _ in range(3):
        c = np.asarray(c + (wanted - bows_of(c)) / bow_slopes(c))
    return np.asarray(np.copysign(np.where(wanted == 0, 0.0, c), labels))


def bow_slopes(curvature: Float[np.ndarray, " *device"]) -> Float[np.ndarray, " *device"]:
    """Derivative of `bows_of` by the curvature, elementwise."""
    size = np.abs(curvature)
    c = np.maximum(size, 1e-2)
    rest = np.expm1(-c)
    # d/dc of the scale -1 / expm1(-c) is -e^-c / expm1(-c)^2; the logarithm's part cancels one half of it.
    scale_slope = -np.exp(-c) / rest**2
    exact = scale_slope + (1.0 + np.log(-c / rest)) / c**2 - (1.0 / c + scale_slope * -rest) / c
    return np.where(size < 1e-2, (1.0 - size**2 / 64.0) / 8.0, exact)


def _require_labels(labels: Float[np.ndarray, " *device"]) -> None:
    beyond = ~(np.abs(labels) * LABEL_UNIT < bow_of(CURVATURE_MAX))
    if beyond.any():
        worst = float(labels[beyond].flat[0])
        raise PinchedError(
            f"a nonlinearity label of {worst:g} is none: labels lie between -9.8 and 9.8. Is it A in pulses? Name "
            "its Convention."
        )


def curvature_from(
    value: float, convention: Convention, *, pulses: float, direction: Direction = Direction.POTENTIATION
) -> float:
    """N / A, above zero where early pulses move most, for `value` by `convention` on a window of `pulses` pulses.

    Raises `PinchedError` for a label beyond 9.8, and for A = 0 or a number of pulses that is not above zero.
    """
    if not pulses > 0:
        raise PinchedError(f"a window of {pulses} pulses: give the pulses that cross it, above zero.")
    if convention in (Convention.PULSES, Convention.NORMALISED) and value == 0:
        raise PinchedError(
            "a nonlinearity A of 0 pulses would be a single step. A straight line has an infinite A."
        )
    match convention:
        case Convention.NEUROSIM_LABEL:
            a = pulses_from_label(value if direction is Direction.POTENTIATION else -value, pulses)
            return pulses / a
        case Convention.PULSES:
            return pulses / value
        case Convention.NORMALISED:
            return 1.0 / value
        case Convention.ALPHA:
            return value * pulses


def nonlinearity_of(
    curvature: float, convention: Convention, *, pulses: float, direction: Direction = Direction.POTENTIATION
) -> float:
    """The inverse of `curvature_from`: `curvature` N / A as a number by `convention`."""
    match convention:
        case Convention.NEUROSIM_LABEL:
            sign = 1.0 if direction is Direction.POTENTIATION else -1.0
            return sign * bow_of(curvature) / LABEL_UNIT
        case Convention.PULSES:
            return math.inf if curvature == 0 else pulses / curvature
        case Convention.NORMALISED:
            return math.inf if curvature == 0 else 1.0 / curvature
        case Convention.ALPHA:
            return curvature / pulses


def convert(
    value: float,
    given: Convention,
    wanted: Convention,
    *,
    pulses: float,
    direction: Direction = Direction.POTENTIATION,
) -> float:
    """A nonlinearity `value` of convention `given` in the convention `wanted`, for a window of `pulses` pulses.

    Raises `PinchedError` as `curvature_from` does.
    """
    curvature = curvature_from(value, given, pulses=pulses, direction=direction)
    return nonlinearity_of(curvature, wanted, pulses=pulses, direction=direction)
