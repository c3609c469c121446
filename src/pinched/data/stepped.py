"""Columns that stand still for a whole sweep and then step: a gate voltage, a temperature, the name of a file.

Programs that nest two loops write one long table. `outer_steps` parts it where every value of such a column holds a
whole sweep; a range that the meter changed in the middle of one does not.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from pinched.data.column_sets import entries, is_text
from pinched.data.columns import Role, words_of
from pinched.data.settings import Origin, Setting
from pinched.data.stated import understood
from pinched.data.table import RawTable

_MOST = 1000
"""Different values above which a column is no outer loop."""
_FEWEST = 8
"""Samples that a sweep has at least."""
_WHOLE = 0.9
"""Share of the range of the voltage that each block must cover to be a sweep of its own."""
_PARTS = frozenset(
    ("direction", "dir", "branch", "segment", "segments", "leg", "state", "half", "range", "status", "compliance",
     "polarity")
)  # fmt: skip
"""Words over columns that step inside one sweep."""
_NAMES = frozenset(
    ("file", "filename", "path", "name", "sample", "label", "id", "key", "measurement", "test")
)
"""Words over columns of text that name what was measured."""


class Step(NamedTuple):
    """Rows of one value of an outer loop."""

    rows: Int[np.ndarray, " row"]
    device: str
    """Name in a column of text; "" where the column holds numbers."""
    settings: tuple[Setting, ...]
    """What the column says, as a setting of the sweep."""


def outer_steps(table: RawTable, voltage: int, used: set[int]) -> list[Step]:
    """The blocks of rows that the outermost stepping column parts; [] when nothing steps from sweep to sweep.

    `voltage` is the column of the swept voltage, `used` are columns that have another use.
    """
    volts = table.numbers[:, voltage]
    if len(volts) < 2 * _FEWEST or not np.isfinite(volts).all():
        return []
    span = float(np.ptp(volts))
    for column in range(table.numbers.shape[1]):
        if column in used or not _may_step(table, column):
            continue
        values = entries(table, column)
        edges = [k for k in range(1, len(values)) if values[k] != values[k - 1]]
        starts = [0, *edges]
        # Each value once: what comes again is no outer loop, or one that nobody could number.
        if not edges or len(starts) > _MOST or len({values[k] for k in starts}) < len(starts):
            continue
        blocks = np.split(np.arange(len(values)), edges)
        if min(len(b) for b in blocks) < _FEWEST or any(np.ptp(volts[b]) < _WHOLE * span for b in blocks):
            continue
        return [_step(table, column, block, values[block[0]]) for block in blocks]
    return []


def _may_step(table: RawTable, column: int) -> bool:
    words = set(words_of(table.heads[column])) if table.heads else set()
    if words & _PARTS or table.meaning(column).role in (Role.TIME, Role.RESISTANCE, Role.INDEX):
        return False
    if is_text(table, column):
        return bool(words & _NAMES)
    return (
        bool(table.heads) and column not in table.texts and bool(np.isfinite(table.numbers[:, column]).all())
    )


def _step(table: RawTable, column: int, rows: Int[np.ndarray, " row"], value: str) -> Step:
    if is_text(table, column):
        return Step(rows, value, ())
    head = table.heads[column].strip()
    match = re.match(r"^(.*?)\s*[\[(]([^\])]*)[\])]\s*$", head)
    name, unit = (match[1], match[2]) if match else (head, "")
    # "T (K)" is a temperature where a sweep is beside it, and a time nowhere.
    known = understood("temperature" if name == "T" else name, value, unit)
    said = table.meaning(column)
    number = float(table.numbers[rows[0], column]) * said.factor
    own = Setting("_".join(words_of(head)) or head, number, said.unit or "1", Origin.FILE, table.name(column))
    return Step(rows, "", (known if known is not None else own,))
