"""`in_arrays_network`: any torch module with its matrices in crossbar arrays; and what one does with such a chip.

`convert` makes one. It is a plain module: `state_dict`, deepcopy, `torch.compile` and `.to(device)` work, `.train()`
draws devices at every pass (hardware-aware training), `.eval()` programs them. `programmed` gives the same network in
another chip or at another time, `calibrate` sets the ranges of converters, `float_twin` takes the arrays out again.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import nn

from pinched._errors import PinchedError
from pinched._units import to_si
from pinched.crossbar.array_options import ArrayOptions
from pinched.crossbar.inputs import Amplitude
from pinched.crossbar.window import bend
from pinched.networks.array_layers import (
    MAPPED,
    ArrayCell,
    ArrayConv,
    ArrayLinear,
    ArrayRecurrent,
    in_arrays,
)
from pinched.networks.array_matrix import ArrayMatrix

DIGITAL = (
    nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d,
    nn.InstanceNorm3d, nn.PReLU, nn.Embedding,
)  # fmt: skip
"""Layers with parameters that no array computes: they stay digital, as biases do."""

_LAYERS = (ArrayLinear, ArrayConv, ArrayRecurrent, ArrayCell)


def in_arrays_network(model: nn.Module, options: ArrayOptions, *, digital: Sequence[str] = ()) -> nn.Module:
    """A copy of `model` in evaluation mode whose matrices lie in arrays; layers named in `digital` stay as they are.

    Raises `PinchedError` for a layer with parameters that has no mapping, and a model without any that has one.
    """
    known = {name for name, _ in model.named_modules()}
    lost = [name for name in digital if name not in known]
    if lost:
        raise PinchedError(
            f"digital names {', '.join(lost)}, but the model has the layers {', '.join(n for n in known if n)}."
        )
    if type(options.inputs) is Amplitude:
        bent = bend(options.device, options.read_voltage)
        if bent > 0.01:
            warnings.warn(
                f"the conductance of {type(options.device).__name__} changes by {bent:.1%} between half the read "
                f"voltage and {options.read_voltage:g} V: inputs coded as amplitudes are wrong by about as much, and "
                "that is not simulated. Take PulseCount() or BitSerial(), at one voltage, or a lower read_voltage.",
                stacklevel=3,
            )
    twin = copy.deepcopy(model).eval()
    if type(twin) in MAPPED:
        found = in_arrays(twin, options, name="layer")
        assert found is not None
        return found.eval()
    replaced = 0
    # A layer that stands at several places is one layer, and stays one.
    done: dict[int, nn.Module] = {}
    for path, part in _parents(twin, tuple(digital)):
        for label, child in _children(part):
            name = f"{path}.{label}" if path else label
            if _skipped(name, digital) or isinstance(child, _LAYERS):
                continue
            if id(child) not in done:
                made = in_arrays(child, options, name=name)
                if made is not None:
                    done[id(child)] = made.eval()
                    replaced += 1
            if id(child) in done:
                setattr(part, label, done[id(child)])
    _refuse_unmapped(twin, digital)
    if replaced == 0:
        raise PinchedError(
            f"{type(model).__name__} has no layer that maps onto arrays (Linear, Conv, RNN, LSTM, GRU): there is "
            "nothing to convert."
        )
    return twin


def _children(part: nn.Module) -> list[tuple[str, nn.Module]]:
    # Not `named_children`, which names a layer that stands at two places once.
    return [(label, child) for label, child in part._modules.items() if child is not None]


def _skipped(name: str, digital: Sequence[str]) -> bool:
    return any(name == d or name.startswith(f"{d}.") for d in digital)


def _parents(model: nn.Module, digital: tuple[str, ...]) -> list[tuple[str, nn.Module]]:
    return [
        (name, part)
        for name, part in model.named_modules()
        # The parts of attention are read by attention itself, not called: replacing them would do nothing.
        if not isinstance(part, nn.MultiheadAttention) and not (name and _skipped(name, digital))
    ]


def _refuse_unmapped(model: nn.Module, digital: Sequence[str]) -> None:
    inside = {id(m) for layer in model.modules() if isinstance(layer, _LAYERS) for m in layer.modules()}
    for name, part in model.named_modules():
        own = [key for key, _ in part.named_parameters(recurse=False)]
        if not own or id(part) in inside or isinstance(part, DIGITAL) or _skipped(name, digital):
            continue
        raise PinchedError(
            f"the layer '{name or type(model).__name__}' ({type(part).__name__}) holds {', '.join(own)} and has no "
            "mapping: arrays compute Linear, Conv1d, 2d, 3d, RNN, LSTM, GRU and their cells. Name it in "
            f"digital=('{name}',) to leave it digital, or build it of Linear layers."
        )


def matrices(chip: nn.Module) -> Iterator[ArrayMatrix]:
    """Every matrix of `chip` that lies in arrays; raises `PinchedError` where there is none."""
    found = [m for m in chip.modules() if isinstance(m, ArrayMatrix)]
    if not found:
        raise PinchedError(f"{type(chip).__name__} has no layer in arrays. Make one with `convert`.")
    yield from found


def program_chip(chip: nn.Module, *, array: int | None = None, time: float = 0.0) -> None:
    """Write every matrix of `chip`, in place, into the devices of chip number `array` (the present one when None)."""
    for matrix in matrices(chip):
        matrix.program(array, time=time)


def programmed(chip: nn.Module, *, array: int | None = None, time: str | float = 0.0) -> nn.Module:
    """A copy of `chip` in the devices of chip number `array`, read at `time` (s or text) since programming."""
    twin = copy.deepcopy(chip)
    program_chip(twin, array=array, time=to_si(time, "s"))
    return twin


@torch.no_grad()
def hold_devices(matrix: ArrayMatrix, shares: Float[torch.Tensor, "output input cell"], scale: float) -> None:
    """Let `matrix` read devices that were written elsewhere, in place: their places in the window (0 to 1).

    `scale` is the weight at the end of the window. Programming the chip anew loses them.
    """
    options, window = matrix.options, matrix.options.window
    cells = window.g_min + window.width * shares.double().transpose(0, 1)
    reference = options.mapping.reference(window)
    matrix.weight_scale.fill_(scale)
    matrix.conductance.copy_(matrix.tiling.fold(cells.to(matrix.conductance), reference))
    spread = cells.new_full(cells.shape[:2], reference) if options.mapping.has_reference else None
    stood = options.mapping.outputs(options.mapping.combine(cells, spread, window), window)
    matrix.weight.copy_(stood.transpose(0, 1) * scale)
    matrix.at_time(0.0)


def aged(chip: nn.Module, time: str | float) -> nn.Module:
    """A copy of `chip`, the same devices as they were programmed, read at `time` (s or text) since then."""
    seconds = to_si(time, "s")
    if seconds < 0:
        raise PinchedError(f"time is {seconds} s; it counts from programming, 0 or more.")
    twin = copy.deepcopy(chip)
    for matrix in matrices(twin):
        matrix.at_time(seconds)
    return twin


def float_twin(chip: nn.Module) -> nn.Module:
    """The network of the float masters of `chip`, without arrays, in evaluation mode."""
    if isinstance(chip, _LAYERS):
        return chip.original().eval()
    twin = copy.deepcopy(chip).eval()
    done: dict[int, nn.Module] = {}
    for part in list(twin.modules()):
        for label, child in _children(part):
            if isinstance(child, _LAYERS):
                if id(child) not in done:
                    done[id(child)] = child.original().eval()
                setattr(part, label, done[id(child)])
    return twin
