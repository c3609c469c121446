r"""What one cell does: how it is drawn, how a pulse changes it, what a read finds. Elementwise, any shape.

`ReramMemory` holds cells as tensors (array, word line, bit line) and the writing of `repair` works on flat lists of
the few cells that still need a pulse; both call the functions here, so that a cell behaves the same in both.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int32
from torch import Tensor

from pinched._params import quantity, require
from pinched._random import cell_normals, cell_uniforms
from pinched.devices.spread import QUANTITIES, DeviceSpread
from pinched.extraction.distributions import Distribution

Cells = Float32[Tensor, "*cell"]

_AT_ONCE = 50_000
"""Cells drawn at a time: their temporaries stay in the cache, which halves the time of drawing."""


class CellState(Enum):
    """The two states of a binary cell."""

    HRS = "high resistance state"
    LRS = "low resistance state"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endurance:
    """How many write pulses a cell survives, and the state in which it stays afterwards.

    A cycle of an endurance test is a SET and a RESET; whether an unsuccessful pulse wears is rarely known. Counting
    every pulse, and taking the published number of cycles as a number of pulses, is the cautious reading.
    """

    pulses: int | Distribution = quantity(
        dataclasses.MISSING,
        "1",
        "N",
        "write pulses a cell survives: one number, or the distribution over cells",
    )
    end: CellState = CellState.LRS
    """Where a worn cell stays for good."""

    def __post_init__(self) -> None:
        require(
            self,
            not isinstance(self.pulses, int) or self.pulses >= 0,
            f"pulses is {self.pulses}; a cell survives no or some pulses. Leave endurance out for no limit.",
        )


def draw_devices(
    spread: DeviceSpread, seed: int, arrays: range, shape: tuple[int, int]
) -> tuple[Cells, Cells, Cells, Cells]:
    """V_SET (V), |V_RESET| (V), LRS and HRS (ohm) of every cell (array, word line, bit line), by address."""
    factor = spread.normal_factor.astype(np.float32)
    drawn = [np.empty((len(arrays), *shape), dtype=np.float32) for _ in QUANTITIES]
    portion = max(1, _AT_ONCE // math.prod(shape))
    for start in range(0, len(arrays), portion):
        part = slice(start, start + portion)
        normals = np.moveaxis(cell_normals(seed, "device", arrays[part], shape), -1, 0)
        for k, name in enumerate(QUANTITIES):
            # Elementwise and not as a matrix product: BLAS may round a cell otherwise in another batch.
            score = factor[k, 0] * normals[0]
            for m in range(1, k + 1):
                if factor[k, m] != 0.0:
                    score = score + factor[k, m] * normals[m]
            drawn[k][part] = getattr(spread, name).from_normal(score)
    v_set, v_reset, lrs, hrs = (torch.from_numpy(values) for values in drawn)
    return v_set, v_reset, lrs, hrs


def draw_working(
    spread: DeviceSpread,
    stuck: tuple[float, float],
    seed: int,
    arrays: range,
    shape: tuple[int, int],
) -> tuple[Bool[Tensor, "array word_line bit_line"], Bool[Tensor, "array word_line bit_line"]]:
    """Which cells switch at all, and which of the others are stuck in LRS; by address.

    A cell beyond the yield of `spread` is stuck in HRS; `stuck` are the shares (0 to 1) of all cells that are
    stuck in HRS and in LRS besides, and come before the yield.
    """
    working = torch.ones((len(arrays), *shape), dtype=torch.bool)
    in_lrs = torch.zeros_like(working)
    if spread.device_yield < 1.0:
        working = torch.from_numpy(cell_uniforms(seed, "yield", arrays, shape)[..., 0] <= spread.device_yield)
    at_hrs, at_lrs = stuck
    if at_hrs + at_lrs > 0.0:
        # LRS from below and HRS from above, so that a larger share contains the cells of a smaller one.
        chance = torch.from_numpy(cell_uniforms(seed, "stuck", arrays, shape)[..., 0])
        in_lrs = chance <= at_lrs
        working = working & ~in_lrs & (chance <= 1.0 - at_hrs)
    return working, in_lrs


def draw_limit(
    endurance: Endurance | None, seed: int, arrays: range, shape: tuple[int, int]
) -> Int32[Tensor, "#array #word_line #bit_line"]:
    """Write pulses that each cell survives, by address; one number for all where all are alike."""
    if endurance is None:
        return torch.full((1, 1, 1), torch.iinfo(torch.int32).max, dtype=torch.int32)
    if isinstance(endurance.pulses, int):
        return torch.full((1, 1, 1), endurance.pulses, dtype=torch.int32)
    values = endurance.pulses.from_normal(cell_normals(seed, "endurance", arrays, shape)[..., 0])
    # A whole pulse is survived or not; a float32 holds whole numbers exactly up to 2^24.
    return torch.from_numpy(np.clip(np.floor(values), 0, 2**24).astype(np.int32))


def pulsed(
    state: Bool[Tensor, "*cell"],
    bits: Bool[Tensor, "*#cell"],
    can_set: Bool[Tensor, "*cell"],
    can_reset: Bool[Tensor, "*cell"],
) -> Bool[Tensor, "*cell"]:
    """State (True in LRS) after a SET pulse for each '1' and a RESET pulse for each '0' of `bits`."""
    return (bits & can_set) | (state & ~(~bits & can_reset))
