"""Figures of sweeps and their table: what a device paper shows of switching, each where the data support it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pinched.data.sweep import IVSweep
from pinched.devices.spread import SpreadFit
from pinched.extraction.table import SwitchingTable
from pinched.report.figures_cycles import hide_x, plot_cycle_series, plot_resistance_scatter
from pinched.report.figures_device import COLOURS, plot_histogram, plot_probability
from pinched.report.figures_map import plot_device_map
from pinched.report.figures_series import plot_autocorrelation
from pinched.report.figures_sweeps import MOST_CYCLES, plot_sweeps
from pinched.report.findings.sweeps import evenly
from pinched.report.gallery import Plan, Section, panels
from pinched.report.quantities import Quantity
from pinched.report.sites import Sites, sites_of
from pinched.report.style import Colour, Width, new_figure, note_title, plain_text
from pinched.report.words import distinct, plural

MOST_DEVICES = 9
"""Devices that get a panel of their own."""

FEWEST = 3
"""Values of a quantity below which its distribution is not drawn."""

SERIES_CYCLES = 20
"""Cycles of one device below which an autocorrelation says nothing."""


def device_plans(sweeps: Sequence[IVSweep], table: SwitchingTable, fit: SpreadFit | None) -> list[Plan]:
    """The figures of `sweeps` and `table`; none where there is no cycle."""
    if not sweeps or len(table) == 0:
        return []
    devices = table.devices
    many = f"{plural(len(table), 'cycle')} of {plural(len(devices), 'device')}"
    read = f"{table.read_voltage:g} V"
    fitted = (
        ""
        if fit is not None
        else " No distribution is fitted: one of the four quantities has too few values, or equal ones."
    )
    plans = [
        Plan(
            name="sweeps",
            section=Section.DEVICES,
            title="Current-voltage sweeps",
            caption=f"{many}; the first and the last are coloured. Numbers and arrows give the "
            f"direction of the first cycle. At most {MOST_CYCLES} cycles are drawn, evenly chosen.",
            alt="Magnitude of the current on a logarithmic axis against voltage, one curve per cycle.",
            draw=partial(_draw_sweeps, _fewer(sweeps), len(sweeps)),
        )
    ]
    shown = _present(table)
    if len(devices) > 1:
        plans.append(_each_device(sweeps, devices))
    if len(devices) > 1 and shown:
        plans.append(_map(sweeps, table, shown, many, read))
    several = _present(table, FEWEST)
    if several:
        plans += [
            Plan(
                name="probability",
                section=Section.DEVICES,
                title="Cumulative probability of switching voltages and resistances",
                caption=f"{many}. Points are data, lines the fitted distributions; a band holds 95 % of what "
                f"independent draws from the fit would give. Resistances at {read}. A straight line is a "
                "lognormal distribution where the axis is logarithmic, a normal one where it is linear."
                f"{fitted}{_absent(several)}",
                alt="Cumulative probability on a normal-quantile axis: switching voltages left, resistances right.",
                draw=partial(_draw_probability, table, fit, several),
            ),
            Plan(
                name="distributions",
                section=Section.DEVICES,
                title="Distributions of the device numbers",
                caption=f"{many}. Curves are the counts that the fit expects; parameters with 95 % bootstrap "
                "intervals above each panel (μ and σ of a lognormal are those of ln of the value in V or Ω). "
                f"Resistances at {read}.{fitted}{_absent(several)}",
                alt="Histograms of SET voltage, RESET voltage, LRS and HRS resistance with fitted curves.",
                draw=partial(_draw_histograms, table, fit, several),
            ),
        ]
    known = _present(table, bounds=True)
    if known:
        plans.append(
            Plan(
                name="cycles",
                section=Section.DEVICES,
                title="Device numbers in the order of measurement",
                caption=f"{many}. Grey bands part the devices. Hollow markers are bounds (compliance, noise floor), "
                f"crosses are cycles without a value.{_absent(known)}",
                alt="SET voltage, RESET voltage, LRS and HRS resistance of each cycle, one panel each.",
                draw=partial(_draw_series, table, known),
            )
        )
    longest = int(np.argmax(np.bincount(table.device_number)))
    if several and int((table.device_number == longest).sum()) >= SERIES_CYCLES:
        plans.append(_autocorrelation(table, longest, several))
    if (np.isfinite(table.resistance_lrs) & np.isfinite(table.resistance_hrs)).any():
        plans.append(
            Plan(
                name="resistances",
                section=Section.DEVICES,
                title="HRS against LRS",
                caption=f"{many}, both resistances at {read}. Lines of constant ratio HRS/LRS part the regions.",
                alt="HRS resistance against LRS resistance on logarithmic axes, one point per cycle.",
                draw=partial(_draw_scatter, table),
                wide=False,
            )
        )
    return plans


def _present(table: SwitchingTable, fewest: int = 1, *, bounds: bool = False) -> list[Quantity]:
    """The quantities of which there are at least `fewest` values, `bounds` included or not."""
    return [
        q
        for q in Quantity
        if int(np.isfinite(q.column(table) if bounds else q.measured(table)).sum()) >= fewest
    ]


def _absent(present: Sequence[Quantity]) -> str:
    """A sentence on the quantities that are not drawn; "" for none."""
    names = [q.value.name for q in Quantity if q not in present]
    return f" Too few values for {' and '.join(names)}." if names else ""


def _fewer(sweeps: Sequence[IVSweep]) -> list[IVSweep]:
    """At most twice as many of `sweeps` as are drawn: the rest need not travel to another process."""
    return [sweeps[k] for k in evenly(len(sweeps), 2 * MOST_CYCLES)]


def _each_device(sweeps: Sequence[IVSweep], devices: tuple[str, ...]) -> Plan:
    shown = [devices[k] for k in evenly(len(devices), MOST_DEVICES)]
    some = "" if len(shown) == len(devices) else f" {len(shown)} of {len(devices)} devices, evenly chosen."
    mine = {name: _fewer([s for s in sweeps if s.device == name]) for name in shown}
    return Plan(
        name="sweeps_by_device",
        section=Section.DEVICES,
        title="Current-voltage sweeps of each device",
        caption=f"The first and the last cycle of each device are coloured, the others grey; n counts sweeps.{some}",
        alt="One panel per device: magnitude of the current on a logarithmic axis against voltage.",
        draw=partial(_draw_each_device, mine),
    )


def _map(
    sweeps: Sequence[IVSweep], table: SwitchingTable, shown: list[Quantity], many: str, read: str
) -> Plan:
    sites = sites_of(table.devices, [(sweep.device, sweep.settings) for sweep in sweeps])
    where = (
        "Tiles stand where the devices stand on the wafer or in the array."
        if sites is not None
        else "No position of the devices is known: tiles stand in the order of measurement."
    )
    return Plan(
        name="map",
        section=Section.DEVICES,
        title="Map of the devices",
        caption=f"Median over the cycles of each device; {many}, resistances at {read}. {where} "
        f"Hatched devices gave no value.{_absent(shown)}",
        alt="One coloured tile per device: SET voltage, RESET voltage, LRS and HRS resistance, one panel each.",
        draw=partial(_draw_map, table, sites, shown),
    )


def _autocorrelation(table: SwitchingTable, device: int, present: list[Quantity]) -> Plan:
    name = table.devices[device]
    count = int((table.device_number == device).sum())
    return Plan(
        name="autocorrelation",
        section=Section.DEVICES,
        title="Does a cycle remember the ones before?",
        caption=f"Autocorrelation of the device numbers over the {count} cycles of {name}. The band holds 95 % of "
        "the lags of a series without memory; what reaches beyond it makes intervals that count cycles as "
        "independent too narrow.",
        alt="Autocorrelation against lag of SET voltage, RESET voltage, LRS and HRS resistance, one panel each.",
        draw=partial(_draw_autocorrelation, table, device, present),
    )


def _draw_sweeps(sweeps: Sequence[IVSweep], total: int, width: Width) -> Figure:
    figure, axes = new_figure(width, 8.2 if width is Width.DOUBLE else 7.2)
    ax = plot_sweeps(sweeps, axes[0, 0])
    if total > len(sweeps):
        note_title(ax, f"of {total} sweeps, {min(len(sweeps), MOST_CYCLES)} drawn, evenly chosen")
    return figure


def _draw_each_device(mine: dict[str, list[IVSweep]], width: Width) -> Figure:
    few = len(mine) <= 2
    figure, axes = panels(width, 5.6 if few else 4.7, len(mine), most=2 if few else 3, narrow=1 if few else 2)
    for name, sweeps, ax in zip(distinct(list(mine)), mine.values(), axes, strict=True):
        plot_sweeps(sweeps, ax)
        ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        legend = ax.get_legend()
        if legend is not None:
            legend.remove()
        note_title(ax, f"{plain_text(name, 16)}, n = {len(sweeps)}", Colour.FIT)
    return figure


def _draw_map(table: SwitchingTable, sites: Sites | None, present: list[Quantity], width: Width) -> Figure:
    figure, axes = panels(width, 5.6, len(present))
    for quantity, ax in zip(present, axes, strict=True):
        words = quantity.value
        plot_device_map(
            table.device, quantity.measured(table), ax, label=words.name, unit=words.unit, sites=sites
        )
    return figure


def _draw_autocorrelation(
    table: SwitchingTable, device: int, present: list[Quantity], width: Width
) -> Figure:
    figure, axes = panels(width, 4.6, len(present))
    mine = table.device_number == device
    for quantity, ax in zip(present, axes, strict=True):
        values = quantity.measured(table)[mine]
        # Logarithms: one wild resistance would be the whole variance of the resistances.
        shown = np.log(np.abs(values)) if quantity.value.unit == "ohm" else values
        plot_autocorrelation(shown, ax, colour=COLOURS[quantity])
        ax.set_ylabel(f"Autocorrelation (1)\n{quantity.value.name}")
    return figure


def _draw_histograms(
    table: SwitchingTable, fit: SpreadFit | None, present: list[Quantity], width: Width
) -> Figure:
    figure, axes = panels(width, 5.3, len(present))
    for quantity, ax in zip(present, axes, strict=True):
        words = quantity.value
        one = None if fit is None else fit.fits[words.field]
        plot_histogram(
            quantity.measured(table), one, ax, label=words.name, unit=words.unit, colour=COLOURS[quantity]
        )
    return figure


def _draw_probability(
    table: SwitchingTable, fit: SpreadFit | None, present: list[Quantity], width: Width
) -> Figure:
    groups = (
        ((Quantity.V_SET, Quantity.V_RESET), "Switching voltage, magnitude (V)"),
        ((Quantity.RESISTANCE_LRS, Quantity.RESISTANCE_HRS), f"Resistance at {table.read_voltage:g} V (Ω)"),
    )
    # An empty quantity is named by its absence from the legend, an empty pair has no panel.
    shown = [([q for q in pair if q in present], label) for pair, label in groups]
    shown = [(pair, label) for pair, label in shown if pair]
    figure, axes = panels(width, 7.0, len(shown))
    for ax, (pair, label) in zip(axes, shown, strict=True):
        for quantity in pair:
            words = quantity.value
            one = None if fit is None else fit.fits[words.field]
            plot_probability(
                quantity.measured(table), one, ax, label=words.name, unit=words.unit, colour=COLOURS[quantity],
                legend=words.name.removesuffix(" voltage").removesuffix(" resistance"),
            )  # fmt: skip
        ax.set_xlabel(label)
    return figure


def _draw_series(table: SwitchingTable, present: list[Quantity], width: Width) -> Figure:
    figure, axes = new_figure(width, 2.0 + 3.0 * len(present), rows=len(present))
    for row, quantity in enumerate(present):
        ax = plot_cycle_series(table, quantity, axes[row, 0])
        if row < len(present) - 1:
            hide_x(ax)
    figure.align_ylabels(axes[:, 0])
    return figure


def _draw_scatter(table: SwitchingTable, width: Width) -> Figure:
    figure, axes = new_figure(width, 8.0 if width is Width.SINGLE else 11.0)
    plot_resistance_scatter(table, axes[0, 0])
    return figure
