"""Every figure: returns the axes it was given, has units, and survives data that hold nothing."""

import dataclasses
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from pinched.extraction.distributions import Lognormal, Normal, Weibull, fit_distribution
from pinched.extraction.families import Gamma, LognormalMixture
from pinched.extraction.table import Flag
from pinched.report.figures_cycles import plot_cycle_series, plot_resistance_scatter
from pinched.report.figures_device import fit_text, plot_histogram, plot_probability
from pinched.report.figures_network import plot_accuracy, plot_confusion
from pinched.report.figures_sweeps import MOST_CYCLES, plot_sweeps
from pinched.report.gallery import draw_gallery
from pinched.report.plans import plan_gallery
from pinched.report.quantities import Quantity
from pinched.report.style import SvgText, Width, new_figure, paper_style, to_png, to_svg

UNIT = re.compile(r"\((V|A|Ω|%|number|class)\)|\(%\)|Count per bin|Cycle \(|True class")
NAN = float("nan")


@pytest.fixture
def ax():
    with paper_style():
        yield new_figure(Width.SINGLE, 6.0)[1][0, 0]


def words(ax) -> str:
    return " ".join(
        [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel(), *(t.get_text() for t in ax.texts)]
        + ([t.get_text() for t in ax.get_legend().get_texts()] if ax.get_legend() else [])
    )


def render(ax) -> None:
    """Draw the figure; something is drawn, and nothing of it stands at no place."""
    root = ElementTree.fromstring(to_svg(ax.figure, SvgText.TEXT))
    places = [path.get("d", "") for path in root.iter("{http://www.w3.org/2000/svg}path")]
    assert any(places)
    assert not [d for d in places if "nan" in d or "inf" in d]


def test_every_figure_returns_its_axes_and_names_units(sweeps, table, fit, score):
    figure, axes = new_figure(Width.DOUBLE, 20.0, rows=4, columns=2)
    calls = [
        lambda a: plot_sweeps(sweeps, a, median=True),
        lambda a: plot_histogram(table.v_set, fit.fits["v_set"], a, label="SET voltage", unit="V"),
        lambda a: plot_probability(
            table.resistance_hrs, fit.fits["resistance_hrs"], a, label="HRS", unit="ohm"
        ),
        lambda a: plot_resistance_scatter(table, a),
        lambda a: plot_cycle_series(table, Quantity.V_RESET, a),
        lambda a: plot_accuracy(score, a),
        lambda a: plot_confusion(score, a),
    ]
    for call, given in zip(calls, axes.ravel(), strict=False):
        assert call(given) is given
        assert given.get_xlabel()
        assert UNIT.search(given.get_xlabel()), given.get_xlabel()
        if given.get_ylabel():
            assert UNIT.search(given.get_ylabel()), given.get_ylabel()
    to_png(figure)


def test_widths_are_those_of_journals():
    with paper_style():
        for width, cm in ((Width.SINGLE, 8.9), (Width.DOUBLE, 18.3)):
            figure, _ = new_figure(width, 5.0)
            assert figure.get_size_inches() * 2.54 == pytest.approx((cm, 5.0))


def test_many_cycles_are_a_subset_and_the_axes_say_so(ax, rng, make_sweep):
    many = [make_sweep("D", k + 1, rng) for k in range(MOST_CYCLES + 40)]
    plot_sweeps(many, ax)
    assert f"{MOST_CYCLES} of {MOST_CYCLES + 40} cycles drawn" in words(ax)
    assert any(line.get_rasterized() for line in ax.lines)
    assert "first (cycle 1)" in words(ax)
    assert f"last (cycle {MOST_CYCLES + 40})" in words(ax)
    render(ax)


def test_zero_current_is_drawn_at_the_floor_and_said(ax, rng, make_sweep):
    sweep = make_sweep("D", 1, rng)
    current = np.where(np.abs(sweep.voltage) < 0.3, 0.0, sweep.current)
    plot_sweeps([dataclasses.replace(sweep, current=current)], ax)
    assert "0 A drawn at the floor" in words(ax)
    drawn = np.concatenate([line.get_ydata() for line in ax.lines if len(line.get_ydata()) > 10])
    assert drawn.min() == pytest.approx(np.abs(current[current != 0]).min())
    render(ax)


def test_zero_current_at_zero_voltage_needs_no_note(ax, rng, make_sweep):
    plot_sweeps([make_sweep("D", 1, rng)], ax)
    assert "0 A drawn" not in words(ax)
    assert ax.get_ylim()[0] > 0


def test_first_and_last_cycle_are_the_data(ax, rng, make_sweep):
    sweeps = [make_sweep("D", k + 1, rng) for k in range(3)]
    plot_sweeps(sweeps, ax)
    drawn = {line.get_label(): line for line in ax.lines}
    for label, sweep in (("first (cycle 1)", sweeps[0]), ("last (cycle 3)", sweeps[2])):
        away = np.abs(sweep.voltage) > 0.1
        points = set(zip(np.round(sweep.voltage[away], 9), np.abs(sweep.current[away]), strict=True))
        shown = set(zip(np.round(drawn[label].get_xdata(), 9), drawn[label].get_ydata(), strict=True))
        assert points <= shown


def test_numbers_of_the_directions_stand_on_the_curve_and_apart(ax, rng, make_sweep):
    sweep = make_sweep("D", 1, rng)
    plot_sweeps([sweep], ax)
    spots = {t.get_text(): t.xy for t in ax.texts if t.get_text() in "1234"}
    assert len(set(spots.values())) == 4
    low, high = ax.get_ylim()
    for volts, amps in spots.values():
        assert low < amps < high
        assert np.min(np.abs(sweep.voltage - volts) + np.abs(np.abs(sweep.current) - amps)) < 1e-12
    assert (spots["1"][0] > 0, spots["3"][0] < 0) == (True, True)


def test_directions_are_numbered_and_compliance_is_dashed(ax, rng, make_sweep):
    plot_sweeps([make_sweep("D", 1, rng)], ax)
    assert {t.get_text() for t in ax.texts} >= {"1", "2", "3", "4"}
    assert "compliance 1.0 mA" in words(ax)


def test_a_current_that_is_zero_everywhere_has_no_data(ax, rng, make_sweep):
    sweep = make_sweep("D", 1, rng)
    plot_sweeps([dataclasses.replace(sweep, current=np.zeros(len(sweep)))], ax)
    assert "no data" in words(ax)
    render(ax)


def test_a_voltage_that_never_moves_is_drawn(ax, rng, make_sweep):
    sweep = make_sweep("D", 1, rng)
    plot_sweeps([dataclasses.replace(sweep, voltage=np.zeros(len(sweep)))], ax)
    render(ax)
    drawn = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert drawn
    assert all((np.asarray(line.get_xdata()) == 0).all() for line in drawn)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [NAN, NAN],
        [1.0],
        [2.0, 2.0, 2.0],
        [0.0, 0.0],
        [-1.0, -1.0],
        [-1.0, 1.0],
        [1e-12, 1e12],
        [5.0, 5.0 * (1 + 1e-15)],
    ],
    ids=["empty", "nan", "one", "equal", "zeros", "negative", "mixed", "wide", "rounding"],
)  # fmt: skip
def test_degenerate_values_are_drawn_without_a_warning(ax, values):
    array = np.array(values, dtype=float)
    plot_histogram(array, None, ax, label="Value", unit="V")
    render(ax)
    other = new_figure(Width.SINGLE, 6.0)[1][0, 0]
    plot_probability(array, None, other, label="Value", unit="V", legend="values")
    render(other)
    if not np.isfinite(array).any():
        assert "no data" in words(ax)


@pytest.mark.parametrize("family", ["normal", "lognormal", "weibull"])
def test_fits_and_their_intervals_stand_in_the_histogram(ax, rng, family):
    values = {
        "normal": rng.normal(0.0, 1.0, 60),
        "lognormal": rng.lognormal(6.0, 1.5, 60),
        "weibull": 100 * rng.weibull(5.0, 60),
    }[family]
    fit = fit_distribution(values, resamples=50)
    plot_histogram(values, fit, ax, label="Resistance", unit="ohm")
    text = words(ax)
    assert "n = 60" in text
    assert fit.distribution.name in text
    assert text.count("[") == 2
    assert (ax.get_xscale() == "log") == (family == "lognormal")
    render(ax)


@pytest.mark.parametrize("family", [Normal, Lognormal, Weibull, Gamma, LognormalMixture])
def test_every_family_has_its_symbols_and_its_scale(ax, rng, family):
    """Parameters stand under the symbols of their fields; what is positive only has a logarithmic axis."""
    values = np.concatenate([rng.lognormal(6.0, 0.3, 150), rng.lognormal(10.0, 0.4, 150)])
    fit = fit_distribution(values, families=(family,), resamples=20)
    assert isinstance(fit.distribution, family)
    text = fit_text(fit, "ohm")
    for field in dataclasses.fields(family):
        assert f"${field.metadata['symbol']}$ = " in text
    assert max(len(line.split(", $")) for line in text.split(",\n")) <= 2
    plot_histogram(values, fit, ax, label="R", unit="ohm")
    assert (ax.get_xscale() == "log") == (family is not Normal)
    render(ax)
    other = new_figure(Width.SINGLE, 6.0)[1][0, 0]
    plot_probability(values, fit, other, label="R", unit="ohm")
    assert (other.get_xscale() == "log") == (family is not Normal)
    render(other)


def test_expected_counts_add_up_to_n(ax, rng):
    values = rng.lognormal(6.0, 1.5, 500)
    plot_histogram(values, fit_distribution(values, resamples=20), ax, label="R", unit="ohm")
    line = ax.lines[0]
    x, y = np.log(line.get_xdata()), line.get_ydata()
    width = np.log(ax.patches[1].get_x() / ax.patches[0].get_x())
    assert np.trapezoid(y, x) / width == pytest.approx(500, rel=0.02)


def test_reset_voltages_are_magnitudes_and_the_label_says_so(ax, table, fit):
    plot_probability(table.v_reset, fit.fits["v_reset"], ax, label="RESET voltage", unit="V")
    assert ax.get_xlabel() == "|RESET voltage| (V)"
    assert ax.lines[0].get_xdata().min() > 0


def test_points_of_the_fitted_distribution_lie_on_the_line(ax):
    normal = np.random.default_rng(1).normal(size=2000)
    values = np.exp(3.0 + 0.5 * normal)
    fit = fit_distribution(values, resamples=20)
    plot_probability(values, fit, ax, label="R", unit="ohm")
    x, y = ax.lines[0].get_data()
    middle = slice(100, -100)
    expected = (np.log(x[middle]) - fit.distribution.mu) / fit.distribution.sigma
    assert np.abs(expected - y[middle]).max() < 0.15


def test_flags_show_in_the_series(ax, table):
    plot_cycle_series(table, Quantity.V_SET, ax)
    assert "no value (2)" in words(ax)
    other = new_figure(Width.SINGLE, 6.0)[1][0, 0]
    plot_cycle_series(table, Quantity.RESISTANCE_HRS, other)
    assert "bound (1)" in words(other)
    render(ax)
    render(other)


@pytest.mark.parametrize("quantity", list(Quantity))
def test_a_table_without_a_value_is_drawn(ax, table, quantity):
    empty = np.full(len(table), NAN)
    bare = dataclasses.replace(
        table, **{quantity.value.field: empty, quantity.value.field + "_flag": (Flag.NONE,) * len(table)}
    )
    plot_cycle_series(bare, quantity, ax)
    render(ax)
    assert f"no value ({len(table)})" in words(ax)
    other = new_figure(Width.SINGLE, 6.0)[1][0, 0]
    plot_resistance_scatter(bare, other)
    render(other)


def test_scatter_labels_the_ratios_inside_the_axes(ax, rng, make_table):
    plot_resistance_scatter(make_table(12, 3, rng), ax)
    assert any("10^{3}" in t.get_text() for t in ax.texts)
    assert ax.get_legend() is None  # twelve devices cannot be told apart by colour
    render(ax)


def test_accuracy_shows_all_references(ax, score):
    plot_accuracy(score, ax)
    labels = " ".join(t.get_text() for t in ax.get_yticklabels())
    for word in ("float twin", "quantized", "n = 20", "nearest class mean", "most frequent class"):
        assert word in labels
    assert f"worst {100 * score.accuracy_array.min():.1f} %" in words(ax)
    assert f"mean {100 * score.accuracy_array.mean():.1f} %" in words(ax)


@pytest.mark.parametrize("change", [
    {"accuracy_array": np.array([1.0])},
    {"accuracy_array": np.ones(5), "accuracy_float": 1.0, "accuracy_quantized": 1.0, "images": 10},
    {"accuracy_array": np.zeros(3), "accuracy_float": 0.0, "accuracy_quantized": 0.0, "baseline": 0.0},
    {"baseline_nearest_mean": NAN},
], ids=["one array", "perfect", "hopeless", "no nearest mean"])  # fmt: skip
def test_extreme_accuracies_are_drawn(ax, score, change):
    n = change.get("accuracy_array", score.accuracy_array).size
    shown = dataclasses.replace(score, bit_error_rate=np.zeros(n), **change)
    plot_accuracy(shown, ax)
    render(ax)
    # 10 images decide no decimals, thousands do; the whole per cents are said in any case.
    assert f"mean {100 * shown.accuracy_array.mean():.0f}" in words(ax).replace(".0", "")
    assert f"n = {n}" in " ".join(t.get_text() for t in ax.get_yticklabels())


@pytest.mark.parametrize("classes", [2, 10, 40])
def test_confusion_of_any_number_of_classes(ax, rng, classes, make_score):
    plot_confusion(make_score(rng, classes=classes), ax)
    render(ax)
    assert ax.images[0].get_array().shape == (classes, classes)
    assert (len(ax.texts) > 0) == (classes <= 10)  # numbers in cells where they can be read


def test_hostile_names_stay_text(ax, rng, make_sweep, make_table):
    names = ("$x_{", "<script>", "器件", "a" * 80)
    sweeps = [make_sweep(name, 1, rng) for name in names]
    plot_sweeps(sweeps, ax)
    render(ax)
    table = dataclasses.replace(make_table(4, 1, rng, missing=False), device=names)
    other = new_figure(Width.SINGLE, 6.0)[1][0, 0]
    plot_resistance_scatter(table, other)
    render(other)
    said = words(other)
    assert "<script>" in said
    assert "器件" in said
    assert "a" * 80 not in said


def test_gallery_renders_valid_files_the_same_every_time(sweeps, table, fit, score):
    plans = plan_gallery(sweeps, table, fit, score, None)
    first, second = (draw_gallery(plans[:2], simulated=True, files=True) for _ in range(2))
    assert first == second
    for picture in first:
        outlined = ElementTree.fromstring(picture.page_svg)
        assert not list(outlined.iter("{http://www.w3.org/2000/svg}text"))
        assert picture.png.startswith(b"\x89PNG")
        assert [file.width for file in picture.files] == [Width.SINGLE, Width.DOUBLE]
        for file in picture.files:
            root = ElementTree.fromstring(file.svg)
            assert root.tag.endswith("svg")
            # 72 points to the inch.
            assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(
                file.width.inches * 72, 1e-3
            )
            texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
            assert any("simulated data" in "".join(t.itertext()) for t in texts)
            assert file.pdf.startswith(b"%PDF")
            assert b"/Type3" not in file.pdf
        assert bool(picture.phone_svg) == picture.wide


def test_the_gallery_has_what_the_data_support(sweeps, table, fit, score):
    plans = plan_gallery(sweeps, table, fit, score, None)
    assert [plan.name for plan in plans] == [
        "sweeps", "sweeps_by_device", "map", "probability", "distributions", "cycles", "resistances", "confusion",
        "accuracy",
    ]  # fmt: skip
    for plan in plans:
        if plan.name != "sweeps_by_device":
            assert "device" in plan.caption or "array" in plan.caption
            assert "cycle" in plan.caption or "image" in plan.caption
    one = plan_gallery(sweeps[:1], dataclasses.replace(table, device=("D01",) * len(table)), None, None, None)
    assert "map" not in [plan.name for plan in one]
    assert "autocorrelation" in [plan.name for plan in one]


def test_settings_of_matplotlib_come_back():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with paper_style():
        assert mpl.rcParams["font.size"] == 8.0
    assert dict(mpl.rcParams) == before
