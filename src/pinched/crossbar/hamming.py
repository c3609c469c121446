r"""Hamming codes over groups of adjacent bits of a word line: any single wrong bit of a group is put right.

A group of $k$ data bits gets the fewest $p$ check bits with $2^p \ge k + p + 1$ (hamming1950error): 3 bits become 6,
12 become 17, 57 become 63. With `detect_double` one more bit tells two wrong bits from one (SECDED): such a group is
left as it was read and counted. Without it, two wrong bits usually become three.

A code needs no verification and no map, and it also mends what goes wrong later (retention). But it adds cells that
fail like the others: at an error rate $p$ a group of $n$ fails with about $n(n-1)p^2/2$. Verification with spare
cells costs about the same area and repairs far more.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from pinched._params import quantity, require


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decoded:
    """Data bits after decoding, and what the code noticed, per array."""

    bits: Bool[Tensor, "array word_line bit_line"]
    """Data bits."""
    corrected: Float64[Tensor, " array"]
    """Groups in which one bit was put right."""
    uncorrectable: Float64[Tensor, " array"]
    """Groups that were noticed to hold more wrong bits than the code mends, and left as they were read."""


@dataclass(frozen=True, slots=True)
class Hamming:
    """Single-error-correcting code on groups of `data_bits` adjacent bits of a word line."""

    data_bits: int = quantity(
        dataclasses.MISSING, "1", "k", "data bits per group: the bits of a word, or of several words"
    )
    detect_double: bool = False
    """Add a parity bit over the group, so that two wrong bits are noticed (SECDED)."""

    def __post_init__(self) -> None:
        require(
            self,
            1 <= self.data_bits <= 1013,
            f"data_bits is {self.data_bits}; a group has 1 to 1013 data bits: a word or a few.",
        )

    @property
    def check_bits(self) -> int:
        """Check bits per group, the parity bit included."""
        return self._syndrome_bits + int(self.detect_double)

    @property
    def group(self) -> int:
        """Stored bits per group."""
        return self.data_bits + self.check_bits

    @property
    def _syndrome_bits(self) -> int:
        p = 2
        while (1 << p) < self.data_bits + p + 1:
            p += 1
        return p

    def _columns(self) -> Bool[Tensor, "bit check"]:
        # Column of the parity-check matrix for each stored bit: data bits take the numbers that are no powers of two,
        # check bit j is 2^j, so each column differs from all others and from zero.
        p = self._syndrome_bits
        data = [n for n in range(3, 1 << p) if n & (n - 1)][: self.data_bits]
        numbers = torch.tensor([*data, *(1 << j for j in range(p))])
        return ((numbers[:, None] >> torch.arange(p)) & 1).bool()

    def shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Word lines and bit lines that `rows` x `columns` data bits take.

        Raises `PinchedError` when a word line is no whole number of groups.
        """
        require(
            self,
            columns % self.data_bits == 0,
            f"{columns} bits on a word line are no whole number of groups of {self.data_bits}. Choose data_bits "
            f"among {[n for n in range(1, min(columns, 1013) + 1) if columns % n == 0][:12]}, or pad the word lines.",
        )
        return rows, columns // self.data_bits * self.group

    def encode(
        self, bits: Bool[Tensor, "*array word_line bit_line"]
    ) -> Bool[Tensor, "*array word_line coded"]:
        """Groups with their check bits behind them."""
        rows, columns = self.shape(*bits.shape[-2:])
        data = bits.reshape(*bits.shape[:-1], -1, self.data_bits)
        coded = torch.cat([data, _parity(data, self._columns()[: self.data_bits])], dim=-1)
        if self.detect_double:
            coded = torch.cat([coded, (coded.sum(-1, keepdim=True) & 1).bool()], dim=-1)
        return coded.reshape(*bits.shape[:-2], rows, columns)

    def decode(self, bits: Bool[Tensor, "array word_line coded"]) -> Decoded:
        """Data bits of what was read, each group with its one wrong bit put right."""
        columns = self._columns()
        stored = bits.reshape(*bits.shape[:-1], -1, self.group)
        body = stored[..., : len(columns)]
        numbers = (_parity(body, columns).long() << torch.arange(columns.shape[1])).sum(-1)
        # Which bit a syndrome stands for; a shortened code leaves some without a bit.
        flips = torch.zeros((1 << columns.shape[1], len(columns)), dtype=torch.bool)
        flips[(columns.long() << torch.arange(columns.shape[1])).sum(-1), torch.arange(len(columns))] = True
        wrong, known = numbers > 0, flips.any(-1)[numbers]
        mend = wrong & known
        lost = wrong & ~known
        count = mend
        if self.detect_double:
            odd = (stored.sum(-1) & 1).bool()
            # An even number of wrong bits with a syndrome is two; an odd one without is the parity bit itself.
            lost = lost | (wrong & ~odd)
            mend = mend & odd
            count = mend | (~wrong & odd)
        data = body ^ (flips[numbers] & mend.unsqueeze(-1))
        return Decoded(
            bits=data[..., : self.data_bits].reshape(*bits.shape[:-1], -1),
            corrected=count.flatten(1).sum(-1, dtype=torch.float64),
            uncorrectable=lost.flatten(1).sum(-1, dtype=torch.float64),
        )


def _parity(
    bits: Bool[Tensor, "*group bit"], columns: Bool[Tensor, "bit check"]
) -> Bool[Tensor, "*group check"]:
    # A product of zeros and ones in float32 counts exactly (up to 2^24), and is far faster than one in integers.
    return ((bits.float() @ columns.float()).to(torch.int32) & 1).bool()
