"""Parts of an array, eight at a time: every number is one lane of `_lanes`, every step serves eight parts at once.

`part_matrix` follows `merge_plan.part_plan` and leaves the admittance matrix (S) of the terminals of eight parts.
"""

from __future__ import annotations

from numba import njit

from pinched.crossbar.wires._lanes import LANES, add, fnma, load, mul, reciprocal_root, spread, store
from pinched.crossbar.wires.merge_plan import (
    CUT,
    KIND,
    LEAF,
    OUT,
    PART,
    REST,
    ROWS,
    RUN_COUNT,
    RUNS,
    A,
    B,
)


@njit(cache=True, nogil=True)
def part_matrix(
    steps, maps, runs, sparse_cells, counts, code, matrix, cells, first_word, word, last_bit, bit, height, width,
    across, work, panel, slots, column,
):  # fmt: skip
    """Fill `work` (lanes innermost) by all `steps`; the result of the last one lies at its OUT.

    A part of the part, a leaf of the steps, has `height` x `width` cells, and `across` of them stand side by side.
    `cells` (cell of the whole part, lane) are conductances (S), `word` and `bit` those of a segment (lane),
    `first_word` those of the first segment of the word lines and `last_bit` of the last one of the bit lines, where
    the terminals are.
    """
    down = (steps.shape[0] + 1) // 2 // across
    for s in range(steps.shape[0]):
        if steps[s, KIND] == LEAF:
            row, col = steps[s, PART] // across, steps[s, PART] % across
            start = (row * height * across + col) * width
            _leaf(
                sparse_cells, counts, code, cells, start, width * across, first_word if col == 0 else word, word,
                last_bit if row == down - 1 else bit, bit, height, width, slots, column,
            )  # fmt: skip
            size = steps[s, REST]
            for i in range(size):
                p = maps[steps[s, ROWS] + i]
                for j in range(i + 1):
                    q = maps[steps[s, ROWS] + j]
                    high, low = max(p, q), min(p, q)
                    place = matrix[high * (high + 1) // 2 + low]
                    store(work, (steps[s, OUT] + i * size + j) * LANES, load(slots, place))
        else:
            _assemble(steps[s], maps, runs, work, panel)
            _eliminate(steps[s, CUT], steps[s, REST], work, steps[s, OUT], panel)


@njit(cache=True, nogil=True)
def _leaf(
    sparse_cells,
    counts,
    code,
    cells,
    start,
    stride,
    first_word,
    word,
    last_bit,
    bit,
    height,
    width,
    slots,
    column,
):
    """All numbers of a small part into `slots`, its inner nodes eliminated."""
    zero, minus = spread(0.0), spread(-1.0)
    for k in range(0, slots.size, LANES):
        store(slots, k, zero)
    for i in range(height):
        for j in range(width):
            g = load(cells, (start + i * stride + j) * LANES)
            gw = load(first_word, 0) if j == 0 else load(word, 0)
            gb = load(last_bit, 0) if i == height - 1 else load(bit, 0)
            at = sparse_cells[i * width + j]
            # Left - right - top - bottom: a word line segment, the device, a bit line segment.
            store(slots, at[0], add(load(slots, at[0]), gw))
            store(slots, at[1], mul(minus, gw))
            store(slots, at[2], add(load(slots, at[2]), add(gw, g)))
            store(slots, at[3], mul(minus, g))
            store(slots, at[4], add(load(slots, at[4]), add(g, gb)))
            store(slots, at[5], mul(minus, gb))
            store(slots, at[6], add(load(slots, at[6]), gb))
    q = 0
    for k in range(counts.size):
        m = counts[k]
        root = reciprocal_root(load(slots, code[q]))
        q += 1
        for a in range(m):
            store(column, a * LANES, mul(load(slots, code[q + a]), root))
        q += m
        for a in range(m):
            x = load(column, a * LANES)
            for b in range(a + 1):
                place = code[q + b]
                store(slots, place, fnma(x, load(column, b * LANES), load(slots, place)))
            q += a + 1


@njit(cache=True, nogil=True)
def _assemble(step, maps, runs, work, panel):
    """The rows of both blocks in the order of the front: columns that are eliminated to `panel`, others to OUT."""
    cut, rest = step[CUT], step[REST]
    size = cut + rest
    zero = spread(0.0)
    for row in range(size):
        in_a = maps[step[ROWS] + row]
        in_b = maps[step[ROWS] + size + row]
        from_a = (step[A] + in_a * step[A + 1]) * LANES
        from_b = (step[B] + in_b * step[B + 1]) * LANES
        for r in range(step[RUNS], step[RUNS] + step[RUN_COUNT]):
            start = runs[r, 0]
            if start > row:
                break
            length = min(runs[r, 1], row + 1 - start)
            a, b = runs[r, 2], runs[r, 3]
            there = in_a >= 0 and a >= 0
            here = in_b >= 0 and b >= 0
            for k in range(length):
                value = zero
                if there:
                    value = load(work, from_a + (a + k) * LANES)
                    if here:
                        value = add(value, load(work, from_b + (b + k) * LANES))
                elif here:
                    value = load(work, from_b + (b + k) * LANES)
                column = start + k
                if column < cut:
                    store(panel, (row * cut + column) * LANES, value)
                else:
                    place = step[OUT] + (row - cut) * rest + column - cut
                    store(work, place * LANES, value)


@njit(cache=True, nogil=True)
def _eliminate(cut, rest, work, out, panel):
    """Cholesky of the panel, then the Schur complement at `out`."""
    size = cut + rest
    for k in range(cut):
        mine = k * cut * LANES
        pivot = load(panel, mine + k * LANES)
        for t in range(k):
            x = load(panel, mine + t * LANES)
            pivot = fnma(x, x, pivot)
        root = reciprocal_root(pivot)
        i = k + 1
        while i + 4 <= size:
            p0, p1, p2, p3 = (
                i * cut * LANES,
                (i + 1) * cut * LANES,
                (i + 2) * cut * LANES,
                (i + 3) * cut * LANES,
            )
            at = k * LANES
            x0, x1 = load(panel, p0 + at), load(panel, p1 + at)
            x2, x3 = load(panel, p2 + at), load(panel, p3 + at)
            for t in range(k):
                y = load(panel, mine + t * LANES)
                at = t * LANES
                x0 = fnma(load(panel, p0 + at), y, x0)
                x1 = fnma(load(panel, p1 + at), y, x1)
                x2 = fnma(load(panel, p2 + at), y, x2)
                x3 = fnma(load(panel, p3 + at), y, x3)
            at = k * LANES
            store(panel, p0 + at, mul(x0, root))
            store(panel, p1 + at, mul(x1, root))
            store(panel, p2 + at, mul(x2, root))
            store(panel, p3 + at, mul(x3, root))
            i += 4
        while i < size:
            place = i * cut * LANES
            x = load(panel, place + k * LANES)
            for t in range(k):
                x = fnma(load(panel, place + t * LANES), load(panel, mine + t * LANES), x)
            store(panel, place + k * LANES, mul(x, root))
            i += 1
    i = 0
    while i + 4 <= rest:
        for j in range(0, i + 4, 4):
            _tile(panel, (cut + i) * cut * LANES, (cut + j) * cut * LANES, cut, work, (out + i * rest + j) * LANES,
                  rest * LANES)  # fmt: skip
        i += 4
    while i < rest:
        mine = (cut + i) * cut * LANES
        for j in range(i + 1):
            other = (cut + j) * cut * LANES
            place = (out + i * rest + j) * LANES
            x = load(work, place)
            for t in range(cut):
                x = fnma(load(panel, mine + t * LANES), load(panel, other + t * LANES), x)
            store(work, place, x)
        i += 1


@njit(cache=True, nogil=True)
def _tile(panel, a, b, cut, work, out, row):
    """Four rows by four columns of the Schur complement, which stay in registers."""
    line = cut * LANES
    o1, o2, o3 = out + row, out + 2 * row, out + 3 * row
    c00, c01, c02, c03 = load(work, out), load(work, out + 8), load(work, out + 16), load(work, out + 24)
    c10, c11, c12, c13 = load(work, o1), load(work, o1 + 8), load(work, o1 + 16), load(work, o1 + 24)
    c20, c21, c22, c23 = load(work, o2), load(work, o2 + 8), load(work, o2 + 16), load(work, o2 + 24)
    c30, c31, c32, c33 = load(work, o3), load(work, o3 + 8), load(work, o3 + 16), load(work, o3 + 24)
    for t in range(cut):
        p, q = a + t * LANES, b + t * LANES
        x0, x1 = load(panel, p), load(panel, p + line)
        x2, x3 = load(panel, p + 2 * line), load(panel, p + 3 * line)
        y = load(panel, q)
        c00, c10, c20, c30 = fnma(x0, y, c00), fnma(x1, y, c10), fnma(x2, y, c20), fnma(x3, y, c30)
        y = load(panel, q + line)
        c01, c11, c21, c31 = fnma(x0, y, c01), fnma(x1, y, c11), fnma(x2, y, c21), fnma(x3, y, c31)
        y = load(panel, q + 2 * line)
        c02, c12, c22, c32 = fnma(x0, y, c02), fnma(x1, y, c12), fnma(x2, y, c22), fnma(x3, y, c32)
        y = load(panel, q + 3 * line)
        c03, c13, c23, c33 = fnma(x0, y, c03), fnma(x1, y, c13), fnma(x2, y, c23), fnma(x3, y, c33)
    store(work, out, c00)
    store(work, out + 8, c01)
    store(work, out + 16, c02)
    store(work, out + 24, c03)
    store(work, o1, c10)
    store(work, o1 + 8, c11)
    store(work, o1 + 16, c12)
    store(work, o1 + 24, c13)
    store(work, o2, c20)
    store(work, o2 + 8, c21)
    store(work, o2 + 16, c22)
    store(work, o2 + 24, c23)
    store(work, o3, c30)
    store(work, o3 + 8, c31)
    store(work, o3 + 16, c32)
    store(work, o3 + 24, c33)
