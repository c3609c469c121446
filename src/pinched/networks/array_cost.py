"""`estimate_cost`: energy, latency and area of a chip per sample, layer by layer, from what a batch really drives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pinched._units import show
from pinched.crossbar.cost import CircuitConstants, TileCost, read_cost, write_cost
from pinched.crossbar.programming import WriteRecord
from pinched.networks.array_matrix import ArrayMatrix, bits_of
from pinched.networks.array_network import matrices
from pinched.networks.diagnosis import inputs_of


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NetworkCost:
    """Costs of all layers; layers work one after the other, tiles of a layer at once."""

    reads: tuple[TileCost, ...]
    """Per sample, one entry per matrix."""
    writes: tuple[TileCost, ...]
    """Of the last programming, one entry per matrix that was written by pulses."""
    constants: CircuitConstants

    def total(self, name: str) -> float:
        """Sum of the entry called `name` over all layers."""
        return sum(one.value(name) for one in self.reads)

    def __str__(self) -> str:
        lines = []
        for one in (*self.reads, *self.writes):
            lines.append(
                f"{one.layer}: {one.tiles} tiles" + (f", {one.reads:g} reads per sample" if one.reads else "")
            )
            for e in one.entries:
                value = (
                    f"{e.value / 1e-12:.4g} um^2"
                    if e.unit == "m^2"
                    else show(e.value, e.unit if e.unit != "1" else "")
                )
                lines.append(
                    f"  {e.name:22} {value:>14}   {e.formula}{f'   [{e.source}]' if e.source else ''}"
                )
        total = f"{show(self.total('energy'), 'J')}, {show(self.total('latency'), 's')} per sample"
        lines.append(
            f"network: {total}, {self.total('area') / 1e-6:.4g} mm^2; digital circuits are not in it"
        )
        return "\n".join(lines)


@torch.no_grad()
def estimate_cost(
    chip: nn.Module, batch: Tensor, *, constants: CircuitConstants | None = None
) -> NetworkCost:
    """What one sample like those of `batch` costs `chip`, and what writing it took.

    Voltages are those that the inputs in `batch` ask for. Raises `PinchedError` where nothing of `chip` lies in
    arrays.
    """
    known = constants or CircuitConstants()
    seen = inputs_of(chip, batch, most=None)
    reads, writes = [], []
    for matrix in matrices(chip):
        x = seen[id(matrix)]
        options, t = matrix.options, matrix.tiling
        bits = bits_of(options)
        per_tile = t.tile_outputs * options.mapping.signals
        reads.append(
            read_cost(
                matrix.conductance,
                _power(matrix, x),
                layer=matrix.name,
                reads=len(x) / len(batch),
                phases=options.inputs.reads(bits),
                pulses=options.inputs.pulses(bits),
                conversions=per_tile,
                adc_bits=None if options.adc is None else options.adc.bits,
                shared_adc=options.adc is not None and options.adc.shared,
                constants=known,
            )
        )
        record = matrix.report
        if isinstance(record, WriteRecord):
            writes.append(
                write_cost(
                    matrix.name, t.tiles, pulses=float(record.pulses.sum()) / t.used_cells, time=record.time,
                    energy=record.energy,
                )
            )  # fmt: skip
    return NetworkCost(reads=tuple(reads), writes=tuple(writes), constants=known)


def _power(matrix: ArrayMatrix, x: Tensor) -> Tensor:
    """Mean square voltage (V^2) of each word line over samples, reads and pulses."""
    options, t = matrix.options, matrix.tiling
    drive, steps = matrix._drive(x)
    drive = drive if options.dac is not None else drive / matrix.input_range
    bits = bits_of(options)
    phases = options.inputs.phases(drive, steps, matrix.input_bipolar, bits)
    pulses = options.inputs.pulses(bits)
    if len(phases) == 1 and pulses > 1:  # n of N pulses at the full voltage
        square = drive.abs().mean(0)
    else:
        square = torch.stack([phase.square().mean(0) for phase, _ in phases]).mean(0)
    padded = matrix._padded(square[None])[0]
    return padded.reshape(t.row_tiles, t.rows).double() * options.read_voltage**2
