"""Errors that name the value, the cause and the cure; every one a user can cause is a `PinchedError`.

The command line prints a `PinchedError` as it stands and exits with 2; anything else is a bug of ours.
"""

from pathlib import Path


class PinchedError(ValueError):
    """Something the caller gave cannot be used; the message says what, why, and what to do."""


class DataFileError(PinchedError):
    """A file that cannot be read as what was asked for.

    Fields: `path` as given, `place` ("line 12", "sheet Run3", "columns V, I" or "" for the whole file),
    `found` what stood there, `cure` what to do about it.
    """

    def __init__(self, path: Path | str, place: str, found: str, cure: str) -> None:
        self.path, self.place, self.found, self.cure = str(path), place, found, cure
        where = f"{path}, {place}" if place else str(path)
        super().__init__(f"{where}: {found}. {cure}")
