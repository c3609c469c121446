"""A Schottky device without vacancies in devsim, an independent TCAD package, on a given mesh.

Boltzmann statistics, Scharfetter-Gummel fluxes, thermionic emission at both ends. The package multiplies the node
model of a contact by the node's volume, so surface terms are divided by it.
"""

import ctypes
import dataclasses
import importlib
import importlib.util
import os
from pathlib import Path

import numpy as np

import pinched as pi
from pinched.constants import EPSILON_0, K_B, M_E, E, H
from pinched.physics import _packing


def load():
    """devsim. Its wheel brings no BLAS, and takes the one in cvxopt's where the system has none.

    Raises ImportError or RuntimeError where it cannot be loaded.
    """
    found = importlib.util.find_spec("cvxopt")
    if found and found.origin and "DEVSIM_MATH_LIBS" not in os.environ:
        folder = Path(found.origin).parents[1] / "cvxopt.libs"
        for pattern in ("libquadmath*", "libgfortran*", "libopenblas*"):
            for library in folder.glob(pattern):
                ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
                os.environ["DEVSIM_MATH_LIBS"] = f"libopenblas.so:{library}"
    return importlib.import_module("devsim")


def differences():
    """Largest difference of the equilibrium potential (V), and of the current to 5 V both ways (relative)."""
    device = dataclasses.replace(
        pi.presets.spetzler2023(),
        material=dataclasses.replace(pi.presets.spetzler2023().material, vacancy_limit=0.0, doping=1e20),
        lowering=pi.BarrierLowering.NONE,
    )
    accuracy = dataclasses.replace(
        pi.Accuracy.reference, steps=pi.GrowingSteps(first=0.01, growth=1.2, largest=0.1)
    )
    other = DevsimDiode(device, _packing.pack(device, accuracy).x)
    other.solve(0.0)
    ours = pi.equilibrium(device, accuracy=accuracy)
    potential = float(np.abs(ours.potential[0] - other.get("Potential")).max())
    volts = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, -0.5, -1.0, -2.0, -3.0, -4.0, -5.0])
    times = np.arange(volts.size, dtype=float)
    run = pi.solve(device, pi.Waveform(time=times, voltage=volts), accuracy=accuracy)
    ours_at = np.array([run.current[np.flatnonzero(run.time == t)[0]] for t in times]) / device.geometry.area
    theirs = {0.0: 0.0}
    for path in (volts[1:7], volts[8:]):
        other.solve(0.0)
        for v in path:
            theirs[v] = other.solve(v)
    expected = np.array([theirs[v] for v in volts])
    # Which way a positive current flows is a convention of each.
    signed = np.sign(ours_at[1]) * np.sign(expected[1])
    at = volts != 0
    return potential, float(np.abs(ours_at[at] / (signed * expected[at]) - 1.0).max())


DEVICE, REGION = "diode", "bulk"


class DevsimDiode:
    """`device` (one layer, Schottky contacts, no image force, no vacancies) on nodes `x` (m)."""

    def __init__(self, device, x):
        self.ds = load()
        self.x = x
        m = device.material
        vt = K_B * device.temperature / E
        nc, nv = (
            2 * (2 * np.pi * mass * M_E * K_B * device.temperature / H**2) ** 1.5
            for mass in (m.electron_mass, m.hole_mass)
        )
        self.ds.create_1d_mesh(mesh="mesh")
        for k, at in enumerate(x):
            tag = {0: "left", len(x) - 1: "right"}.get(k, f"n{k}")
            self.ds.add_1d_mesh_line(mesh="mesh", pos=float(at), ps=1.0, tag=tag)
        self.ds.add_1d_contact(mesh="mesh", name="left", tag="left", material="metal")
        self.ds.add_1d_contact(mesh="mesh", name="right", tag="right", material="metal")
        self.ds.add_1d_region(mesh="mesh", material="film", region=REGION, tag1="left", tag2="right")
        self.ds.finalize_mesh(mesh="mesh")
        self.ds.create_device(mesh="mesh", device=DEVICE)
        for name, value in {
            "q": E, "vt": vt, "eps": m.permittivity * EPSILON_0, "doping": m.doping,
            "mun": m.electron_mobility, "mup": m.hole_mobility, "bias": 0.0,
        }.items():  # fmt: skip
            self.ds.set_parameter(device=DEVICE, region=REGION, name=name, value=value)
        edge = -m.electron_affinity
        for name in ("Potential", "Electrons", "Holes"):
            self.ds.node_solution(device=DEVICE, region=REGION, name=name)
            self.ds.edge_from_node_model(device=DEVICE, region=REGION, node_model=name)
        psi = np.linspace(edge - device.left.barrier, edge - device.right.barrier, len(x))
        bulk = edge + vt * np.log(m.doping / nc)
        psi[1:-1] = bulk
        self._set("Potential", psi)
        self._set("Electrons", nc * np.exp((psi - edge) / vt))
        self._set("Holes", nv * np.exp((edge - m.band_gap - psi) / vt))
        self._poisson()
        self._continuity()
        # At rest the densities are those of a flat Fermi level.
        ends = {"left": (device.left, "0"), "right": (device.right, "bias")}
        for name, (contact, bias) in ends.items():
            wall = edge - contact.barrier
            self._model(
                f"{name}_psi", f"Potential - ({float(wall)!r}) - {bias}", {"Potential": "1"}, contact=name
            )
            self.ds.contact_equation(
                device=DEVICE, contact=name, name="PotentialEquation", node_model=f"{name}_psi",
                edge_charge_model="Displacement",
            )  # fmt: skip
            for carrier, states, mass, level, sign in (
                ("Electrons", nc, m.electron_mass, -contact.barrier, -1),
                ("Holes", nv, m.hole_mass, -(m.band_gap - contact.barrier), 1),
            ):
                speed = np.sqrt(K_B * device.temperature / (2 * np.pi * mass * M_E))
                rest = states * np.exp(level / vt)
                factor = f"{sign}*q*({float(speed)!r})/NodeVolume"
                self._model(
                    f"{name}_{carrier}",
                    f"{factor}*({carrier} - ({float(rest)!r}))",
                    {carrier: factor},
                    contact=name,
                )
                self.ds.contact_equation(
                    device=DEVICE, contact=name, name=f"{carrier}Equation", node_model=f"{name}_{carrier}",
                    edge_model=f"{carrier}Current", edge_current_model=f"{carrier}Current",
                )  # fmt: skip

    def _set(self, name, values):
        self.ds.set_node_values(device=DEVICE, region=REGION, name=name, values=[float(v) for v in values])

    def get(self, name):
        return np.array(self.ds.get_node_model_values(device=DEVICE, region=REGION, name=name))

    def _model(self, name, text, slopes, contact=None):
        where = {"device": DEVICE}
        for at, formula in {name: text, **{f"{name}:{v}": s for v, s in slopes.items()}}.items():
            if contact is None:
                self.ds.node_model(**where, region=REGION, name=at, equation=formula)
            else:
                self.ds.contact_node_model(**where, contact=contact, name=at, equation=formula)

    def _edge(self, name, text, slopes):
        for at, formula in {name: text, **{f"{name}:{v}": s for v, s in slopes.items()}}.items():
            self.ds.edge_model(device=DEVICE, region=REGION, name=at, equation=formula)

    def _poisson(self):
        self._model("Charge", "-q*(Holes - Electrons + doping)", {"Electrons": "q", "Holes": "-q"})
        self._edge(
            "Displacement", "eps*(Potential@n0 - Potential@n1)*EdgeInverseLength",
            {"Potential@n0": "eps*EdgeInverseLength", "Potential@n1": "-eps*EdgeInverseLength"},
        )  # fmt: skip
        self.ds.equation(
            device=DEVICE, region=REGION, name="PotentialEquation", variable_name="Potential", node_model="Charge",
            edge_model="Displacement", variable_update="default",
        )  # fmt: skip

    def _continuity(self):
        self._edge(
            "drop", "(Potential@n0 - Potential@n1)/vt", {"Potential@n0": "1/vt", "Potential@n1": "-1/vt"}
        )
        self._edge(
            "B01", "B(drop)",
            {"Potential@n0": "dBdx(drop)*(1/vt)", "Potential@n1": "-dBdx(drop)*(1/vt)"},
        )  # fmt: skip
        lead = {"Electrons": "q*mun*vt*EdgeInverseLength", "Holes": "-q*mup*vt*EdgeInverseLength"}
        for carrier, k in lead.items():
            at0, at1 = ("B01", "(B01 + drop)") if carrier == "Electrons" else ("(B01 + drop)", "B01")
            slope = lambda sign, c=carrier: (  # noqa: E731
                f"{lead[c]}*({c}@n1 - {c}@n0)*{sign}dBdx(drop)*(1/vt)"
                + (
                    f" + {lead[c]}*{c}@n1*({sign}1/vt)"
                    if c == "Electrons"
                    else f" - {lead[c]}*{c}@n0*({sign}1/vt)"
                )
            )
            self._edge(
                f"{carrier}Current", f"{k}*({carrier}@n1*{at1} - {carrier}@n0*{at0})",
                {
                    f"{carrier}@n0": f"-{k}*{at0}", f"{carrier}@n1": f"{k}*{at1}",
                    "Potential@n0": slope(""), "Potential@n1": slope("-"),
                },
            )  # fmt: skip
            self._model(f"{carrier}Source", "0", {})
            self.ds.equation(
                device=DEVICE, region=REGION, name=f"{carrier}Equation", variable_name=carrier,
                edge_model=f"{carrier}Current", variable_update="positive",
            )  # fmt: skip

    def solve(self, bias):
        """Steady state at `bias` (V) on the right contact; the current density (A/m^2) out of the right one."""
        self.ds.set_parameter(device=DEVICE, region=REGION, name="bias", value=float(bias))
        self.ds.solve(
            type="dc", absolute_error=1e25, relative_error=1e-10, maximum_iterations=60,
            info=False,
        )  # fmt: skip
        return sum(
            self.ds.get_contact_current(device=DEVICE, contact="right", equation=f"{c}Equation")
            for c in ("Electrons", "Holes")
        )
