"""Activation energies: closed forms, families of curves at several temperatures with known barriers, coverage."""

import dataclasses

import numpy as np
import pytest

from pinched import constants
from pinched._errors import PinchedError
from pinched.data.settings import Origin, Setting, SettingName
from pinched.data.sweep import IVSweep
from pinched.extraction.arrhenius import fit_line, inverse_energy
from pinched.extraction.conduction import fit_conduction
from pinched.extraction.conduction_activation import (
    extract_activation,
    fit_activation,
    temperature_coefficient,
)
from pinched.extraction.conduction_barriers import FowlerNordheim, Hopping, PooleFrenkel, Schottky
from pinched.extraction.conduction_laws import Ohmic
from pinched.extraction.conduction_sanity import RICHARDSON, Film
from pinched.extraction.conduction_states import State, extract_conduction

KELVIN = np.array([300.0, 325.0, 350.0, 375.0, 400.0])
AREA = 1e-10


def richardson(kelvin, *, barrier=0.8, constant=0.3 * RICHARDSON):
    """I_0 of a Schottky contact at zero field."""
    return AREA * constant * kelvin**2 * np.exp(-barrier * inverse_energy(kelvin))


def law_at(kind, kelvin, energy):
    boltzmann = float(np.exp(-energy * inverse_energy(kelvin)))
    match kind:
        case "Schottky":
            return Schottky(intercept=float(np.log(richardson(kelvin, barrier=energy))), slope=2000 / kelvin,
                            temperature=kelvin)  # fmt: skip
        case "PooleFrenkel":
            return PooleFrenkel(
                intercept=float(np.log(1e-3 * boltzmann)), slope=1500 / kelvin, temperature=kelvin
            )
        case "Hopping":
            scale = 1e-3 * kelvin
            return Hopping(conductance=1e-3 * boltzmann / scale, scale=scale, temperature=kelvin)
        case _:
            return Ohmic(conductance=1e-2 * boltzmann, temperature=kelvin)


def fitted(kind, energy, rng, noise=0.02):
    found = []
    for kelvin in KELVIN.tolist():
        law, v = law_at(kind, kelvin, energy), np.linspace(0.05, 2.0, 60)
        i = np.exp(law.log_current(v) + noise * rng.standard_normal(v.size))
        fit = fit_conduction(v, i, film=Film(temperature=kelvin), laws=(type(law),))
        found.append(fit.best)
    return found


@pytest.mark.parametrize("kind", ["Schottky", "PooleFrenkel", "Hopping", "Ohmic"])
def test_the_energy_of_each_law_comes_back(kind):
    found = fit_activation(fitted(kind, 0.45, np.random.default_rng(0)), area=AREA)
    assert found.energy == pytest.approx(0.45, abs=0.02)
    assert found.interval[0] < 0.45 < found.interval[1]
    assert "activated" in found.reason
    assert np.isfinite(found.richardson) == (kind == "Schottky")


def test_richardson_plot_without_noise_is_exact():
    """Closed form: ln(I_0 / T^2) is a straight line with slope -0.8 eV and intercept ln(A A*)."""
    found = fit_activation(fitted("Schottky", 0.8, np.random.default_rng(0), noise=0.0), area=AREA)
    assert found.energy == pytest.approx(0.8, rel=1e-4)
    assert found.richardson == pytest.approx(0.3 * RICHARDSON, rel=2e-2)


def test_a_metal_is_not_activated():
    """Resistance rising by 0.3 % per kelvin: the current falls, the sign says so, and the coefficient comes back."""
    ohms = 100.0 * (1.0 + 0.003 * (KELVIN - 300.0))
    fits = []
    v = np.linspace(0.01, 0.2, 40)
    for kelvin, r in zip(KELVIN.tolist(), ohms.tolist(), strict=True):
        fits.append(fit_conduction(v, v / r, film=Film(temperature=kelvin), laws=(Ohmic,)).best)
    found = fit_activation(fits)
    assert found.interval[1] < 0
    assert "metallic" in found.reason
    coefficient = temperature_coefficient(KELVIN, ohms)
    assert coefficient.value == pytest.approx(0.003, rel=1e-9)
    assert coefficient.resistance == pytest.approx(100.0, rel=1e-9)
    assert coefficient.metallic


def test_sweeps_carry_their_temperature_into_the_laws():
    """The sweep states 350 K, the film says nothing: the Schottky law is fitted at 350 K."""
    sweeps = []
    v = np.concatenate([np.linspace(0, 2, 101), np.linspace(2, 0, 101)[1:]])
    for kelvin in (300.0, 350.0, 400.0):
        law = law_at("Schottky", kelvin, 0.6)
        current = np.zeros_like(v)
        current[v > 0] = np.exp(law.log_current(v[v > 0]))
        stated = Setting(SettingName.TEMPERATURE, kelvin, "K", Origin.NAME)
        sweeps.append(IVSweep(voltage=v, current=current, settings=(stated,)))
    states = extract_conduction(sweeps, laws=(Schottky,))
    assert {one.fit.best.law.temperature for one in states} == {300.0, 350.0, 400.0}
    found = extract_activation(states, Schottky, state=State.UNKNOWN)
    assert found.energy == pytest.approx(0.6, rel=1e-3)
    with pytest.raises(PinchedError, match="no branch"):
        extract_activation(states, Schottky, state=State.LRS)


@pytest.mark.parametrize("repetitions", [200, pytest.param(3000, marks=pytest.mark.slow)])
def test_intervals_of_the_line_cover_energy_and_coefficient(repetitions):
    """The t interval is exact for normal errors: 95 % within three standard errors. Several curves at one
    temperature share a contact error, which averaging them first takes for what it is."""
    rng = np.random.default_rng(1)
    kelvin = np.repeat(KELVIN, 4)
    hits = np.zeros(2)
    for _ in range(repetitions):
        shared = np.repeat(0.2 * rng.standard_normal(KELVIN.size), 4)
        y = -10.0 - 0.5 * inverse_energy(kelvin) + shared + 0.05 * rng.standard_normal(kelvin.size)
        low, high = fit_line(kelvin, y, what="points").slope_interval
        ohms = 100.0 * (1.0 + 0.003 * (kelvin - 300.0)) + np.repeat(rng.standard_normal(KELVIN.size), 4)
        alpha = temperature_coefficient(kelvin, ohms)
        hits += [low <= -0.5 <= high, alpha.interval[0] <= 0.003 <= alpha.interval[1]]
    error = 3 * np.sqrt(0.95 * 0.05 / repetitions)
    assert (np.abs(hits / repetitions - 0.95) <= error + 0.005).all(), hits / repetitions


def test_what_gives_no_energy_is_refused():
    ohmic = fitted("Ohmic", 0.3, np.random.default_rng(2))
    with pytest.raises(PinchedError, match="at least 3"):
        fit_activation(ohmic[:2])
    with pytest.raises(PinchedError, match="one law"):
        fit_activation([*ohmic, *fitted("Hopping", 0.3, np.random.default_rng(3))])
    tunnel = dataclasses.replace(ohmic[0], law=FowlerNordheim(intercept=0.0, slope=-20.0))
    with pytest.raises(PinchedError, match="one law"):
        fit_activation([tunnel] * 3)
    with pytest.raises(PinchedError, match="at least 3"):
        temperature_coefficient(KELVIN[:2], np.array([1.0, 2.0]))


def test_the_zero_of_the_scale():
    """1 / kT at 300 K is 38.68 / eV."""
    assert inverse_energy(300.0) == pytest.approx(constants.E / (constants.K_B * 300.0))
    assert float(inverse_energy(300.0)) == pytest.approx(38.68, abs=0.01)
