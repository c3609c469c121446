"""`pinched simulate`: a compact law under a waveform; sweep, figure, numbers and netlists."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from enum import Enum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pinched._errors import PinchedError
from pinched._units import to_si
from pinched.cli import options as opt
from pinched.cli.results import command_line
from pinched.cli.terminal import mistakes_end_with_two
from pinched.cli.waveforms import HELP, waveform_of

if TYPE_CHECKING:
    from pinched.data.waveforms import Waveform
    from pinched.devices.circuit import Circuit
    from pinched.devices.law import Law


class NetlistName(StrEnum):
    """What `--netlist` takes."""

    SPICE = "spice"
    XYCE = "xyce"
    VERILOG_A = "verilog-a"


def simulate(
    law: Annotated[
        str | None, typer.Argument(help="A law or a preset; see --list.", show_default=False)
    ] = None,
    waveform: Annotated[str, typer.Option("--waveform", help=HELP)] = "triangle:1V:1s",
    settings: Annotated[
        list[str] | None,
        typer.Option("--param", help="NAME=VALUE, such as r_on=2kohm or window.p=2. May be repeated."),
    ] = None,
    parts: Annotated[
        list[str] | None,
        typer.Option("--part", help="NAME=PART of a law that has parts, such as window=Biolek."),
    ] = None,
    spreads: Annotated[
        list[str] | None,
        typer.Option(
            "--spread",
            help="NAME=SIGMA: a parameter that differs between devices, lognormal. May be repeated.",
        ),
    ] = None,
    series: Annotated[str, typer.Option("--series", help="Series resistance, such as '1 kohm'.")] = "0 ohm",
    compliance: Annotated[
        str | None, typer.Option("--compliance", help="Current limit of the source, such as 100uA.")
    ] = None,
    cycles: Annotated[int, typer.Option("--cycles", help="How often the waveform is repeated.")] = 1,
    devices: Annotated[int, typer.Option("--devices", help="How many devices are drawn.")] = 1,
    points: Annotated[
        int, typer.Option("--points", help="Samples beside the corners of the waveform.")
    ] = 2000,
    seed: opt.Seed = 0,
    out: opt.Out = Path("pinched_simulation"),
    netlists: Annotated[
        list[NetlistName] | None,
        typer.Option("--netlist", help="Write the device and its drive for a simulator."),
    ] = None,
    show_list: Annotated[
        bool, typer.Option("--list", help="Print the laws (or the one named) and exit.")
    ] = False,
    as_json: opt.Json = False,
) -> None:
    """Drive a compact law: CSV, figure, JSON, and the same as a netlist for a circuit simulator."""
    with mistakes_end_with_two(as_json):
        from pinched._files import check_output, output_folder
        from pinched.devices.circuit import Circuit
        from pinched.devices.drive import drive
        from pinched.report.driven_results import MARK, write_simulation

        if show_list:
            _list(law, as_json)
            return
        if law is None:
            raise PinchedError("no law was named. Give one, or --list to see them.")
        if devices < 1:
            raise PinchedError(f"--devices is {devices}; at least 1 is needed.")
        check_output(out, mark=MARK)
        one = _with_settings(_with_parts(_named(law), parts or ()), settings or ())
        wave, source = waveform_of(waveform, cycles)
        limit = None if compliance is None else to_si(compliance, "A")
        circuit = Circuit(
            series_resistance=to_si(series, "ohm"),
            compliance_positive=limit,
            compliance_negative=limit,
            source=source,
        )
        sigmas = dict(_pair(text, "--spread") for text in spreads or ())
        many = _several(one, devices, sigmas, seed)
        driven = drive(many, wave, circuit=circuit, points=points, seed=seed, name=law)
        texts = {"waveform.pwl": _pwl(wave)}
        for name in dict.fromkeys(netlists or ()):
            texts |= _netlist(name, law, one, wave, circuit, sigmas, points)
        about: dict[str, Any] = {
            "command": command_line(),
            "law": law,
            "waveform": waveform,
            "cycles": cycles,
        }
        about |= {"seed": seed, "spread_sigma_log": sigmas, "steps": driven.trace.steps}
        with output_folder(out, mark=MARK) as folder:
            write_simulation(folder, many, wave, circuit, list(driven.sweeps), about=about, texts=texts)
        record = (out / MARK).read_text(encoding="utf-8")
        if as_json:
            sys.stdout.write(record)
            return
        _print(json.loads(record), out)


def _named(name: str) -> Law:
    from pinched.devices.laws.registry import LAWS
    from pinched.devices.presets import DEVICES

    if name in LAWS:
        return LAWS[name]()
    if name in DEVICES:
        return DEVICES[name]()
    raise PinchedError(
        f"there is no law or preset '{name}'. Laws: {', '.join(LAWS)}. Presets: {', '.join(DEVICES)}."
    )


def _pair(text: str, option: str) -> tuple[str, float]:
    name, value = _split(text, option)
    try:
        return name, float(value)
    except ValueError:
        raise PinchedError(f"{option} is '{text}': '{value}' is not a number.") from None


def _split(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise PinchedError(f"{option} is '{text}'; write NAME=VALUE, such as r_on=2kohm.")
    return name.strip(), value.strip()


def _with_settings(law: Law, texts: list[str] | tuple[()]) -> Law:
    from pinched.devices.law import units, with_parameters

    known = units(law)
    values = {}
    for text in texts:
        name, value = _split(text, "--param")
        if name not in known:
            raise PinchedError(f"{type(law).__name__} has no parameter '{name}'. It has {', '.join(known)}.")
        try:
            values[name] = to_si(value, known[name])
        except PinchedError as error:
            raise PinchedError(f"--param {name}: {error}") from None
    return with_parameters(law, values) if values else law


def _with_parts(law: Law, texts: list[str] | tuple[()]) -> Law:
    for text in texts:
        name, value = _split(text, "--part")
        law = _with_part(law, name.split("."), value, text)
    return law


def _with_part(owner: Any, path: list[str], value: str, text: str) -> Any:
    import dataclasses

    old = getattr(owner, path[0], None)
    if len(path) > 1 and dataclasses.is_dataclass(old):
        return dataclasses.replace(owner, **{path[0]: _with_part(old, path[1:], value, text)})
    if isinstance(old, Enum):
        choices: dict[str, Any] = {str(item.value).lower(): item for item in type(old)}
    elif dataclasses.is_dataclass(old):
        choices = {kind.__name__.lower(): kind for kind in _kinds(type(old))}
    else:
        have = [item.name for item in dataclasses.fields(owner) if "unit" not in item.metadata]
        raise PinchedError(
            f"--part is '{text}': {type(owner).__name__} has no part '{path[0]}'. It has {', '.join(have) or 'none'}."
        )
    chosen = choices.get(value.lower())
    if chosen is None:
        raise PinchedError(f"--part is '{text}': choose from {', '.join(sorted(choices))}.")
    return dataclasses.replace(owner, **{path[0]: chosen if isinstance(chosen, Enum) else chosen()})


def _kinds(kind: type) -> Iterator[type]:
    """Every part that can stand where a `kind` stands: concrete classes below the first abstract one above it."""
    base = next((c for c in kind.__mro__ if inspect.isabstract(c)), kind)
    stack = [base]
    while stack:
        found = stack.pop()
        stack.extend(found.__subclasses__())
        if not inspect.isabstract(found):
            yield found


def _several(law: Law, count: int, sigmas: dict[str, float], seed: int) -> Law:
    """`law`, or `count` of it with the parameters in `sigmas` drawn."""
    import torch

    from pinched.devices.law import Stochastic, parameters, with_parameters
    from pinched.devices.variability import Factor, vary
    from pinched.extraction.distributions import Lognormal

    for name, sigma in sigmas.items():
        if sigma <= 0:
            raise PinchedError(
                f"--spread of {name} is {sigma:g}; give the standard deviation of its logarithm, above 0."
            )
        if parameters(law).get(name) == 0:
            raise PinchedError(
                f"--spread: {name} is 0, and a factor on it changes nothing. Set it with --param first."
            )
    if count == 1 and not sigmas:
        return law
    if sigmas:
        return vary(
            law, {name: Factor(Lognormal(mu=0.0, sigma=s)) for name, s in sigmas.items()}, (count,), seed=seed
        )
    if not isinstance(law, Stochastic):
        raise PinchedError(
            f"{count} devices of {type(law).__name__} would all be alike: it has no noise. Say what differs, such as "
            "--spread r_on=0.1, or leave --devices out."
        )
    # Each device draws noise of its own; one parameter as a tensor makes them devices.
    name, value = next(iter(parameters(law).items()))
    return with_parameters(law, {name: torch.full((count,), float(value), dtype=torch.float64)})


def _pwl(wave: Waveform) -> str:
    from pinched.devices.export import pwl

    return pwl(wave) + "\n"


def _netlist(
    name: NetlistName,
    law: str,
    device: Law,
    wave: Waveform,
    circuit: Circuit,
    sigmas: dict[str, float],
    points: int,
) -> dict[str, str]:
    from pinched.devices.export import Dialect, ParameterSpread, netlist, spectre_card, verilog_a

    called = law.replace("-", "_")
    spread = ParameterSpread.independent(sigmas) if sigmas else None
    if name is NetlistName.VERILOG_A:
        series = float(circuit.series_resistance)
        text = verilog_a(device, name=called, time_scale=wave.duration, series_resistance=series)
        card = {} if spread is None else {f"{called}.scs": spectre_card(device, spread, name=called)}
        return {f"{called}.va": text, **card}
    dialect = Dialect.XYCE if name is NetlistName.XYCE else Dialect.NGSPICE
    table = "xyce.csv" if name is NetlistName.XYCE else "ngspice.txt"
    text = netlist(
        device, wave, circuit=circuit, dialect=dialect, name=called, spread=spread, points=points, table=table
    )
    return {f"{called}.{'xyce.cir' if name is NetlistName.XYCE else 'cir'}": text}


def _list(law: str | None, as_json: bool) -> None:
    from pinched.devices.law import parameters, units
    from pinched.devices.laws.registry import LAWS
    from pinched.devices.presets import DEVICES
    from pinched.report.references import bibliography

    names = list(LAWS) if law is None else [law]
    library = bibliography()
    found = {name: _named(name) for name in names}
    if as_json:
        record = {
            name: {
                "class": type(device).__name__,
                "source": device.source,
                "parameters": {
                    key: {
                        "default": float(value),
                        "unit": units(device)[key],
                        "meaning": _meanings(device)[key],
                    }
                    for key, value in parameters(device).items()
                },
                "states": {state.name: state.unit for state in device.states},
            }
            for name, device in found.items()
        }
        sys.stdout.write(
            json.dumps({"laws": record, "presets": list(DEVICES)}, indent=2, ensure_ascii=False) + "\n"
        )
        return
    console = Console()
    for name, device in found.items():
        reference = library.get(device.source)
        table = Table(title=f"{name}  ({type(device).__name__})", title_justify="left", title_style="bold")
        for head in ("parameter", "default", "unit", "meaning"):
            table.add_column(head, justify="right" if head == "default" else "left")
        meanings = _meanings(device)
        for key, value in parameters(device).items():
            unit = units(device)[key]
            table.add_row(key, f"{float(value):g}", "" if unit == "1" else unit, meanings[key])
        console.print(table)
        console.print(
            reference.text if reference else device.source, style="dim", highlight=False, markup=False
        )
        console.print()
    if law is None:
        console.print(f"Presets: {', '.join(DEVICES)}", highlight=False, soft_wrap=True)


def _meanings(device: Law) -> dict[str, str]:
    from pinched.devices.law import meanings

    return meanings(device)


def _print(record: dict[str, Any], out: Path) -> None:
    from pinched.report.words import plural, quantity_text

    console = Console()
    console.print("SIMULATED data: no instrument measured these sweeps.", style="bold yellow")
    devices = record["devices"]
    table = Table(title=f"{record['law']}: {plural(len(devices), 'device')}", title_justify="left")
    for head in ("device", "largest current", "smallest current", "energy"):
        table.add_column(head, justify="left" if head == "device" else "right", no_wrap=True)
    for device in devices[:10]:
        table.add_row(
            device["device"], quantity_text(device["current_max_A"], "A"),
            quantity_text(device["current_min_A"], "A"), quantity_text(device["energy_J"], "J"),
        )  # fmt: skip
    console.print(table)
    if len(devices) > 10:
        console.print(f"and {len(devices) - 10} more in {out / 'simulation.json'}", highlight=False)
    console.print("Figure, CSV and simulation.json:", str(out), markup=False, highlight=False, soft_wrap=True)
