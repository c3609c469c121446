"""Charge transport: how exact, how robust and how fast, on this machine.

    python benchmarks/physics.py                every row, with 100 draws of the published table
    python benchmarks/physics.py --draws 1000   the full rows (minutes)

A cycle is timed by CPU time on one thread, the median of the repeats; draws by wall time on the threads that are
asked for, beside their CPU time over the number of threads, which is what the wall time is where nothing else runs.
Compile cost is that of fresh processes, without and with the compiler's cache; memory is the peak of a process that
writes a data set. The peer is the plain second solver of the tests (dense Newton in torch), on the same mesh and
steps. The study whose table the draws come from states about four hours per device; its mesh, tolerance and machine
are unknown, so that ratio compares two workflows and not two algorithms.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import pinched as pi
from pinched._cores import cores
from pinched._random import generator
from pinched.physics import _packing
from pinched.physics.presets.zamankhani2024 import Restriction

CYCLE = pi.triangle("12 V", period="9.6 s")
REFERENCE = -1692.2303837883194
PAPER_SECONDS = 4 * 3600.0


def machine() -> str:
    """Name of the processor and the number of its cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{named[0] if named else platform.processor()}, {cores()} cores"


def cpu_time(work, repeats: int) -> float:
    """Median CPU time (s) of `work`."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def equilibrium_error() -> float:
    """Relative distance from the public implementation's test value."""
    rest = pi.equilibrium(pi.presets.spetzler2023(), accuracy=pi.Accuracy.reference)
    x, psi = rest.position, rest.potential[0]
    image = psi - rest.lowering[0] * (1 - x / x[-1]) - rest.lowering[1] * x / x[-1]
    slopes = -(image[1] - image[0]) / (x[1] - x[0]) + (image[-1] - image[-2]) / (x[-1] - x[-2])
    fermi = rest.electron_fermi.sum() + rest.hole_fermi.sum() + rest.vacancy_fermi.sum()
    return (fermi + psi.sum() + image.sum() + slopes) / (6 * 189) / REFERENCE - 1.0


def table_error() -> float:
    """Largest relative distance of the cycle at `Accuracy.normal` from the converged table of the tests."""
    from physics.test_reference_device import CONVERGED, MOMENTS

    run = pi.solve(pi.presets.spetzler2023(), CYCLE, profiles=sorted(MOMENTS.ravel()))
    return float(np.abs(np.interp(MOMENTS, run.time, run.current) / CONVERGED[:, 1:] - 1.0).max())


@contextmanager
def silent() -> Iterator[None]:
    """Nothing that compiled code prints meanwhile is seen."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def print_devsim() -> None:
    """Prints how far the TCAD package devsim is, or why it cannot be asked."""
    from physics.devsim_reference import differences, load

    try:
        load()
    except (ImportError, RuntimeError) as error:
        print(f"devsim cannot be loaded: {error}")
        return
    with silent():  # it tells every iteration
        potential, current = differences()
    print(f"devsim, no vacancies: equilibrium within {potential:.1e} V, current to 5 V within {current:.1e}")


_FIRST_RUN = """
import time
start = time.process_time()
import pinched as pi
pi.solve
imported = time.process_time()
pi.solve(pi.presets.spetzler2023(), pi.triangle("12 V", period="9.6 s"), accuracy=pi.Accuracy.reference)
print(imported - start, time.process_time() - imported)
"""


def print_compile_cost() -> None:
    """Prints the CPU time of the import and of a first run in fresh processes, without and with a cache."""
    with tempfile.TemporaryDirectory() as cache:
        for state in ("nothing cached", "cached"):
            out = subprocess.run(
                [sys.executable, "-c", _FIRST_RUN],
                env=os.environ | {"NUMBA_CACHE_DIR": cache}, check=True, capture_output=True, text=True,
            )  # fmt: skip
            imported, first = (float(word) for word in out.stdout.split())
            print(f"fresh process, {state}: import {imported:.2f} s CPU, first cycle {first:.2f} s CPU")


def print_memory(runs: int, workers: int) -> None:
    """Prints the largest memory of a process that simulates a data set and writes it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pinched", "dataset", "simulate", "--n", str(runs), "--seed", "0",
             "--out", str(Path(folder) / "runs.zarr"), "--workers", str(workers)],
            check=True, capture_output=True,
        )  # fmt: skip
    # The largest of the children that were waited for; the others hold no more than a solver.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"{runs} runs written: {peak / 1e6:.0f} MB at most in one process")


def drawn(restriction: Restriction, count: int):
    """Devices and waveforms of `count` draws of the table."""
    ranges = pi.presets.zamankhani2024_ranges(restriction)
    draw = generator(0, "benchmark draws")
    rows: list[np.ndarray] = []
    while len(rows) < count:
        values = ranges.at(draw.random((1000, len(ranges.parameters))))
        rows.extend(values[ranges.kept(values)])
    pairs = [ranges.device(row) for row in rows[:count]]
    return [device for device, _ in pairs], [wave for _, wave in pairs]


def plain_ratio() -> tuple[float, float]:
    """CPU time per step of the plain solver over ours on one small mesh, and the largest relative difference."""
    import torch

    from physics.slow_transport import SlowTransport

    torch.set_num_threads(1)
    device = pi.presets.spetzler2023()
    steps = pi.GrowingSteps(first=0.01, growth=1.0, largest=0.01)
    accuracy = pi.Accuracy(first_cell=1e-2, largest_cell=0.1, steps=steps, extrapolate=False)
    wave = pi.Waveform(time=np.array([0.0, 0.05]), voltage=np.array([0.0, 0.25]))
    run = pi.solve(device, wave, accuracy=accuracy)
    ours = cpu_time(lambda: pi.solve(device, wave, accuracy=accuracy), 20)
    packed = _packing.pack(device, accuracy)
    slow = SlowTransport(device, packed.x, packed.edge_layer, True)
    state = slow.equilibrium()
    start, worst = time.process_time(), 0.0
    for k in range(1, len(run)):
        dt = run.time[k] - run.time[k - 1]
        now = slow.step(state, dt, run.voltage[k])
        worst = max(worst, abs(slow.current(state, now, dt) / run.current[k] - 1.0))
        state = now
    return (time.process_time() - start) / ours, worst


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--workers", type=int, default=cores())
    asked = parser.parse_args()
    # In the place of this folder, whose physics.py would hide the tests' folder of that name.
    sys.path[0] = str(Path(__file__).resolve().parents[1] / "tests")
    print(f"machine: {machine()}, load {os.getloadavg()[0]:.1f}")
    print_compile_cost()
    device = pi.presets.spetzler2023()
    print(f"equilibrium of the reference device against the public value: {equilibrium_error():+.1e}")
    print(f"cycle at Accuracy.normal against the converged table: {table_error():.2%} at most")
    print_devsim()
    for name in ("reference", "fast", "normal"):
        accuracy = getattr(pi.Accuracy, name)
        run = pi.solve(device, CYCLE, accuracy=accuracy)
        spent = cpu_time(lambda a=accuracy: pi.solve(device, CYCLE, accuracy=a), 7)
        q = run.quality
        print(
            f"cycle, {name:9} {q.nodes} nodes {q.steps} steps {q.newton_iterations} iterations: {spent:.4f} s CPU, "
            f"{1e6 * spent / q.newton_iterations:.0f} us per iteration, currents left/right "
            f"{q.current_mismatch:.0e}, vacancies {q.vacancy_balance:.0e}; four hours are "
            f"{PAPER_SECONDS / spent:.1e} times as long"
        )
    ratio, worst = plain_ratio()
    print(
        f"plain solver on a mesh of 27 nodes: {ratio:.0f} times our CPU time, currents differ by {worst:.0e}"
    )
    for restriction in (Restriction.RESOLVED, Restriction.NONE):
        devices, waves = drawn(restriction, asked.draws)
        for name in ("fast", "normal"):
            if restriction is Restriction.NONE and name == "normal":
                continue
            began, used = time.perf_counter(), time.process_time()
            runs = pi.solve_each(devices, waves, accuracy=getattr(pi.Accuracy, name), workers=asked.workers)
            good = [run.finished and run.quality.passes() for run in runs]
            wall, used = time.perf_counter() - began, time.process_time() - used
            print(
                f"{len(good)} draws, {restriction.name.lower():9} {name:7}: {np.mean(good):.2%} finish and pass; "
                f"{wall:.1f} s wall on {asked.workers} threads, {used / asked.workers:.1f} s if nothing else ran, "
                f"{used / len(good) * 1e3:.0f} ms CPU per device",
                flush=True,
            )
    print_memory(asked.draws, asked.workers)
    print("The four hours per device are the published study's; its mesh, tolerance and machine are unknown.")


if __name__ == "__main__":
    main()
