"""One file per channel: an oscilloscope's CH1 and CH2, a logger's V.dat and I.dat, joined into one record.

A file with one signal is no sweep by itself. `lone_signal` keeps what it holds, `join_channels` pairs the files of
one record: same folder, names that differ in the channel only, equally many samples at equal times. Which of the
two is the current follows from the units and names; of two voltages one has to be over a resistor
(`ReadOptions.shunt`, `ReadOptions.series_resistor`), or the pair is refused with that question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from pinched.data.column_sets import NoSweepError, is_text
from pinched.data.columns import Role
from pinched.data.options import ReadOptions
from pinched.data.settings import merged
from pinched.data.table import OVERFLOW, RawTable

# "F0001CH1", "C1Trace00000", "V2Reset", "VMem", "run3_current": a word for a signal that stands by itself.
_SIGNAL = re.compile(
    r"(?<![A-Za-z])(?:(?P<channel>[Cc][Hh](?:[Aa][Nn](?:[Nn][Ee][Ll])?)?[ _-]?\d|[Cc][1-8](?=[Tt]race|[ _.-]|$))"
    r"|(?P<volts>[Vv](?:[Mm]em|[Ii]n|[Oo]ut|[Aa]pp|[Ss]rc|[Dd]ut|[Dd]ev|[Rr]|[Ss])?\d?|[Vv]olt(?:age)?s?|[Ss]pannung)"
    r"|(?P<amps>[Ii](?:[Mm]em|[Ii]n|[Oo]ut|[Dd]ut|[Dd]ev)?\d?|[Cc]urrents?|[Aa]mps?|[Ss]trom))(?![a-z])"
)
_SAME_TIME = 1e-6
"""Difference of the times of two channels, as a share of the whole record."""


class ChannelError(NoSweepError):
    """Files that look like channels of one record and make none."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lone:
    """The one signal of a file that holds no more than one."""

    table: RawTable
    """The table it stands in."""
    column: int
    """Its column, from 0."""
    base: int | None
    """Column of its time, from 0; None when its samples are only counted."""

    @property
    def values(self) -> Float[np.ndarray, " sample"]:
        """The signal in the file's own unit."""
        return self.table.numbers[:, self.column]


@dataclass(frozen=True, slots=True)
class Channel:
    """A lone signal and the file it came from."""

    path: Path
    lone: Lone
    refusal: tuple[str, str, str, str]
    """Why the file is no sweep by itself: path, place, what was found, cure (an error itself cannot be sent between
    processes)."""


@dataclass(frozen=True, slots=True)
class Joined:
    """One record made of two files."""

    first: int
    """Place, in the list of channels, of the file that holds the voltage."""
    second: int
    """Place of the file that holds the other signal."""
    name: str
    """What the names of both files share."""
    table: RawTable
    """Both signals beside each other."""


def lone_signal(tables: Sequence[RawTable], options: ReadOptions) -> Lone | None:
    """The one signal in the only table of a file, None when there are several or none."""
    if len(tables) != 1 or tables[0].faults or tables[0].texts:
        return None
    (table,) = tables
    width = table.numbers.shape[1]
    if width > 3 or len(table.lines) < 2 or not np.isfinite(table.numbers).all():
        return None
    if float(np.abs(table.numbers).max()) >= OVERFLOW:
        return None
    roles = [table.meaning(c).role for c in range(width)]
    bases = [c for c, role in enumerate(roles) if role is Role.TIME]
    counted = [
        c for c, role in enumerate(roles) if role is Role.INDEX or (not table.heads and _counts(table, c))
    ]
    rest = [c for c in range(width) if c not in (*bases, *counted) and not is_text(table, c)]
    if not table.heads and len(rest) == 2 and not counted and _rises(table, rest[0]):
        bases, rest = [rest[0]], [rest[1]]
    if len(rest) != 1 or roles[rest[0]] not in (Role.VOLTAGE, Role.CURRENT, Role.UNKNOWN):
        return None
    if options.columns.voltage is not None or options.columns.current is not None:
        return None
    return Lone(table=table, column=rest[0], base=bases[0] if bases else None)


def _counts(table: RawTable, column: int) -> bool:
    values = table.numbers[:, column]
    return bool(values[0] in (0, 1) and (np.diff(values) == 1).all())


def _rises(table: RawTable, column: int) -> bool:
    values = table.numbers[:, column]
    return bool((np.diff(values) >= 0).all() and values[-1] > values[0])


def join_channels(
    channels: Sequence[Channel], options: ReadOptions
) -> tuple[list[Joined], dict[int, NoSweepError]]:
    """The records that `channels` make, and an error for the place of every channel that makes none."""
    groups: dict[tuple[Path, str], list[tuple[int, re.Match[str]]]] = {}
    for place, channel in enumerate(channels):
        for match in _SIGNAL.finditer(channel.path.stem):
            rest = channel.path.stem[: match.start()] + "*" + channel.path.stem[match.end() :]
            groups.setdefault((channel.path.parent, rest), []).append((place, match))
    joined: list[Joined] = []
    refused = {place: _alone(channel) for place, channel in enumerate(channels)}
    taken: set[int] = set()
    for (_, rest), members in groups.items():
        places = [place for place, _ in members if place not in taken]
        if len(places) < 2 or len(set(places)) < len(places):
            continue
        if len(places) > 2:
            names = ", ".join(channels[place].path.name for place in places)
            for place in places:
                refused[place] = _error(
                    channels[place], f"is one of {len(places)} channels of one record ({names})",
                    "Give the two files with the voltage and the current, or the voltage over the shunt.",
                )  # fmt: skip
            continue
        pair = [(place, match) for place, match in members if place in places]
        found = _joined([channels[place] for place in places], pair, rest, options)
        if not isinstance(found, Joined):
            for place in places:
                refused[place] = _error(channels[place], *found)
            continue
        taken.update(places)
        joined.append(found)
    return joined, {place: error for place, error in refused.items() if place not in taken}


def _alone(channel: Channel) -> NoSweepError:
    path, place, found, cure = channel.refusal
    if _SIGNAL.search(channel.path.stem):
        cure = (
            f"{cure} If the other signal of the record is in a file of its own, give both files; of two voltages one "
            "is over a resistor (--shunt, --series-resistor)."
        )
    return NoSweepError(path, place, found, cure)


def _error(channel: Channel, found: str, cure: str) -> ChannelError:
    return ChannelError(channel.path, "", found, cure)


def _joined(
    channels: Sequence[Channel], pair: Sequence[tuple[int, re.Match[str]]], rest: str, options: ReadOptions
) -> Joined | tuple[str, str]:
    """The record of two channels, or what keeps them apart and what to do."""
    one, two = channels
    both = f"{one.path.name} and {two.path.name} look like channels of one record, but"
    again = "Give the files of one record, saved together."
    if len(one.lone.values) != len(two.lone.values):
        return f"{both} hold {len(one.lone.values)} and {len(two.lone.values)} samples", again
    times = [_time(channel.lone) for channel in channels]
    if (times[0] is None) != (times[1] is None) or not _same(times[0], times[1]):
        return f"{both} their times differ", again
    units = [_unit(channel, match) for channel, (_, match) in zip(channels, pair, strict=True)]
    resistor = options.shunt is not None or options.series_resistor is not None
    if sorted(units) != ["A", "V"] and not (resistor and "A" not in units):
        if "A" in units:
            return f"{both} neither is a voltage", "Give the file with the voltage."
        return (
            f"{both} neither is a current",
            "If one is the voltage over a resistor to ground, say --shunt '50 ohm'; if one is the source's before "
            "a resistor and one the device's, say --series-resistor '10 kohm'.",
        )
    if units[0] == "A":
        channels, pair, units = channels[::-1], pair[::-1], units[::-1]
    table = _beside(channels, units, times[0])
    return Joined(pair[0][0], pair[1][0], rest.replace("*", "").strip(" _-.") or channels[0].path.stem, table)


def _time(lone: Lone) -> Float[np.ndarray, " sample"] | None:
    return None if lone.base is None else lone.table.numbers[:, lone.base]


def _same(one: Float[np.ndarray, " sample"] | None, two: Float[np.ndarray, " sample"] | None) -> bool:
    if one is None or two is None:
        return True
    return bool(np.abs(one - two).max() <= _SAME_TIME * float(np.ptp(one)))


def _unit(channel: Channel, match: re.Match[str]) -> str:
    """ "V" or "A" as the file says, else as its name does; "" when nothing says."""
    said = channel.lone.table.meaning(channel.lone.column)
    if said.unit in ("V", "A"):
        return said.unit
    by_role = {Role.VOLTAGE: "V", Role.CURRENT: "A"}.get(said.role, "")
    return by_role or ("V" if match["volts"] else "A" if match["amps"] else "")


def _beside(
    channels: Sequence[Channel], units: Sequence[str], time: Float[np.ndarray, " sample"] | None
) -> RawTable:
    tables = [channel.lone.table for channel in channels]
    first = channels[0].lone
    # Names of files are no heads: "V2Reset" is no RESET voltage.
    words = {"V": "voltage", "A": "current", "": "voltage"}
    heads = [
        (channel.lone.table.heads or ("",) * 3)[channel.lone.column] or f"{words[unit]} {k}"
        for k, (channel, unit) in enumerate(zip(channels, units, strict=True), 1)
    ]
    columns = [channel.lone.values for channel in channels]
    said = [
        _with_prefix(channel.lone, channel.lone.column, unit or "V")
        for channel, unit in zip(channels, units, strict=True)
    ]
    if time is not None and first.base is not None:
        columns, heads = [time, *columns], ["Time", *heads]
        said = [_with_prefix(first, first.base, "s"), *said]
    note = f"{channels[0].path.name} and {channels[1].path.name} joined: two channels of one record"
    return replace(
        first.table,
        heads=tuple(heads),
        numbers=np.column_stack(columns),
        units=tuple(said),
        aside=frozenset(),
        groups=(),
        notes=(*first.table.notes, note),
        settings=merged(*(table.settings for table in tables)),
    )


def _with_prefix(lone: Lone, column: int, unit: str) -> str:
    factor = lone.table.meaning(column).factor
    return unit if factor == 1 else f"10^{round(np.log10(factor)):+d} {unit}"
