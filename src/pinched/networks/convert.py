"""`convert`: a trained network and a kind of device become a network stored in memory arrays.

Weights are stored digitally, as two's-complement words in `ReramMemory` arrays (the scheme of
marraccini2025fast): they are read back before use and the arithmetic is exact, so device spread acts
only through bits that were written or read wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool
from torch import Tensor, nn

from pinched._params import require
from pinched._units import to_si
from pinched.crossbar.memory import ReramMemory
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
    """Word lines and bit lines of an array; one array holds the whole network."""
    write_voltage: float
    """Magnitude of the SET and RESET pulses (V)."""
    threshold: float
    """Sense resistance (ohm)."""
    seed: int
    """Seed of the arrays."""

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
        """Memory cells that hold the network: one per bit. The array may have a few more."""
        return self.network.words.numel() * self.bits

    def fresh(self, arrays: int | range) -> ReramMemory:
        """Unwritten arrays (all HRS), by number or range of numbers; the same devices at every call."""
        return ReramMemory(
            self.spread,
            shape=self.shape,
            seed=self.seed,
            arrays=arrays,
            write_voltage=self.write_voltage,
            threshold=self.threshold,
        )

    def program(self, memory: ReramMemory) -> ReramMemory:
        """`memory` after the words were written into it, one pulse per cell, unverified."""
        return memory.program_words(self.network.words, self.bits)


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
    seed: int = 0,
) -> MemoryNetwork:
    """Quantize `model` and lay it out in arrays of `device`; nothing is drawn or written yet.

    `shape` (word lines, bit lines) defaults to one that fits the words. `write_voltage` (V) and `threshold`
    (ohm) are text with a unit or SI numbers; the threshold defaults to `device.best_threshold()`. Raises
    `PinchedError` for a module that cannot be stored, an array too small, or a voltage or threshold that is
    not positive.
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
    return MemoryNetwork(
        network=network, spread=device, shape=chosen, write_voltage=volt, threshold=ohm, seed=seed
    )
