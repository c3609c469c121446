"""Windows: values from their papers, limits, direction, range."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.devices.laws.windows import (
    Biolek,
    ExponentialEdges,
    Joglekar,
    Kvatinsky,
    NoWindow,
    Parabola,
    Prodromakis,
    Window,
    Zha,
)

ALL = (
    NoWindow(),
    Parabola(),
    Joglekar(p=1.0),
    Joglekar(p=7.0),
    Biolek(p=2.0),
    Prodromakis(p=2.0),
    Prodromakis(p=0.3),
    Zha(p=4.0),
    Kvatinsky(),
    ExponentialEdges(),
)


def test_joglekar_is_zero_at_both_ends():
    """The form that MemTorch has gives 4 at x = 0 and 0.04 at x = 0.9 for p = 1."""
    window = Joglekar(p=1.0)
    assert window.factor(0.0, 1.0) == pytest.approx(0.0)
    assert window.factor(1.0, 1.0) == pytest.approx(0.0)
    assert window.factor(0.9, 1.0) == pytest.approx(0.36)
    assert window.factor(0.5, -1.0) == pytest.approx(1.0)


def test_joglekar_becomes_a_hard_wall():
    x = np.linspace(0.02, 0.98, 25)
    assert np.allclose([Joglekar(p=400.0).factor(float(v), 1.0) for v in x], 1.0, atol=1e-10)


def test_prodromakis_runs_from_zero_to_its_largest_value():
    """The form that MemTorch has runs from 2.25 to 3.06 for p = 2."""
    window = Prodromakis(p=2.0)
    assert window.factor(0.0, 1.0) == pytest.approx(0.0)
    assert window.factor(1.0, 1.0) == pytest.approx(0.0)
    assert window.factor(0.5, 1.0) == pytest.approx(1.0 - 0.75**2)
    scaled = Prodromakis(p=2.5, j=1.0 / (1.0 - 0.75**2.5))
    assert scaled.factor(0.5, 1.0) == pytest.approx(1.0)


@pytest.mark.parametrize(("window", "open_end"), [(Biolek(p=3.0), 1.0), (Zha(p=3.0), 1.0 - 0.75**3)])
def test_windows_of_direction_open_the_end_that_is_left(window, open_end):
    assert window.factor(0.0, 1.0) == pytest.approx(open_end)
    assert window.factor(1.0, 1.0) == pytest.approx(0.0)
    assert window.factor(1.0, -1.0) == pytest.approx(open_end)
    assert window.factor(0.0, -1.0) == pytest.approx(0.0)
    # stp(-i) is 0 at i = 0.
    assert window.factor(0.3, 0.0) == pytest.approx(window.factor(0.3, 1.0))


def test_kvatinsky_in_metres():
    """The window of the papers, lengths in metres, is the one here with shares of the range."""
    a_on, a_off, w_c, x_on, x_off = 1.8e-9, 1.2e-9, 107e-12, 0.5e-9, 3e-9
    width = x_off - x_on
    window = Kvatinsky(a_off=(a_off - x_on) / width, a_on=(a_on - x_on) / width, w_c=w_c / width)
    for x in np.linspace(1.0e-9, 2.0e-9, 9):
        share = float((x - x_on) / width)
        assert window.factor(share, 1.0) == pytest.approx(math.exp(-math.exp((x - a_off) / w_c)))
        assert window.factor(share, -1.0) == pytest.approx(math.exp(-math.exp(-(x - a_on) / w_c)))


def test_edges_of_yakopcic():
    xp, xn, ap, an = 0.3, 0.5, 1.0, 5.0
    window = ExponentialEdges(x_p=xp, x_n=xn, alpha_p=ap, alpha_n=an)
    for x in np.linspace(0.0, 1.0, 41):
        up = math.exp(-ap * (x - xp)) * ((xp - x) / (1 - xp) + 1) if x >= xp else 1.0
        down = math.exp(an * (x + xn - 1)) * x / (1 - xn) if x <= 1 - xn else 1.0
        assert window.factor(float(x), 1.0) == pytest.approx(up, abs=1e-15)
        assert window.factor(float(x), -1.0) == pytest.approx(down, abs=1e-15)


def test_edges_with_the_lower_region_counted_from_zero():
    """The SrTiO3 copy: fall below x_n, straight part x / x_n."""
    xn, an = 0.242, 1.0
    window = ExponentialEdges(x_p=0.1, x_n=1.0 - xn, alpha_p=1.0, alpha_n=an)
    for x in np.linspace(0.0, 1.0, 41):
        down = math.exp(an * (x - xn)) * x / xn if x <= xn else 1.0
        assert window.factor(float(x), -1.0) == pytest.approx(down, abs=1e-15)


def test_parabola_is_a_quarter_of_joglekar():
    for x in np.linspace(0.0, 1.0, 11):
        assert 4.0 * Parabola().factor(float(x), 1.0) == pytest.approx(Joglekar(p=1.0).factor(float(x), 1.0))


@pytest.mark.parametrize("window", ALL, ids=lambda w: type(w).__name__)
@given(x=st.floats(0.0, 1.0), drive=st.floats(-2.0, 2.0))
def test_factor_lies_between_zero_and_one(window: Window, x: float, drive: float):
    assert -1e-12 <= window.factor(x, drive) <= 1.0 + 1e-12


@pytest.mark.parametrize("window", ALL, ids=lambda w: type(w).__name__)
def test_numbers_and_tensors_agree(window: Window):
    x = torch.linspace(0.0, 1.0, 21, dtype=torch.float64).repeat(2)
    drive = torch.linspace(-1.0, 1.0, 42, dtype=torch.float64)
    single = [window.factor(a, b) for a, b in zip(x.tolist(), drive.tolist(), strict=True)]
    assert np.allclose(window.factor(x, drive).numpy(), single, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Joglekar(p=0.0),
        lambda: Biolek(p=-1.0),
        lambda: Prodromakis(j=-1.0),
        lambda: Zha(p=math.nan),
        lambda: Kvatinsky(w_c=0.0),
        lambda: ExponentialEdges(x_p=1.5),
        lambda: ExponentialEdges(alpha_n=-1.0),
    ],
)
def test_bad_parameters_are_refused(make):
    with pytest.raises(PinchedError):
        make()
