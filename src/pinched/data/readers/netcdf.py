"""NetCDF 4 (HDF5) as QCoDeS and xarray write it: variables over named coordinates, `units` and `long_name` beside.

Variables over one coordinate are columns of one table; over two coordinates, one table per value of the outer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pinched._errors import DataFileError
from pinched.data.readers import _hdf5_tools as tools
from pinched.data.settings import Origin, Setting
from pinched.data.stated import stated_settings
from pinched.data.table import RawTable


def is_netcdf(file: Any) -> bool:
    """True when the HDF5 `file` was written as NetCDF: it says so, or its arrays share dimension scales."""
    return "_NCProperties" in file.attrs or any(
        "DIMENSION_LIST" in node.attrs for node in (file[name] for name in file) if hasattr(node, "shape")
    )


def _dimensions(file: Any, node: Any) -> tuple[str, ...]:
    """Names of the coordinates of `node`; a coordinate is its own."""
    if "DIMENSION_LIST" not in node.attrs:
        return (node.name.strip("/"),) if node.ndim == 1 else ()
    names: list[str] = []
    for references in node.attrs["DIMENSION_LIST"]:
        if len(references) == 0:
            return ()
        names.append(file[references[0]].name.strip("/"))
    return tuple(names)


def netcdf_tables(file: Any, content: bytes, path: str) -> list[RawTable]:
    """Tables of the variables that share coordinates; raises `DataFileError` when there is none of numbers."""
    variables: list[Variable] = []
    for group, name, node in tools.datasets(file, path):
        if group or not tools.is_numeric(node) or node.dtype.names or node.ndim not in (1, 2):
            continue
        # A dimension that is no variable is stored as an empty one.
        if "NAME" in node.attrs and "not a netCDF variable" in tools.text_of(node.attrs["NAME"]):
            continue
        dimensions = _dimensions(file, node)
        if len(dimensions) == node.ndim:
            values = tools.values(node, content, path).astype(np.float64)
            variables.append(Variable(name, dimensions, values, tools.unit_of(node)))
    return tables_over(variables, tools.attribute_texts(file), path)


class Variable(NamedTuple):
    """One variable of numbers over named dimensions."""

    name: str
    dimensions: tuple[str, ...]
    values: np.ndarray
    unit: str


def tables_over(variables: Sequence[Variable], texts: dict[str, str], path: str) -> list[RawTable]:
    """One table for the variables over one coordinate, one per value of the outer for those over two.

    `texts` are the attributes of the file. Raises `DataFileError` (for `path`) when there is no variable.
    """
    renamed = {"run_timestamp": "date", "sample_name": "sample", "exp_name": "experiment"}
    lines = [f"{renamed.get(key, key)}: {value}" for key, value in texts.items()]
    stated = stated_settings(lines)
    settings = stated.settings
    if stated.simulated_by:
        settings = (*settings, Setting("simulated_by", stated.simulated_by, "", Origin.FILE, "attribute"))
    arrays = {variable.name: variable.values for variable in variables}
    # A dimensionless number has the unit "1", which is none of a column.
    units = {variable.name: "" if variable.unit == "1" else variable.unit for variable in variables}
    sets: dict[tuple[str, ...], list[str]] = {}
    for variable in variables:
        if variable.dimensions != (variable.name,):
            sets.setdefault(variable.dimensions, []).append(variable.name)
    found: list[RawTable] = []
    for dimensions, names in sets.items():
        shape = arrays[names[0]].shape
        # A dimension without values is a bare counter.
        inner = dimensions[-1] if dimensions[-1] in arrays and not _counts(arrays[dimensions[-1]]) else ""
        heads = (*((inner,) if inner else ()), *names)
        for k in range(shape[0] if len(shape) == 2 else 1):
            columns = [arrays[name][k] if len(shape) == 2 else arrays[name] for name in names]
            if inner:
                columns = [arrays[inner], *columns]
            if len({column.size for column in columns}) > 1 or columns[0].size == 0:
                continue
            numbers = np.column_stack(columns)
            found.append(
                RawTable(
                    heads=heads,
                    numbers=numbers,
                    texts={},
                    lines=np.arange(1, len(numbers) + 1),
                    units=tuple(units[name] for name in heads),
                    settings=settings,
                )
            )
    if not found:
        raise DataFileError(path, "", "no variable of numbers over a coordinate", "Export the data as CSV.")
    return found


def _counts(values: np.ndarray) -> bool:
    return bool(values.size and np.array_equal(values, np.arange(values.size) + values[0]))
