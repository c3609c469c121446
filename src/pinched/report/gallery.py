"""Every figure of a report, drawn, rendered and captioned: what the page and the folder of figures share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pinched.data.sweep import IVSweep
from pinched.devices.spread import SpreadFit
from pinched.extraction.table import SwitchingTable
from pinched.networks.score import Score
from pinched.report.figures_cycles import hide_x, plot_cycle_series, plot_resistance_scatter
from pinched.report.figures_device import COLOURS, plot_histogram, plot_probability
from pinched.report.figures_network import plot_accuracy, plot_confusion
from pinched.report.figures_sweeps import MOST_CYCLES, plot_sweeps
from pinched.report.quantities import Quantity
from pinched.report.style import (
    NOTE,
    Colour,
    SvgText,
    Width,
    freeze_layout,
    new_figure,
    paper_style,
    to_png,
    to_svg,
)
from pinched.report.words import plural


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One finished figure."""

    name: str
    """File name without its ending, such as "sweeps"."""
    title: str
    """What the figure shows, in a few words; also the start of its text for those who cannot see it."""
    caption: str
    """What is drawn and of how many devices and cycles."""
    alt: str
    """What a reader would see, for those who cannot."""
    wide: bool
    """True for the width of the page, False for one column."""
    page_svg: str
    """SVG with text as outlines, for the page."""
    phone_svg: str
    """The same one column wide, for screens where the wide figure is too small to read; "" when it is not wide."""
    file_svg: str
    """SVG with text as text, for the file; "" when only the page was asked for."""
    png: bytes
    """PNG at 300 dots per inch; b"" when only the page was asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    name: str
    title: str
    caption: str
    alt: str
    draw: Callable[[Width], Figure]
    wide: bool


def draw_gallery(
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    fit: SpreadFit | None,
    score: Score | None,
    *,
    simulated: bool,
    files: bool,
) -> list[Picture]:
    """All figures of a report; `simulated` marks each of them, `files` renders SVG and PNG files too."""
    pictures = []
    with paper_style():
        for plan in _plans(sweeps, table, fit, score):
            figure = _finished(plan.draw(Width.DOUBLE if plan.wide else Width.SINGLE), simulated)
            phone = _finished(plan.draw(Width.SINGLE), simulated) if plan.wide else None
            pictures.append(
                Picture(
                    name=plan.name,
                    title=plan.title,
                    caption=plan.caption,
                    alt=plan.alt,
                    wide=plan.wide,
                    page_svg=to_svg(figure, SvgText.PATHS),
                    phone_svg="" if phone is None else to_svg(phone, SvgText.PATHS),
                    file_svg=to_svg(figure, SvgText.TEXT) if files else "",
                    png=to_png(figure) if files else b"",
                )
            )
    return pictures


def _finished(figure: Figure, simulated: bool) -> Figure:
    if simulated:
        # A figure travels without its page: the mark goes with it.
        figure.text(0.995, 0.008, "simulated data", ha="right", va="bottom", fontsize=NOTE, color=Colour.SET)
    freeze_layout(figure)
    return figure


def _plans(
    sweeps: Sequence[IVSweep], table: SwitchingTable, fit: SpreadFit | None, score: Score | None
) -> list[_Plan]:
    many = f"{plural(len(table), 'cycle')} of {plural(len(table.devices), 'device')}"
    read = f"{table.read_voltage:g} V"
    fitted = (
        ""
        if fit is not None
        else " No distribution is fitted: one of the four quantities has too few values, or equal ones."
    )
    plans = [
        _Plan(
            name="sweeps",
            title="Current-voltage sweeps",
            caption=f"{many}; the first and the last are coloured. Numbers and arrows give the "
            f"direction of the first cycle. At most {MOST_CYCLES} cycles are drawn, evenly chosen.",
            alt="Magnitude of the current on a logarithmic axis against voltage, one curve per cycle.",
            draw=lambda width: _draw_sweeps(sweeps, width),
            wide=True,
        ),
        _Plan(
            name="probability",
            title="Cumulative probability of switching voltages and resistances",
            caption=f"{many}. Points are data, lines the fitted distributions; a band holds 95 % of what independent "
            f"draws from the fit would give. Resistances at {read}. A straight line is a "
            f"lognormal distribution where the axis is logarithmic, a normal one where it is linear.{fitted}",
            alt="Cumulative probability on a normal-quantile axis: SET and RESET voltages left, resistances right.",
            draw=lambda width: _draw_probability(table, fit, width),
            wide=True,
        ),
        _Plan(
            name="distributions",
            title="Distributions of the four device numbers",
            caption=f"{many}. Curves are the counts that the fit expects; parameters with 95 % bootstrap intervals "
            f"above each panel (μ and σ of a lognormal belong to the natural logarithm of the value in V or Ω). "
            f"Resistances at {read}.{fitted}",
            alt="Histograms of SET voltage, RESET voltage, LRS and HRS resistance with fitted curves.",
            draw=lambda width: _draw_histograms(table, fit, width),
            wide=True,
        ),
        _Plan(
            name="cycles",
            title="Device numbers in the order of measurement",
            caption=f"{many}. Grey bands part the devices. Hollow markers are bounds (compliance, noise floor), "
            "crosses are cycles without a value.",
            alt="SET voltage, RESET voltage, LRS and HRS resistance of each cycle, one panel each.",
            draw=lambda width: _draw_series(table, width),
            wide=True,
        ),
        _Plan(
            name="resistances",
            title="HRS against LRS",
            caption=f"{many}, both resistances at {read}. Lines of constant ratio HRS/LRS.",
            alt="HRS resistance against LRS resistance on logarithmic axes, one point per cycle.",
            draw=lambda width: _draw_scatter(table, width),
            wide=False,
        ),
    ]
    if score is not None:
        arrays = plural(int(score.accuracy_array.size), "array")
        plans += [
            _Plan(
                name="confusion",
                title="Answers by true class",
                caption=f"Mean over {arrays} of {plural(score.images, 'test image')} each; rows add up to 100 %.",
                alt="Matrix of the share of each true class that got each answer.",
                draw=lambda width: _draw_confusion(score, width),
                wide=False,
            ),
            _Plan(
                name="accuracy",
                title="Accuracy of the network read back from arrays",
                caption=f"{arrays} of cells drawn from the spread of {many}; line and band are "
                "the mean and its 95 % bootstrap interval over arrays. Float twin: the same network before "
                "quantization. Nearest class mean and most frequent class need no network.",
                alt="Accuracy of each array beside the float twin, the quantized network and two baselines.",
                draw=lambda width: _draw_accuracy(score, width),
                wide=True,
            ),
        ]
    return plans


def _panels(width: Width, height: float, count: int) -> tuple[Figure, list[Axes]]:
    """`count` panels in rows of `height` (cm), two in a row on a wide figure and one on a narrow one."""
    columns = 2 if width is Width.DOUBLE else 1
    figure, axes = new_figure(width, height * (count // columns), rows=count // columns, columns=columns)
    return figure, list(axes.ravel())


def _draw_sweeps(sweeps: Sequence[IVSweep], width: Width) -> Figure:
    figure, axes = new_figure(width, 8.2)
    plot_sweeps(sweeps, axes[0, 0])
    return figure


def _draw_histograms(table: SwitchingTable, fit: SpreadFit | None, width: Width) -> Figure:
    figure, axes = _panels(width, 5.3, 4)
    for quantity, ax in zip(Quantity, axes, strict=True):
        words = quantity.value
        one = None if fit is None else fit.fits[words.field]
        plot_histogram(
            quantity.measured(table), one, ax, label=words.name, unit=words.unit, colour=COLOURS[quantity]
        )
    return figure


def _draw_probability(table: SwitchingTable, fit: SpreadFit | None, width: Width) -> Figure:
    figure, axes = _panels(width, 7.0, 2)
    groups = (
        (axes[0], (Quantity.V_SET, Quantity.V_RESET), "Switching voltage, magnitude (V)"),
        (
            axes[1],
            (Quantity.RESISTANCE_LRS, Quantity.RESISTANCE_HRS),
            f"Resistance at {table.read_voltage:g} V (Ω)",
        ),
    )
    for ax, pair, label in groups:
        # An empty quantity is named by its absence from the legend; only an empty pair says "no data".
        present = [q for q in pair if np.isfinite(q.column(table)).any()] or list(pair[:1])
        for quantity in present:
            words = quantity.value
            one = None if fit is None else fit.fits[words.field]
            plot_probability(
                quantity.measured(table), one, ax, label=words.name, unit=words.unit, colour=COLOURS[quantity],
                legend=words.name.removesuffix(" voltage").removesuffix(" resistance"),
            )  # fmt: skip
        ax.set_xlabel(label)
    return figure


def _draw_series(table: SwitchingTable, width: Width) -> Figure:
    figure, axes = new_figure(width, 14.0, rows=4)
    for row, quantity in enumerate(Quantity):
        ax = plot_cycle_series(table, quantity, axes[row, 0])
        if row < 3:
            hide_x(ax)
    figure.align_ylabels(axes[:, 0])
    return figure


def _draw_scatter(table: SwitchingTable, width: Width) -> Figure:
    figure, axes = new_figure(width, 8.0)
    plot_resistance_scatter(table, axes[0, 0])
    return figure


def _draw_confusion(score: Score, width: Width) -> Figure:
    figure, axes = new_figure(width, 8.0)
    plot_confusion(score, axes[0, 0])
    return figure


def _draw_accuracy(score: Score, width: Width) -> Figure:
    figure, axes = new_figure(width, 6.5)
    plot_accuracy(score, axes[0, 0])
    return figure
