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
    place = _place(record, g.size)
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


def _place(record: PlateauRecord, size: int) -> np.ndarray:
    # A branch whose ends were not usable keeps its usable part.
    return record.place if record.place.size == size else np.arange(float(size))


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
    ax.stairs(histogram.counts, histogram.edges, fill=True, color=Colour.DATA, alpha=0.8, linewidth=0)
    top = float(histogram.counts.max(initial=1.0))
    ax.set_ylim(0, 1.25 * top)
    for place in histogram.peaks.tolist():
        ax.annotate(f"{place:.2g}", (place, 1.12 * top), fontsize=NOTE, color=Colour.FIT, ha="center", rotation=90)
        ax.axvline(place, ymax=0.87, color=Colour.FIT, linewidth=0.4, zorder=0)
    if quantum is not None and quantum.levels is not None:
        for kind, colour in zip(LevelKind, (Colour.SET, Colour.RESET, Colour.MUTED, Colour.ALL), strict=True):
            mine = [v for v, k in zip(quantum.levels.value.tolist(), quantum.levels.kinds, strict=True) if k is kind]
            if mine:
                ax.plot(
                    mine, np.full(len(mine), -0.03 * top), "|", color=colour, markersize=5, clip_on=False,
                    label=f"{kind.value} ({len(mine)})",
                )  # fmt: skip
        ax.legend(loc="upper right", frameon=False, fontsize=NOTE)
        note_title(ax, quantum.text)
    ax.set_xlim(0, float(histogram.edges[-1]))
    return ax


def plot_pulse_levels(
    series: Sequence[tuple[str, Float[np.ndarray, " pulse"]]], ax: Axes, *, label: str, turn: int | None = None
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
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=NOTE)
    return ax
