r"""Memdiodes: two diodes back to back whose amplitude and steepness follow a memory state lambda, 0 (HRS) to 1 (LRS).

$$ I = I_0(\lambda) [e^{\beta\alpha(\lambda) u} - e^{-(1-\beta)\alpha(\lambda) u}] $$

`DynamicMemdiode` (DMM) for voltage- and time-dependent switching; `ResistiveMemdiode` is the same with a series
resistance of its own that follows lambda too; `QuasiStaticMemdiode` (QMM) where the rate of the sweep does not
matter: its state is held between two sigmoids of the voltage. V > 0 sets. A constant series resistance
is `drive`'s, which solves the loop with it: lambda then sees the voltage on the diodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from pinched._params import quantity, require
from pinched.devices import elementwise as ew
from pinched.devices._implicit import solve_current
from pinched.devices.law import (
    ImplicitLaw,
    Law,
    Param,
    PlayLaw,
    StateVariable,
    Value,
    all_true,
    require_finite,
    require_range,
    show_value,
)
from pinched.devices.laws.checks import require_positive, require_rising, require_share
from pinched.devices.laws.conduction import memdiode_current

_STATE = StateVariable(
    name="lambda", unit="1", symbol=r"\lambda", meaning="memory state, 0 in the HRS, 1 in the LRS"
)


class Mixing(Enum):
    """How the amplitude goes from that of the HRS to that of the LRS; publications use both."""

    LINEAR = "linear"
    GEOMETRIC = "geometric"


class Sensed(Enum):
    """The voltage that moves lambda; published netlists differ."""

    DIODES = "diodes"
    TERMINALS = "terminals"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MemdiodeStates:
    """The two states between which a memdiode conducts; the steepness goes linearly from one to the other."""

    i_hrs: Param = quantity(2e-6, "A", r"I_\mathrm{min}", "amplitude of the HRS")
    i_lrs: Param = quantity(2e-4, "A", r"I_\mathrm{max}", "amplitude of the LRS")
    alpha_hrs: Param = quantity(6.19, "1/V", r"\alpha_\mathrm{min}", "steepness of the HRS")
    alpha_lrs: Param = quantity(5.22, "1/V", r"\alpha_\mathrm{max}", "steepness of the LRS")
    beta: Param = quantity(0.5, "1", r"\beta", "share of the steepness on the positive side")
    mixing: Mixing = Mixing.LINEAR

    def __post_init__(self) -> None:
        require_positive(self, "i_hrs", "i_lrs", "alpha_hrs", "alpha_lrs")
        require_rising(self, "i_hrs", "i_lrs", "A", "the LRS conducts better.")
        require_share(self, "beta")
        require_range(self, "alpha_hrs", 1e-2, 1e3)
        require_range(self, "alpha_lrs", 1e-2, 1e3)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` and `voltage` (V) on the diodes, elementwise."""
        if self.mixing is Mixing.GEOMETRIC:
            i_0 = self.i_hrs * ew.exp(ew.log(self.i_lrs / self.i_hrs) * state)
        else:
            i_0 = self.i_hrs + (self.i_lrs - self.i_hrs) * state
        alpha = self.alpha_hrs + (self.alpha_lrs - self.alpha_hrs) * state
        return memdiode_current(voltage, i_0, alpha, self.beta)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SnapBack:
    """A SET threshold that falls once a current flows: the voltage on the device snaps back under a compliance."""

    current: Param = quantity(1e-5, "A", r"I_\mathrm{SB}", "current above which the lower threshold holds")
    v_snap: Param = quantity(0.1, "V", r"V_\mathrm{T}", "SET threshold above that current")

    def __post_init__(self) -> None:
        require_positive(self, "current")
        require_range(self, "v_snap", -10.0, 10.0)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MemdiodeTransitions:
    r"""Speeds of SET and RESET of the dynamic memdiode (aguirre2022spice).

    $$ \dot\lambda = \frac{1-\lambda}{\tau_S} - \frac{\lambda}{\tau_R}, \quad
       \tau_S = e^{-\eta_S (u - V_S)}\,\mathrm{s}, \quad \tau_R = e^{\eta_R \lambda^\gamma (u - V_R)}\,\mathrm{s} $$

    Both terms act at either sign of u; some netlists drop one by the sign. Files that state T_0 e^{-u / V_0} are
    eta = 1 / V_0 and V_S = V_0 ln(T_0 / 1 s), V_R = -V_0 ln(T_0 / 1 s).
    """

    eta_set: Param = quantity(15.0, "1/V", r"\eta_S", "steepness of SET")
    v_set: Param = quantity(0.8, "V", r"V_S", "voltage at which SET takes a second")
    eta_reset: Param = quantity(4.0, "1/V", r"\eta_R", "steepness of RESET")
    v_reset: Param = quantity(-1.3, "V", r"V_R", "voltage at which RESET takes a second, below zero")
    gamma: Param = quantity(0.0, "1", r"\gamma", "how RESET slows as it goes on; 0 for not at all")
    snap_back: SnapBack | None = None

    def __post_init__(self) -> None:
        require_positive(self, "eta_set", "eta_reset")
        _require_thresholds(self)
        require_range(self, "gamma", 0.0, 10.0)
        if self.snap_back is not None:
            require(
                self,
                all_true(self.snap_back.v_snap < self.v_set),
                f"snap_back.v_snap ({show_value(self.snap_back.v_snap)} V) must be below v_set "
                f"({show_value(self.v_set)} V): the threshold falls when current flows.",
            )

    def rates(self, state: Value, voltage: Value, current: Value) -> tuple[Value, Value]:
        """1 / tau_S and 1 / tau_R (1/s) at `state`, sensed `voltage` (V) and `current` (A), elementwise."""
        v_set = self.v_set
        if self.snap_back is not None:
            v_set = ew.where(current > self.snap_back.current, self.snap_back.v_snap, v_set)
        # Held off zero: the slope of lambda^gamma is infinite there for gamma below 1.
        slowing = ew.maximum(state, 1e-12) ** self.gamma
        return (
            ew.bounded_exp(self.eta_set * (voltage - v_set)),
            ew.bounded_exp(-self.eta_reset * slowing * (voltage - self.v_reset)),
        )

    def rate(self, state: Value, voltage: Value, current: Value) -> Value:
        """Speed of lambda (1/s), elementwise."""
        up, down = self.rates(state, voltage, current)
        return (1.0 - state) * up - state * down


def _require_thresholds(part: object) -> None:
    require_finite(part)
    for name, wanted in (("v_set", 1.0), ("v_reset", -1.0)):
        value = getattr(part, name)
        require(
            part,
            all_true(value * wanted > 0),
            f"{name} is {show_value(value)} V; it must be {'above' if wanted > 0 else 'below'} zero: a memdiode is "
            "set by positive voltage and reset by negative (`IVSweep.flipped` turns a sweep round).",
        )
    require_range(part, "v_set", 5e-3, 1e2)
    require_range(part, "v_reset", -1e2, -5e-3)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DynamicMemdiode(Law):
    """Parameters of dynamic memdiodes (DMM), in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are the set of public netlists of this model (which have gamma 0.9). Time constants span many decades
    and end nowhere: without a voltage the state still moves, slowly.
    """

    source: ClassVar[str] = "aguirre2022spice"
    states: ClassVar[tuple[StateVariable, ...]] = (_STATE,)
    volatile: ClassVar[bool] = True

    conduction: MemdiodeStates = field(default=MemdiodeStates())
    transitions: MemdiodeTransitions = field(default=MemdiodeTransitions())
    lambda_initial: Param = quantity(0.0, "1", r"\lambda_0", "state before anything was applied")

    def __post_init__(self) -> None:
        require_share(self, "lambda_initial")

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """0 to 1."""
        return ((0.0, 1.0),)

    def initial_state(self) -> tuple[Param, ...]:
        """State before anything was applied."""
        return (self.lambda_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` and `voltage` (V), elementwise."""
        return self.conduction.current(state, voltage)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of lambda (1/s), elementwise."""
        return self.transitions.rate(state, voltage, self.current(state, voltage))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ResistiveMemdiode(ImplicitLaw):
    """A dynamic memdiode with its own series resistance, linear in lambda; `sensed` says which voltage moves lambda.

    The defaults are the set of public netlists for a device of LiNbO3 kind. With equal resistances and
    `Sensed.DIODES` it is `DynamicMemdiode` behind `drive`'s series resistance.
    """

    source: ClassVar[str] = "aguirre2022spice"
    states: ClassVar[tuple[StateVariable, ...]] = (_STATE,)
    volatile: ClassVar[bool] = True

    conduction: MemdiodeStates = field(
        default=MemdiodeStates(i_hrs=1.8e-6, i_lrs=1.23e-3, alpha_hrs=3.0, alpha_lrs=3.8, beta=0.308)
    )
    transitions: MemdiodeTransitions = field(
        # T_0s 1.796e6 s, V_0s 0.0899 V, T_0r 132 s, V_0r 0.1905 V.
        default=MemdiodeTransitions(
            eta_set=1 / 0.0899, v_set=1.2946564, eta_reset=1 / 0.1905, v_reset=-0.9301738
        )
    )
    r_hrs: Param = quantity(117.0, "ohm", r"R_\mathrm{s,min}", "series resistance in the HRS")
    r_lrs: Param = quantity(256.0, "ohm", r"R_\mathrm{s,max}", "series resistance in the LRS")
    lambda_initial: Param = quantity(0.0, "1", r"\lambda_0", "state before anything was applied")
    sensed: Sensed = Sensed.TERMINALS

    def __post_init__(self) -> None:
        require_positive(self, "r_hrs", "r_lrs")
        require_share(self, "lambda_initial")
        require_range(self, "r_hrs", 1e-3, 1e9)
        require_range(self, "r_lrs", 1e-3, 1e9)

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """0 to 1."""
        return ((0.0, 1.0),)

    def initial_state(self) -> tuple[Param, ...]:
        """State before anything was applied."""
        return (self.lambda_initial,)

    def _on_diodes(self, state: Value, voltage: Value, current: Value) -> Value:
        return voltage - current * (self.r_hrs + (self.r_lrs - self.r_hrs) * state)

    def current_residual(self, state: Value, voltage: Value, current: Value) -> Value:
        """`current` minus that of the diodes (A)."""
        return current - self.conduction.current(state, self._on_diodes(state, voltage, current))

    def state_rate_at(self, state: Value, voltage: Value, current: Value) -> Value:
        """Speed of lambda (1/s) when `current` (A) flows."""
        sensed = voltage if self.sensed is Sensed.TERMINALS else self._on_diodes(state, voltage, current)
        return self.transitions.rate(state, sensed, current)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` and `voltage` (V), elementwise."""
        return solve_current(self, state, voltage)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of lambda (1/s), elementwise."""
        return self.state_rate_at(state, voltage, self.current(state, voltage))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class QuasiStaticMemdiode(PlayLaw):
    r"""Parameters of quasi-static memdiodes (QMM): lambda is held between two sigmoids of the voltage.

    $$ \Gamma_+(u) \le \lambda \le \Gamma_-(u), \qquad \Gamma_\pm(u) = 1 / (1 + e^{-\eta_\pm (u - V_\pm)}) $$

    lambda moves only where a limit pushes it. The rate of the sweep does not enter: major and
    minor loops, no retention, no pulses.
    """

    source: ClassVar[str] = "aguirre2022spice"
    states: ClassVar[tuple[StateVariable, ...]] = (_STATE,)

    conduction: MemdiodeStates = field(default=MemdiodeStates())
    eta_set: Param = quantity(15.0, "1/V", r"\eta_+", "steepness of SET")
    v_set: Param = quantity(0.8, "V", r"V_+", "middle of SET")
    eta_reset: Param = quantity(4.0, "1/V", r"\eta_-", "steepness of RESET")
    v_reset: Param = quantity(-1.3, "V", r"V_-", "middle of RESET, below zero")
    lambda_initial: Param = quantity(0.0, "1", r"\lambda_0", "state before anything was applied")

    def __post_init__(self) -> None:
        require_positive(self, "eta_set", "eta_reset")
        _require_thresholds(self)
        require_share(self, "lambda_initial")

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """0 to 1."""
        return ((0.0, 1.0),)

    def initial_state(self) -> tuple[Param, ...]:
        """State before anything was applied."""
        return (self.lambda_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` and `voltage` (V), elementwise."""
        return self.conduction.current(state, voltage)

    def limits(self, state: Value, voltage: Value) -> tuple[Value, Value]:  # noqa: ARG002
        """Lowest and highest lambda at `voltage` (V)."""
        low = ew.sigmoid(self.eta_set * (voltage - self.v_set))
        high = ew.sigmoid(self.eta_reset * (voltage - self.v_reset))
        # Far out of the range of either sigmoid they may cross: the lower then gives way.
        return ew.minimum(low, high), high

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """0: nothing moves by itself."""
        return 0.0 * (state + voltage)
