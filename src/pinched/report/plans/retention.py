"""Figures of states that were left alone: retention, drift, activation, telegraph noise, spectra."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from pinched.extraction.noise import NoiseLaw
from pinched.extraction.retention import Arrhenius
from pinched.report.figures_map import plot_device_map
from pinched.report.figures_noise import plot_noise_law, plot_spectrum, plot_telegraph
from pinched.report.figures_retention import plot_arrhenius, plot_retention
from pinched.report.findings.sweeps import evenly
from pinched.report.findings.traces import CHANGED, RetentionFinding
from pinched.report.gallery import MOST_PANELS, Plan, Section, panels
from pinched.report.sites import Sites, sites_of
from pinched.report.style import Width, new_figure, note_title, plain_text
from pinched.report.words import plural

FEWEST_DEVICES = 5
"""Devices from which their drift is drawn as a map."""


def retention_plans(found: Sequence[RetentionFinding], arrhenius: Arrhenius | None) -> list[Plan]:
    """The figures of drift and retention in `found`, and of `arrhenius`; none where nothing was left alone."""
    if not found:
        return []
    shown = [found[k] for k in evenly(len(found), MOST_PANELS)]
    some = "" if len(shown) == len(found) else f" {len(shown)} of {len(found)} states, evenly chosen."
    plans = [
        Plan(
            name="retention",
            section=Section.RETENTION,
            title="Retention",
            caption="Lines are the law with the smallest criterion where it was measured, dashed where it is "
            f"extrapolated; the band is its 95 % interval, the choice of the law included.{some}",
            alt="One panel per state: resistance against the time since programming, both axes logarithmic.",
            draw=partial(_draw_retention, shown),
        )
    ]
    drifts = [(one.trace.device, one.drift.drift_percent) for one in found if one.drift is not None]
    if len({device for device, _ in drifts}) >= FEWEST_DEVICES:
        plans.append(
            Plan(
                name="drift_map",
                section=Section.RETENTION,
                title="Map of the drift",
                caption=f"Change of the resistance from the first to the last reads; {plural(len(drifts), 'state')}.",
                alt="One coloured tile per device: change of its resistance in percent.",
                draw=partial(_draw_drift_map, drifts, sites_of([device for device, _ in drifts])),
                wide=False,
            )
        )
    if arrhenius is not None:
        plans.append(
            Plan(
                name="arrhenius",
                section=Section.RETENTION,
                title="Activation of the retention time",
                caption=f"Time until a resistance has changed by a factor of {CHANGED:g}, with the Arrhenius line "
                "and its 95 % band.",
                alt="Retention time on a logarithmic axis against the inverse temperature.",
                draw=partial(_draw_arrhenius, arrhenius),
                wide=False,
            )
        )
    return plans


def noise_plans(found: Sequence[RetentionFinding], law: NoiseLaw | None) -> list[Plan]:
    """The figures of noise in `found`, and of `law`; none where nothing was read often enough."""
    plans: list[Plan] = []
    telling = [one for one in found if one.telegraph is not None]
    # Those with levels first: they are what the figure is for.
    telling.sort(key=lambda one: one.telegraph is None or not one.telegraph.found)
    with_levels = sum(1 for one in telling if one.telegraph is not None and one.telegraph.found)
    if telling:
        plans.append(
            Plan(
                name="telegraph",
                section=Section.NOISE,
                title="Telegraph noise",
                caption=f"{with_levels} of {plural(len(telling), 'trace')} have levels that noise of the same "
                "spectrum does not explain; traces with levels come first. Beside each level stand its "
                "dwell time and its share of the time.",
                alt="One panel per trace: resistance against time, with the levels of telegraph noise laid over it.",
                draw=partial(_draw_telegraph, telling[: MOST_PANELS - 2]),
            )
        )
    spectra = [one for one in found if one.spectrum is not None]
    if spectra:
        plans.append(
            Plan(
                name="spectrum",
                section=Section.NOISE,
                title="Spectrum of the resistance",
                caption="Welch spectrum and the power law fitted to it; 0 is white noise, 1 flicker noise, 2 a "
                f"random walk. {min(len(spectra), MOST_PANELS)} of {plural(len(spectra), 'state')}.",
                alt="One panel per state: spectral density against frequency on logarithmic axes.",
                draw=partial(_draw_spectra, [spectra[k] for k in evenly(len(spectra), MOST_PANELS)]),
            )
        )
    if law is not None:
        plans.append(
            Plan(
                name="noise",
                section=Section.NOISE,
                title="Read noise against conductance",
                caption="Relative scatter of one read, one point per state, and the power law through them.",
                alt="Relative read noise against conductance on logarithmic axes, with a line.",
                draw=partial(_draw_noise_law, law),
                wide=False,
            )
        )
    return plans


def _draw_retention(found: Sequence[RetentionFinding], width: Width) -> Figure:
    figure, axes = panels(width, 5.8, len(found))
    for one, ax in zip(found, axes, strict=True):
        plot_retention([one.trace], [] if one.fit is None else [one.fit], ax)
        kelvin = "" if one.trace.temperature is None else f"{one.trace.temperature:.0f} K"
        name = plain_text(", ".join(part for part in (one.trace.device, one.trace.state, kelvin) if part), 40)
        rest = ax.get_title(loc="left")
        note_title(ax, f"{name}\n{rest}" if rest else name)
    return figure


def _draw_drift_map(drifts: Sequence[tuple[str, float]], sites: Sites | None, width: Width) -> Figure:
    figure, axes = new_figure(width, 7.5)
    values = np.array([value for _, value in drifts])
    plot_device_map(
        [name for name, _ in drifts], values, axes[0, 0], label="Change of resistance", unit="%", sites=sites
    )
    return figure


def _draw_arrhenius(fit: Arrhenius, width: Width) -> Figure:
    figure, axes = new_figure(width, 7.5)
    plot_arrhenius(fit, axes[0, 0])
    return figure


def _draw_telegraph(found: Sequence[RetentionFinding], width: Width) -> Figure:
    figure, axes = panels(width, 4.6, len(found), most=1)
    for one, ax in zip(found, axes, strict=True):
        if one.telegraph is None:
            continue
        step = float(np.median(np.diff(one.trace.time)))
        plot_telegraph(one.trace.resistance, step, one.telegraph, ax, label="Resistance", unit="ohm")
        note_title(ax, f"{plain_text(one.trace.device, 40)}\n{ax.get_title(loc='left')}")
    return figure


def _draw_spectra(found: Sequence[RetentionFinding], width: Width) -> Figure:
    figure, axes = panels(width, 5.4, len(found))
    for one, ax in zip(found, axes, strict=True):
        if one.spectrum is not None:
            plot_spectrum(one.spectrum, ax, unit="ohm")
            note_title(ax, f"{plain_text(one.trace.device, 40)}\n{ax.get_title(loc='left')}")
    return figure


def _draw_noise_law(law: NoiseLaw, width: Width) -> Figure:
    figure, axes = new_figure(width, 6.5)
    plot_noise_law(law, axes[0, 0])
    return figure
