"""The grammar of name patterns: template -> tokens -> every way in which a name fits.

`pinched.data.names` is the public face; nothing else needs this module. The matcher is written out rather than
compiled to a regular expression because it must tell *whether a second reading exists* and how far a name that
does not fit was understood, and because dead ends are remembered, so that no name can make it slow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import pairwise, product
from typing import NamedTuple

from pinched._errors import PinchedError
from pinched._units import parse_unit

_IDENTIFIER = re.compile(r"^[A-Za-z]\w*$")
_UNIT_BEHIND = re.compile(r"^ ?((?:°|deg)?[A-Za-zµμΩ\u2126]+(?:\^?2|²)?)(?![A-Za-z0-9])")
_LENGTHS = {"n": "1e-9", "u": "1e-6", "µ": "1e-6", "μ": "1e-6", "m": "1e-3", "c": "1e-2", "": "1"}
_NUMBER = re.compile(r"[+\-\u2212]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d{1,2})?")
_NUMBER_P = re.compile(r"[+\-\u2212]?\d+(?:[.,p]\d+)?(?:[eE][+-]?\d{1,2})?")
_MOST_GROUPS = 4
_LONGEST = 400


class Unit(NamedTuple):
    """A unit as a name or a table writes it: value (SI) = number * `factor` + `offset`."""

    si: str
    """SI unit: "V", "m", "m2", "K"; "1" for a bare number."""
    factor: Decimal
    """Factor to SI; decimal, so that 10 um is exactly the float 1e-05."""
    offset: Decimal
    """What is added (K); 273.15 for degrees Celsius, else 0."""

    def to_si(self, number: str) -> float:
        """`number` as written in a name, in SI; raises `PinchedError` for one beyond the range of a float."""
        plain = number.replace("\u2212", "-").replace(",", ".").replace("p", ".")
        value = float(Decimal(plain) * self.factor + self.offset)
        if not math.isfinite(value):
            raise PinchedError(f"'{number[:40]}' in a name is too large for a number. Read it as text.")
        return value

    def from_si(self, value: float) -> str:
        """The number that stands for `value` (SI) in this unit."""
        number = ((Decimal(repr(value)) - self.offset) / self.factor).normalize()
        plain = abs(number.adjusted()) <= 20
        return format(number, "f") if plain else format(number, "e").replace("e+", "e")


BARE = Unit("1", Decimal(1), Decimal(0))


def name_unit(text: str) -> Unit | None:
    """The unit `text` of names and sample tables: electrical units, nm um mm cm m, their squares, K, C; else None."""
    text = text.strip()
    if text in ("C", "°C", "degC"):
        return Unit("K", Decimal(1), Decimal("273.15"))
    length = re.fullmatch(r"([nuµμmc]?)m(\^?2|²)?", text)
    if length:
        factor = Decimal(_LENGTHS[length[1]])
        return Unit("m2", factor * factor, Decimal(0)) if length[2] else Unit("m", factor, Decimal(0))
    known = parse_unit(text)
    # A lone "v" or "a" behind a number is more often a letter than a unit.
    if known is None or text in ("v", "a"):
        return None
    return Unit(known[0], Decimal(repr(known[1])), Decimal(0))


class Kind(Enum):
    """What a field of a pattern accepts."""

    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number"


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands in every name as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """A part of the name that varies."""

    name: str
    kind: Kind
    unit: Unit = BARE

    @property
    def wanted(self) -> str:
        """What is expected here, for messages."""
        unit = f" in {self.unit.si}" if self.unit.si != "1" else ""
        return f"{self.kind.value}{unit} for {{{self.name}}}"

    def accepts(self, piece: str, p_is_point: bool) -> bool:
        """True when `piece` may stand here."""
        if self.kind is Kind.TEXT:
            return True
        if self.kind is Kind.WHOLE:
            return piece.isascii() and piece.isdigit()
        return bool((_NUMBER_P if p_is_point else _NUMBER).fullmatch(piece))


Token = Literal | Field


class Form(NamedTuple):
    """One way to write a template: with some of its optional parts."""

    parts: int
    """How many of the optional parts it has."""
    tokens: tuple[Token, ...]


@lru_cache(maxsize=64)
def forms_of(template: str) -> tuple[Form, ...]:
    """Every form that `template` allows, those with most optional parts first.

    Raises `PinchedError` for a template that cannot work, naming the place and the cure.
    """
    parts = list(_parts(template))
    optional = [part for part in parts if part[1]]
    if len(optional) > _MOST_GROUPS:
        raise _bad(template, f"has {len(optional)} optional parts", f"Use at most {_MOST_GROUPS}.")
    forms: list[Form] = []
    for chosen in product((True, False), repeat=len(optional)):
        wanted = iter(chosen)
        text = "".join(part for part, is_optional in parts if not is_optional or next(wanted))
        forms.append(Form(sum(chosen), tuple(_tokens(text, template))))
    forms.sort(key=lambda form: -form.parts)
    if not any(isinstance(token, Field) for token in forms[0].tokens):
        raise _bad(template, "has no field", "Write what varies in braces, such as {device}_{cycle}.")
    return tuple(forms)


def _bad(template: str, found: str, cure: str) -> PinchedError:
    return PinchedError(f"the name pattern '{template}' {found}. {cure}")


def _parts(template: str) -> Iterator[tuple[str, bool]]:
    """Stretches of `template`, each with whether it stands in [ ]; braces and doubled marks are left in."""
    if len(template) > _LONGEST:
        raise _bad(template[:40] + "...", f"is longer than {_LONGEST} characters", "Shorten it.")
    if "\\" in template:
        raise _bad(template, "holds a backslash", "Write / between folders, on Windows as well.")
    inside, start, k = False, 0, 0
    while k < len(template):
        mark = template[k]
        if mark in "[]" and template[k : k + 2] == mark * 2:
            k += 2
            continue
        if mark in "[]":
            if (mark == "[") is inside:
                cure = "Close [ with ] before the next one; write [[ for a bracket that is in the names."
                raise _bad(template, f"has a '{mark}' without its partner at character {k + 1}", cure)
            yield template[start:k], inside
            inside, start = not inside, k + 1
        k += 1
    if inside:
        raise _bad(template, "has a '[' that is never closed", "Write [[ for a bracket that is in the names.")
    yield template[start:], False


def _tokens(text: str, template: str) -> list[Token]:
    """Tokens of `text`, a form of `template` without optional marks."""
    found: list[Token] = []
    # Fields, doubled marks, anything else; a brace that is left over has no partner.
    pieces = re.findall(r"\{\{|\}\}|\[\[|\]\]|\{[^{}]*\}|[^{}\[\]]+|[{}]", text)
    for k, piece in enumerate(pieces):
        if piece in ("{", "}"):
            cure = f"Write {piece * 2} for a brace that is in the names."
            raise _bad(template, f"has a '{piece}' without its partner", cure)
        if piece[0] != "{" or piece == "{{":
            literal = piece[0] if piece in ("{{", "}}", "[[", "]]") else piece
            last = found[-1] if found else None
            if isinstance(last, Literal):
                found[-1] = Literal(last.text + literal)
            else:
                found.append(Literal(literal))
            continue
        found.append(_field(piece[1:-1], pieces[k + 1] if k + 1 < len(pieces) else "", template))
    names = [token.name for token in found if isinstance(token, Field) and token.name != "_"]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _bad(
            template, f"has the field {{{twice[0]}}} twice", "Write {_} for the second one to skip it."
        )
    for a, b in pairwise(found):
        if isinstance(a, Field) and isinstance(b, Field):
            cure = "Nothing says where one ends: put the mark between them that the names have."
            raise _bad(template, f"has {{{a.name}}} and {{{b.name}}} side by side", cure)
    return found


def _field(content: str, behind: str, template: str) -> Field:
    name, _, kind = (part.strip() for part in content.partition(":"))
    if name != "_" and not _IDENTIFIER.match(name):
        raise _bad(
            template,
            f"has a field '{{{content}}}'",
            "A field is one word of letters and digits, such as {device}, or {_} for what is to be skipped.",
        )
    if name in ("device", "cycle", "_"):
        if kind:
            raise _bad(template, f"gives {{{name}}} the kind '{kind}'", f"Write {{{name}}} alone.")
        return Field(name, Kind.WHOLE if name == "cycle" else Kind.TEXT)
    if kind == "text":
        return Field(name, Kind.TEXT)
    if kind:
        unit = BARE if kind == "1" else name_unit(kind)
        if unit is None:
            raise _bad(
                template,
                f"has the unknown unit '{kind}' in {{{content}}}",
                "Known are V A ohm s S Hz K with prefixes, C, nm um mm cm m and their squares, 1, text.",
            )
        return Field(name, Kind.NUMBER, unit)
    match = _UNIT_BEHIND.match(behind)
    # "5m" is as often 5 milli-something as 5 metres: a bare m counts only when it is said, {x:m}.
    unit = name_unit(match[1]) if match and match[1] != "m" else None
    return Field(name, Kind.TEXT) if unit is None else Field(name, Kind.NUMBER, unit)


@dataclass(slots=True)
class Walk:
    """All ways in which `name` fits one form; `reach` and `wanted` tell where the best attempt ended."""

    name: str
    tokens: tuple[Token, ...]
    p_is_point: bool
    reach: int = 0
    wanted: list[str] = field(default_factory=list)
    _dead: set[tuple[int, int]] = field(default_factory=set)

    def readings(self, k: int = 0, at: int = 0) -> Iterator[tuple[str, ...]]:
        """Each way to give a piece of the name to every field from token `k` and character `at` on."""
        if k == len(self.tokens):
            if at == len(self.name):
                yield ()
            else:
                self._stuck(at, "the end of the name")
            return
        if (k, at) in self._dead:
            return
        alive = False
        token = self.tokens[k]
        if isinstance(token, Literal):
            if self.name.startswith(token.text, at):
                for rest in self.readings(k + 1, at + len(token.text)):
                    alive = True
                    yield rest
            else:
                self._stuck(at, f"'{token.text}'")
        else:
            fits = False
            for end in self._ends(k, at):
                piece = self.name[at:end]
                if not token.accepts(piece, self.p_is_point):
                    continue
                fits = True
                for rest in self.readings(k + 1, end):
                    alive = True
                    yield (piece, *rest)
            if not fits:
                self._stuck(at, token.wanted)
        if not alive:
            self._dead.add((k, at))

    def _ends(self, k: int, at: int) -> Iterator[int]:
        """Where the field that is token `k` and begins at character `at` may end: within its folder level."""
        slash = self.name.find("/", at)
        last = len(self.name) if slash < 0 else slash
        token, behind = self.tokens[k], self.tokens[k + 1] if k + 1 < len(self.tokens) else None
        if not (isinstance(behind, Literal) and isinstance(token, Field) and token.kind is Kind.TEXT):
            yield from range(at + 1, last + 1)
            return
        # Text ends only where the literal behind it begins.
        end = self.name.find(behind.text, at + 1)
        if not 0 <= end <= last:
            self._stuck(last, f"'{behind.text}'")
        while 0 <= end <= last:
            yield end
            end = self.name.find(behind.text, end + 1)

    def _stuck(self, at: int, wanted: str) -> None:
        if at > self.reach:
            self.reach, self.wanted = at, []
        if at == self.reach and wanted not in self.wanted:
            self.wanted.append(wanted)
