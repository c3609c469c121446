"""Figures of `roy2025.reproduce`: training curves and confusion matrices as Fig. 7, and what levels cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pinched.networks.datasets import CIFAR10_CLASSES
from pinched.papers.panels import write_panels
from pinched.papers.roy2025_graphene import Figure4
from pinched.papers.roy2025_graphene_figure import draw_figure_4
from pinched.report.figure_files import write_figure
from pinched.report.figures_network import draw_confusion
from pinched.report.style import NOTE, Colour, Width, note_title, paper_style

Values = Mapping[str, Any]

PAPER = {"MNIST": (0.92, 0.02), "CIFAR-10": (0.85, 0.3)}
"""Accuracy and mean loss that the paper states, of a set that it does not name."""

_JPEG = "CIFAR-10 (JPEG copy)"


def plot_curves(curves: Values, ax: Axes, quantity: str, stated: float, title: str) -> Axes:
    """`quantity` ("accuracy" in %, "loss" in nat) of training and test images against epochs; returns `ax`."""
    factor = 100.0 if quantity == "accuracy" else 1.0
    epoch = np.arange(1, len(curves[f"{quantity}_test"]) + 1)
    for split, colour, marker in (("train", Colour.MUTED, "s"), ("test", Colour.DATA, "o")):
        values = factor * np.array(curves[f"{quantity}_{split}"])
        ax.plot(epoch, values, marker=marker, markersize=2.6, color=colour, label=split)
    ax.axhline(
        factor * stated, color=Colour.SET, linewidth=0.8, linestyle="--", label="the paper, after 300 epochs"
    )
    ax.set_xlabel("Epoch")
    ax.set_ylabel("Accuracy (%)" if quantity == "accuracy" else "Mean cross-entropy (nat)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if quantity == "loss":
        ax.set_ylim(bottom=0.0)
    ax.set_title(title, fontsize=NOTE, color=Colour.MUTED)
    ax.legend()
    return ax


def plot_one_confusion(matrix: list[list[float]], ax: Axes, title: str, classes: tuple[str, ...]) -> Axes:
    """Answers to each true class (%); returns `ax`."""
    draw_confusion(np.array(matrix), classes, ax)
    note_title(ax, title)
    return ax


def plot_scatter(mnist: Values, ax: Axes) -> Axes:
    """Accuracy (%) on MNIST against the scatter of a programmed level, mean and range over seeds; returns `ax`."""
    runs = mnist["runs"]
    scatters = sorted({int(name.rsplit("_", 1)[1]) for name in runs[0]["ex_situ"] if name.startswith("pair")})
    for way, colour, marker, label in (
        ("pair", Colour.DATA, "o", "pair of devices"),
        ("single", Colour.SET, "s", "one device and a reference"),
    ):
        means = [[100 * run["ex_situ"][f"{way}_{s}"]["mean"] for run in runs] for s in scatters]
        ax.plot(scatters, [float(np.mean(m)) for m in means], marker=marker, color=colour, label=label)
        for s, values in zip(scatters, means, strict=True):
            ax.plot([s, s], [min(values), max(values)], color=colour, linewidth=2.6, alpha=0.3)
    ax.axhline(100 * mnist["float"], color=Colour.FIT, linewidth=0.8, linestyle=":", label="float")
    ax.set_xlabel("Scatter of a level (% of its conductance)")
    ax.set_ylabel("Accuracy on MNIST test images (%)")
    ax.legend()
    return ax


def write_figures(found: Values, folder: Path) -> None:
    """Write the figures of `found` to `folder`, as SVG and PDF and as PNG of 300 dots per inch."""
    shown: list[tuple[str, str, Values]] = []
    if found["mnist"]["float"] is not None:
        main = found["mnist"]["in_situ_runs"][0]["mixed_read_back"]
        shown.append(("MNIST", "MNIST, in simulated devices", main["curves"]))
    if found["cifar"]["float_test"] is not None:
        shown.append(("CIFAR-10", f"{_JPEG}, float", found["cifar"]["run"]["curves"]))
    if not shown:
        return
    panels = [
        lambda ax, c=curves, q=quantity, s=PAPER[name][k], t=title: plot_curves(c, ax, q, s, t)
        for k, quantity in enumerate(("accuracy", "loss"))
        for name, title, curves in shown
    ]
    write_panels(folder / "training.png", Width.DOUBLE, 11.0, *panels, rows=2, simulated=True)
    for name, title, curves in shown:
        digits = name == "MNIST"
        classes = tuple(str(k) for k in range(10)) if digits else CIFAR10_CLASSES
        matrices = [
            lambda ax, m=matrix, e=epoch, t=title, c=classes: plot_one_confusion(m, ax, f"{t}, epoch {e}", c)
            for epoch, matrix in curves["confusion"].items()
        ]
        file = f"confusion_{'mnist' if digits else 'cifar10'}.png"
        write_panels(folder / file, Width.DOUBLE, 7.4, *matrices, simulated=digits)
    if found["mnist"]["float"] is not None:
        write_panels(
            folder / "levels_scatter.png", Width.SINGLE, 6.0, lambda ax: plot_scatter(found["mnist"], ax),
            simulated=True,
        )  # fmt: skip


def write_figure_4(figure: Figure4, folder: Path) -> None:
    """Write Fig. 4 to `folder`."""
    with paper_style():
        write_figure(folder, "graphene", draw_figure_4(figure))
