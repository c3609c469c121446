"""What the battery of device laws is run with: random states, voltages and parameters, and a drive that moves a law.

Everything follows from the law itself (bounds, scales, what it accepts), so a new law needs no entry here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, triangle
from pinched.devices.drive import DriveError, drive
from pinched.devices.law import Law, Param, PlayLaw, parameters, with_parameters
from pinched.devices.laws.registry import LAWS
from pinched.devices.trace import Trace


def number(value: Param) -> float:
    """A parameter, bound or start as a number."""
    return float(torch.as_tensor(value, dtype=torch.float64).detach())


def widths(law: Law) -> list[float]:
    """Size of each state variable: the distance of its bounds, or its scale."""
    return [
        number(high) - number(low) if math.isfinite(number(high) - number(low)) else number(variable.scale)
        for variable, (low, high) in zip(law.states, law.bounds(), strict=True)
    ]


def points(law: Law, count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """States (variable, count) within the bounds, some on them, and voltages within 1.5 V, some zero."""
    draw = torch.Generator().manual_seed(seed)
    rows = []
    for variable, (low, high), start in zip(law.states, law.bounds(), law.initial_state(), strict=True):
        a, b, share = number(low), number(high), torch.rand(count, generator=draw, dtype=torch.float64)
        if math.isfinite(a) and math.isfinite(b):
            row = a + (b - a) * share
            row[0], row[1] = a, b
        else:
            row = number(start) + number(variable.scale) * (2.0 * share - 1.0)
            row = row.clamp(min=a, max=b)
        rows.append(row)
    voltage = 3.0 * torch.rand(count, generator=draw, dtype=torch.float64) - 1.5
    voltage[2] = 0.0
    state = torch.stack(rows) if rows else torch.zeros(0, count, dtype=torch.float64)
    return state, voltage


def given(law: Law, state: torch.Tensor) -> object:
    """`state` (variable, ...) in the form that the law's methods take it."""
    return state[0] if len(law.states) == 1 else tuple(state)


def several(law: Law, values: object) -> list:
    """What a method returned, one entry per state variable."""
    return [values] if len(law.states) == 1 and not isinstance(values, tuple | list) else list(values)  # type: ignore[call-overload]


def accepted(law: Law, changes: dict[str, Param]) -> Law | None:
    """`law` with `changes`; None where it refuses them, or would start outside its bounds."""
    try:
        law = with_parameters(law, changes)
    except PinchedError:
        return None
    for start, (low, high) in zip(law.initial_state(), law.bounds(), strict=True):
        s, a, b = (torch.as_tensor(v, dtype=torch.float64) for v in (start, low, high))
        if not bool(((a <= s) & (s <= b)).all()):
            return None
    return law


def perturbed(law: Law, seed: int, size: float = 0.02) -> Law:
    """`law` with every parameter moved by up to `size` of itself, where the law accepts it."""
    draw = torch.Generator().manual_seed(seed)
    for name, value in parameters(law).items():
        factor = 1.0 + size * (2.0 * float(torch.rand(1, generator=draw)) - 1.0)
        law = accepted(law, {name: number(value) * factor}) or law
    return law


@dataclass(frozen=True, kw_only=True)
class Moving:
    """A drive under which a law moves."""

    waveform: Waveform
    series_resistance: float
    """ohm; tames a law that runs away under a voltage."""

    def run(self, law: Law, **settings: Any) -> Trace:
        """`law` under this drive."""
        return drive(law, self.waveform, series_resistance=self.series_resistance, **settings).trace


@cache
def moving(name: str) -> Moving:
    """A triangle under which the law `name` moves by a tenth to two thirds of its range, as nearly as can be had.

    Amplitude: the first of 1, 2, 3 V at which it moves at all. Period: found by trial, so that one drive suits
    laws whose times lie 40 decades apart. Where every period gives all or nothing, behind a series resistance.
    """
    law = LAWS[name]()
    if not law.states:
        return Moving(waveform=triangle(1.0, period=1.0), series_resistance=0.0)
    amplitude = next(a for a in (1.0, 2.0, 3.0) if _moves(law, a))
    start = [number(s) for s in law.initial_state()]
    own = start[0] if len(start) == 1 else tuple(start)
    resistance = 0.5 * amplitude / abs(number(law.current(own, 0.5 * amplitude)))
    found = []
    for share in (0.0, 0.3, 1.0, 3.0, 10.0):
        # The device gets the same at the start, and the source has more in hand the more it stands behind.
        volts = amplitude * (1.0 + share)
        period, movement = _period(law, volts, share * resistance)
        drive_ = Moving(waveform=triangle(volts, period=period), series_resistance=share * resistance)
        # A period a third longer must not send it to an end: there its derivatives are those of an explosion.
        steady = _movement(law, volts, 1.3 * period, share * resistance) < 1.0
        if 0.1 <= movement <= 0.65 and period > 1e-15 and steady:
            return drive_
        found.append((abs(movement - 0.3), drive_))
    return min(found, key=lambda pair: pair[0])[1]


def _moves(law: Law, amplitude: float) -> bool:
    if isinstance(law, PlayLaw):
        return _movement(law, amplitude, 1.0, 0.0) > 0.1
    return _fastest(law, amplitude) > 0.0


def _movement(law: Law, amplitude: float, period: float, series: float) -> float:
    """Largest share of its width that a state variable moves by; 1 where it reaches an end."""
    drive_ = Moving(waveform=triangle(amplitude, period=period), series_resistance=series)
    try:
        state = drive_.run(law, points=60, seed=1).state
    except DriveError:
        return math.inf
    most = 0.0
    for row, width, (low, high) in zip(state, widths(law), law.bounds(), strict=True):
        for edge in (number(low), number(high)):
            near = (row - edge).abs() < 1e-4 * width
            if bool(near.any()) and not bool(near[0]):
                return 1.0  # all of the way to an end
        most = max(most, float(row.max() - row.min()) / width)
    return most


def _period(law: Law, amplitude: float, series: float) -> tuple[float, float]:
    """Period (s) that moves the law best, and by which share of its width."""
    if isinstance(law, PlayLaw):
        return 1.0, 0.3
    low, high = 1e-6 / _fastest(law, amplitude), math.inf
    period, below = low, 0.0
    for _ in range(70):
        share = _movement(law, amplitude, period, series)
        if 0.1 <= share <= 0.65:
            return period, share
        if share < 0.1:
            low, below = period, share
            period = 16.0 * period if math.isinf(high) else math.sqrt(low * high)
        else:
            high = period
            period = math.sqrt(low * high)
        if high / low < 1.0 + 1e-3:
            break
    return low, below


def _fastest(law: Law, amplitude: float) -> float:
    """Highest speed at `amplitude` from where the law starts, in widths of the state per second."""
    start = [number(s) for s in law.initial_state()]
    own = start[0] if len(start) == 1 else tuple(start)
    return max(
        abs(number(rate)) / width
        for volts in (-amplitude, amplitude)
        for rate, width in zip(several(law, law.state_rate(own, volts)), widths(law), strict=True)
    )
