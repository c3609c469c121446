"""The map of devices: where they stand, and what it says where nobody knows."""

import numpy as np
import pytest

from pinched.data.settings import Setting
from pinched.report.figures_map import plot_device_map
from pinched.report.sites import sites_of
from pinched.report.style import Width, figure_of, new_figure, paper_style, to_png


@pytest.fixture
def ax():
    with paper_style():
        yield new_figure(Width.DOUBLE, 7.0)[1][0, 0]


@pytest.mark.parametrize(
    ("names", "rows", "columns", "words"),
    [
        (["(U2,2,4)", "(U2,2,5)", "(U2,3,4)"], [2, 2, 3], [4, 5, 4], ("Row", "Column")),
        (["r1c1", "r1c2", "r2c1"], [1, 1, 2], [1, 2, 1], ("Row", "Column")),
        (["WL3_BL10", "WL4_BL11"], [3, 4], [10, 11], ("WL", "BL")),
        (["X3Y4", "X5Y4", "X5Y6"], [4, 4, 6], [3, 5, 5], ("Row", "Column")),
        (["d67/11_22_proc", "d67/13_20_proc"], [11, 13], [22, 20], ("Row", "Column")),
    ],
)
def test_names_that_hold_two_numbers_are_places(names, rows, columns, words):
    sites = sites_of(names)
    assert sites is not None
    assert [sites.row[name] for name in names] == rows
    assert [sites.column[name] for name in names] == columns
    assert (sites.row_name, sites.column_name) == words


@pytest.mark.parametrize(
    "names",
    [
        ["D01", "D02"],  # one number
        ["-1V_0", "-3V_1"],  # a voltage and a cycle
        ["1.5_2", "2.5_3"],  # decimals
        ["Radius 10 um", "Radius 100 um"],
        ["a1b1", "a1c2"],  # two kinds of names
        ["lot1_r1c1", "lot2_r2c2"],  # three numbers that vary
        ["r1c1"],  # one device
        ["s1_20230401", "s2_20240815"],  # a date is no column
    ],
)
def test_other_names_are_no_places(names):
    assert sites_of(names) is None


def test_settings_come_before_names():
    settings = [
        ("r1c1", [Setting("Word line", 7.0, "1"), Setting("bit_line", "2")]),
        ("r1c2", [Setting("word_line", 8.0, "1"), Setting("bit_line", "2")]),
    ]
    sites = sites_of(["r1c1", "r1c2"], settings)
    assert sites is not None
    assert (sites.row, sites.column) == ({"r1c1": 7, "r1c2": 8}, {"r1c1": 2, "r1c2": 2})
    assert sites.row_name == "Word line"


def test_a_site_that_a_file_states_is_read():
    settings = [
        ("A", [Setting("site", "die 3,4")]),
        ("B", [Setting("site", "die 5,4"), Setting("area", 1.0, "m2")]),
    ]
    assert sites_of(["A", "B"], settings) is None  # only one number varies
    settings[1] = ("B", [Setting("site", "die 5,6")])
    sites = sites_of(["A", "B"], settings)
    assert sites is not None
    assert (sites.row["B"], sites.column["B"]) == (5, 6)


def test_tiles_are_medians_at_their_places(ax):
    devices = ["r1c1", "r1c1", "r1c1", "r2c3", "r2c3", "r3c1"]
    values = np.array([1.0, 2.0, 30.0, 5.0, np.nan, np.nan])
    plot_device_map(devices, values, ax, label="V", unit="V", sites=sites_of(devices))
    tiles = ax.images[0].get_array()
    assert tiles.shape == (3, 3)
    assert tiles[0, 0] == 2.0
    assert tiles[1, 2] == 5.0
    assert tiles.mask.sum() == 7
    written = {t.get_text() for t in ax.texts}
    assert {"2\nn = 3", "5\nn = 1", "no value"} == written
    assert len(ax.patches) == 1  # the device without a value is hatched
    assert ax.get_xlabel() == "Column (number)"
    assert "3 devices, 0 to 3 values each" in ax.get_title(loc="left")
    to_png(figure_of(ax))


def test_without_places_tiles_are_named_in_order(ax):
    devices = [f"lot7/dev{name}/run" for name in "abc"]
    plot_device_map(devices, np.array([1e3, 1e4, 1e6]), ax, label="LRS", unit="ohm")
    assert [t.get_text().split("\n")[0] for t in ax.texts] == ["deva", "devb", "devc"]
    assert "order of measurement" in ax.get_xlabel()
    bar = figure_of(ax).axes[-1]
    assert bar.get_yscale() == "log"
    assert bar.get_ylabel() == "LRS, median (Ω)"


def test_negative_values_are_magnitudes_and_said(ax):
    plot_device_map(["a", "b"], np.array([-0.5, -0.7]), ax, label="RESET voltage", unit="V")
    assert ax.images[0].get_array().compressed().tolist() == [0.5, 0.7]
    assert figure_of(ax).axes[-1].get_ylabel() == "|RESET voltage|, median (V)"


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_a_map_of_nothing_says_so(ax, values):
    plot_device_map([f"D{k}" for k in range(len(values))], np.array(values), ax, label="V", unit="V")
    assert "no data" in ax.texts[0].get_text()


def test_many_devices_have_no_numbers_and_equal_ones_a_colour(ax):
    names = [f"r{r}c{c}" for r in range(8) for c in range(12)]
    plot_device_map(names, np.ones(96), ax, label="V", unit="V", sites=sites_of(names))
    assert not ax.texts
    to_png(figure_of(ax))
