"""An array with real wires: what they cost, what sneaks past one cell, and a selector that keeps it out.

python examples/10_array_with_wires.py
"""

import numpy as np

import pinched as pi
from pinched.report import Width, new_figure

g = 10.0 ** np.random.default_rng(0).uniform(-5, -3, (48, 32))  # S, (word line, bit line)
volts = np.full(48, 0.2)

for wire in ("0 ohm", "1 ohm", "10 ohm"):
    array = pi.Crossbar(g, wire_resistance=wire)
    reading = array.read(volts)
    share = reading.current.sum() / (volts @ g).sum()
    print(f"{wire:>7} per segment: {share:.1%} of the current without wires, by {reading.method.value}")

solution = array.solve(volts)
with pi.paper_style():
    figure, axes = new_figure(Width.DOUBLE, 6.0, columns=2)
    pi.plot_ir_drop(solution, axes[0, 0], applied=pi.applied_voltage(volts, np.zeros(32)))
    pi.plot_currents(solution, axes[0, 1])
    figure.savefig("array.pdf")

# One cell of an array of equal devices, without and with a selector in series.
device = pi.DeviceCells(law=pi.OhmicConduction(conductance=1e-4))
selector = pi.SinhConduction(i_0=1e-8, v_0=0.05)
for name, cells in (("1R", device), ("1S1R", pi.SelectorCells(device=device, selector=selector))):
    passive = pi.NonlinearCrossbar(cells=cells, shape=(16, 16), wire_resistance="1 ohm")
    for scheme in (pi.Scheme.HALF, pi.Scheme.FLOATING):
        found = pi.read_cell(passive, 4, 9, voltage="0.6 V", scheme=scheme)
        print(
            f"{name:>5}, {scheme.name.lower():8}: {found.cell_current:.3g} A through the cell, "
            f"{found.sneak_path_current:.3g} A past it"
        )
