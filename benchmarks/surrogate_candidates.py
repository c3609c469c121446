"""Cores of `Conditioned` beside each other: the same runs, the same CPU time, the same held-back devices.

    pinched dataset simulate --ranges memristive --n 6000 --out triangles.zarr
    pinched dataset simulate --ranges memristive --n 6000 --seed 1 --waveforms mixed --out others.zarr
    python benchmarks/surrogate_candidates.py --triangles triangles.zarr --others others.zarr --seconds 150

Each core learns both sets joined, with as many epochs as the time of one, which is measured, allows; the rate falls
to zero over these. Judged on devices of neither training: NRMSE of conducting runs (median, 90th percentile, median
of loops wider than 5 %) and R2 of log10 conductance, for triangles and for other waveforms. "us" is CPU time per
device in a batch, one thread, features and formulas included. `--bare` leaves the training out: how fast a core
answers does not hang on its weights.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import torch

import pinched as pi
from pinched.surrogate.architecture import Schedule
from pinched.surrogate.conditioned import Conditioned, Core
from pinched.surrogate.features import estimates
from pinched.surrogate.metrics import Normalisation, Scores, score
from pinched.surrogate.model import Surrogate
from pinched.surrogate.runs import Runs, joined, load_runs, split_runs
from pinched.surrogate.training import train_surrogate

BATCH = 64
"""Smaller than usual: a short training of few runs has too few steps else."""

MEASURED = 1024
"""Runs whose epoch is timed."""


def candidates() -> list[Conditioned]:
    """One architecture for each core, of sizes that make about as much work."""
    return [Conditioned(core=core) for core in Core]


def main() -> None:
    """Print the table; with --json also write it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--triangles", type=Path, nargs="+", required=True, help="stores of triangles")
    parser.add_argument("--others", type=Path, nargs="+", required=True, help="stores of other waveforms")
    parser.add_argument("--seconds", type=float, default=150.0, help="CPU time of a training")
    parser.add_argument("--cores", nargs="+", choices=[c.name for c in Core], default=[c.name for c in Core])
    parser.add_argument("--runs", type=int, default=0, help="at most so many runs of each set; 0: all")
    parser.add_argument("--bare", action="store_true", help="no training: speed only")
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    triangles, others = (joined(*map(load_runs, paths)) for paths in (asked.triangles, asked.others))
    if asked.runs:
        triangles, others = (r.take(np.arange(min(asked.runs, len(r)))) for r in (triangles, others))
    every = joined(triangles, others)
    split = split_runs(every, test=0.1, seed=0)
    learn = every.take(split.training)
    judges = [
        every.take(at)
        for at in (split.test[split.test < len(triangles)], split.test[split.test >= len(triangles)])
    ]
    print(f"{len(learn)} runs learnt; {len(judges[0])} triangles and {len(judges[1])} other waveforms judge")
    head = "NRMSE % median / p90 / loops, R2"
    print(f"| core | weights | epochs | CPU s | triangles: {head} | others: {head} | us |")
    print("|---" * 7 + "|")
    formulas = [score("formulas", estimates(j).current(j.voltage), j, learn) for j in judges]
    print(f"| formulas alone | 0 | | | {_cells(formulas[0])} | {_cells(formulas[1])} | |", flush=True)
    rows = []
    for architecture in candidates():
        if architecture.core.name not in asked.cores:
            continue
        net, epochs = _trained(architecture, learn, 0.0 if asked.bare else asked.seconds)
        speed = min(_speed(net, every.take(np.arange(min(MEASURED, len(every))))) for _ in range(3))
        found = [score(architecture.core.name, net.predict(j, warn=False), j, learn) for j in judges]
        weights = sum(p.numel() for p in net.networks[0].parameters())
        print(
            f"| {architecture.core.name} | {weights} | {epochs} | {net.train_seconds:.0f} | {_cells(found[0])} | "
            f"{_cells(found[1])} | {1e6 * speed:.0f} |",
            flush=True,
        )
        rows.append({
            "core": architecture.core.name, "weights": weights, "epochs": epochs,
            "train_seconds": net.train_seconds, "seconds_per_run": speed, "runs": len(learn),
            "triangles": _plain(found[0]), "others": _plain(found[1]),
        })  # fmt: skip
        if asked.json:
            asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _trained(architecture: Conditioned, learn: Runs, seconds: float) -> tuple[Surrogate, int]:
    """A surrogate that was trained for about `seconds`, and for how many epochs; for one of few runs where 0."""
    few = learn.take(np.linspace(0, len(learn) - 1, min(MEASURED, len(learn))).astype(int))
    once = dataclasses.replace(architecture.schedule, epochs=1, batch=BATCH)
    # The first training pays for what torch sets up.
    train_surrogate(few, architecture, schedule=once, validation=0.0)
    tried = train_surrogate(few, architecture, schedule=once, validation=0.0)
    if seconds == 0.0:
        return tried, 0
    epochs = max(2, round(seconds / (tried.train_seconds * len(learn) / len(few))))
    plan: Schedule = dataclasses.replace(architecture.schedule, epochs=epochs, batch=BATCH, patience=0)
    return train_surrogate(learn, architecture, schedule=plan, validation=0.03), epochs


def _speed(net: Surrogate, runs: Runs) -> float:
    start = time.process_time()
    net.predict(runs, warn=False)
    return (time.process_time() - start) / len(runs)


def _r2(scores: Scores) -> float:
    return scores.errors[Normalisation.LOG_CONDUCTANCE].r2


def _cells(scores: Scores) -> str:
    three = (scores.nrmse.median, scores.nrmse.p90, scores.nrmse_loops.median)
    return " / ".join(f"{100 * v:.1f}" for v in three) + f", {_r2(scores):.4f}"


def _plain(scores: Scores) -> dict[str, float]:
    return {
        "nrmse_median": scores.nrmse.median, "nrmse_p90": scores.nrmse.p90, "r2": _r2(scores),
        "loop_nrmse_median": scores.nrmse_loops.median, "loops": float(scores.nrmse_loops.runs),
    }  # fmt: skip


if __name__ == "__main__":
    print(f"pinched {pi.__version__}, torch {torch.__version__}")
    main()
