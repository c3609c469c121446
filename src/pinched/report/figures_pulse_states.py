r"""Pulse by pulse: figures of how each pulse moves a state; each function draws into axes and returns them.

After Fig. 6 and S12 of roy2025quantum: `plot_pulse_means` the mean current of each pulse, `plot_normalised_staircase`
I_i / I_1, `plot_polar_states` the same on a polar plot (radius I_i / I_1, angle (i - 1) pi), `plot_time_lag` the
map of I_{i+1} against I_i with the scatter of each level.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import EngFormatter

from pinched._errors import PinchedError
from pinched.extraction.plateau_series import TimeLag
from pinched.report.figures_sweeps import no_data
from pinched.report.style import RASTER_MARKERS, Colour, note_title
from pinched.report.words import pretty_unit


def plot_pulse_means(
    current: Float[np.ndarray, " pulse"], ax: Axes, *, label: str = "Current", unit: str = "A"
) -> Axes:
    """Mean of each pulse (SI, in `unit`) against its number; returns `ax`."""
    ax.set_xlabel("Pulse (number)")
    ax.set_ylabel(f"{label} ({pretty_unit(unit)})")
    n = np.arange(1, current.size + 1)
    ax.plot(n, current, "-", color=Colour.ALL, linewidth=0.6, zorder=1)
    ax.plot(n, current, "o", color=Colour.RESET, markersize=2.2, markeredgewidth=0, zorder=2)
    ax.yaxis.set_major_formatter(EngFormatter(sep=" "))
    return ax


def _shares(current: Float[np.ndarray, " pulse"]) -> np.ndarray:
    if current.size == 0 or not np.isfinite(current[0]) or current[0] == 0:
        raise PinchedError(
            "the first pulse has no current to divide by: leave out pulses before the first read."
        )
    return current / current[0]


def plot_normalised_staircase(current: Float[np.ndarray, " pulse"], ax: Axes) -> Axes:
    """I_i / I_1 of each pulse as a staircase; returns `ax`. Raises `PinchedError` where the first is 0 or missing."""
    share = _shares(current)
    ax.set_xlabel("Pulse (number)")
    ax.set_ylabel("I / I of the first pulse")
    n = np.arange(1, share.size + 1)
    ax.step(n, share, where="mid", color=Colour.RESET, linewidth=1.0)
    ax.set_ylim(bottom=0)
    return ax


def plot_polar_states(current: Float[np.ndarray, " pulse"], ax: Axes) -> Axes:
    """Radius I_i / I_1, angle (i - 1) pi: pulses alternate left and right, a level is a ring; returns `ax`.

    Raises `PinchedError` for axes that are not polar, or where the first current is 0 or missing.
    """
    if not isinstance(ax, PolarAxes):
        raise PinchedError(
            "a polar plot needs polar axes: make them with subplot_kw={'projection': 'polar'}."
        )
    share = _shares(current)
    # (i - 1) pi, whole turns left out.
    angle = np.pi * (np.arange(share.size) % 2)
    points = ax.scatter(angle, share, c=np.arange(1, share.size + 1), cmap="viridis", s=9, zorder=3)
    ring = np.linspace(0.0, 2.0 * np.pi, 181)
    for value in np.unique(np.round(share[np.isfinite(share)], 2)).tolist()[:40]:
        ax.plot(ring, np.full(ring.size, value), color=Colour.FAINT, linewidth=0.5, zorder=1)
    ax.set_xticks([0.0, np.pi], ["odd", "even"])
    ax.grid(False)
    ax.set_rlabel_position(90)
    ax.figure.colorbar(points, ax=ax, label="Pulse (number)", pad=0.12, shrink=0.8)
    return ax


def plot_time_lag(lag: TimeLag, ax: Axes, *, label: str = "Current", unit: str = "A") -> Axes:
    """State after each pulse against the state before (SI, in `unit`), the line of no change, scatter per level."""
    ax.set_xlabel(f"{label} of pulse i ({pretty_unit(unit)})")
    ax.set_ylabel(f"{label} of pulse i + 1 ({pretty_unit(unit)})")
    if lag.before.size == 0:
        return no_data(ax, "no two pulses in a row")
    both = np.concatenate([lag.before, lag.after])
    ends = [min(float(both.min()), 0.0), 1.05 * float(both.max())]
    ax.plot(ends, ends, "--", color=Colour.MUTED, linewidth=0.7, zorder=1)
    ax.plot(
        lag.before, lag.after, "o", color=Colour.RESET, markersize=2.4, markeredgewidth=0, alpha=0.6, zorder=2,
        rasterized=lag.before.size > RASTER_MARKERS,
    )  # fmt: skip
    for k, level in enumerate(lag.levels.tolist()):
        mine = lag.after[lag.level_before == k]
        if mine.size > 1:
            ax.errorbar(
                level, float(mine.mean()), yerr=float(mine.std(ddof=1)), color=Colour.FIT, fmt="_", markersize=5,
                elinewidth=0.8, capsize=2, zorder=3,
            )  # fmt: skip
    known = lag.scatter[np.isfinite(lag.scatter)]
    text = f"{100 * lag.falling:.0f} % of {lag.before.size} pulses lower the state"
    if known.size:
        text += f"; scatter per level {100 * float(np.median(known)):.2g} % (median of {known.size})"
    note_title(ax, text)
    ax.set_xlim(*ends)
    ax.set_ylim(*ends)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(EngFormatter(sep=" "))
    return ax
