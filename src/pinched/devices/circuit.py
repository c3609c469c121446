"""What stands between the source and a device, and parameters that change from event to event.

`Circuit` for a series resistance, a compliance or a current source; `ParameterRows` for cycle-to-cycle
variability and wear, where each piece of the waveform has parameters of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Int64

from pinched._params import quantity, require
from pinched.devices.law import Law, Param, all_true, show_value


class Source(Enum):
    """What the waveform's values are."""

    VOLTAGE = "voltage"
    CURRENT = "current"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Circuit:
    """What stands between the source and the device.

    A compliance regulates: where more than the limit would flow, the source lowers its voltage until the limit
    flows. `None` is no limit. With `response_time` the source's voltage follows with that time constant, so that a
    fast SET overshoots the limit, as it does in the laboratory.
    """

    series_resistance: Param = quantity(0.0, "ohm", r"R_\mathrm{s}", "resistance in series with the device")
    compliance_positive: Param | None = quantity(
        None, "A", r"I_\mathrm{cc}^{+}", "limit for positive current; None for no limit"
    )
    compliance_negative: Param | None = quantity(
        None, "A", r"I_\mathrm{cc}^{-}", "limit for the size of negative current; None for no limit"
    )
    response_time: Param = quantity(
        0.0, "s", r"\tau_\mathrm{cc}", "time constant of the source; 0 is at once"
    )
    source: Source = Source.VOLTAGE

    def __post_init__(self) -> None:
        for name in ("series_resistance", "response_time"):
            value = getattr(self, name)
            require(self, all_true(value >= 0), f"{name} is {show_value(value)}; it must not be negative.")
        for name in ("compliance_positive", "compliance_negative"):
            value = getattr(self, name)
            if value is not None:
                require(
                    self,
                    all_true(value > 0),
                    f"{name} is {show_value(value)} A; give the size of the limit, above zero, or None.",
                )
        limited = self.compliance_positive is not None or self.compliance_negative is not None
        require(
            self,
            self.source is Source.VOLTAGE or not limited,
            "a compliance current acts on a voltage source; leave it out for a current source.",
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ParameterRows:
    """Parameters that change from event to event (cycle-to-cycle variation, wear)."""

    laws: tuple[Law, ...]
    """The law for each event, all of one structure."""
    row: Int64[np.ndarray, " segment"]
    """Which of `laws` holds on each straight piece of the waveform (corner k to corner k + 1)."""
