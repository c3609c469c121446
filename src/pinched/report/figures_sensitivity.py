"""Figures of what costs a stored network its accuracy, and of what an accuracy would require."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from pinched.networks.findings import Requirement, Sensitivity
from pinched.report.style import NOTE, Colour
from pinched.report.words import missing


def plot_properties(found: Sensitivity, ax: Axes) -> Axes:
    """Accuracy (points) won when each property becomes perfect, with its 95 % interval over arrays; returns `ax`."""
    won = np.array([100 * one.recovered for one in found.ranking])
    ends = np.array([[100 * end for end in one.recovered_interval] for one in found.ranking])
    ends = np.where(np.isfinite(ends), ends, won[:, None])
    heights = np.arange(len(won), dtype=float)
    ax.barh(heights, won, 0.6, color=Colour.DATA, zorder=2)
    some = np.ptp(ends, axis=1) > 0
    ax.hlines(heights[some], ends[some, 0], ends[some, 1], color=Colour.FIT, linewidth=0.9, zorder=3)
    for height, value, end in zip(heights, won, ends[:, 1], strict=True):
        ax.annotate(
            f"{value:.1f}", (max(value, end, 0.0), height), xytext=(3, 0), textcoords="offset points", va="center",
            fontsize=NOTE,
        )  # fmt: skip
    ax.set_yticks(heights, [one.property.value for one in found.ranking])
    ax.tick_params(axis="y", length=0)
    ax.invert_yaxis()
    ax.set_xlim(min(0.0, float(ends.min())), 1.15 * max(float(ends.max()), 1.0))
    ax.set_xlabel("Accuracy won (points)")
    return ax


def plot_required(rows: Sequence[Requirement], ax: Axes) -> Axes:
    """What an accuracy asks of each property alone, as a share of what it is now, with its interval; returns `ax`."""
    heights = np.arange(len(rows), dtype=float)
    shares = [
        tuple(value / row.present for value in (row.value, *row.interval) if not missing(value))
        for row in rows
        if row.reached and row.present > 0
    ]
    most = 1.1 * max([1.2, *(max(share) for share in shares)])
    ax.axvline(1.0, color=Colour.MUTED, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    ax.annotate(
        "now", (1.0, 1.0), xycoords=("data", "axes fraction"), xytext=(2, -1), textcoords="offset points", va="top",
        fontsize=NOTE, color=Colour.MUTED,
    )  # fmt: skip
    for height, row in zip(heights, rows, strict=True):
        unit = "" if row.unit == "1" else f" {row.unit}"
        text = f"not enough alone:\n{100 * row.accuracy:.1f} % at best"
        if row.reached:
            text = f"{row.value:.3g}{unit} (now {row.present:.3g}{unit})"
        if row.reached and row.present > 0:
            low, high = (end / row.present for end in row.interval)
            if not missing(low):
                ax.hlines(height, low, high, color=Colour.DATA, linewidth=2.4, alpha=0.45)
            ax.plot(row.value / row.present, height, "o", color=Colour.DATA, markersize=4.5, zorder=3)
        # Beside the axes: inside them no place is free in every case.
        ax.annotate(
            text, (1.0, height), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=NOTE, color=Colour.FIT if row.reached else Colour.MUTED,
        )  # fmt: skip
    ax.set_yticks(heights, [row.knob.value for row in rows])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(rows) - 0.5, -0.8)
    ax.set_xlim(0, most)
    ax.set_xlabel("Share of what it is now")
    return ax
