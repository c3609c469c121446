"""Figures of endurance; each takes axes, draws one figure into them and returns them.

`plot_endurance` shows every cycle that was read, failures included, `plot_survival` what several devices prove
together: the Kaplan-Meier curve with its band, and where devices were stopped while they worked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from pinched.data.traces import Endurance
from pinched.extraction.endurance import Criterion, Survival, extract_endurance
from pinched.report.figures_sweeps import no_data
from pinched.report.style import RASTER_MARKERS, Colour, headroom, note_title, tidy_log_axis


def plot_endurance(traces: Sequence[Endurance], criterion: Criterion, ax: Axes) -> Axes:
    """Both states (ohm) against cycle, both axes logarithmic, of every read of `traces`; returns `ax`.

    Cycles that fail `criterion` are crosses, a dashed line marks where each device failed. The title says how many
    cycles were verified of those applied.
    """
    ax.set_xlabel("Cycle (number)")
    ax.set_ylabel("Resistance (Ω)")
    if not traces:
        return no_data(ax)
    lives = extract_endurance(traces, criterion)
    cycle = np.concatenate([t.cycle for t in traces])
    states = [
        np.concatenate([getattr(t, name) for t in traces]) for name in ("resistance_lrs", "resistance_hrs")
    ]
    seen = np.isfinite(states[0]) & np.isfinite(states[1])
    good = criterion.passed(states[0], states[1])
    drawable = [np.isfinite(r) & (r > 0) & (cycle > 0) for r in states]
    if not (drawable[0].any() or drawable[1].any()):
        return no_data(ax)
    many = cycle.size > RASTER_MARKERS
    size = 2.6 if cycle.size <= 300 else 1.6
    for r, shown, colour, name in zip(
        states, drawable, (Colour.LRS, Colour.HRS), ("LRS", "HRS"), strict=True
    ):
        fine, bad = shown & (good | ~seen), shown & seen & ~good
        ax.plot(
            cycle[fine], r[fine], "o", color=colour, markersize=size, markeredgewidth=0, label=name, rasterized=many,
            zorder=2,
        )  # fmt: skip
        ax.plot(
            cycle[bad], r[bad], "x", color=colour, markersize=size + 1.2, markeredgewidth=0.7, rasterized=many,
            zorder=3, label=f"{name}, failed cycle" if bad.any() else None,
        )  # fmt: skip
    for life in lives:
        if life.failed and np.isfinite(life.first_failed) and life.first_failed > 0:
            ax.axvline(life.first_failed, color=Colour.MUTED, linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    ax.set_xscale("log")
    ax.set_yscale("log")
    positive = np.concatenate([r[s] for r, s in zip(states, drawable, strict=True)])
    ax.set_ylim(positive.min() / 2.0, positive.max() * 2.0)
    tidy_log_axis(ax.yaxis)
    tidy_log_axis(ax.xaxis)
    verified, applied = sum(one.cycles_verified for one in lives), sum(one.cycles_applied for one in lives)
    title = f"{verified} of {applied} cycles verified, ratio ≥ {criterion.min_ratio:g}"
    if len(lives) == 1:
        title += f"\n{lives[0].failure}" + (f" at cycle {lives[0].first_failed:g}" if lives[0].failed else "")
    else:
        title += f"\n{sum(one.failed for one in lives)} of {len(lives)} devices failed"
    note_title(ax, title)
    # Above the data: the window between the states closes where it matters.
    headroom(ax, 0.3)
    ax.legend(loc="upper left", handletextpad=0.1, ncols=2, columnspacing=0.8, markerscale=1.4)
    return ax


def plot_survival(survival: Survival, ax: Axes) -> Axes:
    """Share of devices that still work (%) against cycle, with the pointwise 95 % band; returns `ax`.

    Bars mark devices that were stopped while they worked, the dashed line half of the devices.
    """
    ax.set_xlabel("Cycle (number)")
    ax.set_ylabel("Working devices (%)")
    if survival.cycle.size < 2:
        return no_data(ax)
    x = survival.cycle
    log = bool(x[1:].min() * 30 < x.max())
    # A log axis has no zero: the curve starts below the first life.
    start = x[1] / 3.0 if log else 0.0
    end = x[-1] * (1.6 if log else 1.05)
    edges = np.concatenate([[start], x[1:], [end]])
    low, share, high = (
        np.append(100 * y, 100 * y[-1]) for y in (survival.low, survival.share, survival.high)
    )
    ax.fill_between(edges, low, high, step="post", color=Colour.DATA, alpha=0.18, linewidth=0, label="95 %")
    ax.step(edges, share, where="post", color=Colour.DATA, label="Kaplan-Meier")
    if survival.censored.size:
        at = survival.share[np.searchsorted(x, survival.censored, side="right") - 1]
        shown = np.maximum(survival.censored, start)
        ax.plot(
            shown, 100 * at, "|", color=Colour.FIT, markersize=6, markeredgewidth=0.9, linestyle="none",
            label="stopped while working", clip_on=False, zorder=3,
        )  # fmt: skip
    ax.axhline(50, color=Colour.MUTED, linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    if log:
        ax.set_xscale("log")
    ax.set_xlim(start, end)
    ax.set_ylim(-2, 104)
    tidy_log_axis(ax.xaxis)
    note_title(ax, survival.text.replace(" (", "\n(", 1))
    ax.legend(loc="lower left", handletextpad=0.5)
    return ax
