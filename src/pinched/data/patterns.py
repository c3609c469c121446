"""Patterns in bare numbers that tell one kind of measurement from another.

Voltages that stand on a few levels, states around pulses, values inside a wanted range, cells that were read
several times.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pinched.data.table import OVERFLOW

_LEVELS = 6
"""Voltages at which pulses and reads stand: a sweep has more."""
_DWELL = 8
"""Samples at each voltage, on average, below which a few levels are a coarse sweep."""
_MOST_READS = 8
"""Reads after another that one column may hold."""
_LAGS = 1024
"""Distances inside one read that are compared: patterns of an array repeat within its rows."""


def voltage_levels(voltage: Float[np.ndarray, " row"]) -> int | None:
    """On how many levels `voltage` stands, when it stands on few and long; None for a sweep."""
    good = voltage[np.isfinite(voltage) & (np.abs(voltage) < OVERFLOW)]
    if good.size < 2 * _DWELL:
        return None
    span = float(np.ptp(good))
    size = max(span, 1e-9 * float(np.abs(good).max()), 1e-300)
    # Steps between levels are jumps: few samples lie between them.
    levels = np.unique(np.round(good / (0.01 * size))) if span > 0 else np.zeros(1)
    runs = 1 + int((np.abs(np.diff(good)) > 0.01 * size).sum())
    if levels.size <= _LEVELS and good.size >= _DWELL * runs:
        return int(levels.size)
    return None


def before_and_after(numbers: Float[np.ndarray, "row column"]) -> tuple[int, int] | None:
    """Columns (before, after) when a state read before a pulse is, within a tenth, the one after the pulse before."""
    width = numbers.shape[1]
    found: tuple[float, tuple[int, int]] | None = None
    for a in range(width):
        for b in range(width):
            if a == b or (numbers[:, [a, b]] <= 0).any():
                continue
            before, after = np.log(numbers[1:, a]), np.log(numbers[:-1, b])
            # Constant columns repeat each other without being states.
            if np.std(after) < 0.01:
                continue
            share = float((np.abs(before - after) < 0.1).mean())
            moved = float(np.std(np.log(numbers[:, b] / numbers[:, a])))
            if share > 0.8 and moved > 0 and (found is None or share > found[0]):
                found = (share, (a, b))
    return None if found is None else found[1]


def written_range(numbers: Float[np.ndarray, "row column"]) -> tuple[int, int, int] | None:
    """Columns (reached, lower, upper) when a value lies within its own row's range in most rows."""
    width = numbers.shape[1]
    best: tuple[float, tuple[int, int, int]] | None = None
    # Ranges of resistances: the upper one is never zero, and several rows share one range.
    for low in range(width):
        for high in range(width):
            if low == high or (numbers[:, high] <= 10).any() or (numbers[:, low] > numbers[:, high]).any():
                continue
            ranges = np.unique(numbers[:, [low, high]], axis=0)
            if not 2 <= len(ranges) <= len(numbers) / 4:
                continue
            for value in range(width):
                if value in (low, high) or len(np.unique(numbers[:, value])) < 0.5 * len(numbers):
                    continue
                inside = (numbers[:, value] >= numbers[:, low]) & (numbers[:, value] <= numbers[:, high])
                # Counters lie between anything wide: the range that says most is the narrowest.
                size = float(np.median(1 - numbers[:, low] / numbers[:, high]))
                if float(inside.mean()) > 0.7 and (best is None or size < best[0]):
                    best = (size, (value, low, high))
    return None if best is None else best[1]


def repeats(values: Float[np.ndarray, " row"]) -> int:
    """How many times the same cells were read one after the other in `values`; 1 when nothing shows more.

    Reads of one cell differ by the noise of reading, other cells of one level by the spread of writing: the
    distance between repeats is where values agree far better than at any other distance.
    """
    logs = np.log(values)
    size = len(values)

    def distance(lag: int) -> float:
        return float(np.median(np.abs(logs[lag:] - logs[:-lag])))

    lags = [size // k for k in range(2, min(_MOST_READS, size // 8) + 1) if size % k == 0]
    if not lags or not np.isfinite(logs).all():
        return 1
    best = min(lags, key=distance)
    # Cells written in a regular pattern repeat as well, but only to within the spread of their level: another
    # distance inside one read shows that spread.
    return size // best if distance(best) < 0.5 * min(map(distance, range(1, min(best, _LAGS)))) else 1
