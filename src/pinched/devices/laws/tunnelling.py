r"""Current through the barrier of the Simmons law: `TunnelConduction`, or the simpler `LinearReadout`.

`TunnelConduction` is the current of a trapezoidal barrier with image forces (simmons1963generalized) in the form of
abdalla2011spice; `LinearReadout` a resistance that rises linearly with the width, as most circuit listings of
the Simmons law have it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from pinched import constants
from pinched._params import quantity, require
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, all_true, require_finite, require_range, show_value

# Lengths in nm and energies in eV below, so that float32 holds them.
_NM = 1e-9
# e^2 ln 2 / (8 pi eps_0) in eV nm: image-force energy times the width times the permittivity.
_IMAGE = constants.E * math.log(2.0) / (8.0 * math.pi * constants.EPSILON_0) / _NM
# e^2 / (2 pi h) in A/eV: current per barrier energy and per squared ratio of lengths.
_CURRENT = constants.E**2 / (2.0 * math.pi * constants.H)
# 4 pi sqrt(2 m e) / h in 1/(nm sqrt(eV)): decay of the wave function.
_DECAY = 4.0 * math.pi * math.sqrt(2.0 * constants.M_E * constants.E) / constants.H * _NM


class BarrierConduction(ABC):
    """Abstract: current through a barrier of a given width."""

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib."""

    @abstractmethod
    def narrowest(self) -> Param:
        """Width (m) above which the formula has a meaning."""

    @abstractmethod
    def current(self, width: Value, voltage: Value) -> Value:
        """Current (A) through a barrier of `width` (m) at `voltage` (V), elementwise."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LinearReadout(BarrierConduction):
    """A resistance that is linear in the width: `r_on` at `w_on`, `r_off` at `w_off`."""

    source: ClassVar[str] = "kvatinsky2013team"
    r_on: Param = quantity(1e3, "ohm", r"R_\mathrm{on}", "resistance at `w_on`")
    r_off: Param = quantity(1e5, "ohm", r"R_\mathrm{off}", "resistance at `w_off`")
    w_on: Param = quantity(1.0e-9, "m", r"w_\mathrm{on}", "width of the LRS")
    w_off: Param = quantity(2.0e-9, "m", r"w_\mathrm{off}", "width of the HRS")

    def __post_init__(self) -> None:
        require_finite(self)
        require(
            self,
            all_true(self.r_off > self.r_on),
            f"r_off ({show_value(self.r_off)} ohm) must exceed r_on ({show_value(self.r_on)} ohm). r_off is the "
            "HRS: are the two swapped?",
        )
        require(
            self,
            all_true(self.w_off > self.w_on),
            f"w_off ({show_value(self.w_off)} m) must exceed w_on ({show_value(self.w_on)} m).",
        )
        require_range(self, "r_on", 1e-2, 1e15)
        require_range(self, "w_off", 1e-10, 1e-7)

    def narrowest(self) -> Param:
        """Width (m) at which the line has fallen to zero resistance."""
        return self.w_on - self.r_on * (self.w_off - self.w_on) / (self.r_off - self.r_on)

    def current(self, width: Value, voltage: Value) -> Value:
        """Current (A) at `width` (m) and `voltage` (V)."""
        share = (width - self.w_on) / (self.w_off - self.w_on)
        return voltage / (self.r_on + (self.r_off - self.r_on) * share)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TunnelConduction(BarrierConduction):
    r"""Tunnelling through a trapezoidal barrier with image forces.

    $$ i = \frac{j_0 A}{\Delta w^2}
           \left[\phi e^{-B \sqrt{\phi}} - (\phi + |v|) e^{-B \sqrt{\phi + |v|}}\right] \mathrm{sign}(v),
       \quad B = 4 \pi \Delta w \sqrt{2 m} / h, \quad \Delta w = w_2 - w_1 $$

    w_1 and w_2 are where the barrier meets the Fermi level, phi its mean height, lowered by the voltage and by image
    forces. Two ends of the approximation are held so that the current stays continuous, passive and rising at
    any voltage: beyond $v = \phi_0$ the barrier is a triangle and w_2 falls as 1 / v; and phi stays above
    $4 / B^2$, below which the formula, made for opaque barriers, would turn the current round.

    `barrier_tilt` is the factor t in $\phi = \phi_0 - t |v| (w_1 + w_2) / w - \ldots$, a convention to be stated with
    every set of numbers. The mean of a trapezoid between w_1 and w_2 has 1/2: without image forces that is the known
    $\phi_0 - |v| / 2$ of simmons1963generalized (the tests derive it). abdalla2011spice writes 1, and its numbers,
    the defaults here, were fitted with it: take 1 with them, 1/2 with numbers of your own. Equation and numbers are
    from memory of abdalla2011spice, not re-read. The series resistance of the device (about 215 ohm
    there) belongs into the circuit that drives it.
    """

    source: ClassVar[str] = "abdalla2011spice"
    barrier_height: Param = quantity(0.95, "eV", r"\phi_0", "height of the barrier without voltage")
    area: Param = quantity(1e-14, "m^2", "A", "area of the junction")
    permittivity: Param = quantity(5.0, "1", "k", "relative permittivity of the barrier")
    barrier_tilt: Param = quantity(1.0, "1", "t", "share of the voltage by which its tilt lowers the barrier")

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "barrier_height", 0.05, 20.0)
        require_range(self, "area", 1e-20, 1e-6)
        require_range(self, "permittivity", 1.0, 1e4)
        require_range(self, "barrier_tilt", 0.0, 1.0)

    def narrowest(self) -> Param:
        """Width (m) that must be exceeded for a barrier to be left between the image forces of both sides."""
        # At zero voltage w2 - w1 = w - 9.2 lambda w / (3 phi + 4 lambda) vanishes at lambda = 3 phi / 5.2; a quarter
        # more keeps some barrier between.
        return 1.25 * _NM * 5.2 / 3.0 * _IMAGE / (self.permittivity * self.barrier_height)

    def current(self, width: Value, voltage: Value) -> Value:
        """Current (A) at `width` (m) and `voltage` (V)."""
        w, v, phi0 = width / _NM, abs(voltage), self.barrier_height
        image = _IMAGE / self.permittivity
        w1 = 1.2 * image / phi0
        w2 = w1 + w - 9.2 * image / (3.0 * phi0 + 4.0 * image / w - 2.0 * ew.minimum(v, phi0))
        w2 = ew.maximum(w2 * phi0 / ew.maximum(v, phi0), 1.5 * w1)
        thickness = w2 - w1
        decay = _DECAY * thickness
        lowering = 1.15 * image / thickness * ew.log(w2 * (w - w1) / (w1 * (w - w2)))
        phi = phi0 - self.barrier_tilt * v * (w1 + w2) / w - lowering
        phi = ew.maximum(phi, 4.0 / decay**2)
        forward = phi * ew.exp(-decay * ew.sqrt(phi))
        backward = (phi + v) * ew.exp(-decay * ew.sqrt(phi + v))
        # 1 at 0 V, not 0: the slope there is that of a resistor.
        side = ew.where(voltage < 0, -1.0, 1.0)
        return side * _CURRENT * (self.area / (_NM * _NM)) / thickness**2 * (forward - backward)
