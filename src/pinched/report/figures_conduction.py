"""How a state conducts, and what the compliance does to it; each function draws one figure into axes.

`plot_conduction` is the straight-line plot of a law in its own variables, `plot_slope` the model-free look
before it, `plot_compliance_series` Fig. 3f of marraccini2025fast with the threshold of retention.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pinched._errors import PinchedError
from pinched.extraction.compliance import ComplianceSeries, Kept, NonvolatileThreshold
from pinched.extraction.conduction import ConductionFit, Verdict
from pinched.extraction.conduction_fitting import FittedLaw
from pinched.extraction.conduction_slopes import SlopeRegion, slope_curve
from pinched.report.figures_sweeps import no_data
from pinched.report.style import NOTE, RASTER_MARKERS, Colour, headroom, note_title, tidy_log_axis
from pinched.report.words import interval_text, number, powers, quantity_text, setting_text

_KEPT = (
    (Kept.YES, "o", Colour.LRS, "kept"),
    (Kept.NO, "o", Colour.HRS, "lost"),
    (Kept.UNKNOWN, "x", Colour.MUTED, "unknown"),
)


def plot_conduction(fit: ConductionFit, ax: Axes, *, law: FittedLaw | None = None) -> Axes:
    """Draw the samples of `fit` and the line of `law` (its best law when None) in that law's variables.

    Axes are natural logarithms of SI values, as their labels say. Samples that count little because the noise
    floor adds to their scatter are paler. The verdict, the law and its parameters stand above the axes.
    """
    shown = fit.best if law is None else law
    kind = shown.law
    temperature: float = kind.temperature  # type: ignore[attr-defined]
    ax.set_xlabel(kind.variable.value)
    ax.set_ylabel(kind.y_label)
    x = kind.variable.of(fit.voltage)
    y = np.log(fit.current) - kind.offset(fit.voltage, temperature)
    for strong, alpha in ((fit.weight >= 0.5, 0.8), (fit.weight < 0.5, 0.25)):
        if strong.any():
            ax.plot(
                x[strong], y[strong], "o", color=Colour.DATA, alpha=alpha, markersize=2.6, markeredgewidth=0,
                label="samples" if alpha > 0.5 else "near the noise floor", zorder=2,
            )  # fmt: skip
    dense = np.geomspace(fit.voltage[0], fit.voltage[-1], 300)
    line = kind.log_current(dense) - kind.offset(dense, temperature)
    ax.plot(kind.variable.of(dense), line, color=Colour.FIT, linewidth=1.0, label=kind.name, zorder=3)
    # Parameters of a law that does not describe the curve are no numbers of the device.
    told = fit.verdict is not Verdict.NONE_FITS or law is not None
    note_title(ax, _verdict(fit) + (f"\n{_parameters(shown)}" if told else ""))
    ax.legend(loc="best")
    return ax


def plot_slope(
    voltage: Float[np.ndarray, " sample"],
    current: Float[np.ndarray, " sample"],
    ax: Axes,
    *,
    regions: tuple[SlopeRegion, ...] = (),
) -> Axes:
    """Draw d ln I / d ln V against V (V, log) of one state, with its `regions` of constant slope; returns `ax`.

    Lines at 1 (ohmic) and 2 (square law) guide the eye; the band is one standard error. Samples that are too few
    or too close for a slope are said to be so.
    """
    ax.set_xlabel("Voltage (V)")
    ax.set_ylabel("Slope d ln I / d ln V (1)")
    try:
        curve = slope_curve(voltage, current)
    except PinchedError:
        return no_data(ax, "too few samples, or too close ones, for a slope")
    ax.set_xscale("log")
    for level, word, below in ((1.0, "ohmic", True), (2.0, "square law", False)):
        ax.axhline(level, color=Colour.MUTED, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
        ax.annotate(
            word, (0.0, level), xycoords=ax.get_yaxis_transform(), xytext=(2, -1 if below else 1),
            textcoords="offset points", fontsize=NOTE, color=Colour.MUTED, ha="left", va="top" if below else "bottom",
        )  # fmt: skip
    low, high = curve.slope - curve.error, curve.slope + curve.error
    ax.fill_between(curve.voltage, low, high, color=Colour.ALL, linewidth=0, alpha=0.7, zorder=2)
    ax.plot(curve.voltage, curve.slope, color=Colour.DATA, linewidth=1.0, label="local slope", zorder=3)
    for k, region in enumerate(regions):
        ax.plot(
            [region.v_low, region.v_high], [region.slope] * 2, color=Colour.SET, linewidth=1.6, zorder=4,
            label="regions" if k == 0 else None, solid_capstyle="butt",
        )  # fmt: skip
        ax.annotate(
            number(region.slope),
            (math.sqrt(region.v_low * region.v_high), region.slope), xytext=(0, 3), textcoords="offset points",
            fontsize=NOTE, color=Colour.SET, ha="center", va="bottom", zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        )  # fmt: skip
    top = max([float(curve.slope.max()), *(r.slope for r in regions), 2.0])
    ax.set_ylim(min(0.0, float(curve.slope.min())), 1.15 * top)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.set_xlim(float(curve.voltage.min()) / 1.3, float(np.abs(voltage).max()) * 1.05)
    tidy_log_axis(ax.xaxis)
    if regions:
        headroom(ax, 0.16)
        ax.legend(loc="upper right", ncols=2, columnspacing=1.0)
    return ax


def plot_compliance_series(
    series: ComplianceSeries, ax: Axes, *, threshold: NonvolatileThreshold | None = None
) -> Axes:
    """Draw the current at the next read (A, log) against compliance (A, log) of `series`, and return `ax`.

    Filled markers were kept, hollow ones lost: colour alone would not say. `threshold` adds the compliance
    above which states stay, with the band of its 95 % interval.
    """
    ax.set_xlabel("Compliance current (A)")
    ax.set_ylabel(f"Current at the next read, {series.read_voltage:g} V (A)")
    x, y = series.compliance_current, series.read_current
    usable = (x > 0) & (y > 0)
    if not usable.any():
        return no_data(ax, "no cycle with a compliance and a later read")
    ax.set_xscale("log")
    ax.set_yscale("log")
    low, high = float(x[usable].min()) / 1.6, float(x[usable].max()) * 1.6
    if threshold is not None:
        a, b = threshold.interval
        ax.axvspan(max(a, low), min(b, high), color=Colour.FAINT, linewidth=0, zorder=0)
        if math.isfinite(threshold.current):
            ax.axvline(threshold.current, color=Colour.FIT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        said = quantity_text(threshold.current, "A", 2)
        note_title(
            ax,
            f"half of the states stay at {said} {interval_text(threshold.interval, 'A', threshold.current, 2)}, "
            f"{threshold.kept} of {threshold.tested} stayed",
        )
    for kind, marker, colour, word in _KEPT:
        mine = usable & np.array([k is kind for k in series.kept])
        if mine.any():
            face = {Kept.YES: colour, Kept.NO: "white", Kept.UNKNOWN: colour}[kind]
            ax.plot(
                x[mine], y[mine], marker, markerfacecolor=face, markeredgecolor=colour, markeredgewidth=1.0,
                markersize=4.0, label=f"{word} ({int(mine.sum())})", zorder=3,
            )  # fmt: skip
    ax.set_xlim(low, high)
    ax.set_ylim(float(y[usable].min()) / 2, float(y[usable].max()) * 2)
    ampere_axis(ax.xaxis)
    ampere_axis(ax.yaxis)
    ax.legend(loc="best", handletextpad=0.1)
    return ax


def plot_lrs_series(series: ComplianceSeries, ax: Axes) -> Axes:
    """Draw LRS (filled) and HRS (hollow) (ohm, log) against compliance (A, log) of `series`, and return `ax`.

    The line is the median LRS of each tenth of the cycles, in the order of the compliance: what the compliance
    does to the filament.
    """
    ax.set_xlabel("Compliance current (A)")
    ax.set_ylabel(f"Resistance at {series.read_voltage:g} V (Ω)")
    x = series.compliance_current
    known = np.isfinite(x) & (x > 0)
    states = (
        ("HRS", series.resistance_hrs, "white", Colour.HRS),
        ("LRS", series.resistance_lrs, Colour.LRS, Colour.LRS),
    )
    if not any((known & (r > 0)).any() for _, r, _, _ in states):
        return no_data(ax, "no cycle with a compliance and a resistance")
    ax.set_xscale("log")
    ax.set_yscale("log")
    for name, r, face, edge in states:
        mine = known & (r > 0)
        if mine.any():
            ax.plot(
                x[mine], r[mine], "o", markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.9,
                markersize=3.4, linestyle="none", label=f"{name} ({int(mine.sum())})", zorder=2,
                rasterized=mine.sum() > RASTER_MARKERS,
            )  # fmt: skip
    lrs = known & (series.resistance_lrs > 0)
    groups = np.array_split(np.argsort(x[lrs], kind="stable"), min(10, max(1, int(lrs.sum()) // 3)))
    middle = [
        (float(np.median(x[lrs][g])), float(np.median(series.resistance_lrs[lrs][g])))
        for g in groups
        if g.size
    ]
    if len(middle) > 1:
        line = np.array(middle)
        ax.plot(line[:, 0], line[:, 1], color=Colour.FIT, linewidth=1.0, label="median LRS", zorder=3)
    ampere_axis(ax.xaxis)
    tidy_log_axis(ax.yaxis)
    ax.legend(loc="best", handletextpad=0.3, frameon=True, framealpha=0.85, edgecolor="none")
    return ax


def plot_reset_series(series: ComplianceSeries, ax: Axes) -> Axes:
    """Draw the peak RESET current (A, log) against compliance (A, log) of `series`, and return `ax`.

    The line is equality: points on it mean that the filament was made as thick as the compliance allowed,
    points above it that the current overshot.
    """
    ax.set_xlabel("Compliance current (A)")
    ax.set_ylabel("Peak RESET current (A)")
    x, y = series.compliance_current, series.reset_current
    usable = (x > 0) & (y > 0)
    if not usable.any():
        return no_data(ax, "no cycle with a compliance and a RESET")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ends = np.array(
        [min(x[usable].min(), y[usable].min()) / 1.6, max(x[usable].max(), y[usable].max()) * 1.6]
    )
    ax.plot(ends, ends, color=Colour.MUTED, linewidth=0.7, linestyle=(0, (4, 3)), label="equal", zorder=1)
    ax.plot(x[usable], y[usable], "s", color=Colour.RESET, markersize=3.6, markeredgewidth=0, zorder=3)
    ax.set_xlim(ends[0], ends[1])
    ax.set_ylim(ends[0], ends[1])
    ampere_axis(ax.xaxis)
    ampere_axis(ax.yaxis)
    ax.legend(loc="upper left")
    return ax


def ampere_axis(axis: Axis) -> None:
    """`tidy_log_axis` for currents: "300 µA" on a short axis, where powers of ten are too few."""
    tidy_log_axis(axis)
    low, high = sorted(axis.get_view_interval())
    if high / low < 150.0:
        axis.set_major_formatter(FuncFormatter(lambda value, _: setting_text(value, "A")))


def _verdict(fit: ConductionFit) -> str:
    if fit.verdict is Verdict.LAW:
        return fit.best.law.name
    if fit.verdict is Verdict.NONE_FITS:
        miss = f"{100 * fit.best.misfit:.0f}\u00a0%"
        return f"none fits: the best law, {fit.best.law.name}, misses the current by {miss}"
    names = ", ".join(f.law.name for f in fit.possible[:3]) + (" …" if len(fit.possible) > 3 else "")
    return f"{fit.verdict.value}: {names}" if fit.verdict is Verdict.CANNOT_TELL else fit.verdict.value


def _parameters(shown: FittedLaw) -> str:
    """The parameters in one line, each with its standard error."""
    parts = []
    for name, value in shown.law.parameters.items():
        field = type(shown.law).__dataclass_fields__[name]  # type: ignore[attr-defined]
        unit, error = field.metadata["unit"], shown.error[name]
        symbol = f"${field.metadata['symbol']}$"
        if unit in ("S", "A", "V"):
            said, spread = quantity_text(value, unit), quantity_text(error, unit, 2)
        else:
            shown_unit = "" if unit == "1" else f" {_PRETTY.get(unit, unit)}"
            said, spread = f"{number(value)}{shown_unit}", f"{number(error, 2)}{shown_unit}"
        parts.append(
            f"{symbol} = {said} ± {spread}" if math.isfinite(error) else f"{symbol} = {said} (at its bound)"
        )
    return powers(", ".join(parts))


_PRETTY = {"A/V^2": "A V⁻²", "V^-1/2": "V$^{-1/2}$", "1/eV": "eV⁻¹"}
