"""The effective conductance of an array as a function that torch differentiates.

Use it where a gradient has to pass through the wires: training on arrays, calibration of conductances. Currents are
`voltages @ effective_conductance(...)`, so gradients by the inputs and by everything before them come with the
product.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pinched.crossbar.wires import adjoint, direct
from pinched.crossbar.wires.array import Crossbar
from pinched.crossbar.wires.wiring import Resistance, Wiring


class _Effective(torch.autograd.Function):
    """Forward: the exact matrix. Backward: one pass through the array, whatever the number of inputs."""

    @staticmethod
    def forward(ctx: Any, conductance: Tensor, wiring: Wiring) -> Tensor:
        cells = conductance.detach().to(device="cpu", dtype=torch.float64).numpy()
        ctx.wiring, ctx.cells = wiring, cells
        return torch.from_numpy(direct.effective(cells, wiring)).to(conductance)

    @staticmethod
    def backward(ctx: Any, *outward: Tensor) -> tuple[Tensor, None]:
        (outer,) = outward
        weight = outer.detach().to(device="cpu", dtype=torch.float64).numpy()
        found = adjoint.gradient(ctx.cells, ctx.wiring, np.ascontiguousarray(weight))
        return torch.from_numpy(found).to(outer), None


def effective_conductance(
    conductance: Float[Tensor, "*array word_line bit_line"],
    *,
    wire_resistance: Resistance | tuple[Resistance, Resistance] = 0.0,
    source_resistance: Resistance = 0.0,
    sense_resistance: Resistance = 0.0,
    both_ends: tuple[bool, bool] = (False, False),
) -> Float[Tensor, "*array word_line bit_line"]:
    """Effective conductance (S) of every array of `conductance` (S), with its gradient.

    Other arguments as those of `Crossbar`.
    Computed in float64 on the processor and returned in the type and on the device of `conductance`. Raises
    `PinchedError` as `Crossbar` does.
    """
    array = Crossbar(
        conductance.detach().to(device="cpu", dtype=torch.float64).numpy(),
        wire_resistance=wire_resistance,
        source_resistance=source_resistance,
        sense_resistance=sense_resistance,
        both_ends=both_ends,
    )
    return _Effective.apply(conductance, array.wiring)
