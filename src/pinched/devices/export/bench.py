"""A netlist that runs as it stands: a law, the source that drives it, and what is written: `netlist`.

The same arguments as those of `drive`. Under ngspice (`ngspice -b file.cir`) it writes a table with the columns time,
source, device voltage, current, and the share of each state; under Xyce a CSV with the same.
"""

from __future__ import annotations

from pinched._params import require
from pinched.data.waveforms import Waveform
from pinched.devices.circuit import Circuit, Source
from pinched.devices.export._normal import identifier
from pinched.devices.export._text import number
from pinched.devices.export.sources import pwl
from pinched.devices.export.spice import Dialect, subcircuit
from pinched.devices.export.statistics import ParameterSpread
from pinched.devices.law import Law

LIMITER = 1e-3
"""Resistance (ohm) of a source below its compliance: what makes a limited source a continuous element."""


def netlist(
    law: Law,
    waveform: Waveform,
    *,
    circuit: Circuit | None = None,
    dialect: Dialect = Dialect.NGSPICE,
    name: str | None = None,
    spread: ParameterSpread | None = None,
    points: int = 2000,
    relative_tolerance: float = 1e-8,
    noise_step: str | float | None = None,
    table: str = "sweep.txt",
) -> str:
    """A netlist that drives `law` (one device) by `waveform` and writes `table` (a file name).

    `circuit` stands between source and device as in `drive`; a compliance regulates at once, its response time is
    left out. `points` is the least number of time steps, `relative_tolerance` the simulator's. Raises `PinchedError`
    for a law or a circuit with the values of several devices.
    """
    setup = Circuit() if circuit is None else circuit
    called = identifier(name or type(law).__name__.lower(), set())
    require(type(law), points >= 2, f"{points} points are too few, take at least 2.")
    duration = waveform.duration
    series = float(setup.series_resistance)
    model = subcircuit(
        law,
        name=called,
        dialect=dialect,
        series_resistance=series,
        spread=spread,
        time_scale=duration,
        noise_step=noise_step,
    )
    shares = [f"V(Xdut:x_{s.name})" if dialect is Dialect.XYCE else f"v(xdut.x_{s.name})" for s in law.states]
    step = number(duration / points)
    lines = [f"* {type(law).__name__} under its waveform; written by pinched", model.rstrip(), ""]
    lines += _drive(waveform, setup)
    lines += ["Vmeter in dut 0", f"Xdut dut 0 {called}"]
    if dialect is Dialect.XYCE:
        lines += [
            f".options timeint reltol={number(relative_tolerance)} abstol=1e-9 method=trap",
            f".tran 0 {number(duration)} 0 {step}",
            f".print tran format=csv file={table} V(source) V(in) I(Vmeter) {' '.join(shares)}",
            ".end",
        ]
        return "\n".join(lines) + "\n"
    vectors = " ".join(["v(source)", "v(in)", "i(vmeter)", *shares])
    lines += [
        f".options reltol={number(relative_tolerance)} abstol=1e-15 vntol=1e-9 chgtol=1e-22 gmin=1e-18 trtol=1",
        ".options method=trap itl1=500 itl4=200",
        f".tran {step} {number(duration)} 0 {step}",
        ".control",
        "set numdgt=12",
        "set wr_singlescale",
        "set wr_vecnames",
        "run",
        f"wrdata {table} {vectors}",
        "quit",
        ".endc",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def _drive(waveform: Waveform, circuit: Circuit) -> list[str]:
    """The source at node "source" and what ties it to node "in"."""
    shape = pwl(waveform)
    if circuit.source is Source.CURRENT:
        # Node "source" shows the drive current as a voltage, so that the table has it beside the rest.
        return [f"Vsource source 0 {shape}", "Bdrive 0 in I={V(source)}"]
    limits = circuit.compliance_positive, circuit.compliance_negative
    if limits == (None, None):
        return [f"Vsource source 0 {shape}", "Vlink source in 0"]
    # Only the limit of the polarity at hand: a source limited on both sides at once has no slope on either, and
    # Newton's method jumps between them.
    flow = f"(V(source)-V(in))/{number(LIMITER)}"
    above = flow if limits[0] is None else f"min({flow}, {number(float(limits[0]))})"
    below = flow if limits[1] is None else f"max({flow}, {number(-float(limits[1]))})"
    return [f"Vsource source 0 {shape}", f"Blimit source in I={{(V(source)>0) ? ({above}) : ({below})}}"]
