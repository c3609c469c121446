"""From weights to what a read multiplies with: target, programmed, aged and wired conductances of one matrix.

Programmed conductances are float64 until they are stored, those of a training step as precise as the weights. Tiles
are (row tile, column tile, word line, bit line).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinched._normal_kernels import standard_normals
from pinched.crossbar.array_options import ArrayOptions, Wires
from pinched.crossbar.imperfections import Place
from pinched.crossbar.tiling import Tiling
from pinched.crossbar.wires.gradient import effective_conductance


def standard_normal(like: Tensor) -> Tensor:
    """Standard normal numbers of the shape of `like`, seeded by torch's global generator.

    On the processor by a compiled generator, several times as fast as torch's own.
    """
    if like.device.type != "cpu" or like.dtype != torch.float32 or torch.compiler.is_compiling():
        return torch.randn_like(like)
    return torch.from_numpy(standard_normals(tuple(like.shape), int(torch.randint(2**62, ()))))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ReadState:
    """A read in units of the window: signals per unit of drive, and their variances from read to read."""

    signals: Float[Tensor, "row_tile row wide"]
    variance: Float[Tensor, "row_tile row wide"]
    reference_variance: Float[Tensor, "row_tile row column_tile"] | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Conductances:
    """Where the devices of one matrix are meant to be."""

    target: Float[Tensor, "row_tile column_tile row column"]
    """Conductances (S); differentiable where the weights are."""
    tiling: Tiling
    options: ArrayOptions

    @classmethod
    def of(cls, weight: Float[Tensor, "output input"], tiling: Tiling, options: ArrayOptions) -> Conductances:
        """Targets of `weight`, between -1 and 1 (what exceeds that is held), in its precision."""
        cells = options.mapping.targets(weight, options.window)
        return cls(
            target=tiling.fold(cells, options.mapping.reference(options.window)),
            tiling=tiling,
            options=options,
        )

    @property
    def present(self) -> Bool[Tensor, "row_tile column_tile row column"]:
        """Cells that hold something."""
        ones = self.target.new_ones(self.tiling.inputs, self.tiling.outputs, self.tiling.cells)
        return self.tiling.fold(ones, 1.0) > 0

    def programmed(self, place: Place) -> tuple[Float[Tensor, "row_tile column_tile row column"], object]:
        """What the devices of `place` become, and what it took."""
        options, shape = self.options, tuple(self.target.shape)
        now = options.imperfections
        if options.programming is not None:
            found, report = options.programming.program(
                self.target.cpu(), options.window, now, options.wires, place
            )
        else:
            device = place.normals("device", shape, now.spatial) if now.device_to_device else 0.0
            cycle = place.normals(f"cycle {place.programming}", shape) if now.cycle_to_cycle else 0.0
            found, report = now.scattered(self.target.cpu(), options.window, device, cycle), None
        if now.stuck_at_hrs + now.stuck_at_lrs > 0:
            found = now.with_stuck(found, options.window, place.uniforms("stuck", shape))
        return (found * self.present.cpu()).to(self.target), report

    def drawn(self, time: float) -> Float[Tensor, "row_tile column_tile row column"]:
        """Devices drawn anew from torch's global generator, differentiable: what training sees."""
        now = self.options.imperfections
        device = standard_normal(self.target) if now.device_to_device else 0.0
        cycle = standard_normal(self.target) if now.cycle_to_cycle else 0.0
        found = now.scattered(self.target, self.options.window, device, cycle)
        if now.stuck_at_hrs + now.stuck_at_lrs > 0:
            found = now.with_stuck(found, self.options.window, torch.rand_like(self.target))
        normal = standard_normal(self.target) if now.drift_spread else 0.0
        return now.aged(found, time, normal) * self.present

    @torch.no_grad()
    def attenuation(self, time: float) -> Float[Tensor, "row_tile column_tile row column"]:
        """What the wires leave of each device, as a share of its conductance, at the targets."""
        # A device without conductance has no share: a ten-thousandth of the window stands in, so that it can grow.
        least = 1e-4 * self.options.window.width
        meant = self.options.imperfections.aged(self.target, time, 0.0).clamp(min=least) * self.present
        return share_left(meant, through_wires(meant, self.options))

    def signals(
        self,
        conductance: Float[Tensor, "row_tile column_tile row column"],
        effective: Float[Tensor, "row_tile column_tile row column"],
        weight: Float[Tensor, "output input"],
        traps: Bool[Tensor, "row_tile column_tile row column"] | None,
    ) -> ReadState:
        """The read state of drawn devices, in the precision of `weight`, with gradients to it."""
        found = _read_state(conductance, effective, traps, self.tiling, self.options)
        signals = found.signals.to(weight.dtype)
        if not self.options.mapping.smooth:
            signals = self._through(signals, weight)
        reference = found.reference_variance
        return ReadState(
            signals=signals,
            variance=found.variance.to(weight.dtype),
            reference_variance=None if reference is None else reference.to(weight.dtype),
        )

    def _through(self, signals: Tensor, weight: Tensor) -> Tensor:
        # Words have no gradient: backward, the signals share out the weight so that decoding gives it back.
        decode = weight.new_tensor(self.options.mapping.decode)
        share = decode / decode.square().sum()
        tiles = self.tiling
        plain = torch.nn.functional.pad(weight.clamp(-1.0, 1.0).transpose(0, 1), (0, 0, tiles.padding, 0))
        smooth = (plain.unflatten(0, (tiles.row_tiles, tiles.rows))[..., None] * share).flatten(-2)
        return smooth + (signals - smooth).detach()


def read_state(
    conductance: Float[Tensor, "row_tile column_tile row column"],
    tiling: Tiling,
    options: ArrayOptions,
    place: Place,
    time: float,
    *,
    literal: bool = False,
) -> ReadState:
    """The read state of programmed `conductance` (S) at `time` (s); with `literal`, of one read that is drawn."""
    now, shape = options.imperfections, tuple(conductance.shape)
    meant = conductance.detach().double().cpu()
    normal = place.normals("drift", shape) if now.drift_spread else 0.0
    meant = now.aged(meant, time, normal)
    telegraph, traps = now.telegraph_noise, None
    if telegraph is not None and telegraph.share < 1.0:
        traps = place.uniforms("traps", shape) < telegraph.share
    if literal:
        once = now.read_once(meant, traps)
        once = once if options.wires.ideal else once.clamp(min=0.0)
        signals = _signals(through_wires(once, options), tiling, options)
        return ReadState(signals=signals, variance=torch.zeros_like(signals), reference_variance=None)
    mean = now.read_moments(meant, traps)[0]
    return _read_state(meant, through_wires(mean, options), traps, tiling, options)


def _read_state(
    conductance: Tensor, effective: Tensor, traps: Tensor | None, tiling: Tiling, options: ArrayOptions
) -> ReadState:
    now, width = options.imperfections, options.window.width
    signals = _signals(effective, tiling, options)
    if not now.noisy:
        return ReadState(signals=signals, variance=torch.zeros_like(signals), reference_variance=None)
    mean, variance = now.read_moments(conductance, traps)
    if not options.wires.ideal:
        # The fluctuation of a device reaches its bit line as its current does.
        variance = variance * share_left(mean, effective).square()
    cells, reference = tiling.unfold(variance)
    return ReadState(
        signals=signals,
        variance=options.mapping.combine_variance(cells).flatten(-2) / width**2,
        reference_variance=None if reference is None else reference / width**2,
    )


def _signals(effective: Tensor, tiling: Tiling, options: ArrayOptions) -> Tensor:
    cells, reference = tiling.unfold(effective)
    spread = None if reference is None else tiling.spread_reference(reference)
    return options.mapping.combine(cells, spread, options.window).flatten(-2) / options.window.width


def share_left(conductance: Tensor, effective: Tensor) -> Tensor:
    """What the wires left of each device; 0 where there is none."""
    there = conductance > 0
    return torch.where(there, effective / torch.where(there, conductance, 1.0), 0.0)


def wires_of(options: ArrayOptions) -> Wires:
    """The wires at the temperature of reading."""
    warm = options.imperfections.temperature
    return options.wires if warm is None else options.wires.scaled(warm.wire_factor)


def through_wires(
    conductance: Float[Tensor, "row_tile column_tile row column"],
    options: ArrayOptions,
    *,
    gradient: bool = False,
) -> Float[Tensor, "row_tile column_tile row column"]:
    """The exact effective conductance (S) of each tile; `gradient` lets autograd pass."""
    wires = wires_of(options)
    if wires.ideal:
        return conductance
    given = conductance if gradient else conductance.detach()
    return effective_conductance(
        given,
        wire_resistance=(wires.word, wires.bit),
        source_resistance=wires.source,
        sense_resistance=wires.sense,
    )
