"""Columns of dates and clock times, taken to seconds since the first row: "2026-11-28 10:02:00", "10:02:00.5".

`with_seconds` does so where a table has no time in numbers, and says it. Of "03/04/2026" nobody knows the month; the
time between two rows is the same either way, unless a month ends between them, and then the order that runs forward
is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from jaxtyping import Float

from pinched.data.columns import Meaning, Role
from pinched.data.table import RawTable

_DAY = 86400.0
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<rest>\d+))?)?\s*(?P<half>[AaPp][Mm])?"
_YEAR_FIRST = re.compile(
    rf"(?P<a>\d{{4}})[-/.](?P<b>\d{{1,2}})[-/.](?P<c>\d{{1,2}})[ T_,]+{_CLOCK}\s*(?:Z|[+-]\d\d:?\d\d)?"
)
_YEAR_LAST = re.compile(rf"(?P<a>\d{{1,2}})[-/.](?P<b>\d{{1,2}})[-/.](?P<c>\d{{4}}|\d{{2}})[ T_,]+{_CLOCK}")
_ALONE = re.compile(_CLOCK)
_EVEN = 0.5
"""Share of steps that may be 0: a clock of whole seconds says nothing about samples a millisecond apart."""


def with_seconds(table: RawTable) -> RawTable:
    """`table` with its first column of clock times in seconds, or `table` itself where there is none or no need."""
    width = table.numbers.shape[1]
    if any(table.meaning(c).role is Role.TIME for c in range(width) if c not in table.texts):
        return table
    rows = len(table.lines)
    for c, cells in table.texts.items():
        if len(cells) != rows or rows < 2:
            continue
        seconds = _seconds([cells[row] for row in range(rows)])
        if seconds is None:
            continue
        numbers = table.numbers.copy()
        numbers[:, c] = seconds
        return replace(
            table,
            numbers=numbers,
            texts={k: known for k, known in table.texts.items() if k != c},
            said={**table.said, c: Meaning(role=Role.TIME, unit="s")},
            notes=(*table.notes, f"{table.name(c)}: clock times taken as seconds since the first row"),
        )
    return table


def _seconds(cells: Sequence[str]) -> Float[np.ndarray, " row"] | None:
    """Seconds of each of `cells` since the first; None where one is no clock time or none runs forward."""
    for pattern, orders in ((_YEAR_FIRST, ("abc",)), (_YEAR_LAST, ("cba", "cab")), (_ALONE, ("",))):
        if pattern.fullmatch(cells[0].strip()) is None:
            continue
        tried = [_read(cells, pattern, order) for order in orders]
        running = [found for one in tried if one is not None and (found := _forward(one)) is not None]
        # Of two orders that both run forward the shorter one: nobody measures for months by accident.
        return min(running, key=lambda found: float(found[-1]), default=None)
    return None


def _read(cells: Sequence[str], pattern: re.Pattern[str], order: str) -> Float[np.ndarray, " row"] | None:
    """Seconds of `cells` whose year, month and day are the groups `order` of `pattern`; None where one has none."""
    days: dict[tuple[str, ...], float] = {}
    found = np.empty(len(cells))
    # One match at a time: those of a whole file would take more memory than the file.
    for k, cell in enumerate(cells):
        match = pattern.fullmatch(cell.strip())
        if match is None:
            return None
        date = tuple(match[name] for name in order)
        if date and date not in days:
            year, month, day = (int(part) for part in date)
            try:
                days[date] = datetime(year + 2000 * (year < 100), month, day, tzinfo=UTC).timestamp()
            except ValueError:
                return None
        found[k] = days.get(date, 0.0) + _of_day(match)
    return found if order else _unwrapped(found)


def _of_day(match: re.Match[str]) -> float:
    hour = int(match["hour"]) % 12 if match["half"] else int(match["hour"])
    hour += 12 if (match["half"] or "").lower() == "pm" else 0
    rest = float(f"0.{match['rest']}") if match["rest"] else 0.0
    return 3600.0 * hour + 60.0 * int(match["minute"]) + int(match["second"] or 0) + rest


def _unwrapped(seconds: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Clock times without a date that run past midnight."""
    past = np.concatenate([[0], np.cumsum(np.diff(seconds) < -0.5 * _DAY)])
    return seconds + _DAY * past


def _forward(seconds: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"] | None:
    steps = np.diff(seconds)
    good = bool((steps >= 0).all() and (steps == 0).mean() <= _EVEN)
    return seconds - seconds[0] if good else None
