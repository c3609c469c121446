r"""How resistance follows the position of a boundary: the ohmic laws of drift, TEAM and VTEAM devices.

`x` is the share of the range, 0 in the LRS and 1 in the HRS. `LinearResistance` is two resistors in series,
`ExponentialResistance` a tunnel gap that grows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value


class ResistanceLaw(ABC):
    """Abstract: resistance between that of the LRS and that of the HRS."""

    __slots__ = ()

    @abstractmethod
    def resistance(self, x: Value, r_on: Param, r_off: Param) -> Value:
        """Resistance (ohm) at `x` (0 in the LRS, 1 in the HRS), elementwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinearResistance(ResistanceLaw):
    """Straight line from `r_on` to `r_off`."""

    def resistance(self, x: Value, r_on: Param, r_off: Param) -> Value:
        """Resistance (ohm) at `x`."""
        return r_on + (r_off - r_on) * x


@dataclass(frozen=True, kw_only=True, slots=True)
class ExponentialResistance(ResistanceLaw):
    r"""$R_\mathrm{on} (R_\mathrm{off} / R_\mathrm{on})^x$."""

    def resistance(self, x: Value, r_on: Param, r_off: Param) -> Value:
        """Resistance (ohm) at `x`."""
        return r_on * ew.exp(ew.log(r_off / r_on) * x)
