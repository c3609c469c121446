"""What every command shares: bars with the time left, and how mistakes end.

A mistake of the user is a message on stderr and exit code 2, never a traceback; with `--json` stdout carries
one JSON object, also then.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from pinched._errors import PinchedError

T = TypeVar("T")

stderr = Console(stderr=True)
"""Everything that is not a result."""


class TerminalProgress:
    """Bars on stderr, with the time left; each goes when its work is done."""

    def track(self, steps: Iterable[T], description: str, total: int) -> Iterator[T]:
        """Yield from `steps`, showing `description`, how many of `total` are done and the time left."""
        columns = (
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Bars(*columns, console=stderr, transient=True) as bars:
            yield from bars.track(steps, total=total, description=description)


@contextmanager
def mistakes_end_with_two(as_json: bool) -> Iterator[None]:
    """Turn a mistake of the user inside the block into a message and exit code 2 (Ctrl-C: 130)."""
    try:
        yield
    except PinchedError as error:
        fail(str(error), as_json)
    except OSError as error:
        # A full disk, a read-only folder: named by the system, mended by the user.
        fail(
            f"{error.filename or ''}: {error.strerror or error}. Check the path, the permissions and the disk.",
            as_json,
        )
    except KeyboardInterrupt:
        stderr.print("Stopped; nothing was written.")
        raise typer.Exit(130) from None


def fail(message: str, as_json: bool) -> NoReturn:
    """Print `message` on stderr, as a JSON object on stdout too where JSON was asked for, and exit with 2."""
    stderr.print("Error:", style="bold red", end=" ")
    # Not parsed as markup: a file name may hold square brackets.
    stderr.print(message, markup=False, highlight=False, soft_wrap=True)
    if as_json:
        sys.stdout.write(json.dumps({"error": message}) + "\n")
    raise typer.Exit(2)
