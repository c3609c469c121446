"""How long states last: closed forms of the crossing, honest bounds, lives baked at several temperatures."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.data.traces import Retention
from pinched.extraction.arrhenius import inverse_energy
from pinched.extraction.lifetime import extract_bake_life, time_to_limit
from pinched.extraction.retention import fit_retention
from pinched.extraction.retention_laws import Law, reaching

TIME = np.arange(0.0, 6000.0, 10.0)


def drifting(rng, nu=0.05, noise=0.003):
    return Retention(
        time=TIME, resistance=1e4 * (TIME + 5) ** nu * np.exp(noise * rng.standard_normal(TIME.size))
    )


@pytest.mark.parametrize(
    ("law", "constants", "limit", "truth"),
    [
        (Law.POWER, [np.log(1e4), 0.05, 0.0, np.nan, np.nan], 2e4, 2.0**20),
        (Law.LOGARITHMIC, [1e4, 500.0, 0.0, np.nan, np.nan], 15e3, np.exp(10.0)),
        (Law.STRETCHED, [2e4, -1e4, 0.0, 800.0, 0.5], 2e4 - 1e4 / np.e, 800.0),
        (Law.STRETCHED, [2e4, -1e4, 0.0, 800.0, 0.5], 3e4, np.inf),
        (Law.CONSTANT, [1e4, 0.0, 0.0, np.nan, np.nan], 2e4, np.inf),
        (Law.POWER, [np.log(1e4), 0.0, 0.0, np.nan, np.nan], 2e4, np.inf),
    ],
)
def test_each_law_passes_a_limit_when_its_formula_says(law, constants, limit, truth):
    assert reaching(law, np.array([constants]), limit)[0] == pytest.approx(truth, rel=1e-9)


def test_a_life_is_seen_or_extrapolated_and_says_so():
    fit = fit_retention(drifting(np.random.default_rng(0)), since_programming=5.0, laws=(Law.POWER,))
    start = 1e4 * 5**0.05
    seen = time_to_limit(fit, 0.0, 1e4 * 1000.0**0.05)
    assert seen.seen
    assert seen.time == pytest.approx(1000.0, rel=0.05)
    far = time_to_limit(fit, 0.0, 1e4 * 1e7**0.05)
    assert not far.seen
    assert far.interval[0] < 1e7 < far.interval[1]
    assert "extrapolated" in far.text
    # It rises: no limit below is ever passed.
    never = time_to_limit(fit, 0.5 * start, np.inf)
    assert never.time == np.inf
    assert "may never" in never.text
    # And a range that the first read is outside of was left at once.
    assert time_to_limit(fit, 2 * start, np.inf).time == 0.0
    with pytest.raises(PinchedError, match="lower and a higher"):
        time_to_limit(fit, 2.0, 1.0)


@pytest.mark.parametrize("repetitions", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_intervals_of_lives_cover_the_truth(repetitions):
    """Twenty times beyond the measured time, the law known: 95 % within three standard errors."""
    rng = np.random.default_rng(1)
    hits = 0
    for k in range(repetitions):
        fit = fit_retention(drifting(rng), since_programming=5.0, laws=(Law.POWER,), resamples=200, seed=k)
        low, high = time_to_limit(fit, 0.0, 1e4 * 1.2e5**0.05).interval
        hits += low <= 1.2e5 <= high
    assert abs(hits / repetitions - 0.95) <= 0.02 + 3 * np.sqrt(0.95 * 0.05 / repetitions)


def baked(rng, kelvin, energy=1.1, life_at_400=3e3, scatter=0.2):
    """A state that falls by exp(-(t / tau)), tau activated by `energy` with a lognormal scatter between devices."""
    tau = life_at_400 * np.exp(energy * (inverse_energy(kelvin) - inverse_energy(400.0)))
    tau *= np.exp(scatter * rng.standard_normal())
    time = np.linspace(0.0, 3.0 * tau, 120)
    ohms = 1e6 * np.exp(-time / tau) + 1e4
    return Retention(
        time=time, resistance=ohms * np.exp(0.01 * rng.standard_normal(time.size)), temperature=float(kelvin),
        device=f"D{kelvin:g}",
    )  # fmt: skip


def test_lives_baked_at_several_temperatures_give_the_life_of_use():
    rng = np.random.default_rng(2)
    traces = [baked(rng, kelvin) for kelvin in (400.0, 425.0, 450.0, 475.0) for _ in range(3)]
    found = extract_bake_life(traces, factor=2.0, use_temperature=358.15)
    assert found.used == 12
    assert found.arrhenius.interval[0] < 1.1 < found.arrhenius.interval[1]
    # Half of 1e6 + 1e4 is passed at ln(1e6 / (505e3 - 1e4)) = 0.703 tau.
    truth = 0.703 * 3e3 * np.exp(1.1 * (inverse_energy(358.15) - inverse_energy(400.0)))
    value, low, high = found.life
    assert low < truth < high
    assert value == pytest.approx(truth, rel=0.6)


def test_states_that_hold_are_lower_bounds_and_named():
    rng = np.random.default_rng(3)
    traces = [baked(rng, kelvin) for kelvin in (400.0, 425.0, 450.0) for _ in range(2)]
    still = Retention(
        time=TIME, resistance=1e6 * np.exp(0.01 * rng.standard_normal(TIME.size)), temperature=380.0
    )
    found = extract_bake_life([*traces, still], factor=2.0)
    assert found.used == 6
    assert any("lower bounds" in note for note in found.notes)
    with pytest.raises(PinchedError, match="temperature"):
        extract_bake_life([*traces, Retention(time=TIME, resistance=1e4 + 0 * TIME)])
    with pytest.raises(PinchedError, match="at least 3"):
        extract_bake_life(traces[:4])


def test_a_use_far_from_the_bake_is_noted():
    rng = np.random.default_rng(4)
    traces = [baked(rng, kelvin) for kelvin in (440.0, 450.0, 460.0)]
    found = extract_bake_life(traces, factor=2.0, use_temperature=300.0)
    assert any("another mechanism" in note for note in found.notes)
