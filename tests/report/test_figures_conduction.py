"""Figures of conduction and compliance: units on the axes, the numbers of the fit, and what holds nothing."""

import math

import numpy as np
import pytest

from pinched.extraction.compliance import ComplianceSeries, Kept, nonvolatile_threshold
from pinched.extraction.conduction import LAWS, fit_conduction
from pinched.extraction.conduction_slopes import slope_regions
from pinched.report.figures_conduction import (
    plot_compliance_series,
    plot_conduction,
    plot_reset_series,
    plot_slope,
    powers,
)
from pinched.report.style import Width, new_figure, paper_style, to_png


@pytest.fixture
def ax():
    with paper_style():
        yield new_figure(Width.SINGLE, 6.0)[1][0, 0]


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(1)
    v = np.linspace(0.02, 2, 60)
    current = 1e-9 * v * np.exp(3 * np.sqrt(v) + 0.02 * rng.standard_normal(60))
    return fit_conduction(v, current, noise_current=3e-12)


def series(kept):
    limits = np.geomspace(1e-6, 1e-3, len(kept))
    return ComplianceSeries(
        read_voltage=0.1,
        device=("D",) * len(kept),
        cycle=np.arange(1, len(kept) + 1),
        compliance_current=limits,
        resistance_hrs=np.full(len(kept), 1e7),
        resistance_lrs=1.0 / limits,
        resistance_next=np.where([k is Kept.YES for k in kept], 1.0 / limits, 1e7),
        v_reset=np.full(len(kept), -0.6),
        reset_current=0.6 * limits,
        kept=kept,
    )


@pytest.mark.parametrize("law", LAWS, ids=[law.__name__ for law in LAWS])
def test_every_law_is_drawn_in_its_variables(ax, fit, law):
    shown = next(f for f in fit.laws if type(f.law) is law)
    assert plot_conduction(fit, ax, law=shown) is ax
    assert ax.get_xlabel() == law.variable.value
    assert ax.get_ylabel() == law.y_label
    assert to_png(ax.figure)
    # The residual of the plot is that of ln I, whatever the variables: the line misses by the law's misfit.
    line = next(item for item in ax.lines if item.get_label() == law.name)
    dots = next(item for item in ax.lines if item.get_label() == "samples")
    order = np.argsort(line.get_xdata())
    at = np.interp(dots.get_xdata(), line.get_xdata()[order], line.get_ydata()[order])
    rms = math.sqrt(float(np.mean((dots.get_ydata() - at) ** 2)))
    assert rms == pytest.approx(shown.misfit, rel=0.3)


def test_the_verdict_and_the_parameters_are_written(ax, fit):
    title = plot_conduction(fit, ax).get_title(loc="left")
    assert title.startswith(fit.best.law.name)
    assert "±" in title
    assert powers("10⁻⁹ V²") == "10$^{-9}$ V$^{2}$"


def test_slopes_and_regions(ax):
    v = np.geomspace(0.01, 10, 200)
    current = 1e-6 * v * (1 + v)
    plot_slope(v, current, ax, regions=slope_regions(v, current))
    assert ax.get_xlabel() == "Voltage (V)"
    assert ax.get_xscale() == "log"
    curve = next(item for item in ax.lines if item.get_label() == "local slope")
    # d ln I / d ln V of V + V^2 is 1 + V / (1 + V); windows of a fifth of a decade bend it by less than 0.01.
    x = curve.get_xdata()
    np.testing.assert_allclose(curve.get_ydata(), 1 + x / (1 + x), atol=0.02)
    assert to_png(ax.figure)


def test_compliance_series(ax):
    kept = (Kept.NO,) * 4 + (Kept.YES, Kept.UNKNOWN, Kept.YES, Kept.YES)
    data = series(kept)
    known = np.array([k is not Kept.UNKNOWN for k in kept])
    found = nonvolatile_threshold(
        data.compliance_current[known], np.array([k is Kept.YES for k in kept])[known]
    )
    assert plot_compliance_series(data, ax, threshold=found) is ax
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels == ["kept (3)", "lost (4)", "unknown (1)"]
    assert "(A)" in ax.get_xlabel()
    assert "0.1 V" in ax.get_ylabel()
    assert "3 of 7 stayed" in ax.get_title(loc="left")
    assert to_png(ax.figure)


def test_reset_series(ax):
    plot_reset_series(series((Kept.YES,) * 5), ax)
    assert ax.get_xlim() == ax.get_ylim()
    assert to_png(ax.figure)


@pytest.mark.parametrize("plot", [plot_compliance_series, plot_reset_series])
def test_a_series_of_nothing_says_so(ax, plot):
    empty = series((Kept.UNKNOWN,))
    hollow = ComplianceSeries(
        **{name: getattr(empty, name) for name in ("read_voltage", "device", "cycle", "kept", "v_reset")},
        **dict.fromkeys(
            ("compliance_current", "resistance_hrs", "resistance_lrs", "resistance_next", "reset_current"),
            np.array([np.nan]),
        ),
    )
    plot(hollow, ax)
    assert "no cycle" in ax.texts[0].get_text()
