"""Shares of bits that were read wrong, '1' and '0' apart: a '1' usually fails far more often than a '0'."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BitErrors:
    """Shares (0 to 1) of the bits of each array that were read wrong; NaN where there was no such bit."""

    total: Float[Tensor, " array"]
    """Of all bits."""
    of_ones: Float[Tensor, " array"]
    """Of the '1' bits, read as '0'."""
    of_zeros: Float[Tensor, " array"]
    """Of the '0' bits, read as '1'."""


def bit_errors(written: Bool[Tensor, "*array bit"], read: Bool[Tensor, "array bit"]) -> BitErrors:
    """Compare `read` with `written`, which is one row for all arrays or one row per array."""
    wrong = read ^ written
    ones = written.sum(-1, dtype=torch.float64)
    zeros = (~written).sum(-1, dtype=torch.float64)
    return BitErrors(
        total=wrong.sum(-1, dtype=torch.float64) / read.shape[-1],
        of_ones=(wrong & written).sum(-1, dtype=torch.float64) / ones,
        of_zeros=(wrong & ~written).sum(-1, dtype=torch.float64) / zeros,
    )
