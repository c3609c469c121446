"""Blocks of numbers in files that need a look at each row: repeated heads, blank lines, remarks, damage.

`by_row` is the slow way of `_grid`, which tries the quick one first.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pinched._errors import DataFileError
from pinched.data.columns import Role, meaning
from pinched.data.readers._cells import Grid, is_blank
from pinched.data.readers._heads import Heads, ends_with_head, find_heads
from pinched.data.table import Fault, RawTable, number

NUMERIC_START = 2
"""Rows of numbers that must follow each other before the quick way believes that the data begin."""
USUAL, FEW = 0.5, 0.2
"""Share of the filled cells of a row that are numbers: usually, and in exports that explain each number in words."""
_SHORTEST_BLOCK = 3
"""Blank lines part blocks only when every block has this many rows; else the file is merely double-spaced."""
_SHORT_PREAMBLE = 10
"""Rows of numbers above the first head that may be settings; more of them are data."""
_AT_ONCE = 20_000
"""Rows up to which all cells are kept while each row is judged: quicker, and the memory is no matter."""


@dataclass(slots=True)
class _Block:
    heads: tuple[str, ...]
    above: Heads
    rows: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ended_by_text: bool = False


def by_row(grid: Grid, path: str, *, shared: bool = True) -> list[RawTable]:
    """Every block of a file that needs a look at each row; what stands at the top holds for all if `shared`."""
    if len(grid.rows) <= _AT_ONCE:
        grid = replace(grid, rows=list(grid.rows))
    # Tuples and an array: a large file that needs this way costs as little memory as it can.
    values = [tuple(number(cell, grid.decimal) for cell in row) for row in grid.rows]
    candidates = np.fromiter(
        (i for i in range(len(values)) if looks_like_data([grid.rows[i]], grid.decimal)), dtype=np.int32
    )
    if not candidates.size:
        return []
    width = Counter(len(values[i]) for i in candidates).most_common(1)[0][0]
    wide = candidates[[len(values[i]) == width for i in candidates]]

    def shaped() -> Iterator[int]:
        return map(int, wide)

    numeric = [
        2 * sum(values[i][column] is not None for i in shaped())
        >= sum(bool(grid.rows[i][column].strip()) for i in shaped())
        for column in range(width)
    ]
    blocks = _blocks(grid, values, width, numeric, path)
    return _with_settings([_table(grid, values, block, path) for block in blocks], blocks, grid, shared)


def _with_settings(found: list[RawTable], blocks: list[_Block], grid: Grid, shared: bool) -> list[RawTable]:
    """`found` with the comments around each block, and what the top of the file says of all of them."""
    described: list[RawTable] = []
    begin = 0
    for k, (table, block) in enumerate(zip(found, blocks, strict=True)):
        end = grid.lines[block.rows[-1]] if k < len(blocks) - 1 else math.inf
        comments = [
            text for line, text in grid.comments if begin < line <= end and line not in block.above.used
        ]
        begin = end
        own = (*comments, *table.preamble)
        # What a block says of itself comes first: of two statements the earlier one counts.
        top = described[0].preamble if described and shared else ()
        described.append(replace(table, preamble=(*own, *(line for line in top if line not in own))))
    return described


def _blocks(
    grid: Grid, values: list[tuple[float | None, ...]], width: int, numeric: list[bool], path: str
) -> list[_Block]:
    parts: list[list[_Block]] = []  # runs of blocks that only blank lines part
    block: _Block | None = None
    pending: list[int] = []
    late: list[Fault] = []
    heads: tuple[str, ...] = ()
    for i, row in enumerate(grid.rows):
        if is_blank(row):
            block = None
            continue
        has_number = any(value is not None for value in values[i])
        label = values[i][0] is None and grid.label(i) is not None
        if label or (not has_number and not (block is not None and _is_broken_row(row, width, heads))):
            if block is not None:
                block.ended_by_text = True
            block = None
            pending.append(i)
            continue
        # Below a head, or inside a block, a bad cell is damage; anywhere else it is a line of a preamble.
        inside = block is not None or ends_with_head(grid, pending, width)
        shaped = len(row) == width and (
            _fits(row, values[i], numeric) or (inside and looks_like_data([row], grid.decimal))
        )
        if block is None and (shaped or inside):
            above = find_heads(grid, pending, width, path, i)
            heads = above.heads or heads
            block = _Block(heads, above)
            if parts and not pending:
                parts[-1].append(block)
            else:
                parts.append([block])
            pending, late = [], []
        if shaped and block is not None:
            block.rows.append(i)
        elif block is not None:
            block.faults.append(_fault(grid, i, values[i], width, numeric, heads))
        else:
            late.append(_fault(grid, i, values[i], width, numeric, heads))
            pending.append(i)
    if parts and not all(_is_key(grid.rows[i], values[i]) for i in pending):
        # Rows with numbers that no block follows are not another preamble: they are damage.
        parts[-1][-1].faults.extend(late)
    return _without_preamble([joined for run in parts for joined in _join_double_spaced(run)])


def _without_preamble(blocks: list[_Block]) -> list[_Block]:
    """`blocks` without those that are numbers in a preamble: short, headless, in a file whose data have heads."""
    blocks = [block for block in blocks if block.rows]
    headed = [k for k, block in enumerate(blocks) if block.above.known]
    if not headed:
        return blocks
    kept: list[_Block] = []
    for k, block in enumerate(blocks):
        short = _SHORT_PREAMBLE if k < headed[0] else _SHORTEST_BLOCK
        if block.above.known or len(block.rows) >= short or (k > headed[0] and not block.ended_by_text):
            kept.append(block)
    return kept


def _fits(row: list[str], values: tuple[float | None, ...], numeric: list[bool]) -> bool:
    fits = any(value is not None for value, wanted in zip(values, numeric, strict=True) if wanted)
    return fits and all(
        value is not None or not cell.strip()
        for cell, value, wanted in zip(row, values, numeric, strict=True)
        if wanted
    )


def _is_key(row: list[str], values: tuple[float | None, ...]) -> bool:
    """True for a row that begins with a word: below the last block it is a remark or a setting, no lost sample."""
    return values[0] is None and any(character.isalpha() for character in row[0])


def _is_broken_row(row: list[str], width: int, heads: tuple[str, ...]) -> bool:
    """True for a row of text inside a block that has the shape of data and is no repeated head."""
    filled = [cell.strip() for cell in row]
    if len(row) != width or width < 2 or not all(filled) or tuple(filled) == heads:
        return False
    return not any(meaning(cell).role in (Role.VOLTAGE, Role.CURRENT) for cell in filled)


def _fault(
    grid: Grid,
    i: int,
    values: tuple[float | None, ...],
    width: int,
    numeric: list[bool],
    heads: tuple[str, ...],
) -> Fault:
    row = grid.rows[i]
    if len(row) != width:
        return Fault(grid.lines[i], f"{len(row)} cells where the other rows have {width}")
    for column, (cell, value) in enumerate(zip(row, values, strict=True)):
        if numeric[column] and value is None and cell.strip():
            head = f" '{heads[column]}'" if heads else ""
            return Fault(grid.lines[i], f"'{cell.strip()[:40]}' in column {column + 1}{head} is not a number")
    return Fault(grid.lines[i], "no number in any column")


def _join_double_spaced(run: list[_Block]) -> list[_Block]:
    if len(run) == 1 or all(len(block.rows) >= _SHORTEST_BLOCK for block in run):
        return run
    first = run[0]
    for block in run[1:]:
        first.rows.extend(block.rows)
        first.faults.extend(block.faults)
    first.ended_by_text = run[-1].ended_by_text
    return [first]


def _table(grid: Grid, values: list[tuple[float | None, ...]], block: _Block, path: str) -> RawTable:
    width = len(values[block.rows[0]])
    numbers = np.full((len(block.rows), width), np.nan)
    texts: dict[int, dict[int, str]] = {}
    for row, i in enumerate(block.rows):
        for column, value in enumerate(values[i]):
            if value is not None:
                numbers[row, column] = value
            if value is None or math.isnan(value):
                texts.setdefault(column, {})[row] = grid.rows[i][column].strip()
    table = RawTable(
        heads=block.heads,
        numbers=numbers,
        texts=texts,
        lines=np.array([grid.lines[i] for i in block.rows]),
        sheet=grid.sheet,
        faults=tuple(block.faults),
        notes=block.above.notes,
        preamble=block.above.preamble,
        device=block.above.label.device,
        cycle=block.above.label.cycle,
        groups=block.above.groups,
    )
    return drop_empty(table, path)


def looks_like_data(rows: Sequence[list[str]], decimal: str, share: float = USUAL) -> bool:
    """True when in each of `rows` at least the `share` of the filled cells are numbers."""
    for row in rows:
        filled = [cell for cell in row if cell.strip()]
        numeric = sum(number(cell, decimal) is not None for cell in filled)
        if numeric == 0 or numeric < share * len(filled) or (share < USUAL and numeric < NUMERIC_START):
            return False
    return True


def drop_empty(table: RawTable, path: str) -> RawTable:
    """`table` without the columns in which nothing stands: trailing separators make them."""
    rows, width = table.numbers.shape
    empty = [
        c for c in range(width) if len(table.texts.get(c, ())) == rows and not any(table.texts[c].values())
    ]
    heads = table.heads
    if heads and len(heads) != width:
        raise DataFileError(
            path, f"line {table.lines[0]}", f"{len(heads)} heads over {width} columns", "Repair the file."
        )
    if not empty:
        return table
    keep = [c for c in range(width) if c not in empty]
    return replace(
        table,
        heads=tuple(heads[c] for c in keep) if heads else (),
        numbers=table.numbers[:, keep],
        texts={new: table.texts[c] for new, c in enumerate(keep) if c in table.texts},
        groups=tuple(table.groups[c] for c in keep) if table.groups else (),
    )
