"""Lines and cells of a large text without a Python object for each: what keeps reading below ten times the file.

A string per line costs fifty bytes beside its characters, a list of strings per row several hundred. `Lines`
and `Rows` keep the text once and cut a line, or its cells, when somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import numpy as np
from jaxtyping import Bool, Int


class Lines(Sequence[str]):
    """The lines of a text whose line ends are "\\n"; a sequence that cuts each line when it is asked for."""

    def __init__(
        self,
        text: str,
        starts: Int[np.ndarray, " line"] | None = None,
        ends: Int[np.ndarray, " line"] | None = None,
        instead: Mapping[int, str] | None = None,
    ) -> None:
        """All lines of `text`, or those from `starts` to `ends`; `instead` gives some lines (from 0) another text."""
        self._text = text
        if starts is None or ends is None:
            newlines = _newlines(text)
            starts = np.concatenate([[0], newlines + 1]).astype(newlines.dtype)
            ends = np.concatenate([newlines, [len(text)]]).astype(newlines.dtype)
        self._starts, self._ends, self._instead = starts, ends, instead or {}

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if index in self._instead:
            return self._instead[index]
        return self._text[int(self._starts[index]) : int(self._ends[index])]

    def kept(self, which: Bool[np.ndarray, " line"], instead: Mapping[int, str]) -> Lines:
        """The lines that `which` marks; `instead` (by the old number) gives some of them another text."""
        new = np.cumsum(which) - 1
        return Lines(
            self._text, self._starts[which], self._ends[which], {int(new[k]): t for k, t in instead.items()}
        )


class Rows(Sequence[list[str]]):
    """The cells of every line; `cut` turns a line into cells, `instead` gives some rows (from 0) others."""

    def __init__(
        self,
        lines: Sequence[Any],
        cut: Callable[[Any], list[str]],
        instead: Mapping[int, list[str]] | None = None,
    ) -> None:
        self._lines, self._cut, self._instead = lines, cut, dict(instead or {})

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> list[str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[str]]: ...
    def __getitem__(self, index: int | slice) -> list[str] | list[list[str]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        return self._instead[index] if index in self._instead else self._cut(self._lines[index])

    def replaced(self, instead: Mapping[int, list[str]]) -> Rows:
        """The same rows with others in the places (from 0) of `instead`."""
        return Rows(self._lines, self._cut, {**self._instead, **instead})


def _newlines(text: str) -> Int[np.ndarray, " newline"]:
    if text.isascii():
        marks = np.frombuffer(text.encode("ascii"), np.uint8) == 10
    else:
        marks = np.frombuffer(text.encode("utf-32-le"), np.uint32) == 10
    found = np.flatnonzero(marks)
    return found.astype(np.int32) if len(text) < 2**31 else found
