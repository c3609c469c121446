"""`write_panels`: one figure of several panels as SVG, PDF and PNG, laid out once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes

from pinched._files import write_bytes, write_text
from pinched.report.style import (
    SvgText,
    Width,
    freeze_layout,
    mark_simulated,
    new_figure,
    paper_style,
    to_pdf,
    to_png,
    to_svg,
)


def write_panels(
    path: Path,
    width: Width,
    height: float,
    *draw: Callable[[Axes], Axes],
    rows: int = 1,
    simulated: bool = False,
) -> None:
    """Write the panels that `draw` draws, in `rows`, to `path` (PNG of 300 dots per inch) and as PDF and SVG.

    `height` is in cm; `simulated` writes so below the figure.
    """
    with paper_style():
        figure, axes = new_figure(width, height, rows=rows, columns=len(draw) // rows)
        for one, ax in zip(draw, axes.flat, strict=True):
            one(ax)
        if simulated:
            mark_simulated(figure)
        freeze_layout(figure)
        write_bytes(path, to_png(figure))
        write_bytes(path.with_suffix(".pdf"), to_pdf(figure))
        write_text(path.with_suffix(".svg"), to_svg(figure, SvgText.TEXT))
