"""How exactly a device is solved: the mesh, the steps, and whether the current is extrapolated in time.

`Accuracy.reference` repeats the public implementation (mesh, steps, its rule for the contact's field);
`Accuracy.fast` is its mesh with steps chosen by their error, for many devices; `Accuracy.normal` is within 1 % of the
converged current of the reference device; `Accuracy.fine` is for checking the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity, require, require_valid
from pinched.physics.mesh import graded_half


@dataclass(frozen=True, kw_only=True, slots=True)
class GrowingSteps:
    """Steps that grow by a factor up to a largest one, whatever the solution does; halved where Newton fails."""

    first: float = quantity(1e-4, "s", r"\Delta t_0", "first step", valid=(1e-18, 1e6))
    growth: float = quantity(1.05, "1", "g", "factor from step to step", valid=(1.0, 4.0))
    largest: float = quantity(5e-2, "s", r"\Delta t", "largest step", valid=(1e-18, 1e6))

    def __post_init__(self) -> None:
        require_valid(self)
        require(
            self,
            self.first <= self.largest,
            f"first ({self.first} s) is above largest ({self.largest} s). Swap them.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptiveSteps:
    """Steps chosen by how far a linear guess is from the answer."""

    tolerance: float = quantity(
        0.05, "1", r"\epsilon", "allowed distance: potential in kT/q, vacancies relative", valid=(1e-6, 1.0)
    )
    share: float = quantity(
        0.01,
        "1",
        r"\Delta U/U",
        "largest change of the voltage in a step, of the waveform's range",
        valid=(1e-6, 0.5),
    )

    def __post_init__(self) -> None:
        require_valid(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Accuracy:
    """Mesh and steps of a run; see the module for the named ones."""

    first_cell: float = quantity(
        5e-4, "1", "h_0/L", "first cell at the ends of a layer, of its length", valid=(1e-7, 1e-2)
    )
    largest_cell: float = quantity(
        2e-2, "1", "h/L", "largest cell in the middle, of its length", valid=(1e-5, 0.1)
    )
    steps: GrowingSteps | AdaptiveSteps = AdaptiveSteps()
    extrapolate: bool = True
    """True: every step is done whole and in halves, and the current extrapolated to second order in time."""
    half_cell: bool = True
    """True: the field at a contact counts the charge of its half cell, which makes it of second order in the mesh;
    False is the reference's difference over the first cell."""
    max_steps: int = 20_000
    """A run that needs more steps is ended there."""

    reference: ClassVar[Accuracy]
    fast: ClassVar[Accuracy]
    normal: ClassVar[Accuracy]
    fine: ClassVar[Accuracy]

    def __post_init__(self) -> None:
        require_valid(self)
        require(self, self.max_steps >= 2, f"max_steps is {self.max_steps}; take at least 2.")

    @property
    def nodes_per_layer(self) -> int:
        """Nodes of the mesh of one layer."""
        return 2 * graded_half(self.first_cell, self.largest_cell).size + 1


Accuracy.reference = Accuracy(steps=GrowingSteps(), extrapolate=False, half_cell=False)
Accuracy.fast = Accuracy(extrapolate=False, half_cell=False)
Accuracy.normal = Accuracy(first_cell=1e-4, largest_cell=2e-2)
Accuracy.fine = Accuracy(
    first_cell=2.5e-5, largest_cell=5e-3, steps=AdaptiveSteps(tolerance=0.01, share=0.002)
)
