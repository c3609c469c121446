"""Figures of driven laws: axes with prefixed units, every device, the direction of the loop."""

import numpy as np
import pytest
import torch

from pinched.data.waveforms import pulse_train, triangle
from pinched.devices.circuit import Circuit, Source
from pinched.devices.drive import drive
from pinched.devices.laws.conduction import OhmicConduction
from pinched.devices.laws.second_order import SecondOrder
from pinched.devices.laws.vteam import Vteam
from pinched.report.figures_laws import Course, driven_figure, plot_course, plot_loop
from pinched.report.style import Width, new_figure, paper_style, to_png


@pytest.fixture
def ax():
    with paper_style():
        yield new_figure(Width.SINGLE, 6.0)[1][0, 0]


@pytest.fixture(scope="module")
def sweep():
    return drive(Vteam(), triangle(1.2, period=10.0), compliance_current=5e-4, points=300)


@pytest.mark.parametrize("width", list(Width))
def test_the_figure_has_a_loop_and_a_panel_for_each_course(sweep, width):
    with paper_style():
        figure = driven_figure(sweep.sweeps, Vteam.states, width=width)
        labels = [ax.get_ylabel() for ax in figure.axes]
        assert sorted(labels) == sorted(["Current (µA)", "Source\n(V)", "Current\n(µA)", "$w$\n(nm)"])
        assert len(to_png(figure)) > 10_000
        boxes = [ax.get_tightbbox() for ax in figure.axes]
    for k, first in enumerate(boxes):
        for second in boxes[k + 1 :]:
            assert not first.overlaps(second), "panels must not run into each other"


def test_the_loop_is_the_sweep_with_its_direction_and_limit(sweep, ax):
    plot_loop(sweep.sweeps, ax)
    lines = [line.get_xydata() for line in ax.lines]
    own = max(lines, key=len)
    assert own[:, 0] == pytest.approx(sweep.voltage)
    assert own[:, 1] == pytest.approx(sweep.current / 1e-6)
    assert len(ax.texts) == 2, "one arrow on the way out and one on the way back"
    assert any(np.allclose(line.get_ydata(), -500.0) for line in ax.lines), "the compliance is a dashed line"


def test_many_devices_are_grey_behind_the_first(ax):
    law = Vteam(r_off=torch.linspace(5e4, 2e5, 12, dtype=torch.float64))
    sweeps = drive(law, triangle(1.2, period=10.0), points=50)
    plot_loop(list(sweeps), ax)
    assert "12 devices" in ax.get_title(loc="left")
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["others", "first device"]


def test_more_devices_than_can_be_told_apart_are_thinned(ax):
    law = OhmicConduction(conductance=torch.linspace(1e-4, 2e-4, 300, dtype=torch.float64))
    plot_loop(list(drive(law, triangle(1.0, period=1.0), points=10)), ax)
    assert "300 devices, 200 drawn" in ax.get_title(loc="left")


def test_courses_name_what_is_driven(ax):
    sweep = drive(Vteam(), triangle(1e-4, period=1.0), circuit=Circuit(source=Source.CURRENT), points=50)
    plot_course(sweep.sweeps, Course.SOURCE, ax, driven=Source.CURRENT)
    assert ax.get_ylabel() == "Source\n(µA)"
    assert ax.get_xlabel() == "Time (s)"


def test_two_states_and_pulses(ax):
    law = SecondOrder()
    sweep = drive(law, pulse_train(0.8, width=1e-6, gap=1e-6, count=3), points=100)
    plot_course(sweep.sweeps, law.states[1], ax)
    assert "(K)" in ax.get_ylabel()
    assert "µs" in ax.get_xlabel()


def test_a_device_that_carries_nothing_has_a_figure_too():
    sweep = drive(OhmicConduction(), triangle(1e-12, period=1.0), points=10)
    with paper_style():
        assert to_png(driven_figure(sweep.sweeps, ()))
