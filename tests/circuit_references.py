"""The circuit references of device laws: ngspice transients with an independent integration beside them.

`load` reads one, `assert_agrees` compares a run with it, within the tolerance that the file states (a share of the
state's span and of the largest current).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pinched.data.waveforms import Waveform, sine


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """One file; `drive` and `response` are voltage and current, the other way round where a current drives."""

    name: str
    parameters: dict
    tolerance: float
    waveform: Waveform
    time: np.ndarray
    drive: np.ndarray
    response: tuple[np.ndarray, np.ndarray]
    """By ngspice and by the integration."""
    state: tuple[np.ndarray, np.ndarray]


def device_files(shared: Path) -> list[str]:
    """Names of all transients of device laws that the manifest lists."""
    return [entry["name"] for entry in _manifest(shared) if "wave" in entry]


def load(shared: Path, name: str) -> Reference:
    """Reads the reference `name`; skips the test where the folder has none."""
    entry = next(e for e in _manifest(shared) if e["name"] == name)
    folder = shared / "reference" / "circuit"
    t, drive, response, state, state_ode, response_ode = np.loadtxt(
        folder / f"{name}.csv", delimiter=",", skiprows=1, unpack=True
    )
    wave = entry["wave"]
    if wave["kind"] == "sine":
        waveform = sine(wave["A"], frequency=wave["f"], cycles=entry["tstop"] * wave["f"])
    else:
        waveform = _corners((folder / f"{name}.cir").read_text(encoding="utf-8"), entry["tstop"])
    return Reference(
        name=name,
        parameters=entry["params"],
        tolerance=float(entry["supports_tolerance"].split()[0]),
        waveform=waveform,
        time=t,
        drive=drive,
        response=(response, response_ode),
        state=(state, state_ode),
    )


def assert_agrees(reference: Reference, state: np.ndarray, response: np.ndarray) -> None:
    """`state` and `response` at `reference.time` meet both columns of the file."""
    for what, values, columns, scale in (
        ("state", state, reference.state, np.ptp(reference.state[0])),
        ("response", response, reference.response, np.abs(reference.response[0]).max()),
    ):
        for column in columns:
            worst = np.abs(values - column).max() / scale
            assert worst <= reference.tolerance, f"{reference.name}: {what} is off by {worst:.2e} of its span"


def _manifest(shared: Path) -> list[dict]:
    file = shared / "reference" / "circuit" / "manifest.json"
    if not file.is_file():
        pytest.skip(f"no circuit references at {file.parent}")
    return json.loads(file.read_text(encoding="utf-8"))


def _corners(netlist: str, stop: float) -> Waveform:
    inside = re.search(r"PWL\(([^)]*)\)", netlist)
    assert inside is not None
    numbers = np.array([float(x) for x in inside.group(1).replace("\n+", " ").split()])
    time, value = numbers[0::2], numbers[1::2]
    if time[-1] < stop:
        time, value = np.append(time, stop), np.append(value, value[-1])
    return Waveform(time=time, voltage=value)
