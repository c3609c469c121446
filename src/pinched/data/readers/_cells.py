"""`Grid`: the cells of a text or a sheet, and the row below the heads that tells several currents apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pinched.data.columns import Role, meaning
from pinched.data.labels import Label, label_of
from pinched.data.readers._lines import Rows
from pinched.data.table import number

_SEARCHED = 60
"""Rows from the top among which a head with labels below it is looked for."""


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
    separator: str = ""
    """The mark at which `raw` was cut; "" for sheets."""
    comments: tuple[tuple[int, str], ...] = ()
    """Comment lines (line, text without its mark) above the data: some programs write the heads there."""

    def text(self, i: int) -> str:
        """Row `i` (from 0) as a person reads it."""
        return (self.raw[i] if self.raw else " ".join(cell for cell in self.rows[i] if cell)).strip()

    def label(self, i: int) -> Label | None:
        """What row `i` (from 0) says when it is a label of the block below; None for any other row."""
        first = self.rows[i][0].strip() if self.rows[i] else ""
        return None if first[:1].isdigit() or first[:1] in ("+", ".") else label_of(self.text(i))


def is_blank(row: list[str]) -> bool:
    """True when nothing stands in `row`."""
    return not any(cell.strip() for cell in row)


def with_labels(grid: Grid) -> Grid:
    """`grid` with a row of numbers or names of experiments merged into the head above it, where there is one.

    Under "Voltage (V), Current (A), ," some programs write ", 1, 2, 3": the head of the currents stands over the
    first, and the row below tells them apart.
    """
    rows = grid.rows
    data = 0
    for i in range(min(len(rows) - 2, _SEARCHED)):
        head = [cell.strip() for cell in rows[i]]
        if len(head) < 2:
            continue
        numeric = [number(cell, grid.decimal) is not None for cell in head]
        data = data + 1 if all(numeric) else 0
        if data == 2:
            return grid  # the numbers have begun
        if any(numeric):
            continue
        roles = [meaning(cell).role if cell else None for cell in head]
        label = [cell.strip() for cell in rows[i + 1]]
        if Role.VOLTAGE not in roles or len(label) < len(head):
            continue
        at = [c for c, cell in enumerate(label) if cell]
        if len(at) < 2 or roles.index(Role.VOLTAGE) in at or not are_labels([label[c] for c in at]):
            continue
        merged = [*head, *[""] * (len(label) - len(head))]
        for c in range(1, len(merged)):
            # A merged cell of a sheet leaves its right neighbours empty.
            merged[c] = merged[c] or (merged[c - 1] if c in at else "")
        names = [f"exp {float(cell):g}" if number(cell, ".") is not None else cell for cell in label]
        merged = [f"{cell} {names[c]}" if c in at else cell for c, cell in enumerate(merged)]
        changed = {i: merged, i + 1: [""] * len(merged)}
        kept = rows if isinstance(rows, Rows) else Rows(rows, list)
        return replace(grid, rows=kept.replaced(changed))
    return grid


def are_labels(cells: list[str]) -> bool:
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
