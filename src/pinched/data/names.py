"""What file and folder names say: `NamePattern` takes them apart, `apply_names` puts it into the sweeps.

Laboratories keep device, area, temperature, stop voltage and cycle in names far more often than in files. A
pattern describes the path below the study folder, without the suffix:

- `{device}/{stop}V_{cycle}`: fields in braces, everything else stands as it is. `{device}` is text, `{cycle}` a
  whole number; a unit right behind any other field (V, A, K, C, s, ohm, nm, um, um2 ...) makes it a number in SI.
- `{temperature:K}` says a unit that the name does not have, `{gain:1}` a bare number, `{chip:text}` text although
  a unit seems to follow; `{_}` skips what nobody needs.
- `{device}[_{stop}V]_{cycle}` marks a part that may be missing and is read where it is there; `[[`, `]]`, `{{`,
  `}}` are the marks themselves.

A name that fits in two ways is refused like one that does not fit: half of the guesses would be wrong, and in
silence. `pinched.data.propose.propose_pattern` writes a first pattern from the names themselves.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pinched._errors import DataFileError, PinchedError
from pinched._params import require
from pinched.data._name_grammar import Field, Kind, Literal, Token, Walk, forms_of
from pinched.data.settings import Origin, Setting, SettingName, merged
from pinched.data.sweep import IVSweep

# ".5V_0" is no suffix: a suffix begins with a letter.
_SUFFIX = re.compile(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{0,5}$")


@dataclass(frozen=True, kw_only=True, slots=True)
class NameFields:
    """Everything that one name states."""

    device: str = ""
    """Device; "" when the pattern has no {device}."""
    cycle: int | None = None
    """Cycle as the name counts it (0 is possible); None when the pattern has no {cycle}."""
    values: tuple[Setting, ...] = ()
    """The other fields with their units, in the order of the pattern, all of origin NAME."""

    def __str__(self) -> str:
        return _words(self)

    def get(self, name: str) -> float | str | None:
        """Value (SI, or text) of the field `name`; None when the name does not state it."""
        return next((item.value for item in self.values if item.name == name), None)


@dataclass(frozen=True, slots=True)
class NamePattern:
    """How the names of a study are built; see the module for the notation.

    Raises `PinchedError` for a pattern that cannot work: fields side by side, twice the same field, an
    unknown unit, a bracket without its partner.
    """

    text: str
    """The pattern as written."""
    p_is_point: bool = False
    """True when "1p5" in a name means 1.5."""

    def __post_init__(self) -> None:
        _ = forms_of(self.text)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields, in the order of the pattern, skipped ones left out."""
        return tuple(t.name for t in forms_of(self.text)[0].tokens if isinstance(t, Field) and t.name != "_")

    @property
    def levels(self) -> int:
        """How many folder levels, the file itself included, the full pattern describes."""
        return self.text.count("/") + 1

    def parse(self, name: str) -> NameFields:
        """What `name` (path below the study folder, "/" between levels, no suffix) states.

        Raises `PinchedError` when the name does not fit, or fits in two ways.
        """
        found: list[NameFields] = []
        best = Walk(name, (), self.p_is_point)
        parts = 0
        for form in forms_of(self.text):
            # A part that may be missing is there when it can be: only equally full forms are rivals.
            if found and form.parts < parts:
                break
            walk = Walk(name, form.tokens, self.p_is_point)
            found.extend(self._fields(form.tokens, pieces) for pieces in islice(walk.readings(), 2))
            parts = form.parts
            if walk.reach > best.reach or not best.tokens:
                best = walk
        if not found:
            raise self._misfit(name, best)
        readings = list(dict.fromkeys(found))
        if len(readings) > 1:
            first, second = (str(reading) for reading in readings[:2])
            raise PinchedError(
                f"'{name}' fits the name pattern '{self.text}' in two ways: {first}, or {second}. Give a field a "
                "unit, or put more of the text that all names share into the pattern."
            )
        return readings[0]

    def format(self, fields: NameFields) -> str:
        """The name that `parse` would take apart into `fields`; the inverse of `parse`.

        Raises `PinchedError` when a field is missing, unknown to the pattern, or would be read back differently.
        """
        given: dict[str, str | float] = {
            item.name: item.value for item in fields.values if item.value is not None
        }
        if fields.device:
            given["device"] = fields.device
        if fields.cycle is not None:
            given["cycle"] = fields.cycle
        for _, tokens in forms_of(self.text):
            names = {token.name for token in tokens if isinstance(token, Field)}
            if names == set(given):
                break
        else:
            raise PinchedError(
                f"the name pattern '{self.text}' has the fields {', '.join(self.fields)}, but {', '.join(given)} are "
                "given. Give each field once, and none that is skipped by {_}."
            )
        name = "".join(
            token.text if isinstance(token, Literal) else self._piece(token, given[token.name])
            for token in tokens
        )
        if self.parse(name) != fields:
            raise PinchedError(
                f"'{name}' would not be read back as {fields}. Leave the marks of the pattern out of texts."
            )
        return name

    def _piece(self, token: Field, value: float | str) -> str:
        if token.kind is not Kind.NUMBER or isinstance(value, str):
            return str(value)
        text = token.unit.from_si(value)
        return text.replace(".", "p") if self.p_is_point else text

    def _fields(self, tokens: tuple[Token, ...], pieces: tuple[str, ...]) -> NameFields:
        named = zip((token for token in tokens if isinstance(token, Field)), pieces, strict=True)
        device, cycle, values = "", None, []
        for token, piece in named:
            if token.name == "device":
                device = piece
            elif token.name == "cycle":
                cycle = int(piece)
            elif token.kind is Kind.NUMBER:
                values.append(Setting(token.name, token.unit.to_si(piece), token.unit.si, Origin.NAME))
            elif token.name != "_":
                values.append(Setting(token.name, piece, "", Origin.NAME))
        return NameFields(device=device, cycle=cycle, values=tuple(values))

    def _misfit(self, name: str, walk: Walk) -> PinchedError:
        levels = name.count("/") + 1
        rest = name[walk.reach :]
        begin = f"after '{name[: walk.reach]}' " if walk.reach else ""
        stands = f"'{rest[:30]}' stands there" if rest else "the name ends there"
        cure = "Mend the pattern or the name."
        if levels != self.levels:
            cure = (
                f"The name has {levels} level(s) of folders and file, the pattern {self.levels}: write {{_}}/ for "
                "a folder that says nothing."
            )
        return PinchedError(
            f"'{name}' does not fit the name pattern '{self.text}': {begin}{' or '.join(walk.wanted)} was expected, "
            f"{stands}. {cure}"
        )


def _words(fields: NameFields) -> str:
    parts = [f"device '{fields.device}'"] if fields.device else []
    parts += [f"cycle {fields.cycle}"] if fields.cycle is not None else []
    for item in fields.values:
        shown = f"{item.value:g}" if isinstance(item.value, float) else f"'{item.value}'"
        parts.append(f"{item.name} {shown} {item.unit}".removesuffix(" 1").rstrip())
    return ", ".join(parts) or "nothing"


def relative_name(file: str | Path, folder: str | Path) -> str:
    """Path of `file` below `folder`, "/" between levels, without .gz and without the suffix: what patterns describe.

    Raises `PinchedError` when the file does not lie below the folder.
    """
    try:
        below = Path(file).absolute().relative_to(Path(folder).absolute())
    except ValueError:
        raise PinchedError(
            f"{file} does not lie in the study folder {folder}, so its name cannot be read by the pattern. "
            "Give the folder that holds all files."
        ) from None
    name = re.sub(r"\.gz$", "", below.as_posix(), flags=re.IGNORECASE)
    return _SUFFIX.sub("", name)


@dataclass(frozen=True, slots=True)
class NamedSweeps:
    """Sweeps after their names were read."""

    sweeps: tuple[IVSweep, ...]
    """The same sweeps with device, cycle and settings from the names, in the same order."""
    fields: Mapping[str, NameFields]
    """What each name states: file (as in `provenance.file`) -> fields."""


def apply_names(sweeps: Sequence[IVSweep], pattern: NamePattern, *, folder: str | Path) -> NamedSweeps:
    """Device, cycle and settings of `sweeps` as `pattern` reads them from the paths below `folder`.

    A file of several devices (sheets, device columns) keeps them apart as "name/inner". Without {device} but
    with {cycle} the folder of a file is its device; without both the device stays as it was read. Several sweeps
    in a file count on from its {cycle}; without {cycle} the sweeps of a device are counted in file order.
    What a file itself states is kept, the name fills in what it does not. Raises `PinchedError` for a sweep
    without a file, a name that does not fit, and two files that are the same cycle.
    """
    by_file: dict[str, list[IVSweep]] = defaultdict(list)
    for sweep in sweeps:
        require(
            NamePattern, bool(sweep.provenance.file), "a sweep comes from no file: it has no name to read."
        )
        by_file[sweep.provenance.file].append(sweep)
    fields = {file: pattern.parse(relative_name(file, folder)) for file in by_file}
    keeps_device = not {"device", "cycle"} & set(pattern.fields)
    taken: dict[tuple[str, int], str] = {}
    counted: dict[str, int] = defaultdict(int)
    positions: dict[tuple[str, str], int] = defaultdict(int)
    named: list[IVSweep] = []
    for sweep in sweeps:
        file = sweep.provenance.file
        stated = fields[file]
        known = _with_settings(sweep, stated)
        if keeps_device:
            named.append(known)
            continue
        device = _device(sweep, by_file[file], stated.device or Path(file).absolute().parent.name)
        if stated.cycle is None:
            counted[device] += 1
            cycle = counted[device]
        else:
            cycle = stated.cycle + positions[file, device]
            positions[file, device] += 1
        other = taken.setdefault((device, cycle), file)
        if other != file:
            raise DataFileError(
                file,
                "",
                f"is device '{device}', cycle {cycle} by the name pattern '{pattern.text}', as is {other}",
                "Add what tells them apart to the pattern, or leave {cycle} out to have the cycles counted.",
            )
        named.append(dataclasses.replace(known, device=device, cycle=cycle))
    return NamedSweeps(tuple(named), fields)


def _with_settings(sweep: IVSweep, stated: NameFields) -> IVSweep:
    """`sweep` with what its name states; a compliance in the name counts where the file has none."""
    own = [item for item in sweep.settings if item.value is not None]
    limit = sweep.compliance_current
    said = stated.get(SettingName.COMPLIANCE_CURRENT)
    if limit is None and isinstance(said, float) and said != 0:
        limit = abs(said)
    return dataclasses.replace(sweep, settings=merged(own, stated.values), compliance_current=limit)


def _device(sweep: IVSweep, together: Sequence[IVSweep], outer: str) -> str:
    """Device `outer` of a file, with what parts the devices inside it where there are several."""
    labels = {other.device for other in together}
    if len(labels) == 1:
        return outer
    # Readers write "file/inner"; what all labels of a file share is the file's part.
    heads = {label.rpartition("/")[0] for label in labels}
    inner = sweep.device.rpartition("/")[2] if len(heads) == 1 and "" not in heads else sweep.device
    return f"{outer}/{inner}"
