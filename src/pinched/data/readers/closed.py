"""Formats that cannot be read, each with the way out: archives, project files, pictures.

They are recognised so that a person is told what to export instead of that "text was found on line 1".
"""

import re
from typing import NamedTuple, NoReturn

from pinched._errors import DataFileError
from pinched.data.readers._reader import Reader
from pinched.data.table import Dialect


class _Closed(NamedTuple):
    what: str
    cure: str


_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*\"[^\"\n]{0,200}\"\s*:")
_CSV = "Export the data as CSV and give that file"
_BY_SUFFIX = {
    ".opj": _Closed("an Origin project", "Export the worksheet as ASCII in Origin and give that file."),
    ".opju": _Closed("an Origin project", "Export the worksheet as ASCII in Origin and give that file."),
    ".ogw": _Closed("an Origin worksheet", "Export the worksheet as ASCII in Origin and give that file."),
    ".xtr": _Closed("an EasyExpert test record", "Export it as CSV in EasyExpert and give that file."),
    ".xts": _Closed(
        "an EasyExpert test setup", "Export the test records as CSV in EasyExpert and give those."
    ),
    ".ztr": _Closed("an EasyExpert archive", "Export the test records as CSV in EasyExpert and give those."),
    ".nox": _Closed("an Autolab NOVA procedure", "Export the data as ASCII in NOVA and give that file."),
    ".mpr": _Closed("a BioLogic binary file", "Export it as text (.mpt) in EC-Lab and give that file."),
    ".mat": _Closed(
        "a MATLAB file of version 4",
        "Write the columns with writematrix(..., 'data.csv') and give that file.",
    ),
    ".npy": _Closed("a NumPy file", "Write the columns with numpy.savetxt and give that file."),
    ".npz": _Closed("a NumPy file", "Write the columns with numpy.savetxt and give that file."),
    ".pkl": _Closed("a Python pickle, which is not opened because it can run code", f"{_CSV}."),
    ".wdf": _Closed("a binary instrument file", f"{_CSV}."),
}
_BY_MAGIC = (
    (b"CDF\x05", _Closed("a NetCDF 3 file of 64-bit data", "Write it as NetCDF 4 (engine h5netcdf), or export CSV.")),
    (
        b"SQLite format 3",
        _Closed("an SQLite data base", "From QCoDeS: dataset.export('netcdf') and give that file; else export CSV."),
    ),
    (b"CPYUA", _Closed("an Origin project", "Export the worksheet as ASCII in Origin and give that file.")),
    (b"CPYA", _Closed("an Origin project", "Export the worksheet as ASCII in Origin and give that file.")),
    (b"%PDF", _Closed("a PDF document", "Give the file with the numbers, not the page that shows them.")),
    (b"\x89PNG", _Closed("a picture", "Give the file with the numbers, not the picture.")),
    (b"\xff\xd8\xff", _Closed("a picture", "Give the file with the numbers, not the picture.")),
    (b"GIF8", _Closed("a picture", "Give the file with the numbers, not the picture.")),
    (b"TDSh", _Closed("the index of a LabVIEW TDMS file", "Give the .tdms file beside it.")),
    (b"\x93NUMPY", _BY_SUFFIX[".npy"]),
    (b"7z\xbc\xaf", _Closed("an archive", "Unpack it and give the folder.")),
    (b"Rar!", _Closed("an archive", "Unpack it and give the folder.")),
    (b"BZh", _Closed("a bzip2 file", "Unpack it and give the file inside.")),
    (b"\xfd7zXZ", _Closed("an xz file", "Unpack it and give the file inside.")),
    (b"{\\rtf", _Closed("a word processor's document", "Save it as plain text or CSV and give that file.")),
    (b"<!DOCTYPE", _Closed("a web page", "Download the data file itself, not the page about it.")),
    (b"<html", _Closed("a web page", "Download the data file itself, not the page about it.")),
    (b"version https://git-lfs", _Closed("a Git LFS pointer, not the data", "Fetch the file with `git lfs pull`.")),
)  # fmt: skip


def _identify(head: bytes, name: str) -> _Closed | None:
    for magic, closed in _BY_MAGIC:
        if head.startswith(magic):
            return closed
    if _JSON.match(head):
        return _Closed("a JSON file", "Write its arrays as columns of a CSV and give that file.")
    # Zip files that look like workbooks by name are left to the workbook reader, which says what is wrong.
    lowered = name.lower()
    # A suffix alone does not refuse plain text: somebody may have exported ASCII under the old name.
    if b"\x00" in head:
        return next((closed for suffix, closed in _BY_SUFFIX.items() if lowered.endswith(suffix)), None)
    return None


def _sniff(head: bytes, name: str) -> float:
    return 0.95 if _identify(head, name) else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> NoReturn:  # noqa: ARG001
    closed = _identify(content[:4096], path) or _Closed("a file of a closed format", f"{_CSV}.")
    raise DataFileError(path, "", f"{closed.what} cannot be read here", closed.cure)


CLOSED = Reader("closed format", _sniff, _read)
"""Refuses known formats that hold no readable table, and says what to export."""
