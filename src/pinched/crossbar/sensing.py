r"""Reading words by their summed current, beside reading them bit by bit against a threshold.

The code of marraccini2025fast reads the $b$ cells of a word at once: the cell of weight $2^k$ gets the read voltage
$2^k V$ (1, 2, 4 mV for 3 bits), the currents add up, and the nearest level gives the code. That is what is done here
(with each voltage at the bit it belongs to). The levels assume the nominal resistances of the technology; a cell
that conducts three times as well as the nominal one counts three times, so this needs an LRS that hardly spreads.
A threshold asks of each cell only on which side it lies. `compare_sensing` gives both error rates.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int, Int8
from torch import Tensor

from pinched._params import quantity, require
from pinched._units import to_si
from pinched.crossbar.layout import as_coding
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.words import BitOrder, WordCoding


@dataclass(frozen=True, kw_only=True, slots=True)
class ByCurrent:
    """Words are read by their summed current, with a read voltage per bit; see `read_words_by_current`."""

    read_voltage: float = quantity(1e-3, "V", r"V_\mathrm{read}", "read voltage of the least significant bit")
    nominal_lrs: float | None = quantity(
        None, "ohm", r"R_\mathrm{LRS}", "resistance that the levels assume; None for the median of the spread"
    )
    nominal_hrs: float | None = quantity(
        None, "ohm", r"R_\mathrm{HRS}", "resistance that the levels assume; None for the median of the spread"
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            require(self, value is None or value > 0, f"{field.name} is {value}; it is above zero.")

    def read(self, memory: ReramMemory, coding: WordCoding) -> Int8[Tensor, "array word"]:
        """Every whole word of `memory`."""
        return read_words_by_current(
            memory,
            coding,
            read_voltage=self.read_voltage,
            nominal_lrs=self.nominal_lrs,
            nominal_hrs=self.nominal_hrs,
        )


def word_currents(
    memory: ReramMemory, coding: WordCoding | int, *, read_voltage: str | float = "1 mV"
) -> Float64[Tensor, "array word"]:
    """Current (A) of every whole word: the sum over its cells of 2^k read_voltage / R, k the weight of the bit.

    `read_voltage` (V, text with a unit or SI) is that of the least significant bit.
    """
    coding = as_coding(coding)
    volt = to_si(read_voltage, "V")
    require(memory, volt > 0, f"read_voltage is {read_voltage}; it is above zero.")
    row = memory.shape[1] // coding.bits
    cells = memory.resistance[..., : row * coding.bits].double()
    weights = 2.0 ** torch.arange(coding.bits, dtype=torch.float64)
    if coding.order is BitOrder.MSB_FIRST:
        weights = weights.flip(0)
    words = cells.reshape(len(memory.arrays), -1, coding.bits)
    return (volt * weights / words).sum(-1)


def read_words_by_current(
    memory: ReramMemory,
    coding: WordCoding | int,
    *,
    read_voltage: str | float = "1 mV",
    nominal_lrs: str | float | None = None,
    nominal_hrs: str | float | None = None,
) -> Int8[Tensor, "array word"]:
    """Every whole word by the nearest level of its current.

    The level of code m is m times the current of a nominal LRS plus (2^b - 1 - m) times that of a nominal HRS, at
    `read_voltage` (V); the nominal resistances (ohm) default to the medians of the spread. Raises `PinchedError`
    unless the nominal HRS is above the nominal LRS.
    """
    coding = as_coding(coding)
    lrs = memory.spread.resistance_lrs.median if nominal_lrs is None else to_si(nominal_lrs, "ohm")
    hrs = memory.spread.resistance_hrs.median if nominal_hrs is None else to_si(nominal_hrs, "ohm")
    require(
        memory,
        0 < lrs < hrs,
        f"nominal_lrs is {lrs:.3g} ohm and nominal_hrs {hrs:.3g} ohm; the HRS is the higher one. Are they swapped?",
    )
    volt, highest = to_si(read_voltage, "V"), (1 << coding.bits) - 1
    current = word_currents(memory, coding, read_voltage=volt)
    # Equidistant levels: the nearest one is the rounded one.
    level = (current / volt - highest / hrs) / (1.0 / lrs - 1.0 / hrs)
    return coding.from_codes(level.round().clamp(0, highest).to(torch.int16))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SensingErrors:
    """Share (0 to 1) of the words of each array that were read wrong, and by how much."""

    by_threshold: Float64[Tensor, " array"]
    """Bit by bit against the threshold."""
    by_current: Float64[Tensor, " array"]
    """By the summed current of the word."""
    distance_by_threshold: Float64[Tensor, " array"]
    """Mean distance |read - written| of all words, in units of the word."""
    distance_by_current: Float64[Tensor, " array"]
    """The same for the summed current."""


def compare_sensing(
    memory: ReramMemory,
    words: Int[Tensor, "*array word"],
    coding: WordCoding | int,
    *,
    read_voltage: str | float = "1 mV",
) -> SensingErrors:
    """Errors of both ways of reading `words` (the first of `memory`, one row for all arrays or one per array)."""
    coding = as_coding(coding)
    count = words.shape[-1]
    shares, distances = [], []
    for read in (
        memory.read_words(coding),
        read_words_by_current(memory, coding, read_voltage=read_voltage),
    ):
        far = (read[:, :count].long() - words.long()).abs()
        shares.append((far > 0).double().mean(-1))
        distances.append(far.double().mean(-1))
    return SensingErrors(
        by_threshold=shares[0],
        by_current=shares[1],
        distance_by_threshold=distances[0],
        distance_by_current=distances[1],
    )
