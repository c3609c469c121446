"""Outputs that are whole or absent: written aside, then moved into place.

`output_folder` for a folder of results, `write_text` and `write_bytes` for one file.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pinched._errors import PinchedError

MARK = "numbers.json"
"""A folder that holds this file is one of ours and may be replaced."""


def check_output(folder: Path, *, mark: str = MARK) -> None:
    """Refuse an output `folder` that is a file, or holds something and no `mark`; before the work starts."""
    if folder.is_file():
        raise PinchedError(f"{folder}: is a file, a folder is wanted for the results. Choose another --out.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / mark).is_file():
        raise PinchedError(
            f"{folder}: is not empty and was not written by pinched (it has no {mark}), so it is not "
            "overwritten. Choose another --out, or empty the folder."
        )


@contextmanager
def output_folder(folder: Path, *, mark: str = MARK) -> Iterator[Path]:
    """A temporary folder beside `folder` that takes its place when the block ends well.

    A block that raises, or a process that is killed, leaves `folder` as it was. Raises `PinchedError`
    when `folder` is not ours to replace (see `check_output`).
    """
    check_output(folder, mark=mark)
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    # mkdtemp makes a private folder; a report is as public as any folder the user makes.
    umask = os.umask(0)
    os.umask(umask)
    aside.chmod(0o777 & ~umask)
    try:
        yield aside
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
            folder.rename(old / folder.name)
            aside.rename(folder)
            shutil.rmtree(old)
        else:
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` (UTF-8) to `path` whole or not at all."""
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` whole or not at all."""
    aside = path.with_name(f".{path.name}.part")
    aside.write_bytes(content)
    aside.replace(path)
