"""Options that several commands share, each written once: how files are read, where results go."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_type_hints

import typer

from pinched._cores import cores
from pinched.cli.terminal import mistakes_end_with_two

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
TimeUnit = Annotated[str | None, typer.Option("--time-unit", help="Unit of the time column, such as ms.")]
StateUnit = Annotated[
    str | None,
    typer.Option("--state-unit", help="Unit of resistances or conductances, such as uS or kohm."),
]
Shunt = Annotated[
    str | None,
    typer.Option("--shunt", help="Resistor to ground over which the current was measured, such as '50 ohm'."),
]
SeriesResistor = Annotated[
    str | None,
    typer.Option(
        "--series-resistor", help="Resistor between source and device, of which both sides were recorded."
    ),
]
Compliance = Annotated[
    str | None, typer.Option("--compliance", help="Current limit of the source, such as 100uA.")
]
Flip = Annotated[bool, typer.Option("--flip", help="Turn voltage and current round.")]
DropBadRows = Annotated[
    bool, typer.Option("--drop-bad-rows", help="Leave out rows with missing or overflowing cells.")
]


def column(text: str | None) -> str | int | None:
    """A column as it is named on the command line: a head, or a number from 1."""
    return int(text) if text is not None and text.strip().isdigit() else text


def reading_options(
    *,
    device_from: DeviceFromOption = DeviceFrom.NAME,
    voltage_column: VoltageColumn = None,
    current_column: CurrentColumn = None,
    time_column: TimeColumn = None,
    voltage_unit: VoltageUnit = None,
    current_unit: CurrentUnit = None,
    time_unit: TimeUnit = None,
    state_unit: StateUnit = None,
    shunt: Shunt = None,
    series_resistor: SeriesResistor = None,
    separator: Separator = None,
    decimal: Decimal = None,
    sheet: Sheet = None,
    compliance: Compliance = None,
    flip: Flip = False,
    drop_bad_rows: DropBadRows = False,
) -> ReadOptions:
    """The `ReadOptions` that the options above describe; raises `PinchedError` for one that is impossible."""
    from pinched.data.options import Columns, ReadOptions

    return ReadOptions(
        columns=Columns(
            voltage=column(voltage_column), current=column(current_column), time=column(time_column)
        ),
        voltage_unit=voltage_unit,
        current_unit=current_unit,
        time_unit=time_unit,
        state_unit=state_unit,
        shunt=shunt,
        series_resistor=series_resistor,
        separator=separator,
        decimal=decimal,
        sheet=sheet,
        compliance_current=compliance,
        flip=flip,
        drop_bad_rows=drop_bad_rows,
        device_from=namings()[device_from],
    )


def reads_files(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with every option of `reading_options` in the place of its argument `reading`.

    Typer makes the command line of a function's signature: written once here, the options cannot differ between
    commands. `command` must take `as_json` as well.
    """
    own = dict(inspect.signature(command).parameters)
    options = inspect.signature(reading_options).parameters
    unknown = {"ReadOptions": object}
    hints = get_type_hints(command, localns=unknown, include_extras=True)
    said = get_type_hints(reading_options, localns=unknown, include_extras=True)
    own = {name: p.replace(annotation=hints[name]) for name, p in own.items() if name != "reading"}
    last = own.pop("as_json")
    added = [p.replace(annotation=said[p.name], kind=last.kind) for p in options.values()]
    shown = [*own.values(), *added, last]

    @functools.wraps(command)
    def wrapped(**values: object) -> None:
        with mistakes_end_with_two(bool(values["as_json"])):
            chosen = {name: values.pop(name) for name in options}
            command(**values, reading=reading_options(**chosen))  # type: ignore[arg-type]

    wrapped.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return wrapped


def source(
    reading: ReadOptions, *, read_voltage: str | None, name_pattern: str | None, skip_bad: bool
) -> Source:
    """What the options above say of the measurements, read by all cores."""
    from pinched.extraction.gathering import Source

    if reading.read_voltage is None:
        # Where files hold currents without a read voltage, it is the one at which resistances are stated.
        reading = dataclasses.replace(reading, read_voltage=read_voltage)
    return Source(
        reading=reading,
        name_pattern=name_pattern,
        read_voltage=read_voltage,
        skip_bad=skip_bad,
        workers=cores(),
    )
