r"""Thresholds: how fast a state moves at a voltage, apart from where it is.

`Proportional` moves at every voltage (linear ion drift), `OddPower` too but steeply (nonlinear ion drift);
`PowerThreshold` rests between two thresholds and then follows a power of the overdrive (TEAM, VTEAM),
`ExponentialThreshold` the exponential of the voltage (Yakopcic), `PiecewiseLinearThreshold` two straight slopes
(Pershin-Di Ventra). The functions below them are what the laws of these names compute too, so nothing is
written twice. Parts give the speed of a state that runs from 0 to 1, above zero towards 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity, require
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, all_true, require_finite, require_range, show_value


def overdrive_speed(
    drive: Value, on: Param, off: Param, k_on: Param, k_off: Param, alpha_on: Param, alpha_off: Param
) -> Value:
    r"""A power of the overdrive beyond each of two thresholds, rest between them.

    $$ k_\mathrm{off} [u / u_\mathrm{off} - 1]_+^{\alpha_\mathrm{off}}
     + k_\mathrm{on} [u / u_\mathrm{on} - 1]_+^{\alpha_\mathrm{on}} $$

    `drive` is a voltage or a current, `on` (below zero) and `off` (above zero) its thresholds; the speed has the
    unit of `k_on` and `k_off`.
    """
    # The overdrive is clamped before the power: a negative base would give NaN in the branch not taken.
    closing = k_on * ew.positive(drive / on - 1.0) ** alpha_on
    opening = k_off * ew.positive(drive / off - 1.0) ** alpha_off
    return closing + opening


def exponential_speed(voltage: Value, v_p: Param, v_n: Param, a_p: Param, a_n: Param) -> Value:
    r"""$A_p (e^v - e^{V_p})$ above $V_p$, $-A_n (e^{-v} - e^{V_n})$ below $-V_n$, else 0; v in volt."""
    # e^{V} (e^{v - V} - 1): exact also where v has hardly passed the threshold.
    rising = a_p * ew.bounded_exp(v_p) * ew.expm1(ew.minimum(ew.positive(voltage - v_p), 80.0))
    falling = a_n * ew.bounded_exp(v_n) * ew.expm1(ew.minimum(ew.positive(-voltage - v_n), 80.0))
    return rising - falling


def two_slope_speed(voltage: Value, alpha: Param, beta: Param, v_t: Param) -> Value:
    r"""$\beta v + \frac12 (\alpha - \beta) (|v + V_t| - |v - V_t|)$: slope alpha within, beta beyond $V_t$."""
    # (|v + V_t| - |v - V_t|) / 2 is v held within the thresholds; so written, alpha = 0 is rest to the last digit.
    within = ew.clamp(voltage, -v_t, v_t)
    return alpha * within + beta * (voltage - within)


def odd_power_speed(voltage: Value, a: Param, m: Param) -> Value:
    r"""$a\,\mathrm{sign}(v) |v|^m$, v in volt: $a v^m$ for the odd m of the papers, and for any other m as well."""
    return a * ew.where(voltage < 0, -1.0, 1.0) * abs(voltage) ** m


class Threshold(ABC):
    """Abstract: the speed that a voltage gives."""

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib."""

    @abstractmethod
    def speed(self, drive: Value) -> Value:
        """Speed (1/s) at `drive` (V) of a state that runs from 0 to 1, elementwise."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Proportional(Threshold):
    """No threshold: the speed is proportional to the voltage."""

    source: ClassVar[str] = "strukov2008missing"
    k: Param = quantity(100.0, "1/(V s)", "k", "speed per volt; below zero moves the state down")

    def __post_init__(self) -> None:
        require_finite(self)

    def speed(self, drive: Value) -> Value:
        """Speed (1/s) at `drive` (V)."""
        return self.k * drive


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OddPower(Threshold):
    r"""No threshold, but a steep power: $a\,\mathrm{sign}(v) |v|^m$."""

    source: ClassVar[str] = "lehtonen2010cnn"
    a: Param = quantity(1.0, "1/s", "a", "speed at 1 V; below zero moves the state down")
    m: Param = quantity(5.0, "1", "m", "exponent, at least 1; odd in the papers")

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "m", 1.0, 100.0)

    def speed(self, drive: Value) -> Value:
        """Speed (1/s) at `drive` (V)."""
        return odd_power_speed(drive, self.a, self.m)


def require_thresholds(owner: object, below: str, above: str) -> None:
    """Raise `PinchedError` unless the field `below` is below zero and `above` is above it."""
    for name, side, wanted in ((below, "below", -1), (above, "above", 1)):
        value = getattr(owner, name)
        require(
            owner,
            all_true(value * wanted > 0),
            f"{name} is {show_value(value)}; it must be {side} zero: `on` is driven by the negative polarity and "
            "moves the state down, `off` by the positive one and moves it up.",
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PowerThreshold(Threshold):
    """Rest between two thresholds, beyond them a power of the overdrive (`overdrive_speed`)."""

    source: ClassVar[str] = "kvatinsky2015vteam"
    v_on: Param = quantity(-0.5, "V", r"v_\mathrm{on}", "threshold below zero: beyond it the state falls")
    v_off: Param = quantity(0.5, "V", r"v_\mathrm{off}", "threshold above zero: beyond it the state rises")
    k_on: Param = quantity(-300.0, "1/s", r"k_\mathrm{on}", "speed down, below zero")
    k_off: Param = quantity(300.0, "1/s", r"k_\mathrm{off}", "speed up, above zero")
    alpha_on: Param = quantity(3.0, "1", r"\alpha_\mathrm{on}", "exponent down")
    alpha_off: Param = quantity(3.0, "1", r"\alpha_\mathrm{off}", "exponent up")

    def __post_init__(self) -> None:
        require_finite(self)
        require_thresholds(self, "v_on", "v_off")
        require_thresholds(self, "k_on", "k_off")
        require_range(self, "v_on", -1e2, -5e-3)
        require_range(self, "v_off", 5e-3, 1e2)
        # An exponent of zero would move the state below the threshold too: 0 to the power of 0 is 1.
        require_range(self, "alpha_on", 0.01, 100.0)
        require_range(self, "alpha_off", 0.01, 100.0)

    def speed(self, drive: Value) -> Value:
        """Speed (1/s) at `drive` (V)."""
        return overdrive_speed(
            drive, self.v_on, self.v_off, self.k_on, self.k_off, self.alpha_on, self.alpha_off
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ExponentialThreshold(Threshold):
    """Rest between two thresholds, beyond them exponential in the voltage (`exponential_speed`)."""

    source: ClassVar[str] = "yakopcic2011memristor"
    v_p: Param = quantity(0.16, "V", "V_p", "positive threshold, above zero")
    v_n: Param = quantity(0.15, "V", "V_n", "size of the negative threshold, above zero")
    a_p: Param = quantity(4000.0, "1/s", "A_p", "speed scale of positive voltage")
    a_n: Param = quantity(4000.0, "1/s", "A_n", "speed scale of negative voltage")
    eta: Param = quantity(1.0, "1", r"\eta", "1: positive voltage moves the state up; -1: down")

    def __post_init__(self) -> None:
        require_exponential(self)

    def speed(self, drive: Value) -> Value:
        """Speed (1/s) at `drive` (V)."""
        return self.eta * exponential_speed(drive, self.v_p, self.v_n, self.a_p, self.a_n)


def require_exponential(owner: object) -> None:
    """Raise `PinchedError` unless v_p, v_n, a_p, a_n and eta of `owner` suit `exponential_speed`."""
    require_finite(owner)
    for name in ("v_p", "v_n"):
        value = getattr(owner, name)
        require(
            owner,
            all_true(value > 0),
            f"{name} is {show_value(value)} V; both thresholds are sizes above zero here. Copies of this law that "
            "write the negative one with its sign need the other sign.",
        )
        require_range(owner, name, 5e-3, 1e2)
    require_range(owner, "a_p", 0.0, 1e30)
    require_range(owner, "a_n", 0.0, 1e30)
    eta = owner.eta  # type: ignore[attr-defined]
    require(owner, all_true(abs(eta) == 1), f"eta is {show_value(eta)}; it is a direction, 1 or -1.")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PiecewiseLinearThreshold(Threshold):
    """Two slopes: `alpha` within the thresholds (0 for rest), `beta` beyond (`two_slope_speed`)."""

    source: ClassVar[str] = "pershin2012spice"
    alpha: Param = quantity(0.0, "1/(V s)", r"\alpha", "speed per volt within the thresholds; 0 for rest")
    beta: Param = quantity(20.0, "1/(V s)", r"\beta", "speed per volt beyond the thresholds")
    v_t: Param = quantity(1.6, "V", "V_t", "size of both thresholds, above zero")

    def __post_init__(self) -> None:
        require_finite(self)
        require_range(self, "v_t", 5e-3, 1e2)

    def speed(self, drive: Value) -> Value:
        """Speed (1/s) at `drive` (V)."""
        return two_slope_speed(drive, self.alpha, self.beta, self.v_t)
