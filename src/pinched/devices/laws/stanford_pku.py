r"""Stanford-PKU, version 1.0: a filament that ends in a gap which ions close and open, heated by its own current.

$$ I = I_0 e^{-g/g_0} \sinh(u / V_0), \qquad T = T_0 + |u I| R_\mathrm{th} $$
$$ \dot g = -v_0 e^{-q E_\mathrm{a} / kT} \sinh\!\Big(\frac{\gamma a_0}{t_\mathrm{ox}} \frac{q u}{kT}\Big), \qquad
   \gamma = \gamma_0 - \beta (g / 1\,\mathrm{nm})^3 $$

A large gap is the HRS; V > 0 sets. Where the enhanced field gamma |u| / t_ox is below F_min nothing moves: the
published file sets gamma to 0 there, by a jump; here gamma rises over a relative width `gate_width`, narrow by
default. RESET stops itself at that gate and then follows it as the voltage goes on, where a jump would let no step
succeed.
`StochasticStanfordPku` adds the fluctuation of the gap. The model has no series resistance and no limit of its own:
in the LRS it draws 0.1 A at 1.6 V, so give `drive` a compliance. For a gap and a filament width: `stanford_pku2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pinched import constants
from pinched._params import quantity
from pinched.devices import elementwise as ew
from pinched.devices.law import Law, Param, StateVariable, Stochastic, Value, require_finite, require_range
from pinched.devices.laws.checks import require_positive, require_rising, require_start, require_temperature

_NANOMETRE = 1e-9
_PER_KELVIN = constants.E / constants.K_B


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StanfordPku(Law):
    """Parameters of Stanford-PKU devices, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are those of the published file. That file takes gamma_0 = 16 for V < 0 whatever its parameter
    says; here that is `gamma_reset`, a parameter of its own.
    """

    source: ClassVar[str] = "jiang2014stanford"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="gap", unit="m", symbol="g", meaning="gap between filament and electrode"),
    )

    i_0: Param = quantity(1e-3, "A", "I_0", "amplitude of the current at no gap")
    g_0: Param = quantity(0.25e-9, "m", "g_0", "length over which the current decays")
    v_0: Param = quantity(0.25, "V", "V_0", "voltage scale of the current")
    velocity: Param = quantity(10.0, "m/s", r"v_0", "velocity of the gap before the exponentials")
    activation: Param = quantity(0.6, "eV", r"E_\mathrm{a}", "activation energy of the vacancies")
    hop: Param = quantity(0.25e-9, "m", "a_0", "distance between two sites")
    gamma_set: Param = quantity(16.0, "1", r"\gamma_0", "enhancement of the field at no gap for V >= 0")
    gamma_reset: Param = quantity(16.0, "1", r"\gamma_0^-", "the same for V < 0")
    beta: Param = quantity(0.8, "1", r"\beta", "fall of the enhancement with the cube of the gap in nm")
    field_min: Param = quantity(
        1.4e9, "V/m", r"F_\mathrm{min}", "enhanced field below which nothing moves; 1 for no gate"
    )
    thickness: Param = quantity(12e-9, "m", r"t_\mathrm{ox}", "thickness of the oxide")
    gap_min: Param = quantity(0.2e-9, "m", r"g_\mathrm{min}", "gap of the LRS")
    gap_max: Param = quantity(1.7e-9, "m", r"g_\mathrm{max}", "gap of the HRS")
    gap_initial: Param = quantity(1.4e-9, "m", r"g_\mathrm{ini}", "gap before anything was applied")
    r_thermal: Param = quantity(2100.0, "K/W", r"R_\mathrm{th}", "thermal resistance; 0 for no heating")
    temperature: Param = quantity(298.0, "K", "T_0", "ambient temperature")
    gate_width: Param = quantity(
        1e-3, "1", r"\Delta F / F_\mathrm{min}", "width of the gate, a share of field_min; 0.05 is smooth"
    )

    def __post_init__(self) -> None:
        require_finite(self)
        require_rising(self, "gap_min", "gap_max", "m", "the larger gap is the HRS.")
        require_temperature(self, "temperature")
        for name in ("gap_min", "gap_max"):
            require_range(self, name, 1e-12, 1e-7)
        for name in ("g_0", "hop"):
            require_range(self, name, 1e-11, 1e-8)
        require_range(self, "thickness", 1e-10, 1e-6)
        for name in ("gamma_set", "gamma_reset"):
            require_range(self, name, 1e-3, 1e4)
        require_range(self, "i_0", 1e-15, 1e3)
        require_range(self, "v_0", 1e-3, 1e2)
        require_range(self, "velocity", 1e-9, 1e9)
        require_range(self, "activation", 1e-3, 20.0)
        require_range(self, "field_min", 1e-3, 1e12)
        require_range(self, "gate_width", 1e-6, 1.0)
        require_range(self, "r_thermal", 0.0, 1e9)
        require_range(self, "beta", 0.0, 1e6)
        require_start(self)

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Gap between that of the LRS and that of the HRS (m)."""
        return ((self.gap_min, self.gap_max),)

    def initial_state(self) -> tuple[Param, ...]:
        """Gap before anything was applied (m)."""
        return (self.gap_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at gap `state` (m) and `voltage` (V), elementwise."""
        tunnel = ew.exp(-state / self.g_0)
        return self.i_0 * tunnel * ew.sinh(ew.clamp(voltage / self.v_0, -80.0, 80.0))

    def filament_temperature(self, state: Value, voltage: Value) -> Value:
        """Temperature (K) of the filament, elementwise."""
        return self.temperature + self.r_thermal * abs(voltage * self.current(state, voltage))

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the gap (m/s), elementwise."""
        per_volt = _PER_KELVIN / self.filament_temperature(state, voltage)
        gamma = (
            ew.where(voltage < 0, self.gamma_reset, self.gamma_set) - self.beta * (state / _NANOMETRE) ** 3
        )
        strength = gamma * abs(voltage) / self.thickness
        gate = ew.sigmoid(2.0 * (strength / self.field_min - 1.0) / self.gate_width)
        pull = gate * gamma * self.hop / self.thickness * voltage * per_volt
        hindrance = self.activation * per_volt
        # The sinh as two exponentials that the barrier has tamed: no overflow where the product is fine.
        return -0.5 * self.velocity * (ew.bounded_exp(pull - hindrance) - ew.bounded_exp(-pull - hindrance))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StochasticStanfordPku(StanfordPku, Stochastic):
    r"""Stanford-PKU with the fluctuation of the gap, as white noise on its speed.

    The published file adds delta_g N(0, 1) / (1 + exp((T_crit - T) / T_smth)) to the speed (m/s) at every step, so
    that the gap spreads the less, the finer the steps are. White noise spreads as the root of the time: with
    the step dt that a delta_g was tuned at, its strength is delta_g sqrt(dt), whatever steps are taken.
    """

    source: ClassVar[str] = "guan2012spice"

    noise_velocity: Param = quantity(0.02, "m/s", r"\delta_g", "speed added per step in the published file")
    noise_step: Param = quantity(
        1e-9, "s", r"\Delta t", "step to which that speed belongs; the file leaves it open"
    )
    noise_temperature: Param = quantity(
        450.0, "K", r"T_\mathrm{crit}", "temperature above which the gap fluctuates"
    )
    noise_width: Param = quantity(500.0, "K", r"T_\mathrm{smth}", "width of that rise")

    def __post_init__(self) -> None:
        super(StochasticStanfordPku, self).__post_init__()
        require_positive(self, "noise_step", "noise_width")
        require_range(self, "noise_velocity", 0.0, 1e6)
        require_range(self, "noise_step", 1e-18, 1e3)
        require_temperature(self, "noise_temperature", "noise_width")

    def noise_strength(self, state: Value, voltage: Value) -> Value:
        r"""Strength of the noise on the gap (m per root second), elementwise."""
        above = (self.filament_temperature(state, voltage) - self.noise_temperature) / self.noise_width
        return self.noise_velocity * ew.sqrt(self.noise_step) * ew.sigmoid(above)
