"""Figures of `marraccini2025.reproduce` on MNIST: word lengths and turned pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from pinched.report.style import NOTE, Colour

Values = Mapping[str, Any]


def bits_axis(ax: Axes) -> None:
    """The horizontal axis of figures over word lengths."""
    ax.set_xlabel("Bits per weight and bias")
    # The word lengths that were tried, as far apart as the logarithms of their numbers of levels would be crowded.
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator([2, 3, 4, 8]))
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(1.85, 8.6)


def plot_mnist(mnist: Values, ax: Axes) -> Axes:
    """Test accuracy (%) on MNIST against bits per word: both networks, the paper's conversion and trained words.

    The axis is logarithmic in the error; bars behind the markers reach from the worst to the best seed.
    """
    wide, literal = mnist["wide"], mnist["literal"]
    lines: list[tuple[str, list[int], list[list[float]], str, str, str]] = [
        (
            "128-64-32-10, trained",
            [2, 3, 4],
            [[w[f"qat{b}"] for w in wide] for b in (2, 3, 4)],
            "#0072B2",
            "o",
            "-",
        ),
        (
            "128-64-32-10, paper's",
            [3, 4, 8],
            [[w[f"paper{b}"] for w in wide] for b in (3, 4, 8)],
            "#0072B2",
            "s",
            "--",
        ),
        ("10-10-10-10, trained", [3, 4], [literal[f"qat{b}"] for b in (3, 4)], "#E69F00", "o", "-"),
        ("10-10-10-10, paper's", [3, 4], [literal[f"paper{b}"] for b in (3, 4)], "#E69F00", "s", "--"),
    ]
    for name, bits, seeds, colour, marker, style in lines:
        mean = [_log_error(100 * float(np.mean(values))) for values in seeds]
        ax.plot(bits, mean, linestyle=style, marker=marker, color=colour, label=name, clip_on=False, zorder=3)
        for b, values in zip(bits, seeds, strict=True):
            ends = [_log_error(100 * min(values)), _log_error(100 * max(values))]
            ax.plot([b, b], ends, color=colour, linewidth=2.6, alpha=0.3)
    # Each where no line crosses it.
    for level, name, x, side in ((97, "text", 1.9, "left"), (94, "abstract", 8.5, "right")):
        y = _log_error(level)
        ax.axhline(y, color=Colour.MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        ax.annotate(
            f"paper's {name}: {level} %", (x, y), xytext=(0, -2), textcoords="offset points", ha=side, va="top",
            fontsize=NOTE, color=Colour.MUTED,
        )  # fmt: skip
    bits_axis(ax)
    ticks = [10, 50, 80, 90, 95, 98]
    ax.set_yticks([_log_error(t) for t in ticks], [str(t) for t in ticks])
    ax.set_ylim(_log_error(5), _log_error(98.6))
    ax.set_ylabel("Accuracy on the test images (%)")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.02))
    return ax


def _log_error(percent: float) -> float:
    # Logarithmic in what is wrong: 97 and 98 % lie as far apart as they should.
    return -float(np.log10(1.0 - percent / 100.0))


def plot_mnist_flips(flips: Values, ax: Axes) -> Axes:
    """Test accuracy (%) on MNIST against the number of pixels turned at random, and the ceiling."""
    for name, label, colour, marker in (
        ("ceiling", "ceiling", Colour.MUTED, ""),
        ("trained", "trained with 3 % of the pixels turned", Colour.FIRST, "^"),
        ("plain", "trained on clean images", Colour.DATA, "o"),
    ):
        ax.plot(
            flips["pixels"], [100 * share for share in flips[name]], marker=marker, color=colour, label=label,
            linestyle=(0, (3, 2)) if name == "ceiling" else "-", clip_on=False,
        )  # fmt: skip
    ax.set_xlim(0, max(flips["pixels"]))
    ax.set_ylim(min(50.0, 100 * min(flips["plain"])), 100.5)
    ax.set_xlabel("Pixels turned of 784")
    ax.set_ylabel("Accuracy on the test images (%)")
    ax.legend(loc="lower left")
    return ax
