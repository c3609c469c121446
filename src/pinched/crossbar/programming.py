"""Writing conductances into an array by pulses: `OpenLoop`, and `VerifiedPulses` with reads between.

Pulses act inside the array: the wires take a part of the voltage away, cells that share a line with the written one
see a part of it (half-select), and both move by their own law. Lines that are not selected stand at a share of the
write voltage (`Bias`). Row by row all cells of a word line are written at once, which is fast and pulls the line
down; cell by cell is slow and leaves a cell the most voltage. What it took is a `WriteRecord`.

Use neither (the default of `convert`) where only the result matters: a write error is `Imperfections.cycle_to_cycle`.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinched._params import quantity, require
from pinched._random import generator
from pinched.crossbar.array_options import Wires
from pinched.crossbar.cell_models import CellModel, LawCells, State, UpdateCells, cells_of
from pinched.crossbar.imperfections import Imperfections, Place
from pinched.crossbar.window import ConductanceWindow, Device
from pinched.crossbar.wires.array import Crossbar
from pinched.devices.law import parameters, with_parameters
from pinched.devices.variability import Spread, vary


class Bias(Enum):
    """Share of the write voltage on lines that are not selected: (word lines, bit lines)."""

    HALF = (0.5, 0.5)
    """V/2: cells on a selected line see half, all others nothing."""
    THIRD = (1.0 / 3.0, 2.0 / 3.0)
    """V/3: every other cell sees a third."""
    TRANSISTOR = (0.0, 0.0)
    """1T1R: only the selected cells are connected; no disturb, no sneak paths."""


class Order(Enum):
    """In which order cells are written."""

    ROWS = "rows"
    """Word line after word line from the far end, its cells at once."""
    ROWS_REVERSED = "rows reversed"
    """From the sense amplifiers on."""
    CELLS = "cells"
    """One cell after the other."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WriteRecord:
    """What programming a stack of tiles took."""

    pulses: Float[Tensor, "*tile word_line bit_line"]
    """Write pulses on each cell: its wear."""
    steps: int
    """Pulses one after the other, all tiles at once: what time is made of."""
    reads: int
    """Reads of a word line, of the tile that needed most."""
    time: float = quantity(0.0, "s", "t", "all tiles written at once")
    energy: float = quantity(0.0, "J", "E", "in the devices of all tiles, half-selected ones included")
    missed: float = 0.0
    """Share of the cells that a verification did not accept; NaN where nobody looked."""
    disturb: float = quantity(
        0.0, "1", "", "root mean square change of cells by pulses meant for others, as a share of the window"
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Pulsed(ABC):
    """What both ways of writing share."""

    device: Device
    """An update law or a compact law: the nominal device, from which pulses are reckoned."""
    spreads: Mapping[str, Spread] = field(default_factory=lambda: MappingProxyType({}))
    """Spread of its parameters between the cells (`devices.vary`)."""
    voltage: float = quantity(2.0, "V", "V_w", "amplitude at the end of the lines")
    width: float = quantity(100e-9, "s", "t_w", "width of a pulse")
    slope: float = quantity(0.1, "V", "V_0", "acceleration by voltage, of an update law")
    bias: Bias = Bias.HALF
    order: Order = Order.ROWS
    read_voltage: float = quantity(0.2, "V", "V_r", "voltage of a read")
    read_width: float = quantity(100e-9, "s", "t_r", "duration of a read")
    solve_every: int = 1
    """Pulses on a word line between two solutions of the wires."""

    def __post_init__(self) -> None:
        for name in ("voltage", "width", "slope", "read_voltage", "read_width"):
            value = getattr(self, name)
            require(self, value > 0, f"{name} is {value}; it is above zero.")
        require(self, self.solve_every >= 1, f"solve_every is {self.solve_every}; at least 1.")
        cells_of(self.device, voltage=self.voltage, slope=self.slope)

    def program(
        self,
        target: Float[Tensor, "*tile word_line bit_line"],
        window: ConductanceWindow,
        imperfections: Imperfections,
        wires: Wires,
        place: Place,
    ) -> tuple[Float[Tensor, "*tile word_line bit_line"], WriteRecord]:
        """Conductances (S) that pulses reached in tiles of `target` (S), and what it took.

        Cells of 0 S are no cells. Device-to-device deviations of `imperfections` scale what a cell conducts, its
        cycle-to-cycle deviation is added at the end, levels are those of the targets.
        """
        shape = tuple(target.shape)
        stack = target.reshape(-1, *shape[-2:])
        nominal = cells_of(self.device, voltage=self.voltage, slope=self.slope)
        wanted = imperfections.nearest_level(stack, window)
        gain = torch.ones_like(stack)
        if imperfections.device_to_device:
            drawn = place.normals("device", shape, imperfections.spatial).reshape(stack.shape)
            gain = (imperfections.device_to_device * drawn).exp()
        cells = self._spread(nominal, tuple(stack.shape), place)
        reached, records = [], []
        for k in range(len(stack)):
            tile = _Tile(self, _part(cells, k, len(stack)), gain[k], stack[k] > 0, wires, window.width)
            self._write(tile, wanted[k], nominal, window)
            reached.append(tile.conductance())
            records.append(tile)
        found = torch.stack(reached)
        if imperfections.cycle_to_cycle:
            noise = place.normals(f"cycle {place.programming}", shape).reshape(stack.shape)
            found = (found + imperfections.cycle_to_cycle * window.width * noise).clamp(min=0.0)
        found = torch.where(stack > 0, found, 0.0).reshape(shape)
        steps, reads = max(t.steps for t in records), max(t.reads for t in records)
        missed = self._missed(records)
        disturbed = sum(t.disturb for t in records) / max(1, int((stack > 0).sum()))
        return found, WriteRecord(
            pulses=torch.stack([t.pulses for t in records]).reshape(shape),
            steps=steps,
            reads=reads,
            time=steps * self.width + reads * self.read_width,
            energy=sum(t.energy for t in records),
            missed=missed,
            disturb=float(disturbed) ** 0.5 / window.width,
        )

    def _spread(self, nominal: CellModel, shape: tuple[int, ...], place: Place) -> CellModel:
        if not self.spreads:
            return nominal
        # The streams of `vary` are named by parameters alone: layer and chip go into the seed.
        seed = int(generator(place.seed, "programming", place.layer, place.array).integers(2**31))
        if isinstance(nominal, UpdateCells):
            return dataclasses.replace(nominal, update=vary(nominal.update, self.spreads, shape, seed=seed))
        assert isinstance(nominal, LawCells)
        return dataclasses.replace(nominal, law=vary(nominal.law, self.spreads, shape, seed=seed))

    def groups(self, wanted: Tensor) -> list[tuple[int, Bool[Tensor, " bit_line"]]]:
        """Word line and selected bit lines of each group of cells that is written at once, in order."""
        rows, columns = wanted.shape
        there = wanted > 0
        lines = range(rows - 1, -1, -1) if self.order is Order.ROWS_REVERSED else range(rows)
        if self.order is not Order.CELLS:
            return [(i, there[i]) for i in lines if bool(there[i].any())]
        unit = torch.eye(columns, dtype=torch.bool)
        return [(i, unit[j]) for i in lines for j in range(columns) if bool(there[i, j])]

    @abstractmethod
    def _write(self, tile: _Tile, wanted: Tensor, nominal: CellModel, window: ConductanceWindow) -> None: ...

    @abstractmethod
    def _missed(self, tiles: list[_Tile]) -> float: ...


def _part(cells: CellModel, k: int, count: int) -> CellModel:
    """Cells of tile k of a stack whose law holds one value per cell."""
    inner = cells.update if isinstance(cells, UpdateCells) else cells.law  # type: ignore[attr-defined]
    own = {
        name: value[k]
        for name, value in parameters(inner).items()
        if isinstance(value, Tensor) and value.ndim == 3 and value.shape[0] == count
    }
    if not own:
        return cells
    part = with_parameters(inner, own)
    name = "update" if isinstance(cells, UpdateCells) else "law"
    return dataclasses.replace(cells, **{name: part})  # type: ignore[type-var]


class _Tile:
    """One tile while it is written; the only thing here that changes."""

    def __init__(
        self, how: _Pulsed, cells: CellModel, gain: Tensor, present: Tensor, wires: Wires, width: float
    ) -> None:
        self.how, self.cells, self.gain, self.present, self.wires = how, cells, gain, present, wires
        self.window_width = width
        self.state: State = cells.start(tuple(gain.shape))
        self.pulses = torch.zeros_like(gain)
        self.steps = self.reads = 0
        self.energy, self.disturb = 0.0, 0.0
        self.rejected = 0

    def conductance(self) -> Tensor:
        """Conductance (S) of each cell at the read voltage; 0 where there is none."""
        return self.cells.conductance(self.state, self.how.read_voltage) * self.gain * self.present

    def voltages(self, line: int, selected: Tensor, volt: float) -> Tensor:
        """Voltage (V) on each cell while `selected` cells of word line `line` are written with `volt` (V)."""
        rows, columns = self.gain.shape
        word_share, bit_share = self.how.bias.value
        cells = torch.ones_like(self.gain)
        if self.how.bias is Bias.TRANSISTOR:
            cells.zero_()
            cells[line, selected] = 1.0
            word, bit = torch.full((rows,), 0.0), torch.zeros(columns)
            word[line] = 1.0
            conducting = self.conductance() * cells
        else:
            word, bit = torch.full((rows,), word_share), torch.full((columns,), bit_share)
            word[line] = 1.0
            bit[selected] = 0.0
            conducting = self.conductance()
        word, bit = word.double() * volt, bit.double() * volt
        if self.wires.ideal:
            across = word[:, None] - bit[None, :]
            return across * cells
        array = Crossbar(
            conducting.numpy(),
            wire_resistance=(self.wires.word, self.wires.bit),
            source_resistance=self.wires.source,
            sense_resistance=self.wires.sense,
        )
        found = torch.from_numpy(array.solve(word.numpy(), bit.numpy()).device_voltage.copy())
        return found * cells

    def pulse(self, line: int, selected: Tensor, across: Tensor) -> None:
        """One pulse with `across` (V) on every cell, meant for the `selected` cells of `line`."""
        before = self.conductance()
        self.energy += float((across.square() * before).sum()) * self.how.width
        self.state = self.cells.pulse(self.state, across, self.how.width)
        self.pulses[line] += selected
        self.steps += 1
        if self.how.bias is not Bias.TRANSISTOR:
            moved = (self.conductance() - before).square()
            moved[line, selected] = 0.0
            self.disturb += float(moved.sum())

    def read(self, line: int) -> Tensor:
        """Apparent conductance (S) of the cells of `line`: the bit-line currents over the read voltage."""
        self.reads += 1
        actual = self.conductance()
        self.energy += float(actual[line].sum()) * self.how.read_voltage**2 * self.how.read_width
        if self.wires.ideal:
            return actual[line]
        rows, columns = self.gain.shape
        word = torch.zeros(rows, dtype=torch.float64)
        word[line] = self.how.read_voltage
        array = Crossbar(
            actual.numpy(),
            wire_resistance=(self.wires.word, self.wires.bit),
            source_resistance=self.wires.source,
            sense_resistance=self.wires.sense,
        )
        found = array.solve(word.numpy(), torch.zeros(columns, dtype=torch.float64).numpy())
        return torch.from_numpy(found.bit_line_current.copy()) / self.how.read_voltage


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OpenLoop(_Pulsed):
    """As many pulses as the nominal device needs from its lowest conductance, and no look at the result."""

    most: int = 1000
    """Largest number of pulses on a cell."""

    def __post_init__(self) -> None:
        _Pulsed.__post_init__(self)
        require(self, self.most >= 1, f"most is {self.most} pulses; at least 1.")

    def counts(self, wanted: Tensor, nominal: CellModel) -> Tensor:
        """Pulses after which the nominal device is nearest to each of `wanted` (S)."""
        state = nominal.start((1,))
        trace = [float(nominal.conductance(state, self.read_voltage))]
        top = float(wanted.max())
        while len(trace) <= self.most and trace[-1] < top:
            state = nominal.pulse(state, torch.full((1,), self.voltage, dtype=torch.float64), self.width)
            trace.append(float(nominal.conductance(state, self.read_voltage)))
            if trace[-1] <= trace[-2] * (1.0 + 1e-12):
                break
        levels = torch.tensor(trace, dtype=torch.float64)
        return (wanted.flatten()[:, None] - levels).abs().argmin(1).reshape(wanted.shape)

    def _write(self, tile: _Tile, wanted: Tensor, nominal: CellModel, window: ConductanceWindow) -> None:
        del window
        counts = self.counts(wanted, nominal) * (wanted > 0)
        for line, group in self.groups(wanted):
            left = counts[line] * group
            across, chosen = torch.empty(0), torch.empty(0)
            for k in range(int(left.max())):
                selected = left > k
                if k % self.solve_every == 0 or not torch.equal(selected, chosen):
                    across, chosen = tile.voltages(line, selected, self.voltage), selected
                tile.pulse(line, selected, across)

    def _missed(self, tiles: list[_Tile]) -> float:
        del tiles
        return float("nan")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class VerifiedPulses(_Pulsed):
    """A read, then a pulse up or down for each cell that is off, until all are within the tolerance or none is left.

    The read is that of the array: what wires take from a cell is seen and made good, as far as the window goes.
    """

    tolerance: float = quantity(0.02, "1", "", "largest error that is accepted, as a share of the window")
    most: int = 100
    """Most pulses on a cell."""

    def __post_init__(self) -> None:
        _Pulsed.__post_init__(self)
        require(
            self,
            0.0 < self.tolerance < 1.0,
            f"tolerance is {self.tolerance}; a share of the window such as 0.02.",
        )
        require(self, self.most >= 1, f"most is {self.most} pulses; at least 1.")

    def _write(self, tile: _Tile, wanted: Tensor, nominal: CellModel, window: ConductanceWindow) -> None:
        del nominal
        allowed = self.tolerance * window.width
        for line, group in self.groups(wanted):
            off = group
            for _ in range(self.most):
                error = tile.read(line) - wanted[line]
                off = group & (error.abs() > allowed)
                if not bool(off.any()):
                    break
                for selected, volt in ((off & (error < 0), self.voltage), (off & (error > 0), -self.voltage)):
                    if bool(selected.any()):
                        tile.pulse(line, selected, tile.voltages(line, selected, volt))
            tile.rejected += int(off.sum())

    def _missed(self, tiles: list[_Tile]) -> float:
        cells = sum(int(t.present.sum()) for t in tiles)
        return sum(t.rejected for t in tiles) / max(1, cells)
