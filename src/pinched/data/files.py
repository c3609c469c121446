"""Which files are meant by paths, folders and patterns, and their bytes, read once.

`find_files` passes over documentation and pictures in folders; a file named explicitly is always taken.
"""

from __future__ import annotations

import glob
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pinched._errors import DataFileError, PinchedError

_NOT_DATA = (
    ".md .rst .json .jsonl .py .ipynb .pyc .png .jpg .jpeg .gif .svg .tif .tiff .bmp .eps .pdf .html .htm .xml "
    ".yaml .yml "
    ".toml .ini .cfg .bib .tex .doc .docx .ppt .pptx .odt .m .r .sh .bat .exe .dll .css .js .log .zip .tar .tgz .7z "
    ".rar .db .lnk .url .sha256 .md5 .npy .npz .pkl .pt .sqlite .lock .bak .tmp .swp .ts .c .h .cpp .va .vi"
)
_NOT_DATA_NAMES = re.compile(
    r"^(readme|license|licence|copying|changelog|citation|authors|makefile|contributing|notice|notes?\b|description\b|~\$).*",
    re.IGNORECASE,
)
LARGEST = 2_000_000_000
"""Bytes above which a file is refused rather than read into memory."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file to read."""

    path: Path
    """Path as the user gave it or as the folder listed it."""
    below: str
    """Path below the folder it was found in, without suffix: "Radius 10 um/-2V_0"."""
    shared: str = ""
    """Name of the record that this file is a part of, where several files hold one; "" where it stands alone."""

    @property
    def stem(self) -> str:
        """File name without its suffixes .csv or .csv.gz; the name of the record for a part of one."""
        if self.shared:
            return self.shared
        name = self.path.name
        name = name[:-3] if name.lower().endswith(".gz") else name
        return Path(name).stem or name


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorting key that puts "run 2" before "run 10"."""
    parts = re.split(r"(\d+)", text)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part.lower()) for part in parts)


def find_files(paths: Path | str | Iterable[Path | str]) -> tuple[list[FoundFile], list[str]]:
    """Files that `paths` (files, folders, patterns) mean, in natural order per folder, and what was passed over.

    Raises `DataFileError` for a path that does not exist, a pattern without a match, a folder without data.
    """
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if not given:
        raise PinchedError("no path was given. Name files, folders or patterns such as 'lab/*.xls'.")
    files: list[FoundFile] = []
    passed: list[str] = []
    seen: set[Path] = set()
    for path in given:
        for file in _expand(path, passed):
            real = file.path.resolve()
            if real in seen:
                passed.append(f"{file.path}: named twice")
                continue
            seen.add(real)
            files.append(file)
    return files, passed


def _expand(given: Path | str, passed: list[str]) -> list[FoundFile]:
    text = str(given)
    path = Path(text).expanduser()
    try:
        if path.is_dir():
            return _in_folder(path, passed)
        if path.exists():
            return [_single(path)]
    except OSError as error:
        raise DataFileError(text, "", f"cannot be opened ({error.strerror})", "Check the path.") from None
    except PinchedError:
        raise
    except ValueError:
        raise DataFileError(repr(text), "", "is no path", "Check the path.") from None
    if glob.has_magic(text):
        matches = sorted(glob.glob(str(path), recursive=True), key=natural_key)  # noqa: PTH207
        found: list[FoundFile] = []
        for match in matches:
            found.extend(_in_folder(Path(match), passed) if Path(match).is_dir() else [_single(Path(match))])
        if found:
            return found
        raise DataFileError(text, "", "no file matches this pattern", "Check the folder and the pattern.")
    cure = "Check the spelling."
    if path.parent.is_dir():
        near = sorted(entry.name for entry in path.parent.iterdir() if not entry.name.startswith("."))[:5]
        cure = f"{path.parent} holds {', '.join(near) or 'nothing'}."
    raise DataFileError(text, "", "there is no such file or folder", cure)


def _single(path: Path) -> FoundFile:
    return FoundFile(path, f"{path.absolute().parent.name}/{FoundFile(path, '').stem}")


def _in_folder(folder: Path, passed: list[str]) -> list[FoundFile]:
    found: list[FoundFile] = []
    entries = sorted(folder.rglob("*"), key=lambda entry: natural_key(str(entry.relative_to(folder))))
    for entry in entries:
        below = entry.relative_to(folder)
        if not entry.is_file() or any(part.startswith((".", "__")) for part in below.parts):
            continue
        if entry.suffix.lower() in _NOT_DATA.split() or _NOT_DATA_NAMES.match(entry.name):
            passed.append(f"{entry}: not a data file by its name")
            continue
        stem = FoundFile(entry, "").stem
        parent = below.parent.as_posix()
        found.append(FoundFile(entry, f"{folder.absolute().name if parent == '.' else parent}/{stem}"))
    if not found:
        more = f" (passed over: {len(passed)} files such as {passed[-1]})" if passed else ""
        raise DataFileError(
            folder, "", f"the folder holds no data file{more}", "Give a folder with measurements."
        )
    return found


def read_bytes(path: Path) -> tuple[bytes, str, str]:
    """Bytes of a file, unpacked when it is a .gz; the SHA-256 of the file on the disk, and of those bytes.

    Raises `DataFileError` for a file that is missing, empty, too large, locked or damaged.
    """
    try:
        if not path.is_file():
            raise DataFileError(path, "", "is no ordinary file", "Give a file with measured data.")
        if path.stat().st_size > LARGEST:
            raise DataFileError(path, "", f"is larger than {LARGEST / 1e9:g} GB", "Split it into sweeps.")
        content = path.read_bytes()
    except OSError as error:
        raise DataFileError(
            path, "", f"cannot be read ({error.strerror})", "Close it elsewhere and check its rights."
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    if not content:
        raise DataFileError(path, "", "the file is empty (0 bytes)", "Copy it again from the instrument.")
    if content.startswith(b"\x1f\x8b"):
        content = _unpack(path)
        if not content:
            raise DataFileError(
                path, "", "the file inside the .gz is empty", "Copy it again from the instrument."
            )
        return content, digest, hashlib.sha256(content).hexdigest()
    return content, digest, digest


def _unpack(path: Path) -> bytes:
    try:
        with gzip.open(path) as stream:
            content = stream.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(path, "", f"the .gz is damaged ({error})", "Copy it again.") from None
    if len(content) > LARGEST:
        raise DataFileError(path, "", f"unpacks to more than {LARGEST / 1e9:g} GB", "Split it into sweeps.")
    return content
