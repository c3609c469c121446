r"""Stanford-PKU, version 2.0 beta: the length of a gap and the width of the filament behind it, both as states.

The current has a part beside the filament and one through it; the filament's own resistance takes its share:

$$ I = \frac{\pi (W^2 - w^2)}{4} i_0 e^{-L_0 / X_T} \sinh\frac{u}{V_T} + \frac{\pi w^2}{4} i_0 e^{-x / X_T}
       \sinh\frac{u_g}{V_T}, \qquad u_g = u - I_\mathrm{filament}\, \rho (L_0 - x) \frac{4}{\pi w^2} $$

V > 0 closes the gap x from L_0, and once it is closed widens the filament w; V < 0 opens the gap by the slower of two
processes, release of oxygen at the electrode and its hopping. The published file holds every speed below 100 m/s
and, for V > 0 with the gap closed, conducts by the filament's resistance alone, so that the current jumps when the
gap closes. Both are kept. RESET does not narrow the filament: w only grows. For one state: `stanford_pku`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from pinched import constants
from pinched._params import quantity
from pinched.devices import elementwise as ew
from pinched.devices._implicit import solve_current
from pinched.devices.law import ImplicitLaw, Param, StateVariable, Value, require_finite, require_range
from pinched.devices.laws.checks import require_rising, require_start, require_temperature

_PER_KELVIN = constants.E / constants.K_B


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StanfordPku2(ImplicitLaw):
    """Parameters of two-state Stanford-PKU devices, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are those of the published file.
    """

    source: ClassVar[str] = "li2014spice"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="gap", unit="m", symbol="x", meaning="length of the gap"),
        StateVariable(name="width", unit="m", symbol="w", meaning="width of the filament"),
    )

    length: Param = quantity(3e-9, "m", "L_0", "thickness of the film: the gap of the HRS")
    width_max: Param = quantity(5e-9, "m", "W", "width beyond which the filament does not grow")
    width_min: Param = quantity(
        0.1e-9, "m", r"w_\mathrm{min}", "width below which there is no filament; not in the file"
    )
    gap_initial: Param = quantity(3e-9, "m", "x_0", "gap before anything was applied")
    width_initial: Param = quantity(0.5e-9, "m", "w_0", "width before anything was applied")
    width_step: Param = quantity(
        0.5e-9, "m", r"w_\mathrm{eff}", "width by which the filament grows at a time"
    )
    hop: Param = quantity(0.25e-9, "m", "a", "distance between two vacancies")
    attempt: Param = quantity(1e13, "Hz", "f", "attempt frequency")
    activation: Param = quantity(0.7, "eV", r"E_\mathrm{a}", "activation energy of a vacancy")
    hop_barrier: Param = quantity(1.12, "eV", r"E_\mathrm{h}", "barrier of an oxygen ion that hops")
    release_barrier: Param = quantity(0.82, "eV", r"E_\mathrm{i}", "barrier between electrode and oxide")
    release_factor: Param = quantity(1.5, "1", "r", "enhancement of the voltage in the release")
    alpha: Param = quantity(0.75e-9, "m", r"\alpha", "enhancement length of the field in SET")
    alpha_hop: Param = quantity(
        0.75e-9, "m", r"\alpha_\mathrm{h}", "enhancement length of the field in hopping"
    )
    charge: Param = quantity(1.0, "1", "Z", "charge number of an ion")
    decay: Param = quantity(0.4e-9, "m", "X_T", "length over which the current decays")
    v_t: Param = quantity(0.4, "V", "V_T", "voltage scale of the current")
    current_density: Param = quantity(1e13, "A/m^2", "i_0", "current density at no gap")
    resistivity: Param = quantity(1.9635e-5, "ohm m", r"\rho", "resistivity of the filament")
    r_thermal: Param = quantity(5e5, "K/W", r"R_\mathrm{th}", "thermal resistance")
    temperature: Param = quantity(300.0, "K", "T_0", "ambient temperature")
    speed_max: Param = quantity(100.0, "m/s", r"v_\mathrm{max}", "speed at which every motion is stopped")

    def __post_init__(self) -> None:
        require_finite(self)
        require_rising(self, "width_min", "width_max", "m", "the filament grows from one to the other.")
        require_temperature(self, "temperature")
        for name in ("length", "width_max", "width_min"):
            require_range(self, name, 1e-11, 1e-6)
        for name in ("width_step", "alpha", "alpha_hop", "decay"):
            require_range(self, name, 1e-12, 1e-7)
        require_range(self, "hop", 1e-11, 1e-8)
        for name in ("activation", "hop_barrier", "release_barrier"):
            require_range(self, name, 1e-2, 10.0)
        require_range(self, "attempt", 1e6, 1e18)
        require_range(self, "v_t", 1e-3, 1e2)
        require_range(self, "current_density", 1.0, 1e20)
        require_range(self, "resistivity", 1e-12, 1e6)
        require_range(self, "release_factor", 0.0, 1e3)
        require_range(self, "charge", 0.1, 10.0)
        require_range(self, "r_thermal", 0.0, 1e12)
        require_range(self, "speed_max", 1e-9, 1e9)
        require_start(self)

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Gap from 0 to the film, width between its two ends (m)."""
        return ((0.0, self.length), (self.width_min, self.width_max))

    def initial_state(self) -> tuple[Param, ...]:
        """Gap and width before anything was applied (m)."""
        return (self.gap_initial, self.width_initial)

    def _closed(self, gap: Value) -> Value:
        """True where the gap is closed; the time loop stops a state 1e-12 of its range before its bound.

        Hardly more than that is left: what changes as the gap closes is to change where it meets its bound.
        """
        return gap < 2e-12 * self.length

    def _beside(self, width: Value, voltage: Value) -> Value:
        area = 0.25 * math.pi * (self.width_max**2 - width**2)
        field = ew.sinh(ew.clamp(voltage / self.v_t, -80.0, 80.0))
        return area * self.current_density * ew.exp(-self.length / self.decay) * field

    def _gap_voltage(self, state: Value, voltage: Value, current: Value) -> Value:
        gap, width = state
        through = current - self._beside(width, voltage)
        return voltage - through * self.resistivity * (self.length - gap) / (0.25 * math.pi * width**2)

    def current_residual(self, state: Value, voltage: Value, current: Value) -> Value:
        """`current` minus that beside and through the filament (A)."""
        gap, width = state
        area = 0.25 * math.pi * width**2
        on_gap = self._gap_voltage(state, voltage, current)
        tunnel = area * self.current_density * ew.exp(-gap / self.decay)
        tunnel = tunnel * ew.sinh(ew.clamp(on_gap / self.v_t, -80.0, 80.0))
        metal = voltage * area / (self.resistivity * self.length)
        ohmic = ew.where(voltage > 0, ew.where(self._closed(gap), metal, tunnel), tunnel)
        return current - self._beside(width, voltage) - ohmic

    def state_rate_at(self, state: Value, voltage: Value, current: Value) -> Value:
        """Speeds of gap and width (m/s) when `current` (A) flows."""
        gap, width = state
        closed = self._closed(gap)
        # Held off zero: a closed gap would make the field in it infinite, and the speed is capped anyway.
        open_gap = ew.maximum(gap, 1e-6 * self.length)
        on_gap = self._gap_voltage(state, voltage, current)
        per_volt = _PER_KELVIN / (self.temperature + self.r_thermal * abs(current * voltage))
        top = self.speed_max
        closing = self.hop * self.attempt * ew.bounded_exp(
            (on_gap * self.alpha * self.charge / open_gap - self.activation) * per_volt
        )  # fmt: skip
        step = self.width_step + self.width_step**2 / (2.0 * width)
        widening = step * self.attempt * ew.bounded_exp(
            (voltage * self.alpha * self.charge / self.length - self.activation) * per_volt
        )  # fmt: skip
        pull = -on_gap * self.charge * per_volt
        release = (
            self.hop
            * self.attempt
            * ew.bounded_exp(self.release_factor * pull - self.release_barrier * per_volt)
        )
        reach = self.alpha_hop / open_gap * pull
        barrier = self.hop_barrier * per_volt
        hops = (
            0.5
            * self.hop
            * self.attempt
            * (ew.bounded_exp(reach - barrier) - ew.bounded_exp(-reach - barrier))
        )
        opening = ew.minimum(ew.where(closed, release, ew.minimum(release, hops)), top)
        # A closed gap is held by its bound: what is left of it goes at once, however small the voltage on it is now.
        moving = ew.where(voltage > 0, -ew.where(closed, top, ew.minimum(closing, top)), opening)
        growing = ew.where(voltage > 0, ew.where(closed, ew.minimum(widening, top), 0.0), 0.0)
        return ew.where(abs(voltage) > 0, moving, 0.0), growing

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` (m, m) and `voltage` (V), elementwise."""
        return solve_current(self, state, voltage)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speeds of gap and width (m/s), elementwise."""
        return self.state_rate_at(state, voltage, self.current(state, voltage))
