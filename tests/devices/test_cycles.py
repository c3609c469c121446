"""Cycle-to-cycle variability and wear: where events begin, what is drawn, walks, wear, a driven device."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, pulse_train, triangle
from pinched.devices.cycles import Event, LinearWear, PowerWear, Walk, event_numbers, event_rows, worn
from pinched.devices.drive import drive
from pinched.devices.law import parameters
from pinched.devices.laws.vteam import Vteam
from pinched.devices.trace import DrivenSweep
from pinched.devices.variability import Factor, vary
from pinched.extraction.distributions import Lognormal, Normal

R_ON = {"r_on": Factor(Lognormal(mu=0.0, sigma=0.2))}


def values(rows, name):
    return np.array([float(getattr(law, name)) for law in rows.laws])


def test_events_begin_where_the_polarity_changes():
    waveform, rows = event_rows(Vteam(), triangle("1 V", period="1 s", cycles=3), spreads=R_ON)
    assert rows.row.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert len(rows.laws) == 6
    assert waveform.time.size == rows.row.size + 1


def test_a_corner_is_put_where_the_voltage_crosses_zero():
    straight = Waveform(time=np.array([0.0, 1.0, 4.0, 5.0]), voltage=np.array([0.0, 1.0, -2.0, 0.0]))
    cut, rows = event_rows(Vteam(), straight, spreads=R_ON)
    np.testing.assert_allclose(cut.time, [0.0, 1.0, 2.0, 4.0, 5.0])
    np.testing.assert_allclose(cut.voltage, [0.0, 1.0, 0.0, -2.0, 0.0])
    assert rows.row.tolist() == [0, 0, 1, 1]


def test_pulses_of_one_sign_are_events_when_asked():
    train = pulse_train("1 V", width=1e-3, gap=1e-3, count=4)
    _, one = event_rows(Vteam(), train, spreads=R_ON)
    _, each = event_rows(Vteam(), train, spreads=R_ON, event=Event.PULSE)
    assert len(one.laws) == 1
    assert len(each.laws) == 4
    assert event_numbers(train, Event.PULSE)[-1] == 3
    bipolar = triangle("1 V", period="1 s", cycles=2)
    assert (event_numbers(bipolar, Event.PULSE) == event_numbers(bipolar, Event.POLARITY)).all()


def test_every_event_is_drawn_anew_from_the_distribution():
    _, rows = event_rows(Vteam(), triangle("1 V", period="1 s", cycles=1000), spreads=R_ON, seed=1)
    drawn = values(rows, "r_on") / 1e3
    assert stats.kstest(drawn, Lognormal(mu=0.0, sigma=0.2).cdf).pvalue > 1e-4
    z = np.log(drawn) / 0.2
    assert abs(float((z[1:] * z[:-1]).mean())) < 4.0 / math.sqrt(2000)


def test_memory_keeps_the_distribution_and_correlates_neighbours():
    _, rows = event_rows(
        Vteam(), triangle("1 V", period="1 s", cycles=2000), spreads=R_ON, memory=0.8, seed=2
    )
    z = np.log(values(rows, "r_on") / 1e3) / 0.2
    # (1 + m^2) / (1 - m^2) = 4.6 times fewer independent values.
    error = 4.0 * math.sqrt(4.6 / z.size)
    assert z.var() == pytest.approx(1.0, abs=2.0 * error)
    for lag in (1, 3):
        assert float((z[lag:] * z[:-lag]).mean()) == pytest.approx(0.8**lag, abs=2.0 * error)


def test_an_event_is_the_same_whatever_follows_or_stands_beside():
    short, long = (triangle("1 V", period="1 s", cycles=n) for n in (3, 8))
    spreads = R_ON | {"v_on": Normal(mean=-0.5, std=0.01)}
    few, many = event_rows(Vteam(), short, spreads=spreads)[1], event_rows(Vteam(), long, spreads=spreads)[1]
    np.testing.assert_array_equal(values(few, "r_on"), values(many, "r_on")[:6])
    np.testing.assert_array_equal(values(few, "v_on"), values(many, "v_on")[:6])
    devices = [
        parameters(event_rows(vary(Vteam(), R_ON, (n,)), short, spreads=R_ON)[1].laws[3])["r_on"]
        for n in (4, 9)
    ]
    assert torch.equal(devices[0], devices[1][:4])
    assert devices[0].unique().numel() == 4


@pytest.mark.slow
def test_a_walk_starts_at_the_law_and_stays_within_its_limits():
    """With limits of ten percent, as the radius of a filament; long walks fill the interval evenly."""
    walk = Walk(step=40.0, low=900.0, high=1100.0)
    _, rows = event_rows(Vteam(), triangle("1 V", period="1 s", cycles=3000), spreads={"r_on": walk}, seed=3)
    r = values(rows, "r_on")
    assert r[0] == 1000.0
    assert r.min() >= 900.0
    assert r.max() <= 1100.0
    # Successive values of the walk are correlated over (200 / 40)^2 steps; the mean of an even interval.
    assert r.mean() == pytest.approx(1000.0, abs=4.0 * 58.0 / math.sqrt(6000 / 25))
    assert r.std() == pytest.approx(200.0 / math.sqrt(12.0), rel=0.15)
    free = Walk(step=1.0)
    _, rows = event_rows(Vteam(), triangle("1 V", period="1 s", cycles=500), spreads={"r_on": free}, seed=4)
    steps = np.diff(values(rows, "r_on"))
    assert steps.std() == pytest.approx(1.0, rel=4.0 * math.sqrt(0.5 / 999))


def test_a_walk_that_jumps_over_both_limits_is_folded_back():
    walk = Walk(step=1.0, low=0.0, high=1.0)
    moved = walk.moved(np.full(4, 0.5), np.array([0.6, -0.7, 2.1, 100.25]))
    np.testing.assert_allclose(moved, [0.9, 0.2, 0.6, 0.75])
    below = Walk(step=1.0, low=0.0)
    assert float(below.moved(np.array(0.3), np.array(-0.5))) == pytest.approx(0.2)


def test_wear_shifts_with_the_cycles():
    law = worn(Vteam(), {"r_off": PowerWear(exponent=-0.2), "r_on": LinearWear(rate=1e-4)}, 99.0)
    assert float(law.r_off) == pytest.approx(1e5 * 100.0**-0.2)
    assert float(law.r_on) == pytest.approx(1e3 * 1.0099)
    assert float(worn(Vteam(), {"r_on": LinearWear(rate=1e-4)}, 0).r_on) == 1e3
    _, rows = event_rows(
        Vteam(), triangle("1 V", period="1 s", cycles=3), wear={"r_on": LinearWear(rate=0.1)}, first_cycle=5
    )
    np.testing.assert_allclose(values(rows, "r_on"), 1e3 * (1.0 + 0.1 * np.array([5, 5, 6, 6, 7, 7])))
    both = event_rows(
        Vteam(), triangle("1 V", period="1 s", cycles=3), spreads=R_ON, wear={"r_on": LinearWear(rate=0.1)}
    )[1]
    alone = event_rows(Vteam(), triangle("1 V", period="1 s", cycles=3), spreads=R_ON)[1]
    np.testing.assert_allclose(
        values(both, "r_on") / values(alone, "r_on"), 1.0 + 0.1 * np.array([0, 0, 1, 1, 2, 2])
    )


def test_wear_that_closes_the_window_is_said_to():
    with pytest.raises(PinchedError, match="after 1e\\+06 cycles"):
        worn(Vteam(), {"r_off": PowerWear(exponent=-0.5)}, 1e6)


def test_a_driven_device_shows_what_was_drawn():
    law = Vteam(k_on=-1e-3, k_off=1e-3)
    waveform, rows = event_rows(law, triangle("1 V", period="1 ms", cycles=6), spreads=R_ON, seed=7)
    sweep = drive(law, waveform, rows=rows, points=4000)
    assert isinstance(sweep, DrivenSweep)
    time, voltage = sweep.time, sweep.voltage
    assert time is not None
    for cycle in range(6):
        # The LRS is left when the positive half begins: read it on the way back of the negative one.
        at = (time > (cycle + 0.9) * 1e-3) & (time < (cycle + 0.95) * 1e-3)
        found = float(np.median(voltage[at] / sweep.current[at]))
        assert found == pytest.approx(values(rows, "r_on")[2 * cycle + 1], rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"spreads": {"r_of": Normal(mean=1.0, std=0.1)}}, "no parameter r_of"),
        ({"spreads": R_ON, "memory": 1.0}, "memory"),
        ({"spreads": R_ON, "first_cycle": -1}, "first_cycle"),
        ({"spreads": {"r_on": Normal(mean=1e3, std=3e3)}}, "at event"),
    ],
)
def test_bad_input_names_its_cure(changes, reason):
    with pytest.raises(PinchedError, match=reason):
        event_rows(Vteam(), triangle("1 V", period="1 s", cycles=20), **changes)


def test_walks_and_wear_that_are_none_are_refused():
    for make, reason in (
        (lambda: Walk(step=-1.0), "step"),
        (lambda: Walk(step=1.0, low=1.0, high=0.0), "swapped"),
        (lambda: PowerWear(exponent=0.1, onset=0.0), "onset"),
    ):
        with pytest.raises(PinchedError, match=reason):
            make()
