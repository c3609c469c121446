"""Text with units to SI floats and back; used only where text enters or leaves.

`to_si("100 uA", "A")` for what a person types, `split_head("I (mA)")` for a column head,
`show(1e-4, "A")` for what a person reads.
"""

import math
import re
from typing import NamedTuple

from pinched._errors import PinchedError

# Both micro signs (U+00B5, U+03BC) are in use; "K" is kelvin and never kilo.
_PREFIX = {
    "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6,
    "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
}  # fmt: skip

_UNIT = {
    "V": "V", "volt": "V", "volts": "V",
    "A": "A", "amp": "A", "amps": "A", "ampere": "A", "amperes": "A",
    "ohm": "ohm", "ohms": "ohm", "\u03a9": "ohm", "\u2126": "ohm", "Ohm": "ohm", "Ohms": "ohm",
    "s": "s", "sec": "s", "second": "s", "seconds": "s",
    "S": "S", "siemens": "S", "Hz": "Hz", "K": "K",
}  # fmt: skip

_TIMES = {
    "min": 60.0, "h": 3600.0, "hour": 3600.0, "hours": 3600.0, "day": 86400.0, "days": 86400.0, "d": 86400.0,
    "year": 365.25 * 86400.0, "years": 365.25 * 86400.0,
}  # fmt: skip
"""Times that people say where seconds are wanted; not in column heads, where h and d mean other things."""

_NUMBER = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*$")
_HEAD = re.compile(r"^(?P<name>.*?)\s*[\[(/_]\s*(?P<unit>[^\[\]()/_]+?)\s*[\])]?\s*$")


class Head(NamedTuple):
    """A column head taken apart: `name`, SI `unit` ("" if none was stated), `factor` to SI."""

    name: str
    unit: str
    factor: float


def parse_unit(text: str) -> tuple[str, float] | None:
    """SI unit and factor of "mA", "kohm", "µs"; None when `text` is no unit known here."""
    text = text.strip()
    for unit, si in _UNIT.items():
        if text.endswith(unit):
            prefix = text[: len(text) - len(unit)]
            if prefix in _PREFIX:
                return si, _PREFIX[prefix]
    lowered = text.lower()
    if lowered in {"v", "a"}:
        return lowered.upper(), 1.0
    return None


def to_si(value: str | float, unit: str) -> float:
    """`value` in SI: a number is taken as it is, text must carry `unit` (any prefix) or no unit.

    Raises `PinchedError` for text that is no quantity, another unit, or a number that is not finite.
    """
    if not isinstance(value, str):
        number = float(value)
        if not math.isfinite(number):
            raise PinchedError(f"{value} is not a finite number of {unit}. Give one such as '1 {unit}'.")
        return number
    match = _NUMBER.match(value)
    if match is None:
        raise PinchedError(
            f"'{value}' is not a quantity in {unit}. Write a number and a unit, such as '1.5 {unit}'."
        )
    number = float(match[1])
    if not match[2]:
        return number
    if unit == "s" and match[2] in _TIMES:
        return number * _TIMES[match[2]]
    parsed = parse_unit(match[2])
    if parsed is None and match[2].endswith(unit) and match[2].removesuffix(unit) in _PREFIX:
        # A unit that column heads do not have (m, m/s, eV), known here because it is asked for.
        parsed = unit, _PREFIX[match[2].removesuffix(unit)]
    if parsed is None or parsed[0] != unit:
        raise PinchedError(f"'{value}' has the unit '{match[2]}', but {unit} is wanted here.")
    return number * parsed[1]


def split_head(head: str) -> Head:
    """Name and unit of a column head: "Current (uA)", "V[V]", "I / mA", "i_on_A", "V1"."""
    head = head.strip().strip("\"'").strip()
    match = _HEAD.match(head)
    if match and match["name"]:
        parsed = parse_unit(match["unit"])
        if parsed:
            return Head(match["name"].strip(), *parsed)
    return Head(head, "", 1.0)


def show(value: float, unit: str, digits: int = 3) -> str:
    """`value` (SI) as a person reads it: 1.1e6 ohm -> "1.1 Mohm", 5.2e-5 A -> "52 uA"."""
    if not math.isfinite(value):
        return f"{value} {unit}".strip()
    if value == 0 or unit == "":
        return f"{value:.{digits}g} {unit}".strip()
    for prefix, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0),
                           ("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12), ("f", 1e-15)):  # fmt: skip
        # Rounding decides the prefix: 999.9 ohm at three digits is 1 kohm, not 1e+03 ohm.
        if float(f"{abs(value) / factor:.{digits}g}") >= 1:
            return f"{float(f'{value / factor:.{digits}g}'):g} {prefix}{unit}"
    return f"{value:.{digits}g} {unit}"
