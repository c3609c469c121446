"""Figures of multi-level cells: where levels lie, which reads as which, what writing reached."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from matplotlib.figure import Figure

from pinched.data.traces import LevelReads, WriteLog
from pinched.report.figures_levels import plot_levels, plot_writes
from pinched.report.figures_retention import plot_level_confusion
from pinched.report.findings.levels import LevelPair
from pinched.report.gallery import MOST_PANELS, Plan, Section, panels
from pinched.report.style import NOTE, Width, note_title, plain_text


def level_plans(
    pairs: Sequence[LevelPair], reads: Sequence[LevelReads], writes: Sequence[WriteLog]
) -> list[Plan]:
    """The figures of `pairs`, of the other `reads` and of `writes`; none where no levels were read."""
    plans: list[Plan] = []
    paired = {id(one) for pair in pairs for one in (pair.before, pair.after)}
    alone = [LevelPair(name=one.device, before=one, after=one) for one in reads if id(one) not in paired]
    every = [*pairs, *alone]
    if every:
        shown = every[:MOST_PANELS]
        plans.append(
            Plan(
                name="levels",
                section=Section.LEVELS,
                title="Levels of many cells",
                caption="Conductance of every cell, level by level where a write log says what the levels are; "
                "circles before, crosses after. Dashed lines are the borders between levels."
                + ("" if len(shown) == len(every) else f" {len(shown)} of {len(every)} sets."),
                alt="One panel per set of cells: cumulative probability of the conductance of each level.",
                draw=partial(_draw_levels, shown),
            )
        )
    confused = [pair for pair in pairs if pair.confusion is not None]
    if confused:
        plans.append(
            Plan(
                name="level_confusion",
                section=Section.LEVELS,
                title="Which level reads as which",
                caption="Rows are the levels read before, columns those read after, with the borders of "
                + ", ".join(dict.fromkeys(pair.written for pair in confused[:4]))
                + " (in this order where several).",
                alt="One matrix per set of cells: share of the cells of each level that read as each level.",
                draw=partial(_draw_confusions, confused[:4]),
            )
        )
    if writes:
        plans.append(
            Plan(
                name="writes",
                section=Section.LEVELS,
                title="What writing reached",
                caption="Resistance after each write, in the order of the log within each column; bands are the "
                "ranges that were wanted. Several writes of one cell are attempts.",
                alt="One panel per write log: resistance reached for each wanted range.",
                draw=partial(_draw_writes, list(writes[:MOST_PANELS])),
            )
        )
    return plans


def _draw_levels(pairs: Sequence[LevelPair], width: Width) -> Figure:
    figure, axes = panels(width, 6.0, len(pairs))
    for pair, ax in zip(pairs, axes, strict=True):
        after = None if pair.after is pair.before else pair.after
        plot_levels(pair.before, ax, after=after, level=pair.level, borders=pair.borders)
        legend = ax.get_legend()
        if legend is not None:
            legend.set_title(plain_text(pair.name, 40))
            legend.get_title().set_fontsize(NOTE)
            legend.set_alignment("left")
    return figure


def _draw_confusions(pairs: Sequence[LevelPair], width: Width) -> Figure:
    figure, axes = panels(width, 7.2, len(pairs), most=3 if len(pairs) == 3 else 2)
    for pair, ax in zip(pairs, axes, strict=True):
        if pair.confusion is not None:
            plot_level_confusion(pair.confusion, ax)
            note_title(ax, f"{plain_text(pair.name, 30)}\n{ax.get_title(loc='left')}")
    return figure


def _draw_writes(logs: Sequence[WriteLog], width: Width) -> Figure:
    figure, axes = panels(width, 6.0, len(logs))
    for log, ax in zip(logs, axes, strict=True):
        plot_writes(log, ax)
        note_title(ax, f"{plain_text(log.device, 30)}\n{ax.get_title(loc='left')}")
    return figure
