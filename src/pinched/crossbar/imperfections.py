r"""What devices do to a programmed conductance: `Imperfections`, one frozen record, each entry off by default.

In the order in which they act: `levels`, `device_to_device`, `cycle_to_cycle`, stuck cells (when programmed); drift
and temperature (when time passes); `read_noise` and telegraph noise (new at every read).

Read noise acts by its moments: independent Gaussian fluctuations $\sigma_{ij}$ of the conductances under voltages
$v_i$ give a Gaussian current of variance $\sum_i v_i^2 \sigma_{ij}^2$, one number per output in place of one per
device. That is exact without wires; with wires the fluctuation of a device is taken as attenuated like its current,
the first order in the wires. Telegraph noise has these moments too, but is Gaussian only in the sum of many devices.
`literal_reads` draws every device at every read instead: slow, and the oracle for both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinched._params import quantity, require
from pinched._random import cell_uniforms
from pinched.constants import K_B, E
from pinched.crossbar.level_sets import LevelSet
from pinched.crossbar.window import ConductanceWindow
from pinched.devices.drift import PowerDrift
from pinched.devices.spatial import SpatialCorrelation
from pinched.devices.variability import device_normals


@dataclass(frozen=True, kw_only=True, slots=True)
class TelegraphNoise:
    """Traps that take a share of a device's conductance away while they are filled; reads lie far apart."""

    amplitude: float = quantity(
        0.05, "1", r"\Delta G / G", "share of the conductance that a filled trap takes"
    )
    occupancy: float = quantity(0.5, "1", "p", "share of the time that a trap is filled")
    share: float = quantity(1.0, "1", "s", "share of the devices that have a trap")

    def __post_init__(self) -> None:
        for name in ("amplitude", "occupancy", "share"):
            value = getattr(self, name)
            require(self, 0.0 <= value <= 1.0, f"{name} is {value}; it is a share, 0 to 1.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Temperature:
    """Devices and wires away from the temperature at which conductances were stated."""

    temperature: float = quantity(300.0, "K", "T", "temperature while reading")
    reference: float = quantity(300.0, "K", "T_0", "temperature at which devices were programmed")
    coefficient: float = quantity(
        0.0, "1/K", r"\alpha", "relative change of a conductance per kelvin (metallic: below zero)"
    )
    activation_energy: float = quantity(
        0.0, "eV", "E_a", "of a thermally activated conductance (semiconducting: above zero)"
    )
    wire_coefficient: float = quantity(
        3.9e-3, "1/K", r"\alpha_w", "relative change of the wire resistance per kelvin; that of copper"
    )

    def __post_init__(self) -> None:
        for name in ("temperature", "reference"):
            value = getattr(self, name)
            require(
                self, 1.0 <= value <= 1500.0, f"{name} is {value} K; between 1 and 1500. It is in kelvin."
            )
        require(
            self,
            self.device_factor > 0 and self.wire_factor > 0,
            f"at {self.temperature:g} K the factors on conductances ({self.device_factor:g}) and wires "
            f"({self.wire_factor:g}) must stay above zero. The coefficients are linear: use them near the reference.",
        )

    @property
    def device_factor(self) -> float:
        """Conductance at the temperature over that at the reference."""
        inverse = 1.0 / self.temperature - 1.0 / self.reference
        activated = math.exp(-self.activation_energy * E / K_B * inverse)
        return (1.0 + self.coefficient * (self.temperature - self.reference)) * activated

    @property
    def wire_factor(self) -> float:
        """Wire resistance at the temperature over that at the reference."""
        return 1.0 + self.wire_coefficient * (self.temperature - self.reference)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Imperfections:
    """Everything that keeps a device from being the conductance that was meant; the default is perfect."""

    levels: int | LevelSet | None = None
    """Conductances that can be programmed: so many, equally spaced from g_min to g_max, or a set; None for a
    continuum."""
    device_to_device: float = quantity(
        0.0, "1", r"\sigma_\mathrm{log}", "deviation of ln G between devices that were programmed alike"
    )
    spatial: SpatialCorrelation | None = None
    """How device-to-device deviations hang together by place; None for independent devices."""
    cycle_to_cycle: float = quantity(
        0.0,
        "1",
        r"\sigma_\mathrm{C2C}",
        "deviation of each programming, as a share of the window (write error)",
    )
    stuck_at_hrs: float = quantity(0.0, "1", "", "share of devices that stay at g_min")
    stuck_at_lrs: float = quantity(0.0, "1", "", "share of devices that stay at g_max")
    drift: PowerDrift | None = None
    """Power law of the conductance with time since programming; None for none."""
    drift_spread: float = quantity(0.0, "1", r"\sigma_\nu", "deviation of the drift exponent between devices")
    temperature: Temperature | None = None
    """None for reading at the temperature of programming."""
    read_noise: float = quantity(
        0.0,
        "1",
        r"\sigma_\mathrm{read}",
        "deviation of a conductance from read to read, as a share of itself",
    )
    read_noise_floor: float = quantity(
        0.0, "S", r"\sigma_0", "deviation from read to read that does not depend on the conductance"
    )
    telegraph_noise: TelegraphNoise | None = None
    """None for none."""
    literal_reads: bool = False
    """Draw every device at every read in place of the moments of their sum: slow, for comparison."""

    def __post_init__(self) -> None:
        require(
            self,
            not isinstance(self.levels, int) or self.levels >= 2,
            f"levels is {self.levels}; a device that stores something has 2 or more.",
        )
        for name, most in (
            ("device_to_device", 5.0), ("cycle_to_cycle", 1.0), ("drift_spread", 1.0), ("read_noise", 1.0),
            ("read_noise_floor", 1.0),
        ):  # fmt: skip
            value = getattr(self, name)
            require(
                self,
                math.isfinite(value) and 0.0 <= value <= most,
                f"{name} is {value}; it lies from 0 to {most:g} (5 % is 0.05).",
            )
        require(
            self,
            self.stuck_at_hrs >= 0 and self.stuck_at_lrs >= 0 and self.stuck_at_hrs + self.stuck_at_lrs <= 1,
            f"stuck_at_hrs {self.stuck_at_hrs} and stuck_at_lrs {self.stuck_at_lrs} must be shares whose sum is at "
            "most 1.",
        )
        require(
            self,
            self.drift is not None or self.drift_spread == 0.0,
            "drift_spread is given without a drift. Give drift=PowerDrift(nu=0.0) for a mean exponent of zero.",
        )

    @property
    def noisy(self) -> bool:
        """Whether two reads of the same devices differ."""
        return self.read_noise > 0 or self.read_noise_floor > 0 or self.telegraph_noise is not None

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the entries that are on."""
        entries = (
            "levels", "device_to_device", "spatial", "cycle_to_cycle", "stuck_at_hrs", "stuck_at_lrs", "drift",
            "temperature", "read_noise", "read_noise_floor", "telegraph_noise",
        )  # fmt: skip
        return tuple(name for name in entries if getattr(self, name))

    def nearest_level(
        self, conductance: Float[Tensor, "*cell"], window: ConductanceWindow
    ) -> Float[Tensor, "*cell"]:
        """`conductance` (S) at the nearest level; backward the identity."""
        if self.levels is None:
            return conductance
        if isinstance(self.levels, LevelSet):
            return conductance + (self.levels.nearest(conductance) - conductance).detach()
        step = window.width / (self.levels - 1)
        rounded = window.g_min + ((conductance - window.g_min) / step).round() * step
        return conductance + (rounded - conductance).detach()

    def scattered(
        self,
        target: Float[Tensor, "*cell"],
        window: ConductanceWindow,
        device: Float[Tensor, "*cell"] | float,
        cycle: Float[Tensor, "*cell"] | float,
    ) -> Float[Tensor, "*cell"]:
        """Programmed conductance (S) for standard normal numbers of each device and this programming; not below 0."""
        placed = self.nearest_level(target, window)
        if self.device_to_device:
            placed = placed * (self.device_to_device * torch.as_tensor(device)).exp()
        if self.cycle_to_cycle:
            placed = (placed + self.cycle_to_cycle * window.width * cycle).clamp(min=0.0)
        return placed

    def with_stuck(
        self, conductance: Float[Tensor, "*cell"], window: ConductanceWindow, uniform: Float[Tensor, "*cell"]
    ) -> Float[Tensor, "*cell"]:
        """`conductance` with the cells held at an end of the window that `uniform` numbers (0 to 1) choose."""
        held = torch.where(uniform < self.stuck_at_hrs, window.g_min, conductance)
        return torch.where(uniform > 1.0 - self.stuck_at_lrs, window.g_max, held)

    def aged(
        self, conductance: Float[Tensor, "*cell"], time: float, normal: Float[Tensor, "*cell"] | float
    ) -> Float[Tensor, "*cell"]:
        """`conductance` (S) at `time` (s) since programming and at the temperature of reading."""
        if self.drift is not None:
            exponent = self.drift.nu + self.drift_spread * torch.as_tensor(normal)
            law = PowerDrift(nu=0.0, reference_time=self.drift.reference_time)
            elapsed = max(time / float(law.reference_time), 1.0)
            conductance = conductance * torch.exp(-exponent * math.log(elapsed)).to(conductance)
        return conductance if self.temperature is None else conductance * self.temperature.device_factor

    def read_moments(
        self, conductance: Float[Tensor, "*cell"], traps: Bool[Tensor, "*cell"] | None
    ) -> tuple[Float[Tensor, "*cell"], Float[Tensor, "*cell"]]:
        """Mean (S) and variance (S^2) of each conductance over reads; devices of 0 S are no devices."""
        variance = (self.read_noise * conductance).square()
        if self.read_noise_floor:
            variance = variance + self.read_noise_floor**2 * (conductance > 0)
        noise = self.telegraph_noise
        if noise is None:
            return conductance, variance
        trapped = noise.amplitude * (1.0 if traps is None else traps.to(conductance))
        variance = variance + noise.occupancy * (1.0 - noise.occupancy) * (trapped * conductance).square()
        return conductance * (1.0 - noise.occupancy * trapped), variance

    def read_once(
        self, conductance: Float[Tensor, "*cell"], traps: Bool[Tensor, "*cell"] | None
    ) -> Float[Tensor, "*cell"]:
        """Each conductance (S) at one read, drawn from torch's global generator; the oracle of `read_moments`."""
        deviation = (self.read_noise * conductance).square() + self.read_noise_floor**2 * (conductance > 0)
        read = conductance + deviation.sqrt() * torch.randn_like(conductance)
        noise = self.telegraph_noise
        if noise is None:
            return read
        filled = torch.rand_like(conductance) < noise.occupancy
        if traps is not None:
            filled = filled & traps
        return read - noise.amplitude * conductance * filled


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Place:
    """Where a stack of tiles stands, so that its draws have an address."""

    seed: int
    layer: str
    """Name of the layer."""
    array: int
    """Number of the chip."""
    programming: int = 0
    """How often it was programmed before."""

    def normals(
        self, what: str, shape: tuple[int, ...], spatial: SpatialCorrelation | None = None
    ) -> Float[Tensor, "*cell"]:
        """Standard normal numbers, one per cell of `shape` (..., word line, bit line)."""
        stream = f"{what}, {self.layer}, chip {self.array}"
        stacked = (int(np.prod(shape[:-2], dtype=int)), *shape[-2:])
        if spatial is not None:
            drawn = spatial.normals(self.seed, stream, stacked)
        else:
            drawn = device_normals(self.seed, stream, stacked)
        return torch.from_numpy(np.ascontiguousarray(drawn)).reshape(shape)

    def uniforms(self, what: str, shape: tuple[int, ...]) -> Float[Tensor, "*cell"]:
        """Uniform numbers (0 to 1), one per cell of `shape`."""
        stream = f"{what}, {self.layer}, chip {self.array}"
        stacked = int(np.prod(shape[:-2], dtype=int))
        drawn = cell_uniforms(self.seed, stream, range(stacked), (shape[-2], shape[-1]))[..., 0]
        return torch.from_numpy(np.ascontiguousarray(drawn)).double().reshape(shape)
