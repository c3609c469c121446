r"""A law as a Verilog-A module (`verilog_a`), and how its parameters vary, as a Spectre include (`spectre_card`).

Each state is an internal node whose voltage is the state's share of its range, 0 to 1, moved by `tau * ddt(V(y))`;
`tau` (s) is the time scale of what is simulated: nothing faster than 1e-8 of it is resolved. At the operating point
the states stand at their start. Bounds are those of the SPICE subcircuit. An implicit law has one more node, the
current that solves its equation. The noise of a stochastic law is `white_noise`: transient noise analyses see it.
"""

from __future__ import annotations

from pinched._params import require
from pinched._units import to_si
from pinched.devices.export._normal import NormalLaw, NormalState, identifier, inside, normal_law, speed
from pinched.devices.export._text import Spoken, Writer, number, spoken
from pinched.devices.export.statistics import ParameterSpread, Shape
from pinched.devices.law import Law

_WORDS = """
above abs absdelay ac_stim acos acosh analog analysis and asin asinh assign atan atan2 atanh begin branch buf case
ceil connect cos cosh cross ddt ddx default define defparam delay discipline disable else end endcase endfunction
endmodule event exclude exp final_step flicker_noise floor flow for force fork from function generate genvar ground
hypot idt idtmod if inf initial initial_step inout input integer join laplace_nd last_crossing limexp ln log m max
min module nature negedge node noise_table nor not or output parameter potential pow primitive pulldown real reg
release repeat sin sinh slew specify specparam sqrt string strong supply table tan tanh task time timer transition
tri units wait wand weak while white_noise wire with wor xor zi_nd tau current_scale series_resistance voltage
current temperature
"""
_RESERVED = frozenset(_WORDS.split())
_LONGEST = 1


def verilog_a(
    law: Law,
    *,
    time_scale: str | float,
    name: str | None = None,
    series_resistance: str | float = 0.0,
    current_scale: str | float = 1e-6,
) -> str:
    """`law` (one device) as a Verilog-A module called `name` (the law's own name when None) with ports p and n.

    Every parameter of the law is a parameter of the module; `series_resistance` (ohm), `time_scale` (s, of `tau`) and
    `current_scale` (A, of an implicit law's current) are the defaults of those of the same meaning.
    Raises `PinchedError` for a law with the parameters of several devices.
    """
    ready = normal_law(law, reserved=_RESERVED)
    called = identifier(name or ready.title.lower(), set())
    tau, unit_current = to_si(time_scale, "s"), to_si(current_scale, "A")
    series = to_si(series_resistance, "ohm")
    require(type(law), tau > 0, f"time_scale is {tau} s; it must be above zero.")
    require(type(law), unit_current > 0, f"current_scale is {unit_current} A; it must be above zero.")
    require(type(law), series >= 0, f"series_resistance is {series} ohm; it must not be negative.")
    text = _text(ready)
    lines = [
        f"// {called}: {ready.title} of pinched; source {ready.source}",
        f"// {ready.about}",
        "// Positive voltage and current from p to n.",
        '`include "constants.vams"',
        '`include "disciplines.vams"',
        "",
        f"module {called}(p, n);",
        "  inout p, n;",
        "  electrical p, n;",
        "  electrical d; // behind the series resistance",
    ]
    lines += [
        f"  electrical y_{s.name}; // share of the range of {s.name} ({s.unit}): {s.meaning}"
        for s in ready.states
    ]
    if ready.implicit:
        lines.append("  electrical c; // V(c) * current_scale is the current")
    for key, value in ready.parameters.items():
        about = f"{ready.units[key]}: {ready.meanings[key]}"
        lines.append(f"  parameter real {ready.identifiers[key]} = {number(value)}; // {about}")
    lines.append(f"  parameter real series_resistance = {number(series)} from [0:inf); // ohm")
    if ready.states:
        lines.append(
            f"  parameter real tau = {number(tau)} from (0:inf); // s: time scale of what is simulated"
        )
    if ready.implicit:
        lines.append(f"  parameter real current_scale = {number(unit_current)} from (0:inf); // A")
    reals = ["voltage", *(["current"] if ready.implicit else []), *(word for word, _ in text.named)]
    reals += [f"{kind}_{state.name}" for state in ready.states for kind in ("x", "rate", "start")]
    lines += [f"  real {', '.join(reals[k : k + 16])};" for k in range(0, len(reals), 16)]
    lines += ["", "  analog begin", *("    " + line for line in _body(ready, text)), "  end", "endmodule"]
    return "\n".join(lines) + "\n"


def _names(ready: NormalLaw) -> dict[str, str]:
    shares = {f"share {k}": f"x_{state.name}" for k, state in enumerate(ready.states)}
    return ready.identifiers | {"voltage": "voltage", "current": "current", "time scale": "tau"} | shares


def _text(ready: NormalLaw) -> Spoken:
    noises = [state.noise for state in ready.states if state.noise is not None]
    return spoken(
        [*(state.rate for state in ready.states), ready.closure, *noises],
        _names(ready),
        ready.not_negative,
        longest=_LONGEST,
        name=lambda k, _: f"s{k}",
    )


def _body(ready: NormalLaw, text: Spoken) -> list[str]:
    start = Writer(_names(ready), ready.not_negative)
    lines = ["V(p, d) <+ series_resistance*I(p, d);", "voltage = V(d, n);"]
    if ready.implicit:
        lines.append("current = V(c)*current_scale;")
    for state in ready.states:
        lines.append(f"start_{state.name} = {start.write(state.start)};")
        lines.append(f"x_{state.name} = {inside(state, f'V(y_{state.name})')};")
    lines += [f"{word} = {expression};" for word, expression in text.named]
    lines += [
        f"rate_{state.name} = tau*({rate});" for state, rate in zip(ready.states, text.outputs, strict=False)
    ]
    closure = text.outputs[len(ready.states)]
    if ready.implicit:
        # Nothing else is tied to node c, so this current is zero: the equation of the law.
        lines += [f"I(c) <+ ({closure})/current_scale;", "I(d, n) <+ current;"]
    else:
        lines.append(f"I(d, n) <+ {closure};")
    noises = iter(text.outputs[len(ready.states) + 1 :])
    for state in ready.states:
        lines += _state(state, next(noises) if state.noise is not None else None)
    return lines


def _state(state: NormalState, noise: str | None) -> list[str]:
    name, y = state.name, f"V(y_{state.name})"
    lines = [
        f"I(y_{name}) <+ tau*ddt({y});",
        'if (analysis("static"))',
        f"  I(y_{name}) <+ {y} - start_{name};",
        "else",
        f"  I(y_{name}) <+ -({speed(state, f'rate_{name}', y)});",
    ]
    if noise is not None:
        # dx = g dW has the two-sided density g^2; white_noise takes the one-sided one.
        lines.append(f'I(y_{name}) <+ white_noise(2*pow(tau*({noise}), 2), "{name}");')
    return lines


def spectre_card(
    law: Law, spread: ParameterSpread, *, name: str | None = None, file: str | None = None
) -> str:
    """How the parameters of `law` differ from instance to instance, as a Spectre include beside `verilog_a`.

    It includes the module's `file` (its name with .va when None) and defines a subcircuit <name>_spread with the
    mismatch statistics of `spread`. Raises `PinchedError` for a name that is no parameter of `law`.
    """
    ready = normal_law(law, reserved=_RESERVED)
    spread.check(ready.title, ready.parameters)
    called = identifier(name or ready.title.lower(), set())
    lines = [
        f"// Device-to-device spread of {called} ({ready.title} of pinched).",
        "simulator lang=spectre",
        f'ahdl_include "{file or called + ".va"}"',
        "",
        f"subckt {called}_spread (p n)",
        "  parameters " + " ".join(f"z{k}=0" for k in range(len(spread.names))),
    ]
    settings = []
    for k, (key, shape, row) in enumerate(zip(spread.names, spread.shapes, spread.factor(), strict=True)):
        mixed = " + ".join(f"({number(float(row[j]))})*z{j}" for j in range(k + 1) if row[j] != 0) or "0"
        value = number(ready.parameters[key])
        text = f"{value}*exp({mixed})" if shape is Shape.LOGNORMAL else f"{value} + {mixed}"
        settings.append(f"{ready.identifiers[key]}=({text})")
    lines.append(f"  device (p n) {called} \\")
    lines += [f"    {setting} \\" for setting in settings[:-1]] + [f"    {settings[-1]}"]
    lines += [f"ends {called}_spread", "", "statistics {", "  mismatch {"]
    lines += [f"    vary z{k} dist=gauss std=1" for k in range(len(spread.names))]
    return "\n".join([*lines, "  }", "}"]) + "\n"
