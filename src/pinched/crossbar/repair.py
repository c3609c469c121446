"""`program`: write bits into memory arrays with a `Repair`, and say what it costs.

A `Repair` has four parts, each optional and free to combine: how cells are written (`writing`), how many cells a bit
gets (`redundancy`), whether bad cells are avoided beforehand (`placement`), and whether a code goes over the bits
(`code`). Bits pass them in the order code, redundancy, placement, writing; reading goes back the same way.

Which one when:
- cells that need a higher voltage than the others: `WriteVerify(retries=10, step=0.5)`, no area at all;
- a few per cent of cells that fail for good: `WriteVerify` with `SpareCells(1)` or `SpareCells(2)`;
- nothing may be known about single cells (no verification in the field): `Majority(5)`;
- a low yield: `DefectMap.for_yield(...)` with `WriteVerify`;
- faults that come later, such as lost retention: `Hamming` or `Majority`, which mend at every read.

Everything is written, read back through the same cells, and decoded; nothing is assumed to be right.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float64, Int8, Int64
from torch import Tensor

from pinched._params import require
from pinched._units import show
from pinched.crossbar.bit_errors import BitErrors, bit_errors
from pinched.crossbar.defects import DefectMap, Map
from pinched.crossbar.hamming import Decoded, Hamming
from pinched.crossbar.layout import collect_words
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.pulses import Cost, Pulses, Wear, wear_of
from pinched.crossbar.redundancy import Majority, Place, Redundancy, Table
from pinched.crossbar.words import WordCoding
from pinched.crossbar.writing import OnePulse, Writer, Writing


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """What is done so that bits survive bad cells; the default does nothing: one cell, one pulse per bit."""

    writing: Writing = field(default_factory=OnePulse)
    """How a cell gets its bit."""
    redundancy: Redundancy = field(default_factory=Majority.single)
    """How many cells a bit gets; `Majority.single()` is one."""
    placement: DefectMap | None = None
    """Test the cells first and use the good ones; None uses the first cells of the array as they come."""
    code: Hamming | None = None
    """Error-correcting code over groups of bits; None for none."""

    def plane_shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Word lines and bit lines of the cells that hold `rows` x `columns` bits, code and redundancy included.

        Raises `PinchedError` when a word line is no whole number of groups of the code or of the spares.
        """
        coded = (rows, columns) if self.code is None else self.code.shape(rows, columns)
        return self.redundancy.shape(*coded)

    def memory_shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Shape of the array to draw for `rows` x `columns` bits: `ReramMemory(spread, shape=...)`."""
        plane = self.plane_shape(rows, columns)
        return plane if self.placement is None else self.placement.shape(*plane)

    def table_bits(self, rows: int, columns: int) -> int:
        """Bits of reliable storage outside the array: the table of the spares and the defect map, per array."""
        coded = (rows, columns) if self.code is None else self.code.shape(rows, columns)
        lines, width = self.memory_shape(rows, columns)
        return self.redundancy.table_bits(*coded) + (0 if self.placement is None else lines * width)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ProgrammedMemory:
    """Arrays that hold bits under a `Repair`: the cells, what stands for what, and what it took."""

    memory: ReramMemory
    """The cells as they are now."""
    repair: Repair
    """How bits and cells belong together."""
    shape: tuple[int, int]
    """Word lines and bit lines of the stored bits."""
    table: Table
    """Which cell of its group each spare stands for; empty without spares."""
    cells: Map | None
    """Which cell each position of the plane lies on; None without a defect map."""
    cost: Cost
    """What the programming took, test of the cells included."""
    unrepaired: Float64[Tensor, " array"]
    """Bits of each array that did not read as they should after programming, code included."""
    notes: tuple[str, ...]
    """What to know about this programming, one sentence each: why a limit was reached."""

    @property
    def area_factor(self) -> float:
        """Cells taken per stored bit: those of the plane, or with a defect map all cells of the array."""
        rows, columns = self.repair.plane_shape(*self.shape) if self.cells is None else self.memory.shape
        return rows * columns / (self.shape[0] * self.shape[1])

    @property
    def wear(self) -> Wear:
        """Write pulses that the cells have received since they were fresh, against their endurance."""
        return wear_of(self.memory)

    @property
    def unplaced(self) -> Float64[Tensor, " array"]:
        """Positions of the plane in each array for which no good cell was left."""
        if self.cells is None:
            return torch.zeros(len(self.memory.arrays), dtype=torch.float64)
        return (self.cells < 0).sum(-1, dtype=torch.float64)

    def decode(self) -> Decoded:
        """What is read now: the bits, and what the code noticed (nothing without a code)."""
        rows, columns = self.repair.plane_shape(*self.shape)
        read = self.memory.read_bits()
        if self.cells is None:
            plane = read[:, :rows, :columns]
        else:
            found = read.flatten(1).gather(1, self.cells.clamp(min=0).long()) & (self.cells >= 0)
            plane = found.unflatten(-1, (rows, columns))
        bits = self.repair.redundancy.resolve(plane, self.table)
        if self.repair.code is not None:
            return self.repair.code.decode(bits)
        none = torch.zeros(len(bits), dtype=torch.float64)
        return Decoded(bits=bits, corrected=none, uncorrectable=none)

    def read_bits(self) -> Bool[Tensor, "array word_line bit_line"]:
        """The stored bits, read from the cells and repaired."""
        return self.decode().bits

    def read_words(self, coding: WordCoding | int) -> Int8[Tensor, "array word"]:
        """Every whole word of the stored bits in reading order; a number of bits is two's complement, MSB first."""
        return collect_words(self.read_bits(), coding)

    def bit_error_rate(self, bits: Bool[Tensor, "*array word_line bit_line"]) -> BitErrors:
        """Share of the stored bits that read otherwise than `bits` now."""
        return bit_errors(bits.flatten(-2), self.read_bits().flatten(-2))

    def bake(self, time: str | float, temperature: str | float) -> ProgrammedMemory:
        """After `time` (s) at `temperature` (K): see `ReramMemory.bake`. The table and the map are kept elsewhere."""
        return dataclasses.replace(self, memory=self.memory.bake(time, temperature))


def program(
    memory: ReramMemory,
    bits: Bool[Tensor, "*array word_line bit_line"],
    repair: Repair | None = None,
    *,
    pulses: Pulses | None = None,
) -> ProgrammedMemory:
    """Write `bits`, (word line, bit line) for all arrays or one plane per array, with `repair`.

    The bits take the first word lines and bit lines of the array (with a defect map, its first good cells);
    `repair.memory_shape` says how large the array has to be. `pulses` turns counts into time and energy. Raises
    `PinchedError` for an array too small, for groups that do not divide the word line, and for more retries than the
    endurance allows.
    """
    repair, pulses = repair or Repair(), pulses or Pulses()
    count = len(memory.arrays)
    require(
        memory,
        bits.ndim == 2 or (bits.ndim == 3 and bits.shape[0] == count),
        f"bits have the shape {tuple(bits.shape)}; give (word line, bit line) or ({count}, word line, bit line).",
    )
    shape = (int(bits.shape[-2]), int(bits.shape[-1]))
    plane = repair.plane_shape(*shape)
    _check_room(memory, repair, shape, plane)
    coded = bits if repair.code is None else repair.code.encode(bits)
    everywhere = coded.expand(count, *coded.shape[-2:])
    writer = Writer(memory, pulses)
    repair.writing.check(writer)
    cells = None
    if repair.placement is not None:
        cells = repair.placement.place(writer, repair.writing, plane[0] * plane[1])
    place = _corner(memory.shape, plane) if cells is None else _mapped(memory.shape, cells)
    table = repair.redundancy.write(writer, repair.writing, place, everywhere)
    programmed = ProgrammedMemory(
        memory=writer.memory,
        repair=repair,
        shape=shape,
        table=table,
        cells=cells,
        cost=writer.cost,
        unrepaired=torch.zeros(count, dtype=torch.float64),
        notes=(),
    )
    wrong = programmed.read_bits() ^ bits
    return dataclasses.replace(
        programmed,
        unrepaired=wrong.flatten(1).sum(-1, dtype=torch.float64),
        notes=_notes(memory, writer.highest_voltage, programmed.unplaced),
    )


def write_rows(
    memory: ReramMemory,
    bits: Bool[Tensor, "word_line bit_line"],
    word_lines: Sequence[int],
    writing: Writing,
    *,
    pulses: Pulses | None = None,
) -> tuple[ReramMemory, Cost]:
    """Write the rows of `bits` into `word_lines` (one row each) of all arrays, the other word lines untouched.

    No redundancy: the memory and the cost, counted by cell and by word line. Raises `PinchedError` for rows that do
    not match the word lines or the array, and for a word line that does not exist or stands there twice.
    """
    rows, lines = memory.shape[0], list(word_lines)
    require(
        memory,
        bits.shape == (len(lines), memory.shape[1]),
        f"bits have the shape {tuple(bits.shape)}; give ({len(lines)}, {memory.shape[1]}): one row per word line.",
    )
    require(
        memory,
        all(0 <= line < rows for line in lines) and len(set(lines)) == len(lines),
        f"word lines {lines} are not different numbers from 0 to {rows - 1}.",
    )
    writer = Writer(memory, pulses or Pulses())
    writing.check(writer)
    arrays = torch.arange(len(memory.arrays))[:, None, None] * rows
    index = (arrays + torch.tensor(lines)[:, None]) * memory.shape[1] + torch.arange(memory.shape[1])
    writing.write(writer, index.flatten(), bits.expand(index.shape).flatten())
    return writer.memory, writer.cost


def _check_room(memory: ReramMemory, repair: Repair, shape: tuple[int, int], plane: tuple[int, int]) -> None:
    have, need = memory.shape, repair.memory_shape(*shape)
    if repair.placement is None:
        fits = plane[0] <= have[0] and plane[1] <= have[1]
    else:  # a map may use any cell, so only their number counts
        fits = plane[0] * plane[1] <= have[0] * have[1]
    require(
        memory,
        fits,
        f"{shape[0]} x {shape[1]} bits take {plane[0]} x {plane[1]} cells with this repair, but an array has "
        f"{have[0]} x {have[1]}. Draw it with shape={need}, or use fewer copies or spares.",
    )


def _corner(shape: tuple[int, int], plane: tuple[int, int]) -> Place:
    def place(arrays: Int64[Tensor, " entry"], positions: Int64[Tensor, " entry"]) -> Int64[Tensor, " entry"]:
        if plane[1] == shape[1]:
            return arrays * (shape[0] * shape[1]) + positions
        return (arrays * shape[0] + positions // plane[1]) * shape[1] + positions % plane[1]

    return place


def _mapped(shape: tuple[int, int], cells: Map) -> Place:
    def place(arrays: Int64[Tensor, " entry"], positions: Int64[Tensor, " entry"]) -> Int64[Tensor, " entry"]:
        cell = cells[arrays, positions].long()
        return torch.where(cell < 0, -1, arrays * (shape[0] * shape[1]) + cell)

    return place


def _notes(memory: ReramMemory, volt: float, unplaced: Float64[Tensor, " array"]) -> tuple[str, ...]:
    notes = []
    for name, needs, bit in (("V_SET", memory.v_set, "1"), ("|V_RESET|", memory.v_reset, "0")):
        least = float(needs.min())
        if 0.0 < volt < least:
            notes.append(
                f"The largest pulse of {show(volt, 'V')} lies below every {name} of these cells (from "
                f"{show(least, 'V')}): no cell could be written to '{bit}'. Raise the write voltage."
            )
    if not bool(memory.working.any()):
        notes.append(
            "No cell works (yield 0, or all stuck): what is read does not depend on what was written."
        )
    return (*notes, *unplaced_note(unplaced))


def unplaced_note(unplaced: Float64[Tensor, " array"]) -> tuple[str, ...]:
    """What to say of `unplaced` (positions without a good cell, per array): one sentence, or none."""
    short = int((unplaced > 0).sum())
    if not short:
        return ()
    return (
        f"In {short} of {len(unplaced)} arrays the good cells ran out ({int(unplaced.max())} bits without a cell "
        "at worst, which read '0'). Give the array more cells (DefectMap.for_yield).",
    )
