"""A Schottky device without vacancies against devsim 2.11, a TCAD package that nobody here wrote."""

import ctypes
import dataclasses
import importlib
import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

import pinched as pi
from pinched.physics import _packing


def load_devsim():
    """devsim, or a skip: its wheel brings no BLAS, and takes the one in cvxopt's where the system has none."""
    found = importlib.util.find_spec("cvxopt")
    if found and found.origin and "DEVSIM_MATH_LIBS" not in os.environ:
        folder = Path(found.origin).parents[1] / "cvxopt.libs"
        for pattern in ("libquadmath*", "libgfortran*", "libopenblas*"):
            for library in folder.glob(pattern):
                ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
                os.environ["DEVSIM_MATH_LIBS"] = f"libopenblas.so:{library}"
    try:
        return importlib.import_module("devsim")
    except (ImportError, RuntimeError) as error:
        pytest.skip(
            f"devsim cannot be loaded ({error}): pip install 'pinched[test]', or set DEVSIM_MATH_LIBS"
        )


DEVICE = dataclasses.replace(
    pi.presets.spetzler2023(),
    material=dataclasses.replace(pi.presets.spetzler2023().material, vacancy_limit=0.0, doping=1e20),
    lowering=pi.BarrierLowering.NONE,
)


def test_equilibrium_and_current_agree_with_devsim():
    load_devsim()
    from physics.devsim_reference import DevsimDiode

    accuracy = dataclasses.replace(
        pi.Accuracy.reference, steps=pi.GrowingSteps(first=0.01, growth=1.2, largest=0.1)
    )
    other = DevsimDiode(DEVICE, _packing.pack(DEVICE, accuracy).x)
    other.solve(0.0)
    ours = pi.equilibrium(DEVICE, accuracy=accuracy)
    # devsim has Boltzmann statistics: 1e-7 V is what the Fermi-Dirac form changes at these barriers.
    np.testing.assert_allclose(ours.potential[0], other.get("Potential"), atol=1e-6)
    volts = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, -0.5, -1.0, -2.0, -3.0, -4.0, -5.0])
    times = np.arange(volts.size, dtype=float)
    run = pi.solve(DEVICE, pi.Waveform(time=times, voltage=volts), accuracy=accuracy)
    ours_at = np.array([run.current[np.flatnonzero(run.time == t)[0]] for t in times]) / DEVICE.geometry.area
    theirs = {0.0: 0.0}
    for path in (volts[1:7], volts[8:]):
        other.solve(0.0)
        for v in path:
            theirs[v] = other.solve(v)
    expected = np.array([theirs[v] for v in volts])
    signed = np.sign(ours_at[1]) * np.sign(expected[1])
    at = volts != 0
    # The displacement current of 5 V/s is 1e-4 A/m^2 beside 1e4 and more.
    np.testing.assert_allclose(ours_at[at], signed * expected[at], rtol=1e-4)
