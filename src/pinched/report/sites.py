"""Where devices stand: rows and columns of a wafer or array, from settings or from names.

`sites_of` reads "(U2,3,4)", "r3c4", "WL3_BL4" or a setting called site, row and column alike, and answers None where
names do not say it: a map of invented places would be worse than a plain list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pinched.data.settings import Setting, SettingName, find

_NUMBER = re.compile(r"\d+")
_NO_INDEX = re.compile(
    r"\d+\.\d|[-+]\d+\s*[A-Za-z]|\d+\s*(?:[munp]?[VAsmK]|[kM]?ohm|[umn]m|C|Hz)(?![A-Za-z])"
)
_PAIRS = (("row", "column"), ("row", "col"), ("word_line", "bit_line"), ("wl", "bl"), ("y", "x"))
_ACROSS = ("column", "col", "c", "x", "bl", "bit_line", "bitline")
_DOWN = ("row", "r", "y", "wl", "word_line", "wordline")
_SPARSE = 6
"""A map with more places than this for each device is no map of them: its numbers mean something else."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Place of each device."""

    row: dict[str, int]
    """Device -> row, as its name or settings number it."""
    column: dict[str, int]
    """Device -> column."""
    row_name: str = "Row"
    """What a row is called."""
    column_name: str = "Column"
    """What a column is called."""


def sites_of(devices: Sequence[str], settings: Iterable[tuple[str, Sequence[Setting]]] = ()) -> Sites | None:
    """Places of `devices` from their `settings` (device, what is known of it), else from their names.

    None for fewer than two devices, for names that do not hold exactly two numbers that vary, and where two
    devices would share a place.
    """
    names = list(dict.fromkeys(devices))
    if len(names) < 2:
        return None
    known: dict[str, Sequence[Setting]] = {}
    for device, items in settings:
        known.setdefault(device, items)
    return _from_settings(names, known) or _from_texts({name: name for name in names})


def _from_settings(names: list[str], known: dict[str, Sequence[Setting]]) -> Sites | None:
    items = {name: known.get(name, ()) for name in names}
    for row, column in _PAIRS:
        places = {
            name: (_whole(_lower(found, row)), _whole(_lower(found, column))) for name, found in items.items()
        }
        if all(a is not None and b is not None for a, b in places.values()):
            return _checked(
                {name: a or 0 for name, (a, _) in places.items()},
                {name: b or 0 for name, (_, b) in places.items()},
                row.replace("_", " ").capitalize(),
                column.replace("_", " ").capitalize(),
            )
    sites = {name: find(found, SettingName.SITE).value for name, found in items.items()}
    texts = {name: text for name, text in sites.items() if isinstance(text, str)}
    return _from_texts(texts) if len(texts) == len(names) else None


def _lower(found: Sequence[Setting], name: str) -> float | str | None:
    return next((item.value for item in found if item.name.lower().replace(" ", "_") == name), None)


def _whole(value: float | str | None) -> int | None:
    if isinstance(value, str):
        return int(value) if value.strip().isdigit() else None
    return int(value) if value is not None and float(value).is_integer() else None


def _from_texts(texts: dict[str, str]) -> Sites | None:
    """Places from texts that differ in exactly two whole numbers."""
    if len({_NUMBER.sub("#", text) for text in texts.values()}) != 1:
        return None
    if any(_NO_INDEX.search(text) for text in texts.values()):
        return None
    numbers = {name: [int(m[0]) for m in _NUMBER.finditer(text)] for name, text in texts.items()}
    count = len(next(iter(numbers.values())))
    varying = [k for k in range(count) if len({found[k] for found in numbers.values()}) > 1]
    if len(varying) != 2:
        return None
    words = [_word_before(next(iter(texts.values())), k) for k in varying]
    first, second = varying
    if words[0].lower() in _ACROSS and words[1].lower() in _DOWN:
        first, second, words = second, first, words[::-1]
    named = [word if word.lower() in (*_ACROSS, *_DOWN) else "" for word in words]
    return _checked(
        {name: found[first] for name, found in numbers.items()},
        {name: found[second] for name, found in numbers.items()},
        named[0].upper() if len(named[0]) > 1 else "Row",
        named[1].upper() if len(named[1]) > 1 else "Column",
    )


def _word_before(text: str, place: int) -> str:
    at = list(_NUMBER.finditer(text))[place].start()
    found = re.search(r"[A-Za-z]+[_\s]*$", text[:at])
    return found[0].rstrip("_ ") if found else ""


def _checked(row: dict[str, int], column: dict[str, int], row_name: str, column_name: str) -> Sites | None:
    places = set(zip(row.values(), column.values(), strict=True))
    rows, columns = (max(v.values()) - min(v.values()) + 1 for v in (row, column))
    if len(places) < len(row) or rows * columns > max(_SPARSE * len(row), 60):
        return None
    return Sites(row, column, row_name, column_name)
