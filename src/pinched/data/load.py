"""Files -> raw tables, on one core or on many: what every `read_*` function begins with.

`load_file` opens one file with the reader that is surest of it. `each_file` runs a function over many files,
keeps the errors beside the results, and gives the same answer whatever the number of processes.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from pinched._errors import DataFileError
from pinched._progress import Progress, Silent
from pinched.data.clocks import with_seconds
from pinched.data.files import FoundFile, read_bytes
from pinched.data.logarithms import without_logarithms
from pinched.data.options import ReadOptions
from pinched.data.readers import READERS, Plugins, Reader, choose, plugin_readers
from pinched.data.table import RawTable

PARALLEL_FROM = 300
"""Files above which more processes pay: each takes about a second to start, a file some milliseconds."""
_TOGETHER = 32
"""Files that a process takes at a time."""

T = TypeVar("T")


class Loaded(NamedTuple):
    """One file, read and taken apart."""

    file: FoundFile
    """Which one."""
    sha256: str
    """Hash of the file on the disk."""
    content: str
    """Hash of its bytes once unpacked: equal for a copy."""
    reader: str
    """Name of the reader that understood it."""
    tables: tuple[RawTable, ...]
    """Its tables; at least one."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """Results and errors of many files, each with the place of its file in the list."""

    good: dict[int, T]
    """Results by place."""
    failed: dict[int, DataFileError]
    """Errors by place."""


class _Failure(NamedTuple):
    """A `DataFileError` that can travel between processes."""

    path: str
    place: str
    found: str
    cure: str


def all_readers() -> tuple[tuple[Reader, ...], tuple[str, ...]]:
    """Plug-ins first (a laboratory's own reader wins a tie), then the package's; and what was left out."""
    plugins: Plugins = plugin_readers()
    return (*plugins.readers, *READERS), plugins.notes


def load_file(file: FoundFile, options: ReadOptions, readers: tuple[Reader, ...]) -> Loaded:
    """Tables of one file; raises `DataFileError` when it cannot be read."""
    path = str(file.path)
    content, digest, inner = read_bytes(file.path)
    reader = choose(content, file.path.name, readers)
    with_tables = reader.read(content, path, options.dialect)
    return Loaded(
        file,
        digest,
        inner,
        reader.name,
        tuple(without_logarithms(with_seconds(table)) for table in with_tables),
    )


def guarded(work: Callable[[FoundFile], T], file: FoundFile) -> T:
    """`work(file)`; whatever a file nobody foresaw makes it raise becomes a `DataFileError`."""
    try:
        # A damaged number may be of any size; differences of such numbers overflow before anybody refuses them.
        with np.errstate(over="ignore", invalid="ignore"):
            return work(file)
    except DataFileError:
        raise
    except (
        ValueError,
        ArithmeticError,
        LookupError,
        TypeError,
        MemoryError,
        RecursionError,
        EOFError,
    ) as error:
        # The last net: an unforeseen file must not end a run over a thousand others with a traceback.
        raise DataFileError(
            file.path,
            "",
            f"could not be understood ({type(error).__name__}: {error})",
            "Please report it with the file.",
        ) from error


def _caught(work: Callable[[FoundFile], T], file: FoundFile) -> T | _Failure:
    try:
        return guarded(work, file)
    except DataFileError as error:
        return _Failure(error.path, error.place, error.found, error.cure)


def each_file(
    work: Callable[[FoundFile], T],
    files: list[FoundFile],
    content: Callable[[T], str],
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> Outcome[T]:
    """Run `work` over `files`; errors are kept, a file with the `content` hash of an earlier one is an error.

    With `workers` above 1 and more than `PARALLEL_FROM` files, that many processes share them; `work` must then
    be picklable (a module's function or a `partial` of one). The result does not depend on `workers`.
    """
    watch = progress or Silent()
    outcome: Outcome[T] = Outcome({}, {})
    first_with: dict[str, Path] = {}
    steps = _results(work, files, workers if len(files) > PARALLEL_FROM else 1)
    for k, result in enumerate(watch.track(steps, "reading", len(files))):
        if isinstance(result, _Failure):
            outcome.failed[k] = DataFileError(*result)
            continue
        twin = first_with.setdefault(content(result), files[k].path)
        if twin is files[k].path:
            outcome.good[k] = result
        else:
            outcome.failed[k] = DataFileError(
                files[k].path,
                "",
                f"holds the same bytes as {twin}",
                "Give each measurement once: copies are no repeats.",
            )
    return outcome


def _results(work: Callable[[FoundFile], T], files: list[FoundFile], workers: int) -> Iterator[T | _Failure]:
    # A process that was started by another one (a script without a __main__ guard that spawned us) starts none.
    if workers < 2 or multiprocessing.parent_process() is not None:
        yield from (_caught(work, file) for file in files)
        return
    # Spawn on every system: forking a program that has threads (numba, torch, BLAS) may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(partial(_caught, work), files, chunksize=_TOGETHER)
