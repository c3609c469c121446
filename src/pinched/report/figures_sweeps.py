"""`plot_sweeps`: the I-V figure of a device paper, log |I| against V, every cycle behind the first and the last."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from pinched.data.sweep import IVSweep
from pinched.extraction.cycles import Cycle, split_cycles
from pinched.report.style import NOTE, Colour, axes_width, figure_of, legend_columns, plain_text
from pinched.report.words import quantity_text

MOST_CYCLES = 200
"""More cycles than this are drawn as an evenly chosen subset, and the axes say so."""

_RASTER_ABOVE = 20_000  # samples: beyond this a vector path is heavier than its picture at 300 dpi
_MEDIAN_POINTS = 200
_OUT = (
    0.35,
    0.25,
    0.15,
    0.5,
    0.65,
    0.8,
    0.08,
)  # shares of a branch at which its number may stand, best first
_NEAR_ZERO = 0.02  # share of the largest |V| below which a current does not set the axes
_JUMP = 0.3  # decades between two samples: a device that switches
_BACK = (0.55, 0.45, 0.35, 0.25, 0.65, 0.15)

Trace = tuple[np.ndarray, np.ndarray]
"""Voltage (V) and current (A) of one cycle; cycles differ in length."""


def plot_sweeps(
    sweeps: Sequence[IVSweep], ax: Axes, *, median: bool = False, directions: bool = True
) -> Axes:
    """Draw |I| (A, log) against V (V) of every cycle of `sweeps` into `ax`, and return `ax`.

    The first and the last cycle are coloured, the others grey; `median` adds the median current of the
    cycles, `directions` the numbers 1 to 4 with arrows along the first cycle. A known compliance current
    is a dashed line. A current of exactly 0 A, which a log axis cannot show, is drawn at the smallest
    current that is not zero, and a note says so where it happens away from 0 V.
    """
    cycles = [(sweep, trace, cycle) for sweep in sweeps for trace, cycle in _traces(sweep)]
    ax.set_xlabel("Voltage (V)")
    ax.set_ylabel("|Current| (A)")
    positive = [np.min(i[i > 0]) for _, (_, i), _ in cycles if (i > 0).any()]
    if not positive:
        return no_data(ax)
    floor = float(min(positive))
    drawn = _evenly(len(cycles), MOST_CYCLES)
    widest = max(float(np.abs(cycles[k][1][0]).max()) for k in drawn)
    # At 0 V a current of 0 A is no surprise, and below the axes.
    zeros = any(
        ((i == 0) & (np.abs(v) >= _NEAR_ZERO * widest)).any() for v, i in (cycles[k][1] for k in drawn)
    )
    traces = {k: (cycles[k][1][0], np.maximum(cycles[k][1][1], floor)) for k in drawn}
    ax.set_yscale("log")
    middle = [k for k in drawn if 0 < k < len(cycles) - 1]
    if middle:
        # One line with gaps instead of a line per cycle: smaller files, and grey does not add up to black.
        gap = np.array([np.nan])
        v = np.concatenate([part for k in middle for part in (traces[k][0], gap)])
        i = np.concatenate([part for k in middle for part in (traces[k][1], gap)])
        label = "all cycles" if len(drawn) == len(cycles) else "cycles between"
        ax.plot(
            v, i, color=Colour.ALL, linewidth=0.5, label=label, rasterized=v.size > _RASTER_ABOVE, zorder=1
        )
    if median and len(cycles) > 2:
        _draw_median([trace for _, trace, _ in cycles], floor, ax)
    heavy = max(t[0].size for t in traces.values()) > _RASTER_ABOVE
    several = len({sweep.device for sweep, _, _ in cycles}) > 1
    ends = [(0, "first", Colour.FIRST, 4)]
    if len(cycles) > 1:
        ends.append((len(cycles) - 1, "last", Colour.LAST, 3))
    for k, word, colour, order in ends:
        sweep, _, cycle = cycles[k]
        which = f"cycle {cycle.number}" if cycle else f"cycle {sweep.cycle}"
        label = f"{word}: {plain_text(sweep.device)}, {which}" if several else f"{word} ({which})"
        ax.plot(*traces[k], color=colour, linewidth=1.1, label=label, rasterized=heavy, zorder=order)
    _limits(list(traces.values()), ax)
    if directions and cycles[0][2] is not None:
        _draw_directions(cycles[0][2], floor, ax)
    _draw_compliance(sweeps, ax)
    notes = []
    if len(drawn) < len(cycles):
        notes.append(f"{len(drawn)} of {len(cycles)} cycles drawn, evenly chosen")
    if zeros:
        notes.append(f"0 A drawn at the floor, {quantity_text(floor, 'A', 2)}")
    if notes:
        ax.annotate(
            "; ".join(notes), (0.99, 0.015), xycoords="axes fraction", fontsize=NOTE, color=Colour.MUTED, ha="right",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0}, zorder=8,
        )  # fmt: skip
    # Above the axes: loops leave no corner free for certain.
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=legend_columns(ax), columnspacing=1.0)
    return ax


def no_data(ax: Axes, why: str = "no data") -> Axes:
    """Say in the middle of `ax` that there is nothing to draw, and return `ax`."""
    ax.text(0.5, 0.5, why, transform=ax.transAxes, ha="center", va="center", color=Colour.MUTED)
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


def _traces(sweep: IVSweep) -> list[tuple[Trace, Cycle | None]]:
    """Signed voltage and |I| of each cycle, in the order of measurement; the whole trace where there is none."""
    found: list[tuple[Trace, Cycle | None]] = []
    for cycle in split_cycles(sweep):
        pieces = [
            (excursion.sign * branch.voltage, branch.current)
            for excursion in cycle.excursions
            for branch in (excursion.outgoing, excursion.returning)
            if branch is not None
        ]
        found.append(
            ((np.concatenate([v for v, _ in pieces]), np.concatenate([i for _, i in pieces])), cycle)
        )
    return found or [((sweep.voltage, np.abs(sweep.current)), None)]


def _evenly(total: int, most: int) -> list[int]:
    """Indices of at most `most` of `total` items, evenly spaced, the first and the last among them."""
    if total <= most:
        return list(range(total))
    return np.unique(np.linspace(0, total - 1, most).round().astype(int)).tolist()


def _draw_median(traces: list[Trace], floor: float, ax: Axes) -> None:
    # Cycles differ in samples and a little in voltage: each is read at the same shares of its way.
    share = np.linspace(0.0, 1.0, _MEDIAN_POINTS)
    log_i, volts = [], []
    for v, i in traces:
        way = np.linspace(0.0, 1.0, v.size)
        log_i.append(np.interp(share, way, np.log(np.maximum(i, floor))))
        volts.append(np.interp(share, way, v))
    label = f"median of {len(traces)}"
    ax.plot(
        np.median(volts, axis=0), np.exp(np.median(log_i, axis=0)), color=Colour.FIT, label=label, zorder=3.5
    )


def _limits(traces: list[Trace], ax: Axes) -> None:
    # At the crossing of 0 V the current can come arbitrarily close to 0 A: what is near it may leave the axes below.
    voltage = np.abs(np.concatenate([v for v, _ in traces]))
    current = np.concatenate([i for _, i in traces])
    away = current[voltage >= _NEAR_ZERO * voltage.max()]
    low, high = float(np.percentile(away, 0.2)), float(current.max())
    ax.set_ylim(min(low, high / 10) / 2, high * 3)
    low_v, high_v = (float(f(np.concatenate([v for v, _ in traces]))) for f in (np.min, np.max))
    room = 0.03 * (high_v - low_v) or 0.1
    ax.set_xlim(low_v - room, high_v + room)


def _draw_directions(cycle: Cycle, floor: float, ax: Axes) -> None:
    number = 0
    small = axes_width(ax) < 170
    size, taken = (5.0 if small else NOTE), []
    for excursion in cycle.excursions[:2]:
        for branch in (excursion.outgoing, excursion.returning):
            number += 1
            if branch is None or branch.voltage.size < 5:
                continue
            # The ways out and back share pieces of a loop: their numbers sit at different shares of the way.
            preferred = _OUT if branch is excursion.outgoing else _BACK
            v = excursion.sign * branch.voltage
            i = np.maximum(branch.current, floor)
            at, ahead = _free_piece(v, i, preferred, taken, 2.2 * size, ax)
            taken.append(_points(v[at], i[at], ax))
            arrow = FancyArrowPatch(
                (float(v[at]), float(i[at])), (float(v[ahead]), float(i[ahead])),
                arrowstyle="-|>,head_length=3,head_width=1.6", mutation_scale=0.8 if small else 1.0,
                color=Colour.FIT, linewidth=0.7, shrinkA=0, shrinkB=0, zorder=6,
            )  # fmt: skip
            ax.add_patch(arrow)
            ax.annotate(
                str(number), (float(v[at]), float(i[at])), fontsize=size, ha="center", va="center", zorder=7,
                bbox={"boxstyle": "circle,pad=0.22", "facecolor": "white", "edgecolor": Colour.FIT, "linewidth": 0.6},
            )  # fmt: skip


def _points(voltage: float, current: float, ax: Axes) -> tuple[float, float]:
    """Place of a sample in `ax`, in points from its lower left corner."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    width = axes_width(ax)
    height = width * ax.get_position().height / ax.get_position().width
    height *= figure_of(ax).get_figheight() / figure_of(ax).get_figwidth()
    return (
        width * (voltage - left) / (right - left),
        height * math.log(current / low) / math.log(high / low),
    )


def _free_piece(
    voltage: Float[np.ndarray, " sample"],
    current: Float[np.ndarray, " sample"],
    shares: tuple[float, ...],
    taken: list[tuple[float, float]],
    room: float,
    ax: Axes,
) -> tuple[int, int]:
    """Two samples for an arrow: where the current does not jump, inside the axes, `room` (pt) from those `taken`."""
    last = current.size - 1
    pieces = [
        (int(share * last), min(int((share + reach) * last) + 1, last))
        for reach in (0.18, 0.09)
        for share in shares
    ]
    best, chosen = -np.inf, pieces[0]
    steps = np.abs(np.diff(np.log10(current)))
    # The number tells the state that the way begins with: before the first jump, where there is one.
    switched = int(np.argmax(steps > _JUMP)) if (steps > _JUMP).any() else last
    for rank, (at, ahead) in enumerate(pieces):
        change = abs(math.log10(current[ahead] / current[at]))
        place = _points(float(voltage[at]), float(current[at]), ax)
        near = min((math.dist(place, other) for other in taken), default=np.inf)
        inside = ax.get_ylim()[0] < current[at] < ax.get_ylim()[1]
        jumps = bool((steps[at:ahead] > _JUMP).any())
        # An arrow across a jump misleads most, then a number outside or on another one; the order decides the rest.
        score = -4.0 * jumps - 3.0 * (not inside) - 2.0 * (near < room) - 1.0 * (at > switched)
        score -= 0.2 * change + 0.05 * rank
        if score > best:
            best, chosen = score, (at, ahead)
    return chosen


def _draw_compliance(sweeps: Sequence[IVSweep], ax: Axes) -> None:
    limits = sorted({s.compliance_current for s in sweeps if s.compliance_current is not None})
    # More limits than three are a study of its own, and a fan of dashed lines no help.
    low, high = ax.get_ylim()
    # One that no current comes near is beyond the axes.
    for limit in [limit for limit in limits if low < limit < high] if len(limits) <= 3 else []:
        ax.axhline(limit, color=Colour.MUTED, linewidth=0.7, linestyle=(0, (4, 3)), zorder=2)
        right, above = _roomiest(sweeps, ax, limit)
        ax.annotate(
            f"compliance {quantity_text(limit, 'A', 2)}", (1.0 if right else 0.0, limit),
            xycoords=ax.get_yaxis_transform(), xytext=(-2 if right else 2, 2 if above else -2),
            textcoords="offset points", fontsize=NOTE, color=Colour.MUTED, va="bottom" if above else "top",
            ha="right" if right else "left",
        )  # fmt: skip


def _roomiest(sweeps: Sequence[IVSweep], ax: Axes, limit: float) -> tuple[bool, bool]:
    """Whether at the right end of the line of `limit` (A), and whether above it: where the fewest samples lie."""
    box = ax.get_window_extent()
    # Words of this length at this size, as shares of the axes.
    wide, tall = 72.0 * ax.figure.dpi / 72.0 / box.width, 11.0 * ax.figure.dpi / 72.0 / box.height
    to_axes = ax.transData + ax.transAxes.inverted()
    level = to_axes.transform((0.0, limit))[1]
    points = np.concatenate([np.stack([s.voltage, np.abs(s.current)], axis=1) for s in sweeps])
    x, y = to_axes.transform(points[points[:, 1] > 0]).T
    # Above the line there is room on the side that the limit holds: that is where nothing else decides.
    held = _largest(sweeps, 1) <= 1.05 * limit or _largest(sweeps, -1) > 1.05 * limit
    ways = [(held, True), (not held, True), (held, False), (not held, False)]

    def met(way: tuple[bool, bool]) -> int:
        right, above = way
        beside = x > 1.0 - wide if right else x < wide
        height = y - level if above else level - y
        # The curve that runs along the line itself stays below words above it.
        return int((beside & (height > 0.02) & (height < tall)).sum())

    return min(ways, key=met)


def _largest(sweeps: Sequence[IVSweep], sign: int) -> float:
    """Largest |I| (A) on one side of 0 V."""
    return max((float(np.abs(s.current[sign * s.voltage > 0]).max(initial=0.0)) for s in sweeps), default=0.0)
