"""Variability of JART VCM cells: radius, disc length, N_min and N_max of each device (D2D) and each cycle (C2C).

`draw_cells` gives every device its own four numbers; `vary_cycles` lets them walk, a step at each change of polarity,
and returns what `drive` takes as `rows`. The limits are those of bengel2020variability as ntinas2023simplified
states them. What lies between them is assumed here: a normal distribution of the logarithm about the law's own
value, cut off at the limits; and normal steps of the logarithm, reflected at the limits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy import stats

from pinched._params import quantity, require
from pinched._random import cell_normals, cell_uniforms
from pinched.data.waveforms import Waveform
from pinched.devices.circuit import ParameterRows
from pinched.devices.law import all_true, device_shape, show_value
from pinched.devices.laws.jart import JartVcm

_VARIED = ("radius", "disc_length", "n_min", "n_max")


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """How one parameter varies; limits in its own unit."""

    low: float = quantity(dataclasses.MISSING, "1", "x_-", "lower limit, in the unit of the parameter")
    high: float = quantity(dataclasses.MISSING, "1", "x_+", "upper limit, in the unit of the parameter")
    sigma: float = quantity(
        0.05, "1", r"\sigma", "spread of the logarithm from device to device, before the cut"
    )
    step: float = quantity(0.02, "1", r"\delta", "size of a step of the logarithm from cycle to cycle")

    def __post_init__(self) -> None:
        require(
            self,
            0.0 < self.low < self.high,
            f"the limits {self.low:g} .. {self.high:g} must be above zero and rise.",
        )
        for name in ("sigma", "step"):
            value = getattr(self, name)
            require(self, value >= 0.0, f"{name} is {value:g}; it must not be negative (0 for no variation).")


def _between(low: float, high: float, sigma: float, step: float) -> Callable[[], Walk]:
    return lambda: Walk(low=low, high=high, sigma=sigma, step=step)


@dataclass(frozen=True, kw_only=True, slots=True)
class JartSpread:
    """How cells differ from each other and from cycle to cycle; limits published, sigma and step assumed."""

    source: ClassVar[str] = "bengel2020variability"

    radius: Walk = field(default_factory=_between(40.5e-9, 49.5e-9, 0.05, 0.02))
    """Radius of the filament (m)."""
    disc_length: Walk = field(default_factory=_between(0.36e-9, 0.44e-9, 0.05, 0.02))
    """Length of the disc (m)."""
    n_min: Walk = field(default_factory=_between(0.004e26, 0.25e26, 0.5, 0.2))
    """Concentration of the HRS (1/m^3)."""
    n_max: Walk = field(default_factory=_between(18e26, 22e26, 0.05, 0.02))
    """Concentration of the LRS (1/m^3)."""


def draw_cells(law: JartVcm, count: int, *, spread: JartSpread | None = None, seed: int = 0) -> JartVcm:
    """`count` cells about `law` as one law with tensor fields: cell 3 is the same whatever `count` is.

    A start outside the drawn limits of a cell is moved to the nearer one. Raises `PinchedError` where a value of
    `law` lies outside the limits, or `count` is below 1.
    """
    spread = spread or JartSpread()
    require(JartVcm, count >= 1, f"{count} cells were asked for; at least 1 is needed.")
    uniform = cell_uniforms(seed, "jart cells", range(1), (count, 1))[0, :, 0, :].astype(np.float64)
    drawn = {}
    for k, name in enumerate(_VARIED):
        walk = getattr(spread, name)
        middle, low, high = (np.log(v) for v in (_inside(law, name, walk), walk.low, walk.high))
        if walk.sigma == 0.0:
            drawn[name] = torch.full((count,), float(np.exp(middle)), dtype=torch.float64)
            continue
        edges = stats.norm.cdf((np.array([low, high]) - middle) / walk.sigma)
        score = stats.norm.ppf(edges[0] + uniform[:, k] * (edges[1] - edges[0]))
        drawn[name] = torch.from_numpy(np.exp(np.clip(middle + walk.sigma * score, low, high)))
    return _with(law, drawn)


def vary_cycles(
    law: JartVcm, waveform: Waveform, *, spread: JartSpread | None = None, seed: int = 0
) -> tuple[Waveform, ParameterRows]:
    """`waveform` with a corner at every zero crossing, and the parameters that hold on each of its pieces.

    At every change of polarity each of the four parameters takes a step from where it was; until the first they are
    those of `law`, which may be one cell or a tensor of them. Raises `PinchedError` where a value of `law` lies
    outside the limits.
    """
    spread = spread or JartSpread()
    split = _split_at_zero(waveform)
    row = _polarity_changes(split)
    events = int(row.max(initial=0))
    shape = device_shape(law)
    count = int(np.prod(shape)) if shape else 1
    normal = cell_normals(seed, "jart cycles", range(events), (count, 1))[:, :, 0, :].astype(np.float64)
    walks = {}
    for k, name in enumerate(_VARIED):
        walk = getattr(spread, name)
        start = np.broadcast_to(np.asarray(_inside(law, name, walk), np.float64), shape or ()).reshape(-1)
        path = np.log(start) + walk.step * np.cumsum(normal[:, :, k], axis=0)
        walks[name] = np.exp(_reflected(path, np.log(walk.low), np.log(walk.high)))
    laws = [law]
    for event in range(events):
        values = {name: torch.from_numpy(walks[name][event].reshape(shape)) for name in _VARIED}
        laws.append(_with(law, values if shape else {name: float(v) for name, v in values.items()}))
    return split, ParameterRows(laws=tuple(laws), row=row)


def _with(law: JartVcm, values: dict) -> JartVcm:
    start = torch.as_tensor(law.n_initial, dtype=torch.float64)
    start = torch.clamp(start, torch.as_tensor(values["n_min"]), torch.as_tensor(values["n_max"]))
    return dataclasses.replace(law, **values, n_initial=start if start.ndim else float(start))


def _inside(law: JartVcm, name: str, walk: Walk) -> float | np.ndarray:
    value = getattr(law, name)
    require(
        law,
        all_true(value >= walk.low * (1 - 1e-9)) and all_true(value <= walk.high * (1 + 1e-9)),
        f"{name} = {show_value(value)} lies outside the limits {walk.low:g} .. {walk.high:g} of its variation.",
    )
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def _reflected(path: np.ndarray, low: float, high: float) -> np.ndarray:
    width = high - low
    return low + width - np.abs(np.mod(path - low, 2.0 * width) - width)


def _split_at_zero(waveform: Waveform) -> Waveform:
    time, voltage = waveform.time, waveform.voltage
    crosses = np.flatnonzero(voltage[:-1] * voltage[1:] < 0)
    share = voltage[crosses] / (voltage[crosses] - voltage[crosses + 1])
    at = time[crosses] + share * (time[crosses + 1] - time[crosses])
    return Waveform(
        time=np.insert(time, crosses + 1, at), voltage=np.insert(voltage, crosses + 1, np.zeros(crosses.size))
    )


def _polarity_changes(waveform: Waveform) -> Int64[np.ndarray, " segment"]:
    """How often the polarity has changed by each piece."""
    middle: Float[np.ndarray, " segment"] = np.sign(waveform.voltage[:-1] + waveform.voltage[1:])
    driven = np.flatnonzero(middle)
    changes = np.zeros(middle.size, np.int64)
    changes[driven[1:]] = middle[driven[1:]] != middle[driven[:-1]]
    return np.cumsum(changes)
