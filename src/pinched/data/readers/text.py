"""Text tables: CSV, TSV, blanks, semicolons, with or without heads, with a decimal point or comma.

The separator and the decimal mark are the pair that turns most cells into numbers; a file that two pairs fit
equally well, with different numbers, is refused.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np

from pinched._errors import DataFileError
from pinched.data.columns import Role, meaning
from pinched.data.labels import label_of
from pinched.data.readers._blocks import FEW, USUAL
from pinched.data.readers._cells import Grid
from pinched.data.readers._doubtful import refuse_ambiguous, refuse_grouped
from pinched.data.readers._grid import tables
from pinched.data.readers._lines import Lines, Rows
from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.table import Dialect, RawTable, number
from pinched.data.unit_words import unit_of

# In order of preference when several make numbers of as many cells.
_PAIRS = (
    ("\t", "."), (";", "."), ("\t", ","), (";", ","), (",", "."), (" ", "."), (" ", ","), ("|", "."), (",", ","),
)  # fmt: skip
_COMMENT_LINE = re.compile(r"^[ \t]*(?:#|%|//).*$", re.MULTILINE)
_FIRST_NUMBER = re.compile(r"^[ \t|\"]*[+-]?\.?\d", re.MULTILINE)
_RULER = re.compile(r"^(?=.*[-=_]{3})[ \t|+:=_-]+$", re.MULTILINE)
_MEASURED = re.compile(
    r"(?<![\w.])([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ ]?([fpnuµμmkMG]?(?:V|A|Ohms?|ohms?|Ω|S|s))(?![\w/^])"
)
_SMALL = 200_000
"""Characters up to which all cells are cut at once: quicker, and the memory is no matter."""
_WHOLE = 1000
"""Score of a line all of whose cells are numbers."""
_SAMPLE = 15
"""Lines judged at the start, in the middle and at the end of a long file."""


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    return 0.4 if b"\x00" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff")) else 0.1


def _cut(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    if '"' in line:
        try:
            return next(csv.reader([line], delimiter=separator, skipinitialspace=True))
        except (csv.Error, StopIteration):
            pass
    return line.split(separator)


def _choose(lines: Sequence[str], dialect: Dialect, share: float = USUAL) -> tuple[str, str] | None:
    """Separator and decimal mark that make numbers of most cells; None when nothing becomes a number.

    `share` of the cells of a line have to be numbers for the line to count.
    """
    sample = _filled(lines, range(len(lines)), 4 * _SAMPLE + 1)
    whole = len(sample) <= 4 * _SAMPLE
    if not whole:
        middle, last = len(lines) // 2, range(len(lines) - 1, -1, -1)
        sample = [
            *sample[:_SAMPLE], *_filled(lines, range(middle, len(lines)), _SAMPLE), *_filled(lines, last, _SAMPLE)
        ]  # fmt: skip
    pairs: Iterable[tuple[str, str]] = _PAIRS
    if dialect.separator is not None:
        pairs = [(dialect.separator, "."), (dialect.separator, ",")]
    best, score = None, 0.0
    joined = "\n".join(sample)
    for separator, decimal in pairs:
        if dialect.decimal not in (None, decimal):
            continue
        # Between quotes a comma may be both.
        if separator == decimal and '"' not in joined:
            continue
        # Under a mark that does not occur every line is one cell, as it is under blanks.
        if separator != " " and separator not in joined and dialect.separator is None:
            continue
        total = _score(sample, separator, decimal, share)
        # A stray line that another pair happens to fit must not decide.
        if total > score * 1.1:
            best, score = (separator, decimal), total
        if score * 1.1 >= _WHOLE * len(sample):
            break
    if best is None and not whole:
        return _choose_all(lines, dialect, share)
    return best


def _choose_all(lines: Sequence[str], dialect: Dialect, share: float) -> tuple[str, str] | None:
    # The sample fell beside the data: a long preamble around a short table.
    numeric = (line for line in lines if any(character.isdigit() for character in line))
    return _choose(list(islice(numeric, 4 * _SAMPLE)), dialect, share)


def _filled(lines: Sequence[str], order: range, count: int) -> list[str]:
    """The first `count` lines in `order` that are not blank."""
    return list(islice((lines[k] for k in order if lines[k].strip()), count))


def _score(lines: list[str], separator: str, decimal: str, share: float = USUAL) -> int:
    totals: Counter[int] = Counter()
    for line in lines:
        cells = _cut(line, separator)
        filled = [cell for cell in cells if cell.strip()]
        numeric = sum(number(cell, decimal) is not None for cell in filled)
        if numeric and numeric >= share * len(filled):
            # One column is the last resort: any file of numbers has one column under a wrong separator.
            totals[len(cells)] += round(_WHOLE * numeric / len(filled)) if len(filled) > 1 else 1
    return max(totals.values(), default=0)


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    text, note = clean_text(content, path)
    return read_text(text, path, dialect, (note,) if note else ())


def read_text(text: str, path: str, dialect: Dialect, notes: tuple[str, ...] = ()) -> list[RawTable]:
    """Every table of numbers in `text` (plain line ends), each with `notes`; at least one.

    Raises `DataFileError` for `path` when there is none, or when it can be read in two ways.
    """
    begin = _FIRST_NUMBER.search(text)
    if begin is not None and _RULER.search(text, 0, begin.start()):
        # "-----  -----" below the heads of a printed table.
        text = _RULER.sub("", text[: begin.start()]) + text[begin.start() :]
    small = len(text) < _SMALL
    lines: Sequence[str] = text.split("\n") if small else Lines(text)
    total = len(lines)
    numbered: Sequence[int] = range(1, total + 1)
    comments: list[tuple[int, str]] = []
    if any(mark in text for mark in ("#", "%", "//")):
        lines, numbered, comments = _without_comments(text, lines)
    pair = _choose(lines, dialect)
    if pair is None:
        plain = _without_units(text)
        if plain is not None:
            return read_text(plain, path, dialect, (*notes, "units stand beside the numbers: taken to SI"))
        pair = _choose(lines, dialect, FEW)
    if pair is None:
        raise DataFileError(
            path,
            "",
            f"no line of numbers among {total} lines (the file begins '{' '.join(text[:200].split())[:40]}')",
            "Give the file with the measurement; if it is one, say how it is written (separator, decimal).",
        )
    separator, decimal = pair
    rows = Rows(lines, partial(_cut, separator=separator))
    grid = Grid(rows, numbered, decimal=decimal, raw=lines, separator=separator, comments=tuple(comments))
    found = tables(grid, path)
    if not found:
        raise DataFileError(path, "", "no table of numbers", "Give the file with the measurement.")
    if decimal == "," and dialect.decimal is None:
        notes = (*notes, "the comma taken as decimal mark")
    if dialect.decimal is None and separator != decimal:
        refuse_grouped(found, rows, numbered, decimal, path)
    if (separator, decimal) == (",", ".") and dialect.separator is None:
        refuse_ambiguous(found, rows, numbered, path)
    return [replace(table, notes=(*notes, *table.notes)) for table in found] if notes else found


def _without_units(text: str) -> str | None:
    """`text` with "1.2 uA" written as 1.2e-06 where a line is all numbers and units; None when no line is."""
    changed = 0
    lines = text.split("\n")
    for k, line in enumerate(lines):
        plain, count = _MEASURED.subn(_in_si, line)
        if count and not any(c.isalpha() and c not in "eE" for c in plain):
            lines[k] = plain
            changed += 1
    return "\n".join(lines) if changed > 1 else None


def _in_si(match: re.Match[str]) -> str:
    unit = unit_of(match[2])
    return match[0] if unit is None else repr(float(match[1]) * unit[1])


def _without_comments(
    text: str, lines: Sequence[str]
) -> tuple[Sequence[str], Sequence[int], list[tuple[int, str]]]:
    """Lines without comments, their numbers (from 1), and the comments with theirs.

    A comment that parts two blocks stays in as text: "# cycle 2", or the heads once more.
    """
    drop: list[int] = []
    instead: dict[int, str] = {}
    comments: list[tuple[int, str]] = []
    heads: set[str] = set()
    at, k = 0, 0
    # Comments stand at the top most often: nothing is looked for behind the last mark.
    last = max(text.rfind(mark) for mark in ("#", "%", "//"))
    end = text.find("\n", last)
    for match in _COMMENT_LINE.finditer(text, 0, len(text) if end < 0 else end):
        k += text.count("\n", at, match.start())
        at = match.start()
        line = match[0].strip()
        if line[0] == "#" and line[1:2] in (",", ";", "\t") and _is_numbered_head(line, lines, k):
            continue  # the head "#,V,I" numbers its samples
        bare = line.lstrip("#%/").strip()
        named = (
            {meaning(cell).role for cell in re.split(r"[\t,;]|\s+(?![(\[])", bare)}
            if len(bare) < 200
            else set()
        )
        again = {Role.VOLTAGE, Role.CURRENT} <= named and bare in heads
        if label_of(bare) is not None or again:
            instead[k] = bare
            continue
        heads.add(bare)
        drop.append(k)
        comments.append((k + 1, bare))
    if not drop and not instead:
        return lines, range(1, len(lines) + 1), comments
    keep = np.ones(len(lines), dtype=bool)
    keep[drop] = False
    numbered = np.flatnonzero(keep) + 1
    if isinstance(lines, Lines):
        return lines.kept(keep, instead), numbered.tolist(), comments
    # Whole runs at a time: comments stand together.
    kept: list[str] = []
    begin = 0
    for k in [*drop, len(lines)]:
        kept.extend(lines[begin:k])
        begin = k + 1
    for k, bare in instead.items():
        kept[int(np.searchsorted(numbered, k + 1))] = bare
    return kept, numbered.tolist(), comments


def _is_numbered_head(head: str, lines: Sequence[str], k: int) -> bool:
    """True when the row below has as many cells as "#,V,I": a PyMeasure parameter has "#" and a tab as well."""
    mark = head[1]
    below = lines[k + 1] if k + 1 < len(lines) else ""
    return below.count(mark) == head.count(mark) and number(below.split(mark)[0], ".") is not None


TEXT = Reader("text table", _sniff, _read)
"""Reads any text table; the fallback for files that no other reader claims."""
