"""V_SET and V_RESET found on sweeps of our own laws, with noise, scatter of the voltage and false starts added.

The truth is the law's own threshold and the peak just before it (quasi-static memdiode). Where the voltage at which a
law switches follows from its kinetics (Stanford), it is the last sample of the same sweep without noise, 25 times as
dense, at which the way out carries less than half of the current of the way back.
"""

import numpy as np
import pytest

import pinched as pi
from pinched.data.sweep import IVSweep
from pinched.devices.laws.memdiode import MemdiodeStates
from pinched.extraction.cycles import split_cycles
from pinched.extraction.switching import extract_switching

STEP = 0.02
STOP = 2.0
FINE = 25


def stanford(rng):
    law = pi.StanfordPku(
        velocity=10.0 * 10 ** rng.uniform(-0.5, 1.0), gap_initial=1e-9 * rng.uniform(1.2, 1.6)
    )
    return law, {"series_resistance": rng.uniform(0.0, 20.0)}


def memdiode(rng):
    states = MemdiodeStates(i_hrs=10 ** rng.uniform(-7.0, -5.5), i_lrs=10 ** rng.uniform(-4.0, -3.0))
    law = pi.QuasiStaticMemdiode(
        conduction=states,
        eta_set=200.0,
        v_set=rng.uniform(0.5, 1.6),
        eta_reset=200.0,
        v_reset=-rng.uniform(0.5, 1.6),
    )
    return law, {}


def truth(law, sweep):
    """Signed V_SET and, where the law has a threshold for it, V_RESET (V)."""
    if isinstance(law, pi.QuasiStaticMemdiode):
        branch = split_cycles(sweep)[0].excursions[1].outgoing
        upper = branch.voltage <= -float(law.v_reset)
        # Around the threshold the state falls within a few mV: the current peaks just before.
        peak = branch.voltage[upper][int(np.argmax(branch.current[upper]))]
        return {"v_set": float(law.v_set), "v_reset": -float(peak)}
    # The RESET of a Stanford device is gradual: it ends where the field is too low to go on.
    out, back = split_cycles(sweep)[0].excursions[0].outgoing, split_cycles(sweep)[0].excursions[0].returning
    below = np.flatnonzero(out.current < 0.5 * back.current_at(out.voltage))
    return {"v_set": float(out.voltage[below[-1]])}


def measured(sweep, lrs, rng):
    """Every 25th sample, with what a laboratory adds."""
    voltage, current = sweep.voltage[::FINE].copy(), sweep.current[::FINE].copy()
    start = int(rng.integers(5, 15))
    length = int(rng.integers(1, 4))
    current[start : start + length] = voltage[start : start + length] / lrs
    current = current * np.exp(0.01 * rng.standard_normal(current.size)) + 1e-11 * rng.standard_normal(
        current.size
    )
    return IVSweep(voltage=voltage + 0.1 * STEP * rng.standard_normal(voltage.size), current=current)


@pytest.mark.parametrize("draw", [stanford, memdiode])
def test_switching_voltages_of_laws_are_found_within_one_step(draw):
    rng = np.random.default_rng(11)
    errors = {"v_set": [], "v_reset": []}
    for _ in range(40):
        law, circuit = draw(rng)
        wave = pi.triangle(STOP, period="1 s")
        points = round(4 * STOP / STEP) * FINE + 1
        sweep = pi.drive(law, wave, points=points, **circuit)
        known = truth(law, sweep)
        lrs = 0.1 / float(split_cycles(sweep)[0].excursions[0].returning.current_at(0.1))
        table = extract_switching(measured(sweep, lrs, rng))
        found = {"v_set": table.measured("v_set")[0], "v_reset": table.v_reset[0]}
        for name, value in known.items():
            errors[name].append(abs(float(found[name]) - value))
    for name, missed in errors.items():
        if not missed:
            continue
        assert np.mean(np.array(missed) <= 1.01 * STEP) >= 0.98, name
