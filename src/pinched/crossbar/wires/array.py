"""`Crossbar`: an array of conductances with real wires, and the three questions that one asks it.

`effective_conductance` when many inputs will come (the whole linear array collapses into one matrix), `read` for the
currents of some inputs (it chooses on its own), `solve` for every node voltage, with any line at any voltage or
floating. For gradients: `gradient.effective_conductance`. For devices that are not linear: `nonlinear`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from pinched._params import require
from pinched.crossbar.wires import direct
from pinched.crossbar.wires.solution import ArraySolution, Method, Reading
from pinched.crossbar.wires.wiring import Resistance, Wiring, wiring

Array = np.ndarray


@dataclass(frozen=True, kw_only=False, eq=False)
class Crossbar:
    """An array, or a batch of equal ones, of cells between word lines and bit lines.

    Word line i is driven at column 0, bit line j sensed at the last row, see `wiring`. Everything is float64. The
    array never changes: `program` makes a new one, so that what was computed for it stays true.
    """

    conductance: Float[np.ndarray, "*array word_line bit_line"] = field(metadata={"unit": "S"})
    """Of each cell; 0 for an open cell, infinite for a short circuit. Axes before the last two are equal arrays."""
    _: dataclasses.KW_ONLY
    wire_resistance: Resistance | tuple[Resistance, Resistance] = 0.0
    """Of one wire segment (ohm, or "1 ohm"): of both kinds of lines, or (word lines, bit lines), each one number or
    one for every segment (word line, bit line); 0 for ideal wires, infinite for a break."""
    source_resistance: Resistance = 0.0
    """Of the driver of a word line (ohm), one or one for each."""
    sense_resistance: Resistance = 0.0
    """Of the amplifier of a bit line (ohm), one or one for each."""
    both_ends: tuple[bool, bool] = (False, False)
    """Whether word lines are driven, and bit lines sensed, at both ends."""

    def __post_init__(self) -> None:
        g = checked_conductance(self, self.conductance)
        object.__setattr__(self, "conductance", g)
        self.wiring  # noqa: B018 - checks the resistances now rather than at the first use

    @property
    def shape(self) -> tuple[int, int]:
        """Word lines and bit lines of one array."""
        return self.conductance.shape[-2], self.conductance.shape[-1]

    @cached_property
    def wiring(self) -> Wiring:
        """The checked resistances."""
        return wiring(
            self.shape, self.wire_resistance, self.source_resistance, self.sense_resistance, self.both_ends
        )

    def program(self, conductance: Array) -> Crossbar:
        """The same wires with cells of `conductance` (S): a new array, whose effective matrix is computed anew."""
        return dataclasses.replace(self, conductance=conductance)

    def effective_conductance(self) -> Float[np.ndarray, "*array word_line bit_line"]:
        """What the wires leave of the array (S): currents (input, bit line) = voltages (input, word line) @ this.

        Exact, computed once per array. Bit lines are at 0 V. Read-only.
        """
        return self._effective

    @cached_property
    def _effective(self) -> Array:
        found = direct.effective(self.conductance, self.wiring)
        found.setflags(write=False)
        return found

    def read(self, voltages: Float[np.ndarray, "... word_line"], *, tolerance: float = 1e-10) -> Reading:
        """Currents (..., input, bit line) for `voltages` (V) on the word lines, (..., input, word line).

        Bit lines are at 0 V. `tolerance` is the largest error that is allowed of a current, over the largest current
        of its input. Few inputs of an array whose effective matrix is not there yet go through conjugate gradients,
        others through the matrix; `Reading.method` says which. Raises `PinchedError` for voltages that do not fit.
        """
        volts = self._inputs(voltages)
        if direct.ideal(self.wiring) and np.isfinite(self.conductance).all():
            return Reading(current=volts @ self.conductance, method=Method.IDEAL, residual=0.0, iterations=0)
        if self.conductance.ndim == 2 and "_effective" not in self.__dict__:
            flat = volts.reshape(-1, self.shape[0])
            quick = direct.few(self.conductance, self.wiring, flat, tolerance)
            if quick is not None:
                shape = (*volts.shape[:-1], self.shape[1])
                return dataclasses.replace(quick, current=quick.current.reshape(shape))
        return Reading(
            current=volts @ self.effective_conductance(),
            method=Method.EFFECTIVE_MATRIX,
            residual=float("nan"),
            iterations=0,
        )

    def _inputs(self, voltages: Array) -> Array:
        volts = np.asarray(voltages, dtype=np.float64)
        require(
            self,
            volts.ndim >= 1 and volts.shape[-1] == self.shape[0],
            f"voltages have the shape {volts.shape}, but the array has {self.shape[0]} word lines; give "
            "(..., input, word line).",
        )
        require(
            self,
            bool(np.isfinite(volts).all()),
            "a voltage is no finite number. For a floating line (NaN) use solve.",
        )
        return volts

    def solve(
        self,
        word_line_voltage: Float[np.ndarray, " word_line"] | float,
        bit_line_voltage: Float[np.ndarray, " bit_line"] | float = 0.0,
        *,
        tolerance: float = 1e-12,
    ) -> ArraySolution:
        """Every voltage and current with these voltages (V) on the terminals; NaN leaves a line floating.

        For one array (no leading axes). Raises `PinchedError` for shapes that do not fit, and where every line
        floats.
        """
        require(
            self,
            self.conductance.ndim == 2,
            f"solve takes one array, but conductance has the shape {self.conductance.shape}. Take one of the arrays: "
            "program(conductance[k]).",
        )
        word = terminal_voltages(self, word_line_voltage, self.shape[0], "word_line_voltage")
        bit = terminal_voltages(self, bit_line_voltage, self.shape[1], "bit_line_voltage")
        return direct.solve(self.conductance, self.wiring, word, bit, tolerance)


def terminal_voltages(owner: object, voltage: Array | float, count: int, name: str) -> Array:
    """`voltage` (V) for each of `count` lines, NaN where one floats.

    Raises `PinchedError`, in the name of `owner`, for a shape that does not fit and for an infinite voltage.
    """
    given = np.asarray(voltage, dtype=np.float64)
    require(
        owner,
        given.shape in ((), (count,)),
        f"{name} has the shape {given.shape}, but there are {count} such lines. Give one voltage, or one for each.",
    )
    require(
        owner, not np.isinf(given).any(), f"{name} is infinite somewhere; give volts, or NaN to float a line."
    )
    return np.broadcast_to(given, (count,))


def checked_conductance(owner: object, conductance: Array) -> Array:
    """`conductance` (S) as float64 that nobody can write to; raises `PinchedError`, in the name of `owner`."""
    try:
        g = np.array(conductance, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        require(owner, False, f"conductance is no array of numbers ({error}); give it in S.")
        raise
    require(
        owner,
        g.ndim >= 2 and 0 not in g.shape,
        f"conductance has the shape {g.shape}; it needs (word line, bit line), at least one of each, after any "
        "axes of equal arrays.",
    )
    bad = np.isnan(g) | (g < 0)
    if bad.any():
        place = tuple(int(k) for k in np.argwhere(bad)[0])
        require(
            owner,
            False,
            f"the conductance at {place} is {g[place]} S, one of {int(bad.sum())} that are negative or no number. "
            "A cell has 0 S (open) or more; a signed weight takes two cells (a mapping makes them).",
        )
    g.setflags(write=False)
    return g
