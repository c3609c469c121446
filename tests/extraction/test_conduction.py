"""Conduction laws recovered from noisy data whose law and parameters are known, and where nothing can be told."""

import dataclasses
import math

import numpy as np
import pytest

from pinched import constants
from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.devices.simulated import BinaryDevice, simulate_sweep
from pinched.extraction.conduction import LAWS, Verdict, fit_conduction
from pinched.extraction.conduction_barriers import (
    FowlerNordheim,
    Hopping,
    PooleFrenkel,
    QuantumPointContact,
    Schottky,
)
from pinched.extraction.conduction_laws import Ohmic, SpaceCharge, TrapFilled
from pinched.extraction.conduction_sanity import Film, Possible, permittivity
from pinched.extraction.conduction_slopes import SlopeKind, slope_curve, slope_regions
from pinched.extraction.conduction_states import State, extract_conduction

WIDE = (0.02, 2.0)
CLEAR = [
    (Ohmic(conductance=1e-4), WIDE),
    (SpaceCharge(coefficient=1e-6, crossover=0.3), WIDE),
    (TrapFilled(current_1v=1e-6, crossover=0.3, exponent=4.0), WIDE),
    (Schottky(intercept=math.log(1e-9), slope=6.0), WIDE),
    (PooleFrenkel(intercept=math.log(1e-9), slope=5.0), WIDE),
    (FowlerNordheim(intercept=math.log(1e-6), slope=-20.0), (1.0, 6.0)),
    (QuantumPointContact(alpha=6.0, barrier=0.8, drop=0.8), WIDE),
]
HOPPING = Hopping(conductance=1e-9, scale=0.4)
NAMES = [type(law).__name__ for law, _ in CLEAR]


def noisy(law, span, rng, n=80, noise=0.03):
    v = np.linspace(*span, n)
    return v, np.exp(law.log_current(v) + noise * rng.standard_normal(n))


def fitted(fit, law):
    return next(f for f in fit.laws if type(f.law) is type(law))


@pytest.mark.parametrize(("law", "span"), CLEAR, ids=NAMES)
def test_the_right_law_is_found(law, span):
    """At least 95 % of clear cases: 3 % noise, two decades of voltage (Fowler-Nordheim: beyond the barrier)."""
    rng = np.random.default_rng(11)
    right = 0
    for _ in range(20):
        fit = fit_conduction(*noisy(law, span, rng))
        right += fit.verdict is Verdict.LAW and type(fit.best.law) is type(law)
    assert right >= 19


@pytest.mark.parametrize(("law", "span"), [*CLEAR, (HOPPING, WIDE)], ids=[*NAMES, "Hopping"])
def test_parameters_lie_in_their_intervals(law, span):
    """95 % intervals over 60 draws each: 5 sigma of the binomial allow 48 and more of them to hold the truth."""
    rng = np.random.default_rng(12)
    inside = dict.fromkeys(law.parameters, 0)
    for _ in range(60):
        found = fitted(fit_conduction(*noisy(law, span, rng), laws=(type(law),)), law)
        for name, (low, high) in found.interval.items():
            inside[name] += low <= getattr(law, name) <= high
    assert min(inside.values()) >= 48, inside


@pytest.mark.slow
def test_coverage_over_all_laws_is_that_stated():
    """Pooled over laws and parameters the share is 93 to 97 %, as the issue asks."""
    rng = np.random.default_rng(13)
    inside = total = 0
    for law, span in CLEAR:
        for _ in range(300):
            found = fitted(fit_conduction(*noisy(law, span, rng), laws=(type(law),)), law)
            # One parameter of each: those of one fit are correlated and would count twice.
            low, high = found.interval[next(iter(law.parameters))]
            inside += low <= getattr(law, next(iter(law.parameters))) <= high
            total += 1
    assert 0.93 <= inside / total <= 0.97, inside / total


def test_coinciding_laws_cannot_be_told():
    """sinh is hopping and the quantum point contact below its barrier; V^2 over a fifth of a decade is anything."""
    rng = np.random.default_rng(14)
    verdicts = [fit_conduction(*noisy(HOPPING, WIDE, rng)) for _ in range(20)]
    undecided = [f for f in verdicts if f.verdict is Verdict.CANNOT_TELL]
    assert len(undecided) >= 18
    assert {type(f.law) for f in undecided[0].possible} == {Hopping, QuantumPointContact}
    short = fit_conduction(*noisy(CLEAR[1][0], (1.0, 1.6), rng))
    assert short.verdict is Verdict.CANNOT_TELL
    assert "half a decade" in short.reason


@pytest.mark.parametrize("law", [law for law, _ in [*CLEAR, (HOPPING, WIDE)]], ids=[*NAMES, "Hopping"])
def test_vector_and_law_are_inverses(law):
    again = type(law).from_vector(law.to_vector(), law.temperature)
    for name, value in law.parameters.items():
        assert getattr(again, name) == pytest.approx(value, rel=1e-12)
    v = np.linspace(0.05, 3, 50)
    straight = law.log_current(v) - law.offset(v, 300.0)
    if isinstance(law, Schottky | PooleFrenkel | FowlerNordheim):
        # In its own variables the law is a line: its second differences over equal steps of x vanish.
        np.testing.assert_allclose(straight, law.intercept + law.slope * law.variable.of(v), rtol=1e-12)


def test_limits_of_the_laws():
    """Closed forms: every law with an ohmic limit reaches it, the contact reaches G_0 V and its sinh."""
    v = np.linspace(0.01, 1, 40)
    ohmic = Ohmic(conductance=1e-6).log_current(v)
    for law in (
        SpaceCharge(coefficient=1e-6 / 1e9, crossover=1e9),
        PooleFrenkel(intercept=math.log(1e-6), slope=0.0),
        Hopping(conductance=1e-6, scale=1e5),
    ):
        np.testing.assert_allclose(law.log_current(v), ohmic, atol=1e-8)
    open_channel = QuantumPointContact(alpha=5.0, barrier=-6.0, drop=0.7).log_current(v)
    np.testing.assert_allclose(open_channel, np.log(constants.G_0 * v), atol=1e-9)
    closed = QuantumPointContact(alpha=5.0, barrier=6.0, drop=0.5)
    amplitude = 2 * constants.G_0 / 5.0 * math.exp(-30.0)
    np.testing.assert_allclose(closed.log_current(v), np.log(amplitude * np.sinh(2.5 * v)), rtol=1e-6)
    # Schottky loses its current at 0 V: kT/q below the thermal voltage it is I_0 qV / kT.
    tiny = np.array([1e-6])
    assert Schottky(intercept=0.0, slope=0.0).log_current(tiny)[0] == pytest.approx(
        math.log(constants.E * 1e-6 / (constants.K_B * 300.0)), rel=1e-4
    )


def test_units_do_not_change_the_choice():
    """A thousand times the current (or a sample of other area): same verdict, same slope, criterion unchanged."""
    rng = np.random.default_rng(15)
    v, i = noisy(CLEAR[4][0], WIDE, rng)
    # The quantum point contact knows the absolute current and is left out here.
    laws = tuple(law for law in LAWS if law is not QuantumPointContact)
    one, thousand = (fit_conduction(v, scale * i, laws=laws) for scale in (1.0, 1e3))
    assert type(one.best.law) is type(thousand.best.law)
    assert one.best.law.slope == pytest.approx(thousand.best.law.slope, rel=1e-9)
    assert [f.aicc for f in one.laws] == pytest.approx([f.aicc for f in thousand.laws], abs=0.02)
    turned = fit_conduction(v[::-1], -i[::-1], laws=laws)
    assert turned.best.law.slope == pytest.approx(one.best.law.slope, rel=1e-12)


def test_the_noise_floor_is_left_out():
    """An ohmic state at 1 Gohm with 10 pA of noise: with the floor it would bend, without it it is ohmic."""
    rng = np.random.default_rng(16)
    right, starts = 0, []
    for _ in range(20):
        v = np.linspace(0.005, 1, 200)
        i = 1e-9 * v * np.exp(0.01 * rng.standard_normal(200)) + 1e-11 * rng.standard_normal(200)
        fit = fit_conduction(v, np.abs(i), noise_current=1e-11)
        assert fit.excluded["noise floor"] > 0
        right += type(fit.best.law) is Ohmic and fit.verdict is Verdict.LAW
        starts.append(fit.voltage.min())
    assert right >= 18
    # 3 times 10 pA are reached at 30 mV.
    assert np.median(starts) == pytest.approx(0.03, abs=0.011)


def test_compliance_is_left_out():
    v = np.linspace(0.01, 1, 100)
    fit = fit_conduction(v, np.minimum(1e-3 * v, 5e-4), compliance_current=5e-4)
    assert type(fit.best.law) is Ohmic
    assert fit.excluded["compliance"] == pytest.approx(51, abs=2)


def test_smooth_misfit_is_reported_as_such():
    """A sum that is none of the laws, measured without noise: no law, however small its criterion."""
    v = np.linspace(0.02, 2, 300)
    current = 1e-9 * v + 1e-4 / (1.0 + np.exp(-(v - 1.0) / 0.02)) * v
    fit = fit_conduction(v, current)
    assert fit.verdict is Verdict.NONE_FITS
    assert "misses the curve" in fit.reason
    assert fit.samples_effective < 150


def schottky_slope(index, thickness, lowering):
    volt = constants.K_B * 300.0 / constants.E
    return math.sqrt(constants.E / (math.pi * constants.EPSILON_0 * index**2 * thickness)) / (lowering * volt)


@pytest.mark.parametrize(
    ("index", "possible"), [(2.2, Possible.YES), (0.3, Possible.NO), (40.0, Possible.NO)]
)
@pytest.mark.parametrize(("law", "lowering"), [(Schottky, 2.0), (PooleFrenkel, 1.0)])
def test_a_refractive_index_that_no_solid_has_is_named(index, possible, law, lowering):
    """n from the slope: 1 to sqrt(22) for HfO2 (static permittivity 22); 0.3 is no solid."""
    film = Film(thickness=1e-8, static_permittivity=22.0)
    slope = schottky_slope(index, 1e-8, lowering)
    assert permittivity(slope, 1e-8, 300.0, lowering=lowering) == pytest.approx(index**2, rel=1e-9)
    truth = law(intercept=-20.0, slope=slope)
    v, i = noisy(truth, (0.02, 1.0), np.random.default_rng(17), noise=0.005)
    sanity = fitted(fit_conduction(v, i, film=film, laws=(law,)), truth).sanity
    assert sanity.verdict is possible
    if possible is Possible.NO:
        assert "refractive index" in sanity.reason
    # The interval of the index holds the truth where the index is a number at all.
    low, high = sanity.derived[0].interval
    assert low <= index * 1.01
    assert high >= index * 0.99
    unknown = fitted(fit_conduction(v, i, laws=(law,)), truth).sanity
    assert unknown.verdict is Possible.CANNOT_TELL
    assert "thickness" in unknown.reason


def test_other_constants_of_the_film():
    rng = np.random.default_rng(18)
    film = Film(thickness=5e-9, area=1e-12, static_permittivity=22.0)
    # a = 2 kT d / (q V_0) = 0.65 nm at 0.4 V and 5 nm.
    sanity = fitted(fit_conduction(*noisy(HOPPING, WIDE, rng), film=film, laws=(Hopping,)), HOPPING).sanity
    expected = 2 * constants.K_B * 300 / constants.E * 5e-9 / 0.4
    assert sanity.derived[0].value == pytest.approx(expected, rel=0.02)
    assert sanity.verdict is Possible.YES
    # Mott-Gurney: K = 9 eps mu A / (8 d^3).
    mobility = 1e-10
    k = 9 * constants.EPSILON_0 * 22 * mobility * 1e-12 / (8 * 5e-9**3)
    truth = SpaceCharge(coefficient=k, crossover=0.2)
    sanity = fitted(fit_conduction(*noisy(truth, WIDE, rng), film=film, laws=(SpaceCharge,)), truth).sanity
    assert sanity.derived[0].value == pytest.approx(mobility, rel=0.05)
    # Tunnelling through 1 eV at 5 nm: B = 8 pi sqrt(2 m) (q phi)^1.5 d / (3 h q) = 34.2 V, from 1 V on.
    slope = (
        8 * math.pi * math.sqrt(2 * constants.M_E) * constants.E**1.5 * 5e-9 / (3 * constants.H * constants.E)
    )
    truth = FowlerNordheim(intercept=math.log(1e-6), slope=-slope)
    good = fitted(fit_conduction(*noisy(truth, (1.0, 6.0), rng), film=film, laws=(FowlerNordheim,)), truth)
    assert good.sanity.derived[0].value == pytest.approx(1.0, rel=0.01)
    low = fitted(fit_conduction(*noisy(truth, (0.1, 0.6), rng), film=film, laws=(FowlerNordheim,)), truth)
    assert low.sanity.verdict is Possible.NO


def test_slope_regions_of_an_ideal_injection_curve():
    """Ohmic to 0.3 V, square to 2 V, trap filling V^9 to 3 V, square again; 3 % noise."""
    rng = np.random.default_rng(19)
    v = np.geomspace(0.02, 20, 300)
    borders, powers = (0.3, 2.0, 3.0), (1.0, 2.0, 9.0, 2.0)
    log_i = powers[0] * np.log(v)
    for border, before, after in zip(borders, powers[:-1], powers[1:], strict=True):
        log_i += (after - before) * np.maximum(np.log(v / border), 0.0)
    current = 1e-6 * np.exp(log_i + 0.03 * rng.standard_normal(300))
    regions = slope_regions(v, current)
    assert [r.kind for r in regions] == [
        SlopeKind.OHMIC,
        SlopeKind.SQUARE,
        SlopeKind.STEEP,
        SlopeKind.SQUARE,
    ]
    np.testing.assert_allclose([r.v_high for r in regions[:-1]], borders, rtol=0.05)
    np.testing.assert_allclose([r.slope for r in regions], powers, rtol=0.03)
    curve = slope_curve(v, current)
    middle = np.abs(np.log(curve.voltage / 0.8)) < 0.3
    assert np.abs((curve.slope - 2.0) / curve.error)[middle].max() < 4.5
    assert len(slope_regions(v, 1e-3 * v)) == 1


def test_states_of_a_simulated_sweep():
    """Paper marraccini2025fast: LRS ohmic, HRS I ~ V^2. The simulated cell is ohmic plus V^2 with V_x = 1 V."""
    device = BinaryDevice(v_set=2.0, v_reset=-1.5, resistance_lrs=2e3, resistance_hrs=1e6)
    sweep = simulate_sweep(device, stop=(3.0, -3.0), relative_noise=0.02, noise_current=0.0, seed=2)
    found = extract_conduction(sweep, laws=(Ohmic, SpaceCharge, Schottky, PooleFrenkel))
    assert [s.state for s in found] == [State.HRS, State.LRS, State.LRS, State.HRS]
    assert [type(s.fit.best.law) for s in found] == [SpaceCharge, Ohmic, Ohmic, SpaceCharge]
    assert all(s.fit.verdict is Verdict.LAW for s in found)
    assert found[1].fit.best.law.conductance == pytest.approx(1 / 2e3, rel=0.01)
    low, high = found[3].fit.best.interval["crossover"]
    assert low <= 1.0 <= high


def test_too_little_is_said_and_not_fitted():
    with pytest.raises(PinchedError, match=r"[23] at the noise floor"):
        fit_conduction(np.linspace(0.1, 1, 8), np.linspace(1, 10, 8) * 1e-9, noise_current=1.1e-9)
    with pytest.raises(PinchedError, match="no laws"):
        fit_conduction(np.linspace(0.1, 1, 20), np.ones(20), laws=())
    with pytest.raises(PinchedError, match="above zero"):
        Film(thickness=0.0)
    sweep = IVSweep(voltage=np.linspace(0, 1, 6), current=np.linspace(0, 1e-3, 6))
    assert extract_conduction(sweep)[0].fit is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        CLEAR[0][0].conductance = 1.0
