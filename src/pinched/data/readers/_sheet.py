"""The cells of a sheet as compact arrays, which look like rows of text to whoever finds the tables in them.

A Python float costs three times its eight bytes and its text nine times: a sheet of a million cells would not fit
beside its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import overload

import numpy as np
from jaxtyping import Bool, Float

from pinched.data.table import number


class Sheet(Sequence[list[str]]):
    """Rows of a sheet as text, made when asked for; `plain` gives numbers without the way over text."""

    def __init__(
        self,
        numbers: Float[np.ndarray, "row column"],
        is_number: Bool[np.ndarray, "row column"],
        texts: dict[int, dict[int, str]],
    ) -> None:
        """Cells as `numbers` where `is_number`, as `texts` (row -> column -> text) else; the others are empty."""
        self._numbers, self._is_number, self._texts = numbers, is_number, texts

    @classmethod
    def of(cls, rows: Iterable[Sequence[object]], height: int, width: int) -> Sheet:
        """The sheet of `rows` as a spreadsheet library gives them, at most `height` of at most `width` cells."""
        numbers = np.zeros((height, width))
        is_number = np.zeros((height, width), dtype=bool)
        texts: dict[int, dict[int, str]] = {}
        count = 0
        for r, row in enumerate(rows):
            count = r + 1
            for c, cell in enumerate(row):
                if isinstance(cell, (int, float)) and not isinstance(cell, bool):
                    numbers[r, c] = cell
                    is_number[r, c] = True
                elif cell is not None and (text := str(cell)):
                    texts.setdefault(r, {})[c] = text
        return cls(numbers[:count], is_number[:count], texts)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> list[str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[str]]: ...
    def __getitem__(self, index: int | slice) -> list[str] | list[list[str]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        # repr of a float gives back the same float, so sheets share the text reader's table finder.
        row = [
            repr(value) if there else ""
            for value, there in zip(
                self._numbers[index].tolist(), self._is_number[index].tolist(), strict=True
            )
        ]
        for column, text in self._texts.get(index, {}).items():
            row[column] = text
        return row

    @property
    def written(self) -> Iterable[str]:
        """Every cell of text."""
        return (text for row in self._texts.values() for text in row.values())

    def rewritten(self, change: Callable[[str], str]) -> Sheet:
        """The same sheet with `change` applied to every cell of text; what becomes a plain number is one."""
        numbers, is_number = np.array(self._numbers), np.array(self._is_number)
        texts: dict[int, dict[int, str]] = {}
        for r, row in self._texts.items():
            for c, text in row.items():
                new = change(text)
                value = number(new, ".") if new != text else None
                if value is None:
                    texts.setdefault(r, {})[c] = new
                else:
                    numbers[r, c], is_number[r, c] = value, True
        return Sheet(numbers, is_number, texts)

    def plain(self, start: int, stop: int) -> Float[np.ndarray, "row column"] | None:
        """Rows from `start` to `stop` when every cell is a number, else None."""
        return self._numbers[start:stop] if self._is_number[start:stop].all() else None
