"""Figures of pulse traces: potentiation and depression, what repeating does to them, trains of writes and reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from pinched.data.traces import PulseTrace
from pinched.extraction.plasticity import Convention, Direction, Scale, UpdateFit
from pinched.extraction.pulses import PulseEvents
from pinched.report.figures_map import plot_device_map
from pinched.report.figures_pulses import plot_pulse_trace, plot_read_write, plot_update_series, plot_updates
from pinched.report.findings.sweeps import evenly
from pinched.report.findings.traces import PulseFinding
from pinched.report.gallery import MOST_PANELS, Plan, Section, panels
from pinched.report.sites import Sites, sites_of
from pinched.report.style import Width, new_figure, note_title, plain_text
from pinched.report.words import plural

FEWEST_REPEATS = 5
"""Repeats of one device, or devices, from which their series or spread is drawn."""


def pulse_plans(found: Sequence[PulseFinding]) -> list[Plan]:
    """The figures of `found`; none where no pulses were measured."""
    # A device that two files measured was measured twice: their repeats are two series.
    series: dict[tuple[str, str], list[PulseFinding]] = {}
    fitted: dict[str, list[PulseFinding]] = {}
    for one in found:
        if one.fit is not None:
            series.setdefault((one.trace.provenance.file, one.trace.device), []).append(one)
            fitted.setdefault(one.trace.device, []).append(one)
    plans: list[Plan] = []
    if fitted:
        longest = max(series.values(), key=len)
        device = longest[0].trace.device
        plans.append(_updates("updates", f"all repeats of {device}", longest))
        if len(longest) >= 2 * FEWEST_REPEATS:
            plans.append(_series(device, longest))
        if len(fitted) >= FEWEST_REPEATS:
            plans.append(
                _updates("updates_by_device", f"the first of each of {len(fitted)} devices", _firsts(fitted))
            )
            plans.append(_update_map(fitted))
    others = [one for one in found if one.fit is None]
    shown = [others[k].trace for k in evenly(len(others), MOST_PANELS)]
    if shown:
        some = "" if len(shown) == len(others) else f" {len(shown)} of {len(others)} traces, evenly chosen."
        plans.append(
            Plan(
                name="pulses",
                section=Section.PULSES,
                title="State after each pulse",
                caption="As recorded; these traces are neither a potentiation nor a depression by the update law."
                + some,
                alt="One panel per trace: conductance against time or pulse.",
                draw=partial(_draw_pulses, shown),
            )
        )
    events = [one.events for one in found if one.events is not None and len(one.events) > 1]
    trains = [events[k] for k in evenly(len(events), MOST_PANELS)]
    if trains:
        plans.append(
            Plan(
                name="read_write",
                section=Section.PULSES,
                title="State read after each write",
                caption=f"{plural(len(events), 'train')} of writes with reads between. Index 0 is the state before "
                "the first write; triangles point to the polarity of the write. The energy is the integral of V I.",
                alt="One panel per train: conductance read after each write pulse, on a logarithmic axis.",
                draw=partial(_draw_read_write, trains),
            )
        )
    return plans


def _firsts(fitted: dict[str, list[PulseFinding]]) -> list[PulseFinding]:
    """The first trace of each direction of each device."""
    chosen = []
    for members in fitted.values():
        for direction in Direction:
            chosen += [one for one in members if one.fit is not None and one.fit.direction is direction][:1]
    return chosen


def _updates(name: str, which: str, members: Sequence[PulseFinding]) -> Plan:
    traces = [one.states for one in members]
    fits = [one.fit for one in members if one.fit is not None]
    scales = {fit.scale for fit in fits}
    return Plan(
        name=name,
        section=Section.PULSES,
        title="Potentiation and depression",
        caption=f"{plural(len(traces), 'trace')}, {which}: grey lines are all of them, markers the last one of each "
        "direction, dark lines the fit with the median nonlinearity. The label is that of NeuroSim: 0 is a straight "
        "line; minus for depression.",
        alt="Conductance against the number of the pulse, rising and then falling, with fitted curves.",
        draw=partial(_draw_updates, traces, fits, Scale.LOGARITHMIC in scales),
    )


def _series(device: str, members: Sequence[PulseFinding]) -> Plan:
    fits = [one.fit for one in members if one.fit is not None]
    return Plan(
        name="updates_series",
        section=Section.PULSES,
        title="What repeating does to potentiation and depression",
        caption=f"{plural(len(fits), 'trace')} of {device} in the order of measurement: pulses from end to end, and "
        "the nonlinearity as NeuroSim labels it.",
        alt="Pulses of each trace and its nonlinearity against the number of the repeat.",
        draw=partial(_draw_update_series, fits),
    )


def _update_map(fitted: dict[str, list[PulseFinding]]) -> Plan:
    sites = sites_of(list(fitted))
    rows = [
        (device, one.fit.g_max, one.fit.g_max / one.fit.g_min, float(one.fit.pulses))
        for device, members in fitted.items()
        for one in members
        if one.fit is not None
    ]
    return Plan(
        name="updates_map",
        section=Section.PULSES,
        title="Map of the devices",
        caption=f"Medians over the traces of each of {len(fitted)} devices.",
        alt="One coloured tile per device: largest conductance and number of pulses.",
        draw=partial(_draw_update_map, rows, sites),
    )


def _draw_updates(
    traces: Sequence[PulseTrace], fits: Sequence[UpdateFit], logarithmic: bool, width: Width
) -> Figure:
    figure, axes = new_figure(width, 8.0)
    plot_updates(traces, fits, axes[0, 0], convention=Convention.NEUROSIM_LABEL, logarithmic=logarithmic)
    return figure


def _draw_update_series(fits: Sequence[UpdateFit], width: Width) -> Figure:
    figure, axes = panels(width, 6.0, 2)
    plot_update_series(fits, axes[0])
    plot_update_series(fits, axes[1], convention=Convention.NEUROSIM_LABEL)
    return figure


def _draw_update_map(
    rows: Sequence[tuple[str, float, float, float]], sites: Sites | None, width: Width
) -> Figure:
    figure, axes = panels(width, 6.6, 2)
    names = [row[0] for row in rows]
    for ax, column, label, unit in (
        (axes[0], 1, "Largest conductance", "S"),
        (axes[1], 3, "Pulses per trace", "1"),
    ):
        values = np.array([row[column] for row in rows])
        plot_device_map(names, values, ax, label=label, unit=unit, sites=sites)
    return figure


def _draw_pulses(traces: Sequence[PulseTrace], width: Width) -> Figure:
    figure, axes = panels(width, 5.4, len(traces))
    for trace, ax in zip(traces, axes, strict=True):
        plot_pulse_trace(trace, ax)
    return figure


def _draw_read_write(trains: Sequence[PulseEvents], width: Width) -> Figure:
    figure, axes = panels(width, 5.8, len(trains), most=min(len(trains), 2))
    for events, ax in zip(trains, axes, strict=True):
        plot_read_write(events, ax)
        if len(trains) > 1:
            note_title(ax, f"{plain_text(events.device)}\n{ax.get_title(loc='left')}")
    return figure
