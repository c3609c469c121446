"""Columns of a recognised table in SI: what its head says, what the caller says, else the one unit that fits.

`Source` is a table with everything around it that its records need; the functions take a column of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._errors import DataFileError
from pinched._units import parse_unit
from pinched.data.columns import Role, words_of
from pinched.data.kinds import Recognised
from pinched.data.options import ReadOptions
from pinched.data.settings import Setting, SettingName, find
from pinched.data.sweep import Provenance
from pinched.data.table import OVERFLOW, RawTable

DROP = "Repair the file, or leave such rows out (drop_bad_rows=True, --drop-bad-rows)."
"""What to do about a bad row."""
_CONDUCTANCE = frozenset({"g", "conductance", "siemens", "gdc"})
_RESISTANCE = frozenset({"r", "res", "resistance", "rdc", "lrs", "hrs", "ohms", "widerstand"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One table and everything around it that its records need."""

    table: RawTable
    """The numbers."""
    seen: Recognised
    """What kind of data they are."""
    settings: tuple[Setting, ...]
    """What is known of the measurement."""
    options: ReadOptions
    """What the caller said."""
    path: str
    """Path for messages."""
    name: Callable[[str], str]
    """Name of the device, given what the table itself calls it ("" for nothing)."""
    provenance: Callable[[tuple[str, ...], int, tuple[str, ...]], Provenance]
    """Provenance for (columns, first line, guesses)."""

    def number(self, name: SettingName) -> float | None:
        """A known setting as a number in SI; None when it is unknown."""
        return find(self.settings, name).number

    def text(self, name: SettingName) -> str:
        """A known setting as text; "" when it is unknown."""
        value = find(self.settings, name).value
        return value if isinstance(value, str) else ""


def values_of(source: Source, column: int) -> Float[np.ndarray, " row"]:
    """Numbers of `column` as the file has them; NaN for a missing read. Refuses text and overflows."""
    table = source.table
    values = np.array(table.numbers[:, column])
    for row, text in table.texts.get(column, {}).items():
        if text and np.isnan(values[row]) and text.lower() not in ("nan", "n/a", "na", "null", "none", "-"):
            if source.options.drop_bad_rows:
                continue
            found = f"'{text[:40]}' stands in {table.name(column)}, where a number belongs"
            raise DataFileError(source.path, f"line {table.lines[row]}", found, DROP)
    over = np.abs(np.nan_to_num(values, nan=0.0, posinf=np.inf)) >= OVERFLOW
    if over.any():
        if not source.options.drop_bad_rows:
            row = int(np.argmax(over))
            found = (
                f"{values[row]:g} in {table.name(column)} is an overflow of the instrument, not a measurement"
            )
            raise DataFileError(source.path, f"line {table.lines[row]}", found, DROP)
        values[over] = np.nan
    return values


def si_values(
    source: Source, column: int, unit: str, stated: str | None, guesses: list[str]
) -> Float[np.ndarray, " row"]:
    """Values of `column` in SI `unit`: as the caller `stated`, as the head says, else as they are."""
    said = source.table.meaning(column)
    parsed = parse_unit(stated) if stated is not None else None
    factor = parsed[1] if parsed else said.factor if said.unit == unit else 1.0
    if parsed is None and not said.unit:
        guesses.append(f"{source.table.name(column)} taken in {unit}: nothing states its unit")
    return values_of(source, column) * factor


def resistances(source: Source, column: int, guesses: list[str]) -> Float[np.ndarray, " row"]:
    """Resistances (ohm) of `column`, conductances turned into them; refuses numbers whose unit is anybody's guess."""
    values, unit = state_values(source, column, guesses)
    with np.errstate(divide="ignore"):
        return 1.0 / values if unit == "S" else values


def state_values(source: Source, column: int, guesses: list[str]) -> tuple[Float[np.ndarray, " row"], str]:
    """States of `column` in SI and their unit, ohm or S."""
    table, stated = source.table, source.options.state_unit
    values = values_of(source, column)
    said = table.meaning(column)
    if stated is not None and (parsed := parse_unit(stated)) is not None:
        return values * parsed[1], parsed[0]
    if said.unit in ("ohm", "S"):
        return values * said.factor, said.unit
    words = set(words_of(table.heads[column])) if table.heads else set()
    if (
        said.unit == "A"
        or said.role is Role.CURRENT
        or (not said.unit and words & {"i", "current", "ion", "ioff"})
    ):
        volts = source.number(SettingName.READ_VOLTAGE)
        if volts is None or volts == 0:
            raise DataFileError(
                source.path,
                table.name(column),
                "currents, and nothing states the voltage at which they were read",
                "Say it: read_voltage='0.1 V' (in pinched.toml: [reading] read_voltage).",
            )
        if not said.unit:
            guesses.append(f"{table.name(column)} taken in A: nothing states its unit")
        guesses.append(f"conductance computed as {table.name(column)} over the read voltage of {volts:g} V")
        return np.abs(values * said.factor / volts), "S"
    size = np.abs(values[np.isfinite(values) & (values != 0)])
    glued = {
        word[0]
        for word in words
        if len(word) > 2 and word[0] in "rg" and word not in _RESISTANCE | _CONDUCTANCE
    }
    named = (
        "S"
        if words & _CONDUCTANCE or glued == {"g"}
        else "ohm"
        if words & _RESISTANCE or glued == {"r"}
        else ""
    )
    # A device has neither a conductance above 1 S nor a resistance below 1 ohm.
    fits = {"S": bool(size.size and np.median(size) < 1), "ohm": bool(size.size and np.median(size) >= 1)}
    sure = {"S": fits["S"], "ohm": bool(size.size and size.min() >= 100)}
    for unit in ("S", "ohm"):
        if (named == unit and fits[unit]) or (not named and sure[unit]):
            guesses.append(
                f"{table.name(column)} taken in {unit}: nothing states its unit, and no other fits"
            )
            return values, unit
    low, high = (float(f(size)) if size.size else 0.0 for f in (np.min, np.max))
    what = {"S": "conductances", "ohm": "resistances", "": "resistances or conductances"}[named]
    raise DataFileError(
        source.path,
        table.name(column),
        f"{what} from {low:.3g} to {high:.3g} whose unit nothing states",
        "Say it: state_unit='uS' or 'kohm' (--state-unit uS).",
    )
