"""`Runs`: simulated sweeps of many devices as arrays, the form in which surrogates learn and are judged.

`load_runs` reads a store (`pinched dataset simulate`), `split_runs` divides by device: two runs of one device never
stand on both sides, or a network would be asked what it has seen.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched._random import generator
from pinched.physics.estimate import Common

if TYPE_CHECKING:
    import xarray

DRIVE = ("amplitude", "period")
"""Parameters that state the waveform and not the device."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Runs:
    """Sweeps of many devices on equally many samples; arrays are read-only.

    Raises `PinchedError` for shapes that do not fit and for values that are not finite.
    """

    parameters: Float[np.ndarray, "run parameter"] = quantity(
        dataclasses.MISSING, "1", r"\theta", "parameters of each run, in the SI units of `units`"
    )
    names: tuple[str, ...]
    """Name of each parameter."""
    units: tuple[str, ...]
    """SI unit of each parameter."""
    elapsed: Float[np.ndarray, "run time"] = quantity(dataclasses.MISSING, "s", "t", "time since the start")
    voltage: Float[np.ndarray, "run time"] = quantity(dataclasses.MISSING, "V", "V", "applied voltage")
    current: Float[np.ndarray, "run time"] = quantity(dataclasses.MISSING, "A", "I", "current")
    common: Common
    """What all devices share."""
    source: str = ""
    """Where the runs come from."""

    def __post_init__(self) -> None:
        for name in ("parameters", "elapsed", "voltage", "current"):
            array = np.array(getattr(self, name), dtype=np.float64)
            require(self, array.ndim == 2, f"{name} has shape {array.shape}; it needs two axes, run first.")
            bad = int((~np.isfinite(array)).any(axis=1).sum())
            require(
                self, bad == 0,
                f"{bad} of {array.shape[0]} runs have values in {name} that are not finite. Leave them out: "
                "load_runs takes only runs that were simulated to the end.",
            )  # fmt: skip
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        require(
            self, self.voltage.shape == self.current.shape == self.elapsed.shape,
            f"elapsed {self.elapsed.shape}, voltage {self.voltage.shape} and current {self.current.shape} differ.",
        )  # fmt: skip
        require(
            self, self.parameters.shape == (len(self.voltage), len(self.names)) and len(self.names)
            == len(self.units),
            f"parameters has shape {self.parameters.shape} for {len(self.voltage)} runs, {len(self.names)} names and "
            f"{len(self.units)} units.",
        )  # fmt: skip
        require(
            self,
            self.voltage.shape[1] >= 2,
            f"{self.voltage.shape[1]} samples per run; at least 2 are needed.",
        )
        require(
            self, bool((np.diff(self.elapsed, axis=1) > 0).all()), "time must rise from sample to sample."
        )

    def __len__(self) -> int:
        return self.voltage.shape[0]

    def column(self, name: str) -> Float[np.ndarray, " run"]:
        """Values of the parameter `name`; raises `PinchedError` where there is none of that name."""
        if name not in self.names:
            raise PinchedError(f"the runs have no parameter '{name}'. They have {', '.join(self.names)}.")
        return self.parameters[:, self.names.index(name)]

    def take(self, index: Int[np.ndarray, " run"] | Bool[np.ndarray, " run"]) -> Runs:
        """The runs of `index`, in its order."""
        return dataclasses.replace(
            self,
            parameters=self.parameters[index], elapsed=self.elapsed[index], voltage=self.voltage[index],
            current=self.current[index],
        )  # fmt: skip

    def sampled(self, at: Int[np.ndarray, " sample"] | Int[np.ndarray, "run sample"]) -> Runs:
        """The same runs at samples `at` (rising), one list for all runs or one list each."""
        rows = np.broadcast_to(at, (len(self), np.shape(at)[-1]))
        picked = {
            name: np.take_along_axis(getattr(self, name), rows, axis=1)
            for name in ("elapsed", "voltage", "current")
        }
        return dataclasses.replace(self, **picked)

    def device(self, but: Sequence[str] = DRIVE) -> Int[np.ndarray, " run"]:
        """Number of the device of each run: runs that agree in all parameters except those of the drive (`but`)."""
        kept = [k for k, name in enumerate(self.names) if name not in but]
        _, number = np.unique(self.parameters[:, kept], axis=0, return_inverse=True)
        return number.reshape(-1)

    def marks(self, but: Sequence[str] = DRIVE) -> Int[np.ndarray, " run"]:
        """A number for the device of each run that does not hang on the other runs: equal devices, equal numbers.

        A surrogate keeps those of the devices that it learnt, so that it is never judged on one of them.
        """
        kept = [k for k, name in enumerate(self.names) if name not in but]
        rows = np.ascontiguousarray(self.parameters[:, kept])
        digests = b"".join(hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in rows)
        return np.frombuffer(digests, dtype="<i8").astype(np.int64)


def load_runs(store: str | Path | xarray.Dataset, *, rejected: bool = False) -> Runs:
    """The kept runs of a store, or of an open data set of one; with `rejected` also those outside a gate of quality.

    Failed runs are never taken: they end before their waveform does. Raises `PinchedError` where no run is left.
    """
    from pinched.physics.store import Status, open_runs, origin_of

    data = open_runs(store) if isinstance(store, str | Path) else store
    status = data["status"].values
    wanted = (status == Status.KEPT) | (rejected & (status == Status.REJECTED))
    name = str(store) if isinstance(store, str | Path) else "data set"
    if not wanted.any():
        raise PinchedError(
            f"{name}: none of its {status.size} runs is kept ({int((status == Status.OPEN).sum())} not simulated "
            f"yet, {int((status == Status.FAILED).sum())} failed). Go on with `pinched dataset simulate --resume`."
        )
    # A store lists its arrays in the order of the file system, which is another one for another store.
    columns = sorted(str(k) for k, v in data.variables.items() if v.attrs.get("role") == "parameter")
    at = np.flatnonzero(wanted)
    return Runs(
        parameters=np.stack([data[k].values[at] for k in columns], axis=1),
        names=tuple(columns),
        units=tuple(str(data[k].attrs["units"]) for k in columns),
        elapsed=data["elapsed"].values[at],
        voltage=data["voltage"].values[at],
        current=data["current"].values[at],
        common=Common(**origin_of(data)["common"]),
        source=name,
    )


def joined(first: Runs, *others: Runs) -> Runs:
    """All runs one after the other; raises `PinchedError` where parameters, what is shared or samples differ."""
    for other in others:
        if (
            other.names != first.names
            or other.units != first.units
            or other.voltage.shape[1] != first.voltage.shape[1]
            or other.common != first.common
        ):
            raise PinchedError(
                f"{other.source or 'the second set'} has the parameters {', '.join(other.names)} on "
                f"{other.voltage.shape[1]} samples, {first.source or 'the first'} has {', '.join(first.names)} on "
                f"{first.voltage.shape[1]}; they share {other.common} and {first.common}. Simulate both "
                "with the same options."
            )
    every = (first, *others)
    return dataclasses.replace(
        first,
        parameters=np.concatenate([r.parameters for r in every]),
        elapsed=np.concatenate([r.elapsed for r in every]),
        voltage=np.concatenate([r.voltage for r in every]),
        current=np.concatenate([r.current for r in every]),
        source=" + ".join(dict.fromkeys(r.source for r in every if r.source)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Which runs train, choose and judge; index arrays into the runs that were split."""

    training: Int[np.ndarray, " run"]
    validation: Int[np.ndarray, " run"]
    """Held back for early stopping; empty where none was asked for."""
    test: Int[np.ndarray, " run"]


def split_runs(runs: Runs, *, test: float = 0.3, validation: float = 0.0, seed: int = 0) -> Split:
    """Divide `runs` at random by device, `test` and `validation` (shares of the devices) held back.

    Raises `PinchedError` for shares that leave nothing to learn from or nothing to be judged on.
    """
    device = runs.device()
    names = np.unique(device)
    counts = round(test * names.size), round(validation * names.size)
    if not (0 < test < 1 and 0 <= validation < 1) or counts[0] < 1 or names.size - sum(counts) < 1:
        raise PinchedError(
            f"test {test} and validation {validation} of {names.size} devices leave {names.size - sum(counts)} to "
            f"learn from and {counts[0]} to be judged on; both need at least 1."
        )
    order = generator(seed, "surrogate", "split").permutation(names)
    at = [order[: counts[0]], order[counts[0] : sum(counts)], order[sum(counts) :]]
    judged, chosen, learned = (np.flatnonzero(np.isin(device, part)) for part in at)
    return Split(learned, chosen, judged)
