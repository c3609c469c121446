"""`calibrate`: ranges of converters from data that pass through the chip."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from pinched.crossbar.array_options import ArrayOptions
from pinched.crossbar.converters import CalibratedRange, FixedRange
from pinched.networks.array_matrix import ArrayMatrix, bits_of
from pinched.networks.array_network import matrices


@torch.no_grad()
def calibrate(chip: nn.Module, inputs: Tensor) -> nn.Module:
    """A copy of `chip` whose converters have the ranges that `inputs` ask for (a few hundred will do).

    Every matrix is watched while they pass without converters; ranges that are fixed stay.
    """
    twin = copy.deepcopy(chip).eval()
    watched = [(matrix, Observer()) for matrix in matrices(twin)]
    for matrix, observer in watched:
        matrix._observer = observer
    try:
        for part in inputs.split(256):
            twin(part)
        for matrix, observer in watched:
            observer.set_inputs(matrix)
        for part in inputs.split(256):
            twin(part)
    finally:
        for matrix, _ in watched:
            matrix._observer = None
    for matrix, observer in watched:
        observer.set_signals(matrix)
    return twin


def needs_calibration(options: ArrayOptions) -> bool:
    """Whether a converter has a range that data decide."""
    return any(
        converter is not None and isinstance(converter.range, CalibratedRange)
        for converter in (options.adc, options.dac)
    )


class Observer:
    """Watches one matrix while data pass, and sets its ranges: what `calibrate` hangs into every layer.

    First inputs, then signals: what is on the bit lines depends on how inputs of that range are coded.
    """

    def __init__(self) -> None:
        self.inputs: list[Tensor] = []
        self.signals: list[Tensor] = []
        self.low, self.lowest_signal = math.inf, math.inf
        self.inputs_known = False

    def observe(self, matrix: ArrayMatrix, flat: Tensor) -> Tensor:
        """Note inputs or signals, and pass on the product without converters."""
        options = matrix.options
        plain = matrix.matrix / matrix._fold()
        rows = plain.shape[1]
        if self.inputs_known:
            drive, steps = matrix._drive(flat)
            drive = drive if options.dac is not None else drive / matrix.input_range
            for phase, _ in options.inputs.phases(drive, steps, matrix.input_bipolar, bits_of(options)):
                lines = matrix._padded(phase)
                signals = torch.bmm(lines.unflatten(1, (-1, rows)).transpose(0, 1), plain)
                self.lowest_signal = min(self.lowest_signal, float(signals.min()))
                self.signals.append(signals.abs())
        else:
            self.low = min(self.low, float(flat.min()))
            self.inputs.append(_some(flat.abs().flatten()))
        whole = plain.flatten(0, 1)[matrix.tiling.padding :]
        return matrix._decoded(flat @ whole) * matrix.weight_scale

    def set_inputs(self, matrix: ArrayMatrix) -> None:
        """Set the input range of `matrix` by what was seen."""
        self.inputs_known = True
        dac = matrix.options.dac
        if not self.inputs:
            return
        before = matrix._fold()
        if dac is not None:
            matrix.input_bipolar.fill_(float(self.low < 0))
        if dac is None or isinstance(dac.range, CalibratedRange):
            rule = (
                dac.range if dac is not None and isinstance(dac.range, CalibratedRange) else CalibratedRange()
            )
            matrix.input_range.fill_(_full_scale(torch.cat(self.inputs), rule))
        matrix.refold(before)

    def set_signals(self, matrix: ArrayMatrix) -> None:
        """Set the range of the ADCs of `matrix` by what was seen."""
        adc = matrix.options.adc
        before = matrix._fold()
        if adc is not None and self.signals:
            matrix.adc_bipolar = self.lowest_signal < 0 if adc.bipolar is None else adc.bipolar
            top = adc.codes(matrix.adc_bipolar)[1]
            seen = torch.cat(self.signals, dim=1)
            if isinstance(adc.range, FixedRange):
                matrix._fix_adc_range(adc)
            elif adc.range.per_tile:
                matrix.adc_step.copy_(_per_tile(seen, matrix, adc.range) / top)
            else:
                matrix.adc_step.fill_(_full_scale(_some(seen.flatten()), adc.range) / top)
        matrix.calibrated = True
        matrix._draw_converters()
        matrix.refold(before)
        matrix._check_next = True


def _per_tile(seen: Tensor, matrix: ArrayMatrix, rule: CalibratedRange) -> Tensor:
    t, signals = matrix.tiling, matrix.options.mapping.signals
    step = torch.empty_like(matrix.adc_step)
    width = t.tile_outputs * signals
    for r in range(t.row_tiles):
        for start in range(0, t.outputs * signals, width):
            part = seen[r, :, start : start + width].flatten()
            step[r, :, start : start + width] = _full_scale(_some(part), rule)
    return step


def _some(values: Tensor, most: int = 200_000) -> Tensor:
    """At most `most` of `values`, the largest among them."""
    if values.numel() <= most:
        return values
    kept = values[:: -(-values.numel() // most)]
    return torch.cat([kept, values.max()[None]])


def _full_scale(values: Tensor, rule: CalibratedRange) -> float:
    if rule.quantile == 1.0:
        found = float(values.max())
    else:
        ordered = values.sort().values
        found = float(ordered[min(len(ordered) - 1, math.ceil(rule.quantile * len(ordered)) - 1)])
    return found * rule.margin if found > 0 else 1.0
