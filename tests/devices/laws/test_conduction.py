"""Static conduction laws: circuit references, closed forms, limits, films, fitted laws, bad input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.special import lambertw

from pinched import constants
from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform
from pinched.devices.drive import drive
from pinched.devices.laws import conduction, conduction_barriers
from pinched.devices.laws.conduction import (
    ContactConduction,
    MemdiodeConduction,
    OhmicConduction,
    SinhConduction,
    SpaceChargeConduction,
)
from pinched.devices.laws.conduction_barriers import (
    DiodeConduction,
    DirectTunnelling,
    FowlerNordheimTunnelling,
    PooleFrenkelEmission,
    SchottkyEmission,
)
from pinched.devices.laws.conduction_fitted import conduction_of
from pinched.extraction import conduction_barriers as fitted_barriers
from pinched.extraction import conduction_laws as fitted
from pinched.extraction.conduction_sanity import Film, check_law, permittivity

FILM = Film(thickness=5e-9, area=1e-12, temperature=320.0, static_permittivity=22.0, effective_mass=0.3)
ODD = (
    OhmicConduction(),
    SpaceChargeConduction(exponent=2.7),
    SinhConduction(),
    SchottkyEmission(),
    PooleFrenkelEmission(),
    FowlerNordheimTunnelling(),
    DirectTunnelling(),
    MemdiodeConduction(),
    ContactConduction(),
)


def _sweep(law, low, high, points=201, series=0.0):
    voltage = np.linspace(low, high, points)
    wave = Waveform(time=voltage - low, voltage=voltage)
    return voltage, drive(law, wave, series_resistance=series, times=voltage - low).current


@pytest.mark.parametrize(
    ("name", "law", "series"),
    [
        ("iv_memdiode_lrs_rs1k", MemdiodeConduction(i_0=2e-4, alpha=5.22, beta=0.5), 1e3),
        ("iv_qpc_lrs", ContactConduction(channels=10.0, alpha=6.0, barrier=-1.2, drop=0.5), 120.0),
        ("iv_sclc_rs", SpaceChargeConduction(coefficient=4e-5, crossover=0.025), 500.0),
        ("iv_sinh_rs", SinhConduction(i_0=1e-6, v_0=0.2), 2e3),
    ],
)
def test_circuit_reference(shared, name, law, series):
    file = shared / "reference" / "circuit" / f"{name}.csv"
    if not file.is_file():
        pytest.skip(f"no circuit references at {file.parent}")
    voltage, *columns = np.loadtxt(file, delimiter=",", skiprows=1, unpack=True)
    time = voltage - voltage[0]
    found = drive(law, Waveform(time=time, voltage=voltage), series_resistance=series, times=time).current
    for column in columns:
        assert np.abs(found - column).max() < 1e-8 * np.abs(column).max()


@pytest.mark.parametrize("series", [1.0, 1e3, 1e6])
def test_one_exponential_in_series_with_a_resistance_is_lambert_w(series):
    law = MemdiodeConduction(i_0=3e-6, alpha=7.0, beta=1.0)
    voltage, found = _sweep(law, 0.0, 3.0, series=series)
    a = law.alpha * series * law.i_0
    exact = (
        np.real(lambertw(a * np.exp(law.alpha * (voltage + series * law.i_0)))) / (law.alpha * series)
        - law.i_0
    )
    assert np.abs(found - exact).max() < 1e-11 * exact.max()


def test_a_point_contact_ends_in_whole_quanta_and_in_a_tunnel_current():
    voltage = torch.linspace(-0.5, 0.5, 41, dtype=torch.float64)
    open_ = ContactConduction(channels=3.0, alpha=20.0, barrier=-3.0, drop=0.8).current((), voltage)
    torch.testing.assert_close(open_, 3.0 * constants.G_0 * voltage, rtol=1e-12, atol=1e-18)
    law = ContactConduction(channels=2.0, alpha=15.0, barrier=2.0, drop=0.7)
    far = (2.0 * constants.G_0 / 15.0) * math.exp(-30.0)
    tail = far * (torch.exp(15.0 * 0.7 * voltage) - torch.exp(-15.0 * 0.3 * voltage))
    torch.testing.assert_close(law.current((), voltage), tail, rtol=1e-9, atol=1e-26)


@pytest.mark.parametrize("law", ODD, ids=lambda law: type(law).__name__)
def test_odd_and_of_finite_slope_at_zero(law):
    voltage = torch.tensor([-1.0, -1e-3, 0.0, 1e-3, 1.0], dtype=torch.float64, requires_grad=True)
    current = law.current((), voltage)
    torch.testing.assert_close(current, -current.flip(0))
    (slope,) = torch.autograd.grad(current.sum(), voltage)
    assert torch.isfinite(slope).all()
    # A current that falls with the voltage would leave a series resistance without a unique point.
    assert (slope >= 0).all()


def test_the_diode_blocks_one_way():
    law = DiodeConduction(i_s=1e-9, ideality=1.5, temperature=300.0)
    thermal = 1.5 * constants.K_B * 300.0 / constants.E
    assert law.current((), -1.0) == pytest.approx(-1e-9, rel=1e-9)
    assert law.current((), 3.0 * thermal) == pytest.approx(1e-9 * math.expm1(3.0))


def test_direct_tunnelling_is_ohmic_at_low_voltage_and_falls_with_the_thickness():
    law = DirectTunnelling.of_film(FILM, barrier=1.2)
    root = law.decay * math.sqrt(1.2)
    conductance = law.coefficient * (0.5 * root - 1.0) * math.exp(-root)
    assert law.current((), 1e-4) == pytest.approx(1e-4 * conductance, rel=1e-6)
    momentum = math.sqrt(2 * 0.3 * constants.M_E * constants.E)
    assert law.decay == pytest.approx(4 * math.pi * 5e-9 * momentum / constants.H)
    assert law.current((), 1.5) == law.current((), 1.2)


def test_films_and_the_constants_of_a_fit_are_inverses():
    schottky = SchottkyEmission.of_film(FILM, barrier=0.7, optical_permittivity=4.5)
    assert permittivity(schottky.slope, 5e-9, 320.0, lowering=2.0) == pytest.approx(4.5)
    frenkel = PooleFrenkelEmission.of_film(
        FILM, depth=0.4, mobility=1e-4, density=1e25, optical_permittivity=4.5, lowering=1.0
    )
    assert frenkel.slope == pytest.approx(2.0 * schottky.slope)
    nordheim = FowlerNordheimTunnelling.of_film(FILM, barrier=1.1)
    law = fitted_barriers.FowlerNordheim(
        intercept=math.log(nordheim.coefficient), slope=-nordheim.field_voltage, temperature=320.0
    )
    none = {"slope": (math.nan, math.nan), "intercept": (math.nan, math.nan)}
    assert check_law(law, none, FILM, 3.0).derived[0].value == pytest.approx(1.1)
    bulk = SpaceChargeConduction.of_film(FILM, mobility=1e-6, free_share=0.1)
    law = fitted.SpaceCharge(coefficient=bulk.coefficient, crossover=1e-3)
    none = {"coefficient": (math.nan, math.nan)}
    assert check_law(law, none, FILM, 3.0).derived[0].value == pytest.approx(1e-7)
    hopping = SinhConduction.of_film(FILM, distance=1e-9, density=1e26, frequency=1e12, activation=0.3)
    assert hopping.v_0 == pytest.approx(2 * constants.K_B * 320.0 * 5.0 / constants.E)
    warm = SinhConduction.of_film(
        dataclasses.replace(FILM, temperature=330.0),
        distance=1e-9,
        density=1e26,
        frequency=1e12,
        activation=0.3,
    )
    arrhenius = 0.3 * constants.E / constants.K_B * (1 / 320.0 - 1 / 330.0)
    assert math.log(warm.i_0 / hopping.i_0) == pytest.approx(arrhenius)


@pytest.mark.parametrize(
    "law",
    [
        fitted.Ohmic(conductance=3e-5),
        fitted.SpaceCharge(coefficient=2e-5, crossover=0.3),
        fitted.TrapFilled(current_1v=1e-5, crossover=0.4, exponent=3.4),
        fitted_barriers.Schottky(intercept=-18.0, slope=4.0),
        fitted_barriers.PooleFrenkel(intercept=-17.0, slope=2.5),
        fitted_barriers.FowlerNordheim(intercept=-9.0, slope=-12.0),
        fitted_barriers.Hopping(conductance=1e-6, scale=0.25),
        fitted_barriers.QuantumPointContact(alpha=8.0, barrier=0.6, drop=0.8),
    ],
    ids=lambda law: law.name,
)
def test_a_fitted_law_becomes_a_device_with_its_curve(law):
    voltage = np.linspace(0.05, 2.0, 40)
    found = conduction_of(law).current((), torch.from_numpy(voltage))
    np.testing.assert_allclose(found.numpy(), np.exp(law.log_current(voltage)), rtol=1e-10)


def test_every_fitted_law_has_a_device():
    names = {
        value
        for module in (fitted, fitted_barriers)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, fitted.Law) and hasattr(value, "name")
    }
    assert len(names) == 8


def test_series_resistance_limits_every_law():
    for law in (*ODD, DiodeConduction(i_s=1e-6)):
        voltage, current = _sweep(law, 0.0, 2.0, points=21, series=1e4)
        assert (current <= voltage / 1e4 + 1e-18).all()
        assert (np.diff(current) >= 0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OhmicConduction(conductance=-1e-3), "conductance is -0.001; it must be above zero"),
        (lambda: OhmicConduction(conductance=float("nan")), "conductance is nan"),
        (lambda: OhmicConduction(conductance=1e5), "in another unit"),
        (lambda: SpaceChargeConduction(exponent=0.5), "exponent = 0.5"),
        (lambda: SpaceChargeConduction(crossover=-1.0), "crossover is -1 V"),
        (lambda: SinhConduction(v_0=200e3), "v_0"),
        (lambda: SchottkyEmission(temperature=0.3), "temperature = 0.3 K"),
        (lambda: MemdiodeConduction(beta=1.3), "beta is 1.3; it is a share"),
        (lambda: ContactConduction(alpha=-1.0), "alpha is -1"),
        (lambda: ContactConduction(barrier=1200.0), "barrier = 1200 eV"),
        (lambda: DiodeConduction(ideality=0.0), "ideality"),
        (lambda: DirectTunnelling(barrier=900.0), "barrier = 900"),
        (
            lambda: SchottkyEmission.of_film(Film(thickness=1e-9), barrier=0.5, optical_permittivity=4.0),
            "area",
        ),
        (
            lambda: conduction_barriers.image_force_slope(-1e-9, 4.0, 300.0, lowering=2.0),
            "thickness is -1e-09",
        ),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(PinchedError, match=message):
        make()


def test_a_tensor_in_a_field_is_one_device_each():
    law = conduction.SinhConduction(i_0=torch.tensor([1e-6, 2e-6], dtype=torch.float64))
    runs = drive(law, Waveform(time=np.array([0.0, 1.0]), voltage=np.array([0.0, 1.0])), points=11)
    assert runs.trace.current.shape == (2, 11)
    torch.testing.assert_close(runs.trace.current[1], 2.0 * runs.trace.current[0])
    assert runs.trace.state.shape == (0, 2, 11)
