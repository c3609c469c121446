"""Lines and cells that say which cycle or device numbers belong to: "Cycle 3", "# Device: A7", "--- Sweep 2/5 ---".

`label_of` is for a line above a block and for a cell above a group of columns. It takes nothing for a label that may
as well be a remark: the word has to stand alone with its number or name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_LONGEST = 60
_MARK = r"[\s#%;!/*=<>\[\]()\"'|,_-]*"
_CYCLE = re.compile(
    rf"^{_MARK}(?:i-?v\s+)?(?:cycle|cyc|sweep|loop|run|scan|repeat|repetition|iteration|trial|measurement|trace|zyklus|"
    rf"messung|curve|exp|experiment|循环|цикл)s?\s*(?:no\b\.?|nr\b\.?|number|num|index|#)?\s*[:=,#_-]?\s*(?P<number>\d{{1,6}})"
    rf"(?:\s*(?:of|/)\s*\d+)?{_MARK}[.:]?{_MARK}$",
    re.IGNORECASE,
)
# A name without a mark before it needs a digit, or capitals only: "device measured" is a remark.
_DEVICE = re.compile(
    rf"^{_MARK}(?:device|dev|cell|dut|die|chip|element|memristor|bauteil|sample|probe)\s*"
    rf"(?:(?:id|name|no\b\.?|nr\b\.?|number|label|#)\s*)?(?:[:=,#\t]\s*(?P<named>[^\s,;:=][^,;:=\t]*?)|"
    rf"[_-]?(?P<bare>(?=\S*\d|[A-Z]{{1,3}}\b)[\w./+-]{{1,20}}))[\s,;\"'*=\-\])]*$",
    re.IGNORECASE,
)
_NO_NAME = re.compile(r"^(n/?a|none|unknown|-+)$", re.IGNORECASE)


class Label(NamedTuple):
    """What a label says."""

    device: str = ""
    """Name of the device; "" when it names none."""
    cycle: int | None = None
    """Number of the cycle; None when it states none."""


@lru_cache(maxsize=4096)
def label_of(text: str) -> Label | None:
    """The cycle or device that the line or cell `text` names; None when it is no label."""
    text = text.strip()
    if not 1 < len(text) <= _LONGEST:
        return None
    cycle = _CYCLE.match(text)
    if cycle:
        return Label(cycle=int(cycle["number"]))
    device = _DEVICE.match(text)
    if device is None:
        return _both(text)
    bare = device["bare"]
    # The pattern ignores case, a name without a mark does not: "cell for" names nothing.
    if bare is not None and not any(c.isdigit() for c in bare) and not bare.isupper():
        return None
    name = (device["named"] or bare or "").strip().strip("\"'").strip()
    return Label(device=name) if name and not _NO_NAME.match(name) else None


def _both(text: str) -> Label | None:
    """A line with two labels, "Device: A1, Cycle: 2"; None for any other."""
    parts = [part for part in re.split(r"[,;|]\s+|\s+[-/]\s+|\t", text) if part.strip()]
    if len(parts) != 2:
        return None
    first, second = (label_of(part) for part in parts)
    if first is None or second is None or bool(first.device) == bool(second.device):
        return None
    return Label(first.device or second.device, second.cycle if first.cycle is None else first.cycle)
