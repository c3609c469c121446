"""A measured table: the conductance after each pulse, as it was measured, potentiation and depression apart.

The pulse number that belongs to the present state is read off the table, and the pulses are counted on from there:
what NeuroSim does with its formula, without a formula. `TableUpdate.of` takes measured traces and makes them monotone
(isotonic regression, flat stretches tilted): a state must belong to one pulse number. Scatter around them is `noise`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from scipy import optimize

from pinched._params import quantity, require
from pinched.data.traces import PulseTrace
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value
from pinched.devices.updates._tables import interpolated
from pinched.devices.updates.update import PulseUpdate, require_window


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TableUpdate(PulseUpdate):
    """Shares of the window after 0, 1, 2 .. pulses of each direction; the default is a straight line of one pulse.

    A state beyond a table's end stays where it is until the other direction brings it back. Raises `PinchedError` for
    a window that is swapped, and for tables that leave 0 to 1 or do not rise (`up`) or fall (`down`) throughout.
    """

    source: ClassVar[str] = "chen2018neurosim"
    up: tuple[float, ...] = (0.0, 1.0)
    """Share of the window before potentiation and after each of its pulses, rising."""
    down: tuple[float, ...] = (1.0, 0.0)
    """Share of the window before depression and after each of its pulses, falling."""
    g_min: Param = quantity(1e-6, "S", r"G_\min", "lower end of the window")
    g_max: Param = quantity(1e-4, "S", r"G_\max", "upper end of the window")

    def __post_init__(self) -> None:
        require_window(self)
        for name, table in (("up", self.up), ("down", self.down[::-1])):
            require(
                self,
                len(table) >= 2
                and 0.0 <= table[0] < table[-1] <= 1.0
                and all(b >= a for a, b in pairwise(table)),
                f"{name} holds {len(table)} shares that do not run monotonically within 0 and 1 ('up' rises, 'down' "
                "falls). Make them from traces by TableUpdate.of.",
            )

    @classmethod
    def of(cls, up: PulseTrace, down: PulseTrace) -> TableUpdate:
        """The table of a measured potentiation `up` and a depression `down`; index 0 is the state before a pulse.

        The window spans both after smoothing. Raises `PinchedError` where fewer than two reads are known, or a
        trace does not go its way on the whole.
        """
        rising, falling = _monotone(cls, up, 1.0), _monotone(cls, down, -1.0)
        low, high = min(rising[0], falling[-1]), max(rising[-1], falling[0])
        shares = [
            tuple(np.clip((side - low) / (high - low), 0.0, 1.0).tolist()) for side in (rising, falling)
        ]
        return cls(up=shares[0], down=shares[1], g_min=float(low), g_max=float(high))

    def raised(self, share: Value, pulses: Value) -> Value:
        """`pulses` further along the table of potentiation from `share`."""
        places, values = _places(self.up)
        at = interpolated(share, values, places) + pulses
        return ew.maximum(share, interpolated(at, _numbers(self.up), self.up))

    def lowered(self, share: Value, pulses: Value) -> Value:
        """`pulses` further along the table of depression from `share`."""
        turned = tuple(1.0 - v for v in self.down)
        places, values = _places(turned)
        at = interpolated(1.0 - share, values, places) + pulses
        return ew.minimum(share, 1.0 - interpolated(at, _numbers(turned), turned))


def _numbers(table: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float(k) for k in range(len(table)))


def _places(table: tuple[float, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Pulse numbers and strictly rising shares: of a flat stretch the last number, where the next moves."""
    pairs = [(float(k), v) for k, v in enumerate(table)]
    kept = [p for p, after in zip(pairs, [*pairs[1:], None], strict=True) if after is None or after[1] > p[1]]
    if kept[0][1] > table[0]:
        kept.insert(0, pairs[0])
    return tuple(k for k, _ in kept), tuple(v for _, v in kept)


def _monotone(owner: type, trace: PulseTrace, side: float) -> np.ndarray:
    g = np.asarray(trace.conductance, dtype=np.float64)
    known = np.isfinite(g)
    word = "rises" if side > 0 else "falls"
    require(owner, int(known.sum()) >= 2, f"a trace of {int(known.sum())} known reads makes no table.")
    pulse = np.arange(g.size)
    smooth = side * optimize.isotonic_regression(side * np.interp(pulse, pulse[known], g[known])).x
    require(
        owner,
        bool(side * (smooth[-1] - smooth[0]) > 0),
        f"the trace goes from {g[known][0]:g} S to {g[known][-1]:g} S; this one must be the trace that {word}. Are "
        "potentiation and depression swapped?",
    )
    # A flat stretch is many pulses that lead nowhere: a state on it would have no pulse number. Its middle has one.
    values, starts, counts = np.unique(side * smooth, return_index=True, return_counts=True)
    middles = starts + 0.5 * (counts - 1)
    inner = np.interp(pulse, middles, values)
    for end, beyond in ((0, pulse < middles[0]), (-1, pulse > middles[-1])):
        near = 1 if end == 0 else -2
        slope = (values[near] - values[end]) / (middles[near] - middles[end])
        inner = np.where(beyond, values[end] + slope * (pulse - middles[end]), inner)
    return side * inner
