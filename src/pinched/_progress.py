"""How long work reports that it moves: a plain callback, so that no layer below the CLI knows a terminal."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar, runtime_checkable

T = TypeVar("T")


@runtime_checkable
class Progress(Protocol):
    """Something that shows the steps of a loop as they pass (the CLI passes a bar, scripts pass nothing)."""

    def track(self, steps: Iterable[T], description: str, total: int) -> Iterator[T]:
        """Yield from `steps`, showing `description` and how many of `total` are done."""
        ...


class Silent:
    """Shows nothing: the default everywhere."""

    def track(self, steps: Iterable[T], description: str, total: int) -> Iterator[T]:  # noqa: ARG002
        """Yield from `steps`."""
        yield from steps
