"""Figures of fitted laws: measured beside fitted, the residuals along the sweep, and laws ranked.

`plot_fit` for one law, `plot_fit_residuals` for where it misses, `plot_ranking` for `fit_all`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from pinched.devices.comparing import RankedLaw
from pinched.devices.fitting import DeviceFit
from pinched.report.style import NOTE, Colour


def plot_fit(fit: DeviceFit, ax: Axes, *, label: str = "fit") -> Axes:
    """Draw |I| (A, log) against V (V), measured cycles and the fitted law, into `ax`, and return `ax`.

    Samples at the compliance, which the fit leaves out, are hollow.
    """
    ax.set_xlabel("Voltage (V)")
    ax.set_ylabel("|Current| (A)")
    ax.set_yscale("log")
    floor = 0.1 * fit.floor_current
    for k, (item, current) in enumerate(zip(fit.targets, fit.simulated, strict=True)):
        # A law fitted to sweeps that were turned round is shown as they were measured.
        volts = -item.plan.value if fit.flipped else item.plan.value
        measured = np.maximum(np.abs(item.measured), floor)
        first = k == 0
        ax.plot(
            volts[item.used],
            measured[item.used],
            "o",
            ms=2,
            mew=0,
            color=Colour.DATA,
            label="measured" if first else None,
        )
        if (~item.used).any():
            ax.plot(
                volts[~item.used], measured[~item.used], "o", ms=2, mew=0.5, mfc="none", color=Colour.DATA,
                label="at the compliance, left out" if first else None,
            )  # fmt: skip
        ax.plot(
            volts,
            np.maximum(np.abs(current), floor),
            "-",
            lw=1,
            color=Colour.SET,
            label=label if first else None,
        )
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=NOTE, frameon=False)
    return ax


def plot_fit_residuals(fit: DeviceFit, ax: Axes) -> Axes:
    """Draw the residuals (decades of current, fitted over measured) along the sweeps into `ax`, and return `ax`."""
    ax.set_xlabel("Sample, sweep after sweep")
    ax.set_ylabel("Fitted / measured (decades)")
    residual = fit.residuals / math.log(10)
    ax.axhline(0, color=Colour.FAINT, lw=1)
    start = 0
    for item in fit.targets:
        used = int(item.used.sum())
        ax.plot(
            np.arange(start, start + used), residual[start : start + used], "-", lw=0.8, color=Colour.DATA
        )
        start += used
        if start < residual.size:
            ax.axvline(start, color=Colour.FAINT, lw=0.8)
    return ax


def plot_ranking(ranked: Sequence[RankedLaw], ax: Axes) -> Axes:
    """Draw the cross-validated error (decades) of every law that could be fitted into `ax`, best on top; return `ax`.

    The bar ends at the error over all folds, the thin line at the worst fold. With one cycle nothing was held back,
    and the axis says so.
    """
    fitted = [r for r in ranked if r.fit is not None]
    held = any(math.isfinite(r.cross_validated) for r in fitted)
    errors = [r.cross_validated if held else r.fit.error_decades for r in fitted if r.fit is not None]
    places = np.arange(len(fitted))[::-1]
    ax.barh(places, errors, height=0.6, color=Colour.HRS)
    if held:
        for place, entry in zip(places, fitted, strict=True):
            ax.plot(
                [entry.cross_validated, entry.cross_validated_worst],
                [place, place],
                "-",
                lw=1.2,
                color=Colour.FIT,
            )
    ax.set_yticks(places, [r.name for r in fitted])
    ax.set_xlabel(
        "Error on held-back cycles (decades)" if held else "Error of the fit, nothing held back (decades)"
    )
    ax.set_xlim(left=0)
    return ax
