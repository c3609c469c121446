"""The run-time type checker of the tests: beartype, with an int accepted where a float is wanted (PEP 484).

jaxtyping gives two stubs of every function to `check`: one with its arguments, one with its arguments and its result.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype

_checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
_inner: dict[tuple[str, str, str], Callable[..., Any]] = {}


def check(stub: Callable[..., Any]) -> Callable[..., Any]:
    """`stub` with its arguments, or else its result, checked.

    A check takes milliseconds to prepare. So it waits for the first call (of the thousands of functions one process
    calls a part), and a function within another keeps its own from one call of the other to the next.
    """
    hint = stub.__annotations__.get("return", Any)
    if hint is not Any:
        # The first stub has checked the arguments and bound their sizes; what is left is the result.
        stub.__annotations__ = {"return": hint}
    if "<locals>" not in stub.__qualname__:
        return _at_first_call(stub)
    key = (stub.__module__, stub.__qualname__, str(inspect.signature(stub)))
    if key not in _inner:
        _inner[key] = _at_first_call(stub)
    return _inner[key]


def _at_first_call(stub: Callable[..., Any]) -> Callable[..., Any]:
    prepared: Callable[..., Any] | None = None

    @functools.wraps(stub)
    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal prepared
        if prepared is None:
            prepared = _checked(stub)
        return prepared(*args, **kwargs)

    return call
