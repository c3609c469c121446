"""`pinched correct`: a person's decision about one file, appended to the study's corrections with its reason."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pinched._errors import PinchedError
from pinched._units import to_si
from pinched.cli import options as opt
from pinched.cli.terminal import mistakes_end_with_two

if TYPE_CHECKING:
    from pinched.data.corrections import Correction, CorrectionKind
    from pinched.extraction.correcting import Change

_VOLTS = "such as 1.05V"


def correct(
    file: Annotated[
        Path, typer.Argument(help="The one file that the decision is about.", show_default=False)
    ],
    reason: Annotated[str | None, typer.Option("--reason", help="Why; it is printed in reports.")] = None,
    exclude_cycle: Annotated[
        int | None, typer.Option("--exclude-cycle", help="Leave this cycle of the file out (from 1).")
    ] = None,
    cycle: Annotated[
        int | None, typer.Option("--cycle", help="Cycle of the file (from 1) whose point is set.")
    ] = None,
    set_point: Annotated[
        str | None, typer.Option("--set-point", help=f"V_SET of the cycle, {_VOLTS}; 'none' for no SET.")
    ] = None,
    reset_point: Annotated[
        str | None, typer.Option("--reset-point", help="V_RESET of the cycle; 'none' for no RESET.")
    ] = None,
    voltage_column: opt.VoltageColumn = None,
    current_column: opt.CurrentColumn = None,
    time_column: opt.TimeColumn = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take the earlier decision about the same thing back.")
    ] = False,
    author: Annotated[str, typer.Option("--author", help="Who decides.")] = "",
    study: Annotated[
        Path | None,
        typer.Option("--study", help="Folder of the corrections; the study of the file if not given."),
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="Show what holds for the file, and change nothing.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Correct by hand: leave out a cycle, set a SET or RESET point, choose a column; appended, never overwritten."""
    with mistakes_end_with_two(as_json):
        from pinched.data.corrections import CorrectionKind as Kind
        from pinched.extraction.correcting import correct, listed
        from pinched.extraction.inspected import plain

        asked: list[tuple[Kind, int | None, float | int | str | None]] = []
        if exclude_cycle is not None:
            asked.append((Kind.EXCLUDED_CYCLE, exclude_cycle, None))
        for kind, text in ((Kind.SET_POINT, set_point), (Kind.RESET_POINT, reset_point)):
            if text is not None:
                asked.append((kind, cycle, None if withdraw else _volts(text)))
        for kind, text in (
            (Kind.VOLTAGE_COLUMN, voltage_column),
            (Kind.CURRENT_COLUMN, current_column),
            (Kind.TIME_COLUMN, time_column),
        ):
            if text is not None:
                asked.append((kind, None, None if withdraw else opt.column(text)))
        if listing:
            if asked:
                raise PinchedError("--list changes nothing: leave the decision out, or leave --list out.")
            log, held = listed(file, folder=study)
            _show(log, held, as_json, {"log": log, "in_force": plain(held)})
            return
        change = _change(asked, reason, author, withdraw)
        done = correct(file, change, folder=study)
        _show(done.log, done.in_force, as_json, plain(done))


def _change(
    asked: list[tuple[CorrectionKind, int | None, float | int | str | None]],
    reason: str | None,
    author: str,
    withdraw: bool,
) -> Change:
    from pinched.data.corrections import CorrectionKind as Kind
    from pinched.extraction.correcting import Change

    if len(asked) != 1:
        raise PinchedError(
            f"{len(asked)} decisions are given; give one of --exclude-cycle, --set-point, --reset-point, "
            "--voltage-column, --current-column, --time-column, so that each has its own reason."
        )
    ((kind, cycle, value),) = asked
    if kind in (Kind.SET_POINT, Kind.RESET_POINT) and cycle is None:
        raise PinchedError("the point of which cycle? Give --cycle, counted from 1 in the order of the file.")
    if reason is None or not reason.strip():
        raise PinchedError(
            "there is no reason. Give --reason: it is part of the record and printed in reports."
        )
    return Change(kind=kind, cycle=cycle, value=value, reason=reason, author=author, withdrawn=withdraw)


def _volts(text: str) -> float | None:
    return None if text.strip().lower() == "none" else to_si(text, "V")


def _show(log: str, held: tuple[Correction, ...], as_json: bool, record: object) -> None:
    if as_json:
        sys.stdout.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
        return
    console = Console(markup=False, highlight=False)
    console.print(
        f"In force for this file, by {log}:" if held else f"Nothing is corrected by {log}.", soft_wrap=True
    )
    for item in held:
        about = " of cycle" if item.value is not None or "point" in item.kind else ""
        cycle = "" if item.cycle is None else f"{about} {item.cycle}"
        value = "" if item.value is None else f" {item.value}"
        by = f", {item.author}" if item.author else ""
        console.print(
            f"  {item.kind}{cycle}{value}: {item.reason} ({item.time:%Y-%m-%d}{by})", soft_wrap=True
        )
