r"""A filament whose narrowest place is a quantum point contact that grows and shrinks: conductance in steps of G_0.

The state x is the width of that place in channels. Channel n opens at x_n = n - 1/2:

$$ \Phi_n = \Delta E (x_n - x), \qquad I = s \sum_n I_1(u; \alpha, \Phi_n, \beta), \qquad \dot x = k \sinh(u / V_0) $$

with I_1 the point contact of miranda2010model (`conduction.contact_current`): an open channel adds s G_0, and below
x = 1/2 all are closed and the current tunnels (HRS). V > 0 opens channels one by one. What is
assumed, since no paper at hand gives it: barriers at even distances Delta E (a parabolic constriction; a round one
opens some of its channels together, see `opens_at`), one state for all channels, growth by field-driven hopping
(sinh) on the voltage of the contact itself. Nothing pins x at whole numbers: plateaus come from the transmission, and
under a compliance growth halts itself, because the voltage I_cc / G falls with every channel, so that the limit
chooses the plateau.

Steps of 1 G_0 for `quantum` 1, of half of it for 0.5 (channels of one spin). Take the series resistance off before
dividing by G_0: G = 1 / (V / I - R_s), or use the trace's voltage on the device. In x a step is about
4 / (alpha Delta E) + u / Delta E wide: the two sides of the contact see different channels once u nears Delta E.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity, require
from pinched.devices import elementwise as ew
from pinched.devices.law import Law, Param, StateVariable, Value, require_finite, require_range
from pinched.devices.laws.checks import require_share, require_start
from pinched.devices.laws.conduction import contact_current


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class QuantumContact(Law):
    """Parameters of growing point contacts, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are no published set: chosen for a barrier 1 nm thick, SET near 0.5 V at 1 V/s, a few G_0 at 100 uA.
    """

    source: ClassVar[str] = "miranda2010model"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="width", unit="1", symbol="x", meaning="width of the contact in channels"),
    )

    alpha: Param = quantity(8.0, "1/eV", r"\alpha", "steepness of the transmission of each channel")
    spacing: Param = quantity(3.0, "eV", r"\Delta E", "distance of the barriers of two neighbouring channels")
    drop: Param = quantity(0.5, "1", r"\beta", "share of the voltage on the emitting side")
    quantum: Param = quantity(
        1.0, "1", "s", "conductance of an open channel in G_0: 1, or 0.5 for half steps"
    )
    rate: Param = quantity(9e-4, "1/s", "k", "speed of growth before the sinh, channels per second")
    v_0: Param = quantity(0.05, "V", "V_0", "voltage scale of growth")
    width_min: Param = quantity(0.0, "1", r"x_\mathrm{min}", "width of the HRS; below 1/2 there is a barrier")
    width_initial: Param = quantity(0.1, "1", "x_0", "width before anything was applied")
    opens_at: tuple[float, ...] = tuple(n + 0.5 for n in range(10))
    """Width at which each channel opens, rising; the contact grows no further than half a channel beyond the last."""

    def __post_init__(self) -> None:
        require_finite(self)
        rises = all(a <= b for a, b in itertools.pairwise(self.opens_at))
        require(
            self,
            len(self.opens_at) >= 1 and rises,
            f"opens_at is {self.opens_at}; it needs at least one width, and they must not fall.",
        )
        require_share(self, "drop")
        require_range(self, "alpha", 1e-2, 1e4)
        require_range(self, "spacing", 1e-2, 100.0)
        require_range(self, "quantum", 1e-3, 100.0)
        require_range(self, "rate", 1e-30, 1e30)
        require_range(self, "v_0", 1e-4, 10.0)
        require_range(self, "width_min", -1e3, self._widest())
        require_start(self)

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Width between that of the HRS and all channels."""
        return ((self.width_min, self._widest()),)

    def _widest(self) -> float:
        return self.opens_at[-1] + 0.5

    def initial_state(self) -> tuple[Param, ...]:
        """Width before anything was applied."""
        return (self.width_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at width `state` and `voltage` (V), elementwise."""
        total = 0.0 * voltage
        for opening in self.opens_at:
            total = total + contact_current(voltage, self.alpha, self.spacing * (opening - state), self.drop)
        return self.quantum * total

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the width (channels per second), elementwise."""
        return self.rate * ew.sinh(ew.clamp(voltage / self.v_0, -80.0, 80.0)) + 0.0 * state
