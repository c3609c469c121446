r"""Retention as a law for arrays: how programmed cells drift back at a temperature.

A cell relaxes in the logarithm of its resistance from the state that was written toward its own other state,

$$ \ln R(t) = \ln R_\mathrm{end} + (\ln R_0 - \ln R_\mathrm{end})\, e^{-(t/\tau)^\beta}, \qquad
   \tau(T) = \tau_\mathrm{ref}\, e^{\frac{E_a}{k_B} (1/T - 1/T_\mathrm{ref})} $$

with a time constant that is activated (Arrhenius) and may differ between cells (lognormal). Nothing here has a
default: every number has to come from retention measured at two temperatures or more. Cells that relax toward HRS
lose '1's (a filament dissolves); toward LRS, '0's.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch import Tensor

from pinched import constants
from pinched._params import quantity, require
from pinched._random import cell_normals
from pinched.crossbar.cells import CellState


@dataclass(frozen=True, kw_only=True, slots=True)
class Bake:
    """What arrays lie through between writing and reading: a time at a temperature."""

    time: float = quantity(dataclasses.MISSING, "s", "t", "time since writing")
    temperature: float = quantity(dataclasses.MISSING, "K", "T", "temperature during that time, absolute")

    def __post_init__(self) -> None:
        require(self, self.time >= 0, f"time is {self.time} s; a bake lasts no or some time.")
        require(
            self, self.temperature > 0, f"temperature is {self.temperature} K; it is above absolute zero."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Relaxation:
    """Parameters of thermally activated relaxation, from a retention measurement."""

    toward: CellState
    """The state toward which cells drift; cells in that state keep their resistance."""
    tau: float = quantity(
        dataclasses.MISSING, "s", r"\tau_\mathrm{ref}", "median time constant at reference_temperature"
    )
    reference_temperature: float = quantity(
        dataclasses.MISSING, "K", r"T_\mathrm{ref}", "temperature at which tau holds"
    )
    activation_energy: float = quantity(
        dataclasses.MISSING, "J", "E_a", "activation energy of tau; 1 eV is constants.E joule"
    )
    stretch: float = quantity(dataclasses.MISSING, "1", r"\beta", "stretching exponent, 1 for an exponential")
    sigma_log: float = quantity(
        dataclasses.MISSING, "1", r"\sigma", "spread of ln(tau) between cells; 0 for cells that are alike"
    )
    source: str = ""
    """Key in references.bib, or the measurement that it was fitted to."""

    def __post_init__(self) -> None:
        for name in ("tau", "reference_temperature", "stretch"):
            value = getattr(self, name)
            require(self, value > 0, f"{name} is {value}; it is above zero (SI units).")
        for name, hint in (
            ("activation_energy", " (J). Give it in joule: 1 eV is 1.6e-19 J"),
            ("sigma_log", ""),
        ):
            value = getattr(self, name)
            require(self, value >= 0, f"{name} is {value}; it cannot be negative{hint}.")
        require(
            self,
            self.activation_energy < 100 * constants.E,
            f"activation_energy is {self.activation_energy} J, which is more than 100 eV. Was it given in eV? "
            "Multiply by 1.602e-19.",
        )

    def equivalent_time(self, time: float, temperature: float) -> float:
        """Time (s) at the reference temperature that ages a cell as `time` (s) at `temperature` (K)."""
        inverse = 1.0 / self.reference_temperature - 1.0 / temperature
        return time * math.exp(self.activation_energy / constants.K_B * inverse)

    def draw_tau(
        self, seed: int, arrays: range, shape: tuple[int, int]
    ) -> Float32[Tensor, "array word_line bit_line"]:
        """Time constant (s) of every cell at the reference temperature, by address."""
        if self.sigma_log == 0.0:
            return torch.full((len(arrays), *shape), self.tau)
        normal = cell_normals(seed, "retention", arrays, shape)[..., 0]
        return torch.from_numpy(np.float32(self.tau) * np.exp(np.float32(self.sigma_log) * normal))

    def relaxed(
        self,
        resistance: Float32[Tensor, "*cell"],
        end: Float32[Tensor, "*cell"],
        age: Float32[Tensor, "*cell"],
        tau: Float32[Tensor, "*cell"],
    ) -> Float32[Tensor, "*cell"]:
        """Resistance (ohm) after `age` (s at the reference temperature), from `resistance` toward `end` (ohm)."""
        # NumPy rounds an exponential alike wherever the cell stands; torch does not in the last cells of a tensor:
        # a cell would then depend on the portion that it was baked in.
        aged = age > 0
        since = np.log(torch.where(aged, age / tau, 1.0).numpy())
        left = np.exp(-np.exp(np.float32(self.stretch) * since))
        drifted = end * torch.from_numpy(np.exp(left * np.log((resistance / end).numpy())))
        # Exactly what was written while nothing has happened: exp(log) would round it.
        return torch.where(aged, drifted, resistance)

    def affects(self, state: Bool[Tensor, "*cell"]) -> Bool[Tensor, "*cell"]:
        """Which cells drift, by `state` (True in LRS): those that are not in the state `toward`."""
        return state if self.toward is CellState.HRS else ~state
