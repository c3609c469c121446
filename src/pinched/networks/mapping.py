"""How weights become words in an array: a quantizer and a coding.

`TwosComplement` is what arithmetic wants and what marraccini2025fast stores. `SignMagnitude` needs few ones for the
small words of a network and keeps their errors small; `OffsetBinary` is a plain binary number.
`pinched.crossbar.words` says more.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar

from pinched.crossbar.words import (
    BitOrder,
    OffsetBinaryWord,
    SignMagnitudeWord,
    TwosComplementWord,
    WordCoding,
)
from pinched.networks.quantization import Quantizer


@dataclass(frozen=True, slots=True)
class WordMapping(ABC):
    """What the mappings share: each weight and bias is one word, one bit per cell."""

    kind: ClassVar[type[WordCoding]]
    """The coding, without its length."""

    quantizer: Quantizer
    """How a float becomes a word, and its number of bits."""
    order: BitOrder = BitOrder.MSB_FIRST
    """Which bit of a word lies on the first of its bit lines."""

    @property
    def coding(self) -> WordCoding:
        """The coding at the length of the quantizer."""
        return self.kind(self.quantizer.bits, self.order)


@dataclass(frozen=True, slots=True)
class TwosComplement(WordMapping):
    """Each weight is one two's-complement word."""

    kind: ClassVar[type[WordCoding]] = TwosComplementWord


@dataclass(frozen=True, slots=True)
class OffsetBinary(WordMapping):
    """Each weight is the binary number word + 2^(b-1)."""

    kind: ClassVar[type[WordCoding]] = OffsetBinaryWord


@dataclass(frozen=True, slots=True)
class SignMagnitude(WordMapping):
    """Each weight is a sign bit and a magnitude; it needs a symmetric quantizer (`ClipQuantizer`)."""

    kind: ClassVar[type[WordCoding]] = SignMagnitudeWord
