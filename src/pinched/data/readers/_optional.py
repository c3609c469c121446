"""Packages that only some formats need: asked for when such a file is read, never at import."""

from importlib.util import find_spec

from pinched._errors import DataFileError


def needed(package: str, what: str, path: str) -> None:
    """Refuse `path` with the way to install `package` when it is missing; `what` names the files it reads."""
    if find_spec(package) is None:
        raise DataFileError(
            path, "", f"{what} are read by the package {package}, which is not installed",
            "Install it: pip install pinched[formats]; or export the data as CSV.",
        )  # fmt: skip
