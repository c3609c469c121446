"""Which work runs on how many threads: small tensors on one, portions of arrays beside each other.

Two threads that meet after every microsecond of work mostly wait for each other (`one_thread`); two that each have
arrays of their own never meet (`in_portions`).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from pinched._cores import cores
from pinched._progress import Progress

T = TypeVar("T")

_CELLS_AT_ONCE = 2_000_000
"""Cells that are drawn and written at a time, by all threads together: about 60 bytes each, so 120 MB."""


@contextmanager
def one_thread(wanted: bool = True) -> Iterator[None]:
    """Run the block on one thread of torch where `wanted`, and give the others back at its end.

    The number of threads belongs to the process: what another thread of the program computes meanwhile is slower.
    Results on one thread do not hang on the number of cores.
    """
    before = torch.get_num_threads()
    if wanted:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def in_portions(
    work: Callable[[range], T], arrays: range, cells: int, *, progress: Progress, description: str = "arrays"
) -> list[T]:
    """`work` of consecutive portions of `arrays` (of `cells` each), one portion per core at a time; in their order.

    The result does not depend on the number of cores: an array is the same in every portion. `work` may not change
    anything that another portion sees.
    """
    threads = cores()
    # At least four portions a core, so that no core waits for the last portion of another, and a bar moves.
    size = max(1, min(_CELLS_AT_ONCE // (threads * cells), -(-len(arrays) // (4 * threads))))
    portions = [arrays[start : start + size] for start in range(0, len(arrays), size)]
    with one_thread():
        pool = ThreadPoolExecutor(min(threads, len(portions)))
        try:
            return list(progress.track(pool.map(work, portions), description, len(portions)))
        finally:
            # An error or Ctrl-C: what was not begun is not begun any more.
            pool.shutdown(wait=True, cancel_futures=True)
