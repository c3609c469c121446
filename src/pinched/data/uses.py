"""What a column is for, as its head says: the finer side of `pinched.data.columns`, for every kind of data.

`column_uses` for the columns of a table, `state_column` for files that say in each row which state was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

import numpy as np

from pinched.data.columns import Role, tokens_of, words_of
from pinched.data.pairing import is_text
from pinched.data.table import RawTable


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
    LOW = "the LRS"
    HIGH = "the HRS"
    READ = "read voltage"
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
_QUANTITY = frozenset({"r", "g", "i", "resistance", "conductance", "current", "state", "read"})
_READ = frozenset({"read", "reading", "vread"})
_PULSE = frozenset({"pulse", "pulses", "amplitude", "amp", "vpulse", "vp"})
_WIDTH = frozenset({"width", "duration", "length", "pw", "tpulse"})
WANTED = frozenset({"wanted", "target"})
_LOW_CURRENT = frozenset({"lrs", "on", "low", "ion", "ilrs"})
_HIGH_CURRENT = frozenset({"hrs", "off", "high", "ioff", "ihrs"})


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
    if said.unit == "ohm" and words & WANTED:
        return Use.LOW if words & {"from", "low", "lower", "min"} else Use.HIGH
    if said.role is Role.VOLTAGE and words & _READ and np.ptp(table.numbers[:, column]) == 0:
        return Use.READ
    if words & {"address", "addr"}:
        return Use.INDEX
    glued = state or bool(words & {"rlrs", "ron", "rset", "rhrs", "roff", "rreset"})
    if glued and words & _HIGH and not words & {"v", "i", "ratio"}:
        return Use.HIGH
    if glued and words & _LOW and not words & {"v", "i", "ratio"}:
        return Use.LOW
    amps = said.unit == "A" or (
        not said.unit and bool(words & {"i", "current", "ion", "ioff", "ilrs", "ihrs"})
    )
    if amps and not words & {"v", "ratio"} and words & (_LOW_CURRENT | _HIGH_CURRENT):
        return Use.LOW if words & _LOW_CURRENT else Use.HIGH
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


def head_words(head: str) -> frozenset[str]:
    """The words of a head or a cell, lower case."""
    return frozenset(words_of(head))


def is_current(table: RawTable, column: int) -> bool:
    """True when `column` (from 0) holds currents, as its head says."""
    said = table.meaning(column)
    return said.unit == "A" or (
        not said.unit and bool(head_words(table.heads[column]) & {"i", "current", "ion", "ioff"})
    )


def state_column(table: RawTable) -> int | None:
    """The column of text whose every cell names one of the two states, both of them occurring; None without one."""
    for c, cells in table.texts.items():
        said = [head_words(cell) for cell in cells.values()]
        if len(said) < len(table.lines) or not all(
            bool(words & _LOW) != bool(words & _HIGH) for words in said
        ):
            continue
        if any(words & _LOW for words in said) and any(words & _HIGH for words in said):
            return c
    return None


def without_state(head: str) -> str:
    """The `head` of a state without its unit and the word that names the state: "D1 HRS (kohm)" -> "D1"."""
    left = [word for word in tokens_of(head) if word.lower() not in _LOW | _HIGH | _QUANTITY]
    return " ".join(left)


def is_low(cell: str) -> bool:
    """True for a cell that names the low resistance state, such as "LRS" or "on"."""
    return bool(head_words(cell) & _LOW)
