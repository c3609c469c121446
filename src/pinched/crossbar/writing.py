"""How a cell gets its bit: one pulse in good faith (`OnePulse`), or pulses until it reads right (`WriteVerify`).

Take `WriteVerify` wherever cells differ: with its rising amplitude it also reaches cells whose V_SET lies above the
write voltage. `WriteVerify(retries=0)` writes once and only finds out what failed; spare cells need no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from pinched import _cell_kernels as kernels
from pinched._params import quantity, require
from pinched.crossbar.cells import CellState
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.pulses import Cost, Pulses

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
        self._counts = np.zeros((kernels.COUNTS, len(memory.arrays)))
        self._retries = np.zeros((2, len(memory.arrays)))
        self.highest_voltage = 0.0
        """Largest amplitude (V) of a pulse so far."""

    @property
    def memory(self) -> ReramMemory:
        """The memory as it stands; take it when the work is done."""
        return self._memory

    @property
    def cost(self) -> Cost:
        """What the work has cost so far."""
        counts = torch.from_numpy(self._counts.copy())
        retries, most = torch.from_numpy(self._retries.copy())
        return Cost(
            pulses=self._pulses,
            set_pulses=counts[kernels.SET_PULSES],
            reset_pulses=counts[kernels.RESET_PULSES],
            reads=counts[kernels.READS],
            set_steps=counts[kernels.SET_STEPS],
            reset_steps=counts[kernels.RESET_STEPS],
            read_steps=counts[kernels.READ_STEPS],
            retries=retries,
            retries_max=most,
            energy_low=counts[kernels.ENERGY_LOW],
            energy_high=counts[kernels.ENERGY_HIGH],
        )

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
        memory, pulses = self._memory, self._pulses
        found = kernels.read_cells(
            index.numpy(), memory.threshold, _flat(memory.lrs), _flat(memory.hrs), self._drifted(index),
            _flat(memory.state), memory.shape, pulses.read_voltage**2 * pulses.read_width, self._counts,
        )  # fmt: skip
        return torch.from_numpy(found)

    def pulse(self, index: Index, bits: Bool[Tensor, " cell"], volt: float, *, attempt: int = 0) -> None:
        """One pulse of `volt` (V, magnitude) on each cell of `index`: SET for a '1' of `bits`, RESET for a '0'.

        `attempt` counts from 0; every later one is a retry. A cell may stand in `index` only once.
        """
        if index.numel() == 0:
            return
        memory, pulses = self._memory, self._pulses
        touched = self._counts[kernels.TOUCHED].copy()
        anew = kernels.pulse_cells(
            index.numpy(), bits.numpy(), float(volt), _flat(memory.v_set), _flat(memory.v_reset),
            _flat(memory.lrs), _flat(memory.hrs), self._drifted(index), _flat(memory.working), _flat(memory.limit),
            _flat(memory.state), _flat(memory.writes), memory.endurance is not None,
            memory.endurance is not None and memory.endurance.end is CellState.LRS, memory.shape,
            (pulses.set_width, pulses.reset_width), pulses.compliance_current, self._counts,
        )  # fmt: skip
        if memory.age is not None:
            memory.age.view(-1)[index[torch.from_numpy(anew)]] = 0.0
        self.highest_voltage = max(self.highest_voltage, volt)
        if attempt > 0:
            again = self._counts[kernels.TOUCHED] - touched
            self._retries[0] += again
            np.maximum(self._retries[1], np.where(again > 0, float(attempt), 0.0), out=self._retries[1])

    def _drifted(self, index: Index) -> np.ndarray:
        if self._memory.age is None:
            return np.empty(0, dtype=np.float32)
        return self._memory.resistance_of(index).numpy()


def _flat(tensor: Tensor) -> np.ndarray:
    # A view: what the kernels write arrives in the tensor.
    return tensor.view(-1).numpy()


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
        if self.read_first:
            right = writer.read(index) == bits
            pending = (~right).nonzero().view(-1)
            at, wanted = index[pending], bits[pending]
        else:
            right = torch.zeros_like(bits)
            pending, at, wanted = None, index, bits
        for attempt in range(self.retries + 1):
            if at.numel() == 0:
                break
            writer.pulse(at, wanted, self.amplitude(attempt, writer.write_voltage), attempt=attempt)
            good = writer.read(at) == wanted
            bad = (~good).nonzero().view(-1)
            if pending is None:  # every cell was pulsed: no need to say which
                right, pending = good, bad
            else:
                right[pending] = good
                pending = pending[bad]
            at, wanted = at[bad], wanted[bad]
        return right
