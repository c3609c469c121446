"""Results of a driven law as files: the sweep of each device, a figure, simulation.json, netlists.

What is written says that it is simulated, in the files and in the figure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pinched._files import write_text
from pinched.data.settings import Setting, SettingName
from pinched.data.sweep import csv_text
from pinched.data.waveforms import Waveform
from pinched.devices.circuit import Circuit, Source
from pinched.devices.law import Law, StateVariable, parameters, units
from pinched.devices.trace import DrivenSweep
from pinched.report.figure_files import write_figure
from pinched.report.figures_laws import driven_figure
from pinched.report.references import bibliography
from pinched.report.style import (
    Width,
    paper_style,
)

MARK = "simulation.json"
"""A folder that holds this file is a simulation's and may be replaced."""


def simulation_record(
    law: Law, waveform: Waveform, circuit: Circuit, sweeps: Sequence[DrivenSweep], about: Mapping[str, Any]
) -> dict[str, Any]:
    """A run as plain data, SI with the unit in each key or beside it; `about` comes first."""
    reference = bibliography().get(law.source)
    unit = units(law)
    return {
        **about,
        "simulated": True,
        "class": type(law).__name__,
        "source": law.source,
        "reference": None if reference is None else reference.text,
        "parameters": {name: {"value": _plain(v), "unit": unit[name]} for name, v in parameters(law).items()},
        "drive": circuit.source.value,
        "duration_s": waveform.duration,
        "cycle_corners": int(waveform.time.size),
        "series_resistance_ohm": _plain(circuit.series_resistance),
        "compliance_current_A": _plain(circuit.compliance_positive),
        "devices": [_device(sweep, law.states) for sweep in sweeps],
    }


def _plain(value: Any) -> Any:
    return value.detach().tolist() if isinstance(value, torch.Tensor) else value


def _device(sweep: DrivenSweep, states: Sequence[StateVariable]) -> dict[str, Any]:
    time = sweep.trace.time.numpy()
    voltage = sweep.trace.device_voltage.detach().numpy()
    found: dict[str, Any] = {
        "device": sweep.device,
        "samples": len(sweep),
        "current_max_A": float(sweep.current.max()),
        "current_min_A": float(sweep.current.min()),
        "energy_J": float(np.trapezoid(voltage * sweep.current, time)),
        "states": {},
    }
    for state in states:
        course = sweep.trace.variable(state.name).detach().numpy()
        ends = {"initial": course[0], "final": course[-1], "min": course.min(), "max": course.max()}
        found["states"][state.name] = {"unit": state.unit} | {name: float(v) for name, v in ends.items()}
    return found


def driven_csv(sweep: DrivenSweep, states: Sequence[StateVariable]) -> str:
    """CSV text of one device: time, voltage, current, voltage on the device itself, and the law's `states`."""
    columns = {
        "time (s)": sweep.trace.time.numpy(),
        "voltage (V)": sweep.voltage,
        "current (A)": sweep.current,
        # No unit in brackets: the readers would not know which of two voltages is the sweep's.
        "on device in V": sweep.trace.device_voltage.detach().numpy(),
    }
    for state in states:
        unit = "" if state.unit == "1" else f" in {state.unit}"
        columns[f"state {state.name}{unit}"] = sweep.trace.variable(state.name).detach().numpy()
    settings = [Setting(SettingName.DEVICE, sweep.device)]
    if sweep.compliance_current is not None:
        settings.append(Setting(SettingName.COMPLIANCE_CURRENT, sweep.compliance_current, "A"))
    return csv_text(columns, settings, sweep.provenance.simulated_by)


def write_simulation(
    folder: Path,
    law: Law,
    waveform: Waveform,
    circuit: Circuit,
    sweeps: Sequence[DrivenSweep],
    *,
    about: Mapping[str, Any],
    texts: Mapping[str, str],
) -> None:
    """Write simulation.json, a CSV per device, the figure (PDF, SVG, PNG) and `texts` (by file name) to `folder`."""
    record = simulation_record(law, waveform, circuit, sweeps, about)
    digits = len(str(len(sweeps)))
    for k, sweep in enumerate(sweeps, start=1):
        name = "sweep.csv" if len(sweeps) == 1 else f"sweep_{k:0{digits}d}.csv"
        write_text(folder / name, driven_csv(sweep, law.states))
    for name, text in texts.items():
        write_text(folder / name, text)
    write_sweep_figure(folder, sweeps, law.states, circuit.source)
    write_text(folder / MARK, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def write_sweep_figure(
    folder: Path, sweeps: Sequence[DrivenSweep], states: Sequence[StateVariable], driven: Source
) -> None:
    """Write the figure of `sweeps` as sweep.pdf, sweep.svg and sweep.png to `folder`."""
    with paper_style():
        write_figure(
            folder, "sweep", driven_figure(sweeps, states, driven=driven, width=Width.DOUBLE), simulated=True
        )
