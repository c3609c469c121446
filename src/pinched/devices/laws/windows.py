r"""Windows: how the speed of a boundary falls towards the ends of its range.

`x` is the share of the range, 0 to 1, and `drive` tells by its sign which way the state moves (above zero: up to 1).
`NoWindow` leaves an ideal memristor; `Joglekar` and `Prodromakis` depend on x alone, so the device stays ideal in
the flux and never leaves an end that it has reached; `Biolek` and `Zha` depend on the direction too and leave both
ends; `Kvatinsky` is the pair of double exponentials of TEAM and VTEAM, `ExponentialEdges` the pair of decays of
Yakopcic's law; `Parabola` is the oldest of all, $x (1 - x)$.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from pinched._params import quantity, require
from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value, all_true, require_finite, require_range, show_value


class Window(ABC):
    """Abstract: a factor on the speed of the state."""

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib."""

    @abstractmethod
    def factor(self, x: Value, drive: Value) -> Value:
        """Factor at `x` (0 to 1) for a state that `drive` moves up (above zero) or down; elementwise."""


def _require_positive(window: Window, name: str) -> None:
    require_finite(window)
    value = getattr(window, name)
    require(window, all_true(value > 0), f"{name} is {show_value(value)}; it must be above zero.")


def _start(drive: Value) -> Value:
    """stp(-i) of biolek2009spice: 1 where the state moves down."""
    return ew.where(drive < 0, 1.0, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NoWindow(Window):
    """Factor 1 everywhere."""

    source: ClassVar[str] = "strukov2008missing"

    def factor(self, x: Value, drive: Value) -> Value:  # noqa: ARG002
        """1."""
        return 1.0 + 0.0 * x


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Parabola(Window):
    """x (1 - x): a quarter of `Joglekar` with p = 1. Strukov's, and in the same form that of Benderli and Wey."""

    # From memory of the paper, not re-read.
    source: ClassVar[str] = "strukov2008missing"

    def factor(self, x: Value, drive: Value) -> Value:  # noqa: ARG002
        """Factor at `x`."""
        return x * (1.0 - x)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Joglekar(Window):
    r"""$1 - (2x - 1)^{2p}$: zero at both ends, flatter the higher p."""

    source: ClassVar[str] = "joglekar2009elusive"
    p: Param = quantity(1.0, "1", "p", "exponent, above zero; usually a whole number")

    def __post_init__(self) -> None:
        _require_positive(self, "p")

    def factor(self, x: Value, drive: Value) -> Value:  # noqa: ARG002
        """Factor at `x`."""
        return 1.0 - abs(2.0 * x - 1.0) ** (2.0 * self.p)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Biolek(Window):
    r"""$1 - (x - \mathrm{stp}(-i))^{2p}$: zero only at the end that the state moves to."""

    source: ClassVar[str] = "biolek2009spice"
    p: Param = quantity(1.0, "1", "p", "exponent, above zero; usually a whole number")

    def __post_init__(self) -> None:
        _require_positive(self, "p")

    def factor(self, x: Value, drive: Value) -> Value:
        """Factor at `x` for the direction of `drive`."""
        return 1.0 - abs(x - _start(drive)) ** (2.0 * self.p)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Prodromakis(Window):
    r"""$j (1 - [(x - 1/2)^2 + 3/4]^p)$: zero at both ends, largest $j (1 - 0.75^p)$ in the middle."""

    source: ClassVar[str] = "prodromakis2011versatile"
    p: Param = quantity(1.0, "1", "p", "exponent, above zero, any real number")
    j: Param = quantity(1.0, "1", "j", "scale, above zero")

    def __post_init__(self) -> None:
        _require_positive(self, "p")
        _require_positive(self, "j")

    def factor(self, x: Value, drive: Value) -> Value:  # noqa: ARG002
        """Factor at `x`."""
        return self.j * (1.0 - ((x - 0.5) ** 2 + 0.75) ** self.p)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Zha(Window):
    r"""$j (1 - [\frac14 (x - \mathrm{stp}(-i))^2 + \frac34]^p)$: leaves both ends, and scales."""

    # The form is from memory of the paper, not re-read; its limits at both ends are checked.
    source: ClassVar[str] = "zha2016novel"
    p: Param = quantity(1.0, "1", "p", "exponent, above zero, any real number")
    j: Param = quantity(1.0, "1", "j", "scale, above zero")

    def __post_init__(self) -> None:
        _require_positive(self, "p")
        _require_positive(self, "j")

    def factor(self, x: Value, drive: Value) -> Value:
        """Factor at `x` for the direction of `drive`."""
        return self.j * (1.0 - (0.25 * (x - _start(drive)) ** 2 + 0.75) ** self.p)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Kvatinsky(Window):
    r"""$\exp(-\exp((x - a_\mathrm{off}) / w_c))$ going up, $\exp(-\exp(-(x - a_\mathrm{on}) / w_c))$ going down."""

    source: ClassVar[str] = "kvatinsky2013team"
    # The papers give these lengths in metres: a_off - x_on, a_on - x_on and w_c over x_off - x_on.
    a_off: Param = quantity(0.9, "1", r"a_\mathrm{off}", "where the way up ends, share of the range")
    a_on: Param = quantity(0.1, "1", r"a_\mathrm{on}", "where the way down ends, share of the range")
    w_c: Param = quantity(0.107 / 3.0, "1", r"w_c", "width of the fall, share of the range")

    def __post_init__(self) -> None:
        _require_positive(self, "w_c")

    def factor(self, x: Value, drive: Value) -> Value:
        """Factor at `x` for the direction of `drive`."""
        up = ew.bounded_exp((x - self.a_off) / self.w_c)
        down = ew.bounded_exp((self.a_on - x) / self.w_c)
        return ew.bounded_exp(-ew.where(drive < 0, down, up), 700.0)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ExponentialEdges(Window):
    r"""1 in the middle; towards the end that the state moves to, a decay times a straight fall to 0.

    On the way up, beyond $x_p$: $e^{-\alpha_p (x - x_p)} (1 - x) / (1 - x_p)$. On the way down, below $1 - x_n$:
    $e^{\alpha_n (x + x_n - 1)} x / (1 - x_n)$. Copies that count the lower edge from 0 (fall below $x_n'$, straight
    part $x / x_n'$), as that of the SrTiO3 devices of tiotto2023models does, are this with $x_n = 1 - x_n'$.
    """

    source: ClassVar[str] = "yakopcic2011memristor"
    x_p: Param = quantity(0.3, "1", "x_p", "where the way up slows down, 0 to 1")
    x_n: Param = quantity(0.5, "1", "x_n", "distance from 1 to where the way down slows down, 0 to 1")
    alpha_p: Param = quantity(1.0, "1", r"\alpha_p", "decay on the way up")
    alpha_n: Param = quantity(5.0, "1", r"\alpha_n", "decay on the way down")

    def __post_init__(self) -> None:
        require_finite(self)
        for name in ("x_p", "x_n"):
            require_range(self, name, 0.0, 0.999)
        for name in ("alpha_p", "alpha_n"):
            require_range(self, name, 0.0, 1e3)

    def factor(self, x: Value, drive: Value) -> Value:
        """Factor at `x` for the direction of `drive`."""
        up = ew.positive(x - self.x_p)
        down = ew.positive(1.0 - self.x_n - x)
        rising = ew.bounded_exp(-self.alpha_p * up) * (1.0 - up / (1.0 - self.x_p))
        falling = ew.bounded_exp(-self.alpha_n * down) * (1.0 - down / (1.0 - self.x_n))
        return ew.where(drive < 0, falling, rising)
