"""Arrays of devices that are not linear, by Newton's method on the solver of linear arrays.

`NonlinearCrossbar` takes any `cells.Cells`: a law in a state, with a selector or a transistor. Each step replaces
every cell by its tangent; the array of tangents is solved as a linear one, by conjugate gradients where the wires are
plain and the cells depend on one voltage, else by sparse LU. Steps are shortened where the full one would not bring
the currents of the nodes closer to balance.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._params import require
from pinched.crossbar.wires import conjugate, direct, sparse
from pinched.crossbar.wires.array import terminal_voltages
from pinched.crossbar.wires.cells import Cells, Flow
from pinched.crossbar.wires.planes import Planes
from pinched.crossbar.wires.solution import ArraySolution, Method, Reading, relative
from pinched.crossbar.wires.wiring import Resistance, Wiring, wiring

_MOST = 200
"""Newton steps; three to six are usual."""
_RAMP = tuple(k / 16 for k in range(1, 17))
"""Shares of the voltages, where all at once is too much."""
_LEAST = 1e-18
"""Slope (S) that a cell keeps in a tangent, so that no node hangs on nothing; the solution does not depend on it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NonlinearCrossbar:
    """An array of cells that are not linear; wires as in `array.Crossbar`."""

    cells: Cells
    """What stands at every crossing."""
    shape: tuple[int, int]
    """Word lines and bit lines."""
    wire_resistance: Resistance | tuple[Resistance, Resistance] = field(default=0.0, metadata={"unit": "ohm"})
    """As in `Crossbar`."""
    source_resistance: Resistance = field(default=0.0, metadata={"unit": "ohm"})
    """As in `Crossbar`."""
    sense_resistance: Resistance = field(default=0.0, metadata={"unit": "ohm"})
    """As in `Crossbar`."""
    both_ends: tuple[bool, bool] = (False, False)
    """As in `Crossbar`."""

    def __post_init__(self) -> None:
        require(
            self,
            len(self.shape) == 2 and min(self.shape) >= 1,
            f"shape is {self.shape}; give at least one word line and one bit line.",
        )
        own = self.cells.shape()
        try:
            fits = np.broadcast_shapes(own, self.shape) == tuple(self.shape)
        except ValueError:
            fits = False
        require(
            self,
            fits,
            f"the parameters of the cells have the shape {own}, but the array has {self.shape} cells.",
        )
        self.wiring  # noqa: B018 - checks the resistances now rather than at the first use

    @cached_property
    def wiring(self) -> Wiring:
        """The checked resistances."""
        return wiring(
            self.shape, self.wire_resistance, self.source_resistance, self.sense_resistance, self.both_ends
        )

    def read(self, voltages: Float[np.ndarray, "... word_line"], *, tolerance: float = 1e-10) -> Reading:
        """Currents (..., input, bit line) for `voltages` (V, (..., input, word line)); bit lines are at 0 V.

        `tolerance` as in `solve`. Raises `PinchedError` for voltages that do not fit.
        """
        volts = np.asarray(voltages, dtype=np.float64)
        require(
            self,
            volts.ndim >= 1 and volts.shape[-1] == self.shape[0],
            f"voltages have the shape {volts.shape}, but the array has {self.shape[0]} word lines.",
        )
        found = [self.solve(v, 0.0, tolerance=tolerance) for v in volts.reshape(-1, self.shape[0])]
        return Reading(
            current=np.stack([f.bit_line_current for f in found]).reshape(*volts.shape[:-1], self.shape[1]),
            method=found[0].method,
            residual=max(f.residual for f in found),
            iterations=max(f.iterations for f in found),
        )

    def solve(
        self,
        word_line_voltage: Float[np.ndarray, " word_line"] | float,
        bit_line_voltage: Float[np.ndarray, " bit_line"] | float = 0.0,
        *,
        tolerance: float = 1e-11,
    ) -> ArraySolution:
        """Every voltage and current with these voltages (V) on the terminals; NaN leaves a line floating.

        `tolerance`: largest violation of Kirchhoff's current law at a node, over the largest current of a terminal.
        Raises `PinchedError` for shapes that do not fit, where every line floats, and where Newton's method does not
        converge (a device whose current falls as its voltage rises has more than one solution).
        """
        word = terminal_voltages(self, word_line_voltage, self.shape[0], "word_line_voltage")
        bit = terminal_voltages(self, bit_line_voltage, self.shape[1], "bit_line_voltage")
        if np.isnan(word).all() and np.isnan(bit).all():
            raise PinchedError(
                "every line floats (all voltages are NaN). Give at least one line a voltage; 0 V grounds it."
            )
        kind = _LineTangents if self.cells.symmetric and self.wiring.plain else _SparseTangents
        try:
            return _newton(self.cells, kind(self, word, bit), tolerance)
        except PinchedError:
            # Voltages that rise step by step: each solution starts the next.
            start = None
            for share in _RAMP[:-1]:
                found = _newton(self.cells, kind(self, share * word, share * bit), 1e-6, start)
                start = found.word_voltage, found.bit_voltage
            return _newton(self.cells, kind(self, word, bit), tolerance, start)


class _LineTangents:
    """Linear steps by conjugate gradients."""

    method = Method.CONJUGATE_GRADIENTS

    def __init__(self, array: NonlinearCrossbar, word: np.ndarray, bit: np.ndarray) -> None:
        self.wiring, self.shape = array.wiring, array.shape
        self.held = ~np.isnan(word), ~np.isnan(bit)
        self.given = np.nan_to_num(word), np.nan_to_num(bit)
        self.lines = conjugate.prepared(np.zeros(self.shape), self.wiring, *self.held)
        self.largest_wire = float(self.lines.wires.max())

    def step(self, flow: Flow, words: np.ndarray, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Voltages (V) of the array of tangents at `words` and `bits`."""
        slope = np.maximum(flow.by_word, _LEAST)
        self.lines = conjugate.prepared(slope, self.wiring, *self.held)
        source = flow.current - slope * (words - bits)
        new_words, new_bits, _ = self.lines.voltages(*self.given, 1e-13, -source, source)
        return new_words, new_bits

    def unbalanced(self, flow: np.ndarray, words: np.ndarray, bits: np.ndarray) -> tuple[float, float]:
        """Root sum of squares and largest of the currents (A) that nodes lack."""
        left = self.lines.balance(flow, words, bits, *self.given)
        return float(np.sqrt(sum((x**2).sum() for x in left))), float(max(np.abs(x).max() for x in left))

    def solution(self, flow: np.ndarray, words: np.ndarray, bits: np.ndarray, steps: int) -> ArraySolution:
        """The record of what was found."""
        return direct.solved(flow, self.lines, words, bits, self.given, self.held, steps)


class _SparseTangents:
    """Linear steps by sparse LU of all nodes."""

    method = Method.SPARSE

    def __init__(self, array: NonlinearCrossbar, word: np.ndarray, bit: np.ndarray) -> None:
        self.wiring, self.planes = array.wiring, Planes(layers=1, shape=array.shape)
        self.held, self.values = sparse.held_terminals(self.planes, word[None], bit[None])
        on_word, on_bit = self.planes.cells()
        self.on_word, self.on_bit = on_word[0], on_bit[0]
        wires = self.planes.network(self.wiring, np.zeros((1, *array.shape)), self.held).conductance
        self.largest_wire = float(wires[np.isfinite(wires)].max(initial=0.0))

    def _factored(self, slope: np.ndarray, skew: np.ndarray):
        network = self.planes.network(self.wiring, slope[None], self.held)
        whole = np.zeros(network.start.size)
        whole[: skew.size] = skew.ravel()
        return network.factored(whole if skew.any() else None)

    def step(self, flow: Flow, words: np.ndarray, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Voltages (V) of the array of tangents at `words` and `bits`."""
        slope = np.maximum(flow.by_word, _LEAST)
        skew = slope + np.minimum(flow.by_bit, -_LEAST)
        factored = self._factored(slope, skew)
        source = flow.current - slope * (words - bits) - skew * bits
        injected = np.zeros((self.planes.count, 1))
        injected[self.on_word, 0], injected[self.on_bit, 0] = -source, source
        voltage = np.nan_to_num(factored.solve(self.values[:, None], injected)[0][:, 0])
        return voltage[self.on_word], voltage[self.on_bit]

    def unbalanced(self, flow: np.ndarray, words: np.ndarray, bits: np.ndarray) -> tuple[float, float]:
        """Root sum of squares and largest of the currents (A) that nodes lack."""
        left = self._left(flow, words, bits)
        return float(np.sqrt((left**2).sum())), float(np.abs(left).max(initial=0.0))

    def _left(self, flow: np.ndarray, words: np.ndarray, bits: np.ndarray) -> np.ndarray:
        # Currents of the wires from the matrix without cells, at merged nodes.
        wires = self._wires
        voltage = np.zeros(self.planes.count)
        voltage[self.held] = self.values
        voltage[self.on_word], voltage[self.on_bit] = words, bits
        merged = np.zeros(wires.merged)
        merged[wires.node] = voltage
        # A node that is one with a terminal has its voltage.
        merged[wires.node[self.held]] = self.values
        out = wires.matrix @ merged
        np.add.at(out, wires.node[self.on_word], flow)
        np.add.at(out, wires.node[self.on_bit], -flow)
        keep = np.ones(wires.merged, dtype=bool)
        keep[wires.node[self.held]] = False
        return out[keep]

    @cached_property
    def _wires(self):
        return self.planes.network(self.wiring, np.zeros((1, *self.on_word.shape)), self.held).factored(
            solvable=False
        )

    def solution(self, flow: np.ndarray, words: np.ndarray, bits: np.ndarray, steps: int) -> ArraySolution:
        """The record of what was found."""
        word_terminal, bit_terminal = self.planes.terminals
        held = np.isin(word_terminal[0], self.held), np.isin(bit_terminal[0], self.held)
        word_current = np.where(held[0], flow.sum(1), 0.0)
        bit_current = np.where(held[1], flow.sum(0), 0.0)
        _, wrong = self.unbalanced(flow, words, bits)
        return ArraySolution(
            word_line_current=word_current,
            bit_line_current=bit_current,
            word_voltage=words,
            bit_voltage=bits,
            device_voltage=words - bits,
            device_current=flow,
            residual=relative(
                wrong, (word_current, bit_current), float(np.abs(words).max()), self.largest_wire
            ),
            iterations=steps,
            method=self.method,
        )


def _newton(
    cells: Cells,
    tangents: _LineTangents | _SparseTangents,
    tolerance: float,
    start: tuple[np.ndarray, np.ndarray] | None = None,
) -> ArraySolution:
    shape = tangents.lines.room.shape if isinstance(tangents, _LineTangents) else tangents.on_word.shape
    words, bits = (np.zeros(shape), np.zeros(shape)) if start is None else start
    flow = cells.flow(words, bits)
    size, step, largest_left = np.inf, 0, np.inf
    for step in range(1, _MOST + 1):
        new_words, new_bits = tangents.step(flow, words, bits)
        share = 1.0
        while True:
            tried = words + share * (new_words - words), bits + share * (new_bits - bits)
            new_flow = cells.flow(*tried)
            new_size, largest_left = tangents.unbalanced(new_flow.current, *tried)
            if new_size < size or step == 1 or share < 1e-6:
                break
            share *= 0.5
        moved = max(np.abs(tried[0] - words).max(), np.abs(tried[1] - bits).max())
        scale = max(np.abs(tried[0]).max(), np.abs(tried[1]).max())
        words, bits = tried
        flow = new_flow
        through = max(np.abs(flow.current.sum(0)).max(), np.abs(flow.current.sum(1)).max())
        stuck = share < 1e-6 or (share == 1.0 and moved <= 1e-14 * scale)
        # Rounding of a voltage alone unbalances its node by that much.
        floor = 8e-16 * scale * tangents.largest_wire
        if largest_left <= max(tolerance * through, floor) or (
            stuck and largest_left <= 1e2 * tolerance * through
        ):
            found = tangents.solution(flow.current, words, bits, step)
            return dataclasses.replace(found, method=tangents.method)
        if stuck:
            break
        size = new_size
    raise PinchedError(
        f"Newton's method stopped after {step} steps with {largest_left:.3g} A missing at a node. A device whose "
        "current falls as its voltage rises has more than one solution; check the law, or lower the voltages."
    )
