"""`write_panels`: one figure of several panels as SVG, PDF and PNG, laid out once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes

from pinched.report.figure_files import write_figure
from pinched.report.style import Width, new_figure, paper_style


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
        write_figure(path.parent, path.stem, figure, simulated=simulated)
