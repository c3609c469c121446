"""Multi-level cells; each function draws one figure into axes and returns them.

`plot_levels` shows where the cells of each level lie, before and after something happened to them, `plot_writes` what
a write log wanted and what it reached. Which level reads as which is `figures_retention.plot_level_confusion`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator
from scipy import stats

from pinched.data.traces import LevelReads, WriteLog
from pinched.report.figures_sweeps import no_data
from pinched.report.style import RASTER_MARKERS, Colour, note_title, short_number, tidy_log_axis

_PERCENT = (0.1, 1, 10, 50, 90, 99, 99.9)


def plot_levels(
    before: LevelReads,
    ax: Axes,
    *,
    after: LevelReads | None = None,
    level: Int[np.ndarray, " cell"] | None = None,
    borders: Float[np.ndarray, " border"] | None = None,
) -> Axes:
    """Cumulative probability of the conductance (S) of the cells of each `level`, first reads; returns `ax`.

    Without `level` all cells are one group and the axis is logarithmic; levels are parted evenly in conductance and
    stand on a linear one. `after` adds the same cells later, `borders` (ohm) lines between the levels. The axis of
    probability is that of a normal distribution: a straight line is a normal (on a log axis a lognormal) level.
    """
    ax.set_xlabel("Conductance (S)")
    ax.set_ylabel("Cumulative probability (%)")
    first = before.resistance[0]
    if not (first > 0).any():
        return no_data(ax)
    groups = np.zeros(first.size, dtype=np.int64) if level is None else level
    ax.set_xscale("log" if level is None else "linear")
    reads = [("before" if after is not None else "read", first, Colour.DATA, "o")]
    if after is not None:
        reads.append(("after", after.resistance[0], Colour.SET, "x"))
    reach = 1.5
    for name, resistance, colour, marker in reads:
        x, y = [], []
        for k in np.unique(groups[groups >= 0]):
            mine = np.sort(1.0 / resistance[(groups == k) & (resistance > 0)])
            if mine.size:
                x.append(mine)
                y.append(stats.norm.ppf((np.arange(mine.size) + 0.5) / mine.size))
        g, z = np.concatenate(x), np.concatenate(y)
        reach = max(reach, float(np.abs(z).max()))
        ax.plot(
            g, z, marker, color=colour, markersize=1.8, markeredgewidth=0.0 if marker == "o" else 0.5,
            linestyle="none", label=f"{name} (n = {g.size})", zorder=3 if marker == "o" else 2,
            rasterized=g.size > RASTER_MARKERS,
        )  # fmt: skip
    for border in () if borders is None else borders:
        ax.axvline(1.0 / border, color=Colour.ALL, linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    ticks = [p for p in _PERCENT if abs(stats.norm.ppf(p / 100)) <= reach + 0.2]
    ax.set_yticks(stats.norm.ppf(np.array(ticks) / 100), [f"{p:g}" for p in ticks])
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylim(-reach - 0.2, reach + 0.2)
    ax.grid(visible=True, axis="y", color=Colour.FAINT, linewidth=0.5, zorder=0)
    ax.set_axisbelow(True)
    if level is not None:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    tidy_log_axis(ax.xaxis)
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, handletextpad=0.1, columnspacing=1.0)
    return ax


def plot_writes(log: WriteLog, ax: Axes) -> Axes:
    """Resistance (ohm, log) that each write of `log` reached, range by range, with the range wanted; returns `ax`."""
    ax.set_xlabel("Wanted range (number, from the lowest resistance)")
    ax.set_ylabel("Resistance (Ω)")
    ranges, which = np.unique(np.column_stack([log.lower, log.upper]), axis=0, return_inverse=True)
    which = np.ravel(which)
    r = log.resistance
    keep = np.isfinite(r) & (r > 0)
    if not keep.any():
        return no_data(ax)
    ax.set_yscale("log")
    low, high = float(r[keep].min()), float(r[keep].max())
    span = (low / 1.5, high * 1.5)
    inside = (r >= log.lower) & (r <= log.upper)
    for k, (a, b) in enumerate(ranges):
        ax.fill_between(
            [k - 0.42, k + 0.42], max(a, span[0]), min(b, span[1]), color=Colour.FIRST, alpha=0.25, linewidth=0,
            zorder=1, label="wanted" if k == 0 else None,
        )  # fmt: skip
    # Spread over the width of the column in the order of the log: no two writes hide each other.
    place = np.empty(r.size)
    for k in range(len(ranges)):
        mine = np.flatnonzero(which == k)
        place[mine] = k + np.linspace(-0.36, 0.36, max(mine.size, 1))[: mine.size]
    for good, colour, marker, name in (
        (True, Colour.DATA, "o", "reached"),
        (False, Colour.SET, "x", "missed"),
    ):
        mine = keep & (inside == good)
        if mine.any():
            ax.plot(
                place[mine], r[mine], marker, color=colour, markersize=1.6 if good else 2.2,
                markeredgewidth=0 if good else 0.5, linestyle="none", zorder=3 if good else 2,
                label=f"{name} ({int(mine.sum())})", rasterized=mine.sum() > RASTER_MARKERS,
            )  # fmt: skip
    ax.set_xticks(range(len(ranges)), [str(k + 1) for k in range(len(ranges))])
    ax.set_xlim(-0.6, len(ranges) - 0.4)
    ax.set_ylim(*span)
    tidy_log_axis(ax.yaxis)
    cells = np.unique(log.address).size
    note_title(
        ax,
        f"{log.resistance.size} writes to {cells} cells, {100 * inside[keep].mean():.1f} % within the range",
    )
    ax.legend(
        loc="upper left", handletextpad=0.1, markerscale=2, frameon=True, framealpha=0.85, edgecolor="none"
    )
    return ax
