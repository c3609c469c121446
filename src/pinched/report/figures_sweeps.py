"""`plot_sweeps`: the I-V figure of a device paper, log |I| against V, every cycle behind the first and the last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from pinched.data.sweep import IVSweep
from pinched.extraction.cycles import Cycle, split_cycles
from pinched.report.style import NOTE, Colour, plain_text
from pinched.report.words import quantity_text

MOST_CYCLES = 200
"""More cycles than this are drawn as an evenly chosen subset, and the axes say so."""

_RASTER_ABOVE = 20_000  # samples: beyond this a vector path is heavier than its picture at 300 dpi
_MEDIAN_POINTS = 200
_OUT = (0.35, 0.25, 0.15, 0.5, 0.65)  # shares of a branch at which its number may stand, best first
_BACK = (0.55, 0.45, 0.35, 0.25, 0.65)

Trace = tuple[Float[np.ndarray, " sample"], Float[np.ndarray, " sample"]]


def plot_sweeps(
    sweeps: Sequence[IVSweep], ax: Axes, *, median: bool = False, directions: bool = True
) -> Axes:
    """Draw |I| (A, log) against V (V) of every cycle of `sweeps` into `ax`, and return `ax`.

    The first and the last cycle are coloured, the others grey; `median` adds the median current of the
    cycles, `directions` the numbers 1 to 4 with arrows along the first cycle. A known compliance current
    is a dashed line. A current of exactly 0 A, which a log axis cannot show, is drawn at the smallest
    current that is not zero, and a note says so.
    """
    cycles = [(sweep, trace, cycle) for sweep in sweeps for trace, cycle in _traces(sweep)]
    ax.set_xlabel("Voltage (V)")
    ax.set_ylabel("|Current| (A)")
    positive = [np.min(i[i > 0]) for _, (_, i), _ in cycles if (i > 0).any()]
    if not positive:
        return no_data(ax)
    floor = float(min(positive))
    drawn = _evenly(len(cycles), MOST_CYCLES)
    zeros = any((cycles[k][1][1] == 0).any() for k in drawn)
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
    _limits(np.concatenate([t[1] for t in traces.values()]), ax)
    if directions and cycles[0][2] is not None:
        _draw_directions(cycles[0][2], floor, ax)
    _draw_compliance(sweeps, ax)
    notes = []
    if len(drawn) < len(cycles):
        notes.append(f"{len(drawn)} of {len(cycles)} cycles drawn, evenly chosen")
    if zeros:
        notes.append(f"0 A drawn at the floor, {quantity_text(floor, 'A', 2)}")
    if notes:
        ax.set_title("; ".join(notes), fontsize=NOTE, color=Colour.MUTED)
    ax.legend(loc="lower right", frameon=True, framealpha=0.85, edgecolor="none")
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


def _limits(current: Float[np.ndarray, " sample"], ax: Axes) -> None:
    # A crossing of 0 V can come arbitrarily close to 0 A: half a percent of the samples may leave the axes below.
    low, high = np.percentile(current, 0.5), float(current.max())
    ax.set_ylim(max(float(current.min()), low / 3) / 2, high * 3)


def _draw_directions(cycle: Cycle, floor: float, ax: Axes) -> None:
    number = 0
    for excursion in cycle.excursions[:2]:
        for branch in (excursion.outgoing, excursion.returning):
            number += 1
            if branch is None or branch.voltage.size < 5:
                continue
            # The ways out and back share pieces of a loop: their numbers sit at different shares of the way.
            preferred = _OUT if branch is excursion.outgoing else _BACK
            v = excursion.sign * branch.voltage
            i = np.maximum(branch.current, floor)
            at, ahead = _straight_piece(i, preferred)
            arrow = FancyArrowPatch(
                (float(v[at]), float(i[at])), (float(v[ahead]), float(i[ahead])),
                arrowstyle="-|>,head_length=3,head_width=1.6", mutation_scale=1, color=Colour.FIT, linewidth=0.7,
                shrinkA=0, shrinkB=0, zorder=6,
            )  # fmt: skip
            ax.add_patch(arrow)
            ax.annotate(
                str(number), (float(v[at]), float(i[at])), fontsize=NOTE, ha="center", va="center", zorder=7,
                bbox={"boxstyle": "circle,pad=0.22", "facecolor": "white", "edgecolor": Colour.FIT, "linewidth": 0.6},
            )  # fmt: skip


def _straight_piece(current: Float[np.ndarray, " sample"], shares: tuple[float, ...]) -> tuple[int, int]:
    """Two samples for an arrow, from the first of `shares` of the way where the current does not jump."""
    last = current.size - 1
    pieces = [(int(share * last), min(int((share + 0.18) * last) + 1, last)) for share in shares]
    decades = [abs(float(np.log10(current[b] / current[a]))) for a, b in pieces]
    calm = [piece for piece, change in zip(pieces, decades, strict=True) if change < 0.35]
    return calm[0] if calm else pieces[int(np.argmin(decades))]


def _draw_compliance(sweeps: Sequence[IVSweep], ax: Axes) -> None:
    limits = sorted({s.compliance_current for s in sweeps if s.compliance_current is not None})
    low = min(float(s.voltage.min()) for s in sweeps)
    high = max(float(s.voltage.max()) for s in sweeps)
    # The pinch at 0 V leaves room for words, where 0 V is well inside the axes.
    both = -low > 0.3 * high and high > -0.3 * low
    # More limits than three are a study of its own, and a fan of dashed lines no help.
    for limit in limits if len(limits) <= 3 else []:
        ax.axhline(limit, color=Colour.MUTED, linewidth=0.7, linestyle=(0, (4, 3)), zorder=2)
        ax.annotate(
            f"compliance {quantity_text(limit, 'A', 2)}", (0.0 if both else low, limit), xytext=(0, 2),
            textcoords="offset points", fontsize=NOTE, color=Colour.MUTED, va="bottom",
            ha="center" if both else "left",
        )  # fmt: skip
