"""Records as data sets that are kept: `data_set` behind every `to_xarray`, `sweeps_csv` for many sweeps in one file.

Both hold every number exactly, with its unit and what is known of the measurement; `read_sweeps` and its siblings
read them back. One record alone is kept by its own `to_csv`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._units import split_head
from pinched.data.settings import Setting

if TYPE_CHECKING:
    import xarray

    from pinched.data.sweep import IVSweep, Provenance

SET_MARK = "pinched: sweeps of several devices and cycles"
"""First comment of a file of `sweeps_csv`: what stands above each block names its device and its cycle."""


def data_set(
    columns: Mapping[str, Float[np.ndarray, ...]],
    dimensions: tuple[str, ...],
    settings: Iterable[Setting],
    provenance: Provenance,
) -> xarray.Dataset:
    """An `xarray.Dataset` of `columns` (head with its SI unit -> values) over `dimensions`.

    Units stand in the attribute `units` of each variable, settings with their unit in the attributes of the set.
    Raises `PinchedError` where xarray is not installed.
    """
    try:
        import xarray
    except ImportError as error:
        raise PinchedError(
            "xarray is not installed, so there is no data set to return. Run `pip install 'pinched[xarray]'`, or use "
            "`to_csv`."
        ) from error
    variables = {}
    for head, values in columns.items():
        name, unit, _ = split_head(head)
        name = name.strip()
        about = {"units": unit or "1", "long_name": name}
        variables[name.replace(" ", "_")] = (dimensions, np.asarray(values, dtype=np.float64), about)
    known = {"file": provenance.file, "sha256": provenance.sha256, "simulated_by": provenance.simulated_by}
    attributes = {key: text for key, text in known.items() if text}
    for item in settings:
        if item.value is not None:
            attributes[item.name] = item.line().partition(": ")[2]
    return xarray.Dataset(variables, attrs=attributes)


def sweeps_csv(sweeps: Sequence[IVSweep]) -> str:
    """All `sweeps` as one CSV text, a block per sweep under its device and cycle; `read_sweeps` gives them back.

    Raises `PinchedError` for a device whose name holds a line break, and for two sweeps of one device and cycle: they
    could not be told apart any more.
    """
    seen: set[tuple[str, int]] = set()
    blocks = [f"# {SET_MARK}\n"]
    for sweep in sweeps:
        key = (sweep.device, sweep.cycle)
        if key in seen:
            raise PinchedError(
                f"two sweeps are device '{sweep.device}', cycle {sweep.cycle}: give each its own number, or keep "
                "them in files of their own (to_csv)."
            )
        if not sweep.device.strip() or sweep.device != " ".join(sweep.device.split()):
            raise PinchedError(
                f"the device is called {sweep.device!r}: give it a name in one line, without double blanks."
            )
        seen.add(key)
        blocks.append(f"# device: {sweep.device}\n# cycle: {sweep.cycle}\n{sweep.to_csv()}\n")
    return "\n".join(blocks)
