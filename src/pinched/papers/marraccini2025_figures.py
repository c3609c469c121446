"""Figures of `marraccini2025.reproduce`, drawn from its numbers alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pinched.networks.datasets import digits5x4
from pinched.networks.findings import Knob, Property, PropertyCost, Requirement, Sensitivity
from pinched.papers.marraccini2025_devices import written
from pinched.papers.marraccini2025_figures_mnist import bits_axis, plot_mnist, plot_mnist_flips
from pinched.papers.panels import write_panels
from pinched.report.figures_sensitivity import plot_properties, plot_required
from pinched.report.style import (
    DEVICE_COLOURS,
    DEVICE_MARKERS,
    NOTE,
    Colour,
    Width,
)

Values = Mapping[str, Any]

_KINDS = {
    "paper": "paper's conversion",
    "round": "the same, rounded",
    "clip": "clipped, rounded",
    "clip per output": "same, range per output",
    "quantization-aware": "trained for the words",
}

_KIND_COLOURS = (0, 4, 2, 3, 5)
"""Of each of them, in `DEVICE_COLOURS`: what is trained stands out."""


def plot_word_lengths(table: Values, ax: Axes) -> Axes:
    """Share of networks (%) that classify all ten digits, against bits per word, one line per quantizer."""
    for k, (kind, name) in enumerate(_KINDS.items()):
        rows = sorted((row for row in table["rows"] if row["quantizer"] == kind), key=lambda row: row["bits"])
        if rows:
            ax.plot(
                [row["bits"] for row in rows], [100 * row["perfect"] for row in rows], clip_on=False,
                marker=DEVICE_MARKERS[k], color=DEVICE_COLOURS[_KIND_COLOURS[k]], label=name, zorder=3 + k,
            )  # fmt: skip
    bits_axis(ax)
    ax.set_ylabel("Networks with 10 of 10 (%)")
    ax.set_ylim(0, 100)
    seeds = table.get("seeds", 1)
    over = f" ({seeds} seeds)" if seeds > 1 else ""
    ax.set_title(
        f"{table['networks']} networks{over}; in float {100 * table['float_perfect']:.0f} % of them",
        fontsize=NOTE, color=Colour.MUTED,
    )  # fmt: skip
    ax.legend(loc="lower right")
    return ax


def plot_arrays(devices: Values, ax: Axes) -> Axes:
    """Mean accuracy and share of perfect arrays (%) for every way of writing the 3-bit network."""
    ways = written(devices)
    heights = np.arange(len(ways), dtype=float)
    for shift, key, colour, label in (
        (-0.2, "mean", Colour.DATA, "mean accuracy"),
        (0.2, "perfect", Colour.LRS, "perfect arrays"),
    ):
        shares = np.array([100 * way[key] for way in ways])
        ax.barh(heights + shift, shares, 0.38, color=colour, label=label)
        for height, share in zip(heights + shift, shares, strict=True):
            text = f"{share:.2f}" if 99.5 < share < 100 else f"{share:.1f}"
            ax.annotate(
                text, (share, height), xytext=(2, 0), textcoords="offset points", va="center", fontsize=NOTE
            )
    ax.set_yticks(heights, [f"{way['title']} ({way['area_factor']:.3g} x)" for way in ways])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(ways) - 0.5, -0.5)
    ax.set_xlim(0, 108)
    ax.set_xticks(range(0, 101, 20))
    ax.set_xlabel("Share (%); in brackets the cells per bit")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    return ax


def plot_confusion(shares: np.ndarray, ax: Axes, title: str) -> Axes:
    """Answers to each digit (share in %) as a matrix: figure 4d where the array is read."""
    matrix = 100 * np.asarray(shares)
    ax.imshow(matrix, cmap="Blues", vmin=0, vmax=100)
    for true, predicted in np.ndindex(*matrix.shape):
        number = f"{matrix[true, predicted]:.0f}"
        if number != "0":
            shade = "white" if matrix[true, predicted] > 55 else Colour.FIT
            ax.text(
                predicted, true, number,
                ha="center", va="center", fontsize=6.0, color=shade,
            )  # fmt: skip
    ax.set_xticks(range(len(matrix)))
    ax.set_yticks(range(len(matrix)))
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlabel("Answer")
    ax.set_ylabel("Digit")
    ax.set_title(title)
    return ax


def _sensitivity(costs: Values) -> Sensitivity:
    """The record of which `costs` are the numbers."""
    return Sensitivity(
        accuracy=costs["accuracy"],
        accuracy_ideal=costs["accuracy_ideal"],
        arrays=costs["arrays"],
        ranking=tuple(
            PropertyCost(
                property=Property(row["property"]),
                recovered=row["recovered"],
                recovered_interval=tuple(row["recovered_interval"]),
                alone=row["alone"],
                alone_interval=tuple(row["alone_interval"]),
            )
            for row in costs["ranking"]
        ),
    )


def _requirements(rows: list[Values], arrays: int) -> tuple[Requirement, ...]:
    """The records of which `rows` are the numbers."""
    return tuple(
        Requirement(
            **{
                **row,
                "knob": Knob(row["knob"]),
                "interval": tuple(row["interval"] or (math.nan, math.nan)),
                "arrays": arrays,
            }
        )
        for row in rows
    )


def _named(ax: Axes, title: str) -> Axes:
    ax.set_title(title)
    return ax


def plot_turned(right: list[list[bool]], ax: Axes, title: str) -> Axes:
    """The ten digits with a cross on every pixel whose turning leads to a wrong answer."""
    images = digits5x4().images.numpy().reshape(10, 5, 4)
    for digit, (image, fine) in enumerate(zip(images, right, strict=True)):
        for (row, column), ink in np.ndenumerate(image):
            x = 5.2 * digit + column
            shade = "#7D8FA0" if ink else "#F1F3F5"
            ax.add_patch(Rectangle((x, -row), 0.92, 0.92, facecolor=shade, edgecolor="none"))
            if not fine[4 * row + column]:
                ax.plot(x + 0.46, 0.46 - row, "x", color=Colour.SET, markersize=4.0, markeredgewidth=1.2)
    ax.set_xlim(-0.1, 51)
    ax.set_ylim(-4.2, 1.1)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(title)
    return ax


def plot_ten_image_test(flips: Values, ax: Axes) -> Axes:
    """Chance (%) of each result of the paper's test: ten digits, one random pixel turned in each."""
    chances = 100 * np.array(flips["ten_image_test"])
    low, high = (100 * end for end in flips["ten_image_test_interval"])
    results = np.arange(len(chances)) * 10
    inside = (results >= low) & (results <= high)
    ax.bar(results[inside], chances[inside], 7.5, color=Colour.DATA, label="95 of 100 tests")
    ax.bar(results[~inside], chances[~inside], 7.5, color=Colour.ALL)
    ax.axvline(100 * flips["chosen_3_bits"], color=Colour.FIT, linewidth=1.0)
    ax.annotate(
        f"all 200 flips: {100 * flips['chosen_3_bits']:.1f} %", (100 * flips["chosen_3_bits"], 1.0),
        xycoords=("data", "axes fraction"), xytext=(-4, -2), textcoords="offset points", ha="right", va="top",
        fontsize=NOTE,
    )  # fmt: skip
    ax.set_xlim(34, 106)
    ax.set_ylim(0, 1.2 * float(chances.max()))
    ax.set_xlabel("Result of a ten-image test (%)")
    ax.set_ylabel("Chance (%)")
    ax.legend(loc="upper left", bbox_to_anchor=(0.0, 0.9))
    return ax


def write_figures(found: Values, folder: Path) -> None:
    """Write the figures of `found` to `folder`, as SVG and PDF and as PNG of 300 dots per inch."""
    digits, mnist = found["digits"], found["mnist"]
    devices, costs, needs, flips = (digits[name] for name in ("devices", "sensitivity", "required", "flips"))
    write_panels(
        folder / "word_lengths.png", Width.DOUBLE, 6.2,
        lambda ax: _titled(plot_word_lengths(digits["tables"]["20-10-10"], ax), "20-10-10: "),
        lambda ax: _titled(plot_word_lengths(digits["tables"]["20-20-20-10"], ax), "20-20-20-10: "),
    )  # fmt: skip
    height = 2.6 + 0.62 * len(written(devices))
    write_panels(folder / "arrays.png", Width.DOUBLE, height, lambda ax: plot_arrays(devices, ax))
    write_panels(
        folder / "confusion.png", Width.DOUBLE, 8.6,
        lambda ax: plot_confusion(devices["confusion_fresh"], ax, "Written once, mean over 200 arrays (%)"),
        lambda ax: plot_confusion(devices["confusion_repaired"], ax, "Verified, two spares, 50 arrays (%)"),
    )  # fmt: skip
    write_panels(
        folder / "properties.png", Width.DOUBLE, 5.4,
        *(
            lambda ax, part=part, name=name: _named(
                plot_properties(_sensitivity(part), ax), f"{name}: {100 * part['accuracy']:.1f} %"
            )
            for part, name in ((costs, "Working devices"), (costs["batch"], "Batch yield of 40 %"))
        ),
    )  # fmt: skip
    write_panels(
        folder / "required.png", Width.DOUBLE, 5.0,
        *(
            lambda ax, name=name, title=title: _named(
                plot_required(_requirements(needs[name], needs["arrays"]), ax),
                f"{title}: for {100 * needs[name][0]['target']:.0f} %",
            )
            for name, title in (("written_once", "Written once"), ("verify_2_spares", "Verified, two spares"))
        ),
    )  # fmt: skip
    write_panels(
        folder / "turned_pixels.png", Width.DOUBLE, 5.6,
        lambda ax: plot_turned(
            flips["chosen_right"], ax, f"Paper's conversion, 3 bits: {100 * flips['chosen_3_bits']:.1f} % of 200"
        ),
        lambda ax: plot_turned(
            flips["aware_right"], ax,
            f"Trained for turned pixels, 3 bits: {100 * np.mean(flips['aware_right']):.1f} % "
            f"(ceiling {100 * flips['ceiling']:.1f} %)",
        ),
        rows=2,
    )  # fmt: skip
    write_panels(folder / "ten_image_test.png", Width.SINGLE, 5.6, lambda ax: plot_ten_image_test(flips, ax))
    if mnist["wide"]:
        write_panels(folder / "mnist_word_lengths.png", Width.SINGLE, 6.6, lambda ax: plot_mnist(mnist, ax))
        write_panels(
            folder / "mnist_turned_pixels.png", Width.SINGLE, 6.0,
            lambda ax: plot_mnist_flips(mnist["flips"], ax),
        )  # fmt: skip


def _titled(ax: Axes, before: str) -> Axes:
    ax.set_title(before + ax.get_title(loc="left"), fontsize=NOTE, color=Colour.MUTED)
    return ax
