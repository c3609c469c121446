"""Elimination of the inner nodes of a small part, written down operation by operation.

At 8 x 8 cells nearly everything that is coupled is sparse, and copying fronts about costs more than the arithmetic.
`program` therefore gives every number that ever differs from zero a slot, and lists for each inner node, in the order
of nested dissection, which slots its elimination changes. The kernel reads the list once for eight parts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pinched.crossbar.wires._lanes import LANES


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PartProgram:
    """Places count float64 with `LANES` lanes innermost."""

    space: int
    """Numbers that all slots need, with their lanes."""
    cells: np.ndarray
    """(cell, 7): places of left-left, left-right, right-right, right-top, top-top, top-bottom, bottom-bottom."""
    counts: np.ndarray
    """Neighbours of each inner node when its turn comes."""
    code: np.ndarray
    """For each inner node: the place of its pivot, of its neighbours, of every pair of them (lower triangle)."""
    terminals: np.ndarray
    """Places of the matrix of left, right, top and bottom terminals, lower triangle row by row."""
    most: int
    """Largest of `counts`."""


@lru_cache(maxsize=16)
def program(height: int, width: int) -> PartProgram:
    """The program of a part of `height` x `width` cells."""
    word = {(i, j): i * (width + 1) + j for i in range(height) for j in range(width + 1)}
    first = len(word)
    bit = {(i, j): first + i * width + j for i in range(height + 1) for j in range(width)}
    slots: dict[tuple[int, int], int] = {}
    near: dict[int, set[int]] = {node: set() for node in (*word.values(), *bit.values())}

    def slot(a: int, b: int) -> int:
        if a != b:
            near[a].add(b)
            near[b].add(a)
        return slots.setdefault((max(a, b), min(a, b)), len(slots)) * LANES

    cells = []
    for i in range(height):
        for j in range(width):
            # Left, right, top, bottom: node (i, j + 1) of the word line lies at the device.
            path = word[i, j], word[i, j + 1], bit[i, j], bit[i + 1, j]
            row = [slot(path[0], path[0])]
            for a, b in itertools.pairwise(path):
                row += [slot(a, b), slot(b, b)]
            cells.append(row)
    counts: list[int] = []
    code: list[int] = []
    for node in _order(height, width, word, bit):
        around = sorted(near.pop(node))
        counts.append(len(around))
        code.append(slots[node, node] * LANES)
        code += [slots[max(node, other), min(node, other)] * LANES for other in around]
        for a, x in enumerate(around):
            near[x].discard(node)
            code += [slot(x, y) for y in around[: a + 1]]
    sides = (
        [word[i, 0] for i in range(height)]
        + [word[i, width] for i in range(height)]
        + [bit[0, j] for j in range(width)]
        + [bit[height, j] for j in range(width)]
    )
    matrix = [slot(x, y) for a, x in enumerate(sides) for y in sides[: a + 1]]
    return PartProgram(
        space=len(slots) * LANES,
        cells=np.array(cells, dtype=np.int32),
        counts=np.array(counts, dtype=np.int32),
        code=np.array(code, dtype=np.int32),
        terminals=np.array(matrix, dtype=np.int32),
        most=max(counts, default=0),
    )


def _order(height: int, width: int, word: dict, bit: dict) -> list[int]:
    """Inner nodes by nested dissection: those of both halves first, then those on the cut."""
    found: list[int] = []

    def cut(i0: int, i1: int, j0: int, j1: int) -> None:
        if j1 - j0 >= i1 - i0 and j1 - j0 > 1:
            middle = (j0 + j1) // 2
            cut(i0, i1, j0, middle)
            cut(i0, i1, middle, j1)
            found.extend(word[i, middle] for i in range(i0, i1))
        elif i1 - i0 > 1:
            middle = (i0 + i1) // 2
            cut(i0, middle, j0, j1)
            cut(middle, i1, j0, j1)
            found.extend(bit[middle, j] for j in range(j0, j1))

    cut(0, height, 0, width)
    return found
