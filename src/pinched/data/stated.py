"""What the lines above a table state: settings that no column holds.

Understood are lines "key: value", "key = value" and "key, value", with or without a comment sign, a unit in
brackets after the key or behind the value. `stated_settings` is for lines, `understood` for a key and a value
that a reader has already taken apart. Anything else in a preamble is left alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import NamedTuple

from pinched._errors import PinchedError
from pinched._units import to_si
from pinched.data.settings import Origin, Setting, SettingName, find

_LINE = re.compile(r"^[\s#%;/!]*([A-Za-z][\w .]*?)\s*(?:[\[(]([^\])]*)[\])])?\s*[:=,;\t]\s*(\S.*?)[\s,;]*$")
_AREA = {"m2": 1.0, "cm2": 1e-4, "mm2": 1e-6, "um2": 1e-12, "µm2": 1e-12, "μm2": 1e-12, "nm2": 1e-18}
_CELSIUS = {"c", "°c", "degc", "deg c", "celsius", "degree celsius", "degrees celsius"}
_LARGEST_TEXT = 200
"""Characters of a text setting that are kept: longer lines are prose or a list."""

# Whole keys only: "compliance was high" is a remark. First match wins.
_NUMBERS: tuple[tuple[str, SettingName, str], ...] = (
    (r"((current|source)[ _.]?)?(compliance|limit)([ _.]?current)?|i[ _]?(comp|compliance|limit|cc)"
     r"|strombegrenzung|stromgrenze|limite? de cou?rrent[ei]?|compliance[ _]?(strom|courant)",
     SettingName.COMPLIANCE_CURRENT, "A"),
    (r"((voltage|v)[ _.]?)?(sweep|scan|ramp)[ _.]?(rate|speed)", SettingName.SWEEP_RATE, "V/s"),
    (r"(start|initial)([ _.]?(voltage|bias|v))|start", SettingName.START, "V"),
    (r"(stop|final|end)([ _.]?(voltage|bias|v))|stop", SettingName.STOP, "V"),
    (r"(voltage[ _.]?)?step([ _.]?(size|voltage))?", SettingName.STEP, "V"),
    (r"((source|sweep|step|measure(ment)?)[ _.]?)?delay([ _.]?time)?", SettingName.DELAY, "s"),
    (r"hold([ _.]?time)?", SettingName.HOLD, "s"),
    (r"pulse[ _.]?(width|duration|length)|t[ _]?pulse", SettingName.PULSE_WIDTH, "s"),
    (r"pulse[ _.]?(amplitude|voltage|height)|v[ _]?pulse", SettingName.PULSE_AMPLITUDE, "V"),
    (r"read[ _.]?voltage|v[ _]?read|reading[ _]?voltage", SettingName.READ_VOLTAGE, "V"),
    (r"series[ _.]?(resistance|resistor)|r[ _]?series|rs", SettingName.SERIES_RESISTANCE, "ohm"),
    (r"((sample|chuck|stage|substrate|device|set)[ _.]?)?temp(erature?|érature|eratura)?",
     SettingName.TEMPERATURE, "K"),
    (r"((device|cell|electrode|active)[ _.]?)?area", SettingName.AREA, "m2"),
    (r"cycle", SettingName.CYCLE, "1"),
)  # fmt: skip
_TEXTS: tuple[tuple[str, SettingName], ...] = (
    (r"(test|start|record|measurement|creation|run)?[ _./]?(date|timestamp|date[ _/]?time|record[ _]?time)"
     r"|last executed|started|time[ _]?stamp|recordtime|datum|fecha|data e ora", SettingName.DATE),
    (r"site([ _.]?coordinates?)?|die|position", SettingName.SITE),
    (r"(sample|wafer|chip)([ _.]?(name|id|no|number))?|probe|échantillon|muestra|campione", SettingName.SAMPLE),
    (r"(device|dut|cell)([ _.]?(name|id|no|number))?", SettingName.DEVICE),
    (r"ambient|atmosphere|environment", SettingName.AMBIENT),
    (r"stack|material( stack)?|materials", SettingName.STACK),
    (r"(current[ _.]?)?limiter|(current[ _.]?)?limited[ _.]?by", SettingName.LIMITER),
    (r"(electro)?forming([ _.]?(voltage|condition|process))?", SettingName.FORMING),
    (r"instrument|analy[sz]er|smu|mainframe|instrument[ _]?(name|model)", SettingName.INSTRUMENT),
    (r"(test|setup|setup[ _]?title|classic[ _]?test|experiment|procedure|title)([ _.]?name)?", SettingName.TEST),
    (r"operator|user([ _]?name)?", SettingName.OPERATOR),
    (r"(integration|measurement|measure)?[ _.]?speed|integration", SettingName.SPEED),
    (r"state", SettingName.STATE),
    (r"label", SettingName.LABEL),
)  # fmt: skip
_KNOWN_NUMBERS = tuple((re.compile(pattern, re.IGNORECASE), name, unit) for pattern, name, unit in _NUMBERS)
_KNOWN_TEXTS = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in _TEXTS)


class Stated(NamedTuple):
    """Settings found in a preamble."""

    simulated_by: str = ""
    """The law or script that simulated the data; "" when no line says so."""
    settings: tuple[Setting, ...] = ()
    """Everything else that was understood, in the order of the lines; the first of two with one name."""

    @property
    def compliance_current(self) -> float | None:
        """Current limit (A); None when none is stated."""
        return find(self.settings, SettingName.COMPLIANCE_CURRENT).number


def stated_settings(preamble: Iterable[str]) -> Stated:
    """The settings in the lines of `preamble`; a value that does not fit its key's unit is left out."""
    simulated_by = ""
    found: dict[str, Setting] = {}
    for line in preamble:
        # Programs that quote every cell quote their settings, too.
        plain = line.replace('"', "") if line.lstrip().startswith('"') else line
        match = _LINE.match(plain) if len(plain) < 2 * _LARGEST_TEXT else None
        if match is None:
            continue
        if match[1].strip().lower() == "simulated_by":
            simulated_by = match[3]
            continue
        item = understood(match[1], match[3], match[2] or "")
        if item is not None:
            found.setdefault(item.name, item)
    return Stated(simulated_by, tuple(found.values()))


def understood(key: str, value: str, unit: str = "") -> Setting | None:
    """The setting that `key` and `value` (in `unit`, "" if the key states none) mean; None for no known one."""
    key = key.strip()
    value = value.strip().strip("\"'").strip()
    if not value or value.lower() in {"n/a", "none", "-", "nan"}:
        return None
    for pattern, name, si in _KNOWN_NUMBERS:
        if pattern.fullmatch(key):
            number = _number(value, unit.strip(), si)
            if name is SettingName.COMPLIANCE_CURRENT and number is not None:
                number = abs(number) or None
            return None if number is None else Setting(name, number, si, Origin.FILE, key)
    for pattern, name in _KNOWN_TEXTS:
        if pattern.fullmatch(key):
            return Setting(name, value[:_LARGEST_TEXT], "", Origin.FILE, key)
    return None


def _number(value: str, unit: str, si: str) -> float | None:
    """`value` with its unit in `si`; None for a word, another unit, or a temperature or area without a unit."""
    # A decimal comma between two digits: a value holds one number.
    value = re.sub(r"^([+-]?\d+),(\d+)(?!\d|,)", r"\1.\2", value)
    text = value if re.search(r"[^\d.eE+\-\s]", value) else f"{value} {unit}".strip()
    match = re.match(r"^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)$", text)
    if match is None:
        return None
    number, stated = float(match[1]), match[2].strip()
    if not math.isfinite(number):
        return None
    if si == "K" and stated.lower() in _CELSIUS:
        return number + 273.15
    if si == "K" and stated in ("k", "K"):
        return number
    if si == "m2":
        return number * _AREA[key] if (key := stated.replace("^", "").replace("²", "2")) in _AREA else None
    if si == "K" and not stated:
        return None  # 25 may be degrees, 300 kelvin: nobody said
    if si == "1":
        return None if stated else number
    if si == "V/s":
        volts, _, per = stated.partition("/")
        if stated and per.strip() not in ("s", "sec"):
            return None
        stated, si = volts, "V"
    try:
        return to_si(f"{number!r} {stated}".strip(), si)
    except PinchedError:
        return None  # a compliance voltage, or a word: not the quantity that the key means
