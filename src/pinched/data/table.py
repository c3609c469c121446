"""`RawTable`: what a file holds before anybody says which column is a voltage.

Readers (`pinched.data.readers`) turn bytes into raw tables; `columns` and `segments` turn raw tables into
traces. A kind of data that is no sweep (pulses, retention) starts from the same raw tables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from pinched._errors import PinchedError
from pinched.data.columns import Meaning, Role, meaning
from pinched.data.settings import Setting

OVERFLOW = 1e36
"""A magnitude that no current or voltage has: source-meters write 9.9e37, 9.91e37 or 1e38 for overflow."""

_NO_BRACKETS = str.maketrans("()[]", "    ")
# Both marks in one number leave no doubt which groups the thousands; neither does an apostrophe or a narrow blank.
_GROUPED = {
    mark: re.compile(
        rf"[+-]?[1-9]\d{{0,2}}(?:(?:{re.escape(other)}\d{{3}})+(?={re.escape(mark)})|(?:['\u2019\u00a0\u202f]\d{{3}})+)"
        rf"(?:{re.escape(mark)}\d*)?"
    )
    for mark, other in ((".", ","), (",", "."))
}
_GROUPS = {
    ".": str.maketrans("", "", ",'\u2019\u00a0\u202f"), ",": str.maketrans(",", ".", ".'\u2019\u00a0\u202f"),
}  # fmt: skip
UNSAID = Meaning(role=Role.UNKNOWN)
"""Meaning of a column without a head."""

# What instruments and spreadsheets write where a number is missing; lower case.
MISSING = frozenset({"nan", "n/a", "#n/a", "null", "none", "-", "--", "---", "ovld", "overflow", "overrange"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How a file is written, as far as the caller says it; None leaves the point to the reader."""

    separator: str | None = None
    """Character between cells; " " stands for any run of blanks."""
    decimal: str | None = None
    """Decimal mark, "." or ","."""
    sheet: str | None = None
    """Name of the one sheet to read from a workbook."""

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise PinchedError(f"decimal is '{self.decimal}'; the decimal mark is '.' or ','.")
        if self.separator is not None and len(self.separator) != 1:
            raise PinchedError(
                f"separator is {self.separator!r}; give one character such as ',', ';' or '\\t'."
            )
        if self.separator is not None and self.separator == self.decimal:
            raise PinchedError(f"'{self.decimal}' cannot be the separator and the decimal mark at once.")


class Fault(NamedTuple):
    """A row that does not fit its table: its `line` in the file, and what was `found` there."""

    line: int
    found: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RawTable:
    """One block of numbers with its heads; nothing in it has been interpreted."""

    heads: tuple[str, ...]
    """One head per column as written; empty when the block has none."""
    numbers: Float[np.ndarray, "row column"]
    """Cells as numbers, in the file's own units; NaN where a cell holds none."""
    texts: Mapping[int, Mapping[int, str]]
    """Cells that are not numbers: column -> row -> text as written ("" is an empty cell)."""
    lines: Int[np.ndarray, " row"]
    """Line (text) or row (sheet) of each row in the file, counted from 1."""
    sheet: str = ""
    """Sheet of a workbook; "" for other files."""
    faults: tuple[Fault, ...] = ()
    """Rows left out of `numbers` because they do not fit."""
    notes: tuple[str, ...] = ()
    """What the reader inferred, one sentence each."""
    preamble: tuple[str, ...] = ()
    """Lines above the block that are no data: instrument settings, titles."""
    units: tuple[str, ...] = ()
    """Unit of each column where the format states it apart from the heads ("" for a silent one); else empty."""
    aside: frozenset[int] = frozenset()
    """Columns (from 0) that the format says belong to another terminal; used only when the caller names them."""
    settings: tuple[Setting, ...] = ()
    """Instrument settings that the format states for this block."""
    device: str = ""
    """Device that the format names for this block; "" when it names none."""
    cycle: int | None = None
    """Cycle that the format states for this block; None when it states none."""
    groups: tuple[str, ...] = ()
    """Device or cycle that a row above the heads names for each column ("" for none); empty without such a row."""
    said: Mapping[int, Meaning] = field(default_factory=dict)
    """What columns hold whose numbers are no longer what their heads say."""

    def meaning(self, column: int) -> Meaning:
        """What `column` (counted from 0) holds, as its head and the format's own unit say."""
        if column in self.said:
            return self.said[column]
        head = self.heads[column] if self.heads else ""
        unit = self.units[column] if self.units else ""
        if not unit and head.strip().lower() == "id" and self._has_drain():
            # "Id" alone is as often an identifier; beside "Vd" it is the current of the drain.
            return Meaning(role=Role.CURRENT, stem="d")
        if not unit:
            return meaning(head) if head else UNSAID
        # What the format states beside the head wins: "v(a)" is the voltage of node a, and no ampere.
        bare = head.translate(_NO_BRACKETS).strip()
        return meaning(f"{bare or 'x'} ({unit})")

    def _has_drain(self) -> bool:
        return any(head.strip().lower() in ("vd", "vds", "v_d", "v_ds") for head in self.heads)

    def name(self, column: int) -> str:
        """Head of `column` (counted from 0) as people read it: "column 2 'I1'", or "column 2" without heads."""
        head = self.heads[column] if self.heads else ""
        return f"column {column + 1} '{head}'" if head else f"column {column + 1}"

    def head(self, column: int) -> str:
        """Head of `column` (counted from 0), "column 2" where there is none."""
        return (self.heads[column] if self.heads else "") or f"column {column + 1}"


def number(cell: str, decimal: str) -> float | None:
    """The number in `cell` with the `decimal` mark "." or ","; NaN for a missing marker, None for text or nothing.

    Thousands may be grouped where nothing else can be meant ("1,234.5", "1'234", not "1,234"); a cell with the other
    decimal mark is text: guessing would invent a number.
    """
    cell = cell.strip()
    plain = cell
    if decimal == ",":
        if "." in cell:
            return _grouped(cell, decimal) if "," in cell else None
        plain = cell.replace(",", ".")
    try:
        # float() would take 1_000 as a number; no instrument writes that.
        return None if "_" in plain else float(plain)
    except ValueError:
        # "NA" is a missing value, "nA" a unit.
        return math.nan if cell == "NA" or cell.lower() in MISSING else _grouped(cell, decimal)


def _grouped(cell: str, decimal: str) -> float | None:
    """The number in `cell` with its thousands grouped; None when it is none."""
    if len(cell) < 5 or not _GROUPED[decimal].fullmatch(cell):
        return None
    return float(cell.translate(_GROUPS[decimal]))


def numeric_column(cells: list[str] | tuple[str, ...], decimal: str) -> list[float] | None:
    """All `cells` as numbers when every one is a plain number, else None; the quick way for clean columns."""
    joined = "\n".join(cells)
    if "_" in joined:
        return None
    if decimal == ",":
        if "." in joined:
            return None
        cells = joined.replace(",", ".").split("\n")
    try:
        return list(map(float, cells))
    except ValueError:
        return None
