"""`shared`: one function over many items on all cores, in order, with a bar.

For work that takes a good part of a second per item (fits of long traces, finished figures): a process takes about
two seconds to start. Files have their own way (`data.load.each_file`), which keeps the errors beside the results.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from pinched._progress import Progress, Silent

FEWEST = 6
"""Fewer items than this are done here: the others would be done before a second process has started."""

T = TypeVar("T")
R = TypeVar("R")


def shared(
    work: Callable[[T], R],
    items: Sequence[T],
    *,
    workers: int = 1,
    progress: Progress | None = None,
    description: str = "working",
) -> list[R]:
    """`work` of each of `items` in their order, by `workers` processes; `description` names the bar.

    `work` and the items must be picklable where `workers` exceeds 1, and a script needs the usual guard
    `if __name__ == "__main__"` then. The answer does not depend on `workers`.
    """
    bar = progress or Silent()
    return list(bar.track(_results(work, items, workers), description, len(items)))


def _results(work: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[R]:
    # A process that was started by another one starts none.
    if min(workers, len(items)) < 2 or len(items) < FEWEST or multiprocessing.parent_process() is not None:
        yield from map(work, items)
        return
    # Spawn on every system: forking a program that has threads (numba, torch, BLAS) may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(items)), mp_context=context) as pool:
        yield from pool.map(work, items)
