"""Figures of `zamankhani2024.reproduce`, drawn from its numbers alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pinched.report.figure_files import write_figure
from pinched.report.figures_laws import scaled
from pinched.report.style import (
    NOTE,
    Colour,
    Width,
    new_figure,
    note_title,
    paper_style,
    tidy_log_axis,
)

Values = Mapping[str, Any]


def plot_deviation(errors: list[float], ax: Axes, *, title: str) -> Axes:
    """MSE of each held-back run over their mean, sorted: figure 2 of the paper, in an order that can be read."""
    values = np.sort(np.array(errors))
    mean = float(values.mean())
    ax.semilogy(
        np.arange(1, values.size + 1), np.maximum(values / mean, 1e-8), ".", color=Colour.DATA, markersize=2.5
    )
    ax.axhline(1.0, color=Colour.RESET, linewidth=0.9)
    ax.set_xlabel("Held-back run, by its error")
    ax.set_ylabel("MSE / mean MSE")
    above = float((values > mean).mean())
    ax.text(0.97, 0.05, f"mean {mean:.2g}\n{100 * above:.0f} % of runs above it", transform=ax.transAxes, va="bottom",
            ha="right", fontsize=NOTE, color=Colour.MUTED)  # fmt: skip
    tidy_log_axis(ax.yaxis)
    note_title(ax, title)
    return ax


def plot_curve(published: Values, best: Values, ax: Axes, *, title: str) -> Axes:
    """One device: what was simulated, and what both networks predict."""
    volts, amps = np.array(best["voltage"]), np.array(best["current"])
    unit, name = scaled(float(np.abs(amps).max()), "A")
    amps = amps / unit
    ax.plot(volts, amps, color=Colour.ALL, linewidth=2.6, label="simulated")
    ax.plot(volts, np.array(best["predicted"]) / unit, color=Colour.SET, linewidth=0.9, label="best")
    ax.plot(
        published["voltage"], np.array(published["predicted"]) / unit, color=Colour.RESET, linewidth=0.8,
        linestyle=(0, (3, 1.5)), label="HDiNN",
    )  # fmt: skip
    # A network that is off by a decade must not hide the device.
    span = float(np.ptp(amps))
    ax.set_ylim(float(amps.min()) - 0.4 * span, float(amps.max()) + 0.4 * span)
    ax.set_xlabel("Voltage (V)")
    ax.set_ylabel(f"Current ({name})")
    note_title(ax, title)
    return ax


def plot_lengths(published: Values, best: Values, ax: Axes) -> Axes:
    """MSE over the first samples of each run against their share: figure 4a."""
    for one, colour, name in ((published, Colour.RESET, "HDiNN"), (best, Colour.SET, "best")):
        ax.semilogy(100 * np.array(one["share"]), one["mse"], "o-", color=colour, label=name)
    ax.set_xlabel("Predicted part of the cycle (%)")
    ax.set_ylabel("MSE (log conductance, 0 to 1)")
    _whole_decades(ax)
    tidy_log_axis(ax.yaxis)
    ax.legend()
    return ax


def plot_sizes(curve: Values, ax: Axes) -> Axes:
    """MSE on held-back memristive devices against the number of training runs: figure 4b."""
    for name, colour, label in (("hdinn", Colour.RESET, "HDiNN"), ("best", Colour.SET, "best")):
        ax.loglog(curve["runs"], curve[name], "o-", color=colour, label=label)
    ax.set_xlabel("Training runs")
    ax.set_ylabel("MSE (log conductance, 0 to 1)")
    _whole_decades(ax)
    tidy_log_axis(ax.yaxis)
    tidy_log_axis(ax.xaxis)
    ax.legend()
    return ax


def _whole_decades(ax: Axes) -> None:
    """Whole decades of what is drawn, three at least: numbers without a unit then stand as powers of ten."""
    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in ax.get_lines()])
    low, high = np.floor(np.log10(drawn.min())), np.ceil(np.log10(drawn.max()))
    ax.set_ylim(10.0 ** min(low, high - 3.0), 10.0**high)


def write_figures(found: Values, folder: Path) -> None:
    """Write the figures of `found` to `folder`, as SVG and PDF and as PNG of 300 dots per inch."""
    published, best = found["detail"]["hdinn"][0], found["detail"]["best"][0]
    with paper_style():
        figure, axes = new_figure(Width.DOUBLE, 6.0, columns=2)
        plot_deviation(published["u"]["per_run"], axes[0, 0], title="HDiNN, set U")
        plot_deviation(best["u"]["per_run"], axes[0, 1], title="Best, set U")
        write_figure(folder, "deviation", figure, simulated=True)
        figure, axes = new_figure(Width.DOUBLE, 6.0, columns=3)
        titles = ("Median loop", "Wider than 90 % of loops", "Widest loop")
        for k, title in enumerate(titles):
            plot_curve(published["e"]["curves"][k], best["e"]["curves"][k], axes[0, k], title=title)
        axes[0, 0].legend(loc="best", fontsize=NOTE)
        write_figure(folder, "curves", figure, simulated=True)
        figure, axes = new_figure(Width.DOUBLE, 6.0, columns=2)
        plot_lengths(published["u"]["by_length"], best["u"]["by_length"], axes[0, 0])
        plot_sizes(found["detail"]["learning_curve"], axes[0, 1])
        write_figure(folder, "lengths_and_sizes", figure, simulated=True)
