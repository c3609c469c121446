"""Arrays run by ngspice from the netlist that `pinched` writes; skipped where ngspice is not installed."""

import shutil
import subprocess

import numpy as np
import pytest
import torch

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.crossbar.wires.array import Crossbar
from pinched.crossbar.wires.cells import DeviceCells, SelectorCells, Transistor, TransistorCells
from pinched.crossbar.wires.netlist import array_netlist
from pinched.crossbar.wires.nonlinear import NonlinearCrossbar
from pinched.devices.laws.conduction import OhmicConduction, SinhConduction

needs_ngspice = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
G = 10.0 ** generator(0, "netlist").uniform(-5, -3, (4, 5))


def sinh_cells():
    return DeviceCells(law=SinhConduction(i_0=torch.from_numpy(G * 0.2), v_0=0.2))


def cases():
    broken = G.copy()
    broken[1, 2], broken[2, 3] = 0.0, np.inf
    word = np.full((4, 5), 3.0)
    word[2, 2] = np.inf
    device = DeviceCells(law=OhmicConduction(conductance=torch.from_numpy(G)))
    wires = {"wire_resistance": (3.0, 2.0), "source_resistance": 5.0}
    return {
        "linear": Crossbar(G, wire_resistance=(3.0, 2.0), source_resistance=5.0, sense_resistance=1.0),
        "both ends": Crossbar(G, wire_resistance=(3.0, 2.0), both_ends=(True, True)),
        "broken and short": Crossbar(broken, wire_resistance=(word, 2.0)),
        "sinh": NonlinearCrossbar(cells=sinh_cells(), shape=(4, 5), **wires),
        "1S1R": NonlinearCrossbar(
            cells=SelectorCells(device=device, selector=SinhConduction(i_0=1e-7, v_0=0.06)),
            shape=(4, 5),
            **wires,
        ),
        "1T1R": NonlinearCrossbar(
            cells=TransistorCells(device=device, transistor=Transistor(), gate_voltage=1.2),
            shape=(4, 5),
            **wires,
        ),
    }


@needs_ngspice
@pytest.mark.parametrize("name", list(cases()))
@pytest.mark.parametrize("floating", [False, True])
def test_ngspice_finds_the_same_currents(name, floating, tmp_path):
    array = cases()[name]
    word, bit = np.array([0.4, -0.2, 0.1, 0.3]), np.array([0.0, 0.0, 0.1, 0.0, -0.1])
    if floating:
        word[1] = bit[3] = np.nan
    (tmp_path / "run.cir").write_text(array_netlist(array, word, bit), encoding="utf-8")
    done = subprocess.run(
        ["ngspice", "-b", "run.cir"], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    written = tmp_path / "currents.txt"
    assert written.is_file(), done.stdout + done.stderr
    row = np.atleast_2d(np.loadtxt(written, skiprows=1))[0]
    # The first column is the scale; a source counts the current into its positive terminal.
    found = -row[1:]
    solution = array.solve(word, bit)
    expected = np.concatenate(
        [solution.word_line_current[~np.isnan(word)], -solution.bit_line_current[~np.isnan(bit)]]
    )
    # The tolerances that the netlist gives ngspice leave three digits to this.
    assert np.abs(found - expected).max() <= 1e-8 * np.abs(expected).max()


def test_what_has_no_netlist_is_refused():
    with pytest.raises(PinchedError, match="one array"):
        array_netlist(Crossbar(np.full((2, 3, 3), 1e-4), wire_resistance=1.0), 0.1)
    held = NonlinearCrossbar(cells=DeviceCells(law=SinhConduction(), state=0.3), shape=(2, 2))
    with pytest.raises(PinchedError, match="held in a state"):
        array_netlist(held, 0.1)
    with pytest.raises(PinchedError, match="every line floats"):
        array_netlist(Crossbar(G, wire_resistance=1.0), np.nan, np.nan)
