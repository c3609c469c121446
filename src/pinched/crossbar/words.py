r"""Words and the bits that store them: which coding, and which bit comes first.

- `TwosComplementWord`: what arithmetic wants and what marraccini2025fast stores; half of the bits of a small
  negative number are '1'.
- `OffsetBinaryWord`: word + 2^(b-1) as a plain binary number. Zero is 100..0; a network has many words near zero
  that are then rich in neither digit. Where a '1' fails more often than a '0', count the ones before choosing it.
- `SignMagnitudeWord`: sign bit and magnitude. Fewest '1's for words near zero, and a wrong bit of a small word stays
  a small error; it cannot hold -2^(b-1).

`BitOrder` says which bit lies on the first bit line. A coding is `encode` before writing and `decode` after reading;
between them stands the code, the number 0 .. 2^b - 1 whose binary digits the cells hold.

`words_to_bits` and `bits_to_words` are two's complement, most significant bit first, without an object:
the value is $-2^{b-1} d_0 + \sum_{k \ge 1} 2^{b-1-k} d_k$. One bit alone is its own sign bit: it holds -1 and 0.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from numbers import Integral

import torch
from jaxtyping import Bool, Int, Int8, Int16
from torch import Tensor

from pinched._errors import PinchedError
from pinched._params import quantity

MAX_BITS = 8
"""Longest word: what an int8 tensor holds, and twice what any network here needs."""


def check_bits(bits: int) -> int:
    """`bits` if it is a whole number from 1 to 8; raises `PinchedError` otherwise."""
    # Half a bit would pass the comparison and fail far from here.
    if not (isinstance(bits, Integral) and 1 <= bits <= MAX_BITS):
        raise PinchedError(
            f"bits is {bits!r}; a word has 1 to {MAX_BITS} bits. Give a whole number in that range."
        )
    return bits


def word_range(bits: int) -> tuple[int, int]:
    """Smallest and largest integer in a two's-complement word of `bits` (1 to 8): (-4, 3) for three."""
    half = 1 << (check_bits(bits) - 1)
    return -half, half - 1


def words_to_bits(words: Int[Tensor, "*word"], bits: int) -> Bool[Tensor, "*word bit"]:
    """The bits of integer `words`, most significant first along a new last axis.

    Raises `PinchedError` for a word outside the range of `bits`, naming it, and for `bits` outside 1 to 8.
    """
    _check_range(words, word_range(bits), bits, "two's complement")
    # The shift of a signed integer is arithmetic: the sign bit comes down as it stands in the word.
    shift = torch.arange(bits - 1, -1, -1, dtype=words.dtype, device=words.device)
    return ((words.unsqueeze(-1) >> shift) & 1).bool()


def _check_range(words: Tensor, ends: tuple[int, int], bits: int, coding: str) -> None:
    low, high = ends
    outside = (words < low) | (words > high)
    if bool(outside.any()):
        value = int(words[outside].flatten()[0])
        raise PinchedError(
            f"the word {value} does not fit {bits} bits, which hold {low} to {high} ({coding}). "
            "Use more bits, or quantize to that range first."
        )


def bits_to_words(bits: Bool[Tensor, "*word bit"]) -> Int8[Tensor, "*word"]:
    """The integers (int8) whose bits, most significant first, stand along the last axis of `bits` (1 to 8)."""
    length = check_bits(bits.shape[-1])
    # Horner, one column at a time: no temporary wider than a byte, whatever the number of words.
    word = -bits[..., 0].to(torch.int8)
    for k in range(1, length):
        word = word * 2 + bits[..., k]
    return word


class BitOrder(Enum):
    """Which bit of a word lies on the first of its bit lines."""

    MSB_FIRST = "most significant bit first"
    LSB_FIRST = "least significant bit first"


@dataclass(frozen=True, slots=True)
class WordCoding(ABC):
    """What the codings share: length, order, and the step from codes to bits."""

    bits: int = quantity(3, "1", "b", "bits per word, 1 to 8")
    order: BitOrder = BitOrder.MSB_FIRST
    """Which bit lies on the first bit line."""

    def __post_init__(self) -> None:
        check_bits(self.bits)

    @property
    @abstractmethod
    def name(self) -> str:
        """In words, for messages and reports."""

    @property
    @abstractmethod
    def ends(self) -> tuple[int, int]:
        """Smallest and largest integer that a word holds."""

    @abstractmethod
    def to_codes(self, words: Int[Tensor, "*word"]) -> Int16[Tensor, "*word"]:
        """The codes (0 to 2^bits - 1) of `words`, which lie inside `ends`."""

    @abstractmethod
    def from_codes(self, codes: Int16[Tensor, "*word"]) -> Int8[Tensor, "*word"]:
        """The words of `codes`; every code from 0 to 2^bits - 1 is some word."""

    def encode(self, words: Int[Tensor, "*word"]) -> Bool[Tensor, "*word bit"]:
        """Bits of `words` along a new last axis, in the order of `order`.

        Raises `PinchedError` for a word that the coding does not hold, naming it.
        """
        _check_range(words, self.ends, self.bits, self.name)
        codes = self.to_codes(words.to(torch.int16))
        return ((codes.unsqueeze(-1) >> self._places.to(codes.device)) & 1).bool()

    def decode(self, bits: Bool[Tensor, "*word bit"]) -> Int8[Tensor, "*word"]:
        """Words (int8) of the bits along the last axis, which has to be `bits` long (`PinchedError`)."""
        if bits.shape[-1] != self.bits:
            raise PinchedError(
                f"{bits.shape[-1]} bits given for words of {self.bits}; give one word per row."
            )
        codes = torch.zeros(bits.shape[:-1], dtype=torch.int16, device=bits.device)
        for k, place in enumerate(self._places.tolist()):
            codes += bits[..., k].to(torch.int16) << place
        return self.from_codes(codes)

    @property
    def _places(self) -> Tensor:
        # Power of two of each bit along the word.
        rising = torch.arange(self.bits, dtype=torch.int16)
        return rising if self.order is BitOrder.LSB_FIRST else rising.flip(0)


@dataclass(frozen=True, slots=True)
class TwosComplementWord(WordCoding):
    """Words -2^(b-1) .. 2^(b-1) - 1 as their residue modulo 2^b."""

    @property
    def name(self) -> str:
        """In words, for messages and reports."""
        return "two's complement"

    @property
    def ends(self) -> tuple[int, int]:
        """Smallest and largest integer that a word holds."""
        return word_range(self.bits)

    def to_codes(self, words: Int[Tensor, "*word"]) -> Int16[Tensor, "*word"]:
        """The codes (0 to 2^bits - 1) of `words`."""
        return words.to(torch.int16) & ((1 << self.bits) - 1)

    def from_codes(self, codes: Int16[Tensor, "*word"]) -> Int8[Tensor, "*word"]:
        """The words of `codes`."""
        return (codes - ((codes >> (self.bits - 1)) << self.bits)).to(torch.int8)


@dataclass(frozen=True, slots=True)
class OffsetBinaryWord(WordCoding):
    """Words -2^(b-1) .. 2^(b-1) - 1 as word + 2^(b-1)."""

    @property
    def name(self) -> str:
        """In words, for messages and reports."""
        return "offset binary"

    @property
    def ends(self) -> tuple[int, int]:
        """Smallest and largest integer that a word holds."""
        return word_range(self.bits)

    def to_codes(self, words: Int[Tensor, "*word"]) -> Int16[Tensor, "*word"]:
        """The codes (0 to 2^bits - 1) of `words`."""
        return words.to(torch.int16) + (1 << (self.bits - 1))

    def from_codes(self, codes: Int16[Tensor, "*word"]) -> Int8[Tensor, "*word"]:
        """The words of `codes`."""
        return (codes - (1 << (self.bits - 1))).to(torch.int8)


@dataclass(frozen=True, slots=True)
class SignMagnitudeWord(WordCoding):
    """Words -(2^(b-1) - 1) .. 2^(b-1) - 1: the most significant bit is the sign, '1' for below zero.

    Zero is written as +0; the unused code -0 reads as zero. One bit holds only zero.
    """

    @property
    def name(self) -> str:
        """In words, for messages and reports."""
        return "sign and magnitude"

    @property
    def ends(self) -> tuple[int, int]:
        """Smallest and largest integer that a word holds."""
        high = word_range(self.bits)[1]
        return -high, high

    def to_codes(self, words: Int[Tensor, "*word"]) -> Int16[Tensor, "*word"]:
        """The codes (0 to 2^bits - 1) of `words`."""
        wide = words.to(torch.int16)
        return wide.abs() + ((wide < 0).to(torch.int16) << (self.bits - 1))

    def from_codes(self, codes: Int16[Tensor, "*word"]) -> Int8[Tensor, "*word"]:
        """The words of `codes`; -0 is 0."""
        half = 1 << (self.bits - 1)
        magnitude = codes & (half - 1)
        return torch.where(codes >= half, -magnitude, magnitude).to(torch.int8)
