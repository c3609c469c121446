"""Fields with unit, symbol and meaning, and the one way to refuse a value.

`quantity` declares a field of a frozen parameter record; `require` is what `__post_init__` calls.
"""

import dataclasses
from dataclasses import field
from typing import Any

from pinched._errors import PinchedError


def quantity(
    default: Any, unit: str, symbol: str, meaning: str, *, valid: tuple[float, float] | None = None
) -> Any:
    """A dataclass field that carries its `unit` (SI, "1" if none), LaTeX `symbol` and `meaning`.

    `default` may be `dataclasses.MISSING` for a field that must be given. `valid` is the range, ends included, that
    `require_valid` holds a number to.
    """
    metadata: dict[str, Any] = {"unit": unit, "symbol": symbol, "meaning": meaning}
    if valid is not None:
        metadata["valid"] = valid
    if default is dataclasses.MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def require(owner: object, condition: bool, message: str) -> None:
    """Raise `PinchedError` unless `condition`; `message` names the value, the cause and the cure.

    `owner` is the object or the class that refuses.
    """
    if not condition:
        name = owner.__name__ if isinstance(owner, type) else type(owner).__name__
        raise PinchedError(f"{name}: {message}")


def require_valid(owner: Any) -> None:
    """Raise `PinchedError` unless every field of the record `owner` lies in the range that its `quantity` states."""
    for item in dataclasses.fields(owner):
        valid = item.metadata.get("valid")
        if valid is None:
            continue
        value = getattr(owner, item.name)
        low, high = valid
        unit = item.metadata["unit"]
        require(
            owner,
            isinstance(value, int | float) and low <= value <= high,
            f"{item.name} ({item.metadata['meaning']}) is {value} {unit}; it must be from {low:g} to {high:g} "
            f"{unit}. Check its unit.",
        )
