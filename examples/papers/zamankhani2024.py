"""Zamankhani, GvDB 2024: a network that learns the hysteresis of 1000 simulated ReRAM devices.

The paper trains a hybrid dual-input network (HDiNN) on runs of a charge-transport model and reports MSE 0.002 and
MAE 0.0029 without saying in what. The whole comparison, with both sets of devices, five seeds and figures:

    pinched reproduce zamankhani2024 [--fast] [--out DIR]

This script walks through the steps behind it:

    python examples/papers/zamankhani2024.py [--fast]
"""

import dataclasses
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

import pinched as pi
from pinched.physics.presets.zamankhani2024 import Restriction
from pinched.surrogate.metrics import Normalisation

fast = "--fast" in sys.argv
count, epochs = (120, 12) if fast else (1000, 120)
torch.set_num_threads(1)  # tensors this small only wait for each other on more

ranges = pi.presets.zamankhani2024_ranges(Restriction.MEMRISTIVE)
with TemporaryDirectory() as folder:
    store = pi.simulate_dataset(
        ranges, n=count, seed=2, out=Path(folder) / "runs.zarr", accuracy=pi.Accuracy.fast
    )
    runs = pi.load_runs(store)
print(f"{len(runs)} simulated devices of the memristive window (96 % of the plain table show no hysteresis)")

split = pi.split_runs(runs, test=0.3)
learn, judge = runs.take(split.training), runs.take(split.test)
span = np.log10(np.abs(learn.current).max(axis=1))
print(
    f"their largest currents span {np.ptp(span):.0f} decades: one linear scale shows the few largest alone\n"
)

for name, architecture in (("HDiNN", pi.HDiNN()), ("corrected formulas", pi.Direct())):
    plan = dataclasses.replace(architecture.schedule, epochs=epochs, batch=32)
    net = pi.train_surrogate(learn, architecture, schedule=plan, validation=0.0, seed=0)
    found = pi.evaluate_surrogate(net, judge, learn)
    constant = found.baselines["constant median"]
    print(f"{name}, {net.train_seconds:.0f} s of training{' (shortened)' if fast else ''}")
    for kind in (Normalisation.GLOBAL_LINEAR, Normalisation.LOG_CONDUCTANCE):
        mine, none = found.scores.errors[kind], constant.errors[kind]
        print(
            f"  {kind.value}: MSE {mine.mse:.2g} (constant {none.mse:.2g}), MAE {mine.mae:.2g} ({none.mae:.2g})"
        )
    print(
        f"  NRMSE of conducting devices: median {found.scores.nrmse.median:.1%}, 90 % {found.scores.nrmse.p90:.1%}"
    )
    for reason in found.refused[:2]:
        print("  no headline:", reason)
