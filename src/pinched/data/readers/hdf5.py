"""HDF5 files: Labber logs, NetCDF exports of QCoDeS, and any other file by the names of its arrays.

Which of them it is stands inside the file, so one reader opens it and hands it on. Nothing outside the file is
followed (external links), and the sizes that the file claims are checked before anything is read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pinched._errors import DataFileError
from pinched.data.readers._arrays import Named, tables_of
from pinched.data.readers._hdf5_tools import attribute_texts, datasets, is_numeric, text_of, unit_of, values
from pinched.data.readers._optional import needed
from pinched.data.readers._reader import Reader
from pinched.data.readers.labber import is_labber, labber_tables
from pinched.data.readers.netcdf import is_netcdf, netcdf_tables
from pinched.data.table import Dialect, RawTable

if TYPE_CHECKING:
    import h5py

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    # A user block may stand before the signature, of 512 bytes or a power of two times that.
    return (
        0.96
        if head.startswith(_SIGNATURE) or any(head[at : at + 8] == _SIGNATURE for at in (512, 1024, 2048))
        else 0.0
    )


@contextmanager
def open_hdf5(content: bytes, path: str) -> Iterator[h5py.File]:
    """The file of these bytes, opened to read; whatever h5py raises becomes a `DataFileError` for `path`."""
    needed("h5py", "HDF5 files", path)
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            yield file
    except DataFileError:
        raise
    except (
        OSError,
        RuntimeError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        MemoryError,
    ) as error:
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        cure = "Copy it again; if it opens elsewhere, export its columns as CSV."
        raise DataFileError(path, "", f"not a readable HDF5 file ({reason})", cure) from None


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:  # noqa: ARG001
    with open_hdf5(content, path) as file:
        if is_labber(file):
            return labber_tables(file, content, path)
        if is_netcdf(file):
            return netcdf_tables(file, content, path)
        texts = attribute_texts(file)
        arrays = [
            Named(group, name, values(dataset, content, path), unit_of(dataset))
            for group, name, dataset in datasets(file, path)
            if is_numeric(dataset)
        ]
        arrays = [part for item in arrays for part in _fields(item, file)]
    return tables_of(arrays, texts, path)


def _fields(item: Named, file: h5py.File) -> list[Named]:
    """A record array (pandas, PyTables) taken apart into its fields, a block of a pandas frame into its columns."""
    if item.values.dtype.names is not None:
        inner = f"{item.group}/{item.name}".strip("/")
        return [Named(inner, name, item.values[name]) for name in item.values.dtype.names]
    if item.name in ("axis0", "axis1") or item.name.endswith("_items"):
        # Labels of the columns and the rows.
        return []
    block = item.name.removesuffix("_values")
    names = f"{item.group}/{block}_items"
    if block == item.name or names not in file or item.values.ndim != 2:
        return [item]
    labels: Any = file[names]
    heads = [text_of(name) for name in labels[()]]
    if len(heads) != item.values.shape[1]:
        return [item]
    return [Named(item.group, head, item.values[:, k]) for k, head in enumerate(heads)]


HDF5 = Reader("HDF5 file", _sniff, _read)
"""Reads Labber logs, NetCDF exports and other HDF5 files whose arrays are named."""
