"""Statistics, Bernoulli function and mesh: closed forms, inverses, limits, derivatives."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.physics._layout import END_COLUMNS, V_N, V_P
from pinched.physics._nodes import across
from pinched.physics._statistics import bernoulli, excess, exp_minus_one, fermi
from pinched.physics._steps import guess_next, hold
from pinched.physics.mesh import graded_half, mesh


@settings(deadline=None)
@given(st.floats(-300, 600))
def test_level_and_fraction_are_inverse(eta):
    f, slope = fermi(eta)
    g, dg = excess(f)
    # The closed form jumps by 4e-5 of itself at its knee: there a level is good to as much.
    tolerance = 1e-4 if abs(eta - 1.6107) < 1e-3 else 1e-12 * max(abs(eta), 1.0)
    assert np.log(f) + g == pytest.approx(eta, abs=tolerance)
    if tolerance < 1e-6:
        assert slope * (1 / f + dg) == pytest.approx(1.0, rel=1e-9)


def test_the_branches_of_the_excess_meet():
    """Series below 0.05, closed form above: the same number to rounding at the seam."""
    below, above = excess(0.05 * (1 - 1e-15)), excess(0.05)
    assert below[0] == pytest.approx(above[0], abs=1e-14)
    assert below[1] == pytest.approx(above[1], abs=1e-12)


def test_few_carriers_are_boltzmann():
    """F(eta) = e^eta (1 - 0.34 e^eta + ...) in the closed form."""
    f, _ = fermi(-20.0)
    e = np.exp(-20.0)
    assert f == pytest.approx(e * (1 - 0.34 * e), rel=1e-15)


def test_fermi_dirac_integral():
    """The closed form against the integral itself: it is stated to be good to some thousandths."""
    from scipy.integrate import quad

    for eta in (-4.0, -1.0, 0.0, 1.0, 3.0, 10.0):
        exact = quad(lambda t, a=eta: np.sqrt(t) / (1 + np.exp(t - a)), 0, 80)[0] * 2 / np.sqrt(np.pi)
        assert fermi(eta)[0] == pytest.approx(exact, rel=2e-2)


@settings(deadline=None)
@given(st.floats(-600, 600))
def test_bernoulli(q):
    b, slope = bernoulli(q)
    other, other_slope = bernoulli(-q)
    assert other == pytest.approx(b + q, rel=1e-12, abs=1e-12 * abs(q))
    assert slope + other_slope == pytest.approx(-1.0, abs=1e-11)
    assert b >= 0.0


@settings(deadline=None)
@given(st.floats(-700, 700))
def test_exponential_less_one(x):
    """Against the C library: to the last digits from a subnormal to 1e304, and never NaN beyond."""
    assert exp_minus_one(x) == pytest.approx(np.expm1(x), rel=2e-15, abs=0.0)
    assert exp_minus_one(1e6) == exp_minus_one(700.0)
    assert exp_minus_one(-1e6) == -1.0


@settings(deadline=None)
@given(st.floats(0.1, 3), st.floats(0.1, 3), st.floats(0.1, 3))
def test_the_guess_is_the_parabola_through_three_states(take, last, last_but_one):
    """A quadratic in time is continued exactly, from steps of any lengths."""
    times = np.array([-last - last_but_one, -last, 0.0, take])
    states = [np.full((4, 3), 50.0 + 0.1 * t + 0.02 * t * t) for t in times]
    out, delta = np.zeros((4, 3)), np.zeros(2)
    ends = np.array([0.1, 0.2])
    guess_next.py_func(states[2], states[1], states[0], ends, ends, take, last, last_but_one, out, delta)
    np.testing.assert_allclose(out, states[3], rtol=1e-12)
    np.testing.assert_array_equal(delta, ends)


def test_the_guess_of_a_fast_change_is_a_power_and_positive():
    """Densities that fall by a decade a step go on doing so: 1e-3, 1e-4, 1e-5."""
    before, now = np.full((4, 2), 1e-3), np.full((4, 2), 1e-4)
    out, delta = np.zeros((4, 2)), np.zeros(2)
    guess_next.py_func(now, before, 10 * before, delta, delta, 1.0, 1.0, 1.0, out, delta)
    # A change is held to e^4.
    np.testing.assert_allclose(out[1:], 1e-5, rtol=1e-12)


@pytest.mark.parametrize(("contact", "held"), [(1.0, False), (1e-25, True)])
def test_a_carrier_is_held_only_where_no_contact_reaches_it(contact, held):
    """Holding costs time: it is for pools whose exchange is lost beside the rounding of the fluxes inside."""
    nodes = 5
    p = SimpleNamespace(k=np.full((3, nodes - 1), 1e30), ends=np.zeros((2, END_COLUMNS)))
    p.k[2] = 1.0
    p.ends[:, [V_N, V_P]] = 1e29
    u = np.full((4, nodes), 1e-3)
    u[1:3, [0, -1]] *= contact
    content = np.full((4, nodes), 1e3)
    content[:, 2] = 2e3
    pins = np.zeros(3, np.int64)
    hold.py_func(p, u, content, 1e3, pins)
    np.testing.assert_array_equal(pins, [2, 2, -1] if held else [-1, -1, -1])


@settings(deadline=None)
@given(st.floats(1e-12, 300), st.floats(-30, 30))
def test_crossing_a_face_and_back(value, shift):
    for carrier in (0, 2):
        there, slope = across(carrier, value, shift)
        back, slope_back = across(carrier, there, -shift)
        if 1e-200 < there < 1e200 and not (carrier == 0 and max(value, there) > 1.0):
            assert back == pytest.approx(value, rel=1e-6)
            assert slope * slope_back == pytest.approx(1.0, rel=1e-5)


def test_the_reference_mesh_has_189_nodes_and_its_ratio():
    half = graded_half(5e-4, 2e-2)
    assert 2 * half.size + 1 == 189
    assert half[1] / half[0] == pytest.approx(1.0404, abs=5e-5)
    assert half.sum() == pytest.approx(0.5, rel=1e-12)
    assert half[-1] <= 2e-2


@settings(deadline=None)
@given(st.floats(1e-4, 1e-2), st.floats(1.0, 30.0))
def test_a_mesh_fills_its_layers(first, factor):
    x, layer = mesh((1e-6, 3e-7), first, min(first * factor, 0.1))
    assert (np.diff(x) > 0).all()
    assert x[-1] == pytest.approx(1.3e-6, rel=1e-12)
    assert x[np.flatnonzero(np.diff(layer))[0] + 1] == pytest.approx(1e-6, rel=1e-12)


def test_a_mesh_that_cannot_be_is_refused():
    with pytest.raises(PinchedError, match="first cell"):
        graded_half(0.1, 0.01)
    with pytest.raises(PinchedError, match="unresolved"):
        graded_half(0.02, 0.05)
