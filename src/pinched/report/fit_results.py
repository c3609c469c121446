"""Results of fitted laws as files: fits.json for machines, a table, one figure per law and the ranking."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pinched._files import write_text
from pinched.devices.comparing import RankedLaw
from pinched.report.figure_files import write_figure
from pinched.report.figures_fit import plot_fit, plot_fit_residuals, plot_ranking
from pinched.report.style import Width, new_figure, paper_style

MARK = "fits.json"
"""A folder that holds this file is a fit's and may be replaced."""


def ranking_record(ranked: Sequence[RankedLaw]) -> list[dict[str, Any]]:
    """`ranked` as plain data, best first; numbers that do not exist are null."""
    return [_record(entry, place + 1) for place, entry in enumerate(ranked)]


def _record(entry: RankedLaw, place: int) -> dict[str, Any]:
    record: dict[str, Any] = {"place": place, "law": entry.name, "problem": entry.problem}
    if entry.fit is None:
        return record
    fit = entry.fit
    return record | {
        "error_held_back_decades": _number(entry.cross_validated),
        "error_worst_fold_decades": _number(entry.cross_validated_worst),
        "error_fit_decades": _number(fit.error_decades),
        "akaike_difference": _number(entry.akaike_difference),
        "verdict": fit.verdict,
        "sweeps_turned_round": fit.flipped,
        "series_resistance_ohm": fit.series_resistance,
        "floor_current_A": fit.floor_current,
        "source": type(fit.device).source,
        "parameters": [
            {name: _number(value) for name, value in dataclasses.asdict(p).items()} for p in fit.parameters
        ],
        "left_open": list(fit.unidentified),
    }


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_fits(folder: Path, ranked: Sequence[RankedLaw], about: dict[str, Any]) -> None:
    """Write fits.json (with `about`), parameters.csv, a figure per law and, for several, the ranking to `folder`."""
    whole = about | {"laws": ranking_record(ranked)}
    write_text(folder / MARK, json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    write_text(folder / "parameters.csv", _table(ranked))
    for entry in ranked:
        if entry.fit is None:
            continue
        with paper_style():
            figure, axes = new_figure(Width.DOUBLE, 7.0, columns=2)
            plot_fit(entry.fit, axes[0, 0], label=entry.name)
            plot_fit_residuals(entry.fit, axes[0, 1])
            write_figure(folder, f"fit_{entry.name}", figure)
    if len([e for e in ranked if e.fit is not None]) > 1:
        with paper_style():
            figure, axes = new_figure(Width.SINGLE, 2.0 + 0.55 * len(ranked))
            plot_ranking(ranked, axes[0, 0])
            write_figure(folder, "ranking", figure)


def _table(ranked: Sequence[RankedLaw]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["law", "parameter", "unit", "value", "low_95", "high_95", "identified"])
    for entry in ranked:
        for p in entry.fit.parameters if entry.fit is not None else ():
            writer.writerow(
                [entry.name, p.name, p.unit, repr(p.value), repr(p.low), repr(p.high), p.identified]
            )
    return out.getvalue()
