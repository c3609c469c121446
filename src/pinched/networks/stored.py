"""`store`: a trained network and a kind of device become a network stored in memory arrays (`convert` calls it).

Weights are stored digitally, as words in `ReramMemory` arrays (the scheme of marraccini2025fast): they are read back
before use and the arithmetic is exact, so device spread acts only through bits that were written or read wrong.
`mapping` says how a weight becomes bits, `repair` what is done against bad cells: nothing (the default), or
verification, spare cells, majority, a defect map, a code. `storage.StorageOptions` chooses all of it in one record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from jaxtyping import Bool, Int8
from torch import Tensor, nn

from pinched._params import require
from pinched.crossbar.cells import Endurance
from pinched.crossbar.layout import place_words
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.pulses import Pulses
from pinched.crossbar.relaxation import Bake, Relaxation
from pinched.crossbar.repair import ProgrammedMemory, Repair, program
from pinched.crossbar.sensing import ByCurrent
from pinched.crossbar.words import WordCoding
from pinched.crossbar.writing import Writer
from pinched.devices.spread import DeviceSpread
from pinched.networks.mapping import WordMapping
from pinched.networks.quantized import QuantizedNetwork, quantize

__all__ = ["MemoryNetwork", "array_shape", "store"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MemoryNetwork:
    """A quantized network, and the memory arrays that are to hold its words."""

    network: QuantizedNetwork
    """The words, and how the network runs on them."""
    coding: WordCoding
    """How a word becomes bits."""
    spread: DeviceSpread
    """The devices of the arrays."""
    shape: tuple[int, int]
    """Word lines and bit lines of the stored bits; one array holds the whole network."""
    write_voltage: float
    """Magnitude of the SET and RESET pulses (V)."""
    threshold: float
    """Sense resistance (ohm)."""
    seed: int
    """Seed of the arrays."""
    repair: Repair | None = None
    """What is done against bad cells; None writes every cell once and does not look."""
    endurance: Endurance | None = None
    """How many pulses a cell survives; None for no limit."""
    stuck_at_hrs: float = 0.0
    """Share (0 to 1) of all cells that are stuck in HRS besides those beyond the yield."""
    stuck_at_lrs: float = 0.0
    """Share (0 to 1) of all cells that are stuck in LRS."""
    cycles: int = 0
    """Cycles of SET and RESET that every cell has been through before the network is written."""
    relaxation: Relaxation | None = None
    """Retention law of the devices; None where there are no data."""
    bake: Bake | None = None
    """What passes between writing and reading; None reads at once."""
    sensing: ByCurrent | None = None
    """How words are read; None compares each cell with the threshold."""
    pulses: Pulses = field(default_factory=Pulses)
    """Widths and voltages that turn counts of pulses into time and energy."""

    @property
    def bits(self) -> int:
        """Bits per word."""
        return self.network.quantizer.bits

    @property
    def word_bits(self) -> Bool[Tensor, " bit"]:
        """All bits to be stored in one row, word after word."""
        return self.coding.encode(self.network.words).flatten()

    @property
    def cells(self) -> int:
        """Memory cells that hold the bits of the network, one per bit; `repair` takes more, see `memory_shape`."""
        return self.network.words.numel() * self.bits

    @property
    def memory_shape(self) -> tuple[int, int]:
        """Word lines and bit lines of an array, everything that `repair` needs included."""
        return self.shape if self.repair is None else self.repair.memory_shape(*self.shape)

    @property
    def area_factor(self) -> float:
        """Cells of an array per bit of the network."""
        return math.prod(self.memory_shape) / self.cells

    def fresh(self, arrays: int | range) -> ReramMemory:
        """Unwritten arrays (all HRS), by number or range of numbers; the same devices at every call."""
        return self._memory(self.memory_shape, arrays)

    def _memory(self, shape: tuple[int, int], arrays: int | range) -> ReramMemory:
        return ReramMemory(
            self.spread,
            shape=shape,
            seed=self.seed,
            arrays=arrays,
            write_voltage=self.write_voltage,
            threshold=self.threshold,
            stuck_at_hrs=self.stuck_at_hrs,
            stuck_at_lrs=self.stuck_at_lrs,
            endurance=self.endurance,
            relaxation=self.relaxation,
        )

    def same_arrays(self, other: MemoryNetwork) -> bool:
        """Whether `fresh` gives the same memory for `other`: one drawing serves both."""
        # A spread holds an array, which has no single truth value: the same object is the same spread.
        return self.spread is other.spread and all(
            getattr(self, name) == getattr(other, name)
            for name in (
                *("memory_shape", "seed", "write_voltage", "threshold", "stuck_at_hrs", "stuck_at_lrs"),
                *("endurance", "relaxation"),
            )
        )

    def program(self, memory: ReramMemory) -> ReramMemory:
        """`memory` after the words were written into it, one pulse per cell, unverified; `repair` has no say."""
        return memory.cycled(self.cycles).program_words(self.network.words, self.coding)

    def store(self, memory: ReramMemory) -> ProgrammedMemory:
        """`memory` programmed with `repair`, with what that cost, and baked as `bake` says."""
        # Cells at the end of the array that hold no word are written as '0' with the others.
        plane, _ = place_words(self.network.words, self.coding, self.shape)
        stored = program(memory.cycled(self.cycles), plane, self.repair, pulses=self.pulses)
        return stored if self.bake is None else stored.bake(self.bake.time, self.bake.temperature)

    def read_words(self, stored: ProgrammedMemory | ReramMemory) -> Int8[Tensor, "array word"]:
        """The words of the network in `stored` arrays, in the way that `sensing` says."""
        count = self.network.words.numel()
        if self.sensing is None:
            return stored.read_words(self.coding)[:, :count]
        memory = stored.memory if isinstance(stored, ProgrammedMemory) else stored
        return self.sensing.read(memory, self.coding)[:, :count]

    def read_back(self, memory: ReramMemory) -> Int8[Tensor, "array word"]:
        """Write the network into `memory` (with `repair`) and read its words from the cells."""
        if self.repair is not None:
            return self.read_words(self.store(memory))
        # Without a repair nobody asks for the cost, and counting it takes longer than writing.
        written = self.program(memory)
        if self.bake is not None:
            written = written.bake(self.bake.time, self.bake.temperature)
        return self.read_words(written)


def array_shape(words: int, bits: int, group: int = 1) -> tuple[int, int]:
    """Word lines and bit lines for `words` of `bits`: about square, whole words per line, few cells to spare.

    Each word line holds a multiple of `group` words: what a code or spares over several words need.
    """
    # Half to twice the square's width: 1050 words of 3 bits fill 50 x 63 cells and leave none. Half is rounded up:
    # with 2 instead of 2.5 words per line, 121 words of 5 bits would lie in 61 x 10 cells.
    middle = max(1, round((words / bits) ** 0.5 / group))
    widths = [group * n for n in range(-(-middle // 2), 2 * middle + 1)]
    row = min(widths, key=lambda w: (-(-words // w) * w, abs(w - group * middle)))
    return -(-words // row), row * bits


def store(
    model: nn.Module,
    *,
    device: DeviceSpread,
    mapping: WordMapping,
    shape: tuple[int, int] | None = None,
    write_voltage: str | float = "5 V",
    threshold: str | float | None = None,
    repair: Repair | None = None,
    endurance: Endurance | None = None,
    stuck_at_hrs: float = 0.0,
    stuck_at_lrs: float = 0.0,
    cycles: int = 0,
    relaxation: Relaxation | None = None,
    bake: Bake | None = None,
    sensing: ByCurrent | None = None,
    pulses: Pulses | None = None,
    seed: int = 0,
) -> MemoryNetwork:
    """Quantize `model` and lay it out in arrays of `device`; nothing is drawn or written yet.

    `shape` (word lines, bit lines) defaults to one that fits the words. `write_voltage` (V) and `threshold`
    (ohm) are text with a unit or SI numbers; the threshold defaults to `device.best_threshold()`. `repair` is
    what is done against bad cells, `endurance` how many pulses they survive, `stuck_at_hrs` and `stuck_at_lrs` shares
    of cells that never switch, `cycles` what the arrays have been through, `relaxation` and `bake` what happens
    before they are read, `sensing` how, `pulses` what time and energy are reckoned with.

    Raises `PinchedError` for a module that cannot be stored, words that the coding of `mapping` does not hold, an
    array too small, a repair whose groups do not divide the word lines or which needs more pulses than a cell
    survives, reading by current through a repair, a bake without a retention law, and for a voltage, threshold,
    share or number of cycles that cannot be.
    """
    network = quantize(model, mapping.quantizer)
    coding = mapping.coding
    count, bits = network.words.numel(), coding.bits
    chosen = array_shape(count, bits) if shape is None else shape
    held = chosen[0] * (chosen[1] // bits)
    require(
        MemoryNetwork,
        held >= count,
        f"{count} words of {bits} bits are needed, but an array of {chosen[0]} x {chosen[1]} cells holds {held}. "
        f"Leave `shape` out, or give at least {array_shape(count, bits)}.",
    )
    low, high = int(network.words.min()), int(network.words.max())
    require(
        MemoryNetwork,
        coding.ends[0] <= low and high <= coding.ends[1],
        f"the words reach from {low} to {high}, but {coding.name} of {bits} bits holds {coding.ends[0]} to "
        f"{coding.ends[1]}. Use ClipQuantizer({bits}), which is symmetric, or TwosComplement.",
    )
    require(MemoryNetwork, cycles >= 0, f"cycles is {cycles}; arrays have been through no or some.")
    require(
        MemoryNetwork,
        sensing is None
        or repair is None
        or repair.plane_shape(*chosen) == chosen == repair.memory_shape(*chosen),
        "words are read by current from adjacent cells, which spares, copies, a code or a defect map take apart. "
        "Leave `sensing` or that part of `repair` out.",
    )
    # One cell, drawn and thrown away: the memory says what is wrong with voltages, threshold and shares.
    probe = ReramMemory(
        device, shape=(1, 1), write_voltage=write_voltage, threshold=threshold, stuck_at_hrs=stuck_at_hrs,
        stuck_at_lrs=stuck_at_lrs, endurance=endurance, relaxation=relaxation,
    )  # fmt: skip
    if bake is not None:
        probe.bake(bake.time, bake.temperature)
    if repair is not None:
        # Refuses now, and not after an hour of training: too many pulses, groups that do not divide the word lines.
        repair.writing.check(Writer(probe, Pulses()))
        repair.memory_shape(*chosen)
    return MemoryNetwork(
        network=network,
        coding=coding,
        spread=device,
        shape=chosen,
        write_voltage=probe.write_voltage,
        threshold=probe.threshold,
        seed=seed,
        repair=repair,
        endurance=endurance,
        stuck_at_hrs=stuck_at_hrs,
        stuck_at_lrs=stuck_at_lrs,
        cycles=cycles,
        relaxation=relaxation,
        bake=bake,
        sensing=sensing,
        pulses=pulses or Pulses(),
    )
