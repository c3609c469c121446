"""Active learning: how many runs it takes beside random draws, with one ensemble and one schedule for both.

    python benchmarks/active_learning.py runs.zarr                    a store of some thousands of runs (memristive)
    python benchmarks/active_learning.py runs.zarr --seeds 0 1 2 3 4 --start 800 --rounds 800 1600

The store is the pool, and its runs answer when they are asked for: no arm sees a current that it did not choose.
Devices that judge are the first 1000 runs and in no pool. Each seed has its own order of the pool, its own first runs
and its own networks; both arms of a seed begin with the same ones. "runs for the same" is what random draws need for
the error that the chosen runs end with, between the sizes that were trained (the logarithm of the error against that
of the runs); where the most of them do not reach it, that many, so that the share is an upper limit.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import dataclasses
from pathlib import Path

import numpy as np
import torch

import pinched as pi
from pinched._random import generator
from pinched.extraction.loops import loop_width
from pinched.physics.summary import CONDUCTING
from pinched.surrogate.active import ActiveOptions, Disagreement, learn_actively
from pinched.surrogate.metrics import log_current

ARCHITECTURE = pi.Direct(width=96, depth=3)
ERRORS = ("1 - R2", "MAE mean (decades)", "NRMSE median", "NRMSE 90 %", "NRMSE loops")


def errors(net: pi.Surrogate, test: pi.Runs) -> np.ndarray:
    """The figures of `ERRORS`, over conducting runs but for the first."""
    predicted = net.predict(test, warn=False)
    off = log_current(predicted) - log_current(test.current)
    conductance = log_current(test.current) - np.log10(np.abs(test.voltage))
    conducts = np.abs(test.current).max(axis=1) > CONDUCTING
    loops = conducts & (loop_width(test.voltage, test.current) > 0.05)
    nrmse = np.sqrt(((predicted - test.current) ** 2).mean(axis=1)) / np.ptp(test.current, axis=1)
    return np.array([
        (off**2).mean() / conductance.var(), np.abs(off).mean(axis=1)[conducts].mean(), np.median(nrmse[conducts]),
        np.quantile(nrmse[conducts], 0.9), np.median(nrmse[loops]),
    ])  # fmt: skip


def curve(
    pool: pi.Runs, test: pi.Runs, options: ActiveOptions, epochs: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Runs and errors after each training."""
    plan = pi.Schedule(epochs=epochs, batch=96, rate=5e-3, decay=1e-4, clip=1.0, average=0.99)
    found = learn_actively(pool, pool.take, ARCHITECTURE, options=options, schedule=plan, seed=seed)
    return np.array([len(r.runs) for r in found]), np.stack([errors(r.surrogate, test) for r in found])


def needed(runs: np.ndarray, found: np.ndarray, wanted: float) -> float:
    """Runs at which a falling curve reaches `wanted`; the most that were trained where it does not."""
    logs, at = np.log(np.minimum.accumulate(found))[::-1], np.log(runs)[::-1]
    return float(np.exp(np.interp(np.log(wanted), logs, at)))


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("--start", type=int, default=300, help="random runs that all arms begin with")
    parser.add_argument("--rounds", type=int, nargs="+", default=[300, 600], help="runs that are added")
    parser.add_argument("--further", type=int, default=600, help="random runs that are added at the end")
    parser.add_argument("--epochs", type=int, default=240)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--measures", nargs="+", default=["DECADES"], choices=[m.name for m in Disagreement])
    parser.add_argument("--powers", type=float, nargs="+", default=[4.0], help="inf takes the largest alone")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    runs = pi.load_runs(asked.store)
    test, rest = runs.take(np.arange(1000)), runs.take(np.arange(1000, len(runs)))
    rounds = tuple(asked.rounds)
    plain = ActiveOptions(start=asked.start, rounds=rounds, power=0.0)
    # Random draws go on once more, so that what the chosen runs reach lies inside their curve.
    further = dataclasses.replace(plain, rounds=(*rounds, asked.further))
    arms = [
        (
            f"{measure}, power {power:g}",
            dataclasses.replace(plain, measure=Disagreement[measure], power=power),
        )
        for measure in asked.measures
        for power in asked.powers
    ]
    shares: dict[str, list[list[float]]] = {name: [] for name, _ in arms}
    print(f"{len(rest)} candidates, {len(test)} devices that judge; {', '.join(ERRORS)}")
    for seed in asked.seeds:
        pool = rest.take(generator(seed, "benchmark", "pool").permutation(len(rest)))
        at, beside = curve(pool, test, further, asked.epochs, seed)
        _print(seed, "random", at, beside)
        for name, options in arms:
            size, found = curve(pool, test, options, asked.epochs, seed)
            _print(seed, name, size, found)
            shares[name].append(
                [size[-1] / needed(at, beside[:, k], found[-1, k]) for k in range(len(ERRORS))]
            )
    for name, rows in shares.items():
        table = np.array(rows)
        said = ", ".join(
            f"{what}: {100 * m:.0f} % ({100 * w:.0f} % at worst)"
            for what, m, w in zip(ERRORS, table.mean(axis=0), table.max(axis=0), strict=True)
        )
        print(f"{name}: share of the runs that random draws need for the same error, mean over seeds: {said}")


def _print(seed: int, name: str, size: np.ndarray, found: np.ndarray) -> None:
    for n, row in zip(size, found, strict=True):
        print(f"seed {seed}  {name:24s} {n:6d} runs  " + "  ".join(f"{v:.4g}" for v in row), flush=True)


if __name__ == "__main__":
    main()
