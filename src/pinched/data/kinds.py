"""What kind of data a table is: sweep, pulses, retention, endurance, levels, a table of results, or unknown.

`recognise` decides from the heads and from the numbers, never from the name of a file. Heads decide where they
say something; else the numbers must leave one possibility, and the reason is always given.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

import numpy as np
from jaxtyping import Float

from pinched._errors import DataFileError
from pinched.data.columns import Role, words_of
from pinched.data.options import ReadOptions
from pinched.data.pairing import find_sets, is_text
from pinched.data.patterns import before_and_after, voltage_levels, written_range
from pinched.data.settings import SettingName, find
from pinched.data.table import OVERFLOW, RawTable


class DataKind(StrEnum):
    """What a table of numbers is."""

    SWEEP = "sweep"
    """Current against a voltage that is swept."""
    PULSES = "pulses"
    """A state after each of a series of pulses."""
    RETENTION = "retention"
    """A state against the time since it was programmed."""
    ENDURANCE = "endurance"
    """Both states over the cycles."""
    LEVELS = "levels"
    """States of many cells, or many reads of one, without a time or a pulse beside them."""
    WRITES = "write log"
    """One row per write: the wanted range, what was reached, how many pulses it took."""
    RESULTS = "results table"
    """Numbers that somebody extracted: one row per sweep or device."""
    UNKNOWN = "unknown"
    """None of these, or not to be told with certainty."""


class Use(Enum):
    """What a column is for, more finely than its `Role`."""

    TIME = "time"
    VOLTAGE = "voltage"
    CURRENT = "current"
    STATE = "resistance or conductance"
    LOW = "resistance of the LRS"
    HIGH = "resistance of the HRS"
    AMPLITUDE = "pulse amplitude"
    WIDTH = "pulse width"
    CYCLE = "cycle"
    DEVICE = "device"
    INDEX = "counter"
    OTHER = "something else"
    UNKNOWN = "not recognised"


@dataclass(frozen=True, slots=True)
class Recognised:
    """The verdict on one table."""

    kind: DataKind
    """What it is."""
    reason: str
    """Why, as part of a sentence."""
    uses: tuple[Use, ...]
    """What each column is for."""

    def columns(self, *uses: Use) -> list[int]:
        """Columns (from 0) that are for one of `uses`."""
        return [c for c, use in enumerate(self.uses) if use in uses]


_LOW = frozenset({"lrs", "on", "set", "low", "rlrs", "ron", "rset", "glrs", "gon"})
_HIGH = frozenset({"hrs", "off", "reset", "high", "rhrs", "roff", "rreset", "ghrs", "goff"})
_STATES = frozenset({"r", "res", "resistance", "g", "conductance", "lrs", "hrs", "state"})
_PULSE = frozenset({"pulse", "pulses", "amplitude", "amp", "vpulse", "vp"})
_WIDTH = frozenset({"width", "duration", "length", "pw", "tpulse"})
_WANTED = frozenset({"wanted", "target"})


def column_uses(table: RawTable) -> tuple[Use, ...]:
    """What each column of `table` is for, from its head and the unit that the format states."""
    return tuple(_use(table, c) for c in range(table.numbers.shape[1]))


def _use(table: RawTable, column: int) -> Use:
    if column in table.aside:
        return Use.OTHER
    said = table.meaning(column)
    head = table.heads[column] if table.heads else ""
    words = frozenset(words_of(head)) if head else frozenset()
    if said.role is Role.DEVICE or (is_text(table, column) and said.role is Role.INDEX):
        return Use.DEVICE
    if is_text(table, column):
        return Use.OTHER
    state = said.unit in ("ohm", "S") or (
        not said.unit and (bool(words & _STATES) or said.role is Role.RESISTANCE)
    )
    if said.unit == "ohm" and words & _WANTED:
        return Use.LOW if words & {"from", "low", "lower", "min"} else Use.HIGH
    if words & {"address", "addr"}:
        return Use.INDEX
    glued = state or bool(words & {"rlrs", "ron", "rset", "rhrs", "roff", "rreset"})
    if glued and words & _HIGH and not words & {"v", "i", "ratio"}:
        return Use.HIGH
    if glued and words & _LOW and not words & {"v", "i", "ratio"}:
        return Use.LOW
    if said.unit in ("", "s") and words & _WIDTH:
        return Use.WIDTH
    if (
        said.unit in ("", "V")
        and words & _PULSE
        and (said.unit == "V" or words & {"amplitude", "amp", "v", "voltage"})
    ):
        return Use.AMPLITUDE
    if not said.unit and words & {"pulse", "pulses"}:
        return Use.INDEX
    return {
        Role.TIME: Use.TIME, Role.VOLTAGE: Use.VOLTAGE, Role.CURRENT: Use.CURRENT, Role.RESISTANCE: Use.STATE,
        Role.CYCLE: Use.CYCLE, Role.INDEX: Use.INDEX, Role.OTHER: Use.OTHER, Role.UNKNOWN: Use.UNKNOWN,
        Role.DEVICE: Use.DEVICE,
    }[said.role]  # fmt: skip


def recognise(table: RawTable, options: ReadOptions, path: str = "") -> Recognised:
    """What kind of data `table` is; never raises, what cannot be told is `DataKind.UNKNOWN` with the reason."""
    uses = column_uses(table)
    found = Recognised(DataKind.UNKNOWN, "", uses)

    def verdict(kind: DataKind, reason: str) -> Recognised:
        return Recognised(kind, reason, uses)

    if not any(use not in (Use.UNKNOWN, Use.INDEX) for use in uses):
        return _from_numbers(table, uses, options, path)
    texts = sum(is_text(table, c) and uses[c] is not Use.DEVICE for c in range(len(uses)))
    states = found.columns(Use.STATE)
    wanted = any(_WANTED & frozenset(words_of(head)) for head in table.heads)
    if found.columns(Use.LOW) and found.columns(Use.HIGH) and states and wanted and not texts:
        return verdict(DataKind.WRITES, "the heads name a wanted range and what was reached")
    if found.columns(Use.LOW) and found.columns(Use.HIGH) and not texts:
        return verdict(DataKind.ENDURANCE, "the heads name the resistances of both states")
    pulsed = found.columns(Use.AMPLITUDE, Use.WIDTH) or any("pulse" in head.lower() for head in table.heads)
    if states and pulsed:
        return verdict(DataKind.PULSES, "a resistance or conductance stands beside pulses")
    sweep = _as_sweep(table, options, path)
    if sweep is None:
        voltage = _only(found.columns(Use.VOLTAGE))
        levels = None if voltage is None else voltage_levels(table.numbers[:, voltage])
        if levels is not None and found.columns(Use.TIME) and levels == 1:
            return verdict(DataKind.RETENTION, "the voltage is held and a current stands beside a time")
        if levels is not None and levels > 1:
            return verdict(DataKind.PULSES, f"the voltage stands on {levels} levels")
        return verdict(DataKind.SWEEP, "a current stands beside a voltage")
    results = texts or sum(use in (Use.OTHER, Use.UNKNOWN) for use in uses) > len(uses) / 2
    if states and found.columns(Use.TIME) and not results:
        return verdict(DataKind.RETENTION, "a resistance or conductance stands beside a time")
    if states and found.columns(Use.INDEX) and not results:
        return verdict(DataKind.PULSES, "a resistance or conductance stands beside a counter")
    if states and not results and set(uses) <= {Use.STATE, Use.DEVICE, Use.CYCLE}:
        if find(table.settings, SettingName.LABEL).value is not None or found.columns(Use.CYCLE):
            return verdict(DataKind.PULSES, "a series of resistances or conductances with a label")
        return verdict(DataKind.LEVELS, "resistances or conductances without a time or a pulse")
    if results:
        return verdict(DataKind.RESULTS, "most columns hold texts or extracted numbers")
    return verdict(DataKind.UNKNOWN, sweep)


def _only(columns: list[int]) -> int | None:
    return columns[0] if len(columns) == 1 else None


def _as_sweep(table: RawTable, options: ReadOptions, path: str) -> str | None:
    """None when `table` pairs a voltage with a current, else why it does not."""
    try:
        find_sets(table, options, [], path, "")
    except DataFileError as error:
        return error.found
    return None


def _from_numbers(table: RawTable, uses: tuple[Use, ...], options: ReadOptions, path: str) -> Recognised:
    """The verdict on a table whose heads say nothing: only what the numbers leave no doubt about."""
    good = table.numbers[np.isfinite(table.numbers).all(axis=1)]
    width = table.numbers.shape[1]

    def verdict(kind: DataKind, reason: str, **places: int) -> Recognised:
        named = list(uses)
        for use, column in places.items():
            named[column] = Use[use]
        return Recognised(kind, reason, tuple(named))

    if len(good) < 3:
        return verdict(DataKind.UNKNOWN, f"{len(good)} rows of numbers without heads")
    positive = [bool((good[:, c] > 0).all() and good[:, c].max() < OVERFLOW) for c in range(width)]
    if width == 1:
        if positive[0]:
            return verdict(DataKind.LEVELS, "one column of positive numbers: states without heads", STATE=0)
        return verdict(DataKind.UNKNOWN, "one column of numbers that cannot all be resistances")
    counter = next((c for c in range(width) if _counts(good[:, c])), None)
    if width == 2 and counter is not None:
        other = 1 - counter
        if positive[other]:
            return verdict(DataKind.PULSES, "a counter and one positive column", INDEX=counter, STATE=other)
        reason = (
            "a sample number and one recorded signal of both signs: a voltage without its current or time"
        )
        return verdict(DataKind.UNKNOWN, reason)
    if width >= 8 and (place := written_range(good)) is not None:
        reached = f"column {place[0] + 1} lies between columns {place[1] + 1} and {place[2] + 1}"
        return verdict(
            DataKind.WRITES, f"{reached}: a write log", STATE=place[0], LOW=place[1], HIGH=place[2]
        )
    if width >= 4 and (pair := before_and_after(good)) is not None:
        reason = f"column {pair[0] + 1} of a row repeats column {pair[1] + 1} of the row above: states around pulses"
        return verdict(DataKind.PULSES, reason, STATE=pair[1])
    sweep = _as_sweep(table, options, path)
    if sweep is None:
        guesses: list[str] = []
        (first, *_), _ = find_sets(table, options, guesses, path, "")
        levels = voltage_levels(table.numbers[:, first.voltage])
        if levels is not None and first.time is not None:
            kind = DataKind.RETENTION if levels == 1 else DataKind.PULSES
            reason = f"the voltage stands on {levels} level{'s' if levels > 1 else ''} over a time"
            return verdict(kind, reason, VOLTAGE=first.voltage, CURRENT=first.current, TIME=first.time)
        return verdict(DataKind.SWEEP, guesses[0] if guesses else "a voltage and a current")
    if width == 2:
        rising = next((c for c in (0, 1) if (np.diff(good[:, c]) >= 0).all() and good[0, c] >= 0), None)
        if rising is not None and good[:, 1 - rising].min() >= 10:
            # No current and no voltage is that large throughout: it is a resistance in ohm.
            return verdict(
                DataKind.RETENTION,
                "a time and a column that only a resistance fits",
                TIME=rising,
                STATE=1 - rising,
            )
    return verdict(DataKind.UNKNOWN, sweep)


def _counts(values: Float[np.ndarray, " row"]) -> bool:
    return bool(values[0] in (0, 1) and (np.diff(values) == 1).all())
