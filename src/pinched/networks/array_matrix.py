"""`ArrayMatrix`: a matrix product computed in crossbar tiles, as a torch module that holds its state in buffers.

In evaluation mode the whole linear chain from inputs to bit lines (devices, wires, mapping) has collapsed into one
matrix per row tile, so that exact wires cost nothing per input. In training mode every forward pass draws devices anew
from the weights, differentiably: training learns what survives them. Going back to evaluation mode programs the arrays
with the weights as they are then.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinched._errors import PinchedError
from pinched.crossbar.array_options import ArrayOptions, WireGradient
from pinched.crossbar.converters import Adc, CalibratedRange, FixedRange, round_through
from pinched.crossbar.imperfections import Place
from pinched.crossbar.tiling import tiled
from pinched.networks.array_state import Conductances, read_state, through_wires

SATURATED = 0.01
"""Share of conversions at the end of a range beyond which a warning is given."""


class ArrayMatrix(nn.Module):
    """x -> x W^T in tiles; `weight` (output, input) is the float master behind the conductances."""

    def __init__(self, weight: Float[Tensor, "output input"], options: ArrayOptions, *, name: str) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        self.options, self.name = options, name
        self.tiling = tiled(inputs, outputs, options.mapping, options.tile)
        self.weight = nn.Parameter(weight.detach().clone())
        if not bool(torch.isfinite(weight).all()):
            raise PinchedError(
                f"the weights of '{name}' are not finite: did the training diverge? Use a lower rate."
            )
        if not bool(weight.any()):
            warnings.warn(
                f"all weights of '{name}' ({outputs} x {inputs}) are zero: every pair of devices is alike and the "
                "layer puts out zero and errors. Is it trained?",
                stacklevel=2,
            )
        self.array, self.programming, self.time = 0, 0, 0.0
        self.adc_bipolar, self.calibrated = True, False
        self.report: object = None
        """What the last programming took, if it counted."""
        self._observer: Observes | None = None
        self._meter: Callable[[ArrayMatrix, Tensor, int, int], None] | None = None
        self._ratio: Tensor | None = None
        self._steps_taken = 0
        self._check_next = True
        like = {"dtype": weight.dtype if weight.dtype == torch.float64 else torch.float32, "device": weight.device}
        t = self.tiling
        wide = outputs * options.mapping.signals
        noisy = options.imperfections.noisy
        for label, shape in (
            ("weight_scale", ()),
            ("conductance", (t.row_tiles, t.column_tiles, t.rows, t.columns)),
            ("matrix", (t.row_tiles, t.rows, wide)),
            ("variance", (t.row_tiles, t.rows, wide) if noisy else (0,)),
            ("reference_variance", (t.row_tiles, t.rows, t.column_tiles) if noisy and t.has_reference else (0,)),
            ("collapsed", (inputs, outputs) if options.reads_plainly else (0,)),
            ("input_range", ()),
            ("input_bipolar", ()),
            ("adc_step", (t.row_tiles, 1, wide)),
            ("adc_gain", (t.row_tiles, 1, wide)),
            ("adc_offset", (t.row_tiles, 1, wide)),
            ("dac_gain", (inputs,)),
            ("dac_offset", (inputs,)),
        ):
            self.register_buffer(label, torch.zeros(shape, **like))  # type: ignore[arg-type]
        # Differences of conductances are what counts: single precision would cost the last digits of small weights.
        self.conductance = self.conductance.double()
        for label in ("input_range", "input_bipolar", "adc_step", "adc_gain", "dac_gain"):
            getattr(self, label).fill_(1.0)
        if options.dac is not None and isinstance(options.dac.range, FixedRange):
            self.input_range.fill_(options.dac.range.full_scale)
        if options.adc is not None:
            self.adc_bipolar = options.adc.bipolar is not False
            self._fix_adc_range(options.adc)
        self.program(0)

    def _fix_adc_range(self, adc: Adc) -> None:
        if isinstance(adc.range, FixedRange):
            current = self.options.read_voltage * self.options.window.width
            self.adc_step.fill_(adc.range.full_scale / current / adc.codes(self.adc_bipolar)[1])

    # What is drawn and written ------------------------------------------------------------------------------

    @property
    def place(self) -> Place:
        """Address of the draws."""
        return Place(
            seed=self.options.seed, layer=self.name, array=self.array, programming=self.programming
        )

    @torch.no_grad()
    def program(self, array: int | None = None, *, time: float = 0.0) -> None:
        """Write the weights into the devices of chip number `array` (the present one when None).

        `time` (s) has passed when it is read next. Everything random is that of the address.
        """
        if array is not None and array != self.array:
            self.array, self.programming = array, 0
        self.weight_scale.copy_(self._scale())
        state = Conductances.of(self.weight.detach() / self.weight_scale, self.tiling, self.options)
        conductance, self.report = state.programmed(self.place)
        self.conductance.copy_(conductance)
        self._draw_converters()
        self.at_time(time)

    @torch.no_grad()
    def at_time(self, time: float) -> None:
        """Read from now on at `time` (s) since programming."""
        self.time = float(time)
        self._refresh()

    def attenuation(self) -> float:
        """Median of what the wires leave of the current of a device."""
        state = Conductances.of(self.weight.detach() / self.weight_scale, self.tiling, self.options)
        left = state.attenuation(self.time)
        return float(left[left > 0].median())

    @torch.no_grad()
    def with_options(self, options: ArrayOptions) -> ArrayMatrix:
        """The same weights at the same address and time, with the ranges of now, under other `options`."""
        twin = ArrayMatrix(self.weight, options, name=self.name)
        for label in ("input_range", "input_bipolar", "adc_step"):
            getattr(twin, label).copy_(getattr(self, label))
        twin.adc_bipolar, twin.calibrated, twin._check_next = self.adc_bipolar, self.calibrated, False
        twin.programming, twin.array = self.programming, self.array
        twin.program(time=self.time)
        twin._check_next = False
        return twin.eval()

    def _scale(self) -> Tensor:
        weight = self.weight.detach()
        largest = weight.abs().max()
        if self.options.clip is not None:
            largest = torch.minimum(largest, self.options.clip * weight.std(correction=0))
        return torch.where(largest > 0, largest, torch.ones_like(largest))

    def _refresh(self) -> None:
        """Collapse devices, wires and mapping into what `forward` multiplies with."""
        found = read_state(self.conductance, self.tiling, self.options, self.place, self.time)
        self._store(found.signals, found.variance, found.reference_variance)
        self._check_next = True

    def _store(self, signals: Tensor, variance: Tensor, reference: Tensor | None) -> None:
        factor = self._code_factor()
        self.matrix.copy_(signals * factor)
        if self.options.imperfections.noisy:
            self.variance.copy_(variance * factor.square())
            if reference is not None:
                self.reference_variance.copy_(reference)
        if self.options.reads_plainly:
            decoded = self._decoded(signals)
            self.collapsed.copy_(decoded.reshape(-1, decoded.shape[-1])[self.tiling.padding :] * self.weight_scale)

    def _decoded(self, signals: Tensor) -> Tensor:
        mapping = self.options.mapping
        grouped = signals.unflatten(-1, (self.tiling.outputs, mapping.signals))
        return grouped @ signals.new_tensor(mapping.decode)

    def _code_factor(self) -> Tensor:
        """Codes of the ADC per signal; 1 without one."""
        return self.adc_gain / self.adc_step if self.options.adc is not None else torch.ones_like(self.adc_gain)

    def _draw_converters(self) -> None:
        place, adc, dac, t = self.place, self.options.adc, self.options.dac, self.tiling
        if adc is not None and (adc.gain_error or adc.offset_error):
            signals = self.options.mapping.signals
            if adc.shared:
                drawn = place.normals("adc", (1, 2 * t.row_tiles, t.column_tiles))[0]
                drawn = t.spread_reference(drawn).repeat_interleave(signals, dim=-1)
            else:
                drawn = place.normals("adc", (1, 2 * t.row_tiles, t.outputs * signals))[0]
            gain, offset = drawn.to(self.adc_gain).reshape(2, t.row_tiles, 1, -1)
            self.adc_gain.copy_(1.0 + adc.gain_error * gain)
            self.adc_offset.copy_(adc.offset_error * adc.codes(self.adc_bipolar)[1] * offset)
        if dac is not None and (dac.gain_error or dac.offset_error):
            drawn = place.normals("dac", (1, 2, t.inputs))[0].to(self.dac_gain)
            self.dac_gain.copy_(1.0 + dac.gain_error * drawn[0])
            self.dac_offset.copy_(dac.offset_error * drawn[1])

    def train(self, mode: bool = True) -> ArrayMatrix:
        """Training mode draws devices at every pass; leaving it programs the arrays with the weights of then."""
        leaving = self.training and not mode
        super().train(mode)
        if leaving:
            self.programming += 1
            self.program(time=self.time)
        self._ratio = None
        return self

    # What is read ---------------------------------------------------------------------------------------------

    def forward(self, x: Float[Tensor, "*batch input"]) -> Float[Tensor, "*batch output"]:
        """The product, through the arrays."""
        t = self.tiling
        flat = x.reshape(-1, t.inputs)
        if self._observer is not None:
            out = self._observer.observe(self, flat)
        elif self.training:
            out = self._train_pass(flat)
        elif self.options.reads_plainly:
            out = flat @ self.collapsed
        elif self.options.imperfections.noisy and self.options.imperfections.literal_reads:
            out = self._literal(flat)
        else:
            reference = self.reference_variance if t.has_reference else None
            out = self._read(flat, self.matrix, self.variance, reference, self.weight_scale)
        return out.reshape(*x.shape[:-1], t.outputs)

    def _train_pass(self, flat: Tensor) -> Tensor:
        options, t = self.options, self.tiling
        scale = self._scale()
        weight = self.weight / scale
        state = Conductances.of(weight, t, options)
        conductance = state.drawn(self.time)
        if options.wires.ideal:
            effective = conductance
        elif options.wire_gradient is WireGradient.EXACT:
            effective = through_wires(conductance, options, gradient=True)
        else:
            if self._ratio is None or self._steps_taken % options.refresh == 0:
                self._ratio = state.attenuation(self.time)
            effective = conductance * self._ratio
        self._steps_taken += 1
        found = state.signals(conductance, effective, weight, traps=None)
        if options.reads_plainly:
            decoded = self._decoded(found.signals)
            return flat @ (decoded.reshape(-1, t.outputs)[t.padding :] * scale)
        factor = self._code_factor()
        return self._read(
            flat, found.signals * factor, found.variance * factor.square(), found.reference_variance, scale
        )

    def _drive(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Share of full scale that is driven, and the levels of full scale."""
        dac = self.options.dac
        share = flat / self.input_range
        steps = self.input_range
        if dac is None:
            return share, steps
        if dac.bits is not None:
            # 2^bits - 1 without a sign, 2^(bits - 1) - 1 with one: without a branch, so that compilers follow.
            steps = torch.where(
                self.input_bipolar > 0, max(1.0, 2.0 ** (dac.bits - 1) - 1.0), 2.0**dac.bits - 1.0
            ).to(share)
        bipolar = self.input_bipolar
        rounded = dac.quantize(share, steps, bipolar)
        if torch.is_grad_enabled() and (flat.requires_grad or self.training):
            held = torch.minimum(torch.maximum(share, -bipolar), torch.ones_like(bipolar))
            rounded = held + (rounded - held).detach()
        return rounded, steps

    def _on_lines(self, drive: Tensor) -> Tensor:
        dac = self.options.dac
        if dac is None:
            return drive
        if dac.gain_error or dac.offset_error:
            drive = drive * self.dac_gain + self.dac_offset
        return drive + dac.noise * torch.randn_like(drive) if dac.noise else drive

    def _read(
        self, flat: Tensor, matrix: Tensor, variance: Tensor, reference: Tensor | None, scale: Tensor
    ) -> Tensor:
        options, t = self.options, self.tiling
        drive, steps = self._drive(flat)
        total: Tensor | None = None
        for phase, weight in options.inputs.phases(drive, steps, self.input_bipolar, _bits(options)):
            lines = self._on_lines(phase)
            x = t.split_inputs(lines)
            codes = torch.bmm(x, matrix)
            if options.imperfections.noisy:
                power = t.split_inputs(options.inputs.noise_drive(lines, steps))
                codes = self._with_noise(codes, power, variance, reference)
            part = self._converted(codes)
            part = part if isinstance(weight, float) and weight == 1.0 else part * weight
            total = part if total is None else total + part
        assert total is not None
        return self._decoded(total) * (scale * self.input_range)

    def _with_noise(self, codes: Tensor, power: Tensor, variance: Tensor, reference: Tensor | None) -> Tensor:
        deviation = _root(torch.bmm(power, variance))
        codes = torch.addcmul(codes, deviation, torch.randn_like(deviation))
        if reference is None:
            return codes
        # All signals of a tile lose the same reference current, noise included.
        common = _root(torch.bmm(power, reference))
        common = self.tiling.spread_reference(common * torch.randn_like(common))
        return codes - common.repeat_interleave(self.options.mapping.signals, dim=-1) * self._code_factor()

    def _converted(self, codes: Tensor) -> Tensor:
        """Sum over the row tiles of what the converters say, in units of the signals."""
        adc = self.options.adc
        if adc is None:
            return codes.sum(0)
        if adc.offset_error:
            codes = codes + self.adc_offset
        low, high = adc.codes(self.adc_bipolar)
        if adc.noise:
            codes = codes + adc.noise * high * torch.randn_like(codes)
        if not self.training and not torch.compiler.is_compiling():
            if self._meter is not None:
                self._meter(self, codes, low, high)
            elif self._check_next:
                self._warn_of_saturation(codes, low, high)
        if torch.is_grad_enabled() and codes.requires_grad:
            codes = round_through(codes, low, high)
        else:
            codes = codes.round_().clamp_(low, high)
        return (codes * self.adc_step).sum(0)

    def _warn_of_saturation(self, codes: Tensor, low: int, high: int) -> None:
        self._check_next = False
        share = float(((codes > high + 0.5) | (codes < low - 0.5)).double().mean())
        if share > SATURATED:
            warnings.warn(
                f"{share:.1%} of the conversions of '{self.name}' lie beyond the range of its ADC "
                f"({low} .. {high}) and are cut off. Calibrate it on data like these (`calibrate`), or give a larger "
                "range.",
                stacklevel=4,
            )

    def _literal(self, flat: Tensor) -> Tensor:
        # One read per input and phase, each with devices of its own: the oracle of the moments.
        factor = self._code_factor()
        rows = []
        for row in flat:
            found = read_state(
                self.conductance, self.tiling, self.options, self.place, self.time, literal=True
            )
            drive, steps = self._drive(row[None])
            total = row.new_zeros(1, self.matrix.shape[-1])
            phases = self.options.inputs.phases(drive, steps, self.input_bipolar, _bits(self.options))
            for k, (phase, weight) in enumerate(phases):
                if k:
                    found = read_state(
                        self.conductance, self.tiling, self.options, self.place, self.time, literal=True
                    )
                lines = self.tiling.split_inputs(self._on_lines(phase))
                codes = torch.bmm(lines, (found.signals * factor).to(lines))
                total = total + self._converted(codes) * weight
            rows.append(self._decoded(total) * (self.weight_scale * self.input_range))
        return torch.cat(rows)

    # What is saved --------------------------------------------------------------------------------------------

    def get_extra_state(self) -> Tensor:
        """Numbers beside the buffers: chip, programming, time, sign of the ADC, whether ranges were calibrated."""
        return torch.tensor(
            [self.array, self.programming, self.time, self.adc_bipolar, self.calibrated], dtype=torch.float64
        )

    def set_extra_state(self, state: Tensor) -> None:
        """What `get_extra_state` gave."""
        array, programming, time, bipolar, calibrated = state.tolist()
        self.array, self.programming, self.time = int(array), int(programming), float(time)
        self.adc_bipolar, self.calibrated = bool(bipolar), bool(calibrated)
        self._ratio = None

    def extra_repr(self) -> str:
        """Shape and tiles."""
        t = self.tiling
        return (
            f"{t.inputs} -> {t.outputs}, {t.row_tiles} x {t.column_tiles} tiles of {t.rows} x {t.columns}, "
            f"{self.options.mapping.name}"
        )


def _root(variance: Tensor) -> Tensor:
    if torch.is_grad_enabled() and variance.requires_grad:
        # The root has no slope at zero: no noise, no gradient.
        return variance.clamp(min=1e-30).sqrt()
    return variance.clamp_(min=0.0).sqrt_()


def _bits(options: ArrayOptions) -> int | None:
    return None if options.dac is None else options.dac.bits


class Observes(Protocol):
    """Stands in for the read of a matrix and notes what passes."""

    def observe(self, matrix: ArrayMatrix, flat: Tensor) -> Tensor:
        """Note `flat` (batch, input) and give the outputs that are passed on."""
        ...


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
        t, options = matrix.tiling, matrix.options
        plain = matrix.matrix / matrix._code_factor()
        if self.inputs_known:
            drive, steps = matrix._drive(flat)
            for phase, _ in options.inputs.phases(drive, steps, matrix.input_bipolar, _bits(options)):
                signals = torch.bmm(t.split_inputs(phase), plain)
                self.lowest_signal = min(self.lowest_signal, float(signals.min()))
                self.signals.append(signals.abs())
        else:
            self.low = min(self.low, float(flat.min()))
            self.inputs.append(_some(flat.abs().flatten()))
        return matrix._decoded(torch.bmm(t.split_inputs(flat), plain).sum(0)) * matrix.weight_scale

    def set_inputs(self, matrix: ArrayMatrix) -> None:
        """Set the input range of `matrix` by what was seen."""
        self.inputs_known = True
        dac = matrix.options.dac
        if not self.inputs:
            return
        if dac is not None:
            matrix.input_bipolar.fill_(float(self.low < 0))
        if dac is None or isinstance(dac.range, CalibratedRange):
            rule = dac.range if dac is not None and isinstance(dac.range, CalibratedRange) else CalibratedRange()
            matrix.input_range.fill_(_full_scale(torch.cat(self.inputs), rule))

    def set_signals(self, matrix: ArrayMatrix) -> None:
        """Set the range of the ADCs of `matrix` by what was seen."""
        adc = matrix.options.adc
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
        matrix._refresh()


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
