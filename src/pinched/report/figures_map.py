"""`plot_device_map`: one number of every device as a coloured map, where it stands on its wafer or in its array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pinched.report.figures_sweeps import no_data
from pinched.report.sites import Sites
from pinched.report.style import (
    NOTE,
    Colour,
    axes_width,
    figure_of,
    note_title,
    plain_text,
    short_number,
    tidy_log_axis,
)
from pinched.report.words import distinct, plural, pretty_unit

_MAP = "cividis"  # made to look alike with every colour vision, and rises in brightness
_WRITTEN = 40
"""More tiles than this are too small for numbers."""


def plot_device_map(
    devices: Sequence[str],
    values: Float[np.ndarray, " value"],
    ax: Axes,
    *,
    label: str,
    unit: str,
    sites: Sites | None = None,
) -> Axes:
    """Median of `values` (SI, in `unit`, NaN left out) of each of `devices` as a tile, with its count; returns `ax`.

    `devices` names the device of each value. Tiles stand at `sites` (rows downwards), without them in the order of
    the first value. A device without a value is hatched. Colours are logarithmic where the medians span a decade.
    """
    names = list(dict.fromkeys(devices))
    if not names:
        return no_data(ax)
    finite = np.isfinite(values)
    number_of = {name: k for k, name in enumerate(names)}
    owner = np.array([number_of[name] for name in devices])
    count = np.array([int((finite & (owner == k)).sum()) for k in range(len(names))])
    median = np.array(
        [float(np.median(values[finite & (owner == k)])) if count[k] else np.nan for k in range(len(names))]
    )
    if not count.any():
        return no_data(ax)
    negative = bool((median[np.isfinite(median)] < 0).all())
    shown = np.abs(median) if negative else median
    rows, columns = _places(names, sites, ax)
    width, height = int(columns.max()) + 1, int(rows.max()) + 1
    tiles = np.full((height, width), np.nan)
    tiles[rows, columns] = shown
    norm = _norm(shown[np.isfinite(shown)])
    image = ax.imshow(
        np.ma.masked_invalid(tiles),
        cmap=_MAP,
        norm=norm,
        aspect="equal" if sites is not None else "auto",
        interpolation="none",
    )
    for k in np.flatnonzero(~np.isfinite(shown)):
        place = (columns[k] - 0.5, rows[k] - 0.5)
        ax.add_patch(Rectangle(place, 1, 1, fill=False, hatch="////", edgecolor=Colour.ALL, linewidth=0))
    if height * width <= _WRITTEN:
        _write(names, shown, count, rows, columns, norm, ax, named=sites is None)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    bar = figure_of(ax).colorbar(image, ax=ax, fraction=0.05, pad=0.03)
    bar.outline.set_linewidth(0.5)  # type: ignore[operator]
    quantity = f"|{label}|" if negative else label
    bar.set_label(f"{quantity}, median ({pretty_unit(unit) or '1'})")
    if isinstance(norm, LogNorm):
        tidy_log_axis(bar.ax.yaxis)
    else:
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    bar.ax.minorticks_off()
    few, many = int(count.min()), int(count.max())
    each = f"{few}" if few == many else f"{few} to {many}"
    note_title(ax, f"{plural(len(names), 'device')}, {each} value{'s' if many != 1 else ''} each")
    return ax


def _norm(values: np.ndarray) -> Normalize:
    low, high = float(values.min()), float(values.max())
    if low > 0 and high > 10.0 * low:
        return LogNorm(low, high)
    if high == low:
        room = 0.05 * abs(high) or 1.0
        return Normalize(low - room, high + room)
    return Normalize(low, high)


def _places(names: list[str], sites: Sites | None, ax: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the tile of each device, from 0, with the labels of the axes."""
    if sites is not None:
        rows = np.array([sites.row[name] for name in names])
        columns = np.array([sites.column[name] for name in names])
        ax.set_xlabel(f"{sites.column_name} (number)")
        ax.set_ylabel(f"{sites.row_name} (number)")
        top, left = int(rows.min()), int(columns.min())
        for axis, first in ((ax.xaxis, left), (ax.yaxis, top)):
            axis.set_major_locator(MaxNLocator(integer=True, nbins=9, min_n_ticks=1))
            axis.set_major_formatter(lambda value, _, first=first: f"{value + first:g}")
        return rows - top, columns - left
    box, figure = ax.get_position(), figure_of(ax)
    shape = box.width * figure.get_figwidth() / (box.height * figure.get_figheight())
    wide = int(np.ceil(np.sqrt(shape * len(names))))
    wide = -(-len(names) // -(-len(names) // wide))
    ax.set_xlabel("Devices in the order of measurement (row by row)")
    ax.set_xticks([])
    ax.set_yticks([])
    order = np.arange(len(names))
    return order // wide, order % wide


def _write(
    names: list[str], shown: np.ndarray, count: np.ndarray, rows: np.ndarray, columns: np.ndarray,
    norm: Normalize, ax: Axes, *, named: bool,
) -> None:  # fmt: skip
    """Value and count into each tile, and the name where the axes do not say it."""
    # The bar takes a part of the axes; tiles are square, so the rows may set their size.
    tile = 0.8 * axes_width(ax) / (int(columns.max()) + 1)
    size = float(np.clip(tile / 8.0, 4.0, NOTE))
    shown_names = distinct(names)
    longest = max(int(tile / (0.5 * size)), 3)
    for k in range(len(names)):
        finite = bool(np.isfinite(shown[k]))
        lines = [plain_text(shown_names[k], longest)] if named else []
        lines.append(f"{short_number(float(shown[k]))}" if finite else "no value")
        if finite:
            lines.append(f"n = {count[k]}")
        dark = finite and float(norm(shown[k])) < 0.55
        ax.text(
            columns[k], rows[k], "\n".join(lines), ha="center", va="center", fontsize=size,
            color="white" if dark else Colour.FIT, linespacing=1.05,
        )  # fmt: skip
