"""Where words lie in an array: whole words along the word lines, one word line after the other.

`place_words` before writing, `collect_words` after reading; the bit lines that no whole word fills stay free at the
end of each word line.
"""

import torch
from jaxtyping import Bool, Int, Int8
from torch import Tensor

from pinched._errors import PinchedError
from pinched.crossbar.words import TwosComplementWord, WordCoding


def as_coding(coding: WordCoding | int) -> WordCoding:
    """`coding`, where a bare number of bits (1 to 8) means two's complement, most significant bit first."""
    return TwosComplementWord(coding) if isinstance(coding, int) else coding


def place_words(
    words: Int[Tensor, "*array word"], coding: WordCoding | int, shape: tuple[int, int]
) -> tuple[Bool[Tensor, "*array word_line bit_line"], Bool[Tensor, "word_line bit_line"]]:
    """Bits of `words` on an array of `shape` (word lines, bit lines), and which cells they use.

    Cells left over are '0' and not used. Raises `PinchedError` when the words do not fit the array, or a word
    does not fit its bits.
    """
    coding = as_coding(coding)
    bits, count, row = coding.bits, words.shape[-1], shape[1] // coding.bits
    capacity = shape[0] * row
    if count > capacity:
        cure = (
            f"Give shape=({-(-count // row)}, {shape[1]}) or larger."
            if row
            else f"Give at least {bits} bit lines."
        )
        raise PinchedError(
            f"{count} words of {bits} bits are needed, but an array of {shape[0]} x {shape[1]} cells holds "
            f"{capacity} ({row} on each of {shape[0]} word lines). {cure}"
        )
    plane = torch.zeros((*words.shape[:-1], capacity, bits), dtype=torch.bool)
    plane[..., :count, :] = coding.encode(words)
    used = torch.zeros((capacity, bits), dtype=torch.bool)
    used[:count] = True
    return _rows(plane, shape, row * bits), _rows(used, shape, row * bits)


def _rows(plane: Tensor, shape: tuple[int, int], width: int) -> Tensor:
    lines = plane.reshape(*plane.shape[:-2], shape[0], width)
    return torch.nn.functional.pad(lines, (0, shape[1] - width))


def collect_words(
    bits: Bool[Tensor, "*array word_line bit_line"], coding: WordCoding | int
) -> Int8[Tensor, "*array word"]:
    """Every whole word of a plane of `bits` in reading order, written or not."""
    coding = as_coding(coding)
    row = bits.shape[-1] // coding.bits
    cells = bits[..., : row * coding.bits]
    return coding.decode(cells.reshape(*bits.shape[:-2], bits.shape[-2] * row, coding.bits))
