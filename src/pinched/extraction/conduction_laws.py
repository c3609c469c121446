r"""Laws of conduction through a film, as frozen objects: what a state conducts by, once fitted.

Which one to expect: `Ohmic` for a metallic filament; `SpaceCharge` and `TrapFilled` for injection into a
bulk with traps (slope 1, then 2 or more, in log-log). In `conduction_barriers`: `Schottky` over the barrier
of an electrode and `PooleFrenkel` out of traps (exponentials of $\sqrt V$); `FowlerNordheim` through a
triangular barrier (above a few volts); `Hopping` between sites (hyperbolic sine); `QuantumPointContact`
through a gap in a filament, up to $G_0 V$. Equations: chiu2014review, for the last miranda2010model.

Every law is a curve $\ln I(V)$ of a few numbers `vector` without bounds (logarithms where a quantity is
positive), so that all are fitted by the same least squares to the same $\ln I$. The transformed plots of
textbooks ($\ln(I/V)$ against $\sqrt V$ and so on) subtract a known function of $V$ from $\ln I$: their
residuals are the residuals of $\ln I$, which is why their likelihoods may be compared at all.
Simmons' modified Schottky law is left out: it is $V e^{b\sqrt V}$ as Poole-Frenkel is, with the slope of
the r = 2 case, and no curve at one temperature can part the two.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from pinched._params import quantity, require

Volts = Float[np.ndarray, " sample"]


class Variable(Enum):
    """The function of the voltage in which a law is a straight line; the value labels an axis."""

    VOLTAGE = "Voltage (V)"
    LOGARITHM = "ln(V / 1 V)"
    ROOT = "√V (V$^{1/2}$)"
    INVERSE = "1 / V (V$^{-1}$)"

    def of(self, voltage: Volts) -> Volts:
        """Its values at `voltage` (V, above zero)."""
        match self:
            case Variable.VOLTAGE:
                return voltage
            case Variable.LOGARITHM:
                return np.log(voltage)
            case Variable.ROOT:
                return np.sqrt(voltage)
            case Variable.INVERSE:
                return 1.0 / voltage


class Law(ABC):
    """What every law here offers; voltages and currents are magnitudes of one polarity."""

    __slots__ = ()
    name: ClassVar[str]
    source: ClassVar[str]
    """Key in references.bib."""
    limits: ClassVar[tuple[type[Law], ...]] = ()
    """Laws that this one becomes at the edge of its parameters: fitting no worse than they is no merit."""
    variable: ClassVar[Variable] = Variable.VOLTAGE
    """Abscissa of the plot in which the law is (nearly) a straight line."""
    y_label: ClassVar[str] = "ln(I / A)"
    """Label of its ordinate: ln I less `offset`."""

    @classmethod
    @abstractmethod
    def curve(cls, vector: np.ndarray, voltage: Volts, temperature: float) -> Volts:
        """ln(I / A) at `voltage` (V) and `temperature` (K) for the free numbers `vector`."""

    @classmethod
    @abstractmethod
    def from_vector(cls, vector: np.ndarray, temperature: float) -> Law:
        """The law with the free numbers `vector`."""

    @abstractmethod
    def to_vector(self) -> np.ndarray:
        """The free numbers of this law: the inverse of `from_vector`."""

    @classmethod
    @abstractmethod
    def starts(cls, voltage: Volts, log_current: Volts) -> list[np.ndarray]:
        """Where a fit starts; a law that is linear in its numbers needs one place only."""

    @classmethod
    def bounds(cls, voltage: Volts) -> list[tuple[float, float]]:  # noqa: ARG003
        """Range of each free number; beyond it the curve no longer changes within the data."""
        return [(-np.inf, np.inf)] * len(dataclasses.fields(cls)[:-1])  # type: ignore[arg-type]

    @staticmethod
    def offset(voltage: Volts, temperature: float) -> Volts:  # noqa: ARG004
        """What the ordinate of the plot leaves out of ln I, such as ln V for ln(I / V)."""
        return np.zeros_like(voltage)

    def log_current(self, voltage: Volts) -> Volts:
        """ln(I / A) at `voltage` (V, above zero)."""
        temperature: float = self.temperature  # type: ignore[attr-defined]
        return self.curve(self.to_vector(), voltage, temperature)

    @property
    def parameters(self) -> dict[str, float]:
        """Name and value of each parameter, the temperature left out."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)[:-1]}  # type: ignore[arg-type]


def temperature_field() -> Any:
    """The field for the temperature (K), last in every law: given to a fit and not found by it."""
    return quantity(300.0, "K", "T", "temperature of the device, given and not fitted")


def _line(x: Volts, y: Volts) -> np.ndarray:
    slope, intercept = np.polyfit(x, y, 1)
    return np.array([intercept, slope])


class LinearLaw(Law):
    """ln I = offset + intercept + slope x: the four laws with a classical straight-line plot."""

    __slots__ = ()
    sign: ClassVar[float] = 1.0
    """Sign that the slope must have."""

    @classmethod
    def curve(cls, vector: np.ndarray, voltage: Volts, temperature: float) -> Volts:
        """ln(I / A); the free numbers are intercept and slope."""
        return cls.offset(voltage, temperature) + vector[0] + vector[1] * cls.variable.of(voltage)

    @classmethod
    def from_vector(cls, vector: np.ndarray, temperature: float) -> LinearLaw:
        """The law with intercept and slope."""
        intercept, slope = vector
        return cls(intercept=float(intercept), slope=float(slope), temperature=temperature)  # type: ignore[call-arg]

    def to_vector(self) -> np.ndarray:
        """Intercept and slope."""
        return np.array([self.intercept, self.slope])  # type: ignore[attr-defined]

    @classmethod
    def starts(cls, voltage: Volts, log_current: Volts) -> list[np.ndarray]:
        """The least-squares line: the fit itself where all weights are equal."""
        return [_line(cls.variable.of(voltage), log_current - cls.offset(voltage, 300.0))]

    @classmethod
    def bounds(cls, voltage: Volts) -> list[tuple[float, float]]:  # noqa: ARG003
        """A slope of the sign that the mechanism gives."""
        return [(-np.inf, np.inf), (0.0, np.inf) if cls.sign > 0 else (-np.inf, 0.0)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ohmic(Law):
    """I = G V."""

    name: ClassVar[str] = "ohmic"
    source: ClassVar[str] = "chiu2014review"
    variable: ClassVar[Variable] = Variable.LOGARITHM
    conductance: float = quantity(dataclasses.MISSING, "S", "G", "conductance")
    temperature: float = temperature_field()

    def __post_init__(self) -> None:
        require(self, self.conductance > 0, f"conductance is {self.conductance} S; it must be above zero.")

    @classmethod
    def curve(cls, vector: np.ndarray, voltage: Volts, temperature: float) -> Volts:  # noqa: ARG003
        """ln(I / A); the free number is ln(G / S)."""
        return vector[0] + np.log(voltage)

    @classmethod
    def from_vector(cls, vector: np.ndarray, temperature: float) -> Ohmic:
        """The law with ln(G / S)."""
        return cls(conductance=float(np.exp(vector[0])), temperature=temperature)

    def to_vector(self) -> np.ndarray:
        """ln(G / S)."""
        return np.log([self.conductance])

    @classmethod
    def starts(cls, voltage: Volts, log_current: Volts) -> list[np.ndarray]:
        """The median conductance."""
        return [np.array([np.median(log_current - np.log(voltage))])]


@dataclass(frozen=True, kw_only=True, slots=True)
class SpaceCharge(Law):
    """I = K (V_x V + V^2): ohmic below V_x, Child's square law (shallow traps or none) above."""

    name: ClassVar[str] = "space charge"
    source: ClassVar[str] = "rose1955space"
    limits: ClassVar[tuple[type[Law], ...]] = (Ohmic,)
    variable: ClassVar[Variable] = Variable.LOGARITHM
    coefficient: float = quantity(
        dataclasses.MISSING, "A/V^2", "K", "9 epsilon mu theta A / (8 d^3) of the square law"
    )
    crossover: float = quantity(
        dataclasses.MISSING, "V", "V_x", "where the ohmic part equals the space-charge part"
    )
    temperature: float = temperature_field()

    @classmethod
    def curve(cls, vector: np.ndarray, voltage: Volts, temperature: float) -> Volts:  # noqa: ARG003
        """ln(I / A); the free numbers are ln K and ln V_x."""
        return vector[0] + 2.0 * np.log(voltage) + np.log1p(np.exp(vector[1]) / voltage)

    @classmethod
    def from_vector(cls, vector: np.ndarray, temperature: float) -> SpaceCharge:
        """The law with ln K and ln V_x."""
        return cls(
            coefficient=float(np.exp(vector[0])), crossover=float(np.exp(vector[1])), temperature=temperature
        )

    def to_vector(self) -> np.ndarray:
        """Logarithms of K and V_x."""
        return np.log([self.coefficient, self.crossover])

    @classmethod
    def starts(cls, voltage: Volts, log_current: Volts) -> list[np.ndarray]:
        """Crossovers at both ends and in the middle of the data."""
        logs = np.log(voltage)
        return [
            np.array([np.mean(log_current - 2 * logs - np.log1p(np.exp(x - logs))), x])
            for x in (logs.min(), float(np.median(logs)), logs.max())
        ]

    @classmethod
    def bounds(cls, voltage: Volts) -> list[tuple[float, float]]:
        """V_x within two decades of the data: farther off the curve is a pure power."""
        return [(-np.inf, np.inf), (np.log(voltage.min() / 100), np.log(voltage.max() * 100))]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrapFilled(Law):
    """I = I_1 ((V_x / V)^(m-1) + 1) (V / 1 V)^m, m > 2: traps spread in energy fill as the voltage rises."""

    name: ClassVar[str] = "space charge, distributed traps"
    source: ClassVar[str] = "rose1955space"
    limits: ClassVar[tuple[type[Law], ...]] = (Ohmic, SpaceCharge)
    variable: ClassVar[Variable] = Variable.LOGARITHM
    current_1v: float = quantity(dataclasses.MISSING, "A", "I_1", "space-charge part of the current at 1 V")
    crossover: float = quantity(
        dataclasses.MISSING, "V", "V_x", "where the ohmic part equals the space-charge part"
    )
    exponent: float = quantity(
        dataclasses.MISSING, "1", "m", "power of V: 1 + T_t / T for traps of depth k T_t"
    )
    temperature: float = temperature_field()

    @classmethod
    def curve(cls, vector: np.ndarray, voltage: Volts, temperature: float) -> Volts:  # noqa: ARG003
        """ln(I / A); the free numbers are ln I_1, ln V_x and m."""
        logs = np.log(voltage)
        return vector[0] + vector[2] * logs + np.logaddexp(0.0, (vector[2] - 1.0) * (vector[1] - logs))

    @classmethod
    def from_vector(cls, vector: np.ndarray, temperature: float) -> TrapFilled:
        """The law with ln I_1, ln V_x and m."""
        return cls(
            current_1v=float(np.exp(vector[0])),
            crossover=float(np.exp(vector[1])),
            exponent=float(vector[2]),
            temperature=temperature,
        )

    def to_vector(self) -> np.ndarray:
        """ln I_1, ln V_x and m."""
        return np.array([np.log(self.current_1v), np.log(self.crossover), self.exponent])

    @classmethod
    def starts(cls, voltage: Volts, log_current: Volts) -> list[np.ndarray]:
        """Crossovers at the lower end and in the middle, exponents from the steepest half of the data."""
        logs = np.log(voltage)
        upper = logs >= np.median(logs)
        slope = max(float(np.polyfit(logs[upper], log_current[upper], 1)[0]), 2.5)
        found = []
        for x, m in (
            (logs.min(), slope),
            (float(np.median(logs)), slope),
            (float(np.median(logs)), 2 * slope),
        ):
            level = float(np.mean(log_current - m * logs - np.logaddexp(0.0, (m - 1.0) * (x - logs))))
            found.append(np.array([level, x, m]))
        return found

    @classmethod
    def bounds(cls, voltage: Volts) -> list[tuple[float, float]]:
        """m from 2 (the square law) to 40, V_x within two decades of the data."""
        return [(-np.inf, np.inf), (np.log(voltage.min() / 100), np.log(voltage.max() * 100)), (2.0, 40.0)]
