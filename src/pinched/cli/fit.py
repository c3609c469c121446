"""`pinched fit`: compact laws fitted to measured sweeps, one of them or all side by side."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pinched._errors import PinchedError
from pinched._units import show, to_si
from pinched.cli import options as opt
from pinched.cli.results import command_line
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two

if TYPE_CHECKING:
    from pinched.data.options import ReadOptions
    from pinched.data.sweep import IVSweep
    from pinched.devices.comparing import RankedLaw


@opt.reads_files
def fit(
    paths: opt.Paths,
    reading: ReadOptions,
    law: Annotated[str, typer.Option("--law", help="A law, several with commas between, or all.")] = "all",
    fixed: Annotated[
        list[str] | None,
        typer.Option("--param", help="NAME=VALUE (SI): a parameter that is not fitted. May be repeated."),
    ] = None,
    series_resistance: Annotated[
        str, typer.Option("--series", help="Series resistance, such as '50 ohm'; 'fit' to fit it too.")
    ] = "0 ohm",
    rate: Annotated[
        str, typer.Option("--rate", help="Sweep rate per second where files have no time, such as '1 V'.")
    ] = "1 V",
    cycles: Annotated[
        int, typer.Option("--cycles", help="Sweeps that are fitted at most, evenly chosen.")
    ] = 5,
    device: Annotated[str | None, typer.Option("--device", help="Fit this device alone.")] = None,
    together: Annotated[
        bool,
        typer.Option(
            "--together", help="Take all sweeps as those of one device, whatever their files are called."
        ),
    ] = False,
    profile: Annotated[
        bool,
        typer.Option(
            "--profile", help="Profile intervals for the best law: slower, but they follow bent valleys."
        ),
    ] = False,
    name_pattern: opt.NamePattern = None,
    seed: opt.Seed = 0,
    out: opt.Out = Path("pinched_fit"),
    skip_bad: opt.SkipBad = False,
    as_json: opt.Json = False,
) -> None:
    """Fit compact laws to sweeps: parameters with intervals, figures, and a ranking on held-back cycles."""
    with mistakes_end_with_two(as_json):
        from pinched._files import check_output, output_folder
        from pinched.devices.comparing import competitors, fit_all
        from pinched.devices.fit_profiles import profile_intervals
        from pinched.devices.fitting import FitOptions
        from pinched.devices.law import with_parameters
        from pinched.devices.laws.registry import LAWS
        from pinched.extraction.gathering import gather
        from pinched.report.fit_results import MARK, write_fits

        check_output(out, mark=MARK)
        every = LAWS | competitors()
        names = list(competitors()) if law == "all" else [n.strip() for n in law.split(",") if n.strip()]
        unknown = [n for n in names if n not in every]
        if unknown or not names:
            raise PinchedError(f"--law is '{law}'; choose from all, {', '.join(every)}.")
        values = dict(_pair(text) for text in fixed or ())
        if values and len(names) > 1:
            raise PinchedError("--param belongs to one law; name it with --law.")
        laws = {n: every[n] for n in names}
        templates = {n: found() if isinstance(found, type) else found for n, found in laws.items()}
        wanted = {n: with_parameters(t, values) if values else t for n, t in templates.items()}
        source = opt.source(reading, read_voltage=None, name_pattern=name_pattern, skip_bad=skip_bad)
        progress = TerminalProgress()
        found = gather(paths, source, progress=progress)
        sweeps, note = _of_device(list(found.sweeps), device, together)
        own_series = series_resistance.strip() == "fit"
        options = FitOptions(
            seed=seed, sweeps=cycles, rate=to_si(rate, "V"), fit_series=own_series,
            series_resistance=0.0 if own_series else to_si(series_resistance, "ohm"),
        )  # fmt: skip
        ranked = fit_all(sweeps, laws=wanted, options=options, fixed=values, progress=progress)
        about = {
            "command": command_line(),
            "device": note or sweeps[0].device,
            "sweeps": len(sweeps),
            "sweep_rate_assumed_V_per_s": None if all(s.time is not None for s in sweeps) else options.rate,
            "seed": seed,
        }
        best = next((entry.fit for entry in ranked if entry.fit is not None), None)
        if profile and best is not None:
            about["profile_intervals_95"] = {
                p.name: {"low": p.low, "high": p.high, "open": p.open_low or p.open_high, "unit": p.unit}
                for p in profile_intervals(best, progress=progress)
            }
        with output_folder(out, mark=MARK) as folder:
            write_fits(folder, ranked, about)
        if as_json:
            sys.stdout.write((out / MARK).read_text(encoding="utf-8"))
            return
        _print(ranked, note or sweeps[0].device, out)


def _pair(text: str) -> tuple[str, float]:
    name, sign, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        sign = ""
        number = 0.0
    if not sign:
        raise PinchedError(
            f"--param is '{text}'; write NAME=VALUE with a number in SI units, such as r_on=1e3."
        )
    return name.strip(), number


def _of_device(sweeps: list[IVSweep], device: str | None, together: bool) -> tuple[list[IVSweep], str]:
    """Sweeps of one device, since fits of several at once would mean none of them; and what was chosen for the user.

    Without a name it is the device with the most sweeps, of equal ones that with the widest.
    """
    if together:
        if device is not None:
            raise PinchedError("--together takes all devices and --device one of them; give one of the two.")
        names = len({s.device for s in sweeps})
        return sweeps, f"{names} devices taken as one" if names > 1 else ""
    devices = list(dict.fromkeys(s.device for s in sweeps))
    if device is None and len(devices) > 1:

        def weight(name: str) -> tuple[int, float]:
            own = [s for s in sweeps if s.device == name]
            return len(own), max(float(s.voltage.max() - s.voltage.min()) for s in own)

        device = max(devices, key=weight)
        note = f"{device}, one of {len(devices)} devices (--device names another)"
        return [s for s in sweeps if s.device == device], note
    if device is None:
        return sweeps, ""
    chosen = [s for s in sweeps if s.device == device]
    if not chosen:
        raise PinchedError(f"there is no device '{device}'; there are {', '.join(devices[:8])}.")
    return chosen, ""


def _decades(value: float) -> str:
    return "-" if value != value else f"{value:.3f}"


def _print(ranked: list[RankedLaw], device: str, out: Path) -> None:
    console = Console()
    by = (
        "held-back cycles"
        if any(e.cross_validated < math.inf for e in ranked)
        else "AICc: one cycle, none to hold back"
    )
    title = f"Laws on {device}, best first by {by}; errors in decades"
    table = Table(title=title, title_justify="left")
    for head in ("law", "held back", "worst", "fit", "\N{GREEK CAPITAL LETTER DELTA}AICc", "verdict"):
        table.add_column(
            head, justify="left" if head in ("law", "verdict") else "right", no_wrap=head == "law"
        )
    for entry in ranked:
        if entry.fit is None:
            table.add_row(entry.name, "", "", "", "", f"[red]not fitted:[/] {entry.problem}")
            continue
        table.add_row(
            entry.name, _decades(entry.cross_validated), _decades(entry.cross_validated_worst),
            f"{entry.fit.error_decades:.3f}", f"{entry.akaike_difference:.0f}", entry.fit.verdict.split(":")[0],
        )  # fmt: skip
    console.print(table)
    best = next((e for e in ranked if e.fit is not None), None)
    if best is not None and best.fit is not None:
        values = Table(title=f"{best.name}: 95 % intervals", title_justify="left")
        for head in ("parameter", "value", "interval", ""):
            values.add_column(head)
        for p in best.fit.parameters:
            unit = "" if p.unit == "1" else p.unit
            interval = f"{show(p.low, unit)} .. {show(p.high, unit)}"
            values.add_row(p.name, show(p.value, unit), interval, "" if p.identified else "left open")
        console.print(values)
    console.print(f"Figures, tables and fits.json: {out}")
