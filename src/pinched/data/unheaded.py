"""Columns of a table whose heads say nothing: the numbers decide, or the table is refused."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched.data.column_sets import ColumnSet, NoSweepError, listed
from pinched.data.columns import words_of
from pinched.data.guess import guess_columns
from pinched.data.table import OVERFLOW, RawTable

_FEWEST_OF_A_CYCLE = 8
"""Samples of a cycle below which a counter is no number of cycles."""


def from_numbers(
    table: RawTable, numeric: list[int], times: list[int], guesses: list[str], path: str, place: str
) -> tuple[list[ColumnSet], int | None]:
    """Traces among the `numeric` columns of `table`, and the column that numbers its cycles (None without one).

    `times` are columns known to be times, `guesses` grows.

    Raises `NoSweepError` (for `path`, `place`) when the numbers are no sweep or cannot be told apart.
    """
    numeric = _worth_a_look(table, numeric, guesses)
    cycle = next((c for c in numeric if len(numeric) > 2 and _numbers_cycles(table.numbers[:, c])), None)
    if cycle is not None:
        numeric = [c for c in numeric if c != cycle]
        guesses.append(f"{table.name(cycle)} taken as the cycle: whole numbers, each one more than the last")
    good = np.isfinite(table.numbers[:, numeric]).all(axis=1)
    numbers = table.numbers[good][:, numeric]
    cure = "Give the file with the sweep, or name the columns: Columns(voltage=1, current=2)."
    if len(table.faults) > len(table.lines) / 2:
        found = f"rows of unequal length, no table: {table.faults[0].found}"
        raise NoSweepError(path, f"line {table.faults[0].line}", found, cure)
    if len(numbers) < 3:
        found = f"{len(table.lines)} rows of numbers without heads, too few to tell columns apart"
        raise NoSweepError(path, place, found, cure)
    try:
        guess = guess_columns(numbers)
    except PinchedError as error:
        raise NoSweepError(path, place, str(error), cure) from None
    worded = any(len(word) > 3 and word.isalpha() for head in table.heads for word in words_of(head))
    if worded and not guess.sure:
        found = "heads that name no voltage or current, over numbers that do not show which column is which"
        raise NoSweepError(path, place, found, cure)
    voltage, time = numeric[guess.voltage], None if guess.time is None else numeric[guess.time]
    currents = [numeric[c] for c in guess.currents]
    heads = "the heads say nothing known" if table.heads else "there are no heads"
    guesses.append(f"{table.name(voltage)} taken as voltage ({heads}): {guess.reason}")
    cycles = ": successive cycles of one device" if len(currents) > 1 else ""
    guesses.append(f"{listed(table, currents)} taken as current{cycles}")
    if time is not None:
        guesses.append(f"{table.name(time)} taken as time: it never falls")
    time = times[0] if times else time
    sets = [
        ColumnSet(voltage, c, time, cycle=k + 1 if len(currents) > 1 else None)
        for k, c in enumerate(currents)
    ]
    return sets, cycle


def _numbers_cycles(values: Float[np.ndarray, " row"]) -> bool:
    """True for 1, 1, ..., 2, 2, ...: a number that stands still for at least some samples and then goes on by one."""
    if not np.isfinite(values).all() or values[0] not in (0, 1):
        return False
    steps = np.diff(values)
    edges = np.flatnonzero(steps)
    lengths = np.diff(np.concatenate([[-1], edges, [len(values) - 1]]))
    return bool(edges.size and (steps[edges] == 1).all() and lengths.min() >= _FEWEST_OF_A_CYCLE)


def _worth_a_look(table: RawTable, numeric: list[int], guesses: list[str]) -> list[int]:
    """`numeric` without columns filled for nothing: all overflow, or a status that stands still."""
    numbers = table.numbers
    idle = [c for c in numeric if (np.abs(np.nan_to_num(numbers[:, c])) >= OVERFLOW).all()]
    left = [c for c in numeric if c not in idle]
    if len(left) > 3:
        still = [c for c in left if np.ptp(numbers[:, c]) == 0 and abs(numbers[0, c]) >= 1]
        idle, left = [*idle, *still], [c for c in left if c not in still]
    if not idle or len(left) < 2:
        return numeric
    guesses.append(f"{listed(table, idle)} left out: overflow or one value throughout")
    return left
