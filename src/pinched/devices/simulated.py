r"""Sweeps of simulated binary devices: for the demonstration and for tests with a known truth.

Not a device law: a cell drawn from a `DeviceSpread` that is in one of two states and changes at its
V_SET and V_RESET. The LRS is ohmic, the HRS space-charge-limited on top of ohmic,
$I = V / R_\mathrm{HRS} \cdot (1 + |V| / V_x) / (1 + V_r / V_x)$, so that its resistance at $V_r$ is
$R_\mathrm{HRS}$. Everything that comes out carries `Provenance.simulated_by`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._params import quantity, require
from pinched._random import cell_normals, generator
from pinched._units import to_si
from pinched.data.sweep import IVSweep, Provenance
from pinched.devices.spread import QUANTITIES, DeviceSpread

CROSSOVER = 1.0
"""V_x (V): where the space-charge-limited current of the HRS equals its ohmic one; assumed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BinaryDevice:
    """One drawn device."""

    v_set: float = quantity(1.0, "V", r"V_\mathrm{SET}", "SET voltage, above zero")
    v_reset: float = quantity(-1.0, "V", r"V_\mathrm{RESET}", "RESET voltage, below zero")
    resistance_lrs: float = quantity(
        1e3, "ohm", r"R_\mathrm{LRS}", "low resistance state at the read voltage"
    )
    resistance_hrs: float = quantity(
        1e6, "ohm", r"R_\mathrm{HRS}", "high resistance state at the read voltage"
    )

    def __post_init__(self) -> None:
        require(
            self,
            self.v_set > 0 > self.v_reset,
            f"v_set {self.v_set} V, v_reset {self.v_reset} V: signs differ.",
        )
        require(self, min(self.resistance_lrs, self.resistance_hrs) > 0, "a resistance is not above zero.")


def draw_devices(spread: DeviceSpread, count: int, *, seed: int = 0) -> list[BinaryDevice]:
    """`count` devices drawn from `spread` by their number: device 3 is the same whatever `count` is."""
    require(BinaryDevice, count >= 1, f"{count} devices were asked for; at least 1 is needed.")
    normals = (
        cell_normals(seed, "device", range(1), (count, 1))[0, :, 0, :].astype(np.float64)
        @ spread.normal_factor.T
    )
    drawn = {name: getattr(spread, name).from_normal(normals[:, k]) for k, name in enumerate(QUANTITIES)}
    return [
        BinaryDevice(
            v_set=float(drawn["v_set"][k]),
            v_reset=-float(drawn["v_reset"][k]),
            resistance_lrs=float(drawn["resistance_lrs"][k]),
            resistance_hrs=float(drawn["resistance_hrs"][k]),
        )
        for k in range(count)
    ]


def simulate_sweep(
    device: BinaryDevice,
    *,
    stop: tuple[float, float] | None = None,
    step: str | float = "20 mV",
    compliance_current: str | float = "1 mA",
    read_voltage: str | float = "0.1 V",
    relative_noise: float = 0.01,
    noise_current: str | float = "1 pA",
    rate: str | float = "1 V",
    name: str = "device",
    seed: int = 0,
) -> IVSweep:
    """The four-segment sweep 0 -> stop[0] -> 0 -> stop[1] -> 0 of `device`, as marraccini2025fast measured.

    The compliance acts on the first two segments only. `stop` (V, V) is chosen a fifth beyond the
    switching voltages when None, at least 2 V, as an operator would who raises the sweep until the device
    switches. `rate` is the sweep rate in volt per second. Noise: `relative_noise` of the current and
    `noise_current` (A) added.
    """
    up, down = stop or (_beyond(device.v_set), -_beyond(-device.v_reset))
    dv, limit = to_si(step, "V"), to_si(compliance_current, "A")
    read, floor, speed = to_si(read_voltage, "V"), to_si(noise_current, "A"), to_si(rate, "V")
    voltage = _path(up, down, dv)
    first_half = np.arange(voltage.size) < int(np.argmax(voltage < 0))
    lrs = _states(voltage, device)
    hrs_current = voltage / device.resistance_hrs * (1 + np.abs(voltage) / CROSSOVER) / (1 + read / CROSSOVER)
    current = np.where(lrs, voltage / device.resistance_lrs, hrs_current)
    rng = generator(seed, "sweep", name)
    noisy = current * np.exp(relative_noise * rng.standard_normal(voltage.size))
    limited = np.where(first_half & (np.abs(noisy) > limit), np.sign(noisy) * limit, noisy)
    measured = limited + floor * rng.standard_normal(voltage.size)
    time = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(voltage)))]) / speed
    return IVSweep(
        voltage=voltage,
        current=measured,
        time=time,
        compliance_current=limit,
        device=name,
        provenance=Provenance(
            simulated_by="pinched.devices.simulated (two-state cell with published statistics)"
        ),
    )


def _beyond(threshold: float) -> float:
    return max(2.0, math.ceil(1.2 * threshold * 2.0) / 2.0)


def _path(up: float, down: float, step: float) -> Float[np.ndarray, " sample"]:
    require(
        BinaryDevice,
        up > 0 > down and step > 0,
        f"stop ({up} V, {down} V) and step {step} V: give +, - and +.",
    )
    rise, fall = round(up / step), round(-down / step)
    return step * np.concatenate(
        [
            np.arange(rise + 1),
            np.arange(rise - 1, -1, -1),
            -np.arange(1, fall + 1),
            -np.arange(fall - 1, -1, -1),
        ]
    ).astype(np.float64)


def _states(voltage: Float[np.ndarray, " sample"], device: BinaryDevice) -> np.ndarray:
    # The device changes at the sample that reaches its threshold; that sample shows the new state.
    after_set = np.maximum.accumulate(voltage >= device.v_set)
    after_reset = np.maximum.accumulate(voltage <= device.v_reset)
    return after_set & ~after_reset
