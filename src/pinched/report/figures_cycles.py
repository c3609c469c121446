"""Figures of whole cycles; each takes axes, draws one figure into them and returns them.

`plot_resistance_scatter` shows whether the states keep apart device by device, `plot_cycle_series`
whether anything drifts, and which cycles gave no value.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullFormatter

from pinched.extraction.table import Flag, SwitchingTable
from pinched.report.figures_device import COLOURS, axis_label
from pinched.report.figures_sweeps import no_data
from pinched.report.quantities import Quantity
from pinched.report.style import (
    DEVICE_COLOURS,
    DEVICE_MARKERS,
    NOTE,
    RASTER_MARKERS,
    Colour,
    plain_text,
    tidy_log_axis,
)

_DECADES = 9
"""Decades of HRS / LRS that have a region; beyond 1e9 nobody has measured one."""

_BOUNDS = (Flag.COMPLIANCE, Flag.NOISE)


def plot_resistance_scatter(table: SwitchingTable, ax: Axes) -> Axes:
    """HRS against LRS (ohm, both log) of every cycle of `table`, with regions of equal ratio; returns `ax`.

    Regions are a decade of HRS / LRS wide, parted by lines that say the ratio; below 1 the states are swapped.

    Devices have a colour and a marker each where there are few enough to tell apart.
    """
    at = f"at {table.read_voltage:g} V"
    ax.set_xlabel(f"LRS resistance {at} (Ω)")
    ax.set_ylabel(f"HRS resistance {at} (Ω)")
    lrs, hrs = table.resistance_lrs, table.resistance_hrs
    keep = (lrs > 0) & (hrs > 0)
    if not keep.any():
        return no_data(ax)
    ax.set_xscale("log")
    ax.set_yscale("log")
    x_range, y_range = _padded(lrs[keep]), _padded(hrs[keep])
    ax.set_xlim(x_range)
    ax.set_ylim(y_range)
    tidy_log_axis(ax.xaxis)
    tidy_log_axis(ax.yaxis)
    for power in range(_DECADES):
        ratio = 10.0**power
        ends = np.array(x_range)
        if power % 2:
            ax.fill_between(ends, ratio * ends, 10 * ratio * ends, color="#F3F3F3", linewidth=0, zorder=0)
        ax.plot(ends, ratio * ends, color="#C8C8C8", linewidth=0.6, linestyle="-" if power else ":", zorder=1)
        # The label sits where the line leaves the axes: at the top, or at the right end.
        x_top = y_range[1] / ratio
        if x_range[0] * 1.05 < x_top <= x_range[1]:
            spot, shift, ha, va = (x_top, y_range[1]), (0, 1), "center", "bottom"
        elif y_range[0] * 1.05 < ratio * x_range[1] < y_range[1]:
            spot, shift, ha, va = (x_range[1], ratio * x_range[1]), (2, 0), "left", "center"
        else:
            continue
        text = f"×{ratio:.0f}" if power < 2 else rf"$\times 10^{{{power}}}$"
        ax.annotate(
            text, spot, xytext=shift, textcoords="offset points", fontsize=NOTE, color=Colour.MUTED, ha=ha, va=va,
            annotation_clip=False,
        )  # fmt: skip
    devices = table.devices
    number_of = table.device_number
    size, edge = (4.2, 0.3) if keep.sum() <= 400 else (2.4, 0.0)
    if 1 < len(devices) <= len(DEVICE_COLOURS):
        for k, name in enumerate(devices):
            mine = keep & (number_of == k)
            if mine.any():
                ax.plot(
                    lrs[mine], hrs[mine], DEVICE_MARKERS[k], color=DEVICE_COLOURS[k], markersize=size - 0.6,
                    markeredgecolor="white", markeredgewidth=edge, linestyle="none", label=plain_text(name, 14),
                    zorder=3,
                )  # fmt: skip
        ax.legend(loc="best", handletextpad=0.1, frameon=True, framealpha=0.8, edgecolor="none")
    else:
        ax.plot(
            lrs[keep], hrs[keep], "o", color=Colour.DATA, alpha=0.75, markersize=size - 0.6, markeredgecolor="white",
            markeredgewidth=edge, zorder=3, rasterized=bool(keep.sum() > RASTER_MARKERS),
        )  # fmt: skip
    return ax


def plot_cycle_series(table: SwitchingTable, quantity: Quantity, ax: Axes) -> Axes:
    """`quantity` of every cycle of `table` in the order of measurement, flags shown; returns `ax`.

    A bound (limited by compliance, at the noise floor) is a hollow marker, a cycle without a value a
    cross at the lower edge. Bands part the devices; with one device the axis is its cycle number.
    """
    words = quantity.value
    values, flags = quantity.column(table), quantity.flags(table)
    ax.set_ylabel(axis_label(words.name, words.unit, values))
    single = len(table.devices) == 1
    ax.set_xlabel("Cycle (number)" if single else "Cycle (all devices in order)")
    if len(table) == 0:
        return no_data(ax)
    order = table.cycle.astype(float) if single else np.arange(1.0, len(table) + 1)
    shown = np.abs(values) if (values[np.isfinite(values)] < 0).all() else values
    finite = np.isfinite(shown)
    bound = np.array([flag in _BOUNDS for flag in flags]) & finite
    colour = COLOURS[quantity]
    size = 3.0 if len(table) <= 300 else 1.6
    many = len(table) > RASTER_MARKERS
    good = finite & ~bound
    ax.plot(
        order[good],
        shown[good],
        "o",
        color=colour,
        markersize=size,
        markeredgewidth=0,
        zorder=3,
        rasterized=many,
    )
    if bound.any():
        ax.plot(
            order[bound], shown[bound], "o", markerfacecolor="white", markeredgecolor=colour, markersize=size,
            markeredgewidth=0.7, zorder=3, label=f"bound ({int(bound.sum())})", rasterized=many,
        )  # fmt: skip
    lost = ~finite
    if lost.any():
        edge = ax.get_xaxis_transform()
        ax.plot(
            order[lost], np.full(int(lost.sum()), 0.02), "x", transform=edge, color=Colour.MUTED, markersize=2.6,
            markeredgewidth=0.6, label=f"no value ({int(lost.sum())})", clip_on=False, zorder=3, rasterized=many,
        )  # fmt: skip
    if bound.any() or lost.any():
        ax.legend(
            loc="lower right",
            bbox_to_anchor=(1.0, 0.99),
            ncols=2,
            fontsize=NOTE,
            handletextpad=0.1,
            columnspacing=0.8,
        )
    _bands(table, ax)
    if words.unit == "ohm" and (shown[finite] > 0).any():
        ax.set_yscale("log")
        ax.set_ylim(_padded(shown[finite & (shown > 0)], 1.4))
        tidy_log_axis(ax.yaxis)
    elif finite.any():
        ax.set_ylim(*_linear_limits(shown[finite]))
    else:
        ax.set_yticks([])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlim(float(order.min()) - 0.5, float(order.max()) + 0.5)
    return ax


def hide_x(ax: Axes) -> None:
    """Take the labels off the x axis of a plot that shares it with the one below."""
    ax.set_xlabel("")
    ax.xaxis.set_major_formatter(NullFormatter())


def _padded(values: np.ndarray, factor: float = 1.6) -> tuple[float, float]:
    return float(values.min()) / factor, float(values.max()) * factor


def _linear_limits(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _bands(table: SwitchingTable, ax: Axes) -> None:
    # Beyond some sixty devices the bands are narrower than the markers.
    if not 1 < len(table.devices) <= 60:
        return
    device = table.device_number
    starts = np.concatenate([[0], np.flatnonzero(np.diff(device)) + 1, [device.size]])
    for k in range(1, starts.size - 1, 2):
        ax.axvspan(starts[k] + 0.5, starts[k + 1] + 0.5, color="#F3F3F3", linewidth=0, zorder=0)
