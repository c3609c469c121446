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

from pinched.data.records import Record
from pinched.data.sweep import IVSweep

Measured = IVSweep | Record
"""Whatever was read from a file."""

_PACKAGES = ("pinched", "numpy", "scipy", "numba", "torch", "scikit-learn", "matplotlib")


class FileRecord(NamedTuple):
    """One file that measurements were read from."""

    path: str
    """As the user gave it."""
    sha256: str
    """Hash of the file's bytes, hexadecimal; "" when unknown."""
    sweeps: int
    """How many sweeps, or records of another kind, of the report it gave."""


def collect_files(measured: Sequence[Measured]) -> tuple[FileRecord, ...]:
    """The files behind `measured`, in the order of their first use; what came from no file is left out."""
    counts: dict[tuple[str, str], int] = {}
    for one in measured:
        source = one.provenance
        if source.file:
            key = (source.file, source.sha256)
            counts[key] = counts.get(key, 0) + 1
    return tuple(FileRecord(path, sha256, n) for (path, sha256), n in counts.items())


def collect_guesses(measured: Sequence[Measured]) -> tuple[str, ...]:
    """What the readers inferred and the files did not state, each once, with the number of files it concerns."""
    files: dict[str, dict[str, None]] = {}
    for one in measured:
        for guess in one.provenance.guesses:
            files.setdefault(guess, {})[one.provenance.file] = None
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
    """Files that gave measurements."""
    skipped: tuple[str, ...] = ()
    """Measurements that could not be used, each with the reason."""
    passed_over: tuple[str, ...] = ()
    """Files that are no measurements (pictures, notes), or that another file repeats."""
    guesses: tuple[str, ...] = ()
    """What was inferred and not stated: columns, units, devices; one sentence each."""
    assumptions: tuple[str, ...] = ()
    """What the numbers rest on beyond the data; those of the fit are added by the report."""
    excluded: int = 0
    """Cycles that a person excluded by hand."""
    simulated: bool = False
    """True when no instrument measured the sweeps."""


def describe_run(measured: Sequence[Measured], *, read_voltage: float, seed: int = 0) -> RunRecord:
    """The record of a report that a script makes from `measured`, resistances of sweeps at `read_voltage` (V)."""
    return RunRecord(
        seed=seed,
        read_voltage=read_voltage,
        files=collect_files(measured),
        guesses=collect_guesses(measured),
        simulated=any_simulated(measured),
    )


def any_simulated(measured: Sequence[Measured]) -> bool:
    """Whether any of `measured` was simulated: one is enough to taint every number that rests on it."""
    return any(one.provenance.simulated_by for one in measured)
