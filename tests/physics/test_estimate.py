"""Estimates by formulas against the reference device, whose numbers nobody here made."""

import numpy as np
import pytest

from pinched import constants
from pinched._random import generator
from pinched.physics.estimate import Common, estimate
from pinched.physics.presets import spetzler2023
from pinched.physics.presets.zamankhani2024 import Restriction, zamankhani2024_ranges

MATERIAL = (
    "band_gap", "permittivity", "image_permittivity", "electron_mass", "hole_mass", "electron_mobility",
    "hole_mobility", "vacancy_level",
)  # fmt: skip


@pytest.fixture(scope="module")
def reference():
    device = spetzler2023()
    columns = {name: np.array([getattr(device.material, name)]) for name in MATERIAL}
    columns |= {
        "barrier_left": np.array([device.left.barrier]),
        "barrier_right": np.array([device.right.barrier]),
    }
    columns["length"] = np.array([device.length])
    common = Common(
        area=device.geometry.area, vacancy_limit=device.material.vacancy_limit, temperature=device.temperature,
        doping=device.material.doping,
    )  # fmt: skip
    return estimate(columns, common)


def test_the_neutral_bulk_of_the_reference_device(reference):
    # n = 7.10e21, n_x = 3.55e21 1/m^3: the public implementation's bulk, given to three digits.
    assert reference.bulk[0, 0] == pytest.approx(7.10e21, rel=2e-3)
    assert reference.bulk[0, 2] == pytest.approx(3.55e21, rel=2e-3)
    n, p, x = reference.bulk[0]
    assert p - n + 2 * x + 1e17 == pytest.approx(0.0, abs=1e-9 * n)


def test_contacts_of_the_reference_device(reference):
    # Lowering 13.7171 and 10.8912 mV and densities 2.888538e21 and 3.812269e21 1/m^3 in the public implementation's
    # equilibrium; the estimate leaves out that the image potential solves Poisson's equation too: 1 %.
    np.testing.assert_allclose(reference.lowering[0], [13.7171e-3, 10.8912e-3], rtol=1e-2)
    np.testing.assert_allclose(reference.contact[0, :, 0], [2.888538e21, 3.812269e21], rtol=5e-3)
    np.testing.assert_allclose(reference.field[0], [1176024.217, 741377.883], rtol=2e-2)


def test_the_current_is_right_to_a_factor_of_two(reference):
    # Converged currents of the reference cycle at both ends of its voltage.
    found = reference.current(np.array([[12.0, -12.0]]))[0]
    for value, true in zip(found, (1.24797e-5, -1.5268e-5), strict=True):
        assert 0.5 < value / true < 2.0


def test_current_is_odd_for_equal_contacts_and_zero_without_voltage(reference):
    assert reference.current(np.zeros((1, 1)))[0, 0] == 0.0
    both = reference.current(np.array([[3.0, -3.0]]))[0]
    assert both[0] > 0 > both[1]


@pytest.mark.parametrize("restriction", [Restriction.RESOLVED, Restriction.MEMRISTIVE])
def test_bulk_is_neutral_and_the_lowering_is_that_of_its_own_field(restriction):
    """Of thousands of draws, some with contacts so strong that an iteration from one to the other does not settle."""
    ranges = zamankhani2024_ranges(restriction)
    values = ranges.at(generator(0, "estimates").random((40_000, len(ranges.parameters))))
    values = values[ranges.kept(values)]
    assert len(values) > 500
    device, _ = ranges.device(values[0])
    common = Common(
        area=device.geometry.area, vacancy_limit=device.material.vacancy_limit, temperature=device.temperature,
        doping=device.material.doping,
    )  # fmt: skip
    columns = dict(zip(ranges.names, values.T, strict=True))
    found = estimate(columns, common)
    n, p, x = found.bulk.T
    np.testing.assert_allclose(p + 2.0 * x + common.doping, n, rtol=1e-10)
    image = 4.0 * np.pi * columns["image_permittivity"] * constants.EPSILON_0
    own = np.sqrt(np.maximum(found.field, 0.0) * constants.E / image[:, None])
    np.testing.assert_allclose(found.lowering, own, rtol=1e-9, atol=1e-10)
