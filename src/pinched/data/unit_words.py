"""Units as column heads write them: "uA", "mikroampere", "10^-6 A", "V vs. Ref.", in Latin or Cyrillic letters.

`unit_of` is for heads and cells of files, where people and programs write what they like; what a person types as
an option goes through `pinched._units`, which takes the plain spellings only.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pinched._units import parse_unit

_WORDS = {
    "volt": "V", "volts": "V", "amp": "A", "amps": "A", "ampere": "A", "amperes": "A", "ohm": "ohm", "ohms": "ohm",
    "siemens": "S", "second": "s", "seconds": "s", "sec": "s", "secs": "s", "sekunden": "s", "secondes": "s",
}  # fmt: skip
_PREFIXES = {
    "femto": 1e-15, "pico": 1e-12, "nano": 1e-9, "micro": 1e-6, "mikro": 1e-6, "milli": 1e-3, "kilo": 1e3,
    "mega": 1e6, "giga": 1e9, "": 1.0,
}  # fmt: skip
_NAMED = re.compile(rf"^({'|'.join(_PREFIXES)}){'[ -]?'}({'|'.join(_WORDS)})$", re.IGNORECASE)
# "V vs. Ref.", "Amp DC", "V rms": a unit and what kind of value it is.
_QUALIFIED = re.compile(r"^(\S+)[ ]+(vs\.?|versus|rms|dc|pp)\b.*$", re.IGNORECASE)
_CYRILLIC = re.compile(r"^(ф|п|н|мк|м|к|М|Г)?(В|А|Ом|См|с)$")
_CYRILLIC_PREFIXES = {"ф": "f", "п": "p", "н": "n", "мк": "u", "м": "m", "к": "k", "М": "M", "Г": "G", "": ""}
_CYRILLIC_UNITS = {"В": "V", "А": "A", "Ом": "ohm", "См": "S", "с": "s"}
_SUPERSCRIPT = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u2212", "0123456789+--"
)
# "10^-6 A", "x1e-6 A", "1E-6A", "10-6 A" (the exponent lost its raised place), "*10**-6 A".
_POWER = re.compile(
    r"^(?:1(?:[.,]0*)?)?[ ]*[x×*·]?[ ]*"
    r"(?:10[ ]*(?:\^|\*\*)?[ ]*[({]?(?P<a>[+-]\d{1,2})[)}]?|1?[eE](?P<b>[+-]?\d{1,2}))"
    r"[ ]*[x×*·]?[ ]*(?P<unit>\D.*)$"
)
_NONE = ("", 0.0)


def unit_of(text: str) -> tuple[str, float] | None:
    """SI unit and factor of the unit `text` ("mA", "microamps", "мкА", "10^-6 A"); None when it is none."""
    found = _unit_of(text)
    return None if found is _NONE else found


@lru_cache(maxsize=4096)
def _unit_of(text: str) -> tuple[str, float]:
    text = text.strip()
    if not text or len(text) > 40:
        return _NONE
    qualified = _QUALIFIED.match(text)
    if qualified:
        text = qualified[1]
    known = parse_unit(text)
    if known is not None:
        return known
    if re.fullmatch(r"[munpfkµμ][va]", text):
        # Programs that write "ma" or "mv" mean mA and mV: there is no unit v or a.
        return parse_unit(text[0] + text[1].upper()) or _NONE
    named = _NAMED.match(text)
    if named:
        return _WORDS[named[2].lower()], _PREFIXES[named[1].lower()]
    # "uAmp" and "kOhms": a prefix letter before a word.
    if text[:1] in "fpnuµμmkMG" and text[1:].lower() in _WORDS:
        return parse_unit(text[0] + _WORDS[text[1:].lower()]) or _NONE
    cyrillic = _CYRILLIC.match(text)
    if cyrillic:
        return parse_unit(_CYRILLIC_PREFIXES[cyrillic[1] or ""] + _CYRILLIC_UNITS[cyrillic[2]]) or _NONE
    power = _POWER.match(text.translate(_SUPERSCRIPT))
    if power:
        inner = _unit_of(power["unit"])
        if inner is not _NONE:
            # Written as text, so that 10^-6 is the float 1e-6 and not a rounded product.
            return inner[0], inner[1] * float(f"1e{power['a'] or power['b']}")
    return _NONE
