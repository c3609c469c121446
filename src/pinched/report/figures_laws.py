"""Figures of a driven law: the pinched loop, and what source, current and states do in time.

`plot_loop` draws current against voltage, `plot_course` one quantity against time; `driven_figure` arranges them as a
paper shows a model: the loop on the left, voltage, current and states on the right.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from enum import Enum

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pinched._units import parse_unit, show
from pinched.data.sweep import IVSweep
from pinched.devices.circuit import Source
from pinched.devices.law import StateVariable
from pinched.devices.trace import DrivenSweep
from pinched.report.style import NOTE, Colour, Width, new_figure, note_title
from pinched.report.words import pretty_unit

_RASTER_ABOVE = 20_000  # samples: beyond this a vector path is heavier than its picture
_MOST = 200


class Course(Enum):
    """What `plot_course` draws besides states."""

    SOURCE = "source"
    """What the source was set to."""
    CURRENT = "current"
    """The current through the device."""


def driven_figure(
    sweeps: Sequence[DrivenSweep],
    states: Sequence[StateVariable],
    *,
    driven: Source = Source.VOLTAGE,
    width: Width = Width.DOUBLE,
) -> Figure:
    """The figure of one driven law: loop, source, current and each of `states` (those of the law).

    `sweeps` are devices under the same waveform, `driven` says what that is. On one column the panels stand below
    each other.
    """
    rows = 2 + len(states)
    if width is Width.DOUBLE:
        figure, axes = new_figure(width, max(6.6, 2.4 * rows), rows=rows, columns=2)
        for spare in axes[:, 0]:
            spare.remove()
        grid = axes[0, 1].get_gridspec()
        loop, courses = figure.add_subplot(grid[:, 0]), list(axes[:, 1])
    else:
        figure, axes = new_figure(width, 6.0 + 2.6 * rows, rows=rows + 2, columns=1)
        for spare in axes[:2, 0]:
            spare.remove()
        loop, courses = figure.add_subplot(axes[2, 0].get_gridspec()[:2, 0]), list(axes[2:, 0])
    plot_loop(sweeps, loop)
    plot_course(sweeps, Course.SOURCE, courses[0], driven=driven)
    plot_course(sweeps, Course.CURRENT, courses[1])
    for state, ax in zip(states, courses[2:], strict=True):
        plot_course(sweeps, state, ax)
    for ax in courses[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    figure.align_ylabels(courses)
    return figure


def plot_loop(sweeps: Sequence[IVSweep], ax: Axes) -> Axes:
    """Draw the current against the voltage of every device of `sweeps` into `ax`, the first one above; return `ax`.

    Arrows on the first device show the direction; a known compliance current is a dashed line.
    """
    volts = max(float(np.abs(s.voltage).max()) for s in sweeps)
    ampere = max(float(np.abs(s.current).max()) for s in sweeps)
    (v_factor, v_unit), (i_factor, i_unit) = scaled(volts, "V"), scaled(ampere, "A")
    ax.set_xlabel(f"Voltage ({v_unit})")
    ax.set_ylabel(f"Current ({i_unit})")
    ax.axhline(0, color=Colour.FAINT, linewidth=0.6, zorder=0)
    ax.axvline(0, color=Colour.FAINT, linewidth=0.6, zorder=0)
    shown = _evenly(len(sweeps))
    for k in reversed(shown):
        first = k == 0
        ax.plot(
            sweeps[k].voltage / v_factor, sweeps[k].current / i_factor, linewidth=1.1 if first else 0.5,
            color=Colour.FIRST if first else Colour.ALL, zorder=3 if first else 1,
            rasterized=len(sweeps[k]) * len(shown) > _RASTER_ABOVE,
            label=("first device" if first else "others" if k == shown[-1] else None) if len(shown) > 1 else None,
        )  # fmt: skip
    _arrows(sweeps[0].voltage / v_factor, sweeps[0].current / i_factor, ax)
    limit = sweeps[0].compliance_current
    if limit is not None:
        low, high = ax.get_ylim()
        for value in (limit / i_factor, -limit / i_factor):
            if low <= value <= high:
                ax.axhline(value, color=Colour.FIT, linewidth=0.7, linestyle=(0, (4, 3)), zorder=2)
        ax.set_ylim(low, high)
    if len(shown) > 1:
        note_title(
            ax, f"{len(sweeps)} devices" + (f", {len(shown)} drawn" if len(shown) < len(sweeps) else "")
        )
        ax.legend(loc="best", fontsize=NOTE)
    return ax


def plot_course(
    sweeps: Sequence[DrivenSweep],
    what: Course | StateVariable,
    ax: Axes,
    *,
    driven: Source = Source.VOLTAGE,
) -> Axes:
    """Draw `what` (source, current or a state variable) of every device against time (s) into `ax`; return `ax`.

    `driven` says what the source's values are.
    """
    duration = float(sweeps[0].trace.time[-1] - sweeps[0].trace.time[0])
    t_factor, t_unit = scaled(duration, "s")
    shown = _evenly(len(sweeps)) if what is not Course.SOURCE else [0]
    series = {k: _values(sweeps[k], what) for k in shown}
    name, unit = _name(what, driven)
    factor, text = scaled(max(float(np.abs(y).max()) for y in series.values()), unit)
    for k in reversed(shown):
        first = k == 0
        colour = Colour.SET
        if isinstance(what, Course):
            colour = Colour.DATA if what is Course.SOURCE else Colour.FIRST
        time = sweeps[k].trace.time.numpy() / t_factor
        ax.plot(
            time, series[k] / factor, color=colour if first else Colour.ALL, linewidth=0.9 if first else 0.5,
            zorder=3 if first else 1, rasterized=time.size * len(shown) > _RASTER_ABOVE,
        )  # fmt: skip
    ax.set_xlabel(f"Time ({t_unit})")
    ax.set_ylabel(f"{name}\n({text})" if text else name)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    ax.margins(x=0.01)
    return ax


def _values(sweep: DrivenSweep, what: Course | StateVariable) -> Float[np.ndarray, " sample"]:
    if isinstance(what, StateVariable):
        return sweep.trace.variable(what.name).detach().numpy()
    return sweep.trace.source.numpy() if what is Course.SOURCE else sweep.current


def _name(what: Course | StateVariable, driven: Source) -> tuple[str, str]:
    if isinstance(what, StateVariable):
        return f"${what.symbol}$", what.unit
    if what is Course.CURRENT:
        return "Current", "A"
    return ("Source", "A") if driven is Source.CURRENT else ("Source", "V")


def scaled(largest: float, unit: str) -> tuple[float, str]:
    """Factor and prefixed unit in which `largest` has one to three digits before the point."""
    if unit == "1" or largest == 0:
        return 1.0, pretty_unit(unit)
    if unit == "m":
        # Metres are no unit of electrical tables; states of laws are nanometres.
        return (1e-9, "nm") if largest < 1e-6 else (1e-6, "µm")
    prefixed = show(largest, unit).rsplit(" ", 1)[-1]
    parsed = parse_unit(prefixed)
    return (parsed[1], pretty_unit(prefixed)) if parsed else (1.0, pretty_unit(unit))


def _evenly(count: int) -> list[int]:
    if count <= _MOST:
        return list(range(count))
    return np.unique(np.linspace(0, count - 1, _MOST).round().astype(int)).tolist()


def _arrows(v: Float[np.ndarray, " sample"], i: Float[np.ndarray, " sample"], ax: Axes) -> None:
    """Two heads on the lobe that opens widest, one on the way out and one on the way back."""
    reach, height = float(np.abs(v).max()) or 1.0, float(np.ptp(i)) or 1.0
    edges = [0, *(np.flatnonzero(np.diff(np.sign(v)) != 0) + 1).tolist(), v.size]
    lobes = [(a, z) for a, z in itertools.pairwise(edges) if z - a > 3]
    if not lobes:
        return
    first, last = max(lobes, key=lambda lobe: abs(np.trapezoid(i[slice(*lobe)], v[slice(*lobe)])))
    half = np.flatnonzero(np.abs(v[first:last]) > 0.5 * np.abs(v[first:last]).max())
    for k in (first + int(half[0]), first + int(half[-1])):
        # A step long enough to have a direction, short enough to lie on the curve.
        far = np.hypot((v - v[k]) / (2.0 * reach), (i - i[k]) / height) > 0.02
        later = np.flatnonzero(far[k:])
        if later.size:
            ax.annotate(
                "", (v[k + later[0]], i[k + later[0]]), (v[k], i[k]), zorder=4,
                arrowprops={"arrowstyle": "-|>", "color": Colour.FIRST, "linewidth": 0.8, "mutation_scale": 7},
            )  # fmt: skip
