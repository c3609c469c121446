r"""What a compact law is: parameters, a state, a current and the speed of the state.

A law is a frozen record whose fields are its parameters (SI), each a number or a tensor; a tensor gives each
device its own value. `Law` is for laws whose current follows explicitly from state and voltage, `ImplicitLaw` for
those where the current stands on both sides (a junction in series with a resistance that it heats),
`Stochastic` adds noise on the state. `drive` runs any of them.

A new law is one short file: fields by `quantity`, `states`, `bounds`, `initial_state`, `current`,
`state_rate`, written with `+ - * / **` and `pinched.devices.elementwise`.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import torch

from pinched._errors import PinchedError
from pinched._params import require
from pinched.devices._expression import variable

Param = Any
"""A parameter: a number, or a tensor with one value per device."""

Value = Any
"""A number, a tensor or a recorded expression."""

L = TypeVar("L")


@dataclass(frozen=True, kw_only=True, slots=True)
class StateVariable:
    """One internal variable of a law."""

    name: str
    unit: str
    """SI unit; "1" if none."""
    symbol: str
    """LaTeX symbol."""
    meaning: str
    scale: float | None = None
    """Size (in `unit`) by which an error of this variable is judged; the width of its bounds when None."""


class Law(ABC):
    """Abstract: a device whose current follows explicitly from its state and voltage.

    For a law with one state variable `state` is that variable; with several it is a sequence of them (a tensor
    whose first axis is the component will do).
    """

    __slots__ = ()
    source: ClassVar[str]
    """Key in references.bib of the paper that defines the law."""
    states: ClassVar[tuple[StateVariable, ...]]
    volatile: ClassVar[bool] = False
    """True where the state moves by itself at 0 V: it relaxes, forgets, cools."""
    conventions: ClassVar[frozenset[str]] = frozenset()
    """Parameters that state a convention, such as a sign, and are never fitted."""

    @abstractmethod
    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Lowest and highest value of each state variable; infinite where there is none."""

    @abstractmethod
    def initial_state(self) -> tuple[Param, ...]:
        """Value of each state variable before anything was applied."""

    @abstractmethod
    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) at `state` and `voltage` (V), elementwise."""

    @abstractmethod
    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Time derivative of the state (unit of the state per second), elementwise; a tuple for several variables."""


class ImplicitLaw(Law):
    """Abstract: a device whose current depends on itself: `current_residual` is zero at the current that flows."""

    __slots__ = ()

    @abstractmethod
    def current_residual(self, state: Value, voltage: Value, current: Value) -> Value:
        """`current` minus what the law gives for it (A); rises with `current` through zero."""

    @abstractmethod
    def state_rate_at(self, state: Value, voltage: Value, current: Value) -> Value:
        """Time derivative of the state when `current` (A) flows."""


class PlayLaw(Law):
    """Abstract: rate-independent hysteresis; the state stays unless a limit that depends on the voltage moves it.

    One state variable; `state_rate` is zero everywhere. Both limits must rise, or both fall, with the voltage.
    """

    __slots__ = ()

    @abstractmethod
    def limits(self, state: Value, voltage: Value) -> tuple[Value, Value]:
        """Lowest and highest state that `voltage` (V on the device) allows; the state is moved into them."""


class Stochastic(ABC):
    """Mixin, abstract: noise on the state, $dx = f\\,dt + g\\,dW$ (Ito)."""

    __slots__ = ()

    @abstractmethod
    def noise_strength(self, state: Value, voltage: Value) -> Value:
        r"""g: unit of the state per $\sqrt{\mathrm{s}}$; a tuple for several variables."""


def parameters(law: object) -> dict[str, Param]:
    """Every parameter of `law` by its name; those of a part, such as a window, as "window.p"."""
    found: dict[str, Param] = {}
    for item in dataclasses.fields(law):  # type: ignore[arg-type]
        value = getattr(law, item.name)
        if dataclasses.is_dataclass(value):
            found.update({f"{item.name}.{name}": part for name, part in parameters(value).items()})
        elif "unit" in item.metadata:
            found[item.name] = value
    return found


def units(law: object) -> dict[str, str]:
    """Unit of every parameter, by the names of `parameters`."""
    found: dict[str, str] = {}
    for item in dataclasses.fields(law):  # type: ignore[arg-type]
        value = getattr(law, item.name)
        if dataclasses.is_dataclass(value):
            found.update({f"{item.name}.{name}": unit for name, unit in units(value).items()})
        elif "unit" in item.metadata:
            found[item.name] = item.metadata["unit"]
    return found


def meanings(law: object) -> dict[str, str]:
    """What every parameter means, by the names of `parameters`."""
    found: dict[str, str] = {}
    for item in dataclasses.fields(law):  # type: ignore[arg-type]
        value = getattr(law, item.name)
        if dataclasses.is_dataclass(value):
            found.update({f"{item.name}.{name}": text for name, text in meanings(value).items()})
        elif "unit" in item.metadata:
            found[item.name] = item.metadata["meaning"]
    return found


def with_parameters(law: L, values: Mapping[str, Param]) -> L:
    """`law` with some parameters replaced, checked as if it were made anew.

    Raises `PinchedError` for an unknown name and for a value that the law refuses.
    """
    unknown = sorted(set(values) - set(parameters(law)))
    if unknown:
        raise PinchedError(
            f"{type(law).__name__} has no parameter {', '.join(unknown)}. It has {', '.join(parameters(law))}."
        )
    own = {name: value for name, value in values.items() if "." not in name}
    parts: dict[str, dict[str, Param]] = {}
    for name, value in values.items():
        if "." in name:
            part, rest = name.split(".", 1)
            parts.setdefault(part, {})[rest] = value
    new = {part: with_parameters(getattr(law, part), inner) for part, inner in parts.items()}
    return dataclasses.replace(law, **own, **new)  # type: ignore[type-var]


def recorded(law: L) -> tuple[L, list[str]]:
    """`law` with a recording `Node` in place of every parameter, and the names of these inputs, in order.

    Nothing is checked: a recording has no value that could be wrong.
    """
    names = list(parameters(law))

    def copy(part: object, prefix: str) -> object:
        new = object.__new__(type(part))
        for item in dataclasses.fields(part):  # type: ignore[arg-type]
            value = getattr(part, item.name)
            path = prefix + item.name
            if dataclasses.is_dataclass(value):
                value = copy(value, path + ".")
            elif path in names:
                value = variable(path)
            object.__setattr__(new, item.name, value)
        return new

    return copy(law, ""), names  # type: ignore[return-value]


def structure(law: object) -> tuple:
    """What decides the formula of `law` apart from its parameters: classes, and fields that are no quantities."""
    parts: list[object] = [type(law)]
    for item in dataclasses.fields(law):  # type: ignore[arg-type]
        value = getattr(law, item.name)
        if dataclasses.is_dataclass(value):
            parts.append((item.name, structure(value)))
        elif "unit" not in item.metadata:
            parts.append((item.name, value))
    return tuple(parts)


def device_shape(law: object) -> tuple[int, ...]:
    """Common shape of all parameters: () for one device. Raises `PinchedError` where two do not fit."""
    shapes = {n: tuple(v.shape) for n, v in parameters(law).items() if isinstance(v, torch.Tensor)}
    try:
        return tuple(torch.broadcast_shapes(*shapes.values())) if shapes else ()
    except RuntimeError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape)
        raise PinchedError(
            f"{type(law).__name__}: parameters of the shapes {listed} do not fit together. Give each a number or "
            "a tensor with one value per device."
        ) from None


def require_finite(law: object) -> None:
    """Raise `PinchedError` for a parameter that is not a finite number."""
    for name, value in parameters(law).items():
        good = bool(torch.isfinite(value).all()) if isinstance(value, torch.Tensor) else math.isfinite(value)
        require(law, good, f"{name} is {show_value(value)}; every parameter must be a finite number.")


def require_range(law: object, name: str, low: float, high: float) -> None:
    """Raise `PinchedError` unless parameter `name` lies in [`low`, `high`]: the range in which the law has a meaning.

    The bounds are wide; what falls outside is usually a number in another unit.
    """
    value = getattr(law, name)
    unit = units(law)[name]
    require(
        law,
        all_true(
            (value >= low) & (value <= high) if isinstance(value, torch.Tensor) else low <= value <= high
        ),
        f"{name} = {show_value(value)} {unit} is outside {low:g} .. {high:g} {unit}. Parameters are in SI: is it in "
        "another unit?",
    )


def all_true(condition: object) -> bool:
    """True when `condition`, a truth value or a tensor of them, holds everywhere."""
    return bool(condition.all()) if isinstance(condition, torch.Tensor) else bool(condition)


def show_value(value: Param) -> str:
    """A parameter in a message: the number, or the range of a tensor."""
    if not isinstance(value, torch.Tensor):
        return f"{value:g}"
    if value.numel() == 1:
        return f"{float(value.detach()):g}"
    return f"{float(value.detach().min()):g} .. {float(value.detach().max()):g}"
