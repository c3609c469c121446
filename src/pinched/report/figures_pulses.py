"""Pulse experiments; each function draws one figure into axes and returns them.

`plot_pulse_trace` shows a trace as it was recorded. `plot_read_write` is Fig. 3e of marraccini2025fast: the state
after each write, beside what was applied. `plot_updates` shows potentiation and depression of every repeat, the fit
with its convention named, `plot_update_series` what repeating does to them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pinched._units import parse_unit, show
from pinched.data.traces import PulseTrace
from pinched.extraction.plasticity import Convention, Direction, UpdateFit
from pinched.extraction.pulses import PulseEvents
from pinched.report.figures_sweeps import no_data
from pinched.report.style import NOTE, RASTER_MARKERS, Colour, note_title, plain_text, tidy_log_axis
from pinched.report.words import number, plural, powers, pretty_unit, quantity_text

_AXES = {
    Convention.NEUROSIM_LABEL: "Nonlinearity (NeuroSim label)",
    Convention.PULSES: "A (pulses)",
    Convention.NORMALISED: "A / N",
    Convention.ALPHA: "alpha (1/pulse)",
}
_WORDS = {
    Convention.NEUROSIM_LABEL: "nonlinearity (NeuroSim label)",
    Convention.PULSES: "A (pulses)",
    Convention.NORMALISED: "A / N",
    Convention.ALPHA: "alpha (per pulse)",
}


def plot_read_write(events: PulseEvents, ax: Axes, *, threshold: float | None = None) -> Axes:
    """Draw the conductance (S, log) read after each write pulse of `events`, and return `ax`.

    Triangles upwards follow a positive pulse, downwards a negative one; index 0 is the state before the first.
    `threshold` (S) is a dashed line.
    """
    ax.set_xlabel("Write pulses applied (number)")
    ax.set_ylabel(f"Conductance read at {events.read_voltage:g} V (S)")
    g = np.concatenate([events.conductance_before[:1], events.conductance_after])
    if not (g > 0).any():
        return no_data(ax, "no read between the pulses")
    # The limits are set below: one state, read again and again, has none of its own.
    ax.set_autoscaley_on(False)
    ax.set_yscale("log")
    n = np.arange(g.size)
    ax.plot(n, g, color=Colour.ALL, linewidth=0.8, zorder=1)
    sign = np.concatenate([[0.0], np.sign(events.amplitude)])
    for value, marker, colour, word in (
        (0.0, "o", Colour.MUTED, "before"),
        (1.0, "^", Colour.SET, _pulse_words(events, 1)),
        (-1.0, "v", Colour.RESET, _pulse_words(events, -1)),
    ):
        mine = (sign == value) & (g > 0)
        if mine.any():
            ax.plot(
                n[mine], g[mine], marker, color=colour, markersize=3.8, markeredgewidth=0, label=word, zorder=3,
                rasterized=bool(mine.sum() > RASTER_MARKERS),
            )  # fmt: skip
    if threshold is not None:
        ax.axhline(threshold, color=Colour.FIT, linewidth=0.7, linestyle=(0, (4, 3)), zorder=2)
        ax.annotate(
            f"threshold {quantity_text(threshold, 'S', 2)}", (1.0, threshold), xycoords=ax.get_yaxis_transform(),
            xytext=(0, 2), textcoords="offset points", fontsize=NOTE, color=Colour.MUTED, ha="right",
        )  # fmt: skip
    known = np.isfinite(events.energy)
    if known.any():
        middle = powers(quantity_text(float(np.median(events.energy[known])), "J", 2))
        note_title(ax, f"median energy {middle} per pulse ({int(known.sum())} of {known.size} known)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    low, high = float(np.nanmin(g[g > 0])), float(np.nanmax(g))
    ax.set_ylim(low / 2, high * 6)
    tidy_log_axis(ax.yaxis)
    ax.legend(loc="upper left", ncols=3, handletextpad=0.1, columnspacing=0.8, fontsize=NOTE)
    return ax


def plot_updates(
    traces: Sequence[PulseTrace],
    fits: Sequence[UpdateFit],
    ax: Axes,
    *,
    convention: Convention,
    logarithmic: bool = False,
) -> Axes:
    """Draw every trace (S) against its pulses, potentiation then depression, and the median fit; returns `ax`.

    `fits` belong to `traces` one by one. Repeats are thin, the last one of each direction has markers, so that
    what one repeat hides is seen; the nonlinearity is named by `convention` above the axes.
    """
    ax.set_xlabel("Pulse number (potentiation, then depression)")
    ax.set_ylabel("Conductance (S)")
    if not traces or len(traces) != len(fits):
        return no_data(ax, f"{len(traces)} traces and {len(fits)} fits")
    if logarithmic:
        ax.set_yscale("log")
    factor, unit = _unit(max(fit.g_max for fit in fits)) if not logarithmic else (1.0, "S")
    ax.set_ylabel(f"Conductance ({unit})")
    start, words = 0.0, []
    for direction, colour in ((Direction.POTENTIATION, Colour.SET), (Direction.DEPRESSION, Colour.RESET)):
        mine = [k for k, fit in enumerate(fits) if fit.direction is direction]
        if not mine:
            continue
        longest = max(fits[k].pulses for k in mine)
        gap = np.array([np.nan])
        x = np.concatenate([p for k in mine for p in (start + np.arange(float(len(traces[k]))), gap)])
        y = np.concatenate([p for k in mine for p in (traces[k].conductance / factor, gap)])
        ax.plot(
            x, y, color=Colour.ALL, linewidth=0.5, zorder=1, rasterized=x.size > 20_000,
            label="repeats" if start == 0 else None,
        )  # fmt: skip
        last = traces[mine[-1]].conductance / factor
        ax.plot(
            start + np.arange(last.size), last, "o", color=colour, markersize=2.4, markeredgewidth=0, zorder=2,
            label=f"{direction.value}, last of {len(mine)}",
        )  # fmt: skip
        middle = _median_fit([fits[k] for k in mine])
        n = np.linspace(0.0, middle.pulses, 200)
        ax.plot(start + n, middle.conductance(n) / factor, color=Colour.FIT, linewidth=1.0, zorder=3)
        values = np.array([fits[k].nonlinearity(convention) for k in mine])
        scatter = f" ± {number(float(values.std(ddof=1)), 2)}" if len(mine) > 1 else ""
        words.append(f"{direction.value}: {_median(values)}{scatter}, {plural(middle.pulses, 'pulse')}")
        start += longest
    note_title(ax, f"{_WORDS[convention]}, {fits[0].scale.value} fitted\n" + "\n".join(words))
    ax.plot([], [], color=Colour.FIT, linewidth=1.0, label="fit (median repeat)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy_log_axis(ax.yaxis)
    ax.legend(loc="best", fontsize=NOTE)
    return ax


def plot_pulse_trace(trace: PulseTrace, ax: Axes) -> Axes:
    """Draw every state (S) of `trace` against its time (s), or its pulse where no time is known; returns `ax`.

    States under a positive and a negative voltage and those at less than half of the largest have a colour each,
    where the voltage is known. The axis of conductance is logarithmic where the states span a decade.
    """
    timed = trace.time is not None and bool(np.isfinite(trace.time).any())
    x = trace.time if timed and trace.time is not None else np.arange(float(len(trace)))
    ax.set_xlabel("Time (s)" if timed else "Pulse (number)")
    ax.set_ylabel("Conductance (S)")
    g = trace.conductance
    keep = np.isfinite(g) & np.isfinite(x)
    if not keep.any():
        return no_data(ax)
    log = bool((g[keep] > 0).all() and g[keep].max() > 10.0 * g[keep].min())
    factor, unit = (1.0, "S") if log else _unit(float(np.abs(g[keep]).max()))
    ax.set_ylabel(f"Conductance ({unit})")
    if log:
        ax.set_yscale("log")
    many = int(keep.sum()) > RASTER_MARKERS
    if not many:
        ax.plot(x[keep], g[keep] / factor, color=Colour.ALL, linewidth=0.6, zorder=1)
    for word, mine, colour in _by_voltage(trace, keep):
        ax.plot(
            x[mine], g[mine] / factor, "o", color=colour, markersize=1.6 if many else 2.6, markeredgewidth=0,
            linestyle="none", label=word, zorder=3, rasterized=many,
        )  # fmt: skip
    if not timed:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy_log_axis(ax.yaxis)
    note_title(ax, f"{plain_text(trace.device, 40)}, {plural(int(keep.sum()), 'state')}")
    if trace.amplitude is not None:
        ax.legend(
            loc="best", handletextpad=0.1, markerscale=1.5, frameon=True, framealpha=0.85, edgecolor="none"
        )
    return ax


def _by_voltage(
    trace: PulseTrace, keep: Bool[np.ndarray, " pulse"]
) -> list[tuple[str, Bool[np.ndarray, " pulse"], Colour]]:
    """Groups of states by the voltage on them: words for the legend, members, colour."""
    volts = trace.amplitude
    if volts is None or not np.isfinite(volts).any() or not np.nanmax(np.abs(volts)) > 0:
        return [("states", keep, Colour.DATA)]
    strong = np.abs(volts) >= 0.5 * np.nanmax(np.abs(volts))
    groups = []
    for mine, colour in (
        (keep & strong & (volts > 0), Colour.SET),
        (keep & strong & (volts < 0), Colour.RESET),
        (keep & ~strong, Colour.MUTED),
    ):
        if mine.any():
            groups.append((f"at {quantity_text(float(np.median(volts[mine])), 'V', 2)}", mine, colour))
    return groups


def plot_update_series(fits: Sequence[UpdateFit], ax: Axes, *, convention: Convention | None = None) -> Axes:
    """Draw the pulses of each of `fits`, or its nonlinearity by `convention`, against its repeat; returns `ax`.

    Repeats count within each direction, in the order given. A straight line, whose A is infinite, is left out.
    """
    ax.set_xlabel("Repeat (number)")
    ax.set_ylabel("Pulses per trace (number)" if convention is None else _AXES[convention])
    if not fits:
        return no_data(ax)
    for direction, colour, marker in (
        (Direction.POTENTIATION, Colour.SET, "^"),
        (Direction.DEPRESSION, Colour.RESET, "v"),
    ):
        mine = [fit for fit in fits if fit.direction is direction]
        values = np.array(
            [float(f.pulses) if convention is None else f.nonlinearity(convention) for f in mine]
        )
        shown = np.isfinite(values)
        if shown.any():
            ax.plot(
                1.0 + np.flatnonzero(shown), values[shown], marker, color=colour,
                markersize=3.2 if values.size <= 60 else 1.8, markeredgewidth=0, linestyle="none",
                label=f"{direction.value} ({values.size})", rasterized=values.size > RASTER_MARKERS,
            )  # fmt: skip
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(y=0.15)
    # Above the axes: two series leave no corner free for certain.
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2,
        handletextpad=0.1,
        columnspacing=1.0,
        markerscale=1.3,
    )
    return ax


def _unit(largest: float) -> tuple[float, str]:
    """Factor and prefixed unit in which `largest` (S) has one to three digits before the point."""
    prefixed = show(largest, "S").rsplit(" ", 1)[-1]
    parsed = parse_unit(prefixed)
    return (parsed[1], pretty_unit(prefixed)) if parsed else (1.0, "S")


def _median(values: Float[np.ndarray, " fit"]) -> str:
    middle = float(np.median(values))
    return number(middle) if math.isfinite(middle) else "straight"


def _median_fit(fits: list[UpdateFit]) -> UpdateFit:
    """The fit whose curvature is the median one (the lower of two)."""
    return sorted(fits, key=lambda f: f.curvature)[(len(fits) - 1) // 2]


def _pulse_words(events: PulseEvents, sign: int) -> str:
    mine = events.amplitude * sign > 0
    if not mine.any():
        return ""
    volts, width = float(np.median(events.amplitude[mine])), float(np.median(events.width[mine]))
    return f"{quantity_text(volts, 'V', 2)}, {quantity_text(width, 's', 2)}"
