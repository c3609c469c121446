"""A law made ready for a circuit: states as shares of their range, speeds per unit of time, names that are allowed.

A simulator judges a node by volts. A gap of 1e-9 m would drown in its tolerances, so what the circuit integrates is
the share of the range between the state's bounds (or, without bounds, the state in units of its scale).
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Set
from dataclasses import dataclass

import torch

from pinched._errors import PinchedError
from pinched.devices import elementwise as ew
from pinched.devices._expression import Node, Op, constant, variable
from pinched.devices._program import Formula, record
from pinched.devices.export._text import substituted
from pinched.devices.law import Law, meanings, parameters, recorded, show_value, units

KINDS = ("x", "y", "rate", "noise")
"""Prefixes of what belongs to a state: share within the range, share as integrated, its speed, its noise."""

HAIR = 5e-10
"""How close (share of the range) formulas come to a bound; `drive` keeps 1e-12.

Exactly at a bound some windows are zero, and a state would be locked there for good; a simulator's own error is some
1e-11. Laws that ask whether a bound is reached (`StanfordPku2`) look at 1e-9.
"""

FASTEST = 1e8
"""Ranges per `tau` with which a state is drawn to a bound: nothing that is faster is told apart from a jump.

Larger, and rounding of the distance to a bound would shake the solution more than tolerances allow.
"""

PLAY = 1e-6
"""Share of `tau` within which the state of a rate-independent law follows its limits."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NormalState:
    """One state variable as a circuit integrates it: x = low + width * share."""

    name: str
    """As an identifier."""
    unit: str
    symbol: str
    meaning: str
    low: Node
    """Value at share 0 (SI): the lower bound, or 0."""
    width: Node
    """Length of share 1 (SI)."""
    walls: tuple[bool, bool]
    """Whether there is a bound at share 0 and at share 1."""
    start: Node
    """Share before anything was applied."""
    rate: Node
    """Speed of the share (1/s); inputs are "share k", "voltage", "current", "time scale" and the parameters."""
    noise: Node | None
    r"""Strength of the noise of the share ($1/\sqrt{\mathrm{s}}$)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NormalLaw:
    """A law with every number a circuit needs, for one device."""

    title: str
    """Class of the law."""
    source: str
    """Key in references.bib."""
    about: str
    """First line of the law's module."""
    parameters: dict[str, float]
    """Value of every parameter, by the names of `pinched.devices.law.parameters`."""
    identifiers: dict[str, str]
    """How a circuit calls each parameter."""
    units: dict[str, str]
    meanings: dict[str, str]
    states: tuple[NormalState, ...]
    closure: Node
    """Explicit law: the current (A). Implicit law: the residual (A) that is zero at the current."""
    implicit: bool

    @property
    def not_negative(self) -> Set[str]:
        """Inputs that are never below zero: shares, and parameters that are not."""
        shares = {f"share {k}" for k, state in enumerate(self.states) if state.walls[0]}
        return shares | {name for name, value in self.parameters.items() if value >= 0}


def normal_law(law: Law, *, reserved: Set[str]) -> NormalLaw:
    """`law` ready for a circuit, with no identifier out of `reserved` (lower case).

    Raises `PinchedError` for a law of several devices: a circuit has one device per instance.
    """
    values = {name: _number(law, name, value) for name, value in parameters(law).items()}
    formula = record(law)
    copy, _ = recorded(law)
    starts = [_node(value) for value in copy.initial_state()]
    scales = [_scale(law, k) for k in range(formula.size)]
    frames = [_frame(low, high, scale) for (low, high), scale in zip(formula.bounds, scales, strict=True)]
    inputs = {f"state {k}": low + width * variable(f"share {k}") for k, (low, width, _) in enumerate(frames)}
    rates = substituted(_play_rates(formula) if formula.play else formula.rate, inputs)
    noises = substituted(formula.noise, inputs) if formula.noise else [None] * formula.size
    states = tuple(
        NormalState(
            name=identifier(variable_.name, set()),
            unit=variable_.unit,
            symbol=variable_.symbol,
            meaning=variable_.meaning,
            low=low,
            width=width,
            walls=walls,
            start=(start - low) / width,
            rate=rate / width,
            noise=None if noise is None else noise / width,
        )
        for variable_, (low, width, walls), start, rate, noise in zip(
            law.states, frames, starts, rates, noises, strict=True
        )
    )
    # Nodes and variables of the circuit: a parameter of the same name would take their place in an expression.
    own = {f"{kind}_{state.name.lower()}" for kind in KINDS for state in states}
    taken = set(reserved) | own | {f"{kind}{k}" for kind in "is" for k in range(1000)} | {*"cdupn"}
    names: dict[str, str] = {}
    for name in values:
        names[name] = identifier(name, taken)
        taken.add(names[name].lower())
    return NormalLaw(
        title=type(law).__name__,
        source=law.source,
        about=(sys.modules[type(law).__module__].__doc__ or "").strip().splitlines()[0],
        parameters=values,
        identifiers=names,
        units=units(law),
        meanings=meanings(law),
        states=states,
        closure=substituted([formula.closure], inputs)[0],
        implicit=formula.implicit,
    )


def _play_rates(formula: Formula) -> list[Node]:
    """A rate-independent state as one that is drawn between its limits faster than anything else happens."""
    state = formula.state[0]
    low, high = formula.rate
    return [(ew.clamp(state, low, high) - state) / (variable("time scale") * PLAY)]


def inside(state: NormalState, y: str) -> str:
    """The share that formulas see: `y`, the share as integrated, held a hair's breadth clear of both ends."""
    low = f"max({y}, {HAIR!r})" if state.walls[0] else y
    # Written as a difference: ngspice keeps eleven digits of a number in an expression.
    return f"min({low}, 1-{HAIR!r})" if state.walls[1] else low


def speed(state: NormalState, rate: str, y: str) -> str:
    """What moves `y` per `tau`: `rate` up to the bounds, from where it may leave at full speed."""
    if state.walls == (False, False):
        return rate
    up, down = f"max({rate}, 0)", f"min({rate}, 0)"
    if state.walls[1]:
        up = f"min({up}, {FASTEST:.0f}*(1-{y}))"
    if state.walls[0]:
        down = f"max({down}, -{FASTEST:.0f}*{y})"
    return f"{up}+{down}"


def identifier(name: str, taken: Set[str]) -> str:
    """`name` with letters, digits and underscores only, and not among `taken` (lower case: simulators ignore it)."""
    plain = re.sub(r"\W", "_", name)
    while plain.lower() in taken:
        plain += "_"
    return plain


def _number(law: Law, name: str, value: object) -> float:
    if isinstance(value, torch.Tensor):
        if value.numel() != 1:
            raise PinchedError(
                f"{type(law).__name__}: {name} has {value.numel()} values ({show_value(value)}), a netlist describes "
                "one device. Export one of them, and give the spread as a ParameterSpread."
            )
        return float(value.detach())
    return float(value)  # type: ignore[arg-type]


def _node(value: object) -> Node:
    return value if isinstance(value, Node) else constant(float(value))  # type: ignore[arg-type]


def _scale(law: Law, k: int) -> float:
    scale = law.states[k].scale
    return 1.0 if scale is None else float(scale)


def _frame(low: Node, high: Node, scale: float) -> tuple[Node, Node, tuple[bool, bool]]:
    """(value at share 0, length of share 1, which ends are walls)."""
    walls = _bounded(low), _bounded(high)
    if all(walls):
        return low, high - low, walls
    if walls[0]:
        return low, constant(scale), walls
    if walls[1]:
        return high - constant(scale), constant(scale), walls
    return constant(0.0), constant(scale), walls


def _bounded(end: Node) -> bool:
    return end.op is not Op.CONSTANT or math.isfinite(float(end.value))
