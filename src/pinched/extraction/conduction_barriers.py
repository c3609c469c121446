r"""Laws of conduction over and through barriers: the exponential half of `conduction_laws`.

All of them are nearly ohmic or cut off at low voltage and exponential above; over less than half a decade
of voltage they look alike, and `fit_conduction` then says so.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pinched import constants
from pinched._params import quantity
from pinched.extraction.conduction_laws import Law, LinearLaw, Ohmic, Variable, Volts, temperature_field


@dataclass(frozen=True, kw_only=True, slots=True)
class Schottky(LinearLaw):
    """I = I_0 exp(b sqrt(V)) (1 - exp(-qV / kT)): emission over a barrier that the field lowers."""

    name: ClassVar[str] = "Schottky"
    source: ClassVar[str] = "chiu2014review"
    variable: ClassVar[Variable] = Variable.ROOT
    y_label: ClassVar[str] = "ln[I / (1 − e$^{−qV/kT}$) / A]"
    intercept: float = quantity(dataclasses.MISSING, "1", r"\ln I_0", "ln of A A* T^2 exp(-q phi / kT) in A")
    slope: float = quantity(
        dataclasses.MISSING, "V^-1/2", "b", "(q / kT) sqrt(q / (4 pi epsilon_0 epsilon_r d))"
    )
    temperature: float = temperature_field()

    @staticmethod
    def offset(voltage: Volts, temperature: float) -> Volts:
        """The current that flows back: without it the law would carry a current at 0 V."""
        return np.log(-np.expm1(-constants.E * voltage / (constants.K_B * temperature)))


@dataclass(frozen=True, kw_only=True, slots=True)
class PooleFrenkel(LinearLaw):
    """I = G_0 V exp(b sqrt(V)): emission out of traps whose barrier the field lowers on one side."""

    name: ClassVar[str] = "Poole-Frenkel"
    source: ClassVar[str] = "chiu2014review"
    limits: ClassVar[tuple[type[Law], ...]] = (Ohmic,)
    variable: ClassVar[Variable] = Variable.ROOT
    y_label: ClassVar[str] = "ln[(I / V) / S]"
    intercept: float = quantity(dataclasses.MISSING, "1", r"\ln G_0", "ln of the conductance at 0 V in S")
    slope: float = quantity(
        dataclasses.MISSING, "V^-1/2", "b", "(q / rkT) sqrt(q / (pi epsilon_0 epsilon_r d)), r from 1 to 2"
    )
    temperature: float = temperature_field()

    @staticmethod
    def offset(voltage: Volts, temperature: float) -> Volts:  # noqa: ARG004
        """ln V."""
        return np.log(voltage)


@dataclass(frozen=True, kw_only=True, slots=True)
class FowlerNordheim(LinearLaw):
    """I = C V^2 exp(-B / V): tunnelling through the triangle that the field makes of a barrier."""

    name: ClassVar[str] = "Fowler-Nordheim"
    source: ClassVar[str] = "chiu2014review"
    sign: ClassVar[float] = -1.0
    variable: ClassVar[Variable] = Variable.INVERSE
    y_label: ClassVar[str] = "ln[(I / V$^2$) / (A V$^{-2}$)]"
    intercept: float = quantity(dataclasses.MISSING, "1", r"\ln C", "ln of the prefactor in A / V^2")
    slope: float = quantity(
        dataclasses.MISSING, "V", "-B", "-8 pi sqrt(2 m*) (q phi)^(3/2) d / (3 h q), below zero"
    )
    temperature: float = temperature_field()

    @staticmethod
    def offset(voltage: Volts, temperature: float) -> Volts:  # noqa: ARG004
        """2 ln V."""
        return 2.0 * np.log(voltage)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hopping(Law):
    """I = G V_0 sinh(V / V_0): jumps along and against the field; ohmic below V_0, exponential above."""

    name: ClassVar[str] = "hopping"
    source: ClassVar[str] = "chiu2014review"
    limits: ClassVar[tuple[type[Law], ...]] = (Ohmic,)
    conductance: float = quantity(dataclasses.MISSING, "S", "G", "conductance at 0 V")
    scale: float = quantity(dataclasses.MISSING, "V", "V_0", "2 kT d / (q a) for hops of length a")
    temperature: float = temperature_field()

    @classmethod
    def curve(cls, vector: np.ndarray, voltage: Volts, temperature: float) -> Volts:  # noqa: ARG003
        """ln(I / A); the free numbers are ln G and ln V_0."""
        # ln sinh x = x + ln((1 - e^-2x) / 2) stays finite where sinh would overflow.
        x = voltage / np.exp(vector[1])
        return vector[0] + vector[1] + x + np.log(-np.expm1(-2.0 * x)) - np.log(2.0)

    @classmethod
    def from_vector(cls, vector: np.ndarray, temperature: float) -> Hopping:
        """The law with ln G and ln V_0."""
        return cls(
            conductance=float(np.exp(vector[0])), scale=float(np.exp(vector[1])), temperature=temperature
        )

    def to_vector(self) -> np.ndarray:
        """Logarithms of G and V_0."""
        return np.log([self.conductance, self.scale])

    @classmethod
    def starts(cls, voltage: Volts, log_current: Volts) -> list[np.ndarray]:
        """Scales from the whole range down to a thirtieth of it."""
        found = []
        for share in (1.0, 0.2, 0.03):
            scale = float(np.log(share * voltage.max()))
            shape = cls.curve(np.array([0.0, scale]), voltage, 300.0)
            found.append(np.array([float(np.mean(log_current - shape)), scale]))
        return found

    @classmethod
    def bounds(cls, voltage: Volts) -> list[tuple[float, float]]:
        """V_0 up to thirty times the data: the curve is then a straight line to 2e-4."""
        return [(-np.inf, np.inf), (np.log(voltage.max() / 500), np.log(voltage.max() * 30))]


@dataclass(frozen=True, kw_only=True, slots=True)
class QuantumPointContact(Law):
    r"""One channel through a parabolic barrier in a filament: sinh-like below the barrier, G_0 V above.

    $I = (G_0 / \alpha) [S(\alpha(\beta V - \Phi)) - S(-\alpha((1-\beta) V + \Phi))]$, $S(x) = \ln(1 + e^x)$,
    from 1/2 to 1 for beta. In its HRS limit with beta = 1/2 it is the curve of `Hopping`, and the two cannot
    be told apart.
    """

    name: ClassVar[str] = "quantum point contact"
    source: ClassVar[str] = "miranda2010model"
    limits: ClassVar[tuple[type[Law], ...]] = (Ohmic,)
    alpha: float = quantity(
        dataclasses.MISSING, "1/eV", r"\alpha", "steepness of the transmission, t_B pi^2 / h sqrt(2 m* / Phi)"
    )
    barrier: float = quantity(
        dataclasses.MISSING, "eV", r"\Phi", "top of the barrier above the Fermi level; below zero in the LRS"
    )
    drop: float = quantity(dataclasses.MISSING, "1", r"\beta", "share of the voltage on the emitting side")
    temperature: float = temperature_field()

    @classmethod
    def curve(cls, vector: np.ndarray, voltage: Volts, temperature: float) -> Volts:  # noqa: ARG003
        """ln(I / A); the free numbers are ln alpha, alpha Phi and beta."""
        alpha, top, beta = np.exp(vector[0]), vector[1], vector[2]
        forward = np.logaddexp(0.0, alpha * beta * voltage - top)
        backward = np.logaddexp(0.0, -alpha * (1.0 - beta) * voltage - top)
        return np.log(np.maximum(forward - backward, 1e-300)) + np.log(constants.G_0) - vector[0]

    @classmethod
    def from_vector(cls, vector: np.ndarray, temperature: float) -> QuantumPointContact:
        """The law with ln alpha, alpha Phi and beta."""
        alpha = float(np.exp(vector[0]))
        return cls(
            alpha=alpha, barrier=float(vector[1]) / alpha, drop=float(vector[2]), temperature=temperature
        )

    def to_vector(self) -> np.ndarray:
        """ln alpha, alpha Phi and beta."""
        return np.array([np.log(self.alpha), self.alpha * self.barrier, self.drop])

    @classmethod
    def starts(cls, voltage: Volts, log_current: Volts) -> list[np.ndarray]:
        """Steepness from the slope of the data; the barrier from the current, which has no free prefactor."""
        slope = float(np.polyfit(voltage, log_current, 1)[0])
        found = []
        for steep, beta in ((1.0, 0.95), (2.0, 0.6), (1.5, 0.75), (0.3, 0.9)):
            alpha = np.log(np.clip(steep * slope, 0.05, 300.0))
            shape = cls.curve(np.array([alpha, 0.0, beta]), voltage, 300.0)
            found.append(np.array([alpha, float(np.median(shape - log_current)), beta]))
        return found

    @classmethod
    def bounds(cls, voltage: Volts) -> list[tuple[float, float]]:
        """Beyond alpha Phi of -30 and 500 the transmission is 1 and 0."""
        return [(np.log(0.03 / voltage.max()), np.log(3e3 / voltage.max())), (-30.0, 500.0), (0.5, 1.0)]
