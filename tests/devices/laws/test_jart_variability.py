"""JART variability: limits, addresses, spread of the cells, walks at the zero crossings, bad input."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform, pulse_train, triangle
from pinched.devices.drive import drive
from pinched.devices.law import parameters
from pinched.devices.laws.jart import JartVcm
from pinched.devices.laws.jart_variability import JartSpread, Walk, draw_cells, vary_cycles

NAMES = ("radius", "disc_length", "n_min", "n_max")
STILL = {
    name: Walk(low=walk.low, high=walk.high, sigma=0.0, step=0.0)
    for name, walk in ((n, getattr(JartSpread(), n)) for n in NAMES)
}


def test_cells_lie_within_the_limits_about_the_law():
    cells = draw_cells(JartVcm(), 4000, seed=1)
    spread = JartSpread()
    for name in NAMES:
        walk, values = getattr(spread, name), getattr(cells, name).numpy()
        assert values.min() >= walk.low * (1 - 1e-12)
        assert values.max() <= walk.high * (1 + 1e-12)
        # The cut takes the tails of a normal distribution off, so the spread is somewhat below sigma.
        assert 0.4 * walk.sigma < np.log(values).std() < walk.sigma
    assert (cells.n_initial >= cells.n_min).all()
    scores = np.corrcoef([np.log(getattr(cells, name).numpy()) for name in NAMES])
    assert np.abs(scores - np.eye(4)).max() < 0.06


def test_a_cell_is_the_same_whatever_the_count():
    few, many = draw_cells(JartVcm(), 3, seed=7), draw_cells(JartVcm(), 50, seed=7)
    other = draw_cells(JartVcm(), 3, seed=8)
    for name in NAMES:
        assert torch.equal(getattr(few, name), getattr(many, name)[:3])
        assert not torch.equal(getattr(few, name), getattr(other, name))


def test_no_spread_is_the_law_itself():
    cells = draw_cells(JartVcm(), 2, spread=JartSpread(**STILL))
    wave, rows = vary_cycles(JartVcm(), triangle(-1.3, period=5.2, cycles=2), spread=JartSpread(**STILL))
    for name in NAMES:
        for law in (cells, *rows.laws):
            np.testing.assert_allclose(np.asarray(getattr(law, name)), getattr(JartVcm(), name), rtol=1e-12)
    plain = drive(JartVcm(), triangle(-1.3, period=5.2, cycles=2), points=300)
    varied = drive(JartVcm(), wave, rows=rows, times=plain.trace.time.numpy())
    assert np.abs(varied.current - plain.current).max() < 1e-3 * np.abs(plain.current).max()


def test_parameters_step_at_each_change_of_polarity_and_only_there():
    base = JartVcm()
    wave, rows = vary_cycles(base, triangle(-1.3, period=5.2, cycles=3))
    sign = np.sign(wave.voltage[:-1] + wave.voltage[1:])
    changes = np.concatenate([[0], np.cumsum(sign[1:] != sign[:-1])])
    np.testing.assert_array_equal(rows.row, changes)
    assert len(rows.laws) == 6
    assert rows.laws[0] is base
    radii = [parameters(law)["radius"] for law in rows.laws]
    assert len(set(radii)) == 6
    # One polarity, whatever its pulses: nothing is redrawn.
    _, one = vary_cycles(JartVcm(), pulse_train(-0.4, width=1e-6, gap=1e-6, count=4))
    assert len(one.laws) == 1


def test_a_sawtooth_through_zero_is_cut_where_it_crosses():
    wave, rows = vary_cycles(
        JartVcm(), Waveform(time=np.array([0.0, 1.0, 4.0]), voltage=np.array([0.0, -1.0, 0.5]))
    )
    np.testing.assert_allclose(wave.time, [0.0, 1.0, 3.0, 4.0])
    np.testing.assert_allclose(wave.voltage, [0.0, -1.0, 0.0, 0.5], atol=1e-15)
    np.testing.assert_array_equal(rows.row, [0, 0, 1])


def test_walks_stay_within_the_limits_and_spread_over_them():
    spread = JartSpread()
    _, rows = vary_cycles(draw_cells(JartVcm(), 200), triangle(-1.0, period=1.0, cycles=150), seed=3)
    for name in NAMES:
        walk = getattr(spread, name)
        path = np.log(np.stack([getattr(law, name).numpy() for law in rows.laws]))
        low, high = np.log(walk.low), np.log(walk.high)
        assert path.min() >= low - 1e-12
        assert path.max() <= high + 1e-12
        assert np.diff(path, axis=0).std() < 1.01 * walk.step
        # After many steps a reflected walk is uniform: its spread is the width over the root of twelve.
        assert path[-1].std() == pytest.approx((high - low) / np.sqrt(12.0), rel=0.2)


def test_a_smaller_lrs_limit_lowers_the_current_of_its_cycle():
    wave, rows = vary_cycles(JartVcm(), triangle(-1.3, period=5.2, cycles=6), seed=5)
    run = drive(JartVcm(), wave, rows=rows, points=3000)
    state, time = run.trace.state[0].numpy(), run.trace.time.numpy()
    for piece in range(0, 12, 2):
        inside = (time > 2.6 * piece + 1.3) & (time < 2.6 * (piece + 1) - 1e-9)
        highest = parameters(rows.laws[piece])["n_max"]
        assert 0.9 * highest < state[inside].max() <= highest * (1 + 1e-9)


def test_cells_differ_in_their_set_voltage():
    runs = drive(draw_cells(JartVcm(), 40, seed=2), triangle(-1.3, period=5.2), points=1500)
    voltage = runs.trace.source[(runs.trace.state[0] > 1e26).to(torch.int8).argmax(dim=1)]
    assert 0.005 < float(voltage.std()) < 0.1
    assert -0.7 < float(voltage.min()) < float(voltage.max()) < -0.35


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Walk(low=2.0, high=1.0), "must be above zero and rise"),
        (lambda: Walk(low=1.0, high=2.0, sigma=-0.1), "sigma is -0.1"),
        (lambda: draw_cells(JartVcm(radius=60e-9), 3), "lies outside the limits"),
        (lambda: draw_cells(JartVcm(), 0), "at least 1 is needed"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(PinchedError, match=message):
        make()
