"""MATLAB .mat files: version 5 to 7 by SciPy, version 7.3 (which is HDF5) by h5py.

Vectors of one length are columns, a struct is a group, a struct array one group per element; scalars and texts
are settings, the cells of a cell array one group per index. Objects and functions are passed over.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator

import numpy as np

from pinched._errors import DataFileError
from pinched.data.readers._arrays import COMPRESSED_RATIO, SMALL, Named, tables_of
from pinched.data.readers._hdf5_tools import cell_group, walk_matlab
from pinched.data.readers._reader import Reader
from pinched.data.readers.hdf5 import open_hdf5
from pinched.data.table import Dialect, RawTable

_DEEPEST = 6
_CURE = "Copy it again, or save it once more in MATLAB: save data.mat -v7."


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    return 0.97 if head.startswith((b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file")) else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:  # noqa: ARG001
    if content.startswith(b"MATLAB 7.3"):
        with open_hdf5(content, path) as file:
            arrays, texts = walk_matlab(file, content, path)
        return tables_of(arrays, texts, path)
    from scipy.io import loadmat

    _check_blocks(content, path)
    try:
        loaded = loadmat(io.BytesIO(content), squeeze_me=False, struct_as_record=True, mat_dtype=True)
    except Exception as error:
        # SciPy's reader raises whatever the damaged bytes lead to.
        reason = str(error).strip().splitlines()[0][:100] if str(error).strip() else type(error).__name__
        raise DataFileError(path, "", f"not a readable MATLAB file ({reason})", _CURE) from None
    texts: dict[str, str] = {}
    arrays: list[Named] = []
    for name, value in loaded.items():
        if not name.startswith("__"):
            arrays.extend(_walk("", name, value, texts, 0))
    return tables_of(arrays, texts, path)


def _check_blocks(content: bytes, path: str) -> None:
    """Refuse a file whose blocks unpack to more than such a file can hold, before SciPy unpacks them."""
    order = "big" if content[126:128] == b"MI" else "little"
    at, total = 128, 0
    while at + 8 <= len(content):
        kind = int.from_bytes(content[at : at + 4], order)
        size = int.from_bytes(content[at + 4 : at + 8], order)
        if size > len(content) - at - 8:
            raise DataFileError(path, f"byte {at}", "a block is longer than the file: it was cut off", _CURE)
        if kind == 15:
            unpack, rest = zlib.decompressobj(), content[at + 8 : at + 8 + size]
            try:
                while rest:
                    total += len(unpack.decompress(rest, SMALL))
                    rest = unpack.unconsumed_tail
                    if total > max(SMALL, COMPRESSED_RATIO * len(content)):
                        raise DataFileError(path, f"byte {at}", "a block unpacks without end", _CURE)
            except zlib.error as error:
                raise DataFileError(
                    path, f"byte {at}", f"a compressed block is damaged ({error})", _CURE
                ) from None
        at += 8 + size


def _walk(group: str, name: str, value: object, texts: dict[str, str], depth: int) -> Iterator[Named]:
    if not isinstance(value, np.ndarray) or depth > _DEEPEST:
        return
    if value.dtype.names:
        for k, element in enumerate(value.ravel()):
            inner = f"{group}/{name}".strip("/") + (f" {k + 1}" if value.size > 1 else "")
            for part in value.dtype.names:
                yield from _walk(inner, part, element[part], texts, depth + 1)
    elif value.dtype.kind == "O":
        # Cells of one index belong together: V{3} and I{3} are one sweep.
        for k, element in enumerate(value.ravel()):
            own = "" if isinstance(element, np.ndarray) and min(element.shape, default=0) > 1 else name
            yield from _walk(cell_group(group, name, k), own, element, texts, depth + 1)
    elif value.dtype.kind == "U" and value.size == 1:
        texts[name] = str(value.ravel()[0])
    else:
        yield Named(group, name, value)


MATLAB = Reader("MATLAB file", _sniff, _read)
"""Reads .mat files of version 5, 6, 7 and 7.3."""
