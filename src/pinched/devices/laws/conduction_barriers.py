r"""Static conduction over and through barriers, as devices without a state.

`SchottkyEmission` over the barrier of an electrode and `PooleFrenkelEmission` out of traps (exponentials of
$\sqrt V$); `DirectTunnelling` through a whole barrier and `FowlerNordheimTunnelling` through the triangle that a high
field leaves of it; `DiodeConduction` for one rectifying junction. All but the diode are odd in the voltage, and have
`of_film`: their parameters from thickness, area and barrier.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from pinched import constants
from pinched._errors import PinchedError
from pinched._params import quantity
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, require_range
from pinched.devices.laws.checks import require_positive, require_temperature
from pinched.devices.laws.conduction import StaticLaw, known, side_of, size_of
from pinched.extraction.conduction_sanity import RICHARDSON, Film


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SchottkyEmission(StaticLaw):
    r"""$I = \pm I_0 e^{b \sqrt{|V|}} (1 - e^{-q|V|/kT})$: over a barrier that the field lowers.

    Both electrodes alike. The last factor is what flows back: without it a current would flow at 0 V.
    """

    source: ClassVar[str] = "chiu2014review"
    i_0: Param = quantity(1e-9, "A", "I_0", "A A* T^2 exp(-q phi / kT)")
    slope: Param = quantity(3.0, "V^-1/2", "b", "(q / kT) sqrt(q / (4 pi epsilon_0 epsilon_r d))")
    temperature: Param = quantity(300.0, "K", "T", "temperature of the device")

    def __post_init__(self) -> None:
        require_positive(self, "i_0", "slope", "temperature")
        require_temperature(self, "temperature")

    @classmethod
    def of_film(
        cls, film: Film, *, barrier: float, optical_permittivity: float, richardson: float = RICHARDSON
    ) -> SchottkyEmission:
        """Of a barrier (eV) on `film`; Richardson constant in A/(m^2 K^2), that of free electrons if not given.

        Raises `PinchedError` where thickness or area of the film is unknown.
        """
        thickness, area = known(film, "thickness", "area")
        thermal = constants.K_B * film.temperature / constants.E
        return cls(
            i_0=richardson * film.temperature**2 * area * math.exp(-barrier / thermal),
            slope=image_force_slope(thickness, optical_permittivity, film.temperature, lowering=2.0),
            temperature=film.temperature,
        )

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        side = side_of(voltage)
        size = voltage * side
        back = -ew.expm1(-constants.E / constants.K_B / self.temperature * size)
        return self.i_0 * side * back * ew.bounded_exp(self.slope * ew.sqrt(size_of(voltage)))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PooleFrenkelEmission(StaticLaw):
    r"""$I = G_0 V e^{b \sqrt{|V|}}$: out of traps whose barrier the field lowers."""

    source: ClassVar[str] = "chiu2014review"
    conductance: Param = quantity(1e-9, "S", "G_0", "conductance at 0 V")
    slope: Param = quantity(
        3.0, "V^-1/2", "b", "(q / rkT) sqrt(q / (pi epsilon_0 epsilon_r d)), r from 1 to 2"
    )

    def __post_init__(self) -> None:
        require_positive(self, "conductance", "slope")

    @classmethod
    def of_film(
        cls,
        film: Film,
        *,
        depth: float,
        mobility: float,
        density: float,
        optical_permittivity: float,
        lowering: float = 1.0,
    ) -> PooleFrenkelEmission:
        """Of traps of `depth` (eV): `density` (1/m^3) carriers at the band edge of `mobility` (m^2/(V s)).

        `lowering` is r: 1 without compensation, up to 2. Raises `PinchedError` where thickness or area is unknown.
        """
        thickness, area = known(film, "thickness", "area")
        thermal = constants.K_B * film.temperature / constants.E
        carriers = density * math.exp(-depth / (lowering * thermal))
        return cls(
            conductance=constants.E * mobility * carriers * area / thickness,
            slope=image_force_slope(thickness, optical_permittivity, film.temperature, lowering=lowering),
        )

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        return self.conductance * voltage * ew.bounded_exp(self.slope * ew.sqrt(size_of(voltage)))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FowlerNordheimTunnelling(StaticLaw):
    r"""$I = \pm C V^2 e^{-B / |V|}$: through the triangle that a high field makes of a barrier."""

    source: ClassVar[str] = "chiu2014review"
    coefficient: Param = quantity(1e-6, "A/V^2", "C", "prefactor")
    field_voltage: Param = quantity(30.0, "V", "B", "8 pi sqrt(2 m*) (q phi)^(3/2) d / (3 h q)")

    def __post_init__(self) -> None:
        require_positive(self, "coefficient", "field_voltage")

    @classmethod
    def of_film(cls, film: Film, *, barrier: float) -> FowlerNordheimTunnelling:
        """Of a barrier (eV) on `film`. Raises `PinchedError` where thickness or area of the film is unknown."""
        thickness, area = known(film, "thickness", "area")
        mass = film.effective_mass * constants.M_E
        scale = 8.0 * math.pi * math.sqrt(2.0 * mass) / (3.0 * constants.H * constants.E)
        return cls(
            coefficient=constants.E**2 * area / (8.0 * math.pi * constants.H * film.effective_mass * barrier)
            / thickness**2,
            field_voltage=scale * (constants.E * barrier) ** 1.5 * thickness,
        )  # fmt: skip

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        size = size_of(voltage)
        return self.coefficient * voltage * size * ew.exp(-self.field_voltage / size)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DirectTunnelling(StaticLaw):
    r"""Through a whole barrier, for $|V| < \varphi$ (simmons1963generalized).

    $$ I = \pm C [f(\varphi - |V|/2) - f(\varphi + |V|/2)], \qquad f(u) = u\, e^{-\kappa \sqrt u} $$

    Ohmic at low voltage, with a conductance that falls as exp(-kappa sqrt(phi)). Above phi it stays at the current of
    phi: take `FowlerNordheimTunnelling` there.
    """

    source: ClassVar[str] = "simmons1963generalized"
    coefficient: Param = quantity(1e-3, "A/V", "C", "q^2 A / (2 pi h d^2)")
    decay: Param = quantity(20.0, "V^-1/2", r"\kappa", "(4 pi d / h) sqrt(2 m* q)")
    barrier: Param = quantity(1.0, "V", r"\varphi", "mean height of the barrier at 0 V")

    def __post_init__(self) -> None:
        require_positive(self, "coefficient", "decay", "barrier")
        require_range(self, "barrier", 1e-2, 20.0)

    @classmethod
    def of_film(cls, film: Film, *, barrier: float) -> DirectTunnelling:
        """Of a barrier (eV) as wide as `film`. Raises `PinchedError` where thickness or area of it is unknown."""
        thickness, area = known(film, "thickness", "area")
        mass = film.effective_mass * constants.M_E
        return cls(
            coefficient=constants.E**2 * area / (2.0 * math.pi * constants.H * thickness**2),
            decay=4.0 * math.pi * thickness / constants.H * math.sqrt(2.0 * mass * constants.E),
            barrier=barrier,
        )

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        side = side_of(voltage)
        half = ew.minimum(0.5 * voltage * side, 0.5 * self.barrier)
        low, high = self.barrier - half, self.barrier + half
        down, up = (height * ew.exp(-self.decay * ew.sqrt(height)) for height in (low, high))
        return self.coefficient * side * (down - up)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DiodeConduction(StaticLaw):
    r"""$I = I_\mathrm{s} (e^{qV / nkT} - 1)$: one Schottky junction, which conducts for V > 0."""

    source: ClassVar[str] = "chiu2014review"
    i_s: Param = quantity(1e-9, "A", r"I_\mathrm{s}", "saturation current: what flows backward")
    ideality: Param = quantity(1.0, "1", "n", "ideality, 1 for emission over the barrier alone")
    temperature: Param = quantity(300.0, "K", "T", "temperature of the device")

    def __post_init__(self) -> None:
        require_positive(self, "i_s", "ideality", "temperature")
        require_range(self, "ideality", 0.5, 100.0)
        require_temperature(self, "temperature")

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        thermal = constants.K_B / constants.E * self.ideality * self.temperature
        return self.i_s * ew.expm1(ew.minimum(voltage / thermal, 80.0))


def image_force_slope(
    thickness: float, optical_permittivity: float, temperature: float, *, lowering: float
) -> float:
    """Slope b (V^-1/2) of ln I over sqrt(V) for a film of `thickness` (m) at `temperature` (K).

    b = (q / kT) sqrt(q / (pi epsilon_0 epsilon_r d)) / `lowering`: 2 for Schottky, r from 1 to 2 for
    Poole-Frenkel. The inverse is `pinched.extraction.conduction_sanity.permittivity`. Raises `PinchedError` for
    numbers not above zero.
    """
    for name, value in (("thickness", thickness), ("optical_permittivity", optical_permittivity)):
        if not value > 0:
            raise PinchedError(f"{name} is {value}; it must be above zero (SI units).")
    field = math.sqrt(constants.E / (math.pi * constants.EPSILON_0 * optical_permittivity * thickness))
    return constants.E / (constants.K_B * temperature) * field / lowering
