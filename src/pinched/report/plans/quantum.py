"""Figures of conductance in steps of G_0: records with their levels, the histogram, how high they reach."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from pinched.constants import G_0
from pinched.extraction.plateau_records import CONTACT, PlateauRecord, QuantumConductance
from pinched.extraction.plateau_series import HighestLevel, highest_levels
from pinched.extraction.quantum_levels import conductance_histogram, without_series
from pinched.report.figures_quantum import plot_highest_levels, plot_plateaus, plot_quantum_histogram
from pinched.report.findings.sweeps import VARIED
from pinched.report.gallery import MOST_PANELS, Plan, Section, panels
from pinched.report.style import Width, new_figure
from pinched.report.words import plural


def quantum_plans(found: Sequence[QuantumConductance]) -> list[Plan]:
    """The figures of `found`; none where there are no staircases."""
    if not found:
        return []
    best = max(found, key=lambda one: one.stepped)
    order = sorted(range(len(best.records)), key=lambda k: -best.record_of.count(k))
    shown = [best.records[k] for k in sorted(order[:MOST_PANELS]) if best.record_of.count(k) >= 3]
    ohms = 0.0 if best.levels is None or not best.levels.quantized else best.levels.series_resistance
    plans = [
        Plan(
            name="plateaus",
            section=Section.QUANTUM,
            title="Plateaus of conductance",
            caption=f"Records of {best.device} with most plateaus, of {plural(best.stepped, 'staircase')}; "
            f"{ohms:.3g} ohm of series resistance taken off. Black bars are plateaus beside a step; lines are "
            "multiples of the conductance quantum, dotted ones of its half. p is the probability that a smooth curve "
            "with the same noise looks as stepped.",
            alt="One panel per record: conductance in quanta, with levels as horizontal bars.",
            draw=partial(_draw_records, shown, ohms),
        ),
    ]
    quanta = _samples(best, ohms) / G_0
    if ((quanta >= CONTACT) & (quanta <= 30.0)).any():
        plans.append(
            Plan(
                name="quantum_histogram",
                section=Section.QUANTUM,
                title="Histogram of conductance",
                caption=f"Samples of all records of {best.device}, and its plateaus as ticks by what they are "
                "multiples of. Series resistance is taken off, and what lies below a quarter of a quantum "
                "is left out. A long plateau counts with all its samples.",
                alt="Histogram of conductances in quanta with ticks of plateaus below.",
                draw=partial(_draw_histogram, best, ohms),
                wide=False,
            )
        )
    highest = [level for one in found for level in highest_levels(one)]
    limits = [level.compliance_current for level in highest if level.compliance_current is not None]
    if limits and max(limits) > VARIED * min(limits):
        plans.append(
            Plan(
                name="highest_levels",
                section=Section.QUANTUM,
                title="Highest plateau against compliance",
                caption=f"One mark per record with plateaus, of {plural(len(found), 'device')}.",
                alt="Highest plateau in quanta against compliance current, SET and RESET apart.",
                draw=partial(_draw_highest, highest),
                wide=False,
            )
        )
    return plans


def _draw_records(records: Sequence[PlateauRecord], ohms: float, width: Width) -> Figure:
    figure, axes = panels(width, 5.5, len(records))
    for record, ax in zip(records, axes, strict=True):
        plot_plateaus(record, ax, series_resistance=ohms)
    return figure


def _draw_histogram(quantum: QuantumConductance, ohms: float, width: Width) -> Figure:
    figure, axes = new_figure(width, 6.5)
    values = _samples(quantum, ohms)
    plot_quantum_histogram(conductance_histogram(values, least=CONTACT), axes[0, 0], quantum=quantum)
    return figure


def _samples(quantum: QuantumConductance, ohms: float) -> np.ndarray:
    values = np.concatenate([record.found.conductance for record in quantum.records])
    return without_series(values[~(values * ohms > 0.95)], ohms) if ohms > 0 else values


def _draw_highest(levels: Sequence[HighestLevel], width: Width) -> Figure:
    figure, axes = new_figure(width, 6.0)
    plot_highest_levels(levels, axes[0, 0])
    return figure
