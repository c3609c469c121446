"""`IVSweep`: one current-voltage trace, measured or simulated, and where it came from.

Every reader, compact law and charge-transport run returns it, so every extraction works on all three.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pinched._params import quantity, require
from pinched.data.keeping import data_set
from pinched.data.settings import Setting, SettingName

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Where a sweep came from, so that every number of a report can be traced to a file.

    `simulated_by` is set, and stays set, for anything that no instrument measured.
    """

    file: str = ""
    """Path as the user gave it; "" when the sweep came from no file."""
    sheet: str = ""
    """Sheet of a workbook; "" for other files."""
    columns: tuple[str, ...] = ()
    """Heads of the columns used, in the order time, voltage, current (time left out when there is none)."""
    sha256: str = ""
    """Hash of the file's bytes, hexadecimal."""
    first_line: int = 0
    """Line (text) or row (sheet) of the first sample, counted from 1; 0 when unknown."""
    guesses: tuple[str, ...] = ()
    """What was inferred and not stated: columns, units, device, cycle; one sentence each."""
    simulated_by: str = ""
    """The law or script that simulated the sweep; "" for a measurement."""


def csv_text(
    columns: Mapping[str, Float[np.ndarray, " row"]], settings: Iterable[Setting], simulated_by: str = ""
) -> str:
    """CSV text of `columns` (head with its SI unit -> values) under lines "# name: value unit" of `settings`.

    Every number is written so that reading gives back the same float; NaN is an empty measurement, "nan".
    """
    lines = [f"# simulated_by: {simulated_by}"] if simulated_by else []
    lines.extend(f"# {item.line()}" for item in settings if item.value is not None)
    lines.append(",".join(columns))
    lines.extend(
        ",".join(map(repr, row)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)
    )
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class IVSweep:
    """One current-voltage trace of one device; arrays are read-only and of equal length.

    Positive voltage is on the top electrode; `flipped` is the one way to turn a sweep round. A trace
    may hold several cycles: `pinched.extraction.split_cycles` cuts it. Raises `PinchedError` for
    arrays of unequal length, of fewer than two samples, or with a value that is not finite.
    """

    voltage: Float[np.ndarray, " sample"] = quantity(dataclasses.MISSING, "V", "V", "voltage on the device")
    current: Float[np.ndarray, " sample"] = quantity(
        dataclasses.MISSING, "A", "I", "current through the device, signed or as an instrument stored it"
    )
    time: Float[np.ndarray, " sample"] | None = quantity(
        None, "s", "t", "time; None when it was not recorded"
    )
    compliance_current: float | None = quantity(
        None, "A", r"I_\mathrm{cc}", "current limit; None when unknown"
    )
    device: str = "device"
    cycle: int = 1
    """Number of the (first) cycle of this trace on its device, from 1."""
    provenance: Provenance = Provenance()
    settings: tuple[Setting, ...] = ()
    """What else is known of the measurement, each with where it is known from; one per name."""

    def __post_init__(self) -> None:
        for name in ("voltage", "current", "time"):
            values = getattr(self, name)
            if values is None:
                continue
            array = np.array(values, dtype=np.float64)
            require(self, array.ndim == 1, f"{name} must have one axis (sample), it has shape {array.shape}.")
            require(
                self,
                bool(np.isfinite(array).all()),
                f"{name} holds {int((~np.isfinite(array)).sum())} values that are not finite: drop those samples.",
            )
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        n = self.voltage.size
        require(self, n >= 2, f"a sweep needs at least 2 samples, this one has {n}.")
        require(
            self,
            self.current.size == n and (self.time is None or self.time.size == n),
            f"voltage has {n} samples, current {self.current.size}"
            + ("" if self.time is None else f", time {self.time.size}")
            + ": they must be equal.",
        )
        limit = self.compliance_current
        require(
            self, limit is None or limit > 0, f"compliance_current is {limit} A; it must be positive or None."
        )

    def __len__(self) -> int:
        return self.voltage.size

    @property
    def current_is_absolute(self) -> bool:
        """True when the sign of the current was lost: it is never negative although the voltage is."""
        return bool((self.voltage < 0).any() and (self.current >= 0).all())

    @property
    def signed_current(self) -> Float[np.ndarray, " sample"]:
        """Current (A) with the sign of the voltage put back where it was stored as an absolute value."""
        if not self.current_is_absolute:
            return self.current
        return np.where(self.voltage < 0, -self.current, self.current)

    def flipped(self) -> IVSweep:
        """The same sweep seen from the other electrode: voltage and current change sign.

        A current stored as an absolute value stays one: its sign was not known before either.
        """
        current = self.current if self.current_is_absolute else -self.current
        return dataclasses.replace(self, voltage=-self.voltage, current=current)

    def to_csv(self) -> str:
        """The sweep as CSV text, units in the heads; `read_sweeps` gives the same sweep back.

        Lines "# key: value" above the head keep what columns cannot: who simulated it, the compliance. For many
        sweeps in one file, with device and cycle, see `sweeps_csv`.
        """
        return csv_text(self._columns(), self._stated(), self.provenance.simulated_by)

    def to_xarray(self) -> xarray.Dataset:
        """The sweep as an xarray data set over `sample`, units in the attributes of each variable.

        Raises `PinchedError` where xarray is not installed.
        """
        own = (
            Setting(SettingName.DEVICE, self.device),
            Setting(SettingName.CYCLE, float(self.cycle), "1"),
        )
        return data_set(self._columns(), ("sample",), (*own, *self._stated()), self.provenance)

    def _columns(self) -> dict[str, Float[np.ndarray, " sample"]]:
        columns = {"voltage (V)": self.voltage, "current (A)": self.current}
        return columns if self.time is None else {"time (s)": self.time, **columns}

    def _stated(self) -> list[Setting]:
        stated = [item for item in self.settings if item.name != SettingName.COMPLIANCE_CURRENT]
        if self.compliance_current is not None:
            stated.append(Setting(SettingName.COMPLIANCE_CURRENT, float(self.compliance_current), "A"))
        return stated

    def part(self, samples: slice, *, cycle: int | None = None) -> IVSweep:
        """Samples `samples` of this sweep, as cycle number `cycle` (the sweep's own when None)."""
        return dataclasses.replace(
            self,
            voltage=self.voltage[samples],
            current=self.current[samples],
            time=None if self.time is None else self.time[samples],
            cycle=self.cycle if cycle is None else cycle,
        )
