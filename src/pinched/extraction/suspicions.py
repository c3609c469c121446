"""What looks wrong in a file before anybody uses it: one small check per kind of doubt.

`table_suspicions` looks at the columns as they stand, `text_suspicions` at the lines of a text file, and
`pinched.extraction.suspicious_sweeps` at the traces that were cut from them. A suspicion is never a verdict: each
says what was seen and what it may mean, and nothing is changed because of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float

from pinched._units import show
from pinched.data.kinds import Use
from pinched.data.table import RawTable
from pinched.extraction.digits import different_values, written_digits
from pinched.extraction.inspected import Basis, FoundColumn

_SMALLEST_RESISTANCE, _LARGEST_RESISTANCE = 1.0, 1e14
_SMALLEST_CURRENT, _LARGEST_CURRENT = 1e-13, 10.0
_LARGEST_VOLTAGE = 1000.0
_SAME = 3e-6
"""Difference, as a share of the peak, that the digits of an export leave between a column and its multiple."""
# A unit is short and has a letter: "(1)" and "(SMU1)" number things, "(forward sweep)" is a remark.
_BRACKETS = re.compile(r"[\[({]\s*([^\[\](){}\s\d][^\[\](){}\s]{0,9}|(?:x\s*)?10\S*\s?\S+)\s*[\])}]\s*$")
_MEASURED = (Use.CURRENT, Use.STATE, Use.LOW, Use.HIGH)


class Doubt(StrEnum):
    """What kind of thing looks wrong."""

    ABSOLUTE_CURRENT = "absolute-current"
    """The sign of the current was dropped."""
    IMPLAUSIBLE_UNIT = "implausible-unit"
    """The unit in the head, or the assumed one, gives numbers that no memristor has."""
    MULTIPLE_COLUMNS = "multiple-columns"
    """A column is an exact multiple of another one."""
    TIME_BACKWARDS = "time-backwards"
    """A time falls from one row to the next."""
    TRAILING_COLUMN = "trailing-column"
    """Every line ends with a separator: an empty column, or one that was cut off."""
    ROUNDED_VALUES = "rounded-values"
    """Most values have one or two significant digits: typed by hand or averaged?"""
    DUPLICATE_ROWS = "duplicate-rows"
    """Rows repeat exactly."""
    CLIPPED_CURRENT = "clipped-current"
    """The current has a flat top that no stated compliance explains."""
    SATURATED_VOLTAGE = "saturated-voltage"
    """The voltage stays at its extreme although it should move."""
    OFFSET_AT_ZERO = "offset-at-zero"
    """A current flows at 0 V."""
    NAME_MISFIT = "name-misfit"
    """The name does not fit the name pattern."""
    CLASH = "clash"
    """Name, file and table of samples state one thing differently."""
    SAMPLE_UNKNOWN = "sample-unknown"
    """The table of samples has no row for a device."""
    UNKNOWN_UNIT = "unknown-unit"
    """What stands in brackets in a head is no unit that is known here."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One thing that looks wrong."""

    doubt: Doubt
    text: str
    """What was seen and what it may mean, with the numbers."""
    place: str = ""
    """Column, sheet or line; "" for the whole file."""


def text_suspicions(lines: Sequence[str]) -> Iterator[Suspicion]:
    """What the `lines` of a text file show that no table keeps."""
    tail = [line.rstrip("\r\n") for line in lines if line.strip()][-50:]
    for mark, word in ((",", "a comma"), (";", "a semicolon"), ("\t", "a tab")):
        if len(tail) > 1 and all(line.endswith(mark) for line in tail):
            yield Suspicion(
                Doubt.TRAILING_COLUMN,
                f"every line ends with {word}: an empty last column, left out. If a column is missing, export again",
            )


def table_suspicions(table: RawTable, columns: Sequence[FoundColumn]) -> Iterator[Suspicion]:
    """What the columns of `table` show, given how each was understood."""
    filled = [c for c in columns if np.isfinite(table.numbers[:, c.number - 1]).sum() >= 2]
    voltages = [c for c in filled if c.used and c.use is Use.VOLTAGE]
    currents = [c for c in filled if c.used and c.use is Use.CURRENT]
    if voltages and currents:
        yield from _implausible(table, voltages[0], currents[0])
    # Pairs of voltage and current side by side share one programmed voltage: that is no copy.
    values = [c for c in filled if c.use not in (Use.TIME, Use.INDEX, Use.CYCLE, Use.DEVICE)]
    copies = list(_multiples(table, [c.number - 1 for c in values if c not in voltages[1:]]))
    yield from copies
    for c in filled:
        if c.use is Use.TIME:
            yield from _backwards(table, c.number - 1)
    # In the head of a logarithm brackets part the quantity, not a unit.
    yield from _odd_units(table, [c for c in columns if c.used and c.number - 1 not in table.said])
    if not any(table.name(columns[-1].number - 1) in item.place for item in copies):
        yield from _unused(table, columns)
    yield from _rounded(table, [c.number - 1 for c in filled if c.used and c.use in _MEASURED])
    yield from _duplicates(table, [c.number - 1 for c in filled])


def _odd_units(table: RawTable, columns: Sequence[FoundColumn]) -> Iterator[Suspicion]:
    for column in columns:
        if column.unit_basis is not Basis.ASSUMED or column.use not in (Use.VOLTAGE, Use.CURRENT, Use.TIME):
            continue
        brackets = _BRACKETS.search(column.head)
        if brackets is not None:
            yield Suspicion(
                Doubt.UNKNOWN_UNIT,
                f"'{brackets[1].strip()}' is no unit that is known here: the numbers were taken in {column.unit} "
                "(say the unit: --voltage-unit, --current-unit, --time-unit)",
                table.name(column.number - 1),
            )


def _unused(table: RawTable, columns: Sequence[FoundColumn]) -> Iterator[Suspicion]:
    last = columns[-1] if columns else None
    if last is None or last.used or last.use is not Use.UNKNOWN or not any(column.used for column in columns):
        return
    if table.heads and np.isfinite(table.numbers[:, last.number - 1]).any():
        yield Suspicion(
            Doubt.TRAILING_COLUMN,
            "the last column holds numbers and its head says nothing that is known here: it is not used",
            table.name(last.number - 1),
        )


def _implausible(table: RawTable, voltage: FoundColumn, current: FoundColumn) -> Iterator[Suspicion]:
    raw_v, raw_i = table.numbers[:, voltage.number - 1], table.numbers[:, current.number - 1]
    good = np.isfinite(raw_v) & np.isfinite(raw_i) & (raw_v != 0) & (raw_i != 0) & (np.abs(raw_i) < 1e30)
    if not good.any():
        return
    raw = np.abs(raw_i[good])
    volts = np.abs(raw_v[good]) * voltage.factor
    place = table.name(current.number - 1)
    unit = _unit(current.factor, "A")
    median, largest = float(np.median(volts / (raw * current.factor))), float(raw.max())
    said = "assumed" if current.unit_basis is Basis.ASSUMED else "stated"
    if not _plausible(volts, raw * current.factor):
        others = [factor for factor in (1.0, 1e-3, 1e-6, 1e-9) if _plausible(volts, raw * factor)]
        units = " or ".join(_unit(factor, "A") for factor in others)
        hint = f". In {units} they would be plausible (--current-unit)" if others else ""
        yield Suspicion(
            Doubt.IMPLAUSIBLE_UNIT,
            f"with the {said} unit {unit} the largest current is {show(largest * current.factor, 'A')} and the "
            f"median |V/I| {show(median, 'ohm')}, which is unlikely for a memristor{hint}",
            place,
        )
    elif current.factor < 1 and largest < 0.01 and _plausible(volts, raw):
        # People choose a prefix so that numbers are handy; 1e-6 under "mA" are most often amperes.
        yield Suspicion(
            Doubt.IMPLAUSIBLE_UNIT,
            f"the {said} unit is {unit}, but the largest number is {largest:.3g}: a current in A under a head in "
            f"{unit}? The median |V/I| is {show(median, 'ohm')} as stated, "
            f"{show(median * current.factor, 'ohm')} if the numbers are in A",
            place,
        )
    top = float(volts.max())
    if top > _LARGEST_VOLTAGE or top < 1e-3:
        stated = _unit(voltage.factor, "V")
        yield Suspicion(
            Doubt.IMPLAUSIBLE_UNIT,
            f"with the unit {stated} the largest voltage is {show(top, 'V')}, which is unlikely for a memristor "
            "(--voltage-unit)",
            table.name(voltage.number - 1),
        )


def _unit(factor: float, unit: str) -> str:
    return show(factor, unit).removeprefix("1 ")


def _plausible(volts: Float[np.ndarray, " row"], current: Float[np.ndarray, " row"]) -> bool:
    largest, median = float(current.max()), float(np.median(volts / current))
    return (
        _SMALLEST_CURRENT <= largest <= _LARGEST_CURRENT
        and _SMALLEST_RESISTANCE <= median <= _LARGEST_RESISTANCE
    )


def _multiples(table: RawTable, columns: list[int]) -> Iterator[Suspicion]:
    first: list[tuple[int, float, Float[np.ndarray, " row"]]] = []
    means = np.empty(0)
    for c in columns:
        values = table.numbers[:, c]
        finite = np.isfinite(values)
        peak = float(values[int(np.argmax(np.where(finite, np.abs(values), -1.0)))])
        # A constant column is a multiple of every other one and says nothing.
        if peak == 0 or float(np.ptp(values[finite])) == 0 or finite.sum() < 3:
            continue
        scaled = np.where(finite, np.abs(values / peak), -1.0)
        # The means rule out nearly all pairs at once: a wide table has thousands of them.
        near = np.flatnonzero(np.abs(means - scaled.mean()) <= _SAME)
        twin = next((first[k] for k in near if float(np.abs(first[k][2] - scaled).max()) <= _SAME), None)
        if twin is None:
            first.append((c, peak, scaled))
            means = np.append(means, scaled.mean())
            continue
        other, top, _ = twin
        factor = abs(peak / top)
        same = "repeats" if abs(factor - 1) < _SAME else f"is {factor:.6g} times"
        signs = (
            "" if np.array_equal(np.sign(values), np.sign(table.numbers[:, other])) else " but for the sign"
        )
        yield Suspicion(
            Doubt.MULTIPLE_COLUMNS,
            f"{same} {table.name(other)} in every row{signs}: computed from it, no measurement of its own",
            table.name(c),
        )


def _backwards(table: RawTable, column: int) -> Iterator[Suspicion]:
    falls = np.flatnonzero(np.diff(table.numbers[:, column]) < 0)
    if falls.size:
        yield Suspicion(
            Doubt.TIME_BACKWARDS,
            f"the time falls {falls.size} time(s), first on line {table.lines[int(falls[0]) + 1]}: rows that were "
            "joined or sorted",
            table.name(column),
        )


def _rounded(table: RawTable, columns: list[int]) -> Iterator[Suspicion]:
    found: list[tuple[int, int, int]] = []
    for c in columns:
        values = different_values(table.numbers[:, c])
        # Few values prove nothing.
        if values.size < 8:
            continue
        digits, last = written_digits(values)
        short = digits <= 2
        # Among values of many digits a few round ones stand out, when they end sooner than the others do: a
        # small number with fixed decimals is short as well, but ends where the others end.
        odd = short & (last >= np.median(last) + 2)
        if short.mean() > 0.5:
            found.append((c, int(short.sum()), values.size))
        elif odd.sum() >= 5 and odd.mean() >= 0.05:
            found.append((c, int(odd.sum()), values.size))
    if found:
        c, count, size = found[0]
        more = f" (and {len(found) - 1} more columns)" if len(found) > 1 else ""
        yield Suspicion(
            Doubt.ROUNDED_VALUES,
            f"{count} of {size} different values have at most two significant digits: typed by hand, read off "
            "a figure, or exported with too few digits",
            table.name(c) + more,
        )


def _duplicates(table: RawTable, columns: list[int]) -> Iterator[Suspicion]:
    rows = len(table.lines)
    if len(columns) < 2 or rows < 4:
        return
    unique = np.unique(np.nan_to_num(table.numbers[:, columns], nan=-9e99), axis=0)
    repeated = rows - len(unique)
    if repeated >= max(3, 0.05 * rows):
        yield Suspicion(
            Doubt.DUPLICATE_ROWS,
            f"{repeated} of {rows} rows repeat another one exactly: pasted twice, or exported with fewer "
            "digits than the instrument has",
        )
