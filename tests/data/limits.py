"""A clock for tests that feed damaged files: a reader that hangs is a failure, not a test that never ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class HangError(Exception):
    """The time is over."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise `HangError` in the block after `seconds`; no limit where the system has no alarm clock."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def over(*_: object) -> None:
        raise HangError(f"a file took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
