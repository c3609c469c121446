"""A surrogate in the place of a device: the interface of the laws, arrays of devices, gradients, warnings."""

import dataclasses
import warnings

import numpy as np
import pytest
import torch

import pinched as pi
from pinched._errors import PinchedError
from pinched.surrogate.architecture import Schedule
from pinched.surrogate.conditioned import Conditioned
from pinched.surrogate.device import SurrogateDevice, answered, device_parameters
from pinched.surrogate.residual import Direct
from pinched.surrogate.training import train_surrogate

PLAN = Schedule(epochs=15, batch=32, rate=3e-3, average=0.9, clip=1.0)


@pytest.fixture(scope="module")
def net(runs):
    return train_surrogate(runs, Direct(width=32, depth=2), schedule=PLAN, validation=0.0)


def device_of(net, runs, k):
    names = device_parameters(net)
    values = {name: runs.column(name)[k] for name in names}
    wave = pi.triangle(float(runs.column("amplitude")[k]), period=float(runs.column("period")[k]))
    return (
        SurrogateDevice(
            surrogate=net,
            parameters={n: v if np.ndim(v) == 0 else torch.tensor(v) for n, v in values.items()},
        ),
        wave,
    )


def test_drive_gives_what_predict_gives_at_the_learnt_samples(net, runs):
    device, wave = device_of(net, runs, 3)
    sweep = pi.drive(device, wave, points=runs.voltage.shape[1])
    assert isinstance(sweep, pi.IVSweep)
    np.testing.assert_allclose(sweep.current, net.predict(runs, warn=False)[3], rtol=1e-6)
    assert sweep.provenance.simulated_by == "pinched.devices.Direct"


def test_between_its_samples_the_current_is_pinched_and_passive(net, runs):
    device, wave = device_of(net, runs, 3)
    sweep = pi.drive(device, wave, times=np.linspace(0.0, wave.duration, 801))
    assert sweep.current[np.isclose(sweep.voltage, 0.0, atol=1e-12)] == pytest.approx(0.0, abs=1e-30)
    assert (sweep.current * sweep.voltage >= 0).all()
    own = pi.drive(device, wave, points=runs.voltage.shape[1])
    assert own.time is not None
    assert sweep.time is not None
    middle = np.interp(own.time, sweep.time, sweep.current)
    assert np.abs(middle - own.current).max() < 0.03 * np.abs(own.current).max()


def test_a_tensor_of_devices_equals_the_loop_over_them(net, runs):
    some = np.array([3, 7, 11])
    device, wave = device_of(net, runs, 3)
    many = SurrogateDevice(
        surrogate=net, parameters={n: torch.tensor(runs.column(n)[some]) for n in device.parameters}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sweeps = pi.drive(many, wave, points=40).sweeps
    assert len(sweeps) == 3
    for k, row in enumerate(some):
        one = SurrogateDevice(
            surrogate=net, parameters={n: float(runs.column(n)[row]) for n in device.parameters}
        )
        np.testing.assert_allclose(pi.drive(one, wave, points=40).current, sweeps[k].current, rtol=1e-4)


def test_gradients_are_the_slopes(net, runs):
    device, wave = device_of(net, runs, 5)
    values = {n: float(v) for n, v in device.parameters.items()}
    theta = {n: torch.tensor([v], dtype=torch.float64, requires_grad=True) for n, v in values.items()}
    sweep = pi.drive(SurrogateDevice(surrogate=net, parameters=theta), wave, points=40)
    torch.log10(sweep.trace.current.abs()).sum().backward()
    at = sweep.time
    assert at is not None
    for name, share in (("barrier_left", 0.003), ("electron_mobility", 0.01), ("electron_affinity", 0.01)):
        step = share * values[name]
        ends = [
            np.log10(np.abs(answered(net, {n: np.array([v + s * step * (n == name)]) for n, v in values.items()},
                                     wave, at))).sum()
            for s in (1, -1)
        ]  # fmt: skip
        slope = (ends[0] - ends[1]) / (2 * step)
        grad = theta[name].grad
        assert grad is not None
        assert float(grad[0]) == pytest.approx(slope, rel=0.05, abs=1e-6 / step)
    # No current depends on the electron affinity.
    grad = theta["electron_affinity"].grad
    assert grad is not None
    assert float(grad[0]) == pytest.approx(0.0, abs=1e-9)


def test_what_was_not_learnt_warns_with_its_distance(net, runs):
    device, wave = device_of(net, runs, 3)
    far = dataclasses.replace(device, parameters={**device.parameters, "permittivity": 40.0})
    with pytest.warns(pi.UnseenWarning, match="permittivity lies 1.8 of its range"):
        pi.drive(far, wave, points=40)
    twice = pi.triangle(float(np.abs(wave.voltage).max()), period=wave.duration / 2, cycles=2)
    with pytest.warns(pi.UnseenWarning, match="waveforms that differ by"):
        pi.drive(device, twice, points=40)


def test_a_network_for_any_waveform_takes_any(runs):
    net = train_surrogate(
        runs, Conditioned(units=8, embedding=4), schedule=Schedule(epochs=1, batch=64), validation=0.0
    )
    device, wave = device_of(net, runs, 3)
    held = pi.Waveform(
        time=wave.duration * np.array([0.0, 0.2, 0.6, 1.0]), voltage=np.array([0.0, 5.0, 5.0, 0.0])
    )
    sweep = pi.drive(device, held, points=60)
    assert np.isfinite(sweep.current).all()
    assert (sweep.current >= 0).all()
    with pytest.warns(pi.UnseenWarning, match="samples"):
        pi.drive(device, held, points=100)


def test_bad_devices_and_circuits_are_refused(net, runs):
    device, wave = device_of(net, runs, 3)
    with pytest.raises(PinchedError, match="missing are band_gap"):
        SurrogateDevice(
            surrogate=net, parameters={k: v for k, v in device.parameters.items() if k != "band_gap"}
        )
    with pytest.raises(PinchedError, match="unknown are colour"):
        SurrogateDevice(surrogate=net, parameters={**device.parameters, "colour": 1.0})
    with pytest.raises(PinchedError, match="answers for the device alone"):
        pi.drive(device, wave, series_resistance="1 kohm")
    with pytest.raises(PinchedError, match="do not lie in the waveform"):
        pi.drive(device, wave, times=np.array([0.0, 2 * wave.duration]))
