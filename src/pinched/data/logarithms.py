"""Columns that hold the logarithm of a current, a resistance or a time: taken back to the quantity itself.

`without_logarithms` does so for what a table has in no other form, and says it. The sign of a current is not in its
logarithm: what comes back is |I|, and every extraction takes the sign of the voltage for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from pinched.data.columns import Meaning, Role, meaning
from pinched.data.table import RawTable

# "log10|I|", "Log(I)", "lgI", "ln I", "absI_log10"; not "logic", "lng" or "analog I".
_LOGARITHM = re.compile(
    r"(?<![A-Za-z])(?P<word>[Ll]og|LOG|[Ll]g|LG|[Ll]n|LN)[ _]?(?P<base>10|₁₀)?(?![a-z0-9])"
)
_PLAUSIBLE: Mapping[Role, tuple[float, float]] = MappingProxyType(
    {Role.CURRENT: (1e-16, 0.5), Role.RESISTANCE: (1e-16, 1e16), Role.TIME: (1e-12, 1e10)}
)
"""Median (SI) that makes a logarithm of a base believable. A current under "log I" that was never taken to its
logarithm would come back as 1 A."""


class _Found(NamedTuple):
    said: Meaning
    base: float
    word: str


def without_logarithms(table: RawTable) -> RawTable:
    """`table` with logarithms raised to their base where it has no plain column of the same quantity."""
    found = {c: one for c in range(table.numbers.shape[1]) if (one := _logarithm(table, c)) is not None}
    if not found:
        return table
    plain = {
        table.meaning(c).role
        for c in range(table.numbers.shape[1])
        if c not in found and np.isfinite(table.numbers[:, c]).any()
    }
    numbers, said, notes = table.numbers.copy(), dict(table.said), list(table.notes)
    for c, one in found.items():
        if one.said.role in plain:
            continue
        with np.errstate(over="ignore"):
            numbers[:, c] = np.power(one.base, table.numbers[:, c])
        said[c] = one.said
        what = f"{table.name(c)} raised to powers of {'e' if one.base == math.e else '10'}"
        if one.said.role is Role.CURRENT:
            what += ": |I| only, the sign of the current is not in its logarithm and is that of the voltage"
        notes.append(what)
    return replace(table, numbers=numbers, said=said, notes=tuple(notes)) if said != table.said else table


def _logarithm(table: RawTable, column: int) -> _Found | None:
    """What the logarithm in `column` is of, and its base; None where the column holds none."""
    head = table.heads[column] if table.heads else ""
    match = _LOGARITHM.search(head)
    if match is None:
        return None
    unit = f" ({table.units[column]})" if table.units and table.units[column] else ""
    inner = _unwrapped(head[: match.start()] + " " + head[match.end() :]) + unit
    said = meaning(inner)
    values = table.numbers[:, column]
    values = values[np.isfinite(values)]
    if said.role not in _PLAUSIBLE or not values.size:
        return None
    natural = match["word"].lower() == "ln"
    # "log" alone is the decadic one in a laboratory, and the natural one in a script: the numbers decide.
    bases = (math.e,) if natural else (10.0,) if match["base"] else (10.0, math.e)
    low, high = _PLAUSIBLE[said.role]
    for base in bases:
        # In logarithms: a power of a number that is none would overflow.
        middle = float(np.median(values)) * math.log(base) + math.log(said.factor)
        if math.log(low) <= middle <= math.log(high):
            absolute = replace(said, absolute=said.role is Role.CURRENT)
            return _Found(absolute, base, match["word"])
    return None


def _unwrapped(text: str) -> str:
    """`text` without bars and without brackets around all of it: " (|I (mA)|)" -> "I (mA)"."""
    text = text.replace("|", " ").strip(" _\t")
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closing(text: str) -> int:
    """Place of the bracket that closes the one at the start of `text`; -1 where none does."""
    depth = 0
    for k, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return k
    return -1
