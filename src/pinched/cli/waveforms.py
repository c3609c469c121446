"""Waveforms as people type them: "triangle:1V:10ms", "sine:0.5V:1kHz", "pulses:1V:1us:1us:20", or a CSV file.

A shape in ampere ("triangle:100uA:1s") drives a current. The CSV has a column of times and one of voltages (or
currents), with units in its heads, or none: then s and V.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pinched._errors import DataFileError, PinchedError
from pinched._units import split_head, to_si
from pinched.data.waveforms import Waveform, pulse_train, sine, triangle

if TYPE_CHECKING:
    from pinched.devices.circuit import Source

HELP = (
    "triangle:PEAK[:OTHER PEAK]:PERIOD, sine:PEAK:PERIOD (or frequency), pulses:PEAK:WIDTH:GAP[:COUNT], or a CSV of "
    "time and voltage; a peak in A drives a current."
)
_CELLS = re.compile(r"[,;\t ]+")


def waveform_of(text: str, cycles: int = 1) -> tuple[Waveform, Source]:
    """The waveform that `text` describes, `cycles` times, and what it drives.

    Raises `PinchedError` for text that is neither a shape nor a file, naming the part at fault.
    """
    # Here and not above: devices bring torch, and every command imports this module for its help.
    from pinched.devices.circuit import Source

    if cycles < 1:
        raise PinchedError(f"--cycles is {cycles}; at least 1 is needed.")
    name, _, rest = text.partition(":")
    shape = _SHAPES.get(name.strip().lower())
    if shape is not None:
        parts = [part.strip() for part in rest.split(":")]
        source = _source(parts[0])
        return _repeated(shape(text, parts, "A" if source is Source.CURRENT else "V"), cycles), source
    path = Path(text)
    if not path.is_file():
        raise PinchedError(f"--waveform is '{text}', which is no file and no shape. Give {HELP}")
    wave, source = _read(path)
    return _repeated(wave, cycles), source


def _source(text: str) -> Source:
    from pinched.devices.circuit import Source

    return Source.CURRENT if re.search(r"[Aa](mp\w*)?\s*$", text) else Source.VOLTAGE


def _triangle(text: str, parts: list[str], unit: str) -> Waveform:
    _count(text, parts, 2, 3)
    other = to_si(parts[1], unit) if len(parts) == 3 else None
    return triangle(to_si(parts[0], unit), period=to_si(parts[-1], "s"), negative=other)


def _sine(text: str, parts: list[str], unit: str) -> Waveform:
    _count(text, parts, 2, 2)
    if parts[1].lower().endswith("hz"):
        frequency = to_si(parts[1], "Hz")
    else:
        period = to_si(parts[1], "s")
        frequency = 1.0 / period if period > 0 else 0.0
    return sine(to_si(parts[0], unit), frequency=frequency)


def _pulses(text: str, parts: list[str], unit: str) -> Waveform:
    _count(text, parts, 3, 4)
    if len(parts) == 4 and not parts[3].isdigit():
        raise PinchedError(
            f"--waveform is '{text}': the number of pulses is '{parts[3]}', a whole number is wanted."
        )
    count = int(parts[3]) if len(parts) == 4 else 1
    return pulse_train(
        to_si(parts[0], unit), width=to_si(parts[1], "s"), gap=to_si(parts[2], "s"), count=count
    )


_SHAPES: dict[str, Callable[[str, list[str], str], Waveform]] = {
    "triangle": _triangle,
    "sine": _sine,
    "pulses": _pulses,
}
"""Shapes by the name that starts the text."""


def _count(text: str, parts: list[str], least: int, most: int) -> None:
    if not least <= len(parts) <= most or not all(parts):
        raise PinchedError(f"--waveform is '{text}', which has the wrong parts. Give {HELP}")


def _repeated(wave: Waveform, cycles: int) -> Waveform:
    times = [wave.time + k * wave.duration for k in range(cycles)]
    # The end of one cycle is the start of the next; where they differ, the two corners are a jump.
    same = wave.voltage[0] == wave.voltage[-1]
    first = [slice(None), *[slice(1 if same else 0, None)] * (cycles - 1)]
    return Waveform(
        time=np.concatenate([t[s] for t, s in zip(times, first, strict=True)]),
        voltage=np.concatenate([wave.voltage[s] for s in first]),
    )


def _read(path: Path) -> tuple[Waveform, Source]:
    from pinched.devices.circuit import Source

    lines = [
        (number, line.strip())
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise DataFileError(
            path, "", "no line with numbers", "Give a CSV with a column of times and one of voltages."
        )
    time_at, value_at, time_factor, value_factor, source = 0, 1, 1.0, 1.0, Source.VOLTAGE
    if not _is_number(_CELLS.split(lines[0][1])[0]):
        heads = [split_head(cell) for cell in re.split(r"[,;\t]", lines[0][1])]
        by_unit = {head.unit: k for k, head in reversed(list(enumerate(heads)))}
        if "s" not in by_unit or not {"V", "A"} & set(by_unit):
            raise DataFileError(
                path,
                f"line {lines[0][0]}",
                f"heads '{lines[0][1]}' without a time in s and a voltage in V (or a current in A)",
                "Name the columns as 'time (s),voltage (V)'.",
            )
        source = Source.VOLTAGE if "V" in by_unit else Source.CURRENT
        time_at, value_at = by_unit["s"], by_unit["V" if source is Source.VOLTAGE else "A"]
        time_factor, value_factor = heads[time_at].factor, heads[value_at].factor
        lines = lines[1:]
    rows = [_row(path, number, line, max(time_at, value_at)) for number, line in lines]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
    time: Float[np.ndarray, " corner"] = table[:, time_at] * time_factor
    if time.size < 2:
        raise DataFileError(path, "", f"{time.size} corner(s)", "A waveform needs at least two lines.")
    falls = np.flatnonzero(np.diff(time) < 0)
    if falls.size:
        k = int(falls[0])
        raise DataFileError(
            path,
            f"line {lines[k + 1][0]}",
            f"time {time[k + 1]:g} s after {time[k]:g} s",
            "Sort the lines by time.",
        )
    return Waveform(time=time, voltage=table[:, value_at] * value_factor), source


def _row(path: Path, number: int, line: str, last: int) -> list[float]:
    cells = _CELLS.split(line)
    if len(cells) <= last or not all(_is_number(cell) for cell in cells[: last + 1]):
        raise DataFileError(
            path, f"line {number}", f"'{line}'", f"Give {last + 1} numbers, the decimal mark a point."
        )
    return [float(cell) for cell in cells[: last + 1]]


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
