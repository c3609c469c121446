"""Maps of a solved array: `plot_node_voltages`, `plot_ir_drop` and `plot_currents`, one cell per tile.

Word lines run across and bit lines down, as the array is wired: word lines are driven at the left, bit lines leave at
the bottom. A colour scale that crosses zero is centred there.
"""

from __future__ import annotations

import math
from enum import Enum

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pinched._params import require
from pinched.crossbar.wires.solution import ArraySolution
from pinched.report.style import Colour, figure_of, note_title, short_number

_ONE_SIDED, _TWO_SIDED = "cividis", "RdBu_r"  # told apart with every colour vision


class Lines(Enum):
    """Whose nodes are shown."""

    WORD = "word lines"
    BIT = "bit lines"


def plot_node_voltages(solution: ArraySolution, ax: Axes, *, lines: Lines = Lines.WORD) -> Axes:
    """Voltage (V) of every node of `lines`; returns `ax`. A node that no terminal reaches is hatched."""
    values = solution.word_voltage if lines is Lines.WORD else solution.bit_voltage
    low, high = np.nanmin(values), np.nanmax(values)
    return _map(values, ax, f"Voltage of {lines.value}", "V", f"{low:.3g} to {high:.3g} V")


def plot_ir_drop(solution: ArraySolution, ax: Axes, *, applied: np.ndarray) -> Axes:
    """How much of the `applied` voltage (V, (word line, bit line)) each cell does not get, in V; returns `ax`.

    `applied` is the voltage of the word line's terminal minus that of the bit line's, see `applied_voltage`.
    """
    lost = np.abs(applied) - np.abs(solution.device_voltage)
    largest = np.nanmax(np.abs(applied), initial=0.0)
    worst = np.nanmax(lost)
    note = f"at most {100 * worst / largest:.3g} % of {largest:.3g} V" if largest > 0 else "nothing applied"
    return _map(lost, ax, "IR drop", "V", note)


def applied_voltage(word_line_voltage: np.ndarray, bit_line_voltage: np.ndarray) -> np.ndarray:
    """Voltage (V) that each cell (word line, bit line) would get without wires; NaN where a line floats."""
    return np.asarray(word_line_voltage)[:, None] - np.asarray(bit_line_voltage)[None, :]


def plot_currents(solution: ArraySolution, ax: Axes) -> Axes:
    """Current (A) through every cell, from its word line to its bit line; returns `ax`."""
    through = solution.device_current
    total = float(np.nansum(through))
    return _map(through, ax, "Current of cells", "A", f"{short_number(1e6 * total)} µA in all")


def _map(values: np.ndarray, ax: Axes, label: str, unit: str, note: str) -> Axes:
    require(
        ArraySolution,
        values.ndim == 2,
        f"the solution has {values.ndim - 2} axes of planes; plot one: take [k] first.",
    )
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    scale, prefix = _scale(max(abs(low), abs(high)))
    both = low < 0 < high
    reach = max(abs(low), abs(high), 1e-300) * scale
    norm = Normalize(-reach, reach) if both else Normalize(scale * low, scale * high)
    if not both and scale * (high - low) <= 1e-9 * reach:
        norm = Normalize(scale * low - 0.05 * reach, scale * high + 0.05 * reach)
    ax.set_facecolor("white")
    ax.patch.set_hatch("////")
    ax.patch.set_edgecolor(Colour.ALL)
    image = ax.imshow(
        np.ma.masked_invalid(scale * values), cmap=_TWO_SIDED if both else _ONE_SIDED, norm=norm, aspect="auto",
        interpolation="none",
    )  # fmt: skip
    image.set_rasterized(values.size > 10_000)
    ax.set_xlabel("Bit line (number)")
    ax.set_ylabel("Word line (number)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    ax.tick_params(length=0)
    bar = figure_of(ax).colorbar(image, ax=ax, fraction=0.06, pad=0.03)
    bar.outline.set_linewidth(0.5)  # type: ignore[operator]
    bar.set_label(f"{label} ({prefix}{unit})")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    note_title(ax, note)
    return ax


def _scale(largest: float) -> tuple[float, str]:
    """Factor and prefix that bring `largest` to between 1 and 1000."""
    if largest <= 0:
        return 1.0, ""
    step = min(max(math.floor(math.log10(largest) / 3), -4), 0)
    return 10.0 ** (-3 * step), ["", "m", "µ", "n", "p"][-step]
