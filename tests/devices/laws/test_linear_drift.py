"""Linear ion drift: circuit references, closed forms in the flux, ideal loops, bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from circuit_references import assert_agrees, load
from independent import integrate
from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, sine, staircase, triangle
from pinched.devices.circuit import Circuit, Source
from pinched.devices.drive import drive
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.windows import Biolek, Joglekar, NoWindow, Parabola, Prodromakis, Window, Zha


def _window(p: dict) -> Window:
    match p["window"]:
        case "none":
            return NoWindow()
        case "joglekar":
            return Joglekar(p=p["p"])
        case "biolek":
            return Biolek(p=p["p"])
        case "prodromakis":
            return Prodromakis(p=p["p"], j=p["j"])
    raise KeyError(p["window"])


@pytest.mark.parametrize(
    "name",
    [
        "lid_none_sine",
        "lid_joglekar_p1_sine",
        "lid_joglekar_p2_pulses",
        "lid_biolek_p2_sine",
        "lid_prodromakis_p2_sine",
    ],
)
def test_circuit_reference(shared, name):
    reference = load(shared, name)
    p = reference.parameters
    law = LinearIonDrift(
        r_on=p["Ron"],
        r_off=p["Roff"],
        thickness=p["D"],
        mobility=p["uv"],
        x_initial=p["x0"],
        window=_window(p),
    )
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy(), run.current)


def _flux(waveform: Waveform, time: np.ndarray) -> np.ndarray:
    """Exact integral of the straight pieces."""
    whole = np.concatenate([[0.0], np.cumsum(np.diff(waveform.time) * _means(waveform.voltage))])
    k = np.clip(np.searchsorted(waveform.time, time, side="right") - 1, 0, waveform.time.size - 2)
    step = time - waveform.time[k]
    return whole[k] + step * 0.5 * (waveform.voltage[k] + waveform.at(time))


def _means(values: np.ndarray) -> np.ndarray:
    return 0.5 * (values[1:] + values[:-1])


def _closed(law: LinearIonDrift, flux: np.ndarray) -> np.ndarray:
    k = law.mobility * law.r_on / law.thickness**2
    spread = law.r_off - law.r_on
    return (law.r_off - np.sqrt((law.r_off - law.x_initial * spread) ** 2 - 2 * k * spread * flux)) / spread


@pytest.mark.parametrize(
    "waveform", [triangle(1.0, period=1.0, cycles=2), sine(1.0, frequency=1.0, cycles=2)]
)
def test_closed_form_without_a_window(waveform):
    law = LinearIonDrift()
    run = drive(law, waveform)
    t = run.trace.time.numpy()
    x = run.trace.state[0].numpy()
    exact = _closed(law, _flux(waveform, t))
    assert np.abs(x - exact).max() < 1e-6
    resistance = law.r_on * exact + law.r_off * (1.0 - exact)
    assert np.allclose(run.current, waveform.at(t) / resistance, rtol=2e-6, atol=1e-12)


def test_closed_form_of_joglekar_with_p_1():
    """R_off ln x - R_on ln(1 - x) grows by 4 k phi."""
    law = LinearIonDrift(window=Joglekar(p=1.0))
    waveform = triangle(2.0, period=1.0)
    run = drive(law, waveform, rtol=1e-8)
    x = run.trace.state[0].numpy()
    k = law.mobility * law.r_on / law.thickness**2
    left = law.r_off * np.log(x / law.x_initial) - law.r_on * np.log((1 - x) / (1 - law.x_initial))
    assert np.allclose(left, 4.0 * k * _flux(waveform, run.trace.time.numpy()), atol=1e-3 * law.r_on)


@pytest.mark.parametrize(
    "window",
    [NoWindow(), Parabola(), Joglekar(p=1.0), Joglekar(p=5.0), Prodromakis(p=2.3, j=1.4)],
    ids=lambda w: type(w).__name__,
)
def test_ideal_memristors_close_their_loop(window):
    law = LinearIonDrift(window=window, x_initial=0.3)
    run = drive(law, sine(1.2, frequency=2.0, cycles=5), rtol=1e-8)
    x = run.trace.state[0].numpy()
    assert np.ptp(x) > 0.02
    assert x[-1] == pytest.approx(0.3, abs=1e-7)


@pytest.mark.parametrize("window", [Biolek(p=2.0), Zha(p=3.0)], ids=lambda w: type(w).__name__)
def test_windows_of_direction_do_not(window):
    law = LinearIonDrift(window=window)
    run = drive(law, sine(1.2, frequency=1.0, cycles=4))
    end = float(run.trace.state[0, -1])
    assert abs(end - 0.1) > 0.02
    if isinstance(window, Biolek):
        assert end == pytest.approx(0.27756, abs=1e-5)


@pytest.mark.parametrize(
    ("window", "factor"),
    [
        (Joglekar(p=3.0), lambda x, _i: 1 - (2 * x - 1) ** 6),
        (Biolek(p=1.0), lambda x, i: 1 - (x - (0 if i >= 0 else 1)) ** 2),
        (Prodromakis(p=0.7, j=2.0), lambda x, _i: 2 * (1 - ((x - 0.5) ** 2 + 0.75) ** 0.7)),
        (Zha(p=6.5, j=0.8), lambda x, i: 0.8 * (1 - (0.25 * (x - (0 if i >= 0 else 1)) ** 2 + 0.75) ** 6.5)),
        (Parabola(), lambda x, _i: x * (1 - x)),
    ],
    ids=lambda w: type(w).__name__,
)
def test_against_an_independent_integration(window, factor):
    """Not so far that x meets an end: with some windows 1 - x would fall below what a double can hold."""
    law = LinearIonDrift(r_off=5e3, x_initial=0.4, window=window)

    def rate(x: float, v: float) -> float:
        i = v / (100.0 * x + 5e3 * (1 - x))
        return 1e4 * i * factor(x, i)

    waveform = triangle(0.7, period=0.5, negative=-1.0, cycles=2)
    times = np.linspace(0.0, 1.0, 301)
    run = drive(law, waveform, times=times)
    assert np.abs(run.trace.state[0].numpy() - integrate(rate, waveform, 0.4, times)).max() < 2e-6


def test_full_switch_stops_at_the_bound_and_comes_back():
    """Constant voltage: the boundary arrives when the flux is used up, and leaves with the next sign of it."""
    law = LinearIonDrift()
    k = law.mobility * law.r_on / law.thickness**2
    spread = law.r_off - law.r_on
    needed = ((law.r_off - law.x_initial * spread) ** 2 - law.r_on**2) / (2 * k * spread)
    volts = 2.0
    arrival = needed / volts
    waveform = staircase([volts, -volts], dwell=1.5 * arrival)
    times = np.array([0.5, 0.9999, 1.0001, 1.4999, 2.0]) * arrival
    x = drive(law, waveform, times=times).trace.state[0].numpy()
    assert x[0] == pytest.approx(_closed(law, np.array([0.5 * needed]))[0], abs=1e-6)
    assert x[1] < 1.0
    assert np.allclose(x[2:4], 1.0, atol=1e-9)
    back = LinearIonDrift(x_initial=1.0)
    assert x[4] == pytest.approx(_closed(back, np.array([-0.5 * needed]))[0], abs=1e-5)


def test_a_state_on_a_bound_leaves_where_the_window_is_open():
    law = LinearIonDrift(window=Biolek(p=2.0), x_initial=0.0)
    assert float(drive(law, triangle(1.0, period=1.0)).trace.state[0].max()) > 0.01
    locked = LinearIonDrift(window=Joglekar(p=2.0), x_initial=0.0)
    assert float(drive(locked, triangle(1.0, period=1.0)).trace.state[0].max()) < 1e-9


def test_current_drive_is_linear_in_the_charge():
    """Without a window x grows with the charge itself."""
    law = LinearIonDrift()
    run = drive(law, triangle(5e-5, period=1.0), circuit=Circuit(source=Source.CURRENT))
    charge = _flux(triangle(5e-5, period=1.0), run.trace.time.numpy())
    k = law.mobility * law.r_on / law.thickness**2
    assert np.allclose(run.trace.state[0].numpy(), law.x_initial + k * charge, atol=1e-9)


def test_one_is_the_lrs():
    law = LinearIonDrift()
    assert law.current(1.0, 1.0) == pytest.approx(1.0 / 100.0)
    assert law.current(0.0, 1.0) == pytest.approx(1.0 / 16e3)
    assert law.state_rate(0.5, 1.0) > 0 > law.state_rate(0.5, -1.0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"r_on": 16e3, "r_off": 100.0}, "swapped"),
        ({"thickness": 10.0}, "another unit"),
        ({"thickness": 10e-6}, "another unit"),
        ({"x_initial": 1.2}, "x_initial"),
        ({"mobility": -1e-14}, "mobility"),
        ({"r_on": math.nan}, "finite"),
        ({"r_on": torch.tensor([100.0, 2e4])}, "swapped"),
    ],
)
def test_bad_input_is_refused(wrong, says):
    with pytest.raises(PinchedError, match=says):
        LinearIonDrift(**wrong)
