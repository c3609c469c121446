"""The engine against a second solver of the same equations that was written to be plain (`slow_transport`)."""

import numpy as np
import pytest

import pinched as pi
from physics.slow_transport import SlowTransport
from pinched._random import generator
from pinched.physics import _packing

COARSE = {"first_cell": 1e-2, "largest_cell": 0.1, "extrapolate": False}
STEPS = pi.GrowingSteps(first=2e-3, growth=1.3, largest=0.1)


def material(draw, **fixed):
    """A random material whose layers a coarse mesh resolves."""
    level = draw.uniform(0.3, 0.5)
    values = {
        "band_gap": draw.uniform(0.8, 1.8),
        "electron_affinity": draw.uniform(3.8, 4.2),
        "permittivity": draw.uniform(3, 15),
        "image_permittivity": draw.uniform(3, 15),
        "electron_mass": draw.uniform(0.2, 0.9),
        "hole_mass": draw.uniform(0.2, 0.9),
        "electron_mobility": 10 ** draw.uniform(-5, -3),
        "hole_mobility": 10 ** draw.uniform(-5, -3),
        "vacancy_mobility": 10 ** draw.uniform(-14, -12),
        "vacancy_level": level,
        "doping": 10 ** draw.uniform(17, 21),
    }
    return pi.Material(**(values | fixed))


def devices():
    draw = generator(5, "slow transport")
    plain = [
        pi.TransportDevice(
            material=material(draw),
            geometry=pi.Geometry(length=draw.uniform(0.2e-6, 1e-6), area=1e-12),
            left=pi.SchottkyContact(barrier=draw.uniform(0.15, 0.35)),
            right=pi.SchottkyContact(barrier=draw.uniform(0.15, 0.35)),
            temperature=draw.uniform(280, 400),
            lowering=lowering,
        )
        for lowering in (*pi.BarrierLowering, pi.BarrierLowering.FROZEN)
    ]
    traps = pi.Traps(density=2e21, depth=0.3, cross_section=1e-24)
    trapped = pi.TransportDevice(
        material=material(draw, traps=traps), geometry=pi.Geometry(length=5e-7, area=1e-12),
        left=pi.SchottkyContact(barrier=0.25), right=pi.SchottkyContact(barrier=0.2),
    )  # fmt: skip
    layered = pi.TransportDevice(
        layers=(
            pi.Layer(material=material(draw, electron_affinity=4.0, traps=traps), length=2e-7),
            pi.Layer(material=material(draw, electron_affinity=4.1), length=3e-7),
        ),
        geometry=pi.Geometry(area=1e-12),
        left=pi.SchottkyContact(barrier=0.25), right=pi.SchottkyContact(barrier=0.3),
    )  # fmt: skip
    ohmic = pi.TransportDevice(
        material=material(draw), geometry=pi.Geometry(length=5e-7, area=1e-12),
        left=pi.OhmicContact(), right=pi.SchottkyContact(barrier=0.3),
    )  # fmt: skip
    names = ["none", "frozen", "following", "frozen 2", "traps", "two layers with traps", "ohmic"]
    return dict(zip(names, [*plain, trapped, layered, ohmic], strict=True))


DEVICES = devices()


def compared(device, half_cell, amplitude, duration):
    accuracy = pi.Accuracy(**COARSE, steps=STEPS, half_cell=half_cell)
    wave = pi.Waveform(
        time=np.array([0.0, duration, 2 * duration]), voltage=np.array([0.0, amplitude, -amplitude])
    )
    # A batch does not warn of the mesh, which is coarse on purpose.
    (run,) = pi.solve_batch([device], wave, accuracy=accuracy, profiles=True)
    packed = _packing.pack(device, accuracy)
    slow = SlowTransport(device, packed.x, packed.edge_layer, half_cell)
    state = slow.equilibrium()
    current, potential = [0.0], [slow.split(state)[0].numpy()]
    for k in range(1, len(run)):
        dt = run.time[k] - run.time[k - 1]
        now = slow.step(state, dt, run.voltage[k])
        current.append(slow.current(state, now, dt))
        potential.append(slow.split(now)[0].numpy())
        state = now
    return run, np.array(current), np.array(potential)


def test_a_few_steps_agree_with_the_plain_solver():
    check(*compared(DEVICES["frozen"], True, 0.1, 0.004))


@pytest.mark.slow
@pytest.mark.parametrize("half_cell", [False, True])
@pytest.mark.parametrize("name", list(DEVICES))
def test_a_sweep_agrees_with_the_plain_solver(name, half_cell):
    check(*compared(DEVICES[name], half_cell, 1.5, 1.0))


def check(run, current, potential):
    # Both end Newton's method by quadratic convergence; what is left is rounding in the plain solver's dense matrix.
    np.testing.assert_allclose(run.profiles.potential, potential, atol=2e-9)
    size = np.abs(current).max()
    np.testing.assert_allclose(run.current, current, rtol=1e-6, atol=1e-7 * size)
