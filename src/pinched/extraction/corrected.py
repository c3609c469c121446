"""`apply_corrections`: a switching table as a person corrected it, and how much of it that is.

The log itself is `pinched.data.corrections`. Excluded cycles leave the table, SET and RESET points replace what
the rule found; resistances stay as measured, because they are read at the read voltage and not at the event.
Every change is counted: a report has to say that 12 % of its cycles were dropped by hand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from pinched._errors import PinchedError
from pinched.data.corrections import Correction, CorrectionKind, in_force
from pinched.data.sweep import IVSweep
from pinched.extraction.table import Flag, SwitchingTable

_POINTS = {CorrectionKind.SET_POINT: "v_set", CorrectionKind.RESET_POINT: "v_reset"}


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectedTable:
    """A table after the corrections that concern it, and the counts that a report prints."""

    table: SwitchingTable
    cycles_before: int
    """Cycles before any was left out."""
    excluded: tuple[Correction, ...] = ()
    """One for each cycle that was left out."""
    points: tuple[Correction, ...] = ()
    """One for each SET or RESET point that was set by hand in a cycle that stayed."""
    columns: tuple[Correction, ...] = ()
    """Column choices for files of this table; they were honoured while reading."""
    unmatched: tuple[Correction, ...] = ()
    """Corrections for files of this table about a cycle that they do not have."""

    @property
    def share_excluded(self) -> float:
        """Share of the cycles that a person left out, 0 to 1."""
        return len(self.excluded) / self.cycles_before

    def sentences(self) -> tuple[str, ...]:
        """What was done by hand, for reports; () when nothing was."""
        found: list[str] = []
        if self.excluded:
            reasons = sorted({correction.reason.strip() for correction in self.excluded})
            more = f", and {len(reasons) - 5} more reasons" if len(reasons) > 5 else ""
            found.append(
                f"{100 * self.share_excluded:.3g} % of the cycles dropped by "
                f"hand ({len(self.excluded)} of {self.cycles_before}): {'; '.join(reasons[:5])}{more}."
            )
        for kind, name in _POINTS.items():
            count = sum(correction.kind is kind for correction in self.points)
            if count:
                found.append(f"{name} set by hand in {count} of {len(self.table)} cycles.")
        if self.columns:
            files = len({correction.sha256 for correction in self.columns})
            found.append(f"columns chosen by hand in {files} file(s).")
        if self.unmatched:
            found.append(
                f"{len(self.unmatched)} correction(s) name a cycle that their file no longer has, the first "
                f"{self.unmatched[0].kind} of cycle {self.unmatched[0].cycle}: they were not applied."
            )
        return tuple(found)


def file_hashes(sweeps: Iterable[IVSweep]) -> dict[str, str]:
    """File (as in `provenance.file`) -> SHA-256 of its bytes, for every file of `sweeps`."""
    return {sweep.provenance.file: sweep.provenance.sha256 for sweep in sweeps if sweep.provenance.sha256}


def apply_corrections(
    table: SwitchingTable, corrections: Sequence[Correction], sha256: Mapping[str, str]
) -> CorrectedTable:
    """`table` with the `corrections` in force for its files; `sha256` is what `file_hashes` gives.

    A point set or removed by hand is flagged so (a forming cycle stays one), taken as it stands and without a
    confidence. Corrections of other files are left aside. Raises `PinchedError` when every cycle is excluded.
    """
    rows: dict[tuple[str, int], int] = {}
    counted: dict[str, int] = {}
    for row, file in enumerate(table.file):
        counted[file] = counted.get(file, 0) + 1
        if file in sha256:
            rows[sha256[file], counted[file]] = row
    present = {digest for digest, _ in rows}
    excluded: dict[int, Correction] = {}
    points: list[tuple[int, Correction]] = []
    columns: list[Correction] = []
    unmatched: list[Correction] = []
    for target, correction in in_force(corrections).items():
        if target.sha256 not in present:
            continue
        if target.cycle is None:
            columns.append(correction)
            continue
        row = rows.get((target.sha256, target.cycle))
        if row is None:
            unmatched.append(correction)
        elif target.kind is CorrectionKind.EXCLUDED_CYCLE:
            excluded[row] = correction
        else:
            points.append((row, correction))
    points = [(row, correction) for row, correction in points if row not in excluded]
    changed: dict[str, Any] = {}
    for row, correction in points:
        name = _POINTS[correction.kind]
        values = changed.setdefault(name, getattr(table, name).copy())
        flags = changed.setdefault(f"{name}_flag", list(getattr(table, f"{name}_flag")))
        # What the rule knew about its own value does not hold for another one.
        for about in (f"{name}_step", f"{name}_confidence"):
            changed.setdefault(about, getattr(table, about).copy())[row] = np.nan
        said = correction.value
        values[row] = float(said) if isinstance(said, (int, float)) else np.nan
        # A forming cycle stays one: its voltage is kept out of the statistics, whoever read it.
        formed = flags[row] is Flag.FORMING and said is not None
        flags[row] = Flag.FORMING if formed else Flag.BY_HAND
    changed = {name: tuple(v) if isinstance(v, list) else v for name, v in changed.items()}
    kept = [row for row in range(len(table)) if row not in excluded]
    if not kept:
        raise PinchedError(
            f"all {len(table)} cycles are excluded by hand: nothing is left to report. Withdraw an exclusion in "
            "corrections.jsonl (a line with withdrawn: true), or give other files."
        )
    corrected = dataclasses.replace(table, **changed) if changed else table
    return CorrectedTable(
        table=_rows(corrected, kept) if excluded else corrected,
        cycles_before=len(table),
        excluded=tuple(excluded[row] for row in sorted(excluded)),
        points=tuple(correction for _, correction in points),
        columns=tuple(columns),
        unmatched=tuple(unmatched),
    )


def _rows(table: SwitchingTable, kept: list[int]) -> SwitchingTable:
    """The rows `kept` of `table`; columns are known by their length, so that a new one is cut as well."""
    changed: dict[str, Any] = {}
    for field in fields(SwitchingTable):
        column = getattr(table, field.name)
        if isinstance(column, np.ndarray) and column.ndim:
            changed[field.name] = column[kept]
        elif isinstance(column, tuple) and len(column) == len(table):
            changed[field.name] = tuple(column[row] for row in kept)
    return dataclasses.replace(table, **changed)
