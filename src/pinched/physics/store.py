"""Simulated runs on disk: a Zarr store that grows block by block and survives being killed.

`create_store` lays out the arrays, `RunStore.write` puts one block of runs into them, `open_runs` reads a store as an
`xarray.Dataset` (dimensions `run`, `time`; units in the attributes). A run exists once its `status` says so: status
is written after everything else of its block, and each file of a block is moved into place whole. A store that was
cut off at any moment therefore holds whole runs only, and `RunStore.missing` names the blocks that are left to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pinched._errors import DataFileError, PinchedError

if TYPE_CHECKING:
    import xarray
    import zarr

FORMAT = "pinched runs 1"
"""What a store says that it is; another number is another layout."""

_INSTALL = "Run `pip install 'pinched[datasets]'`."


class Status(IntEnum):
    """What became of a run."""

    OPEN = 0
    """Not simulated yet."""
    KEPT = 1
    """Simulated to the end, within the gates of quality."""
    REJECTED = 2
    """Simulated to the end, outside a gate of quality; `reason` says which."""
    FAILED = 3
    """Not simulated to the end; `reason` says why, `reached` how far (s); NaN stands after that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One variable of a store."""

    name: str
    unit: str
    """SI unit; "1" if none."""
    meaning: str
    trace: bool = False
    """True for a value per run and time, False for a value per run."""
    parameter: bool = False
    """True for what the run was made with."""
    type: str = "f8"
    """Type of its values in NumPy's notation."""
    flags: tuple[str, ...] = ()
    """Names of the values 0, 1, ... of a variable that holds a choice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What a store holds: how many runs of how many samples, which variables, and what they were made from."""

    runs: int
    samples: int
    block: int
    """Runs that are written together."""
    columns: tuple[Column, ...]
    origin: Mapping[str, Any]
    """Everything that decides the numbers (JSON): a store is only continued by the same."""


STATUS = Column(
    name="status", unit="1", meaning="what became of the run", type="i1",
    flags=tuple(s.name.lower() for s in Status),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunStore:
    """A store that is open for writing; made by `create_store` and `continue_store`."""

    path: Path
    layout: Layout
    group: Any

    def blocks(self) -> list[range]:
        """All blocks of runs, in order."""
        size, runs = self.layout.block, self.layout.runs
        return [range(k, min(k + size, runs)) for k in range(0, runs, size)]

    def missing(self) -> list[range]:
        """Blocks with a run that is not simulated yet."""
        status = np.asarray(self.group[STATUS.name][:])
        return [block for block in self.blocks() if (status[block.start : block.stop] == Status.OPEN).any()]

    def write(self, block: range, values: Mapping[str, np.ndarray]) -> None:
        """Write `values` (name -> one row per run of `block`), `status` last: only then the runs exist.

        Raises `PinchedError` for a variable that the store has not or that is missing, `OSError` for a full disk.
        """
        wanted = {c.name for c in self.layout.columns if not c.parameter} | {STATUS.name}
        if set(values) != wanted:
            raise PinchedError(
                f"{self.path}: a block brings {', '.join(sorted(values))}, the store has {', '.join(sorted(wanted))}."
            )
        for name, rows in values.items():
            if name != STATUS.name:
                self.group[name][block.start : block.stop] = rows
        self.group[STATUS.name][block.start : block.stop] = values[STATUS.name]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold `path` for this process alone; raises `PinchedError` while another one writes to it.

    The system lets go of the lock when the process ends, however it ends.
    """
    from filelock import FileLock, Timeout

    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Beside the store: a stranger among its arrays would be complained about by every reader.
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=0):
            yield
    except Timeout:
        raise PinchedError(
            f"{path}: another process is writing this store. Wait for it, or choose another --out."
        ) from None


def create_store(path: Path, layout: Layout, parameters: Mapping[str, np.ndarray]) -> RunStore:
    """A new store at `path` with the parameters of all runs in it and no run simulated.

    Raises `PinchedError` where Zarr is not installed and where `path` holds something already.
    """
    zarr = _zarr()
    if path.is_file() or (path.exists() and any(path.iterdir())):
        raise PinchedError(
            f"{path}: is not empty. Add --resume to go on with the store that is there, or choose another --out."
        )
    group = zarr.open_group(path, mode="a", zarr_format=3)
    for column in (*layout.columns, STATUS):
        _create(group, column, layout)
    for name, values in parameters.items():
        group[name][:] = values
    # The attributes come last: a folder without them is a store that was cut off before it began.
    group.attrs.update(_about(layout))
    return RunStore(path, layout, group)


def continue_store(path: Path, layout: Layout, parameters: Mapping[str, np.ndarray]) -> RunStore:
    """The store at `path`, to be gone on with; it grows where `layout` wants more runs, and never shrinks.

    Raises `PinchedError` where the store was made from something else: runs of two kinds would stand side by side.
    """
    zarr = _zarr()
    attributes = _attributes(path)
    if attributes is None:
        # Cut off while it was being laid out: nothing was simulated yet, so nothing is lost by beginning again.
        _clear(path)
        return create_store(path, layout, parameters)
    _check_format(path, attributes)
    have, want = attributes["origin"], json.loads(json.dumps(layout.origin))
    changed = [
        f"{k}: {have.get(k)!r} there, {want.get(k)!r} now"
        for k in {**have, **want}
        if have.get(k) != want.get(k)
    ]
    if changed or attributes["block"] != layout.block:
        raise PinchedError(
            f"{path}: was made from something else ({'; '.join(changed) or 'another block size'}). Give the options "
            "that it was made with, or choose another --out."
        )
    group = zarr.open_group(path, mode="r+", zarr_format=3)
    runs = int(group[STATUS.name].shape[0])
    both = min(runs, layout.runs)
    for name, values in parameters.items():
        # Of another machine the last bits may differ. Runs would stand beside parameters that they do not have.
        if not np.allclose(group[name][:both], values[:both], rtol=1e-9, atol=0.0):
            raise PinchedError(
                f"{path}: {name} of the first {both} devices is not what these options draw today, so the store was "
                "written by a version that drew others. Finish it with that version, or choose another --out."
            )
    if layout.runs < runs:
        layout = Layout(
            runs=runs,
            samples=layout.samples,
            block=layout.block,
            columns=layout.columns,
            origin=layout.origin,
        )
        return RunStore(path, layout, group)
    if layout.runs > runs:
        for column in layout.columns:
            shape = (layout.runs, layout.samples) if column.trace else (layout.runs,)
            group[column.name].resize(shape)
        for name, values in parameters.items():
            group[name][:] = values
        group[STATUS.name].resize((layout.runs,))
    return RunStore(path, layout, group)


def open_runs(path: str | Path) -> xarray.Dataset:
    """The store at `path` as a lazy `xarray.Dataset`: `voltage`, `current`, `elapsed` (run, time), parameters and
    quality (run), with units, and what it was made from in the attributes.

    Runs of every status are there: take those with `status == Status.KEPT` for learning from. Raises `DataFileError`
    for a folder that is no such store or one of another layout.
    """
    path = Path(path)
    _zarr()
    attributes = _attributes(path)
    if attributes is None:
        raise DataFileError(
            str(path),
            "",
            "is no store of runs",
            "Give the folder that `pinched dataset simulate` wrote (runs.zarr).",
        )
    _check_format(path, attributes)
    try:
        import xarray
    except ImportError as error:
        raise PinchedError(f"xarray is not installed. {_INSTALL}") from error
    # Chunks are read when they are asked for; dask is not needed for that.
    return xarray.open_zarr(path, consolidated=False, chunks=None, zarr_format=3)


def origin_of(runs: xarray.Dataset) -> dict[str, Any]:
    """What the runs of an open store were made from: ranges, seed, waveform, accuracy, versions."""
    return dict(runs.attrs["origin"])


def _about(layout: Layout) -> dict[str, Any]:
    origin = json.loads(json.dumps(layout.origin))
    return {
        "format": FORMAT,
        "simulated": "every run is simulated; no instrument measured it",
        "block": layout.block,
        "origin": origin,
    }


def _create(group: zarr.Group, column: Column, layout: Layout) -> None:
    attributes: dict[str, Any] = {"units": column.unit, "long_name": column.meaning}
    if column.parameter:
        attributes["role"] = "parameter"
    if column.flags:
        attributes |= {"flag_values": list(range(len(column.flags))), "flag_meanings": " ".join(column.flags)}
    shape = (layout.runs, layout.samples) if column.trace else (layout.runs,)
    # Parameters are known before the first run and written at once; the rest comes by blocks.
    rows = max(layout.runs, 1) if column.parameter else layout.block
    group.create_array(
        column.name,
        shape=shape,
        dtype=column.type,
        chunks=(rows, layout.samples) if column.trace else (rows,),
        fill_value=np.nan if column.type.startswith("f") else 0,
        dimension_names=("run", "time") if column.trace else ("run",),
        attributes=attributes,
    )


def _attributes(path: Path) -> dict[str, Any] | None:
    """Attributes of the store at `path`; None where there is none, or one that was cut off while it was laid out."""
    head = path / "zarr.json"
    try:
        found = json.loads(head.read_text(encoding="utf-8")).get("attributes", {})
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError):
        raise DataFileError(
            str(head), "", "is damaged", "Choose another folder; the runs in this one cannot be trusted."
        ) from None
    return found if "format" in found else None


def _check_format(path: Path, attributes: Mapping[str, Any]) -> None:
    if attributes["format"] != FORMAT:
        raise DataFileError(
            str(path), "", f"says that it is '{attributes['format']}'",
            f"This version reads '{FORMAT}': use the version of pinched that wrote it, or simulate the runs again.",
        )  # fmt: skip


def _clear(path: Path) -> None:
    import shutil

    if not path.is_dir():
        return
    strangers = [p.name for p in path.iterdir() if p.name != "zarr.json" and not (p / "zarr.json").is_file()]
    if strangers:
        raise PinchedError(f"{path}: is not a store of runs (it holds {strangers[0]}). Choose another --out.")
    for item in path.iterdir():
        if item.is_dir():
            shutil.rmtree(item)
        else:
            item.unlink()


def _zarr() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise PinchedError(f"Zarr is not installed, so there is no store of runs. {_INSTALL}") from error
    return zarr
