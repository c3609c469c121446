"""Figures of pulse experiments: units, named conventions, every repeat, and what holds nothing."""

import numpy as np
import pytest

from pinched.data.sweep import IVSweep
from pinched.data.traces import PulseTrace
from pinched.extraction.plasticity import Convention, Scale, fit_update
from pinched.extraction.pulses import extract_pulses
from pinched.report.figures_pulses import plot_read_write, plot_updates
from pinched.report.style import Width, new_figure, paper_style, to_png


@pytest.fixture
def ax():
    with paper_style():
        yield new_figure(Width.SINGLE, 6.0)[1][0, 0]


def record():
    """Two writes and a RESET with reads at 0.1 V between, 1 ms samples (simulated)."""
    levels = [(0.1, 1e-6), (2.0, 1e-6), (0.1, 2e-6), (2.0, 2e-6), (0.1, 1e-4), (-2.0, 1e-4), (0.1, 1e-6)]
    v = np.concatenate([np.r_[np.zeros(5), np.full(10, volt)] for volt, _ in levels])
    g = np.concatenate([np.full(15, siemens) for _, siemens in levels])
    return IVSweep(voltage=v, current=v * g, time=1e-3 * np.arange(v.size))


def repeats(rng, rising, count=3):
    n = np.arange(31.0)
    shape = np.expm1(-n / 8) / np.expm1(-30 / 8)
    found = []
    for _ in range(count):
        y = (shape if rising else 1 - shape) + 0.01 * rng.standard_normal(n.size)
        found.append(PulseTrace(conductance=1e-6 + 2e-5 * np.maximum(y, 0)))
    return found


def test_read_write_train(ax):
    events = extract_pulses(record())
    assert plot_read_write(events, ax, threshold=5e-5) is ax
    assert "(S)" in ax.get_ylabel()
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels == ["before", "2.0 V, 10 ms", "−2.0 V, 10 ms"]
    assert "3 of 3 known" in ax.get_title(loc="left")
    assert any("threshold" in t.get_text() for t in ax.texts)
    assert to_png(ax.figure)


def test_a_train_without_reads_says_so(ax):
    sweep = record()
    kept = np.abs(sweep.voltage) != 0.1
    events = extract_pulses(
        IVSweep(voltage=sweep.voltage[kept], current=sweep.current[kept], time=sweep.time[kept]),
        read_voltage=0.1,
    )
    plot_read_write(events, ax)
    assert "no read" in ax.texts[0].get_text()


@pytest.mark.parametrize("convention", list(Convention))
@pytest.mark.parametrize("scale", list(Scale))
def test_updates_name_their_convention(ax, convention, scale):
    rng = np.random.default_rng(2)
    traces = repeats(rng, True) + repeats(rng, False)
    fits = [fit_update(t, scale=scale) for t in traces]
    assert plot_updates(traces, fits, ax, convention=convention, logarithmic=scale is Scale.LOGARITHMIC) is ax
    title = ax.get_title(loc="left")
    named = {
        Convention.NEUROSIM_LABEL: "NeuroSim",
        Convention.PULSES: "A (pulses)",
        Convention.NORMALISED: "A / N",
        Convention.ALPHA: "alpha",
    }
    assert named[convention] in title
    assert "±" in title
    assert ax.get_ylabel() == ("Conductance (S)" if scale is Scale.LOGARITHMIC else "Conductance (µS)")
    assert to_png(ax.figure)


def test_no_traces(ax):
    plot_updates([], [], ax, convention=Convention.ALPHA)
    assert "0 traces" in ax.texts[0].get_text()
