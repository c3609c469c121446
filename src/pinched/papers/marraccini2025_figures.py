"""Figures of `marraccini2025.reproduce`, drawn from its numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pinched.report.style import (
    DEVICE_COLOURS,
    DEVICE_MARKERS,
    Colour,
    Width,
    new_figure,
    paper_style,
    to_png,
)

_WAYS = {
    "overlap_only": "every write succeeds",
    "fresh": "written once",
    "majority_3": "majority of 3",
    "majority_5": "majority of 5",
    "verify_1_spare": "verified, 1 spare",
    "verify_2_spares": "verified, 2 spares",
    "verify_3_spares": "verified, 3 spares",
}


def plot_word_lengths(table: Mapping[str, Any], ax: Axes) -> Axes:
    """Share of networks (%) that classify all ten digits, against bits per word, one line per quantizer."""
    kinds = list(dict.fromkeys(row["quantizer"] for row in table["rows"]))
    for k, kind in enumerate(kinds):
        rows = [row for row in table["rows"] if row["quantizer"] == kind]
        ax.plot(
            [row["bits"] for row in rows], [100 * row["perfect"] for row in rows],
            marker=DEVICE_MARKERS[k], color=DEVICE_COLOURS[k], label=kind,
        )  # fmt: skip
    ax.set_xlabel("Bits per weight and bias")
    ax.set_ylabel("Networks with 10 of 10 (%)")
    ax.set_ylim(-4, 104)
    ax.legend()
    return ax


def plot_arrays(devices: Mapping[str, Any], ax: Axes) -> Axes:
    """Mean accuracy and share of perfect arrays (%) for every way of writing the 3-bit network."""
    ways = [name for name in _WAYS if name in devices]
    heights = np.arange(len(ways), dtype=float)
    ax.barh(
        heights + 0.2,
        [100 * devices[w]["mean"] for w in ways],
        0.38,
        color=Colour.DATA,
        label="mean accuracy",
    )
    ax.barh(
        heights - 0.2,
        [100 * devices[w]["perfect"] for w in ways],
        0.38,
        color=Colour.LRS,
        label="perfect arrays",
    )
    ax.set_yticks(heights, [_WAYS[w] for w in ways])
    ax.invert_yaxis()
    ax.set_xlabel("Share (%)")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    return ax


def plot_confusion_fresh(devices: Mapping[str, Any], ax: Axes) -> Axes:
    """Answers to each digit (%), mean over fresh arrays: what figure 4d is when the array is read."""
    shares = 100 * np.array(devices["confusion_fresh"])
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for true, predicted in np.ndindex(*shares.shape):
        if shares[true, predicted] >= 0.5:
            shade = "white" if shares[true, predicted] > 55 else Colour.FIT
            ax.text(
                predicted, true, f"{shares[true, predicted]:.0f}",
                ha="center", va="center", fontsize=5.5, color=shade,
            )  # fmt: skip
    ax.set_xticks(range(len(shares)))
    ax.set_yticks(range(len(shares)))
    ax.set_xlabel("Answer")
    ax.set_ylabel("Digit")
    return ax


def plot_properties(costs: Mapping[str, Any], ax: Axes) -> Axes:
    """Accuracy (points) won when each property becomes perfect, with its 95 % interval over arrays."""
    rows = costs["ranking"]
    won = np.array([100 * row["recovered"] for row in rows])
    ends = np.array([[100 * end for end in row["recovered_interval"]] for row in rows])
    reach = np.abs(ends - won[:, None]).T
    heights = np.arange(len(rows), dtype=float)
    ax.barh(heights, won, 0.6, color=Colour.DATA, xerr=reach, error_kw={"linewidth": 0.8})
    ax.set_yticks(heights, [row["property"] for row in rows])
    ax.invert_yaxis()
    ax.set_xlabel("Accuracy won when perfect (points)")
    return ax


def write_figures(found: Mapping[str, Any], folder: Path) -> None:
    """Write the figures of `found` to `folder` as PNG (300 dots per inch)."""
    digits = found["digits"]
    jobs: dict[str, tuple[Callable[[Mapping[str, Any], Axes], Axes], Mapping[str, Any], float]] = {
        "word_lengths_20-10-10": (plot_word_lengths, digits["tables"]["20-10-10"], 6.0),
        "word_lengths_20-20-20-10": (plot_word_lengths, digits["tables"]["20-20-20-10"], 6.0),
        "arrays": (plot_arrays, digits["devices"], 6.5),
        "confusion_fresh": (plot_confusion_fresh, digits["devices"], 8.0),
        "properties": (plot_properties, digits["sensitivity"], 5.0),
    }
    for name, (plot, part, height) in jobs.items():
        with paper_style():
            figure, axes = new_figure(Width.SINGLE, height)
            plot(part, axes[0, 0])
            (folder / f"{name}.png").write_bytes(to_png(figure))
