"""A finished figure as files: PDF for print, SVG with its text as text, PNG to look at.

`write_figure` is what every command calls that writes single figures; `gallery` draws whole reports on all cores.
"""

from pathlib import Path

from matplotlib.figure import Figure

from pinched._files import write_bytes, write_text
from pinched.report.style import SvgText, freeze_layout, mark_simulated, to_pdf, to_png, to_svg


def write_figure(folder: Path, name: str, figure: Figure, *, simulated: bool = False) -> None:
    """Write `figure` as name.pdf, name.svg and name.png to `folder`; `simulated` data say so in a corner.

    Call it inside `paper_style`. The layout is found once and then stays.
    """
    if simulated:
        mark_simulated(figure)
    freeze_layout(figure)
    write_bytes(folder / f"{name}.pdf", to_pdf(figure))
    write_text(folder / f"{name}.svg", to_svg(figure, SvgText.TEXT))
    write_bytes(folder / f"{name}.png", to_png(figure))
