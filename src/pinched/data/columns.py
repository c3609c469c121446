"""What a column holds, from its head: the names of voltage, current and time in common laboratory use.

`meaning` is for heads; `pinched.data.guess` is for columns without one. Heads that say nothing known stay
`Role.UNKNOWN`: nothing is invented.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from pinched._units import split_head
from pinched.data.unit_words import unit_of


class Role(Enum):
    """What a column holds."""

    VOLTAGE = "voltage"
    CURRENT = "current"
    TIME = "time"
    DEVICE = "device"
    CYCLE = "cycle"
    RESISTANCE = "resistance or conductance"
    INDEX = "sample number"
    OTHER = "something else"
    UNKNOWN = "not recognised"


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a column head says."""

    role: Role
    """What the column holds."""
    unit: str = ""
    """SI unit that the head states; "" when it states none."""
    factor: float = 1.0
    """Factor from the stated unit to SI."""
    stem: str = ""
    """Terminal or instrument in the head, lower case: "drain", "smu1"; "" when there is none."""
    absolute: bool = False
    """True when the head says that the sign was dropped, such as absI."""
    device: str = ""
    """Device that the head names, such as "dev3" in I_dev3."""
    cycle: int | None = None
    """Cycle that the head names, such as 7 in I_exp7."""
    number: int | None = None
    """Bare number after the quantity, such as 2 in DrainI(2)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOLTAGE = _words(
    "v u voltage voltages volt volts potential bias spannung tension tensao voltaje tensione potentiel potenziale "
    "spanning napiecie ewe vf av bv cv vte vbe напряжение напруга 电压 電壓 電圧 전압"
)
_CURRENT = _words(
    "i current currents amp amps ampere amperes strom courant corriente corrente intensidad stroom prad curr cur ai "
    "bi ci im ток струм 电流 電流 전류"
)
_TIME = _words(
    "t time times timestamps zeit temps tiempo tempo tijd czas timestamp elapsed second seconds время час 时间 時間 "
    "시간"
)
_DEVICE = _words("device dev devices cell dut die chip element memristor 器件 素子")
_CYCLE = _words(
    "cycle cycles cyc sweep scan run loop repeat rep iteration trial exp experiment zyklus trace measurement "
    "циклы цикл 循环 サイクル"
)
_RESISTANCE = _words(
    "r res resistance g conductance resistivity conductivity widerstand leitwert resistencia "
    "resistenza resistivite rdc gdc сопротивление 电阻 電阻 抵抗 저항 电导"
)
_INDEX = _words("index idx item point points no nr n number num row counter count")
_RESULT = _words("on off reset ratio std stddev stdev mean avg average median min max sigma window peak")
_ASIDE = _words(
    "fractional gate range limit compliance rate delay status direction type mode density error uncertainty power "
    "energy charge temperature temp log log10 lg ln step setpoint frequency phase impedance capacitance noise fit"
)
FOREIGN_WORDS = frozenset(
    word for words in (_VOLTAGE, _CURRENT, _TIME, _RESISTANCE) for word in words if not word.isascii()
)
"""Words for voltage, current, time and resistance that are not written in Latin letters, lower case."""
# What stands right after V or I without a mark between: Vtop, Ids, Vapp.
_TERMINAL = (
    "top|bottom|bot|te|be|tb|t|b|ds|sd|d|s|drain|source|src|app|applied|in|out|mem|m|meas|force|bias|dev|cell|"
    "a|c|anode|cathode|read|abs|dut|rram|total|tot"
)
_GLUED = re.compile(rf"^([viu])({_TERMINAL})$")
_GATE = re.compile(r"^[vi](g|gs|gate|wl)$")
# A resistance or conductance with its state glued on: Gprog, Rset, G_erase is written apart already.
_STATE_GLUED = re.compile(
    r"^[gr](prog|program|erase|ers|set|reset|pot|dep|ltp|ltd|lrs|hrs|on|off|read|meas|dev|mem)$"
)
# Latin words by their capitals, words of other scripts whole.
_TOKEN = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-zµμ]+|[A-Z]+|\d+|#|[^\W\d_A-Za-zµμ]+")
# "Ion @ 0.2 V": the voltage at which a state was read is no quantity of the column.
_READ_AT = re.compile(
    r"[\[(]?\s*(?:@|\bat\b)\s*(?:V?_?(?:read|r)?\s*[=:]\s*)?(?P<number>[+-]?\d+(?:[.,]\d+)?)\s*(?P<unit>m?V)\b\s*[\])]?",
    re.IGNORECASE,
)
_KELVIN = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?)\s*(?:°\s*|deg\s*)?(C|K)(?![A-Za-z])")
# A unit per area, length, time, temperature or frequency, such as "(uC/cm2)": its letters name no quantity.
_COMPOUND = re.compile(
    r"[\[({<]\s*(?:[A-Za-zµμΩ%]{1,4}|\d+)\s*/"
    r"\s*(?:[cmnuµμ]?m(?:\^?[23]|[²³])?|s|K|Hz|√Hz|sqrt\(Hz\)|dec(?:ade)?)\s*[\])}>]"
)
_BRACKET = re.compile(r"[\[({<]([^\[\](){}<>]*)[\])}>]")
_LONG_TIME = {
    "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0, "hrs": 3600.0,
    "hour": 3600.0, "hours": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0,
}  # fmt: skip
_TERMINAL_WORDS = _words("drain source src gate bulk substrate sub top bottom te be anode cathode d s b g")


def _stated_unit(name: str, text: str) -> tuple[str, float] | None:
    """Unit `text` under the head `name`; minutes and hours only where the name is a time."""
    unit = unit_of(text)
    if unit is None and text.strip().lower() in _LONG_TIME and _words(name.lower()) & _TIME:
        unit = ("s", _LONG_TIME[text.strip().lower()])
    return unit


def _name_and_unit(head: str) -> tuple[str, tuple[str, float] | None, bool]:
    """Name, unit and whether the unit is certain (an underscore may as well part a subscript: V_S)."""
    for match in reversed(list(_BRACKET.finditer(head))):
        rest = head[: match.start()] + " " + head[match.end() :]
        unit = _stated_unit(rest, match[1])
        if unit:
            return rest, unit, True
    if "," in head:
        name, _, last = head.rpartition(",")
        unit = _stated_unit(name, last)
        if unit and name:
            return name, unit, True
    parts = split_head(head)
    if parts.unit:
        return parts.name, (parts.unit, parts.factor), "_" not in head[len(parts.name) :]
    for mark in ("/", ":", " - ", " "):
        name, found, last = head.rpartition(mark)
        unit = _stated_unit(name, last) if found else None
        if unit:
            # "Strom in mA" states a unit, "device A" does not: the name has to agree.
            return name.removesuffix(" in"), unit, mark != " " or name == "in" or name.endswith(" in")
    whole = unit_of(head)
    return (head, whole, True) if whole and whole[1] != 1 else (head, None, False)


_BY_UNIT = {
    "V": Role.VOLTAGE,
    "A": Role.CURRENT,
    "s": Role.TIME,
    "ohm": Role.RESISTANCE,
    "S": Role.RESISTANCE,
}
_UNIT_OF_ROLE = {Role.VOLTAGE: ("V",), Role.CURRENT: ("A",), Role.TIME: ("s",), Role.RESISTANCE: ("ohm", "S")}


def _bare(head: str) -> str:
    return _READ_AT.sub(" ", head).strip().strip("\"'").strip()


def read_voltage_of(head: str) -> float | None:
    """Voltage (V) at which the column under `head` was read, as in "I_LRS (uA) @ 0.2 V"; None where it says none."""
    match = _READ_AT.search(head)
    if match is None:
        return None
    volts = float(match["number"].replace(",", "."))
    return volts / 1000.0 if match["unit"][0] == "m" else volts


def _tokens(name: str) -> list[str]:
    """Words and numbers in `name`, capitals kept and accents dropped: "Résistance" is one word, not three."""
    if not name.isascii():
        # Only marks of Latin letters are dropped: Japanese and Korean letters are made of parts that belong to them.
        parts = (unicodedata.normalize("NFD", letter) for letter in name)
        name = "".join(part[0] if part[0].isascii() else unicodedata.normalize("NFC", part) for part in parts)
    return _TOKEN.findall(name)


def temperature_of(head: str) -> float | None:
    """Temperature (K) that `head` states, as in "R (kohm) 85C" or "350 K"; None where it states none."""
    match = _KELVIN.search(head)
    if match is None:
        return None
    return float(match[1]) + (273.15 if match[2] == "C" else 0.0)


def tokens_of(head: str) -> tuple[str, ...]:
    """The words of a column `head` as written, without its unit: "D1 HRS (V)" -> (D1, HRS)."""
    name, _, certain = _name_and_unit(_bare(head))
    return tuple(word for word in re.split(r"[\s_,;:|/-]+", name if certain else _bare(head)) if word)


def words_of(head: str) -> tuple[str, ...]:
    """The words and numbers in a column `head`, lower case, without its unit: "resetRes (ohm)" -> (reset, res)."""
    head = _bare(head)
    name, _, certain = _name_and_unit(head)
    return tuple(token.lower() for token in _tokens(name if certain else head))


@lru_cache(maxsize=4096)
def meaning(head: str) -> Meaning:
    """What the column `head` says about its column; `Role.UNKNOWN` when it says nothing known here."""
    head = _bare(head)
    name, unit, certain = _name_and_unit(head)
    if _COMPOUND.search(head):
        return Meaning(role=Role.OTHER)
    tokens = _tokens(name)
    words = [token.lower() for token in tokens]
    role, at = _role(tokens, words, name) if name != head or not unit else (Role.UNKNOWN, -1)
    if unit and not certain and (role is Role.UNKNOWN or unit[0] not in _UNIT_OF_ROLE.get(role, ())):
        # "V_S" is a source voltage, not a voltage in siemens.
        tokens = _tokens(head)
        words = [token.lower() for token in tokens]
        role, at = _role(tokens, words, head)
        unit = None
    if unit and role in (
        Role.VOLTAGE,
        Role.CURRENT,
        Role.TIME,
        Role.RESISTANCE,
        Role.UNKNOWN,
        Role.DEVICE,
        Role.CYCLE,
    ):
        by_unit = _BY_UNIT.get(unit[0], Role.OTHER)
        # "V / A" is a ratio; "ai0 (V)" and "I (V)" are signals that were recorded as a voltage.
        bracketed = any(unit_of(match[1]) for match in _BRACKET.finditer(head))
        ratio = {role, by_unit} == {Role.VOLTAGE, Role.CURRENT} and not bracketed
        role = Role.RESISTANCE if ratio else by_unit
    before, after = words[:at], words[at + 1 :]
    device, cycle, bare = _labels(words if at < 0 else after)
    glued = _GLUED.match(words[at]) if 0 <= at < len(words) else None
    stem = "".join(before) if at > 0 else (after[0] if after and after[0] in _TERMINAL_WORDS else "")
    if glued and glued[2] != "abs":
        stem = glued[2]
    absolute = (
        "abs" in words or "absolute" in words or (glued is not None and glued[2] == "abs") or "|" in name
    )
    stem = stem.removeprefix("abs").removesuffix("abs")
    return Meaning(
        role=role,
        unit=unit[0] if unit else "",
        factor=unit[1] if unit else 1.0,
        stem=stem,
        absolute=absolute,
        device=device,
        cycle=cycle,
        number=bare,
    )


def _role(tokens: list[str], words: list[str], name: str) -> tuple[Role, int]:
    """Role of a head without its unit, and which token said so (-1 when none did)."""
    found = set(words)
    if not words:
        return (Role.INDEX if "#" in name else Role.UNKNOWN), -1
    if re.search(r"[a-z]\s*[/*]\s*d?[viu]\b", name.lower()) or "density" in found:
        return Role.OTHER, -1
    if found & _ASIDE or any(_GATE.match(word) for word in words) or found & _RESULT:
        return Role.OTHER, -1
    for k, (token, word) in enumerate(zip(tokens, words, strict=True)):
        # A single letter counts as V, I or U in either case; "T" alone is as often a temperature.
        if word in _VOLTAGE or (_GLUED.match(word) and word[0] in "vu"):
            return Role.VOLTAGE, k
        if word in _CURRENT or (
            _GLUED.match(word) and word[0] == "i" and token not in {"id", "ID", "Id", "is", "it", "in"}
        ):
            return Role.CURRENT, k
        if word in _TIME and token != "T":
            return Role.TIME, k
    if words == ["e"]:
        return Role.VOLTAGE, 0
    for role, names in (
        (Role.DEVICE, _DEVICE), (Role.CYCLE, _CYCLE), (Role.RESISTANCE, _RESISTANCE), (Role.INDEX, _INDEX),
    ):  # fmt: skip
        if found & names:
            return role, next(k for k, word in enumerate(words) if word in names)
    for k, word in enumerate(words):
        if _STATE_GLUED.match(word):
            return Role.RESISTANCE, k
    if "set" in found and len(words) > 1:
        return Role.OTHER, -1
    if "sample" in found:
        return Role.INDEX, 0
    return Role.UNKNOWN, -1


def _labels(words: list[str]) -> tuple[str, int | None, int | None]:
    """Device, cycle and bare number in the words after the quantity: (dev, 3, c, 2) -> ("dev3", 2, None)."""
    device, cycle, bare = "", None, None
    previous = ""
    for word in words:
        if word.isascii() and word.isdigit():
            if previous in _CYCLE or previous in {"c", "#"}:
                cycle = int(word)
            elif previous in _DEVICE or previous in {"d", "sample"}:
                device = previous + word
            elif bare is None:
                bare = int(word)
        previous = word
    return device, cycle, bare
