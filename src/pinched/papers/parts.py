"""Long reproductions in parts that survive an interruption.

Every part of a run (a training, a set of arrays) is a function of its options. Its result stands in a file of the
output folder with those options beside it; when the run is started again with the same options, the part is read
instead of computed. Another option, another version of pinched: it is computed anew. `begun` lets other processes
compute parts that do not need each other.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinched import __version__
from pinched._errors import PinchedError
from pinched._files import write_text
from pinched._progress import Silent
from pinched.networks._threads import one_thread

Values = dict[str, Any]
"""Names to numbers, texts, lists and dictionaries: what JSON holds."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one run; with `folder` None nothing is kept."""

    folder: Path | None
    """Where the part files lie; made when the first one is written."""

    def get(self, name: str, options: Values, compute: Callable[[], Values]) -> Values:
        """The result of part `name` for `options`: from its file, or from `compute` and then written there.

        Both ways give what JSON gives back (lists for tuples), so that a resumed run prints what a whole one does.
        A damaged part file is computed anew. Raises `PinchedError` where a result holds what JSON cannot.
        """
        stated = json.loads(json.dumps(options | {"pinched": __version__}))
        path = None if self.folder is None else self.folder / f"{name}.json"
        if path is not None and path.is_file():
            found = _read(path)
            if found is not None and found.get("options") == stated and isinstance(found.get("result"), dict):
                return found["result"]
        try:
            text = json.dumps({"options": stated, "result": compute()}, indent=1, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            if isinstance(error, PinchedError):
                raise
            raise PinchedError(
                f"the part {name} cannot be kept ({error}): give numbers, texts and lists."
            ) from error
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, text)
        return json.loads(text)["result"]


def _read(path: Path) -> Values | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One part that another process can compute: what `Parts.get` takes, small enough to be sent."""

    name: str
    """Name of the part."""
    options: Values
    """What its result depends on."""
    work: Callable[..., Values]
    """A function of a module, which takes `arguments` and `progress`."""
    arguments: Values
    """Its arguments."""

    def done(self, parts: Parts) -> Values:
        """The result: kept in `parts`, or computed on one thread of torch."""
        with one_thread():
            return parts.get(self.name, self.options, lambda: self.work(**self.arguments, progress=Silent()))


@contextmanager
def begun(parts: Parts, jobs: Sequence[Job], workers: int) -> Iterator[Iterator[Values]]:
    """The results of `jobs`, in order: begun at once by `workers` processes, or with one computed when asked for."""
    if workers < 2 or not jobs:
        yield (job.done(parts) for job in jobs)
        return
    # Spawn on every system: forking a program that has threads (numba, torch, BLAS) may hang.
    pool = ProcessPoolExecutor(min(workers, len(jobs)), mp_context=multiprocessing.get_context("spawn"))
    try:
        futures = [pool.submit(job.done, parts) for job in jobs]
        yield (future.result() for future in futures)
    finally:
        # What was not begun is not begun any more; a part that is under way is finished and kept.
        pool.shutdown(wait=True, cancel_futures=True)
