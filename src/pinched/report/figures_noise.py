"""Figures of noise; each takes axes, draws one figure into them and returns them.

`plot_telegraph` lays the levels of telegraph noise over the trace, `plot_spectrum` shows the power spectral density
with its slope, `plot_noise_law` read noise against conductance.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from pinched.extraction.noise import NoiseLaw, Telegraph
from pinched.extraction.series import SpectrumFit
from pinched.report.style import DEVICE_COLOURS, NOTE, RASTER_MARKERS, Colour, note_title, tidy_log_axis
from pinched.report.words import number_interval, pretty_unit, quantity_text


def plot_telegraph(
    values: Float[np.ndarray, " read"],
    interval_s: float,
    telegraph: Telegraph,
    ax: Axes,
    *,
    label: str,
    unit: str,
) -> Axes:
    """`values` (SI, in `unit`) against time (s), and the level of each read where there are some; returns `ax`."""
    time = interval_s * np.arange(values.size)
    ax.set_xlabel("Time (s)")
    ax.set_ylabel(f"{label} ({pretty_unit(unit)})")
    ax.plot(
        time,
        values,
        color=Colour.ALL if telegraph.found else Colour.DATA,
        linewidth=0.5,
        rasterized=values.size > 20 * RASTER_MARKERS,
        zorder=1,
    )
    if telegraph.found:
        level = np.array([one.value for one in telegraph.levels])
        for k in range(level.size):
            mine = telegraph.state == k
            colour = DEVICE_COLOURS[k % len(DEVICE_COLOURS)]
            ax.plot(
                time[mine], values[mine], ".", color=colour, markersize=1.4, markeredgewidth=0,
                rasterized=values.size > RASTER_MARKERS, zorder=2,
            )  # fmt: skip
            one = telegraph.levels[k]
            ax.annotate(
                f"{one.dwell:.3g} s\n{100 * one.occupancy:.0f} %", (1.01, one.value),
                xycoords=("axes fraction", "data"), fontsize=NOTE, color=colour, va="center",
            )  # fmt: skip
        ax.step(time, level[telegraph.state], where="mid", color=Colour.FIT, linewidth=0.7, zorder=3)
    text = telegraph.text
    if telegraph.found:
        amplitude = quantity_text(telegraph.amplitude, unit)
        text = f"{len(telegraph.levels)} levels (dwell, share), amplitude {amplitude}, p = {telegraph.p_value:.2g}"
    note_title(ax, text)
    # 10.5 µA instead of 1.05 under a lonely 1e-5.
    ax.yaxis.set_major_formatter(EngFormatter(sep=" "))
    ax.margins(x=0)
    return ax


def plot_spectrum(fit: SpectrumFit, ax: Axes, *, unit: str) -> Axes:
    """Spectral density (`unit` squared per Hz) against frequency (Hz), and the fitted power law; returns `ax`."""
    ax.set_xlabel("Frequency (Hz)")
    ax.set_ylabel(f"Spectral density ({pretty_unit(unit)}²/Hz)")
    ax.set_xscale("log")
    ax.set_yscale("log")
    shown = fit.density > 0
    ax.plot(fit.frequency[shown], fit.density[shown], color=Colour.DATA, linewidth=0.7)
    inside = (fit.frequency >= fit.fitted[0]) & (fit.frequency <= fit.fitted[1])
    ax.plot(fit.frequency[inside], fit.line[inside], color=Colour.FIT, linewidth=1.1)
    low, high = fit.interval
    note_title(ax, rf"$S \propto 1/f^{{\alpha}}$, α = {number_interval(fit.exponent, (low, high))}")
    tidy_log_axis(ax.xaxis)
    tidy_log_axis(ax.yaxis)
    return ax


def plot_noise_law(law: NoiseLaw, ax: Axes) -> Axes:
    """Relative read noise (%) of each state against its conductance (S), and the fitted power law; returns `ax`."""
    ax.set_xlabel("Conductance (S)")
    ax.set_ylabel("Read noise (% of G)")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.plot(law.conductance, 100 * law.noise, "o", color=Colour.DATA, markersize=3)
    grid = np.geomspace(law.conductance.min(), law.conductance.max(), 50)
    ax.plot(grid, 100 * law.prefactor * grid**law.exponent, color=Colour.FIT)
    low, high = law.interval
    note_title(ax, rf"$\sigma_G/G \propto G^p$, p = {number_interval(law.exponent, (low, high))}")
    tidy_log_axis(ax.yaxis)
    tidy_log_axis(ax.xaxis)
    return ax
