"""`ArrayMatrix`: a matrix product computed in crossbar tiles, as a torch module that holds its state in buffers.

In evaluation mode the whole linear chain from inputs to bit lines (devices, wires, mapping) has collapsed into one
matrix per row tile, so that exact wires cost nothing per input. In training mode every forward pass draws devices
anew from the weights, differentiably: training learns what survives them. Going back to evaluation mode programs
the arrays with the weights as they are then.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as nnf

from pinched._errors import PinchedError
from pinched.crossbar.array_options import ArrayOptions, WireGradient
from pinched.crossbar.converters import Adc, FixedRange, round_through
from pinched.crossbar.imperfections import Place
from pinched.crossbar.tiling import tiled
from pinched.networks.array_state import Conductances, ReadState, read_state, standard_normal, through_wires

SATURATED = 0.01
"""Share of conversions at the end of a range beyond which a warning is given."""


class ArrayMatrix(nn.Module):
    """x -> x W^T in tiles; `weight` (output, input) is the float master behind the conductances."""

    weight_scale: Tensor
    """Weight at the end of the window."""
    conductance: Tensor
    """Programmed conductances (S), (row tile, column tile, word line, bit line)."""
    matrix: Tensor
    """What inputs are multiplied with, in codes of the converters."""
    variance: Tensor
    """Variance of that from read to read."""
    reference_variance: Tensor
    collapsed: Tensor
    """The whole chain in units of the output, where a read is one product."""
    input_range: Tensor
    """Input that is driven with the read voltage."""
    input_bipolar: Tensor
    """1 where inputs have a sign."""
    adc_step: Tensor
    adc_gain: Tensor
    adc_offset: Tensor
    dac_gain: Tensor
    dac_offset: Tensor

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
        self._even: bool | None = None
        self._steps_taken = 0
        self._check_next = True
        like = {
            "dtype": weight.dtype if weight.dtype == torch.float64 else torch.float32,
            "device": weight.device,
        }
        t = self.tiling
        wide = outputs * options.mapping.signals
        # Without converters partial sums are added before anybody looks: the row tiles are one matrix.
        parts = 1 if options.adc is None else t.row_tiles
        lines = t.row_tiles * t.rows // parts
        noisy = options.imperfections.noisy
        for label, shape in (
            ("weight_scale", ()),
            ("conductance", (t.row_tiles, t.column_tiles, t.rows, t.columns)),
            ("matrix", (parts, lines, wide)),
            ("variance", (parts, lines, wide) if noisy else (0,)),
            ("reference_variance", (parts, lines, t.column_tiles) if noisy and t.has_reference else (0,)),
            ("collapsed", (inputs, outputs) if options.reads_plainly else (0,)),
            ("input_range", ()),
            ("input_bipolar", ()),
            ("adc_step", (parts, 1, wide)),
            ("adc_gain", (parts, 1, wide)),
            ("adc_offset", (parts, 1, wide)),
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
        return Place(seed=self.options.seed, layer=self.name, array=self.array, programming=self.programming)

    @torch.no_grad()
    def program(self, array: int | None = None, *, time: float = 0.0) -> None:
        """Write the weights into the devices of chip number `array` (the present one when None).

        `time` (s) has passed when it is read next. Everything random is that of the address.
        """
        if array is not None and array != self.array:
            self.array, self.programming = array, 0
        self.weight_scale.copy_(self._scale())
        state = Conductances.of(
            self.weight.detach().double() / self.weight_scale.double(), self.tiling, self.options
        )
        conductance, self.report = state.programmed(self.place)
        self.conductance.copy_(conductance)
        self._draw_converters()
        self.at_time(time)

    @torch.no_grad()
    def at_time(self, time: float) -> None:
        """Read from now on at `time` (s) since programming."""
        self.time = float(time)
        self._even = None
        self._refresh()

    def attenuation(self) -> float:
        """Median of what the wires leave of the current of a device."""
        state = Conductances.of(
            self.weight.detach().double() / self.weight_scale.double(), self.tiling, self.options
        )
        left = state.attenuation(self.time)
        return float(left[left > 0].median())

    @torch.no_grad()
    def with_options(self, options: ArrayOptions) -> ArrayMatrix:
        """The same weights at the same address and time, with the ranges of now, under other `options`."""
        twin = ArrayMatrix(self.weight, options, name=self.name)
        for label in ("input_range", "input_bipolar"):
            getattr(twin, label).copy_(getattr(self, label))
        if options.adc is not None and self.options.adc is not None:
            twin.adc_step.copy_(self.adc_step)
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
        found = self._folded(signals, variance, reference, self._fold())
        self.matrix.copy_(found[0])
        if self.options.imperfections.noisy:
            self.variance.copy_(found[1])
            if found[2] is not None:
                self.reference_variance.copy_(found[2])
        if self.options.reads_plainly:
            decoded = self._decoded(signals)
            flat = decoded.reshape(-1, decoded.shape[-1])[self.tiling.padding :]
            self.collapsed.copy_(flat * self.weight_scale)

    def _folded(
        self, signals: Tensor, variance: Tensor, reference: Tensor | None, fold: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """What is multiplied with, in codes per unit of what is driven."""
        parts = self.matrix.shape[0]

        def joined(tiles: Tensor) -> Tensor:
            return tiles.reshape(parts, -1, tiles.shape[-1])

        common = None if reference is None else joined(reference)
        return joined(signals) * fold, joined(variance) * fold.square(), common

    def _fold(self) -> Tensor:
        """Codes of the ADC per signal and unit of the input, as far as they are part of the matrix."""
        factor = (
            self.adc_gain / self.adc_step if self.options.adc is not None else torch.ones_like(self.adc_gain)
        )
        return factor if self.options.dac is not None else factor / self.input_range

    @torch.no_grad()
    def refold(self, before: Tensor) -> None:
        """Bring the matrix from the ranges that `_fold` gave `before` to those of now."""
        change = self._fold() / before
        self.matrix.mul_(change)
        if self.options.imperfections.noisy:
            self.variance.mul_(change.square())
        self._even = None

    def _decoded(self, signals: Tensor) -> Tensor:
        mapping = self.options.mapping
        if mapping.decode == (1.0,):
            return signals
        grouped = signals.unflatten(-1, (self.tiling.outputs, mapping.signals))
        return grouped @ signals.new_tensor(mapping.decode)

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

    def plain(self) -> Float[Tensor, "output input"] | None:
        """What one read multiplies with, as a matrix: drawn anew in training; None unless a read is one product."""
        if self._observer is not None or not self.options.reads_plainly:
            return None
        if not self.training:
            return self.collapsed.transpose(0, 1)
        found, scale = self._drawn()
        return (
            self._decoded(found.signals).reshape(-1, self.tiling.outputs)[self.tiling.padding :] * scale
        ).transpose(0, 1)

    def _drawn(self) -> tuple[ReadState, Tensor]:
        """Devices drawn from the weights as a read finds them, and the weight at the end of the window."""
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
        return state.signals(conductance, effective, weight, traps=None), scale

    def _train_pass(self, flat: Tensor) -> Tensor:
        plain = self.plain()
        if plain is not None:
            return flat @ plain.transpose(0, 1)
        found, scale = self._drawn()
        matrix, variance, reference = self._folded(
            found.signals, found.variance, found.reference_variance, self._fold()
        )
        return self._read(flat, matrix, variance, reference, scale)

    def _drive(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Share of full scale that is driven, and the levels of full scale."""
        dac = self.options.dac
        steps = self.input_range
        if dac is None:  # the range is part of the matrix
            return flat, steps
        share = flat / self.input_range
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
        return drive + dac.noise * standard_normal(drive) if dac.noise else drive

    def _read(
        self, flat: Tensor, matrix: Tensor, variance: Tensor, reference: Tensor | None, scale: Tensor
    ) -> Tensor:
        options = self.options
        drive, steps = self._drive(flat)
        total: Tensor | None = None
        for phase, weight in options.inputs.phases(drive, steps, self.input_bipolar, bits_of(options)):
            lines = self._on_lines(phase)
            power = None
            if options.imperfections.noisy:
                power = self._padded(options.inputs.noise_drive(lines, steps))
            part = self._summed(self._padded(lines), power, matrix, variance, reference)
            part = part if isinstance(weight, float) and weight == 1.0 else part * weight
            total = part if total is None else total + part
        assert total is not None
        return self._decoded(total) * (scale * self.input_range)

    def _padded(self, lines: Tensor) -> Tensor:
        padding = self.tiling.padding
        return nnf.pad(lines, (padding, 0)) if padding else lines

    def _summed(
        self, lines: Tensor, power: Tensor | None, matrix: Tensor, variance: Tensor, reference: Tensor | None
    ) -> Tensor:
        """Sum over the row tiles of what was read, in units of the signals.

        One tile after the other: what a tile makes of a few hundred inputs stays in the cache.
        """
        rows, total = matrix.shape[1], None
        adc, even = self.options.adc, self._even_steps()
        for k in range(matrix.shape[0]):
            here = slice(k * rows, (k + 1) * rows)
            codes = lines[:, here] @ matrix[k]
            if power is not None:
                common = None if reference is None else reference[k]
                codes = self._with_noise(codes, power[:, here], variance[k], common, k)
            if adc is not None:
                codes = self._converted(codes, k)
                codes = codes if even else codes * self.adc_step[k]
            total = codes if total is None else total + codes
        assert total is not None
        return total * self.adc_step[0, 0, 0] if adc is not None and even else total

    def _even_steps(self) -> bool:
        """Whether all converters have one step, so that codes are added as they are."""
        if self._even is None:
            # The graph of a compiled network must not hang on what the numbers are.
            if torch.compiler.is_compiling():
                return False
            self._even = bool((self.adc_step == self.adc_step[0, 0, 0]).all())
        return self._even

    def _with_noise(
        self, codes: Tensor, power: Tensor, variance: Tensor, reference: Tensor | None, part: int
    ) -> Tensor:
        deviation = _root(power @ variance)
        codes = torch.addcmul(codes, deviation, standard_normal(deviation))
        if reference is None:
            return codes
        # All signals of a tile lose the same reference current, noise included.
        common = _root(power @ reference)
        common = self.tiling.spread_reference(common * standard_normal(common))
        return codes - common.repeat_interleave(self.options.mapping.signals, dim=-1) * self._fold()[part]

    def _converted(self, codes: Tensor, part: int) -> Tensor:
        """Codes of the converters of one row tile."""
        adc = self.options.adc
        assert adc is not None
        if adc.offset_error:
            codes = codes + self.adc_offset[part]
        low, high = adc.codes(self.adc_bipolar)
        if adc.noise:
            codes = codes + adc.noise * high * standard_normal(codes)
        if not self.training and not torch.compiler.is_compiling():
            if self._meter is not None:
                self._meter(self, codes, low, high)
            elif self._check_next:
                self._warn_of_saturation(codes, low, high)
        if torch.is_grad_enabled() and codes.requires_grad:
            return round_through(codes, low, high)
        return codes.round_().clamp_(low, high)

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
        drive, steps = self._drive(flat)
        bits = bits_of(self.options)
        total = flat.new_zeros(())
        for phase, weight in self.options.inputs.phases(drive, steps, self.input_bipolar, bits):
            rows = []
            for row in self._padded(self._on_lines(phase)):
                found = read_state(
                    self.conductance, self.tiling, self.options, self.place, self.time, literal=True
                )
                matrix, variance, _ = self._folded(found.signals, found.variance, None, self._fold())
                rows.append(self._summed(row[None], None, matrix.to(row), variance, None))
            total = total + torch.cat(rows) * weight
        return self._decoded(total) * (self.weight_scale * self.input_range)

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
        self._ratio, self._even = None, None

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


def bits_of(options: ArrayOptions) -> int | None:
    """Bits of the DAC; None for a continuum."""
    return None if options.dac is None else options.dac.bits


class Observes(Protocol):
    """Stands in for the read of a matrix and notes what passes."""

    def observe(self, matrix: ArrayMatrix, flat: Tensor) -> Tensor:
        """Note `flat` (batch, input) and give the outputs that are passed on."""
        ...
