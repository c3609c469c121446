"""Texts that can be read in two ways, which are refused: half of the guesses would be wrong, and in silence."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from pinched._errors import DataFileError
from pinched.data.table import RawTable, number

_MAYBE_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+")
_LOOKED_AT = 2000
"""Rows in which grouped thousands are looked for."""


def refuse_grouped(
    found: list[RawTable], rows: Sequence[list[str]], numbered: Sequence[int], decimal: str, path: str
) -> None:
    """Refuse columns in which "950" stands above "1,000": thousands that are grouped, or a decimal comma?"""
    for table in found:
        if not any(_may_be_grouped(column) for column in table.numbers.T):
            continue
        first = bisect_left(numbered, int(table.lines[0]))
        body = rows[first : min(first + _LOOKED_AT, bisect_right(numbered, int(table.lines[-1])))]
        for cells in zip(*(row for row in body if len(row) == len(body[0])), strict=True):
            marked = [cell.strip() for cell in cells if decimal in cell]
            plain = [
                abs(value)
                for cell in cells
                if decimal not in cell and (value := number(cell, decimal)) is not None
            ]
            if len(marked) < 2 or not plain or not all(_MAYBE_GROUPED.fullmatch(cell) for cell in marked):
                continue
            # Grouped thousands go on where three digits end; decimals of the same column would be far below.
            read = [abs(number(cell, decimal) or 0.0) for cell in marked]
            if 100 <= max(plain) < 1000 and max(read) < max(plain):
                large = marked[0].replace(decimal, "")
                raise DataFileError(
                    path,
                    f"line {table.lines[0]}",
                    f"'{marked[0]}' beside '{max(plain):g}' in one column may be {large} with its thousands grouped, "
                    "or a number with three decimals",
                    f"Save the file without grouped thousands, or say decimal='{decimal}' (--decimal).",
                )


def _may_be_grouped(values: Float[np.ndarray, " row"]) -> bool:
    """True when numbers below 1000 with at most three decimals stand beside whole ones from 100."""
    size = np.abs(values[np.isfinite(values)])
    whole = size == np.floor(size)
    if not (whole & (size >= 100)).any() or (size >= 1000).any():
        return False
    return bool((np.round(size, 3) == size).all())


def refuse_ambiguous(
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
