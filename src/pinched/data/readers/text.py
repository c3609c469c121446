"""Text tables: CSV, TSV, blanks, semicolons, with or without heads, with a decimal point or comma.

The separator and the decimal mark are the pair that turns most cells into numbers; a file that two pairs fit
equally well, with different numbers, is refused.
"""

from __future__ import annotations

import csv
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np

from pinched._errors import DataFileError
from pinched.data.columns import Role, meaning
from pinched.data.readers._grid import tables
from pinched.data.readers._heads import Grid
from pinched.data.readers._lines import Lines, Rows
from pinched.data.readers._reader import Reader
from pinched.data.table import Dialect, RawTable, number

# In order of preference when several make numbers of as many cells.
_PAIRS = (
    ("\t", "."), (";", "."), ("\t", ","), (";", ","), (",", "."), (" ", "."), (" ", ","), ("|", "."), (",", ","),
)  # fmt: skip
_COMMENT = ("#", "%", "//")
_SMALL = 200_000
"""Characters up to which all cells are cut at once: quicker, and the memory is no matter."""
_SAMPLE = 15
"""Lines judged at the start, in the middle and at the end of a long file."""


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    return 0.4 if b"\x00" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff")) else 0.1


def decode(content: bytes, path: str) -> tuple[str, str]:
    """Text of a file and a note on its encoding ("" for UTF-8); refuses bytes that are no text."""
    note = ""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    elif b"\x00" in content[:4096]:
        sample = content[:4096]
        odd, even = sample[1::2].count(0), sample[::2].count(0)
        if max(odd, even) < 0.4 * len(sample) / 2 or min(odd, even) > 0.1 * len(sample) / 2:
            raise _junk(path)
        text = content.decode("utf-16-le" if odd > even else "utf-16-be", errors="replace")
        note = "the file has no byte order mark and was read as UTF-16"
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
            note = "the file is not UTF-8 and was read as latin-1"
    strange = sum(text.count(chr(code)) for code in (*range(9), *range(14, 32), 127))
    if note:
        strange += sum(text.count(chr(code)) for code in range(128, 160))
    if strange > 0.005 * len(text) or "\x00" in text:
        raise _junk(path)
    return text, note


def _junk(path: str) -> DataFileError:
    return DataFileError(
        path,
        "",
        "the bytes are neither text nor a workbook",
        "Export the data as CSV in the program that wrote it.",
    )


def _cut(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    if '"' in line:
        try:
            return next(csv.reader([line], delimiter=separator, skipinitialspace=True))
        except (csv.Error, StopIteration):
            pass
    return line.split(separator)


def _choose(lines: Sequence[str], dialect: Dialect) -> tuple[str, str] | None:
    """Separator and decimal mark that make numbers of most cells; None when nothing becomes a number."""
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
    for separator, decimal in pairs:
        if dialect.decimal not in (None, decimal):
            continue
        # Between quotes a comma may be both.
        if separator == decimal and not any('"' in line for line in sample):
            continue
        total = _score(sample, separator, decimal)
        # A stray line that another pair happens to fit must not decide.
        if total > score * 1.1:
            best, score = (separator, decimal), total
    if best is None and not whole:
        return _choose_all(lines, dialect)
    return best


def _choose_all(lines: Sequence[str], dialect: Dialect) -> tuple[str, str] | None:
    # The sample fell beside the data: a long preamble around a short table.
    numeric = (line for line in lines if any(character.isdigit() for character in line))
    return _choose(list(islice(numeric, 4 * _SAMPLE)), dialect)


def _filled(lines: Sequence[str], order: range, count: int) -> list[str]:
    """The first `count` lines in `order` that are not blank."""
    return list(islice((lines[k] for k in order if lines[k].strip()), count))


def _score(lines: list[str], separator: str, decimal: str) -> float:
    totals: Counter[int] = Counter()
    for line in lines:
        cells = _cut(line, separator)
        filled = [cell for cell in cells if cell.strip()]
        numeric = sum(number(cell, decimal) is not None for cell in filled)
        if numeric and 2 * numeric >= len(filled):
            # One column is the last resort: any file of numbers has one column under a wrong separator.
            totals[len(cells)] += round(1000 * numeric / len(filled)) if len(filled) > 1 else 1
    return max(totals.values(), default=0)


def clean_text(content: bytes, path: str) -> tuple[str, str]:
    """Text of a file with plain line ends and minus signs, and a note on its encoding ("" for UTF-8)."""
    text, note = decode(content, path)
    if not text.strip():
        raise DataFileError(
            path, "", "the file holds nothing but blanks", "Give the file with the measurement."
        )
    for odd, plain in (("\r\n", "\n"), ("\r", "\n"), ("\u2212", "-")):
        if odd in text:
            text = text.replace(odd, plain)
    return text, note


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    text, note = clean_text(content, path)
    return read_text(text, path, dialect, (note,) if note else ())


def read_text(text: str, path: str, dialect: Dialect, notes: tuple[str, ...] = ()) -> list[RawTable]:
    """Every table of numbers in `text` (plain line ends), each with `notes`; at least one.

    Raises `DataFileError` for `path` when there is none, or when it can be read in two ways.
    """
    small = len(text) < _SMALL
    lines: Sequence[str] = text.split("\n") if small else Lines(text)
    total = len(lines)
    numbered: Sequence[int] = range(1, total + 1)
    comments: list[tuple[int, str]] = []
    if any(mark in text for mark in _COMMENT):
        lines, numbered, comments = _without_comments(Lines(text))
    pair = _choose(lines, dialect)
    if pair is None:
        raise DataFileError(
            path,
            "",
            f"no line of numbers among {total} lines (the file begins '{' '.join(text[:200].split())[:40]}')",
            "Give the file with the measurement; if it is one, say how it is written (separator, decimal).",
        )
    separator, decimal = pair
    rows: Sequence[list[str]] = (
        [_cut(line, separator) for line in lines]
        if small
        else Rows(lines, partial(_cut, separator=separator))
    )
    found = tables(Grid(rows, numbered, decimal=decimal, raw=lines, comments=tuple(comments)), path)
    if not found:
        raise DataFileError(path, "", "no table of numbers", "Give the file with the measurement.")
    if decimal == "," and dialect.decimal is None:
        notes = (*notes, "the comma taken as decimal mark")
    if (separator, decimal) == (",", ".") and dialect.separator is None:
        _refuse_ambiguous(found, rows, numbered, path)
    return [replace(table, notes=(*notes, *table.notes)) for table in found] if notes else found


def _without_comments(lines: Lines) -> tuple[Lines, Sequence[int], list[tuple[int, str]]]:
    """Lines without comments; a comment such as "# cycle 2" stays in, because it parts two blocks."""
    keep = np.ones(len(lines), dtype=bool)
    instead: dict[int, str] = {}
    comments: list[tuple[int, str]] = []
    for k, line in enumerate(lines):
        bare = line.lstrip()
        if not bare.startswith(_COMMENT):
            continue
        if bare[0] == "#" and bare[1:2] in (",", ";", "\t") and _is_numbered_head(bare, lines, k):
            continue  # the head "#,V,I" numbers its samples
        bare = line.strip().lstrip("#%/").strip()
        if keep[:k].any() and 0 < len(bare) < 40 and meaning(bare).role in (Role.CYCLE, Role.DEVICE):
            instead[k] = bare
            continue
        keep[k] = False
        comments.append((k + 1, bare))
    if keep.all() and not instead:
        return lines, range(1, len(lines) + 1), comments
    return lines.kept(keep, instead), (np.flatnonzero(keep) + 1).tolist(), comments


def _is_numbered_head(head: str, lines: Lines, k: int) -> bool:
    """True when the row below has as many cells as "#,V,I": a PyMeasure parameter has "#" and a tab as well."""
    mark = head[1]
    below = lines[k + 1] if k + 1 < len(lines) else ""
    return below.count(mark) == head.count(mark) and number(below.split(mark)[0], ".") is not None


def _refuse_ambiguous(
    found: list[RawTable], rows: Sequence[list[str]], numbered: Sequence[int], path: str
) -> None:
    """Refuse "1,5" without a head: one number with a decimal comma, or two numbers."""
    table = found[0]
    if table.heads or table.numbers.shape[1] % 2:
        return
    first, last = int(table.lines[0]), int(table.lines[-1])
    inside = range(bisect_left(numbered, first), bisect_right(numbered, last))
    if any("." in cell for k in inside for cell in rows[k]):
        return
    # After a decimal comma stand digits only: a sign or an exponent before the comma says otherwise.
    if all(cell.strip()[:1].isdigit() for k in inside for cell in rows[k][1::2] if cell.strip()):
        body = [rows[inside[0]]]
        raise DataFileError(
            path,
            f"line {first}",
            f"'{','.join(body[0])}' may be {len(body[0])} whole numbers or {len(body[0]) // 2} with a decimal comma",
            "Say separator=',' for whole numbers; else save the file with ';' or tabs between the cells.",
        )


TEXT = Reader("text table", _sniff, _read)
"""Reads any text table; the fallback for files that no other reader claims."""
