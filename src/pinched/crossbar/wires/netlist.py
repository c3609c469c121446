"""An array as a netlist for ngspice: wires, cells, and the voltages of its terminals, solved at the operating point.

`array_netlist` takes what `solve` takes. Linear cells are resistors; a law is the subcircuit that
`pinched.devices.export` writes, once, with the parameters of each cell beside its instance. Nodes are `w<i>_<j>` on
word lines and `b<i>_<j>` on bit lines, sources `vw<i>` and `vb<j>`; the currents of all sources are written to
`table`.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from pinched._errors import PinchedError
from pinched._params import require
from pinched.crossbar.wires.array import Crossbar, terminal_voltages
from pinched.crossbar.wires.cells import DeviceCells, SelectorCells, TransistorCells
from pinched.crossbar.wires.nonlinear import NonlinearCrossbar
from pinched.devices.export._text import number
from pinched.devices.export.spice import instance_parameters, subcircuit
from pinched.devices.law import Law, parameters, with_parameters


def array_netlist(
    array: Crossbar | NonlinearCrossbar,
    word_line_voltage: np.ndarray | float,
    bit_line_voltage: np.ndarray | float = 0.0,
    *,
    table: str = "currents.txt",
) -> str:
    """The netlist of one `array` with these voltages (V) on its terminals; NaN leaves a line floating.

    A cell of 0 S and a wire that is broken are left out; a short circuit is a source of 0 V. Raises `PinchedError`
    for what `solve` refuses, for a batch of arrays, and for cells that are held in a state (a netlist starts in the
    initial one).
    """
    lines, columns = array.shape
    word = terminal_voltages(array, word_line_voltage, lines, "word_line_voltage")
    bit = terminal_voltages(array, bit_line_voltage, columns, "bit_line_voltage")
    if np.isnan(word).all() and np.isnan(bit).all():
        raise PinchedError(
            "every line floats (all voltages are NaN). Give at least one line a voltage; 0 V grounds it."
        )
    text = [f"* {lines} x {columns} array; written by pinched"]
    definitions, cells = _linear(array) if isinstance(array, Crossbar) else _nonlinear(array)
    text += definitions
    sources = []
    for kind, volts in (("w", word), ("b", bit)):
        for k in np.flatnonzero(~np.isnan(volts)):
            text.append(f"V{kind}{k} {kind.upper()}t{k} 0 dc {number(volts[k])}")
            sources.append(f"i(v{kind}{k})")
    text += _wires(array, ~np.isnan(word), ~np.isnan(bit))
    text += cells
    text += [
        ".options reltol=1e-12 abstol=1e-20 vntol=1e-16 gmin=1e-20 itl1=2000",
        ".op",
        ".control",
        "set numdgt=15",
        "set wr_singlescale",
        "set wr_vecnames",
        "op",
        f"wrdata {table} {' '.join(sources)}",
        "quit",
        ".endc",
        ".end",
    ]
    return "\n".join(text) + "\n"


def _resistor(name: str, a: str, b: str, resistance: float) -> list[str]:
    if math.isinf(resistance):
        return []
    # ngspice takes a resistor of 0 for one of a milliohm.
    return [f"V{name} {a} {b} 0" if resistance == 0 else f"{name} {a} {b} {number(resistance)}"]


def _wires(array: Crossbar | NonlinearCrossbar, word_held: np.ndarray, bit_held: np.ndarray) -> list[str]:
    lines, columns = array.shape
    word, bit, source, sense = array.wiring.segments(array.shape)
    text = []
    for i in range(lines):
        ends = [0, columns - 1] if array.wiring.both_ends[0] else [0]
        for j in ends if word_held[i] else []:
            text += _resistor(f"Rws{i}_{j}", f"wt{i}", f"w{i}_{j}", word[i, 0] + source[i])
        for j in range(1, columns):
            text += _resistor(f"Rw{i}_{j}", f"w{i}_{j - 1}", f"w{i}_{j}", word[i, j])
    for j in range(columns):
        ends = [lines - 1, 0] if array.wiring.both_ends[1] else [lines - 1]
        for i in ends if bit_held[j] else []:
            text += _resistor(f"Rbs{i}_{j}", f"b{i}_{j}", f"bt{j}", bit[lines - 1, j] + sense[j])
        for i in range(lines - 1):
            text += _resistor(f"Rb{i}_{j}", f"b{i}_{j}", f"b{i + 1}_{j}", bit[i, j])
    return text


def _linear(array: Crossbar) -> tuple[list[str], list[str]]:
    g = array.conductance
    require(array, g.ndim == 2, f"conductance has the shape {g.shape}; a netlist is of one array.")
    with np.errstate(divide="ignore"):
        resistance = 1.0 / g
    cells = []
    for i, j in np.ndindex(*g.shape):
        cells += _resistor(f"Rc{i}_{j}", f"w{i}_{j}", f"b{i}_{j}", float(resistance[i, j]))
    return [], cells


def _nonlinear(array: NonlinearCrossbar) -> tuple[list[str], list[str]]:
    cells = array.cells
    shape = array.shape
    if isinstance(cells, DeviceCells):
        definitions, instance = _device(cells, "cell", shape)
        return definitions, [instance(i, j, f"w{i}_{j}", f"b{i}_{j}") for i, j in np.ndindex(*shape)]
    if isinstance(cells, SelectorCells):
        definitions, instance = _device(cells.device, "cell", shape)
        more, selector = _device(DeviceCells(law=cells.selector), "selector", shape)
        found = []
        for i, j in np.ndindex(*shape):
            found += [
                selector(i, j, f"w{i}_{j}", f"m{i}_{j}"), instance(i, j, f"m{i}_{j}", f"b{i}_{j}"),
            ]  # fmt: skip
        return definitions + more, found
    if not isinstance(cells, TransistorCells):
        raise PinchedError(
            f"there is no netlist of {type(cells).__name__}; write the subcircuit of your cell by hand."
        )
    definitions, instance = _device(cells.device, "cell", shape)
    gate = np.broadcast_to(np.asarray(cells.gate_voltage, dtype=np.float64), shape)
    t = cells.transistor
    found = []
    for i, j in np.ndindex(*shape):
        drain, source = f"m{i}_{j}", f"b{i}_{j}"
        over = f"{number(float(gate[i, j]) - t.threshold)}"
        found += [
            instance(i, j, f"w{i}_{j}", drain),
            f"Bt{i}_{j} {drain} {source} i={{{number(0.5 * t.beta)}*(pow(max({over}-v({source}),0),2)"
            f"-pow(max({over}-v({drain}),0),2))+{number(t.off_conductance)}*(v({drain})-v({source}))}}",
        ]
    return definitions, found


def _device(cells: DeviceCells, called: str, shape: tuple[int, int]):
    """Definition of the subcircuit `called` of a device, and a function that writes the instance of one cell."""
    require(
        cells,
        cells.state is None,
        "the devices are held in a state, and a netlist starts in the initial one. Put the state into the parameters "
        "of the law.",
    )
    law: Law = cells.law
    values = {
        name: np.broadcast_to(value.detach().numpy(), shape)
        for name, value in parameters(law).items()
        if isinstance(value, torch.Tensor)
    }
    one = with_parameters(law, {name: float(value.flat[0]) for name, value in values.items()})
    names = instance_parameters(one)
    definition = subcircuit(one, time_scale=1.0, name=called).rstrip().split("\n")

    def instance(i: int, j: int, a: str, b: str) -> str:
        own = "".join(f" {names[name]}={number(float(value[i, j]))}" for name, value in values.items())
        return f"X{called}{i}_{j} {a} {b} {called}{own}"

    return definition, instance
