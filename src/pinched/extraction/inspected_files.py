"""`FileInspection` and `Inspection`: what was understood of one file, and of all of them.

`with_partners` tells the channels of one record together, once each file has been looked at alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pinched.data.channels import ChannelError
from pinched.data.corrections import Correction
from pinched.data.kinds import DataKind
from pinched.data.names import NameFields, NamePattern
from pinched.data.options import ReadOptions
from pinched.data.propose import ProposedPattern
from pinched.data.read_other import read_any_folder
from pinched.data.readers import Reader
from pinched.data.settings import Setting
from pinched.data.sweep import IVSweep
from pinched.extraction.cycles import split_cycles
from pinched.extraction.inspected import (
    Compliance,
    FoundColumn,
    Sampling,
    compliance_of,
    noise_floor_of,
    plain,
    sampling_of,
)
from pinched.extraction.suspicions import Suspicion


@dataclass(frozen=True, kw_only=True, slots=True)
class FileInspection:
    """What was understood of one file."""

    file: str
    sha256: str = ""
    """Hash of the file's bytes; "" when they could not be read."""
    format: str = ""
    """Name of the reader that took the file; "" when none could."""
    kind: DataKind
    """What most of it is; `DataKind.UNKNOWN` also for a file that cannot be read."""
    explanation: str = ""
    """Why it was taken as that, as part of a sentence."""
    part_of: str = ""
    """The file that holds the voltage, when this one is the other channel of a record; "" otherwise."""
    problem: str = ""
    """Why nothing of it can be used, or why it cannot even be read; "" when nothing is wrong."""
    columns: tuple[FoundColumn, ...] = ()
    """Columns of every table that is built differently."""
    devices: tuple[str, ...] = ()
    """Devices of the sweeps, as names or the name pattern give them."""
    sweeps: int = 0
    cycles: int = 0
    records: int = 0
    """Traces that are no sweeps: of pulses, retention, endurance, levels, writes."""
    sampling: Sampling | None = None
    compliance: Compliance | None = None
    noise_floor: float | None = None
    """Median current (A) at 0 V; None when no sample lies there."""
    settings: tuple[Setting, ...] = ()
    """What else is known of the measurement, each with where it is known from."""
    name: NameFields | None = None
    """What the name says by the pattern; None without a pattern, or when the name does not fit."""
    corrections: tuple[Correction, ...] = ()
    """What a person decided about this file; column choices among them are honoured."""
    guesses: tuple[str, ...] = ()
    """What was inferred and not stated, one sentence each."""
    suspicions: tuple[Suspicion, ...] = ()
    """What looks wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What was understood of several files."""

    files: tuple[FileInspection, ...]
    passed_over: tuple[str, ...] = ()
    """Files that are no data by their name, each with the reason."""
    folder: str = ""
    """Folder that names are taken below."""
    pattern: NamePattern | None = None
    """The pattern that was applied; None when none was given."""
    proposal: ProposedPattern | None = None
    """A pattern that would read every name; None when one was given, or none helps."""
    samples: str = ""
    """Path of the table of samples that was joined; "" without one."""
    samples_unused: tuple[str, ...] = ()
    """Devices of the table of samples of which there is no file here."""

    def record(self) -> dict[str, object]:
        """Everything as plain values for JSON; keys are the names of the fields."""
        found = plain(self)
        return found if isinstance(found, dict) else {}


def with_partners(
    files: Sequence[FileInspection], options: ReadOptions, readers: tuple[Reader, ...]
) -> list[FileInspection]:
    """`files` with the channels of one record told together: one file has the sweep, the other is a part of it."""
    alone = [file for file in files if file.columns and not file.sweeps and not file.records]
    if len(alone) < 2:
        return list(files)
    result = read_any_folder([file.file for file in alone], options, readers=readers)
    sweeps = {s.provenance.file: s for s in result.records if isinstance(s, IVSweep)}
    errors = {error.path: str(error) for error in result.skipped if isinstance(error, ChannelError)}
    parts: dict[str, str] = {}
    for path, sweep in sweeps.items():
        # The note of the joining names both files.
        parts |= {
            file.file: path
            for file in alone
            if file.file not in sweeps and Path(file.file).name in sweep.provenance.guesses[0]
        }
    found: list[FileInspection] = []
    for file in files:
        if file.file in sweeps and file in alone:
            found.append(replace(file, problem="", **of_sweeps([sweeps[file.file]])))
        elif file.file in parts:
            reason = f"the other channel of {Path(parts[file.file]).name}"
            found.append(
                replace(file, kind=DataKind.SWEEP, problem="", explanation=reason, part_of=parts[file.file])
            )
        else:
            found.append(
                replace(file, problem=errors.get(file.file, file.problem)) if file in alone else file
            )
    return found


def of_sweeps(sweeps: Sequence[IVSweep]) -> dict[str, Any]:
    """The fields of a `FileInspection` that its sweeps fill."""
    if not sweeps:
        return {}
    return {
        "kind": DataKind.SWEEP,
        "sweeps": len(sweeps),
        "cycles": sum(len(split_cycles(sweep)) for sweep in sweeps),
        "devices": tuple(dict.fromkeys(sweep.device for sweep in sweeps)),
        "sampling": sampling_of(sweeps),
        "compliance": compliance_of(sweeps),
        "noise_floor": noise_floor_of(sweeps),
        "guesses": tuple(dict.fromkeys(guess for sweep in sweeps for guess in sweep.provenance.guesses)),
    }
