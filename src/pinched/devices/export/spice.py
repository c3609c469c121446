r"""A law as a SPICE subcircuit for ngspice or Xyce: `subcircuit`.

Ports are p (the terminal with the positive voltage) and n. Each state is a node: a capacitor that a source charges,
so that its voltage is the share of the state's range, 0 to 1 V whatever the unit. `tau` (s) is the time scale of what
is simulated, such as the length of the run: nothing faster than 1e-8 of it is resolved. At the operating point the
states stand at their start (not so in a DC sweep of ngspice, which counts its steps as time).

Bounds are hard without locking up: a state stops at one and leaves it at full speed. The state of a rate-independent
law follows its limits within a millionth of `tau`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from pinched._params import require
from pinched._units import to_si
from pinched.devices.export._elements import WIDTH, Body, share_node
from pinched.devices.export._normal import NormalLaw, identifier, normal_law
from pinched.devices.export._text import number
from pinched.devices.export.statistics import ParameterSpread, Shape
from pinched.devices.law import Law

# Names that mean something to a simulator: constants, variables, functions of parameter expressions.
_WORDS = """
time temp temper hertz freq vt pi e c i k q no yes true false boltz echarge kelvin planck gmin m scale sqr
sqrt sin cos tan exp ln log log10 abs pow pwr max min int sgn sinh cosh tanh asin acos atan asinh acosh atanh
arctan limit ceil floor nint gauss agauss unif aunif u uramp ddt idt sdt ddx table v p n params and or not div
mod defined var ic tau noise_step current_scale series_resistance
"""
_RESERVED = frozenset(_WORDS.split())


class Dialect(Enum):
    """For which simulator a netlist is."""

    NGSPICE = "ngspice"
    XYCE = "xyce"


def subcircuit(
    law: Law,
    *,
    time_scale: str | float,
    name: str | None = None,
    dialect: Dialect = Dialect.NGSPICE,
    series_resistance: str | float = 0.0,
    spread: ParameterSpread | None = None,
    noise_step: str | float | None = None,
    current_scale: str | float = 1e-6,
) -> str:
    """`law` (one device) as a .subckt called `name` (the law's own name when None) with ports p and n.

    `time_scale` (s) is the default of `tau`: about the length of what will be simulated. Every parameter of the law
    is one of the subcircuit. `series_resistance` (ohm) stands before the device. `spread` draws parameters
    anew for each instance (ngspice; as comments for Xyce, which draws in its own analysis). `noise_step` (s)
    switches the noise of a stochastic law on, with a new value each step (ngspice only); None leaves the mean.
    `current_scale` (A) is what an implicit law's current is measured in. Raises `PinchedError` for a law with the
    parameters of several devices.
    """
    ready = normal_law(law, reserved=_RESERVED)
    called = identifier(name or ready.title.lower(), set())
    tau, unit_current = to_si(time_scale, "s"), to_si(current_scale, "A")
    series = to_si(series_resistance, "ohm")
    require(type(law), tau > 0, f"time_scale is {tau} s; it must be above zero.")
    require(type(law), unit_current > 0, f"current_scale is {unit_current} A; it must be above zero.")
    require(type(law), series >= 0, f"series_resistance is {series} ohm; it must not be negative.")
    step = None if noise_step is None else to_si(noise_step, "s")
    noisy = any(state.noise is not None for state in ready.states)
    lines = _head(ready, called, dialect, noisy and (step is None or dialect is Dialect.XYCE))
    settings = {"tau": tau} if ready.states else {}
    if ready.implicit:
        settings["current_scale"] = unit_current
    if series > 0:
        settings["series_resistance"] = series
    if noisy and step is not None and dialect is Dialect.NGSPICE:
        settings["noise_step"] = step
    lines += _wrapped(f".subckt {called} p n params:", _defaults(ready, settings))
    drawn = [] if spread is None else _drawn(ready, spread, dialect)
    lines += drawn
    names = dict(ready.identifiers)
    if spread is not None:
        names |= {parameter: names[parameter] + "_d" for parameter in spread.names}
    body = Body(ready, names, series > 0, step if "noise_step" in settings else None)
    return "\n".join([*lines, *body.lines(), f".ends {called}"]) + "\n"


def instance_parameters(law: Law) -> dict[str, str]:
    """How the subcircuit of `law` (one device) calls each parameter, by the names of `devices.law.parameters`."""
    return dict(normal_law(law, reserved=_RESERVED).identifiers)


def _head(ready: NormalLaw, called: str, dialect: Dialect, mean_only: bool) -> list[str]:
    lines = [
        f"* {called}: {ready.title} of pinched, for {dialect.value}; source {ready.source}",
        f"* {ready.about}",
        "* Ports: p, n; positive voltage and current from p to n.",
    ]
    lines += [
        f"* State {state.name} ({state.unit}), {state.meaning}; V({share_node(state)}): its share of the range."
        for state in ready.states
    ]
    if mean_only:
        lines.append("* The law has noise; this netlist leaves it out and gives the course without noise.")
    lines += [
        f"*   {ready.identifiers[name]} ({ready.units[name]}): {ready.meanings[name]}"
        for name in ready.parameters
    ]
    return lines


def _defaults(ready: NormalLaw, settings: dict[str, float]) -> list[str]:
    own = [f"{ready.identifiers[name]}={number(value)}" for name, value in ready.parameters.items()]
    return own + [f"{name}={number(value)}" for name, value in settings.items()]


def _wrapped(head: str, words: Sequence[str]) -> list[str]:
    lines = [head]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > WIDTH:
            lines.append("+")
        lines[-1] += f" {word}"
    return lines


def _drawn(ready: NormalLaw, spread: ParameterSpread, dialect: Dialect) -> list[str]:
    spread.check(ready.title, ready.parameters)
    lines = ["* Device to device: independent normal numbers z_k, mixed by the root of the covariance."]
    if dialect is Dialect.XYCE:
        lines.append(
            "* For Xyce: exchange the z_k lines for the commented ones and add a .SAMPLING analysis."
        )
    for k in range(len(spread.names)):
        draw = f".param z_{k}={{agauss(0,1,1)}}"
        lines += [f"* {draw}", f".param z_{k}=0"] if dialect is Dialect.XYCE else [draw]
    for k, (name, shape, row) in enumerate(zip(spread.names, spread.shapes, spread.factor(), strict=True)):
        mixed = "+".join(f"({number(float(row[j]))})*z_{j}" for j in range(k + 1) if row[j] != 0) or "0"
        own = ready.identifiers[name]
        value = f"{own}*exp({mixed})" if shape is Shape.LOGNORMAL else f"{own}+{mixed}"
        lines.append(f".param {own}_d={{{value}}}")
    return lines
