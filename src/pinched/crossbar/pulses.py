"""What writing and reading cost: `Pulses` says how long and how strong, `Cost` counts, `Wear` says what is left.

A `Cost` belongs to one programming of one stack of arrays, one number per array; costs of successive programmings add
up. Two times are given, because the array decides between them: one cell after the other, or all cells of a word
line at once (a SET step and then a RESET step). Energy is a pair of bounds: a pulse that switches a cell meets its
old resistance first and the new one then, and when it switches is not modelled.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from pinched._params import quantity, require
from pinched.crossbar.memory import ReramMemory

PerArray = Float64[Tensor, " array"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulses:
    """Widths and voltages that turn counts into time and energy; the defaults are those of marraccini2025fast.

    The paper's pulse test: 20 ms at 2 V to write, 20 ms at 100 mV to read. The write voltage belongs to the memory.
    """

    set_width: float = quantity(0.020, "s", r"t_\mathrm{SET}", "width of a SET pulse")
    reset_width: float = quantity(0.020, "s", r"t_\mathrm{RESET}", "width of a RESET pulse")
    read_width: float = quantity(0.020, "s", r"t_\mathrm{read}", "width of a read pulse")
    read_voltage: float = quantity(0.1, "V", r"V_\mathrm{read}", "voltage of a read pulse")
    compliance_current: float = quantity(
        float("inf"), "A", r"I_\mathrm{cc}", "largest current that the transistor lets through while writing"
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            require(self, value > 0, f"{field.name} is {value} {field.metadata['unit']}; it is above zero.")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Cost:
    """What a programming took, per array (float64); `a + b` is the cost of one after the other."""

    pulses: Pulses
    """Widths and voltages behind times and energies."""
    set_pulses: PerArray
    """SET pulses, each on one cell."""
    reset_pulses: PerArray
    """RESET pulses, each on one cell."""
    reads: PerArray
    """Reads of one cell."""
    set_steps: PerArray
    """SET steps when all cells of a word line are written at once."""
    reset_steps: PerArray
    """RESET steps when all cells of a word line are written at once."""
    read_steps: PerArray
    """Read steps when all cells of a word line are read at once."""
    retries: PerArray
    """Pulses after the first one that a cell got for a bit, all cells together."""
    retries_max: PerArray
    """Most retries for one bit of one cell."""
    energy_low: PerArray
    """Lower bound of the energy (J): each pulse meets the higher of the two resistances before and after it."""
    energy_high: PerArray
    """Upper bound of the energy (J): each pulse meets the lower of the two resistances."""

    @property
    def writes(self) -> PerArray:
        """Write pulses of both polarities."""
        return self.set_pulses + self.reset_pulses

    @property
    def time_serial(self) -> PerArray:
        """Time (s) when one cell is written or read after the other."""
        p = self.pulses
        return self.set_pulses * p.set_width + self.reset_pulses * p.reset_width + self.reads * p.read_width

    @property
    def time_rows(self) -> PerArray:
        """Time (s) when all cells of a word line are written or read at once."""
        p = self.pulses
        return (
            self.set_steps * p.set_width + self.reset_steps * p.reset_width + self.read_steps * p.read_width
        )

    def __add__(self, other: Cost) -> Cost:
        require(
            self,
            self.pulses == other.pulses,
            f"costs with different pulses ({self.pulses} and {other.pulses}) cannot be added.",
        )
        summed = {name: getattr(self, name) + getattr(other, name) for name in _COUNTS}
        summed["retries_max"] = torch.maximum(self.retries_max, other.retries_max)
        return Cost(pulses=self.pulses, **summed)


_COUNTS = tuple(f.name for f in dataclasses.fields(Cost) if f.name != "pulses")


def join_costs(costs: list[Cost]) -> Cost:
    """Costs of several portions of arrays as one, in their order; raises `PinchedError` for none."""
    require(Cost, len(costs) >= 1, "no costs to join; give at least one.")
    joined = {name: torch.cat([getattr(c, name) for c in costs]) for name in _COUNTS}
    return Cost(pulses=costs[0].pulses, **joined)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Wear:
    """What the write counters of a memory say, per array (float64); they count since the cells were fresh."""

    mean: PerArray
    """Write pulses per cell, over all cells of the array."""
    mean_used: PerArray
    """Write pulses per cell that got any; NaN where none did."""
    largest: PerArray
    """Write pulses on the cell that got most."""
    share: PerArray
    """Largest share of its endurance that a cell has used up; above 1 it is worn. NaN without an endurance."""
    worn: PerArray
    """Cells beyond their endurance."""


def wear_of(memory: ReramMemory) -> Wear:
    """Wear of each array of `memory`."""
    writes = memory.writes.flatten(1)
    used = (writes > 0).sum(-1, dtype=torch.float64)
    total = writes.sum(-1, dtype=torch.float64)
    share = torch.full_like(total, float("nan"))
    if memory.endurance is not None:
        # A cell that survives nothing is used up by its first pulse; without one it is not.
        limit = memory.limit.double().clamp(min=1e-9)
        share = (memory.writes / limit).flatten(1).amax(-1)
    return Wear(
        mean=total / writes.shape[-1],
        mean_used=total / used,
        largest=writes.amax(-1).double(),
        share=share,
        worn=memory.worn.flatten(1).sum(-1, dtype=torch.float64),
    )
