"""`StandIn`: what answers in the place of a law, such as a network that was trained on simulated devices."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from pinched.data.waveforms import Waveform
from pinched.devices.trace import DrivenSweep, DrivenSweeps


@runtime_checkable
class StandIn(Protocol):
    """A device whose current follows from the waveform as a whole: it has no state and no equation to integrate."""

    def driven(
        self, waveform: Waveform, *, points: int, times: Float[np.ndarray, " sample"] | None, name: str
    ) -> DrivenSweep | DrivenSweeps:
        """Its current under `waveform` at `points` even moments, or at `times` (s)."""
        ...
