"""`pinched array solve`: the voltages and currents of an array with real wires."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from pinched._errors import PinchedError
from pinched._units import show, to_si
from pinched.cli import options as opt
from pinched.cli.results import command_line
from pinched.cli.terminal import mistakes_end_with_two

app = typer.Typer(help="Arrays with real wires.", no_args_is_help=True)

_KEYS = {
    "conductance": ("conductance", "G"),
    "word_line_voltage": ("word_line_voltage", "V_wl"),
    "bit_line_voltage": ("bit_line_voltage", "V_bl"),
}
_MOST_ROWS = 16


@app.callback()
def _group() -> None:
    """Arrays with real wires."""


@app.command()
def solve(
    file: Annotated[
        Path,
        typer.Argument(
            help="NPZ with conductance in S (word line, bit line) and, if wanted, word_line_voltage and "
            "bit_line_voltage in V (NaN floats a line); or the names G, V_wl, V_bl.",
            show_default=False,
        ),
    ],
    wire: Annotated[str, typer.Option("--wire", help="Resistance of a segment of all lines.")] = "1 ohm",
    wire_bit: Annotated[
        str | None, typer.Option("--wire-bit", help="Of a segment of the bit lines, where it differs.")
    ] = None,
    source: Annotated[str, typer.Option("--source", help="Resistance of the drivers.")] = "0 ohm",
    sense: Annotated[str, typer.Option("--sense", help="Resistance of the amplifiers.")] = "0 ohm",
    voltage: Annotated[
        str | None, typer.Option("--voltage", help="On all word lines, instead of the file's.")
    ] = None,
    both_ends: Annotated[
        bool, typer.Option("--both-ends", help="Word lines are driven at both ends.")
    ] = False,
    netlist: Annotated[bool, typer.Option("--netlist", help="Write the array for ngspice as well.")] = False,
    out: opt.Out = Path("pinched_array"),
    as_json: opt.Json = False,
) -> None:
    """Solve an array: currents of all lines, voltages of all nodes, maps, and what the wires cost."""
    with mistakes_end_with_two(as_json):
        from pinched._files import check_output, output_folder
        from pinched.crossbar.wires.array import Crossbar
        from pinched.crossbar.wires.netlist import array_netlist
        from pinched.report.array_results import MARK, array_record, write_array
        from pinched.report.figures_crossbar import applied_voltage

        check_output(out, mark=MARK)
        given = _read(file)
        wires = to_si(wire, "ohm"), to_si(wire if wire_bit is None else wire_bit, "ohm")
        array = Crossbar(
            given["conductance"], wire_resistance=wires, source_resistance=to_si(source, "ohm"),
            sense_resistance=to_si(sense, "ohm"), both_ends=(both_ends, False),
        )  # fmt: skip
        word = (
            given.get("word_line_voltage")
            if voltage is None
            else np.full(array.shape[0], to_si(voltage, "V"))
        )
        if word is None:
            raise PinchedError(
                f"{file} has no word_line_voltage. Add it, or give one to all word lines by --voltage '0.2 V'."
            )
        bit = given.get("bit_line_voltage", np.zeros(array.shape[1]))
        solution = array.solve(word, bit)
        applied = applied_voltage(word, bit)
        with np.errstate(invalid="ignore"):
            ideal = (array.conductance * applied).sum(axis=0)
        about: dict[str, Any] = {
            "command": command_line(),
            "file": str(file),
            "word_lines": array.shape[0],
            "bit_lines": array.shape[1],
            "wire_resistance_ohm": list(wires),
        }
        record = array_record(solution, ideal, applied, about)
        with output_folder(out, mark=MARK) as folder:
            texts = {"array.cir": array_netlist(array, word, bit)} if netlist else {}
            write_array(folder, solution, applied, record, texts)
        if as_json:
            sys.stdout.write((out / MARK).read_text(encoding="utf-8"))
            return
        _print(record, out)


def _read(file: Path) -> dict[str, np.ndarray]:
    if not file.is_file():
        raise PinchedError(
            f"{file} is no file. Write one by numpy.savez(file, conductance=..., word_line_voltage=...)."
        )
    if not zipfile.is_zipfile(file):
        raise PinchedError(f"{file} is no NPZ file. Write one by numpy.savez(file, conductance=...).")
    try:
        with np.load(file, allow_pickle=False) as data:
            held = dict(data) if hasattr(data, "files") else {}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise PinchedError(f"{file} is no NPZ file of arrays of numbers ({error}).") from None
    found = {}
    for name, aliases in _KEYS.items():
        key = next((alias for alias in aliases if alias in held), None)
        if key is None:
            continue
        if held[key].dtype.kind not in "fiub":
            raise PinchedError(f"{key} in {file} holds {held[key].dtype}, not numbers.")
        found[name] = np.asarray(held[key], dtype=np.float64)
    if "conductance" not in found:
        raise PinchedError(
            f"{file} has no conductance (S, (word line, bit line)); it has {', '.join(held) or 'no named array'}."
        )
    if found["conductance"].ndim != 2:
        raise PinchedError(
            f"conductance in {file} has the shape {found['conductance'].shape}; solve takes one array."
        )
    return found


def _print(record: dict[str, Any], out: Path) -> None:
    console = Console()
    currents, ideal = record["bit_line_current_A"], record["bit_line_current_without_wires_A"]
    table = Table(title=f"{record['word_lines']} x {record['bit_lines']} array", title_justify="left")
    for head in ("bit line", "current", "without wires", "difference"):
        table.add_column(head, justify="right")
    for k, (real, wanted) in enumerate(zip(currents[:_MOST_ROWS], ideal[:_MOST_ROWS], strict=True)):
        off = "-" if not wanted else f"{100 * (real / wanted - 1):+.2f} %"
        table.add_row(str(k), show(real, "A", 4), "-" if wanted is None else show(wanted, "A", 4), off)
    console.print(table)
    if len(currents) > _MOST_ROWS:
        console.print(
            f"... and {len(currents) - _MOST_ROWS} more bit lines; {out / 'array.json'} has them all."
        )
    drop = record["largest_ir_drop_V"]
    if drop is not None:
        console.print(f"Largest IR drop: {show(drop, 'V')}", highlight=False)
    console.print(
        f"{record['method']}: {record['iterations']} steps, residual {record['residual']:.1e}",
        highlight=False,
    )
    console.print("Written:", str(out), markup=False, highlight=False, soft_wrap=True)
