"""From sweeps to V_SET, V_RESET, LRS and HRS, each with a flag, and their distributions with intervals.

python examples/02_extract_switching.py [FILES OR FOLDERS]
"""

import sys

import pinched as pi
from pinched.devices.simulated import draw_devices

if sys.argv[1:]:
    sweeps = pi.read_sweeps(sys.argv[1:])
else:
    devices = draw_devices(pi.presets.marraccini2025(), 30)
    sweeps = [pi.simulate_sweep(device, name=f"simulated {k}") for k, device in enumerate(devices)]

table = pi.extract_switching(sweeps, read_voltage="0.1 V")
print(table.to_csv().splitlines()[0])
for row in list(table.rows())[:5]:
    print(
        f"{row['device']}: V_SET {row['v_set']:.3g} V ({row['v_set_flag']}), LRS {row['resistance_lrs']:.3g} ohm"
    )

for name, unit in (("v_set", "V"), ("v_reset", "V"), ("resistance_lrs", "ohm"), ("resistance_hrs", "ohm")):
    fit = pi.fit_distribution(table.measured(name))
    parameters = ", ".join(
        f"{key} {value:.3g} [{fit.interval[key][0]:.3g}, {fit.interval[key][1]:.3g}]"
        for key, value in fit.distribution.parameters.items()
    )
    print(f"{name} ({unit}): {fit.distribution.name}, {parameters}, n = {fit.n}")
