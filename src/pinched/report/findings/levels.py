"""What reads of many cells show: which reads belong together, the levels between them, what changed.

Two reads are a pair where their names differ in one word of before and after ("prebake", "postbake") and their
cells agree: names alone may lie. The borders come from a write log in whose wanted ranges the cells lie, of several
from the one whose name ends in the same number ("writetest4" for "readtest3bpc4").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from pinched._errors import PinchedError
from pinched.data.traces import LevelReads, WriteLog
from pinched.extraction.levels import LevelConfusion, LevelRelaxation, confuse_levels, read_levels, relaxation

_WORDS = (("pre", "post"), ("before", "after"), ("initial", "final"), ("fresh", "baked"))
_INSIDE = 0.5
"""Share of cells that must lie in a wanted range of a write log before its borders are used."""
_AGREE = 0.5
"""Rank correlation of the cells of two reads above which they are the same cells."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LevelPair:
    """The same cells read before and after something happened to them."""

    name: str
    """What both names have in common."""
    before: LevelReads
    after: LevelReads
    borders: Float[np.ndarray, " border"] | None = None
    """Resistances (ohm) between the levels; None where no write log says what was wanted."""
    written: str = ""
    """Name of the write log that the borders come from."""
    confusion: LevelConfusion | None = None
    """Which level reads as which, in the first read after."""
    moved: tuple[LevelRelaxation, ...] = ()
    """How far each level moved."""

    @property
    def level(self) -> Int[np.ndarray, " cell"] | None:
        """Level of each cell in the first read before; None without borders."""
        return None if self.borders is None else read_levels(self.before.resistance[0], self.borders)


def find_pairs(
    reads: Sequence[LevelReads], writes: Sequence[WriteLog], *, seed: int = 0
) -> tuple[LevelPair, ...]:
    """The pairs among `reads`, with levels from the best of `writes`."""
    pairs = []
    by_name = {_name(one): one for one in reads}
    for one in reads:
        named = _partner(_name(one))
        if named is None or named[0] not in by_name:
            continue
        other = by_name[named[0]]
        if len(other) != len(one) or not _same_cells(one, other):
            continue
        pairs.append(_pair(named[1], one, other, writes, seed))
    return tuple(pairs)


def _name(reads: LevelReads) -> str:
    # Where the folder is the device, the file tells before from after.
    return Path(reads.provenance.file).stem if reads.provenance.file else reads.device


def _partner(name: str) -> tuple[str, str] | None:
    """Name of the read after that belongs to the read before called `name`, and what both share; None otherwise."""
    for first, second in _WORDS:
        match = re.search(rf"(?<![a-z]){first}", name, re.IGNORECASE)
        if match:
            rest = name[: match.start()] + name[match.end() :]
            word = second.upper() if match[0].isupper() else second.title() if match[0].istitle() else second
            return name[: match.start()] + word + name[match.end() :], rest.strip(" _-./") or name
    return None


def _same_cells(one: LevelReads, other: LevelReads) -> bool:
    a, b = one.resistance[0], other.resistance[0]
    keep = np.isfinite(a) & np.isfinite(b)
    if keep.sum() < 8 or np.ptp(a[keep]) == 0 or np.ptp(b[keep]) == 0:
        return False
    return float(stats.spearmanr(a[keep], b[keep]).statistic) > _AGREE  # type: ignore[attr-defined]


def _pair(
    name: str, before: LevelReads, after: LevelReads, writes: Sequence[WriteLog], seed: int
) -> LevelPair:
    log = _log_of(name, before.resistance[0], writes)
    if log is None:
        return LevelPair(name=name, before=before, after=after)
    borders = log.borders
    level = read_levels(before.resistance[0], borders)
    try:
        confusion = confuse_levels(level, after.resistance[0], borders)
    except PinchedError:
        return LevelPair(name=name, before=before, after=after)
    return LevelPair(
        name=name, before=before, after=after, borders=borders, written=log.device, confusion=confusion,
        moved=relaxation(before.resistance[0], after.resistance[0], level, seed=seed),
    )  # fmt: skip


def _log_of(name: str, resistance: Float[np.ndarray, " cell"], writes: Sequence[WriteLog]) -> WriteLog | None:
    """The write log that cells of `resistance` (ohm), read as `name`, were written by; None where none fits."""
    fitting = [(share, log) for log in writes if (share := _inside(resistance, log)) >= _INSIDE]
    # Wide ranges hold more cells than narrow ones, wherever these were written: a shared number says more.
    numbered = [(share, log) for share, log in fitting if _last(log.device) == _last(name) != ""]
    return max(numbered or fitting, key=lambda pair: pair[0])[1] if fitting else None


def _last(name: str) -> str:
    found = re.findall(r"\d+", name)
    return found[-1] if found else ""


def _inside(resistance: Float[np.ndarray, " cell"], log: WriteLog) -> float:
    """Share of cells that lie within a wanted range of `log`."""
    ranges = np.unique(np.column_stack([log.lower, log.upper]), axis=0)
    if len(ranges) < 2:
        return 0.0
    inside = (resistance[:, None] >= ranges[:, 0]) & (resistance[:, None] <= ranges[:, 1])
    return float(inside.any(axis=1).mean())
