r"""JART VCM v1b: a disc that vacancies fill or leave, behind a Schottky contact, heated by its own current.

State N, the concentration of vacancies in the disc; negative voltage sets (fills the disc), positive resets. The
voltage is shared by the contact, the disc l / (N z q mu A), the plug behind it and a line whose resistance
rises as it heats by R_th,line, which at low current is R_0:

$$ V = V_\mathrm{S} + I (R_\mathrm{disc} + R_\mathrm{plug} + R_\mathrm{TiOx} + R_\mathrm{line}(I)) $$

The contact emits over its barrier for $V_\mathrm{S} \ge 0$ and by thermionic field emission below; its barrier is
lowered by the image force, with the root-root of the field. Ions hop with an activation energy that the field in the
disc (SET) or over the cell (RESET) lowers (cuppers2019exploiting, bengel2020variability).

**Branches.** The current stands on both sides, and for V > 0 it has up to three solutions: where V_S passes
phi_Bn0 - phi_n the lowering vanishes with infinite slope, so that the contact's current falls as its voltage rises.
For V < 0 there was one solution at every point tried. `Branch` says which one flows for V > 0: SET does not depend on
it, the start of RESET does (0.9 V and 0.7 V at 1 V/s). For r, l, N_min and N_max of each device and cycle see
`jart_variability`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from pinched import constants
from pinched._params import quantity
from pinched.devices import elementwise as ew
from pinched.devices._implicit import solve_current
from pinched.devices.law import ImplicitLaw, Param, StateVariable, Value, require_range
from pinched.devices.laws.checks import require_positive, require_rising, require_start, require_temperature

_K = constants.K_B / constants.E
"""Boltzmann's constant in eV/K."""
_GAMMA_MAX = 1.0 - 1e-9
"""Field over the field at which the barrier of a hop is gone: the formula ends there."""


class Branch(Enum):
    """Which solution flows for V > 0 where there are several; the middle one is unstable.

    Both are functions of state and voltage alone. A circuit simulator goes on from the moment before: on the way up
    from 0 V that is the highest one, as long as there is one.
    """

    HIGHEST = "highest"
    """The largest current: the contact with its barrier lowered, continuous with the current near 0 V."""
    LOWEST = "lowest"
    """The smallest: the contact beyond flat band. RESET starts earlier, since the contact leaves more to the disc."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class JartVcm(ImplicitLaw):
    """Parameters of JART VCM v1b cells, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are the published deterministic set.
    """

    source: ClassVar[str] = "cuppers2019exploiting"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(
            name="vacancies", unit="1/m^3", symbol="N", meaning="concentration of vacancies in the disc"
        ),
    )

    n_min: Param = quantity(0.008e26, "1/m^3", r"N_\mathrm{min}", "concentration of the HRS")
    n_max: Param = quantity(20e26, "1/m^3", r"N_\mathrm{max}", "concentration of the LRS")
    n_plug: Param = quantity(20e26, "1/m^3", r"N_\mathrm{plug}", "concentration in the plug")
    n_initial: Param = quantity(0.01e26, "1/m^3", "N_0", "concentration before anything was applied")
    radius: Param = quantity(45e-9, "m", "r", "radius of the filament")
    radius_nominal: Param = quantity(
        45e-9, "m", r"r_\mathrm{det}", "radius to which the thermal resistance belongs"
    )
    disc_length: Param = quantity(0.4e-9, "m", "l", "length of the disc")
    cell_length: Param = quantity(3e-9, "m", r"l_\mathrm{cell}", "length of disc and plug")
    barrier: Param = quantity(0.18, "eV", r"\varphi_\mathrm{Bn0}", "barrier of the contact without field")
    fermi_distance: Param = quantity(
        0.1, "eV", r"\varphi_\mathrm{n}", "Fermi level below the conduction band"
    )
    permittivity: Param = quantity(17.0, "1", r"\varepsilon", "static relative permittivity")
    permittivity_image: Param = quantity(
        5.5, "1", r"\varepsilon_\varphi", "relative permittivity of the image force"
    )
    mobility: Param = quantity(4e-6, "m^2/(V s)", r"\mu", "mobility of the electrons")
    richardson: Param = quantity(6.01e5, "A/(m^2 K^2)", "A^*", "Richardson constant")
    charge: Param = quantity(2.0, "1", "z", "charge number of a vacancy")
    hop: Param = quantity(0.25e-9, "m", "a", "hopping distance")
    attempt: Param = quantity(2e13, "Hz", r"\nu_0", "attempt frequency")
    activation: Param = quantity(1.35, "eV", r"\Delta W_A", "activation energy of a hop")
    r_thermal: Param = quantity(
        15.72e6, "K/W", r"R_\mathrm{th0}", "thermal resistance at the nominal radius, SET"
    )
    reset_scaling: Param = quantity(0.27, "1", r"s_\mathrm{th}", "its factor for V > 0")
    r_tiox: Param = quantity(650.0, "ohm", r"R_\mathrm{TiOx}", "resistance of the TiOx layer")
    r_line: Param = quantity(719.2437, "ohm", "R_0", "resistance of the lines at ambient temperature")
    r_thermal_line: Param = quantity(
        90471.47, "K/W", r"R_\mathrm{th,line}", "thermal resistance of the lines"
    )
    alpha_line: Param = quantity(
        3.92e-3, "1/K", r"\alpha_\mathrm{line}", "temperature coefficient of the lines"
    )
    temperature: Param = quantity(293.0, "K", "T_0", "ambient temperature")
    branch: Branch = Branch.HIGHEST

    def __post_init__(self) -> None:
        require_positive(self, "cell_length", "fermi_distance", "barrier", "charge", "activation")
        require_rising(self, "n_min", "n_max", "1/m^3", "the LRS has more vacancies.")
        require_rising(self, "disc_length", "cell_length", "m", "the disc is a part of the cell.")
        require_rising(self, "fermi_distance", "barrier", "eV", "no Schottky contact is left otherwise.")
        for name in ("n_min", "n_max", "n_plug", "n_initial"):
            require_range(self, name, 1e20, 1e30)
        for name in ("radius", "radius_nominal"):
            require_range(self, name, 1e-10, 1e-5)
        for name in ("disc_length", "cell_length"):
            require_range(self, name, 1e-11, 1e-6)
        require_range(self, "hop", 1e-11, 1e-8)
        for name in ("barrier", "fermi_distance", "activation"):
            require_range(self, name, 1e-2, 10.0)
        for name in ("permittivity", "permittivity_image"):
            require_range(self, name, 1.0, 1e4)
        require_range(self, "mobility", 1e-12, 1e2)
        require_range(self, "attempt", 1e6, 1e18)
        require_range(self, "richardson", 1.0, 1e8)
        for name in ("r_thermal", "r_thermal_line", "r_tiox", "r_line"):
            require_range(self, name, 0.0, 1e12)
        require_range(self, "reset_scaling", 0.0, 1e2)
        require_range(self, "alpha_line", 0.0, 1.0)
        require_temperature(self, "temperature")
        require_start(self)

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Concentration between that of the HRS and that of the LRS (1/m^3)."""
        return ((self.n_min, self.n_max),)

    def initial_state(self) -> tuple[Param, ...]:
        """Concentration before anything was applied (1/m^3)."""
        return (self.n_initial,)

    def _area(self) -> Value:
        return math.pi * self.radius**2

    def _disc(self, state: Value) -> Value:
        return self.disc_length / (state * constants.E * self.charge * self.mobility * self._area())

    def _ohmic(self, state: Value) -> Value:
        """Resistance (ohm) of everything but the contact, lines cold."""
        conductivity = self.n_plug * constants.E * self.charge * self.mobility
        plug = (self.cell_length - self.disc_length) / (conductivity * self._area())
        return self._disc(state) + plug + self.r_tiox + self.r_line

    def _line_heating(self) -> Value:
        """Rise of the resistance with the square of the current (ohm/A^2)."""
        return self.r_line * self.r_line * self.alpha_line * self.r_thermal_line

    def _junction_voltage(self, state: Value, voltage: Value, current: Value) -> Value:
        return voltage - current * (self._ohmic(state) + self._line_heating() * current * current)

    def _line_voltage(self, current: Value) -> Value:
        return current * (self.r_tiox + self.r_line + self._line_heating() * current * current)

    def cell_temperature(self, voltage: Value, current: Value) -> Value:
        """Temperature (K) of the disc when `current` (A) flows at `voltage` (V), elementwise."""
        shape = (self.radius_nominal / self.radius) ** 2
        rise = self.r_thermal * shape * ew.where(voltage > 0, self.reset_scaling, 1.0)
        # A trial current beyond the solution would cool the cell; the search then only needs a finite number.
        return self.temperature + rise * ew.positive(current * (voltage - self._line_voltage(current)))

    def _lowering_scale(self, state: Value) -> Value:
        """Lowering of the barrier (V) at 1 V beyond flat band."""
        image = constants.E**3 / (8.0 * math.pi**2 * constants.EPSILON_0**3)
        return ew.sqrt(ew.sqrt(image * self.charge * state / self.permittivity_image**3))

    def _barrier(self, state: Value, junction: Value) -> Value:
        """Barrier (eV) of the contact with `junction` (V) on it."""
        beyond = self.barrier - self.fermi_distance - junction
        # Held off zero, where the slope of the fourth root is infinite.
        root = ew.sqrt(ew.sqrt(ew.maximum(beyond, 1e-12)))
        left = self.barrier - ew.where(beyond > 0, self._lowering_scale(state) * root, 0.0)
        # max(0, left), rounded over 0.1 meV: the derivative along a run is then exact where the barrier goes.
        return 0.5 * (left + ew.sqrt(left * left + 1e-8))

    def _over(self, barrier: Value, junction: Value, temperature: Value) -> Value:
        """Current (A) over the contact's `barrier` (eV), V_S >= 0."""
        thermal = _K * temperature
        scale = self._area() * self.richardson * temperature * temperature
        return scale * ew.bounded_exp(-barrier / thermal) * (ew.bounded_exp(junction / thermal) - 1.0)

    def _through(self, state: Value, barrier: Value, size: Value, temperature: Value) -> Value:
        """Size (A) of the thermionic field emission at V_S = -`size` (V)."""
        # Constants first: their squares and cubes leave the range of float32.
        quantum = constants.H / (4.0 * math.pi * math.sqrt(constants.M_E * constants.EPSILON_0))
        w_00 = quantum * ew.sqrt(self.charge * state / self.permittivity)
        # tunnel = W_00 / kT; then 1 / W_0 = slope / W_00 and 1 / xi = (tunnel - slope) / W_00.
        tunnel = w_00 / (_K * temperature)
        slope = ew.tanh(tunnel)
        under = ew.maximum(size + barrier / ew.cosh(ew.minimum(tunnel, 40.0)) ** 2, 1e-12)
        scale = self._area() * self.richardson * temperature / _K * ew.sqrt(math.pi * w_00 * under)
        return (
            scale
            * ew.bounded_exp(-barrier * slope / w_00)
            * (ew.bounded_exp(size * (tunnel - slope) / w_00) - 1.0)
        )

    def _plain_residual(self, state: Value, voltage: Value, current: Value) -> Value:
        junction = self._junction_voltage(state, voltage, current)
        temperature = self.cell_temperature(voltage, current)
        barrier = self._barrier(state, junction)
        through = self._through(state, barrier, ew.positive(-junction), temperature)
        return current - ew.where(junction < 0, -through, self._over(barrier, junction, temperature))

    def _current_at(self, state: Value, over: Value) -> Value:
        """Current (A) that drops `over` (V) on all but the contact: a root of a cubic; 0 for `over` below 0."""
        linear = self._ohmic(state)
        # Kept off zero for lines that do not heat: a millionth of the resistance at 1 A.
        scale = ew.sqrt(linear / (3.0 * (self._line_heating() + 1e-6 * linear)))
        y = 1.5 * ew.positive(over) / (linear * scale)
        inverse_sinh = ew.log1p(y + y * y / (1.0 + ew.sqrt(1.0 + y * y)))
        return 2.0 * scale * ew.sinh(inverse_sinh / 3.0)

    def current_residual(self, state: Value, voltage: Value, current: Value) -> Value:
        """`current` minus that through the contact (A), so that only the root of `branch` is left."""
        plain = self._plain_residual(state, voltage, current)
        flat = self.barrier - self.fermi_distance
        # With the contact at flat band: the lowest solution lies below this current, the other two above.
        edge = self._current_at(state, voltage - flat)
        at_edge = edge - self._over(self.barrier, flat, self.cell_temperature(voltage, edge))
        lowest = ew.where(at_edge > 0, ew.where(current > edge, at_edge + current - edge, plain), plain)
        if self.branch is Branch.LOWEST:
            return ew.where(voltage > 0, lowest, plain)
        # With the contact where it carries most: beyond this current only the highest solution is left. There s,
        # the fourth root of the distance from flat band, either takes the barrier away or balances its fall
        # with that of e^(V_S / kT).
        scale = self._lowering_scale(state)
        limit = ew.minimum(self.barrier / scale, ew.sqrt(ew.sqrt(flat)))
        s = ew.minimum((0.25 * scale) ** (1.0 / 3.0), limit)
        falling = -ew.expm1((s**4 - flat) / (_K * self.temperature))
        s = ew.minimum((0.25 * scale * falling + 1e-12) ** (1.0 / 3.0), limit)
        junction = flat - s**4
        peak = self._current_at(state, voltage - junction)
        emitted = self._over(
            ew.positive(self.barrier - scale * s), junction, self.cell_temperature(voltage, peak)
        )
        highest = ew.where(peak < emitted, ew.where(current < peak, current - emitted, plain), lowest)
        return ew.where(voltage > 0, highest, plain)

    def state_rate_at(self, state: Value, voltage: Value, current: Value) -> Value:
        """Speed of the concentration (1/(m^3 s)) when `current` (A) flows."""
        resets = voltage > 0
        field = ew.where(
            resets,
            (voltage - self._line_voltage(current)) / self.cell_length,
            current * self._disc(state) / self.disc_length,
        )
        gamma = ew.clamp(
            self.charge * self.hop * field / (math.pi * self.activation), -_GAMMA_MAX, _GAMMA_MAX
        )
        even = ew.sqrt(1.0 - gamma * gamma) + gamma * ew.asin(gamma)
        odd = 0.5 * math.pi * gamma
        per_kelvin = self.activation / (_K * self.cell_temperature(voltage, current))
        hops = ew.bounded_exp(-per_kelvin * (even - odd)) - ew.bounded_exp(-per_kelvin * (even + odd))
        # Both ratios stay at 1 or below within the bounds; the tenth power ends the motion at the bound.
        room = 1.0 - ew.where(resets, self.n_min / state, state / self.n_max) ** 10.0
        mean = 0.5 * (self.n_plug + state)
        return -(self.hop * self.attempt / self.disc_length) * hops * room * mean

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` (1/m^3) and `voltage` (V), elementwise."""
        return solve_current(self, state, voltage)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the concentration (1/(m^3 s)), elementwise."""
        return self.state_rate_at(state, voltage, self.current(state, voltage))
