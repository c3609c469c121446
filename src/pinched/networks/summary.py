"""`summary`: what a chip is made of: tiles, cells, levels, converters, imperfections on and off."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from pinched._units import show
from pinched.crossbar.array_options import ArrayOptions, Cause
from pinched.crossbar.level_sets import LevelSet
from pinched.networks.array_network import matrices


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerSummary:
    """One matrix of a chip."""

    layer: str
    inputs: int
    outputs: int
    row_tiles: int
    column_tiles: int
    lines: tuple[int, int]
    """Word lines and bit lines used in a tile."""
    cells: int
    """Devices that hold something."""
    used: float
    """Share of the cells of its tiles that hold something; of the largest tile given, or of what it takes."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChipSummary:
    """All matrices of a chip and what they share; printed as a table."""

    layers: tuple[LayerSummary, ...]
    options: ArrayOptions
    array: int
    """Number of the chip."""
    time: float
    """Time since programming (s)."""

    @property
    def tiles(self) -> int:
        """Tiles of the chip."""
        return sum(layer.row_tiles * layer.column_tiles for layer in self.layers)

    @property
    def cells(self) -> int:
        """Devices of the chip that hold something."""
        return sum(layer.cells for layer in self.layers)

    def __str__(self) -> str:
        o, now = self.options, self.options.imperfections
        levels = len(now.levels) if isinstance(now.levels, LevelSet) else now.levels
        lines = [
            f"{'layer':24} {'matrix':>13} {'tiles':>9} {'lines':>11} {'cells':>10} {'used':>7}",
            *(
                f"{s.layer:24} {f'{s.inputs} -> {s.outputs}':>13} {f'{s.row_tiles} x {s.column_tiles}':>9} "
                f"{f'{s.lines[0]} x {s.lines[1]}':>11} {s.cells:10d} {s.used:7.1%}"
                for s in self.layers
            ),
            f"{self.tiles} tiles, {self.cells} cells; chip {self.array}, {self.time:g} s after programming",
            f"mapping: {o.mapping.name}",
            f"device: {type(o.device).__name__}, {show(o.window.g_min, 'S')} to {show(o.window.g_max, 'S')}, "
            f"levels: {levels or o.mapping.levels_used() or 'a continuum'}",
            f"wires: {o.wires.word:g} ohm per word-line segment, {o.wires.bit:g} ohm per bit-line segment, "
            f"source {o.wires.source:g} ohm, sense {o.wires.sense:g} ohm",
            f"inputs: {type(o.inputs).__name__}, DAC "
            f"{'ideal' if o.dac is None or o.dac.bits is None else f'{o.dac.bits} bits'}; ADC "
            f"{'ideal' if o.adc is None else f'{o.adc.bits} bits'}; read voltage {show(o.read_voltage, 'V')}",
            f"programming: {'exact' if o.programming is None else type(o.programming).__name__}",
        ]
        on = set(o.causes)
        lines += [f"{'on ' if cause in on else 'off'} {cause.value}" for cause in Cause]
        return "\n".join(lines)


def summary(chip: nn.Module) -> ChipSummary:
    """What `chip` is made of; raises `PinchedError` where nothing of it lies in arrays."""
    parts = list(matrices(chip))
    layers = []
    for matrix in parts:
        t, tile = matrix.tiling, matrix.options.tile
        room = math.prod(tile if tile is not None else (t.rows, t.columns)) * t.tiles
        layers.append(
            LayerSummary(
                layer=matrix.name,
                inputs=t.inputs,
                outputs=t.outputs,
                row_tiles=t.row_tiles,
                column_tiles=t.column_tiles,
                lines=(t.rows, t.columns),
                cells=t.used_cells,
                used=t.used_cells / room,
            )
        )
    first = parts[0]
    return ChipSummary(layers=tuple(layers), options=first.options, array=first.array, time=first.time)
