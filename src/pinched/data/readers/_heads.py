"""Where the heads of a table stand: in the row above the numbers, above a row of units, or in a comment.

Lines that name the cycle or the device of the block below ("Cycle 3") are no heads; a row above the heads may name
a cycle or a device for each group of columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pinched._errors import DataFileError
from pinched.data.columns import Role, meaning
from pinched.data.labels import Label, label_of
from pinched.data.readers._cells import Grid, are_labels, is_blank
from pinched.data.table import number
from pinched.data.unit_words import unit_of

_NUMBERED = re.compile(
    r"^(?:column|col\.?|spalte|colonne)?\s*#?\s*(\d{1,3})\s*[:=.)-]\s*(\S.*)$", re.IGNORECASE
)
_SETTING = re.compile(r"^[A-Za-z][\w .]*[=:]\s*[-+\d]")
_NO_UNIT = frozenset(
    {"#", "-", "--", "1", "%", "bits", "deg", "n/a", "none", "a.u.", "arb.", "w", "j", "c", "k", "hz", "°c"}
)
"""What a row of units holds over columns that have none, or one that nobody needs here; lower case."""


class Heads(NamedTuple):
    """What stands above a block of numbers."""

    heads: tuple[str, ...]
    """One head per column; empty when there is none."""
    notes: tuple[str, ...]
    """What was inferred, one sentence each."""
    preamble: tuple[str, ...]
    """Rows above the block that are no heads, as written; comments are not among them."""
    known: bool
    """True when a head names a voltage or a current."""
    label: Label = Label()
    """Cycle and device that a line above the block names."""
    groups: tuple[str, ...] = ()
    """What stands over each column in a row above the heads; empty when there is no such row."""
    used: frozenset[int] = frozenset()
    """Comment lines of which the heads were made."""


def find_heads(grid: Grid, above: Sequence[int], width: int, path: str, at: int) -> Heads:
    """Heads among the rows `above` the numbers (of `width` columns, from row `at`), units rows merged into them.

    Raises `DataFileError` (for `path`) when a head of voltage and current does not fit the columns.
    """
    filled = [i for i in above if not is_blank(grid.rows[i])]
    labels = {i: label for i in filled if (label := grid.label(i)) is not None}
    label = _merged(labels.values())
    rows = [i for i in filled if i not in labels and not (width > 1 and _is_setting(grid.rows[i]))]
    near: list[tuple[int, tuple[str, ...]]] = []
    for i in reversed(rows[-3:]):
        cells = _fit_head(grid, i, width)
        if cells is None:
            break
        near.insert(0, (i, cells))
    if not near:
        if rows:
            _refuse_misfit(grid, rows[-1], width, path)
        numbered = _numbered_heads(grid, width, at)
        if numbered is not None:
            lines, cells = numbered
            note = f"heads taken from the comments on lines {min(lines)} to {max(lines)}"
            return Heads(cells, (note,), _texts(grid, filled, set()), True, label, used=lines)
        for line, text in reversed([c for c in grid.comments if c[0] < grid.lines[at]]):
            cells = _split_head_line(text, width)
            if cells and any(meaning(cell).role in (Role.VOLTAGE, Role.CURRENT) for cell in cells):
                note = f"heads taken from the comment on line {line}"
                cells, more, below = _with_comment_units(grid, cells, line, at)
                texts = _texts(grid, filled, set())
                return Heads(cells, (note, *more), texts, True, label, used=frozenset({line, *below}))
        return Heads((), (), _texts(grid, filled, set()), False, label)
    # The row nearest the numbers may hold units, or a comment; the head is the row people would read first.
    known = [
        k
        for k, (_, cells) in enumerate(near)
        if any(meaning(cell).role is not Role.UNKNOWN for cell in cells)
    ]
    units = [k for k, (_, cells) in enumerate(near) if k > 0 and _all_units(cells)]
    if units:
        k = units[0]
        heads = _with_units(near[k - 1][1], near[k][1])
        notes = (f"line {grid.lines[near[k][0]]} taken as units of the heads above it",)
        line = near[k - 1][0]
        taken = {line, near[k][0]}
        sure, below = True, []
        named = _labels_below([cells for _, cells in near[k + 1 :]], heads)
        if named:
            return Heads(heads, notes, _texts(grid, filled, taken), sure, label, named, used=frozenset())
    else:
        line, heads = near[known[-1] if known else -1]
        taken = {line}
        # A row of unknown words may as well be the last line of a preamble.
        sure = any(meaning(cell).role in (Role.VOLTAGE, Role.CURRENT) for cell in heads)
        heads, notes, below = _with_comment_units(grid, heads, grid.lines[line], at)
    groups, over = _groups(grid, rows, line, heads)
    texts = _texts(grid, filled, taken | over)
    return Heads(heads, notes, texts, sure, label, groups, used=frozenset(below))


def _is_setting(cells: Sequence[str]) -> bool:
    """True for a row with one cell that says "Vread = 0.1 V" and nothing beside it."""
    said = [cell.strip() for cell in cells if cell.strip()]
    return len(said) == 1 < len(cells) and _SETTING.match(said[0]) is not None


def _merged(labels: Iterable[Label]) -> Label:
    found = Label()
    for label in labels:
        found = Label(label.device or found.device, found.cycle if label.cycle is None else label.cycle)
    return found


def _numbered_heads(grid: Grid, width: int, at: int) -> tuple[frozenset[int], tuple[str, ...]] | None:
    """Heads from comments such as "Column 2: Current (uA)", one for each column; None when there are none."""
    found: dict[int, tuple[int, str]] = {}
    for line, text in grid.comments:
        match = _NUMBERED.match(text)
        if match and line < grid.lines[at]:
            found[int(match[1])] = (line, match[2].strip())
    first = min(found, default=0)
    if first not in (0, 1) or sorted(found) != list(range(first, first + width)):
        return None
    cells = tuple(found[k][1] for k in sorted(found))
    if not any(meaning(cell).role in (Role.VOLTAGE, Role.CURRENT) for cell in cells):
        return None
    return frozenset(line for line, _ in found.values()), cells


def _with_units(heads: tuple[str, ...], units: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"{name} ({unit.strip('()[] ')})" if unit_of(unit.strip("()[] ")) else name
        for name, unit in zip(heads, units, strict=True)
    )


def _with_comment_units(
    grid: Grid, heads: tuple[str, ...], line: int, at: int
) -> tuple[tuple[str, ...], tuple[str, ...], list[int]]:
    """`heads` with the units of a comment between their line and row `at`, the note about it, and its line."""
    for number_, text in grid.comments:
        if not line < number_ < grid.lines[at]:
            continue
        # The comment sign may itself be the "unit" of a sample number, behind an empty first cell.
        for short in range(min(3, len(heads) - 1)):
            cells = _split_head_line(text, len(heads) - short)
            if cells is not None and _all_units(cells):
                note = f"line {number_} taken as units of the heads above it"
                return _with_units(heads, ("",) * short + cells), (note,), [number_]
    return heads, (), []


def _groups(
    grid: Grid, rows: Sequence[int], line: int, heads: tuple[str, ...]
) -> tuple[tuple[str, ...], set[int]]:
    """What the row above the heads says of each group of columns, and that row; nothing for any other row."""
    roles = [meaning(head).role for head in heads]
    above = [i for i in rows if i < line]
    if roles.count(Role.CURRENT) < 2 or not above:
        return (), set()
    cells = [cell.strip().strip('"') for cell in grid.rows[above[-1]]][: len(heads)]
    cells += [""] * (len(heads) - len(cells))
    filled = [c for c, cell in enumerate(cells) if cell]
    counted = [number(cells[c], grid.decimal) is not None for c in filled]
    if len(set(cells) - {""}) < 2 or (any(counted) and not are_labels([cells[c] for c in filled])):
        return (), set()
    # A merged cell leaves its right neighbours empty.
    named = list(cells)
    for c in range(1, len(named)):
        named[c] = named[c] or (named[c - 1] if heads[c].strip() else "")
    over = {r: {named[c] for c, role in enumerate(roles) if role is r} for r in (Role.CURRENT, Role.VOLTAGE)}
    # Every group has a current and, where there are pairs, a voltage of its own: "Operator, Ann" is no group.
    pairs = roles.count(Role.VOLTAGE) == roles.count(Role.CURRENT)
    if (
        "" in over[Role.CURRENT]
        or len(over[Role.CURRENT]) < 2
        or (pairs and over[Role.VOLTAGE] != over[Role.CURRENT])
    ):
        return (), set()
    words = [f"cycle {float(name):g}" if number(name, ".") is not None else name for name in named]
    return tuple(word if role is Role.CURRENT else "" for word, role in zip(words, roles, strict=True)), {
        above[-1]
    }


def _labels_below(rows: list[tuple[str, ...]], heads: tuple[str, ...]) -> tuple[str, ...]:
    """Devices or cycles that a row of comments below the units names over every current; () for any other row."""
    roles = [meaning(head).role for head in heads]
    for cells in rows:
        over = [cell for cell, role in zip(cells, roles, strict=True) if role is Role.CURRENT]
        if len(set(over)) == len(over) > 1 and all(label_of(cell) is not None for cell in over):
            return tuple(
                cell if role is Role.CURRENT else "" for cell, role in zip(cells, roles, strict=True)
            )
    return ()


def _texts(grid: Grid, rows: Sequence[int], used: set[int]) -> tuple[str, ...]:
    """`rows` above a table without those `used` as heads: "device,V,I" is no setting."""
    return tuple(grid.text(i) for i in rows if i not in used)


def _all_units(cells: tuple[str, ...]) -> bool:
    filled = [cell.strip("()[] ") for cell in cells if cell.strip("()[]#- ")]
    known = [unit_of(unit) is not None for unit in filled]
    # A row of units may hold some that nobody needs here.
    others = [unit for unit, found in zip(filled, known, strict=True) if not found]
    return any(known) and (
        not others or (sum(known) > 1 and all(unit.lower() in _NO_UNIT for unit in others))
    )


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
    looked = 0
    for i in reversed(pending):
        if grid.label(i) is not None:
            continue
        cells = _fit_head(grid, i, width)
        if cells is None or looked == 2:
            return False
        if {Role.VOLTAGE, Role.CURRENT} <= {meaning(cell).role for cell in cells}:
            return True
        if not _all_units(cells):
            return False
        looked += 1
    return False
