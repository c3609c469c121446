"""How a rectangle of equal parts is merged into one: which terminals meet, in which order, and where results lie.

A part has terminals to the left and right (nodes of its word lines) and at the top and bottom (nodes of its bit
lines). Two neighbours share the nodes on the cut between them; these are eliminated, the others stay. `plan` writes
this down once per shape as tables of integers that the kernels follow, with the numbers of any array.

The order of terminals is settled from the top down: whatever is eliminated next stands first, and the order of a
block is kept in the block that it becomes part of. Only lower triangles are ever needed then, and copies run along
rows.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

Box = tuple[int, int, int, int]
"""First and last + 1 part, down and along."""

KIND, OUT, A, A_SIZE, B, B_SIZE, CUT, REST, ROWS, RUNS, RUN_COUNT, PART = range(12)
"""Columns of the table of steps."""
LEAF, MERGE = 0, 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MergePlan:
    """Steps in the order in which they are taken, children before parents."""

    steps: np.ndarray
    """(step, column): see the names above. Places are counted in numbers of one lane."""
    maps: np.ndarray
    """For a merge, from ROWS on: of each terminal of the front its place in block a, then in block b, -1 for none.
    For a leaf: which of its own terminals stands at each place."""
    runs: np.ndarray
    """(run, 4): first place in the front, length, first place in a, in b, -1 for none."""
    space: int
    """Numbers that all results need."""
    panel: int
    """Numbers of the largest panel (all terminals of a front times those that are eliminated)."""
    square: int
    """Most terminals that are eliminated at once."""


@dataclass(slots=True)
class _Builder:
    lines: int
    columns: int
    height: int
    width: int
    """Cells of one part, down and along."""
    corner: bool
    """Whether the top and right ends of the whole are open, and only input and output are wanted."""
    steps: list[list[int]] = field(default_factory=list)
    maps: list[int] = field(default_factory=list)
    runs: list[tuple[int, int, int, int]] = field(default_factory=list)
    room: dict[tuple[int, int], int] = field(default_factory=dict)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    panel: int = 0
    square: int = 0
    parts: int = 0

    def word(self, lines: range, column: int) -> list[int]:
        """Nodes of word lines behind `column` cells."""
        return [i * (self.columns * self.width + 1) + column for i in lines]

    def bit(self, line: int, columns: range) -> list[int]:
        """Nodes of bit lines above cell row `line`."""
        first = self.lines * self.height * (self.columns * self.width + 1)
        return [first + line * self.columns * self.width + j for j in columns]

    def sides(self, box: Box) -> tuple[list[int], list[int], list[int], list[int]]:
        """Terminals of a box at the left, right, top and bottom."""
        i0, i1, j0, j1 = box
        lines = range(i0 * self.height, i1 * self.height)
        columns = range(j0 * self.width, j1 * self.width)
        return (
            self.word(lines, j0 * self.width), self.word(lines, j1 * self.width),
            self.bit(i0 * self.height, columns), self.bit(i1 * self.height, columns),
        )  # fmt: skip

    def around(self, box: Box) -> list[int]:
        """All terminals of a box: left, right, top, bottom."""
        return list(itertools.chain(*self.sides(box)))

    def build(self, tree: object, order: list[int], depth: int, child: int) -> None:
        """Steps of `tree` so that its terminals come out in `order`."""
        size = len(order)
        self.room[depth, child] = max(self.room.get((depth, child), 0), -(-size * size // 8) * 8)
        if isinstance(tree, tuple) and isinstance(tree[0], int):
            own = {t: k for k, t in enumerate(self.around(tree))}
            step = [LEAF, 0, 0, 0, 0, 0, 0, size, len(self.maps), 0, 0, tree[0] * self.columns + tree[2]]
            self.maps += [own[t] for t in order]
            self.parts += 1
        else:
            step = self._merge(tree, order, depth)
        self.places.append((len(self.steps), depth, child))
        self.steps.append(step)

    def _merge(self, tree: object, order: list[int], depth: int) -> list[int]:
        first, second = tree if isinstance(tree, tuple) else (tree[0], None)  # type: ignore[index]
        have = [self.terminals(first), self.terminals(second) if second is not None else set()]
        kept = set(order)
        cut = sorted((have[0] | have[1]) - kept)
        front = cut + order
        orders = [[t for t in front if t in mine] for mine in have]
        self.build(first, orders[0], depth + 1, 0)
        if second is not None:
            self.build(second, orders[1], depth + 1, 1)
        place = [{t: k for k, t in enumerate(o)} for o in orders]
        at = [[p.get(t, -1) for t in front] for p in place]
        step = [
            MERGE, 0, 0, len(orders[0]), 0, len(orders[1]), len(cut), len(order),
            len(self.maps), len(self.runs), 0, 0,
        ]  # fmt: skip
        self.maps += at[0] + at[1]
        self.runs += _runs(at[0], at[1], len(cut))
        step[RUN_COUNT] = len(self.runs) - step[RUNS]
        self.panel = max(self.panel, len(front) * len(cut))
        self.square = max(self.square, len(cut))
        return step

    def terminals(self, tree: object) -> set[int]:
        """Terminals of `tree` when it is done: open ends are gone, except those of a leaf."""
        if isinstance(tree, tuple) and isinstance(tree[0], int):
            return set(self.around(tree))
        parts = list(_leaves(tree))
        seen: dict[int, int] = {}
        for part in parts:
            for t in set(self.around(part)):
                seen[t] = seen.get(t, 0) + 1
        found = {t for t, n in seen.items() if n == 1}
        if self.corner:
            found -= set(self.word(range(self.lines * self.height), self.columns * self.width))
            found -= set(self.bit(0, range(self.columns * self.width)))
        return found

    def finish(self) -> MergePlan:
        """Settle where results lie: two places per depth, for the first and the second child."""
        start: dict[tuple[int, int], int] = {}
        space = 0
        for where, size in sorted(self.room.items()):
            start[where] = space
            space += size
        table = np.array(self.steps, dtype=np.int64)
        for k, depth, child in self.places:
            table[k, OUT] = start[depth, child]
            if table[k, KIND] == MERGE:
                table[k, A], table[k, B] = start[depth + 1, 0], start.get((depth + 1, 1), 0)
        return MergePlan(
            steps=table,
            maps=np.array(self.maps, dtype=np.int64),
            runs=np.array(self.runs, dtype=np.int64).reshape(-1, 4),
            space=space,
            panel=self.panel,
            square=self.square,
        )


def _leaves(tree: object):
    if isinstance(tree, tuple) and isinstance(tree[0], int):
        yield tree
    else:
        for part in tree:  # type: ignore[attr-defined]
            yield from _leaves(part)


def _runs(a: list[int], b: list[int], cut: int) -> list[tuple[int, int, int, int]]:
    found: list[list[int]] = []
    for k, (x, y) in enumerate(zip(a, b, strict=True)):
        if found and k != cut:
            _, length, x0, y0 = found[-1]
            goes_on = (x == x0 + length if x0 >= 0 else x < 0) and (y == y0 + length if y0 >= 0 else y < 0)
            if goes_on:
                found[-1][1] += 1
                continue
        found.append([k, 1, x, y])
    return [tuple(run) for run in found]  # type: ignore[misc]


def _halved(box: Box, height: int, width: int) -> object:
    """`box` cut across its longer side again and again."""
    i0, i1, j0, j1 = box
    if i1 - i0 == 1 and j1 - j0 == 1:
        return box
    if ((j1 - j0) * width >= (i1 - i0) * height and j1 - j0 > 1) or i1 - i0 == 1:
        middle = (j0 + j1) // 2
        cut = (i0, i1, j0, middle), (i0, i1, middle, j1)
    else:
        middle = (i0 + i1) // 2
        cut = (i0, middle, j0, j1), (middle, i1, j0, j1)
    return tuple(_halved(part, height, width) for part in cut)


@lru_cache(maxsize=16)
def whole_plan(lines: int, columns: int, height: int, width: int) -> MergePlan:
    """Merge `lines` x `columns` parts of `height` x `width` cells into the whole array.

    The root keeps inputs (all word lines), then outputs (all bit lines).
    """
    builder = _Builder(lines, columns, height, width, corner=True)
    box = (0, lines, 0, columns)
    if lines > 1 and columns > 1:
        # The corner that has two open sides first, the corner of input and output last: the fewest terminals.
        i, j = lines // 2, columns // 2
        right, left = _halved((0, i, j, columns), height, width), _halved((0, i, 0, j), height, width)
        low, last = _halved((i, lines, j, columns), height, width), _halved((i, lines, 0, j), height, width)
        tree: object = (((right, left), low), last)
    else:
        tree = _halved(box, height, width)
    if tree == box:
        tree = [tree]
    inputs = builder.word(range(lines * height), 0)
    outputs = builder.bit(lines * height, range(columns * width))
    builder.build(tree, inputs + outputs, 0, 0)
    return builder.finish()


@lru_cache(maxsize=16)
def part_plan(lines: int, columns: int, height: int, width: int) -> MergePlan:
    """Merge `lines` x `columns` parts of `height` x `width` cells into one.

    Its terminals are left, right, top, bottom.
    """
    builder = _Builder(lines, columns, height, width, corner=False)
    box = (0, lines, 0, columns)
    builder.build(_halved(box, height, width), builder.around(box), 0, 0)
    return builder.finish()
