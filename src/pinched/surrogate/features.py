"""What a surrogate is told of a device and of its waveform, in variables in which the physics is smooth.

`device_features` are numbers per run: the parameters (logarithms of what spans decades; the electron affinity is left
out, it shifts all potentials alike and no current), the neutral bulk, the contacts and the currents that limit, all
estimated by formulas. `course_features` are numbers per sample: voltage, step, flux, how far vacancies have come;
none of them looks ahead. `baseline` is the formulas' current, of which a network learns what is missing. `turned`
looks at devices from the end with the lower barrier.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from pinched import constants
from pinched.physics.estimate import Estimate, emission_velocity, estimate
from pinched.surrogate.runs import DRIVE, Runs

GAUGE = "electron_affinity"
"""Shifts every potential alike: no current depends on it."""

_SMALLEST = 1e-30
"""Densities, currents and conductances are taken to their logarithm from here on."""

_MOST = 37.0
"""Decades that formulas may be corrected by: single precision ends beyond them."""

_PHASES = (0.02, 0.1, 0.3, 1.0)
"""Shares of the largest voltage at which the formulas' current is told to the network, for both polarities."""


INSTANT = 7
"""So many of the first numbers of `course_features` hold at a moment; the others tell of the step that led there."""

_USUAL = 10.0
"""V: what voltages are counted in."""


def columns(runs: Runs) -> dict[str, Float[np.ndarray, " run"]]:
    """Parameters of the devices by name, without those of the drive."""
    return {name: runs.column(name) for name in runs.names if name not in DRIVE}


def amplitude(runs: Runs) -> Float[np.ndarray, " run"]:
    """Largest |voltage| (V) of each run."""
    return np.abs(runs.voltage).max(axis=1)


def duration(runs: Runs) -> Float[np.ndarray, " run"]:
    """From the first to the last sample, and half a step at both ends (s)."""
    first, last = runs.elapsed[:, 0], runs.elapsed[:, -1]
    return last - first + 0.5 * (np.diff(runs.elapsed[:, :2]) + np.diff(runs.elapsed[:, -2:]))[:, 0]


def baseline(guess: Estimate, runs: Runs) -> Float[np.ndarray, "run time"]:
    """log10 of the conductance (S) that the formulas give at each sample; at 0 V that of the smallest voltage."""
    conductance = _conductance(guess, runs)
    return np.log10(conductance, out=conductance)


def corrected(
    guess: Estimate, runs: Runs, decades: Float[np.ndarray, "run time"]
) -> Float[np.ndarray, "run time"]:
    """Current (A) where `baseline` is off by `decades`: without the logarithm, which would be most of an answer."""
    # In single precision an exponential of many takes a quarter of the time; its error is below 1e-6.
    factor = np.exp(np.float32(np.log(10.0)) * np.clip(decades, -_MOST, _MOST).astype(np.float32))
    current = _conductance(guess, runs)
    current *= runs.voltage
    current *= factor
    return current


def _conductance(guess: Estimate, runs: Runs) -> Float[np.ndarray, "run time"]:
    volts = np.where(np.abs(runs.voltage) < 1e-6, 1e-6, runs.voltage)
    return np.maximum(np.abs(guess.current(volts)), _SMALLEST) / np.abs(volts)


def turned(runs: Runs) -> Runs:
    """`runs` with each device seen from the end with its lower barrier: the other contact left, the voltage on the
    other end and the current the other way. The equations cannot tell the two apart."""
    at = [runs.names.index(name) for name in ("barrier_left", "barrier_right")]
    pair = runs.parameters[:, at]
    other = pair[:, 0] > pair[:, 1]
    values = np.array(runs.parameters)
    values[:, at] = np.where(other[:, None], pair[:, ::-1], pair)
    sign = np.where(other, -1.0, 1.0)[:, None]
    return dataclasses.replace(
        runs, parameters=values, voltage=sign * runs.voltage, current=sign * runs.current
    )


def estimates(runs: Runs) -> Estimate:
    """What formulas say of the devices of `runs`."""
    return estimate(columns(runs), runs.common)


def device_features(runs: Runs, guess: Estimate, *, drive: bool = True) -> Float[np.ndarray, "run feature"]:
    """Numbers per run, not yet scaled: numbers without a dimension only. Without `drive` they are those of the device
    at 10 V, whatever its waveform.

    The equations hold fewer numbers than the table has rows. Counted in lengths of the device, in kT and in transits,
    what is left of length, permittivities, mobilities and period are the five ratios below; length and period alone
    only scale the current, which the formulas do. A network that is told ratios need not learn that from runs.
    """
    raw = columns(runs)
    length, vt = raw["length"], guess.thermal_voltage
    top = amplitude(runs) if drive else np.full_like(length, _USUAL)
    barriers = np.stack([raw["barrier_left"], raw["barrier_right"]], axis=1)
    highest = barriers.max(axis=1)
    driven = (
        [np.log10(top), np.log10(raw["vacancy_mobility"] * duration(runs) * top / length**2)] if drive else []
    )
    permittivity = raw["permittivity"] * constants.EPSILON_0
    charges = constants.E * np.maximum(guess.bulk.sum(axis=1) + guess.bulk[:, 2] * 3.0, 1.0)
    debye = np.sqrt(permittivity * vt / charges)
    volts = np.concatenate([np.array(_PHASES), -np.array(_PHASES)]) * top[:, None]
    phases = _logs(guess.current(volts))
    # What enters at a contact over what drifts away from it, per carrier: mobility over length and velocity.
    heat = np.full_like(top, runs.common.temperature)
    emission = [
        np.log10(raw[f"{name}_mobility"] * top / (length * emission_velocity(raw[f"{name}_mass"], heat)))
        for name in ("electron", "hole")
    ]
    told = [
        raw["band_gap"], raw["barrier_left"], raw["barrier_right"], raw["vacancy_level"], raw["electron_mass"],
        raw["hole_mass"], np.log10(raw["electron_mobility"] / raw["hole_mobility"]), *emission,
        np.log10(raw["permittivity"] / length**2), np.log10(raw["image_permittivity"] * length), *driven,
        np.log10(debye / length), guess.fermi_level / vt,
        (raw["vacancy_level"] - highest) / vt, (raw["band_gap"] - highest) / vt,
        np.log10(1.0 + np.abs(raw["vacancy_level"] - barriers[:, 0]) / vt),
        np.log10(1.0 + np.abs(raw["vacancy_level"] - barriers[:, 1]) / vt),
    ]  # fmt: skip
    # Currents and conductances as shares of the largest current by formula.
    most = phases.max(axis=1, keepdims=True)
    blocks = [
        (barriers + guess.fermi_level[:, None]) / vt[:, None],
        guess.lowering / vt[:, None],
        np.arcsinh(guess.field * (length / top)[:, None]),
        _logs(guess.bulk), _logs(guess.contact), _logs(guess.injection) - most, _logs(guess.bulk_conductance) - most,
        phases - most,
    ]  # fmt: skip
    return np.concatenate([np.stack(told, axis=1), *blocks], axis=1)


def _logs(values: Float[np.ndarray, "run ..."]) -> Float[np.ndarray, "run number"]:
    return np.log10(np.maximum(np.abs(values).reshape(len(values), -1), _SMALLEST))


def course_features(runs: Runs, guess: Estimate) -> Float[np.ndarray, "run time feature"]:
    """Numbers per sample, of order one and without a dimension; times and flux in lengths that vacancies move. The
    first `INSTANT` are the same however the way to the sample is cut into steps."""
    step, middle = _stepped(runs)
    moved = _moved(runs)
    flux = np.cumsum(middle * step, axis=1)
    strongest = np.abs(guess.current(np.array([-_USUAL, _USUAL]) * np.ones((len(runs), 1)))).max(axis=1)
    usual = np.log10(np.maximum(strongest, _SMALLEST) / _USUAL)[:, None]
    zero = np.zeros_like(runs.voltage)
    return np.stack(
        [
            runs.voltage / _USUAL,
            np.abs(runs.voltage) / _USUAL,
            np.maximum.accumulate(np.maximum(runs.voltage, zero), axis=1) / _USUAL,
            np.minimum.accumulate(np.minimum(runs.voltage, zero), axis=1) / _USUAL,
            np.arcsinh(moved * flux),
            np.log10(_USUAL * moved * runs.elapsed + 1e-12),
            baseline(guess, runs) - usual,
            np.log10(_USUAL * moved * step),
            np.arcsinh(_USUAL * moved * middle * step),
        ],
        axis=-1,
    )


def course_steps(runs: Runs) -> Float[np.ndarray, "run time 2"]:
    """Length of each step in transits of vacancies at 10 V, and the voltage in its middle over 10 V."""
    step, middle = _stepped(runs)
    return np.stack([_USUAL * _moved(runs) * step, middle / _USUAL], axis=-1)


def _stepped(runs: Runs) -> tuple[Float[np.ndarray, "run time"], Float[np.ndarray, "run time"]]:
    """Time (s) since the sample before and the mean voltage (V) since then; before the first is 0 V at 0 s."""
    before = np.zeros((len(runs), 1))
    step = np.maximum(np.diff(runs.elapsed, axis=1, prepend=before), 1e-12)
    return step, 0.5 * (runs.voltage + np.concatenate([before, runs.voltage[:, :-1]], axis=1))


def _moved(runs: Runs) -> Float[np.ndarray, "run 1"]:
    """Lengths of the device that vacancies move in 1 s under 1 V."""
    raw = columns(runs)
    return (raw["vacancy_mobility"] / raw["length"] ** 2)[:, None]
