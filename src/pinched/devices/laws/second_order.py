r"""Second-order memristor: a filament whose growth is activated by the heat of earlier pulses.

$$ \dot w = k\, e^{-E_a / k_B T} \sinh\!\left(\frac{a q v}{2 L k_B T}\right) f(w), \qquad
   \dot T = \frac{I v R_\mathrm{th} - (T - T_0)}{\tau_\mathrm{th}}, \qquad
   I = [g_\mathrm{off} + (g_\mathrm{on} - g_\mathrm{off})\, w]\, v $$

w is the size of the filament, 0 to 1 in the LRS; positive voltage turns ON, negative voltage OFF. w is read and
lasts, T is hidden and decays within the thermal time constant: a second pulse that comes before has a warmer device
and does more. From this alone follow paired-pulse facilitation and spike-timing dependence with pulses
that do not overlap; `pinched.devices.spikes` computes both. Use it where the timing of pulses matters and the state
lasts; where the state itself decays see `wox` or `diffusive`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pinched import constants
from pinched._params import quantity
from pinched.devices import elementwise as ew
from pinched.devices.law import Law, Param, StateVariable, Value, require_finite, require_range
from pinched.devices.laws.checks import require_rising, require_share, require_temperature
from pinched.devices.laws.windows import Biolek, Window

HOTTEST = 1e4
"""Upper bound of the temperature (K): above it there is no solid."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SecondOrder(Law):
    """Parameters of second-order devices, in SI; a tensor in a field gives each device its own value (D2D).

    The form of the equations is from memory of the paper (Ta2O5/TaOx), not re-read; so is that heat decays within
    some hundred nanoseconds. All other defaults are assumed: they give a device of 10 kohm whose 1.2 V pulses of
    100 ns facilitate. Raises `PinchedError` for swapped conductances, a state outside 0 to 1, and numbers that are no
    SI values: the activation energy is in joule (1 eV is `constants.E`).
    """

    source: ClassVar[str] = "kim2015experimental"
    volatile: ClassVar[bool] = True
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="w", unit="1", symbol="w", meaning="size of the filament, 1 in the LRS"),
        StateVariable(
            name="temperature", unit="K", symbol="T", meaning="temperature of the filament", scale=300.0
        ),
    )

    g_off: Param = quantity(2e-5, "S", r"g_\mathrm{off}", "conductance without a filament")
    g_on: Param = quantity(1e-3, "S", r"g_\mathrm{on}", "conductance with the whole filament")
    k: Param = quantity(5e12, "1/s", "k", "attempts per second of a hop, as a speed of the filament")
    activation_energy: Param = quantity(0.6 * constants.E, "J", "E_a", "activation energy of a hop")
    hop: Param = quantity(0.3e-9, "m", "a", "distance of a hop")
    length: Param = quantity(5e-9, "m", "L", "distance over which the voltage falls")
    thermal_resistance: Param = quantity(1e6, "K/W", r"R_\mathrm{th}", "warming per power")
    thermal_time: Param = quantity(200e-9, "s", r"\tau_\mathrm{th}", "time constant of the temperature")
    ambient: Param = quantity(300.0, "K", "T_0", "temperature of the surroundings")
    w_initial: Param = quantity(0.1, "1", "w_0", "size of the filament before anything was applied")
    window: Window = field(default=Biolek())

    def __post_init__(self) -> None:
        require_finite(self)
        require_rising(self, "g_off", "g_on", "S", "g_on is the LRS.")
        require_range(self, "g_off", 1e-15, 1e2)
        require_range(self, "k", 1e-3, 1e18)
        require_range(self, "activation_energy", 0.0, 10.0 * constants.E)
        require_range(self, "hop", 1e-11, 1e-8)
        require_range(self, "length", 1e-10, 1e-6)
        require_range(self, "thermal_resistance", 0.0, 1e12)
        require_range(self, "thermal_time", 1e-15, 1.0)
        require_temperature(self, "ambient")
        require_share(self, "w_initial")

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Filament from 0 to 1; temperature from that of the surroundings (K) up."""
        return ((0.0, 1.0), (self.ambient, HOTTEST))

    def initial_state(self) -> tuple[Param, ...]:
        """Filament before anything was applied, at the temperature of the surroundings (K)."""
        return (self.w_initial, self.ambient)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` (filament, temperature in K) and `voltage` (V), elementwise."""
        w, _temperature = state
        return (self.g_off + (self.g_on - self.g_off) * w) * voltage

    def state_rate(self, state: Value, voltage: Value) -> tuple[Value, Value]:
        """Speed of the filament (1/s) and of the temperature (K/s), elementwise."""
        w, temperature = state
        thermal = constants.K_B * temperature
        lowering = self.hop * constants.E * voltage / (2.0 * self.length * thermal)
        # Both exponents are held where float64 has a value; activated they are far below.
        hops = ew.bounded_exp(-self.activation_energy / thermal, 700.0) * ew.sinh(
            ew.clamp(lowering, -80.0, 80.0)
        )
        power = self.current(state, voltage) * voltage
        warming = (power * self.thermal_resistance - (temperature - self.ambient)) / self.thermal_time
        return self.k * hops * self.window.factor(w, voltage), warming
