"""A law as machine code: its formula recorded, derived by every parameter, and compiled once per structure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int64

from pinched._errors import PinchedError
from pinched.devices._compile import MachineCode
from pinched.devices._expression import Node, Op, derivative, merged, ordered, variable
from pinched.devices.law import ImplicitLaw, Law, PlayLaw, Stochastic, recorded, structure


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Formula:
    """The recorded expressions of a law; inputs are "state 0" .., "voltage", "current" and the parameters' names."""

    names: tuple[str, ...]
    """Parameters, in the order of the machine code's parameter array."""
    state: tuple[Node, ...]
    voltage: Node
    through: Node
    """The input "current": used by implicit laws only."""
    rate: tuple[Node, ...]
    closure: Node
    """Explicit law: its current. Implicit law: the residual that is zero at the current."""
    implicit: bool
    bounds: tuple[tuple[Node, Node], ...]
    noise: tuple[Node, ...]
    """Noise strength of each state variable; empty for a law without noise."""
    play: bool
    """True for a rate-independent law: `rate` then holds the lowest and the highest state that the voltage allows."""

    @property
    def size(self) -> int:
        """Number of state variables."""
        return len(self.state)


def record(law: Law) -> Formula:
    """The formula of `law`. Raises `PinchedError` when a method returns the wrong number of values."""
    copy, names = recorded(law)
    count = len(law.states)
    state = tuple(variable(f"state {k}") for k in range(count))
    voltage, through = variable("voltage"), variable("current")
    given = state[0] if count == 1 else state
    if isinstance(copy, ImplicitLaw):
        closure = copy.current_residual(given, voltage, through)
        rate = copy.state_rate_at(given, voltage, through)
    else:
        closure = copy.current(given, voltage)
        rate = copy.state_rate(given, voltage)
    noise: tuple = ()
    if isinstance(copy, Stochastic):
        strength = copy.noise_strength(given, voltage)
        noise = _several(strength, count)
    if isinstance(copy, PlayLaw):
        if count != 1 or noise:
            raise PinchedError(f"{type(law).__name__}: a PlayLaw has one state variable and no noise.")
        return Formula(
            names=tuple(names),
            state=state,
            voltage=voltage,
            through=through,
            rate=tuple(_node(r) for r in copy.limits(given, voltage)),
            closure=_node(closure),
            implicit=False,
            bounds=tuple((_node(low), _node(high)) for low, high in copy.bounds()),
            noise=(),
            play=True,
        )
    rates = _several(rate, count)
    if len(rates) != count or len(copy.bounds()) != count:
        raise PinchedError(
            f"{type(law).__name__} has {count} state variables, but gives {len(rates)} rates and "
            f"{len(copy.bounds())} bounds. Give one of each per variable."
        )
    return Formula(
        names=tuple(names),
        state=state,
        voltage=voltage,
        through=through,
        rate=tuple(_node(r) for r in rates),
        closure=_node(closure),
        implicit=isinstance(copy, ImplicitLaw),
        bounds=tuple((_node(low), _node(high)) for low, high in copy.bounds()),
        noise=tuple(_node(g) for g in noise),
        play=False,
    )


def _several(values: object, count: int) -> tuple:
    if count == 1 and not isinstance(values, tuple | list):
        return (values,)
    return tuple(values)  # type: ignore[arg-type]


def _node(value: object) -> Node:
    return value if isinstance(value, Node) else Node(Op.CONSTANT, (), float(value))  # type: ignore[arg-type]


class Program:
    """Machine code of a law's formula; the gradient's part is compiled when it is first asked for."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        f = formula
        x, u, i = f.state, f.voltage, f.through
        jacobian = [d for by in x for d in derivative(f.rate, by)]
        # Row-major: d rate[a] / d state[b] at a * n + b; a play law has two rows, its limits.
        n = f.size
        rows = len(f.rate)
        jacobian = [jacobian[b * rows + a] for a in range(rows) for b in range(n)]
        rate1 = [*f.rate, *jacobian, *derivative(f.rate, u), *derivative(f.rate, i)]
        closure = [f.closure]
        closure1 = [
            f.closure,
            *[derivative(closure, by)[0] for by in x],
            *derivative(closure, u),
            *derivative(closure, i),
        ]
        self._slots: dict[str, tuple[str, int]] = {f"state {k}": ("x", k) for k in range(n)}
        self._slots |= {"voltage": ("u", 0), "current": ("i", 0)}
        self._slots |= {name: ("p", k) for k, name in enumerate(f.names)}
        groups = [list(f.rate), rate1, closure, closure1, list(f.noise) or [Node(Op.CONSTANT, (), 0.0)]]
        groups, derived = _hoisted(groups, set(f.names))
        self.derived_size = len(derived)
        self._prologue = MachineCode(derived or [Node(Op.CONSTANT, (), 0.0)], self._slots)
        slots = self._slots | {f"derived {k}": ("p", len(f.names) + k) for k in range(len(derived))}
        self._code = [MachineCode(group, slots) for group in groups]
        bounds = [b for pair in f.bounds for b in pair]
        by_parameter = [d for b in bounds for d in self._by_parameters([b])]
        self._bounds = MachineCode([*bounds, *by_parameter] or [Node(Op.CONSTANT, (), 0.0)], self._slots)
        self._gradient: list[MachineCode] | None = None

    def _by_parameters(self, outputs: list[Node]) -> list[Node]:
        """Row-major: d outputs[a] / d parameter[k] at a * P + k."""
        columns = [derivative(outputs, variable(name)) for name in self.formula.names]
        return [column[a] for a in range(len(outputs)) for column in columns]

    @property
    def codes(self) -> Int64[np.ndarray, " function"]:
        """Addresses: rate, rate and slopes, closure, closure and slopes, noise, prologue, bounds, 0, 0."""
        return np.array(
            [*(c.address for c in self._code), self._prologue.address, self._bounds.address, 0, 0], np.int64
        )

    def codes_with_gradient(self) -> Int64[np.ndarray, " function"]:
        """`codes` with the derivatives of rate and closure by the parameters in the last two places."""
        if self._gradient is None:
            rate = self._by_parameters(list(self.formula.rate)) or [Node(Op.CONSTANT, (), 0.0)]
            closure = self._by_parameters([self.formula.closure])
            self._gradient = [MachineCode(rate, self._slots), MachineCode(closure, self._slots)]
        codes = self.codes
        codes[-2:] = [c.address for c in self._gradient]
        return codes


def _hoisted(groups: list[list[Node]], names: set[str]) -> tuple[list[list[Node]], list[Node]]:
    """`groups` with what depends on parameters alone replaced by inputs "derived 0" .., and these expressions.

    The time loop computes them once per device and not at every evaluation.
    """
    outputs = merged([output for group in groups for output in group])
    still: dict[int, bool] = {}
    derived: list[Node] = []
    place: dict[int, Node] = {}
    new: dict[int, Node] = {}

    def operand(o: Node) -> Node:
        if not still[id(o)] or o.op in (Op.CONSTANT, Op.INPUT, Op.LESS, Op.LESS_EQUAL):
            return new[id(o)]
        if id(o) not in place:
            place[id(o)] = variable(f"derived {len(derived)}")
            derived.append(o)
        return place[id(o)]

    for node in ordered(outputs):
        still[id(node)] = (
            node.value in names if node.op is Op.INPUT else all(still[id(o)] for o in node.operands)
        )
        new[id(node)] = (
            node if still[id(node)] else Node(node.op, tuple(operand(o) for o in node.operands), node.value)
        )
    replaced = iter(outputs)
    return [[new[id(next(replaced))] for _ in group] for group in groups], derived


@lru_cache(maxsize=256)
def _program(_structure: tuple, holder: _Holder) -> Program:
    return Program(record(holder.law))


class _Holder:
    """Carries a law into the cache without being part of its key."""

    __slots__ = ("law",)

    def __init__(self, law: Law) -> None:
        self.law = law

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Holder)

    def __hash__(self) -> int:
        return 0


def program(law: Law) -> Program:
    """The machine code of `law`, compiled once for all laws of the same structure."""
    return _program(structure(law), _Holder(law))


def parameter_matrix(values: list[Float[np.ndarray, " device"]]) -> Float[np.ndarray, "device parameter"]:
    """Parameters of all devices, one row a device."""
    return np.ascontiguousarray(np.stack(values, axis=1)) if values else np.zeros((1, 0))
