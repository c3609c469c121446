r"""A few inputs of an array, or all its voltages, by conjugate gradients with exact lines as the preconditioner.

Every word line is a chain whose equations are solved at once; what is left are the nodes of the bit lines, and
solving those as if the word lines stood still is so good a start that a few steps reach ten digits. The number of
steps grows with sqrt(g / g_wire) times the number of lines, and the iteration always converges: the matrix is
symmetric and positive. Any line may float. `prepared` factors an array once, `Lines` then solves for currents and
voltages.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from pinched.crossbar.wires import _line_kernels as kernels
from pinched.crossbar.wires._lanes import LANES
from pinched.crossbar.wires.merging import aligned
from pinched.crossbar.wires.wiring import Wiring

_KEPT = threading.local()
_LARGEST_KEPT = 2**27
"""Bytes of a workspace that stays for the next array of its shape, as in `merging`."""


class _Room:
    """Matrices for one shape, padded to whole vectors; what is padded stays 0."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        high, wide = (-(-n // LANES) * LANES for n in shape)
        # Rows a power of two apart would share the same few places of the cache.
        stride = wide + LANES
        self.sizes = np.array([*shape, high, wide, stride], dtype=np.int64)
        size = high * stride
        names = ["cells", "word_factor", "bit_factor", "residual", "voltage", "half", "direction", "product"]
        self.matrices = {name: aligned(size) for name in names}
        for matrix in self.matrices.values():
            matrix[:] = 0.0
        self.line = aligned(wide * LANES)
        self.below = aligned(wide)
        self.turned = aligned(LANES * LANES)
        self.ends = {name: aligned(n) for name, n in
                     (("near_word", high), ("far_word", high), ("near_bit", wide), ("far_bit", wide),
                      ("near", high), ("far", high))}  # fmt: skip
        for end in self.ends.values():
            end[:] = 0.0
        self.bytes = 8 * size * len(names)

    def view(self, name: str) -> np.ndarray:
        """The matrix `name` (word line, bit line) without its padding."""
        lines, columns, high, _, stride = self.sizes
        return self.matrices[name].reshape(high, stride)[:lines, :columns]


def _room(shape: tuple[int, int]) -> _Room:
    kept = getattr(_KEPT, "room", None)
    if kept is not None and kept.shape == shape:
        return kept
    room = _Room(shape)
    _KEPT.room = room if room.bytes <= _LARGEST_KEPT else None
    return room


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lines:
    """An array whose lines are factored; valid until the next array of its thread is prepared."""

    room: _Room
    wires: np.ndarray

    @property
    def most(self) -> int:
        """Steps after which rounding must have stopped the iteration."""
        return 100 + 20 * int(self.room.sizes[:2].sum())

    def currents(self, volts: np.ndarray, tolerance: float) -> tuple[np.ndarray, int, float]:
        """Currents (A, (input, bit line)) for `volts` (V, (input, word line)), most steps, worst estimated error."""
        room, m, e = self.room, self.room.matrices, self.room.ends
        lines, columns = room.shape
        found = np.empty((volts.shape[0], columns))
        most, worst = 0, 0.0
        for k in range(volts.shape[0]):
            e["near"][:lines] = e["near_word"][:lines] * volts[k]
            e["far"][:lines] = e["far_word"][:lines] * volts[k]
            kernels.start(
                m["cells"],
                room.sizes,
                self.wires,
                m["word_factor"],
                e["near"],
                e["far"],
                m["residual"],
                room.line,
            )
            steps, error = self._iterate(False, tolerance)
            most, worst = max(most, steps), max(worst, error)
            voltage = room.view("voltage")
            found[k] = e["near_bit"][:columns] * voltage[-1]
            if e["far_bit"].any():
                found[k] += e["far_bit"][:columns] * voltage[0]
        return found, most, worst

    def voltages(
        self,
        word_terminal: np.ndarray,
        bit_terminal: np.ndarray,
        tolerance: float,
        word_current: np.ndarray | None = None,
        bit_current: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Voltages (V, (word line, bit line)) of the word lines and of the bit lines, and the steps.

        `word_terminal` and `bit_terminal` are voltages (V) of the terminals, any number where a line floats. The
        currents (A, (word line, bit line)) flow into the nodes besides.
        """
        room, m, e = self.room, self.room.matrices, self.room.ends
        lines, columns = room.shape
        e["near"][:lines] = e["near_word"][:lines] * word_terminal
        e["far"][:lines] = e["far_word"][:lines] * word_terminal
        injected = word_current is not None
        residual = room.view("residual")
        if word_current is not None:
            m["direction"][:] = 0.0
            room.view("direction")[:] = word_current
            m["voltage"][:] = 0.0
            self._words(injected, "residual")
            # The whole matrix: what is padded must stay 0.
            m["residual"] *= m["cells"]
        else:
            kernels.start(
                m["cells"],
                room.sizes,
                self.wires,
                m["word_factor"],
                e["near"],
                e["far"],
                m["residual"],
                room.line,
            )
        residual[-1] += e["near_bit"][:columns] * bit_terminal
        residual[0] += e["far_bit"][:columns] * bit_terminal
        if bit_current is not None:
            residual += bit_current
        steps, _ = self._iterate(True, tolerance)
        bits = room.view("voltage").copy()
        if word_current is not None:
            m["direction"][:] = 0.0
            room.view("direction")[:] = word_current
        self._words(injected, "half")
        return room.view("half").copy(), bits, steps

    def balance(
        self,
        flow: np.ndarray,
        words: np.ndarray,
        bits: np.ndarray,
        word_terminal: np.ndarray,
        bit_terminal: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """What Kirchhoff's current law leaves at every node (A), on word lines and on bit lines.

        `flow` is the current (A) through the cells, voltages are in V.
        """
        e = self.room.ends
        lines, columns = self.room.shape
        gw, gb = self.wires
        near = e["near_word"][:lines] * (word_terminal - words[:, 0])
        far = e["far_word"][:lines] * (word_terminal - words[:, -1])
        along = gw * np.diff(words, axis=1)
        into_words = -flow
        into_words[:, :-1] += along
        into_words[:, 1:] -= along
        into_words[:, 0] += near
        into_words[:, -1] += far
        low = e["near_bit"][:columns] * (bit_terminal - bits[-1])
        top = e["far_bit"][:columns] * (bit_terminal - bits[0])
        along = gb * np.diff(bits, axis=0)
        into_bits = flow.copy()
        into_bits[:-1] += along
        into_bits[1:] -= along
        into_bits[-1] += low
        into_bits[0] += top
        return into_words, into_bits

    def _words(self, injected: bool, target: str) -> None:
        room, m, e = self.room, self.room.matrices, self.room.ends
        kernels.word_voltages(
            m["cells"], room.sizes, self.wires, m["word_factor"], e["near"], e["far"], injected,
            m["direction"], m["voltage"], m[target], room.line,
        )  # fmt: skip

    def _iterate(self, whole: bool, tolerance: float) -> tuple[int, float]:
        room, m, e = self.room, self.room.matrices, self.room.ends
        return kernels.iterate(
            m["cells"], room.sizes, self.wires, e["near_bit"], e["far_bit"], m["word_factor"], m["bit_factor"],
            m["residual"], m["voltage"], whole, tolerance, self.most, m["half"], m["direction"], m["product"],
            room.line, room.below, room.turned,
        )  # fmt: skip


def prepared(
    cells: np.ndarray, wiring: Wiring, word_held: np.ndarray | None = None, bit_held: np.ndarray | None = None
) -> Lines:
    """`cells` (S, (word line, bit line)) with plain `wiring`, ready to be solved.

    `word_held` and `bit_held` say which lines have a voltage, all when None; the others float.
    """
    room = _room((cells.shape[0], cells.shape[1]))
    lines, columns = room.shape
    room.view("cells")[:] = cells
    word, bit, source, sense = (float(r) for r in (wiring.word, wiring.bit, wiring.source, wiring.sense))
    wires = np.array([1.0 / word, 1.0 / bit])
    e = room.ends
    e["near_word"][:lines] = 1.0 / (word + source) * (1.0 if word_held is None else word_held)
    e["far_word"][:lines] = e["near_word"][:lines] if wiring.both_ends[0] else 0.0
    e["near_bit"][:columns] = 1.0 / (bit + sense) * (1.0 if bit_held is None else bit_held)
    e["far_bit"][:columns] = e["near_bit"][:columns] if wiring.both_ends[1] else 0.0
    m = room.matrices
    kernels.factor(
        m["cells"], room.sizes, wires, e["near_word"], e["far_word"], e["near_bit"], e["far_bit"],
        m["word_factor"], m["bit_factor"], room.line,
    )  # fmt: skip
    return Lines(room=room, wires=wires)
