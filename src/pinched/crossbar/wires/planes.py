"""The network of nodes and branches of an array, or of a stack of arrays that share their lines.

Plane 0 holds word lines, plane 1 bit lines, plane 2 word lines again and so on; layer k of cells joins plane k and
plane k + 1. An array is a stack of one layer. `Planes` numbers the nodes and makes the `nodal.Network`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pinched.crossbar.wires.nodal import Network
from pinched.crossbar.wires.wiring import Wiring


@dataclass(frozen=True, kw_only=True, slots=True)
class Planes:
    """Numbers of the nodes of a stack with `layers` layers of word line x bit line cells."""

    layers: int
    shape: tuple[int, int]
    """Word lines and bit lines of each layer."""

    @property
    def word_planes(self) -> int:
        """Planes of word lines."""
        return self.layers // 2 + 1

    @property
    def bit_planes(self) -> int:
        """Planes of bit lines."""
        return (self.layers + 1) // 2

    def crossings(self, plane: int) -> np.ndarray:
        """Nodes (word line, bit line) of `plane`: one where each line crosses each other."""
        size = self.shape[0] * self.shape[1]
        return plane * size + np.arange(size).reshape(self.shape)

    @property
    def terminals(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes of the terminals of word lines (word plane, word line) and of bit lines (bit plane, bit line)."""
        first = (self.layers + 1) * self.shape[0] * self.shape[1]
        words = self.word_planes * self.shape[0]
        bits = self.bit_planes * self.shape[1]
        return (
            first + np.arange(words).reshape(self.word_planes, -1),
            first + words + np.arange(bits).reshape(self.bit_planes, -1),
        )

    @property
    def count(self) -> int:
        """Nodes of all planes and their terminals."""
        return int(self.terminals[1].max()) + 1

    def wires(self, wiring: Wiring, held: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(start, end, resistance in ohm) of every segment, with the source or sense resistance in the outer ones.

        Terminals that are not among `held` float: both ends of such a line are open.
        """
        word, bit, source, sense = wiring.segments(self.shape)
        word_terminal, bit_terminal = self.terminals
        starts, ends, resistances = [], [], []
        driven = np.where(np.isin(word_terminal, held), 0.0, np.inf)
        sensed = np.where(np.isin(bit_terminal, held), 0.0, np.inf)

        def add(start: np.ndarray, end: np.ndarray, resistance: np.ndarray) -> None:
            starts.append(start.ravel())
            ends.append(end.ravel())
            resistances.append(resistance.ravel())

        for plane in range(self.layers + 1):
            node = self.crossings(plane)
            if plane % 2 == 0:
                add(word_terminal[plane // 2], node[:, 0], word[:, 0] + source + driven[plane // 2])
                add(node[:, :-1], node[:, 1:], word[:, 1:])
                if wiring.both_ends[0]:
                    add(node[:, -1], word_terminal[plane // 2], word[:, 0] + source + driven[plane // 2])
            else:
                add(node[-1], bit_terminal[plane // 2], bit[-1] + sense + sensed[plane // 2])
                add(node[:-1], node[1:], bit[:-1])
                if wiring.both_ends[1]:
                    add(bit_terminal[plane // 2], node[0], bit[-1] + sense + sensed[plane // 2])
        return np.concatenate(starts), np.concatenate(ends), np.concatenate(resistances)

    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes (layer, word line, bit line) of every cell on its word line and on its bit line."""
        planes = np.stack([self.crossings(plane) for plane in range(self.layers + 1)])
        even = np.arange(self.layers) % 2 == 0
        lower, upper = planes[:-1], planes[1:]
        swap = even[:, None, None]
        return np.where(swap, lower, upper), np.where(swap, upper, lower)

    def network(self, wiring: Wiring, cells: np.ndarray, held: np.ndarray) -> Network:
        """All wires and `cells` (layer, word line, bit line) in S; `held` are the nodes with a given voltage."""
        start, end, resistance = self.wires(wiring, held)
        on_word, on_bit = self.cells()
        with np.errstate(divide="ignore"):
            wires = 1.0 / resistance
        return Network(
            count=self.count,
            start=np.concatenate([on_word.ravel(), start]),
            end=np.concatenate([on_bit.ravel(), end]),
            conductance=np.concatenate([cells.ravel(), wires]),
            held=held,
        )
