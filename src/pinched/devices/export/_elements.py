"""The elements of a law's subcircuit: sources, capacitors and the nodes between them, as lines of SPICE."""

from __future__ import annotations

import contextlib
import math
import statistics
from collections.abc import Sequence

from pinched.devices._expression import Node, evaluate
from pinched.devices.export._normal import FASTEST, NormalLaw, NormalState, inside, speed
from pinched.devices.export._text import Writer, spoken

UNIT = 1e-9
"""Capacitance (F) per second of `tau` and share of the range: currents of states stay below those of devices."""

RATE_UNIT = 1e-6
"""Volts of a rate node per range and `tau`: rounding of a stiff law's rate stays below the tolerance of a voltage."""

WIDTH = 118
"""Longest line."""

_MOST = 100 * FASTEST
# Operations; what is shared and longer gets a node of its own. Simulators derive an expression by every node in it,
# so that long ones are slow; yet what stands in one expression is computed from one guess, and settles sooner.
_LONGEST = 25
_LONGEST_CURRENT = 60


class Body:
    """The elements of a subcircuit; `names` says how parameters are called in expressions."""

    def __init__(
        self, ready: NormalLaw, names: dict[str, str], series: bool, noise_step: float | None
    ) -> None:
        self._ready, self._series, self._noise_step = ready, series, noise_step
        across = "V(u)" if series else "V(p,n)"
        self._inputs = names | {"voltage": across, "current": "V(c)*current_scale", "time scale": "tau"}
        self._inputs |= {f"share {k}": f"V({share_node(state)})" for k, state in enumerate(ready.states)}
        self._start = Writer(names, ready.not_negative)

    def lines(self) -> list[str]:
        """All elements."""
        ready = self._ready
        found = []
        if self._series:
            found.append("Rseries p d {series_resistance}")
            # A passive device has at most what the terminals have: no guess beyond it needs to be tried.
            bounded = "min(max(V(d,n), min(V(p,n), 0)), max(V(p,n), 0))"
            found += source("Bu", "u", "V", bounded)
        inner = "d" if self._series else "p"
        rates = [state.rate for state in ready.states]
        noises = (
            [s.noise for s in ready.states if s.noise is not None] if self._noise_step is not None else []
        )
        if ready.implicit:
            elements, (residual, *texts) = self._spoken([ready.closure, *rates, *noises], "s", _LONGEST)
            # Only this source is tied to node c: its current can only be zero, which is the equation to be solved.
            found += elements + source("Bc", "c", "I", f"({residual})/current_scale")
            found += source("Bdevice", f"{inner} n", "I", "V(c)*current_scale")
        else:
            elements, (current,) = self._spoken([ready.closure], "i", _LONGEST_CURRENT)
            found += elements + source("Bdevice", f"{inner} n", "I", current)
            elements, texts = self._spoken([*rates, *noises], "s", _LONGEST)
            found += elements
        strengths = iter(texts[len(rates) :])
        for state, rate in zip(ready.states, texts, strict=False):
            noisy = state.noise is not None and self._noise_step is not None
            found += self._state(state, rate, next(strengths) if noisy else None)
        return found

    def _spoken(self, outputs: Sequence[Node], prefix: str, longest: int) -> tuple[list[str], Sequence[str]]:
        """The nodes <prefix><k> that `outputs` share, and the text of each output."""
        scales: list[float] = []

        def name(k: int, node: Node) -> str:
            # Near 1 V, where the tolerances of a simulator have a meaning.
            scales.append(_typical(self._ready, node))
            return f"V({prefix}{k})" if scales[k] == 1 else f"({scales[k]:g}*V({prefix}{k}))"

        ready = self._ready
        text = spoken(
            outputs, self._inputs, ready.not_negative, longest=longest, name=name, still=set(ready.parameters)
        )
        lines = []
        for k, ((_, expression), scale) in enumerate(zip(text.named, scales, strict=True)):
            # Multiplied and not divided: ngspice adds a little to what it divides by.
            scaled = expression if scale == 1 else f"({expression})*{1 / scale:g}"
            lines += source(f"B{prefix}{k}", f"{prefix}{k}", "V", scaled)
        return lines, text.outputs

    def _state(self, state: NormalState, rate: str, noise: str | None) -> list[str]:
        name, start = state.name, self._start.write(state.start)
        y = f"V(y_{name})"
        total = f"tau*({rate})"
        found = []
        if noise is not None:
            found.append(f"Vnoise_{name} noise_{name} 0 DC 0 TRNOISE(1 {{noise_step}} 0 0)")
            total += f"+tau*({noise})*V(noise_{name})/sqrt(noise_step)"
        found.append(f"C_{name} y_{name} 0 {{{UNIT:g}*tau}} IC={{{start}}}")
        found += source(f"Bshare_{name}", share_node(state), "V", inside(state, y))
        clipped = f"{RATE_UNIT:g}*min(max({total}, -{_MOST:g}), {_MOST:g})"
        found += source(f"Brate_{name}", f"rate_{name}", "V", clipped)
        # Before the run starts the source is a resistor to the start value, which also makes the operating point.
        moved, held = speed(state, f"V(rate_{name})/{RATE_UNIT:g}", y), f"({start})-{y}"
        return found + source(f"By_{name}", f"0 y_{name}", "I", f"(TIME>0) ? {UNIT:g}*({moved}) : ({held})")


def _typical(ready: NormalLaw, node: Node) -> float:
    """Power of ten nearest to the middle size of `node` over states and voltages of either sign."""
    sizes = []
    for share in (0.1, 0.5, 0.9):
        for voltage in (-1.0, -0.2, 0.2, 1.0):
            inputs = {f"share {k}": share for k in range(len(ready.states))}
            inputs |= ready.parameters | {"voltage": voltage, "current": 1e-5 * voltage, "time scale": 1.0}
            # A point that the law cannot take says nothing about its size.
            with contextlib.suppress(ArithmeticError, ValueError):
                sizes.append(abs(evaluate([node], inputs)[0]))
    # What is smaller is switched off there.
    logs = [math.log10(size) for size in sizes if 1e-15 < size < 1e15]
    return 10.0 ** round(statistics.median(logs)) if logs else 1.0


def share_node(state: NormalState) -> str:
    """Node whose voltage is the share of the range that formulas see."""
    return f"x_{state.name}"


def source(element: str, nodes: str, kind: str, expression: str) -> list[str]:
    """Lines of the behavioural source `element` at `nodes` (one, or two) with the voltage or current `expression`."""
    where = nodes if " " in nodes else f"{nodes} 0"
    line = f"{element} {where} {kind}={{{expression}}}"
    pieces = []
    while len(line) > WIDTH:
        cut = max((line.rfind(sign, 40, WIDTH) for sign in ("+", "*", ",", "?", ":")), default=-1)
        # An exponent sign ("1e+16") is no place to break.
        while cut > 0 and line[cut] == "+" and line[cut - 1] in "eE":
            cut = max((line.rfind(sign, 40, cut) for sign in ("+", "*", ",", "?", ":")), default=-1)
        if cut <= 0:
            break
        pieces.append(line[: cut + 1])
        line = "+ " + line[cut + 1 :]
    return [*pieces, line]
