"""`ReramMemory`: arrays of binary memristors that are written with pulses and read against a threshold.

Every cell is one device drawn from a `DeviceSpread`: its own LRS, HRS, V_SET and |V_RESET|. A transistor in
series selects the cell (1T1R), so a pulse and a read reach this cell only: no sneak paths, no half-selected
neighbours, and no wire resistance here. Use it when a network is stored digitally, as words; for weights held
as conductances use a crossbar with mapped conductances.

`program` and `program_words` write once and do not look: what an array is worth as it comes. `repair.program` writes
with verification, spare cells, majority, a defect map or a code, and says what that costs. `sensing` reads words by
their summed current instead of bit by bit.

Cell (array, word line, bit line) is the same device for a seed, however large its array is and however many
arrays are drawn at once: draw 4000 arrays in portions with `arrays=range(0, 100)`, `range(100, 200)`, ...
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float32, Int, Int8, Int32
from torch import Tensor

from pinched._params import require
from pinched._units import to_si
from pinched.crossbar.bit_errors import BitErrors, bit_errors
from pinched.crossbar.cells import CellState, Endurance, draw_devices, draw_limit, draw_working, pulsed
from pinched.crossbar.layout import collect_words, place_words
from pinched.crossbar.relaxation import Relaxation
from pinched.crossbar.words import WordCoding, check_bits
from pinched.devices.spread import DeviceSpread


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
    stuck_at_hrs: float
    """Share (0 to 1) of all cells that are stuck in HRS besides those beyond the yield."""
    stuck_at_lrs: float
    """Share (0 to 1) of all cells that are stuck in LRS."""
    endurance: Endurance | None
    """How many pulses a cell survives; None for no limit."""
    relaxation: Relaxation | None
    """Retention law of the technology; None where there are no data."""
    v_set: Float[Tensor, "array word_line bit_line"]
    """SET voltage (V)."""
    v_reset: Float[Tensor, "array word_line bit_line"]
    """Magnitude of the RESET voltage (V)."""
    lrs: Float[Tensor, "array word_line bit_line"]
    """Resistance in the low resistance state (ohm)."""
    hrs: Float[Tensor, "array word_line bit_line"]
    """Resistance in the high resistance state (ohm)."""
    working: Bool[Tensor, "array word_line bit_line"]
    """False for a cell that never switches: beyond the yield (stuck in HRS), or one of the stuck shares."""
    limit: Int32[Tensor, "#array #word_line #bit_line"]
    """Write pulses that a cell survives; one number where all are alike."""
    state: Bool[Tensor, "array word_line bit_line"]
    """True in LRS."""
    writes: Int32[Tensor, "array word_line bit_line"]
    """Write pulses that each cell has received; compare with `limit`."""
    age: Float32[Tensor, "array word_line bit_line"] | None
    """Time (s, at the reference temperature of `relaxation`) since the cell was last written; None before a bake."""
    tau: Float32[Tensor, "array word_line bit_line"] | None
    """Time constant (s) of each cell at that temperature; None before a bake."""

    def __init__(
        self,
        spread: DeviceSpread,
        *,
        shape: tuple[int, int] = (64, 64),
        seed: int = 0,
        arrays: int | range = 1,
        write_voltage: str | float = "5 V",
        threshold: str | float | None = None,
        stuck_at_hrs: float = 0.0,
        stuck_at_lrs: float = 0.0,
        endurance: Endurance | None = None,
        relaxation: Relaxation | None = None,
    ) -> None:
        """Draw fresh arrays.

        `arrays` is how many, or the range of their numbers. `write_voltage` (V) and `threshold` (ohm) are text
        with a unit or SI numbers; without a threshold it is `spread.best_threshold()`. `stuck_at_hrs` and
        `stuck_at_lrs` are shares of all cells. Raises `PinchedError` for a shape or a number of arrays below 1, for
        a voltage or threshold that is not positive, and for stuck shares outside 0 to 1 or above 1 together.
        """
        numbers = range(arrays) if isinstance(arrays, int) else arrays
        volt = to_si(write_voltage, "V")
        ohm = spread.best_threshold() if threshold is None else to_si(threshold, "ohm")
        stuck = (stuck_at_hrs, stuck_at_lrs)
        for good, message in (
            (min(shape) >= 1, f"shape is {shape}; an array has at least one word line and one bit line."),
            (len(numbers) >= 1, f"arrays is {arrays}; give at least one array."),
            (len(numbers) < 1 or min(numbers) >= 0, f"arrays is {arrays}; array numbers start at 0."),
            (
                volt > 0,
                f"write_voltage is {write_voltage}; it is a magnitude (V) above zero for SET and RESET.",
            ),
            (ohm > 0, f"threshold is {threshold}; it is a resistance (ohm) above zero."),
            (
                min(stuck) >= 0 and sum(stuck) <= 1,
                f"stuck_at_hrs is {stuck_at_hrs} and stuck_at_lrs {stuck_at_lrs}; they are shares of all cells, from "
                "0 to 1 and at most 1 together (5 % is 0.05).",
            ),
        ):
            require(type(self), good, message)
        v_set, v_reset, lrs, hrs = draw_devices(spread, seed, numbers, shape)
        working, in_lrs = draw_working(spread, stuck, seed, numbers, shape)
        limit = draw_limit(endurance, seed, numbers, shape)
        self._set(spread=spread, shape=shape, seed=seed, arrays=numbers, write_voltage=volt, threshold=ohm)
        self._set(stuck_at_hrs=stuck_at_hrs, stuck_at_lrs=stuck_at_lrs, endurance=endurance)
        self._set(relaxation=relaxation, v_set=v_set, v_reset=v_reset, lrs=lrs, hrs=hrs, working=working)
        self._set(limit=limit, state=in_lrs, writes=torch.zeros(working.shape, dtype=torch.int32))
        self._set(age=None, tau=None)

    def _set(self, **fields: object) -> None:
        # The one place that writes a field: at construction, and on the fresh copy that programming returns.
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def with_fields(self, **fields: object) -> ReramMemory:
        """A copy with other `fields`, on the same devices; for the writing of `repair` and for loading files."""
        unknown = set(fields) - set(type(self).__dataclass_fields__)
        require(self, not unknown, f"{', '.join(sorted(unknown))}: no such field.")
        other = copy.copy(self)
        other._set(**fields)
        return other

    @property
    def worn(self) -> Bool[Tensor, "array word_line bit_line"]:
        """Cells that have received more pulses than they survive: they stay as `endurance` says."""
        return self.writes > self.limit

    @property
    def resistance(self) -> Float[Tensor, "array word_line bit_line"]:
        """What a read finds (ohm): LRS or HRS of each cell by its state, drifted by what was baked since."""
        return self.resistance_of(slice(None))

    def resistance_of(self, cells: slice | Int[Tensor, " cell"]) -> Float32[Tensor, "*shape"]:
        """What a read finds (ohm) in `cells`, flat numbers (array, word line, bit line); all for a whole slice."""
        whole = isinstance(cells, slice)

        def pick(tensor: Tensor) -> Tensor:
            return tensor if whole else tensor.reshape(-1)[cells]

        state, lrs, hrs = pick(self.state), pick(self.lrs), pick(self.hrs)
        found = torch.where(state, lrs, hrs)
        if self.relaxation is None or self.age is None or self.tau is None:
            return found
        end = hrs if self.relaxation.toward is CellState.HRS else lrs
        drifting = self.relaxation.affects(state) & pick(self.working) & ~pick(self.worn)
        return torch.where(
            drifting, self.relaxation.relaxed(found, end, pick(self.age), pick(self.tau)), found
        )

    def words_per_row(self, bits: int) -> int:
        """Whole words of `bits` on one word line."""
        return self.shape[1] // check_bits(bits)

    def capacity(self, bits: int) -> int:
        """Whole words of `bits` in one array."""
        return self.shape[0] * self.words_per_row(bits)

    def program(
        self,
        bits: Bool[Tensor, "*array word_line bit_line"],
        *,
        word_lines: Sequence[int] | None = None,
    ) -> ReramMemory:
        """Write `bits`, (word line, bit line) for all arrays or (array, word line, bit line).

        Each cell gets one pulse: +write_voltage (SET) for a '1', -write_voltage (RESET) for a '0'; with
        `word_lines` only the cells on those lines. A cell whose V_SET (or |V_RESET|) lies above it stays as it was,
        and so does one that does not work; a cell beyond its endurance sticks. The pulse is not verified. Raises
        `PinchedError` for bits of another shape and for a word line that does not exist.
        """
        require(
            self,
            bits.shape in (self.state.shape, self.state.shape[1:]),
            f"bits have the shape {tuple(bits.shape)}; the arrays are {tuple(self.state.shape)} "
            "(array, word line, bit line). Give one bit per cell, or use program_words.",
        )
        return self._pulse(bits, None if word_lines is None else self._lines(word_lines))

    def _lines(self, word_lines: Sequence[int]) -> Bool[Tensor, "word_line bit_line"]:
        wrong = [line for line in word_lines if not 0 <= line < self.shape[0]]
        require(
            self,
            not wrong,
            f"word line {wrong[:1]} does not exist; the array has 0 to {self.shape[0] - 1}.",
        )
        addressed = torch.zeros(self.shape, dtype=torch.bool)
        addressed[list(word_lines)] = True
        return addressed

    def rewrite(self, bits: Bool[Tensor, "*array word_line bit_line"]) -> ReramMemory:
        """Set all cells to '1' and then `program` the bits: what a cell that held something else makes of it.

        Two pulses per cell. A '0' now needs a RESET that succeeds, so it fails more often than in a fresh cell.
        """
        return self.program(torch.ones(self.shape, dtype=torch.bool)).program(bits)

    def cycled(self, times: int) -> ReramMemory:
        """The memory after `times` cycles of a SET and a RESET of every cell: what an earlier life leaves behind.

        Cells that can be set and not reset are in LRS then, and every cell has two pulses more per cycle on its
        counter. Raises `PinchedError` for a number below 0.
        """
        require(self, times >= 0, f"times is {times}; an array has been through no or some cycles.")
        if times == 0:
            return self
        # A cell has no memory of its past but the counter: the last cycle alone decides where it is left.
        worn = self.with_fields(writes=self.writes + 2 * (times - 1))
        ones = torch.ones(self.shape, dtype=torch.bool)
        return worn.program(ones).program(~ones)

    def _pulse(
        self,
        bits: Bool[Tensor, "*array word_line bit_line"],
        addressed: Bool[Tensor, "word_line bit_line"] | None,
    ) -> ReramMemory:
        can_set, can_reset = self.v_set <= self.write_voltage, self.v_reset <= self.write_voltage
        writes = self.writes + (1 if addressed is None else addressed.int())
        able = self.working if self.endurance is None else self.working & (writes <= self.limit)
        if addressed is not None:
            able = able & addressed
        can_set, can_reset = can_set & able, can_reset & able
        state = pulsed(self.state, bits, can_set, can_reset)
        if self.endurance is not None:
            end = torch.tensor(self.endurance.end is CellState.LRS)
            state = torch.where(self.working & (writes > self.limit), end, state)
        if self.age is None:
            return self.with_fields(state=state, writes=writes)
        # Only a pulse that switches, or would have, writes the state anew; any other leaves the cell ageing.
        fresh = (bits & can_set) | (~bits & can_reset)
        return self.with_fields(state=state, writes=writes, age=self.age.masked_fill(fresh, 0.0))

    def program_words(self, words: Int[Tensor, "*array word"], coding: WordCoding | int) -> ReramMemory:
        """Write `words`, (word) for all arrays or (array, word), in a `coding` of 1 to 8 bits.

        A number of bits stands for two's complement, most significant bit first. Words fill the word lines one
        after the other, as many whole words on each as fit; the cells left over get no pulse. Raises
        `PinchedError` when the words do not fit the array, or a word does not fit its bits.
        """
        require(
            self,
            words.ndim == 1 or words.shape[:-1] == (len(self.arrays),),
            f"words have the shape {tuple(words.shape)}; give (word) or ({len(self.arrays)}, word).",
        )
        return self._pulse(*place_words(words, coding, self.shape))

    def read_bits(self) -> Bool[Tensor, "array word_line bit_line"]:
        """'1' where the resistance lies below the threshold."""
        return self.resistance < self.threshold

    def read_words(self, coding: WordCoding | int) -> Int8[Tensor, "array word"]:
        """Every whole word of `coding` in reading order, written or not: `capacity` of them per array."""
        return collect_words(self.read_bits(), coding)

    def bit_error_rate(self, bits: Bool[Tensor, "*array word_line bit_line"]) -> BitErrors:
        """Share of the cells that read otherwise than `bits`, (word line, bit line) or one plane per array."""
        return bit_errors(bits.flatten(-2), self.read_bits().flatten(-2))

    def bake(self, time: str | float, temperature: str | float) -> ReramMemory:
        """The memory after `time` (s) at `temperature` (K), text with a unit or SI numbers.

        Bakes add up, each at its own temperature; a cell that is written starts anew. Raises `PinchedError`
        without a retention law, which has to be measured, and for a negative time or a temperature not above zero.
        """
        seconds, kelvin = to_si(time, "s"), to_si(temperature, "K")
        require(
            self,
            self.relaxation is not None,
            "retention data are needed for a bake, and this memory has none. Measure the retention of both states at "
            "two temperatures or more, fit a Relaxation to them, and give it as relaxation=...",
        )
        require(self, seconds >= 0, f"time is {time}; a bake lasts no or some time (s).")
        require(self, kelvin > 0, f"temperature is {temperature}; it is absolute (K) and above zero.")
        assert self.relaxation is not None
        older = self.relaxation.equivalent_time(seconds, kelvin)
        require(
            self,
            math.isfinite(older),
            f"{time} at {temperature} ages the cells without bound; is the activation energy right?",
        )
        tau = self.tau
        if tau is None:
            tau = self.relaxation.draw_tau(self.seed, self.arrays, self.shape)
        age = torch.zeros(self.state.shape) if self.age is None else self.age
        return self.with_fields(age=age + older, tau=tau)
