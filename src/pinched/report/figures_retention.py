"""Figures of retention; each takes axes, draws one figure into them and returns them.

`plot_retention` for a state against time with its extrapolation, `plot_arrhenius` for the activation of its life,
`plot_level_confusion` for which level reads as which.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from pinched import constants
from pinched._units import show
from pinched.data.traces import Retention
from pinched.extraction.levels import LevelConfusion
from pinched.extraction.retention import TEN_YEARS, Arrhenius, RetentionFit
from pinched.report.figures_sweeps import no_data
from pinched.report.style import (
    DEVICE_COLOURS,
    NOTE,
    RASTER_MARKERS,
    Colour,
    note_title,
    plain_text,
    tidy_log_axis,
)
from pinched.report.words import interval_text, number, powers, quantity_text


def plot_retention(traces: Sequence[Retention], fits: Sequence[RetentionFit], ax: Axes) -> Axes:
    """Resistance (ohm) against time since programming (s), both logarithmic, of `traces`; returns `ax`.

    `fits` holds the fit of each trace, or nothing. The measured part of a law is a line, the extrapolated part
    dashed within its 95 % band, and a line marks ten years.
    """
    ax.set_xlabel("Time since programming (s)")
    ax.set_ylabel("Resistance (Ω)")
    usable = [k for k, t in enumerate(traces) if (np.isfinite(t.resistance) & (t.resistance > 0)).any()]
    if not usable:
        return no_data(ax)
    ax.set_xscale("log")
    ax.set_yscale("log")
    reads = sum(len(traces[k]) for k in usable)
    bottom, top = np.inf, 0.0
    for place, k in enumerate(usable):
        trace, colour = traces[k], DEVICE_COLOURS[place % len(DEVICE_COLOURS)]
        fit = fits[k] if fits else None
        since = trace.time - np.nanmin(trace.time)
        steps: np.ndarray = np.diff(np.unique(since[np.isfinite(since)]))
        # The first read is not at programming: where no offset was fitted it is drawn one read later.
        offset = fit.best.offset if fit is not None else float(np.median(steps)) if steps.size else 1.0
        keep = np.isfinite(since) & (trace.resistance > 0)
        name = trace.state or trace.device
        ax.plot(
            since[keep] + offset, trace.resistance[keep], "o", color=colour, markersize=1.8, markeredgewidth=0,
            alpha=0.6, rasterized=reads > RASTER_MARKERS, label=plain_text(name, 14), zorder=2,
        )  # fmt: skip
        bottom, top = (
            min(bottom, float(trace.resistance[keep].min())),
            max(top, float(trace.resistance[keep].max())),
        )
        if fit is None:
            continue
        curve = fit.best.resistance(fit.time)
        inside = fit.time <= fit.span + offset
        beyond = fit.time >= fit.time[inside][-1] if inside.any() else np.full(fit.time.shape, True)
        measured = inside & (fit.time >= offset)
        ax.plot(fit.time[measured], curve[measured], color=Colour.FIT, linewidth=0.9, zorder=3)
        ax.plot(
            fit.time[beyond], curve[beyond], color=Colour.FIT, linewidth=0.9, linestyle=(0, (4, 2)), zorder=3
        )
        low = np.maximum(fit.low[beyond], 1e-3 * bottom)
        ax.fill_between(
            fit.time[beyond], low, fit.high[beyond], color=colour, alpha=0.2, linewidth=0, zorder=1
        )
        bottom, top = min(bottom, float(low.min())), max(top, float(fit.high[beyond].max()))
    room = max((top / bottom) ** 0.08, 1.02)
    ax.set_ylim(bottom / room, top * room)
    if fits:
        ax.axvline(TEN_YEARS, color=Colour.MUTED, linewidth=0.6, linestyle=":")
        ax.annotate(
            "10 years", (TEN_YEARS, 0.02), xycoords=("data", "axes fraction"), xytext=(-2, 0), rotation=90,
            textcoords="offset points", fontsize=NOTE, color=Colour.MUTED, ha="right", va="bottom",
        )  # fmt: skip
    tidy_log_axis(ax.xaxis)
    tidy_log_axis(ax.yaxis)
    if len(usable) == 1 and fits:
        fit = fits[usable[0]]
        value, low, high = fit.extrapolated
        when = "10 years" if np.isclose(fit.time[-1], TEN_YEARS) else f"{show(float(fit.time[-1]), 's')}"
        ends = interval_text((low, high), "ohm", value)
        note_title(
            ax,
            f"{fit.best.law}; at {when} {quantity_text(value, 'ohm')} {ends}\n"
            f"extrapolated {powers(number(fit.span_factor, 2))} times the time measured",
        )
    elif 1 < len(usable) <= len(DEVICE_COLOURS):
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handletextpad=0.1, markerscale=1.6)
    return ax


def plot_arrhenius(fit: Arrhenius, ax: Axes, *, use: float = 358.15) -> Axes:
    """Retention time (s, log) against 1 / (k_B T) (1/eV) with the line of `fit` and its 95 % band; returns `ax`.

    The line goes on, dashed, to the temperature of `use` (K; 358.15 K is 85 °C). Temperatures stand above.
    """
    ax.set_xlabel(r"1 / $k_\mathrm{B}T$ (1/eV)")
    ax.set_ylabel("Retention time (s)")

    def inverse(kelvin: np.ndarray) -> np.ndarray:
        return constants.E / (constants.K_B * np.maximum(kelvin, 1.0))

    x = inverse(fit.temperature)
    grid = np.linspace(
        min(x.min(), inverse(np.array([use]))[0]), max(x.max(), inverse(np.array([use]))[0]), 80
    )
    ends = np.array([fit.time_at(float(constants.E / (constants.K_B * g))) for g in grid])
    measured = (grid >= x.min()) & (grid <= x.max())
    ax.set_yscale("log")
    ax.fill_between(grid, ends[:, 1], ends[:, 2], color=Colour.DATA, alpha=0.18, linewidth=0)
    ax.plot(grid, ends[:, 0], color=Colour.FIT, linewidth=0.9, linestyle=(0, (4, 2)))
    ax.plot(grid[measured], ends[measured, 0], color=Colour.FIT, linewidth=1.1)
    ax.plot(x, fit.time, "o", color=Colour.DATA, markersize=3.6, zorder=3)
    ax.axhline(TEN_YEARS, color=Colour.MUTED, linewidth=0.6, linestyle=":")
    ax.annotate(
        "10 years", (0.01, TEN_YEARS), xycoords=("axes fraction", "data"), xytext=(0, 1), textcoords="offset points",
        fontsize=NOTE, color=Colour.MUTED, va="bottom",
    )  # fmt: skip
    ax.margins(x=0.03)
    ax.set_ylim(top=8.0 * max(TEN_YEARS, float(ends[:, 2].max())))
    shown = np.unique(np.round(np.append(fit.temperature, use)))
    top = ax.secondary_xaxis("top", functions=(lambda g: g, lambda g: g))
    top.set_xticks(inverse(shown), [f"{kelvin:g} K" for kelvin in shown], fontsize=NOTE, color=Colour.MUTED)
    top.tick_params(length=2)
    low, high = fit.interval
    ax.annotate(
        rf"$E_\mathrm{{a}}$ = {fit.activation_energy:.2f} eV [{low:.2f}, {high:.2f}]", (0.97, 0.05),
        xycoords="axes fraction", ha="right", fontsize=7,
    )  # fmt: skip
    tidy_log_axis(ax.yaxis)
    return ax


def plot_level_confusion(confusion: LevelConfusion, ax: Axes) -> Axes:
    """Share of the cells of each level (row) that read as each level (column), in %; returns `ax`."""
    counts = confusion.counts
    share = 100.0 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    number = counts.shape[0]
    # The root of the share: a level that one cell in a hundred reads as must be seen.
    ax.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=10, aspect="equal")
    for i in range(number):
        for j in range(number):
            if counts[i, j]:
                ax.text(
                    j, i, f"{share[i, j]:.3g}", ha="center", va="center", fontsize=5.5 if number > 6 else NOTE,
                    color="white" if share[i, j] > 35 else "#1a1a1a",
                )  # fmt: skip
    ax.set_xticks(range(number))
    ax.set_yticks(range(number))
    ax.tick_params(length=0)
    ax.set_xlabel("Level read (number)")
    ax.set_ylabel("Level before (number)")
    low, high = (100 * end for end in confusion.changed_interval)
    note_title(
        ax,
        f"{confusion.changed} of {confusion.cells} cells changed:\n"
        f"{100 * confusion.changed_share:.2g} % [{low:.2g}, {high:.2g}]; entries in %",
    )
    return ax
