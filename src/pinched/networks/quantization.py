r"""Quantization: from float parameters to the integers that an array stores, and what they stand for.

`ClipQuantizer` is the one to use: symmetric, rounded to nearest, its range chosen by least squares, so that
the stored network approximates the float one. `PaperQuantizer` is the conversion of marraccini2025fast as
its script does it, kept to reproduce the paper; it truncates and it gives the weights and the biases of a
layer different gains, which costs most at 2 to 4 bits.

`quantize` turns any torch module of linear and convolution layers into a `QuantizedNetwork`;
`straight_through` is what training sees of a quantizer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int8
from torch import Tensor

from pinched._params import require
from pinched.crossbar.words import MAX_BITS, word_range


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

    def step(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
        """What one unit of a word stands for in `tensor`; above zero, also for a tensor of zeros."""
        ...

    def words(self, tensor: Float[Tensor, "*shape"], step: Float[Tensor, ""]) -> Int8[Tensor, "*shape"]:
        """The word of each element at that `step`."""
        ...


def _largest(tensor: Tensor) -> Tensor:
    # A tensor of zeros has words of zero at any step; 1 avoids the division by zero.
    largest = tensor.detach().abs().amax() if tensor.numel() else tensor.new_zeros(())
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
        _require_bits(self, self.bits)

    @property
    def name(self) -> str:
        """In words, for reports."""
        return "paper (per-tensor maximum, truncated, integers as they are)"

    @property
    def rescaled(self) -> bool:
        """False: the bare integers."""
        return False

    def step(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
        """Largest magnitude over 2^(bits-1): the step of the negative side, which is also that of training."""
        return _largest(tensor) / -word_range(self.bits)[0]

    def words(self, tensor: Float[Tensor, "*shape"], step: Float[Tensor, ""]) -> Int8[Tensor, "*shape"]:
        """Words from -2^(bits-1) to 2^(bits-1) - 1."""
        low, high = word_range(self.bits)
        normalised = tensor / (step * -low)
        gain = torch.where(normalised < 0, float(-low), float(high))
        return (normalised * gain).trunc().clamp(low, high).to(torch.int8)


@dataclass(frozen=True, slots=True)
class ClipQuantizer:
    r"""Symmetric words $-(2^{b-1}-1) \dots 2^{b-1}-1$, rounded to nearest even, least-squares range.

    The clip range is searched per tensor; the network computes with words times step, so weights and biases
    keep their proportion. One bit cannot be symmetric in two's complement: it holds -1 and 0, and only
    negative parameters survive (of no use for a network; two bits hold -1, 0, 1).
    """

    bits: int
    """Bits per word, 1 to 8."""

    def __post_init__(self) -> None:
        _require_bits(self, self.bits)

    @property
    def name(self) -> str:
        """In words, for reports."""
        return "clip (symmetric, rounded to nearest, least-squares range)"

    @property
    def rescaled(self) -> bool:
        """True: words times step."""
        return True

    @property
    def _ends(self) -> tuple[int, int]:
        high = word_range(self.bits)[1]
        return (-high, high) if high else (-1, 0)

    def step(self, tensor: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
        """The step, out of 48 from a tenth of the full range up to all of it, with the least squared error."""
        low, high = self._ends
        full = _largest(tensor) / -low
        values = tensor.detach().flatten()
        # The full range stands first, so that a tensor which fits exactly keeps its values exactly.
        steps = full * torch.linspace(1.0, 0.1, 48, dtype=full.dtype, device=full.device)
        errors = torch.stack([_squared_error(values, s, low, high) for s in steps])
        return steps[errors.argmin()]

    def words(self, tensor: Float[Tensor, "*shape"], step: Float[Tensor, ""]) -> Int8[Tensor, "*shape"]:
        """Words nearest to tensor / step inside the symmetric range."""
        low, high = self._ends
        return (tensor / step).round().clamp(low, high).to(torch.int8)


def _squared_error(values: Tensor, step: Tensor, low: int, high: int) -> Tensor:
    scaled = values / step
    return step * step * (scaled - scaled.round().clamp_(low, high)).square_().sum()


def _require_bits(owner: object, bits: int) -> None:
    require(owner, 1 <= bits <= MAX_BITS, f"bits is {bits}; a word has 1 to {MAX_BITS} bits.")


def straight_through(
    tensor: Float[Tensor, "*shape"], quantizer: Quantizer, step: Float[Tensor, ""]
) -> Float[Tensor, "*shape"]:
    """The quantized values of `tensor` forward, the identity (over step, for bare words) backward.

    The straight-through estimator: rounding has no useful gradient, so training pretends it is not there.
    """
    words = quantizer.words(tensor.detach(), step).to(tensor.dtype)
    smooth = tensor if quantizer.rescaled else tensor / step
    value = words * step if quantizer.rescaled else words
    return smooth + (value - smooth).detach()
