"""How a cell gets its bit: one pulse in good faith (`OnePulse`), or pulses until it reads right (`WriteVerify`).

Take `WriteVerify` wherever cells differ: with its rising amplitude it also reaches cells whose V_SET lies above the
write voltage. `WriteVerify(retries=0)` writes once and only finds out what failed; spare cells need no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from pinched._params import quantity, require
from pinched.crossbar.cells import CellState, pulsed
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.pulses import Cost, Pulses, no_cost

Index = Int64[Tensor, " cell"]


class Writer:
    """A memory at work: the one thing here that changes under your hands, alive inside one programming only.

    Works on flat cell numbers (array, word line, bit line). After the first pulse a few per cent of the cells are
    left; copying whole arrays for each of twenty retries would cost more than everything else together.
    """

    def __init__(self, memory: ReramMemory, pulses: Pulses) -> None:
        # Copies: the memory that was given stays as it is.
        self._memory = memory.with_fields(
            state=memory.state.clone(),
            writes=memory.writes.clone(),
            age=None if memory.age is None else memory.age.clone(),
        )
        self._pulses = pulses
        self._counts = no_cost(pulses, len(memory.arrays))
        self.highest_voltage = 0.0
        """Largest amplitude (V) of a pulse so far."""

    @property
    def memory(self) -> ReramMemory:
        """The memory as it stands; take it when the work is done."""
        return self._memory

    @property
    def cost(self) -> Cost:
        """What the work has cost so far."""
        return self._counts

    @property
    def arrays(self) -> int:
        """Number of arrays."""
        return len(self._memory.arrays)

    @property
    def cells(self) -> int:
        """Cells of one array."""
        return self._memory.shape[0] * self._memory.shape[1]

    @property
    def write_voltage(self) -> float:
        """Amplitude (V) of an ordinary pulse."""
        return self._memory.write_voltage

    @property
    def endurance(self) -> int | None:
        """Fewest pulses that a cell survives; None for no limit."""
        return None if self._memory.endurance is None else int(self._memory.limit.min())

    def read(self, index: Index) -> Bool[Tensor, " cell"]:
        """What each cell of `index` reads; counted as a read."""
        resistance = self._memory.resistance_of(index)
        counts, pulses = self._counts, self._pulses
        array, line = self._where(index)
        energy = self._sum(array, pulses.read_voltage**2 * pulses.read_width / resistance)
        counts.reads.add_(self._sum(array))
        counts.read_steps.add_(self._steps(line))
        counts.energy_low.add_(energy)
        counts.energy_high.add_(energy)
        return resistance < self._memory.threshold

    def pulse(self, index: Index, bits: Bool[Tensor, " cell"], volt: float, *, attempt: int = 0) -> None:
        """One pulse of `volt` (V, magnitude) on each cell of `index`: SET for a '1' of `bits`, RESET for a '0'.

        `attempt` counts from 0; every later one is a retry. A cell may stand in `index` only once.
        """
        if index.numel() == 0:
            return
        memory, counts = self._memory, self._counts
        before = memory.resistance_of(index)
        flat_writes, flat_state = memory.writes.view(-1), memory.state.view(-1)
        writes, state = flat_writes[index] + 1, flat_state[index]
        working = memory.working.view(-1)[index]
        limit = memory.limit if memory.limit.numel() > 1 else memory.limit.view(1)
        survives = writes <= (limit.view(-1)[index] if limit.numel() > 1 else limit)
        able = working & survives
        can_set = (memory.v_set.view(-1)[index] <= volt) & able
        can_reset = (memory.v_reset.view(-1)[index] <= volt) & able
        state = pulsed(state, bits, can_set, can_reset)
        if memory.endurance is not None:
            end = torch.tensor(memory.endurance.end is CellState.LRS)
            state = torch.where(working & ~survives, end, state)
        flat_state[index], flat_writes[index] = state, writes
        if memory.age is not None:
            flat_age = memory.age.view(-1)
            flat_age[index] = flat_age[index].masked_fill((bits & can_set) | (~bits & can_reset), 0.0)
        after = memory.resistance_of(index)
        width = torch.where(bits, self._pulses.set_width, self._pulses.reset_width)
        array, line = self._where(index)
        counts.energy_low.add_(self._sum(array, self._energy(torch.maximum(before, after), width, volt)))
        counts.energy_high.add_(self._sum(array, self._energy(torch.minimum(before, after), width, volt)))
        touched, ones = self._sum(array), self._sum(array[bits])
        counts.set_pulses.add_(ones)
        counts.reset_pulses.add_(touched - ones)
        counts.set_steps.add_(self._steps(line[bits]))
        counts.reset_steps.add_(self._steps(line[~bits]))
        self.highest_voltage = max(self.highest_voltage, volt)
        if attempt > 0:
            counts.retries.add_(touched)
            counts.retries_max.copy_(
                torch.where(touched > 0, float(attempt), 0.0).maximum(counts.retries_max)
            )

    def _energy(
        self, resistance: Float32[Tensor, " cell"], width: Float32[Tensor, " cell"], volt: float
    ) -> Float32[Tensor, " cell"]:
        current = (volt / resistance).clamp(max=self._pulses.compliance_current)
        return volt * current * width

    def _where(self, index: Index) -> tuple[Index, Index]:
        # Array and word line (counted through all arrays) of each cell.
        line = index // self._memory.shape[1]
        return line // self._memory.shape[0], line

    def _sum(self, array: Index, values: Float32[Tensor, " cell"] | None = None) -> Tensor:
        # float64 sums in the order of the cells: an array adds up alike in every portion.
        weights = None if values is None else values.double()
        return torch.bincount(array, weights, minlength=self.arrays).double()

    def _steps(self, line: Index) -> Tensor:
        touched = torch.zeros(self.arrays * self._memory.shape[0], dtype=torch.bool)
        touched[line] = True
        return touched.view(self.arrays, -1).sum(-1, dtype=torch.float64)


@runtime_checkable
class Writing(Protocol):
    """How cells are written; frozen."""

    def check(self, writer: Writer) -> None:
        """Raise `PinchedError` for a memory that cannot be written so."""
        ...

    def write(self, writer: Writer, index: Index, bits: Bool[Tensor, " cell"]) -> None:
        """Write `bits` into the cells of `index`."""
        ...

    def write_verified(
        self, writer: Writer, index: Index, bits: Bool[Tensor, " cell"]
    ) -> Bool[Tensor, " cell"]:
        """Write `bits` into the cells of `index`; which of them then read right."""
        ...


@dataclass(frozen=True, slots=True)
class OnePulse:
    """One pulse of the write voltage per cell, not verified."""

    def check(self, writer: Writer) -> None:
        """Nothing to refuse."""

    def write(self, writer: Writer, index: Index, bits: Bool[Tensor, " cell"]) -> None:
        """One pulse each."""
        writer.pulse(index, bits, writer.write_voltage)

    def write_verified(
        self, writer: Writer, index: Index, bits: Bool[Tensor, " cell"]
    ) -> Bool[Tensor, " cell"]:
        """One pulse each, and then a read: spare cells and defect maps cannot do without."""
        self.write(writer, index, bits)
        return writer.read(index) == bits


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteVerify:
    """A pulse, a read, and for each cell that reads wrong another pulse, up to `retries` more.

    Pulse n (from 0) has the write voltage of the memory plus n `step`, at most `max_voltage`. Only cells that read
    wrong are pulsed again. A cell that resists to the end has used retries + 1 pulses of its endurance.
    """

    retries: int = quantity(10, "1", "n", "pulses after the first, at most")
    step: float = quantity(0.0, "V", r"\Delta V", "rise of the amplitude per retry")
    max_voltage: float = quantity(float("inf"), "V", r"V_\mathrm{max}", "largest amplitude")
    read_first: bool = False
    """Read before the first pulse, and leave alone what is right already: less wear, one more read."""

    def __post_init__(self) -> None:
        require(
            self, self.retries >= 0, f"retries is {self.retries}; 0 writes once and verifies. Give 0 or more."
        )
        require(self, self.step >= 0, f"step is {self.step} V; the amplitude rises or stays.")
        require(self, self.max_voltage > 0, f"max_voltage is {self.max_voltage} V; it is above zero.")

    def check(self, writer: Writer) -> None:
        """Refuse more pulses than a cell survives, and a largest amplitude below the first one."""
        survives = writer.endurance
        require(
            self,
            survives is None or self.retries + 1 <= survives,
            f"{self.retries} retries are up to {self.retries + 1} pulses for one bit, but a cell survives "
            f"{survives}. Give retries={max((survives or 0) - 1, 0)} or less.",
        )
        require(
            self,
            self.max_voltage >= writer.write_voltage,
            f"max_voltage is {self.max_voltage} V, below the write voltage of {writer.write_voltage} V. Raise it, or "
            "give the memory a lower write_voltage.",
        )

    def amplitude(self, attempt: int, first: float) -> float:
        """Amplitude (V) of the pulse number `attempt` (from 0) that starts at `first` (V)."""
        return min(first + attempt * self.step, self.max_voltage)

    def write(self, writer: Writer, index: Index, bits: Bool[Tensor, " cell"]) -> None:
        """Write and verify."""
        self.write_verified(writer, index, bits)

    def write_verified(
        self, writer: Writer, index: Index, bits: Bool[Tensor, " cell"]
    ) -> Bool[Tensor, " cell"]:
        """Write and verify; which cells read right at the end."""
        right = torch.zeros_like(bits)
        pending = torch.arange(index.numel())
        if self.read_first:
            right = writer.read(index) == bits
            pending = (~right).nonzero().view(-1)
        for attempt in range(self.retries + 1):
            if pending.numel() == 0:
                break
            at, wanted = index[pending], bits[pending]
            writer.pulse(at, wanted, self.amplitude(attempt, writer.write_voltage), attempt=attempt)
            good = writer.read(at) == wanted
            right[pending[good]] = True
            pending = pending[~good]
        return right
