"""A first name pattern from the names themselves: what varies, what carries a unit, which level is a folder.

`propose_pattern` is a proposal for a person, never used unseen: `pinched inspect` prints it with its reasons.
It gives up (None) rather than propose a pattern that would not read every name, or that says no more than the
file names do already.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from pinched._errors import PinchedError
from pinched.data._name_grammar import name_unit
from pinched.data.names import NamePattern

_NUMBER = r"\d+(?:\.\d+)?"
_BLOB = re.compile(
    r"(?<![A-Za-z0-9)\]])[+-](?=\d)[\w.µμ°²]*?(?=_|[^\w.µμ°²]|$)|(?:[^\W_]|[°²])+(?:\.\d(?:[^\W_]|[°²])*)*"
)
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-_.]\d\d[-_.]\d\d|\d{1,2}[-.]\d{1,2}[-.](?:20)?\d\d|20\d{6})(?!\d)"
)
_MEASURED = re.compile(rf"^([A-Za-z]{{0,12}}?)([+-]?{_NUMBER}) ?((?:°|deg)?[A-Za-zµμΩ]+[2²]?)$")
_COUNTED = re.compile(r"^(cycle|cycles|cyc|c|sweep|loop|rep|repeat|iv|run|scan)(\d+)$", re.IGNORECASE)
_WORDS = (
    ("radius", "r rad radius"), ("area", "a area"), ("temperature", "t temp temperature"),
    ("thickness", "thickness thick"), ("diameter", "d diam diameter"), ("width", "w width"),
    ("length", "l length"), ("compliance_current", "cc icc comp compliance"), ("stop", "stop vstop"),
)  # fmt: skip
_BY_WORD = {word: name for name, words in _WORDS for word in words.split()}
_BY_UNIT = {
    "V": "stop", "A": "compliance_current", "K": "temperature", "m": "size", "m2": "area", "s": "delay",
    "ohm": "series_resistance", "Hz": "frequency", "S": "conductance",
}  # fmt: skip
_CYCLE_WORDS = frozenset(["cycle", "cycles", "cyc", "sweep", "loop", "rep", "repeat", "iv", "run", "scan"])
_DEVICE_WORDS = re.compile(r"^(dev|device|d|cell|dut|die|chip|element|mem|memristor)\d*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProposedPattern:
    """A pattern that reads every name it was made from."""

    pattern: NamePattern
    reasons: tuple[str, ...]
    """Why each field was taken as what it is, one sentence each."""


_Kind = Enum("_Kind", ["MARK", "WORD", "WHOLE", "MEASURED", "COUNTED", "DATE", "LEVEL"])


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: _Kind
    text: str
    shape: str = ""
    """What has to be equal in all names: the mark, the prefix and unit of a number."""


@dataclass(slots=True)
class _Slot:
    """The same piece of every name, and what the pattern writes for it."""

    kind: _Kind
    texts: list[str]
    level: int
    before: str
    """The word in front, lower case; "" when there is none."""
    keyed: bool
    """True behind "key="."""
    name: str = ""
    reason: str = ""

    @property
    def varies(self) -> bool:
        return len(set(self.texts)) > 1


@dataclass(slots=True)
class _Plan:
    slots: list[_Slot] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def give(self, slot: _Slot, name: str, reason: str) -> None:
        free, k = name, 2
        while free in self.used:
            free, k = f"{name}{k}", k + 1
        self.used.add(free)
        slot.name = free
        slot.reason = f"{{{free}}}: {reason}, such as '{slot.texts[0]}'"


def propose_pattern(names: Sequence[str]) -> ProposedPattern | None:
    """A pattern for `names` (paths below the study folder, "/" between levels, no suffix); None when none helps.

    Every name is read by the pattern, in one way, and no two names are the same device and cycle.
    """
    unique = list(dict.fromkeys(names))
    if not unique or len({name.count("/") for name in unique}) != 1:
        return None
    plan = _Plan()
    for level, texts in enumerate(zip(*(name.split("/") for name in unique), strict=True)):
        plan.slots.extend(_slots(list(texts), level))
    last = unique[0].count("/")
    _name_slots(plan, last)
    for attempt in (plan, _without_cycle(plan)):
        named = [slot for slot in attempt.slots if slot.name]
        # Whole levels, or one word, say no more than the path does.
        plain = len(named) == 1 and named[0].kind in (_Kind.WORD, _Kind.WHOLE)
        if plain or all(slot.kind is _Kind.LEVEL for slot in named):
            return None
        try:
            pattern = NamePattern(_template(attempt))
            fields = [pattern.parse(name) for name in unique]
        except PinchedError:
            return None
        folders = [name.rpartition("/")[0] for name in unique]
        keys = {(f.device or folder, f.cycle) for f, folder in zip(fields, folders, strict=True)}
        if _one_name_in_two_folders(attempt):
            return None
        if "cycle" not in attempt.used or len(keys) == len(unique):
            reasons = [slot.reason for slot in named]
            if "cycle" in attempt.used and "device" not in attempt.used:
                reasons.append("no {device}: the folder of a file is its device")
            return ProposedPattern(pattern, tuple(reasons))
    return None


def _pieces(text: str) -> list[_Piece]:
    """`text`, one level of a name, cut into marks, words, numbers and dates."""
    found: list[_Piece] = []
    at = 0
    while at < len(text):
        date = _DATE.match(text, at)
        blob = date or _BLOB.match(text, at)
        if blob is None or not blob[0]:
            found.append(_Piece(_Kind.MARK, text[at], text[at]))
            at += 1
            continue
        if date:
            found.append(_Piece(_Kind.DATE, date[0]))
        else:
            found.append(_classified(blob[0]))
        at = blob.end()
    joined: list[_Piece] = []
    for piece in found:
        # "10 um" is one number with a unit.
        if piece.kind is _Kind.WORD and len(joined) > 1 and joined[-1].text == " ":
            whole = _classified(f"{joined[-2].text} {piece.text}")
            if joined[-2].kind is _Kind.WHOLE and whole.kind is _Kind.MEASURED:
                joined[-2:] = [whole]
                continue
        joined.append(piece)
    return joined


def _classified(blob: str) -> _Piece:
    measured = _MEASURED.match(blob)
    if measured and measured[3] != "m" and name_unit(measured[3]):
        blank = " " if " " in blob else ""
        return _Piece(_Kind.MEASURED, blob, f"{measured[1]}|{blank}{measured[3]}")
    counted = _COUNTED.match(blob)
    if counted:
        return _Piece(_Kind.COUNTED, blob, counted[1])
    if re.fullmatch(rf"[+-]?{_NUMBER}", blob):
        return _Piece(_Kind.WHOLE, blob)
    return _Piece(_Kind.WORD, blob)


def _slots(texts: list[str], level: int) -> list[_Slot]:
    """The pieces that all `texts` share; the whole level as one piece when they are built differently."""
    cut = [_pieces(text) for text in texts]
    shapes = {tuple((piece.kind, piece.shape) for piece in pieces) for pieces in cut}
    slots = [_Slot(_Kind.MARK, ["/"], level, "", False)] if level else []
    if len(shapes) > 1:
        return [*slots, _Slot(_Kind.LEVEL, texts, level, "", False)]
    word, keyed = "", False
    for column in zip(*cut, strict=True):
        slots.append(_Slot(column[0].kind, [piece.text for piece in column], level, word, keyed))
        if column[0].kind is _Kind.MARK:
            keyed = column[0].text == "="
        else:
            word = column[0].text.lower() if column[0].kind is _Kind.WORD and not slots[-1].varies else ""
            keyed = False
    return slots


def _name_slots(plan: _Plan, last: int) -> None:
    """Decide which pieces become fields, and under which names."""
    for slot in plan.slots:
        key = re.sub(r"\W", "", slot.before) or "value"
        if slot.kind is _Kind.MEASURED:
            prefix, unit = _measured(slot)
            known = name_unit(unit.strip())
            word = _BY_WORD.get(prefix.lower()) or _BY_WORD.get(slot.before)
            name = word or _BY_UNIT.get(known.si if known else "", "value")
            plan.give(slot, name, f"a number with {unit.strip()}")
        elif slot.kind is _Kind.DATE and slot.varies:
            plan.give(slot, "date", "a date")
        elif slot.keyed:
            kelvin = _BY_WORD.get(key) == "temperature" and _is_kelvin(slot)
            name = "temperature" if kelvin else key
            plan.give(slot, name, "a temperature" if kelvin else f"the value of {key}")
        elif slot.kind is _Kind.COUNTED and slot.level == last and "cycle" not in plan.used:
            plan.give(slot, "cycle", "a number behind a word for repeats")
    _name_device(plan)
    _name_cycle(plan, last)
    for slot in plan.slots:
        if slot.name or not slot.varies or slot.kind is _Kind.MARK:
            continue
        plan.give(slot, "number" if slot.kind is _Kind.WHOLE else "label", "it varies")


def _name_device(plan: _Plan) -> None:
    texts = [
        slot for slot in plan.slots
        if not slot.name and slot.varies and slot.kind in (_Kind.WORD, _Kind.LEVEL)
    ]  # fmt: skip
    sure = [slot for slot in texts if all(_DEVICE_WORDS.match(text) for text in slot.texts)]
    last = max(slot.level for slot in plan.slots)
    folders = [slot for slot in texts if slot.level < last]
    # A folder per device is the commonest order of a laboratory; the deepest folder is nearest to the device.
    for candidates, why in (
        (sure, "a word for a device with its number"),
        (folders[-1:], "the folder varies"),
        (texts[:1], "the first word that varies"),
    ):
        if candidates:
            plan.give(candidates[0], "device", why)
            return


def _name_cycle(plan: _Plan, last: int) -> None:
    if "cycle" in plan.used:
        return
    counts = [
        slot for slot in plan.slots
        if slot.kind is _Kind.WHOLE and slot.level == last and slot.varies and not slot.name
        and all(text.isdigit() for text in slot.texts)
    ]  # fmt: skip
    called = [slot for slot in counts if slot.before in _CYCLE_WORDS]
    # "sample_1, sample_2" may as well be devices: a cycle needs something else that can be the device.
    parted = "device" in plan.used or last > 0 or any(slot.kind is _Kind.MEASURED for slot in plan.slots)
    if called:
        plan.give(called[0], "cycle", "a number behind a word for repeats")
    elif len(counts) == 1 and parted:
        plan.give(counts[0], "cycle", "the one number without a unit")


def _without_cycle(plan: _Plan) -> _Plan:
    """The plan with its cycle as a mere number: for names that would be the same cycle of the same device."""
    other = _Plan([], plan.used - {"cycle"})
    for slot in plan.slots:
        copy = dataclasses.replace(slot)
        other.slots.append(copy)
        if slot.name == "cycle":
            other.give(copy, "run", "it varies, but repeats within a device")
    return other


def _one_name_in_two_folders(plan: _Plan) -> bool:
    """True when a device name occurs below different outer folders: most likely two devices."""
    device = next((slot for slot in plan.slots if slot.name == "device"), None)
    if device is None:
        return False
    outer = [slot.texts for slot in plan.slots if slot.level < device.level and slot.varies]
    pairs = set(zip(device.texts, *outer, strict=True))
    return len(pairs) > len(set(device.texts))


def _measured(slot: _Slot) -> tuple[str, str]:
    """Prefix and unit (with the blank in front, if there is one) of a number with a unit."""
    prefix, _, unit = _classified(slot.texts[0]).shape.partition("|")
    return prefix, unit


def _is_kelvin(slot: _Slot) -> bool:
    return all(re.fullmatch(rf"{_NUMBER}k", text) for text in slot.texts)


def _template(plan: _Plan) -> str:
    text = ""
    for slot in plan.slots:
        if not slot.name:
            text += re.sub(r"([{}\[\]])", r"\1\1", slot.texts[0])
        elif slot.kind is _Kind.MEASURED:
            prefix, unit = _measured(slot)
            text += f"{prefix}{{{slot.name}}}{unit}"
        elif slot.kind is _Kind.COUNTED:
            text += f"{_classified(slot.texts[0]).shape}{{{slot.name}}}"
        elif slot.keyed and slot.name.startswith("temperature") and _is_kelvin(slot):
            text += f"{{{slot.name}:K}}k"
        elif slot.name in ("device", "cycle"):
            text += f"{{{slot.name}}}"
        else:
            text += f"{{{slot.name}:text}}"
    return text
