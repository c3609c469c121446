r"""More cells than bits: how the bits of a plane are spread over cells, and found again.

- `Majority.single()`: one cell per bit.
- `Majority(3)`, `Majority(5)`: every bit in 3 or 5 cells, the majority counts. No verification, no map; mends later
  faults too. A bit is lost with about $3 p^2$ or $10 p^3$.
- `SpareCells(count)`: cells that failed verification are replaced one by one. `shared_by=1` gives each bit its own
  spares (lost with $p^{\text{count} + 1}$), `shared_by=3` gives them to words of 3 bits: less area, less repair.
- `SpareRows(count)`: spare word lines; each bit line has `count` spare cells for all its cells.

Which spare stands for which cell is kept in a table, as the controller of a real array keeps it: it is part of what
was programmed, and costs storage elsewhere (`table_bits`) that has to be reliable.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Int16, Int64
from torch import Tensor

from pinched._params import quantity, require
from pinched.crossbar.writing import Writer, Writing

Place = Callable[[Int64[Tensor, " entry"], Int64[Tensor, " entry"]], Int64[Tensor, " entry"]]
"""From array and position on the physical plane to the flat number of a cell; -1 where there is none."""

Table = Int16[Tensor, "array group spare"]
"""Which member of its group each spare stands for; -1 for none."""


@runtime_checkable
class Redundancy(Protocol):
    """How bits are spread over cells; frozen."""

    def shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Word lines and bit lines that `rows` x `columns` bits take."""
        ...

    def table_bits(self, rows: int, columns: int) -> int:
        """Bits of reliable storage outside the array for the table of `rows` x `columns` bits."""
        ...

    def write(
        self, writer: Writer, writing: Writing, place: Place, bits: Bool[Tensor, "array word_line bit_line"]
    ) -> Table:
        """Write `bits`; the table of what stands for what."""
        ...

    def resolve(
        self, cells: Bool[Tensor, "array physical_line physical_column"], table: Table
    ) -> Bool[Tensor, "array word_line bit_line"]:
        """The bits, from what the cells of the physical plane read."""
        ...


def put(
    writer: Writer,
    writing: Writing,
    index: Int64[Tensor, " entry"],
    bits: Bool[Tensor, " entry"],
    *,
    verify: bool,
) -> Bool[Tensor, " entry"]:
    """Write `bits` into the cells `index`, of which -1 is no cell; which read right (all False unless `verify`)."""
    exists = index >= 0
    whole = bool(exists.all())
    at, wanted = (index, bits) if whole else (index[exists], bits[exists])
    if not verify:
        writing.write(writer, at, wanted)
        return torch.zeros_like(bits)
    right = writing.write_verified(writer, at, wanted)
    return right if whole else torch.zeros_like(bits).masked_scatter(exists, right)


def _everywhere(arrays: int, positions: Int64[Tensor, " position"]) -> tuple[Tensor, Tensor]:
    # Array number and position of each position in each array, array after array.
    return torch.arange(arrays).repeat_interleave(positions.numel()), positions.repeat(arrays)


@dataclass(frozen=True, slots=True)
class Majority:
    """Every bit in `copies` adjacent cells of a word line, read by majority; an odd number."""

    copies: int = quantity(3, "1", "m", "cells per bit, odd")

    def __post_init__(self) -> None:
        require(
            self,
            self.copies >= 1 and self.copies % 2 == 1,
            f"copies is {self.copies}; a majority needs an odd number of cells per bit, 3 or 5.",
        )

    @classmethod
    def single(cls) -> Majority:
        """One cell per bit: no redundancy."""
        return cls(1)

    def shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Word lines and bit lines that `rows` x `columns` bits take."""
        return rows, columns * self.copies

    def table_bits(self, rows: int, columns: int) -> int:  # noqa: ARG002
        """None: a majority needs no table."""
        return 0

    def write(
        self, writer: Writer, writing: Writing, place: Place, bits: Bool[Tensor, "array word_line bit_line"]
    ) -> Table:
        """Write every copy; the table is empty."""
        spread = bits.repeat_interleave(self.copies, dim=-1)
        arrays, positions = _everywhere(writer.arrays, torch.arange(spread[0].numel()))
        put(writer, writing, place(arrays, positions), spread.flatten(), verify=False)
        return torch.empty((writer.arrays, 0, 0), dtype=torch.int16)

    def resolve(
        self,
        cells: Bool[Tensor, "array physical_line physical_column"],
        table: Table,  # noqa: ARG002
    ) -> Bool[Tensor, "array word_line bit_line"]:
        """The majority of the copies of each bit."""
        if self.copies == 1:
            return cells
        votes = cells.unflatten(-1, (-1, self.copies)).sum(-1, dtype=torch.int16)
        return votes > self.copies // 2


@dataclass(frozen=True, slots=True)
class SpareCells:
    """`count` spare cells for every `shared_by` adjacent cells of a word line, used where verification fails.

    Spares are tried in order, each for the first cell of its group that still reads wrong; a spare that fails its
    own verification is given up.
    """

    count: int = quantity(dataclasses.MISSING, "1", "s", "spare cells per group")
    shared_by: int = quantity(
        1, "1", "n", "cells that share them: 1 for spares per bit, a word's bits per word"
    )

    def __post_init__(self) -> None:
        _check_spares(self, self.count)
        require(
            self,
            1 <= self.shared_by <= 32_000,
            f"shared_by is {self.shared_by}; 1 to 32000 cells share spares.",
        )

    def shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Word lines and bit lines that `rows` x `columns` bits take; `PinchedError` for a part of a group."""
        require(
            self,
            columns % self.shared_by == 0,
            f"{columns} cells on a word line are no whole number of groups of {self.shared_by}. Choose shared_by as "
            "a divisor of it (the bits of a word), or 1.",
        )
        return rows, columns // self.shared_by * (self.shared_by + self.count)

    def table_bits(self, rows: int, columns: int) -> int:
        """Bits of the table: for each spare, which of its cells it stands for, or none."""
        return rows * columns // self.shared_by * self.count * math.ceil(math.log2(self.shared_by + 1))

    def write(
        self, writer: Writer, writing: Writing, place: Place, bits: Bool[Tensor, "array word_line bit_line"]
    ) -> Table:
        """Write and verify the cells, then the spares of those that failed."""
        n, size = self.shared_by, self.shared_by + self.count
        groups = bits.reshape(len(bits), -1, n)
        first = torch.arange(groups.shape[1]) * size
        return _write_groups(
            writer,
            writing,
            place,
            groups,
            main=first[:, None] + torch.arange(n),
            spares=first[:, None] + torch.arange(n, size),
        )

    def resolve(
        self, cells: Bool[Tensor, "array physical_line physical_column"], table: Table
    ) -> Bool[Tensor, "array word_line bit_line"]:
        """The cells, with the spares in place of those that they replace."""
        n = self.shared_by
        groups = cells.reshape(len(cells), -1, n + self.count)
        found = _replaced(groups[..., :n], groups[..., n:], table)
        return found.reshape(*cells.shape[:2], -1)


@dataclass(frozen=True, slots=True)
class SpareRows:
    """`count` spare word lines behind the others: each bit line has that many spare cells.

    They are used like `SpareCells`, by all cells of the bit line.
    """

    count: int = quantity(dataclasses.MISSING, "1", "s", "spare word lines")

    def __post_init__(self) -> None:
        _check_spares(self, self.count)

    def shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Word lines and bit lines that `rows` x `columns` bits take."""
        return rows + self.count, columns

    def table_bits(self, rows: int, columns: int) -> int:
        """Bits of the table: for each spare cell, which word line it stands for, or none."""
        return columns * self.count * math.ceil(math.log2(rows + 1))

    def write(
        self, writer: Writer, writing: Writing, place: Place, bits: Bool[Tensor, "array word_line bit_line"]
    ) -> Table:
        """Write and verify the cells, then the spares of those that failed."""
        _, rows, columns = bits.shape
        positions = torch.arange((rows + self.count) * columns).reshape(-1, columns).T
        groups = bits.transpose(-1, -2)
        return _write_groups(
            writer, writing, place, groups, main=positions[:, :rows], spares=positions[:, rows:]
        )

    def resolve(
        self, cells: Bool[Tensor, "array physical_line physical_column"], table: Table
    ) -> Bool[Tensor, "array word_line bit_line"]:
        """The cells, with the spares in place of those that they replace."""
        groups = cells.transpose(-1, -2)
        rows = cells.shape[1] - self.count
        return _replaced(groups[..., :rows], groups[..., rows:], table).transpose(-1, -2)


def _check_spares(owner: object, count: int) -> None:
    require(owner, count >= 1, f"count is {count}; give at least one spare, or leave the redundancy out.")


def _write_groups(
    writer: Writer,
    writing: Writing,
    place: Place,
    bits: Bool[Tensor, "array group member"],
    *,
    main: Int64[Tensor, "group member"],
    spares: Int64[Tensor, "group spare"],
) -> Table:
    arrays, positions = _everywhere(writer.arrays, main.flatten())
    right = put(writer, writing, place(arrays, positions), bits.flatten(), verify=True)
    count = spares.shape[1]
    table = torch.full((*bits.shape[:2], count), -1, dtype=torch.int16)
    failed = (~right).nonzero().view(-1)  # rising, so the cells of a group stand together
    flat, members, groups = bits.flatten(), bits.shape[2], bits.shape[1]
    for spare in range(count):
        if failed.numel() == 0:
            break
        group = failed // members
        leads = torch.ones_like(failed, dtype=torch.bool)
        leads[1:] = group[1:] != group[:-1]
        first = failed[leads]
        array, number = group[leads] // groups, group[leads] % groups
        good = put(writer, writing, place(array, spares[number, spare]), flat[first], verify=True)
        table[array[good], number[good], spare] = (first[good] % members).to(torch.int16)
        mended = torch.zeros_like(leads)
        mended[leads] = good
        failed = failed[~mended]
    return table


def _replaced(
    main: Bool[Tensor, "array group member"], spares: Bool[Tensor, "array group spare"], table: Table
) -> Bool[Tensor, "array group member"]:
    found = main.clone()
    array, group, spare = (table >= 0).nonzero(as_tuple=True)
    found[array, group, table[array, group, spare].long()] = spares[array, group, spare]
    return found
