r"""The effective conductance of an array by merging blocks: exact, 33 N^3 operations for N lines.

Each block of the array is known by the admittance matrix of its terminals alone. Two neighbours become one by adding
their matrices and eliminating the nodes of the wires that are cut between them (a Schur complement). Ends that are
open go at once; at the end only the block between input and output is formed.

Small blocks are merged eight at a time (`_part_kernels`), large ones by BLAS (`_merge_kernels`), both along plans
that depend on the shape alone (`merge_plan`).
"""

from __future__ import annotations

import threading

import numpy as np

from pinched.crossbar.wires._blas import addresses
from pinched.crossbar.wires._lanes import LANES
from pinched.crossbar.wires._merge_kernels import merged
from pinched.crossbar.wires.merge_plan import part_plan, whole_plan
from pinched.crossbar.wires.part_program import program

_SIDES = (32, 16, 8, 4, 2, 1)
"""Sides that a part may have, in cells."""
_LEAF = 8
"""Largest side of what `part_program` eliminates."""


class _Workspace:
    """Room for one shape of arrays."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.height, self.width = _sides(shape)
        self.leaf = min(self.height, _LEAF), min(self.width, _LEAF)
        self.lines, self.columns = -(-shape[0] // self.height), -(-shape[1] // self.width)
        plan = whole_plan(self.lines, self.columns, self.height, self.width)
        part = part_plan(self.height // self.leaf[0], self.width // self.leaf[1], *self.leaf)
        code = program(*self.leaf)
        self.plan = plan.steps, plan.maps, plan.runs
        self.part = part.steps, part.maps, part.runs
        self.program = code.cells, code.counts, code.code, code.terminals
        self.room = (
            aligned(plan.space), aligned(plan.panel), aligned(plan.panel), aligned(plan.square**2), aligned(4096)
        )  # fmt: skip
        self.part_room = (
            aligned(part.space * LANES),
            aligned(max(part.panel, 1) * LANES),
            aligned(self.height * self.width * LANES),
            aligned(code.space),
            tuple(aligned(LANES) for _ in range(4)),
            aligned(max(code.most, 1) * LANES),
        )
        full = self.lines * self.height, self.columns * self.width
        self.padded, self.whole = None, None
        if full != shape:
            self.padded, self.whole = np.zeros(full), np.empty(full)
        self.bytes = 8 * (plan.space + 2 * plan.panel + plan.square**2 + part.space * LANES)


_KEPT = threading.local()
_LARGEST_KEPT = 2**27
"""Bytes: a workspace up to this size stays for the next array, since touching memory for the first time costs more
than the work that is done in it. Each thread has its own."""


def _workspace(shape: tuple[int, int]) -> _Workspace:
    kept = getattr(_KEPT, "room", None)
    if kept is not None and kept.shape == shape:
        return kept
    room = _Workspace(shape)
    _KEPT.room = room if room.bytes <= _LARGEST_KEPT else None
    return room


def aligned(size: int) -> np.ndarray:
    """Room for `size` float64, not yet written to."""
    # At a cache line: a vector that straddles two is loaded at half the speed.
    room = np.empty(size + LANES)
    skip = (-room.ctypes.data // 8) % LANES
    return room[skip : skip + size]


def _sides(shape: tuple[int, int]) -> tuple[int, int]:
    # The largest parts that pad the array least, but no fewer than there are lanes.
    for most in _SIDES:
        height, width = (_side(n, most) for n in shape)
        if -(-shape[0] // height) * -(-shape[1] // width) >= LANES:
            return height, width
    height, width = (_side(n, 16) for n in shape)
    return height, width


def _side(cells: int, most: int) -> int:
    padded = {
        side: -(-cells // side) * side for side in _SIDES if side <= most and (side < 2 * cells or side == 1)
    }
    least = min(padded.values())
    return max(side for side, size in padded.items() if size <= least * 1.1)


def effective(cells: np.ndarray, first_word: float, word: float, last_bit: float, bit: float) -> np.ndarray:
    """Effective conductance (S) of `cells` (array, word line, bit line) with these conductances (S) of segments.

    `first_word` and `last_bit` are those of the segments at the terminals, with the source and sense resistance.
    """
    arrays, lines, columns = cells.shape
    room = _workspace((lines, columns))
    high = room.lines * room.height
    conductances = np.array([first_word, word, last_bit, bit])
    found = np.empty((arrays, lines, columns))
    for k in range(arrays):
        given, whole = cells[k], found[k]
        if room.padded is not None and room.whole is not None:
            # Cells that are not there hang on the open ends: rows above, columns to the right, without a device.
            given, whole = room.padded, room.whole
            given[high - lines :, :columns] = cells[k]
        merged(
            addresses(), room.plan, room.part, room.program, room.leaf, np.ascontiguousarray(given), room.height,
            room.width, conductances, high, room.room, room.part_room, whole,
        )  # fmt: skip
        if whole is room.whole:
            found[k] = whole[high - lines :, :columns]
    return found
