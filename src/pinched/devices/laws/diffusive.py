r"""Diffusive memristor: one metal particle that voltage pulls into the gap and heat and surfaces take back.

$$ \eta\, \dot x = -U'(x) + \frac{z q v}{L} + \sqrt{2 \eta k_B T}\, \xi(t), \qquad
   \dot T = \frac{v^2}{C R(x)} - \kappa\,(T - T_0), \qquad R(x) = R_0 \cosh(x / \lambda) $$

x is the place of the particle between the electrodes at -L/2 and L/2; in the middle it bridges the gap (LRS), at
either electrode a tunnel gap is open (HRS). `Wells` is the potential: the electrode with its large particle at -L/2
and a pinning site in the middle. A voltage that is positive and large enough for long enough (a delay by chance,
shorter for more voltage) brings the particle to the site; without voltage heat takes it off again and it returns by
itself. Negative voltage only presses it against its electrode. The noise depends on T, which itself is
driven by no noise, so Ito and Stratonovich readings are the same. Use it for threshold switches, neurons and
random numbers; for volatility without chance see `wox`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from pinched import constants
from pinched._params import quantity, require
from pinched.devices import elementwise as ew
from pinched.devices.law import (
    Law,
    Param,
    StateVariable,
    Stochastic,
    Value,
    all_true,
    require_finite,
    require_range,
    show_value,
)
from pinched.devices.laws.checks import require_positive, require_temperature

HOTTEST = 1e4
"""Upper bound of the temperature (K): above it there is no solid."""


class Potential(ABC):
    """Abstract: potential energy of the particle."""

    __slots__ = ()

    @abstractmethod
    def energy(self, x: Value, length: Param) -> Value:
        """Energy (J) at `x` (m) in a gap of `length` (m), elementwise."""

    @abstractmethod
    def force(self, x: Value, length: Param) -> Value:
        """Force (N) on the particle at `x` (m) in a gap of `length` (m): minus the slope of `energy`."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Wells(Potential):
    r"""Two Gaussian wells: $-U_1 e^{-(x + L/2)^2 / 2 s_1^2} - U_2 e^{-x^2 / 2 s_2^2}$.

    The first is the electrode with its large particle: wide, so that it calls back from the whole gap. The second is
    the pinning site in the middle: shallow but narrow, so that it holds against more force than the first, yet heat
    frees the particle. The shape and its numbers are assumed: the paper names the two parts and not the curve.
    """

    electrode_depth: Param = quantity(0.4 * constants.E, "J", "U_1", "depth of the well at the electrode")
    electrode_width: Param = quantity(2.5e-9, "m", "s_1", "its width (standard deviation)")
    pinning_depth: Param = quantity(0.28 * constants.E, "J", "U_2", "depth of the pinning site")
    pinning_width: Param = quantity(0.5e-9, "m", "s_2", "its width (standard deviation)")

    def __post_init__(self) -> None:
        require_positive(self, "electrode_width", "pinning_width")
        for name in ("electrode_depth", "pinning_depth"):
            require_range(self, name, 0.0, 10.0 * constants.E)
        for name in ("electrode_width", "pinning_width"):
            require_range(self, name, 1e-11, 1e-7)

    def energy(self, x: Value, length: Param) -> Value:
        """Energy (J) at `x` (m)."""
        first = self.electrode_depth * _bell((x + 0.5 * length) / self.electrode_width)
        return -first - self.pinning_depth * _bell(x / self.pinning_width)

    def force(self, x: Value, length: Param) -> Value:
        """Force (N) at `x` (m)."""
        u, s = (x + 0.5 * length) / self.electrode_width, x / self.pinning_width
        back = self.electrode_depth / self.electrode_width * u * _bell(u)
        return -back - self.pinning_depth / self.pinning_width * s * _bell(s)


def _bell(s: Value) -> Value:
    return ew.bounded_exp(-0.5 * s * s, 700.0)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Diffusive(Law, Stochastic):
    """Parameters of diffusive devices, in SI; a tensor in a field gives each device its own value (D2D).

    The form of the equations is from memory of the paper, not re-read; all numbers are assumed: a gap of 10 nm,
    thresholds of some tenths of a volt, microseconds to switch and to forget. `drive` adds the noise sample
    by sample: give it `points` that lie well within the relaxation of the wells, `relaxation_time` here, or closer.
    Raises `PinchedError` for a place outside the gap and numbers that are no SI values: energies are in joule.
    """

    source: ClassVar[str] = "wang2017memristors"
    volatile: ClassVar[bool] = True
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="x", unit="m", symbol="x", meaning="place of the particle, 0 in the LRS"),
        StateVariable(
            name="temperature", unit="K", symbol="T", meaning="temperature of the particle", scale=300.0
        ),
    )

    length: Param = quantity(10e-9, "m", "L", "distance of the electrodes")
    friction: Param = quantity(2e-10, "kg/s", r"\eta", "friction; the particle diffuses with k_B T / eta")
    charge: Param = quantity(1.0, "1", "z", "charge of the particle, in elementary charges; above zero")
    r_min: Param = quantity(1e5, "ohm", "R_0", "resistance with the particle in the middle")
    tunnel_length: Param = quantity(0.5e-9, "m", r"\lambda", "distance over which tunnelling falls by e")
    heat_capacity: Param = quantity(1e-14, "J/K", "C", "heat capacity of the particle's surroundings")
    cooling: Param = quantity(1e7, "1/s", r"\kappa", "rate at which the temperature returns")
    ambient: Param = quantity(300.0, "K", "T_0", "temperature of the surroundings")
    x_initial: Param = quantity(-5e-9, "m", "x_0", "place before anything was applied")
    potential: Potential = field(default=Wells())

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "length", 1e-10, 1e-6)
        require_range(self, "friction", 1e-16, 1e3)
        require_range(self, "charge", 1e-3, 1e6)
        require_range(self, "r_min", 1e-2, 1e15)
        require_range(self, "tunnel_length", 1e-11, 1e-7)
        require_range(self, "heat_capacity", 1e-24, 1.0)
        require_range(self, "cooling", 1e-3, 1e15)
        require_temperature(self, "ambient")
        require(
            self,
            all_true(abs(self.x_initial) <= 0.5 * self.length),
            f"x_initial = {show_value(self.x_initial)} m lies outside the gap, which reaches from "
            f"{show_value(-0.5 * self.length)} to {show_value(0.5 * self.length)} m: 0 is its middle.",
        )

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Place between the electrodes (m); temperature from that of the surroundings (K) up."""
        return ((-0.5 * self.length, 0.5 * self.length), (self.ambient, HOTTEST))

    def initial_state(self) -> tuple[Param, ...]:
        """Place before anything was applied (m), at the temperature of the surroundings (K)."""
        return (self.x_initial, self.ambient)

    def resistance(self, x: Value) -> Value:
        """Resistance (ohm) with the particle at `x` (m), elementwise."""
        # Both exponents up to 80 fit into float32; a gap of 80 decay lengths carries nothing anyway.
        return self.r_min * ew.cosh(ew.clamp(x / self.tunnel_length, -80.0, 80.0))

    @property
    def relaxation_time(self) -> Param:
        """Time (s) in which the particle settles at the pinning site: noise must be drawn in steps well below it."""
        step = 1e-3 * self.tunnel_length
        stiffness = (self.potential.force(0.0, self.length) - self.potential.force(step, self.length)) / step
        return abs(self.friction / stiffness)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` (place in m, temperature in K) and `voltage` (V), elementwise."""
        x, _temperature = state
        return voltage / self.resistance(x)

    def state_rate(self, state: Value, voltage: Value) -> tuple[Value, Value]:
        """Mean speed of the particle (m/s) and of its temperature (K/s), elementwise."""
        x, temperature = state
        pull = self.charge * constants.E * voltage / self.length
        speed = (self.potential.force(x, self.length) + pull) / self.friction
        heating = voltage * voltage / (self.heat_capacity * self.resistance(x))
        return speed, heating - self.cooling * (temperature - self.ambient)

    def noise_strength(self, state: Value, voltage: Value) -> tuple[Value, Value]:  # noqa: ARG002
        r"""$\sqrt{2 k_B T / \eta}$ (m/$\sqrt{\mathrm{s}}$) for the place, none for the temperature; elementwise."""
        _x, temperature = state
        return ew.sqrt(2.0 * constants.K_B * temperature / self.friction), 0.0 * temperature
