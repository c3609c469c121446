"""The figures of a report: which ones the data support, drawn, rendered and captioned.

`plans.plan_gallery` lists them, `draw_gallery` draws and renders them, by several processes where there are
several cores. Each figure exists in both widths of a journal; the page shows one of them, the folder holds both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pinched._parallel import shared
from pinched._progress import Progress
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

MOST_PANELS = 4
"""Traces that get a panel of their own in one figure: more would not fit a page one column wide."""


class Section(Enum):
    """Where on the page a figure stands; the value is the id of the heading there."""

    DEVICES = "devices"
    COMPLIANCE = "compliance"
    CONDUCTION = "conduction"
    QUANTUM = "conductance_quantum"
    ENDURANCE = "endurance"
    PULSES = "pulses"
    RETENTION = "retention"
    NOISE = "noise"
    LEVELS = "levels"
    NETWORK = "network"


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFile:
    """One figure in one width of a journal."""

    width: Width
    svg: str
    """SVG with text as text."""
    pdf: bytes
    """PDF with text as text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One finished figure."""

    name: str
    """File name without its ending, such as "sweeps"."""
    section: Section
    """Where it stands on the page."""
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
    files: tuple[PictureFile, ...]
    """The figure in every width, for files; () when only the page was asked for."""
    png: bytes
    """PNG at 300 dots per inch of the width that the page has; b"" when only the page was asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One figure that the data support, not yet drawn."""

    name: str
    section: Section
    title: str
    caption: str
    alt: str
    draw: Callable[[Width], Figure]
    """Draws it in a width; picklable, so that another process can."""
    wide: bool = True
    """Whether the page shows it across its whole width."""


def draw_gallery(
    plans: Sequence[Plan],
    *,
    simulated: bool,
    files: bool,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Picture]:
    """The figures of `plans`, in their order; `simulated` marks each of them, `files` renders the files too."""
    work = partial(_picture, simulated=simulated, files=files)
    return shared(work, plans, workers=workers, progress=progress, description="figures")


def _picture(plan: Plan, *, simulated: bool, files: bool) -> Picture:
    own = Width.DOUBLE if plan.wide else Width.SINGLE
    widths = tuple(Width) if files else (Width.SINGLE, own) if plan.wide else (own,)
    with paper_style():
        drawn = {width: _finished(plan.draw(width), simulated) for width in dict.fromkeys(widths)}
        return Picture(
            name=plan.name,
            section=plan.section,
            title=plan.title,
            caption=plan.caption,
            alt=plan.alt,
            wide=plan.wide,
            page_svg=to_svg(drawn[own], SvgText.PATHS),
            phone_svg=to_svg(drawn[Width.SINGLE], SvgText.PATHS) if plan.wide else "",
            files=tuple(
                PictureFile(width=width, svg=to_svg(drawn[width], SvgText.TEXT), pdf=to_pdf(drawn[width]))
                for width in (Width if files else ())
            ),
            png=to_png(drawn[own]) if files else b"",
        )


def _finished(figure: Figure, simulated: bool) -> Figure:
    if simulated:
        mark_simulated(figure)
    freeze_layout(figure)
    return figure


def panels(
    width: Width, height: float, count: int, *, most: int = 2, narrow: int = 1
) -> tuple[Figure, list[Axes]]:
    """`count` panels in rows of `height` (cm): up to `most` in a row on a wide figure, `narrow` on a narrow one."""
    columns = min(count, most if width is Width.DOUBLE else narrow)
    rows = -(-count // columns)
    figure, axes = new_figure(width, height * rows, rows=rows, columns=columns)
    every = list(axes.ravel())
    for spare in every[count:]:
        spare.remove()
    return figure, every[:count]
