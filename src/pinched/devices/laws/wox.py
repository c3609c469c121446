r"""Volatile WOx: tunnelling regions that voltage opens and diffusion closes.

$$ I = (1 - w)\,\alpha\,(1 - e^{-\beta v}) + w\,\gamma \sinh(\delta v), \qquad
   \dot w = \lambda\, r(v)\, f(w) - w / \tau $$

w runs from 0 (Schottky conduction alone, HRS) to 1 (tunnelling alone, LRS); positive voltage turns ON, negative
voltage turns OFF, and a device left alone forgets with the time constant tau. The speed r is
`SinhDrift` $\eta_1 \sinh(\eta_2 v)$ (chang2011short) or `ExponentialDrift` $e^{\eta_1 v} - e^{-\eta_2 v}$
(chang2011synaptic). The papers have no window: a strong pulse runs into the bound. `SoftCeiling`, 1 - w, is ours
and lets it saturate instead. Use it for short-term memory (`pinched.devices.spikes` computes paired-pulse
facilitation) and reservoirs; a device that keeps its state needs another law.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from pinched._params import quantity
from pinched.devices import elementwise as ew
from pinched.devices.law import Law, Param, StateVariable, Value, require_finite, require_range
from pinched.devices.laws.checks import require_positive, require_share
from pinched.devices.laws.windows import NoWindow, Window


class Drift(ABC):
    """Abstract: speed of the state against voltage."""

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib."""

    @abstractmethod
    def speed(self, voltage: Value) -> Value:
        """Speed at `voltage` (V), with its sign and 0 at 0 V; a number, to be scaled by the law's `rate`."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SinhDrift(Drift):
    r"""$\eta_1 \sinh(\eta_2 v)$; the defaults are the set of the model file that goes with the paper."""

    source: ClassVar[str] = "chang2011short"
    eta1: Param = quantity(0.006, "1", r"\eta_1", "amplitude, above zero")
    eta2: Param = quantity(12.5, "1/V", r"\eta_2", "steepness, above zero")

    def __post_init__(self) -> None:
        require_positive(self, "eta1", "eta2")
        require_range(self, "eta2", 1e-3, 1e3)

    def speed(self, voltage: Value) -> Value:
        """Speed at `voltage` (V)."""
        return self.eta1 * ew.sinh(ew.clamp(self.eta2 * voltage, -80.0, 80.0))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ExponentialDrift(Drift):
    r"""$e^{\eta_1 v} - e^{-\eta_2 v}$: a steepness for each polarity; both defaults are assumed (4 per volt)."""

    source: ClassVar[str] = "chang2011synaptic"
    eta1: Param = quantity(4.0, "1/V", r"\eta_1", "steepness for positive voltage, above zero")
    eta2: Param = quantity(4.0, "1/V", r"\eta_2", "steepness for negative voltage, above zero")

    def __post_init__(self) -> None:
        require_positive(self, "eta1", "eta2")
        require_range(self, "eta1", 1e-3, 1e3)
        require_range(self, "eta2", 1e-3, 1e3)

    def speed(self, voltage: Value) -> Value:
        """Speed at `voltage` (V)."""
        # As differences from 1: two exponentials near 0 V would cancel.
        up = ew.expm1(ew.minimum(self.eta1 * voltage, 80.0))
        return up - ew.expm1(ew.minimum(-self.eta2 * voltage, 80.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class SoftCeiling(Window):
    """1 - x for either direction: what is left to open. Ours, of no paper."""

    source: ClassVar[str] = "chang2011short"

    def factor(self, x: Value, drive: Value) -> Value:  # noqa: ARG002
        """1 - x."""
        return 1.0 - x


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Wox(Law):
    """Parameters of volatile WOx devices, in SI; a tensor in a field gives each device its own value (D2D).

    The defaults are the set of the model file that goes with the paper. Copies of that file multiply the decay
    by a further 0.4, which makes their time constant 750 s; here `tau` is the time constant. Raises
    `PinchedError` for amplitudes, steepnesses or times that are not above zero, a state outside 0 to 1, and
    numbers that are no SI values.
    """

    source: ClassVar[str] = "chang2011short"
    volatile: ClassVar[bool] = True
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="w", unit="1", symbol="w", meaning="share of the area that tunnels, 1 in the LRS"),
    )

    alpha: Param = quantity(1e-6, "A", r"\alpha", "amplitude of the Schottky current")
    beta: Param = quantity(0.5, "1/V", r"\beta", "steepness of the Schottky current")
    gamma: Param = quantity(8e-5, "A", r"\gamma", "amplitude of the tunnel current")
    delta: Param = quantity(1.7, "1/V", r"\delta", "steepness of the tunnel current")
    rate: Param = quantity(1.0, "1/s", r"\lambda", "scale of the speed")
    tau: Param = quantity(300.0, "s", r"\tau", "time constant of forgetting")
    w_initial: Param = quantity(0.0, "1", "w_0", "state before anything was applied")
    drift: Drift = field(default=SinhDrift())
    window: Window = field(default=NoWindow())

    def __post_init__(self) -> None:
        require_finite(self)
        for name in ("alpha", "gamma"):
            require_range(self, name, 1e-18, 1e3)
        for name in ("beta", "delta"):
            require_range(self, name, 1e-4, 1e3)
        require_range(self, "rate", 1e-15, 1e15)
        require_range(self, "tau", 1e-12, 1e12)
        require_share(self, "w_initial")

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """State from 0 to 1."""
        return ((0.0, 1.0),)

    def initial_state(self) -> tuple[Param, ...]:
        """State before anything was applied."""
        return (self.w_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` and `voltage` (V), elementwise."""
        schottky = -self.alpha * ew.expm1(ew.minimum(-self.beta * voltage, 80.0))
        tunnel = self.gamma * ew.sinh(ew.clamp(self.delta * voltage, -80.0, 80.0))
        return (1.0 - state) * schottky + state * tunnel

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the state (1/s), elementwise."""
        opening = self.rate * self.drift.speed(voltage) * self.window.factor(state, voltage)
        return opening - state / self.tau
