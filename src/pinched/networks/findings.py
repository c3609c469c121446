"""What was found about a stored network beside its accuracy: what costs it, what it would need, what storing took.

Records only; `sensitivity`, `required` and `evaluate` make them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Property(Enum):
    """What can be wrong with a device."""

    V_SET_SPREAD = "spread of V_SET"
    """Cells that the write voltage does not set."""
    V_RESET_SPREAD = "spread of |V_RESET|"
    """Cells that it does not reset; a fresh array is in HRS already and needs none."""
    OVERLAP = "overlap of LRS and HRS"
    """Cells on the wrong side of the sense threshold."""
    YIELD = "yield"
    """Cells that never switch: beyond the yield, or stuck."""
    ENDURANCE = "endurance"
    """Cells worn out by writing them."""
    RETENTION = "retention"
    """Cells that lose their state between writing and reading; nothing without a bake."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PropertyCost:
    """What one property costs; accuracies are shares, 0 to 1, mean over arrays."""

    property: Property
    """The property."""
    recovered: float
    """Accuracy won when this property alone becomes perfect."""
    recovered_interval: tuple[float, float]
    """95 % bootstrap interval over arrays, the same arrays before and after."""
    alone: float
    """Accuracy lost when everything but this property is perfect."""
    alone_interval: tuple[float, float]
    """95 % bootstrap interval over arrays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sensitivity:
    """The properties of a device, the costliest first."""

    accuracy: float
    """Of the devices as they are, mean over arrays."""
    accuracy_ideal: float
    """Of devices in which everything is perfect: the quantized network, unless the write voltage is too low."""
    ranking: tuple[PropertyCost, ...]
    """By what the accuracy wins, largest first."""
    arrays: int
    """Arrays behind every number."""


class Knob(Enum):
    """What may be turned to reach an accuracy."""

    V_SET_SPREAD = "spread of V_SET"
    """sigma_log of a lognormal V_SET; of other distributions the share of the present spread."""
    OVERLAP = "spread of LRS and HRS"
    """Share of the present spread of both states."""
    YIELD = "yield"
    """Share of working devices."""
    WRITE_VOLTAGE = "write voltage"
    """Magnitude of the pulses (V)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """What a wanted accuracy asks of one property."""

    knob: Knob
    """The property."""
    target: float
    """Wanted mean accuracy (share, 0 to 1)."""
    value: float
    """What reaches it: sigma_log or a share of the present spread, a share (yield), or V."""
    unit: str
    """Unit of `value`; "1" for shares and sigma_log."""
    interval: tuple[float, float]
    """95 % bootstrap interval over arrays; an end lies at the limit of the search where a curve did not cross."""
    accuracy: float
    """Mean accuracy at `value`."""
    present: float
    """Where the property stands now."""
    met: bool
    """Whether the present value already reaches the target."""
    reached: bool
    """Whether any value does; if none, `value` is the best of the range and `accuracy` how far it gets."""
    arrays: int
    """Arrays behind every trial."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageCost:
    """What storing a network takes, mean over arrays unless it says otherwise; counts are per array."""

    area_factor: float
    """Cells of an array per bit of the network."""
    table_bits: int
    """Bits of reliable storage outside the array: what stands for what."""
    writes: float
    """Write pulses."""
    reads: float
    """Reads of one cell, to verify or to test."""
    retries: float
    """Pulses after the first one for a bit of a cell."""
    retries_max: int
    """Most retries for one bit of one cell, in any array."""
    wear_mean: float
    """Write pulses per cell that got any; those of earlier cycles count."""
    wear_max: int
    """Write pulses on the cell that got most, in any array."""
    wear_share: float
    """Largest share of its endurance that a cell has used up, in any array; NaN without an endurance."""
    worn: float
    """Cells beyond their endurance."""
    time_serial: float
    """Time (s) when one cell is written or read after the other."""
    time_rows: float
    """Time (s) when all cells of a word line are written or read at once."""
    energy_low: float
    """Lower bound of the energy (J) of all pulses and reads."""
    energy_high: float
    """Upper bound of the energy (J)."""
    unrepaired: float
    """Stored bits that did not read as they should after programming."""
    unplaced: float
    """Bits for which a defect map found no good cell."""
    write_width: float
    """Width (s) of a SET pulse behind the times; those of the other pulses belong to `Pulses`."""
    notes: tuple[str, ...] = ()
    """Why a limit was reached, one sentence each."""
