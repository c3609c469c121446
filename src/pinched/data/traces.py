"""What is measured beside sweeps: pulses, retention, endurance, levels of many cells.

`PulseTrace` for programming and plasticity (a state read after each pulse), `Retention` for a state left
alone, `Endurance` for two states over many cycles, `LevelReads` for many cells read at once and `WriteLog` for
how they were written. All hold resistances or conductances in SI, read-only, with a device, a `Provenance`, the
settings that are known, and None wherever the file did not say. `to_csv` keeps one with units in the heads.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from pinched._params import quantity, require
from pinched.data.keeping import data_set
from pinched.data.settings import Origin, Setting, SettingName, merged
from pinched.data.sweep import Provenance, csv_text

if TYPE_CHECKING:
    import xarray


def _freeze(owner: object, names: tuple[str, ...]) -> None:
    """Turn the arrays `names` of a frozen record into read-only float64; all of one length, one axis."""
    sizes = {}
    for name in names:
        values = getattr(owner, name)
        if values is None:
            continue
        array = np.array(values, dtype=np.float64)
        require(owner, array.ndim == 1, f"{name} must have one axis, it has shape {array.shape}.")
        array.setflags(write=False)
        object.__setattr__(owner, name, array)
        sizes[name] = array.size
    require(owner, len(set(sizes.values())) == 1, f"arrays differ in length: {sizes}.")
    require(owner, next(iter(sizes.values())) >= 1, "there is no sample: give at least one.")


def _known(*fields: tuple[SettingName, float | str | None, str]) -> tuple[Setting, ...]:
    """Settings of a record's own fields (name, value, SI unit), those left out that are None or ""."""
    return tuple(
        Setting(name, value, unit, Origin.FILE)
        for name, value, unit in fields
        if value is not None and value != ""
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PulseTrace:
    """State of one device read after each of a series of pulses; NaN where a read was not taken."""

    conductance: Float[np.ndarray, " pulse"] = quantity(
        dataclasses.MISSING,
        "S",
        "G",
        "conductance read after each pulse; index 0 may be the state before the first",
    )
    amplitude: Float[np.ndarray, " pulse"] | None = quantity(
        None, "V", r"V_\mathrm{p}", "signed amplitude of each pulse; None when unknown"
    )
    width: Float[np.ndarray, " pulse"] | None = quantity(
        None, "s", r"t_\mathrm{p}", "width of each pulse; None when unknown"
    )
    time: Float[np.ndarray, " pulse"] | None = quantity(
        None, "s", "t", "time of each read; None when unknown"
    )
    read_voltage: float | None = quantity(None, "V", r"V_\mathrm{r}", "read voltage; None when unknown")
    compliance_current: float | None = quantity(
        None, "A", r"I_\mathrm{cc}", "current limit; None when unknown"
    )
    device: str = "device"
    label: str = ""
    """What the file calls the trace, such as "Gprog"; "" when it says nothing."""
    cycle: int = 1
    """Number of the trace on its device, from 1."""
    provenance: Provenance = dataclasses.field(default_factory=Provenance)
    settings: tuple[Setting, ...] = ()
    """What else is known of the measurement, each with where it is known from; one per name."""

    def __post_init__(self) -> None:
        _freeze(self, ("conductance", "amplitude", "width", "time"))

    def __len__(self) -> int:
        return self.conductance.size

    def to_csv(self) -> str:
        """The trace as CSV text, units in the heads; `read_pulses` gives the same trace back."""
        return csv_text(*self._kept(), self.provenance.simulated_by)

    def to_xarray(self) -> xarray.Dataset:
        """The trace as an xarray data set over `pulse`; raises `PinchedError` where xarray is not installed."""
        columns, settings = self._kept()
        return data_set(columns, ("pulse",), settings, self.provenance)

    def _kept(self) -> tuple[dict[str, np.ndarray], tuple[Setting, ...]]:
        optional = {
            "pulse amplitude (V)": self.amplitude,
            "pulse width (s)": self.width,
            "time (s)": self.time,
        }
        columns = {"pulse": np.arange(float(len(self))), "conductance (S)": self.conductance}
        columns |= {head: values for head, values in optional.items() if values is not None}
        own = _known(
            (SettingName.DEVICE, self.device, ""), (SettingName.LABEL, self.label, ""),
            (SettingName.CYCLE, float(self.cycle), "1"), (SettingName.READ_VOLTAGE, self.read_voltage, "V"),
            (SettingName.COMPLIANCE_CURRENT, self.compliance_current, "A"),
        )  # fmt: skip
        return columns, merged(own, self.settings)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Retention:
    """Resistance of one device against time since it was programmed; times as the file has them, in seconds."""

    time: Float[np.ndarray, " read"] = quantity(dataclasses.MISSING, "s", "t", "time of each read")
    resistance: Float[np.ndarray, " read"] = quantity(
        dataclasses.MISSING, "ohm", "R", "resistance at each read"
    )
    read_voltage: float | None = quantity(None, "V", r"V_\mathrm{r}", "read voltage; None when unknown")
    temperature: float | None = quantity(None, "K", "T", "temperature; None when unknown")
    device: str = "device"
    state: str = ""
    """Which state was programmed ("lrs", "hrs", "level 3"); "" when unknown."""
    provenance: Provenance = dataclasses.field(default_factory=Provenance)
    settings: tuple[Setting, ...] = ()
    """What else is known of the measurement, each with where it is known from; one per name."""

    def __post_init__(self) -> None:
        _freeze(self, ("time", "resistance"))

    def __len__(self) -> int:
        return self.time.size

    def to_csv(self) -> str:
        """The reads as CSV text, units in the heads; `read_retention` gives the same reads back."""
        return csv_text(*self._kept(), self.provenance.simulated_by)

    def to_xarray(self) -> xarray.Dataset:
        """The reads as an xarray data set over `read`; raises `PinchedError` where xarray is not installed."""
        columns, settings = self._kept()
        return data_set(columns, ("read",), settings, self.provenance)

    def _kept(self) -> tuple[dict[str, np.ndarray], tuple[Setting, ...]]:
        own = _known(
            (SettingName.DEVICE, self.device, ""), (SettingName.STATE, self.state, ""),
            (SettingName.READ_VOLTAGE, self.read_voltage, "V"), (SettingName.TEMPERATURE, self.temperature, "K"),
        )  # fmt: skip
        columns = {"time (s)": self.time, "resistance (ohm)": self.resistance}
        return columns, merged(own, self.settings)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Endurance:
    """Both resistance states of one device over its cycles; NaN where a state was not read in a cycle."""

    cycle: Float[np.ndarray, " read"] = quantity(
        dataclasses.MISSING, "1", "n", "number of write cycles applied before each read"
    )
    resistance_lrs: Float[np.ndarray, " read"] = quantity(
        dataclasses.MISSING, "ohm", r"R_\mathrm{LRS}", "resistance after SET"
    )
    resistance_hrs: Float[np.ndarray, " read"] = quantity(
        dataclasses.MISSING, "ohm", r"R_\mathrm{HRS}", "resistance after RESET"
    )
    read_voltage: float | None = quantity(None, "V", r"V_\mathrm{r}", "read voltage; None when unknown")
    device: str = "device"
    provenance: Provenance = dataclasses.field(default_factory=Provenance)
    settings: tuple[Setting, ...] = ()
    """What else is known of the measurement, each with where it is known from; one per name."""

    def __post_init__(self) -> None:
        _freeze(self, ("cycle", "resistance_lrs", "resistance_hrs"))

    def __len__(self) -> int:
        return self.cycle.size

    def to_csv(self) -> str:
        """Both states as CSV text, units in the heads; `read_endurance` gives the same record back."""
        return csv_text(*self._kept(), self.provenance.simulated_by)

    def to_xarray(self) -> xarray.Dataset:
        """Both states as an xarray data set over `read`; raises `PinchedError` where xarray is not installed."""
        columns, settings = self._kept()
        return data_set(columns, ("read",), settings, self.provenance)

    def _kept(self) -> tuple[dict[str, np.ndarray], tuple[Setting, ...]]:
        own = _known(
            (SettingName.DEVICE, self.device, ""), (SettingName.READ_VOLTAGE, self.read_voltage, "V")
        )
        columns = {"cycle": self.cycle, "LRS (ohm)": self.resistance_lrs, "HRS (ohm)": self.resistance_hrs}
        return columns, merged(own, self.settings)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LevelReads:
    """Resistances of many cells, read once or several times one after the other; NaN where a read failed."""

    resistance: Float[np.ndarray, "read cell"] = quantity(
        dataclasses.MISSING, "ohm", "R", "resistance of each cell in each read"
    )
    device: str = "device"
    provenance: Provenance = dataclasses.field(default_factory=Provenance)
    settings: tuple[Setting, ...] = ()
    """What else is known of the measurement, each with where it is known from; one per name."""

    def __post_init__(self) -> None:
        array = np.array(self.resistance, dtype=np.float64)
        require(
            self,
            array.ndim == 2 and array.size > 0,
            f"resistance has shape {array.shape}: (read, cell) is wanted.",
        )
        array.setflags(write=False)
        object.__setattr__(self, "resistance", array)

    def __len__(self) -> int:
        return self.resistance.shape[1]

    @property
    def conductance(self) -> Float[np.ndarray, "read cell"]:
        """Conductance (S) of each cell in each read."""
        return 1.0 / self.resistance

    def levels(self, borders: Float[np.ndarray, " border"]) -> Int[np.ndarray, "read cell"]:
        """Level of each cell, 0 below the first of the rising `borders` (ohm); -1 where the read failed."""
        found = np.searchsorted(borders, self.resistance, side="right")
        return np.where(np.isnan(self.resistance), -1, found)

    def to_csv(self) -> str:
        """The reads as CSV text, one column per read, units in the heads; `read_levels` gives them back."""
        columns = {f"resistance read {k + 1} (ohm)": read for k, read in enumerate(self.resistance)}
        own = _known((SettingName.DEVICE, self.device, ""))
        return csv_text(columns, merged(own, self.settings), self.provenance.simulated_by)

    def to_xarray(self) -> xarray.Dataset:
        """The reads as an xarray data set over `read` and `cell`; raises `PinchedError` without xarray."""
        own = _known((SettingName.DEVICE, self.device, ""))
        columns = {"resistance (ohm)": self.resistance}
        return data_set(columns, ("read", "cell"), merged(own, self.settings), self.provenance)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WriteLog:
    """What writing to cells gave, one row per write: the range that was wanted and the state that was reached."""

    address: Float[np.ndarray, " write"] = quantity(dataclasses.MISSING, "1", "a", "number of the cell")
    resistance: Float[np.ndarray, " write"] = quantity(
        dataclasses.MISSING, "ohm", "R", "resistance that was reached"
    )
    lower: Float[np.ndarray, " write"] = quantity(
        dataclasses.MISSING, "ohm", r"R_\mathrm{low}", "lower end of the wanted range"
    )
    upper: Float[np.ndarray, " write"] = quantity(
        dataclasses.MISSING, "ohm", r"R_\mathrm{high}", "upper end of the wanted range"
    )
    device: str = "device"
    provenance: Provenance = dataclasses.field(default_factory=Provenance)
    settings: tuple[Setting, ...] = ()
    """What else is known of the measurement, each with where it is known from; one per name."""

    def __post_init__(self) -> None:
        _freeze(self, ("address", "resistance", "lower", "upper"))

    def __len__(self) -> int:
        return self.resistance.size

    @property
    def borders(self) -> Float[np.ndarray, " border"]:
        """Resistances (ohm) between neighbouring levels: geometric means of the gaps between the wanted ranges."""
        ranges = np.unique(np.column_stack([self.lower, self.upper]), axis=0)
        return np.sqrt(ranges[:-1, 1] * ranges[1:, 0])

    def to_csv(self) -> str:
        """The log as CSV text, units in the heads; `read_writes` gives it back."""
        return csv_text(*self._kept(), self.provenance.simulated_by)

    def to_xarray(self) -> xarray.Dataset:
        """The log as an xarray data set over `write`; raises `PinchedError` where xarray is not installed."""
        columns, settings = self._kept()
        return data_set(columns, ("write",), settings, self.provenance)

    def _kept(self) -> tuple[dict[str, np.ndarray], tuple[Setting, ...]]:
        columns = {
            "address": self.address, "resistance (ohm)": self.resistance,
            "wanted from (ohm)": self.lower, "wanted to (ohm)": self.upper,
        }  # fmt: skip
        own = _known((SettingName.DEVICE, self.device, ""))
        return columns, merged(own, self.settings)
