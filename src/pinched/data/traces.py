"""What is measured beside sweeps: pulses, retention, endurance.

`PulseTrace` for programming and plasticity (a state read after each pulse), `Retention` for a state left
alone, `Endurance` for two states over many cycles. All hold resistances or conductances in SI, read-only,
with a device, a `Provenance`, and None wherever the file did not say.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._params import quantity, require
from pinched.data.sweep import Provenance


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

    def __post_init__(self) -> None:
        _freeze(self, ("conductance", "amplitude", "width", "time"))

    def __len__(self) -> int:
        return self.conductance.size


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

    def __post_init__(self) -> None:
        _freeze(self, ("time", "resistance"))

    def __len__(self) -> int:
        return self.time.size


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

    def __post_init__(self) -> None:
        _freeze(self, ("cycle", "resistance_lrs", "resistance_hrs"))

    def __len__(self) -> int:
        return self.cycle.size
