r"""Two's-complement words and the bits that store them, most significant bit first.

A word of $b$ bits holds the integers $-2^{b-1} \dots 2^{b-1} - 1$; its value is
$-2^{b-1} d_0 + \sum_{k \ge 1} 2^{b-1-k} d_k$. One bit alone is its own sign bit: it holds -1 and 0, never +1.

`words_to_bits` before writing, `bits_to_words` after reading; the round trip is exact.
"""

import torch
from jaxtyping import Bool, Int, Int8
from torch import Tensor

from pinched._errors import PinchedError

MAX_BITS = 8
"""Longest word: what an int8 tensor holds, and twice what any network here needs."""


def check_bits(bits: int) -> int:
    """`bits` if it is a word length from 1 to 8; raises `PinchedError` otherwise."""
    if not 1 <= bits <= MAX_BITS:
        raise PinchedError(f"bits is {bits}; a word has 1 to {MAX_BITS} bits. Give a number in that range.")
    return bits


def word_range(bits: int) -> tuple[int, int]:
    """Smallest and largest integer in a two's-complement word of `bits` (1 to 8): (-4, 3) for three."""
    half = 1 << (check_bits(bits) - 1)
    return -half, half - 1


def words_to_bits(words: Int[Tensor, "*word"], bits: int) -> Bool[Tensor, "*word bit"]:
    """The bits of integer `words`, most significant first along a new last axis.

    Raises `PinchedError` for a word outside the range of `bits`, naming it, and for `bits` outside 1 to 8.
    """
    low, high = word_range(bits)
    outside = (words < low) | (words > high)
    if bool(outside.any()):
        value = int(words[outside].flatten()[0])
        raise PinchedError(
            f"the word {value} does not fit {bits} bits, which hold {low} to {high} (two's complement). "
            "Use more bits, or quantize to that range first."
        )
    # The shift of a signed integer is arithmetic: the sign bit comes down as it stands in the word.
    shift = torch.arange(bits - 1, -1, -1, dtype=words.dtype, device=words.device)
    return ((words.unsqueeze(-1) >> shift) & 1).bool()


def bits_to_words(bits: Bool[Tensor, "*word bit"]) -> Int8[Tensor, "*word"]:
    """The integers (int8) whose bits, most significant first, stand along the last axis of `bits` (1 to 8)."""
    length = check_bits(bits.shape[-1])
    # Horner, one column at a time: no temporary wider than a byte, whatever the number of words.
    word = -bits[..., 0].to(torch.int8)
    for k in range(1, length):
        word = word * 2 + bits[..., k]
    return word
