r"""A filament whose channels open and close one by one, by chance: conductance in steps, driven by voltage and
current.

The filament holds n channels of s G_0 each; its conductance is g = n s (in G_0). Events come at the rates

$$ r_+ = \frac{k_+}{s} \big( e^{[u - V_+]_+ / v_+} - 1 \big) e^{-g / g_+}, \qquad
   r_- = \frac{k_-}{s} \big( e^{[-u - V_-]_+ / v_-} - 1 \big) e^{g / g_-}, $$

u being the voltage on the filament. Growth slows as the filament widens, and rupture as it narrows, so that both go
with the logarithm of the pulses. A share $\varepsilon$ of the events goes the other way (atoms do): without it there
would be no step back and no oscillation. Under a limit the source lowers u, and the bulk that carries the contact
has room for $n s \le (I_\mathrm{cc} - I_0) / I_1$ channels only: "thickness knob" in roy2025quantum, whose two
currents ask for it (1 G_0 at 1 mA, 20 at 5 mA; 1 G_0 at 3 V carries a quarter of a milliampere, so that the
voltage that the source takes back explains nothing there). Each visit of a level lies off its multiple by
`scatter`.

A jump process, exact between two samples (gillespie1977exact): `devices.filament` draws sweeps and pulse trains.
For a smooth contact that `drive` runs, with gradients and netlists, see `quantum_contact`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity, require
from pinched.constants import G_0


@dataclass(frozen=True, kw_only=True, slots=True)
class QuantumFilament:
    """Parameters of one filament, in SI; conductances in G_0 where the unit says so.

    The defaults are no published set; `presets.roy2025` has one. Raises `PinchedError` for numbers that are not
    finite, rates or scales that are not above zero, and a share of events the other way of one half or more.
    """

    source: ClassVar[str] = "roy2025quantum"

    quantum: float = quantity(0.5, "1", "s", "conductance of a channel in G_0: 1, or 0.5 for half steps")
    rate_set: float = quantity(50.0, "1/s", "k_+", "speed of growth of an empty filament, G_0 per second")
    threshold_set: float = quantity(0.6, "V", "V_+", "voltage below which nothing grows")
    scale_set: float = quantity(0.8, "V", "v_+", "voltage that raises growth by e")
    slowing_set: float = quantity(6.0, "1", "g_+", "conductance (G_0) that slows growth by e")
    rate_reset: float = quantity(1.0, "1/s", "k_-", "speed of rupture of the last channel, G_0 per second")
    threshold_reset: float = quantity(0.6, "V", "V_-", "size of the voltage below which nothing breaks")
    scale_reset: float = quantity(0.8, "V", "v_-", "voltage that raises rupture by e")
    slowing_reset: float = quantity(6.0, "1", "g_-", "conductance (G_0) that speeds rupture up by e")
    backward: float = quantity(0.05, "1", r"\varepsilon", "share of events that go the other way")
    capacity_onset: float = quantity(
        0.8e-3, "A", "I_0", "compliance below which the bulk has room for nothing"
    )
    capacity_current: float = quantity(0.2e-3, "A", "I_1", "compliance that makes room for one more G_0")
    highest: float = quantity(
        40.0, "1", r"g_\max", "conductance (G_0) beyond which it is a wire and grows no further"
    )
    conductance_hrs: float = quantity(1e-7, "S", r"G_\mathrm{HRS}", "leakage beside the filament")
    scatter: float = quantity(
        0.03, "1", r"\sigma_g", "deviation (G_0) of a visit of a level from its multiple"
    )

    def __post_init__(self) -> None:
        numbers = {name: getattr(self, name) for name in self.__slots__}
        require(
            self, all(math.isfinite(x) for x in numbers.values()), f"a parameter is not finite: {numbers}."
        )
        for name in (
            "quantum", "rate_set", "scale_set", "slowing_set", "rate_reset", "scale_reset", "slowing_reset",
            "capacity_current", "highest",
        ):  # fmt: skip
            require(self, numbers[name] > 0, f"{name} is {numbers[name]}; it must be above zero.")
        for name in ("threshold_set", "threshold_reset", "capacity_onset", "conductance_hrs", "scatter"):
            require(self, numbers[name] >= 0, f"{name} is {numbers[name]}; it must not be negative.")
        require(
            self,
            0 <= self.backward < 0.5,
            f"backward is {self.backward}; with half of the events or more the other way a voltage would do the "
            "opposite of what it does.",
        )

    def rates(self, channels: int, voltage: float) -> tuple[float, float]:
        """Events per second that open and that close a channel, at `channels` open ones and `voltage` (V) on them."""
        g = channels * self.quantum
        up = self._speed(voltage, self.rate_set, self.threshold_set, self.scale_set, -g / self.slowing_set)
        down = self._speed(
            -voltage, self.rate_reset, self.threshold_reset, self.scale_reset, g / self.slowing_reset
        )
        # What goes the other way needs a way to go.
        back_up, back_down = self.backward * down, self.backward * up if channels > 0 else 0.0
        down = down if channels > 0 else 0.0
        return (1.0 - self.backward) * up + back_up, (1.0 - self.backward) * down + back_down

    def _speed(self, u: float, rate: float, threshold: float, scale: float, exponent: float) -> float:
        over = u - threshold
        if over <= 0:
            return 0.0
        return rate / self.quantum * math.expm1(min(over / scale, 300.0)) * math.exp(exponent)

    def capacity(self, compliance_current: float | None) -> int:
        """Channels that the bulk has room for under `compliance_current` (A); None is no limit."""
        room = self.highest
        if compliance_current is not None:
            room = min(room, max(compliance_current - self.capacity_onset, 0.0) / self.capacity_current)
        return int(room / self.quantum + 1e-9)

    def conductance(self, channels: int) -> float:
        """Conductance (S) with `channels` open, without scatter."""
        return channels * self.quantum * G_0 + self.conductance_hrs

    def expected(self, pulses: float, width: float, voltage: float, *, start: float = 0.0) -> float:
        """Conductance (G_0) after `pulses` of `width` (s) with `voltage` (V) on the filament, from `start` (G_0).

        Of many channels that open without a limit: the mean of the jump process, $e^{g/g_+}$ growing with time. Below
        the thresholds `start`.
        """
        rate = self.rate_set if voltage > 0 else self.rate_reset
        up = voltage > 0
        threshold = self.threshold_set if up else self.threshold_reset
        scale, slowing = (self.scale_set, self.slowing_set) if up else (self.scale_reset, self.slowing_reset)
        speed = rate * math.expm1(max(abs(voltage) - threshold, 0.0) / scale) * (1.0 - 2.0 * self.backward)
        done = speed * pulses * width / slowing
        if up:
            return min(slowing * math.log(math.exp(start / slowing) + done), self.highest)
        return max(-slowing * math.log(math.exp(-start / slowing) + done), 0.0)
