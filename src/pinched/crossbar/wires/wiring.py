"""The wires of an array: `Wiring`, what stands between the terminals and the cells.

Word line i is driven at column 0 through the source resistance and one wire segment; segment j lies before cell j.
Bit line j leaves at the last row through one wire segment and the sense resistance; segment i lies behind cell i.
A line with both ends connected has one segment and one end resistance more, at its far end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._units import to_si

Resistance = float | str | np.ndarray
"""In ohm, or text such as "1 ohm"; an array gives every segment (word line, bit line), or every line, its own."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Wiring:
    """Resistances (ohm) of the wires of a (word line, bit line) array; 0 is a short circuit, infinity a break."""

    word: float | Float[np.ndarray, "word_line bit_line"] = field(metadata={"unit": "ohm"})
    """Of each segment of the word lines."""
    bit: float | Float[np.ndarray, "word_line bit_line"] = field(metadata={"unit": "ohm"})
    """Of each segment of the bit lines."""
    source: float | Float[np.ndarray, " word_line"] = field(metadata={"unit": "ohm"})
    """Of the driver of each word line."""
    sense: float | Float[np.ndarray, " bit_line"] = field(metadata={"unit": "ohm"})
    """Of the amplifier of each bit line."""
    both_ends: tuple[bool, bool] = (False, False)
    """Whether word lines, and bit lines, are connected at both ends to the same terminal voltage."""

    @property
    def plain(self) -> bool:
        """True where all segments of a kind are alike and conduct: what the fast solvers take."""
        lines = all(isinstance(r, float) and 0.0 < r < math.inf for r in (self.word, self.bit))
        return lines and all(isinstance(r, float) and math.isfinite(r) for r in (self.source, self.sense))

    def segments(self, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """`word`, `bit`, `source`, `sense` (ohm) of every segment and line of an array of `shape`."""
        lines, columns = shape
        return (
            np.broadcast_to(np.asarray(self.word, dtype=np.float64), shape),
            np.broadcast_to(np.asarray(self.bit, dtype=np.float64), shape),
            np.broadcast_to(np.asarray(self.source, dtype=np.float64), (lines,)),
            np.broadcast_to(np.asarray(self.sense, dtype=np.float64), (columns,)),
        )


def wiring(
    shape: tuple[int, int],
    wire_resistance: Resistance | tuple[Resistance, Resistance],
    source_resistance: Resistance,
    sense_resistance: Resistance,
    both_ends: tuple[bool, bool],
) -> Wiring:
    """The checked `Wiring` of an array of `shape` (word line, bit line).

    One `wire_resistance` holds for both kinds of lines. Raises `PinchedError` for a negative or undefined resistance
    and for an array that does not fit.
    """
    pair = wire_resistance if isinstance(wire_resistance, tuple) else (wire_resistance, wire_resistance)
    if len(pair) != 2:
        raise PinchedError(
            f"wire_resistance has {len(pair)} entries; give one resistance, or one for a segment of the word lines "
            "and one for a segment of the bit lines."
        )
    return Wiring(
        word=_checked(pair[0], "wire_resistance of the word lines", shape),
        bit=_checked(pair[1], "wire_resistance of the bit lines", shape),
        source=_checked(source_resistance, "source_resistance", shape[:1]),
        sense=_checked(sense_resistance, "sense_resistance", shape[1:]),
        both_ends=both_ends,
    )


def _checked(value: Resistance, name: str, shape: tuple[int, ...]) -> float | np.ndarray:
    if isinstance(value, str):
        found: float | np.ndarray = to_si(value, "ohm")
    elif np.ndim(value) == 0:
        found = float(value)
    else:
        found = np.asarray(value, dtype=np.float64)
        if found.shape != shape:
            raise PinchedError(
                f"{name} has the shape {found.shape}, but the array needs {shape}. Give one value, or one for each."
            )
    bad = np.isnan(found) | (np.asarray(found) < 0)
    if np.any(bad):
        worst = np.asarray(found)[bad].ravel()[0]
        raise PinchedError(
            f"{name} is {worst} ohm; a resistance is 0 (a short circuit), positive, or infinite (a break)."
        )
    return found
