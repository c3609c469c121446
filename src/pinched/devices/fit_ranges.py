"""Where to search for the parameters of a law: ranges from the sweeps themselves and the parameters' units.

`ranges_for` proposes which parameters are free and between which values; every proposal can be replaced. Lengths
and temperatures stay as they are: only their ratio to a speed shows in a sweep, so that they cannot be told apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.data.sweep import IVSweep
from pinched.devices._expression import Op
from pinched.devices.law import Law, parameters, recorded, units


@dataclass(frozen=True, kw_only=True, slots=True)
class FitRange:
    """Between which values a parameter is sought, in its own unit; both of one sign when `logarithmic`."""

    low: float = quantity(0.0, "1", "", "lowest value")
    high: float = quantity(1.0, "1", "", "highest value")
    logarithmic: bool = False

    def __post_init__(self) -> None:
        require(self, self.low < self.high, f"low {self.low:g} must be below high {self.high:g}.")
        require(
            self,
            not self.logarithmic or self.low * self.high > 0,
            f"a logarithmic range needs two values of one sign, not {self.low:g} and {self.high:g}.",
        )

    def value(self, share: float | np.ndarray) -> np.ndarray:
        """Value at `share` (0 to 1) of the range."""
        share = np.asarray(share, np.float64)
        if not self.logarithmic:
            return np.asarray(self.low + (self.high - self.low) * share)
        sign = math.copysign(1.0, self.low)
        low, high = math.log(abs(self.low)), math.log(abs(self.high))
        return np.asarray(sign * np.exp(low + (high - low) * share))

    def share(self, value: float) -> float:
        """Share of the range at `value`, held within 0 to 1."""
        if self.logarithmic:
            low, high = math.log(abs(self.low)), math.log(abs(self.high))
            return min(max((math.log(max(abs(value), 1e-300)) - low) / (high - low), 0.0), 1.0)
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def slope(self, share: float) -> float:
        """Derivative of `value` by the share."""
        if not self.logarithmic:
            return self.high - self.low
        return float(self.value(share)) * (math.log(abs(self.high)) - math.log(abs(self.low)))


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepScale:
    """What the sweeps say about sizes."""

    voltage: float = quantity(1.0, "V", "", "largest voltage")
    current_low: float = quantity(1e-9, "A", "", "small current that is still signal")
    current_high: float = quantity(1e-3, "A", "", "largest current")
    resistance_low: float = quantity(1e3, "ohm", "", "lowest resistance")
    resistance_high: float = quantity(1e6, "ohm", "", "highest resistance")
    duration: float = quantity(1.0, "s", "", "length of a sweep")

    @classmethod
    def of(cls, sweeps: Sequence[IVSweep], duration: float) -> SweepScale:
        """Sizes in `sweeps`. Raises `PinchedError` when no current flows."""
        voltage = np.concatenate([s.voltage for s in sweeps])
        current = np.abs(np.concatenate([s.signed_current for s in sweeps]))
        top = float(np.abs(voltage).max())
        flows = (np.abs(voltage) > 0.05 * top) & (current > 0)
        if not flows.any():
            raise PinchedError("no current flows in these sweeps; there is nothing to fit.")
        resistance = np.abs(voltage[flows]) / current[flows]
        low, high = np.quantile(resistance, [0.02, 0.98])
        return cls(
            voltage=top,
            current_low=float(np.quantile(current[flows], 0.02)),
            current_high=float(current.max()),
            resistance_low=float(low),
            resistance_high=float(high),
            duration=duration,
        )


_FIXED = ("m", "K", "1/m3", "kg", "m2", "F/m", "1e26/m3")


def ranges_for(law: Law, scale: SweepScale, fixed: Sequence[str] = ()) -> dict[str, FitRange]:
    """The free parameters of `law` and their ranges; its own values tell sign and, where needed, size.

    The initial state is always free within its bounds. A parameter that is 0 stays 0.
    """
    values, unit_of = parameters(law), units(law)
    start = _starts(law)
    found: dict[str, FitRange] = {}
    for name, value in values.items():
        if name in fixed or name in law.conventions:
            continue
        if name in start:
            low, high = (float(b) for b in law.bounds()[start[name]])
            if math.isfinite(low) and math.isfinite(high):
                found[name] = FitRange(low=low, high=high)
            continue
        number = float(value)
        if unit_of[name] in _FIXED or number == 0.0:
            continue
        low, high = _size(unit_of[name], abs(number), law, scale)
        pair = (low, high) if number > 0 else (-high, -low)
        found[name] = FitRange(low=pair[0], high=pair[1], logarithmic=True)
    return found


def _starts(law: Law) -> dict[str, int]:
    """Parameters that are the initial value of a state variable, with its index."""
    copy, names = recorded(law)
    found = {}
    for k, node in enumerate(copy.initial_state()):
        if getattr(node, "op", None) is Op.INPUT and node.value in names:
            found[str(node.value)] = k
    return found


def _size(unit: str, number: float, law: Law, scale: SweepScale) -> tuple[float, float]:
    v, t = scale.voltage, scale.duration
    by_unit: Mapping[str, tuple[float, float]] = {
        "V": (0.02 * v, 1.5 * v),
        "1/V": (0.05 / v, 100.0 / v),
        "A": (0.01 * scale.current_low, 30.0 * scale.current_high),
        "S": (0.1 / scale.resistance_high, 10.0 / scale.resistance_low),
        "ohm": (0.1 * scale.resistance_low, 10.0 * scale.resistance_high),
        "s": (1e-5 * t, 1e3 * t),
        # Most bare numbers below 1 are shares and would lose their meaning beyond it.
        "1": (0.2 * number, min(5.0 * number, 0.98) if number < 0.98 else 5.0 * number),
        "J": (0.3 * number, 2.0 * number),
        "eV": (0.3 * number, 2.0 * number),
    }
    if unit in by_unit:
        return by_unit[unit]
    if unit in ("1/s", "m/s", "ohm/s", "S/s"):
        low, high = (float(b) for b in law.bounds()[0])
        width = high - low if math.isfinite(high - low) else number * t
        # From a state that hardly moves in a sweep to one that crosses its range in a billionth of it.
        return 1e-3 * width / t, 1e9 * width / t
    return 1e-3 * number, 1e3 * number
