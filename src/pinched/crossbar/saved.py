"""Memories as files and as plain arrays, exact to the last bit, counters included, without pickle.

`save_memory` and `load_memory` for a .npz file; `to_arrays` and `from_arrays` for a dictionary of NumPy arrays, which
also goes into a torch `state_dict` (all entries are numeric). The distributions and the repair are kept as JSON text
in the bytes of the entry "record"; the cells are kept as they are and not drawn again, so that a file means the same
in every version.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pinched._errors import DataFileError, PinchedError
from pinched._params import require
from pinched.crossbar.cells import CellState, Endurance
from pinched.crossbar.defects import DefectMap
from pinched.crossbar.hamming import Hamming
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.pulses import Cost, Pulses
from pinched.crossbar.redundancy import Majority, SpareCells, SpareRows
from pinched.crossbar.relaxation import Relaxation
from pinched.crossbar.repair import ProgrammedMemory, Repair
from pinched.crossbar.writing import OnePulse, WriteVerify
from pinched.devices.spread import DeviceSpread
from pinched.extraction.distributions import Lognormal, Normal, Weibull

FORMAT = 1
"""Version of the layout of the file."""

# Everything that a file may name; nothing else is ever built from one.
_TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(DeviceSpread, Lognormal, Normal, Weibull, Endurance, Relaxation, Pulses, Repair),
        *(OnePulse, WriteVerify, Majority, SpareCells, SpareRows, DefectMap, Hamming, CellState),
    )
}
_PLAIN = (
    *("spread", "shape", "seed", "arrays", "write_voltage", "threshold"),
    *("stuck_at_hrs", "stuck_at_lrs", "endurance", "relaxation"),
)
_TENSORS = ("v_set", "v_reset", "lrs", "hrs", "working", "limit", "state", "writes", "age", "tau")


def _encoded(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"type": type(value).__name__, "member": value.name}
    if isinstance(value, range):
        return {"range": [value.start, value.stop, value.step]}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist()}
    if isinstance(value, tuple):
        return {"tuple": [_encoded(item) for item in value]}
    if dataclasses.is_dataclass(value):
        fields = {f.name: _encoded(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, "fields": fields}
    return value


def _decoded(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "range" in value:
        return range(*value["range"])
    if "array" in value:
        return np.array(value["array"])
    if "tuple" in value:
        return tuple(_decoded(item) for item in value["tuple"])
    kind = _TYPES[value["type"]]
    if "member" in value:
        return kind[value["member"]]  # type: ignore[index]
    return kind(**{name: _decoded(item) for name, item in value["fields"].items()})


def to_arrays(memory: ReramMemory | ProgrammedMemory) -> dict[str, np.ndarray]:
    """`memory` as numeric arrays by name."""
    cells = memory.memory if isinstance(memory, ProgrammedMemory) else memory
    record: dict[str, Any] = {"format": FORMAT}
    record["memory"] = {name: _encoded(getattr(cells, name)) for name in _PLAIN}
    arrays = {
        f"memory.{name}": tensor.numpy() for name in _TENSORS if (tensor := getattr(cells, name)) is not None
    }
    if isinstance(memory, ProgrammedMemory):
        record["programmed"] = {
            "repair": _encoded(memory.repair),
            "shape": _encoded(memory.shape),
            "notes": _encoded(memory.notes),
            "pulses": _encoded(memory.cost.pulses),
        }
        arrays["table"] = memory.table.numpy()
        arrays["unrepaired"] = memory.unrepaired.numpy()
        if memory.cells is not None:
            arrays["cells"] = memory.cells.numpy()
        for field in dataclasses.fields(Cost):
            if field.name != "pulses":
                arrays[f"cost.{field.name}"] = getattr(memory.cost, field.name).numpy()
    arrays["record"] = np.frombuffer(json.dumps(record).encode(), dtype=np.uint8).copy()
    return arrays


def from_arrays(arrays: Mapping[str, np.ndarray]) -> ReramMemory | ProgrammedMemory:
    """The memory that `to_arrays` took apart; raises `PinchedError` for arrays that are no memory."""
    try:
        record = json.loads(bytes(np.asarray(arrays["record"], dtype=np.uint8)))
        require(
            ReramMemory,
            record["format"] == FORMAT,
            f"the file has format {record['format']}, this version reads {FORMAT}. Use the version that wrote it.",
        )
        plain = {name: _decoded(record["memory"][name]) for name in _PLAIN}
        tensors = {name: _tensor(arrays, f"memory.{name}") for name in _TENSORS}
        memory = object.__new__(ReramMemory).with_fields(**plain, **tensors)
        if "programmed" not in record:
            return memory
        told = {name: _decoded(value) for name, value in record["programmed"].items()}
        costs = {
            field.name: _tensor(arrays, f"cost.{field.name}")
            for field in dataclasses.fields(Cost)
            if field.name != "pulses"
        }
        return ProgrammedMemory(
            memory=memory,
            repair=told["repair"],
            shape=told["shape"],
            notes=told["notes"],
            table=torch.from_numpy(np.array(arrays["table"])),
            cells=_tensor(arrays, "cells"),
            unrepaired=torch.from_numpy(np.array(arrays["unrepaired"])),
            cost=Cost(pulses=told["pulses"], **costs),
        )
    except (KeyError, TypeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise PinchedError(
            f"these arrays are no saved memory ({type(error).__name__}: {error}). Give what to_arrays or save_memory "
            "made."
        ) from error


def _tensor(arrays: Mapping[str, np.ndarray], name: str) -> Any:
    return torch.from_numpy(np.array(arrays[name])) if name in arrays else None


def save_memory(memory: ReramMemory | ProgrammedMemory, path: Path | str) -> Path:
    """Write `memory` to a .npz file, whole or not at all; returns the path."""
    target = Path(path)
    require(
        ReramMemory, target.suffix == ".npz", f"{target}: the name of a saved memory ends with .npz. Add it."
    )
    aside = target.with_name(f".{target.name}.part")
    with aside.open("wb") as file:
        np.savez_compressed(file, **to_arrays(memory))  # pyright: ignore[reportArgumentType]
    aside.replace(target)
    return target


def load_memory(path: Path | str) -> ReramMemory | ProgrammedMemory:
    """The memory in a file of `save_memory`; raises `DataFileError` for another file. Nothing in it is executed."""
    try:
        with np.load(Path(path), allow_pickle=False) as stored:
            return from_arrays({name: stored[name] for name in stored.files})
    except FileNotFoundError as error:
        raise DataFileError(path, "", "does not exist", "Check the path.") from error
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError) as error:
        raise DataFileError(
            path, "", f"is no saved memory ({error})", "Give a file of save_memory."
        ) from error
