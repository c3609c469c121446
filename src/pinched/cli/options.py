"""Options that several commands share, each written once: how files are read, where results go."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pinched.data.options import DeviceNaming, ReadOptions
    from pinched.extraction.gathering import Source


class DeviceFrom(StrEnum):
    """What `--device-from` takes."""

    NAME = "name"
    PATH = "path"
    FOLDER = "folder"
    ONE = "one"


def namings() -> dict[DeviceFrom, DeviceNaming]:
    """Name on the command line -> what tells one device from another."""
    from pinched.data.options import DeviceNaming

    return {
        DeviceFrom.NAME: DeviceNaming.NAME,
        DeviceFrom.PATH: DeviceNaming.PATH,
        DeviceFrom.FOLDER: DeviceNaming.FOLDER,
        DeviceFrom.ONE: DeviceNaming.ONE,
    }


Paths = Annotated[
    list[Path], typer.Argument(help="Files, folders or patterns with measurements.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the tables.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")]
ReadVoltage = Annotated[
    str | None,
    typer.Option("--read-voltage", help="Voltage at which resistances are stated (V).", show_default="0.1"),
]
NamePattern = Annotated[
    str | None,
    typer.Option("--name-pattern", help="How file names are built, such as {device}/{stop}V_{cycle}."),
]
DeviceYield = Annotated[
    float | None, typer.Option("--yield", help="Share of working devices; counted in the data if not given.")
]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Go on without files that cannot be used.")]
DeviceFromOption = Annotated[DeviceFrom, typer.Option("--device-from", help="What tells devices apart.")]
VoltageColumn = Annotated[
    str | None, typer.Option("--voltage-column", help="Head or number (from 1) of the voltage column.")
]
CurrentColumn = Annotated[
    str | None, typer.Option("--current-column", help="Head or number (from 1) of the current column.")
]
TimeColumn = Annotated[
    str | None, typer.Option("--time-column", help="Head or number (from 1) of the time column.")
]
VoltageUnit = Annotated[
    str | None, typer.Option("--voltage-unit", help="Unit of the voltage column, such as mV.")
]
CurrentUnit = Annotated[
    str | None, typer.Option("--current-unit", help="Unit of the current column, such as uA.")
]
Separator = Annotated[str | None, typer.Option("--separator", help="Character between cells of text files.")]
Decimal = Annotated[str | None, typer.Option("--decimal", help="Decimal mark of text files, . or ,")]
Sheet = Annotated[str | None, typer.Option("--sheet", help="The one sheet to read from workbooks.")]
Compliance = Annotated[
    str | None, typer.Option("--compliance", help="Current limit of the source, such as 100uA.")
]
Flip = Annotated[bool, typer.Option("--flip", help="Turn voltage and current round.")]
DropBadRows = Annotated[
    bool, typer.Option("--drop-bad-rows", help="Leave out rows with missing or overflowing cells.")
]


def _column(text: str | None) -> str | int | None:
    return int(text) if text is not None and text.strip().isdigit() else text


def reading_options(
    *,
    voltage_column: str | None,
    current_column: str | None,
    time_column: str | None,
    voltage_unit: str | None,
    current_unit: str | None,
    separator: str | None,
    decimal: str | None,
    sheet: str | None,
    compliance: str | None,
    flip: bool,
    drop_bad_rows: bool,
    device_from: DeviceFrom,
) -> ReadOptions:
    """The `ReadOptions` that the options above describe; raises `PinchedError` for one that is impossible."""
    from pinched.data.options import Columns, ReadOptions

    return ReadOptions(
        columns=Columns(
            voltage=_column(voltage_column), current=_column(current_column), time=_column(time_column)
        ),
        voltage_unit=voltage_unit,
        current_unit=current_unit,
        separator=separator,
        decimal=decimal,
        sheet=sheet,
        compliance_current=compliance,
        flip=flip,
        drop_bad_rows=drop_bad_rows,
        device_from=namings()[device_from],
    )


def source(
    reading: ReadOptions, *, read_voltage: str | None, name_pattern: str | None, skip_bad: bool
) -> Source:
    """What the options above say of the measurements, read by all cores."""
    from pinched.extraction.gathering import Source

    return Source(
        reading=reading,
        name_pattern=name_pattern,
        read_voltage=read_voltage,
        skip_bad=skip_bad,
        workers=os.cpu_count() or 1,
    )
