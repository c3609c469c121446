"""A Schottky device without vacancies against devsim 2.11, a TCAD package that nobody here wrote."""

import pytest

from physics.devsim_reference import differences, load


def test_equilibrium_and_current_agree_with_devsim():
    try:
        load()
    except (ImportError, RuntimeError) as error:
        pytest.skip(
            f"devsim cannot be loaded ({error}): pip install 'pinched[test]', or set DEVSIM_MATH_LIBS"
        )
    potential, current = differences()
    # devsim has Boltzmann statistics: 1e-7 V is what the Fermi-Dirac form changes at these barriers.
    assert potential < 1e-6
    # The displacement current of 5 V/s is 1e-4 A/m^2 beside 1e4 and more.
    assert current < 1e-4
