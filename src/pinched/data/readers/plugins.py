"""Readers that a laboratory adds: entry points of the group `pinched.readers` in any installed package.

An entry point names an object with `name`, `sniff(head, name) -> confidence` and `read(content, path, dialect)
-> list[RawTable]`, such as a `Reader`. One that cannot be loaded is reported and left out; one that fails on a
file is an error of that file only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple, Protocol, runtime_checkable

from pinched._errors import DataFileError
from pinched.data.readers._reader import Reader
from pinched.data.table import Dialect, RawTable

GROUP = "pinched.readers"
"""Entry point group under which packages offer readers."""


@runtime_checkable
class FileReader(Protocol):
    """What an entry point must name."""

    name: str
    """The format as people call it."""

    def sniff(self, head: bytes, name: str, /) -> float:
        """Confidence from 0 (not mine) to 1 (certainly mine) from the first bytes and the file name."""
        ...

    def read(self, content: bytes, path: str, dialect: Dialect, /) -> list[RawTable]:
        """Tables in `content`; `path` is for messages."""
        ...


class Plugins(NamedTuple):
    """What the installed packages offer."""

    readers: tuple[Reader, ...]
    """Readers that could be loaded, guarded against their own mistakes."""
    notes: tuple[str, ...]
    """One sentence for each that could not."""


def plugin_readers(points: Callable[[], list[EntryPoint]] | None = None) -> Plugins:
    """Load the readers that packages offer; `points` lists their entry points (None: the installed ones)."""
    listed = list(entry_points(group=GROUP)) if points is None else points()
    readers: list[Reader] = []
    notes: list[str] = []
    for point in listed:
        try:
            offered = point.load()
            if isinstance(offered, type):
                offered = offered()
        except Exception as error:
            # Somebody else's code: whatever it raises must not stop the reading of other files.
            notes.append(f"plug-in {point.name} ({point.value}): left out, {type(error).__name__}: {error}")
            continue
        if not isinstance(offered, FileReader):
            notes.append(f"plug-in {point.name} ({point.value}): left out, it has no name, sniff and read")
            continue
        readers.append(Reader(offered.name, _Sniff(offered), _Read(offered)))
    return Plugins(tuple(readers), tuple(notes))


@dataclass(frozen=True, slots=True)
class _Sniff:
    """A plug-in's sniff that answers 0 instead of failing."""

    reader: FileReader

    def __call__(self, head: bytes, name: str) -> float:
        try:
            return float(self.reader.sniff(head, name))
        except Exception:
            return 0.0


@dataclass(frozen=True, slots=True)
class _Read:
    """A plug-in's read whose failures are errors of the file, with the plug-in's name."""

    reader: FileReader

    def __call__(self, content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
        try:
            tables = self.reader.read(content, path, dialect)
        except DataFileError:
            raise
        except Exception as error:
            found = f"the plug-in '{self.reader.name}' failed ({type(error).__name__}: {error})"
            raise DataFileError(path, "", found, "Tell its author, or uninstall it.") from error
        if not tables or not all(isinstance(table, RawTable) for table in tables):
            found = f"the plug-in '{self.reader.name}' returned no table"
            raise DataFileError(path, "", found, "Tell its author, or uninstall it.")
        return list(tables)
