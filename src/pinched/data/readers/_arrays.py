"""Named arrays of a binary file (MATLAB, HDF5, NetCDF) -> raw tables.

Vectors of one length that lie in the same group are columns of one table; a matrix beside a vector of its
length is that many columns; a matrix alone is a table without heads. Numbers and short texts are settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from pinched._errors import DataFileError
from pinched.data.columns import Role, meaning
from pinched.data.labels import label_of
from pinched.data.stated import stated_settings
from pinched.data.table import RawTable

LARGEST_RATIO = 10
"""Bytes of numbers that a file may claim to hold, per byte of the file, when they are not compressed."""
COMPRESSED_RATIO = 200
"""The same for compressed numbers: a file that claims more is damaged or made to fill the memory."""
SMALL = 1_000_000
"""Bytes of numbers that are never too many."""


class Named(NamedTuple):
    """One array of a file."""

    group: str
    """Path of the group that holds it; "" for the root."""
    name: str
    """Its own name."""
    values: np.ndarray
    """Its numbers, of any shape."""
    unit: str = ""
    """Unit that the file states; "" when it states none."""


def check_size(claimed: int, content: bytes, path: str, what: str, *, compressed: bool) -> None:
    """Refuse `what` in `path` when the `claimed` bytes cannot come from a file of this size."""
    ratio = COMPRESSED_RATIO if compressed else LARGEST_RATIO
    if claimed > max(SMALL, ratio * len(content)):
        found = f"claims {claimed / 1e6:.0f} MB of numbers in a file of {len(content) / 1e6:.3g} MB"
        raise DataFileError(
            path, what, found, "The file is damaged: copy it again from where it was written."
        )


def tables_of(arrays: Iterable[Named], texts: dict[str, str], path: str) -> list[RawTable]:
    """Tables of `arrays`, grouped by their folder and length; `texts` are the file's own settings.

    Raises `DataFileError` when nothing in the file is an array of numbers.
    """
    groups: dict[tuple[str, int], list[Named]] = {}
    alone: list[Named] = []
    scalars = dict(texts)
    for item in arrays:
        values = np.asarray(item.values)
        if values.dtype.kind not in "fiub":
            continue
        values = np.squeeze(values)
        item = item._replace(values=values)
        if values.ndim == 0:
            scalars[f"{item.name} ({item.unit})" if item.unit else item.name] = f"{float(values)!r}"
        elif values.ndim == 1 and values.size > 1:
            groups.setdefault((item.group, values.size), []).append(item)
        elif values.ndim == 2 and values.size:
            alone.append(item)
    matrices: dict[tuple[str, tuple[int, int]], list[Named]] = {}
    for item in alone:
        rows, columns = item.values.shape
        if (item.group, rows) in groups:
            groups[item.group, rows].append(item)
        elif (item.group, columns) in groups:
            groups[item.group, columns].append(item._replace(values=item.values.T))
        else:
            matrices.setdefault((item.group, (rows, columns)), []).append(item)
    for (group, (rows, columns)), items in matrices.items():
        # Matrices of one shape belong together: a column per sweep. The longer side are the samples.
        tall = [item if rows >= columns else item._replace(values=item.values.T) for item in items]
        if len(tall) == 1:
            named = meaning(tall[0].name).role in (Role.VOLTAGE, Role.CURRENT, Role.RESISTANCE)
            inner = f"{group}/{tall[0].name}".strip("/")
            groups[inner, max(rows, columns)] = [tall[0] if named else tall[0]._replace(name="")]
        else:
            groups[f"{group}/{rows}x{columns}".strip("/"), max(rows, columns)] = tall
    if not groups:
        cure = "Give the file with the measurement, or export its columns as CSV."
        raise DataFileError(path, "", "holds no arrays of numbers that could be columns", cure)
    settings = stated_settings(f"{key}: {value}" for key, value in scalars.items()).settings
    several = len({group for group, _ in groups}) > 1
    found: list[RawTable] = []
    for (group, rows), items in groups.items():
        outer, _, last = group.rpartition("/")
        # "dev1/cycle_3" is cycle 3 of dev1, not a device.
        label = label_of(last)
        cycle = None if label is None or not several else label.cycle
        heads, units, columns = _columns(items)
        numbers = np.column_stack(columns).astype(np.float64, copy=False)
        found.append(
            RawTable(
                heads=heads if any(heads) else (),
                numbers=numbers,
                texts={},
                lines=np.arange(1, rows + 1),
                units=units if any(units) else (),
                settings=settings,
                device="" if not several else outer if cycle is not None else group,
                cycle=cycle,
            )
        )
    return found


def _columns(items: list[Named]) -> tuple[tuple[str, ...], tuple[str, ...], list[np.ndarray]]:
    heads: list[str] = []
    units: list[str] = []
    columns: list[np.ndarray] = []
    for item in items:
        several = item.values.ndim == 2 and item.values.shape[1] > 1
        matrix = item.values.reshape(len(item.values), -1)
        for k in range(matrix.shape[1]):
            # "I" with seven columns becomes I_cycle1 ... I_cycle7, as people name them by hand.
            heads.append(f"{item.name}_cycle{k + 1}" if several and item.name else item.name)
            units.append(item.unit)
            columns.append(matrix[:, k])
    return tuple(heads), tuple(units), columns
