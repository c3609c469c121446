r"""`diagnose`: which imperfection costs how much in which layer, in decibels.

Each layer gets the inputs that it has in the float twin, and its output through the array is compared with the exact
product: the signal-to-error ratio $10 \log_{10}(\sum y^2 / \sum (y' - y)^2)$, with one cause switched on at a time
and with all together, in the same devices. 40 dB is an error of 1 %; below 10 dB a layer says little. `gain` tells
an attenuation (which scaling mends) from scatter (which it does not). `saturated` and `dead` look at the
converters.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pinched._params import require
from pinched.crossbar.array_options import ArrayOptions, Cause
from pinched.crossbar.level_sets import LevelSet
from pinched.networks.array_matrix import ArrayMatrix
from pinched.networks.array_network import matrices
from pinched.networks.array_state import wires_of


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerLoss:
    """What one cause does to one layer."""

    layer: str
    cause: Cause | None
    """None for all together."""
    decibel: float
    """Signal to error (dB); infinite where there is no error."""
    gain: float
    """Least-squares factor between the output of the array and the exact one; 1 without attenuation."""
    decibel_scaled: float
    """Signal to error (dB) that is left when that factor is divided out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerRange:
    """How one layer uses its converters and its window."""

    layer: str
    tiles: int
    saturated: float
    """Share of conversions beyond the range of the ADC; NaN without one."""
    dead: float
    """Share of conversions that give zero although the current is not; NaN without an ADC."""
    codes_used: float
    """Share of the codes of the ADC between the smallest and the largest that occurred; NaN without one."""
    inputs_clipped: float
    """Share of the inputs beyond the range of the DAC; NaN without one."""
    weights_small: float
    """Share of the weights below half a level of the devices; NaN for a continuum."""
    attenuation: float
    """Median of what the wires leave of a device's current; 1 for ideal wires."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Diagnosis:
    """All layers, all causes."""

    losses: tuple[LayerLoss, ...]
    """One entry per layer and cause that is on, and one per layer for all together."""
    ranges: tuple[LayerRange, ...]
    """One entry per layer."""
    inputs: int
    """Samples in the batch."""

    @property
    def worst(self) -> LayerLoss:
        """The single cause and layer with the lowest signal to error."""
        single = [loss for loss in self.losses if loss.cause is not None]
        return min(single or self.losses, key=lambda loss: loss.decibel)

    def of(self, layer: str, cause: Cause | None = None) -> LayerLoss:
        """The entry of `layer` and `cause` (None for all together); raises `PinchedError` where there is none."""
        found = [loss for loss in self.losses if loss.layer == layer and loss.cause is cause]
        require(
            type(self),
            len(found) == 1,
            f"there is no entry of layer '{layer}' and {cause}. Layers: "
            f"{', '.join(r.layer for r in self.ranges)}.",
        )
        return found[0]

    def __str__(self) -> str:
        lines = [f"{'layer':24} {'cause':30} {'S/E dB':>8} {'gain':>7} {'scaled dB':>10}"]
        lines += [
            f"{loss.layer:24} {'all together' if loss.cause is None else loss.cause.value:30} {loss.decibel:8.1f} "
            f"{loss.gain:7.3f} {loss.decibel_scaled:10.1f}"
            for loss in self.losses
        ]
        lines.append(
            f"{'layer':24} {'tiles':>5} {'saturated':>10} {'dead':>8} {'codes used':>11} {'inputs cut':>11} "
            f"{'small weights':>14} {'wires leave':>12}"
        )
        for one in self.ranges:
            lines.append(
                f"{one.layer:24} {one.tiles:5d} {one.saturated:10.2%} {one.dead:8.2%} {one.codes_used:11.1%} "
                f"{one.inputs_clipped:11.2%} {one.weights_small:14.1%} {one.attenuation:12.3f}"
            )
        return "\n".join(lines)


@torch.no_grad()
def diagnose(chip: nn.Module, batch: Tensor) -> Diagnosis:
    """What every imperfection of `chip` costs in every layer, on inputs like `batch` (a few hundred will do).

    Raises `PinchedError` where `chip` has no layer in arrays. Read noise is drawn from torch's global generator,
    whose state is put back.
    """
    parts = list(matrices(chip))
    seen = inputs_of(chip, batch, most=4096)
    losses, ranges = [], []
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        for matrix in parts:
            x = seen[id(matrix)]
            exact = x.double() @ matrix.weight.detach().double().T
            losses += [
                _loss(matrix, cause, x, exact, matrix.options.only(cause)) for cause in matrix.options.causes
            ]
            losses.append(_loss(matrix, None, x, exact, matrix.options))
            ranges.append(_range(matrix, x))
    return Diagnosis(losses=tuple(losses), ranges=tuple(ranges), inputs=len(batch))


def inputs_of(chip: nn.Module, batch: Tensor, *, most: int | None) -> dict[int, Tensor]:
    """What each matrix (by its id) is fed in the float twin, at most `most` inputs of each.

    It is the chip itself, its arrays replaced by exact products for a moment.
    """
    was = chip.training
    chip.eval()
    watched = [(matrix, _Exact()) for matrix in matrices(chip)]
    try:
        for matrix, observer in watched:
            matrix._observer = observer
        for part in batch.split(256):
            chip(part)
    finally:
        for matrix, _ in watched:
            matrix._observer = None
        if was:
            chip.train()
    return {id(matrix): torch.cat(observer.inputs)[:most] for matrix, observer in watched}


class _Exact:
    """Stands in for an array: notes the inputs, gives the exact product."""

    def __init__(self) -> None:
        self.inputs: list[Tensor] = []

    def observe(self, matrix: ArrayMatrix, flat: Tensor) -> Tensor:
        self.inputs.append(flat)
        return flat @ matrix.weight.T


def _loss(
    matrix: ArrayMatrix, cause: Cause | None, x: Tensor, exact: Tensor, options: ArrayOptions
) -> LayerLoss:
    twin = matrix if cause is None else matrix.with_options(options)
    with warnings.catch_warnings():
        # Ranges were calibrated with all imperfections; alone, one of them may fill a converter more. That is not
        # what the chip does, and the saturation of the chip itself stands in the diagnosis.
        warnings.simplefilter("ignore", UserWarning)
        got = twin(x).double()
    signal = float(exact.square().sum())
    error = float((got - exact).square().sum())
    power = float(got.square().sum())
    gain = float((got * exact).sum()) / signal if signal > 0 else 1.0
    left = power - gain**2 * signal
    return LayerLoss(
        layer=matrix.name,
        cause=cause,
        decibel=_decibel(signal, error),
        gain=gain,
        decibel_scaled=_decibel(gain**2 * signal, max(left, 0.0)),
    )


def _decibel(signal: float, error: float) -> float:
    if error <= 0:
        return math.inf
    return 10.0 * math.log10(signal / error) if signal > 0 else -math.inf


def _range(matrix: ArrayMatrix, x: Tensor) -> LayerRange:
    options, t = matrix.options, matrix.tiling
    nan = math.nan
    saturated = dead = used = clipped = small = nan
    adc, dac, levels = options.adc, options.dac, options.imperfections.levels
    if adc is not None:
        low, high = adc.codes(matrix.adc_bipolar)
        seen: list[Tensor] = []

        def note(_: ArrayMatrix, codes: Tensor, *__: int) -> None:
            seen.append(codes.flatten().double().clone())

        matrix._meter, before = note, matrix._meter
        matrix(x)
        matrix._meter = before
        codes = torch.cat(seen)
        saturated = float(((codes > high + 0.5) | (codes < low - 0.5)).double().mean())
        dead = float(((codes.abs() < 0.5) & (codes != 0)).double().mean())
        rounded = codes.round().clamp(low, high)
        used = float(rounded.max() - rounded.min() + 1) / (high - low + 1)
    if dac is not None:
        share = x / matrix.input_range
        clipped = float(((share > 1 + 1e-6) | (share < -matrix.input_bipolar - 1e-6)).double().mean())
    if levels is not None:
        # Of unequal levels the lowest step: small weights lie there.
        step = levels.shares[1] if isinstance(levels, LevelSet) else 1.0 / (levels - 1)
        small = float((matrix.weight.abs() / matrix.weight_scale < 0.5 * step).double().mean())
    left = 1.0
    if not wires_of(options).ideal:
        left = matrix.attenuation()
    return LayerRange(
        layer=matrix.name, tiles=t.tiles, saturated=saturated, dead=dead, codes_used=used, inputs_clipped=clipped,
        weights_small=small, attenuation=left,
    )  # fmt: skip
