"""Figures of what sweeps and endurance show beside the table: compliance, conduction, lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pinched._errors import PinchedError
from pinched.data.traces import Endurance
from pinched.extraction.compliance import ComplianceSeries, NonvolatileThreshold
from pinched.extraction.conduction import ConductionFit
from pinched.extraction.conduction_slopes import SlopeRegion, slope_regions
from pinched.extraction.conduction_states import State, StateConduction
from pinched.extraction.endurance import Criterion, Survival
from pinched.report.figures_conduction import (
    plot_compliance_series,
    plot_conduction,
    plot_lrs_series,
    plot_reset_series,
    plot_slope,
)
from pinched.report.figures_endurance import plot_endurance, plot_survival
from pinched.report.findings import Findings
from pinched.report.gallery import Plan, Section, panels
from pinched.report.style import Width, figure_of, new_figure, note_title, plain_text
from pinched.report.words import plural


def state_plans(findings: Findings) -> list[Plan]:
    """The figures of compliance, conduction and endurance in `findings`, where there are any."""
    plans: list[Plan] = []
    if findings.compliance is not None and _compliance_panels(findings.compliance, findings.threshold):
        plans.append(_compliance(findings.compliance, findings.threshold))
    shown = representatives(findings.conduction)
    if shown:
        plans += _conduction(findings.conduction, shown)
    if findings.endurance:
        plans.append(_endurance(findings.endurance, findings.criterion))
    if findings.survival is not None:
        plans.append(_survival(findings.survival, findings.criterion))
    return plans


def _compliance(series: ComplianceSeries, threshold: NonvolatileThreshold | None) -> Plan:
    return Plan(
        name="compliance",
        section=Section.COMPLIANCE,
        title="States against compliance",
        caption=f"{plural(len(series), 'cycle')}. Resistances, peak RESET current and current at the next read "
        "against the current limit of the cycle, stated by the file or seen as a plateau. A state counts as kept "
        "where its next read lies nearer to the LRS than to the HRS, as lost where it falls back before 0 V."
        + (
            ""
            if threshold is None
            else " The grey band is the 95 % interval of the limit above which states stay."
        ),
        alt="LRS, RESET current and the current at the next read against compliance, on logarithmic axes.",
        draw=partial(_draw_compliance, series, threshold),
    )


def representatives(states: Sequence[StateConduction]) -> list[StateConduction]:
    """At most four of `states` with a fit: the middle one of LRS and HRS at either polarity, else of any state."""
    groups: dict[tuple[State, int], list[StateConduction]] = {}
    for one in states:
        if one.fit is not None:
            groups.setdefault((one.state, one.sign), []).append(one)
    known = {key: found for key, found in groups.items() if key[0] is not State.UNKNOWN}
    chosen = known or groups
    order = sorted(chosen, key=lambda key: (list(State).index(key[0]), -key[1]))
    return [chosen[key][len(chosen[key]) // 2] for key in order[:4]]


def _conduction(states: Sequence[StateConduction], shown: list[StateConduction]) -> list[Plan]:
    fitted = [one.fit for one in states if one.fit is not None]
    verdicts = Counter(
        fit.best.law.name if fit.verdict.value == "one law" else fit.verdict.value for fit in fitted
    )
    said = ", ".join(f"{name} {count}" for name, count in verdicts.most_common())
    cycles = plural(len({(one.device, one.cycle) for one in states}), "cycle")
    branches = f"{len(fitted)} branch" + ("" if len(fitted) == 1 else "es")
    return [
        Plan(
            name="conduction",
            section=Section.CONDUCTION,
            title="Conduction law of each state",
            caption=f"One branch of each state in the variables of its best law, from the middle of {cycles} whose "
            f"branches were fitted. Of {branches}: {said}. "
            "Numbers behind ± are standard errors.",
            alt="One panel per state: samples and fitted line in the variables of the conduction law.",
            draw=partial(_draw_conduction, shown),
        ),
        Plan(
            name="slope",
            section=Section.CONDUCTION,
            title="Slope of the current",
            caption="d ln I / d ln V of the same branches: 1 where the state is ohmic, 2 for a space charge without "
            "traps, larger where traps fill or a barrier is crossed. The band is one standard error; bars with a "
            "number are regions of constant slope.",
            alt="One panel per state: local slope of the logarithm of the current against voltage.",
            draw=partial(_draw_slope, shown),
        ),
    ]


def state_words(one: StateConduction) -> str:
    """ "LRS, V > 0, D01 cycle 3": which branch it is."""
    state = "state unknown" if one.state is State.UNKNOWN else one.state.value.upper()
    side = "V > 0" if one.sign > 0 else "V < 0"
    way = "rising" if one.outgoing else "falling"
    return f"{state}, {side}, |V| {way}: {plain_text(one.device, 16)} cycle {one.cycle}"


def _endurance(traces: Sequence[Endurance], criterion: Criterion) -> Plan:
    devices = plural(len(traces), "device")
    return Plan(
        name="endurance",
        section=Section.ENDURANCE,
        title="Endurance",
        caption=f"Every read of {devices}. A cycle counts as working where HRS/LRS is at least "
        f"{criterion.min_ratio:g}; crosses do not. Dashed lines mark the first failed cycle of a device.",
        alt="LRS and HRS resistance against the cycle, both axes logarithmic.",
        draw=partial(_draw_endurance, tuple(traces), criterion),
    )


def _survival(survival: Survival, criterion: Criterion) -> Plan:
    return Plan(
        name="survival",
        section=Section.ENDURANCE,
        title="Devices that still work",
        caption=f"Kaplan-Meier curve of {plural(survival.devices, 'device')} with its pointwise 95 % band; working "
        f"means HRS/LRS of at least {criterion.min_ratio:g}. A device that was stopped while it worked counts for "
        "as long as it was seen.",
        alt="Share of devices that still work against the cycle, as a falling staircase with a band.",
        draw=partial(_draw_survival, survival),
        wide=False,
    )


def _compliance_panels(
    series: ComplianceSeries, threshold: NonvolatileThreshold | None
) -> list[Callable[[Axes], Axes]]:
    """The plots of which `series` holds at least three cycles."""
    choice: tuple[tuple[np.ndarray, Callable[[Axes], Axes]], ...] = (
        (series.resistance_lrs, partial(plot_lrs_series, series)),
        (series.reset_current, partial(plot_reset_series, series)),
        (series.read_current, partial(plot_compliance_series, series, threshold=threshold)),
    )
    known = series.compliance_current > 0
    return [plot for values, plot in choice if int((known & (values > 0)).sum()) >= 3]


def _draw_compliance(
    series: ComplianceSeries, threshold: NonvolatileThreshold | None, width: Width
) -> Figure:
    plots = _compliance_panels(series, threshold)
    figure, axes = panels(width, 6.2, len(plots), most=3)
    for plot, ax in zip(plots, axes, strict=True):
        plot(ax)
    return figure


def _draw_conduction(shown: Sequence[StateConduction], width: Width) -> Figure:
    figure, axes = panels(width, 6.4, len(shown))
    for one, ax in zip(shown, axes, strict=True):
        if one.fit is not None:
            plot_conduction(one.fit, ax)
            note_title(ax, f"{state_words(one)}\n{ax.get_title(loc='left')}")
    return figure


def _draw_slope(shown: Sequence[StateConduction], width: Width) -> Figure:
    figure, axes = panels(width, 5.4, len(shown))
    for one, ax in zip(shown, axes, strict=True):
        if one.fit is not None:
            plot_slope(one.fit.voltage, one.fit.current, ax, regions=_regions(one.fit))
            note_title(ax, state_words(one))
    return figure


def _regions(fit: ConductionFit) -> tuple[SlopeRegion, ...]:
    # One voltage has no slope, however many samples it has.
    if fit.voltage[-1] < 1.05 * fit.voltage[0]:
        return ()
    try:
        return slope_regions(fit.voltage, fit.current)
    except PinchedError:
        return ()


def _draw_endurance(traces: Sequence[Endurance], criterion: Criterion, width: Width) -> Figure:
    figure, axes = new_figure(width, 7.5)
    plot_endurance(traces, criterion, axes[0, 0])
    return figure


def _draw_survival(survival: Survival, width: Width) -> Figure:
    figure, axes = new_figure(width, 7.0)
    figure_of(plot_survival(survival, axes[0, 0]))
    return figure
