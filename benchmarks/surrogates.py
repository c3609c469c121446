"""Surrogates: how fast they answer beside the engine that they stand in for, on this machine.

    python benchmarks/surrogates.py             untrained networks: how fast they answer does not hang on weights
    python benchmarks/surrogates.py --devices 10000 --runs 40   the full rows (minutes)

CPU time of one thread per device. The engine solves devices of the memristive window at `Accuracy.fast`, the mesh and
steps that surrogates learn. "fixed" is `Direct`, "any" is `Conditioned`; "alone" is one device per call. The study
whose table the devices come from states about four hours per device, on a mesh and a machine that it does not name.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
from pathlib import Path

import torch

import pinched as pi
from pinched._progress import Silent
from pinched.papers import zamankhani2024_parts as parts
from pinched.papers.zamankhani2024 import PAPER
from pinched.physics.presets.zamankhani2024 import Restriction


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--devices", type=int, default=2000, help="devices that surrogates are asked for at once"
    )
    parser.add_argument("--runs", type=int, default=10, help="runs of the engine")
    parser.add_argument("--members", type=int, default=3, help="networks of the ensemble")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        store = pi.simulate_dataset(
            pi.presets.zamankhani2024_ranges(Restriction.MEMRISTIVE), n=64, seed=2, out=Path(folder) / "runs.zarr",
            accuracy=pi.Accuracy.fast, workers=1,
        )  # fmt: skip
        runs = pi.load_runs(store)
    data = parts.Data(*6 * [runs])
    plan = parts.Plan(timed_runs=asked.runs, timed_batch=asked.devices, members=asked.members)
    found = parts.speeds(data, plan, 0, None, Silent())
    engine = found["engine"]
    print(f"engine: {1e3 * engine:.1f} ms per device ({asked.runs} runs)")
    for name, title, wanted in (
        ("best_single", "fixed, one network", 500),
        ("best", f"fixed, ensemble of {asked.members}", 500),
        ("any_single", "any, one network", 100),
    ):
        batch, alone = found[f"{name}_batch"], found[f"{name}_alone"]
        print(
            f"{title}: {1e6 * batch:.0f} us in a batch of {asked.devices}, {1e6 * alone:.0f} us alone; "
            f"{engine / batch:.0f} times the engine (wanted {wanted}), "
            f"{3600 * PAPER['hours_per_run'] / batch:.1g} times the paper's four hours"
        )


if __name__ == "__main__":
    main()
