"""What stands beside the files of an inspection: names, a table of samples, and where they contradict each other.

A clash is a suspicion, never a decision: which of the two is right, the person knows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pinched._errors import PinchedError
from pinched._units import show
from pinched.data.files import FoundFile
from pinched.data.names import NameFields, NamePattern, relative_name
from pinched.data.samples import SampleTable
from pinched.data.settings import Setting
from pinched.extraction.suspicions import Doubt, Suspicion

_SAME = 1e-3
"""Relative difference that rounding in a name explains."""
_OWN = frozenset(
    {"device", "cycle", "date", "test", "label", "state", "operator", "instrument", "start", "step"}
)
"""Settings that a name and a file may state differently without a contradiction."""


def shared_folder(given: Sequence[Path | str], files: Sequence[FoundFile]) -> Path:
    """The folder that names are taken below: the one given, or the one that all `files` share."""
    if len(given) == 1 and Path(given[0]).expanduser().is_dir():
        return Path(given[0]).expanduser()
    parents = [str(file.path.absolute().parent) for file in files]
    try:
        return Path(os.path.commonpath(parents))
    except ValueError:
        # Files on two drives share no folder; names are then taken below the first one's own.
        return Path(parents[0])


def read_name(
    path: str, pattern: NamePattern | None, root: Path
) -> tuple[NameFields | None, list[Suspicion]]:
    """What the name of a file says; a name that does not fit is a suspicion here, and a mistake where it is used."""
    if pattern is None:
        return None, []
    try:
        return pattern.parse(relative_name(path, root)), []
    except PinchedError as error:
        return None, [Suspicion(Doubt.NAME_MISFIT, str(error).rstrip("."))]


def sample_rows(
    devices: Iterable[str], samples: SampleTable | None
) -> tuple[tuple[Setting, ...], list[Suspicion]]:
    """What `samples` says of all `devices` of a file, and a suspicion for each device that it does not have."""
    if samples is None:
        return (), []
    rows = [(device, samples.rows.get(device)) for device in devices]
    table = Path(samples.path).name
    missing = [
        Suspicion(Doubt.SAMPLE_UNKNOWN, f"{table} has no row for device '{device}'")
        for device, row in rows
        if row is None
    ]
    known = [row for _, row in rows if row is not None]
    # Several devices in a file: only what holds for all of them is said of the file.
    shared = [item for item in (known[0] if known else ()) if all(item in row for row in known)]
    return tuple(shared), missing


def clashes(sources: Sequence[tuple[str, Sequence[Setting]]]) -> Iterator[Suspicion]:
    """Settings that two of the `sources` (what to call each, what it states) state differently."""
    for k, (first, settings) in enumerate(sources):
        for second, others in sources[k + 1 :]:
            stated = {item.name: item for item in others}
            for item in settings:
                other = stated.get(item.name)
                if other is not None and item.name not in _OWN and _differ(item, other):
                    yield Suspicion(
                        Doubt.CLASH,
                        f"{first} says {item.name} {_shown(item)}, {second} says {_shown(other)}",
                    )


def _differ(one: Setting, two: Setting) -> bool:
    if isinstance(one.value, str) and isinstance(two.value, str):
        return one.value.strip().casefold() != two.value.strip().casefold()
    a, b = one.number, two.number
    if a is None or b is None or one.unit != two.unit:
        # A text beside a number, or two units: nothing that could be compared.
        return False
    return abs(a - b) > _SAME * max(abs(a), abs(b))


def _shown(item: Setting) -> str:
    if not isinstance(item.value, float):
        return f"'{item.value}'"
    if item.unit == "m2":
        return f"{item.value * 1e12:.4g} um2"
    return show(item.value, item.unit).removesuffix(" 1")
