"""Backwards: how often `infer_device` finds a device whose run by the engine repeats the loop, and what it knows.

    python benchmarks/inverse.py model runs.zarr             50 loops of devices that the model never learnt
    python benchmarks/inverse.py model runs.zarr --loops 100 --seed 1

Each loop is the engine's run of a device of the store (memristive window, loop wider than 5 %, none of those that
trained the model); nothing of it is told but times, voltages and currents. Printed are the share of loops that the
engine repeats within 3 % NRMSE with the device that was found, the share of parameters inside their stated 90 %
intervals, of those that are called known and of all, and CPU time per loop (one thread).
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import pinched as pi
from pinched._random import generator
from pinched.extraction.loops import loop_width
from pinched.physics.presets.zamankhani2024 import Restriction
from pinched.physics.summary import CONDUCTING
from pinched.surrogate.descent import InverseOptions

RANGES = pi.presets.zamankhani2024_ranges(Restriction.MEMRISTIVE)


def loops_of(runs: pi.Runs, count: int, seed: int, width: float) -> np.ndarray:
    """Indices of `count` conducting runs with a loop wider than `width` (share of the largest current)."""
    wide = loop_width(runs.voltage, runs.current) > width
    found = np.flatnonzero(wide & (np.abs(runs.current).max(axis=1) > CONDUCTING))
    return generator(seed, "benchmark", "inverse").permutation(found)[:count]


def one(runs: pi.Runs, k: int, net: pi.Surrogate, options: InverseOptions) -> dict[str, Any]:
    """What is found for run `k`."""
    device, wave = RANGES.device(np.array([runs.column(name)[k] for name in RANGES.names]))
    run = pi.solve(device, wave, accuracy=options.accuracy)
    sweep = pi.IVSweep(voltage=wave.at(run.time), current=run.current, time=run.time)
    start = time.process_time()
    found = pi.infer_device(sweep, net, RANGES, options=options)
    seconds = time.process_time() - start
    inside = {name: bool(found.low[name] <= runs.column(name)[k] <= found.high[name]) for name in found.low}
    return {
        "run": int(k), "nrmse": found.best.nrmse, "candidates": [c.nrmse for c in found.candidates],
        "known": [name for name in found.low if name not in found.unknown], "inside": inside,
        "runs": found.runs, "cpu_seconds": seconds,
    }  # fmt: skip


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path, help="folder of a trained surrogate")
    parser.add_argument("store", type=Path, help="store of runs with devices that it did not learn")
    parser.add_argument("--loops", type=int, default=50)
    parser.add_argument("--skip", type=int, default=0, help="loops at the beginning that are left out")
    parser.add_argument("--width", type=float, default=0.05, help="loops wider than this count")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write what was found for each loop")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    net = pi.load_surrogate(asked.model)
    runs = pi.load_runs(asked.store)
    held = runs.take(~net.knows(runs))
    rows = []
    for k in loops_of(held, asked.skip + asked.loops, asked.seed, asked.width)[asked.skip :]:
        rows.append(one(held, int(k), net, InverseOptions(seed=asked.seed)))
        row = rows[-1]
        print(
            f"{row['run']:6d}  NRMSE {100 * row['nrmse']:6.2f} %  known {len(row['known'])}, inside "
            f"{sum(row['inside'][name] for name in row['known'])}, {row['runs']} runs, {row['cpu_seconds']:.1f} s",
            flush=True,
        )
    errors = np.array([row["nrmse"] for row in rows])
    known = [row["inside"][name] for row in rows for name in row["known"]]
    every = [inside for row in rows for inside in row["inside"].values()]
    print(
        f"{(errors <= 0.03).sum()} of {errors.size} loops within 3 % NRMSE by the engine (wanted 90 %), "
        f"{(errors <= 0.01).sum()} within 1 %; median {100 * np.median(errors):.2f} %, 90th percentile "
        f"{100 * np.quantile(errors, 0.9):.2f} %"
    )
    print(
        f"known parameters inside their 90 % intervals: {sum(known)} of {len(known)} "
        f"({len(known) / errors.size:.1f} known per loop); all parameters: {sum(every)} of {len(every)}"
    )
    print(
        f"CPU time per loop: {np.mean([row['cpu_seconds'] for row in rows]):.1f} s, "
        f"{np.mean([row['runs'] for row in rows]):.0f} runs of the engine"
    )
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
