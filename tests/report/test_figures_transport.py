"""Figures of charge transport show the numbers of the run, in the units that their axes name."""

import numpy as np
import pytest
from PIL import Image

from pinched._errors import PinchedError
from pinched.data.waveforms import triangle
from pinched.physics.accuracy import Accuracy
from pinched.physics.presets import spetzler2023
from pinched.physics.solve import solve
from pinched.report.figures_transport import (
    plot_bands,
    plot_densities,
    plot_iv,
    plot_profiles,
    plot_vacancies,
    transport_figure,
    vacancy_animation,
)
from pinched.report.style import Width, new_figure, paper_style
from pinched.report.transport_results import MARK, profiles_npz, transport_record, write_transport


@pytest.fixture(scope="module")
def run():
    times = np.linspace(0.0, 9.6, 9)
    return solve(spetzler2023(), triangle(12.0, period=9.6), accuracy=Accuracy.fast, profiles=times.tolist())


@pytest.fixture
def ax():
    with paper_style():
        yield new_figure(Width.SINGLE, 6.0)[1][0, 0]


def curve(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def test_bands_are_a_gap_apart_and_named(run, ax):
    plot_bands(run.profiles, 2, ax)
    conduction, valence = ax.lines[0].get_ydata(), ax.lines[1].get_ydata()
    np.testing.assert_allclose(np.subtract(conduction, valence), 1.3)
    assert ax.get_xlabel() == "Position (nm)"
    assert ax.lines[0].get_xdata()[-1] == pytest.approx(1000.0)
    assert ax.get_title(loc="left") == "2.4 s, 12 V"


def test_densities_are_those_of_the_moment(run, ax):
    plot_densities(run.profiles, 4, ax)
    np.testing.assert_array_equal(curve(ax, "vacancies").get_ydata(), run.profiles.vacancy_density[4])
    # Holes are 16 decades below the electrons here: they are not drawn, and the axis does not stretch to them.
    assert "holes" not in [line.get_label() for line in ax.lines]
    assert ax.get_ylim()[0] > 1e-13 * run.profiles.vacancy_density.max()


def test_the_map_of_vacancies_covers_the_cycle(run, ax):
    plot_vacancies(run.profiles, ax)
    assert ax.get_xlim()[0] <= 0.0
    assert ax.get_xlim()[1] >= 9.6
    assert ax.get_ylabel() == "Position (nm)"


def test_a_map_of_one_moment_is_refused(ax):
    one = solve(spetzler2023(), triangle(1.0, period=9.6), accuracy=Accuracy.fast, profiles=[0.0])
    with pytest.raises(PinchedError, match="at least 2 moments"):
        plot_vacancies(one.profiles, ax)


def test_a_logarithmic_loop_shows_the_size_of_the_current(run, ax):
    plot_iv([run], ax, logarithmic=True)
    drawn = np.asarray(ax.lines[-1].get_ydata())
    np.testing.assert_allclose(drawn[1:-1], np.abs(run.current)[1:-1])


@pytest.mark.parametrize("width", list(Width))
def test_whole_figures_have_their_panels(run, width):
    assert len(plot_profiles(run.profiles, width=width).axes) == 2 * (4 if width is Width.DOUBLE else 2)
    assert len(transport_figure(run, width=width).axes) == 4  # two loops, the map, its colour bar


def test_the_moving_picture_moves(run, tmp_path):
    path = vacancy_animation(run, tmp_path / "v.gif", seconds=1.0, rate=5)
    with Image.open(path) as picture:
        assert picture.n_frames == 5
        first = np.asarray(picture.convert("RGB"), dtype=int)
        picture.seek(2)
        later = np.asarray(picture.convert("RGB"), dtype=int)
    changed = (np.abs(first - later).sum(axis=2) > 60).mean()
    # The curves move, axes and loop stand still.
    assert 0.001 < changed < 0.2
    assert [p.name for p in tmp_path.iterdir()] == ["v.gif"]


def test_a_moving_picture_needs_profiles_and_a_format(run, tmp_path):
    still = solve(spetzler2023(), triangle(1.0, period=9.6), accuracy=Accuracy.fast)
    with pytest.raises(PinchedError, match="profiles=True"):
        vacancy_animation(still, tmp_path / "v.gif")
    with pytest.raises(PinchedError, match=r"\.gif or \.mp4"):
        vacancy_animation(run, tmp_path / "v.avi")


@pytest.mark.slow
def test_what_is_written_says_that_it_is_simulated(run, tmp_path):
    write_transport(tmp_path, run, about={"preset": "spetzler2023"})
    assert {p.name for p in tmp_path.iterdir()} == {
        MARK, "sweep.csv", "profiles.npz", *(f"{n}.{e}" for n in ("sweep", "profiles") for e in ("pdf", "svg",
        "png")),
    }  # fmt: skip
    assert "simulated data" in (tmp_path / "sweep.svg").read_text()
    assert "# simulated_by:" in (tmp_path / "sweep.csv").read_text()
    record = transport_record(run, {})
    assert record["simulated"] is True
    assert record["parameters"]["barrier_left"] == {
        "value": 0.225, "unit": "eV", "meaning": record["parameters"]["barrier_left"]["meaning"],
    }  # fmt: skip


def test_profiles_in_a_file_are_those_of_the_run(run, tmp_path):
    path = tmp_path / "p.npz"
    path.write_bytes(profiles_npz(run.profiles))
    with np.load(path, allow_pickle=False) as held:
        np.testing.assert_array_equal(held["vacancy_density"], run.profiles.vacancy_density)
        assert '"vacancy_density": "1/m^3"' in str(held["units"])
