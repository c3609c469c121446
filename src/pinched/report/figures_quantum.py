"""Conductance in steps of G_0; each function draws one figure into axes and returns them.

`plot_plateaus` lays levels and verdict over a record (Figs. 1, 2 of roy2025quantum), `plot_quantum_histogram` counts
conductances, `plot_pulse_levels` shows series of pulses under one setting after the other (its Fig. 5),
`plot_highest_levels` how high records reach with their compliance. Single pulses are in `figures_pulse_states`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pinched.constants import G_0
from pinched.extraction.plateau_records import Kind, PlateauRecord, Process, QuantumConductance
from pinched.extraction.plateau_series import HighestLevel
from pinched.extraction.quantum_levels import ConductanceHistogram, LevelKind, without_series
from pinched.report.figures_sweeps import no_data
from pinched.report.style import DEVICE_COLOURS, NOTE, RASTER_MARKERS, Colour, note_title

_PLACES = {Kind.SWEEP: "Voltage (V)", Kind.PULSES: "Pulse (number)", Kind.TIME: "Time (s)"}
_MOST_LINES = 26


def plot_plateaus(record: PlateauRecord, ax: Axes, *, series_resistance: float = 0.0) -> Axes:
    """Conductance (G_0) of `record` with its plateaus, lines at multiples of G_0 / 2, and the verdict.

    `series_resistance` (ohm) is taken off everything.
    """
    found = record.found
    g, fit = (without_series(x, series_resistance) / G_0 for x in (found.conductance, found.fitted))
    ax.set_xlabel(_PLACES[record.kind])
    ax.set_ylabel(r"Conductance ($G_0$)")
    place = record.place
    ax.plot(
        place, g, ".", color=Colour.SET if record.process is Process.SET else Colour.RESET, markersize=2.0,
        markeredgewidth=0, rasterized=g.size > RASTER_MARKERS, zorder=2,
    )  # fmt: skip
    if not found.plateaus:
        ax.plot(place, fit, color=Colour.FIT, linewidth=0.7, zorder=3)
    for p in found.plateaus:
        level = float(without_series(np.array([p.conductance]), series_resistance)[0]) / G_0
        ends = place[[p.start, min(p.stop, g.size) - 1]]
        ax.plot(ends, [level, level], color=Colour.FIT, linewidth=1.4, solid_capstyle="butt", zorder=4)
    _level_lines(ax, float(np.nanmin(g)), float(np.nanmax(g)))
    note_title(ax, found.text)
    return ax


def _level_lines(ax: Axes, low: float, high: float) -> None:
    """Whole multiples of G_0 as lines, half ones as dots where there is room for them."""
    first, last = max(int(np.floor(low)), 0), int(np.ceil(high))
    every = max((last - first) // _MOST_LINES + 1, 1)
    for n in range(first, last + 1, every):
        ax.axhline(n, color=Colour.FAINT, linewidth=0.6, zorder=0)
        if every == 1 and last - first <= _MOST_LINES // 2 and n < last:
            ax.axhline(n + 0.5, color=Colour.FAINT, linewidth=0.5, linestyle=(0, (1, 2)), zorder=0)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))


def plot_quantum_histogram(
    histogram: ConductanceHistogram, ax: Axes, *, quantum: QuantumConductance | None = None
) -> Axes:
    """Counts of `histogram` with its peaks; the levels of `quantum` as ticks by their kind, where given."""
    ax.set_xlabel(r"Conductance ($G_0$)")
    ax.set_ylabel("Samples (number)")
    middle = 0.5 * (histogram.edges[1:] + histogram.edges[:-1])
    kept = histogram.counts > 0
    # Bars on a logarithmic axis: one long plateau must not hide the others.
    ax.bar(
        middle[kept],
        histogram.counts[kept],
        width=np.diff(histogram.edges)[kept],
        color=Colour.DATA,
        linewidth=0,
    )
    ax.set_yscale("log")
    top = float(histogram.counts.max(initial=1.0))
    ax.set_ylim(0.7, 12.0 * top)
    for n in range(int(histogram.edges[-1]) + 1):
        ax.axvline(n, color=Colour.FAINT, linewidth=0.5, zorder=0)
    if histogram.peaks.size:
        heights = [1.6 * float(histogram.counts[np.abs(middle - p).argmin()]) for p in histogram.peaks]
        ax.plot(
            histogram.peaks, heights, "v", color=Colour.FIT, markersize=2.6, markeredgewidth=0,
            label=f"peak ({histogram.peaks.size})",
        )  # fmt: skip
    if quantum is not None and quantum.levels is not None:
        for kind, colour in zip(LevelKind, (Colour.SET, Colour.RESET, Colour.MUTED, Colour.ALL), strict=True):
            mine = [
                v
                for v, k in zip(quantum.levels.value.tolist(), quantum.levels.kinds, strict=True)
                if k is kind
            ]
            if mine:
                ax.plot(
                    mine, np.full(len(mine), 0.85), "|", color=colour, markersize=5,
                    label=f"{kind.value} ({len(mine)})"
                )  # fmt: skip
        note_title(ax, quantum.text)
    ax.legend(loc="upper center", frameon=False, fontsize=NOTE, ncols=3, columnspacing=1.0, handletextpad=0.3)
    ax.set_xlim(0, float(histogram.edges[-1]))
    return ax


def plot_pulse_levels(
    series: Sequence[tuple[str, Float[np.ndarray, " pulse"]]],
    ax: Axes,
    *,
    label: str,
    turn: int | None = None,
) -> Axes:
    """States (S) after each pulse, one staircase per setting: Fig. 5 of roy2025quantum; returns `ax`.

    `series` is (text of the setting, conductance after each pulse); `label` says what was set; `turn` is the number
    of pulses after which the polarity changed.
    """
    ax.set_xlabel("Pulse (number)")
    ax.set_ylabel(r"Conductance ($G_0$)")
    if not series:
        return no_data(ax, "no series of pulses")
    top = 0.0
    for k, (text, states) in enumerate(series):
        g = np.asarray(states) / G_0
        n = np.arange(g.size)
        colour = DEVICE_COLOURS[k % len(DEVICE_COLOURS)]
        ax.step(n, g, where="mid", color=colour, linewidth=0.9, label=text)
        ax.plot(n, g, ".", color=colour, markersize=3, markeredgewidth=0)
        top = max(top, float(np.nanmax(g)))
    _level_lines(ax, 0.0, top)
    if turn is not None:
        ax.axvline(turn + 0.5, color=Colour.MUTED, linewidth=0.6, linestyle="--")
    ax.set_ylim(-0.03 * top, 1.25 * top)
    ax.legend(loc="upper right", frameon=False, fontsize=NOTE, title=label, title_fontsize=NOTE, ncols=2)
    return ax


def plot_highest_levels(levels: Sequence[HighestLevel], ax: Axes) -> Axes:
    """Highest plateau (G_0) of each record against its compliance (A), SET and RESET apart; returns `ax`."""
    ax.set_xlabel("Compliance current (mA)")
    ax.set_ylabel(r"Highest plateau ($G_0$)")
    known = [one for one in levels if one.compliance_current is not None]
    if not known:
        return no_data(ax, "no record states its compliance")
    for process, colour, marker in ((Process.SET, Colour.SET, "^"), (Process.RESET, Colour.RESET, "v")):
        mine = [one for one in known if one.process is process]
        if mine:
            ax.plot(
                [1e3 * (one.compliance_current or 0.0) for one in mine], [one.level for one in mine], marker,
                color=colour, markersize=4, markeredgewidth=0, label=process.value, linestyle="none",
            )  # fmt: skip
    ax.set_ylim(0, 1.1 * max(one.level for one in known))
    ax.legend(frameon=False, fontsize=NOTE, loc="lower right")
    return ax
