"""A figure of one's own: sweeps, their map and their states side by side, as PDF in the width of a page.

python examples/06_figures.py [FILES OR FOLDERS]
"""

import sys

import pinched as pi
from pinched.devices.simulated import draw_devices
from pinched.report import Width, new_figure, sites_of

if sys.argv[1:]:
    sweeps = pi.read_sweeps(sys.argv[1:])
else:
    devices = draw_devices(pi.presets.marraccini2025(), 12)
    sweeps = [
        pi.simulate_sweep(device, name=f"r{k // 4 + 1}c{k % 4 + 1}") for k, device in enumerate(devices)
    ]

table = pi.extract_switching(sweeps, read_voltage="0.1 V")

with pi.paper_style():
    figure, axes = new_figure(Width.DOUBLE, 12.0, rows=2, columns=2)
    pi.plot_sweeps(sweeps, axes[0, 0])
    pi.plot_device_map(
        table.device, table.measured("v_set"), axes[0, 1], label="SET voltage", unit="V",
        sites=sites_of(table.devices),
    )  # fmt: skip
    pi.plot_resistance_scatter(table, axes[1, 0])
    for name, label in (("resistance_lrs", "LRS"), ("resistance_hrs", "HRS")):
        values = table.measured(name)
        pi.plot_probability(
            values, pi.fit_distribution(values), axes[1, 1], label="Resistance", unit="ohm", legend=label
        )
    figure.savefig("figure.pdf")
print(f"figure.pdf: {len(table)} cycles of {len(table.devices)} devices")
