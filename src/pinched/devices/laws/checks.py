"""Checks that several laws make of their parameters, beside `require_finite` and `require_range` of `devices.law`."""

from __future__ import annotations

from pinched._params import require
from pinched.devices.law import Law, all_true, require_finite, require_range, show_value


def require_positive(law: object, *names: str) -> None:
    """Raise `PinchedError` for any parameter that is not finite, and for those in `names` not above zero."""
    require_finite(law)
    for name in names:
        value = getattr(law, name)
        require(law, all_true(value > 0), f"{name} is {show_value(value)}; it must be above zero.")


def require_temperature(law: object, *names: str) -> None:
    """Raise `PinchedError` for a temperature outside 1 .. 3000 K; 25 is no room temperature, 298 is."""
    for name in names:
        require_range(law, name, 1.0, 3e3)


def require_share(law: object, name: str) -> None:
    """Raise `PinchedError` unless parameter `name` is a share, 0 to 1."""
    value = getattr(law, name)
    require(
        law,
        all_true(value >= 0) and all_true(value <= 1),
        f"{name} is {show_value(value)}; it is a share, 0 to 1.",
    )


def require_rising(law: object, low: str, high: str, unit: str, meaning: str) -> None:
    """Raise `PinchedError` unless parameter `low` is below `high`; `meaning` says which is which."""
    below, above = getattr(law, low), getattr(law, high)
    require(
        law,
        all_true(above > below),
        f"{high} ({show_value(above)} {unit}) must exceed {low} ({show_value(below)} {unit}): {meaning} "
        "Are the two swapped?",
    )


def require_start(law: Law) -> None:
    """Raise `PinchedError` for an initial state outside the law's bounds."""
    for variable, value, (low, high) in zip(law.states, law.initial_state(), law.bounds(), strict=True):
        require(
            law,
            all_true(value >= low) and all_true(value <= high),
            f"the initial {variable.name} {show_value(value)} {variable.unit} lies outside its bounds "
            f"{show_value(low)} .. {show_value(high)} {variable.unit}.",
        )
