"""Levels and write logs: groups, borders, what a range held."""

import numpy as np
import pytest

from pinched.data.traces import LevelReads, WriteLog
from pinched.report.figures_levels import plot_levels, plot_writes
from pinched.report.style import Width, figure_of, new_figure, paper_style, to_png


@pytest.fixture
def ax():
    with paper_style():
        yield new_figure(Width.SINGLE, 6.0)[1][0, 0]


def reads(*rows):
    return LevelReads(resistance=np.array(rows, dtype=float), device="chip")


def test_each_level_has_its_own_curve_and_borders_stand_between(ax):
    before = reads(np.repeat([1e3, 1e4], 10) * np.tile(np.linspace(0.9, 1.1, 10), 2))
    after = reads(before.resistance[0] * 1.05)
    level = np.repeat([0, 1], 10)
    plot_levels(before, ax, after=after, level=level, borders=np.array([3e3]))
    first, second = (line for line in ax.lines if line.get_linestyle() == "None")
    # Both levels run from the lowest to the highest probability.
    assert np.sort(first.get_ydata())[:2].tolist() == [np.sort(first.get_ydata())[0]] * 2
    assert second.get_xdata() == pytest.approx(np.array(first.get_xdata()) / 1.05)
    border = next(line for line in ax.lines if line.get_linestyle() == "--")
    assert border.get_xdata()[0] == pytest.approx(1 / 3e3)
    assert ax.get_xscale() == "linear"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["before (n = 20)", "after (n = 20)"]
    to_png(figure_of(ax))


def test_cells_without_levels_are_one_group_on_a_log_axis(ax):
    values = np.array([1e3, 2e4, np.nan, 5e5])
    plot_levels(reads(values), ax)
    assert ax.get_xscale() == "log"
    assert ax.lines[0].get_xdata() == pytest.approx(np.sort(1 / values[np.isfinite(values)]))


def test_cells_that_never_read_say_so(ax):
    plot_levels(reads([np.nan, np.nan]), ax)
    assert "no data" in ax.texts[0].get_text()


def test_writes_that_missed_are_marked(ax):
    log = WriteLog(
        address=np.arange(6.0),
        resistance=np.array([1.0e3, 1.5e3, 2.5e3, 1.2e4, 2.0e4, 9.0e4]),
        lower=np.repeat([1e3, 1e4], 3),
        upper=np.repeat([2e3, 1e10], 3),
    )
    plot_writes(log, ax)
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels == ["wanted", "reached (5)", "missed (1)"]
    missed = next(line for line in ax.lines if line.get_label().startswith("missed"))
    assert missed.get_ydata().tolist() == [2.5e3]
    # An open end is drawn to the edge, not to 1e10 ohm.
    assert ax.get_ylim()[1] < 1e6
    assert "6 writes to 6 cells, 83.3 % within the range" in ax.get_title(loc="left")
    to_png(figure_of(ax))
