"""Records to the arrays that the compiled loops take, and frames of the loops back to profiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from pinched.constants import K_B, E
from pinched.physics import _layout, _march
from pinched.physics._scale import density_of_states
from pinched.physics._statistics import excess
from pinched.physics.accuracy import Accuracy, GrowingSteps
from pinched.physics.device import BarrierLowering, OhmicContact, TransportDevice
from pinched.physics.material import Material
from pinched.physics.mesh import mesh
from pinched.physics.run import Profiles

_MODES = {
    BarrierLowering.NONE: _layout.NO_LOWERING,
    BarrierLowering.FROZEN: _layout.FROZEN,
    BarrierLowering.FOLLOWING: _layout.FOLLOWING,
}


class Packed(NamedTuple):
    """A device on its mesh."""

    x: Float[np.ndarray, " node"]
    edge_layer: Int[np.ndarray, " edge"]
    layers: Float[np.ndarray, "layer column"]
    contacts: Float[np.ndarray, "2 column"]


def pack(device: TransportDevice, accuracy: Accuracy) -> Packed:
    """The arrays of `device` on the mesh of `accuracy`."""
    stack = device.stack
    x, edge_layer = mesh(tuple(layer.length for layer in stack), accuracy.first_cell, accuracy.largest_cell)
    contacts = np.zeros((2, _layout.CONTACT_COLUMNS))
    for side, contact in enumerate((device.left, device.right)):
        if isinstance(contact, OhmicContact):
            contacts[side, _layout.KIND] = _layout.OHMIC
        else:
            contacts[side, _layout.KIND] = _layout.SCHOTTKY
            contacts[side, _layout.BARRIER] = contact.barrier
    return Packed(x, edge_layer, np.array([layer_row(layer.material) for layer in stack]), contacts)


def layer_row(m: Material) -> Float[np.ndarray, " column"]:
    """The row of the matrix of layers for a material."""
    traps = (0.0, 0.0, 0.0) if m.traps is None else (m.traps.density, m.traps.depth, m.traps.cross_section)
    return np.array([
        m.permittivity, m.image_permittivity, m.electron_mass, m.hole_mass, m.electron_mobility, m.hole_mobility,
        m.vacancy_mobility, m.band_gap, m.electron_affinity, m.vacancy_level, m.vacancy_limit, m.doping, *traps,
    ], dtype=np.float64)  # fmt: skip


def control(
    device: TransportDevice,
    accuracy: Accuracy,
    time: Float[np.ndarray, " corner"],
    voltage: Float[np.ndarray, " corner"],
) -> Float[np.ndarray, " number"]:
    """The numbers that control the loop, see `_march`."""
    c = np.zeros(_march.CONTROL)
    steps = accuracy.steps
    duration = float(time[-1] - time[0])
    if isinstance(steps, GrowingSteps):
        c[_march.FIRST], c[_march.GROWTH], c[_march.LARGEST] = steps.first, steps.growth, steps.largest
    else:
        spread = float(np.ptp(voltage))
        lengths = np.diff(time)
        # A two-hundredth of a straight piece of the waveform, or of the whole where the pieces are many.
        c[_march.FIRST] = max(float(lengths.min()) / 200.0, duration * 1e-5 if lengths.size > 100 else 0.0)
        c[_march.LARGEST] = duration / 10.0
        if device.heating is not None and device.heating.time_constant > 0.0:
            # The temperature follows step by step, so the steps must resolve it.
            c[_march.LARGEST] = min(c[_march.LARGEST], device.heating.time_constant / 20.0)
            c[_march.FIRST] = min(c[_march.FIRST], c[_march.LARGEST])
        c[_march.TOLERANCE] = steps.tolerance
        c[_march.MAX_VOLTS] = steps.share * spread if spread > 0.0 else 1.0
    c[_march.SPLIT] = 2
    c[_march.MODE] = _MODES[device.lowering]
    c[_march.EXACT] = float(accuracy.half_cell)
    if device.heating is not None:
        c[_march.HEAT_R], c[_march.HEAT_TAU] = device.heating.resistance, device.heating.time_constant
        c[_march.HEAT_EA] = device.heating.vacancy_activation
    c[_march.AREA], c[_march.AMBIENT] = device.geometry.area, device.temperature
    return c


def profiles(
    packed: Packed,
    device: TransportDevice,
    frames: Float[np.ndarray, "frame node 6"],
    records: Float[np.ndarray, "frame column"],
    lowering: Float[np.ndarray, " 2"],
) -> Profiles:
    """Frames of the loop in SI. A node between two layers is shown as part of the left one."""
    temperature = records[:, _march.TEMPERATURE]
    vt = (K_B * temperature / E)[:, None]
    at = np.concatenate([packed.edge_layer[:1], packed.edge_layer])
    lay = packed.layers[at]
    mass_n, mass_p = lay[:, _layout.MASS_N], lay[:, _layout.MASS_P]
    nc = np.array([_states(mass_n, t) for t in temperature])
    nv = np.array([_states(mass_p, t) for t in temperature])
    limit = lay[:, _layout.LIMIT]
    psi = frames[:, :, 0] * vt
    edge = -lay[:, _layout.AFFINITY]
    gap, depth = lay[:, _layout.GAP], lay[:, _layout.LEVEL]
    excess_x = frames[:, :, 3].copy()
    # Vacancies of a node are held in the right layer where the left one has none.
    excess_x[:, limit == 0.0] = 0.0
    eta_n, eta_p = _level(frames[:, :, 1]), _level(frames[:, :, 2])
    with np.errstate(divide="ignore"):
        eta_x = np.where(excess_x > 30.0, excess_x, np.log(np.expm1(np.minimum(excess_x, 30.0))))
    there = lay[:, _layout.TRAPS] > 0.0
    filled = np.where(there, frames[:, :, 4], np.nan)
    filled[:, 0] = np.where(there[0], frames[:, 0, 5], np.nan)
    return Profiles(
        time=records[:, _march.TIME].copy(),
        voltage=records[:, _march.VOLTAGE].copy(),
        position=packed.x,
        potential=psi,
        electron_density=nc * frames[:, :, 1],
        hole_density=nv * frames[:, :, 2],
        vacancy_density=limit * -np.expm1(-excess_x),
        trap_occupation=filled,
        conduction_band=edge - psi,
        valence_band=edge - gap - psi,
        electron_fermi=psi - edge - vt * eta_n,
        hole_fermi=psi - edge + gap + vt * eta_p,
        vacancy_fermi=np.where(limit > 0.0, psi - (edge - depth) + 0.5 * vt * eta_x, np.nan),
        temperature=temperature.copy(),
        lowering=lowering * (K_B * device.temperature / E),
    )


def _states(mass: Float[np.ndarray, " node"], temperature: float) -> Float[np.ndarray, " node"]:
    return np.array([density_of_states(m, temperature) for m in mass])


def _level(fraction: Float[np.ndarray, "frame node"]) -> Float[np.ndarray, "frame node"]:
    """Reduced level of a fraction of the band's density of states."""
    return np.log(fraction) + _excesses(fraction.ravel()).reshape(fraction.shape)


@njit(cache=True, error_model="numpy")
def _excesses(fraction):
    out = np.empty_like(fraction)
    for i in range(fraction.size):
        out[i] = excess(fraction[i])[0]
    return out
