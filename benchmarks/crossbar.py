"""Circuits of arrays with real wires, beside badcrossbar (sparse LU of all nodes): same arrays, same run.

    python benchmarks/crossbar.py           all sizes (about four minutes, 2 GB: badcrossbar at 512 lines)
    python benchmarks/crossbar.py --quick   up to 128 lines

N x N cells, conductance log-uniform from 1 to 100 uS, 1 ohm per wire segment, inputs up to 0.3 V. CPU seconds on one
thread, medians of pairs that alternate; the array is new to each side each time, so set-up counts. badcrossbar gets
all inputs in one call and is spared the currents and voltages that nobody asks for here. The error is the largest
difference of a current, over the largest current.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402

from pinched._random import generator  # noqa: E402
from pinched.crossbar.wires.array import Crossbar  # noqa: E402

WIRE = 1.0
LIMIT = {
    (1, 128): 300,
    (1, 256): 300,
    (1, 512): 300,
    (32, 128): 50,
    (32, 256): 50,
    (1000, 128): 300,
    (1000, 256): 300,
}
"""How many times faster than badcrossbar this is meant to be, by inputs and lines."""
MATRIX_LIMIT = {128: 6e-3, 256: 30e-3, 512: 160e-3, 1024: 2.0}
"""CPU seconds that the effective matrix may take, by lines."""


def problem(lines: int, inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Conductance (S) and inputs (V, (input, word line))."""
    rng = generator(0, "benchmark crossbar", lines, inputs)
    return 10.0 ** rng.uniform(-6, -4, (lines, lines)), rng.uniform(0.0, 0.3, (inputs, lines))


def timed(job: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """CPU seconds of `job`, and what it gave."""
    start = time.process_time()
    found = job()
    return time.process_time() - start, found


def peer(g: np.ndarray, volts: np.ndarray) -> np.ndarray | None:
    """Currents by badcrossbar; None where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import badcrossbar
        logging.disable(logging.INFO)
    except ImportError:
        return None
    found = badcrossbar.compute(volts.T, 1.0 / g, WIRE, node_voltages=False, all_currents=False)
    return np.asarray(found.currents.output)


def against_peer(cases: list[tuple[int, int, float, int]]) -> None:
    """Print one row for each (inputs, lines, tolerance, pairs)."""
    heads = (
        ("inputs", 6),
        ("lines", 6),
        ("badcrossbar ms", 15),
        ("pinched ms", 11),
        ("ratio", 7),
        ("limit", 6),
        ("error", 9),
    )
    print(" ".join(f"{head:>{width}}" for head, width in heads) + "  by")
    for inputs, lines, tolerance, pairs in cases:
        g, volts = problem(lines, inputs)

        def ours(g=g, volts=volts, tolerance=tolerance) -> np.ndarray:
            return Crossbar(g, wire_resistance=WIRE).read(volts, tolerance=tolerance).current

        ours()
        method = Crossbar(g, wire_resistance=WIRE).read(volts, tolerance=tolerance).method
        ratios, own, other, error = [], [], [], 0.0
        for _ in range(pairs):
            theirs = timed(lambda g=g, volts=volts: peer(g, volts))
            if theirs[1] is None:
                print(
                    "badcrossbar is not installed: pip install badcrossbar (--no-deps does without its plots)"
                )
                return
            # As many repeats as make the short side long enough for the clock.
            mine = [timed(ours) for _ in range(9)]
            seconds = statistics.median(t for t, _ in mine)
            own.append(seconds)
            other.append(theirs[0])
            ratios.append(theirs[0] / seconds)
            error = max(error, float(np.abs(mine[0][1] - theirs[1]).max() / np.abs(theirs[1]).max()))
        limit = LIMIT.get((inputs, lines))
        print(
            f"{inputs:6} {lines:6} {1e3 * statistics.median(other):15.1f} {1e3 * statistics.median(own):11.2f} "
            f"{statistics.median(ratios):7.0f} {limit or '':>6} {error:9.1e}  {method.name.lower()}",
            flush=True,
        )


def matrix(sizes: list[int]) -> None:
    """Print CPU time, memory and growth of the effective matrix."""
    print(f"\n{'lines':>6} {'matrix ms':>10} {'limit ms':>9} {'GFlop/s of 33 N^3':>18} {'peak MB':>8}")
    found = {}
    for lines in sizes:
        # A process of its own: peak memory is that of a process.
        run = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), "--matrix", str(lines)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds, memory = map(float, run.stdout.split())
        found[lines] = seconds
        limit = MATRIX_LIMIT.get(lines)
        rate = 33 * lines**3 / seconds / 1e9
        print(
            f"{lines:6} {1e3 * seconds:10.2f} {1e3 * limit if limit else '':>9} {rate:18.1f} {memory:8.0f}",
            flush=True,
        )
    if len(found) > 1:
        slope = np.polyfit(np.log(list(found)), np.log(list(found.values())), 1)[0]
        print(f"exponent {slope:.2f} (limit 2.7)")


def matrix_seconds(lines: int) -> float:
    """Median CPU seconds of the effective matrix of an array that is new each time."""
    g, _ = problem(lines, 1)

    def job() -> np.ndarray:
        return Crossbar(g, wire_resistance=WIRE).effective_conductance()

    timed(job)
    return statistics.median(timed(job)[0] for _ in range(3 if lines > 512 else 9))


def stress() -> None:
    """Print steps and residual where wires dominate."""
    lines = 256
    rng = generator(0, "benchmark crossbar stress")
    broken = 10.0 ** rng.uniform(-6, -4, (lines, lines))
    kind = rng.random(broken.shape)
    broken[kind < 0.05] = 0.0
    shorted = np.where(kind > 0.95, 0.1, broken)
    volts = rng.uniform(0.0, 0.3, (1, lines))
    print(f"\n{'stress, 256 lines, 10 ohm':44} {'steps':>6} {'residual':>9} {'error':>9} {'CPU ms':>8}")
    for name, g in (
        ("all cells 1 mS", np.full((lines, lines), 1e-3)),
        ("5 % open, 5 % short (10 ohm)", shorted),
        ("5 % open, 5 % short (0 ohm)", np.where(kind > 0.95, np.inf, broken)),
    ):
        array = Crossbar(g, wire_resistance=10.0)
        seconds, _ = timed(lambda array=array: array.read(volts, tolerance=1e-8).current)
        reading = array.read(volts, tolerance=1e-8)
        exact = (
            volts @ array.effective_conductance()
            if np.isfinite(g).all()
            else array.solve(volts[0]).bit_line_current
        )
        error = np.abs(reading.current - exact).max() / np.abs(exact).max()
        print(
            f"{name:44} {reading.iterations:6} {reading.residual:9.1e} {error:9.1e} {1e3 * seconds:8.1f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="up to 128 lines")
    parser.add_argument(
        "--matrix", type=int, metavar="LINES", help="seconds and peak MB of one matrix, and end"
    )
    chosen = parser.parse_args()
    if chosen.matrix is not None:
        print(matrix_seconds(chosen.matrix), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    quick = chosen.quick
    cases = [
        (1, 64, 1e-8, 5),
        (1, 128, 1e-8, 5),
        (32, 64, 1e-10, 5),
        (32, 128, 1e-10, 5),
        (1000, 64, 1e-10, 3),
    ]
    if not quick:
        cases += [
            (1, 256, 1e-8, 5),
            (1, 512, 1e-8, 2),
            (32, 256, 1e-10, 3),
            (1000, 128, 1e-10, 3),
            (1000, 256, 1e-10, 1),
        ]
    against_peer(sorted(cases))
    matrix([64, 128] if quick else [64, 128, 256, 512, 1024])
    stress()
    print(f"\npeak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
