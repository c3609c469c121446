"""`pinched extract`: measurements of any kind in; numbers, tables and figures of a device paper out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pinched.cli import options as opt
from pinched.cli.results import command_line, show_study
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two

if TYPE_CHECKING:
    from pinched.data.options import ReadOptions


@opt.reads_files
def extract(
    paths: opt.Paths,
    reading: ReadOptions,
    read_voltage: opt.ReadVoltage = None,
    name_pattern: opt.NamePattern = None,
    device_yield: opt.DeviceYield = None,
    seed: opt.Seed = 0,
    out: opt.Out = Path("pinched_devices"),
    skip_bad: opt.SkipBad = False,
    as_json: opt.Json = False,
) -> None:
    """Sweeps, pulses, retention, endurance, levels in; numbers, tables and figures of a device paper out."""
    with mistakes_end_with_two(as_json):
        from pinched.pipeline import DeviceOptions, run_extraction

        source = opt.source(reading, read_voltage=read_voltage, name_pattern=name_pattern, skip_bad=skip_bad)
        options = DeviceOptions(source=source, device_yield=device_yield, seed=seed)
        study = run_extraction(
            paths, out, options=options, command_line=command_line(), progress=TerminalProgress()
        )
        show_study(study, out, as_json)
