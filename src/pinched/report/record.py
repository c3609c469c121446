"""`RunRecord`: where every number of a report came from: command, seed, versions, files, guesses.

The command line fills one in; in a script, `describe_run` makes one from the sweeps alone.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import NamedTuple

from pinched.data.sweep import IVSweep

_PACKAGES = ("pinched", "numpy", "scipy", "numba", "torch", "scikit-learn", "matplotlib")


class FileRecord(NamedTuple):
    """One file that sweeps were read from."""

    path: str
    """As the user gave it."""
    sha256: str
    """Hash of the file's bytes, hexadecimal; "" when unknown."""
    sweeps: int
    """How many sweeps of the report it gave."""


def collect_files(sweeps: Sequence[IVSweep]) -> tuple[FileRecord, ...]:
    """The files behind `sweeps`, in the order of their first sweep; sweeps that came from no file are left out."""
    counts: dict[tuple[str, str], int] = {}
    for sweep in sweeps:
        source = sweep.provenance
        if source.file:
            key = (source.file, source.sha256)
            counts[key] = counts.get(key, 0) + 1
    return tuple(FileRecord(path, sha256, n) for (path, sha256), n in counts.items())


def collect_guesses(sweeps: Sequence[IVSweep]) -> tuple[str, ...]:
    """What the readers inferred and the files did not state, each once, with the number of files it concerns."""
    files: dict[str, dict[str, None]] = {}
    for sweep in sweeps:
        for guess in sweep.provenance.guesses:
            files.setdefault(guess, {})[sweep.provenance.file] = None
    return tuple(
        f"{guess} ({next(iter(names)) if len(names) == 1 else f'{len(names)} files'})"
        for guess, names in files.items()
    )


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that the numbers depend on, without importing any of them."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    versions["platform"] = platform.platform(terse=True)
    return versions


def now() -> str:
    """This moment as ISO 8601 with the offset from UTC, to the second."""
    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """What was run, on what, with what; enough to run it again."""

    command_line: str = ""
    """The command as typed; "" when a script called the package."""
    seed: int = 0
    """Seed of every random draw."""
    read_voltage: float
    """Voltage (V, above zero) at which the resistances are stated."""
    versions: Mapping[str, str] = field(default_factory=installed_versions)
    """Version of Python, of this package and of those below it."""
    started: str = field(default_factory=now)
    """When the run began, ISO 8601 with the offset from UTC."""
    duration_s: float = float("nan")
    """How long it took (s); NaN when nobody looked."""
    files: tuple[FileRecord, ...] = ()
    """Files that gave sweeps."""
    skipped: tuple[str, ...] = ()
    """Measurements that could not be used, each with the reason."""
    passed_over: tuple[str, ...] = ()
    """Files that are no measurements (pictures, notes), or that another file repeats."""
    guesses: tuple[str, ...] = ()
    """What was inferred and not stated: columns, units, devices; one sentence each."""
    assumptions: tuple[str, ...] = ()
    """What the numbers rest on beyond the data; those of the fit are added by the report."""
    simulated: bool = False
    """True when no instrument measured the sweeps."""


def describe_run(sweeps: Sequence[IVSweep], *, read_voltage: float, seed: int = 0) -> RunRecord:
    """The record of a report that a script makes from `sweeps`, resistances at `read_voltage` (V)."""
    return RunRecord(
        seed=seed,
        read_voltage=read_voltage,
        files=collect_files(sweeps),
        guesses=collect_guesses(sweeps),
        simulated=any_simulated(sweeps),
    )


def any_simulated(sweeps: Sequence[IVSweep]) -> bool:
    """Whether any of `sweeps` was simulated: one is enough to taint every number that rests on it."""
    return any(sweep.provenance.simulated_by for sweep in sweeps)
