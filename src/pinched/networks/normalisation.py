"""`settle_normalisation`: batch normalisation told what the devices of one chip make of the inputs.

Devices that are off shift and stretch what a layer puts out. Means and variances kept from training do not know; some
thousands of inputs passed through the written chip do, without labels and without writing a device. For the weights
themselves train on with noise (`convert`, then `.train()`); `evaluate(..., settle=inputs)` does this in every chip.
"""

from __future__ import annotations

import copy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinched._errors import PinchedError

AT_ONCE = 500
"""Inputs that pass together."""

_KINDS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def settle_normalisation(chip: nn.Module, inputs: Float[Tensor, "input ..."]) -> nn.Module:
    """A copy of `chip` whose batch normalisation has the means and variances of `inputs` in these devices.

    Every layer sees what settled layers before it make of `inputs`, all in one pass: training inputs, some thousands.
    Raises `PinchedError` for a chip without batch normalisation and for fewer than two inputs. Source:
    joshi2020accurate.
    """
    twin = copy.deepcopy(chip)
    settle(twin, inputs)
    return twin


@torch.no_grad()
def settle(chip: nn.Module, inputs: Float[Tensor, "input ..."]) -> None:
    """`settle_normalisation` in place."""
    layers = [m for m in chip.modules() if isinstance(m, _KINDS) and m.track_running_stats]
    if not layers:
        raise PinchedError(
            "there is no batch normalisation to settle in this network. Leave this out, or give the model BatchNorm "
            "layers."
        )
    if len(inputs) < 2:
        raise PinchedError(
            f"{len(inputs)} inputs have no variance to settle on; give some hundreds of training inputs."
        )
    before = [(layer, layer.momentum, layer.training) for layer in layers]
    try:
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # the plain mean of all portions
            layer.train()
        # Portions of one size: a mean over portions is one over inputs.
        for part in inputs.tensor_split(-(-len(inputs) // AT_ONCE)):
            chip(part)
    finally:
        for layer, momentum, training in before:
            layer.momentum = momentum
            layer.train(training)
