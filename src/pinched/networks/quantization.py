r"""Quantization: from float parameters to the integers that an array stores, and what they stand for.

`ClipQuantizer` is the one to use: symmetric, rounded to nearest, its range chosen by least squares, so that
the stored network approximates the float one; `per_channel=True` gives every output its own step, at the price
of one more number per output kept outside the array. `PaperQuantizer` is the conversion of marraccini2025fast
as its script does it, kept to reproduce the paper; it truncates and it gives the weights and the biases of a
layer different gains, which costs most at 2 to 4 bits. `RoundQuantizer` is the same but for the rounding: the
difference of the two is what truncation alone costs.

`quantize` turns any torch module of linear and convolution layers into a `QuantizedNetwork`;
`straight_through` is what training sees of a quantizer, `BitFlips` what it sees of an array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int8
from torch import Tensor

from pinched._params import require
from pinched.crossbar.words import TwosComplementWord, WordCoding, check_bits, word_range


@runtime_checkable
class Quantizer(Protocol):
    """How a tensor becomes words; frozen, with nothing fitted inside."""

    @property
    def name(self) -> str:
        """In words, for reports."""
        ...

    @property
    def bits(self) -> int:
        """Bits per word, 1 to 8."""
        ...

    @property
    def rescaled(self) -> bool:
        """Whether the network computes with words times step (True) or with the bare words (False)."""
        ...

    def step(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, "*step"]:
        """What one unit of a word stands for in `tensor`; above zero, also for a tensor of zeros.

        A scalar, or (out, 1, ...) where every output has its own.
        """
        ...

    def words(self, tensor: Float[Tensor, "*shape"], step: Float[Tensor, "*step"]) -> Int8[Tensor, "*shape"]:
        """The word of each element at that `step`."""
        ...


def _largest(rows: Float[Tensor, "row value"]) -> Float[Tensor, " row"]:
    # A tensor of zeros has words of zero at any step; 1 avoids the division by zero.
    largest = rows.abs().amax(-1) if rows.shape[-1] else rows.new_zeros(rows.shape[:1])
    return torch.where(largest > 0, largest, torch.ones_like(largest))


@dataclass(frozen=True, slots=True)
class PaperQuantizer:
    r"""The conversion of marraccini2025fast: $w / \max|w|$, times $2^{b-1}$ below and $2^{b-1} - 1$ above zero.

    Digits behind the point are cut off (toward zero). The network then computes with the bare integers:
    weights and biases of a layer, each normalised by its own maximum, are added as they are. One bit holds
    -1 and 0: only the most negative parameter survives.
    """

    bits: int
    """Bits per word, 1 to 8."""

    def __post_init__(self) -> None:
        check_bits(self.bits)

    @property
    def name(self) -> str:
        """In words, for reports."""
        return "paper (per-tensor maximum, truncated, integers as they are)"

    @property
    def rescaled(self) -> bool:
        """False: the bare integers."""
        return False

    def step(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, "*step"]:
        """Largest magnitude over 2^(bits-1): the step of the negative side, which is also that of training."""
        return _two_gain_step(tensor, self.bits)

    def words(self, tensor: Float[Tensor, "*shape"], step: Float[Tensor, "*step"]) -> Int8[Tensor, "*shape"]:
        """Words from -2^(bits-1) to 2^(bits-1) - 1, cut off toward zero."""
        return _two_gains(tensor, step, self.bits).trunc().to(torch.int8)


@dataclass(frozen=True, slots=True)
class RoundQuantizer:
    """The conversion of `PaperQuantizer`, rounded to nearest (even) instead of cut off.

    Maximum scaling, two gains and bare integers are kept, so that comparing the two shows what truncation costs.
    """

    bits: int
    """Bits per word, 1 to 8."""

    def __post_init__(self) -> None:
        check_bits(self.bits)

    @property
    def name(self) -> str:
        """In words, for reports."""
        return "round (per-tensor maximum, rounded to nearest, integers as they are)"

    @property
    def rescaled(self) -> bool:
        """False: the bare integers."""
        return False

    def step(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, "*step"]:
        """Largest magnitude over 2^(bits-1), as for `PaperQuantizer`."""
        return _two_gain_step(tensor, self.bits)

    def words(self, tensor: Float[Tensor, "*shape"], step: Float[Tensor, "*step"]) -> Int8[Tensor, "*shape"]:
        """Words from -2^(bits-1) to 2^(bits-1) - 1, rounded to nearest."""
        return _two_gains(tensor, step, self.bits).round().to(torch.int8)


def _two_gain_step(tensor: Tensor, bits: int) -> Tensor:
    return _largest(tensor.detach().reshape(1, -1))[0] / -word_range(bits)[0]


def _two_gains(tensor: Tensor, step: Tensor, bits: int) -> Tensor:
    """`tensor` over its largest magnitude, times 2^(bits-1) below and 2^(bits-1) - 1 above zero."""
    low, high = word_range(bits)
    normalised = tensor / (step * -low)
    return (normalised * torch.where(normalised < 0, float(-low), float(high))).clamp(low, high)


@dataclass(frozen=True, slots=True)
class ClipQuantizer:
    r"""Symmetric words $-(2^{b-1}-1) \dots 2^{b-1}-1$, rounded to nearest even, least-squares range.

    The clip range is searched per tensor (or per output); the network computes with words times step, so weights
    and biases keep their proportion. One bit cannot be symmetric in two's complement: it holds -1 and 0, and only
    negative parameters survive (of no use for a network; two bits hold -1, 0, 1).
    """

    bits: int
    """Bits per word, 1 to 8."""
    per_channel: bool = False
    """Whether every output of a weight tensor has a step of its own; biases always share one per tensor."""

    def __post_init__(self) -> None:
        check_bits(self.bits)

    @property
    def name(self) -> str:
        """In words, for reports."""
        ranges = "a least-squares range per output" if self.per_channel else "least-squares range"
        return f"clip (symmetric, rounded to nearest, {ranges})"

    @property
    def rescaled(self) -> bool:
        """True: words times step."""
        return True

    @property
    def ends(self) -> tuple[int, int]:
        """Smallest and largest word."""
        high = word_range(self.bits)[1]
        return (-high, high) if high else (-1, 0)

    def step(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, "*step"]:
        """The step, out of 48 from a tenth of the full range up to all of it, with the least squared error.

        Where the tensor already lies on a grid whose largest words are not used, the step of that grid.
        """
        low, high = self.ends
        values = tensor.detach()
        # A bias on a step of its own would be stored exactly by its scale, and its word would say nothing.
        if self.per_channel and values.ndim > 1:
            found = _least_squares(values.flatten(1), low, high)
            return found.reshape(-1, *[1] * (values.ndim - 1))
        return _least_squares(values.reshape(1, -1), low, high)[0]

    def words(self, tensor: Float[Tensor, "*shape"], step: Float[Tensor, "*step"]) -> Int8[Tensor, "*shape"]:
        """Words nearest to tensor / step inside the symmetric range."""
        low, high = self.ends
        return (tensor / step).round().clamp(low, high).to(torch.int8)


_CACHED = 4096
"""Elements of a tensor whose errors at all steps are computed at once."""


def _least_squares(rows: Float[Tensor, "row value"], low: int, high: int) -> Float[Tensor, " row"]:
    # The full range stands first, so that a row which fits exactly keeps its values exactly.
    # A row that was trained onto a grid need not use its last words: the largest magnitude may be any upper word.
    words = torch.arange(-low, max(0, -low // 2 if low < -7 else 0), -1, dtype=rows.dtype, device=rows.device)
    shares = torch.cat([torch.linspace(1.0, 0.1, 48, dtype=rows.dtype, device=rows.device), -low / words[1:]])
    steps = shares[:, None] * (_largest(rows) / -low)
    # All steps at once where their copies of the tensor stay in the cache, one after the other where they do not.
    if rows.shape.numel() <= _CACHED:
        errors = _squared_error(rows, steps[:, :, None], low, high)
    else:
        errors = torch.stack([_squared_error(rows, step[:, None], low, high) for step in steps])
    return steps.gather(0, errors.argmin(0, keepdim=True))[0]


def _squared_error(rows: Tensor, step: Tensor, low: int, high: int) -> Tensor:
    scaled = rows / step
    return (step * (scaled - scaled.round().clamp(low, high))).square().sum(-1)


@dataclass(frozen=True, kw_only=True, slots=True)
class BitFlips:
    """Errors of the stored bits that training is to survive: each bit is read wrong with these probabilities."""

    of_ones: float
    """Probability (0 to 1) that a '1' reads as '0'."""
    of_zeros: float
    """Probability (0 to 1) that a '0' reads as '1'."""
    coding: type[WordCoding] = TwosComplementWord
    """How the words are stored."""

    def __post_init__(self) -> None:
        for name in ("of_ones", "of_zeros"):
            rate = getattr(self, name)
            require(self, 0.0 <= rate <= 1.0, f"{name} is {rate}; it is a probability from 0 to 1.")

    def flip(
        self, words: Int8[Tensor, "*word"], bits: int, uniform: Float[Tensor, "*word bit"]
    ) -> Int8[Tensor, "*word"]:
        """`words` of `bits` as they are read when `uniform` numbers (0 to 1, one per bit) decide."""
        coding = self.coding(bits)
        stored = coding.encode(words)
        return coding.decode(stored ^ (uniform < torch.where(stored, self.of_ones, self.of_zeros)))


def straight_through(
    tensor: Float[Tensor, "*shape"], quantizer: Quantizer, step: Float[Tensor, "*step"]
) -> Float[Tensor, "*shape"]:
    """The quantized values of `tensor` forward, the identity (over step, for bare words) backward.

    The straight-through estimator (bengio2013estimating): rounding has no useful gradient, so training pretends it is
    not there.
    """
    return see_words(tensor, quantizer, step, quantizer.words(tensor.detach(), step))


def see_words(
    tensor: Float[Tensor, "*shape"],
    quantizer: Quantizer,
    step: Float[Tensor, "*step"],
    words: Int8[Tensor, "*shape"],
) -> Float[Tensor, "*shape"]:
    """What `words` stand for forward (those of `tensor`, or those with flipped bits), the identity backward."""
    levels = words.to(tensor.dtype)
    smooth = tensor if quantizer.rescaled else tensor / step
    value = levels * step if quantizer.rescaled else levels
    return smooth + (value - smooth).detach()
