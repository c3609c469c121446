"""What `solve` promises: refused input, runs that fail, batches, profiles, heating, layers, waveforms."""

import dataclasses
import warnings

import numpy as np
import pytest

import pinched as pi
from pinched._errors import PinchedError
from pinched.physics.parameters import parameters, with_parameters

DEVICE = pi.presets.spetzler2023()
COARSE = pi.Accuracy(first_cell=5e-3, largest_cell=5e-2, extrapolate=False)
RAMP = pi.Waveform(time=np.array([0.0, 0.2, 0.4]), voltage=np.array([0.0, 1.0, 0.0]))


def test_a_run_is_a_sweep_marked_as_simulated():
    run = pi.solve(DEVICE, RAMP, accuracy=COARSE)
    assert isinstance(run, pi.IVSweep)
    assert run.provenance.simulated_by == "pinched.physics.solve"
    assert run.finished
    assert run.current[0] == 0.0
    assert {0.0, 0.2, 0.4} <= set(run.time.tolist())
    assert run.current[np.argmax(run.voltage)] > 0.0


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda: pi.Material(permittivity=-1.0), r"permittivity .* is -1.0 1; it must be from"),
        (lambda: pi.Material(band_gap=float("nan")), "band_gap"),
        (lambda: pi.Geometry(length=-1e-6), "length"),
        (lambda: pi.Geometry(length=1.0), "Check its unit"),
        (lambda: pi.TransportDevice(left=pi.SchottkyContact(barrier=2.0)), "above the band gap"),
        (lambda: pi.TransportDevice(temperature=27.0), "temperature"),
        (lambda: pi.Accuracy(first_cell=0.05, largest_cell=0.05), "first_cell"),
        (lambda: pi.GrowingSteps(first=1.0, largest=0.1), "Swap"),
        (lambda: pi.Layer(material=pi.Material()), "length"),
        (lambda: pi.Traps(density=-1.0), "density"),
        (lambda: pi.Heating(resistance=-1.0), "resistance"),
    ],
)
def test_what_cannot_be_is_refused(change, match):
    with pytest.raises(PinchedError, match=match):
        change()


def test_a_barrier_beyond_the_gap_can_be_meant():
    contact = pi.SchottkyContact(barrier=1.4, beyond_gap=True)
    assert dataclasses.replace(DEVICE, left=contact).left.barrier == 1.4


@pytest.mark.parametrize(
    ("time", "voltage", "match"),
    [
        ([0.0, 1.0, 1.0, 2.0], [0.0, 0.0, 1.0, 1.0], "jumps from 0 V to 1 V at 1 s.*rise"),
        ([0.0, 1.0], [0.5, 1.0], "starts at 0.5 V"),
        ([0.0, 0.0], [0.0, 0.0], "no length"),
    ],
)
def test_waveforms_that_jump_are_refused(time, voltage, match):
    with pytest.raises(PinchedError, match=match):
        pi.solve(DEVICE, pi.Waveform(time=np.array(time), voltage=np.array(voltage)), accuracy=COARSE)


def test_a_mesh_that_does_not_resolve_the_contact_warns():
    material = dataclasses.replace(DEVICE.material, vacancy_level=0.2)
    device = dataclasses.replace(DEVICE, material=material, left=pi.SchottkyContact(barrier=0.8))
    with pytest.warns(pi.TransportWarning, match="too coarse.*Debye length"):
        run = pi.solve(device, RAMP, accuracy=COARSE)
    assert run.quality.steepest_cell > 2.0
    # A study of many devices says the same without a warning.
    (same,) = pi.solve_batch([device], RAMP, accuracy=COARSE)
    assert same.quality.warnings == run.quality.warnings


def test_a_run_that_fails_says_why_and_keeps_what_it_has():
    short = dataclasses.replace(COARSE, max_steps=5)
    with pytest.warns(pi.TransportWarning, match="max_steps"):
        run = pi.solve(DEVICE, RAMP, accuracy=short)
    assert "5) steps were not enough" in run.why
    assert not run.finished
    assert len(run) == 6
    assert np.isfinite(run.current).all()


def test_a_batch_is_its_runs_whatever_the_workers():
    devices = [
        with_parameters(DEVICE, {"barrier_left": b, "vacancy_level": 0.4}) for b in (0.2, 0.25, 0.3, 0.35)
    ]
    one = pi.solve_batch(devices, RAMP, accuracy=COARSE, workers=1)
    two = pi.solve_batch(devices, [RAMP] * 4, accuracy=COARSE, workers=2)
    for a, b, device in zip(one, two, devices, strict=True):
        np.testing.assert_array_equal(a.current, b.current)
        assert a.transport_device == device
    with pytest.raises(PinchedError, match="4 devices and 1 waveforms"):
        pi.solve_batch(devices, [RAMP])


def test_profiles_at_wanted_times_are_hit_exactly():
    run = pi.solve(DEVICE, RAMP, accuracy=COARSE, profiles=[0.0, 0.123, 0.4])
    np.testing.assert_array_equal(run.profiles.time, [0.0, 0.123, 0.4])
    every = pi.solve(DEVICE, RAMP, accuracy=COARSE, profiles=True)
    np.testing.assert_array_equal(every.profiles.time, every.time)
    with pytest.raises(PinchedError, match="outside the waveform"):
        pi.solve(DEVICE, RAMP, accuracy=COARSE, profiles=[1.0])


def test_many_moments_are_thinned_not_lost():
    steps = pi.GrowingSteps(first=4e-4, growth=1.0, largest=4e-4)
    run = pi.solve(DEVICE, RAMP, accuracy=dataclasses.replace(COARSE, steps=steps), profiles=True)
    assert len(run) > 900
    assert 200 <= len(run.profiles) <= 400
    assert set(run.profiles.time) <= set(run.time)
    assert run.profiles.time[-1] > 0.39


def test_an_ohmic_resistor_obeys_ohms_law():
    """No barriers, no vacancies: R = L / (q n mu A), n being the doping; a closed form."""
    material = dataclasses.replace(DEVICE.material, vacancy_limit=0.0, doping=1e22)
    device = dataclasses.replace(DEVICE, material=material, left=pi.OhmicContact(), right=pi.OhmicContact())
    run = pi.solve(device, RAMP, accuracy=COARSE)
    conductance = 1.602176634e-19 * 1e22 * 1e-4 * 2.1e-11 / 1e-6
    at = run.voltage > 0.5
    # The ends carry the displacement current of the ramp beside it, 1e-9 of it.
    np.testing.assert_allclose(run.current[at], conductance * run.voltage[at], rtol=1e-6)
    assert run.quality.current_mismatch < 1e-9


def test_a_layer_cut_in_two_is_the_same_device():
    """Two layers of one material, against one: the mesh differs, the device does not."""
    half = pi.Layer(material=DEVICE.material, length=5e-7)
    two = dataclasses.replace(DEVICE, layers=(half, half))
    fine = dataclasses.replace(COARSE, first_cell=5e-4, largest_cell=2e-2)
    a = pi.solve(DEVICE, RAMP, accuracy=fine)
    b = pi.solve(two, RAMP, accuracy=fine)
    np.testing.assert_allclose(a.current[-1], b.current[-1], rtol=2e-2)
    np.testing.assert_allclose(a.current.max(), b.current.max(), rtol=5e-3)


def test_a_layer_without_vacancies_keeps_them_out():
    plain = dataclasses.replace(DEVICE.material, vacancy_limit=0.0, doping=1e21)
    device = dataclasses.replace(
        DEVICE,
        layers=(pi.Layer(material=plain, length=4e-7), pi.Layer(material=DEVICE.material, length=6e-7)),
    )
    run = pi.solve(device, RAMP, accuracy=COARSE, profiles=[0.2])
    inside = run.profiles
    assert (inside.vacancy_density[0, inside.position < 3.99e-7] == 0.0).all()
    assert run.quality.vacancy_balance < 1e-9
    assert run.quality.current_mismatch < 1e-8


def test_lumped_heating_reaches_its_closed_form():
    """A resistor held at a voltage: T = T_0 + R_th I U in the end, by exp(-t / tau) on the way."""
    material = dataclasses.replace(DEVICE.material, vacancy_limit=0.0, doping=1e22)
    heat = pi.Heating(resistance=2e6, time_constant=0.1)
    device = dataclasses.replace(
        DEVICE, material=material, left=pi.OhmicContact(), right=pi.OhmicContact(), heating=heat
    )
    wave = pi.Waveform(time=np.array([0.0, 1e-3, 1.0]), voltage=np.array([0.0, 1.0, 1.0]))
    run = pi.solve(device, wave, accuracy=COARSE)
    power = run.current[-1] * 1.0
    assert power > 1e-6
    assert run.temperature is not None
    assert run.temperature[-1] == pytest.approx(300.0 + 2e6 * power, rel=1e-3)
    middle = np.interp(0.101, run.time, run.temperature)
    # One time constant after the ramp; the step of first order leaves a few hundredths.
    assert (middle - 300.0) / (2e6 * power) == pytest.approx(1 - np.exp(-1), abs=0.05)


def test_heat_makes_activated_vacancies_faster():
    heat = pi.Heating(resistance=5e6, vacancy_activation=0.6)
    hot = dataclasses.replace(DEVICE, heating=heat)
    wave = pi.triangle("5 V", period="2 s")
    loops = [
        np.ptp(run.current[np.abs(run.voltage - 2.5) < 0.05])
        for run in (pi.solve(device, wave, accuracy=COARSE) for device in (DEVICE, hot))
    ]
    assert loops[1] > 1.2 * loops[0]


def test_a_sine_and_pulses_run():
    sine = pi.solve(DEVICE, pi.sine("1 V", frequency="1 Hz", points_per_period=200), accuracy=COARSE)
    assert sine.finished
    pulses = pi.pulse_train("2 V", width="10 ms", gap="10 ms", count=2, rise="1 ms")
    run = pi.solve(DEVICE, pulses, accuracy=COARSE)
    assert run.finished
    assert run.quality.current_mismatch < 1e-8


def test_the_vacuum_level_is_a_gauge():
    """The affinity shifts every potential and changes no current."""
    moved = with_parameters(DEVICE, {"electron_affinity": 2.5})
    a, b = (pi.solve(d, RAMP, accuracy=COARSE) for d in (DEVICE, moved))
    np.testing.assert_allclose(a.current, b.current, rtol=1e-7, atol=1e-18)


def test_a_mirrored_device_is_its_own_mirror_image():
    mirrored = dataclasses.replace(DEVICE, left=DEVICE.right, right=DEVICE.left)
    down = pi.Waveform(time=RAMP.time, voltage=-RAMP.voltage)
    a = pi.solve(DEVICE, RAMP, accuracy=COARSE)
    b = pi.solve(mirrored, down, accuracy=COARSE)
    np.testing.assert_allclose(a.current, -b.current, rtol=1e-7, atol=1e-16)


def test_parameters_by_name_go_there_and_back():
    known = parameters(DEVICE)
    assert known["barrier_left"].value == 0.225
    assert known["barrier_left"].unit == "eV"
    assert known["vacancy_mobility"].value == 8e-14
    changed = with_parameters(
        DEVICE, {"barrier_left": 0.3, "area": 1e-12, "band_gap": 1.5, "temperature": 350.0}
    )
    again = {name: place.value for name, place in parameters(changed).items()}
    assert again == {name: place.value for name, place in known.items()} | {
        "barrier_left": 0.3, "area": 1e-12, "band_gap": 1.5, "temperature": 350.0,
    }  # fmt: skip
    with pytest.raises(PinchedError, match="no parameter 'barier'"):
        with_parameters(DEVICE, {"barier": 1.0})


def test_every_number_of_a_device_states_unit_symbol_and_range():
    for record in (pi.Material, pi.Geometry, pi.SchottkyContact, pi.Traps, pi.Heating, pi.Layer):
        for item in dataclasses.fields(record):
            if item.type in ("float", float):
                assert item.metadata["unit"]
                assert item.metadata["symbol"]
                low, high = item.metadata["valid"]
                assert low < high


def test_nothing_warns_on_the_reference_device():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pi.solve(DEVICE, RAMP, accuracy=pi.Accuracy.normal)
