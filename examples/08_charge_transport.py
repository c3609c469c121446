"""Solve a device with mobile vacancies: why does its loop open, and what is the run worth?"""

import numpy as np

import pinched as pi

device = pi.presets.spetzler2023()
run = pi.solve(
    device, pi.triangle("12 V", period="9.6 s"), accuracy=pi.Accuracy.fast, profiles=[0.0, 2.4, 4.8]
)

rising = run.time <= 2.4
falling = (run.time > 2.4) & (run.time <= 4.8)
up = np.interp(2.0, run.voltage[rising], run.current[rising])
down = np.interp(2.0, run.voltage[falling][::-1], run.current[falling][::-1])
print(f"SIMULATED: at 2 V {up * 1e6:.2f} uA on the way up, {down * 1e6:.2f} uA on the way down")

left = run.profiles.vacancy_density[:, 0]
print("vacancies at the left contact (1/m^3): " + ", ".join(f"{n:.2e}" for n in left))
print(
    f"left against right current {run.quality.current_mismatch:.1e}, vacancies kept to "
    f"{run.quality.vacancy_balance:.1e}"
)

# What does the barrier do? A few devices at once.
barriers = (0.20, 0.225, 0.25)
devices = [
    pi.TransportDevice(material=device.material, left=pi.SchottkyContact(barrier=b), right=device.right)
    for b in barriers
]
for barrier, other in zip(
    barriers,
    pi.solve_batch(devices, pi.triangle("5 V", period="4 s"), accuracy=pi.Accuracy.fast),
    strict=True,
):
    print(f"left barrier {barrier} eV: largest current {other.current.max() * 1e6:.2f} uA")
