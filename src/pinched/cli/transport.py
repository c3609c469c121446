"""`pinched transport run`: one device by the equations of charge transport; data, figures, quality of the run."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pinched._errors import PinchedError
from pinched.cli import options as opt
from pinched.cli.dataset import AccuracyName, accuracy_of
from pinched.cli.results import command_line
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two, stderr
from pinched.cli.waveforms import HELP, waveform_of

if TYPE_CHECKING:
    from pinched.physics.device import TransportDevice

app = typer.Typer(help="Charge transport inside one device.", no_args_is_help=True)


@app.command()
def run(
    preset: Annotated[str, typer.Option("--preset", help="A published device; see --list.")] = "spetzler2023",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="NAME=VALUE, such as barrier_left=0.25eV or length=0.5um. May be repeated."
        ),
    ] = None,
    waveform: Annotated[str, typer.Option("--waveform", help=HELP)] = "triangle:12V:9.6s",
    cycles: Annotated[int, typer.Option("--cycles", help="How often the waveform is repeated.")] = 1,
    accuracy: Annotated[
        AccuracyName, typer.Option("--accuracy", help="Mesh and steps.")
    ] = AccuracyName.NORMAL,
    animation: Annotated[
        bool, typer.Option("--animation", help="Write the moving vacancies as vacancies.gif.")
    ] = False,
    out: opt.Out = Path("pinched_transport"),
    show_list: Annotated[
        bool, typer.Option("--list", help="Print the presets and their parameters, and exit.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Solve one device: sweep and profiles as data, figures, and the quality of the run."""
    with mistakes_end_with_two(as_json):
        from pinched._files import check_output, output_folder
        from pinched.devices.circuit import Source
        from pinched.physics.run import TransportWarning
        from pinched.physics.solve import solve
        from pinched.report.transport_results import MARK, write_transport

        if show_list:
            _list(as_json)
            return
        check_output(out, mark=MARK)
        device = _with_settings(_named(preset), settings or [])
        wave, source = waveform_of(waveform, cycles)
        if source is Source.CURRENT:
            raise PinchedError(
                f"--waveform is '{waveform}': the contacts of this model are held at a voltage. Give volts."
            )
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", TransportWarning)
            found = solve(device, wave, accuracy=accuracy_of(accuracy), profiles=True)
        for item in said:
            stderr.print("Warning:", style="bold yellow", end=" ")
            stderr.print(str(item.message), markup=False, highlight=False, soft_wrap=True)
        about = {"command": command_line(), "preset": preset, "waveform": waveform, "cycles": cycles}
        about |= {"accuracy": accuracy.value}
        with output_folder(out, mark=MARK) as folder:
            write_transport(folder, found, about=about, animation=animation, progress=TerminalProgress())
        text = (out / MARK).read_text(encoding="utf-8")
        if as_json:
            sys.stdout.write(text)
        else:
            _print(json.loads(text), out)


def _named(name: str) -> TransportDevice:
    presets = _presets()
    if name not in presets:
        raise PinchedError(f"there is no preset '{name}'. Choose from {', '.join(presets)}.")
    return presets[name]()


def _presets() -> dict[str, Callable[[], TransportDevice]]:
    """Names of the command line -> devices."""
    from pinched.physics.presets import spetzler2023, spetzler2023_traps

    return {"spetzler2023": spetzler2023, "spetzler2023_traps": spetzler2023_traps}


def _with_settings(device: TransportDevice, texts: list[str]) -> TransportDevice:
    from pinched._units import to_si
    from pinched.physics.parameters import parameters, with_parameters

    known, values = parameters(device), {}
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name or not value:
            raise PinchedError(f"--set is '{text}'; write NAME=VALUE, such as barrier_left=0.25eV.")
        if name not in known:
            raise PinchedError(f"--set {name}: the device has no such parameter. It has {', '.join(known)}.")
        unit = known[name].unit
        try:
            values[name] = _number(value, unit) if unit in ("eV", "m_e", "1") else to_si(value, unit)
        except (PinchedError, ValueError) as error:
            raise PinchedError(f"--set {name}={value}: {error}") from None
    return with_parameters(device, values) if values else device


def _number(text: str, unit: str) -> float:
    """A number, in `unit` if it names one; energies may be given in meV too."""
    body, factor = text, 1.0
    if unit == "eV":
        for ending, size in (("meV", 1e-3), ("eV", 1.0)):
            if body.endswith(ending):
                body, factor = body.removesuffix(ending), size
                break
    elif unit != "1":
        body = body.removesuffix(unit)
    try:
        return float(body) * factor
    except ValueError:
        raise PinchedError(f"'{text}' is no number in {unit}.") from None


def _list(as_json: bool) -> None:
    from pinched.physics.parameters import parameters

    found = {name: parameters(make()) for name, make in _presets().items()}
    if as_json:
        record = {name: {key: p._asdict() for key, p in places.items()} for name, places in found.items()}
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
        return
    console = Console()
    for name, places in found.items():
        table = Table(title=name, title_justify="left", title_style="bold")
        for head in ("parameter", "value", "unit", "meaning"):
            table.add_column(head, justify="right" if head == "value" else "left")
        for key, place in places.items():
            table.add_row(key, f"{place.value:g}", "" if place.unit == "1" else place.unit, place.meaning)
        console.print(table)


def _print(record: dict[str, Any], out: Path) -> None:
    from pinched._units import show

    console = Console()
    console.print("SIMULATED data: no instrument measured this sweep.", style="bold yellow")
    table = Table(title=f"{record['preset']}: {record['waveform']}", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    quality = record["quality"]
    for left, right in (
        ("finished", "yes" if record["finished"] else "no"),
        ("largest current", show(record["current_max_A"], "A")),
        ("smallest current", show(record["current_min_A"], "A")),
        ("loop width, of the largest current", f"{record['loop_width']:.3g}"),
        ("currents of the contacts differ by", f"{quality['current_mismatch']:.1e}"),
        ("vacancies change by", f"{quality['vacancy_balance']:.1e}"),
        (
            "nodes, steps, Newton iterations",
            f"{quality['nodes']}, {quality['steps']}, {quality['newton_iterations']}",
        ),
    ):
        table.add_row(left, right)
    console.print(table)
    if record["why"]:
        console.print("Why:", record["why"], markup=False, highlight=False, soft_wrap=True)
    console.print(
        "Data, figures and transport.json:", str(out), markup=False, highlight=False, soft_wrap=True
    )
