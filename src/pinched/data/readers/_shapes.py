"""What a block of cells still needs before its columns can be named: turned upright, units beside values taken in.

All of it is about how people lay out tables, none about what a column is: `finished` is called for every table of a
text file or a sheet.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from pinched.data.columns import Role, meaning, words_of
from pinched.data.table import RawTable, number
from pinched.data.unit_words import unit_of

_FEWEST = 10
"""Columns from which a block that is much wider than high may lie on its side."""
_MEASURED = re.compile(r"^([+-]?[\d.,]+(?:[eE][+-]?\d+)?)\s*([^\W\d_°%][^\s\d]*)$")
_QUANTITIES = (Role.VOLTAGE, Role.CURRENT, Role.TIME, Role.RESISTANCE)


def finished(tables: list[RawTable], decimal: str, *, labelled: bool = False) -> list[RawTable]:
    """`tables` of one file or sheet as they are meant; `decimal` is the mark of their numbers.

    `labelled` says that the name of a device above a block is one, also where it is the only one.
    """
    found = [_unit_columns(_measured_cells(_upright(_without_size(table)), decimal)) for table in tables]
    if labelled:
        # As written, with marks that a label of somebody else's file would end at.
        found = [replace(table, device=_written(table.preamble, "device: ")) for table in found]
    # One name is a title, several are devices.
    if not labelled and len({table.device for table in found} - {""}) < 2:
        found = [replace(table, device="") if table.device else table for table in found]
    return found


def _written(preamble: tuple[str, ...], key: str) -> str:
    return next((line.removeprefix(key) for line in preamble if line.startswith(key)), "")


def _without_size(table: RawTable) -> RawTable:
    """A block without heads and without a first row that states its size ("121 2")."""
    rows, width = table.numbers.shape
    if table.heads or table.texts or rows < 3 or not 1 < width < 20:
        return table
    first = table.numbers[0]
    if first[0] != rows - 1 or first[1] not in (width, width - 1) or (first[2:] != 0).any():
        return table
    note = f"line {table.lines[0]} left out: it states how many rows and columns follow"
    return replace(table, numbers=table.numbers[1:], lines=table.lines[1:], notes=(*table.notes, note))


def _upright(table: RawTable) -> RawTable:
    """A block whose rows are the quantities, turned so that they are columns."""
    rows, width = table.numbers.shape
    if table.heads or table.faults or rows < 2 or width < max(_FEWEST, 3 * rows):
        return table
    labels: tuple[str, ...] = ()
    if set(table.texts) == {0} and len(table.texts[0]) == rows and all(table.texts[0].values()):
        labels = tuple(table.texts[0][row] for row in range(rows))
        if not any(meaning(label).role in _QUANTITIES for label in labels):
            return table
    elif table.texts:
        return table
    numbers = table.numbers[:, 1:] if labels else table.numbers
    return replace(
        table,
        heads=labels,
        numbers=np.ascontiguousarray(numbers.T),
        texts={},
        lines=np.full(numbers.shape[1], table.lines[0]),
        notes=(*table.notes, "the table lies on its side: each line is a column"),
        groups=(),
    )


def _measured_cells(table: RawTable, decimal: str) -> RawTable:
    """Columns of text whose every cell is a number with its unit ("1.2 uA"), as numbers in SI."""
    rows = len(table.lines)
    numbers, units, texts = (
        table.numbers,
        list(table.units or ("",) * table.numbers.shape[1]),
        dict(table.texts),
    )
    for column, cells in table.texts.items():
        if len(cells) < rows or not _MEASURED.match(cells[0]):
            continue
        values = np.full(rows, np.nan)
        found: set[str] = set()
        for row, cell in cells.items():
            match = _MEASURED.match(cell)
            unit = unit_of(match[2]) if match else None
            value = number(match[1], decimal) if match else None
            if unit is None or value is None:
                break
            values[row] = value * unit[1]
            found.add(unit[0])
        else:
            if len(found) == 1:
                numbers = np.array(numbers)
                numbers[:, column] = values
                units[column] = found.pop()
                del texts[column]
    if len(texts) == len(table.texts):
        return table
    note = "units stand beside the numbers in each cell"
    return replace(table, numbers=numbers, units=tuple(units), texts=texts, notes=(*table.notes, note))


def _unit_columns(table: RawTable) -> RawTable:
    """Columns headed "Unit" that hold one, taken as the unit of the numbers to their left."""
    rows = len(table.lines)
    asked = [
        c
        for c, cells in table.texts.items()
        if table.heads and len(cells) == rows and _says_units(table.heads[c])
    ]
    numbers, units, notes = (
        table.numbers,
        list(table.units or ("",) * table.numbers.shape[1]),
        list(table.notes),
    )
    for c in asked:
        left = next((k for k in range(c - 1, -1, -1) if k not in table.texts), None)
        said = {text: unit_of(text) for text in set(table.texts[c].values())}
        known = {unit[0] for unit in said.values() if unit is not None}
        if left is None or units[left] or None in said.values() or len(known) != 1:
            continue
        factors = np.array([(said[table.texts[c][row]] or ("", 1.0))[1] for row in range(rows)])
        if (factors != 1).any():
            numbers = np.array(numbers)
            numbers[:, left] *= factors
        units[left] = known.pop()
        notes.append(f"the unit of {table.name(left)} stands in {table.name(c)}")
    if (
        numbers is table.numbers
        and tuple(units) == (table.units or tuple(units))
        and len(notes) == len(table.notes)
    ):
        return table
    return replace(table, numbers=numbers, units=tuple(units), notes=tuple(notes))


def _says_units(head: str) -> bool:
    return bool({"unit", "units", "einheit", "unite"} & set(words_of(head)))
