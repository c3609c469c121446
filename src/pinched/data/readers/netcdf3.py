"""NetCDF 3, the classic format: what xarray writes where nothing but SciPy is installed; NetCDF 4 is in `netcdf`."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from pinched._errors import DataFileError
from pinched.data.readers._arrays import check_size
from pinched.data.readers._reader import Reader
from pinched.data.readers.netcdf import Variable, tables_over
from pinched.data.table import Dialect, RawTable

_CURE = "Copy it again, or write it as NetCDF 4 or CSV."


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    return 0.97 if head.startswith((b"CDF\x01", b"CDF\x02")) else 0.0


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:  # noqa: ARG001
    from scipy.io import netcdf_file

    try:
        file = netcdf_file(io.BytesIO(content), "r", mmap=False)
        claimed = sum(8 * math.prod(max(int(n or 0), 0) for n in v.shape) for v in file.variables.values())
        check_size(claimed, content, path, "variables", compressed=False)
        texts = {str(key): _text(value) for key, value in file._attributes.items()}
        variables = [
            Variable(str(name), _dimensions(v), v.data.astype(np.float64), _text(getattr(v, "units", "")))
            for name, v in file.variables.items()
            if v.data.dtype.kind in "fiu" and v.data.ndim in (1, 2)
        ]
    except DataFileError:
        raise
    except Exception as error:
        # SciPy's reader raises whatever the damaged bytes lead to.
        reason = str(error).strip().splitlines()[0][:100] if str(error).strip() else type(error).__name__
        raise DataFileError(path, "", f"not a readable NetCDF file ({reason})", _CURE) from None
    return tables_over(variables, texts, path)


def _dimensions(variable: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in variable.dimensions)


def _text(value: object) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


NETCDF3 = Reader("NetCDF 3 file", _sniff, _read)
"""Reads NetCDF 3 files by SciPy."""
