"""Arrays stacked on each other that share lines between them (3D), as the outlook of marraccini2025fast sees memory.

Planes of word lines and of bit lines take turns: plane 0 word lines, plane 1 bit lines, plane 2 word lines and so on.
Layer k of cells joins planes k and k + 1, so that a plane in the middle serves two layers. One layer is an array.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from pinched._params import require
from pinched.crossbar.wires import sparse
from pinched.crossbar.wires.array import checked_conductance
from pinched.crossbar.wires.planes import Planes
from pinched.crossbar.wires.solution import ArraySolution, Method, Reading
from pinched.crossbar.wires.wiring import Resistance, Wiring, wiring


@dataclass(frozen=True, eq=False)
class CrossbarStack:
    """Layers of cells between planes of lines; every plane has the same wires."""

    conductance: Float[np.ndarray, "layer word_line bit_line"] = field(metadata={"unit": "S"})
    """Of each cell; 0 for an open cell, infinite for a short circuit."""
    wire_resistance: Resistance | tuple[Resistance, Resistance] = field(default=0.0, metadata={"unit": "ohm"})
    """As in `Crossbar`."""
    source_resistance: Resistance = field(default=0.0, metadata={"unit": "ohm"})
    """As in `Crossbar`."""
    sense_resistance: Resistance = field(default=0.0, metadata={"unit": "ohm"})
    """As in `Crossbar`."""
    both_ends: tuple[bool, bool] = (False, False)
    """As in `Crossbar`."""

    def __post_init__(self) -> None:
        g = checked_conductance(self, self.conductance)
        require(
            self, g.ndim == 3, f"conductance has the shape {g.shape}; it needs (layer, word line, bit line)."
        )
        object.__setattr__(self, "conductance", g)
        self.wiring  # noqa: B018 - checks the resistances now rather than at the first use

    @cached_property
    def wiring(self) -> Wiring:
        """The checked resistances."""
        lines, columns = self.conductance.shape[1:]
        return wiring(
            (lines, columns),
            self.wire_resistance,
            self.source_resistance,
            self.sense_resistance,
            self.both_ends,
        )

    @property
    def planes(self) -> Planes:
        """Numbers of its nodes."""
        return Planes(layers=self.conductance.shape[0], shape=self.conductance.shape[1:])  # type: ignore[arg-type]

    def effective_conductance(self) -> Float[np.ndarray, "word_plane word_line bit_plane bit_line"]:
        """Currents (bit plane, bit line) per volt (word plane, word line), in S, with all bit lines at 0 V."""
        return self._effective

    @cached_property
    def _effective(self) -> np.ndarray:
        found = sparse.effective(self.conductance, self.wiring)
        found.setflags(write=False)
        return found

    def read(self, voltages: Float[np.ndarray, "... word_plane word_line"]) -> Reading:
        """Currents (..., bit plane, bit line) for `voltages` (V) on the word lines, with bit lines at 0 V.

        Raises `PinchedError` for voltages that do not fit.
        """
        volts = np.asarray(voltages, dtype=np.float64)
        wanted = self.planes.terminals[0].shape
        require(
            self,
            volts.shape[-2:] == wanted,
            f"voltages have the shape {volts.shape}, but the stack needs (..., {wanted[0]}, {wanted[1]}): word "
            "planes and word lines.",
        )
        matrix = self.effective_conductance()
        return Reading(
            current=np.tensordot(volts, matrix, axes=2),
            method=Method.EFFECTIVE_MATRIX,
            residual=float("nan"),
            iterations=0,
        )

    def solve(
        self,
        word_line_voltage: Float[np.ndarray, "word_plane word_line"] | float,
        bit_line_voltage: Float[np.ndarray, "bit_plane bit_line"] | float = 0.0,
    ) -> ArraySolution:
        """Every voltage and current with these voltages (V) on the terminals; NaN leaves a line floating.

        Raises `PinchedError` for shapes that do not fit, and where every line floats.
        """
        words, bits = self.planes.terminals
        given = []
        for name, voltage, terminals in (
            ("word_line_voltage", word_line_voltage, words),
            ("bit_line_voltage", bit_line_voltage, bits),
        ):
            value = np.asarray(voltage, dtype=np.float64)
            require(
                self,
                value.shape in ((), terminals.shape),
                f"{name} has the shape {value.shape}; give one voltage, or {terminals.shape} (planes and lines).",
            )
            given.append(np.broadcast_to(value, terminals.shape))
        return sparse.solve(self.conductance, self.wiring, *given)
