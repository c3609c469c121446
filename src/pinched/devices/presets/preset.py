"""What a preset is: a device with published numbers, and for each number how it is known.

`Preset` is called to get the device, `presets.pickett2009()`; `evidence_of` says whether a number was read, follows
from one that was, is from memory, or is nobody's. A preset holds numbers and their origin, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from pinched._errors import PinchedError
from pinched._params import require
from pinched.devices.law import parameters

D = TypeVar("D", covariant=True)


class Evidence(Enum):
    """How a number of a preset is known."""

    READ = "read in the paper or in an open file that states it"
    DERIVED = "follows from numbers that were read"
    FROM_MEMORY = "from memory of the paper, not re-read"
    ASSUMED = "stated nowhere: chosen here, so that the device is complete"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Preset(Generic[D]):
    """A published device, with the origin of its numbers."""

    device: D
    """The law, or the update law, with the numbers."""
    source: str
    """Key in references.bib of the paper that the numbers belong to."""
    read_in: str
    """Where they were read, and what of it is to be known."""
    but: Mapping[str, Evidence] = field(default_factory=dict)
    """Parameters that were not read, by the names of `pinched.devices.law.parameters`, and how they are known."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.but) - set(parameters(self.device)))
        require(
            self, not unknown, f"there is no parameter {', '.join(unknown)} whose origin could be stated."
        )

    def __call__(self) -> D:
        """The device."""
        return self.device

    def evidence_of(self, name: str) -> Evidence:
        """How the parameter `name` is known. Raises `PinchedError` for a name that the device does not have."""
        if name not in parameters(self.device):
            raise PinchedError(f"{type(self.device).__name__} has no parameter {name}.")
        return self.but.get(name, Evidence.READ)

    def named(self, evidence: Evidence) -> tuple[str, ...]:
        """Parameters that are known by `evidence`."""
        return tuple(name for name in parameters(self.device) if self.evidence_of(name) is evidence)

    @property
    def from_memory(self) -> bool:
        """True when any number is from memory of the paper, not re-read."""
        return bool(self.named(Evidence.FROM_MEMORY))


def every(device: object, evidence: Evidence) -> dict[str, Evidence]:
    """`evidence` for all parameters of `device`."""
    return dict.fromkeys(parameters(device), evidence)
