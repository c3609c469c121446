"""Static conduction laws as devices without a state: building blocks, and what a state conducts by.

`OhmicConduction` for a metallic filament; `SpaceChargeConduction` for injection into a bulk with or without traps
(log-log slope 1, then 2 or more); `SinhConduction` for hopping, or any current that is ohmic at first and exponential
later; `MemdiodeConduction` for two diodes back to back; `ContactConduction` for a quantum point contact. Emission and
tunnelling over and through barriers: `conduction_barriers`.

Their parameters are those that a curve can tell, the same as in `pinched.extraction`: `conduction_fitted` makes
the device of a fitted law, and `of_film`, where a class has it, computes them from the film. A series resistance is
`drive`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from pinched import constants
from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.devices import elementwise as ew
from pinched.devices.law import Law, Param, StateVariable, Value, all_true, require_range, show_value
from pinched.devices.laws.checks import require_positive, require_share
from pinched.extraction.conduction_sanity import Film


class StaticLaw(Law):
    """Abstract: a device without a state; only `current` is left to write."""

    __slots__ = ()
    states: ClassVar[tuple[StateVariable, ...]] = ()

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """None: there is no state."""
        return ()

    def initial_state(self) -> tuple[Param, ...]:
        """None: there is no state."""
        return ()

    def state_rate(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Empty: there is no state."""
        return ()


def memdiode_current(voltage: Value, i_0: Value, alpha: Value, beta: Value) -> Value:
    """Current (A) of a memdiode of amplitude `i_0` (A), steepness `alpha` (1/V), share `beta`, at `voltage` (V)."""
    return i_0 * (ew.bounded_exp(beta * alpha * voltage) - ew.bounded_exp((beta - 1.0) * alpha * voltage))


def contact_current(voltage: Value, alpha: Value, barrier: Value, drop: Value) -> Value:
    """Current (A) of one channel of a point contact, of transmission 1 / (1 + exp(-alpha (E - barrier))).

    `alpha` in 1/eV, `barrier` in eV; `drop` is the share of `voltage` (V) on the emitting side. Exact in both
    limits: no exponential overflows.
    """
    forward = ew.softplus(alpha * (drop * voltage - barrier))
    backward = ew.softplus(-alpha * ((1.0 - drop) * voltage + barrier))
    return constants.G_0 / alpha * (forward - backward)


def side_of(voltage: Value) -> Value:
    """-1 below 0 V, else 1."""
    # Not sign(): its zero at 0 V would take the slope of an odd law away there.
    return ew.where(voltage < 0, -1.0, 1.0)


def size_of(voltage: Value) -> Value:
    """|voltage| (V), at least a picovolt: for roots and inverses, whose slope at 0 V is infinite."""
    return ew.maximum(voltage * side_of(voltage), 1e-12)


def known(film: Film, *names: str) -> tuple[float, ...]:
    """What `names` of `film` are. Raises `PinchedError` for one that is None."""
    values = tuple(getattr(film, name) for name in names)
    missing = [name for name, value in zip(names, values, strict=True) if value is None]
    if missing:
        raise PinchedError(f"the {' and the '.join(missing)} of the film is unknown; give it to Film.")
    return values


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OhmicConduction(StaticLaw):
    """I = G V."""

    source: ClassVar[str] = "chiu2014review"
    conductance: Param = quantity(1e-4, "S", "G", "conductance")

    def __post_init__(self) -> None:
        require_positive(self, "conductance")
        require_range(self, "conductance", 1e-18, 1e3)

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        return self.conductance * voltage


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpaceChargeConduction(StaticLaw):
    r"""$I = \pm K (V_x^{m-1} |V| + |V|^m)$: ohmic below V_x, space charge above; m = 2 is the law of Mott and Gurney.

    Traps spread in energy give m = 1 + T_t / T above 2 (rose1955space). K is the space-charge current at 1 V.
    """

    source: ClassVar[str] = "rose1955space"
    coefficient: Param = quantity(4e-5, "A/V^m", "K", "space-charge current at 1 V")
    crossover: Param = quantity(
        0.025, "V", "V_x", "where the ohmic part equals the space-charge part; 0 for none"
    )
    exponent: Param = quantity(2.0, "1", "m", "power of the voltage: 2 without traps or with shallow ones")

    def __post_init__(self) -> None:
        require_positive(self, "coefficient")
        require(
            self,
            all_true(self.crossover >= 0),
            f"crossover is {show_value(self.crossover)} V; it must not be negative.",
        )
        require_range(self, "crossover", 0.0, 1e3)
        require_range(self, "exponent", 1.0, 40.0)

    @classmethod
    def of_film(
        cls, film: Film, *, mobility: float, free_share: float = 1.0, crossover: float = 0.0
    ) -> SpaceChargeConduction:
        """Mott and Gurney's 9 epsilon mu theta A / (8 d^3) of `film`; `mobility` in m^2/(V s), `free_share` theta.

        Raises `PinchedError` where thickness, area or static permittivity of the film is unknown.
        """
        thickness, area, permittivity = known(film, "thickness", "area", "static_permittivity")
        epsilon = constants.EPSILON_0 * permittivity
        return cls(
            coefficient=9.0 * epsilon * mobility * free_share * area / (8.0 * thickness**3),
            crossover=crossover,
        )

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        side = side_of(voltage)
        size = voltage * side
        return (
            self.coefficient * side * (self.crossover ** (self.exponent - 1.0) * size + size**self.exponent)
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SinhConduction(StaticLaw):
    r"""$I = I_0 \sinh(V / V_0)$: hopping along and against the field, or any ohmic start with an exponential end."""

    source: ClassVar[str] = "chiu2014review"
    i_0: Param = quantity(1e-6, "A", "I_0", "amplitude; the conductance at 0 V is I_0 / V_0")
    v_0: Param = quantity(0.2, "V", "V_0", "scale of the voltage: 2 kT d / (q a) for hops of length a")

    def __post_init__(self) -> None:
        require_positive(self, "i_0", "v_0")
        require_range(self, "v_0", 1e-3, 1e2)

    @classmethod
    def of_film(
        cls,
        film: Film,
        *,
        distance: float,
        density: float,
        frequency: float,
        activation: float,
    ) -> SinhConduction:
        """Hopping over `distance` (m) between sites of `density` (1/m^3), `frequency` (Hz), `activation` (eV).

        Raises `PinchedError` where thickness or area of the film is unknown.
        """
        thickness, area = known(film, "thickness", "area")
        thermal = constants.K_B * film.temperature / constants.E
        rate = density * frequency * math.exp(-activation / thermal)
        return cls(i_0=2.0 * constants.E * distance * rate * area, v_0=2.0 * thermal * thickness / distance)

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        return self.i_0 * ew.sinh(ew.clamp(voltage / self.v_0, -80.0, 80.0))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MemdiodeConduction(StaticLaw):
    r"""$I = I_0 (e^{\beta\alpha V} - e^{-(1-\beta)\alpha V})$: a memdiode that is held in one state.

    With beta = 1 and V > 0 it is one exponential, which in series with a resistance has a closed form (Lambert W).
    """

    source: ClassVar[str] = "aguirre2022spice"
    i_0: Param = quantity(2e-4, "A", "I_0", "amplitude")
    alpha: Param = quantity(5.22, "1/V", r"\alpha", "steepness")
    beta: Param = quantity(0.5, "1", r"\beta", "share of the steepness on the positive side")

    def __post_init__(self) -> None:
        require_positive(self, "i_0", "alpha")
        require_share(self, "beta")

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        return memdiode_current(voltage, self.i_0, self.alpha, self.beta)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ContactConduction(StaticLaw):
    r"""A quantum point contact, $I = N (G_0 / \alpha) [S(\alpha(\beta V - \Phi)) - S(-\alpha((1-\beta) V + \Phi))]$.

    S(x) = ln(1 + e^x). N G_0 V far above the barrier (Phi well below zero), exponential far below it. Parameters are
    strongly correlated in fits: state what was held. For a filament that grows see `quantum_contact`.
    """

    source: ClassVar[str] = "miranda2010model"
    channels: Param = quantity(1.0, "1", "N", "number of equal channels")
    alpha: Param = quantity(
        6.0, "1/eV", r"\alpha", "steepness of the transmission, t_B pi^2 / h sqrt(2 m* / Phi)"
    )
    barrier: Param = quantity(
        -1.2, "eV", r"\Phi", "top of the barrier above the Fermi level; below zero in the LRS"
    )
    drop: Param = quantity(0.5, "1", r"\beta", "share of the voltage on the emitting side")

    def __post_init__(self) -> None:
        require_positive(self, "channels", "alpha")
        require_share(self, "drop")
        require_range(self, "barrier", -100.0, 20.0)
        require_range(self, "alpha", 1e-2, 1e4)

    def current(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Current (A) at `voltage` (V), elementwise."""
        return self.channels * contact_current(voltage, self.alpha, self.barrier, self.drop)
