"""`convert`: a trained network and a kind of device become a network stored in memory arrays.

Weights are stored digitally, as two's-complement words in `ReramMemory` arrays (the scheme of
marraccini2025fast): they are read back before use and the arithmetic is exact, so device spread acts
only through bits that were written or read wrong. `repair` says what is done against those: nothing (the default),
or verification, spare cells, majority, a defect map, a code.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Int8
from torch import Tensor, nn

from pinched._params import require
from pinched._units import to_si
from pinched.crossbar.cells import Endurance
from pinched.crossbar.layout import place_words
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.pulses import Pulses
from pinched.crossbar.repair import ProgrammedMemory, Repair, program
from pinched.crossbar.words import words_to_bits
from pinched.devices.spread import DeviceSpread
from pinched.networks.quantization import Quantizer
from pinched.networks.quantized import QuantizedNetwork, quantize


@dataclass(frozen=True, slots=True)
class TwosComplement:
    """Mapping of weights: each becomes one word by `quantizer`, stored most significant bit first."""

    quantizer: Quantizer
    """How a float becomes a word, and its number of bits."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MemoryNetwork:
    """A quantized network, and the memory arrays that are to hold its words."""

    network: QuantizedNetwork
    """The words, and how the network runs on them."""
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

    @property
    def bits(self) -> int:
        """Bits per word."""
        return self.network.quantizer.bits

    @property
    def word_bits(self) -> Bool[Tensor, " bit"]:
        """All bits to be stored in one row, word after word, most significant first."""
        return words_to_bits(self.network.words, self.bits).flatten()

    @property
    def cells(self) -> int:
        """Memory cells that hold the bits of the network, one per bit; `repair` takes more, see `memory_shape`."""
        return self.network.words.numel() * self.bits

    @property
    def memory_shape(self) -> tuple[int, int]:
        """Word lines and bit lines of an array, everything that `repair` needs included."""
        return self.shape if self.repair is None else self.repair.memory_shape(*self.shape)

    def fresh(self, arrays: int | range) -> ReramMemory:
        """Unwritten arrays (all HRS), by number or range of numbers; the same devices at every call."""
        return ReramMemory(
            self.spread,
            shape=self.memory_shape,
            seed=self.seed,
            arrays=arrays,
            write_voltage=self.write_voltage,
            threshold=self.threshold,
            endurance=self.endurance,
        )

    def same_arrays(self, other: MemoryNetwork) -> bool:
        """Whether `fresh` gives the same memory for `other`: one drawing serves both."""
        # A spread holds an array, which has no single truth value: the same object is the same spread.
        return self.spread is other.spread and (
            (self.memory_shape, self.seed, self.write_voltage, self.threshold, self.endurance)
            == (other.memory_shape, other.seed, other.write_voltage, other.threshold, other.endurance)
        )

    def program(self, memory: ReramMemory) -> ReramMemory:
        """`memory` after the words were written into it, one pulse per cell, unverified; `repair` has no say."""
        return memory.program_words(self.network.words, self.bits)

    def store(self, memory: ReramMemory, *, pulses: Pulses | None = None) -> ProgrammedMemory:
        """`memory` programmed with `repair`, with what that cost; `pulses` turns counts into time and energy."""
        plane, _ = place_words(self.network.words, self.bits, self.shape)
        return program(memory, plane, self.repair, pulses=pulses)

    def read_back(self, memory: ReramMemory) -> Int8[Tensor, "array word"]:
        """Write the network into `memory` (with `repair`) and read its words from the cells."""
        # Without a repair nobody asks for the cost, and counting it takes longer than writing.
        stored = self.program(memory) if self.repair is None else self.store(memory)
        return stored.read_words(self.bits)[:, : self.network.words.numel()]


def array_shape(words: int, bits: int) -> tuple[int, int]:
    """Word lines and bit lines for `words` of `bits`: about square, whole words per line, few cells to spare."""
    # Half to twice the square's width: 1050 words of 3 bits fill 50 x 63 cells and leave none.
    middle = max(1, round((words / bits) ** 0.5))
    widths = range(max(1, middle // 2), 2 * middle + 1)
    row = min(widths, key=lambda w: (-(-words // w) * w, abs(w - middle)))
    return -(-words // row), row * bits


def convert(
    model: nn.Module,
    *,
    device: DeviceSpread,
    mapping: TwosComplement,
    shape: tuple[int, int] | None = None,
    write_voltage: str | float = "5 V",
    threshold: str | float | None = None,
    repair: Repair | None = None,
    endurance: Endurance | None = None,
    seed: int = 0,
) -> MemoryNetwork:
    """Quantize `model` and lay it out in arrays of `device`; nothing is drawn or written yet.

    `shape` (word lines, bit lines) defaults to one that fits the words. `write_voltage` (V) and `threshold`
    (ohm) are text with a unit or SI numbers; the threshold defaults to `device.best_threshold()`. `repair` is
    what is done against bad cells, `endurance` how many pulses they survive. Raises `PinchedError` for a module
    that cannot be stored, an array too small, a repair whose groups do not divide the word lines, and a voltage or
    threshold that is not positive.
    """
    network = quantize(model, mapping.quantizer)
    count, bits = network.words.numel(), mapping.quantizer.bits
    chosen = array_shape(count, bits) if shape is None else shape
    held = chosen[0] * (chosen[1] // bits)
    require(
        MemoryNetwork,
        held >= count,
        f"{count} words of {bits} bits are needed, but an array of {chosen[0]} x {chosen[1]} cells holds {held}. "
        f"Leave `shape` out, or give at least {array_shape(count, bits)}.",
    )
    volt = to_si(write_voltage, "V")
    ohm = device.best_threshold() if threshold is None else to_si(threshold, "ohm")
    require(MemoryNetwork, volt > 0, f"write_voltage is {write_voltage}; it is a magnitude (V) above zero.")
    require(MemoryNetwork, ohm > 0, f"threshold is {threshold}; it is a resistance (ohm) above zero.")
    chip = MemoryNetwork(
        network=network,
        spread=device,
        shape=chosen,
        write_voltage=volt,
        threshold=ohm,
        seed=seed,
        repair=repair,
        endurance=endurance,
    )
    _ = (
        chip.memory_shape
    )  # refuses groups that do not divide the word lines now, not after an hour of training
    return chip
