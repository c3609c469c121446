"""`Reader`: what every file format provides."""

from collections.abc import Callable
from dataclasses import dataclass

from pinched.data.table import Dialect, RawTable


@dataclass(frozen=True, slots=True)
class Reader:
    """One file format: its `name`, how sure it is of a file, and how it reads one."""

    name: str
    """The format as people call it."""
    sniff: Callable[[bytes, str], float]
    """(first bytes, file name) -> confidence from 0 (not mine) to 1 (certainly mine)."""
    read: Callable[[bytes, str, Dialect], list[RawTable]]
    """(all bytes, path for messages, dialect) -> tables with at least one row each; raises `DataFileError`."""
