"""One look for every figure: journal widths, 8 pt sans, colours that keep their meaning.

`paper_style` is the rcParams context to draw in, `new_figure` makes axes of a journal's width,
`to_svg`, `to_pdf` and `to_png` render them. Nothing here touches pyplot: a figure belongs to who made it.
"""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, StrEnum
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from pinched._units import show

_CM_PER_INCH = 2.54
_WORD = re.compile(r"(?:\\\$|\$[^$]*\$|\[[^\]\n]{1,40}\]|[^ \n\t$])+")
_MARKUP = re.compile(r"\\[A-Za-z]+|[${}^_]")


class Width(Enum):
    """Widths of a figure that journals print, in cm; other journals differ by a few millimetres."""

    SINGLE = 8.9
    """One column, 89 mm."""
    DOUBLE = 18.3
    """Across the page, 183 mm."""

    @property
    def inches(self) -> float:
        """Width in inches, as matplotlib wants it."""
        return self.value / _CM_PER_INCH


class Colour(StrEnum):
    """Okabe-Ito colours (told apart by every common colour vision), each with one meaning everywhere.

    What conducts is warm, what insulates is cool: SET leads to LRS, RESET to HRS.
    """

    SET = "#D55E00"
    RESET = "#0072B2"
    LRS = "#E69F00"
    HRS = "#56B4E9"
    FIRST = "#009E73"
    LAST = "#CC79A7"
    FIT = "#222222"
    DATA = "#4D6A83"
    """Data that need no other meaning, such as arrays or devices that are too many to name."""
    ALL = "#BDBDBD"
    """Every cycle, behind those that are marked."""
    FAINT = "#E4E4E4"
    """Guides: lines of constant ratio, bands."""
    MUTED = "#666666"
    """Notes inside axes; dark enough to read (contrast 5.7 on white)."""


DEVICE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A6A00", "#222222")
"""One colour per device, where devices are few; with them go the markers of `DEVICE_MARKERS`."""

DEVICE_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""One marker per device: colour alone is lost on a grey printer."""

NOTE = 6.5
"""Size of notes in axes (pt); 7 pt is the smallest that journals take for labels."""

RASTER_MARKERS = 1000
"""More markers than this are drawn as a picture inside the SVG: each would be an element of its own."""

_RC: dict[Any, Any] = {
    # Liberation Sans has the widths of Arial and Helvetica: text laid out here fits where those are present.
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "Liberation Sans", "DejaVu Sans"],
    "mathtext.fontset": "custom",
    "mathtext.rm": "sans",
    "mathtext.it": "sans:italic",
    "mathtext.bf": "sans:bold",
    # The default, "cursive", is looked up even where nothing uses it, and complains where it is absent.
    "mathtext.cal": "sans:italic",
    "font.size": 8.0,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.0,
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "xtick.minor.size": 1.6,
    "ytick.minor.size": 1.6,
    "axes.edgecolor": "#333333",
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "text.color": "#1a1a1a",
    "axes.labelcolor": "#1a1a1a",
    "lines.linewidth": 1.1,
    "lines.markersize": 3.2,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.borderaxespad": 0.3,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 300,
    # The same input gives the same bytes: identifiers hang on this salt and not on the clock.
    "svg.hashsalt": "pinched",
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw in the look of the report, whatever matplotlibrc says; the settings return when the block ends."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def new_figure(width: Width, height: float, *, rows: int = 1, columns: int = 1) -> tuple[Figure, np.ndarray]:
    """A figure `width` wide and `height` (cm) high, and its axes in an array of shape (rows, columns)."""
    figure = Figure(figsize=(width.inches, height / _CM_PER_INCH), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def figure_of(ax: Axes) -> Figure:
    """The whole figure that `ax` stands in, also when it stands in a part of one."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def plain_text(text: str, longest: int = 24) -> str:
    """`text` of a user for a figure: a "$" starts no formula, and a name longer than `longest` is cut."""
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    return shown.replace("$", r"\$")


def axes_width(ax: Axes) -> float:
    """Width of `ax` in points, before the layout is final: near enough to choose how much text fits."""
    return float(ax.get_position().width * figure_of(ax).get_figwidth() * 72.0)


def note_title(ax: Axes, text: str, colour: str = Colour.MUTED) -> None:
    """Write `text` small above `ax`, in as many lines as its width asks for; formulas and intervals stay whole."""
    most = int(axes_width(ax) / (0.45 * NOTE))
    lines = [line for part in text.split("\n") for line in _wrapped(part, most)]
    ax.set_title("\n".join(lines), fontsize=NOTE, color=colour)


def _wrapped(text: str, most: int) -> list[str]:
    lines, length = [""], 0
    for word in _WORD.findall(text):
        # Letters of a formula that are seen: commands and braces take no room.
        size = len(_MARKUP.sub("", word)) if "$" in word else len(word)
        if length and length + 1 + size > most:
            lines.append("")
            length = 0
        lines[-1] += (" " if lines[-1] else "") + word
        length += size + 1
    return lines


def legend_columns(ax: Axes, most: int = 4) -> int:
    """How many of the labelled things in `ax` fit beside each other above it."""
    labels = ax.get_legend_handles_labels()[1]
    # 7 pt letters, the handle and the gap between columns.
    longest = max((len(label) for label in labels), default=1) * 3.5 + 26.0
    return int(min(max(axes_width(ax) // longest, 1), most, max(len(labels), 1)))


def headroom(ax: Axes, share: float) -> None:
    """Raise the upper end of the y axis of `ax` by `share` of its length, in its own scale: room for a legend."""
    low, high = ax.get_ylim()
    if ax.get_yscale() == "log":
        ax.set_ylim(low, high * (high / low) ** share)
    else:
        ax.set_ylim(low, high + share * (high - low))


def tidy_log_axis(axis: Axis) -> None:
    """Powers of ten on a log `axis` that spans many decades; 1, 2, 5 as plain numbers ("200", "5 k") on a short one.

    Call it when the limits are final. An axis that is not logarithmic stays as it is.
    """
    if axis.get_scale() != "log":
        return
    low, high = sorted(axis.get_view_interval())
    decades = float(np.log10(high / low))
    if decades < 2.2:
        # matplotlib would write 3 × 10² between the decades, too wide for a column.
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 1.5 else (1.0, 3.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    axis.set_minor_formatter(NullFormatter())


def short_number(value: float) -> str:
    """`value` with few digits, and a prefix where it is large or small: "200", "50 k", "3 µ"."""
    if value == 0 or 1e-2 <= abs(value) < 1e4:
        return f"{value:.4g}"
    return show(value, "ohm").removesuffix("ohm").strip().replace("u", "µ")


class SvgText(StrEnum):
    """How an SVG holds its text; each has its place."""

    TEXT = "none"
    """Text stays text: for the files, which people edit for their journal and search."""
    PATHS = "path"
    """Outlines: for the page, where an image cannot ask for a font and must look alike on every machine."""


def mark_simulated(figure: Figure) -> None:
    """Write "simulated data" below everything else, on a line of its own: a figure travels without its page."""
    line = 1.5 * NOTE / (72.0 * figure.get_size_inches()[1])
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0.0, line, 1.0, 1.0 - line))
    figure.text(
        0.995, 0.2 * line, "simulated data", ha="right", va="bottom", fontsize=NOTE, color=Colour.SET
    )  # fmt: skip


def freeze_layout(figure: Figure) -> None:
    """Lay `figure` out for good: each rendering would otherwise find the same places again, which takes longest."""
    # Letters snap to dots: at the coarse dots of a screen labels come out narrower than in any file, and are cut off.
    screen = figure.dpi
    figure.set_dpi(300)
    engine = figure.get_layout_engine()
    if engine is not None:
        with _no_glyph_warnings():
            # A drawing without rendering starts with this, and then draws everything for nothing.
            engine.execute(figure)
    figure.set_layout_engine("none")
    figure.set_dpi(screen)


def to_svg(figure: Figure, text: SvgText) -> str:
    """`figure` as SVG, the same bytes for the same figure."""
    out = io.BytesIO()
    with _no_glyph_warnings(), mpl.rc_context({"svg.fonttype": text.value}), _drawn_once(figure):
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})
    return out.getvalue().decode("utf-8")


def to_pdf(figure: Figure) -> bytes:
    """`figure` as PDF with its text as text, the same bytes for the same figure."""
    out = io.BytesIO()
    # Type 42 keeps letters as letters of a TrueType font; journals refuse the default, Type 3.
    with _no_glyph_warnings(), mpl.rc_context({"pdf.fonttype": 42}), _drawn_once(figure):
        FigureCanvasPdf(figure).print_pdf(
            out, metadata={"CreationDate": None, "Producer": None, "Creator": None}
        )
    return out.getvalue()


def to_png(figure: Figure) -> bytes:
    """`figure` as PNG at 300 dots per inch, the same bytes for the same figure."""
    out = io.BytesIO()
    with _no_glyph_warnings(), _drawn_once(figure):
        FigureCanvasAgg(figure).print_png(out, metadata={"Software": None})
    return out.getvalue()


def data_uri(svg: str) -> str:
    """`svg` as a data: URI for an <img>, so that identifiers of two figures in one page cannot clash."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")


@contextmanager
def _drawn_once(figure: Figure) -> Iterator[None]:
    """Let the block print `figure` with a canvas of its own at the dots of files, and give its canvas back.

    `Figure.savefig` draws everything twice, the first time only to learn what a layout or a crop needs; here the
    layout is frozen and nothing is cropped, so that this would be half of the time of a report.
    """
    canvas, screen, dots = figure.canvas, figure.dpi, mpl.rcParams["savefig.dpi"]
    if dots != "figure":
        figure.set_dpi(dots)
    try:
        yield
    finally:
        figure.set_dpi(screen)
        figure.set_canvas(canvas)


@contextmanager
def _no_glyph_warnings() -> Iterator[None]:
    # A device called 器件1 is no fault of the user: the page names it in HTML, the figure shows boxes.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
        yield
