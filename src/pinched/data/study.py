"""`pinched.toml`: what a person said about a folder of measurements, kept beside the data.

With it every command reads the folder in the same way, on any computer, years later. `read_study` reads the file
of a folder, `write_study` writes it, `find_study` looks for it upwards from a path. The values become
`ReadOptions` (`joined_options` adds what is said on the command line); a key that is not known is an error,
because a misspelt key would be ignored in silence.

    name_pattern = "{device}/{stop}V_{cycle}"
    samples = "samples.csv"
    read_voltage = "0.1 V"

    [reading]
    current_unit = "uA"
    device_from = "path"

    [columns]
    voltage = "V1"
    current = 2
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import tomllib
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pinched._errors import DataFileError, PinchedError
from pinched._files import write_text
from pinched._units import to_si
from pinched.data.corrections import FILE as CORRECTIONS
from pinched.data.names import NamePattern
from pinched.data.options import Columns, DeviceNaming, ReadOptions

FILE = "pinched.toml"
"""Name of the file in a study folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyFile:
    """What `pinched.toml` holds; the defaults leave everything to the reader.

    Raises `PinchedError` for a read voltage that is not above zero.
    """

    name_pattern: NamePattern | None = None
    """How names are built; None when names are not read."""
    samples: str | None = None
    """Path of the sample table, relative to the study folder; None when there is none."""
    read_voltage: str | float | None = None
    """Voltage (V, or text such as "0.1 V") at which resistances are stated; None leaves it to the command."""
    reading: ReadOptions = dataclasses.field(default_factory=ReadOptions)
    """Columns, units, device naming and how files are written."""

    def __post_init__(self) -> None:
        if self.read_voltage is not None and to_si(self.read_voltage, "V") <= 0:
            raise PinchedError(
                f"read_voltage is {self.read_voltage}; it must be above zero, such as '0.1 V'."
            )


def find_study(path: Path | str) -> Path | None:
    """The nearest folder with a `pinched.toml`, from `path` (a file or folder) upwards; None when there is none."""
    start = Path(path).absolute()
    return next((folder for folder in (start, *start.parents) if (folder / FILE).is_file()), None)


def study_of(paths: Sequence[Path | str]) -> tuple[Path | None, StudyFile]:
    """The study folder that `paths` belong to and what its `pinched.toml` says; None and defaults without one.

    A folder of corrections alone is a study too. Patterns such as "lab/*.csv" belong to the folder before the first
    sign. Raises `PinchedError` for paths of several studies: two files would leave open which of them speaks.
    """
    folders: set[Path] = set()
    for path in paths:
        plain = str(path) if Path(path).exists() else re.split(r"[*?\[]", str(path))[0]
        start = Path(plain).absolute()
        for folder in (start, *start.parents):
            if (folder / FILE).is_file() or (folder / CORRECTIONS).is_file():
                folders.add(folder)
                break
    if len(folders) > 1:
        names = ", ".join(sorted(str(folder) for folder in folders))
        raise PinchedError(f"the paths belong to several studies: {names}. Run them apart.")
    if not folders:
        return None, StudyFile()
    (folder,) = folders
    return folder, read_study(folder) if (folder / FILE).is_file() else StudyFile()


def read_study(folder: Path | str) -> StudyFile:
    """The `pinched.toml` in `folder`.

    With a name pattern and no `device_from` the path tells devices apart while files are read, because names
    alone may repeat. Raises `DataFileError`, naming line and key, for a file that is missing or no TOML, for an
    unknown key, a value of the wrong type, and a value that cannot be used.
    """
    path = Path(folder) / FILE
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataFileError(path, "", "there is no such file", "Write one, or read without it.") from None
    except OSError as error:
        raise DataFileError(path, "", f"cannot be read ({error.strerror})", "Check its rights.") from None
    except UnicodeDecodeError:
        raise DataFileError(path, "", "is not UTF-8 text", "Save it as UTF-8.") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        raise DataFileError(
            path, f"line {where[1]}" if where else "the end", f"is no TOML ({error})",
            'Write key = value, text between double quotes, such as samples = "samples.csv".',
        ) from None  # fmt: skip
    return _Source(path, text).study(values)


def write_study(folder: Path | str, study: StudyFile, *, replace: bool = False) -> Path:
    """Write `study` as the `pinched.toml` of `folder` (whole or not at all) and return its path.

    Only what differs from the defaults is written; `read_study` gives the same study back. Raises `PinchedError`
    when the file exists and `replace` is False: a person may have written comments into it.
    """
    path = Path(folder) / FILE
    if path.exists() and not replace:
        raise PinchedError(f"{path}: exists. Change it by hand, or remove it first.")
    top: list[tuple[str, object]] = []
    if study.name_pattern is not None:
        top.append(("name_pattern", study.name_pattern.text))
        if study.name_pattern.p_is_point:
            top.append(("p_is_point", True))
    top += [("samples", study.samples), ("read_voltage", study.read_voltage)]
    unsaid = _default_reading(study.name_pattern)
    reading = [
        (field.name, getattr(study.reading, field.name))
        for field in dataclasses.fields(ReadOptions)
        if field.name != "columns" and getattr(study.reading, field.name) != getattr(unsaid, field.name)
    ]
    columns = [(f.name, getattr(study.reading.columns, f.name)) for f in dataclasses.fields(Columns)]
    sections = [_lines(top)]
    for name, rows in (("reading", reading), ("columns", columns)):
        body = _lines(rows)
        if body:
            sections.append(f"[{name}]\n{body}")
    write_text(path, "\n".join(part for part in sections if part))
    return path


def joined_options(said: ReadOptions, study: ReadOptions) -> ReadOptions:
    """Options for reading: what the caller `said` just now, and what the `study` says where the caller said nothing.

    A field that has its default counts as not said, so a study's `flip = true` cannot be undone by silence.
    """
    columns = _joined(said.columns, study.columns, Columns())
    return dataclasses.replace(_joined(said, study, ReadOptions()), columns=columns)


def _joined(said: Any, study: Any, unsaid: Any) -> Any:
    given = {
        field.name: getattr(said, field.name)
        for field in dataclasses.fields(said)
        if getattr(said, field.name) != getattr(unsaid, field.name)
    }
    return dataclasses.replace(study, **given)


def _default_reading(pattern: NamePattern | None) -> ReadOptions:
    return ReadOptions() if pattern is None else ReadOptions(device_from=DeviceNaming.PATH)


def _lines(rows: list[tuple[str, object]]) -> str:
    return "".join(f"{key} = {_toml(key, value)}\n" for key, value in rows if value is not None)


def _toml(key: str, value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value)
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise PinchedError(f"{key} is {text!r}, which is no valid text. Type it again.")
    # JSON escapes are TOML escapes, but for DEL, which TOML wants escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _refused(start: Any, name: str, value: object) -> bool:
    try:
        dataclasses.replace(start, **{name: value})
    except PinchedError:
        return True
    return False


@dataclass(frozen=True, slots=True)
class _Source:
    """The text of a study file, so that messages can name the line of a key."""

    path: Path
    text: str

    def study(self, values: dict[str, object]) -> StudyFile:
        self._known(
            values, "", ["name_pattern", "p_is_point", "samples", "read_voltage", "reading", "columns"]
        )
        text = self._typed(values, "", "name_pattern", str)
        point = self._typed(values, "", "p_is_point", bool)
        pattern = None
        if text is not None:
            try:
                pattern = NamePattern(text, bool(point))
            except PinchedError as error:
                raise self._error("", "name_pattern", str(error), "See `pinched inspect --help`.") from None
        reading = self._record(values, "reading", ReadOptions, _default_reading(pattern))
        columns = self._record(values, "columns", Columns, Columns())
        read_voltage = self._typed(values, "", "read_voltage", str | int | float)
        try:
            return StudyFile(
                name_pattern=pattern,
                samples=self._typed(values, "", "samples", str),
                read_voltage=float(read_voltage) if isinstance(read_voltage, int) else read_voltage,
                reading=dataclasses.replace(reading, columns=columns),
            )
        except PinchedError as error:
            raise self._error("", "read_voltage", str(error), "Mend it.") from None

    def _record(self, values: dict[str, object], section: str, kind: type, start: Any) -> Any:
        """`start` (a `kind`) with the values of `section`; types are those of the record's own fields."""
        table = values.get(section, {})
        if not isinstance(table, dict):
            raise self._error("", section, "is no table", f"Write [{section}] on a line of its own.")
        # The record itself says which keys there are: a new option needs no second list here.
        hints = typing.get_type_hints(kind)
        names = [field.name for field in dataclasses.fields(kind) if hints[field.name] is not Columns]
        self._known(table, section, names)
        given = {name: self._typed(table, section, name, hints[name]) for name in table}
        try:
            return dataclasses.replace(start, **given)
        except PinchedError as error:
            culprit = next((name for name in given if _refused(start, name, given[name])), next(iter(given)))
            raise self._error(section, culprit, str(error), "Mend it.") from None

    def _known(self, table: dict[str, object], section: str, names: list[str]) -> None:
        for key in table:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                cure = f"Did you mean '{near[0]}'?" if near else f"Known here are {', '.join(names)}."
                raise self._error(section, key, "is not known", cure)

    def _typed(self, table: dict[str, object], section: str, key: str, wanted: Any) -> Any:
        """The value of `key` when it is of the type `wanted`; an enum is written as its value."""
        value = table.get(key)
        kinds = typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,)
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, Enum):
                allowed = [member.value for member in kind]
                if value in allowed:
                    return kind(value)
                cure = f"Write one of {', '.join(str(item) for item in allowed)}."
                raise self._error(section, key, f"is {value!r}", cure)
            # True is an int to Python, and never meant as a number here.
            if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
                return value
            if kind is float and isinstance(value, int) and not isinstance(value, bool) and int not in kinds:
                return float(value)
        if value is None:
            return None
        words = {str: "text between quotes", bool: "true or false", int: "a whole number", float: "a number"}
        cure = f"Write {' or '.join(words[kind] for kind in kinds if kind in words)}."
        raise self._error(section, key, f"is {value!r}, of the wrong type", cure)

    def _error(self, section: str, key: str, found: str, cure: str) -> DataFileError:
        name = f"{section}.{key}" if section else key
        line = self._line(section, key)
        return DataFileError(
            self.path, f"line {line}, key {name}" if line else f"key {name}", found.rstrip("."), cure
        )

    def _line(self, section: str, key: str) -> int:
        """Line of `key` in `section`, from 1; 0 when it is written in an unusual way."""
        now = ""
        for number, line in enumerate(self.text.splitlines(), 1):
            head = re.match(r"^\s*\[+\s*([^\[\]]+?)\s*\]+", line)
            now = head[1].strip("\"' ") if head else now
            if head and not section and now == key:
                return number
            own = re.match(r"^\s*([\"']?)([\w.-]+)\1\s*=", line)
            if own and ((now == section and own[2] == key) or (not now and own[2] == f"{section}.{key}")):
                return number
        return 0
