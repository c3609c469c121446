"""Figures of a network that was read back from arrays."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from pinched.extraction.table import SwitchingTable
from pinched.networks.findings import Requirement, Sensitivity
from pinched.networks.score import Score
from pinched.report.figures_network import plot_accuracy, plot_confusion
from pinched.report.figures_sensitivity import plot_properties, plot_required
from pinched.report.gallery import Plan, Section
from pinched.report.style import Width, new_figure
from pinched.report.words import percent, plural


def network_plans(table: SwitchingTable, score: Score | None) -> list[Plan]:
    """The figures of `score`, on devices of `table`; none without a network."""
    if score is None:
        return []
    arrays = plural(int(score.accuracy_array.size), "array")
    many = f"{plural(len(table), 'cycle')} of {plural(len(table.devices), 'device')}"
    plans = [
        Plan(
            name="confusion",
            section=Section.NETWORK,
            title="Answers by true class",
            caption=f"Mean over {arrays} of {plural(score.images, 'test image')} each; rows add up to 100 %.",
            alt="Matrix of the share of each true class that got each answer.",
            draw=partial(_draw_confusion, score),
            wide=False,
        ),
        Plan(
            name="accuracy",
            section=Section.NETWORK,
            title="Accuracy of the network read back from arrays",
            caption=f"{arrays} of cells drawn from the spread of {many}; line and band are "
            "the mean and its 95 % bootstrap interval over arrays. Float twin: the same network before "
            "quantization. Nearest class mean and most frequent class need no network.",
            alt="Accuracy of each array beside the float twin, the quantized network and two baselines.",
            draw=partial(_draw_accuracy, score),
        ),
    ]
    if score.sensitivity is not None:
        plans.append(
            Plan(
                name="properties",
                section=Section.NETWORK,
                title="Which property of the device costs the accuracy",
                caption=f"Each property made perfect in the same {arrays}; bars are 95 % bootstrap intervals of the "
                f"mean. Now {percent(score.sensitivity.accuracy)}, with everything perfect "
                f"{percent(score.sensitivity.accuracy_ideal)}.",
                alt="Accuracy won when each property of the device becomes perfect, largest first.",
                draw=partial(_draw_properties, score.sensitivity),
                wide=False,
            )
        )
    if score.required:
        plans.append(
            Plan(
                name="required",
                section=Section.NETWORK,
                title=f"What a mean accuracy of {percent(score.required[0].target)} requires",
                caption="Each property alone, everything else as it is; bars are 95 % bootstrap intervals over "
                f"{plural(score.required[0].arrays, 'array')}.",
                alt="Spread, yield and write voltage that the wanted accuracy requires, as shares of what they are.",
                draw=partial(_draw_required, score.required),
                wide=False,
            )
        )
    return plans


def _draw_properties(found: Sensitivity, width: Width) -> Figure:
    figure, axes = new_figure(width, 5.4)
    plot_properties(found, axes[0, 0])
    return figure


def _draw_required(rows: tuple[Requirement, ...], width: Width) -> Figure:
    figure, axes = new_figure(width, 4.8)
    plot_required(rows, axes[0, 0])
    return figure


def _draw_confusion(score: Score, width: Width) -> Figure:
    figure, axes = new_figure(width, 8.0 if width is Width.SINGLE else 14.0)
    plot_confusion(score, axes[0, 0])
    return figure


def _draw_accuracy(score: Score, width: Width) -> Figure:
    figure, axes = new_figure(width, 6.5)
    plot_accuracy(score, axes[0, 0])
    return figure
