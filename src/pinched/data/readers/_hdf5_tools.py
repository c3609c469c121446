"""What the readers of HDF5 files share: walking through a file, sizes checked before reading, texts, units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pinched._errors import DataFileError
from pinched.data.columns import Role, meaning
from pinched.data.files import natural_key
from pinched.data.readers._arrays import Named, check_size

_MOST = 100_000
"""Objects in a file above which it is no measurement, or damaged."""
_LONGEST_TEXT = 200


def datasets(file: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """(group, name, dataset) of every dataset, groups in the order of the file; links are not followed twice."""
    import h5py

    stack: list[tuple[str, Any]] = [("", file["/"])]
    seen = 0
    visited: set[Any] = set()
    while stack:
        group, node = stack.pop()
        # A group may link back to one above it.
        address = hash(node.id)
        if address in visited:
            continue
        visited.add(address)
        groups: list[tuple[str, Any]] = []
        for name in sorted(node, key=natural_key):
            seen += 1
            if seen > _MOST:
                raise DataFileError(
                    path, group, f"holds more than {_MOST} objects", "Give one measurement per file."
                )
            if not isinstance(node.get(name, getlink=True), h5py.HardLink):
                continue
            child = node[name]
            if isinstance(child, h5py.Dataset):
                yield group, name, child
            elif isinstance(child, h5py.Group):
                groups.append((f"{group}/{name}".strip("/"), child))
        # The last one pushed is the next one looked at.
        stack.extend(reversed(groups))


def is_numeric(dataset: Any) -> bool:
    """True for a dataset of numbers, or of records with numbers among them, that is not empty."""
    kind = dataset.dtype
    return dataset.shape is not None and dataset.size > 0 and (kind.kind in "fiub" or kind.names is not None)


def values(dataset: Any, content: bytes, path: str) -> np.ndarray:
    """The numbers of `dataset`; refuses more than a file of this size can hold."""
    check_size(
        int(dataset.size) * dataset.dtype.itemsize,
        content, path, f"dataset {dataset.name}", compressed=dataset.compression is not None,
    )  # fmt: skip
    return np.asarray(dataset[()])


def unit_of(dataset: Any) -> str:
    """Unit in the attributes of `dataset`; "" when there is none."""
    for key in ("units", "unit", "Unit", "Units"):
        if key in dataset.attrs:
            return text_of(dataset.attrs[key])
    return ""


def text_of(value: Any) -> str:
    """An attribute as text: bytes are decoded, a list of one is its element."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.ravel()[0]
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def attribute_texts(node: Any) -> dict[str, str]:
    """Short attributes of `node` as texts: what may be settings."""
    found = {str(key): text_of(value) for key, value in node.attrs.items()}
    return {key: text for key, text in found.items() if 0 < len(text) <= _LONGEST_TEXT and "\n" not in text}


def cell_group(group: str, name: str, k: int) -> str:
    """Group of element `k` (from 0) of the cell array `name`: a device where it is named so, else a cycle."""
    word = "device" if meaning(name).role is Role.DEVICE else "cycle"
    return f"{group}/{word} {k + 1}".strip("/")


def walk_matlab(file: Any, content: bytes, path: str) -> tuple[list[Named], dict[str, str]]:
    """Arrays and texts of a MATLAB 7.3 file: columns first, so that matrices are turned round."""
    arrays: list[Named] = []
    texts: dict[str, str] = {}
    for group, name, dataset in datasets(file, path):
        if group.startswith("#") or name.startswith("#"):
            continue
        kind = text_of(dataset.attrs.get("MATLAB_class", b""))
        if kind == "char" and dataset.dtype.kind == "u" and dataset.size <= _LONGEST_TEXT:
            texts[name] = "".join(chr(int(code)) for code in np.ravel(dataset[()]))
        elif kind == "cell" and dataset.dtype.kind == "O":
            for k, address in enumerate(np.ravel(dataset[()].T)):
                cell = file[address]
                if hasattr(cell, "dtype") and is_numeric(cell) and "MATLAB_empty" not in cell.attrs:
                    own = "" if min(cell.shape, default=0) > 1 else name
                    arrays.append(Named(cell_group(group, name, k), own, values(cell, content, path).T))
        elif is_numeric(dataset) and "MATLAB_empty" not in dataset.attrs:
            arrays.append(Named(group, name, values(dataset, content, path).T))
    return arrays, texts
