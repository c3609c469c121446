"""`PublishedDevice`: what a table of a review states of a device, which is less than any law needs.

`seed` puts what is stated into a law and says what is missing, so that nobody mistakes the rest for a measurement.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Generic, TypeVar

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.devices.law import Law, parameters, with_parameters

L = TypeVar("L", bound=Law)

_LOW = ("r_on", "resistance_law.r_on", "conduction.r_on")
_HIGH = ("r_off", "resistance_law.r_off", "conduction.r_off")


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedDevice:
    """One line of a table of devices. Numbers are orders of magnitude, as such tables print them."""

    stack: tuple[str, ...]
    """Layers as printed, from one electrode to the other."""
    thickness: float = quantity(dataclasses.MISSING, "m", "d", "thickness of the functional layer")
    on_off_ratio: float = quantity(
        dataclasses.MISSING, "1", r"R_\mathrm{off}/R_\mathrm{on}", "ratio of HRS to LRS"
    )
    retention: float | None = quantity(
        dataclasses.MISSING, "s", r"t_\mathrm{ret}", "longest retention shown; None where none is stated"
    )
    endurance: int = quantity(dataclasses.MISSING, "1", "N", "cycles shown")
    reference: str = ""
    """The paper of the device, as the table's list of references has it."""
    source: str = ""
    """Key in references.bib of the paper with the table."""

    def __post_init__(self) -> None:
        numbers = (self.thickness, self.on_off_ratio, float(self.endurance), self.retention or 1.0)
        require(
            self,
            all(math.isfinite(value) and value > 0 for value in numbers) and self.on_off_ratio > 1,
            f"{self.name}: thickness {self.thickness} m, ratio {self.on_off_ratio}, retention {self.retention} s and "
            f"endurance {self.endurance} must be above zero, the ratio above 1.",
        )
        require(self, len(self.stack) >= 3, f"{self.name}: a device has at least three layers.")

    @property
    def name(self) -> str:
        """The stack as people write it: "Pt/h-BN/Ag"."""
        return "/".join(self.stack)

    def seed(self, law: L) -> SeededDevice[L]:
        """`law` with the ratio of its resistances, and the thickness of its film where it has one, of this device.

        The LRS is that of `law`: tables of ratios state no resistance. Raises `PinchedError` for a law without two
        resistances, and where the law refuses the result.
        """
        known = parameters(law)
        low = next((name for name in _LOW if name in known), None)
        high = next((name for name in _HIGH if name in known), None)
        if low is None or high is None:
            raise PinchedError(
                f"{type(law).__name__} has no r_on and r_off that a ratio could set. Use a law with two resistances, "
                "such as Vteam, Team or LinearIonDrift."
            )
        values = {high: known[low] * self.on_off_ratio}
        stated = [f"{high} = {low} x {self.on_off_ratio:g}"]
        if "thickness" in known:
            values["thickness"] = self.thickness
            stated.append(f"thickness = {self.thickness:g} m")
        device = with_parameters(law, values)
        return SeededDevice(
            device=device,
            record=self,
            stated=tuple(stated),
            missing=tuple(name for name in known if name not in values),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SeededDevice(Generic[L]):
    """A law with what a record states, and what the record leaves open."""

    device: L
    record: PublishedDevice
    stated: tuple[str, ...]
    """What was set, one sentence each."""
    missing: tuple[str, ...]
    """Parameters that the record says nothing of: they are the law's, not the device's."""

    def report(self) -> str:
        """What is known and what is not, as a paragraph."""
        lasting = (
            "no retention" if self.record.retention is None else f"retention of {self.record.retention:g} s"
        )
        return (
            f"{self.record.name} ({self.record.source}): set {'; '.join(self.stated)}. "
            f"Stated besides: {lasting}, {self.record.endurance} cycles. "
            f"Not stated, and taken from {type(self.device).__name__}: {', '.join(self.missing)}."
        )
