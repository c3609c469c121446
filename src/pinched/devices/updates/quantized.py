r"""Discrete levels and the chances of jumps between them: a synapse of quantized conductance.

A state is one of L levels. A pulse moves it from level i to level j with the chance $J_{ij}$, one matrix for
potentiation and one for depression; n pulses do what the matrix to the power of n says, so that many pulses at once
need no loop. `QuantizedLevels.of` counts the jumps in measured or simulated traces (the time-lag map of
roy2025quantum), `after` is the mean, `drawn` a draw. With `OwnChance` as noise, `apply_pulses` and `pulse_trace`
draw by address like for any other law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.data.traces import PulseTrace
from pinched.devices.law import Param, Value
from pinched.devices.updates.noise import DrawnUpdate
from pinched.devices.updates.update import PulseUpdate
from pinched.extraction.plateau_series import TimeLag, time_lag

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class QuantizedLevels(PulseUpdate, DrawnUpdate):
    """Levels (S, rising) and the jumps that one pulse makes between them; the default is a binary cell.

    States between levels count as the nearest one. Raises `PinchedError` for levels that do not rise (levels that
    cross), and matrices of another size, with a chance below zero, or with rows that do not sum to one.
    """

    source: ClassVar[str] = "roy2025quantum"
    levels: tuple[float, ...] = (0.0, 7.748091729863649e-05)
    """Conductance (S) of each level, rising."""
    up: Rows = ((0.0, 1.0), (0.0, 1.0))
    """Chance of each level (column) after one potentiating pulse at a level (row),"""
    down: Rows = ((1.0, 0.0), (1.0, 0.0))
    """and after a depressing one."""
    scatter: float = quantity(0.0, "S", r"\sigma_G", "deviation of a draw from its level")

    def __post_init__(self) -> None:
        marks = np.asarray(self.levels, dtype=np.float64)
        require(
            self,
            marks.size >= 2
            and bool(np.isfinite(marks).all() and (np.diff(marks) > 0).all() and marks[0] >= 0),
            f"levels are {len(self.levels)} conductances that do not rise throughout from zero or more: levels that "
            "cross or coincide are one level. Sort and join them.",
        )
        for name in ("up", "down"):
            rows = np.asarray(getattr(self, name), dtype=np.float64)
            require(
                self,
                rows.shape == (marks.size, marks.size)
                and bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1.0, atol=1e-6)),
                f"{name} has shape {rows.shape} for {marks.size} levels, or a row that is no distribution. Count "
                "jumps with QuantizedLevels.of.",
            )
        require(self, self.scatter >= 0, f"scatter is {self.scatter} S; it must not be negative.")

    @classmethod
    def of(
        cls,
        levels: Sequence[float],
        up: Sequence[PulseTrace],
        down: Sequence[PulseTrace],
        *,
        neighbours: float = 0.5,
        scatter: float = 0.0,
    ) -> QuantizedLevels:
        """The jumps between `levels` (S) that potentiating traces `up` and depressing traces `down` show.

        A level that no trace visited borrows the jumps (in levels, held at the ends) of visited ones around it,
        `neighbours` of them counting as one pulse of its own, the nearest first: without that a network that
        reaches it would stay there. Raises `PinchedError` for traces without two known states in a row.
        """
        marks = np.asarray(levels, dtype=np.float64)
        matrices = []
        for traces, word in ((up, "potentiation"), (down, "depression")):
            maps = [time_lag(trace.conductance, marks) for trace in traces]
            if not maps:
                raise PinchedError(f"no trace of {word}: give at least one of each direction.")
            matrices.append(_smoothed(_counts(maps), neighbours))
        return cls(
            levels=tuple(marks.tolist()),
            up=_rows(matrices[0]),
            down=_rows(matrices[1]),
            scatter=scatter,
        )

    @property
    def g_min(self) -> Param:
        """Lowest level (S)."""
        return self.levels[0]

    @property
    def g_max(self) -> Param:
        """Highest level (S)."""
        return self.levels[-1]

    def raised(self, share: Value, pulses: Value) -> Value:
        """Mean share of the window after `pulses` up from the level nearest to `share`."""
        return self._mean(share, pulses, self.up)

    def lowered(self, share: Value, pulses: Value) -> Value:
        """Mean share of the window after `pulses` down from the level nearest to `share`."""
        return self._mean(share, pulses, self.down)

    def nearest(self, conductance: Value) -> Value:
        """Index of the level nearest to `conductance` (S), elementwise."""
        borders = 0.5 * (np.asarray(self.levels[1:]) + np.asarray(self.levels[:-1]))
        if isinstance(conductance, torch.Tensor):
            return torch.searchsorted(
                torch.from_numpy(borders).to(conductance), conductance.detach().contiguous()
            )
        return np.searchsorted(borders, conductance)

    def drawn(self, conductance: Value, pulses: Value, normal: Value) -> Value:
        """Conductance (S) drawn after `pulses` (whole; above zero up) from `conductance` (S), for standard `normal`.

        The level is that of the quantile of `normal`; `scatter` moves it by what the draw leaves over.
        """
        g = torch.as_tensor(conductance, dtype=torch.float64)
        n = torch.round(torch.as_tensor(pulses, dtype=torch.float64)).to(torch.int64)
        z = torch.as_tensor(normal, dtype=torch.float64)
        g, n, z = torch.broadcast_tensors(g, n, z)
        quantile = torch.special.ndtr(z)
        levels = torch.tensor(self.levels, dtype=torch.float64)
        start = self.nearest(g)
        out = g.clone()
        for count in torch.unique(n).tolist():
            if count == 0:
                continue
            mine = n == count
            chances = _power(self.up if count > 0 else self.down, abs(count))
            ends = torch.cumsum(chances, dim=1)[start[mine]]
            ends[:, -1] = 1.0
            u = quantile[mine]
            to = torch.searchsorted(ends.contiguous(), u[:, None]).clamp(max=len(self.levels) - 1)[:, 0]
            value = levels[to]
            if self.scatter > 0:
                below = torch.where(
                    to > 0, ends.gather(1, (to - 1).clamp(min=0)[:, None])[:, 0], torch.zeros_like(u)
                )
                width = ends.gather(1, to[:, None])[:, 0] - below
                left = ((u - below) / width).clamp(1e-9, 1.0 - 1e-9)
                value = (value + self.scatter * torch.special.ndtri(left)).clamp(min=0.0)
            out[mine] = value
        return _like(out, conductance)

    def spread_after(self, conductance: Value, pulses: Value) -> Value:
        """Standard deviation (S) of the conductance after `pulses` from `conductance` (S)."""
        g = torch.as_tensor(conductance, dtype=torch.float64)
        n = torch.round(torch.as_tensor(pulses, dtype=torch.float64)).to(torch.int64)
        g, n = torch.broadcast_tensors(g, n)
        levels = torch.tensor(self.levels, dtype=torch.float64)
        start, out = self.nearest(g), torch.zeros_like(g)
        for count in torch.unique(n).tolist():
            if count:
                chances = _power(self.up if count > 0 else self.down, abs(count))
                mean = chances @ levels
                variance = (chances @ levels**2 - mean**2).clamp(min=0.0) + self.scatter**2
                mine = n == count
                out[mine] = torch.sqrt(variance)[start[mine]]
        return _like(out, conductance)

    def _mean(self, share: Value, pulses: Value, rows: Rows) -> Value:
        s = torch.as_tensor(share, dtype=torch.float64)
        n = torch.as_tensor(pulses, dtype=torch.float64)
        s, n = torch.broadcast_tensors(s, n)
        levels = torch.tensor(self.levels, dtype=torch.float64)
        places = (levels - levels[0]) / (levels[-1] - levels[0])
        start = self.nearest(levels[0] + s * (levels[-1] - levels[0]))
        out = s.clone()
        for whole in torch.unique(torch.floor(n)).tolist():
            mine = torch.floor(n) == whole
            low = (_power(rows, int(whole)) @ places)[start[mine]] if whole > 0 else s[mine]
            part = n[mine] - whole
            if bool((part > 0).any()):
                high = (_power(rows, int(whole) + 1) @ places)[start[mine]]
                low = low + part * (high - low)
            out[mine] = low
        return _like(out, share)


def _power(rows: Rows, count: int) -> Float[torch.Tensor, "level level"]:
    return torch.linalg.matrix_power(torch.tensor(rows, dtype=torch.float64), count)


def _like(found: torch.Tensor, given: Value) -> Value:
    if isinstance(given, torch.Tensor):
        return found.to(given)
    return found.numpy() if isinstance(given, np.ndarray) or found.ndim else float(found)


def _counts(maps: Sequence[TimeLag]) -> np.ndarray:
    return np.sum([m.counts for m in maps], axis=0).astype(np.float64)


def _smoothed(counts: np.ndarray, neighbours: float) -> np.ndarray:
    """Counts with the jumps of the nearest visited levels added, `neighbours` pulses worth."""
    size = counts.shape[0]
    visited = np.flatnonzero(counts.sum(axis=1) > 0)
    found = counts.copy()
    for k in range(size):
        order = visited[np.argsort(np.abs(visited - k), kind="stable")][:3]
        for near in order.tolist():
            row = counts[near] / counts[near].sum()
            target = np.clip(np.arange(size) + k - near, 0, size - 1)
            np.add.at(found[k], target, neighbours / order.size * row)
    return found / found.sum(axis=1, keepdims=True)


def _rows(matrix: np.ndarray) -> Rows:
    return tuple(tuple(row) for row in matrix.tolist())
