"""Numbers as people read them: "1.1 MΩ", "[0.98, 1.22] V", "96.1 %", a dash where there is none.

Every function takes the values of `numbers` (SI, shares, None where a number is missing).
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence

from pinched._units import parse_unit, show

DASH = "–"
"""Stands where there is no number."""

_BREAKS = "/_- ."
_SYMBOLS = {"ohm": "Ω", "u": "µ"}


def missing(value: float | None) -> bool:
    """True for None, NaN and infinity."""
    return value is None or not math.isfinite(value)


def pretty_unit(unit: str) -> str:
    """A unit with its symbols: "Mohm" -> "MΩ", "uA" -> "µA", "1" -> ""."""
    if unit == "1":
        return ""
    unit = unit.replace("ohm", _SYMBOLS["ohm"])
    return _SYMBOLS["u"] + unit[1:] if unit.startswith("u") else unit


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _digits(value: float, digits: int) -> str:
    """`digits` significant digits without an exponent below 1e5; trailing zeros are kept, they are measured."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if magnitude >= 5 or magnitude < -4:
        mantissa = f"{value / 10.0**magnitude:.{digits - 1}f}"
        return _minus(f"{mantissa} × 10") + _superscript(magnitude)
    return _minus(f"{value:.{max(digits - 1 - magnitude, 0)}f}")


def powers(text: str) -> str:
    """`text` with its powers of ten as mathtext: the fonts of journals have no raised minus."""
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f"$^{{{found[0].translate(raised)}}}$", text)


def _superscript(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def number(value: float | None, digits: int = 3) -> str:
    """A number without a unit at `digits` significant digits."""
    return DASH if value is None or missing(value) else _digits(value, digits)


def _scale(value: float, unit: str) -> tuple[float, str]:
    """Factor and prefixed unit in which `value` (SI) has one to three digits before the point."""
    if unit == "1":
        return 1.0, ""
    if unit == "V" and 1e-2 <= abs(value) < 1e3:
        # Volts of one table compare at a glance: 0.80 V beside 1.16 V, not 800 mV.
        return 1.0, "V"
    prefixed = show(value, unit).rsplit(" ", 1)[-1]
    parsed = parse_unit(prefixed)
    return (parsed[1], pretty_unit(prefixed)) if parsed else (1.0, pretty_unit(unit))


def quantity_text(value: float | None, unit: str, digits: int = 3) -> str:
    """`value` (SI) with a prefix and `unit` ("1" for none): 1.1e6, "ohm" -> "1.10 MΩ"."""
    if value is None or missing(value):
        return DASH
    factor, shown = _scale(value, unit)
    return f"{_digits(value / factor, digits)} {shown}".strip()


def interval_text(interval: Sequence[float | None], unit: str, like: float | None, digits: int = 3) -> str:
    """`interval` (SI) in the prefix that `like` has, both ends with the same one: "[0.98, 1.22] MΩ"."""
    low, high = interval
    if low is None or high is None or missing(low) or missing(high):
        return DASH
    factor, shown = _scale(high if like is None or missing(like) else like, unit)
    return f"[{_digits(low / factor, digits)}, {_digits(high / factor, digits)}] {shown}".strip()


def plus_minus(mean: float | None, std: float | None, unit: str) -> str:
    """Mean and standard deviation (SI) in one prefix, at the decimals of two digits of the deviation."""
    if mean is None or missing(mean) or std is None or missing(std) or std <= 0:
        return quantity_text(mean, unit)
    factor, shown = _scale(max(abs(mean), std), unit)
    decimals = max(1 - math.floor(math.log10(std / factor)), 0)
    return _minus(f"{mean / factor:.{decimals}f} ± {std / factor:.{decimals}f} {shown}").strip()


def setting_text(value: float, unit: str) -> str:
    """A value that somebody chose, without trailing zeros: "0.1 V", "10 kΩ"."""
    factor, shown = _scale(value, unit)
    return f"{value / factor:g} {shown}"


def number_interval(value: float, interval: Sequence[float]) -> str:
    """A number without a unit and its interval, at the digits that the interval deserves: "0.15 [0.08, 0.21]"."""
    low, high = interval
    if missing(low) or missing(high) or high <= low:
        return number(value)
    decimals = max(1 - math.floor(math.log10(high - low)), 0)
    return _minus(f"{value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]")


def percent(share: float | None, decimals: int = 1) -> str:
    """A share from 0 to 1 as "96.1 %"."""
    return DASH if share is None or missing(share) else f"{100 * share:.{decimals}f} %"


def percent_interval(interval: Sequence[float | None], decimals: int = 1) -> str:
    """An interval of shares as "[95.8, 96.4] %"."""
    low, high = interval
    if low is None or high is None or missing(low) or missing(high):
        return DASH
    return f"[{100 * low:.{decimals}f}, {100 * high:.{decimals}f}] %"


def share_decimals(interval: Sequence[float | None]) -> int:
    """Decimals of a percentage that its interval deserves: one, or two where it is narrower than 0.2 %."""
    low, high = interval
    narrow = (
        low is not None and high is not None and not missing(low) and not missing(high) and high - low < 2e-3
    )
    return 2 if narrow else 1


def rate_text(rate: float | None) -> str:
    """An error rate: percent where that is readable, a power of ten below 0.05 %."""
    if rate is None or missing(rate):
        return DASH
    if rate == 0:
        return "0"
    return percent(rate, 2) if rate >= 5e-4 else _scientific(rate)


def _scientific(value: float) -> str:
    power = math.floor(math.log10(value))
    return f"{value / 10.0**power:.1f} × 10{_superscript(power)}"


def plural(count: int, noun: str) -> str:
    """ "1 cycle", "20 cycles", "1 504 cycles" (a thin space parts thousands)."""
    return f"{count:,}".replace(",", "\u202f") + f" {noun}" + ("" if count == 1 else "s")


def duration_text(seconds: float) -> str:
    """A running time: "42 s", "3 min 5 s", "2 h 10 min"."""
    if missing(seconds):
        return DASH
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def distinct(names: Sequence[str]) -> list[str]:
    """`names` without the words that all of them begin or end with."""
    head = os.path.commonprefix(list(names))
    tail = os.path.commonprefix([name[::-1] for name in names])[::-1]
    # Whole words only: "D01" and "D02" share a D that belongs to them.
    head = head[: max((head.rfind(mark) for mark in _BREAKS), default=-1) + 1]
    starts = [tail.find(mark) for mark in _BREAKS if mark in tail]
    tail = tail[min(starts) :] if starts else ""
    short = [name[len(head) : len(name) - len(tail)] for name in names]
    return short if all(short) and len(set(short)) == len(set(names)) else list(names)
