"""Labber logs (.hdf5): `Data/Data` with the axes (step, channel, trace), `Data/Channel names` beside it.

The inner sweep runs along the first axis and the outer ones along the last, so every trace is one table. Units
stand in the table `Channels`, tags and the comment in attributes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pinched._errors import DataFileError
from pinched.data.readers import _hdf5_tools as tools
from pinched.data.settings import Setting, merged
from pinched.data.stated import stated_settings
from pinched.data.table import RawTable


def is_labber(file: Any) -> bool:
    """True when the HDF5 `file` has the two data sets of a Labber log."""
    return "Data/Data" in file and "Data/Channel names" in file


def labber_tables(file: Any, content: bytes, path: str) -> list[RawTable]:
    """One table per trace of the log; raises `DataFileError` when its shapes contradict each other."""
    data = tools.values(file["Data/Data"], content, path)
    names = [
        tools.text_of(row[0] if row.dtype.names else row)
        for row in np.atleast_1d(file["Data/Channel names"][()])
    ]
    if data.ndim == 2:
        data = data[:, :, None]
    if data.ndim != 3 or data.shape[1] != len(names) or data.dtype.kind not in "fiu":
        contradiction = f"{len(names)} channel names over data of shape {data.shape}"
        raise DataFileError(
            path, "Data/Data", contradiction, "Export the log as CSV in Labber and give that file."
        )
    units = _units(file)
    settings = _settings(file)
    found: list[RawTable] = []
    for k in range(data.shape[2]):
        numbers = np.array(data[:, :, k], dtype=np.float64)
        # Labber fills the steps that were never taken with NaN.
        taken = np.isfinite(numbers).any(axis=1)
        if not taken.any():
            continue
        found.append(
            RawTable(
                heads=tuple(names),
                numbers=numbers[taken],
                texts={},
                lines=np.flatnonzero(taken) + 1,
                units=tuple(units.get(name, "") for name in names),
                settings=settings,
            )
        )
    if not found:
        raise DataFileError(path, "Data/Data", "no step was measured", "Give a log that holds samples.")
    return found


def _units(file: Any) -> dict[str, str]:
    """Unit of each channel, as the table `Channels` states it."""
    if "Channels" not in file:
        return {}
    rows = np.atleast_1d(file["Channels"][()])
    fields = rows.dtype.names or ()
    unit = next((name for name in ("unitPhys", "unit") if name in fields), None)
    if unit is None or "name" not in fields:
        return {}
    return {tools.text_of(row["name"]): tools.text_of(row[unit]) for row in rows}


def _settings(file: Any) -> tuple[Setting, ...]:
    groups = [file, *(file[name] for name in ("Tags",) if name in file)]
    return merged(
        *(
            stated_settings(f"{key}: {text}" for key, text in tools.attribute_texts(node).items()).settings
            for node in groups
        )
    )
