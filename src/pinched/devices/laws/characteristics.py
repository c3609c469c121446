r"""I-V characteristics: the current of a state that runs from 0 to 1.

`Ohmic` for a resistance between two values, `SinhCurrent` and `TwoBranchSinh` for the tunnel-like curves of
Yakopcic's law, `SinhDiode` for a tunnel current in parallel with a diode (Yang, Lehtonen and Laiho).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from pinched._params import quantity
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, require_finite, require_range
from pinched.devices.laws.resistances import LinearResistance, ResistanceLaw


class Characteristic(ABC):
    """Abstract: current of a state that runs from 0 to 1."""

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib."""

    @abstractmethod
    def current(self, x: Value, voltage: Value) -> Value:
        """Current (A) at state `x` (0 to 1) and `voltage` (V), elementwise; 0 at 0 V, with the sign of `voltage`."""


def _sinh(x: Value) -> Value:
    # Held at +-80, where float32 still has a value: beyond, a device has long burnt.
    return ew.sinh(ew.clamp(x, -80.0, 80.0))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ohmic(Characteristic):
    """Ohm's law with a resistance that goes from `r_zero` to `r_one`."""

    source: ClassVar[str] = "strukov2008missing"
    r_zero: Param = quantity(16e3, "ohm", "R_0", "resistance at state 0")
    r_one: Param = quantity(100.0, "ohm", "R_1", "resistance at state 1")
    resistance_law: ResistanceLaw = field(default=LinearResistance())

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "r_zero", 1e-2, 1e15)
        require_range(self, "r_one", 1e-2, 1e15)

    def current(self, x: Value, voltage: Value) -> Value:
        """Current (A) at state `x` and `voltage` (V)."""
        return voltage / self.resistance_law.resistance(x, self.r_zero, self.r_one)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SinhCurrent(Characteristic):
    r"""$a x \sinh(b v)$ with an amplitude for each polarity.

    The defaults, like those of `Yakopcic`, are the set of its source for an Ag-chalcogenide device; that it
    belongs to this device is from memory of the paper, not re-read.
    """

    source: ClassVar[str] = "yakopcic2011memristor"
    a_positive: Param = quantity(0.17, "A", "a_1", "amplitude for positive voltage")
    a_negative: Param = quantity(0.17, "A", "a_2", "amplitude for negative voltage")
    b: Param = quantity(0.05, "1/V", "b", "steepness")

    def __post_init__(self) -> None:
        require_finite(self)
        for name in ("a_positive", "a_negative"):
            require_range(self, name, 1e-18, 1e3)
        require_range(self, "b", 1e-4, 1e2)

    def current(self, x: Value, voltage: Value) -> Value:
        """Current (A) at state `x` and `voltage` (V)."""
        return ew.where(voltage < 0, self.a_negative, self.a_positive) * x * _sinh(self.b * voltage)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TwoBranchSinh(Characteristic):
    r"""$g_\max \sinh(b_\max v) x + g_\min \sinh(b_\min v) (1 - x)$, each of the four numbers per polarity.

    An HRS of its own, where `SinhCurrent` has none. The defaults are the set of its source for Nb-doped SrTiO3.
    """

    source: ClassVar[str] = "tiotto2023models"
    g_max_positive: Param = quantity(9e-5, "A", r"g_\max^{+}", "amplitude of the LRS, positive voltage")
    b_max_positive: Param = quantity(4.96, "1/V", r"b_\max^{+}", "steepness of the LRS, positive voltage")
    g_min_positive: Param = quantity(1.5e-5, "A", r"g_\min^{+}", "amplitude of the HRS, positive voltage")
    b_min_positive: Param = quantity(6.91, "1/V", r"b_\min^{+}", "steepness of the HRS, positive voltage")
    g_max_negative: Param = quantity(1.7e-4, "A", r"g_\max^{-}", "amplitude of the LRS, negative voltage")
    b_max_negative: Param = quantity(3.23, "1/V", r"b_\max^{-}", "steepness of the LRS, negative voltage")
    g_min_negative: Param = quantity(4.4e-7, "A", r"g_\min^{-}", "amplitude of the HRS, negative voltage")
    b_min_negative: Param = quantity(2.6, "1/V", r"b_\min^{-}", "steepness of the HRS, negative voltage")

    def __post_init__(self) -> None:
        require_finite(self)
        for polarity in ("positive", "negative"):
            for end in ("max", "min"):
                require_range(self, f"g_{end}_{polarity}", 1e-18, 1e3)
                require_range(self, f"b_{end}_{polarity}", 1e-4, 1e2)

    def current(self, x: Value, voltage: Value) -> Value:
        """Current (A) at state `x` and `voltage` (V)."""
        negative = voltage < 0
        lrs = ew.where(negative, self.g_max_negative, self.g_max_positive) * _sinh(
            ew.where(negative, self.b_max_negative, self.b_max_positive) * voltage
        )
        hrs = ew.where(negative, self.g_min_negative, self.g_min_positive) * _sinh(
            ew.where(negative, self.b_min_negative, self.b_min_positive) * voltage
        )
        return lrs * x + hrs * (1.0 - x)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SinhDiode(Characteristic):
    r"""$x^n \beta \sinh(\alpha v) + \chi (e^{\gamma v} - 1)$: tunnelling in the LRS, a diode in the HRS.

    The defaults are those of Fig. 6 of kvatinsky2013team. The listing of the same group (Technion, 2011) has
    beta 9, chi 0.01, n 14: the numbers of lehtonen2010cnn (n 4) without their scale of 10 nA.
    """

    source: ClassVar[str] = "yang2008memristive"
    beta: Param = quantity(0.9e-6, "A", r"\beta", "amplitude of the tunnel current")
    alpha: Param = quantity(2.0, "1/V", r"\alpha", "steepness of the tunnel current")
    n: Param = quantity(2.0, "1", "n", "exponent of the state in the tunnel current")
    chi: Param = quantity(1e-10, "A", r"\chi", "saturation current of the diode")
    gamma: Param = quantity(4.0, "1/V", r"\gamma", "steepness of the diode")

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "beta", 1e-18, 1e3)
        require_range(self, "chi", 0.0, 1e3)
        require_range(self, "alpha", 1e-4, 1e3)
        require_range(self, "gamma", 1e-4, 1e3)
        require_range(self, "n", 1.0, 100.0)

    def current(self, x: Value, voltage: Value) -> Value:
        """Current (A) at state `x` and `voltage` (V)."""
        tunnel = x**self.n * self.beta * _sinh(self.alpha * voltage)
        return tunnel + self.chi * ew.expm1(ew.minimum(self.gamma * voltage, 80.0))
