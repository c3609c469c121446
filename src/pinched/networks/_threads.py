"""Small tensors on one thread: two threads that meet after every microsecond of work mostly wait for each other."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


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
