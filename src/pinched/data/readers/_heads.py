"""Where the heads of a table stand: in the row above the numbers, above a row of units, or in a comment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from pinched._errors import DataFileError
from pinched.data.columns import Role, meaning
from pinched.data.readers._lines import Rows
from pinched.data.table import number

_SEARCHED = 60
"""Rows from the top among which a head with labels below it is looked for."""


class Heads(NamedTuple):
    """What stands above a block of numbers."""

    heads: tuple[str, ...]
    """One head per column; empty when there is none."""
    notes: tuple[str, ...]
    """What was inferred, one sentence each."""
    preamble: tuple[str, ...]
    """Lines above the block, comments included, heads left out."""
    known: bool
    """True when a head names a voltage or a current."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells as text, with the line each row stands on."""

    rows: Sequence[list[str]]
    """Cells of every row, blank rows included ([] or [""]), comment lines left out."""
    lines: Sequence[int]
    """Line or row number in the file of each row, from 1."""
    decimal: str = "."
    """Decimal mark of the numbers."""
    sheet: str = ""
    """Sheet of a workbook; "" for other files."""
    raw: Sequence[str] = ()
    """The rows before they were cut into cells; empty for sheets."""
    comments: tuple[tuple[int, str], ...] = ()
    """Comment lines (line, text without its mark) above the data: some programs write the heads there."""


def find_heads(grid: Grid, above: Sequence[int], width: int, path: str) -> Heads:
    """Heads among the rows `above` the numbers (of `width` columns), units rows merged into them.

    Raises `DataFileError` (for `path`) when a head of voltage and current does not fit the columns.
    """
    rows = [i for i in above if not is_blank(grid.rows[i])]
    near: list[tuple[int, tuple[str, ...]]] = []
    for i in reversed(rows[-3:]):
        cells = _fit_head(grid, i, width)
        if cells is None:
            break
        near.insert(0, (grid.lines[i], cells))
    if not near:
        if rows:
            _refuse_misfit(grid, rows[-1], width, path)
        for line, text in reversed(grid.comments):
            cells = _split_head_line(text, width)
            if cells and any(meaning(cell).role in (Role.VOLTAGE, Role.CURRENT) for cell in cells):
                note = f"heads taken from the comment on line {line}"
                return Heads(cells, (note,), _preamble(grid, rows, {line}), True)
        return Heads((), (), _preamble(grid, rows, set()), False)
    # The row nearest the numbers may hold units, or a comment; the head is the row people would read first.
    known = [
        k
        for k, (_, cells) in enumerate(near)
        if any(meaning(cell).role is not Role.UNKNOWN for cell in cells)
    ]
    units = [k for k, (_, cells) in enumerate(near) if k > 0 and _all_units(cells)]
    if units:
        k = units[0]
        heads = tuple(
            f"{name} ({unit.strip('()[] ')})" if unit.strip("()[] ") else name
            for name, unit in zip(near[k - 1][1], near[k][1], strict=True)
        )
        note = f"line {near[k][0]} taken as units of the heads above it"
        return Heads(heads, (note,), _preamble(grid, rows, {near[k][0], near[k - 1][0]}), True)
    line, heads = near[known[-1] if known else -1]
    # A row of unknown words may as well be the last line of a preamble.
    return Heads(
        heads,
        (),
        _preamble(grid, rows, {line}),
        any(meaning(cell).role in (Role.VOLTAGE, Role.CURRENT) for cell in heads),
    )


def _preamble(grid: Grid, rows: Sequence[int], used: set[int]) -> tuple[str, ...]:
    """Comments and `rows` above a table without the lines `used` as heads: "device,V,I" is no setting."""
    # Comments first: they stand at the top of a file, where programs write the settings.
    return (
        *(text for line, text in grid.comments if line not in used),
        *(
            (grid.raw[i] if grid.raw else " ".join(grid.rows[i])).strip()
            for i in rows
            if grid.lines[i] not in used
        ),
    )


def _all_units(cells: tuple[str, ...]) -> bool:
    filled = [cell.strip("()[] ") for cell in cells if cell.strip("()[]#- ")]
    return bool(filled) and all(meaning(f"x ({unit})").unit for unit in filled)


def _fit_head(grid: Grid, i: int, width: int) -> tuple[str, ...] | None:
    """Row `i` as `width` heads, None when it cannot be that."""
    cells = [cell.strip().strip('"') for cell in grid.rows[i]]
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) == width:
        numeric = sum(number(cell, grid.decimal) is not None for cell in cells)
        return tuple(cells) if numeric == 0 or meaning(cells[0]).role is not Role.UNKNOWN else None
    body = next((grid.rows[k] for k in range(i + 1, len(grid.rows)) if len(grid.rows[k]) == width), None)
    if body is not None and 1 < len(cells) < width and not any(cell.strip() for cell in body[len(cells) :]):
        # The rows end with a separator and the head does not.
        return (*cells, *[""] * (width - len(cells)))
    return _split_head_line(grid.raw[i], width) if grid.raw else None


def _split_head_line(line: str, width: int) -> tuple[str, ...] | None:
    """`line` cut into `width` heads at whatever mark does it: some programs head their columns in another way."""
    # A blank before a bracket belongs to the head: "Voltage (V) Current (A)" are two.
    for mark in (r"\t", r"\t+| {2,}", r";", r",", r"\s+(?![(\[])"):
        cells = [cell.strip().strip('"') for cell in re.split(mark, line.strip())]
        if len(cells) == width and not any(number(cell, ".") is not None for cell in cells):
            return tuple(cells)
    return None


def _refuse_misfit(grid: Grid, i: int, width: int, path: str) -> None:
    cells = [cell.strip() for cell in grid.rows[i] if cell.strip()]
    roles = {meaning(cell).role for cell in cells}
    if len(cells) < 2 or not {Role.VOLTAGE, Role.CURRENT} <= roles:
        return
    cure = "Make them equal, or name the columns by number (Columns)."
    if width == 2 * len(cells):
        cure = (
            "Is the comma separator and decimal mark at once? Save the file with ';' or tabs between cells."
        )
    raise DataFileError(path, f"line {grid.lines[i]}", f"{len(cells)} heads stand over {width} columns", cure)


def ends_with_head(grid: Grid, pending: list[int], width: int) -> bool:
    """True when the last of the `pending` rows heads a voltage and a current, with or without units below."""
    for i in pending[:-3:-1]:
        cells = _fit_head(grid, i, width)
        if cells is None:
            return False
        if {Role.VOLTAGE, Role.CURRENT} <= {meaning(cell).role for cell in cells}:
            return True
        if not _all_units(cells):
            return False
    return False


def is_blank(row: list[str]) -> bool:
    """True when nothing stands in `row`."""
    return not any(cell.strip() for cell in row)


def with_labels(grid: Grid) -> Grid:
    """`grid` with a row of numbers or names of experiments merged into the head above it, where there is one.

    Under "Voltage (V), Current (A), ," some programs write ", 1, 2, 3": the head of the currents stands over the
    first, and the row below tells them apart.
    """
    rows = grid.rows
    for i in range(min(len(rows) - 2, _SEARCHED)):
        head, label = [[cell.strip() for cell in row] for row in rows[i : i + 2]]
        if len(head) < 2 or any(number(cell, grid.decimal) is not None for cell in head):
            continue
        roles = [meaning(cell).role if cell else None for cell in head]
        if Role.VOLTAGE not in roles or len(label) < len(head):
            continue
        at = [c for c, cell in enumerate(label) if cell]
        if len(at) < 2 or roles.index(Role.VOLTAGE) in at or not _are_labels([label[c] for c in at]):
            continue
        merged = [*head, *[""] * (len(label) - len(head))]
        for c in range(1, len(merged)):
            # A merged cell of a sheet leaves its right neighbours empty.
            merged[c] = merged[c] or (merged[c - 1] if c in at else "")
        names = [f"exp {float(cell):g}" if number(cell, ".") is not None else cell for cell in label]
        merged = [f"{cell} {names[c]}" if c in at else cell for c, cell in enumerate(merged)]
        changed = {i: merged, i + 1: [""] * len(merged)}
        kept = rows.replaced(changed) if isinstance(rows, Rows) else [
            changed.get(k, row) for k, row in enumerate(rows)
        ]  # fmt: skip
        return replace(grid, rows=kept)
    return grid


def _are_labels(cells: list[str]) -> bool:
    """True for 1, 2, 3 (each one more) and for "exp 1", "cycle 2", "device A"."""
    numbers = [number(cell, ".") for cell in cells]
    if None not in numbers:
        counted = [value or 0.0 for value in numbers]
        return (
            counted[0] >= 1
            and all(b - a == 1 for a, b in pairwise(counted))
            and counted[0] == int(counted[0])
        )
    return all(meaning(cell).role in (Role.CYCLE, Role.DEVICE) for cell in cells)
