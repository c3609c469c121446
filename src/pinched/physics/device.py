"""A device of the charge-transport model: layers between two contacts, and what else decides its current.

`TransportDevice` is what `solve` takes. The left contact is grounded, the waveform stands on the right one; a
positive current flows from the right contact into the device. `SchottkyContact` emits over a barrier, `OhmicContact`
holds the layer's own equilibrium.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from pinched._params import quantity, require, require_valid
from pinched.physics.material import Material


class BarrierLowering(Enum):
    """What the image force does to the barrier of a Schottky contact."""

    NONE = "no image force"
    FROZEN = (
        "the reference: it moves the potential at the contact, whose densities keep their equilibrium value"
    )
    FOLLOWING = "the textbook: the contact's densities follow the lowered barrier too"


@dataclass(frozen=True, kw_only=True, slots=True)
class SchottkyContact:
    """A metal that exchanges carriers over a barrier by thermionic emission; vacancies do not pass.

    A barrier above the layer's band gap is refused by the device unless `beyond_gap`: such a contact holds holes.
    """

    barrier: float = quantity(
        0.225, "eV", r"\phi_0", "barrier for electrons without image force", valid=(0.0, 5.0)
    )
    beyond_gap: bool = False
    """True says that a barrier above the band gap is meant (as some draws of a parameter table are)."""

    def __post_init__(self) -> None:
        require_valid(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class OhmicContact:
    """A contact without barrier: electrons and holes are always those of the neutral layer, vacancies do not pass."""


Contact = SchottkyContact | OhmicContact


@dataclass(frozen=True, kw_only=True, slots=True)
class Geometry:
    """Lengths along the current and the area that it crosses."""

    length: float = quantity(
        1e-6, "m", "L", "length along the current; of a single layer", valid=(1e-9, 1e-3)
    )
    area: float = quantity(2.1e-11, "m^2", "A", "area that the current crosses", valid=(1e-20, 1e-2))

    def __post_init__(self) -> None:
        require_valid(self)

    @classmethod
    def channel(cls, *, length: float, width: float, thickness: float) -> Geometry:
        """A lateral channel: the current crosses `width` times `thickness` (m)."""
        return cls(length=length, area=width * thickness)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One of several layers."""

    material: Material
    length: float = quantity(math.nan, "m", "d", "thickness along the current", valid=(1e-9, 1e-3))

    def __post_init__(self) -> None:
        require_valid(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heating:
    """Joule heating of the whole device as one body: $C\\dot T = I U - (T - T_0)/R_\\mathrm{th}$."""

    resistance: float = quantity(
        1e5, "K/W", r"R_\mathrm{th}", "thermal resistance to the surroundings", valid=(0.0, 1e12)
    )
    time_constant: float = quantity(
        0.0, "s", r"\tau", "R_th times the heat capacity; 0: at once", valid=(0.0, 1e6)
    )
    vacancy_activation: float = quantity(
        0.0, "eV", "E_{A,x}", "activation energy of the vacancies' mobility", valid=(0.0, 3.0)
    )

    def __post_init__(self) -> None:
        require_valid(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class TransportDevice:
    """A device of the charge-transport model, in SI and eV; the defaults are the reference device.

    One layer is `material` over `geometry.length`; several are `layers`, from left to right, and then
    `geometry` gives the area alone. Raises `PinchedError` for a number outside its range, and for a barrier above the
    band gap of the layer at its contact.
    """

    material: Material = Material()  # noqa: RUF009 - frozen
    geometry: Geometry = Geometry()
    layers: tuple[Layer, ...] = ()
    left: Contact = SchottkyContact(barrier=0.225)
    right: Contact = SchottkyContact(barrier=0.215)
    temperature: float = quantity(
        300.0, "K", "T", "temperature, of the surroundings where it heats", valid=(50.0, 1500.0)
    )
    lowering: BarrierLowering = BarrierLowering.FROZEN
    heating: Heating | None = None
    name: str = "device"

    def __post_init__(self) -> None:
        require_valid(self)
        ends = (("left", self.left, self.stack[0]), ("right", self.right, self.stack[-1]))
        for side, contact, layer in ends:
            gap = layer.material.band_gap
            require(
                self,
                isinstance(contact, OhmicContact) or contact.beyond_gap or contact.barrier <= gap,
                f"the {side} barrier ({getattr(contact, 'barrier', 0)} eV) is above the band gap ({gap} eV): the "
                "contact would hold holes. Lower it, widen the gap, or say beyond_gap=True of the SchottkyContact.",
            )

    @property
    def stack(self) -> tuple[Layer, ...]:
        """The layers from left to right, also where there is one only."""
        return self.layers or (Layer(material=self.material, length=self.geometry.length),)

    @property
    def length(self) -> float:
        """Length of the device (m)."""
        return sum(layer.length for layer in self.stack)
