"""The distributions of a device paper; each function takes axes, draws one figure into them and returns them.

`plot_probability` (probability paper) is what the field prints first: points are data, the line is the
fit, the band is what chance alone does. `plot_histogram` shows the shape of one quantity. Values are
magnitudes where they are all negative (V_RESET), and the label says so.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator
from scipy import stats

from pinched.extraction.distributions import DistributionFit, Lognormal, Normal, Weibull
from pinched.extraction.families import Gamma, LognormalMixture
from pinched.report.figures_sweeps import no_data
from pinched.report.quantities import Quantity
from pinched.report.style import RASTER_MARKERS, Colour, note_title, tidy_log_axis
from pinched.report.words import interval_text, number_interval, pretty_unit, quantity_text

COLOURS = {
    Quantity.V_SET: Colour.SET,
    Quantity.V_RESET: Colour.RESET,
    Quantity.RESISTANCE_LRS: Colour.LRS,
    Quantity.RESISTANCE_HRS: Colour.HRS,
}
"""The colour that a quantity has in every figure."""

_PERCENT = (0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)
_PER_LINE = 2
"""Parameters that fit beside each other, with their intervals, over half a page."""


def axis_label(name: str, unit: str, values: np.ndarray) -> str:
    """ "SET voltage (V)"; a quantity whose values are all negative is drawn by magnitude: "|RESET voltage| (V)"."""
    finite = values[np.isfinite(values)]
    shown = f"|{name}|" if finite.size and (finite < 0).all() else name
    return f"{shown} ({pretty_unit(unit) or '1'})"


def fit_text(fit: DistributionFit, unit: str) -> str:
    """Parameters of `fit` with their 95 % intervals, two to a line; those that carry a unit in `unit` (SI).

    Symbols are those of the fields, as mathtext.
    """
    parts = []
    for f in dataclasses.fields(fit.distribution):  # type: ignore[arg-type]
        value, interval = getattr(fit.distribution, f.name), fit.interval[f.name]
        if f.metadata["unit"] == "1":
            text = number_interval(value, interval)
        else:
            text = f"{quantity_text(value, unit)} {interval_text(interval, unit, value)}"
        parts.append(f"${f.metadata['symbol']}$ = {text}")
    lines = [parts[k : k + _PER_LINE] for k in range(0, len(parts), _PER_LINE)]
    return ",\n".join(", ".join(line) for line in lines)


def plot_histogram(
    values: Float[np.ndarray, " value"],
    fit: DistributionFit | None,
    ax: Axes,
    *,
    label: str,
    unit: str,
    colour: Colour = Colour.DATA,
) -> Axes:
    """Histogram of `values` (SI, in `unit`; NaN dropped) with the counts that `fit` expects; returns `ax`.

    Bins are equal in the logarithm where the fit is lognormal or Weibull and the values span more than
    a decade. n and the fitted parameters with their intervals stand above the axes.
    """
    ax.set_xlabel(axis_label(label, unit, values))
    ax.set_ylabel("Count per bin")
    shown = _magnitudes(values, fit)
    if shown.size == 0:
        return no_data(ax)
    log = _log_scale(shown, fit) and bool(shown.max() > 10.0 * shown.min())
    scaled = np.log10(shown) if log else shown
    edges = _edges(scaled)
    counts, _ = np.histogram(scaled, edges)
    borders = 10.0**edges if log else edges
    if log:
        ax.set_xscale("log")
    ax.bar(
        borders[:-1],
        counts,
        np.diff(borders),
        align="edge",
        color=colour,
        alpha=0.55,
        edgecolor="white",
        linewidth=0.5,
    )
    highest = float(counts.max())
    title = f"n = {shown.size}"
    if fit is not None:
        x = np.linspace(edges[0], edges[-1], 300)
        at = 10.0**x if log else x
        # Expected counts, so that the curve and the bars share one axis: density times width of a bin.
        density = np.exp(fit.distribution.log_density(np.maximum(at, 1e-300) if _positive_only(fit) else at))
        width = edges[1] - edges[0]
        expected = shown.size * density * width * (at * np.log(10.0) if log else 1.0)
        ax.plot(at, expected, color=Colour.FIT, linewidth=1.1)
        highest = max(highest, float(expected.max()))
        title += f", {fit.distribution.name}\n{fit_text(fit, unit)}"
    ax.set_ylim(0, 1.08 * highest)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    note_title(ax, title)
    tidy_log_axis(ax.xaxis)
    return ax


def plot_probability(
    values: Float[np.ndarray, " value"],
    fit: DistributionFit | None,
    ax: Axes,
    *,
    label: str,
    unit: str,
    colour: Colour = Colour.DATA,
    legend: str = "",
) -> Axes:
    """Cumulative probability of `values` (SI, in `unit`; NaN dropped) on a normal-quantile axis; returns `ax`.

    A straight line is a normal distribution, or a lognormal one where the axis is logarithmic. The band
    holds 95 % of the points that independent draws from the fit would give. Call it again on the same
    axes, with a `legend`, to compare two quantities.
    """
    ax.set_xlabel(axis_label(label, unit, values))
    ax.set_ylabel("Cumulative probability (%)")
    shown = np.sort(_magnitudes(values, fit))
    if shown.size == 0:
        return ax if ax.has_data() else no_data(ax)
    n = shown.size
    if _log_scale(shown, fit):
        ax.set_xscale("log")
    # (i - 1/2) / n: Hazen's plotting position keeps the smallest and the largest value on the axis.
    position = stats.norm.ppf((np.arange(n) + 0.5) / n)
    named = f"{legend} (n = {n})" if legend else f"n = {n}"
    ax.plot(
        shown,
        position,
        "o",
        color=colour,
        markersize=2.6,
        markeredgewidth=0,
        label=named,
        zorder=3,
        rasterized=n > RASTER_MARKERS,
    )
    if fit is not None:
        z = np.linspace(-max(2.6, position[-1] + 0.2), max(2.6, position[-1] + 0.2), 200)
        line = fit.distribution.from_normal(z)
        keep = line > 0 if ax.get_xscale() == "log" else np.full(line.shape, True)
        ax.plot(line[keep], z[keep], color=Colour.FIT, linewidth=0.9, zorder=2)
        # The k-th of n uniform draws has a beta distribution: exact, and no simulation is needed.
        order = np.unique(np.linspace(1, n, min(n, 200)).round().astype(int))
        low, high = (
            fit.distribution.from_normal(stats.norm.ppf(stats.beta.ppf(p, order, n + 1 - order)))
            for p in (0.025, 0.975)
        )
        ax.fill_betweenx(position[order - 1], low, high, color=colour, alpha=0.16, linewidth=0, zorder=1)
    ticks = [p for p in _PERCENT if 0.3 / n <= p / 100 <= 1 - 0.3 / n or p in (5, 25, 50, 75, 95)]
    ax.set_yticks(stats.norm.ppf(np.array(ticks) / 100), [f"{p:g}" for p in ticks])
    ax.yaxis.set_minor_locator(NullLocator())
    # Only what this function drew before counts: a second quantity may have more values than the first.
    reach = max(float(np.abs(np.asarray(line.get_ydata(), dtype=float)).max()) for line in ax.lines) + 0.15
    ax.set_ylim(-reach, reach)
    ax.grid(visible=True, axis="y", color=Colour.FAINT, linewidth=0.5, zorder=0)
    ax.set_axisbelow(True)
    tidy_log_axis(ax.xaxis)
    if legend:
        # Above the axes: curves from lower left to upper right leave no corner free for certain.
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, handletextpad=0.1, columnspacing=1.0)
    return ax


def _magnitudes(values: np.ndarray, fit: DistributionFit | None) -> np.ndarray:
    finite = values[np.isfinite(values)]
    if fit is not None:
        return fit.sign * finite
    return -finite if finite.size and (finite < 0).all() else finite


def _positive_only(fit: DistributionFit) -> bool:
    return isinstance(fit.distribution, Lognormal | Weibull | Gamma | LognormalMixture)


def _log_scale(shown: np.ndarray, fit: DistributionFit | None) -> bool:
    if shown.min() <= 0:
        return False
    return bool(shown.max() > 10.0 * shown.min()) if fit is None else not isinstance(fit.distribution, Normal)


def _edges(values: np.ndarray) -> np.ndarray:
    """Edges of equal bins: Freedman and Diaconis, but 5 to 40, which an outlier cannot blow up."""
    low, high = float(values.min()), float(values.max())
    # Values that differ only by rounding are one value: NumPy refuses bins narrower than that.
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        half = 0.1 * abs(low) or 0.5
        return np.array([low - half, low + half])
    quartiles = np.percentile(values, [25, 75])
    step = 2.0 * float(quartiles[1] - quartiles[0]) / values.size ** (1 / 3)
    bins = 40 if step <= 0 else int(np.clip(np.ceil((high - low) / step), 5, 40))
    return np.linspace(low, high, bins + 1)
