"""Simulation-based inference: are the stated posteriors right on devices that were held back? Needs `pinched[sbi]`.

    python benchmarks/posterior.py runs.zarr

The flow learns all runs of the store but the first 1000; the first `--judged` of these are asked for. Printed for
each parameter are the share of truths inside the central 90 % interval, the Kolmogorov-Smirnov p-value of the ranks
against even ones (simulation-based calibration), and how wide the posterior is beside an even draw.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from pathlib import Path

import numpy as np
import torch

import pinched as pi
from pinched.physics.presets.zamankhani2024 import Restriction


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("--judged", type=int, default=300)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    ranges = pi.presets.zamankhani2024_ranges(Restriction.MEMRISTIVE)
    runs = pi.load_runs(asked.store)
    judge, learn = runs.take(np.arange(asked.judged)), runs.take(np.arange(1000, len(runs)))
    start = time.process_time()
    options = pi.PosteriorOptions(epochs=asked.epochs)
    posterior = pi.train_posterior(learn, ranges, options=options, seed=asked.seed)
    trained = time.process_time()
    ranks = pi.posterior_ranks(posterior, judge, draws=asked.draws, seed=asked.seed)
    width = posterior.draw(judge, asked.draws, asked.seed).std(axis=1).mean(axis=0) * np.sqrt(12.0)
    done = time.process_time()
    print(
        f"{posterior.runs} runs learnt in {trained - start:.0f} s of CPU time; {asked.judged} loops judged in "
        f"{done - trained:.0f} s"
    )
    for name, cover, p, wide in zip(ranks.names, ranks.coverage(), ranks.p_values(), width, strict=True):
        print(
            f"{name:20s} {100 * cover:5.1f} % inside 90 %   p {p:.2g}   {100 * wide:3.0f} % of an even draw wide"
        )
    print(
        f"all parameters: {100 * ranks.coverage().mean():.1f} % inside 90 %, {(ranks.p_values() < 0.01).sum()} of "
        f"{len(ranks.names)} with p below 0.01"
    )


if __name__ == "__main__":
    main()
