"""Figures of the network: what every array reached beside what it must be compared with, and the errors it makes."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from pinched.networks.score import Score
from pinched.report.style import NOTE, Colour, figure_of, plain_text
from pinched.report.words import missing, percent, share_decimals

_TICKS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999)
_BLUES = LinearSegmentedColormap.from_list("pinched", ["#FFFFFF", "#CFE3F1", "#0072B2", "#00314F"])
_MOST_CLASSES_IN_WORDS = 12


def plot_accuracy(score: Score, ax: Axes) -> Axes:
    """Accuracy (%) of every array beside float twin, quantized network and both baselines; returns `ax`.

    The axis is logarithmic in the error 1 - accuracy: the baselines and a spread of a tenth of a percent
    fit on one axis. An accuracy of 100 % stands at half an image.
    """
    arrays = score.accuracy_array
    decimals = share_decimals(score.interval)
    rows = [
        ("float twin", score.accuracy_float, "s", Colour.FIT),
        ("quantized, in software", score.accuracy_quantized, "D", Colour.FIT),
        ("nearest class mean", score.baseline_nearest_mean, "^", Colour.MUTED),
        ("most frequent class", score.baseline, "v", Colour.MUTED),
    ]
    # From top to bottom; the arrays take the room of two rows between the networks and the baselines.
    heights = [5.0, 4.2, 1.1, 0.3]
    middle = 2.65
    floor = 0.5 / max(score.images, 1)

    def place(accuracy: float | np.ndarray) -> np.ndarray:
        return np.asarray(-np.log10(np.maximum(1.0 - np.asarray(accuracy, dtype=float), floor)))

    for (_, accuracy, marker, colour), height in zip(rows, heights, strict=True):
        if missing(accuracy):
            ax.text(0.02, height, "–", va="center", transform=ax.get_yaxis_transform())
            continue
        x = float(place(accuracy))
        ax.plot(x, height, marker, color=colour, markersize=4.2, zorder=3)
        _value_text(ax, x, height, percent(accuracy, decimals))
    x = place(arrays)
    y = middle + _swarm(x)
    ax.plot(x, y, "o", color=Colour.DATA, markersize=3.4, markeredgewidth=0, alpha=0.8, zorder=3)
    if arrays.size > 1:
        worst = int(np.argmin(arrays))
        spot = (float(x[worst]), float(y[worst]))
        ax.plot(*spot, "o", markerfacecolor="none", markeredgecolor=Colour.SET, markersize=6.5, zorder=4)
        ax.annotate(
            f"worst {percent(float(arrays[worst]), decimals)}", spot, xytext=(-6, 0), textcoords="offset points",
            ha="right", va="center", fontsize=NOTE, color=Colour.SET,
        )  # fmt: skip
    mean, (low, high) = float(arrays.mean()), score.interval
    reach = [middle - 0.72, middle + 0.72]
    ax.plot([float(place(mean))] * 2, reach, color=Colour.FIT, linewidth=1.0, zorder=2)
    if not missing(low):
        left, right = float(place(low)), float(place(high))
        ax.fill([left, right, right, left], np.repeat(reach, 2), color=Colour.DATA, alpha=0.22, linewidth=0)
    _value_text(ax, float(place(max(mean, float(arrays.max())))), middle, f"mean {percent(mean, decimals)}")
    ax.set_yticks(
        [*heights, middle], [*(name for name, *_ in rows), f"read from arrays\n(n = {arrays.size})"]
    )
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(-0.3, 5.6)
    everything = [a for a in (*(r[1] for r in rows), *arrays.tolist()) if not missing(a)]
    _accuracy_axis(ax, float(place(max(everything))), floor, perfect=max(everything) >= 1.0)
    ax.set_xlabel(f"Accuracy on {score.images} images (%), axis logarithmic in the error")
    return ax


def plot_confusion(score: Score, ax: Axes) -> Axes:
    """Answers given to each true class (share in %, mean over arrays) as a matrix; returns `ax`."""
    draw_confusion(score.confusion, score.classes, ax)
    ax.set_title("Share of the true class (%), mean over arrays", fontsize=NOTE, color=Colour.MUTED)
    return ax


def draw_confusion(shares: Float[np.ndarray, "true predicted"], names: tuple[str, ...], ax: Axes) -> Axes:
    """`shares` (0 to 1) of each true class given each answer as a matrix, without a title; returns `ax`."""
    matrix = 100.0 * np.nan_to_num(shares)
    classes = [plain_text(name, 10) for name in names]
    # The square root brings out the errors, which are what a reader looks for.
    image = ax.imshow(
        np.sqrt(matrix), cmap=_BLUES, vmin=0.0, vmax=10.0, aspect="equal", interpolation="nearest"
    )
    ax.set_xlabel("Answer (class)")
    ax.set_ylabel("True class")
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    few = len(classes) <= _MOST_CLASSES_IN_WORDS
    if few:
        longest = max(len(name) for name in classes)
        ax.set_xticks(
            range(len(classes)),
            classes,
            rotation=45 if longest > 3 else 0,
            ha="right" if longest > 3 else "center",
        )
        ax.set_yticks(range(len(classes)), classes)
        for (row, column), share in np.ndenumerate(matrix):
            if share >= 0.05:
                text = f"{share:.0f}" if share >= 9.95 else f"{share:.1f}"
                ax.text(
                    column,
                    row,
                    text,
                    ha="center",
                    va="center",
                    fontsize=5.5,
                    color="white" if share > 30 else "#333333",
                )
    else:
        bar = figure_of(ax).colorbar(image, ax=ax, fraction=0.046, pad=0.03)
        bar.set_label("Share of the true class (%)")
        bar.set_ticks([math.sqrt(p) for p in (0, 1, 10, 50, 100)], labels=["0", "1", "10", "50", "100"])
        bar.outline.set_visible(False)
    ax.tick_params(length=0)
    return ax


def _value_text(ax: Axes, x: float, y: float, text: str) -> None:
    ax.annotate(text, (x, y), xytext=(6, 0), textcoords="offset points", va="center", fontsize=7)


def _swarm(x: Float[np.ndarray, " array"]) -> Float[np.ndarray, " array"]:
    """Heights that keep equal values apart: points of a narrow bin stand above and below the middle in turn."""
    heights = np.zeros(x.size)
    bins = np.round(x / 0.018).astype(int)
    for value in np.unique(bins):
        mine = np.flatnonzero(bins == value)
        # 0, +1, -1, +2, -2 ... steps, closer together where many arrays agree.
        step = min(0.2, 1.2 / max(mine.size, 1))
        rank = np.arange(mine.size)
        heights[mine] = step * ((rank + 1) // 2) * np.where(rank % 2 == 1, 1.0, -1.0)
    return heights


def _accuracy_axis(ax: Axes, highest: float, floor: float, *, perfect: bool) -> None:
    top = -math.log10(floor)
    ticks = [t for t in _TICKS if -math.log10(1.0 - t) <= highest + 0.08 and 1.0 - t > 1.5 * floor]
    places = [-math.log10(1.0 - t) for t in ticks]
    labels = [f"{100 * t:g}" for t in ticks]
    if perfect:
        places, labels = [*places, top], [*labels, "100"]
    ax.xaxis.set_major_locator(FixedLocator(places))
    ax.xaxis.set_major_formatter(FixedFormatter(labels))
    ax.xaxis.set_minor_locator(NullLocator())
    # Room on the right for the number beside the best marker, on the left for "worst".
    ax.set_xlim(-0.1, highest + 0.24 * max(highest, 0.5))
    ax.grid(visible=True, axis="x", color=Colour.FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
