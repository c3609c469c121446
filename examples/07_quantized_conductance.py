"""Conductance in steps of half a quantum: plateaus of a sweep, pulse by pulse, and levels as a synapse. Simulated.

python examples/07_quantized_conductance.py [I-V FILES]
"""

import sys

import numpy as np

import pinched as pi
from pinched.constants import G_0
from pinched.report import Width, new_figure

filament = pi.presets.roy2025()
circuit = pi.FilamentCircuit(
    compliance_set=5e-3, series_resistance=80.0, noise_current=1e-7, noise_relative=0.003
)
if sys.argv[1:]:
    sweeps = pi.read_sweeps(sys.argv[1:])
else:
    sweeps = pi.sweep_filaments(
        filament, pi.triangle("2.2 V", period="2 s", negative="-2.2 V"), points=1200, circuit=circuit, seed=3
    )

# 1. Plateaus, tested against smooth curves; levels in quanta behind a series resistance that nobody stated.
records = pi.plateaus_of_sweep(sweeps[0])
quantum = pi.extract_quantum(records)
for record in records:
    print(record.text)
print(quantum.text)

# 2. A smooth curve has no steps, however noisy: nothing is invented.
v = np.linspace(0.1, 1.0, 200)
smooth = pi.find_plateaus(
    G_0 * 5 * np.sinh(3 * v) / v * (1 + 0.01 * np.random.default_rng(0).normal(size=200))
)
print("a sinh curve:", smooth.text)

# 3. Pulses: each level a synaptic weight. The time-lag map counts the jumps, and they make an update law.
levels = 0.5 * G_0 * np.arange(0, 31)
ups = pi.pulse_filaments(filament, (1.5,) * 30, width="5 ms", circuit=circuit, devices=20)
downs = pi.pulse_filaments(filament, (-1.5,) * 30, width="5 ms", channels=20, devices=20)
synapse = pi.updates.QuantizedLevels.of(levels.tolist(), ups, downs)
print(
    "mean after 1, 5, 30 pulses:", [f"{float(synapse.after(0.0, n)) / G_0:.2g} G_0" for n in (1.0, 5.0, 30.0)]
)
fit = pi.fit_synapse(ups[0], downs[0])
print("one device:", fit.text)

reset = pi.pulse_filaments(pi.presets.roy2025_slow_reset(), (-1.5,) * 200, width="5 ms", channels=40)[0]
current = 1.5 * reset.conductance
with pi.paper_style():
    figure, axes = new_figure(Width.DOUBLE, 14.0, rows=2, columns=2)
    best = max(records, key=lambda one: len(one.found))
    ohms = 0.0 if quantum.levels is None else quantum.levels.series_resistance
    pi.plot_plateaus(best, axes[0, 0], series_resistance=ohms)
    series = [
        (f"{1e3 * limit:g} mA", pi.pulse_filaments(
            filament, (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, -1.5, -2.0, -2.5, -3.0), width="20 ms",
            circuit=pi.FilamentCircuit(compliance_set=limit))[0].conductance)
        for limit in (1e-3, 2e-3, 5e-3)
    ]  # fmt: skip
    pi.plot_pulse_levels(series, axes[0, 1], label="Compliance", turn=7)
    pi.plot_normalised_staircase(current, axes[1, 0])
    pi.plot_time_lag(pi.time_lag(current, 1.5 * np.append(levels, 0.5 * G_0 * np.arange(31, 45))), axes[1, 1])
    figure.savefig("quantized_conductance.pdf")
print("quantized_conductance.pdf: simulated data")
