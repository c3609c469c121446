"""Figures of endurance, retention, noise and series: axes returned, units named, empty data survived."""

import numpy as np
import pytest

from pinched import constants
from pinched.data.traces import Endurance, Retention
from pinched.extraction.endurance import Criterion, extract_endurance, fit_survival
from pinched.extraction.levels import confuse_levels
from pinched.extraction.noise import extract_telegraph, fit_noise_law
from pinched.extraction.retention import fit_arrhenius, fit_retention
from pinched.extraction.series import fit_spectrum
from pinched.report.figures_endurance import plot_endurance, plot_survival
from pinched.report.figures_noise import plot_noise_law, plot_spectrum, plot_telegraph
from pinched.report.figures_retention import plot_arrhenius, plot_level_confusion, plot_retention
from pinched.report.figures_series import plot_autocorrelation
from pinched.report.style import Width, figure_of, new_figure, paper_style, to_png

CRITERION = Criterion(min_ratio=10.0)


@pytest.fixture
def ax():
    with paper_style():
        yield new_figure(Width.SINGLE, 6.0)[1][0, 0]


def words(ax) -> str:
    legend = [t.get_text() for t in ax.get_legend().get_texts()] if ax.get_legend() else []
    shown = [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel(), *(t.get_text() for t in ax.texts)]
    return " ".join(shown + legend)


def wears_out(device: str, last: int, rng: np.random.Generator) -> Endurance:
    cycle = np.arange(1.0, 301)
    hrs = 1e6 * np.exp(0.3 * rng.standard_normal(300))
    hrs[last:] = 1.5e3
    return Endurance(
        cycle=cycle,
        resistance_lrs=1e3 * np.exp(0.1 * rng.standard_normal(300)),
        resistance_hrs=hrs,
        device=device,
    )


def drifts(rng: np.random.Generator) -> Retention:
    time = np.arange(0, 5000.0, 10)
    return Retention(
        time=time, resistance=1e4 * (time + 5) ** 0.02 * np.exp(0.002 * rng.standard_normal(500))
    )


def test_endurance_shows_every_cycle_and_the_failure(ax, rng):
    assert plot_endurance([wears_out("A", 250, rng)], CRITERION, ax) is ax
    drawn = sum(len(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "None")
    assert drawn == 600
    assert "250 of 300 cycles verified" in words(ax)
    assert "stuck at LRS at cycle 251" in words(ax)
    assert "HRS, failed cycle" in words(ax)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    to_png(figure_of(ax))


def test_endurance_without_a_read_says_so(ax):
    nan = np.full(3, np.nan)
    plot_endurance([Endurance(cycle=np.arange(3.0), resistance_lrs=nan, resistance_hrs=nan)], CRITERION, ax)
    assert "no data" in words(ax)
    to_png(figure_of(ax))


def test_survival_marks_the_stopped_and_states_the_bound(ax, rng):
    lives = extract_endurance([wears_out(str(k), k, rng) for k in (40, 90, 150, 300, 300)], CRITERION)
    survival = fit_survival(lives)
    assert plot_survival(survival, ax) is ax
    assert "3 of 5 failed" in words(ax)
    assert "stopped while working" in words(ax)
    to_png(figure_of(ax))


def test_survival_of_devices_that_never_worked_has_no_curve(ax, rng):
    lives = extract_endurance([wears_out("A", 0, rng)], CRITERION)
    plot_survival(fit_survival(lives), ax)
    assert "no data" in words(ax)


def test_retention_dashes_what_is_extrapolated(ax, rng):
    trace = drifts(rng)
    fit = fit_retention(trace, since_programming=5.0, resamples=60)
    assert plot_retention([trace], [fit], ax) is ax
    assert "10 years" in words(ax)
    assert "times the time measured" in words(ax)
    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert min(dashed[0].get_xdata()) == pytest.approx(5000, rel=0.15)
    assert max(dashed[0].get_xdata()) == pytest.approx(3.156e8, rel=1e-3)
    assert len(ax.collections) == 1
    to_png(figure_of(ax))


def test_retention_without_a_fit_or_without_data(ax, rng):
    plot_retention([drifts(rng), drifts(rng)], [], ax)
    assert "(s)" in words(ax)
    assert "(Ω)" in words(ax)
    to_png(figure_of(ax))


def test_retention_of_nothing_says_so(ax):
    plot_retention([Retention(time=np.arange(3.0), resistance=np.full(3, np.nan))], [], ax)
    assert "no data" in words(ax)


def test_arrhenius_prints_the_energy_with_its_interval(ax):
    kelvin = np.array([398.0, 423.0, 448.0, 473.0])
    time = np.exp(-20 + 1.1 * constants.E / (constants.K_B * kelvin)) * np.array([1.1, 0.9, 1.05, 0.95])
    assert plot_arrhenius(fit_arrhenius(kelvin, time), ax) is ax
    assert "eV [" in words(ax)
    assert "1/eV" in ax.get_xlabel()
    to_png(figure_of(ax))


def test_level_confusion_prints_the_share_that_changed(ax):
    before = np.repeat([0, 1, 2], 50)
    after = 10.0 ** (before + 3.0)
    after[0] = 1e4
    found = confuse_levels(before, after, np.array([3e3, 3e4]))
    assert plot_level_confusion(found, ax) is ax
    assert "1 of 150 cells changed" in words(ax)
    to_png(figure_of(ax))


def test_telegraph_noise_is_laid_over_the_trace(ax, rng):
    state = (np.arange(600) // 25) % 2
    values = 1e-6 * state + 1e-7 * rng.standard_normal(600)
    found = extract_telegraph(values, 0.01, most=2, surrogates=19)
    assert plot_telegraph(values, 0.01, found, ax, label="Current", unit="A") is ax
    assert "2 levels" in words(ax)
    assert "Current (A)" in words(ax)
    to_png(figure_of(ax))


def test_a_quiet_trace_says_that_there_is_none(ax, rng):
    values = rng.standard_normal(200)
    plot_telegraph(values, 1.0, extract_telegraph(values, 1.0, most=2), ax, label="Voltage", unit="V")
    assert "no telegraph noise" in words(ax)


def test_spectrum_and_noise_law_print_their_slopes(ax, rng):
    assert plot_spectrum(fit_spectrum(rng.standard_normal(1024), 0.1), ax, unit="A") is ax
    assert "(Hz)" in words(ax)
    assert "A²/Hz" in words(ax)
    to_png(figure_of(ax))
    other = new_figure(Width.SINGLE, 6.0)[1][0, 0]
    g = np.geomspace(1e-6, 1e-4, 10)
    assert plot_noise_law(fit_noise_law(g, 1e-5 / np.sqrt(g)), other) is other
    assert "(S)" in words(other)
    to_png(figure_of(other))


def test_autocorrelation_has_its_band_and_its_worth(ax, rng):
    assert plot_autocorrelation(np.cumsum(rng.standard_normal(60)), ax) is ax
    assert "independent" in words(ax)
    assert "Lag (cycles)" in words(ax)
    to_png(figure_of(ax))


def test_autocorrelation_of_few_or_equal_cycles_says_so(ax):
    plot_autocorrelation(np.ones(30), ax)
    assert "too few" in words(ax)
