"""Fields with unit, symbol and meaning, and the one way to refuse a value.

`quantity` declares a field of a frozen parameter record; `require` is what `__post_init__` calls.
"""

import dataclasses
from dataclasses import field
from typing import Any

from pinched._errors import PinchedError


def quantity(default: Any, unit: str, symbol: str, meaning: str) -> Any:
    """A dataclass field that carries its `unit` (SI, "1" if none), LaTeX `symbol` and `meaning`.

    `default` may be `dataclasses.MISSING` for a field that must be given.
    """
    metadata = {"unit": unit, "symbol": symbol, "meaning": meaning}
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
