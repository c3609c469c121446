"""What pairing a table's columns is written in: `ColumnSet`, the cells of a column, the refusal."""

from __future__ import annotations

from dataclasses import dataclass

from pinched._errors import DataFileError
from pinched.data.table import RawTable


class NoSweepError(DataFileError):
    """A table that is whole, and no sweep by its nature: retention, results, settings."""


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """Columns of one trace (counted from 0)."""

    voltage: int
    current: int
    time: int | None
    device: str = ""
    cycle: int | None = None


def is_text(table: RawTable, column: int) -> bool:
    """True when no cell of `column` (counted from 0) is a number and at least one holds text."""
    cells = table.texts.get(column, {})
    return len(cells) == len(table.lines) and any(cells.values())


def listed(table: RawTable, columns: list[int]) -> str:
    """Names of the first three of `columns` (from 0), and how many more there are."""
    shown = ", ".join(table.name(c) for c in columns[:3])
    return shown + (f" and {len(columns) - 3} more columns" if len(columns) > 3 else "")


def entries(table: RawTable, column: int) -> list[str]:
    """Cells of a grouping `column` (counted from 0) as text, one per row; whole numbers without a point."""
    texts = table.texts.get(column, {})
    numbers = table.numbers[:, column]
    return [texts[row] if row in texts else f"{numbers[row]:.12g}" for row in range(len(table.lines))]
