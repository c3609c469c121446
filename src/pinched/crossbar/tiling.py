"""Cutting a matrix into tiles: rows dealt evenly over as few tiles as hold them, outputs likewise.

A tile is a physical array. Rows of a matrix that does not fit are split over several tiles whose partial sums are
added after conversion; outputs are split over tiles that share the inputs. Lines that stay unused lie at the far end
of the wires: the rows before the first one (away from the sense amplifiers), the columns behind the last one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as nnf

from pinched._params import require
from pinched.crossbar.mapping import ArrayMapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiling:
    """How a matrix of `inputs` x `outputs` lies in tiles. Made by `tiled`."""

    inputs: int
    outputs: int
    cells: int
    """Devices per weight."""
    has_reference: bool
    """Whether each tile has a reference column, in its middle."""
    row_tiles: int
    column_tiles: int
    rows: int
    """Word lines used in a tile."""
    tile_outputs: int
    """Outputs of a tile."""

    @property
    def columns(self) -> int:
        """Bit lines used in a tile."""
        return self.tile_outputs * self.cells + self.has_reference

    @property
    def tiles(self) -> int:
        """Tiles of the matrix."""
        return self.row_tiles * self.column_tiles

    @property
    def used_cells(self) -> int:
        """Devices that hold something, references included."""
        return self.inputs * (self.outputs * self.cells + self.column_tiles * self.has_reference)

    @property
    def padding(self) -> int:
        """Word lines of the first tile that stay unused."""
        return self.row_tiles * self.rows - self.inputs

    @property
    def _split(self) -> int:
        return self.tile_outputs // 2 * self.cells

    def split_inputs(self, x: Float[Tensor, "batch input"]) -> Float[Tensor, "row_tile batch row"]:
        """Inputs of each row tile."""
        if self.padding:
            x = nnf.pad(x, (self.padding, 0))
        return x.reshape(-1, self.row_tiles, self.rows).transpose(0, 1)

    def fold(
        self, cells: Float[Tensor, "input output cell"], reference: float
    ) -> Float[Tensor, "row_tile column_tile row column"]:
        """Conductances of the tiles; unused cells are 0. `reference` (S) fills the reference columns."""
        spare = self.column_tiles * self.tile_outputs - self.outputs
        padded = nnf.pad(cells, (0, 0, 0, spare, self.padding, 0))
        folded = padded.reshape(
            self.row_tiles, self.rows, self.column_tiles, self.tile_outputs * self.cells
        ).transpose(1, 2)
        if not self.has_reference:
            return folded
        used = torch.ones(self.inputs, dtype=cells.dtype, device=cells.device)
        column = nnf.pad(used, (self.padding, 0)).reshape(self.row_tiles, 1, self.rows, 1) * reference
        column = column.expand(-1, self.column_tiles, -1, -1)
        return torch.cat([folded[..., : self._split], column, folded[..., self._split :]], dim=-1)

    def unfold(
        self, tiles: Float[Tensor, "row_tile column_tile row column"]
    ) -> tuple[Float[Tensor, "row_tile row output cell"], Float[Tensor, "row_tile row column_tile"] | None]:
        """Cells by row tile, word line, output and cell, and the reference columns."""
        reference = None
        if self.has_reference:
            reference = tiles[..., self._split].transpose(1, 2)
            tiles = torch.cat([tiles[..., : self._split], tiles[..., self._split + 1 :]], dim=-1)
        joined = tiles.transpose(1, 2).reshape(
            self.row_tiles, self.rows, self.column_tiles * self.tile_outputs, self.cells
        )
        return joined[:, :, : self.outputs], reference

    def spread_reference(
        self, reference: Float[Tensor, "*batch column_tile"]
    ) -> Float[Tensor, "*batch output"]:
        """The value of the column tile that each output lies in."""
        return reference.repeat_interleave(self.tile_outputs, dim=-1)[..., : self.outputs]


def tiled(inputs: int, outputs: int, mapping: ArrayMapping, tile: tuple[int, int] | None) -> Tiling:
    """The tiling of a matrix by tiles of `tile` (word lines, bit lines); None for one tile of any size.

    Raises `PinchedError` for a tile without word lines and one whose bit lines hold less than one weight.
    """
    has = mapping.has_reference
    needed = mapping.cells + has
    if tile is None:
        tile = (inputs, outputs * mapping.cells + has)
    require(
        Tiling,
        len(tile) == 2 and tile[0] >= 1 and tile[1] >= needed,
        f"a tile of {' x '.join(str(n) for n in tile)} (word lines x bit lines) does not hold one weight: "
        f"{mapping.name} takes 1 word line and {needed} bit lines. Give a larger tile, or fewer cells.",
    )
    fit = (tile[1] - has) // mapping.cells
    row_tiles, column_tiles = math.ceil(inputs / tile[0]), math.ceil(outputs / fit)
    return Tiling(
        inputs=inputs,
        outputs=outputs,
        cells=mapping.cells,
        has_reference=has,
        row_tiles=row_tiles,
        column_tiles=column_tiles,
        rows=math.ceil(inputs / row_tiles),
        tile_outputs=math.ceil(outputs / column_tiles),
    )
