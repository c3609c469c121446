"""Meshes: geometric from both ends of every layer, fine where the potential is steep.

The rule is that of the reference device (abdel2024charge): in half a layer the cells grow by one ratio from `first`;
their number is the smallest for which the last one is not above `largest`. 5e-4 and 2e-2 of the length give 189
nodes.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int

from pinched._errors import PinchedError


def graded_half(first: float, largest: float) -> Float[np.ndarray, " cell"]:
    """Cells of half a layer of length 1, from the end to the middle; `first` and `largest` are shares of it."""
    if not 0.0 < first <= largest <= 0.5:
        raise PinchedError(
            f"a mesh with first cell {first:g} and largest cell {largest:g} of the layer cannot be made. Both are "
            "shares of the layer above 0 and up to 0.5, the first not above the largest."
        )
    if first > 1e-2 or largest > 0.1:
        raise PinchedError(
            f"first cell {first:g} and largest cell {largest:g} of the layer leave its contacts unresolved. Take at "
            "most 1e-2 and 0.1; the reference has 5e-4 and 2e-2."
        )
    # The last cell falls as the number rises: halve the interval, whose upper end has equal cells.
    low, high = 1, max(2, math.ceil(0.5 / first))
    while high - low > 1:
        middle = (low + high) // 2
        fits = first * _ratio(first, middle) ** (middle - 1) <= largest * (1.0 + 1e-12)
        low, high = (low, middle) if fits else (middle, high)
    return first * _ratio(first, high) ** np.arange(high)


def _ratio(first: float, count: int) -> float:
    """Ratio of `count` cells that begin with `first` and are 0.5 long together, at least 1; by bisection."""
    if count < 2 or first * count >= 0.5:
        return math.inf if count < 2 else 1.0
    low, high = 0.0, math.log(0.5 / first) / (count - 1)
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        total = math.expm1(count * middle) / math.expm1(middle) if middle > 0.0 else count
        low, high = (middle, high) if first * total < 0.5 else (low, middle)
    return math.exp(0.5 * (low + high))


def mesh(
    lengths: tuple[float, ...], first: float, largest: float
) -> tuple[Float[np.ndarray, " node"], Int[np.ndarray, " edge"]]:
    """Nodes (m) of layers of `lengths` (m) from left to right, and the layer of every edge."""
    half = graded_half(first, largest)
    cells = np.concatenate([half, half[::-1]])
    cells = cells / cells.sum()
    nodes, start = [np.zeros(1)], 0.0
    for length in lengths:
        inside = start + length * np.cumsum(cells)
        inside[-1] = start + length
        nodes.append(inside)
        start += length
    return np.concatenate(nodes), np.repeat(np.arange(len(lengths)), cells.size)
