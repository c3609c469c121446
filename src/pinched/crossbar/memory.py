"""`ReramMemory`: arrays of binary memristors that are written with pulses and read against a threshold.

Every cell is one device drawn from a `DeviceSpread`: its own LRS, HRS, V_SET and |V_RESET|. A transistor in
series selects the cell (1T1R), so a pulse and a read reach this cell only: no sneak paths, no half-selected
neighbours, and no wire resistance here. Use it when a network is stored digitally, as words; for weights held
as conductances use a crossbar with mapped conductances.

Cell (array, word line, bit line) is the same device for a seed, however large its array is and however many
arrays are drawn at once: draw 4000 arrays in portions with `arrays=range(0, 100)`, `range(100, 200)`, ...
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int8, Int32
from torch import Tensor

from pinched._params import require
from pinched._random import cell_normals, cell_uniforms
from pinched._units import to_si
from pinched.crossbar.words import bits_to_words, check_bits, words_to_bits
from pinched.devices.spread import QUANTITIES, DeviceSpread


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BitErrors:
    """Shares (0 to 1) of the bits of each array that were read wrong; NaN where there was no such bit."""

    total: Float[Tensor, " array"]
    """Of all bits."""
    of_ones: Float[Tensor, " array"]
    """Of the '1' bits, read as '0'."""
    of_zeros: Float[Tensor, " array"]
    """Of the '0' bits, read as '1'."""


def bit_errors(written: Bool[Tensor, "*array bit"], read: Bool[Tensor, "array bit"]) -> BitErrors:
    """Compare `read` with `written`, which is one row for all arrays or one row per array."""
    wrong = read ^ written
    ones = written.sum(-1, dtype=torch.float64)
    zeros = (~written).sum(-1, dtype=torch.float64)
    return BitErrors(
        total=wrong.sum(-1, dtype=torch.float64) / read.shape[-1],
        of_ones=(wrong & written).sum(-1, dtype=torch.float64) / ones,
        of_zeros=(wrong & ~written).sum(-1, dtype=torch.float64) / zeros,
    )


@dataclass(frozen=True, init=False, eq=False)
class ReramMemory:
    """Independent arrays of binary memristor cells behind one transistor each; fresh cells are in HRS.

    Tensors are (array, word line, bit line), float32. Programming returns a new memory on the same devices.
    """

    spread: DeviceSpread
    """Distributions that the cells were drawn from."""
    shape: tuple[int, int]
    """Word lines and bit lines of each array."""
    seed: int
    """Seed of the cells."""
    arrays: range
    """Numbers of the arrays held here; an array keeps its devices in every portion."""
    write_voltage: float
    """Magnitude of the SET and of the RESET pulse (V)."""
    threshold: float
    """Sense resistance (ohm): below it a cell reads '1'."""
    v_set: Float[Tensor, "array word_line bit_line"]
    """SET voltage (V)."""
    v_reset: Float[Tensor, "array word_line bit_line"]
    """Magnitude of the RESET voltage (V)."""
    lrs: Float[Tensor, "array word_line bit_line"]
    """Resistance in the low resistance state (ohm)."""
    hrs: Float[Tensor, "array word_line bit_line"]
    """Resistance in the high resistance state (ohm)."""
    working: Bool[Tensor, "array word_line bit_line"]
    """False for a cell beyond the yield, which is stuck in HRS."""
    state: Bool[Tensor, "array word_line bit_line"]
    """True in LRS."""
    writes: Int32[Tensor, "array word_line bit_line"]
    """Write pulses that each cell has received; compare with the endurance of the technology."""

    def __init__(
        self,
        spread: DeviceSpread,
        *,
        shape: tuple[int, int] = (64, 64),
        seed: int = 0,
        arrays: int | range = 1,
        write_voltage: str | float = "5 V",
        threshold: str | float | None = None,
    ) -> None:
        """Draw fresh arrays.

        `arrays` is how many, or the range of their numbers. `write_voltage` (V) and `threshold` (ohm) are text
        with a unit or SI numbers; without a threshold it is `spread.best_threshold()`. Raises `PinchedError`
        for a shape or a number of arrays below 1 and for a voltage or threshold that is not positive.
        """
        numbers = range(arrays) if isinstance(arrays, int) else arrays
        volt = to_si(write_voltage, "V")
        ohm = spread.best_threshold() if threshold is None else to_si(threshold, "ohm")
        cls = type(self)
        require(
            cls, min(shape) >= 1, f"shape is {shape}; an array has at least one word line and one bit line."
        )
        require(cls, len(numbers) >= 1, f"arrays is {arrays}; give at least one array.")
        require(cls, numbers[0] >= 0 and numbers[-1] >= 0, f"arrays is {arrays}; array numbers start at 0.")
        require(
            cls,
            volt > 0,
            f"write_voltage is {write_voltage}; it is a magnitude (V) above zero for SET and RESET.",
        )
        require(cls, ohm > 0, f"threshold is {threshold}; it is a resistance (ohm) above zero.")
        drawn = _draw(spread, seed, numbers, shape)
        working = _draw_working(spread.device_yield, seed, numbers, shape)
        self._set(spread=spread, shape=shape, seed=seed, arrays=numbers, write_voltage=volt, threshold=ohm)
        self._set(v_set=drawn[0], v_reset=drawn[1], lrs=drawn[2], hrs=drawn[3], working=working)
        self._set(state=torch.zeros_like(working), writes=torch.zeros(working.shape, dtype=torch.int32))

    def _set(self, **fields: object) -> None:
        # The one place that writes a field: at construction, and on the fresh copy that programming returns.
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def resistance(self) -> Float[Tensor, "array word_line bit_line"]:
        """What a read finds (ohm): LRS or HRS of each cell, by its state."""
        return torch.where(self.state, self.lrs, self.hrs)

    def words_per_row(self, bits: int) -> int:
        """Whole words of `bits` on one word line."""
        return self.shape[1] // check_bits(bits)

    def capacity(self, bits: int) -> int:
        """Whole words of `bits` in one array."""
        return self.shape[0] * self.words_per_row(bits)

    def program(self, bits: Bool[Tensor, "*array word_line bit_line"]) -> ReramMemory:
        """Write `bits`, (word line, bit line) for all arrays or (array, word line, bit line).

        Each cell gets one pulse: +write_voltage (SET) for a '1', -write_voltage (RESET) for a '0'. A cell
        whose V_SET (or |V_RESET|) lies above it stays as it was, and so does one that does not work. The pulse is
        not verified. Raises `PinchedError` for bits of another shape.
        """
        require(
            self,
            bits.shape in (self.state.shape, self.state.shape[1:]),
            f"bits have the shape {tuple(bits.shape)}; the arrays are {tuple(self.state.shape)} "
            "(array, word line, bit line). Give one bit per cell, or use program_words.",
        )
        return self._pulse(bits, None)

    def _pulse(
        self,
        bits: Bool[Tensor, "*array word_line bit_line"],
        addressed: Bool[Tensor, "word_line bit_line"] | None,
    ) -> ReramMemory:
        can_set = (self.v_set <= self.write_voltage) & self.working
        can_reset = (self.v_reset <= self.write_voltage) & self.working
        pulses = 1
        if addressed is not None:
            can_set, can_reset, pulses = can_set & addressed, can_reset & addressed, addressed.int()
        written = copy.copy(self)
        written._set(
            state=(bits & can_set) | (self.state & ~(~bits & can_reset)), writes=self.writes + pulses
        )
        return written

    def program_words(self, words: Int[Tensor, "*array word"], bits: int) -> ReramMemory:
        """Write `words`, (word) for all arrays or (array, word), as two's complement of `bits` (1 to 8).

        Words fill the word lines one after the other, as many whole words on each as fit, most significant bit
        first; the cells left over get no pulse. Raises `PinchedError` when the words do not fit the array, or
        a word does not fit its bits.
        """
        count, capacity, row = words.shape[-1], self.capacity(bits), self.words_per_row(bits)
        needed = -(-count // max(row, 1))
        require(
            self,
            count <= capacity,
            f"{count} words of {bits} bits are needed, but an array of {self.shape[0]} x {self.shape[1]} cells holds "
            f"{capacity} ({row} on each of {self.shape[0]} word lines). "
            + (
                f"Give shape=({needed}, {self.shape[1]}) or larger."
                if row
                else f"Give at least {bits} bit lines."
            ),
        )
        require(
            self,
            words.ndim == 1 or words.shape[:-1] == (len(self.arrays),),
            f"words have the shape {tuple(words.shape)}; give (word) or ({len(self.arrays)}, word).",
        )
        plane = torch.zeros((*words.shape[:-1], capacity, bits), dtype=torch.bool)
        plane[..., :count, :] = words_to_bits(words, bits)
        used = torch.zeros((capacity, bits), dtype=torch.bool)
        used[:count] = True
        return self._pulse(self._rows(plane, bits), self._rows(used, bits))

    def _rows(
        self, plane: Bool[Tensor, "*array word bit"], bits: int
    ) -> Bool[Tensor, "*array word_line bit_line"]:
        # Word bits to bit lines; the bit lines that no whole word fills stay free at the end of each row.
        row = plane.reshape(*plane.shape[:-2], self.shape[0], self.words_per_row(bits) * bits)
        return torch.nn.functional.pad(row, (0, self.shape[1] - row.shape[-1]))

    def read_bits(self) -> Bool[Tensor, "array word_line bit_line"]:
        """'1' where the resistance lies below the threshold."""
        return self.resistance < self.threshold

    def read_words(self, bits: int) -> Int8[Tensor, "array word"]:
        """Every whole word of `bits` in reading order, written or not: `capacity(bits)` of them per array."""
        row = self.words_per_row(bits)
        cells = self.read_bits()[..., : row * bits]
        return bits_to_words(cells.reshape(len(self.arrays), self.shape[0] * row, bits))

    def bit_error_rate(self, bits: Bool[Tensor, "*array word_line bit_line"]) -> BitErrors:
        """Share of the cells that read otherwise than `bits`, (word line, bit line) or one plane per array."""
        return bit_errors(bits.flatten(-2), self.read_bits().flatten(-2))


def _draw(spread: DeviceSpread, seed: int, arrays: range, shape: tuple[int, int]) -> list[Tensor]:
    """Tensors (array, word line, bit line) of the quantities of QUANTITIES, in their order."""
    normals = np.ascontiguousarray(np.moveaxis(cell_normals(seed, "device", arrays, shape), -1, 0))
    factor = spread.normal_factor.astype(np.float32)
    drawn = []
    for k, name in enumerate(QUANTITIES):
        # Elementwise and not as a matrix product: BLAS may round a cell otherwise in another batch.
        score = factor[k, 0] * normals[0]
        for m in range(1, k + 1):
            if factor[k, m] != 0.0:
                score = score + factor[k, m] * normals[m]
        drawn.append(torch.from_numpy(np.asarray(getattr(spread, name).from_normal(score), dtype=np.float32)))
    return drawn


def _draw_working(
    device_yield: float, seed: int, arrays: range, shape: tuple[int, int]
) -> Bool[Tensor, "array word_line bit_line"]:
    if device_yield >= 1.0:
        return torch.ones((len(arrays), *shape), dtype=torch.bool)
    return torch.from_numpy(cell_uniforms(seed, "yield", arrays, shape)[..., 0] <= device_yield)
