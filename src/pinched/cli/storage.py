"""Options of `pinched evaluate` that say how words are coded, written, protected and read (`StorageOptions`)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from pinched.cli.terminal import mistakes_end_with_two

if TYPE_CHECKING:
    from pinched.networks.mapping import WordMapping
    from pinched.networks.storage import StorageOptions


class CodingName(StrEnum):
    """What `--coding` takes."""

    TWOS_COMPLEMENT = "twos-complement"
    OFFSET_BINARY = "offset-binary"
    SIGN_MAGNITUDE = "sign-magnitude"


class OrderName(StrEnum):
    """What `--bit-order` takes."""

    MSB = "msb"
    LSB = "lsb"


class SparesName(StrEnum):
    """What `--spares-per` takes."""

    BIT = "bit"
    WORD = "word"


def codings() -> dict[CodingName, type[WordMapping]]:
    """Name on the command line -> mapping."""
    from pinched.networks.mapping import OffsetBinary, SignMagnitude, TwosComplement

    return {
        CodingName.TWOS_COMPLEMENT: TwosComplement,
        CodingName.OFFSET_BINARY: OffsetBinary,
        CodingName.SIGN_MAGNITUDE: SignMagnitude,
    }


_WORDS = "How words are stored and read"
_REPAIR = "What is done against bad cells"
_ARRAYS = "What the arrays are like besides the measured spread"


def storage_options(
    *,
    coding: Annotated[
        CodingName, typer.Option(help="How a word becomes bits.", rich_help_panel=_WORDS)
    ] = CodingName.TWOS_COMPLEMENT,
    bit_order: Annotated[
        OrderName,
        typer.Option(help="Which bit lies on the first bit line of a word.", rich_help_panel=_WORDS),
    ] = OrderName.MSB,
    write_voltage: Annotated[
        str, typer.Option(help="Magnitude of the SET and RESET pulses (V).", rich_help_panel=_WORDS)
    ] = "5",
    threshold: Annotated[
        str | None,
        typer.Option(
            help="Sense resistance (ohm); if not given, the one that misreads the fewest cells.",
            rich_help_panel=_WORDS,
        ),
    ] = None,
    by_current: Annotated[
        bool,
        typer.Option(
            "--by-current",
            help="Read words by their summed current, with a voltage per bit, in place of the threshold.",
            rich_help_panel=_WORDS,
        ),
    ] = False,
    pulse_width: Annotated[
        str, typer.Option(help="Width of write and read pulses (s), for the time.", rich_help_panel=_WORDS)
    ] = "20 ms",
    verify: Annotated[
        int | None,
        typer.Option(
            help="Verify each cell, with up to this many retries; 0 writes once and verifies.",
            rich_help_panel=_REPAIR,
        ),
    ] = None,
    verify_step: Annotated[
        str, typer.Option(help="Rise of the amplitude per retry (V).", rich_help_panel=_REPAIR)
    ] = "0",
    max_voltage: Annotated[
        str | None, typer.Option(help="Largest amplitude of a retry (V).", rich_help_panel=_REPAIR)
    ] = None,
    spares: Annotated[
        int, typer.Option(help="Spare cells for cells that fail verification.", rich_help_panel=_REPAIR)
    ] = 0,
    spares_per: Annotated[
        SparesName, typer.Option(help="Which cells share the spare cells.", rich_help_panel=_REPAIR)
    ] = SparesName.BIT,
    spare_rows: Annotated[int, typer.Option(help="Spare word lines.", rich_help_panel=_REPAIR)] = 0,
    majority: Annotated[
        int, typer.Option(help="Cells per bit, read by majority: 3 or 5.", rich_help_panel=_REPAIR)
    ] = 1,
    hamming: Annotated[
        int, typer.Option(help="Words per group of a Hamming code; 0 for none.", rich_help_panel=_REPAIR)
    ] = 0,
    detect_double: Annotated[
        bool,
        typer.Option("--detect-double", help="A parity bit more per group.", rich_help_panel=_REPAIR),
    ] = False,
    defect_map: Annotated[
        bool,
        typer.Option(
            "--defect-map", help="Test all cells first and use the good ones.", rich_help_panel=_REPAIR
        ),
    ] = False,
    area: Annotated[
        float | None,
        typer.Option(
            help="Cells of the array per cell needed, with --defect-map; else what 99 % of arrays need.",
            rich_help_panel=_REPAIR,
        ),
    ] = None,
    endurance: Annotated[
        int | None, typer.Option(help="Write pulses that a cell survives.", rich_help_panel=_ARRAYS)
    ] = None,
    cycles: Annotated[
        int, typer.Option(help="Cycles of SET and RESET before the network.", rich_help_panel=_ARRAYS)
    ] = 0,
    stuck_hrs: Annotated[
        float, typer.Option(help="Share of all cells stuck in HRS (0.05 is 5 %).", rich_help_panel=_ARRAYS)
    ] = 0.0,
    stuck_lrs: Annotated[
        float, typer.Option(help="Share of all cells stuck in LRS.", rich_help_panel=_ARRAYS)
    ] = 0.0,
) -> StorageOptions:
    """The `StorageOptions` that the options describe; raises `PinchedError` for what is impossible."""
    from pinched._units import to_si
    from pinched.crossbar.cells import Endurance
    from pinched.crossbar.pulses import Pulses
    from pinched.crossbar.sensing import ByCurrent
    from pinched.crossbar.words import BitOrder
    from pinched.crossbar.writing import OnePulse, WriteVerify
    from pinched.networks.storage import Spares, StorageOptions

    width = to_si(pulse_width, "s")
    writing = OnePulse()
    if verify is not None:
        highest = float("inf") if max_voltage is None else to_si(max_voltage, "V")
        writing = WriteVerify(retries=verify, step=to_si(verify_step, "V"), max_voltage=highest)
    return StorageOptions(
        mapping=codings()[coding],
        order=BitOrder.MSB_FIRST if bit_order is OrderName.MSB else BitOrder.LSB_FIRST,
        write_voltage=write_voltage,
        threshold=threshold,
        writing=writing,
        copies=majority,
        spare_cells=spares,
        spares=Spares.BIT if spares_per is SparesName.BIT else Spares.WORD,
        spare_rows=spare_rows,
        defect_map=defect_map,
        area=area,
        code_words=hamming,
        detect_double=detect_double,
        endurance=None if endurance is None else Endurance(pulses=endurance),
        cycles=cycles,
        stuck_at_hrs=stuck_hrs,
        stuck_at_lrs=stuck_lrs,
        sensing=ByCurrent() if by_current else None,
        pulses=Pulses(set_width=width, reset_width=width, read_width=width),
    )


def stores_words(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with every option of `storage_options` in the place of its argument `storage`.

    As `options.reads_files` does for files; `command` must take `as_json` as well.
    """
    unknown: dict[str, Any] = {"ReadOptions": object, "StorageOptions": object}
    options = inspect.signature(storage_options).parameters
    hints = get_type_hints(command, localns=unknown, include_extras=True)
    said = get_type_hints(storage_options, localns=unknown, include_extras=True)
    shown: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name == "storage":
            shown += [o.replace(annotation=said[o.name], kind=parameter.kind) for o in options.values()]
        else:
            shown.append(parameter.replace(annotation=hints[name]))

    @functools.wraps(command)
    def wrapped(**values: object) -> None:
        with mistakes_end_with_two(bool(values["as_json"])):
            chosen: dict[str, Any] = {name: values.pop(name) for name in options}
            command(**values, storage=storage_options(**chosen))

    # Required arguments first: what stands in the place of `storage` has defaults.
    order = sorted(shown, key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    wrapped.__signature__ = inspect.Signature(order)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return wrapped
