"""Cells of a text file or a sheet -> raw tables: where the preamble ends, which row is the head, where blocks part.

Clean files (preamble, head, numbers to the end) take a quick way over whole columns; everything else is
judged row by row.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pinched._errors import DataFileError
from pinched.data.columns import Role, meaning
from pinched.data.readers._heads import Grid, Heads, ends_with_head, find_heads, is_blank, with_labels
from pinched.data.table import Fault, RawTable, number, numeric_column

_CHUNK = 1024
"""Rows whose cells are held as text at one time."""
_NUMERIC_START = 2
"""Rows of numbers that must follow each other before the quick way believes that the data begin."""
_SHORTEST_BLOCK = 3
"""Blank lines part blocks only when every block has this many rows; else the file is merely double-spaced."""
_SHORT_PREAMBLE = 10
"""Rows of numbers above the first head that may be settings; more of them are data."""


@dataclass(slots=True)
class _Block:
    heads: tuple[str, ...]
    above: Heads
    rows: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ended_by_text: bool = False


def tables(grid: Grid, path: str) -> list[RawTable]:
    """Every block of numbers in `grid`, in file order; none when there are no numbers.

    Raises `DataFileError` (for `path`) when the heads do not fit the columns below them.
    """
    grid = with_labels(grid)
    quick = _clean_table(grid, path)
    return [quick] if quick is not None else _by_row(grid, path)


def _clean_table(grid: Grid, path: str) -> RawTable | None:
    """The one table of a file whose rows are all of one kind from the first number on; None for any other."""
    rows, decimal = grid.rows, grid.decimal
    start = next(
        (i for i in range(len(rows)) if _looks_like_data(rows[i : i + _NUMERIC_START], decimal)), None
    )
    if start is None:
        return None
    end = len(rows)
    while end > start and is_blank(rows[end - 1]):
        end -= 1
    width = len(rows[start])
    numbers = np.full((end - start, width), np.nan)
    texts: dict[int, dict[int, str]] = {}
    for at in range(start, end, _CHUNK):
        body = rows[at : min(at + _CHUNK, end)]
        if set(map(len, body)) != {width}:
            return None
        for column, cells in enumerate(zip(*body, strict=True)):
            values = None if column in texts else numeric_column(cells, decimal)
            if values is not None:
                numbers[at - start : at - start + len(body), column] = values
            elif (at == start or column in texts) and all(number(cell, decimal) is None for cell in cells):
                known = texts.setdefault(column, {})
                known.update((at - start + row, cell.strip()) for row, cell in enumerate(cells))
            else:
                return None
    if len(texts) == width:
        return None
    head = find_heads(grid, range(start), width, path)
    return _drop_empty(
        RawTable(
            heads=head.heads,
            numbers=numbers,
            texts=texts,
            lines=np.array(grid.lines[start:end]),
            sheet=grid.sheet,
            notes=head.notes,
            preamble=head.preamble,
        ),
        path,
    )


def _looks_like_data(rows: Sequence[list[str]], decimal: str) -> bool:
    for row in rows:
        filled = [cell for cell in row if cell.strip()]
        numeric = sum(number(cell, decimal) is not None for cell in filled)
        if numeric == 0 or 2 * numeric < len(filled):
            return False
    return True


def _by_row(grid: Grid, path: str) -> list[RawTable]:
    """Every block of a file that needs a look at each row."""
    # Tuples and an array: a large file that needs this way costs as little memory as it can.
    values = [tuple(number(cell, grid.decimal) for cell in row) for row in grid.rows]
    candidates = np.fromiter(
        (i for i in range(len(values)) if _looks_like_data([grid.rows[i]], grid.decimal)), dtype=np.int32
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
    return [_table(grid, values, block, path) for block in blocks]


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
        if not has_number and not (block is not None and _is_broken_row(row, width, heads)):
            if block is not None:
                block.ended_by_text = True
            block = None
            pending.append(i)
            continue
        # Below a head, or inside a block, a bad cell is damage; anywhere else it is a line of a preamble.
        inside = block is not None or ends_with_head(grid, pending, width)
        shaped = len(row) == width and (
            _fits(row, values[i], numeric) or (inside and _looks_like_data([row], grid.decimal))
        )
        if block is None and (shaped or inside):
            above = find_heads(grid, pending, width, path)
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
    if parts:
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
    )
    return _drop_empty(table, path)


def _drop_empty(table: RawTable, path: str) -> RawTable:
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
    return RawTable(
        heads=tuple(heads[c] for c in keep) if heads else (),
        numbers=table.numbers[:, keep],
        texts={new: table.texts[c] for new, c in enumerate(keep) if c in table.texts},
        lines=table.lines,
        sheet=table.sheet,
        faults=table.faults,
        notes=table.notes,
        preamble=table.preamble,
    )
