"""What solving an array gives: `ArraySolution` with every voltage and current, `Reading` with the currents alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from jaxtyping import Float


class Method(Enum):
    """How an array was solved."""

    EFFECTIVE_MATRIX = "effective matrix by merging blocks"
    CONJUGATE_GRADIENTS = "conjugate gradients, lines as preconditioner"
    SPARSE = "sparse LU of all nodes"
    IDEAL = "no wires: a product of matrices"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """Currents of all bit lines for some inputs."""

    current: Float[np.ndarray, "... bit_line"] = field(metadata={"unit": "A"})
    """Out of the array, into the amplifier of each bit line."""
    method: Method
    residual: float
    """Largest violation of Kirchhoff's current law over the largest current of a terminal; NaN where the method has
    no residual of its own (a product with the effective matrix)."""
    iterations: int
    """Steps of the iteration, the most of any input; 0 for a direct solution."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ArraySolution:
    """Voltages and currents of an array with given voltages on its terminals."""

    word_line_current: Float[np.ndarray, "*word_plane word_line"] = field(metadata={"unit": "A"})
    """From the driver into each word line; 0 where it floats."""
    bit_line_current: Float[np.ndarray, "*bit_plane bit_line"] = field(metadata={"unit": "A"})
    """Out of each bit line into its amplifier; 0 where it floats."""
    word_voltage: Float[np.ndarray, "*word_plane word_line bit_line"] = field(metadata={"unit": "V"})
    """Of each node of the word lines; NaN where no terminal reaches it."""
    bit_voltage: Float[np.ndarray, "*bit_plane word_line bit_line"] = field(metadata={"unit": "V"})
    """Of each node of the bit lines; NaN where no terminal reaches it."""
    device_voltage: Float[np.ndarray, "*layer word_line bit_line"] = field(metadata={"unit": "V"})
    """Across each cell, word line minus bit line."""
    device_current: Float[np.ndarray, "*layer word_line bit_line"] = field(metadata={"unit": "A"})
    """Through each cell, from its word line to its bit line; NaN through a short circuit, where the voltage does not
    tell it."""
    residual: float
    """Largest violation of Kirchhoff's current law at a node over the largest current of a terminal, or over what
    rounding makes of the largest voltage where hardly any current flows."""
    iterations: int
    """Steps of the iteration (Newton's for devices that are not linear); 0 for a direct solution."""
    method: Method


def relative(wrong: float, currents: tuple[np.ndarray, ...], voltage: float, conductance: float) -> float:
    """`wrong` (A) over the largest of `currents` (A), or the rounding of `voltage` (V) times `conductance` (S)."""
    largest = max(float(np.abs(c).max(initial=0.0)) for c in currents)
    scale = max(largest, np.finfo(np.float64).eps * abs(voltage) * conductance)
    return wrong / scale if scale > 0 else 0.0
