"""Any waveform: what the cores remember, what they cannot see, what steps do to them, and devices turned round."""

import dataclasses
import json

import numpy as np
import pytest
import torch

import pinched as pi
from pinched._errors import DataFileError
from pinched.physics.presets.zamankhani2024 import Restriction
from pinched.surrogate.architecture import Schedule
from pinched.surrogate.conditioned import Conditioned, Core
from pinched.surrogate.cores import StateSpaceCore, walk
from pinched.surrogate.features import INSTANT, turned
from pinched.surrogate.model import Surrogate
from pinched.surrogate.saved import load_surrogate, save_surrogate
from pinched.surrogate.training import train_surrogate

CAUSAL = [core for core in Core if core is not Core.FOURIER]


def untrained(runs, core, units=12):
    """A surrogate with weights that are not those of the formulas."""
    architecture = Conditioned(core=core, units=units, embedding=8)
    scaling = architecture.scaling(runs)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        network = architecture.network(scaling)
        assert isinstance(network.out, torch.nn.Linear)
        torch.nn.init.normal_(network.out.weight, std=0.3)
    return Surrogate(architecture=architecture, scaling=scaling, networks=(network,))


def exponent(net, runs):
    return np.log10(np.abs(net.predict(runs, warn=False)))


@pytest.mark.parametrize("core", Core)
def test_every_core_trains_saves_and_loads(runs, tmp_path, core):
    few = runs.take(np.arange(96))
    architecture = Conditioned(core=core, units=8, embedding=4)
    trained = train_surrogate(few, architecture, schedule=Schedule(epochs=1, batch=32), validation=0.0)
    predicted = trained.predict(runs, warn=False)
    loaded = load_surrogate(save_surrogate(trained, tmp_path / "model"))
    assert loaded.architecture == architecture
    np.testing.assert_array_equal(loaded.predict(runs, warn=False), predicted)
    guess = architecture.estimates(few)
    network = trained.networks[0].train()
    told = architecture.inputs(trained.scaling, few, guess)
    architecture.loss(network(*told), architecture.targets(trained.scaling, few, guess)).backward()
    slopes = [p.grad for p in network.parameters() if p.grad is not None]
    assert len(slopes) >= 6
    assert all(torch.isfinite(s).all() for s in slopes)
    assert sum(float(s.abs().sum()) for s in slopes) > 0


def test_a_network_of_a_kind_that_is_gone_is_named(runs, tmp_path):
    folder = save_surrogate(untrained(runs, Core.GRU), tmp_path / "model")
    about = json.loads((folder / "surrogate.json").read_text())
    about["kind"] = "conditioned"
    (folder / "surrogate.json").write_text(json.dumps(about))
    with pytest.raises(DataFileError, match="of the kind 'conditioned'"):
        load_surrogate(folder)


def later_changed(runs, start=25):
    """The same runs until sample `start`; then they are stretched and go elsewhere."""
    voltage, elapsed = np.array(runs.voltage), np.array(runs.elapsed)
    voltage[:, start:] = 0.5 * voltage[:, start:] + 1.7 * np.abs(voltage[:, start:]).max(
        axis=1, keepdims=True
    )
    elapsed[:, start:] += 3.0 * (elapsed[:, start:] - elapsed[:, start - 1 : start])
    return dataclasses.replace(runs, voltage=voltage, elapsed=elapsed)


def test_errors_are_fitted_to_device_and_waveform(runs):
    net = untrained(runs, Core.CONVOLUTION)
    told = net.architecture.told_of_devices(net.scaling, runs)
    other = net.architecture.told_of_devices(net.scaling, later_changed(runs))
    assert told is not None
    assert other is not None
    device = net.scaling.arrays["device_mean"].size
    assert told.shape == (len(runs), device + 2 * net.scaling.arrays["course_mean"].size)
    np.testing.assert_array_equal(told[:, :device], other[:, :device])
    assert (np.abs(told[:, device:] - other[:, device:]).max(axis=1) > 0.1).all()


@pytest.mark.parametrize("core", CAUSAL)
def test_what_comes_later_changes_nothing_before(runs, core):
    net = untrained(runs, core)
    a, b = exponent(net, runs), exponent(net, later_changed(runs))
    np.testing.assert_allclose(a[:, :25], b[:, :25], rtol=0, atol=2e-5)
    assert np.abs(a[:, 25:] - b[:, 25:]).max() > 0.01


def test_fourier_layers_look_ahead_and_say_that_they_know_one_grid(runs):
    net = untrained(runs, Core.FOURIER)
    assert np.abs(exponent(net, runs) - exponent(net, later_changed(runs)))[:, :25].max() > 1e-3
    assert "20 samples (learnt: 40)" in net.unseen(runs.sampled(np.arange(20)))
    assert "samples" not in net.unseen(runs)


@pytest.mark.parametrize("core", [Core.LSTM, Core.GRU, Core.CONVOLUTION, Core.STATE_SPACE])
def test_what_came_before_is_remembered(runs, core):
    net = untrained(runs, core)
    earlier = np.array(runs.voltage)
    earlier[:, 3:8] *= -0.5
    a, b = exponent(net, runs), exponent(net, dataclasses.replace(runs, voltage=earlier))
    assert np.abs(a - b)[:, 8:].max() > 1e-3


def held(runs, cut):
    """A rise, a rest at its end, a way back; with `cut` the step of the rest is two steps, not even ones."""
    phases = np.concatenate(
        [np.linspace(0.02, 0.3, 10), [0.3 + 0.25 * 0.4] * cut, [0.7], np.linspace(0.75, 0.99, 8)]
    )
    shape = np.interp(phases, [0.0, 0.3, 0.7, 1.0], [0.0, 1.0, 1.0, 0.01])
    period, top = runs.column("period")[:, None], runs.column("amplitude")[:, None]
    wave = {"elapsed": period * phases, "voltage": top * shape, "current": 0.0 * top * shape}
    return dataclasses.replace(runs, **wave)


def test_a_rest_may_be_cut_into_steps(runs):
    net = untrained(runs, Core.STATE_SPACE)
    whole, cut = exponent(net, held(runs, 0)), exponent(net, held(runs, 1))
    np.testing.assert_allclose(np.delete(cut, 10, axis=1), whole, rtol=0, atol=2e-5)
    # No accident: during the rest something moves, and other cores take two steps for another rest than one.
    assert np.abs(whole[:, 10] - whole[:, 9]).max() > 1e-3
    gru = untrained(runs, Core.GRU)
    off = np.delete(exponent(gru, held(runs, 1)), 10, axis=1) - exponent(gru, held(runs, 0))
    assert np.abs(off).max() > 1e-3


def test_on_a_ramp_the_steps_converge_with_their_square():
    torch.manual_seed(0)
    core = StateSpaceCore(INSTANT, 3, 6).double()
    # Modes that many steps fall into: faster ones follow the voltage of the last step.
    torch.nn.init.zeros_(core.rate)
    told = torch.randn(2, 3, dtype=torch.float64)

    def ends(count):
        middle = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        steps = torch.stack([torch.full((count,), 4.0 / count, dtype=torch.float64), middle], dim=-1)
        return core.modes(told, steps.expand(2, -1, -1))[-1].detach()

    exact = ends(4096)
    off = [float((ends(n) - exact).abs().max()) for n in (64, 128, 256)]
    assert 3.5 < off[0] / off[1] < 4.5
    assert 3.5 < off[1] / off[2] < 4.5


def test_the_walk_and_its_slopes():
    torch.manual_seed(1)
    decay, drive, start = (
        torch.rand(s, dtype=torch.float64, requires_grad=True) for s in ((5, 2, 3), (5, 2, 3), (2, 3))
    )
    x, states = start, []
    for k in range(5):
        x = decay[k] * x + drive[k]
        states.append(x)
    torch.testing.assert_close(walk(decay, drive, start), torch.stack(states))
    assert torch.autograd.gradcheck(walk, (decay, drive, start))


@pytest.mark.parametrize("core", Core)
def test_a_device_turned_round_carries_the_opposite_current(runs, core):
    net = untrained(runs, core)
    values = np.array(runs.parameters)
    left, right = runs.names.index("barrier_left"), runs.names.index("barrier_right")
    values[:, [left, right]] = values[:, [right, left]]
    other = dataclasses.replace(runs, parameters=values, voltage=-runs.voltage)
    np.testing.assert_allclose(net.predict(other, warn=False), -net.predict(runs, warn=False), rtol=1e-5)


def test_turned_devices_have_their_lower_barrier_on_the_left(runs):
    there = turned(runs)
    assert (there.column("barrier_left") <= there.column("barrier_right")).all()
    np.testing.assert_allclose(there.voltage * there.current, runs.voltage * runs.current)
    same = turned(there)
    np.testing.assert_array_equal(same.parameters, there.parameters)
    np.testing.assert_array_equal(same.voltage, there.voltage)


def test_the_engine_cannot_tell_a_turned_device_either():
    ranges = pi.presets.zamankhani2024_ranges(Restriction.MEMRISTIVE)
    from pinched.physics.dataset import draws

    row = draws(ranges, 3, 0)[2]
    swapped = np.array(row)
    at = [ranges.names.index(name) for name in ("barrier_left", "barrier_right")]
    swapped[at] = row[at[::-1]]
    wave = pi.triangle(8.0, period=4.0)
    there = dataclasses.replace(wave, voltage=-wave.voltage)
    one = pi.solve(ranges.device(row)[0], wave, accuracy=pi.Accuracy.fast)
    two = pi.solve(ranges.device(swapped)[0], there, accuracy=pi.Accuracy.fast)
    moments = np.linspace(0.1, 3.9, 60)
    assert one.time is not None
    assert two.time is not None
    a, b = np.interp(moments, one.time, one.current), np.interp(moments, two.time, two.current)
    # To the steps of the solver, which are chosen by what each of the two runs finds.
    assert np.abs(a + b).max() < 5e-3 * np.abs(a).max()
    assert np.abs(a - b).max() > 0.1 * np.abs(a).max()


def test_no_voltage_no_current(runs):
    volts = np.array(runs.voltage)
    volts[:, 7] = 0.0
    current = untrained(runs, Core.STATE_SPACE).predict(dataclasses.replace(runs, voltage=volts), warn=False)
    assert (current[:, 7] == 0.0).all()
    assert (current * volts >= 0.0).all()
