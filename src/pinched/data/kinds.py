"""What kind of data a table is: sweep, pulses, retention, endurance, levels, a table of results, or unknown.

`recognise` decides from the heads and from the numbers, never from the name of a file. Heads decide where they
say something; else the numbers must leave one possibility, and the reason is always given.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pinched._errors import DataFileError
from pinched.data.columns import temperature_of, words_of
from pinched.data.options import ReadOptions
from pinched.data.pairing import find_sets, is_text, wanted_columns
from pinched.data.patterns import before_and_after, voltage_levels, written_range
from pinched.data.settings import SettingName, find
from pinched.data.table import OVERFLOW, RawTable
from pinched.data.uses import (
    WANTED,
    DataKind,
    Recognised,
    Use,
    column_uses,
    head_words,
    is_current,
    state_column,
)

__all__ = ["DataKind", "Recognised", "Use", "column_uses", "recognise"]


_SWITCHING = frozenset({"set", "reset", "form", "forming"})
_AROUND = (Use.LOW, Use.HIGH, Use.CYCLE, Use.INDEX, Use.DEVICE, Use.TIME, Use.READ)
"""What may stand in a table of two states and nothing else, where the states are currents."""


def _said_uses(uses: tuple[Use, ...], table: RawTable, options: ReadOptions, path: str) -> tuple[Use, ...]:
    """`uses` with the columns that the caller named: what is named is the only one of its kind."""
    columns = options.columns
    said = ((columns.amplitude, Use.AMPLITUDE), (columns.width, Use.WIDTH), (columns.state, Use.STATE))
    for want, use in said:
        named = wanted_columns(table, want, path)
        if named:
            uses = tuple(use if c in named else Use.OTHER if u is use else u for c, u in enumerate(uses))
    return uses


def recognise(table: RawTable, options: ReadOptions, path: str = "") -> Recognised:
    """What kind of data `table` is; never raises, what cannot be told is `DataKind.UNKNOWN` with the reason."""
    uses = column_uses(table)
    try:
        said = _said_uses(uses, table, options, path)
    except DataFileError as error:
        return Recognised(DataKind.UNKNOWN, error.found, uses)
    if not any(use not in (Use.UNKNOWN, Use.INDEX) for use in uses):
        found = _from_numbers(table, uses, options, path)
        found = Recognised(found.kind, found.reason, _said_uses(found.uses, table, options, path))
        if found.kind is DataKind.UNKNOWN and Use.STATE in said and {Use.AMPLITUDE, Use.WIDTH} & set(said):
            return Recognised(DataKind.PULSES, "the caller named its columns", said)
        return found
    uses = said
    found = Recognised(DataKind.UNKNOWN, "", uses)

    def verdict(kind: DataKind, reason: str) -> Recognised:
        return Recognised(kind, reason, uses)

    if not any(use not in (Use.UNKNOWN, Use.INDEX) for use in uses):
        return _from_numbers(table, uses, options, path)
    if any({"v", "voltage"} & words and _SWITCHING & words for words in map(head_words, table.heads)) or any(
        head_words(head) & {"vset", "vreset", "vform"} for head in table.heads
    ):
        others = [use for use in uses if use in (Use.LOW, Use.HIGH, Use.STATE)]
        if others or not found.columns(Use.CURRENT):
            return verdict(DataKind.RESULTS, "a head names a switching voltage, which somebody extracted")
    texts = sum(is_text(table, c) and uses[c] is not Use.DEVICE for c in range(len(uses)))
    states = found.columns(Use.STATE)
    both = bool(found.columns(Use.LOW) and found.columns(Use.HIGH))
    wanted = any(WANTED & head_words(head) for head in table.heads)
    if both and states and wanted and not texts:
        return verdict(DataKind.WRITES, "the heads name a wanted range and what was reached")
    if (
        (both or found.columns(Use.LOW, Use.HIGH))
        and not texts
        and found.columns(Use.TIME)
        and not found.columns(Use.CYCLE)
    ):
        return verdict(DataKind.RETENTION, "the heads name a state beside a time")
    as_current = [c for c in found.columns(Use.LOW, Use.HIGH) if is_current(table, c)]
    if both and not texts and (not as_current or all(use in _AROUND for use in uses)):
        return verdict(DataKind.ENDURANCE, "the heads name both states")
    if len(states) == 1 and (found.columns(Use.CYCLE, Use.INDEX)) and state_column(table) is not None:
        return verdict(DataKind.ENDURANCE, "a column says which state each resistance is")
    pulsed = found.columns(Use.AMPLITUDE, Use.WIDTH) or any("pulse" in head.lower() for head in table.heads)
    if states and pulsed:
        return verdict(DataKind.PULSES, "a resistance or conductance stands beside pulses")
    if pulsed and found.columns(Use.READ) and len(found.columns(Use.CURRENT)) == 1:
        return verdict(DataKind.PULSES, "a current at a read voltage stands beside pulses")
    heated = [
        c for c, use in enumerate(uses)
        if use in (Use.UNKNOWN, Use.STATE, Use.OTHER) and c not in table.texts and c < len(table.heads)
        and temperature_of(table.heads[c])
    ]  # fmt: skip
    if (
        heated
        and found.columns(Use.TIME)
        and {uses[c] for c in range(len(uses)) if c not in heated} <= {Use.TIME, Use.INDEX}
    ):
        uses = tuple(Use.STATE if c in heated else use for c, use in enumerate(uses))
        return verdict(DataKind.RETENTION, "a state at each of several temperatures stands beside a time")
    by_device = [
        c for c in found.columns(Use.DEVICE) if c not in table.texts and table.meaning(c).number is not None
    ]
    known = [use for c, use in enumerate(uses) if c not in by_device]
    if len(by_device) > 1 and found.columns(Use.TIME) and set(known) <= {Use.TIME, Use.INDEX}:
        uses = tuple(Use.STATE if c in by_device else use for c, use in enumerate(uses))
        return verdict(DataKind.RETENTION, "a column for each of several devices stands beside a time")
    sweep = _as_sweep(table, options, path)
    if sweep is not None and len(amps := found.columns(Use.CURRENT)) > 0 and not found.columns(Use.VOLTAGE):
        # Currents alone are states once the read voltage is known, which the record asks for.
        if set(uses) <= {Use.TIME, Use.CURRENT, Use.DEVICE} and found.columns(Use.TIME):
            return verdict(DataKind.RETENTION, "a current stands beside a time")
        if pulsed and set(uses) <= {Use.INDEX, Use.CURRENT, Use.AMPLITUDE, Use.WIDTH, Use.TIME}:
            return verdict(DataKind.PULSES, f"{len(amps)} current(s) stand beside pulses")
    if sweep is None:
        voltage = _only(found.columns(Use.VOLTAGE))
        levels = None if voltage is None else voltage_levels(table.numbers[:, voltage])
        if levels is not None and found.columns(Use.TIME) and levels == 1:
            return verdict(DataKind.RETENTION, "the voltage is held and a current stands beside a time")
        if levels is not None and levels > 1:
            return verdict(DataKind.PULSES, f"the voltage stands on {levels} levels")
        if voltage is not None and np.ptp(table.numbers[:, voltage]) == 0:
            held = f"{table.name(voltage)} stands at {table.numbers[0, voltage]:g} throughout: no sweep of the device"
            return verdict(DataKind.UNKNOWN, held)
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

    if any(len(word) > 3 and word.isalpha() for head in table.heads for word in words_of(head)):
        # Heads in words that nobody here knows say that it is something else; only a swept voltage may still show.
        sweep = _as_sweep(table, options, path)
        if sweep is None:
            return verdict(DataKind.SWEEP, "one column moves like a programmed voltage")
        return verdict(DataKind.UNKNOWN, sweep)
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
    if width == 3 and counter is not None:
        pair = sorted((c for c in range(3) if c != counter), key=lambda c: float(np.median(good[:, c])))
        if (
            min(float(good[:, c].min()) for c in pair) >= 10
            and (good[:, pair[0]] < good[:, pair[1]]).mean() > 0.5
        ):
            reason = "a counter and two columns that only resistances fit, one above the other"
            return verdict(DataKind.ENDURANCE, reason, CYCLE=counter, LOW=pair[0], HIGH=pair[1])
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
        # A time begins near zero; a wavelength, an angle or an energy does not.
        begins = rising is not None and good[0, rising] <= 2.0 * float(np.median(np.diff(good[:, rising])))
        if rising is not None and begins and good[:, 1 - rising].min() >= 10:
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
