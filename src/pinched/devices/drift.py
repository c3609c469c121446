r"""Drift of a programmed conductance: a power of the time since it was programmed.

$$ G(t) = G_0 (t / t_0)^{-\nu} $$

`extraction.retention` fits the same law to measured retention (its POWER, slope nu). The exponent may be a tensor,
one per device: `vary(PowerDrift(), {"nu": Normal(mean=0.02, std=0.01)}, shape)`. For cells that relax to their
other state at a temperature see `crossbar.relaxation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, require_finite, require_range


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PowerDrift:
    """Parameters of the drift; the default does not drift. Raises `PinchedError` for a time not above zero."""

    source: ClassVar[str] = "ielmini2007recovery"
    nu: Param = quantity(0.0, "1", r"\nu", "exponent; above zero the conductance falls")
    reference_time: Param = quantity(
        1.0, "s", "t_0", "time since programming at which the conductance is G_0"
    )

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "nu", -10.0, 10.0)
        require_range(self, "reference_time", 1e-12, 1e12)

    def conductance(self, initial: Value, time: Value) -> Value:
        """Conductance (S) at `time` (s) since programming, `initial` (S) until the reference time; elementwise."""
        # Before the reference time nothing is known: the power would grow without end towards zero.
        elapsed = ew.maximum(time / self.reference_time, 1.0 + 0.0 * time)
        return initial * ew.exp(-self.nu * ew.log(elapsed))
