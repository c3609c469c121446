"""Cells of a text file or a sheet -> raw tables: where the preamble ends, which row is the head, where blocks part.

Clean files (preamble, head, numbers to the end) take a quick way over whole columns; everything else is
judged row by row.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pinched.data.keeping import SET_MARK
from pinched.data.readers._blocks import FEW, NUMERIC_START, USUAL, by_row, drop_empty, looks_like_data
from pinched.data.readers._cells import Grid, is_blank, with_labels
from pinched.data.readers._heads import find_heads
from pinched.data.readers._shapes import finished
from pinched.data.readers._sheet import Sheet
from pinched.data.table import RawTable, number, numeric_column

_CHUNK = 1024
"""Rows whose cells are held as text at one time."""
_SMALL_PART = 0.25
"""Share of the rows of a file below which its tables may be no more than settings above the measurement."""


def tables(grid: Grid, path: str) -> list[RawTable]:
    """Every block of numbers in `grid`, in file order; none when there are no numbers.

    Raises `DataFileError` (for `path`) when the heads do not fit the columns below them.
    """
    grid = with_labels(grid)
    own = any(text == SET_MARK for _, text in grid.comments[:1])
    quick = _clean_table(grid, path, USUAL)
    found = [quick] if quick is not None else by_row(grid, path, shared=not own)
    rows = sum(len(table.lines) for table in found)
    if rows < _SMALL_PART * len(grid.rows):
        # Exports that explain each number in words: only where nothing else of any size is a table.
        wordy = _clean_table(grid, path, FEW)
        found = [wordy] if wordy is not None and len(wordy.lines) * _SMALL_PART > rows else found
    return finished(found, grid.decimal, labelled=own)


def _clean_table(grid: Grid, path: str, share: float) -> RawTable | None:
    """The one table of a file whose rows are all of one kind from the first number on; None for any other."""
    rows, decimal = grid.rows, grid.decimal
    start = next(
        (
            i
            for i in range(len(rows))
            if looks_like_data(rows[i : i + NUMERIC_START], decimal, share) and grid.label(i) is None
        ),
        None,
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
        stop = min(at + _CHUNK, end)
        plain = None if texts else _plain_numbers(grid, at, stop, width)
        if plain is not None:
            numbers[at - start : stop - start] = plain
            continue
        body = rows[at:stop]
        if set(map(len, body)) != {width}:
            return None
        for column, cells in enumerate(zip(*body, strict=True)):
            values = None if column in texts else numeric_column(cells, decimal)
            if values is not None:
                numbers[at - start : at - start + len(body), column] = values
            elif (at == start or column in texts) and not any(_says_number(cell, decimal) for cell in cells):
                known = texts.setdefault(column, {})
                known.update((at - start + row, cell.strip()) for row, cell in enumerate(cells))
            else:
                return None
    if len(texts) == width:
        return None
    head = find_heads(grid, range(start), width, path, start)
    comments = tuple(text for line, text in grid.comments if line not in head.used)
    return drop_empty(
        RawTable(
            heads=head.heads,
            numbers=numbers,
            texts=texts,
            lines=np.array(grid.lines[start:end]),
            sheet=grid.sheet,
            notes=head.notes,
            preamble=(*comments, *head.preamble),
            device=head.label.device,
            cycle=head.label.cycle,
            groups=head.groups,
        ),
        path,
    )


def _says_number(cell: str, decimal: str) -> bool:
    """Whether `cell` holds a number; "None" in a column of words is one of the words."""
    value = number(cell, decimal)
    return value is not None and not np.isnan(value)


def _plain_numbers(grid: Grid, start: int, stop: int, width: int) -> Float[np.ndarray, "row column"] | None:
    """Rows from `start` to `stop` when every cell is a plain number, else None; the quick way for clean files."""
    if isinstance(grid.rows, Sheet):
        return grid.rows.plain(start, stop)
    if not grid.separator:
        return None
    body = grid.raw[start:stop]
    if grid.decimal == ",":
        if grid.separator == "," or any("." in line for line in body):
            return None
        body = [line.replace(",", ".") for line in body]
    if not all(body):
        return None
    delimiter = None if grid.separator == " " else grid.separator
    try:
        found = np.loadtxt(body, delimiter=delimiter, comments=None, ndmin=2, dtype=np.float64)
    except ValueError:
        return None
    # Lines of blanks are passed over there, and would shift what lies below.
    return found if found.shape == (stop - start, width) else None
