"""What the lines above a table state: settings that no column holds.

Understood are lines "key: value", "key = value" and "key, value", with or without a comment sign, of the keys
below; anything else in a preamble is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from pinched._errors import PinchedError
from pinched._units import to_si

_LINE = re.compile(r"^[\s#%;/!]*([A-Za-z][\w .]*?)\s*(?:\(([^)]*)\))?\s*[:=,]\s*(\S.*?)\s*$")
_COMPLIANCE = re.compile(
    r"^(current[ _.]?)?(compliance|limit)([ _.]?current)?$|^i[ _]?(comp|compliance|limit|cc)$"
)


class Stated(NamedTuple):
    """Settings found in a preamble; "" and None where it states none."""

    simulated_by: str = ""
    """The law or script that simulated the data."""
    compliance_current: float | None = None
    """Current limit (A)."""


def stated_settings(preamble: Iterable[str]) -> Stated:
    """The settings in the lines of `preamble`; a compliance that is no positive current is left out."""
    found = Stated()
    for line in preamble:
        match = _LINE.match(line)
        if match is None:
            continue
        key, unit, value = match[1].strip().lower(), match[2] or "", match[3]
        if key == "simulated_by":
            found = found._replace(simulated_by=value)
        elif _COMPLIANCE.match(key):
            try:
                limit = abs(to_si(f"{value} {unit}".strip(), "A"))
            except PinchedError:
                continue  # a compliance voltage, or a word: no current limit
            if limit > 0:
                found = found._replace(compliance_current=limit)
    return found
