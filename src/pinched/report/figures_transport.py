"""Figures of charge transport: the loop, bands and densities inside the device, the vacancies as they move.

`plot_iv` draws runs, `plot_bands` and `plot_densities` one moment against position, `plot_vacancies` all moments as a
map; `plot_profiles` puts bands over densities at chosen moments, `transport_figure` arranges all of it, and
`vacancy_animation` is the moving picture for talks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pinched._errors import PinchedError
from pinched._progress import Progress, Silent
from pinched._units import show
from pinched.data.sweep import IVSweep
from pinched.physics.run import Profiles, TransportRun
from pinched.report.figures_laws import plot_loop
from pinched.report.style import (
    NOTE,
    Colour,
    Width,
    freeze_layout,
    mark_simulated,
    new_figure,
    note_title,
    paper_style,
    tidy_log_axis,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_LOWEST = 1e-12
"""Densities are drawn down to this share of the largest one of any carrier and moment."""

_PICTURE_DPI = 110.0

_CARRIERS = (
    ("electron_density", "electrons", Colour.RESET, "-"),
    ("vacancy_density", "vacancies", Colour.SET, "-"),
    ("hole_density", "holes", Colour.FIRST, (0, (4, 2))),
)


def plot_iv(runs: Sequence[IVSweep], ax: Axes, *, logarithmic: bool = False) -> Axes:
    """Draw the current of `runs` against voltage into `ax`, the first one above the others; return `ax`.

    With `logarithmic` the size of the current on a logarithmic axis, as diodes and high ratios need it.
    """
    if not logarithmic:
        return plot_loop(runs, ax)
    for k, run in enumerate(runs):
        size = np.abs(run.current)
        ax.semilogy(
            run.voltage, np.where(size > 0, size, np.nan), zorder=2 if k == 0 else 1,
            color=Colour.FIRST if k == 0 else Colour.ALL, linewidth=1.1 if k == 0 else 0.5,
        )  # fmt: skip
    ax.set_xlabel("Voltage (V)")
    ax.set_ylabel("|Current| (A)")
    tidy_log_axis(ax.yaxis)
    return ax


def plot_bands(profiles: Profiles, moment: int, ax: Axes) -> Axes:
    """Draw the band edges and the quasi-Fermi energies at frame `moment` against position into `ax`; return `ax`."""
    x = _nanometres(profiles)
    for values, colour, style, name in (
        (profiles.conduction_band[moment], Colour.FIT, "-", "$E_c$, $E_v$"),
        (profiles.valence_band[moment], Colour.FIT, "-", None),
        (-profiles.electron_fermi[moment], Colour.RESET, (0, (4, 2)), r"$E_{F,n}$"),
        (-profiles.hole_fermi[moment], Colour.FIRST, (0, (4, 2)), r"$E_{F,p}$"),
    ):
        ax.plot(x, values, color=colour, linestyle=style, linewidth=1.0, label=name)
    ax.set_xlabel("Position (nm)")
    ax.set_ylabel("Energy (eV)")
    ax.margins(x=0.0)
    note_title(ax, _moment(profiles, moment))
    ax.legend(loc="best", fontsize=NOTE, ncols=3)
    return ax


def plot_densities(profiles: Profiles, moment: int, ax: Axes) -> Axes:
    """Draw the densities of electrons, holes and vacancies at frame `moment` against position into `ax`; return `ax`.

    What is twelve decades below the largest density of any moment lies below the axis.
    """
    x = _nanometres(profiles)
    top = max(float(getattr(profiles, name).max()) for name, *_ in _CARRIERS)
    seen = False
    for name, label, colour, style in _CARRIERS:
        values = getattr(profiles, name)[moment]
        if float(getattr(profiles, name).max()) < _LOWEST * top:
            continue
        seen = True
        ax.semilogy(x, values, color=colour, linestyle=style, linewidth=1.1, label=label)
    low = min(
        (float(v.min()) for v in (getattr(profiles, n) for n, *_ in _CARRIERS) if v.max() >= _LOWEST * top),
        default=1.0,
    )
    ax.set_ylim(max(low / 3.0, _LOWEST * top), top * 5.0)
    ax.set_xlabel("Position (nm)")
    ax.set_ylabel("Density (m$^{-3}$)")
    ax.margins(x=0.0)
    tidy_log_axis(ax.yaxis)
    if seen:
        ax.legend(loc="best", fontsize=NOTE, ncols=3)
    return ax


def plot_vacancies(profiles: Profiles, ax: Axes) -> Axes:
    """Draw the density of vacancies as a map over time (across) and position (up) into `ax`; return `ax`."""
    if len(profiles) < 2:
        raise PinchedError("a map needs at least 2 moments: solve with profiles=True, or with several times.")
    values = np.maximum(profiles.vacancy_density.T, 1e-300)
    top = float(values.max())
    low = max(float(np.quantile(values, 0.02)), 1e-8 * top)
    picture = ax.pcolormesh(
        profiles.time, _nanometres(profiles), np.maximum(values, low), norm=LogNorm(low, top), cmap="cividis",
        shading="nearest", rasterized=True,
    )  # fmt: skip
    bar = ax.figure.colorbar(picture, ax=ax, pad=0.02)  # pyright: ignore[reportOptionalMemberAccess]
    bar.set_label("Vacancies (m$^{-3}$)")
    ax.set_xlabel("Time (s)")
    ax.set_ylabel("Position (nm)")
    return ax


def plot_profiles(
    profiles: Profiles, moments: Sequence[int] | None = None, *, width: Width = Width.DOUBLE
) -> Figure:
    """Bands over densities at frames `moments` (start, both extremes of the voltage and end when None), one column
    each, with common axes."""
    chosen = _telling(profiles) if moments is None else [range(len(profiles))[k] for k in moments]
    if width is Width.SINGLE:
        chosen = chosen[:2]
    figure, axes = new_figure(width, 9.6, rows=2, columns=len(chosen))
    for k, moment in enumerate(chosen):
        plot_bands(profiles, moment, axes[0, k])
        plot_densities(profiles, moment, axes[1, k])
        for row in (0, 1):
            axes[row, k].xaxis.set_major_locator(MaxNLocator(nbins=3))
            if k:
                axes[row, k].sharey(axes[row, 0])
                axes[row, k].set_ylabel("")
                axes[row, k].tick_params(labelleft=False)
                legend = axes[row, k].get_legend()
                if legend is not None:
                    legend.remove()
        axes[0, k].set_xlabel("")
        axes[0, k].tick_params(labelbottom=False)
    return figure


def transport_figure(run: TransportRun, *, width: Width = Width.DOUBLE) -> Figure:
    """The figure of one run: its loop, linear and logarithmic, and the vacancies over time if they were kept."""
    inside = run.profiles is not None and len(run.profiles) > 1
    figure, axes = new_figure(width, 11.0 if inside else 5.6, rows=2 if inside else 1, columns=2)
    plot_iv([run], axes[0, 0])
    plot_iv([run], axes[0, 1], logarithmic=True)
    if inside and run.profiles is not None:
        for ax in axes[1]:
            ax.remove()
        below = figure.add_subplot(axes[0, 0].get_gridspec()[1, :])
        plot_vacancies(run.profiles, below)
    return figure


def vacancy_animation(
    run: TransportRun,
    path: str | Path,
    *,
    seconds: float = 8.0,
    rate: int = 20,
    progress: Progress | None = None,
) -> Path:
    """Write the densities through the waveform as a moving picture to `path`: .gif, or .mp4 where ffmpeg is there.

    Beside them the loop with the point reached. `seconds` is how long it takes, `rate` the pictures per second.
    Raises `PinchedError` for a run without profiles and for another ending.
    """
    profiles, path = run.profiles, Path(path)
    if profiles is None or len(profiles) < 2:
        raise PinchedError("the run holds no profiles to show. Solve it with profiles=True.")
    if path.suffix.lower() not in (".gif", ".mp4"):
        raise PinchedError(f"{path}: the ending says no format. Use .gif or .mp4.")
    wanted = np.linspace(profiles.time[0], profiles.time[-1], max(2, round(seconds * rate)))
    frames = np.unique([int(np.abs(profiles.time - t).argmin()) for t in wanted])
    with paper_style():
        shown = _Scene(run, profiles)
        moments = (progress or Silent()).track(frames.tolist(), "drawing", frames.size)
        pictures = [shown.picture(k) for k in moments]
    held = np.diff(np.append(profiles.time[frames], profiles.time[-1]))
    share = np.maximum(held, 1e-12) / max(float(held.sum()), 1e-12)
    durations = np.maximum(1000.0 * seconds * share, 20.0)
    aside = path.with_name(f".{path.stem}.part{path.suffix}")
    if path.suffix.lower() == ".gif":
        pictures[0].save(
            aside,
            format="GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=[int(d) for d in durations],
            loop=0,
        )
    else:
        _write_mp4(pictures, aside, rate)
    aside.replace(path)
    return path


class _Scene:
    """The picture of one moment after the other: what stands still is drawn once, what moves on top of it."""

    def __init__(self, run: TransportRun, profiles: Profiles) -> None:
        self.run, self.profiles = run, profiles
        figure, axes = new_figure(Width.DOUBLE, 6.4, rows=1, columns=2)
        figure.set_dpi(_PICTURE_DPI)
        loop, densities = axes[0]
        plot_iv([run], loop)
        # The loop as it was drawn, in the prefixed unit of its axis.
        self.drawn = np.asarray(loop.lines[-1].get_ydata(), dtype=float)
        (self.point,) = loop.plot([], [], "o", color=Colour.LAST, markersize=5, zorder=6)
        plot_densities(profiles, 0, densities)
        by_label = {label: name for name, label, *_ in _CARRIERS}
        self.curves = {by_label[str(c.get_label())]: c for c in densities.lines if c.get_label() in by_label}
        self.title = densities.set_title(_moment(profiles, 0), color=Colour.MUTED, fontsize=NOTE)
        mark_simulated(figure)
        freeze_layout(figure)
        self.moving: tuple[Artist, ...] = (self.point, *self.curves.values(), self.title)
        for artist in self.moving:
            artist.set_animated(True)
        self.canvas = FigureCanvasAgg(figure)
        self.canvas.draw()
        self.still = self.canvas.copy_from_bbox(figure.bbox)

    def picture(self, moment: int) -> Image:
        """The scene at frame `moment`."""
        from PIL import Image

        at = int(np.abs(np.asarray(self.run.time) - self.profiles.time[moment]).argmin())
        self.point.set_data([self.run.voltage[at]], [self.drawn[at]])
        for name, curve in self.curves.items():
            curve.set_ydata(getattr(self.profiles, name)[moment])
        self.title.set_text(_moment(self.profiles, moment))
        self.canvas.restore_region(self.still)
        for artist in self.moving:
            artist.axes.draw_artist(artist)  # pyright: ignore[reportOptionalMemberAccess]
        picture = Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3])
        return picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=128)


def _write_mp4(pictures: Sequence, path: Path, rate: int) -> None:
    import shutil
    import subprocess

    program = shutil.which("ffmpeg")
    if program is None:
        raise PinchedError("ffmpeg is not installed, so there is no MP4. Write a .gif, or install ffmpeg.")
    width, height = (2 * (side // 2) for side in pictures[0].size)
    command = [
        program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
        "-r", str(rate), "-i", "-", "-an", "-pix_fmt", "yuv420p", str(path),
    ]  # fmt: skip
    frames = b"".join(picture.convert("RGB").crop((0, 0, width, height)).tobytes() for picture in pictures)
    subprocess.run(command, input=frames, check=True)


def _nanometres(profiles: Profiles) -> Float[np.ndarray, " node"]:
    return profiles.position * 1e9


def _moment(profiles: Profiles, moment: int) -> str:
    return f"{show(float(profiles.time[moment]), 's')}, {_volts(float(profiles.voltage[moment]))}"


def _volts(value: float) -> str:
    # Zero by the waveform is not always zero to the last bit; a true minus sign is as wide as a plus.
    return f"{0.0 if abs(value) < 1e-9 else value:.3g} V".replace("-", "\N{MINUS SIGN}")


def _telling(profiles: Profiles) -> list[int]:
    """Start, extremes of the voltage and end, without repetition, in time."""
    ends = {0, int(profiles.voltage.argmax()), int(profiles.voltage.argmin()), len(profiles) - 1}
    return sorted(ends)


__all__ = [
    "plot_bands", "plot_densities", "plot_iv", "plot_profiles", "plot_vacancies", "transport_figure",
    "vacancy_animation",
]  # fmt: skip
