"""Backwards: from loops to devices, on surrogates of a closed form; what the engine does is checked apart."""

import dataclasses

import numpy as np
import pytest

import pinched as pi
from pinched._errors import PinchedError
from pinched.physics.presets.zamankhani2024 import Restriction
from pinched.surrogate.architecture import Schedule
from pinched.surrogate.chains import loop_draws
from pinched.surrogate.descent import InverseOptions, Loop, doubt, spread
from pinched.surrogate.design import DesignOptions, Wish, design_device
from pinched.surrogate.device import answered, device_parameters, runs_under
from pinched.surrogate.inverse import infer_device
from pinched.surrogate.residual import Direct
from pinched.surrogate.space import search_space
from pinched.surrogate.training import train_surrogate

RANGES = pi.presets.zamankhani2024_ranges(Restriction.MEMRISTIVE)
QUICK = InverseOptions(draws=200, starts=6, iterations=20, checked=2, corrections=0, attempts=1)


@pytest.fixture(scope="module")
def net(runs):
    plan = Schedule(epochs=25, batch=32, rate=3e-3, average=0.9, clip=1.0)
    return train_surrogate(runs, Direct(width=32, depth=2), schedule=plan, validation=0.0)


@pytest.fixture(scope="module")
def loop(net, runs):
    """A loop that the surrogate itself gives, and the device behind it."""
    k = int(np.abs(runs.current).max(axis=1).argmax())
    wave = pi.triangle(float(runs.column("amplitude")[k]), period=float(runs.column("period")[k]))
    columns = {name: runs.column(name)[k : k + 1] for name in device_parameters(net)}
    at = np.linspace(0.0, wave.duration, 401)
    current = answered(net, columns, wave, at)[0]
    return pi.IVSweep(voltage=wave.at(at), current=current, time=at), {
        n: float(v[0]) for n, v in columns.items()
    }


@pytest.fixture(scope="module")
def found(net, loop):
    return infer_device(loop[0], net, RANGES, options=QUICK)


def test_a_loop_is_explained(net, loop, found):
    sweep, _ = loop
    assert found.best.nrmse < 0.02
    assert found.best.nrmse == min(c.nrmse for c in found.candidates)
    # What is stated is what the surrogate gives for these parameters.
    columns = {name: np.array([value]) for name, value in found.best.parameters.items()}
    wave = pi.Waveform(time=sweep.time, voltage=sweep.voltage)
    space = search_space(net, RANGES, wave)
    wanted = np.interp(space.at, sweep.time, sweep.current)
    off = net.predict(runs_under(net, columns, wave, space.at), warn=False)[0] - wanted
    assert np.sqrt((off**2).mean()) / np.ptp(wanted) == pytest.approx(found.best.nrmse, rel=0.02, abs=1e-6)
    assert found.runs == 0


def test_what_moves_no_current_is_named_as_unknown(found, loop):
    assert "electron_affinity" in found.unknown
    # Nothing is learnt of it: its 90 % interval is that of the range, or wider by the wall.
    assert found.high["electron_affinity"] - found.low["electron_affinity"] > 0.4 * (5.0 - 1.0)
    assert found.best.spread["electron_affinity"] == pytest.approx(np.sqrt(1 / 12), rel=0.02)
    # What is known holds the device's value, though the Gaussian around the best may see no slope there.
    known = [name for name in found.best.spread if name not in found.unknown]
    assert known
    inside = [found.low[name] <= loop[1][name] <= found.high[name] for name in known]
    assert sum(inside) >= 0.75 * len(inside)


def test_what_the_surrogate_errs_by_widens_what_is_inferred(net, loop):
    sweep, device = loop
    unsure = dataclasses.replace(net, quantile=0.1)
    space = search_space(unsure, RANGES, pi.Waveform(time=sweep.time, voltage=sweep.voltage))
    wanted = np.interp(space.at, sweep.time, sweep.current)
    row = np.array([[_share(space.item(name), device[name]) for name in space.names]])
    known = Loop(space, wanted, 0.01)
    # Squares add: the loop's own 0.01, half of a 90 % interval in standard deviations, and what a fit leaves.
    met = doubt(known, row, wanted[None])
    np.testing.assert_allclose(met, np.hypot(0.01, 0.1 / 1.645), rtol=1e-3)
    half = np.maximum(np.abs(wanted), 1e-12) * np.sign(wanted) * 10.0**0.05
    left = float(known.left(half[None])[0])
    assert left > 0.02
    np.testing.assert_allclose(doubt(known, row, half[None]), np.sqrt(met**2 + left**2), rtol=1e-6)
    narrow, wide = (spread(known, row[0], np.full(wanted.size, s)) for s in (0.01, float(met[0, 0])))
    assert (wide >= narrow).all()
    # No parameter can lose more than the noise gained; what the prior limits already loses less.
    assert (wide <= float(met[0, 0]) / 0.01 * narrow * (1 + 1e-6)).all()
    assert (wide > 2.0 * narrow).any()


def test_draws_are_devices_of_the_ranges_that_explain_the_loop(net, loop):
    sweep, device = loop
    space = search_space(net, RANGES, pi.Waveform(time=sweep.time, voltage=sweep.voltage))
    wanted = np.interp(space.at, sweep.time, sweep.current)
    row = np.array([[_share(space.item(name), device[name]) for name in space.names]])
    options = InverseOptions(chains=40, generations=40, draws=120, iterations=6)
    known = Loop(space, wanted, 0.01)
    drawn = loop_draws(known, row, wanted, np.full(wanted.size, 0.05), options)
    assert drawn.shape == (800, row.size)
    assert space.accepted(drawn).all()
    # Twice the logarithm of the density is a sum over about as many squares as the loop tells numbers: a few.
    left = known.left(space.ask(drawn)) / 0.05
    assert 0.3 < np.median(left) < 3.0


def _share(item, value):
    if item.logarithmic:
        return np.log(value / item.low) / np.log(item.high / item.low)
    return (value - item.low) / (item.high - item.low)


def test_intervals_stay_in_their_ranges_and_hold_the_best(found):
    for item in RANGES.parameters:
        if item.name in found.low:
            low, high = found.low[item.name], found.high[item.name]
            best = found.best.parameters[item.name]
            assert item.low * (1 - 1e-9) <= low <= best * (1 + 1e-9)
            assert best * (1 - 1e-9) <= high <= item.high * (1 + 1e-9)


def test_loops_that_cannot_be_inverted_are_refused(net, loop):
    sweep, _ = loop
    with pytest.raises(PinchedError, match="has no times"):
        infer_device(pi.IVSweep(voltage=sweep.voltage, current=sweep.current), net, RANGES)
    with pytest.raises(PinchedError, match="no current exceeds"):
        infer_device(
            pi.IVSweep(voltage=sweep.voltage, current=0.0 * sweep.current, time=sweep.time), net, RANGES
        )
    with pytest.raises(PinchedError, match="starts at"):
        infer_device(
            pi.IVSweep(voltage=sweep.voltage[50:], current=sweep.current[50:], time=sweep.time[50:]),
            net,
            RANGES,
        )
    with pytest.raises(PinchedError, match="counts start at 1"):
        InverseOptions(starts=0)


@pytest.mark.slow
def test_designs_are_checked_by_the_engine(net):
    wave = pi.triangle("8 V", period="4 s")
    options = DesignOptions(draws=300, rounds=2, kept=20, checked=4)
    wish = Wish(loop_width=0.05)
    found = design_device(wish, wave, net, RANGES, options=options)
    assert 1 <= len(found) <= 4
    assert [d.distance for d in found] == sorted(d.distance for d in found)
    best = found[0]
    row = [{**best.parameters, "amplitude": 8.0, "period": 4.0}[name] for name in RANGES.names]
    run = pi.solve(RANGES.device(np.array(row))[0], wave, accuracy=pi.Accuracy.fast)
    volts = wave.at(search_space(net, RANGES, wave).at)[None]
    current = np.interp(search_space(net, RANGES, wave).at, run.time, run.current)[None]
    assert wish.distance(volts, current)[0] == pytest.approx(best.distance, rel=1e-6)
    assert best.distance == pytest.approx(abs(best.loop_width / 0.05 - 1.0))


def test_wishes_are_judged_in_what_they_are():
    volts = np.array([[0.5, 1.0, 0.5, -0.5, -1.0, -0.5]]) * np.ones((2, 1))
    amps = volts * np.array([[1e-6], [1e-5]])
    assert Wish(largest_current=1e-6).distance(volts, amps) == pytest.approx([0.0, 1.0])
    assert np.isinf(Wish(largest_current=1e-6).distance(volts, 1e-9 * amps)).all()
    with pytest.raises(PinchedError, match="nothing is wished for"):
        Wish()
    with pytest.raises(PinchedError, match="a ratio at 1 or more"):
        Wish(on_off_ratio=0.5)
